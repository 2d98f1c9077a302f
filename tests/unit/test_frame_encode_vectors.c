/* Kaitai Struct's own inputs, read and written again: what comes out is what went in. Each format that cannot be is
 * named with its reason, and the floor of those that can only grows. */
#include "support.h"

#include "codec/frame/meaning/extension.h"

#include <stdio.h>
#include <stdlib.h>

enum { SAME_FLOOR = 148, EQUAL_FLOOR = 169, BUDGET = 64 << 20 };

struct tally {
	const char *folder;
	struct arena arena;
	unsigned same, equal, refused, unread;
};

enum outcome { REFUSED, EQUAL, SAME };

/* The fields' bytes from the beginning on; what no field covers nobody can write. */
static enum outcome again(const struct frame_schema *schema, struct arena *arena,
        struct frame *frame, slice input, struct frame_fault *fault)
{
	struct value *value = frame_value(frame);
	if (!value)
		return REFUSED;
	slice bytes = frame_encode(schema, arena, (slice){ NULL, 0 }, value, fault);
	if (!bytes.p)
		return REFUSED;
	if (bytes.n >= frame->root->input->at && slice_starts(input, bytes))
		return SAME;
	struct frame *second = frame_decode(schema, arena, bytes, NULL, fault);
	struct value *read = second ? frame_value(second) : NULL;
	if (!read || !value_equal(read, value))
		fail_msg("what is written is read as something else: %s", fault->text);
	size_t at = 0;
	while (at < bytes.n && at < input.n && bytes.p[at] == input.p[at])
		at++;
	(void)snprintf(fault->text, sizeof fault->text,
	        "byte %zu is one that the value does not have", at);
	return EQUAL;
}

static void one(struct tally *tally, const struct node *spec, const char *name)
{
	char path[1200];
	struct error error = { .text = "" };
	struct frame_fault fault = { .kind = FRAME_FAULT_NONE };
	const struct node *id = node_get(spec, "id"), *data = node_get(spec, "data");
	(void)snprintf(
	        path, sizeof path, "%s/formats/%.*s.ksy", tally->folder, SLICE_ARG(id->text));
	struct frame_schema *schema = frame_schema_open(path, &error);
	if (!schema) {
		tally->unread++;
		return;
	}
	schema->extension->max_bytes = FRAME_MAX_BYTES;
	(void)snprintf(path, sizeof path, "%s/src/%.*s", tally->folder, SLICE_ARG(data->text));
	slice input = read_whole_file(&tally->arena, path);
	struct frame *frame = frame_decode(schema, &tally->arena, input, NULL, &fault);
	enum outcome outcome = frame ? again(schema, &tally->arena, frame, input, &fault) : REFUSED;
	tally->unread += !frame;
	tally->same += outcome == SAME;
	tally->equal += outcome == EQUAL;
	tally->refused += frame && outcome == REFUSED;
	if (frame && outcome != SAME)
		(void)printf("%s %s: %s: %s\n", outcome == EQUAL ? "equal  " : "refused", name,
		        fault.path, fault.text);
	frame_schema_free(schema);
}

static void each(const char *path, const char *name, void *arg)
{
	struct tally *tally = arg;
	struct error error = { .text = "" };
	arena_init(&tally->arena, BUDGET);
	const struct node *spec =
	        tree_parse(&tally->arena, read_whole_file(&tally->arena, path), &error);
	if (!spec)
		fail_msg("%s: %s", name, error.text);
	if (!node_get(spec, "exception"))
		one(tally, spec, name);
	arena_finish(&tally->arena);
}

static void test_what_was_read_is_written_again(void **state)
{
	(void)state;
	char specs[1100];
	struct tally tally = { .folder = strdup(vectors_path("kaitai-tests")) };
	(void)snprintf(specs, sizeof specs, "%s/spec", tally.folder);
	(void)each_file(specs, each, &tally);
	(void)printf("%u the same, %u equal in value, %u refused, %u not read\n", tally.same,
	        tally.equal, tally.refused, tally.unread);
	free((char *)tally.folder);
	assert_true(tally.same >= SAME_FLOOR);
	assert_true(tally.same + tally.equal >= EQUAL_FLOOR);
}

int main(void)
{
	if (!vectors_path("kaitai-tests"))
		return vectors_absent("kaitai-tests");
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_what_was_read_is_written_again) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
