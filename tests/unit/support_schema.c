/* Shipped descriptions against examples (support_schema.h). */
#include "support_schema.h"

#include "api/codec.h"
#include "codec/frame/frame.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

enum { BUDGET = 16 << 20 };

static slice bytes_of(struct arena *arena, const char *input)
{
	unsigned sum = 0;
	if (strncmp(input, "text:", 5) == 0)
		return slice_of(input + 5);
	if (*input != '$' && *input != '!')
		return from_hex(arena, input);
	for (const char *p = input + 1; *p; p++)
		sum ^= (unsigned char)*p;
	return arena_printf(arena, "%s*%02X\r\n", input, sum);
}

static void show_messages(struct text *text, struct arena *arena, struct frame *frame,
        bool says_device, const struct example *example)
{
	const struct codec *json = codec_for(SLICE("application/json"));
	struct error error = { .text = "" };
	const struct value *value;
	slice path;
	unsigned n = 0;
	slice device = SLICE("device"), secret;
	bool good =
	        frame_messages(frame, &n) && (!says_device || frame_login(frame, &device, &secret));
	for (unsigned i = 0; i < n && good; i++) {
		good = frame_message(frame, i, device, &path, &value);
		if (good && example->key)
			value = value_get(value, slice_of(example->key));
		if (good)
			text_slice_add(text,
			        value ? json->encode(arena, value, &error) : SLICE("nothing"));
	}
	if (!good)
		text_slice_add(text, slice_of(frame_fault_of(frame)->text));
	else if (!frame_value(frame)) /* Whatever gives messages can be looked at whole, too. */
		fail_msg(
		        "%s: %s: %s", example->schema, example->input, frame_fault_of(frame)->text);
}

static void show_frame(struct text *text, struct arena *arena, const struct frame_schema *schema,
        struct frame_session *session, slice bytes, const struct example *example)
{
	enum frame_part part;
	const char *why;
	struct frame_fault fault;
	enum frame_role role = FRAME_ROLE_MESSAGE;
	slice device, secret;
	struct frame *frame = frame_decode(schema, arena, bytes, NULL, &fault);
	if (!frame || !frame_join(frame, session) || !frame_role(frame, &role)) {
		text_slice_add(text, slice_of(fault.text));
	} else if (role == FRAME_ROLE_HEARTBEAT) {
		text_slice_add(text, SLICE("heartbeat"));
	} else if (role == FRAME_ROLE_LOGIN) {
		assert_true(frame_login(frame, &device, &secret));
		text_slice_add(text, SLICE("login("));
		text_slice_add(text, device);
		text_char(text, ')');
	} else if (!frame_assemble(frame, 0, &part, &why)) {
		text_slice_add(text, slice_of(fault.text));
	} else if (part == FRAME_PART_STRAY) {
		text_slice_add(text, slice_of(why));
	} else if (part != FRAME_PART_HELD) {
		show_messages(text, arena, frame, frame_schema_has_device(schema), example);
	}
}

static slice show_stream(struct arena *arena, const struct frame_schema *schema, slice bytes,
        const struct example *example)
{
	struct text text;
	struct frame_piece piece;
	struct frame_session *session = frame_session_create(schema);
	text_init(&text, arena, 256);
	if (!frame_schema_has_framing(schema))
		show_frame(&text, arena, schema, session, bytes, example);
	while (frame_schema_has_framing(schema) && bytes.n) {
		enum frame_cut cut = frame_split(schema, bytes, false, arena, &piece);
		if (cut == FRAME_WHOLE)
			show_frame(&text, arena, schema, session, piece.bytes, example);
		else if (cut == FRAME_BAD)
			text_slice_add(&text, slice_of(piece.why));
		else if (cut == FRAME_MORE)
			text_slice_add(&text, SLICE("not whole"));
		bytes = cut == FRAME_MORE ? (slice){ NULL, 0 } : slice_from(bytes, piece.used);
	}
	frame_session_free(session);
	return text_slice(&text);
}

struct frame_schema *schema_shipped(const char *name)
{
	char path[1024];
	struct error error = { .text = "" };
	const char *source = getenv("FAIRLEAD_SOURCE");
	(void)snprintf(path, sizeof path, "%s/schemas/frames/%s.ksy", source ? source : ".", name);
	struct frame_schema *schema = frame_schema_open(path, &error);
	if (!schema)
		fail_msg("%s", error.text);
	return schema;
}

void schema_check(const struct example *examples, size_t n)
{
	unsigned wrong = 0;
	for (size_t i = 0; i < n; i++) {
		const struct example *at = &examples[i];
		struct arena arena;
		arena_init(&arena, BUDGET);
		struct frame_schema *schema = schema_shipped(at->schema);
		slice got = show_stream(&arena, schema, bytes_of(&arena, at->input), at);
		slice wanted = arena_copy_slice(&arena, slice_of(at->expected));
		for (char *p = memchr(wanted.p, '\'', wanted.n); p; p = strchr(p, '\''))
			*p = '"';
		if (!slice_equal(got, wanted)) {
			wrong++;
			print_error("%s: %s\n  gives    %.*s\n  not      %.*s\n", at->schema,
			        at->input, SLICE_ARG(got), SLICE_ARG(wanted));
		}
		frame_schema_free(schema);
		arena_finish(&arena);
	}
	assert_int_equal(wrong, 0);
}
