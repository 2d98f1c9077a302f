/* What the language can say, idea by idea: a description, bytes, and what they mean. */
#include "support.h"

#include "api/codec.h"
#include "support_frame.h"

#include <stdio.h>

enum { BUDGET = 4 << 20 };

static const struct {
	const char *description, *hex, *json;
} ideas[] = {
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq: [{id: a, type: s1, enum: e},{id: b, type: u4, enum: e},{id: c, type: s8, enum: "
	  "e}]\n"
	  "enums: {e: {-1: neg, 0xFFFFFFFF: max, -9223372036854775808: low}}\n",
	        "ff ffffffff 8000000000000000", "{\"a\":\"neg\",\"b\":\"max\",\"c\":\"low\"}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq:\n"
	  "  - id: ops\n"
	  "    repeat: expr\n"
	  "    repeat-expr: 2\n"
	  "    size: 2\n"
	  "    type:\n"
	  "      switch-on: n\n"
	  "      cases:\n"
	  "        1: one\n"
	  "        -1: two\n"
	  "  - id: z\n"
	  "    type: {switch-on: n, cases: {_: two}}\n"
	  "instances: {n: {value: -1}}\n"
	  "types:\n"
	  "  one: {seq: [{id: a, type: u1}]}\n"
	  "  two: {seq: [{id: b, type: u1}]}\n",
	        "0102 0304 05", "{\"ops\":[{\"b\":1},{\"b\":3}],\"z\":{\"b\":5},\"n\":-1}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq:\n"
	  "  - id: a\n"
	  "    type: blk(_index, [10,20], \"s\", true, 1.5, _io, e::k, [0x41, 66].as<bytes>)\n"
	  "    repeat: expr\n"
	  "    repeat-expr: 2\n"
	  "types:\n"
	  "  blk:\n"
	  "    params:\n"
	  "      - {id: i, type: s4}\n"
	  "      - {id: l, type: 's4[]'}\n"
	  "      - {id: s, type: str}\n"
	  "      - {id: b, type: bool}\n"
	  "      - {id: f, type: f8}\n"
	  "      - {id: io, type: io}\n"
	  "      - {id: e, type: u1, enum: e}\n"
	  "      - {id: y, type: bytes}\n"
	  "    seq: [{id: v, type: u1}]\n"
	  "    instances:\n"
	  "      r: {value: 'i + l[1] + l.size'}\n"
	  "      t: {value: 's + (b ? \"y\" : \"n\")'}\n"
	  "      g: {value: f * 2}\n"
	  "      p: {pos: 1, io: io, type: u1}\n"
	  "      q: {value: e}\n"
	  "      w: {value: 'y.to_s(\"ASCII\")'}\n"
	  "enums: {e: {7: k}}\n",
	        "0102",
	        "{\"a\":[{\"v\":1,\"r\":22,\"t\":\"sy\",\"g\":3.0,\"p\":2,\"q\":\"k\",\"w\":\"AB\"}"
	        ",{\"v\":2,\"r\":23,\"t\":\"sy\",\"g\":3.0,\"p\":2,\"q\":\"k\",\"w\":\"AB\"}]}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq: [{id: r, type: blk, repeat: until, repeat-until: '_.v == 0 or _index > 5'}]\n"
	  "types: {blk: {seq: [{id: v, type: u1}]}}\n",
	        "01020099", "{\"r\":[{\"v\":1},{\"v\":2},{\"v\":0}]}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq: [{id: a, type: f4},{id: b, type: f8}]\n"
	  "instances: {c: {value: a.to_i}, d: {value: '(-1.9).to_i'}, e: {value: '(b > 1 ? 0 : "
	  "5)'}, f: {value: 'b > 1 ? \"\" : \"q\"'}, g: {value: 'b > 1 ? false : true'}}\n",
	        "3fc00000 4000000000000000",
	        "{\"a\":1.5,\"b\":2.0,\"c\":1,\"d\":-1,\"e\":0,\"f\":\"\",\"g\":false}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq:\n"
	  "  - {id: s1, type: str, size: 10, terminator: 0x40, pad-right: 0x2b}\n"
	  "  - {id: s2, type: str, size: 6, terminator: 0x40, include: true}\n"
	  "  - {id: s3, type: strz, size: 4}\n"
	  "  - {id: s4, type: strz, terminator: 0x40}\n"
	  "  - {id: s5, type: str, terminator: 0x7c, consume: false}\n"
	  "  - {id: s6, type: str, size-eos: true}\n",
	        "7374723140402b2b2b2b6162406364656869000078797a4075757c",
	        "{\"s1\":\"str1\",\"s2\":\"ab@\",\"s3\":\"hi\",\"s4\":\"xyz\",\"s5\":\"uu\",\"s6\":"
	        "\"|\"}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq:\n"
	  "  - {id: a, type: u1, valid: 3}\n"
	  "  - {id: b, type: u1, valid: {expr: _ % 2 == 0}}\n"
	  "  - {id: c, type: u1, enum: e, valid: 'e::k'}\n"
	  "  - {id: d, type: str, size: 1, valid: {any-of: ['\"a\"','\"b\"']}}\n"
	  "  - {id: f, size: 2, valid: '[1, 2]'}\n"
	  "  - {id: g, size: 2, valid: {min: '[1, 1]', max: '[1, 3]'}}\n"
	  "  - {type: u1, valid: 9}\n"
	  "  - {id: h, type: f4, valid: {min: 0.5, max: 1.5}}\n"
	  "enums: {e: {7: k}}\n",
	        "03 02 07 62 0102 0102 09 3f800000",
	        "{\"a\":3,\"b\":2,\"c\":\"k\",\"d\":\"b\",\"f\":\"AQI=\",\"g\":\"AQI=\",\"h\":1."
	        "0}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq: [{id: a, type: b12le},{id: b, type: b4le}]\n",
	        "2143", "{\"a\":801,\"b\":4}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq: [{id: a, type: b12},{id: b, type: b4},{id: c, type: u1}]\n",
	        "214305", "{\"a\":532,\"b\":3,\"c\":5}" },
	{ "meta: {id: x, endian: {switch-on: k, cases: {1: le, _: be}}, tags: [a, b], xref: "
	  "{wikidata: Q1, mime: [a/b]}, license: CC0-1.0, ks-version: 0.9, ks-debug: true, "
	  "file-extension: [a], application: [b], -x: {y: z}}\n"
	  "doc: |\n"
	  "  text\n"
	  "doc-ref: [a, b]\n"
	  "-orig-id: q\n"
	  "-webide-representation: '{a}'\n"
	  "seq: [{id: a, type: u2, -webide-parse-mode: eager, doc: d, doc-ref: [x, y]},{id: s, "
	  "type: sub}]\n"
	  "types: {sub: {-orig: 1, seq: [{id: b, type: u2}]}}\n"
	  "instances: {k: {pos: 4, type: u1, -webide-parse-mode: eager}}\n",
	        "0100 0200 01", "{\"a\":1,\"s\":{\"b\":2},\"k\":1}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq: [{id: n, type: u1},{id: e, type: u1, enum: e}]\n"
	  "enums:\n"
	  "  e:\n"
	  "    0b11: {id: bin, doc: d, doc-ref: r, -orig-id: B}\n"
	  "    0o17: oct\n"
	  "    1_0: ten\n",
	        "00 0f", "{\"n\":0,\"e\":\"oct\"}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq: [{id: n, size: 0x2},{id: m, size: 0b1},{id: k, size: '1 + 1'}]\n"
	  "instances: {a: {value: '\"\\u263a\\101\\n\\\"\\t\"'}, b: {value: \"'a\\\\n'\"}, c: "
	  "{value: '\"abc\" < \"abd\" and not (1 > 2) or false'}, d: {value: '\"1010\".to_i(2) + "
	  "\"7f\".to_i(16)'}, e: {value: '-0x10 + ~0 - -(3)'},f: {value: '\"ab\".reverse + "
	  "\"x\".length.to_s'}, g: {value: '7 / -2'}, h: {value: '-7 % 3'}, i: {value: '1 << 4 | 3 "
	  "^ 1 & 3'}}\n",
	        "0102 03 0405",
	        "{\"n\":\"AQI=\",\"m\":\"Aw==\",\"k\":\"BAU=\",\"a\":\"☺A\\n\\\"\\t\",\"b\":"
	        "\"a\\\\n\",\"c\":true,\"d\":137,\"e\":-14,\"f\":\"ba1\",\"g\":-4,\"h\":2,\"i\":"
	        "18}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq: [{id: size, type: u1},{id: length, type: u1},{id: s, type: sub}]\n"
	  "types: {sub: {seq: [{id: first, type: u1},{id: min, type: u1}]}}\n"
	  "instances: {a: {value: size + length + s.first + s.min + _root.size}}\n",
	        "01 02 03 04", "{\"size\":1,\"length\":2,\"s\":{\"first\":3,\"min\":4},\"a\":11}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "instances: {a: {pos: 1, type: u1}, b: {pos: _io.size - 1, type: u1}, c: {pos: 0, size: "
	  "2, type: sub}, d: {pos: 0, type: u1, repeat: eos}, e: {value: '_io.size'}, f: {value: "
	  "'d.max - d.min + d.first + d.last'}}\n"
	  "types: {sub: {seq: [{id: q, size-eos: true}]}}\n",
	        "010203",
	        "{\"a\":2,\"b\":3,\"c\":{\"q\":\"AQI=\"},\"d\":[1,2,3],\"e\":3,\"f\":6}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq: [{id: a, type: u1},{id: b, type: {switch-on: a, cases: {1: u2, 2: str, _: bits}}, "
	  "size: 2}]\n"
	  "types: {bits: {seq: [{id: x, type: b4},{id: y, type: b4}]}}\n",
	        "02 4142", "{\"a\":2,\"b\":\"AB\"}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq: [{id: a, type: u1},{id: b, type: {switch-on: a, cases: {1: u2, 2: str, _: bits}}, "
	  "size: 2}]\n"
	  "types: {bits: {seq: [{id: x, type: b4},{id: y, type: b4}]}}\n",
	        "03 4142", "{\"a\":3,\"b\":{\"x\":4,\"y\":1}}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq: [{id: a, type: u1},{id: b, type: {switch-on: a, cases: {1: u2, 2: f4le, 3: s1, 4: "
	  "strz, 5: b4}}}]\n",
	        "02 0000803f", "{\"a\":2,\"b\":1.0}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq: [{id: a, type: u1},{id: b, type: {switch-on: a, cases: {1: u2, 2: f4le, 3: s1, 4: "
	  "strz, 5: b4}}}]\n",
	        "04 414200", "{\"a\":4,\"b\":\"AB\"}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq: [{id: a, type: strz},{id: b, type: {switch-on: a, cases: {'\"one\"': u1, "
	  "'\"two\"': u2}}}]\n",
	        "74776f00 0102", "{\"a\":\"two\",\"b\":258}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq: [{id: a, type: u1, if: 'false'},{id: b, type: u1, repeat: expr, repeat-expr: "
	  "0},{id: c, type: u1, repeat: eos, if: _io.eof == false}]\n",
	        "0102", "{\"b\":[],\"c\":[1,2]}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq: [{id: a, type: u8},{id: b, type: u8le}]\n"
	  "instances: {c: {value: a - b}, d: {value: 'f\"{a}-{b}\"'}}\n",
	        "0000000000000002 0100000000000000", "{\"a\":2,\"b\":1,\"c\":1,\"d\":\"2-1\"}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq: [{id: b, size: 4}]\n"
	  "instances: {c: {value: 'b[1]'}, d: {value: 'b.length + b.size'}, e: {value: 'b.first + "
	  "b.last + b.min + b.max'}, f: {value: 'b == [1,2,3,4]'}, g: {value: '[b[0], 5]'}, h: "
	  "{value: 'b.to_s(\"UTF-16LE\").length'}, i: {value: '[1.5, 2.5].max'}, j: {value: "
	  "'[\"a\",\"b\"][1]'}}\n",
	        "01020304",
	        "{\"b\":\"AQIDBA==\",\"c\":2,\"d\":8,\"e\":10,\"f\":true,\"g\":[1,5],\"h\":2,\"i\":"
	        "2.5,\"j\":\"b\"}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq: [{id: o, type: one},{id: q, type: 'one::two'},{id: r, type: u1, enum: 'one::e'}]\n"
	  "types: {one: {seq: [{id: t, type: two}], types: {two: {seq: [{id: v, type: u1, enum: "
	  "e}]}}, enums: {e: {1: a}}}}\n"
	  "instances: {z: {value: 'r == one::e::a'}}\n",
	        "01 01 01",
	        "{\"o\":{\"t\":{\"v\":\"a\"}},\"q\":{\"v\":\"a\"},\"r\":\"a\",\"z\":true}" },
	{ "meta: { id: x, endian: be, encoding: UTF-8 }\n"
	  "seq: [{id: a, size: 3, type: sub}, {id: b, type: u1}]\n"
	  "types: {sub: {seq: [{id: x, type: u1}]}}\n"
	  "instances: {e: {value: a._io.eof}, p: {value: a._io.pos}, s: {value: a._io.size}, r: "
	  "{io: a._io, pos: 1, size: 2}}\n",
	        "01020304",
	        "{\"a\":{\"x\":1},\"b\":4,\"e\":false,\"p\":1,\"s\":3,\"r\":\"AgM=\"}" },
};

static void test_ideas(void **state)
{
	const struct codec *json = codec_for(SLICE("application/json"));
	(void)state;
	for (size_t i = 0; i < sizeof ideas / sizeof *ideas; i++) {
		struct arena arena;
		struct frame_fault fault;
		struct error error;
		arena_init(&arena, BUDGET);
		struct frame_schema *schema = frame_loaded(ideas[i].description);
		struct frame *frame =
		        frame_decode(schema, &arena, from_hex(&arena, ideas[i].hex), NULL, &fault);
		struct value *value = frame ? frame_value(frame) : NULL;
		if (!value)
			fail_msg("%s\n%s: %s", ideas[i].description, fault.path, fault.text);
		slice shown = json->encode(&arena, value, &error);
		if (!slice_is(shown, ideas[i].json))
			fail_msg("%s\ngives %.*s", ideas[i].description, SLICE_ARG(shown));
		frame_schema_free(schema);
		arena_finish(&arena);
	}
}

/* What is claimed costs nothing, and what would never end does. */
static void test_claims(void **state)
{
#define HEAD "meta: { id: x, endian: be }\n"
	static const struct {
		const char *description, *hex;
		enum frame_fault_kind kind;
	} cases[] = {
		{ HEAD "seq: [{ id: n, type: u8 }, { id: b, size: n }]", "ffffffffffffffff",
		        FRAME_FAULT_END },
		{ HEAD "seq: [{ id: n, type: u4 }, { id: b, type: u1, repeat: expr, repeat-expr: n "
		       "}]",
		        "ffffffff 01", FRAME_FAULT_END },
		{ HEAD "seq: [{ id: e, type: nothing, repeat: eos }]\ntypes: { nothing: {} }", "00",
		        FRAME_FAULT_LIMIT },
		{ HEAD "seq: [{ id: e, size: 0, repeat: until, repeat-until: 'false' }]", "00",
		        FRAME_FAULT_LIMIT },
		{ HEAD "seq: [{ id: a, size-eos: true, type: x }]", "00", FRAME_FAULT_LIMIT },
		{ HEAD "seq: [{ id: a, size: '1 << 62' }]", "00", FRAME_FAULT_END },
		{ HEAD "seq: [{ id: a, size: '-1' }]", "00", FRAME_FAULT_END },
		{ HEAD "seq: [{ id: a, type: u1, if: b.size > 0 }]\n"
		       "instances: { b: { value: '[c, c, c, c]' }, c: { value: '[d, d, d, d]' }, "
		       "d: { value: "
		       "'[b, b]' } }",
		        "00", FRAME_FAULT_EXPRESSION },
		{ HEAD "seq: [{ id: a, type: u1, if: t0.length > 0 }]\n"
		       "instances: { t0: { value: t1 + t1 }, t1: { value: t2 + t2 + t2 + t2 }, t2: "
		       "{ value: t3 + "
		       "t3 + t3 + t3 + t3 + t3 }, t3: { pos: 0, type: s, repeat: expr, "
		       "repeat-expr: 1 } }\n"
		       "types: { s: {} }",
		        "00", FRAME_FAULT_EXPRESSION },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct frame_fault fault;
		enum frame_fault_kind kind =
		        frame_fault_of_bytes(cases[i].description, cases[i].hex, BUDGET, &fault);
		if (kind != cases[i].kind)
			fail_msg("%s\nis %d: %s", cases[i].description, kind, fault.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ideas),
		cmocka_unit_test(test_claims) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
