/* Bodies by a description's file: framed or not, what is told to it, what is wrong with them. */
#include "support.h"

#include "api/payload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUDGET = 4 << 20 };

static struct arena arena;
static struct payload *tlv;

static int setup(void **state)
{
	struct error error = { .text = "" };
	const char *source = getenv("FAIRLEAD_SOURCE");
	(void)state;
	arena_init(&arena, BUDGET);
	slice path = arena_printf(&arena, "%s/schemas/frames/tlv.ksy", source ? source : ".");
	assert_non_null(payload_all[0]);
	tlv = payload_all[0]->open(path.p, &error);
	if (!tlv)
		fail_msg("%s", error.text);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tlv->ops->close(tlv);
	arena_finish(&arena);
	return 0;
}

static slice decoded(const char *hex)
{
	struct error error = { .text = "" };
	const struct value *value =
	        tlv->ops->decode(tlv, &arena, from_hex(&arena, hex), NULL, &error);
	return value ? value_show(&arena, value) : arena_printf(&arena, "%s", error.text);
}

static void a_body_is_cut_as_the_description_says(void **state)
{
	(void)state;
	assert_slice(decoded("0006 010441a26666"),
	        "[{\"tag\":\"temperature\",\"length\":4,\"value\":{\"number\":20.3d}}]");
	assert_slice(decoded("0003 020143 0003 020144"),
	        "[[{\"tag\":\"unit\",\"length\":1,\"value\":{\"text\":\"C\"}}],"
	        "[{\"tag\":\"unit\",\"length\":1,\"value\":{\"text\":\"D\"}}]]");
	assert_slice(decoded("0003 020143 0003 02"), "byte 5: a frame that is not whole");
	assert_slice(decoded("0003 020143 0003 020244"),
	        "byte 9, in records[0].value: 2 bytes are needed, 1 are left");
	assert_slice(decoded(""), "there is no frame in it");
}

static void nothing_is_told_to_who_does_not_ask(void **state)
{
	(void)state;
	assert_false(tlv->ops->has_parameter(tlv, SLICE("records")));
	assert_false(tlv->ops->has_parameter(tlv, SLICE("f_port")));
}

static void a_body_is_written_with_its_framing(void **state)
{
	struct error error = { .text = "" };
	struct value *map = value_map(&arena), *list = value_list(&arena);
	struct value *record = value_map(&arena), *text = value_map(&arena);
	(void)state;
	assert_true(value_set(text, SLICE("text"), value_text(&arena, SLICE("C"))));
	assert_true(value_set(record, SLICE("tag"), value_text(&arena, SLICE("unit"))));
	assert_true(value_set(record, SLICE("value"), text));
	assert_true(value_append(list, record));
	assert_true(value_set(map, SLICE("records"), list));
	slice bytes = tlv->ops->encode(tlv, &arena, SLICE(""), map, &error);
	assert_true(slice_equal(bytes, from_hex(&arena, "0003 02 01 43")));
	bytes = tlv->ops->encode(tlv, &arena, SLICE("real"), map, &error);
	assert_null(bytes.p);
	if (!strstr(error.text, "\"records\" is no field of \"real\""))
		fail_msg("%s", error.text);
	assert_true(tlv->ops->has_type(tlv, SLICE("")) && tlv->ops->has_type(tlv, SLICE("real")));
	assert_false(tlv->ops->has_type(tlv, SLICE("imaginary")));
}

static void a_file_that_is_none_is_said(void **state)
{
	struct error error = { .text = "" };
	(void)state;
	assert_null(payload_all[0]->open("/nonexistent/x.ksy", &error));
	assert_non_null(strstr(error.text, "/nonexistent/x.ksy"));
	payload_all[0]->close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		        a_body_is_cut_as_the_description_says, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        nothing_is_told_to_who_does_not_ask, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        a_body_is_written_with_its_framing, setup, teardown),
		cmocka_unit_test(a_file_that_is_none_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
