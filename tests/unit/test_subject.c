/* Whom a message is about, by a JSON pointer into what it means. */
#include "support.h"

#include "api/codec.h"
#include "core/subject.h"

static const struct {
	const char *media, *body, *pointer;
	enum subject_answer answer;
	const char *subject;
} cases[] = {
	{ "application/json", "{\"deviceId\":\"a\"}", "/deviceId", SUBJECT_FOUND, "a" },
	{ "application/json", "{\"device\\u0049d\":\"\\u0061\"}", "/deviceId", SUBJECT_FOUND, "a" },
	{ "application/json", "{\"x\":{\"y\":[0,{\"id\":\"a\"}]}}", "/x/y/1/id", SUBJECT_FOUND,
	        "a" },
	{ "application/json", "{\"id\":4711}", "/id", SUBJECT_FOUND, "4711" },
	{ "application/json", "{\"id\":18446744073709551615}", "/id", SUBJECT_FOUND,
	        "18446744073709551615" },
	/* RFC 6901 section 5, as far as texts go. */
	{ "application/json", "{\"foo\":[\"bar\",\"baz\"]}", "/foo/0", SUBJECT_FOUND, "bar" },
	{ "application/json", "{\"\":\"0\"}", "/", SUBJECT_FOUND, "0" },
	{ "application/json", "{\"a/b\":\"1\"}", "/a~1b", SUBJECT_FOUND, "1" },
	{ "application/json", "{\"c%d\":\"2\"}", "/c%d", SUBJECT_FOUND, "2" },
	{ "application/json", "{\" \":\"7\"}", "/ ", SUBJECT_FOUND, "7" },
	{ "application/json", "{\"m~n\":\"8\"}", "/m~0n", SUBJECT_FOUND, "8" },
	{ "application/json", "{\"~1\":\"9\"}", "/~01", SUBJECT_FOUND, "9" },
	/* Not there, or nothing that an id could be. */
	{ "application/json", "{}", "/id", SUBJECT_MISSING, NULL },
	{ "application/json", "{\"id\":\"\"}", "/id", SUBJECT_MISSING, NULL },
	{ "application/json", "{\"id\":null}", "/id", SUBJECT_MISSING, NULL },
	{ "application/json", "{\"id\":true}", "/id", SUBJECT_MISSING, NULL },
	{ "application/json", "{\"id\":1.0}", "/id", SUBJECT_MISSING, NULL },
	{ "application/json", "{\"id\":[]}", "/id", SUBJECT_MISSING, NULL },
	{ "application/json", "{\"id\":[\"a\"]}", "/id", SUBJECT_MISSING, NULL },
	{ "application/json", "{\"id\":{\"a\":1}}", "/id", SUBJECT_MISSING, NULL },
	{ "application/json", "\"a\"", "/id", SUBJECT_MISSING, NULL },
	{ "application/json", "{\"ID\":\"a\"}", "/id", SUBJECT_MISSING, NULL },
	{ "application/json", "{\"x\":{\"id\":\"a\"}}", "/id", SUBJECT_MISSING, NULL },
	{ "application/json", "[\"a\"]", "/00", SUBJECT_MISSING, NULL },
	{ "application/json", "[\"a\"]", "/1", SUBJECT_MISSING, NULL },
	{ "application/json", "[\"a\"]", "/-", SUBJECT_MISSING, NULL },
	{ "application/json", "[\"a\"]", "/99999999999999999999", SUBJECT_MISSING, NULL },
	/* For who does not tell letters apart this would be another device's. */
	{ "application/json", "{\"id\":\"a\",\"ID\":\"b\"}", "/id", SUBJECT_AMBIGUOUS, NULL },
	{ "application/json", "{\"iD\":\"b\",\"id\":\"a\"}", "/id", SUBJECT_AMBIGUOUS, NULL },
	{ "application/json", "{\"x\":{\"id\":\"a\"},\"X\":{\"id\":\"b\"}}", "/x/id",
	        SUBJECT_AMBIGUOUS, NULL },
	/* Some take the first, some the last. */
	{ "application/json", "{\"id\":\"a\",\"id\":\"a\"}", "/id", SUBJECT_AMBIGUOUS, NULL },
	{ "application/json", "{\"x\":{\"id\":\"a\"},\"x\":{\"id\":\"b\"}}", "/x/id",
	        SUBJECT_AMBIGUOUS, NULL },
	{ "application/json", "{\"x\":{\"y\":1,\"y\":2},\"id\":\"a\"}", "/id", SUBJECT_FOUND, "a" },
	{ "application/cbor", "\xa2\x62id\x61\x61\x62id\x61\x62", "/id", SUBJECT_AMBIGUOUS, NULL },
	{ "application/senml+json", "[{\"bn\":\"b\",\"bn\":\"a\"},{\"v\":2}]", "/n",
	        SUBJECT_AMBIGUOUS, NULL },
	{ "application/senml+json", "[{\"n\":\"b\",\"n\":\"a\",\"v\":2}]", "/n", SUBJECT_AMBIGUOUS,
	        NULL },
	{ "application/xml", "<r><id>a</id><x:id xmlns:x='y'>b</x:id></r>", "/id", SUBJECT_MISSING,
	        NULL },
	/* Of a list each member has to say it, and the same. */
	{ "application/json", "[{\"id\":\"a\"},{\"id\":\"a\"}]", "/id", SUBJECT_FOUND, "a" },
	{ "application/json", "[{\"id\":\"a\"},{\"id\":\"b\"}]", "/id", SUBJECT_AMBIGUOUS, NULL },
	{ "application/json", "[{\"id\":\"a\"},{}]", "/id", SUBJECT_MISSING, NULL },
	{ "application/json", "[{\"id\":\"a\"},3]", "/id", SUBJECT_MISSING, NULL },
	{ "application/json", "[]", "/id", SUBJECT_MISSING, NULL },
	{ "application/json", "[[{\"id\":\"a\"}],[]]", "/id", SUBJECT_MISSING, NULL },
	{ "application/json", "[{\"id\":\"a\"},{\"id\":\"b\"}]", "/0/id", SUBJECT_FOUND, "a" },
	/* Other notations. */
	{ "application/cbor", "\xa1\x62id\x61\x61", "/id", SUBJECT_FOUND, "a" },
	{ "application/cbor", "\xa1\x62id\x41\x61", "/id", SUBJECT_MISSING, NULL }, /* bytes */
	{ "application/xml", "<r><id>a</id></r>", "/id", SUBJECT_FOUND, "a" },
	{ "application/xml", "<r><id>a</id><id>b</id></r>", "/id", SUBJECT_MISSING, NULL },
	{ "application/senml+json", "[{\"bn\":\"a\",\"v\":1},{\"v\":2}]", "/n", SUBJECT_FOUND,
	        "a" },
	{ "application/senml+json", "[{\"n\":\"a\",\"v\":1},{\"n\":\"b\",\"v\":2}]", "/n",
	        SUBJECT_AMBIGUOUS, NULL },
	{ "text/plain", "a", "/id", SUBJECT_MISSING, NULL },
};

static void what_stands_at_a_pointer(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena arena;
		arena_init(&arena, 1 << 20);
		struct error error = { .text = "" };
		const struct value *value =
		        codec_for(slice_of(cases[i].media))
		                ->decode(&arena, slice_of(cases[i].body), &error);
		if (!value)
			fail_msg("%s: %s", cases[i].body, error.text);
		slice subject;
		enum subject_answer answer =
		        subject_find(&arena, value, slice_of(cases[i].pointer), &subject);
		if (answer != cases[i].answer ||
		        (cases[i].subject && !slice_is(subject, cases[i].subject)))
			fail_msg("%s of %s: %d %.*s", cases[i].pointer, cases[i].body, answer,
			        SLICE_ARG(subject));
		arena_finish(&arena);
	}
}

static void pointers_are_valid_or_say_why(void **state)
{
	(void)state;
	static const struct {
		const char *pointer;
		bool valid;
	} pointers[] = {
		{ "/a", true },
		{ "/", true },
		{ "/a/0/b", true },
		{ "/~0~1", true },
		{ "", false },
		{ "a", false },
		{ "/~", false },
		{ "/~2", false },
		{ "/a~", false },
		{ "#/a", false },
	};
	for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++) {
		const char *why = NULL;
		if (subject_pointer_valid(slice_of(pointers[i].pointer), &why) != pointers[i].valid)
			fail_msg("%s: %s", pointers[i].pointer, why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stands_at_a_pointer),
		cmocka_unit_test(pointers_are_valid_or_say_why),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
