/* Teltonika trackers: each codec, made by hand from the public description of the protocol, and what is answered. */
#include "support_schema.h"

static const struct example frames[] = {
	{ "teltonika", NULL, "000f333536333037303432343431303133", "login(356307042441013)" },
	{ "teltonika", NULL, "ff", "heartbeat" },
	{ "teltonika", NULL,
	        "000000000000003408010000019b76daa80001ffed29791f335115fffb010e09003601040101010142"
	        "0ff001f1000059d9010b00000000000000ff0100006578",
	        "{'device':'device','time_ms':1767225600000,'priority':1,'latitude':52.3456789,'"
	        "longitude':-0.1234567,'altitude':-5,'angle':270,'satellites':9,'speed':54,'io':{'"
	        "event':1,'one':[{'id':1,'value':1}],'two':[{'id':66,'value':4080}],'four':[{'id':"
	        "241,'value':23001}],'eight':[{'id':11,'value':255}]}}" },
	{ "teltonika", NULL,
	        "000000000000007110020000019b76daa80001ffed29791f335115fffb010e09003600010504010001"
	        "010100420ff00100f1000059d901000b00000000000000ff0000019b76daa80001ffed29791f335115"
	        "fffb010e09003600010504010001010100420ff00100f1000059d901000b00000000000000ff020000"
	        "9f02",
	        "{'device':'device','time_ms':1767225600000,'priority':1,'latitude':52.3456789,'"
	        "longitude':-0.1234567,'altitude':-5,'angle':270,'satellites':9,'speed':54,'io':{'"
	        "event':1,'generation':5,'one':[{'id':1,'value':1}],'two':[{'id':66,'value':4080}],"
	        "'four':[{'id':241,'value':23001}],'eight':[{'id':11,'value':255}]}}{'device':'"
	        "device','time_ms':1767225600000,'priority':1,'latitude':52.3456789,'longitude':-0."
	        "1234567,'altitude':-5,'angle':270,'satellites':9,'speed':54,'io':{'event':1,'"
	        "generation':5,'one':[{'id':1,'value':1}],'two':[{'id':66,'value':4080}],'four':[{'"
	        "id':241,'value':23001}],'eight':[{'id':11,'value':255}]}}" },
	{ "teltonika", NULL,
	        "00000000000000478e010000019b76daa80001ffed29791f335115fffb010e09003600010005000100"
	        "0101000100420ff0000100f1000059d90001000b00000000000000ff000101000003aabbcc01000058"
	        "64",
	        "{'device':'device','time_ms':1767225600000,'priority':1,'latitude':52.3456789,'"
	        "longitude':-0.1234567,'altitude':-5,'angle':270,'satellites':9,'speed':54,'io':{'"
	        "event':1,'one':[{'id':1,'value':1}],'two':[{'id':66,'value':4080}],'four':[{'id':"
	        "241,'value':23001}],'eight':[{'id':11,'value':255}],'variable':[{'id':256,'length'"
	        ":3,'value':'qrvM'}]}}" },
	{ "teltonika", NULL,
	        "00000000000000260701a3c3460007ff42520000bfa00000001e403207006400c8160000665a01f001"
	        "01420ff001000041ca",
	        "{'device':'device','time_ms':1767609600000,'priority':2,'latitude':52.5,'"
	        "longitude':-1.25,'altitude':30,'angle':90.0,'satellites':7,'speed':50,'io':{'one':"
	        "[{'id':240,'value':1}],'two':[{'id':66,'value':4080}]}}" },
	{ "teltonika", NULL,
	        "00000000000000240c01060000001c5665723a30332e31382e31345f3034204750533a41584e5f352e"
	        "3130010000edcb",
	        "{'device':'device','kind':6,'text':'Ver:03.18.14_04 GPS:AXN_5.10'}" },
	{ "teltonika", NULL, "000000000000000c0c010600000004010300ff010000c348",
	        "{'device':'device','kind':6,'data':'AQMA/w=='}" },
	{ "teltonika", NULL, "000000000000000e0d010600000006642b3ad14f4b0100006d82",
	        "{'device':'device','kind':6,'time_ms':1680554705000,'text':'OK'}" },
	{ "teltonika", NULL,
	        "00000000000000190e01060000001103520930814522515665723a30332e32370100005ad8",
	        "{'device':'device','kind':6,'imei':'352093081452251','text':'Ver:03.27'}" },
	{ "teltonika", NULL, "00000000000000160f010b0000000e642b3ad103520930814522514869010000637b",
	        "{'device':'device','kind':11,'time_ms':1680554705000,'imei':'352093081452251','"
	        "text':'Hi'}" },
	{ "teltonika", NULL,
	        "000000000000003408010000019b76daa80001ffed29791f335115fffb010e09003601040101010142"
	        "0ff001f1000059d9010b00000000000000ff0200006438",
	        "the value is not one that the description allows" },
	{ "teltonika", NULL, "000000000000000309010100005210",
	        "the value is not one that the description allows" },
	{ "teltonika", NULL,
	        "000000000000003408010000019b76daa80001ffed29791f335115fffb010e09003601040101010142"
	        "0ff001f1000059d9010b00000000000000ff0100006579",
	        "the checksum is wrong" },
	{ "teltonika_udp", NULL,
	        "0049cafe01dd000f33353230393330383134353232353108010000019b76daa80001ffed29791f3351"
	        "15fffb010e090036010401010101420ff001f1000059d9010b00000000000000ff01",
	        "{'device':'352093081452251','time_ms':1767225600000,'priority':1,'latitude':52."
	        "3456789,'longitude':-0.1234567,'altitude':-5,'angle':270,'satellites':9,'speed':"
	        "54,'io':{'event':1,'one':[{'id':1,'value':1}],'two':[{'id':66,'value':4080}],'"
	        "four':[{'id':241,'value':23001}],'eight':[{'id':11,'value':255}]}}" },
};

static void test_frames(void **state)
{
	(void)state;
	SCHEMA_CHECK(frames);
}

/* How many records were taken; nothing for what answers a command. */
static const struct {
	const char *schema, *frame, *ack, *nak;
} answers[] = {
	{ "teltonika",
	        "000000000000003408010000019b76daa80001ffed29791f335115fffb010e09003601040101010142"
	        "0ff001f1000059d9010b00000000000000ff0100006578",
	        "00000001", "00000000" },
	{ "teltonika",
	        "000000000000007110020000019b76daa80001ffed29791f335115fffb010e09003600010504010001"
	        "010100420ff00100f1000059d901000b00000000000000ff0000019b76daa80001ffed29791f335115"
	        "fffb010e09003600010504010001010100420ff00100f1000059d901000b00000000000000ff020000"
	        "9f02",
	        "00000002", "00000000" },
	{ "teltonika",
	        "00000000000000240c01060000001c5665723a30332e31382e31345f3034204750533a41584e5f352e"
	        "3130010000edcb",
	        "", "00000000" },
	{ "teltonika_udp",
	        "0049cafe01dd000f33353230393330383134353232353108010000019b76daa80001ffed29791f3351"
	        "15fffb010e090036010401010101420ff001f1000059d9010b00000000000000ff01",
	        "0005cafe01dd01", "0005cafe01dd00" },
};

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct arena arena;
		struct frame_fault fault;
		arena_init(&arena, 1 << 20);
		struct frame_schema *schema = schema_shipped(answers[i].schema);
		struct frame *frame = frame_decode(
		        schema, &arena, from_hex(&arena, answers[i].frame), NULL, &fault);
		assert_non_null(frame);
		slice ack = frame_answer(schema, frame, &arena, FRAME_ANSWER_ACK);
		slice nak = frame_answer(schema, frame, &arena, FRAME_ANSWER_NAK);
		assert_true(slice_equal(ack, from_hex(&arena, answers[i].ack)));
		assert_true(slice_equal(nak, from_hex(&arena, answers[i].nak)));
		frame_schema_free(schema);
		arena_finish(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_frames),
		cmocka_unit_test(test_answers) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
