/* Any bytes as the body of a message, under a description whose messages use all of the language: what it makes can be written
 * as JSON, or it is refused within its bounds. The first byte is what the description is told. */
#include "api/codec.h"
#include "codec/frame/frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const char description[] =
        "meta: { id: fuzz, endian: be, encoding: UTF-8 }\n"
        "params: [{ id: port, type: u1 }]\n"
        "seq:\n"
        "  - { id: head, type: s2, -fairlead-scale: 0.1, -fairlead-offset: -40, -fairlead-unit: "
        "Cel }\n"
        "  - { id: real, type: f8, -fairlead-scale: 1e20, -fairlead-round: 3, if: port == 1 }\n"
        "  - { id: records, type: record, repeat: eos }\n"
        "types:\n"
        "  record:\n"
        "    seq:\n"
        "      - { id: channel, type: u1 }\n"
        "      - { id: kind, type: u1 }\n"
        "      - { id: body, type: { switch-on: kind & 7, cases: { 0: few, 1: text, 2: deep, 3: "
        "wide } } }\n"
        "    -fairlead-emit: body\n"
        "  few:\n"
        "    seq: [{ id: v, type: u1, repeat: expr, repeat-expr: 3, -fairlead-scale: 0.5 }]\n"
        "    -fairlead-emit: { $each: v, $name: '\"v\" + _.to_s', $value: { $if: _ > 7, $value: _ "
        "} }\n"
        "  text: { seq: [{ id: t, type: strz, -fairlead-name: text }] }\n"
        "  deep:\n"
        "    seq: [{ id: inner, type: record, if: not _io.eof }]\n"
        "    -fairlead-emit: [{ $merge: [inner, inner] }, _parent.as<record>.channel]\n"
        "  wide:\n"
        "    seq: [{ id: n, type: u8, -fairlead-scale: -0.000000001 }]\n"
        "    -fairlead-emit: { n: n, half: { $value: n / 2.0, $round: 1 }, all: { $literal: [1, ~] "
        "} }\n"
        "-fairlead:\n"
        "  emit:\n"
        "    $if: port < 3\n"
        "    head: head\n"
        "    real: real\n"
        "    list: records\n"
        "    one: { $if: port == 2, $merge: records }\n"
        "    $else: { $senml: _root, $base: '\"urn:dev:\" + port.to_s + \":\"', $time: head }\n";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct frame_schema *schema;
	struct error error = { .text = "" };
	struct frame_fault fault;
	struct arena arena;
	if (!schema)
		schema = frame_schema_load((slice){ description, sizeof description - 1 }, &error);
	if (!schema)
		abort();
	arena_init(&arena, 1 << 20);
	slice body = n ? (slice){ (const char *)bytes + 1, n - 1 } : (slice){ NULL, 0 };
	struct frame_parameter port = { SLICE("port"), value_int(&arena, n ? bytes[0] & 3 : 0) };
	struct frame *frame = frame_decode_with(schema, &arena, body, &port, 1, NULL, &fault);
	struct value *value = frame ? frame_payload(frame) : NULL;
	if (!value && !fault.text[0])
		abort();
	if (value)
		(void)codec_for(SLICE("application/json"))->encode(&arena, value, &error);
	arena_finish(&arena);
	return 0;
}
