/* M-Bus: readings of each kind of record, made by hand from EN 13757-3, and frames that are none. */
#include "support_schema.h"

static const struct example frames[] = {
	{ "mbus", NULL, "e5", "heartbeat" },
	{ "mbus", NULL, "105b015c16", "heartbeat" },
	{ "mbus", NULL,
	        "6839396808017278563412841901072a00000001130a0213e8030313ffffff041315cd5b070513cdcc"
	        "b63f06130000000001ff0713ffffffffffffff7f3b16",
	        "{'version':1,'medium':'water','access':42,'status':0,'signature':0,'records':[{'"
	        "vif':19,'function':'instantaneous','storage':0,'quantity':'volume','unit':'m3','"
	        "value':0.01},{'vif':19,'function':'instantaneous','storage':0,'quantity':'volume',"
	        "'unit':'m3','value':1.0},{'vif':19,'function':'instantaneous','storage':0,'"
	        "quantity':'volume','unit':'m3','value':-0.001},{'vif':19,'function':'"
	        "instantaneous','storage':0,'quantity':'volume','unit':'m3','value':123456.789},{'"
	        "vif':19,'function':'instantaneous','storage':0,'quantity':'volume','unit':'m3','"
	        "value':0.0014281250238418579},{'vif':19,'function':'instantaneous','storage':0,'"
	        "quantity':'volume','unit':'m3','value':-1095216660.48},{'vif':19,'function':'"
	        "instantaneous','storage':0,'quantity':'volume','unit':'m3','value':"
	        "9223372036854776.0}],'id':'12345678','manufacturer':'FLD'}" },
	{ "mbus", NULL,
	        "6833336808017278563412841901072a0000000903120a5b34120b5f5634120c13785634120e071290"
	        "785634120c13785634f20a133a12a716",
	        "{'version':1,'medium':'water','access':42,'status':0,'signature':0,'records':[{'"
	        "vif':3,'function':'instantaneous','storage':0,'quantity':'energy','unit':'Wh','"
	        "value':12},{'vif':91,'function':'instantaneous','storage':0,'quantity':'flow_"
	        "temperature','unit':'Cel','value':1234},{'vif':95,'function':'instantaneous','"
	        "storage':0,'quantity':'return_temperature','unit':'Cel','value':123456},{'vif':19,"
	        "'function':'instantaneous','storage':0,'quantity':'volume','unit':'m3','value':"
	        "12345.678},{'vif':7,'function':'instantaneous','storage':0,'quantity':'energy','"
	        "unit':'Wh','value':1234567890120000},{'vif':19,'function':'instantaneous','"
	        "storage':0,'quantity':'volume','unit':'m3','value':-2345.678},{'vif':19,'function'"
	        ":'instantaneous','storage':0,'quantity':'volume','unit':'m3'}],'id':'12345678','"
	        "manufacturer':'FLD'}" },
	{ "mbus", NULL,
	        "682b2b6808017278563412841901072a000000046d1e0bd52c026cd52c066d000f2ed52c00046d9e0b"
	        "d52c026c0000a216",
	        "{'version':1,'medium':'water','access':42,'status':0,'signature':0,'records':[{'"
	        "vif':109,'function':'instantaneous','storage':0,'quantity':'time','value':'2022-"
	        "12-21T11:30:00'},{'vif':108,'function':'instantaneous','storage':0,'quantity':'"
	        "date','value':'2022-12-21'},{'vif':109,'function':'instantaneous','storage':0,'"
	        "quantity':'time','value':'2022-12-21T14:15:00'},{'vif':109,'function':'"
	        "instantaneous','storage':0,'quantity':'time'},{'vif':108,'function':'"
	        "instantaneous','storage':0,'quantity':'date'}],'id':'12345678','manufacturer':'"
	        "FLD'}" },
	/* What is no number and what is no day. */
	{ "mbus", NULL,
	        "6831316808017278563412841901072a00000005130000c07f05130000807f0513000080bf026c1d"
	        "32026cfd22026cff24026cff2c9716",
	        "{'version':1,'medium':'water','access':42,'status':0,'signature':0,'records':[{'"
	        "vif':19,'function':'instantaneous','storage':0,'quantity':'volume','unit':'m3'},"
	        "{'vif':19,'function':'instantaneous','storage':0,'quantity':'volume','unit':'m3'"
	        "},{'vif':19,'function':'instantaneous','storage':0,'quantity':'volume','unit':'m"
	        "3','value':-0.001},{'vif':108,'function':'instantaneous','storage':0,'quantity':"
	        "'date','value':'2024-02-29'},{'vif':108,'function':'instantaneous','storage':0,'"
	        "quantity':'date'},{'vif':108,'function':'instantaneous','storage':0,'quantity':'"
	        "date'},{'vif':108,'function':'instantaneous','storage':0,'quantity':'date','valu"
	        "e':'2023-12-31'}],'id':'12345678','manufacturer':'FLD'}" },
	{ "mbus", NULL,
	        "682c2c6808017278563412841901072a0000008c041300000001ccc401130000000134130100000084"
	        "804013010000004716",
	        "{'version':1,'medium':'water','access':42,'status':0,'signature':0,'records':[{'"
	        "vif':19,'function':'instantaneous','storage':8,'tariff':0,'subunit':0,'quantity':'"
	        "volume','unit':'m3','value':1000.0},{'vif':19,'function':'instantaneous','storage'"
	        ":41,'tariff':0,'subunit':1,'quantity':'volume','unit':'m3','value':1000.0},{'vif':"
	        "19,'function':'error','storage':0,'quantity':'volume','unit':'m3','value':0.001},{"
	        "'vif':19,'function':'instantaneous','storage':0,'tariff':0,'subunit':2,'quantity':"
	        "'volume','unit':'m3','value':0.001}],'id':'12345678','manufacturer':'FLD'}" },
	{ "mbus", NULL,
	        "6834346808017278563412841901072a00000002fd48d70904fd59d204000002fd17010001fb000a02"
	        "fb29020002fd2603000c7899887766a416",
	        "{'version':1,'medium':'water','access':42,'status':0,'signature':0,'records':[{'"
	        "vif':253,'function':'instantaneous','storage':0,'quantity':'voltage','unit':'V','"
	        "value':251.9},{'vif':253,'function':'instantaneous','storage':0,'quantity':'"
	        "current','unit':'A','value':1.234},{'vif':253,'function':'instantaneous','storage'"
	        ":0,'quantity':'error_flags','value':1},{'vif':251,'function':'instantaneous','"
	        "storage':0,'quantity':'energy','unit':'Wh','value':1000000},{'vif':251,'function':"
	        "'instantaneous','storage':0,'quantity':'power','unit':'W','value':2000000},{'vif':"
	        "253,'function':'instantaneous','storage':0,'quantity':'storage_interval','unit':'"
	        "s','value':10800},{'vif':120,'function':'instantaneous','storage':0,'quantity':'"
	        "fabrication_number','value':66778899}],'id':'12345678','manufacturer':'FLD'}" },
	{ "mbus", NULL,
	        "6836366808017278563412841901072a0000000dfd0e03332e310d7c03626162c2341202fc03485225"
	        "74d41102937d050001ff01072f0f0102034016",
	        "{'version':1,'medium':'water','access':42,'status':0,'signature':0,'records':[{'"
	        "vif':253,'function':'instantaneous','storage':0,'quantity':'firmware_version','"
	        "value':'1.3'},{'vif':124,'function':'instantaneous','storage':0,'quantity':'as_"
	        "text','unit':'bab','value':1234},{'vif':252,'function':'instantaneous','storage':"
	        "0,'quantity':'as_text','unit':'%RH','value':45.64},{'vif':147,'function':'"
	        "instantaneous','storage':0,'quantity':'volume','unit':'m3','value':5},{'vif':255,'"
	        "function':'instantaneous','storage':0,'quantity':'of_manufacturer','value':7},{},{"
	        "'of_manufacturer':'AQID'}],'id':'12345678','manufacturer':'FLD'}" },
	{ "mbus", NULL, "6818186808017278563412841901072a000000027f0100082300221f4c16",
	        "{'version':1,'medium':'water','access':42,'status':0,'signature':0,'records':[{'"
	        "vif':127,'function':'instantaneous','storage':0,'quantity':'of_manufacturer','"
	        "value':1},{'vif':35,'function':'instantaneous','storage':0,'quantity':'on_time','"
	        "unit':'s'},{'vif':34,'function':'instantaneous','storage':0,'quantity':'on_time','"
	        "unit':'s'},{'of_manufacturer':'','more_follows':true}],'id':'12345678','"
	        "manufacturer':'FLD'}" },
	{ "mbus", NULL, "68131368080173114700000500e97e34120000001000009616",
	        "{'access':5,'status':0,'id':'00004711','medium':'water','records':[{'storage':0,'"
	        "unit':'m3','value':1.234},{'storage':1,'unit':'m3','value':1.0}]}" },
	{ "mbus", NULL, "681313680801731147000005030569581b0000450000000216",
	        "{'access':5,'status':3,'id':'00004711','medium':'heat_outlet','records':[{'"
	        "storage':1,'unit':'Wh','value':7000000},{'storage':1,'unit':'m3','value':0.069}]"
	        "}" },
	{ "mbus", NULL, "68040468080170088116",
	        "the value is not one that the description allows" },
	{ "mbus", NULL, "6812126808017278563412841901072a00000001130a7d16",
	        "the checksum is wrong" },
	{ "mbus", NULL, "6812136808017278563412841901072a00000001130a7c16",
	        "a length that no frame hasa length that no frame has" },
	{ "mbus", NULL, "6812126808017278563412841901072a00000001130a7c15",
	        "the end mark is not where the frame endsa length that no frame has" },
	{ "mbus", NULL, "680000680816", "the checksum is wrong" },
	{ "mbus", NULL, "ffff6812126808017278563412841901072a00000001130a7c16",
	        "bytes that begin no "
	        "frame{'version':1,'medium':'water','access':42,'status':0,'signature':0,'records':"
	        "[{'vif':19,'function':'instantaneous','storage':0,'quantity':'volume','unit':'m3',"
	        "'value':0.01}],'id':'12345678','manufacturer':'FLD'}" },
	{ "mbus", NULL, "681d1d6808017278563412841901072a0000008c8b8c8b8c8b8c8b8c8b8c0b13007b16",
	        "the value is not one that the description allows" },
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
