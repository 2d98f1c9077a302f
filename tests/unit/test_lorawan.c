/* The shipped descriptions of LoRaWAN payloads: every one loads, and samples of our own mean what the makers' manuals say. */
#include "support.h"

#include "api/payload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUDGET = 4 << 20, FILES_FLOOR = 77 };

static const struct {
	const char *file;
	unsigned f_port;
	const char *hex, *value; /* or what is wrong */
} samples[] = {
	{ "elsys/elsys", 5, "01 fff6 02 2b 0e 04d2 99 01 0000",
	        "{\"temperature\":-1,\"humidity\":43,\"distance\":1234}" },
	{ "elsys/elsys", 5, "01 ff",
	        "byte 1, in records[0].body.temperature: the frame ends within this field" },
	{ "milesight/em300_th", 85, "ff0903 10 ff166123456789abcdef 2ace",
	        "{\"hardware_version\":\"v3.1\",\"sn\":\"6123456789abcdef\"}" },
	{ "milesight/em300_th", 85, "20ce 00f15365 ff00 78 00 20ce 64f15365 0001 7a 00",
	        "{\"history\":[{\"timestamp\":1700000000,\"temperature\":25.5d,\"humidity\":60},"
	        "{\"timestamp\":1700000100,\"temperature\":25.6d,\"humidity\":61}]}" },
	{ "dragino/ldds75", 2, "0d0a 0014 00 fff1 01",
	        "{\"Bat\":3.338d,\"Distance\":\"Invalid Reading\",\"Interrupt_flag\":0,"
	        "\"TempC_DS18B20\":\"-1.50\",\"Sensor_flag\":1}" },
	{ "dragino/lht65n", 5, "0b 0142 01 ff 0c8a",
	        "{\"SENSOR_MODEL\":\"LHT65N\",\"FIRMWARE_VERSION\":\"1.4.2\",\"FREQUENCY_BAND\":"
	        "\"EU868\","
	        "\"SUB_BAND\":\"NULL\",\"BAT\":3.21d}" },
	{ "plenom/busylight", 15, "c9ffffff 0a000000 05000000 07000000 01 02 03 04 05 06 07 08",
	        "{\"RSSI\":-55,\"SNR\":10,\"messages_received\":5,\"messages_send\":7,"
	        "\"lastcolor_red\":1,\"lastcolor_blue\":2,\"lastcolor_green\":3,"
	        "\"lastcolor_ontime\":4,\"lastcolor_offtime\":5,\"sw_rev\":6,\"hw_rev\":7,"
	        "\"adr_state\":8}" },
	{ "vutility/hotdrop", 3, "32 0000000b 0064 0a 14 ff ff",
	        "{\"ampHourAccumulation\":1.1d,\"averageAmps\":10,\"maximumAmps\":11,"
	        "\"minimumAmps\":8,"
	        "\"capacitorVoltage\":5.0d,\"temperatureCelsius\":80.0d}" },
};

static const char *source(void)
{
	const char *named = getenv("FAIRLEAD_SOURCE");
	return named ? named : ".";
}

static struct payload *opened(const char *path)
{
	struct error error = { .text = "" };
	struct payload *payload = payload_all[0]->open(path, &error);
	if (!payload)
		fail_msg("%s", error.text);
	return payload;
}

static void open_one(const char *path, const char *name, void *arg)
{
	unsigned *files = arg;
	if (!strstr(name, ".ksy"))
		return;
	struct payload *payload = opened(path);
	payload->ops->close(payload);
	++*files;
}

static void every_description_loads(void **state)
{
	char folder[1024];
	unsigned files = 0;
	(void)state;
	(void)snprintf(folder, sizeof folder, "%s/schemas/frames/lorawan", source());
	(void)each_file(folder, open_one, &files);
	assert_true(files >= FILES_FLOOR);
}

static void samples_mean_what_they_should(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct arena arena;
		struct error error = { .text = "" };
		arena_init(&arena, BUDGET);
		slice path = arena_printf(
		        &arena, "%s/schemas/frames/lorawan/%s.ksy", source(), samples[i].file);
		struct payload *payload = opened(path.p);
		struct value *given = value_map(&arena);
		assert_true(
		        value_set(given, SLICE("f_port"), value_uint(&arena, samples[i].f_port)));
		const struct value *value = payload->ops->decode(
		        payload, &arena, from_hex(&arena, samples[i].hex), given, &error);
		slice shown = value ? value_show(&arena, value) : slice_of(error.text);
		if (!slice_is(shown, samples[i].value))
			fail_msg("%s gives\n%.*s", samples[i].file, SLICE_ARG(shown));
		payload->ops->close(payload);
		arena_finish(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_description_loads),
		cmocka_unit_test(samples_mean_what_they_should) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
