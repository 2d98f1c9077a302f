#include "support.h"

#include "api/codec.h"
#include "base/text.h"
#include "codec/protobuf/protobuf.h"
#include "codec/protobuf/time.h"
#include "codec/value.h"

struct fixture {
	struct protobuf_schema *schema;
	struct arena arena;
	struct error error;
};

static int open_schema(void **state)
{
	static struct fixture fixture;
	arena_init(&fixture.arena, 64 << 20);
	slice set = read_whole_file(&fixture.arena, FAIRLEAD_DESCRIPTORS "/everything.pb");
	fixture.schema = protobuf_schema_load(set, &fixture.error);
	if (!fixture.schema)
		fail_msg("%s", fixture.error.text);
	*state = &fixture;
	return 0;
}

static int close_schema(void **state)
{
	struct fixture *fixture = *state;
	protobuf_schema_free(fixture->schema);
	arena_finish(&fixture->arena);
	return 0;
}

static const struct protobuf_message *type_of(struct fixture *fixture, const char *name)
{
	slice full = arena_printf(&fixture->arena, "test.v1.%s", name);
	const struct protobuf_message *type =
	        protobuf_schema_message(fixture->schema, full, &fixture->error);
	if (!type)
		fail_msg("%s", fixture->error.text);
	return type;
}

static const struct value *from_json(struct fixture *fixture, const char *json)
{
	struct error error;
	const struct value *value = codec_for(SLICE("application/json"))
	                                    ->decode(&fixture->arena, slice_of(json), &error);
	if (!value)
		fail_msg("%s: %s", json, error.text);
	return value;
}

static slice to_json(struct fixture *fixture, const struct value *value)
{
	struct error error;
	slice json = codec_for(SLICE("application/json"))->encode(&fixture->arena, value, &error);
	if (!json.p)
		fail_msg("%s", error.text);
	return json;
}

static void types_and_calls_are_found_by_name(void **state)
{
	struct fixture *fixture = *state;
	struct error error;
	const struct protobuf_message *type =
	        protobuf_schema_message(fixture->schema, SLICE("test.v1.Scalars"), &error);
	assert_non_null(type);
	assert_slice(protobuf_message_name(type), "test.v1.Scalars");
	assert_ptr_equal(
	        type, protobuf_schema_message(fixture->schema, SLICE(".test.v1.Scalars"), &error));
	assert_non_null(
	        protobuf_schema_message(fixture->schema, SLICE("test.v1.Tree.Leaf"), &error));
	const struct protobuf_rpc *rpc =
	        protobuf_schema_rpc(fixture->schema, SLICE("test.v1.Tests/Try"), &error);
	assert_non_null(rpc);
	assert_ptr_equal(rpc->input, type);
	assert_slice(protobuf_message_name(rpc->output), "test.v1.Lists");
	assert_false(rpc->streaming);
	rpc = protobuf_schema_rpc(fixture->schema, SLICE("/test.v1.Tests/Watch"), &error);
	assert_true(rpc && rpc->streaming);

	assert_null(protobuf_schema_message(fixture->schema, SLICE("test.v1.Scalar"), &error));
	assert_string_equal(error.text, "no message named test.v1.Scalar in the descriptors; "
	                                "the nearest is test.v1.Scalars");
	assert_null(protobuf_schema_rpc(fixture->schema, SLICE("test.v1.Tests/Tri"), &error));
	assert_string_equal(error.text, "no rpc named test.v1.Tests/Tri in the descriptors; "
	                                "the nearest is test.v1.Tests/Try");
	assert_null(protobuf_schema_message(fixture->schema, (slice){ NULL, 0 }, &error));
}

/* What encoding accepts, and the bytes that it gives. */
static void values_are_taken_as_the_json_mapping_says(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *type, *json, *hex;
	} cases[] = {
		{ "Scalars", "{}", "" },
		{ "Scalars", "{\"i64\":1764057600123456789}", "30959abfd5a7a1ccbd18" },
		{ "Scalars", "{\"i64\":\"1764057600123456789\"}", "30959abfd5a7a1ccbd18" },
		{ "Scalars", "{\"u64\":18446744073709551615}", "48ffffffffffffffffff01" },
		{ "Scalars", "{\"u64\":\"18446744073709551615\"}", "48ffffffffffffffffff01" },
		{ "Scalars", "{\"i64\":-9223372036854775808}", "3080808080808080808001" },
		{ "Scalars", "{\"i32\":1e3}", "08e807" },
		{ "Scalars", "{\"i32\":5.0}", "0805" },
		{ "Scalars", "{\"i32\":\"1e3\"}", "08e807" },
		{ "Scalars", "{\"i32\":-1}", "08ffffffffffffffffff01" },
		{ "Scalars", "{\"s32\":-1}", "1001" },
		{ "Scalars", "{\"real64\":81.4}", "619a99999999595440" },
		{ "Scalars", "{\"real64\":\"81.4\"}", "619a99999999595440" },
		{ "Scalars", "{\"real64\":-0.0}", "610000000000000080" },
		{ "Scalars", "{\"real64\":0}", "" },
		{ "Scalars", "{\"real64\":\"-Infinity\"}", "61000000000000f0ff" },
		{ "Scalars", "{\"real32\":3.4028235e38}", "5dffff7f7f" },
		{ "Scalars", "{\"flag\":true}", "6801" },
		{ "Scalars", "{\"flag\":\"true\"}", "6801" },
		{ "Scalars", "{\"text\":\"a\\u0000b\"}", "7203610062" },
		{ "Scalars", "{\"data\":\"AP8=\"}", "7a0200ff" },
		{ "Scalars", "{\"data\":\"-_8\"}", "7a02fbff" },
		{ "Scalars", "{\"kind\":\"KIND_MOTOR\"}", "800101" },
		{ "Scalars", "{\"kind\":77}", "80014d" },
		{ "Scalars", "{\"maybeInt\":0}", "c03e00" },
		{ "Scalars", "{\"maybe_int\":0}", "c03e00" },
		{ "Scalars", "{\"maybeText\":\"\"}", "ca3e00" },
		{ "Scalars", "{\"i32\":null,\"maybeInt\":null}", "" },
		{ "Names", "{\"snakeCaseName\":1}", "0801" },
		{ "Names", "{\"snake_case_name\":1}", "0801" },
		{ "Names", "{\"other-name\":1}", "1001" },
		{ "Names", "{\"renamed\":1}", "1001" },
		{ "Lists", "{\"i32\":[1,\"2\",300]}", "0a040102ac02" },
		{ "Lists", "{\"loose\":[1,2]}", "58015802" },
		{ "Lists", "{\"i32\":[],\"text\":null}", "" },
		{ "Maps", "{\"byText\":{\"a\":0}}", "0a050a01611000" },
		{ "Maps", "{\"byInt\":{\"-1\":\"x\"}}", "120e08ffffffffffffffffff01120178" },
		{ "Maps", "{\"byFlag\":{\"true\":1}}", "1a0b080111000000000000f03f" },
		{ "Choice", "{\"number\":0}", "0800" },
		{ "Choice", "{\"number\":null,\"text\":\"\"}", "1200" },
		{ "Tree", "{\"leaf\":{\"colour\":\"RED\"}}", "22020807" },
		{ "Known", "{\"at\":\"1970-01-01T00:00:01.5Z\"}", "0a0808011080cab5ee01" },
		{ "Known", "{\"at\":\"1970-01-01T01:00:00+01:00\"}", "0a00" },
		{ "Known", "{\"span\":\"-1s\"}", "120b08ffffffffffffffffff01" },
		{ "Known", "{\"count\":\"0\"}", "3200" },
		{ "Known", "{\"any\":null}", "22020800" },
		{ "Known", "{\"values\":[null,true]}", "82010208008201022001" },
		{ "Known", "{\"empty\":{}}", "6a00" },
		{ "Known", "{\"mask\":\"a,bC.d\"}", "720a0a01610a05625f632e64" },
		{ "Old", "{\"record\":{\"id\":\"x\",\"number\":7,\"level\":1}}",
		        "0a070a01781007 2801" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct value *value = from_json(fixture, cases[i].json);
		slice bytes = protobuf_encode(
		        &fixture->arena, type_of(fixture, cases[i].type), value, &fixture->error);
		if (!bytes.p)
			fail_msg("%s: %s", cases[i].json, fixture->error.text);
		slice expected = from_hex(&fixture->arena, cases[i].hex);
		if (!slice_equal(bytes, expected))
			fail_msg("%s: other bytes than %s", cases[i].json, cases[i].hex);
	}
}

static void what_does_not_fit_is_refused_by_name(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *type, *json, *why;
	} cases[] = {
		{ "Scalars", "{\"color\":1}", "no field named color in test.v1.Scalars" },
		{ "Scalars", "[]", "test.v1.Scalars takes a map, not a list" },
		{ "Scalars", "{\"i32\":2147483648}",
		        "test.v1.Scalars.i32: the number is out of the range of int32" },
		{ "Scalars", "{\"u32\":-1}",
		        "test.v1.Scalars.u32: the number is out of the range of uint32" },
		{ "Scalars", "{\"u64\":18446744073709551616}",
		        "test.v1.Scalars.u64: the number is out of the range of uint64" },
		{ "Scalars", "{\"i64\":\"9223372036854775808\"}",
		        "test.v1.Scalars.i64: the number is out of the range of int64" },
		{ "Scalars", "{\"i32\":1.5}",
		        "test.v1.Scalars.i32: int32 takes whole numbers only" },
		{ "Scalars", "{\"i32\":\"0x10\"}",
		        "test.v1.Scalars.i32: int32 takes a number; the text is none" },
		{ "Scalars", "{\"i32\":\" 1\"}",
		        "test.v1.Scalars.i32: int32 takes a number; the text is none" },
		{ "Scalars", "{\"i32\":true}",
		        "test.v1.Scalars.i32: int32 takes a number, not true or false" },
		{ "Scalars", "{\"real64\":1764057600123456789}",
		        "test.v1.Scalars.real64: double cannot hold the integer exactly" },
		{ "Scalars", "{\"real32\":1e39}",
		        "test.v1.Scalars.real32: the number is out of the range of float" },
		{ "Scalars", "{\"flag\":1}",
		        "test.v1.Scalars.flag: bool takes true or false, not a number" },
		{ "Scalars", "{\"text\":5}",
		        "test.v1.Scalars.text: string takes text, not a number" },
		{ "Scalars", "{\"data\":\"*\"}",
		        "test.v1.Scalars.data: bytes takes base64; the text is none" },
		{ "Scalars", "{\"kind\":\"KIND_HOT\"}",
		        "test.v1.Scalars.kind: no value named KIND_HOT in test.v1.Kind" },
		{ "Scalars", "{\"maybeInt\":1,\"maybe_int\":2}",
		        "test.v1.Scalars.maybe_int: given twice, under both its names" },
		{ "Lists", "{\"i32\":1}",
		        "test.v1.Lists.i32: a repeated field takes a list, not a number" },
		{ "Lists", "{\"i32\":[1,null]}",
		        "test.v1.Lists.i32[1]: null has no place in a list" },
		{ "Lists", "{\"scalars\":[{},{\"x\":1}]}",
		        "test.v1.Lists.scalars[1]: no field named x in test.v1.Scalars" },
		{ "Maps", "{\"byInt\":{\"x\":\"y\"}}",
		        "test.v1.Maps.by_int.x: int32 takes a number; the text is none" },
		{ "Maps", "{\"messages\":{\"k\":{\"i32\":\"z\"}}}",
		        "test.v1.Maps.messages.k.i32: int32 takes a number; the text is none" },
		{ "Maps", "{\"byText\":[]}",
		        "test.v1.Maps.by_text: a map field takes a map, not a list" },
		{ "Choice", "{\"number\":1,\"text\":\"\"}",
		        "test.v1.Choice.text: another field of its oneof is given, too" },
		{ "Known", "{\"at\":\"yesterday\"}",
		        "test.v1.Known.at: google.protobuf.Timestamp takes RFC 3339 text" },
		{ "Known", "{\"at\":5}",
		        "test.v1.Known.at: google.protobuf.Timestamp takes RFC 3339 text, not a "
		        "number" },
		{ "Known", "{\"any\":1764057600123456789}",
		        "test.v1.Known.any.number_value: double cannot hold the integer exactly" },
		{ "Old", "{\"record\":{\"id\":\"x\"}}",
		        "test.v1.Old.record: test.legacy.Record needs the field number" },
		{ "Old", "{\"record\":{\"id\":\"x\",\"number\":1,\"level\":3}}",
		        "test.v1.Old.record.level: no value 3 in test.legacy.Level" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct value *value = from_json(fixture, cases[i].json);
		slice bytes = protobuf_encode(
		        &fixture->arena, type_of(fixture, cases[i].type), value, &fixture->error);
		if (bytes.p)
			fail_msg("%s was accepted", cases[i].json);
		assert_string_equal(fixture->error.text, cases[i].why);
	}
}

static void bytes_become_values(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *type, *hex, *json;
	} cases[] = {
		{ "Names", "", "{\"snakeCaseName\":0,\"other-name\":0,\"UPPER\":0,\"digit2x\":0}" },
		{ "Choice", "", "{\"always\":\"\"}" },
		{ "Choice", "08011203616263",
		        "{\"text\":\"abc\",\"always\":\"\"}" }, /* last wins */
		{ "Choice", "1203616263080 1", "{\"number\":1,\"always\":\"\"}" },
		{ "Tree", "0a0161", "{\"name\":\"a\",\"children\":[]}" },
		{ "Tree", "0a01610a0162", "{\"name\":\"b\",\"children\":[]}" },
		{ "Tree", "f80a00", "{\"name\":\"\",\"children\":[]}" }, /* unknown */
		{ "Tree", "2200",
		        "{\"name\":\"\",\"children\":[],\"leaf\":{\"colour\":\"GREEN\"}}" },
		{ "Tree", "22020863", "{\"name\":\"\",\"children\":[],\"leaf\":{\"colour\":99}}" },
		/* A list, packed and not, in pieces. */
		{ "Old", "0a0d0a0161100030013a0202033801",
		        "{\"record\":{\"id\":\"a\",\"number\":0,\"loose\":[1],\"tight\":[2,3,1]}"
		        "}" },
		{ "Old", "0a0a0a01611000320301ac02",
		        "{\"record\":{\"id\":\"a\",\"number\":0,\"loose\":[1,300],\"tight\":[]}}" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		slice bytes = from_hex(&fixture->arena, cases[i].hex);
		struct value *value = protobuf_decode(
		        &fixture->arena, type_of(fixture, cases[i].type), bytes, &fixture->error);
		if (!value)
			fail_msg("%s: %s", cases[i].hex, fixture->error.text);
		assert_slice(to_json(fixture, value), cases[i].json);
	}
	/* Of two entries with one key the last wins; key and value may be missing. */
	struct value *value = protobuf_decode(&fixture->arena, type_of(fixture, "Maps"),
	        from_hex(&fixture->arena, "0a050a016110010a050a016110020a00"), &fixture->error);
	assert_non_null(value);
	assert_slice(to_json(fixture, value_get(value, SLICE("byText"))), "{\"a\":2,\"\":0}");
}

static void malformed_bytes_are_refused(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *type, *hex, *why;
	} cases[] = {
		{ "Tree", "00", "test.v1.Tree: malformed tag" },
		{ "Tree", "8000", "test.v1.Tree: malformed tag" },
		{ "Tree", "ff", "test.v1.Tree: malformed tag" },
		{ "Tree", "0a", "test.v1.Tree: field 1 is cut off" },
		{ "Tree", "0a05616263", "test.v1.Tree: field 1 is cut off" },
		{ "Tree", "0affffffff0f", "test.v1.Tree: field 1 is cut off" },
		{ "Tree", "0a01ff", "the field name is no UTF-8" },
		{ "Tree", "0801", "test.v1.Tree.name: wire type 0 does not fit the schema" },
		{ "Tree", "0b0c", "test.v1.Tree: field 1 is a group or no field at all" },
		{ "Tree", "1a001a00", "test.v1.Tree.twin occurs twice" },
		{ "Tree", "12020a05", "test.v1.Tree: field 1 is cut off" },
		{ "Scalars", "08ffffffffffffffffffff01", "test.v1.Scalars: field 1 is cut off" },
		{ "Scalars", "6a0101",
		        "test.v1.Scalars.flag: wire type 2 does not fit the schema" },
		{ "Lists", "0a0180", "test.v1.Lists: malformed packed numbers" },
		{ "Lists", "2203000000", "test.v1.Lists: malformed packed numbers" },
		{ "Old", "0a030a0161", "test.legacy.Record: the required field number is missing" },
		{ "Known", "0a0a08ffffffffffffffff7f",
		        "google.protobuf.Timestamp: 9223372036854775807 s, 0 ns is out of range" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		slice bytes = from_hex(&fixture->arena, cases[i].hex);
		if (protobuf_decode(&fixture->arena, type_of(fixture, cases[i].type), bytes,
		            &fixture->error))
			fail_msg("%s was accepted", cases[i].hex);
		assert_string_equal(fixture->error.text, cases[i].why);
	}
}

/* `depth` messages: Tree.twin in one another. */
static slice nested(struct fixture *fixture, unsigned depth)
{
	slice inner = { "", 0 };
	for (unsigned i = 1; i < depth; i++) {
		struct text text;
		text_init(&text, &fixture->arena, inner.n + 4);
		text_char(&text, 0x1a);
		if (inner.n > 127)
			text_char(&text, (char)(0x80 | (inner.n & 127)));
		text_char(&text, (char)(inner.n > 127 ? inner.n >> 7 : inner.n));
		text_slice_add(&text, inner);
		inner = text_slice(&text);
	}
	return inner;
}

static void nesting_is_bounded(void **state)
{
	struct fixture *fixture = *state;
	const struct protobuf_message *type = type_of(fixture, "Tree");
	struct error *error = &fixture->error;
	assert_non_null(protobuf_decode(&fixture->arena, type, nested(fixture, 63), error));
	assert_null(protobuf_decode(&fixture->arena, type, nested(fixture, 65), error));
	assert_string_equal(error->text, "test.v1.Tree: nested deeper than 64 messages");

	struct value *deep = value_map(&fixture->arena), *at = deep;
	for (unsigned i = 1; i < 64; i++) {
		struct value *inner = value_map(&fixture->arena);
		assert_true(value_set_new(at, SLICE("twin"), inner));
		at = inner;
	}
	assert_non_null(protobuf_encode(&fixture->arena, type, deep, error).p);
	assert_true(value_set_new(at, SLICE("twin"), value_map(&fixture->arena)));
	assert_null(protobuf_encode(&fixture->arena, type, deep, error).p);
	assert_non_null(strstr(error->text, "nested deeper than 64 messages"));
}

static void memory_is_bounded(void **state)
{
	struct fixture *fixture = *state;
	/* Two bytes a message, of hundreds of bytes each. */
	struct text text;
	text_init(&text, &fixture->arena, 0);
	for (unsigned i = 0; i < 10000; i++)
		text_bytes(&text, "\x52", 2); /* Lists.scalars, empty */
	struct arena small;
	arena_init(&small, 256 * 1024);
	assert_null(protobuf_decode(
	        &small, type_of(fixture, "Lists"), text_slice(&text), &fixture->error));
	assert_non_null(strstr(fixture->error.text, "more memory than its request may use"));
	arena_finish(&small);
	arena_init(&small, 100);
	assert_null(protobuf_encode(&small, type_of(fixture, "Scalars"),
	        from_json(fixture, "{\"i32\":1}"), &fixture->error)
	                    .p);
	assert_non_null(strstr(fixture->error.text, "more memory than its request may use"));
	arena_finish(&small);
}

/* Each step of the budget ends somewhere else; nothing is ever used that was not there. */
static void memory_may_end_anywhere(void **state)
{
	struct fixture *fixture = *state;
	const struct protobuf_message *type = type_of(fixture, "Tree");
	slice bytes = nested(fixture, 60);
	const struct value *value = protobuf_decode(&fixture->arena, type, bytes, &fixture->error);
	unsigned decoded = 0, encoded = 0;
	for (size_t budget = 0; budget < 64 * 1024; budget += 512) {
		struct arena small;
		arena_init(&small, budget);
		decoded += protobuf_decode(&small, type, bytes, &fixture->error) != NULL;
		arena_finish(&small);
		arena_init(&small, budget);
		encoded += protobuf_encode(&small, type, value, &fixture->error).p != NULL;
		arena_finish(&small);
	}
	assert_true(decoded > 0 && decoded < 128 && encoded > 0 && encoded < 128);
}

static void times_have_the_mappings_text(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *text;
		int64_t seconds;
		int32_t nanos;
		const char *again; /* NULL: the same */
	} times[] = {
		{ "1970-01-01T00:00:00Z", 0, 0, NULL },
		{ "2025-11-25T08:00:00.123456789Z", 1764057600, 123456789, NULL },
		{ "2025-11-25T08:00:00.120Z", 1764057600, 120000000, NULL },
		{ "2025-11-25T08:00:00.12Z", 1764057600, 120000000, "2025-11-25T08:00:00.120Z" },
		{ "2025-11-25t10:30:00+02:30", 1764057600, 0, "2025-11-25T08:00:00Z" },
		{ "2025-11-25T00:00:00-08:00", 1764057600, 0, "2025-11-25T08:00:00Z" },
		{ "0001-01-01T00:00:00Z", INT64_C(-62135596800), 0, NULL },
		{ "9999-12-31T23:59:59.999999999Z", INT64_C(253402300799), 999999999, NULL },
		{ "2024-02-29T12:00:00Z", 1709208000, 0, NULL },
		{ "1969-12-31T23:59:59.500Z", -1, 500000000, NULL },
		{ "1900-03-01T00:00:00Z", INT64_C(-2203891200), 0, NULL },
	};
	int64_t seconds;
	int32_t nanos;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		assert_true(protobuf_timestamp_parse(slice_of(times[i].text), &seconds, &nanos));
		assert_true(seconds == times[i].seconds && nanos == times[i].nanos);
		assert_slice(protobuf_timestamp_text(&fixture->arena, seconds, nanos),
		        times[i].again ? times[i].again : times[i].text);
	}
	static const char *const no_times[] = { "", "2025-11-25", "2025-11-25T08:00:00",
		"2025-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2025-13-01T00:00:00Z",
		"2025-00-01T00:00:00Z", "2025-11-31T00:00:00Z", "2025-11-25T24:00:00Z",
		"2025-11-25T08:60:00Z", "2025-11-25T08:00:60Z", "2025-11-25T08:00:00.Z",
		"2025-11-25T08:00:00.1234567890Z", "2025-11-25 08:00:00Z", "2025-11-25T08:00:00Zx",
		"2025-11-25T08:00:00+1:00", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00",
		"25-11-25T08:00:00Z" };
	for (size_t i = 0; i < sizeof no_times / sizeof *no_times; i++)
		assert_false(protobuf_timestamp_parse(slice_of(no_times[i]), &seconds, &nanos));

	static const struct {
		const char *text;
		int64_t seconds;
		int32_t nanos;
	} spans[] = { { "0s", 0, 0 }, { "1.500s", 1, 500000000 }, { "-1.500s", -1, -500000000 },
		{ "-0.000000001s", 0, -1 }, { "315576000000s", INT64_C(315576000000), 0 } };
	for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
		assert_true(protobuf_duration_parse(slice_of(spans[i].text), &seconds, &nanos));
		assert_true(seconds == spans[i].seconds && nanos == spans[i].nanos);
		assert_slice(
		        protobuf_duration_text(&fixture->arena, seconds, nanos), spans[i].text);
	}
	static const char *const no_spans[] = { "", "s", "1", "1.s", ".5s", "+1s", "1 s", "1.5",
		"315576000000.1s", "315576000001s", "1.1234567890s", "--1s", "1ss" };
	for (size_t i = 0; i < sizeof no_spans / sizeof *no_spans; i++)
		assert_false(protobuf_duration_parse(slice_of(no_spans[i]), &seconds, &nanos));
	assert_null(protobuf_duration_text(&fixture->arena, 1, -1).p);
	assert_null(protobuf_timestamp_text(&fixture->arena, 0, -1).p);
}

/* The descriptor set is a message like any other: made of JSON here. */
static void faulty_schemas_are_refused_by_name(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *file, *why;
	} cases[] = {
		{ "'syntax':'editions'",
		        "f: syntax \"editions\"; only proto2 and proto3 are known" },
		{ "'package':'a-b'", "f: a package without a proper name" },
		{ "'messageType':[{}]", "p: a type without a proper name" },
		{ "'messageType':[{'name':'M'},{'name':'M'}]", "p.M is declared twice" },
		{ "'enumType':[{'name':'E'}]", "p.E: an enum without values" },
		{ "'messageType':[{'name':'M','field':[{'number':1,'type':5}]}]",
		        "p.M: a field without a proper name" },
		{ "'messageType':[{'name':'M','field':[{'name':'x','number':0,'type':5}]}]",
		        "p.M: field number 0 is not allowed" },
		{ "'messageType':[{'name':'M','field':[{'name':'x','number':1,'type':5},"
		  "{'name':'y','number':1,'type':5}]}]",
		        "p.M: field number 1 is there twice" },
		{ "'messageType':[{'name':'M','field':[{'name':'x','number':1,'type':5},"
		  "{'name':'x','number':2,'type':5}]}]",
		        "p.M: two fields x" },
		{ "'messageType':[{'name':'M','field':[{'name':'x','number':1,'type':10}]}]",
		        "p.M.x: groups are not supported" },
		{ "'messageType':[{'name':'M','field':[{'name':'x','number':1,'type':11,"
		  "'typeName':'.q.N'}]}]",
		        "p.M.x: its type \"q.N\" is not in the set (protoc --include_imports)" },
		{ "'messageType':[{'name':'M','field':[{'name':'x','number':1,'type':5,"
		  "'oneofIndex':0}]}]",
		        "p.M.x: its oneof is not declared" },
		{ "'messageType':[{'name':'M','options':{'mapEntry':true}}]",
		        "p.M: no proper map entry" },
		{ "'service':[{'name':'S','method':[{'name':'m','inputType':'.p.X',"
		  "'outputType':'.p.X'}]}]",
		        "p.S/m: its type \"p.X\" is not in the set (protoc --include_imports)" },
	};
	const struct protobuf_message *type = protobuf_schema_message(
	        fixture->schema, SLICE("google.protobuf.FileDescriptorSet"), &fixture->error);
	assert_non_null(type);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		bool packaged = strstr(cases[i].file, "package") != NULL;
		slice json = arena_printf(&fixture->arena, "{'file':[{'name':'f',%s%s}]}",
		        packaged ? "" : "'package':'p',", cases[i].file);
		for (char *c = (char *)(uintptr_t)json.p; *c; c++)
			*c = *c == '\'' ? '"' : *c;
		slice set = protobuf_encode(
		        &fixture->arena, type, from_json(fixture, json.p), &fixture->error);
		if (!set.p)
			fail_msg("%s: %s", cases[i].file, fixture->error.text);
		assert_null(protobuf_schema_load(set, &fixture->error));
		assert_string_equal(fixture->error.text, cases[i].why);
	}
	assert_null(protobuf_schema_load(SLICE("no descriptors"), &fixture->error));
	struct protobuf_schema *empty = protobuf_schema_load((slice){ "", 0 }, &fixture->error);
	assert_non_null(empty);
	assert_null(protobuf_schema_message(empty, SLICE("x.Y"), &fixture->error));
	protobuf_schema_free(empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_and_calls_are_found_by_name),
		cmocka_unit_test(values_are_taken_as_the_json_mapping_says),
		cmocka_unit_test(what_does_not_fit_is_refused_by_name),
		cmocka_unit_test(bytes_become_values),
		cmocka_unit_test(malformed_bytes_are_refused),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(memory_may_end_anywhere),
		cmocka_unit_test(times_have_the_mappings_text),
		cmocka_unit_test(faulty_schemas_are_refused_by_name),
	};
	return cmocka_run_group_tests(tests, open_schema, close_schema);
}
