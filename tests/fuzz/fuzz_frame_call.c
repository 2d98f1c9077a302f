/* Any bytes as what a device answers to a request: which request it is, whether it refuses, and what it says. The first
 * byte is the length of the request, as it was sent. */
#include "codec/frame/frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const char description[] =
        "meta: { id: fuzz, endian: be, bit-endian: le, encoding: ASCII }\n"
        "seq:\n"
        "  - { id: number, type: u2 }\n"
        "  - { id: kind, type: u1, enum: kind }\n"
        "  - { id: size, type: u1 }\n"
        "  - id: body\n"
        "    size: size\n"
        "    type: { switch-on: kind, cases: { 'kind::registers': registers, 'kind::coils': coils "
        "} }\n"
        "enums: { kind: { 3: registers, 1: coils, 0x83: refused } }\n"
        "types:\n"
        "  request:\n"
        "    seq:\n"
        "      - { id: number, type: u2 }\n"
        "      - { id: kind, type: u1 }\n"
        "      - { id: quantity, type: u2 }\n"
        "      - { id: values, type: u2, repeat: expr, repeat-expr: quantity, if: kind == 16 }\n"
        "  registers:\n"
        "    seq: [{ id: values, type: u2, repeat: eos }]\n"
        "    instances: { floats: { pos: 0, type: f4, repeat: expr, repeat-expr: _io.size / 4 } }\n"
        "  coils: { seq: [{ id: values, type: b1, repeat: eos }] }\n"
        "-fairlead:\n"
        "  framing: { length-field: { offset: 3, size: 1 } }\n"
        "  call:\n"
        "    type: request\n"
        "    set: { number: _transaction & 0xffff }\n"
        "    answer:\n"
        "      when: kind != kind::coils or size > 0\n"
        "      match: number == _request.number\n"
        "      error: { when: kind.to_i >= 0x80, status: 'size == 0 ? \"not-found\" : "
        "number.to_s', "
        "text: 'f\"{kind}\"' }\n"
        "      emit:\n"
        "        registers: { $if: kind == kind::registers, $value: body.as<registers>.values }\n"
        "        floats: { $if: kind == kind::registers, $value: body.as<registers>.floats }\n"
        "        coils: { $if: kind == kind::coils, $each: body.as<coils>.values, $value: { $if: "
        "_index < _request.quantity, $value: _ } }\n"
        "        all: { $if: _request.kind == 16, $value: '_request.values[number]' }\n";

static struct frame_schema *schema(void)
{
	static struct frame_schema *loaded;
	struct error error;
	if (!loaded)
		loaded = frame_schema_load(slice_of(description), &error);
	if (!loaded)
		abort();
	return loaded;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena;
	struct frame_fault fault;
	struct frame_outcome outcome;
	bool answer, answers = false;
	if (n < 1 || n - 1 < bytes[0])
		return 0;
	slice request = { (const char *)bytes + 1, bytes[0] };
	slice received = { (const char *)bytes + 1 + request.n, n - 1 - request.n };
	arena_init(&arena, 1 << 20);
	struct frame *frame = frame_decode(schema(), &arena, received, NULL, &fault);
	if (frame && frame_is_answer(frame, &answer) && answer &&
	        frame_answers(frame, request, &answers) && answers &&
	        frame_outcome(frame, &outcome) && outcome.refused && outcome.value)
		abort();
	arena_finish(&arena);
	return 0;
}
