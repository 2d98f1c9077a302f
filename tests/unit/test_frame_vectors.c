/* Frames of real devices: NMEA 0183 logs, and messages and framing cases of vehicle trackers. */
#include "support_schema.h"

#include "api/codec.h"
#include "codec/frame/frame.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	BUDGET = 64 << 20,
	NMEA_MAX = 256,
	NMEA_FLOOR = 20000,
	POSITIONS_FLOOR = 75,
	RESPONSES_FLOOR = 7
};

/* ---- NMEA 0183 ---- */

struct replay {
	const struct frame_schema *schema;
	unsigned sentences;
};

/* Worked out apart from the code under test: a whole sentence with its checksum. */
static bool is_right(slice text)
{
	unsigned sum = 0;
	if (text.n < 4 || text.n > NMEA_MAX || text.p[text.n - 3] != '*')
		return false;
	for (size_t i = 1; i < text.n - 3; i++) {
		if (text.p[i] == '*')
			return false;
		sum ^= (unsigned char)text.p[i];
	}
	char hex[3] = { text.p[text.n - 2], text.p[text.n - 1], '\0' };
	char *end;
	unsigned written = (unsigned)strtoul(hex, &end, 16);
	return end == hex + 2 && hex[0] != ' ' && hex[0] != '+' && hex[0] != '-' && sum == written;
}

static bool is_start(char c)
{
	return c == '$' || c == '!';
}

/* What a line holds from the first "$" or "!" within reach of its end, or else from the last. */
static slice right_sentence(slice line)
{
	size_t from = line.n > NMEA_MAX ? line.n - NMEA_MAX : 0, last = line.n;
	while (from < line.n && !is_start(line.p[from]))
		from++;
	slice text = slice_from(line, from);
	while (last > from && !is_start(line.p[last - 1]))
		last--;
	if (!is_right(text) && last > from)
		text = slice_from(line, last - 1);
	return is_right(text) ? text : (slice){ NULL, 0 };
}

static slice next_line(slice *rest)
{
	size_t n = 0;
	while (n < rest->n && rest->p[n] != '\r' && rest->p[n] != '\n')
		n++;
	slice line = { rest->p, n };
	/* Without its end it is no sentence yet. */
	if (n == rest->n)
		line.n = 0;
	*rest = slice_from(*rest, n + 1);
	return line;
}

static slice next_frame(const struct replay *replay, slice *stream)
{
	struct frame_piece piece;
	for (;;) {
		enum frame_cut cut = frame_split(replay->schema, *stream, false, NULL, &piece);
		if (cut == FRAME_MORE)
			return (slice){ NULL, 0 };
		*stream = slice_from(*stream, piece.used);
		if (cut == FRAME_WHOLE)
			return piece.bytes;
	}
}

static void decode_sentence(const struct replay *replay, slice sentence, const char *name)
{
	struct arena arena;
	struct frame_fault fault = { .kind = FRAME_FAULT_NONE };
	const struct value *value;
	slice path;
	arena_init(&arena, 1 << 20);
	struct frame *frame = frame_decode(replay->schema, &arena, sentence, NULL, &fault);
	if (!frame || !frame_message(frame, 0, (slice){ NULL, 0 }, &path, &value))
		fail_msg("%s: %.*s: %s: %s", name, SLICE_ARG(sentence), fault.path, fault.text);
	arena_finish(&arena);
}

/* The sentence without the TAG block that may stand before it. */
static slice untagged(slice frame)
{
	if (!frame.n || frame.p[0] != '\\')
		return frame;
	return slice_from(frame, slice_find(slice_from(frame, 1), '\\') + 2);
}

static void replay_file(const char *path, const char *name, void *arg)
{
	struct replay *replay = arg;
	struct arena arena;
	arena_init(&arena, BUDGET);
	slice stream = read_whole_file(&arena, path), lines = stream;
	while (lines.n) {
		slice expected = right_sentence(next_line(&lines));
		if (!expected.n)
			continue;
		slice got = next_frame(replay, &stream);
		if (!slice_equal(untagged(got), expected))
			fail_msg("%s: %.*s instead of %.*s", name, SLICE_ARG(got),
			        SLICE_ARG(expected));
		if (!is_emulated() || replay->sentences % 10 == 0)
			decode_sentence(replay, got, name);
		replay->sentences++;
	}
	assert_int_equal(next_frame(replay, &stream).n, 0);
	arena_finish(&arena);
}

/* A sentence whose checksum is right is delivered, whatever stands in its fields. */
static void test_nmea_fields_that_are_no_numbers(void **state)
{
	static const char text[] = "$GPGGA,1,abc,N,-00130.0,E,q,08,-,5 4,M,1,M,,*%02X\r\n";
	char sentence[sizeof text];
	unsigned sum = 0;
	struct arena arena;
	struct frame_fault fault;
	struct frame_piece piece;
	const struct value *value;
	slice path;
	(void)state;
	for (const char *p = text + 1; *p != '*'; p++)
		sum ^= (unsigned char)*p;
	int n = snprintf(sentence, sizeof sentence, text, sum);
	arena_init(&arena, 1 << 20);
	struct frame_schema *schema = schema_shipped("nmea0183");
	assert_int_equal(frame_split(schema, (slice){ sentence, (size_t)n }, false, NULL, &piece),
	        FRAME_WHOLE);
	struct frame *frame = frame_decode(schema, &arena, piece.bytes, NULL, &fault);
	assert_true(frame && frame_message(frame, 0, (slice){ NULL, 0 }, &path, &value));
	const struct value *data = value_get(value, SLICE("data"));
	assert_int_equal(data->count, 3);
	assert_slice(value_get(data, SLICE("time"))->as.text, "1");
	assert_int_equal(value_get(data, SLICE("satellites"))->as.integer, 8);
	assert_true(value_get(data, SLICE("geoid_separation"))->as.real == 1.0);
	frame_schema_free(schema);
	arena_finish(&arena);
}

static void test_nmea_logs_complete_and_in_order(void **state)
{
	static const char *const folders[] = { "gpsd", "pyais-nmea", "signalk-logs" };
	struct frame_schema *schema = schema_shipped("nmea0183");
	struct replay replay = { .schema = schema };
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		(void)each_file(vectors_path(folders[i]), replay_file, &replay);
	(void)printf("%u sentences\n", replay.sentences);
	assert_true(replay.sentences >= NMEA_FLOOR);
	frame_schema_free(schema);
}

/* ---- vehicle trackers ---- */

static slice member(const struct value *map, const char *key)
{
	const struct value *value = value_get(map, slice_of(key));
	return value && value->kind == VALUE_TEXT ? value->as.text : (slice){ NULL, 0 };
}

static void each_line(const char *name, struct arena *arena,
        void (*each)(const struct value *, void *), void *arg)
{
	char path[1200];
	struct error error;
	(void)snprintf(path, sizeof path, "%s/%s", vectors_path("traccar-frames"), name);
	slice rest = read_whole_file(arena, path);
	while (rest.n) {
		slice line = slice_cut(&rest, '\n');
		struct arena inner;
		arena_init(&inner, 1 << 22);
		struct value *value =
		        codec_for(SLICE("application/json"))->decode(&inner, line, &error);
		if (value)
			each(value, arg);
		arena_finish(&inner);
	}
}

struct trackers {
	const struct frame_schema *schema;
	unsigned positions, responses, refused;
};

static void decode_teltonika(const struct value *line, void *arg)
{
	struct trackers *trackers = arg;
	struct arena arena;
	struct frame_piece piece;
	struct frame_fault fault;
	unsigned n = 0;
	if (!slice_is(member(line, "class"), "TeltonikaProtocolDecoder") || !member(line, "hex").n)
		return;
	arena_init(&arena, 1 << 22);
	slice hex = arena_copy_slice(&arena, member(line, "hex"));
	slice bytes = from_hex(&arena, hex.p);
	enum frame_cut cut = frame_split(trackers->schema, bytes, false, NULL, &piece);
	struct frame *frame = cut == FRAME_WHOLE ? frame_decode(trackers->schema, &arena,
	                                                   piece.bytes, NULL, &fault)
	                                         : NULL;
	enum frame_role role;
	if (frame && frame_role(frame, &role) && role == FRAME_ROLE_MESSAGE &&
	        frame_messages(frame, &n)) {
		const struct value *value;
		slice path;
		bool is_position = false;
		for (unsigned i = 0; i < n; i++) {
			assert_true(
			        frame_message(frame, i, SLICE("356307042441013"), &path, &value));
			is_position = slice_is(path, "/cars/positions/356307042441013");
			const struct value *latitude = value_get(value, SLICE("latitude"));
			/* A record of codec 7 may be without. */
			assert_true(
			        !latitude || (latitude->as.real >= -90 && latitude->as.real <= 90));
			if (!is_position)
				assert_slice(path, "/cars/responses/356307042441013");
		}
		slice ack = frame_answer(trackers->schema, frame, &arena, FRAME_ANSWER_ACK);
		assert_int_equal(ack.n, is_position ? 4 : 0);
		assert_true(!is_position || (unsigned char)ack.p[3] == n);
		*(is_position ? &trackers->positions : &trackers->responses) += n;
	}
	trackers->refused += !frame;
	arena_finish(&arena);
}

static void test_teltonika_messages(void **state)
{
	struct frame_schema *schema = schema_shipped("teltonika");
	struct trackers trackers = { .schema = schema };
	struct arena arena;
	(void)state;
	arena_init(&arena, BUDGET);
	each_line("decoder_inputs.jsonl", &arena, decode_teltonika, &trackers);
	(void)printf(
	        "%u positions, %u responses; %u messages without their checksum, or with groups of "
	        "one model's own\n",
	        trackers.positions, trackers.responses, trackers.refused);
	assert_true(trackers.positions >= POSITIONS_FLOOR && trackers.responses >= RESPONSES_FLOOR);
	arena_finish(&arena);
	frame_schema_free(schema);
}

int main(void)
{
	static const char *const needed[] = { "gpsd", "pyais-nmea", "signalk-logs",
		"traccar-frames" };
	for (unsigned i = 0; i < 4; i++) {
		if (!vectors_path(needed[i]))
			return vectors_absent(needed[i]);
	}
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_nmea_fields_that_are_no_numbers),
		cmocka_unit_test(test_nmea_logs_complete_and_in_order),
		cmocka_unit_test(test_teltonika_messages) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
