/* Whom a message says it is about: the first line is a pointer, the rest a body in JSON. What is found is a text of the body
 * that is there once; the same body in CBOR says the same. Rules and names to act for are tried on both. */
#include <stdint.h>
#include <stdlib.h>

#include "api/codec.h"
#include "codec/value.h"
#include "core/role.h"
#include "core/self.h"
#include "core/subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* assert() is off in optimised builds. */
static void check(bool holds)
{
	if (!holds)
		abort();
}

static void look(struct arena *arena, slice pointer, const struct value *value)
{
	struct error error = { .text = "" };
	slice subject, again;
	enum subject_answer answer = subject_find(arena, value, pointer, &subject);
	check(answer != SUBJECT_FOUND || subject.n);
	if (answer != SUBJECT_FOUND)
		return;
	const struct codec *cbor = codec_for(SLICE("application/cbor"));
	slice body = cbor->encode(arena, value, &error);
	const struct value *other = body.p ? cbor->decode(arena, body, &error) : NULL;
	if (!other)
		return;
	check(subject_find(arena, other, pointer, &again) == SUBJECT_FOUND);
	check(slice_equal(subject, again));
	const struct identity who = { .id = subject };
	check(self_is(&who, again));
}

/* A rule that allows a path denies it as well: denying reads it more loosely. */
static void try_rule(slice text, slice path)
{
	struct role_rule rule;
	const char *why;
	const struct identity who = { .id = SLICE("b/c"), .acts_for = &text, .nacts_for = 1 };
	if (!path.n || path.p[0] != '/' || !role_rule_parse(text, &rule, &why))
		return;
	const struct role role = { .allow = &rule, .nallow = 1, .deny = &rule, .ndeny = 1 };
	for (unsigned method = 0; method < METHOD_COUNT; method++) {
		if (role_allowing(&role, (enum method)method, path, &who))
			check(role_denying(&role, (enum method)method, path, &who) == &rule);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena;
	arena_init(&arena, 4 << 20);
	struct error error;
	const char *why;
	slice body = { n ? (const char *)bytes : "", n };
	slice pointer = slice_cut(&body, '\n');
	if (!body.p)
		body = SLICE("");
	try_rule(pointer, body);
	const struct value *value =
	        codec_for(SLICE("application/json"))->decode(&arena, body, &error);
	if (value && subject_pointer_valid(pointer, &why))
		look(&arena, pointer, value);
	arena_finish(&arena);
	return 0;
}
