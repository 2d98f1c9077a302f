/* AIS: a message of each type, made bit by bit from ITU-R M.1371, and messages of several sentences. */
#include "support_schema.h"

static const struct example messages[] = {
	{ "ais", "message", "!AIVDM,1,1,,A,13`l7@0s1sPDVG0Md``8h6g200CQ,0",
	        "{'type':1,'repeat':0,'mmsi':244123456,'accurate':true,'raim':false,'radio':1249,'"
	        "status':'under_way_using_engine','degrees_per_minute':-17.856115333363185,'speed_"
	        "knots':12.3,'longitude':4.5,'latitude':51.9,'course':224.0,'heading':215,'second':"
	        "33}" },
	{ "ais", "message", "!AIVDM,1,1,,B,33`l7@?P?w<tSF0l4Q@>4?wq2000,0",
	        "{'type':3,'repeat':0,'mmsi':244123456,'accurate':false,'raim':true,'radio':0,'"
	        "manoeuvre':true}" },
	{ "ais", "message", "!AIVDM,1,1,,A,23`l7@1Oh0OwwA9dm<H00000R000,0",
	        "{'type':2,'repeat':0,'mmsi':244123456,'accurate':false,'raim':true,'radio':0,'"
	        "status':'at_anchor','turning':'right','speed_knots':0.0,'longitude':-0.0025,'"
	        "latitude':-33.5,'course':0.0,'heading':0,'second':0,'manoeuvre':false}" },
	{ "ais", "message", "!AIVDM,1,1,,A,402Ds@AvbjW89PCM7PMlov70001S,0",
	        "{'type':4,'repeat':0,'mmsi':2440001,'accurate':true,'raim':false,'radio':99,'time'"
	        ":'2026-11-05T07:08:09Z','longitude':4.25,'latitude':52.125,'epfd':'surveyed'}" },
	{ "ais", "message", "!AIVDM,1,1,,A,;02Ds@@000Htt<tSF0l4Q@000000,0",
	        "{'type':11,'repeat':0,'mmsi':2440001,'accurate':false,'raim':false,'radio':0}" },
	{ "ais", "message",
	        "!AIVDM,1,1,,A,53`l7@02;H;q0S7;?@0H4U:0hD4@000000000016<PD5:6w>eDDSm51DQ0C@"
	        "00000000000,2",
	        "{'type':5,'repeat':0,'mmsi':244123456,'ais_version':0,'to_bow':100,'to_stern':20,'"
	        "to_port':5,'to_starboard':10,'imo':9134270,'callsign':'PH1234','name':'FAIR "
	        "LEAD','ship_type':70,'ship_group':'cargo','epfd':'gps','eta_month':11,'eta_day':"
	        "30,'eta_hour':14,'eta_minute':45,'draught':8.1,'destination':'ROTTERDAM'}" },
	{ "ais", "message",
	        "!AIVDM,1,1,,A,53`l7@"
	        "80000000000000000000000000000000000000000Ht0000000000000000000008,2",
	        "{'type':5,'repeat':0,'mmsi':244123456,'ais_version':2,'to_bow':0,'to_stern':0,'to_"
	        "port':0,'to_starboard':0}" },
	{ "ais", "message", "!AIVDM,1,1,,A,63`l7@<0U>l606P10gt,2",
	        "{'type':6,'repeat':0,'mmsi':244123456,'sequence':3,'destination_mmsi':2440001,'"
	        "retransmitted':true,'area':1,'application':40,'data':'AQL/'}" },
	{ "ais", "message", "!AIVDM,1,1,,A,802Ds@@0Gtcv,0",
	        "{'type':8,'repeat':0,'mmsi':2440001,'area':1,'application':31,'data':'yv4='}" },
	{ "ais", "message", "!AIVDM,1,1,,A,702Ds@@r=1l3>RjD7@,4",
	        "{'type':7,'repeat':0,'mmsi':2440001,'acknowledged':[{'mmsi':244123456,'sequence':"
	        "3},{'mmsi':244000007,'sequence':1}]}" },
	{ "ais", "message", "!AIVDM,1,1,,A,91b5jpA;2F0@1I0NDrh3RC000000,0",
	        "{'type':9,'repeat':0,'mmsi':111244001,'accurate':false,'assigned':false,'raim':"
	        "false,'radio':0,'altitude':300,'speed_knots':150,'longitude':3.5,'latitude':53.0,'"
	        "course':90.5,'second':12}" },
	{ "ais", "message", "!AIVDM,1,1,,A,:3`l7@00U>l4,0",
	        "{'type':10,'repeat':0,'mmsi':244123456,'destination_mmsi':2440001}" },
	{ "ais", "message", "!AIVDM,1,1,,A,<02Ds@Dr=1l0;55@P3<51B,0",
	        "{'type':12,'repeat':0,'mmsi':2440001,'sequence':1,'destination_mmsi':244123456,'"
	        "retransmitted':false,'text':'KEEP CLEAR'}" },
	{ "ais", "message", "!AIVDM,1,1,,A,>02Ds@@L4hF1L58pTpN3L,2",
	        "{'type':14,'repeat':0,'mmsi':2440001,'text':'GALE WARNING 7'}" },
	{ "ais", "message", "!AIVDM,1,1,,A,?02Ds@@r=1l0D7P,2",
	        "{'type':15,'repeat':0,'mmsi':2440001,'mmsi_1':244123456,'type_1_1':5,'slot_1_1':"
	        "120}" },
	{ "ais", "message", "!AIVDM,1,1,,A,@02Ds@@r=1l00`1@,0",
	        "{'type':16,'repeat':0,'mmsi':2440001,'mmsi_1':244123456,'offset_1':10,'increment_"
	        "1':5}" },
	{ "ais", "message", "!AIVDM,1,1,,A,A02Ds@@ABBqd07h5EP,4",
	        "{'type':17,'repeat':0,'mmsi':2440001,'data':'fAVW','longitude':29.5,'latitude':-"
	        "60.0}" },
	{ "ais", "message", "!AIVDM,1,1,,B,B3aKTl@0>060QHOsK200cwSUSP06,0",
	        "{'type':18,'repeat':0,'mmsi':244770001,'accurate':false,'carrier_sense':true,'"
	        "display':false,'dsc':true,'band':true,'accepts_channels':false,'assigned':false,'"
	        "raim':false,'radio':917510,'speed_knots':5.6,'longitude':5.25,'latitude':-0.5,'"
	        "course':1.0,'second':7}" },
	{ "ais", "message", "!AIVDM,1,1,,A,C3aKTl@0>860QH7Paf1hQJSPVJ2HI04N2`0000000000BPH210R0,0",
	        "{'type':19,'repeat':0,'mmsi':244770001,'accurate':true,'to_bow':6,'to_stern':4,'"
	        "to_port':2,'to_starboard':1,'raim':false,'assigned':false,'name':'SMALL "
	        "BOAT','speed_knots':5.6,'longitude':5.25,'latitude':52.5,'course':180.0,'heading':"
	        "181,'second':7,'ship_type':37,'ship_group':'pleasure','epfd':'gps'}" },
	{ "ais", "message", "!AIVDM,1,1,,A,E>jMkTb0h;2a<h67W3h1:Wdh70Vh99t0>fwT01088;Th11A860,4",
	        "{'type':21,'repeat':0,'mmsi':992441234,'accurate':true,'to_bow':1,'to_stern':1,'"
	        "to_port':1,'to_starboard':1,'raim':false,'virtual':true,'assigned':false,'aid_"
	        "type':20,'name':'A VERY LONG BUOY NAMED "
	        "X','longitude':4.0,'latitude':51.5,'epfd':'surveyed','second':9,'off_position':"
	        "true}" },
	{ "ais", "message", "!AIVDM,1,1,,A,F02Ds@B2N2P05o1t>?n`3g420000,0",
	        "{'type':22,'repeat':0,'mmsi':2440001,'channel_a':2087,'channel_b':2088,'mode':0,'"
	        "low_power':false,'addressed':false,'band_a':false,'band_b':false,'zone':4,'"
	        "northeast_longitude':5.0,'northeast_latitude':53.0,'southwest_longitude':-4.0,'"
	        "southwest_latitude':51.0}" },
	{ "ais", "message", "!AIVDM,1,1,,A,G02Ds@@1QPtN0271nV600000I00,2",
	        "{'type':23,'repeat':0,'mmsi':2440001,'station_type':6,'ship_type':0,'mode':1,'"
	        "interval':9,'quiet_minutes':0,'northeast_longitude':2.6,'northeast_latitude':51.6,"
	        "'southwest_longitude':1.8,'southwest_latitude':50.6}" },
	{ "ais", "message", "!AIVDM,1,1,,A,H3aKTlA<l4hj08t5@00000000000,0",
	        "{'type':24,'repeat':0,'mmsi':244770001,'half':'a','name':'SMALL BOAT'}" },
	{ "ais", "message", "!AIVDM,1,1,,A,H3aKTlDTHIJ<19W@1qq0000h4210,0",
	        "{'type':24,'repeat':0,'mmsi':244770001,'half':'b','model':3,'serial':4711,'ship_"
	        "type':36,'ship_group':'sailing','vendor':'XYZ','callsign':'PA99','to_bow':6,'to_"
	        "stern':4,'to_port':2,'to_starboard':1}" },
	{ "ais", "message", "!AIVDM,1,1,,A,H>`sH@D0HIJ00010000000>S@M00,0",
	        "{'type':24,'repeat':0,'mmsi':982440001,'half':'b','model':0,'serial':1,'vendor':'"
	        "XYZ','mother_ship_mmsi':244123456}" },
	{ "ais", "message", "!AIVDM,1,1,,A,I3`l7@2vsh,4",
	        "{'type':25,'repeat':0,'mmsi':244123456,'addressed':false,'structured':false,'data'"
	        ":'vu8='}" },
	{ "ais", "message", "!AIVDM,1,1,,A,K3`l7@9OmM3kB6>0,0",
	        "{'type':27,'repeat':0,'mmsi':244123456,'accurate':true,'raim':false,'stale':false,"
	        "'status':'moored','longitude':-4.5,'latitude':51.9,'speed_knots':12,'course':"
	        "224}" },
	{ "ais", "message", "!AIVDM,1,1,,A,K3`l7@3n`>6bTOwv,0",
	        "{'type':27,'repeat':0,'mmsi':244123456,'accurate':false,'raim':false,'stale':"
	        "true}" },
	{ "ais", "message", "!AIVDM,1,1,,A,D02Ds@@A8S<,2",
	        "{'type':20,'repeat':0,'mmsi':2440001,'data':'ESIz'}" },
	{ "ais", "message", "!AIVDM,1,1,,B,,0", "nothing" },
};

static const struct example streams[] = {
	{ "ais", NULL, "!AIVDM,1,1,,A,K3`l7@9OmM3kB6>0,0",
	        "{'talker':'AI','type':'VDM','channel':'A','message':{'type':27,'repeat':0,"
	        "'mmsi':244123456,'accurate':true,'raim':false,'stale':false,'status':'moored',"
	        "'longitude':-4.5,'latitude':51.9,'speed_knots':12,'course':224}}" },
	/* Two parts; another message between them, and a second part by itself. */
	{ "ais", "message",
	        "text:!AIVDM,2,1,3,B,53`l7@02;H;q0S7;?@0H4U:0hD4@000000000016<PD5:6w>eDDSm51DQ0,"
	        "0*2D\r\n"
	        "!AIVDM,1,1,,A,:3`l7@00U>l4,0*67\r\n"
	        "!AIVDM,2,2,3,B,C@00000000000,2*27\r\n"
	        "!AIVDM,2,2,3,B,C@00000000000,2*27\r\n",
	        "{'type':10,'repeat':0,'mmsi':244123456,'destination_mmsi':2440001}"
	        "{'type':5,'repeat':0,'mmsi':244123456,'ais_version':0,'to_bow':100,'to_stern':20,"
	        "'to_port':5,'to_starboard':10,'imo':9134270,'callsign':'PH1234','name':'FAIR "
	        "LEAD','ship_type':70,'ship_group':'cargo','epfd':'gps','eta_month':11,"
	        "'eta_day':30,'eta_hour':14,'eta_minute':45,'draught':8.1,"
	        "'destination':'ROTTERDAM'}"
	        "a part of a message whose first part is missing" },
	/* Other sentences of the same stream; a payload that is no armour, and one that is cut off. */
	{ "ais", "data", "$SDDBT,7.8,f,2.4,M,1.3,F",
	        "{'depth':2.4,'depth_feet':7.8,'depth_fathoms':1.3}" },
	{ "ais", "message", "!AIVDM,1,1,,A,1~,0", "a character that carries no six bits" },
	{ "ais", "message", "!AIVDM,1,1,,A,13`l7@0s1sPDVG0,0", "the frame ends within this field" },
};

static void test_messages(void **state)
{
	(void)state;
	SCHEMA_CHECK(messages);
}

static void test_streams(void **state)
{
	(void)state;
	SCHEMA_CHECK(streams);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_messages),
		cmocka_unit_test(test_streams) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
