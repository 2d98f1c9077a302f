/* AIS messages of real receivers, against what gpsd makes of them. Its names and its marks for "not known" are its
 * own; a number may differ in what it rounds. */
#include "support_schema.h"

#include "api/codec.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUDGET = 64 << 20, MATCHED_FLOOR = 89, MEMBERS_FLOOR = 460, MESSAGES_MAX = 4096 };

static const struct {
	const char *theirs, *ours;
} names[] = { { "speed", "speed_knots" }, { "lon", "longitude" }, { "lat", "latitude" },
	{ "course", "course" }, { "heading", "heading" }, { "second", "second" },
	{ "raim", "raim" }, { "radio", "radio" }, { "accuracy", "accurate" },
	{ "shipname", "name" }, { "callsign", "callsign" }, { "destination", "destination" },
	{ "imo", "imo" }, { "draught", "draught" }, { "to_bow", "to_bow" },
	{ "to_stern", "to_stern" }, { "to_port", "to_port" }, { "to_starboard", "to_starboard" },
	{ "shiptype", "ship_type" }, { "timestamp", "time" }, { "alt", "altitude" },
	{ "text", "text" }, { "dest_mmsi", "destination_mmsi" }, { "dac", "area" },
	{ "fid", "application" }, { "virtual_aid", "virtual" }, { "name", "name" },
	{ "aid_type", "aid_type" }, { "model", "model" }, { "serial", "serial" },
	{ "seqno", "sequence" }, { "assigned", "assigned" }, { "off_position", "off_position" },
	{ "channel_a", "channel_a" }, { "interval", "interval" }, { "quiet", "quiet_minutes" } };

struct decoded {
	struct arena arena;
	const struct value *messages[MESSAGES_MAX];
	unsigned n, refused;
};

static void decode_one(struct decoded *decoded, const struct frame_schema *schema,
        struct frame_session *session, slice bytes)
{
	struct frame_fault fault;
	enum frame_part part;
	const char *why;
	const struct value *value;
	slice path;
	struct frame *frame = frame_decode(schema, &decoded->arena, bytes, NULL, &fault);
	if (!frame || !frame_join(frame, session) || !frame_assemble(frame, 0, &part, &why)) {
		decoded->refused++;
		return;
	}
	if (part != FRAME_PART_WHOLE || decoded->n == MESSAGES_MAX)
		return;
	assert_true(frame_message(frame, 0, (slice){ NULL, 0 }, &path, &value));
	decoded->messages[decoded->n++] = value_get(value, SLICE("message"));
}

static void decode_file(
        struct decoded *decoded, const struct frame_schema *schema, const char *path)
{
	struct frame_session *session = frame_session_create(schema);
	struct frame_piece piece;
	slice rest = read_whole_file(&decoded->arena, path);
	enum frame_cut cut = frame_split(schema, rest, false, NULL, &piece);
	while (cut != FRAME_MORE) {
		if (cut == FRAME_WHOLE)
			decode_one(decoded, schema, session, piece.bytes);
		rest = slice_from(rest, piece.used);
		cut = frame_split(schema, rest, false, NULL, &piece);
	}
	frame_session_free(session);
}

static double number_of(const struct value *value)
{
	switch ((int)value->kind) {
	case VALUE_INT:
		return (double)value->as.integer;
	case VALUE_UINT:
		return (double)value->as.natural;
	case VALUE_DOUBLE:
		return value->as.real;
	default:
		return NAN;
	}
}

static double number_at(const struct value *map, const char *key)
{
	const struct value *value = value_get(map, slice_of(key));
	return value ? number_of(value) : NAN;
}

static bool same_value(const struct value *ours, const struct value *theirs, double within)
{
	if (theirs->kind == VALUE_BOOL)
		return ours->kind == VALUE_BOOL && ours->as.boolean == theirs->as.boolean;
	if (theirs->kind == VALUE_TEXT)
		return ours->kind == VALUE_TEXT && slice_equal(ours->as.text, theirs->as.text);
	double difference = number_of(ours) - number_of(theirs);
	return fabs(difference) < within;
}

/* How many members both have; 0: one of them differs, or it is another message. */
static unsigned alike(const struct value *ours, const struct value *theirs)
{
	unsigned n = 0;
	int type = (int)number_at(theirs, "type");
	if (number_at(ours, "type") != type || number_at(ours, "mmsi") != number_at(theirs, "mmsi"))
		return 0;
	/* The position of a type 17 is given in tenths of a degree there, that of a type 27 in four places; of types 6
	 * and 8 the data are read. */
	bool rounded = type == 17 || type == 6 || type == 8;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct value *a = value_get(ours, slice_of(names[i].ours));
		const struct value *b = value_get(theirs, slice_of(names[i].theirs));
		if (!a || !b || (rounded && strstr("lon lat", names[i].theirs)))
			continue;
		if (!same_value(a, b, type == 27 ? 1e-4 : 1e-6))
			return 0;
		n++;
	}
	return n + 2;
}

static void test_messages_as_gpsd_has_them(void **state)
{
	/* The messages' names are the schema's. */
	struct frame_schema *schema = schema_shipped("ais");
	struct decoded *decoded = calloc(1, sizeof *decoded);
	struct error error;
	char path[1200];
	unsigned at = 0, matched = 0, members = 0, lines = 0;
	(void)state;
	assert_non_null(decoded);
	arena_init(&decoded->arena, BUDGET);
	(void)snprintf(path, sizeof path, "%s/sample.aivdm", vectors_path("gpsd"));
	decode_file(decoded, schema, path);
	(void)snprintf(path, sizeof path, "%s/sample.aivdm.js.chk", vectors_path("gpsd"));
	slice rest = read_whole_file(&decoded->arena, path);
	while (rest.n) {
		const struct value *theirs =
		        codec_for(SLICE("application/json"))
		                ->decode(&decoded->arena, slice_cut(&rest, '\n'), &error);
		unsigned i = at, same = 0;
		if (!theirs)
			continue;
		lines++;
		while (i < decoded->n && !same)
			same = alike(decoded->messages[i++], theirs);
		if (!same)
			continue;
		members += same;
		matched++;
		at = i;
	}
	(void)printf("%u of %u messages, %u members; the others have text behind the checksum\n",
	        matched, lines, members);
	assert_int_equal(decoded->refused, 0);
	assert_true(matched >= MATCHED_FLOOR && members >= MEMBERS_FLOOR);
	arena_finish(&decoded->arena);
	free(decoded);
	frame_schema_free(schema);
}

int main(void)
{
	if (!vectors_path("gpsd"))
		return vectors_absent("gpsd");
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_messages_as_gpsd_has_them) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
