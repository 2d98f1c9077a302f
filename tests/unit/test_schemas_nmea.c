/* NMEA 0183: each sentence that nmea0183.ksy knows, with values of our own or of the public descriptions. */
#include "support_schema.h"

static const struct example sentences[] = {
	{ "nmea0183", "data", "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,",
	        "{'time':'123519','latitude':48.1173,'longitude':11.516666666666667,'quality':1,'"
	        "satellites':8,'hdop':0.9,'altitude':545.4,'geoid_separation':46.9}" },
	{ "nmea0183", "data", "$GPRMC,225446,A,4916.45,N,12311.12,W,000.5,054.7,191194,020.3,E",
	        "{'time':'225446','date':'191194','valid':true,'latitude':49.274166666666666,'"
	        "longitude':-123.18533333333333,'speed_knots':0.5,'course':54.7,'variation':20."
	        "3}" },
	{ "nmea0183", "data",
	        "$GNRMC,092751.000,A,5321.6802,S,00630.3371,E,0.06,31.66,280511,,,A,V",
	        "{'time':'092751.000','date':'280511','valid':true,'latitude':-53.361336666666666,'"
	        "longitude':6.5056183333333335,'speed_knots':0.06,'course':31.66,'mode':'A','"
	        "navigational_status':'V'}" },
	{ "nmea0183", "data", "$GPGLL,4916.45,N,12311.12,W,225444,A",
	        "{'time':'225444','latitude':49.274166666666666,'longitude':-123.18533333333333,'"
	        "valid':true}" },
	{ "nmea0183", "data", "$GNGNS,014035.00,4332.69262,S,17235.48549,E,RR,13,0.9,25.63,11.24,,",
	        "{'time':'014035.00','latitude':-43.544877,'longitude':172.59142483333332,'mode':'"
	        "RR','satellites':13,'hdop':0.9,'altitude':25.63,'geoid_separation':11.24}" },
	{ "nmea0183", "data", "$GPVTG,054.7,T,034.4,M,005.5,N,010.2,K,A",
	        "{'course':54.7,'course_magnetic':34.4,'speed_knots':5.5,'speed_kmh':10.2,'mode':'"
	        "A'}" },
	{ "nmea0183", "data", "$GPGSA,A,3,04,05,,09,12,,,24,,,,,2.5,1.3,2.1",
	        "{'selection':'A','fix':3,'used':['04','05','','09','12','','','24','','','',''],'"
	        "pdop':2.5,'hdop':1.3,'vdop':2.1}" },
	{ "nmea0183", "data", "$GPGSV,2,1,08,01,40,083,46,02,17,308,41,12,07,344,39,14,22,228,45",
	        "{'sentences':2,'sentence':1,'in_view':8,'satellites':[{'satellite':1,'elevation':"
	        "40.0,'azimuth':83.0,'signal_to_noise':46.0},{'satellite':2,'elevation':17.0,'"
	        "azimuth':308.0,'signal_to_noise':41.0},{'satellite':12,'elevation':7.0,'azimuth':"
	        "344.0,'signal_to_noise':39.0},{'satellite':14,'elevation':22.0,'azimuth':228.0,'"
	        "signal_to_noise':45.0}]}" },
	{ "nmea0183", "data", "$GPGSV,3,3,11,22,42,067,42,24,14,311,43,27,05,244,,1",
	        "{'sentences':3,'sentence':3,'in_view':11,'satellites':[{'satellite':22,'elevation'"
	        ":42.0,'azimuth':67.0,'signal_to_noise':42.0},{'satellite':24,'elevation':14.0,'"
	        "azimuth':311.0,'signal_to_noise':43.0},{'satellite':27,'elevation':5.0,'azimuth':"
	        "244.0}],'signal':'1'}" },
	{ "nmea0183", "data", "$GPGST,024603.00,3.2,6.6,4.7,47.3,5.8,5.6,22.0",
	        "{'time':'024603.00','range_rms':3.2,'semi_major':6.6,'semi_minor':4.7,'"
	        "orientation':47.3,'latitude_error':5.8,'longitude_error':5.6,'altitude_error':22."
	        "0}" },
	{ "nmea0183", "data", "$GPGBS,015509.00,-0.031,-0.186,0.219,19,0.000,-0.354,6.972",
	        "{'time':'015509.00','latitude_error':-0.031,'longitude_error':-0.186,'altitude_"
	        "error':0.219,'failed_satellite':19,'missed_probability':0.0,'bias':-0.354,'"
	        "deviation':6.972}" },
	{ "nmea0183", "data", "$GPZDA,160012.71,11,03,2004,-1,00",
	        "{'time':'160012.71','day':11,'month':3,'year':2004,'zone_hours':-1,'zone_minutes':"
	        "0}" },
	{ "nmea0183", "data", "$GPDTM,W84,,0.003,S,0.02,W,-1.5,W84",
	        "{'datum':'W84','latitude_offset_minutes':-0.003,'longitude_offset_minutes':-0.02,'"
	        "altitude_offset':-1.5,'reference':'W84'}" },
	{ "nmea0183", "data", "$HEHDT,274.07,T", "{'heading':274.07}" },
	{ "nmea0183", "data", "$HCHDM,238.5,M", "{'heading_magnetic':238.5}" },
	{ "nmea0183", "data", "$HCHDG,101.1,,,7.1,W", "{'heading_sensor':101.1,'variation':-7.1}" },
	{ "nmea0183", "data", "$HETHS,123.4,A", "{'heading':123.4,'mode':'A'}" },
	{ "nmea0183", "data", "$TIROT,-12.5,A", "{'degrees_per_minute':-12.5,'valid':true}" },
	{ "nmea0183", "data", "$IIRSA,10.5,A,-3.25,V",
	        "{'starboard':10.5,'starboard_valid':true,'port':-3.25,'port_valid':false}" },
	{ "nmea0183", "data", "$IIRPM,E,1,2418.2,10.5,A",
	        "{'source':'engine','number':1,'rpm':2418.2,'pitch_percent':10.5,'valid':true}" },
	{ "nmea0183", "data", "$IIVHW,245.1,T,245.1,M,8.44,N,15.63,K",
	        "{'heading':245.1,'heading_magnetic':245.1,'speed_knots':8.44,'speed_kmh':15.63}" },
	{ "nmea0183", "data", "$VMVBW,12.30,-0.25,A,11.98,,V,0.1,A,,V",
	        "{'water_ahead_knots':12.3,'water_across_knots':-0.25,'water_valid':true,'ground_"
	        "ahead_knots':11.98,'ground_valid':false,'stern_water_across_knots':0.1,'stern_"
	        "water_valid':true,'stern_ground_valid':false}" },
	{ "nmea0183", "data", "$VWVLW,7803.2,N,4.7,N",
	        "{'water_total_miles':7803.2,'water_trip_miles':4.7}" },
	{ "nmea0183", "data", "$IIVPW,4.5,N,6.7,M",
	        "{'speed_knots':4.5,'speed_metres_per_second':6.7}" },
	{ "nmea0183", "data", "$IIVDR,10.1,T,12.3,M,1.2,N",
	        "{'set':10.1,'set_magnetic':12.3,'drift_knots':1.2}" },
	{ "nmea0183", "data", "$RAOSD,35.1,A,36.0,P,10.2,P,15.3,0.1,N",
	        "{'heading':35.1,'heading_valid':true,'course':36.0,'course_reference':'P','speed':"
	        "10.2,'speed_reference':'P','set':15.3,'drift':0.1,'unit':'N'}" },
	{ "nmea0183", "data", "$RCETL,123005,O,05,20,B,1",
	        "{'time':'123005','kind':'order','position':'05','sub_position':'20','location':'B'"
	        ",'number':1}" },
	{ "nmea0183", "data", "$INDPT,2.3,0.5,100", "{'depth':2.3,'offset':0.5,'range':100.0}" },
	{ "nmea0183", "data", "$SDDBT,7.8,f,2.4,M,1.3,F",
	        "{'depth':2.4,'depth_feet':7.8,'depth_fathoms':1.3}" },
	{ "nmea0183", "data", "$SDDBK,12.3,f,3.7,M,2.0,F",
	        "{'depth':3.7,'depth_feet':12.3,'depth_fathoms':2.0}" },
	{ "nmea0183", "data", "$YXMTW,17.75,C", "{'celsius':17.75}" },
	{ "nmea0183", "data", "$WIMWV,214.8,R,0.1,K,A",
	        "{'angle':214.8,'reference':'R','speed':0.1,'unit':'K','valid':true}" },
	{ "nmea0183", "data", "$WIMWD,270.0,T,281.0,M,12.5,N,6.4,M",
	        "{'direction':270.0,'direction_magnetic':281.0,'speed_knots':12.5,'speed_metres_"
	        "per_second':6.4}" },
	{ "nmea0183", "data", "$IIVWR,045.0,L,12.6,N,6.5,M,23.3,K",
	        "{'angle':-45.0,'speed_knots':12.6,'speed_metres_per_second':6.5,'speed_kmh':23."
	        "3}" },
	{ "nmea0183", "data", "$IIVWT,030.,R,10.1,N,5.2,M,018.7,K",
	        "{'angle':30.0,'speed_knots':10.1,'speed_metres_per_second':5.2,'speed_kmh':18."
	        "7}" },
	{ "nmea0183", "data",
	        "$WIMDA,29.9870,I,1.0154,B,21.8,C,,,41.2,,7.9,C,116.4,T,107.6,M,2.8,N,1.4,M",
	        "{'pressure_inches':29.987,'pressure_bar':1.0154,'air_celsius':21.8,'relative_"
	        "humidity':41.2,'dew_point_celsius':7.9,'wind_direction':116.4,'wind_direction_"
	        "magnetic':107.6,'wind_knots':2.8,'wind_metres_per_second':1.4}" },
	{ "nmea0183", "data", "$HCXDR,A,171,D,PITCH,A,-37,D,ROLL,G,367,,MAGX",
	        "{'transducers':[{'kind':'A','value':171.0,'unit':'D','name':'PITCH'},{'kind':'A','"
	        "value':-37.0,'unit':'D','name':'ROLL'},{'kind':'G','value':367.0,'name':'MAGX'}]"
	        "}" },
	{ "nmea0183", "data", "$GPWPL,4917.16,N,12310.64,W,003",
	        "{'latitude':49.286,'longitude':-123.17733333333334,'waypoint':'003'}" },
	{ "nmea0183", "data", "$GPRTE,2,1,c,0,PBRCPK,PBRTO,PTELGR",
	        "{'sentences':2,'sentence':1,'kind':'complete','route':'0','waypoints':['PBRCPK','"
	        "PBRTO','PTELGR']}" },
	{ "nmea0183", "data", "$GPBOD,099.3,T,105.6,M,POINTB,",
	        "{'bearing':99.3,'bearing_magnetic':105.6,'destination':'POINTB'}" },
	{ "nmea0183", "data", "$GPBWC,225444,4917.24,N,12309.57,W,051.9,T,031.6,M,001.3,N,004",
	        "{'time':'225444','latitude':49.287333333333336,'longitude':-123.1595,'bearing':51."
	        "9,'bearing_magnetic':31.6,'distance_miles':1.3,'waypoint':'004'}" },
	{ "nmea0183", "data", "$GPRMB,A,0.66,L,003,004,4917.24,N,12309.57,W,001.3,052.5,000.5,V",
	        "{'valid':true,'cross_track_miles':-0.66,'origin':'003','destination':'004','"
	        "latitude':49.287333333333336,'longitude':-123.1595,'range_miles':1.3,'bearing':52."
	        "5,'closing_knots':0.5,'arrived':false}" },
	{ "nmea0183", "data", "$GPAPB,A,A,0.10,R,N,V,V,011,M,DEST,011,M,011,M,D",
	        "{'valid':true,'cycle_locked':true,'cross_track':0.1,'unit':'N','arrived':false,'"
	        "perpendicular_passed':false,'track':11.0,'track_reference':'M','destination':'"
	        "DEST','bearing':11.0,'bearing_reference':'M','steer':11.0,'steer_reference':'M','"
	        "mode':'D'}" },
	{ "nmea0183", "data", "$GPXTE,V,A,4.07,L,N",
	        "{'valid':false,'cycle_locked':true,'cross_track':-4.07,'unit':'N'}" },
	{ "nmea0183", "data", "$GPWCV,2.5,N,POINTB,A",
	        "{'closing_knots':2.5,'waypoint':'POINTB','mode':'A'}" },
	{ "nmea0183", "data", "$GPAAM,A,V,0.10,N,WPTNME",
	        "{'arrived':true,'perpendicular_passed':false,'radius':0.1,'unit':'N','waypoint':'"
	        "WPTNME'}" },
	{ "nmea0183", "data", "$IIHSC,40.12,T,39.11,M",
	        "{'heading':40.12,'heading_magnetic':39.11}" },
	{ "nmea0183", "data", "$RATTM,01,1.43,170.5,T,0.16,264.4,T,1.42,36.9,N,,T,,,M",
	        "{'target':1,'distance':1.43,'bearing':170.5,'bearing_reference':'T','speed':0.16,'"
	        "course':264.4,'course_reference':'T','closest_distance':1.42,'closest_in_minutes':"
	        "36.9,'unit':'N','status':'tracked','reference':false,'acquisition':'manual'}" },
	{ "nmea0183", "data", "$RATLL,01,3647.422,N,01432.592,E,TGT1,095622.00,T,R",
	        "{'target':1,'latitude':36.790366666666664,'longitude':14.5432,'name':'TGT1','time'"
	        ":'095622.00','status':'tracked','reference':true}" },
	{ "nmea0183", "data", "$CDDSC,12,3380400790,12,06,00,1423108312,2019,,,S,E",
	        "{'format':'12','address':'3380400790','category':'12','nature':'06','"
	        "communication':'00','position':'1423108312','time':'2019','acknowledgement':'S','"
	        "expanded':true}" },
	{ "nmea0183", "data", "$CDDSE,1,1,A,3380400790,00,45894494",
	        "{'sentences':1,'sentence':1,'kind':'automatic','mmsi':'3380400790','sets':[{'code'"
	        ":'00','value':'45894494'}]}" },
	{ "nmea0183", "data", "$CDALR,130529,7,A,V,Low oil pressure",
	        "{'time':'130529','alarm':7,'exceeded':true,'acknowledged':false,'text':'Low oil "
	        "pressure'}" },
	{ "nmea0183", "data", "$VRALF,1,1,0,124304.50,A,W,A,,192,1,1,0,LOST TARGET",
	        "{'sentences':1,'sentence':1,'sequence':0,'time':'124304.50','category':'A','"
	        "priority':'W','state':'A','alert':192,'instance':1,'revision':1,'escalations':0,'"
	        "text':'LOST TARGET'}" },
	{ "nmea0183", "data", "$VRALC,02,01,03,01,FEC,246,8,2",
	        "{'sentences':2,'sentence':1,'sequence':3,'alerts':[{'manufacturer':'FEC','alert':"
	        "246,'instance':8,'revision':2}]}" },
	{ "nmea0183", "data", "$GPTXT,01,01,02,u-blox ag - www.u-blox.com",
	        "{'sentences':1,'sentence':1,'identifier':2,'text':'u-blox ag - www.u-blox.com'}" },
	{ "nmea0183", "data", "$EIHBT,60,A,3",
	        "{'interval_seconds':60.0,'good':true,'sequence':3}" },
	{ "nmea0183", "data", "$IIEVE,160714,BL2,Wheelhouse door opened",
	        "{'time':'160714','tag':'BL2','text':'Wheelhouse door opened'}" },
	{ "nmea0183", "data",
	        "!AIVDM,2,1,3,B,55P5TL01VIaAL@7WKO@mBplU@<PDhh000000001S;AJ::4A80?4i@E53,0",
	        "{'fragments':2,'fragment':1,'message_id':'3','channel':'B','payload':'"
	        "55P5TL01VIaAL@7WKO@mBplU@<PDhh000000001S;AJ::4A80?4i@E53','fill_bits':0}" },
	{ "nmea0183", "data", "$PGRME,15.0,M,45.0,M,25.0,M",
	        "{'horizontal_error':15.0,'vertical_error':45.0,'position_error':25.0}" },
	{ "nmea0183", "data", "$PGRMZ,2282,f,3", "{'altitude_feet':2282.0,'fix':3}" },
	{ "nmea0183", "data", "$GPGGA,1,abc,N,-00130.0,E,q,08,-,5 4,M,1,M,,",
	        "{'time':'1','satellites':8,'geoid_separation':1.0}" },
	{ "nmea0183", "data", "$XXABC,1,2", "nothing" },
};

/* A TAG block belongs to its sentence when its checksum holds; when it does not, the sentence passes alone. */
static const struct example tagged[] = {
	{ "nmea0183", "tag",
	        "text:\\g:1-2-27300,n:636994,s:b003669710,c:1428621738*5F\\$HEHDT,274.07,T*19\r\n",
	        "{'group':'1-2-27300','line':636994,'source':'b003669710','time':1428621738}" },
	{ "nmea0183", "sentence", "text:\\s:b1*1A\\$HEHDT,274.07,T*19\r\n",
	        "'$HEHDT,274.07,T*19'" },
	{ "nmea0183", "tag", "text:\\s:b1*1B\\$HEHDT,274.07,T*19\r\n",
	        "bytes that are no whole framenothing" },
	{ "nmea0183", "sentence", "text:\\s:b1*1A\\$HEHDT,274.07,T*18\r\n",
	        "bytes that are no whole framethe checksum is wrong" },
	{ "nmea0183", "sentence", "text:\\\r\n$HEHDT,274.07,T*19\r\n",
	        "the checksum is wrong'$HEHDT,274.07,T*19'" },
};

static void test_sentences(void **state)
{
	(void)state;
	SCHEMA_CHECK(sentences);
}

static void test_tag_blocks(void **state)
{
	(void)state;
	SCHEMA_CHECK(tagged);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_tag_blocks) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
