/* ADS-B over Beast: the examples of public descriptions of Mode S, and messages made bit by bit. */
#include "support_schema.h"

static const struct example frames[] = {
	{ "adsb_beast", NULL, "1a33001cbe991a1a14808d4840d6202cc371c32ce0576098",
	        "{'address':'4840d6','assured':true,'format':17,'message':{'capability':5,'type':4,"
	        "'callsign':'KLM1023'},'seconds':10288.065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a33001cbe991a1a14808d40621d58c382d690c8ac2863a7",
	        "{'address':'40621d','assured':true,'format':17,'message':{'capability':5,'type':"
	        "11,'on_ground':false,'alert':false,'special_identification':false,'altitude_feet':"
	        "38000,'position':{'odd':false,'latitude':93000,'longitude':51372}},'seconds':"
	        "10288.065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a33001cbe991a1a14808d40621d58c386435cc412692ad6",
	        "{'address':'40621d','assured':true,'format':17,'message':{'capability':5,'type':"
	        "11,'on_ground':false,'alert':false,'special_identification':false,'altitude_feet':"
	        "38000,'position':{'odd':true,'latitude':74158,'longitude':50194}},'seconds':10288."
	        "065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a33001cbe991a1a14808d485020994409940838175b284f",
	        "{'address':'485020','assured':true,'format':17,'message':{'capability':5,'type':"
	        "19,'subtype':1,'east_knots':-8,'north_knots':-159,'climb_feet_per_minute':-832,'"
	        "climb_source':'satellites','satellites_above_barometer_feet':550},'seconds':10288."
	        "065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a33001cbe991a1a14808da05f219b06b6af189400cbc33f",
	        "{'address':'a05f21','assured':true,'format':17,'message':{'capability':5,'type':"
	        "19,'subtype':3,'heading':243.984375,'true_airspeed_knots':375,'climb_feet_per_"
	        "minute':-2304,'climb_source':'barometer'},'seconds':10288.065751,'signal':0."
	        "5019607843137255}" },
	{ "adsb_beast", NULL, "1a33001cbe991a1a14808c4841753aab238733c8cd4020b1",
	        "{'address':'484175','assured':true,'format':17,'message':{'capability':4,'type':7,"
	        "'on_ground':true,'speed_knots':18,'heading':140.625,'position':{'odd':false,'"
	        "latitude':115609,'longitude':116941}},'seconds':10288.065751,'signal':0."
	        "5019607843137255}" },
	{ "adsb_beast", NULL, "1a33001cbe991a1a1480a02014b400000000000000f9d514",
	        "{'address':'7582f7','assured':false,'format':20,'message':{'data':'AAAAAAAAAA==','"
	        "on_ground':false,'alert':false,'special_identification':false,'altitude_feet':"
	        "32300},'seconds':10288.065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a33001cbe991a1a1480a800292dffbba9383ffceb903d01",
	        "{'address':'d9938e','assured':false,'format':21,'message':{'data':'/7upOD/"
	        "86w==','on_ground':false,'alert':false,'special_identification':false,'squawk':'"
	        "1346'},'seconds':10288.065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a33001cbe991a1a1480a0001839ca3800315800007448d9",
	        "{'address':'400940','assured':false,'format':20,'message':{'data':'yjgAMVgAAA==','"
	        "on_ground':false,'alert':false,'special_identification':false,'altitude_feet':"
	        "38025},'seconds':10288.065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a32001cbe991a1a14805d484fdea248f5",
	        "{'address':'484fde','assured':true,'format':11,'interrogator':22,'message':{'"
	        "capability':5},'seconds':10288.065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a32001cbe991a1a14802000040aa21714",
	        "{'address':'1a2b3c','assured':false,'format':4,'message':{'on_ground':false,'"
	        "alert':false,'special_identification':false,'altitude_feet':0},'seconds':10288."
	        "065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a32001cbe991a1a14802a000aaa077553",
	        "{'address':'1a2b3c','assured':false,'format':5,'message':{'on_ground':false,'"
	        "alert':true,'special_identification':false,'squawk':'7700'},'seconds':10288."
	        "065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a32001cbe991a1a148004000000b5de70",
	        "{'address':'1a2b3c','assured':false,'format':0,'message':{'on_ground':true},'"
	        "seconds':10288.065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a33001cbe991a1a148080000400010203040506073df745",
	        "{'address':'1a2b3c','assured':false,'format':16,'message':{'data':'AQIDBAUGBw==','"
	        "on_ground':false,'altitude_feet':-1000},'seconds':10288.065751,'signal':0."
	        "5019607843137255}" },
	{ "adsb_beast", NULL, "1a33001cbe991a1a14808d1a1a2b3ce1aaa2000000008d90e7",
	        "{'address':'1a2b3c','assured':true,'format':17,'message':{'capability':5,'type':"
	        "28,'subtype':1,'emergency':'unlawful_interference','squawk':'7500'},'seconds':"
	        "10288.065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a33001cbe991a1a14808d1a1a2b3cf8123456784000bc8f96",
	        "{'address':'1a2b3c','assured':true,'format':17,'message':{'capability':5,'type':"
	        "31,'subtype':0,'capability_class':4660,'operational_mode':22136,'version':2},'"
	        "seconds':10288.065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a33001cbe991a1a14808d1a1a2b3ca2bb87fffe000137adfa",
	        "{'address':'1a2b3c','assured':true,'format':17,'message':{'capability':5,'type':"
	        "20,'on_ground':false,'alert':true,'special_identification':false,'altitude_metres'"
	        ":3000,'position':{'odd':true,'latitude':131071,'longitude':1}},'seconds':10288."
	        "065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a33001cbe991a1a1480921a1a2b3c9a006599300083020b37",
	        "{'address':'1a2b3c','assured':true,'format':18,'message':{'capability':2,'type':"
	        "19,'subtype':2,'east_knots':400,'north_knots':-800,'satellites_above_barometer_"
	        "feet':-50},'seconds':10288.065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a33001cbe991a1a14808d1a1a2b3c20000000000000e5fde7",
	        "{'address':'1a2b3c','assured':true,'format':17,'message':{'capability':5,'type':4}"
	        ",'seconds':10288.065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a33001cbe991a1a14808d1a1a2b3cea0000000000009e2e08",
	        "{'address':'1a2b3c','assured':true,'format':17,'message':{'capability':5,'type':"
	        "29},'seconds':10288.065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a31001cbe991a1a14807304",
	        "{'squawk':'7304','seconds':10288.065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a34001cbe991a1a14800000000000000000000000000000", "heartbeat" },
	{ "adsb_beast", NULL, "1a33001cbe991a1a14808d4840d6202cc371c32ce0576099",
	        "the value is not one that the description allows" },
	{ "adsb_beast", NULL, "1a32001cbe991a1a14805d1a1a2b3c91feb3",
	        "the value is not one that the description allows" },
	{ "adsb_beast", NULL, "1a32001cbe991a1a14805d1a1a2b3c91fe29",
	        "{'address':'1a2b3c','assured':true,'format':11,'interrogator':26,'message':{'"
	        "capability':5},'seconds':10288.065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL,
	        "1a1a1aff1a33001cbe991a1a14808d4840d6201a33001cbe991a1a14808d40621d58c382d690c8ac28"
	        "63a7",
	        "bytes that begin no framea mark that does not belong within a "
	        "frame{'address':'40621d','assured':true,'format':17,'message':{'capability':5,'"
	        "type':11,'on_ground':false,'alert':false,'special_identification':false,'altitude_"
	        "feet':38000,'position':{'odd':false,'latitude':93000,'longitude':51372}},'seconds'"
	        ":10288.065751,'signal':0.5019607843137255}" },
	{ "adsb_beast", NULL, "1a32001cbe991a1a1480c0000000febdd0",
	        "{'address':'000000','assured':false,'format':24,'seconds':10288.065751,'signal':0."
	        "5019607843137255}" },
};

static void test_frames(void **state)
{
	(void)state;
	SCHEMA_CHECK(frames);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_frames) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
