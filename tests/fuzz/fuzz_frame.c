/* Any bytes as a stream of frames, under a description that uses most of the language. */
#include "codec/frame/frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const char description[] =
        "meta: { id: fuzz, endian: be, encoding: UTF-8 }\n"
        "seq:\n"
        "  - { id: head, type: u1 }\n"
        "  - { id: kind, type: u1, enum: kind }\n"
        "  - { id: length, type: u2 }\n"
        "  - id: body\n"
        "    size: length\n"
        "    type:\n"
        "      switch-on: kind\n"
        "      cases:\n"
        "        'kind::nested': nested\n"
        "        'kind::texts': texts\n"
        "        'kind::bits': bits\n"
        "        'kind::far': far\n"
        "enums: { kind: { 1: nested, 2: texts, 3: bits, 4: far } }\n"
        "types:\n"
        "  nested:\n"
        "    seq:\n"
        "      - { id: n, type: u4 }\n"
        "      - { id: items, type: nested, repeat: expr, repeat-expr: n, if: not _io.eof }\n"
        "  texts:\n"
        "    seq:\n"
        "      - { id: a, type: strz }\n"
        "      - { id: b, type: str, encoding: UTF-16LE, size: 4, pad-right: 0 }\n"
        "      - { id: c, type: str, encoding: ISO-8859-1, terminator: 0x2c, eos-error: false }\n"
        "      - { id: d, size-eos: true, process: xor(0x55) }\n"
        "    instances:\n"
        "      number: { value: a.to_i }\n"
        "      part: { value: 'c.substring(1, 2).reverse + a' }\n"
        "  bits:\n"
        "    seq:\n"
        "      - { id: a, type: b3 }\n"
        "      - { id: b, type: b13le, valid: { min: 1, max: 8000 } }\n"
        "      - { id: c, type: b64, repeat: until, repeat-until: _ % 3 == 0 or _io.eof }\n"
        "      - { id: d, type: f4le, repeat: eos }\n"
        "  far:\n"
        "    seq:\n"
        "      - { id: at, type: u4 }\n"
        "    instances:\n"
        "      there: { pos: at, type: s8le }\n"
        "      sum: { value: there * at + (there >> 3) / (at & 7) - there % 5 }\n"
        "-fairlead:\n"
        "  framing:\n"
        "    - { start: [[0xfa]], length-field: { offset: 2, size: 2 } }\n"
        "    - { start: [[0xfb]], length-field: { offset: 2, size: 2 },\n"
        "        checksum: { algorithm: crc-16/modbus } }\n"
        "    - { start: ['$', '!'], delimiter: [\"\\r\\n\", \"\\n\"],\n"
        "        checksum: { algorithm: nmea, optional: true } }\n"
        "    - { start: [[0]], fixed: 12 }\n"
        "  max: 512\n"
        "  login: { when: head == 0, device: body.as<texts>.a, secret: body.as<texts>.c }\n"
        "  session:\n"
        "    length: { when: kind != kind::far, value: length, initial: 1 }\n"
        "    text: { when: kind == kind::texts, value: body.as<texts>.part }\n"
        "    sum: { value: session.sum + session.length, initial: 0 }\n"
        "  assemble:\n"
        "    - { when: head == 0xfb, key: [kind, session.text], first: 0, part: length & 15,\n"
        "        length: length, bytes: session.text, type: texts, max: 64, open: 3 }\n"
        "    - { when: head == 0xfa and length > 4, key: length, part: session.sum & 3,\n"
        "        last: session.sum % 3 == 0, bytes: '[1, 2, 3, 65, 0]', type: bits, max: 32 }\n"
        "  path: \"/fuzz/{device}/{kind}/{length}\"\n"
        "  ack: [6, { u4be: length }, { text: kind }, { checksum: crc-32 }]\n";

static void answer(struct frame *frame, struct frame_session *session,
        const struct frame_schema *schema, struct arena *arena)
{
	enum frame_role role;
	enum frame_part part;
	const char *why;
	slice device = SLICE("a b"), secret, path;
	const struct value *value;
	if (!frame_join(frame, session) || !frame_role(frame, &role) ||
	        !frame_assemble(frame, 0, &part, &why))
		return;
	if ((part == FRAME_PART_STRAY) != (why != NULL) || frame_session_open(session) > 64)
		abort();
	if (role == FRAME_ROLE_LOGIN)
		(void)frame_login(frame, &device, &secret);
	else
		(void)frame_message(frame, 0, device, &path, &value);
	(void)frame_answer(schema, frame, arena, FRAME_ANSWER_ACK);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct frame_schema *schema;
	struct error error = { .text = "" };
	if (!schema)
		schema = frame_schema_load(slice_of(description), &error);
	if (!schema)
		abort();
	struct frame_session *session = frame_session_create(schema);
	if (!session)
		abort();
	slice rest = { (const char *)bytes, n };
	while (rest.n) {
		struct frame_piece piece;
		struct frame_fault fault;
		struct arena arena;
		enum frame_cut cut = frame_split(schema, rest, false, NULL, &piece);
		if (cut == FRAME_MORE)
			break;
		if (!piece.used || piece.used > rest.n || piece.bytes.n > rest.n)
			abort();
		arena_init(&arena, 1 << 20);
		struct frame *frame = frame_decode(schema, &arena, piece.bytes, NULL, &fault);
		if (frame)
			answer(frame, session, schema, &arena);
		arena_finish(&arena);
		rest = slice_from(rest, piece.used);
	}
	frame_session_free(session);
	return 0;
}
