/* Descriptions of several files: what is found where, and where mistakes are said to stand. */
#include "support.h"

#include "support_frame.h"

#include "codec/frame/frame.h"

#include <stdio.h>
#include <string.h>

enum { BUDGET = 4 << 20 };

struct file {
	const char *path, *text;
};

static bool read_file(
        void *arg, const char *path, struct arena *arena, slice *text, struct error *error)
{
	for (const struct file *at = arg; at->path; at++) {
		if (strcmp(at->path, path) != 0)
			continue;
		*text = arena_copy_slice(arena, slice_of(at->text));
		return text->p != NULL;
	}
	return error_set(error, "no such file");
}

/* The first file is the description. */
static struct frame_schema *load(struct file *files, struct error *error)
{
	return frame_schema_load_files(files[0].path, slice_of(files[0].text),
	        &(struct frame_files){ read_file, files }, error);
}

static void expect(struct file *files, const char *hex, const char *shown)
{
	struct arena arena;
	struct error error;
	struct frame_fault fault;
	arena_init(&arena, BUDGET);
	struct frame_schema *schema = load(files, &error);
	if (!schema)
		fail_msg("%u:%u: %s", error.line, error.column, error.text);
	struct frame *frame = frame_decode(schema, &arena, from_hex(&arena, hex), NULL, &fault);
	if (!frame)
		fail_msg("%s: %s", fault.path, fault.text);
	assert_slice(value_show(&arena, frame_value(frame)), shown);
	frame_schema_free(schema);
	arena_finish(&arena);
}

static void expect_mistake(struct file *files, unsigned line, unsigned column, const char *said)
{
	struct error error;
	assert_null(load(files, &error));
	if (!strstr(error.text, said) || error.line != line || error.column != column)
		fail_msg("said %u:%u: %s", error.line, error.column, error.text);
}

#define ONE "meta: { id: one }\nseq: [{ id: a, type: u1 }]\nenums: { e: { 7: seven } }\n"

static void test_paths(void **state)
{
	(void)state;
	expect(
	        (struct file[]){
	                { "m.ksy", "meta: { id: m, imports: [one, sub/two, /sub/deep/three] }\n"
	                           "seq: [{ id: x, type: one }, { id: y, type: two }, { id: z, "
	                           "type: three }, { id: e, type: u1, enum: 'one::e' }]" },
	                { "one.ksy", ONE },
	                { "sub/two.ksy", "meta: { id: two, imports: [./deep/three, ../one] }\n"
	                                 "seq: [{ id: b, type: three }, { id: c, type: one }]" },
	                { "sub/deep/three.ksy", "meta: { id: three }\nseq: [{ id: d, type: u1 }]" },
	                { NULL, NULL } },
	        "01 02 03 04 07",
	        "{\"x\":{\"a\":1},\"y\":{\"b\":{\"d\":2},\"c\":{\"a\":3}},\"z\":{\"d\":4},\"e\":"
	        "\"seven\"}");
}

/* "/x" is looked up beside the first description, then in its library. */
static void test_library(void **state)
{
	(void)state;
	expect((struct file[]){ { "m.ksy", "meta: { id: m, imports: [/lib/two, /one] }\n"
	                                   "seq: [{ id: x, type: two }, { id: y, type: one }]" },
	               { "one.ksy", ONE },
	               { "ks_path/lib/two.ksy", "meta: { id: two, imports: [../three] }\n"
	                                        "seq: [{ id: b, type: three }]" },
	               { "ks_path/three.ksy", "meta: { id: three, imports: [/lib/two] }\n"
	                                      "seq: [{ id: d, type: u1 }]" },
	               { "ks_path/one.ksy", "not looked at" }, { NULL, NULL } },
	        "01 02", "{\"x\":{\"b\":{\"d\":1}},\"y\":{\"a\":2}}");
}

/* Each is its own root; circles end, since each is read once. */
static void test_circles_and_roots(void **state)
{
	(void)state;
	expect((struct file[]){ { "m.ksy", "meta: { id: m, imports: [n] }\n"
	                                   "seq: [{ id: n, type: u1 }, { id: other, type: n, if: n "
	                                   "> 0 }]\n"
	                                   "instances: { seen: { value: _root.n } }" },
	               { "n.ksy",
	                       "meta: { id: n, imports: [m] }\n"
	                       "seq: [{ id: k, type: u1 }, { id: sub, type: inner }, { id: back, "
	                       "type: m }]\n"
	                       "types: { inner: { seq: [{ id: v, type: u1, valid: _root.k }] } }" },
	               { NULL, NULL } },
	        "01 05 05 00",
	        "{\"n\":1,\"other\":{\"k\":5,\"sub\":{\"v\":5},\"back\":{\"n\":0,\"seen\":0}},"
	        "\"seen\":1}");
}

static void test_opaque_types_lie_beside(void **state)
{
	(void)state;
	expect(
	        (struct file[]){
	                { "m.ksy",
	                        "meta: { id: m, ks-opaque-types: true }\n"
	                        "seq: [{ id: x, type: two(3) }, { id: y, type: 'two::inner' }]" },
	                { "two.ksy",
	                        "meta: { id: two, imports: [one] }\nparams: [{ id: p, type: u1 }]\n"
	                        "seq: [{ id: b, type: one, repeat: expr, repeat-expr: p }]\n"
	                        "types: { inner: { seq: [{ id: i, type: u1 }] } }" },
	                { "one.ksy", ONE }, { NULL, NULL } },
	        "01 02 03 04", "{\"x\":{\"b\":[{\"a\":1},{\"a\":2},{\"a\":3}]},\"y\":{\"i\":4}}");
	expect_mistake((struct file[]){ { "m.ksy", "meta: { id: m, ks-opaque-types: true }\n"
	                                           "seq: [{ id: x, type: two }]" },
	                       { NULL, NULL } },
	        2, 22, "two.ksy: no such file");
}

/* A mistake in an imported file has the place of the import, and says its own. */
static void test_mistakes(void **state)
{
	static const struct {
		const char *imports, *said;
	} cases[] = { { "../one", "\"../one\" is no path below" },
		{ "sub/../../one", "is no path below" }, { "/../one", "is no path below" },
		{ "/", "is no path below" }, { "sub/", "is no path below" },
		{ "a//b", "is no path below" }, { "'a\\b'", "is no path below" },
		{ ".hidden", "is no path below" }, { "missing", "missing.ksy: no such file" },
		{ "/missing", "missing.ksy: no such file" },
		{ "sub/bad", "sub/bad.ksy:2:22: the type \"u3\" is not known" },
		{ "sub/deep", "sub/deep.ksy:1:29: sub/none.ksy: no such file" },
		{ "sub/leads", "sub/bad.ksy:2:22: the type \"u3\" is not known" },
		{ "sub/m", "there are two descriptions \"m\"" } };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[200];
		(void)snprintf(text, sizeof text,
		        "meta:\n  id: m\n  imports:\n    - sub/fine\n    - %s\n", cases[i].imports);
		expect_mistake(
		        (struct file[]){ { "m.ksy", text },
		                { "sub/fine.ksy", "meta: { id: fine }" },
		                { "sub/bad.ksy", "meta: { id: bad }\nseq: [{ id: a, type: u3 }]" },
		                { "sub/deep.ksy", "meta: { id: deep, imports: [none] }" },
		                { "sub/leads.ksy", "meta: { id: leads, imports: [bad] }" },
		                { "sub/m.ksy", "meta: { id: m }" }, { NULL, NULL } },
		        5, 7, cases[i].said);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_paths),
		cmocka_unit_test(test_library), cmocka_unit_test(test_circles_and_roots),
		cmocka_unit_test(test_opaque_types_lie_beside), cmocka_unit_test(test_mistakes) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
