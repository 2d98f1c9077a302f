#include "support.h"

#include <stdio.h>

#include "api/codec.h"
#include "codec/xml/xml.h"

extern const struct codec codec_json, codec_xml;

#define XSI "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
#define XSD "xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" "
#define ENC "xmlns:e=\"http://schemas.xmlsoap.org/soap/encoding/\" "

static struct arena arena;
static struct error error;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, 64 << 20);
	error = (struct error){ .text = "" };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

static void elements_become_values(void **state)
{
	static const struct {
		const char *xml, *value;
	} cases[] = {
		{ "<r><sensor>temperature</sensor><value>81.4</value><unit>Cel</unit>"
		  "<time>1764057600123456789</time></r>",
		        "{\"sensor\":\"temperature\",\"value\":81.4d,\"unit\":\"Cel\","
		        "\"time\":1764057600123456789}" },
		{ "<r/>", "\"\"" },
		{ "<r>81.40</r>", "81.40d" },
		{ "<r>\n\t81.4\n</r>", "81.4d" },
		{ "<r> a b </r>", "\" a b \"" },
		{ "<r><a/><b></b></r>", "{\"a\":\"\",\"b\":\"\"}" },
		{ "<r>\n <a>1</a>\n</r>", "{\"a\":1}" },
		{ "<r>9223372036854775807</r>", "9223372036854775807" },
		{ "<r>-9223372036854775808</r>", "-9223372036854775808" },
		{ "<r>9223372036854775808</r>", "9223372036854775808u" },
		{ "<r>18446744073709551615</r>", "18446744073709551615u" },
		{ "<r>18446744073709551616</r>", "\"18446744073709551616\"" },
		{ "<r>-9223372036854775809</r>", "\"-9223372036854775809\"" },
		{ "<r>0</r>", "0" },
		{ "<r>-0</r>", "-0d" },
		{ "<r>-0.0</r>", "-0.0d" },
		{ "<r>0012</r>", "\"0012\"" },
		{ "<r>+5</r>", "\"+5\"" },
		{ "<r>.5</r>", "\".5\"" },
		{ "<r>5.</r>", "\"5.\"" },
		{ "<r>1e-05</r>", "1e-05d" },
		{ "<r>1e999</r>", "\"1e999\"" },
		{ "<r>0x10</r>", "\"0x10\"" },
		{ "<r>10.0.0.1</r>", "\"10.0.0.1\"" },
		{ "<r>-</r>", "\"-\"" },
		{ "<r>NaN</r>", "\"NaN\"" },
		{ "<r>true</r>", "true" },
		{ "<r> false </r>", "false" },
		{ "<r>True</r>", "\"True\"" },
		{ "<r><a>1</a><b>2</b><a>3</a><a>x</a></r>", "{\"a\":[1,3,\"x\"],\"b\":2}" },
		{ "<r><a><b>1</b></a><a><b>2</b></a></r>", "{\"a\":[{\"b\":1},{\"b\":2}]}" },
		{ "<r id='7' unit='Cel'>81.4</r>",
		        "{\"@id\":7,\"@unit\":\"Cel\",\"#text\":81.4d}" },
		{ "<r a='1'/>", "{\"@a\":1}" },
		{ "<r>one<b>2</b>three</r>", "{\"b\":2,\"#text\":\"onethree\"}" },
		{ "<r>1<b>2</b>3</r>", "{\"b\":2,\"#text\":\"13\"}" },
		{ "<r>a<![CDATA[<&>]]>&lt;&amp;&#x41;</r>", "\"a<&><&A\"" },
		{ "<r><!-- no --><?pi no?>x</r>", "\"x\"" },
		{ "<p:r xmlns:p='urn:x'><p:a>1</p:a><b xmlns='urn:y'>2</b></p:r>",
		        "{\"a\":1,\"b\":2}" },
		{ "<r " XSI "><a xsi:nil='true'/><b xsi:nil='0'>x</b><c xsi:nil='1' u='1'/></r>",
		        "{\"a\":null,\"b\":\"x\",\"c\":null}" },
		{ "<r " XSI "xsi:schemaLocation='a b'>1</r>", "1" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct value *value =
		        codec_xml.decode(&arena, slice_of(cases[i].xml), &error);
		if (!value)
			fail_msg("%s: %s", cases[i].xml, error.text);
		assert_slice(value_show(&arena, value), cases[i].value);
		assert_true(codec_xml.check(slice_of(cases[i].xml), &error));
	}
}

static void a_reading_is_the_same_in_json(void **state)
{
	(void)state;
	const struct value *value = codec_xml.decode(&arena,
	        SLICE("<reading>\n  <sensor>temperature</sensor>\n  <value>81.4</value>\n"
	              "  <unit>Cel</unit>\n  <time>1764057600123456789</time>\n</reading>\n"),
	        &error);
	assert_non_null(value);
	assert_slice(codec_json.encode(&arena, value, &error),
	        "{\"sensor\":\"temperature\",\"value\":81.4,\"unit\":\"Cel\","
	        "\"time\":1764057600123456789}");
	assert_ptr_equal(codec_for(SLICE("text/xml")), &codec_xml);
	assert_ptr_equal(codec_for(SLICE("application/vnd.x+xml")), &codec_xml);
}

static void declared_types_decide(void **state)
{
	static const struct {
		const char *type, *text, *value; /* NULL: refused */
	} cases[] = {
		{ "xsd:string", "12345", "\"12345\"" },
		{ "xsd:string", " true ", "\" true \"" },
		{ "xsd:dateTime", "2026", "\"2026\"" },
		{ "xsd:int", "12", "12" },
		{ "xsd:int", " +007 ", "7" },
		{ "xsd:int", "-0", "0" },
		{ "xsd:int", "twelve", NULL },
		{ "xsd:int", "1.5", NULL },
		{ "xsd:int", "", NULL },
		{ "xsd:long", "-9223372036854775808", "-9223372036854775808" },
		{ "xsd:unsignedLong", "18446744073709551615", "18446744073709551615u" },
		{ "xsd:integer", "18446744073709551616", "18446744073709551616d" },
		{ "xsd:double", "81.40", "81.40d" },
		{ "xsd:double", "81", "81d" },
		{ "xsd:double", "+081.5E3", "81.5E3d" },
		{ "xsd:decimal", ".5", "0.5d" },
		{ "xsd:decimal", "5.", "5d" },
		{ "xsd:decimal", "-.", NULL },
		{ "xsd:float", "INF", "\"INF\"" },
		{ "xsd:float", "1e999", NULL },
		{ "xsd:float", "1 2", NULL },
		{ "xsd:boolean", "1", "true" },
		{ "xsd:boolean", "false", "false" },
		{ "xsd:boolean", "yes", NULL },
		{ "xsd:base64Binary", " AP\n8= ", "h'00ff'" },
		{ "xsd:base64Binary", "A", NULL },
		{ "xsd:hexBinary", "00fF", "h'00ff'" },
		{ "xsd:hexBinary", "00f", NULL },
		{ "xsd:hexBinary", "0g", NULL },
		{ "xsd:anyType", "1", "1" },
		{ "e:int", "0012", "12" },
		{ "e:base64", "AP8=", "h'00ff'" },
		{ "e:Array", "", "[]" },
		{ "other:string", "1", "1" },
		{ "xsd", "1", "1" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		slice xml = arena_printf(&arena,
		        "<r " XSI XSD ENC "xmlns:other='urn:o' xsi:type='%s'>%s</r>", cases[i].type,
		        cases[i].text);
		const struct value *value = codec_xml.decode(&arena, xml, &error);
		if (!cases[i].value != !value)
			fail_msg("%s %s: %s", cases[i].type, cases[i].text, error.text);
		if (value)
			assert_slice(value_show(&arena, value), cases[i].value);
	}
}

static void type_prefixes_follow_their_scope(void **state)
{
	(void)state;
	const struct value *value = codec_xml.decode(&arena,
	        SLICE("<r " XSI "xmlns:t='urn:t'>"
	              "<a xmlns:t='http://www.w3.org/2001/XMLSchema' xsi:type='t:string'>1</a>"
	              "<b xsi:type='t:string'>2</b>"
	              "<c xmlns='http://www.w3.org/2001/XMLSchema' xsi:type='string'>3</c>"
	              "<d xsi:type='string'>4</d></r>"),
	        &error);
	assert_non_null(value);
	assert_slice(value_show(&arena, value), "{\"a\":\"1\",\"b\":2,\"c\":\"3\",\"d\":4}");
}

static void encoded_arrays_are_lists(void **state)
{
	(void)state;
	const struct value *value = codec_xml.decode(&arena,
	        SLICE("<r " ENC "><a e:arrayType='x:int[2]'><item>1</item><item>2</item></a>"
	              "<b e:arrayType='x:int[0]'/></r>"),
	        &error);
	assert_non_null(value);
	assert_slice(value_show(&arena, value), "{\"a\":[1,2],\"b\":[]}");
}

static void encodings_are_read(void **state)
{
	static const struct {
		const char *hex, *charset, *text;
	} cases[] = {
		/* "<r>é</r>": UTF-8, UTF-16 either way, ISO-8859-1 declared, and by the protocol */
		{ "3c723e c3a9 3c2f723e", "", "é" },
		{ "efbbbf 3c723e c3a9 3c2f723e", "", "é" },
		{ "fffe 3c0072003e00 e900 3c002f0072003e00", "", "é" },
		{ "feff 003c0072003e 00e9 003c002f0072003e", "", "é" },
		{ "3c3f786d6c2076657273696f6e3d22312e302220656e636f64696e673d2249534f2d383835392d31"
		  "223f3e"
		  "3c723e e9 3c2f723e",
		        "", "é" },
		{ "3c723e e9 3c2f723e", "ISO-8859-1", "é" },
		{ "efbbbf 3c723e c3a9 3c2f723e", "ISO-8859-1", "é" },
		{ "3c723e e9 3c2f723e", "", NULL },
		{ "3c723e c3a9 3c2f723e", "us-ascii", NULL },
		{ "3c723e c3a9 3c2f723e", "no-such", NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		slice charset = slice_of(cases[i].charset);
		const struct xml_element *root =
		        xml_parse(&arena, from_hex(&arena, cases[i].hex), charset, &error);
		assert_int_equal(root != NULL, cases[i].text != NULL);
		if (root)
			assert_slice(root->text, cases[i].text);
	}
}

static void bad_documents_are_refused(void **state)
{
	static const struct {
		const char *xml, *why;
	} cases[] = {
		{ "", "XML, line 1, column 1: no element found" },
		{ "<a>\n<b></a>", "XML, line 2, column 6: mismatched tag" },
		{ "<a>", NULL },
		{ "<a/><b/>", NULL },
		{ "<a>&undeclared;</a>", NULL },
		{ "<a>\x01</a>", NULL },
		{ "<a b='1' b='2'/>", NULL },
		{ "<p:a/>", NULL },
		{ "<p:a:b xmlns:p='urn:x'/>", NULL },
		{ "<a p:b:c='1' xmlns:p='urn:x'/>", NULL },
		{ "<?a:b c?><a/>", NULL },
		{ "<?xml version='1.1'?><a/>", "XML, line 1, column 1: only XML 1.0 is taken" },
		{ "\xef\xbb\xbf<?xml version='1.0' encoding='ISO-8859-1'?><a/>", NULL },
		{ "<!DOCTYPE a><a/>", "XML, line 1, column 12: a DOCTYPE is not taken" },
		{ "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", NULL },
		{ "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", NULL },
		{ "<a><!DOCTYPE a></a>", NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		slice xml = slice_of(cases[i].xml);
		assert_false(codec_xml.check(xml, &error));
		error.text[0] = '\0';
		assert_null(codec_xml.decode(&arena, xml, &error));
		assert_true(error.text[0]);
		if (cases[i].why)
			assert_string_equal(error.text, cases[i].why);
	}
}

static void repeat(struct text *text, const char *piece, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		text_bytes(text, piece, strlen(piece));
}

static bool parses(struct text *text)
{
	struct arena own;
	arena_init(&own, 64 << 20);
	slice xml = text_slice(text);
	bool checked = xml_check(xml, (slice){ NULL, 0 }, &error);
	bool parsed = xml_parse(&own, xml, (slice){ NULL, 0 }, &error) != NULL;
	assert_int_equal(checked, parsed);
	arena_finish(&own);
	return parsed;
}

static bool nests(unsigned depth)
{
	struct text text;
	text_init(&text, &arena, 0);
	repeat(&text, "<a>", depth);
	repeat(&text, "</a>", depth);
	return parses(&text);
}

static bool takes_elements(unsigned n)
{
	struct text text;
	text_init(&text, &arena, 0);
	text_literal(&text, "<a>");
	repeat(&text, "<b/>", n - 1);
	text_literal(&text, "</a>");
	return parses(&text);
}

static bool takes_attributes(unsigned n, const char *prefix)
{
	struct text text;
	text_init(&text, &arena, 0);
	text_literal(&text, "<a");
	for (unsigned i = 0; i < n; i++)
		text_printf(&text, " %s%u='u'", prefix, i);
	text_literal(&text, "/>");
	return parses(&text);
}

static bool takes_namespace(unsigned n)
{
	struct text text;
	text_init(&text, &arena, 0);
	text_literal(&text, "<a xmlns='");
	repeat(&text, "u", n);
	text_literal(&text, "'/>");
	return parses(&text);
}

static void limits_hold(void **state)
{
	(void)state;
	assert_true(nests(XML_DEPTH_MAX));
	assert_false(nests(XML_DEPTH_MAX + 1));
	assert_false(nests(10000));
	assert_true(takes_elements(XML_ELEMENTS_MAX));
	assert_false(takes_elements(XML_ELEMENTS_MAX + 1));
	assert_true(takes_attributes(XML_ATTRIBUTES_MAX, "b"));
	assert_false(takes_attributes(XML_ATTRIBUTES_MAX + 1, "b"));
	assert_true(takes_attributes(XML_NAMESPACES_MAX, "xmlns:b"));
	assert_false(takes_attributes(XML_NAMESPACES_MAX + 1, "xmlns:b"));
	assert_true(takes_namespace(XML_NAMESPACE_BYTES_MAX));
	assert_false(takes_namespace(XML_NAMESPACE_BYTES_MAX + 1));
}

static void namespaces_come_and_go(void **state)
{
	(void)state;
	struct text text;
	text_init(&text, &arena, 0);
	text_literal(&text, "<a>");
	repeat(&text, "<b xmlns='urn:b'/>", 2 * XML_NAMESPACES_MAX);
	text_literal(&text, "</a>");
	assert_true(parses(&text));
}

/* Each budget from nothing to enough ends in an error or in the value; ASan watches over the rest. */
static void every_budget_is_survived(void **state)
{
	(void)state;
	struct text text;
	text_init(&text, &arena, 0);
	text_literal(&text, "<a>");
	for (unsigned i = 0; i < 100; i++)
		text_printf(&text, "<b%u c='d' xmlns='urn:%u'>12.5<e/></b%u>", i, i, i);
	text_literal(&text, "</a>");
	slice xml = text_slice(&text);
	const struct value *value = NULL;
	for (size_t budget = 0; !value; budget += 4096) {
		struct arena small;
		arena_init(&small, budget);
		error.text[0] = '\0';
		value = codec_xml.decode(&small, xml, &error);
		assert_true(value || error.text[0]);
		if (value) {
			small.budget_bytes = small.used_bytes;
			assert_null(codec_xml.encode(&small, value, &error).p);
		}
		arena_finish(&small);
	}
}

static void many_names_are_not_quadratic(void **state)
{
	(void)state;
	struct text text;
	text_init(&text, &arena, 0);
	text_literal(&text, "<r>");
	for (unsigned i = 0; i < 40000; i++)
		text_printf(&text, "<n%u/>", i % 2000);
	text_literal(&text, "</r>");
	const struct value *value = codec_xml.decode(&arena, text_slice(&text), &error);
	if (!value)
		fail_msg("%s", error.text);
	assert_int_equal(value->count, 2000);
	assert_int_equal(value_get(value, SLICE("n1999"))->count, 20);
}

static struct value *record(const char *key, struct value *member)
{
	struct value *map = value_map(&arena);
	assert_true(value_set(map, slice_of(key), member));
	return map;
}

static struct value *text_of(const char *text)
{
	return value_text(&arena, slice_of(text));
}

static struct value *literal(double number, const char *text)
{
	struct value *value = value_double(&arena, number);
	value->literal = slice_of(text);
	return value;
}

static void assert_encoded(const struct value *value, const char *expected)
{
	slice xml = codec_xml.encode(&arena, value, &error);
	slice head = SLICE("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	if (!xml.p)
		fail_msg("%s", error.text);
	assert_true(slice_starts(xml, head));
	assert_slice(slice_from(xml, head.n), expected);
	assert_true(codec_xml.check(xml, &error));
}

static void values_become_elements(void **state)
{
	(void)state;
	struct value *list = value_list(&arena);
	(void)value_append(list, value_int(&arena, 1));
	(void)value_append(list, text_of("x"));
	struct value *measured = record("@unit", text_of("\"Cel\"\n"));
	(void)value_set(measured, SLICE("#text"), literal(81.4, "81.40"));
	struct value *outer = value_list(&arena);
	(void)value_append(outer, list);

	assert_encoded(value_map(&arena), "<value/>");
	assert_encoded(text_of("a<b>&\"c\"\r\n"), "<value>a&lt;b&gt;&amp;\"c\"&#13;\n</value>");
	assert_encoded(record("a", value_int(&arena, INT64_MIN)),
	        "<value><a>-9223372036854775808</a></value>");
	assert_encoded(record("a", value_uint(&arena, UINT64_MAX)),
	        "<value><a>18446744073709551615</a></value>");
	assert_encoded(record("a", value_double(&arena, 0.1)), "<value><a>0.1</a></value>");
	assert_encoded(
	        record("m", measured), "<value><m unit=\"&quot;Cel&quot;&#10;\">81.40</m></value>");
	assert_encoded(record("on", value_bool(&arena, true)), "<value><on>true</on></value>");
	assert_encoded(record("a", value_null(&arena)),
	        "<value><a xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
	        "xsi:nil=\"true\"/></value>");
	assert_encoded(record("a", outer), "<value><a><item>1</item><item>x</item></a></value>");
	outer->as.members.first->key = (slice){ NULL, 0 };
	assert_encoded(outer, "<value><item><item>1</item><item>x</item></item></value>");
}

static void names_are_made_valid(void **state)
{
	static const struct {
		const char *key, *name;
	} cases[] = {
		{ "plain-1.2_x", "plain-1.2_x" },
		{ "2nd", "_x0032_nd" },
		{ "a b", "a_x0020_b" },
		{ "a:b", "a_x003A_b" },
		{ "größe", "größe" },
		{ "温度", "温度" },
		{ "a\xf0\x9f\x98\x80", "a_x0001F600_" },
		{ "_x0020_", "_x005F_x0020_" },
		{ "", "_" },
		{ "@", "_x0040_" },
		{ "<a/>", "_x003C_a_x002F__x003E_" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		slice expected = arena_printf(
		        &arena, "<value><%s>1</%s></value>", cases[i].name, cases[i].name);
		assert_encoded(record(cases[i].key, value_int(&arena, 1)), expected.p);
	}
}

static void what_xml_cannot_say_is_refused(void **state)
{
	static const char *const texts[] = { "\x01", "a\x1f", "\xef\xbf\xbe", "x\xef\xbf\xbf" };
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		error.text[0] = '\0';
		assert_null(codec_xml.encode(&arena, text_of(texts[i]), &error).p);
		assert_non_null(strstr(error.text, "control character"));
		assert_null(codec_xml.encode(&arena, record("@a", text_of(texts[i])), &error).p);
	}
	struct value *deep = value_map(&arena);
	for (unsigned i = 0; i < 100; i++)
		deep = record("a", deep);
	assert_null(codec_xml.encode(&arena, deep, &error).p);
}

static void what_was_encoded_decodes_to_the_same(void **state)
{
	(void)state;
	struct value *value = record("number-like", text_of("12345"));
	(void)value_set(value, SLICE("bool-like"), text_of("true"));
	(void)value_set(value, SLICE("spaces"), text_of(" \t x \r\n"));
	(void)value_set(value, SLICE("bytes"), value_bytes(&arena, SLICE("\x00\xff\x10")));
	(void)value_set(value, SLICE("whole"), literal(5, "5"));
	(void)value_set(value, SLICE("double"), value_double(&arena, 5));
	(void)value_set(value, SLICE("time"), value_int(&arena, 1764057600123456789));
	(void)value_set(value, SLICE("null"), value_null(&arena));
	struct value *marked = record("@a", value_int(&arena, 1));
	(void)value_set(marked, SLICE("#text"), text_of("0.5"));
	(void)value_set(value, SLICE("marked"), marked);
	slice xml = codec_xml.encode(&arena, value, &error);
	assert_non_null(xml.p);
	const struct value *again = codec_xml.decode(&arena, xml, &error);
	if (!again)
		fail_msg("%s", error.text);
	assert_true(value_equal(value, again));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(elements_become_values, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_reading_is_the_same_in_json, set_up, tear_down),
		cmocka_unit_test_setup_teardown(declared_types_decide, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		        type_prefixes_follow_their_scope, set_up, tear_down),
		cmocka_unit_test_setup_teardown(encoded_arrays_are_lists, set_up, tear_down),
		cmocka_unit_test_setup_teardown(encodings_are_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_documents_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(limits_hold, set_up, tear_down),
		cmocka_unit_test_setup_teardown(namespaces_come_and_go, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_budget_is_survived, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_names_are_not_quadratic, set_up, tear_down),
		cmocka_unit_test_setup_teardown(values_become_elements, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_are_made_valid, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_xml_cannot_say_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		        what_was_encoded_decodes_to_the_same, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
