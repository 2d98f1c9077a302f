/* SAE J1939 and NMEA 2000 in lines of candump: messages made by hand, of one frame and of several. */
#include "support_schema.h"

static const struct example frames[] = {
	{ "candump", NULL, "text:(1436509053.249713) can0 09F8010A#80FE201F80480AFD\n",
	        "{'interface':'can0','time_us':1436509053249713,'priority':2,'pgn':129025,'source':"
	        "10,'name':'position_rapid','message':{'latitude':52.2256,'longitude':-4.9657728}"
	        "}" },
	{ "candump", NULL, "text:  can0  09F8010A   [8]  80 01 DF E0 80 B7 F5 02\n",
	        "{'interface':'can0','priority':2,'pgn':129025,'source':10,'name':'position_rapid',"
	        "'message':{'latitude':-52.2256,'longitude':4.9657728}}" },
	{ "candump", NULL, "text:(0.000001)  can0  09F1120A   [8]  01 B8 7A 9C FF FF 7F FD\n",
	        "{'interface':'can0','time_us':1,'priority':2,'pgn':127250,'source':10,'name':'"
	        "vessel_heading','message':{'heading':3.1416,'deviation':-0.01,'reference':'"
	        "magnetic'}}" },
	{ "candump", NULL, "text:can0 09F1130A#0100D43000FFFFFF\n",
	        "{'interface':'can0','priority':2,'pgn':127251,'source':10,'name':'rate_of_turn','"
	        "message':{'rate':0.1}}" },
	{ "candump", "message",
	        "text:can0 09F10D0A#00F9E80318FCFFFF\ncan0 09F1190A#01640038FFFF7FFF\ncan0 "
	        "09F2000A#00401FDC05FDFFFF\ncan0 09F2110A#13D430D0070000FF\n",
	        "{'instance':0,'direction_order':1,'angle_order':0.1,'position':-0.1}{'yaw':0.01,'"
	        "pitch':-0.02}{'instance':0,'speed':2000,'boost_pressure':150000,'tilt':-3}{'"
	        "instance':3,'fluid':'fresh_water','level':50,'capacity':200}" },
	{ "candump", "message",
	        "text:can0 09F2140A#01F104CCFF777404\ncan0 09F5030A#010302FFFF00FFFF\ncan0 "
	        "09F50B0A#01D20400000CFEFF\ncan0 09F8020A#01FC5C3DD002FFFF\n",
	        "{'instance':1,'voltage':12.65,'current':-5.2,'temperature':298.15}{'water':5.15}{'"
	        "depth':12.34,'offset':-0.5}{'reference':'true','course':1.5708,'speed':7.2}" },
	{ "candump", "message",
	        "text:can0 09F8090A#204E00CCBF197800\ncan0 09F0100A#01F0204E00CCBF19\ncan0 "
	        "09FD020A#011A04AE1EFAFFFF\ncan0 09FD060A#018F704871F503FF\n",
	        "{'date':20000,'time':43200,'zone':120}{'source':0,'date':20000,'time':43200}{'"
	        "speed':10.5,'angle':0.7854,'reference':'apparent'}{'water_temperature':288.15,'"
	        "air_temperature':290,'pressure':101300}" },
	{ "candump", "message",
	        "text:can0 09FD070A#01413C73D430F503\ncan0 09FD080A#0100031879FFFFFF\ncan0 "
	        "09FD090A#010000D430FF7FFF\ncan0 09FD0A0A#01000002760F00FF\n",
	        "{'temperature_source':1,'humidity_source':1,'temperature':295,'humidity':50,'"
	        "pressure':101300}{'instance':0,'source':'engine_room','actual':310}{'instance':0,'"
	        "source':0,'actual':50}{'instance':0,'source':0,'pressure':101325}" },
	{ "candump", "message", "text:can0 09FD0C0A#01000EA6EB09FFFF\n",
	        "{'instance':0,'source':'exhaust_gas','actual':650.15}" },
	{ "candump", NULL,
	        "text:(1436509053.249713) can0 09F2010A#601A00A00F2F0EDB\n(1436509053.249713) can0 "
	        "09F2010A#618D8C057D0080EE\n(1436509053.249713) can0 "
	        "09F2010A#6236004C04FFFFFF\n(1436509053.249713) can0 09F2010A#63010000004B3CFF\n",
	        "{'interface':'can0','time_us':1436509053249713,'priority':2,'pgn':127489,'source':"
	        "10,'name':'engine_dynamic','message':{'instance':0,'alarms_1':1,'alarms_2':0,'oil_"
	        "pressure':400000,'oil_temperature':363.1,'temperature':363.15,'alternator_voltage'"
	        ":14.2,'fuel_rate':12.5,'hours':3600000,'coolant_pressure':110000,'load':75,'"
	        "torque':60}}" },
	{ "candump", "message",
	        "text:(1436509053.249713) can0 09F8050A#602B01204E00CCBF\n(1436509053.249713) can0 "
	        "09F8050A#61190000D1A1106D\n(1436509053.249713) can0 "
	        "09F8050A#623F070000241310\n(1436509053.249713) can0 "
	        "09F8050A#63C94FFF20BCBE00\n(1436509053.249713) can0 "
	        "09F8050A#640000000010FC09\n(1436509053.249713) can0 "
	        "09F8050A#656E009600A81100\n(1436509053.249713) can0 09F8050A#660000FFFFFFFFFF\n",
	        "{'satellites':9,'date':20000,'time':43200,'latitude':52.2256,'longitude':-4.96,'"
	        "altitude':12.5,'system':'gps','method':'gnss','integrity':0,'hdop':1.1,'pdop':1.5,"
	        "'geoid_separation':45.2}" },
	{ "candump", "message",
	        "text:(1436509053.249713) can0 09F5130A#600E204E00CCBF19\n(1436509053.249713) can0 "
	        "09F5130A#6140E20100150300\n(1436509053.249713) can0 09F5130A#6200FFFFFFFFFFFF\n",
	        "{'date':20000,'time':43200,'log':123456,'trip':789}" },
	{ "candump", NULL,
	        "text:(1436509053.249713) can0 09F8050A#602B010101010101\n(1436509053.249713) can0 "
	        "09F8050A#6201010101010101\n(1436509053.249713) can0 09F8050A#6101010101010101\n",
	        "a part that is not the next one of its messagea part of a message whose first "
	        "part is missing" },
	{ "candump", "message",
	        "text:can0 18F00300#FF7D50FFFFFFFFFF\ncan0 18F00400#F0E1C8E02EFFFFFF\ncan0 "
	        "18FEC100#40420F00FFFFFFFF\ncan0 18FEE500#204E0000E8030000\n",
	        "{'accelerator':50,'load':80}{'torque_mode':0,'demanded_torque':100,'torque':75,'"
	        "speed':1500}{'total':5000000}{'hours':1000,'revolutions':1000000}" },
	{ "candump", "message",
	        "text:can0 18FEE900#64000000D0070000\ncan0 18FEEE00#82FF002EFFFF50FF\ncan0 "
	        "18FEEF00#64FFC864FFFF32FF\ncan0 18FEF100#FF0050DDFF64FFFF\n",
	        "{'trip':50,'total':1000}{'coolant':90,'oil':95,'intercooler':40}{'fuel_delivery':"
	        "400,'oil_level':80,'oil':400,'coolant':100}{'speed':80,'cruise_active':1,'brake':"
	        "1,'set_speed':100}" },
	{ "candump", "message",
	        "text:can0 18FEF200#F401000600FE32FF\ncan0 18FEF700#FFC830022802FFFF\ncan0 "
	        "18FEFC00#FF96FFFFFFFFFFFF\n",
	        "{'fuel_rate':25,'economy':3,'throttle':20}{'alternator_current':200,'charging_"
	        "voltage':28,'battery_voltage':27.6}{'fuel_level':60}" },
	{ "candump", NULL, "text:(1436509053.249713) can0 0CF00400#F0E1C8E02EFFFFFF\n",
	        "{'interface':'can0','time_us':1436509053249713,'priority':3,'pgn':61444,'source':"
	        "0,'name':'electronic_engine_1','message':{'torque_mode':0,'demanded_torque':100,'"
	        "torque':75,'speed':1500}}" },
	{ "candump", NULL,
	        "text:can0 1CECFF00#20120003FFECFE00\ncan0 1CEBFF00#0157444239363334\ncan0 "
	        "1CEBFF00#023033314C313233\ncan0 1CEBFF00#033435362AFFFFFF\n",
	        "{'interface':'can0','priority':7,'pgn':65260,'source':0,'destination':255,'name':'"
	        "vehicle_identification','message':{'vin':'WDB9634031L123456'}}" },
	{ "candump", NULL,
	        "text:can0 1CECFF00#20120003FFECFE00\ncan0 1CEBFF00#0157444239363334\ncan0 "
	        "1CEBFF00#033435362AFFFFFF\n",
	        "a part that is not the next one of its message" },
	{ "candump", NULL,
	        "text:can0 1CEC0300#100A0002FFEEFE00\ncan0 1CEB0300#0182FF002EFFFF50\ncan0 "
	        "1CEB0300#02FF0000FFFFFFFF\n",
	        "{'interface':'can0','priority':7,'pgn':65262,'source':0,'destination':3,'name':'"
	        "engine_temperature','message':{'coolant':90,'oil':95,'intercooler':40}}" },
	{ "candump", NULL, "text:can0 18EA00F9#EEFE00\n",
	        "{'interface':'can0','priority':6,'pgn':59904,'source':249,'destination':0,'"
	        "message':'7v4A'}" },
	{ "candump", NULL, "text:can1 123#DEADBEEF\ncan1  7FF   [0]\ncan1 00000000#\n",
	        "{'interface':'can1','identifier':291,'message':'3q2+7w=='}{'interface':'can1','"
	        "identifier':2047,'message':''}{'interface':'can1','priority':0,'pgn':0,'source':0,"
	        "'destination':0,'message':''}" },
	{ "candump", NULL,
	        "text:can0 09F8010A#80D1E\ncan0 09F8010A#R\nhello\n\ncan0  09F8010A   [8]  80 D1 "
	        "EF\ncan0 FFFFFFFF#00\ncan0 09F8010A##180D1EF\ncan0 123#00\n",
	        "an odd number of hexadecimal digitsan odd number of hexadecimal digitsthere is no "
	        "item 1 among 1there is no item 10 among 6the value is not one that the "
	        "description allowsa character that is no hexadecimal "
	        "digit{'interface':'can0','identifier':291,'message':'AA=='}" },
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
