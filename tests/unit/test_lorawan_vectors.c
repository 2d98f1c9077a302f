/* LoRaWAN payloads of real devices: each shipped description gives what the maker's own decoder gives. Numbers are compared as
 * doubles. The samples are JavaScript literals rather than JSON (0x1f, names without quotes, commas at the end), so they are
 * rewritten first. */
#include "support.h"

#include "api/codec.h"
#include "api/payload.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUDGET = 16 << 20, VECTORS_FLOOR = 139, COMMANDS_FLOOR = 117 };

static struct {
	unsigned vectors, files, commands;
	const char *maker;
} done;

/* ---- reading the samples ---- */

static size_t put_text(struct text *out, slice in, size_t at)
{
	size_t end = at + 1;
	while (end < in.n && in.p[end] != '"')
		end += in.p[end] == '\\' ? 2 : 1;
	text_slice_add(out, (slice){ in.p + at, end + 1 - at });
	return end + 1;
}

static size_t put_word(struct text *out, slice in, size_t at)
{
	size_t end = at;
	while (end < in.n && (isalnum((unsigned char)in.p[end]) || strchr("_.+-", in.p[end])))
		end++;
	slice word = { in.p + at, end - at };
	bool hex = word.n > 2 && word.p[0] == '0' && (word.p[1] | 0x20) == 'x';
	bool name = (isalpha((unsigned char)word.p[0]) || word.p[0] == '_') &&
	            !slice_is(word, "true") && !slice_is(word, "false") && !slice_is(word, "null");
	if (hex)
		text_printf(out, "%lu", strtoul(word.p, NULL, 16));
	else if (name)
		text_printf(out, "\"%.*s\"", SLICE_ARG(word));
	else
		text_slice_add(out, word);
	return end;
}

static slice as_json(struct arena *arena, slice in)
{
	struct text out;
	text_init(&out, arena, in.n * 2);
	for (size_t at = 0; at < in.n;) {
		char c = in.p[at];
		if (c == '"') {
			at = put_text(&out, in, at);
		} else if (isalnum((unsigned char)c) || c == '-' || c == '_') {
			at = put_word(&out, in, at);
		} else if (c == ',') {
			size_t next = at + 1;
			while (next < in.n && isspace((unsigned char)in.p[next]))
				next++;
			if (next == in.n || !strchr("]}", in.p[next]))
				text_char(&out, c);
			at++;
		} else {
			text_char(&out, c);
			at++;
		}
	}
	return text_slice(&out);
}

/* ---- comparing ---- */

static bool number_of(const struct value *value, double *number)
{
	*number = value->kind == VALUE_INT    ? (double)value->as.integer
	          : value->kind == VALUE_UINT ? (double)value->as.natural
	                                      : value->as.real;
	return value->kind == VALUE_INT || value->kind == VALUE_UINT || value->kind == VALUE_DOUBLE;
}

static bool same(const struct value *a, const struct value *b)
{
	double left, right;
	if (number_of(a, &left) && number_of(b, &right))
		return !(left < right) && !(left > right);
	if (a->kind != b->kind)
		return false;
	if (a->kind != VALUE_LIST && a->kind != VALUE_MAP)
		return value_equal(a, b);
	if (a->count != b->count)
		return false;
	const struct value *other = b->as.members.first;
	for (const struct value *at = a->as.members.first; at; at = at->next) {
		const struct value *with = a->kind == VALUE_LIST ? other : value_get(b, at->key);
		if (!with || !same(at, with))
			return false;
		other = other->next;
	}
	return true;
}

/* ---- the vectors ---- */

static struct value *to_bytes(struct arena *arena, const struct value *list, slice *bytes)
{
	char *made = arena_alloc(arena, list->count + 1);
	size_t n = 0;
	for (const struct value *at = list->as.members.first; at; at = at->next)
		made[n++] = (char)(unsigned char)at->as.integer;
	*bytes = (slice){ made, n };
	return value_map(arena);
}

static void check(
        struct arena *arena, struct payload *payload, const char *name, const struct value *vector)
{
	const struct value *input = value_get(vector, SLICE("input"));
	const struct value *port = value_get(input, SLICE("fPort"));
	const struct value *expected =
	        value_get(value_get(vector, SLICE("expected")), SLICE("data"));
	struct error error = { .text = "" };
	slice bytes;
	struct value *given = to_bytes(arena, value_get(input, SLICE("bytes")), &bytes);
	if (port && payload->ops->has_parameter(payload, SLICE("f_port")))
		assert_true(value_set(given, SLICE("f_port"), value_int(arena, port->as.integer)));
	const struct value *value = payload->ops->decode(payload, arena, bytes, given, &error);
	if (!value)
		fail_msg("%s: %s", name, error.text);
	if (!same(value, expected))
		fail_msg("%s gives\n%.*s, not\n%.*s", name, SLICE_ARG(value_show(arena, value)),
		        SLICE_ARG(value_show(arena, expected)));
	done.vectors++;
}

/* "dl-5tm" of "test_decode_dl-5tm.json" as the name of a description. */
static slice description_of(struct arena *arena, const char *name)
{
	const char *source = getenv("FAIRLEAD_SOURCE");
	static const char before[] = "test_decode_";
	slice device = slice_of(name + sizeof before - 1);
	device.n -= strlen(".json");
	slice path = arena_printf(arena, "%s/schemas/frames/lorawan/%s/%.*s.ksy",
	        source ? source : ".", done.maker, SLICE_ARG(device));
	for (size_t i = path.n - device.n - 4; i < path.n; i++) {
		if (path.p[i] == '-')
			((char *)(uintptr_t)path.p)[i] = '_';
	}
	return path;
}

static void each_sample(const char *path, const char *name, void *arg)
{
	struct arena arena;
	struct error error = { .text = "" };
	(void)arg;
	if (strncmp(name, "test_decode_", strlen("test_decode_")) != 0)
		return;
	arena_init(&arena, BUDGET);
	const struct value *vectors =
	        codec_for(SLICE("application/json"))
	                ->decode(&arena, as_json(&arena, read_whole_file(&arena, path)), &error);
	if (!vectors)
		fail_msg("%s:%u:%u: %s", path, error.line, error.column, error.text);
	if (vectors->count) {
		struct payload *payload =
		        payload_all[0]->open(description_of(&arena, name).p, &error);
		if (!payload)
			fail_msg("%s", error.text);
		for (const struct value *at = vectors->as.members.first; at; at = at->next)
			check(&arena, payload, name, at);
		payload->ops->close(payload);
		done.files++;
	}
	arena_finish(&arena);
}

static void maker(const char *directory, const char *folder)
{
	char path[512];
	done.maker = folder;
	(void)snprintf(path, sizeof path, "chirpstack-codecs/%s/codecs", directory);
	const char *place = vectors_path(path);
	assert_non_null(place);
	(void)snprintf(path, sizeof path, "%s", place);
	assert_true(each_file(path, each_sample, NULL) > 0);
}

static void each_makers_samples(void **state)
{
	static const struct {
		const char *directory, *folder;
	} makers[] = { { "example-vendor", "example_vendor" }, { "elsys", "elsys" },
		{ "dragino", "dragino" }, { "mclimate", "mclimate" }, { "milesight", "milesight" },
		{ "vutility", "vutility" }, { "decentlab", "decentlab" } };
	(void)state;
	for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
		maker(makers[i].directory, makers[i].folder);
	print_message("%u vectors of %u devices\n", done.vectors, done.files);
	assert_true(done.vectors >= VECTORS_FLOOR);
}

/* ---- commands */

static void check_command(
        struct arena *arena, struct payload *payload, const char *name, const struct value *vector)
{
	const struct value *expected = value_get(vector, SLICE("expected"));
	struct error error = { .text = "" };
	slice bytes;
	assert_non_null(to_bytes(arena, value_get(expected, SLICE("bytes")), &bytes));
	slice made = payload->ops->encode(payload, arena, SLICE(""),
	        value_get(value_get(vector, SLICE("input")), SLICE("data")), &error);
	if (!made.p)
		fail_msg("%s: %s", name, error.text);
	if (!slice_equal(made, bytes))
		fail_msg("%s: %zu bytes, not these", name, made.n);
	done.commands++;
}

/* All devices of the maker take the commands of one description. */
static void each_command(const char *path, const char *name, void *arg)
{
	struct arena arena;
	struct error error = { .text = "" };
	if (strncmp(name, "test_encode_", strlen("test_encode_")) != 0)
		return;
	arena_init(&arena, BUDGET);
	slice text = as_json(&arena, read_whole_file(&arena, path));
	const struct value *vectors =
	        codec_for(SLICE("application/json"))->decode(&arena, text, &error);
	if (!vectors)
		fail_msg("%s:%u:%u: %s", path, error.line, error.column, error.text);
	for (const struct value *at = vectors->as.members.first; at; at = at->next)
		check_command(&arena, arg, name, at);
	arena_finish(&arena);
}

static void commands_are_written(void **state)
{
	static const struct {
		const char *directory, *description;
	} makers[] = { { "decentlab", "decentlab/command" },
		{ "example-vendor", "example_vendor/example" } };
	const char *source = getenv("FAIRLEAD_SOURCE");
	(void)state;
	for (size_t i = 0; i < sizeof makers / sizeof *makers; i++) {
		char path[1024];
		struct error error = { .text = "" };
		(void)snprintf(path, sizeof path, "%s/schemas/frames/lorawan/%s.ksy",
		        source ? source : ".", makers[i].description);
		struct payload *payload = payload_all[0]->open(path, &error);
		if (!payload)
			fail_msg("%s", error.text);
		(void)snprintf(
		        path, sizeof path, "chirpstack-codecs/%s/codecs", makers[i].directory);
		const char *place = vectors_path(path);
		assert_non_null(place);
		(void)snprintf(path, sizeof path, "%s", place);
		(void)each_file(path, each_command, payload);
		payload->ops->close(payload);
	}
	print_message("%u commands\n", done.commands);
	assert_true(done.commands >= COMMANDS_FLOOR);
}

int main(void)
{
	if (!vectors_path("chirpstack-codecs"))
		return vectors_absent("chirpstack-codecs");
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_makers_samples),
		cmocka_unit_test(commands_are_written) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
