/* Cayenne LPP: a value of each type; the first ones are the examples of the format's own description. */
#include "support_schema.h"

static const struct example payloads[] = {
	{ "cayenne_lpp", NULL, "03670110 056700ff", "{'temperature_3':27.2,'temperature_5':25.5}" },
	{ "cayenne_lpp", NULL, "067104d2fb2e0000",
	        "{'acceleration_6':{'x':1.234,'y':-1.234,'z':0}}" },
	{ "cayenne_lpp", NULL, "0188 06765f f2960a 0003e8",
	        "{'position_1':{'latitude':42.3519,'longitude':-87.9094,'altitude':10}}" },
	{ "cayenne_lpp", NULL, "0167ffd7", "{'temperature_1':-4.1}" },
	{ "cayenne_lpp", NULL, "000001 010100 02020064 0303ff9c 0464ffffffff 056501f4 066601",
	        "{'digital_input_0':1,'digital_output_1':0,'analog_input_2':1,'analog_output_3':-1,"
	        "'generic_4':4294967295,'illuminance_5':500,'presence_6':1}" },
	{ "cayenne_lpp", NULL, "0768a1 0873 2794 097404e2 0a7503e8 0b76000f4240 0c7863 0d79ff38",
	        "{'humidity_7':80.5,'pressure_8':1013.2,'voltage_9':12.5,'current_10':1,'frequency_"
	        "11':1000000,'percentage_12':99,'altitude_13':-200}" },
	{ "cayenne_lpp", NULL, "0e7d0190 0f800096 108200002ee0 1183 00001388 1284010e 138565400000",
	        "{'concentration_14':400,'power_15':150,'distance_16':12,'energy_17':5,'direction_"
	        "18':270,'time_19':1698693120}" },
	{ "cayenne_lpp", NULL, "1486 0064ff9c0000 1587ff8000 168e01",
	        "{'rotation_20':{'x':1,'y':-1,'z':0},'colour_21':{'red':255,'green':128,'blue':0},'"
	        "switch_22':1}" },
	{ "cayenne_lpp", NULL, "", "{}" },
	{ "cayenne_lpp", NULL, "03670110 05fe00ff",
	        "the value is not one that the description allows" },
	{ "cayenne_lpp", NULL, "036701", "the frame ends within this field" },
};

static void test_payloads(void **state)
{
	(void)state;
	SCHEMA_CHECK(payloads);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_payloads) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
