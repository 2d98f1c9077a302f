/* What goes from a caller to a device over MQTT: the same for our own listener and for a joined broker. */
#include "support.h"

#include "adapters/common/mqtt_message.h"

static struct arena arena;

static int open_arena(void **state)
{
	(void)state;
	arena_init(&arena, 65536);
	return 0;
}

static int close_arena(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

static void a_device_hears_what_concerns_it(void **state)
{
	(void)state;
	const struct field fields[] = {
		{ SLICE("cookie"), SLICE("session=secret") },
		{ SLICE("if-match"), SLICE("\"0a\"") },
		{ SLICE("user-agent"), SLICE("curl/8") },
		{ SLICE("authorization"), SLICE("Bearer secret") },
		{ SLICE("idempotency-key"), SLICE("42") },
		{ SLICE("x-mode"), SLICE("eco") },
		{ SLICE("x-forwarded-for"), SLICE("10.0.0.1") },
		{ SLICE("x-control"), SLICE("a\x01z") },
		{ SLICE("x-no-utf-8"), SLICE("\xff") },
		{ SLICE("if-none-match"), SLICE("*") },
	};
	const struct message message = { .fields = fields,
		.nfields = sizeof fields / sizeof *fields };
	const struct command command = { .message = &message, .arena = &arena };
	unsigned n;
	const struct field *told = mqtt_message_device_fields(&command, &n);
	assert_non_null(told);
	assert_int_equal(n, 4);
	assert_slice(told[0].name, "if-match");
	assert_slice(told[1].name, "idempotency-key");
	assert_slice(told[2].name, "x-mode");
	assert_slice(told[2].value, "eco");
	assert_slice(told[3].name, "if-none-match");
}

static void without_memory_it_hears_nothing(void **state)
{
	(void)state;
	struct arena none;
	arena_init(&none, 0);
	const struct message message = { 0 };
	const struct command command = { .message = &message, .arena = &none };
	unsigned n = 7;
	assert_null(mqtt_message_device_fields(&command, &n));
	assert_int_equal(n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		        a_device_hears_what_concerns_it, open_arena, close_arena),
		cmocka_unit_test(without_memory_it_hears_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
