/* Telegrams of real M-Bus meters, against the readings that libmbus makes of them. */
#include "support_schema.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUDGET = 16 << 20, TELEGRAMS_FLOOR = 50, NUMBERS_FLOOR = 500, TEXTS_FLOOR = 80 };

struct tally {
	const struct frame_schema *schema;
	unsigned telegrams, numbers, texts, refused;
};

static slice hex_file(struct arena *arena, const char *path)
{
	return from_hex(arena, read_whole_file(arena, path).p);
}

/* The one message of a telegram; NULL: it is none. Its framing and checksum are right in either case. */
static const struct value *message_of(
        const struct frame_schema *schema, struct arena *arena, slice bytes, const char *name)
{
	struct frame_piece piece;
	struct frame_fault fault;
	const struct value *value = NULL;
	slice path;
	if (frame_split(schema, bytes, true, arena, &piece) != FRAME_WHOLE || piece.used != bytes.n)
		fail_msg("%s: the framing or the checksum", name);
	struct frame *frame = frame_decode(schema, arena, piece.bytes, NULL, &fault);
	return frame && frame_message(frame, 0, (slice){ NULL, 0 }, &path, &value) ? value : NULL;
}

/* What stands between <name> and </name> from *at on, which moves behind it. */
static slice element(const char **at, const char *name)
{
	char tag[64];
	(void)snprintf(tag, sizeof tag, "<%s>", name);
	const char *from = *at ? strstr(*at, tag) : NULL;
	if (!from)
		return (slice){ NULL, 0 };
	from += strlen(tag);
	const char *to = strchr(from, '<');
	*at = to;
	return (slice){ from, (size_t)(to - from) };
}

static void compare_record(
        struct tally *tally, const struct value *record, slice theirs, const char *name)
{
	const struct value *value = value_get(record, SLICE("value"));
	char text[256], *end;
	(void)snprintf(text, sizeof text, "%.*s", SLICE_ARG(theirs));
	if (!value)
		return;
	if (value->kind == VALUE_TEXT) {
		/* Times end in seconds and "Z" there. */
		if (strncmp(text, value->as.text.p, strlen(text) < 10 ? strlen(text) : 10) != 0)
			fail_msg("%s: %.*s instead of %s", name, SLICE_ARG(value->as.text), text);
		tally->texts++;
		return;
	}
	double ours = value->kind == VALUE_DOUBLE ? value->as.real : (double)value->as.integer;
	double number = strtod(text, &end);
	if (end == text || fabs(ours - number) > 2e-6 + 1e-6 * fabs(number))
		fail_msg("%s: %g instead of %s", name, ours, text);
	tally->numbers++;
}

static void compare_telegram(const char *path, const char *name, void *arg)
{
	struct tally *tally = arg;
	struct arena arena;
	char xml[1200];
	size_t n = strlen(path);
	if (n < 4 || strcmp(path + n - 4, ".hex") != 0)
		return;
	arena_init(&arena, BUDGET);
	const struct value *message =
	        message_of(tally->schema, &arena, hex_file(&arena, path), name);
	if (!message)
		fail_msg("%s is not decoded", name);
	tally->telegrams++;
	(void)snprintf(xml, sizeof xml, "%.*s.norm.xml", (int)(n - 4), path);
	FILE *file = fopen(xml, "r");
	if (!file) {
		arena_finish(&arena);
		return;
	}
	(void)fclose(file);
	const char *at = read_whole_file(&arena, xml).p;
	const struct value *id = value_get(message, SLICE("id"));
	const struct value *records = value_get(message, SLICE("records"));
	assert_int_equal(strtoul(id->as.text.p, NULL, 10), strtoul(element(&at, "Id").p, NULL, 10));
	for (const struct value *record = records->as.members.first; record;
	        record = record->next) {
		bool is_fixed = !value_get(record, SLICE("function"));
		if (is_fixed && !value_get(record, SLICE("of_manufacturer")))
			continue;
		slice value = element(&at, "Value");
		if (!value.p)
			fail_msg("%s has fewer records", name);
		compare_record(tally, record, value, name);
	}
	arena_finish(&arena);
}

static void refuse_telegram(const char *path, const char *name, void *arg)
{
	struct tally *tally = arg;
	struct arena arena;
	size_t n = strlen(path);
	if (n < 4 || strcmp(path + n - 4, ".hex") != 0)
		return;
	arena_init(&arena, BUDGET);
	if (message_of(tally->schema, &arena, hex_file(&arena, path), name))
		fail_msg("%s passes", name);
	tally->refused++;
	arena_finish(&arena);
}

static void test_readings(void **state)
{
	struct frame_schema *schema = schema_shipped("mbus");
	struct tally tally = { .schema = schema };
	char folder[1200];
	(void)state;
	(void)snprintf(folder, sizeof folder, "%s/test-frames", vectors_path("libmbus-frames"));
	(void)each_file(folder, compare_telegram, &tally);
	(void)printf("%u telegrams: %u numbers and %u texts are the same\n", tally.telegrams,
	        tally.numbers, tally.texts);
	assert_true(tally.telegrams >= TELEGRAMS_FLOOR && tally.numbers >= NUMBERS_FLOOR &&
	            tally.texts >= TEXTS_FLOOR);
	frame_schema_free(schema);
}

static void test_errors_are_refused(void **state)
{
	struct frame_schema *schema = schema_shipped("mbus");
	struct tally tally = { .schema = schema };
	char folder[1200];
	(void)state;
	(void)snprintf(folder, sizeof folder, "%s/error-frames", vectors_path("libmbus-frames"));
	(void)each_file(folder, refuse_telegram, &tally);
	assert_true(tally.refused > 10);
	frame_schema_free(schema);
}

int main(void)
{
	if (!vectors_path("libmbus-frames"))
		return vectors_absent("libmbus-frames");
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_readings),
		cmocka_unit_test(test_errors_are_refused) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
