/* Kaitai Struct's own tests: each spec/NAME.kst names a format, an input, and what is to come out. Each passes, or its
 * format is refused at load time by the name of what is not supported; none fails. The floor of those that pass only
 * grows. */
#include "support.h"

#include "codec/frame/program.h"
#include "codec/frame/load/tree.h"

#include <stdio.h>
#include <stdlib.h>

enum { PASSED_FLOOR = 202, BUDGET = 8 << 20 };

struct tally {
	const char *folder;
	struct arena arena;
	unsigned passed, refused, failed;
};

enum outcome { PASSED, REFUSED, FAILED };

static const struct expression *compile(
        struct frame_schema *schema, struct arena *arena, slice text, struct error *error)
{
	struct loader loader = {
		.schema = schema, .arena = arena, .error = error, .self = schema->root
	};
	return expression_compile(&loader, text, 1, 1);
}

/* Without ".as<a::b>": the expected files cast for languages with static types, and not always to a type that
 * exists. */
static slice without_casts(struct arena *arena, slice text)
{
	char *out = arena_alloc(arena, text.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (slice_starts(slice_from(text, i), SLICE(".as<")))
			i += slice_find(slice_from(text, i), '>');
		else
			out[n++] = text.p[i];
	}
	return (slice){ out, n };
}

/* An enum without a name for its number is compared with that number. */
static void unname(struct cell *cell)
{
	if (cell->kind == CELL_ENUM &&
	        !enum_find(cell->enumeration, cell->as.integer, cell->natural))
		cell->kind = CELL_INTEGER;
}

static bool holds(struct frame_schema *schema, struct frame *frame, const struct node *assertion,
        struct error *error)
{
	const struct node *actual = node_get(assertion, "actual");
	const struct node *expected = node_get(assertion, "expected");
	struct scope scope = { .self = frame->root, .index = -1 };
	struct cell got, wanted;
	const struct expression *left = compile(schema, frame->arena, actual->text, error);
	if (!left)
		left = compile(
		        schema, frame->arena, without_casts(frame->arena, actual->text), error);
	if (!left)
		return false;
	if (!evaluate(frame, &scope, left, &got))
		return error_set(error, "%s: %s", frame->fault->path, frame->fault->text);
	if (slice_is(expected->text, "null"))
		return got.kind == CELL_ABSENT || error_set(error, "not null");
	const struct expression *right = compile(schema, frame->arena, expected->text, error);
	if (!right)
		return false;
	if (!evaluate(frame, &scope, right, &wanted))
		return error_set(error, "expected: %s", frame->fault->text);
	unname(&got);
	unname(&wanted);
	return cells_equal(&got, &wanted) ||
	       error_set(error, "%.*s is not %.*s (kinds %d, %d)", SLICE_ARG(actual->text),
	               SLICE_ARG(expected->text), got.kind, wanted.kind);
}

static enum outcome run(struct frame_schema *schema, struct arena *arena, const struct node *spec,
        slice input, struct error *error)
{
	struct frame_fault fault;
	struct frame *frame = frame_decode(schema, arena, input, NULL, &fault);
	const struct node *exception = node_get(spec, "exception");
	if (exception) {
		bool validation = slice_starts(exception->text, SLICE("Validation"));
		if (frame)
			(void)error_set(error, "decoded, though it should not");
		if (frame || (validation && fault.kind != FRAME_FAULT_VALID &&
		                     fault.kind != FRAME_FAULT_CONTENTS))
			return FAILED;
		return PASSED;
	}
	if (!frame) {
		(void)error_set(error, "%s: %s (byte %zu)", fault.path, fault.text, fault.offset);
		return FAILED;
	}
	NODE_EACH (node_get(spec, "asserts"), at) {
		if (!holds(schema, frame, at, error))
			return FAILED;
	}
	return PASSED;
}

static enum outcome load_and_run(struct tally *tally, const struct node *spec, struct error *error)
{
	char path[1200];
	const struct node *id = node_get(spec, "id"), *data = node_get(spec, "data");
	(void)snprintf(
	        path, sizeof path, "%s/formats/%.*s.ksy", tally->folder, SLICE_ARG(id->text));
	struct frame_schema *schema = frame_schema_open(path, error);
	if (!schema) {
		assert_true(error->text[0] != '\0');
		return REFUSED;
	}
	(void)snprintf(path, sizeof path, "%s/src/%.*s", tally->folder, SLICE_ARG(data->text));
	slice input = read_whole_file(&tally->arena, path);
	enum outcome outcome = run(schema, &tally->arena, spec, input, error);
	frame_schema_free(schema);
	return outcome;
}

static void one(const char *path, const char *name, void *arg)
{
	struct tally *tally = arg;
	struct error error = { .text = "" };
	arena_init(&tally->arena, BUDGET);
	const struct node *spec =
	        tree_parse(&tally->arena, read_whole_file(&tally->arena, path), &error);
	if (!spec)
		fail_msg("%s: %s", name, error.text);
	enum outcome outcome = load_and_run(tally, spec, &error);
	tally->passed += outcome == PASSED;
	tally->refused += outcome == REFUSED;
	tally->failed += outcome == FAILED;
	if (outcome != PASSED)
		(void)printf("%s %s: line %u: %s\n", outcome == REFUSED ? "refused" : "FAILED",
		        name, error.line, error.text);
	arena_finish(&tally->arena);
}

static void test_kaitai_vectors(void **state)
{
	(void)state;
	char specs[1100];
	struct tally tally = { .folder = strdup(vectors_path("kaitai-tests")) };
	(void)snprintf(specs, sizeof specs, "%s/spec", tally.folder);
	(void)each_file(specs, one, &tally);
	(void)printf("%u passed, %u refused by name, %u failed\n", tally.passed, tally.refused,
	        tally.failed);
	free((char *)tally.folder);
	assert_int_equal(tally.failed, 0);
	assert_true(tally.passed >= PASSED_FLOOR);
}

int main(void)
{
	if (!vectors_path("kaitai-tests"))
		return vectors_absent("kaitai-tests");
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_kaitai_vectors) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
