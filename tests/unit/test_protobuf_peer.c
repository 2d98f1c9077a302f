/* Google's own implementation (python3-protobuf) says what is right: protobuf_vectors.py fills messages of every
 * type at random and prints each as bytes and as JSON. Encoding the JSON must give the same bytes, decoding the
 * bytes the same JSON. */
#include "support.h"

#include "api/codec.h"
#include "codec/protobuf/protobuf.h"
#include "codec/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { SKIPPED = 77, MESSAGES_MIN = 400 };

static void check_vector(const struct protobuf_schema *schema, struct arena *arena, slice line)
{
	const struct codec *codec = codec_for(SLICE("application/json"));
	struct error error;
	slice json = line, name = slice_cut(&json, '\t'), hex = slice_cut(&json, '\t');
	const struct protobuf_message *type = protobuf_schema_message(schema, name, &error);
	if (!type)
		fail_msg("%s", error.text);
	slice expected = from_hex(arena, arena_copy_slice(arena, hex).p);
	const struct value *value = codec->decode(arena, json, &error);
	if (!value)
		fail_msg("%.*s: %s", SLICE_ARG(json), error.text);

	slice bytes = protobuf_encode(arena, type, value, &error);
	if (!bytes.p)
		fail_msg("%.*s: %s", SLICE_ARG(json), error.text);
	if (!slice_equal(bytes, expected))
		fail_msg("%.*s %.*s: encoded otherwise", SLICE_ARG(name), SLICE_ARG(json));

	const struct value *decoded = protobuf_decode(arena, type, expected, &error);
	if (!decoded)
		fail_msg("%.*s: %s", SLICE_ARG(json), error.text);
	/* Through JSON once more: bytes are base64 there. */
	slice again = codec->encode(arena, decoded, &error);
	decoded = again.p ? codec->decode(arena, again, &error) : NULL;
	if (!decoded)
		fail_msg("%.*s: %s", SLICE_ARG(json), error.text);
	if (!value_equal(value, decoded))
		fail_msg("%.*s %.*s: decoded as %.*s", SLICE_ARG(name), SLICE_ARG(json),
		        SLICE_ARG(again));
}

static void both_implementations_agree(void **state)
{
	(void)state;
	struct arena arena;
	struct error error;
	arena_init(&arena, 64 << 20);
	struct protobuf_schema *schema = protobuf_schema_load(
	        read_whole_file(&arena, FAIRLEAD_DESCRIPTORS "/everything.pb"), &error);
	if (!schema)
		fail_msg("%s", error.text);
	FILE *vectors = popen(FAIRLEAD_PYTHON
	        " '" FAIRLEAD_SOURCE "/tests/unit/protobuf_vectors.py' '" FAIRLEAD_DESCRIPTORS
	        "/everything.pb'",
	        "r");
	assert_non_null(vectors);
	char *line = NULL;
	size_t room = 0;
	unsigned count = 0;
	for (ssize_t n = getline(&line, &room, vectors); n > 0;
	        n = getline(&line, &room, vectors), count++) {
		struct arena per_message;
		arena_init(&per_message, 16 << 20);
		check_vector(schema, &per_message, slice_trim((slice){ line, (size_t)n }));
		arena_finish(&per_message);
	}
	free(line);
	assert_int_equal(pclose(vectors), 0);
	assert_true(count >= MESSAGES_MIN);
	protobuf_schema_free(schema);
	arena_finish(&arena);
}

int main(void)
{
	if (system(FAIRLEAD_PYTHON " -c 'import google.protobuf'") != 0) {
		(void)printf("skipped: python3-protobuf is not installed\n");
		return getenv("CI") ? 1 : SKIPPED;
	}
	const struct CMUnitTest tests[] = { cmocka_unit_test(both_implementations_agree) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
