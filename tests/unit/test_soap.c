#include "support.h"

#include "adapters/common/dialect.h"
#include "codec/value.h"
#include "codec/xml/xml.h"

extern const struct http_dialect dialect_soap;

#define WSSE "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
#define WSU  "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
#define TOKEN_PROFILE                                                                              \
	"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"

static struct request request;
static struct http_response response;

static int set_up(void **state)
{
	(void)state;
	request = (struct request){ .id = 0xabc };
	response = (struct http_response){ 0 };
	arena_init(&request.arena, 1 << 20);
	request.in.method = METHOD_POST;
	request.in.path = SLICE("/ships/sensors/engine-7");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_finish(&request.arena);
	return 0;
}

static void again(void)
{
	(void)tear_down(NULL);
	(void)set_up(NULL);
}

static void enter(const char *media, slice body)
{
	request.in.media = slice_of(media);
	request.in.body = body;
	dialect_soap.enter(&request);
}

/* An envelope of SOAP 1.1 with this between its tags. */
static slice envelope_11(const char *content)
{
	return arena_printf(
	        &request.arena, "<s:Envelope xmlns:s=\"" XML_SOAP_11 "\">%s</s:Envelope>", content);
}

static void enter_11(const char *content)
{
	enter("text/xml; charset=utf-8", envelope_11(content));
}

static void assert_answer_has(const char *text)
{
	if (!memmem(response.body.p, response.body.n, text, strlen(text)))
		fail_msg("no %s in %.*s", text, SLICE_ARG(response.body));
}

static void claims_envelopes_and_nothing_else(void **state)
{
	static const struct field action = { SLICE_INIT("soapaction"), SLICE_INIT("\"\"") };
	static const struct {
		enum method method;
		const char *media;
		bool action;
		const char *body;
		bool claimed;
	} cases[] = {
		{ METHOD_POST, "text/xml", true, "<a/>", true },
		{ METHOD_POST, "text/xml", false, "<a/>", false },
		{ METHOD_POST, "text/xml", false, "", false },
		{ METHOD_POST, "text/xml", false, "<", false },
		{ METHOD_POST, "text/xml", false, "<Envelope/>", true },
		{ METHOD_POST, "TEXT/XML;charset=utf-8", false, "<s:Envelope xmlns:s='x'>", true },
		{ METHOD_POST, "text/xml", false,
		        "\xef\xbb\xbf<?xml version='1.0'?>\n<!-- <a> -->\n<S:Envelope\n>", true },
		{ METHOD_POST, "text/xml", false, "<a>" XML_SOAP_11 "<Envelope/></a>", false },
		{ METHOD_POST, "text/xml", false, "<!-- <Envelope>", false },
		{ METHOD_POST, "text/xml", false, "<s:Envelopes/>", false },
		{ METHOD_POST, "application/soap+xml; action=\"x\"", false, "", true },
		{ METHOD_POST, "application/xml", true, "<Envelope/>", false },
		{ METHOD_POST, "application/json", true, "{}", false },
		{ METHOD_POST, "", true, "<Envelope/>", false },
		{ METHOD_GET, "text/xml", true, "", false },
		{ METHOD_PUT, "text/xml", true, "<Envelope/>", false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		request.in.method = cases[i].method;
		request.in.media = slice_of(cases[i].media);
		request.in.fields = &action;
		request.in.nfields = cases[i].action;
		request.in.body = slice_of(cases[i].body);
		if (dialect_soap.claims(&request) != cases[i].claimed)
			fail_msg("%s %s", cases[i].media, cases[i].body);
	}
}

static void calls_become_messages(void **state)
{
	static const struct {
		const char *content, *operation, *value;
	} cases[] = {
		{ "<s:Body><f:ReportReading xmlns:f='urn:f'><f:sensor>temperature</f:sensor>"
		  "<f:value>81.4</f:value><f:unit>Cel</f:unit>"
		  "<f:time>1764057600123456789</f:time></f:ReportReading></s:Body>",
		        "ReportReading",
		        "{\"sensor\":\"temperature\",\"value\":81.4d,\"unit\":\"Cel\","
		        "\"time\":1764057600123456789}" },
		{ "<s:Header/><s:Body><Get/></s:Body>", "Get", "{}" },
		{ "<s:Header>text</s:Header><s:Body> <Get>\n</Get> </s:Body>", "Get", "{}" },
		{ "<s:Body><Ping>hello</Ping></s:Body>", "Ping", "{\"#text\":\"hello\"}" },
		{ "<s:Body><Set s:encodingStyle='x' id='1'><a>1</a></Set></s:Body>", "Set",
		        "{\"@id\":1,\"a\":1}" },
		{ "<s:Header><other xmlns='urn:o'>x</other>"
		  "<o:far xmlns:o='urn:o' s:actor='urn:them' s:mustUnderstand='1'/></s:Header>"
		  "<s:Body><Get/></s:Body>",
		        "Get", "{}" },
		/* references of the SOAP encoding */
		{ "<s:Body><Op><a href='#i0'/><b href='#i0'/><c href='#i1'/></Op>"
		  "<multiRef id='i0'>5</multiRef>"
		  "<multiRef id='i1'><d href='#i2'/></multiRef>"
		  "<multiRef id='i2'><e>6</e></multiRef></s:Body>",
		        "Op", "{\"a\":5,\"b\":5,\"c\":{\"d\":{\"e\":6}}}" },
		{ "<s:Body><Op><a href='#top'/></Op></s:Body>", "Op",
		        "{\"a\":{\"@href\":\"#top\"}}" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		enter_11(cases[i].content);
		if (request.status != STATUS_NONE)
			fail_msg("%s: %.*s", cases[i].content, SLICE_ARG(request.why));
		assert_slice(request.in.operation, cases[i].operation);
		slice shown = value_show(&request.arena, request.in.value);
		assert_slice(shown, cases[i].value);
		assert_int_equal(request.in.method, METHOD_POST);
		assert_slice(request.in.path, "/ships/sensors/engine-7");
		assert_int_equal(request.in.media.n + request.in.body.n, 0);
		assert_true(request.reply_as_value);
		assert_string_equal(request.protocol, "soap");
		assert_null(request.credentials);
		again();
	}
}

/* Each is found at once: a walk from the first on for each would take minutes. */
static void thousands_of_references(void **state)
{
	enum { REFERENCES = 30000 };
	(void)state;
	request.arena.budget_bytes = 64 << 20;
	struct text text;
	text_init(&text, &request.arena, 2 << 20);
	text_literal(&text, "<s:Body><Op>");
	for (unsigned i = 0; i < REFERENCES; i++)
		text_printf(&text, "<a href='#%u'/>", REFERENCES - 1 - i);
	text_literal(&text, "</Op>");
	for (unsigned i = 0; i < REFERENCES; i++)
		text_printf(&text, "<m id='%u'>%u</m>", i, i);
	text_literal(&text, "</s:Body>");
	enter_11(text_slice(&text).p);
	assert_int_equal(request.status, STATUS_NONE);
	const struct value *list = value_get(request.in.value, SLICE("a"));
	assert_non_null(list);
	assert_slice(value_to_text(&request.arena, list->as.members.first), "29999");
}

static void bad_envelopes_are_client_faults(void **state)
{
	static const struct {
		const char *content, *why;
	} cases[] = {
		{ "", "the envelope has no Body" },
		{ "<Body><Op/></Body>", "the envelope has no Body" },
		{ "<s:Body/>", "the Body is empty" },
		{ "<s:Body>text</s:Body>", "the Body is empty" },
		{ "<s:Body><s:Fault/></s:Body>", "<Fault> is no operation" },
		{ "<s:Body><a/><b/></s:Body>", "the Body holds <b> beside the operation" },
		{ "<s:Body><a>", NULL },
		{ "<s:Body><a xmlns:x='http://www.w3.org/2001/XMLSchema-instance' "
		  "xmlns:d='http://www.w3.org/2001/XMLSchema'><b x:type='d:int'>c</b></a></s:Body>",
		        "XML: the content of <b> is not of the type that its xsi:type says" },
		{ "<s:Body><Op><a href='#i0'/></Op><m id='i1'/></s:Body>",
		        "<a> refers to \"i0\", which is not there or has its place already" },
		{ "<s:Body><Op><a href='#i0'/><b href='#i0'/></Op><m id='i0'><c/></m></s:Body>",
		        NULL },
		{ "<s:Body><Op><a href='#i0'/></Op><m id='i0'><c href='#i0'/></m></s:Body>", NULL },
		{ "<s:Body><Op><a href='#i0'/></Op><m id='i0' href='#i0'/></s:Body>", NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		enter_11(cases[i].content);
		assert_int_equal(request.status, STATUS_MALFORMED);
		if (cases[i].why)
			assert_slice(request.why, cases[i].why);
		dialect_soap.leave(&request, &response);
		assert_int_equal(response.code, 500);
		assert_answer_has(">soap:Client<");
		again();
	}
	enter("text/xml",
	        SLICE("<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"));
	assert_int_equal(request.status, STATUS_MALFORMED);
	again();
	enter("text/xml", SLICE("<reading/>"));
	assert_slice(request.why, "the document is no SOAP envelope");
}

static void versions_are_told_apart(void **state)
{
	(void)state;
	enter("text/xml",
	        SLICE("<e:Envelope xmlns:e='" XML_SOAP_12 "'><e:Body><a/></e:Body></e:Envelope>"));
	request.status = STATUS_OK;
	dialect_soap.leave(&request, &response);
	assert_slice(response.media, "application/soap+xml; charset=utf-8");
	assert_slice(response.body, "<soap:Envelope xmlns:soap=\"" XML_SOAP_12 "\"><soap:Body>"
	                            "<aResponse/></soap:Body></soap:Envelope>");
	again();
	enter("text/xml", SLICE("<Envelope xmlns='urn:future'><Body><a/></Body></Envelope>"));
	assert_int_equal(request.status, STATUS_MALFORMED);
	dialect_soap.leave(&request, &response);
	assert_int_equal(response.code, 500);
	assert_answer_has(">soap:VersionMismatch<");
	assert_slice(response.media, "text/xml; charset=utf-8");
}

static void charset_of_the_field_counts(void **state)
{
	(void)state;
	static const struct field type = { SLICE_INIT("content-type"),
		SLICE_INIT("text/xml; x=y; Charset=\"ISO-8859-1\"") };
	request.in.fields = &type;
	request.in.nfields = 1;
	enter("text/xml", envelope_11("<s:Body><a>\xe9</a></s:Body>"));
	assert_int_equal(request.status, STATUS_NONE);
	assert_slice(value_show(&request.arena, request.in.value), "{\"#text\":\"é\"}");
}

static void headers_that_must_be_understood(void **state)
{
	static const struct {
		const char *entry;
		bool refused;
	} cases[] = {
		{ "<a xmlns='urn:a' s:mustUnderstand='1'/>", true },
		{ "<a xmlns='urn:a' s:mustUnderstand='true'/>", true },
		{ "<a xmlns='urn:a' s:mustUnderstand='0'/>", false },
		{ "<a xmlns='urn:a' mustUnderstand='1'/>", false },
		{ "<a xmlns='urn:a' s:mustUnderstand='1' "
		  "s:actor='http://schemas.xmlsoap.org/soap/actor/next'/>",
		        true },
		{ "<a xmlns='urn:a' s:mustUnderstand='1' s:actor='urn:other'/>", false },
		{ "<w:Security xmlns:w='" WSSE "' s:mustUnderstand='1'/>", false },
		{ "<w:Security xmlns:w='" WSSE "' s:mustUnderstand='1'><w:UsernameToken>"
		  "<w:Username>u</w:Username><w:Password>p</w:Password></w:UsernameToken></"
		  "w:Security>",
		        false },
		{ "<w:Security xmlns:w='" WSSE "' s:mustUnderstand='1'>"
		  "<w:BinarySecurityToken/></w:Security>",
		        true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		slice content = arena_printf(&request.arena,
		        "<s:Header>%s</s:Header><s:Body><Get/></s:Body>", cases[i].entry);
		enter_11(content.p);
		assert_int_equal(request.status, cases[i].refused ? STATUS_MALFORMED : STATUS_NONE);
		if (cases[i].refused) {
			dialect_soap.leave(&request, &response);
			assert_int_equal(response.code, 500);
			assert_answer_has(">soap:MustUnderstand<");
		}
		again();
	}
}

static void username_tokens_are_credentials(void **state)
{
	static const struct {
		const char *token;
		enum status status;
	} cases[] = {
		{ "<w:Username>engine-7</w:Username><w:Password>s3 &amp;cret</w:Password>",
		        STATUS_NONE },
		{ "<w:Username>engine-7</w:Username><w:Password Type='" TOKEN_PROFILE
		  "#PasswordText'>s3 &amp;cret</w:Password>",
		        STATUS_NONE },
		{ "<w:Username>engine-7</w:Username><w:Password Type='" TOKEN_PROFILE
		  "#PasswordDigest'>AAAA</w:Password>",
		        STATUS_UNAUTHENTICATED },
		{ "<w:Username>engine-7</w:Username>", STATUS_UNAUTHENTICATED },
		{ "<w:Password>x</w:Password>", STATUS_UNAUTHENTICATED },
	};
	static const struct credential bearer = { .kind = CREDENTIAL_BEARER };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		slice content = arena_printf(&request.arena,
		        "<s:Header><w:Security xmlns:w='" WSSE "'><w:UsernameToken>%s"
		        "</w:UsernameToken></w:Security></s:Header><s:Body><Get/></s:Body>",
		        cases[i].token);
		request.credentials = &bearer;
		enter_11(content.p);
		assert_int_equal(request.status, cases[i].status);
		if (cases[i].status == STATUS_NONE) {
			const struct credential *credential = request.credentials;
			assert_int_equal(credential->kind, CREDENTIAL_USERNAME_TOKEN);
			assert_slice(credential->name, "engine-7");
			assert_slice(credential->secret, "s3 &cret");
			assert_ptr_equal(credential->next, &bearer);
		}
		again();
	}
}

static void a_digest_is_a_credential_with_what_it_was_made_of(void **state)
{
	static const char call[] =
	        "<s:Header><w:Security xmlns:w='" WSSE "' xmlns:u='" WSU "'><w:UsernameToken>"
	        "<w:Username> engine-7 </w:Username>"
	        "<w:Password Type=' " TOKEN_PROFILE "#PasswordDigest '>\n c2hhMQ== \n</w:Password>"
	        "<w:Nonce> AAEC/w== </w:Nonce><u:Created> 2026-01-31T00:00:00Z </u:Created>"
	        "</w:UsernameToken></w:Security></s:Header><s:Body><Get/></s:Body>";
	(void)state;
	enter_11(call);
	assert_int_equal(request.status, STATUS_NONE);
	const struct credential *credential = request.credentials;
	assert_int_equal(credential->kind, CREDENTIAL_PASSWORD_DIGEST);
	assert_slice(credential->name, "engine-7");
	assert_slice(credential->secret, "sha1");
	assert_slice(credential->created, "2026-01-31T00:00:00Z");
	assert_int_equal(credential->nonce.n, 4);
	assert_memory_equal(credential->nonce.p, "\0\1\2\xff", 4);
	again();
}

static void an_expired_message_has_a_fault_of_its_own(void **state)
{
	(void)state;
	enter_11("<s:Body><Get/></s:Body>");
	request_refuse(&request, STATUS_UNAUTHENTICATED, "too old");
	request.expired = true;
	dialect_soap.leave(&request, &response);
	assert_int_equal(response.code, 500);
	assert_answer_has(">wsse:MessageExpired<");
	again();
}

static void answers_speak_the_callers_namespace(void **state)
{
	static const struct {
		const char *body, *answer;
	} cases[] = {
		{ "<f:Op xmlns:f='urn:f'><f:a/></f:Op>",
		        "<OpResponse xmlns=\"urn:f\"><state>on</state><n>1</n></OpResponse>" },
		{ "<f:Op xmlns:f='urn:f'/>",
		        "<OpResponse xmlns=\"urn:f\"><state>on</state><n>1</n></OpResponse>" },
		{ "<f:Op xmlns:f='urn:f'><a/></f:Op>",
		        "<m:OpResponse "
		        "xmlns:m=\"urn:f\"><state>on</state><n>1</n></m:OpResponse>" },
		{ "<Op/>", "<OpResponse><state>on</state><n>1</n></OpResponse>" },
		{ "<Op xmlns='&lt;&quot;&amp;'/>",
		        "<OpResponse "
		        "xmlns=\"&lt;&quot;&amp;\"><state>on</state><n>1</n></OpResponse>" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		slice content = arena_printf(&request.arena, "<s:Body>%s</s:Body>", cases[i].body);
		enter_11(content.p);
		struct value *value = value_map(&request.arena);
		(void)value_set(value, SLICE("state"), value_text(&request.arena, SLICE("on")));
		(void)value_set(value, SLICE("n"), value_int(&request.arena, 1));
		request.status = STATUS_OK;
		request.out.value = value;
		dialect_soap.leave(&request, &response);
		assert_int_equal(response.code, 200);
		assert_slice(response.media, "text/xml; charset=utf-8");
		slice expected = arena_printf(&request.arena,
		        "<soap:Envelope xmlns:soap=\"" XML_SOAP_11
		        "\"><soap:Body>%s</soap:Body></soap:Envelope>",
		        cases[i].answer);
		assert_slice(response.body, expected.p);
		again();
	}
}

static void statuses_become_faults(void **state)
{
	static const struct {
		enum status status;
		const char *code_11;
		unsigned http_12;
		const char *code_12;
	} cases[] = {
		{ STATUS_MALFORMED, ">soap:Client<", 400, ">soap:Sender<" },
		{ STATUS_UNAUTHENTICATED, "\">wsse:FailedAuthentication<", 400,
		        "\">wsse:FailedAuthentication<" },
		{ STATUS_FORBIDDEN, ">soap:Client<", 400, ">e:forbidden<" },
		{ STATUS_NOT_FOUND, ">soap:Client<", 400, ">e:not-found<" },
		{ STATUS_INVALID, ">soap:Client<", 400, ">soap:Sender<" },
		{ STATUS_TOO_MANY, ">soap:Server<", 500, ">soap:Receiver<" },
		{ STATUS_BAD_BACKEND, ">soap:Server<", 500, ">soap:Receiver<" },
		{ STATUS_TIMEOUT, ">soap:Server<", 500, ">soap:Receiver<" },
		{ STATUS_STORE_FULL, ">soap:Server<", 500, ">soap:Receiver<" },
		{ STATUS_NONE, ">soap:Server<", 500, ">soap:Receiver<" },
	};
	(void)state;
	for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
		bool newer = i % 2;
		struct error error;
		if (newer)
			enter("application/soap+xml", SLICE("<E/>"));
		else
			enter_11("<s:Body><Op/></s:Body>");
		request_refuse(&request, cases[i / 2].status, "a <reason>\x01\xff");
		dialect_soap.leave(&request, &response);
		assert_int_equal(response.code, newer ? cases[i / 2].http_12 : 500);
		assert_true(xml_check(response.body, (slice){ NULL, 0 }, &error));
		const char *code = newer ? cases[i / 2].code_12 : cases[i / 2].code_11;
		assert_answer_has(code);
		assert_answer_has(">a &lt;reason&gt;?"
		                  "?<");
		assert_answer_has("<requestId xmlns=\"urn:fairlead:error\">0000000000000abc<");
		again();
	}
}

static void an_answer_that_no_codec_reads_is_given_as_it_is(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		enter_11("<s:Body><Op/></s:Body>");
		request.status = STATUS_ACCEPTED;
		request.out.body = i ? SLICE("\xff\x00") : SLICE("stored & safe");
		dialect_soap.leave(&request, &response);
		assert_int_equal(response.code, 200);
		assert_answer_has(i ? "<OpResponse>/wA=</OpResponse>"
		                    : "<OpResponse>stored &amp; safe</OpResponse>");
		again();
	}
}

static void an_answer_that_xml_cannot_say_is_a_fault(void **state)
{
	(void)state;
	enter_11("<s:Body><Op/></s:Body>");
	request.status = STATUS_OK;
	request.out.value = value_text(&request.arena, SLICE("\x01"));
	dialect_soap.leave(&request, &response);
	assert_int_equal(response.code, 500);
	assert_answer_has(">soap:Server<");
}

/* Each budget from nothing to enough ends in a whole envelope. */
static void every_budget_gives_an_answer(void **state)
{
	static char body[] = "<s:Envelope xmlns:s='" XML_SOAP_11
	                     "'><s:Body><Op><a>1</a></Op></s:Body></s:Envelope>";
	struct error error;
	(void)state;
	for (size_t budget = 0; budget < 65536; budget += 1024) {
		again();
		request.arena.budget_bytes = budget;
		enter("text/xml", slice_of(body));
		if (request.status == STATUS_NONE) {
			request.status = STATUS_OK;
			request.out.value = request.in.value;
			request.arena.budget_bytes = request.arena.used_bytes;
		}
		dialect_soap.leave(&request, &response);
		assert_true(response.code == 200 || response.code == 500);
		assert_true(xml_check(response.body, (slice){ NULL, 0 }, &error));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		        claims_envelopes_and_nothing_else, set_up, tear_down),
		cmocka_unit_test_setup_teardown(calls_become_messages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(thousands_of_references, set_up, tear_down),
		cmocka_unit_test_setup_teardown(bad_envelopes_are_client_faults, set_up, tear_down),
		cmocka_unit_test_setup_teardown(versions_are_told_apart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(charset_of_the_field_counts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(headers_that_must_be_understood, set_up, tear_down),
		cmocka_unit_test_setup_teardown(username_tokens_are_credentials, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		        a_digest_is_a_credential_with_what_it_was_made_of, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		        an_expired_message_has_a_fault_of_its_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		        answers_speak_the_callers_namespace, set_up, tear_down),
		cmocka_unit_test_setup_teardown(statuses_become_faults, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		        an_answer_that_no_codec_reads_is_given_as_it_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		        an_answer_that_xml_cannot_say_is_a_fault, set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_budget_gives_an_answer, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
