/* Status and value to envelope or Fault, in the version of SOAP that the call came in.
 *
 * HTTP's code is 200 or, for any Fault, 500 (SOAP 1.1 section 6.2); SOAP 1.2 has 400 for the sender's faults
 * (part 2 section 7.5.2.2). What exactly was wrong says the Fault: its code for programs of the SOAP world, its
 * text for a person, and its detail in Fairlead's own words:
 *
 *   <requestId xmlns="urn:fairlead:error">…</requestId><status xmlns="urn:fairlead:error">not-found</status> */
#include "adapters/soap/call.h"

#include "base/utf8.h"

#define ERROR_NAMESPACE "urn:fairlead:error"

#define CLOSE "</soap:Body></soap:Envelope>"

enum fault { FAULT_NONE, FAULT_SENDER, FAULT_AUTHENTICATION, FAULT_RECEIVER };

/* What differs between the versions. */
struct wording {
	const char *media;
	const char *open;              /* what comes before the Body's content */
	const char *sender, *receiver; /* fault codes */
	const char *exhausted;         /* a whole answer for when memory is used up */
};

static const struct wording wordings[] = {
	[SOAP_VERSION_11] = {
		.media = "text/xml; charset=utf-8",
		.open = "<soap:Envelope xmlns:soap=\"" XML_SOAP_11 "\"><soap:Body>",
		.sender = "soap:Client",
		.receiver = "soap:Server",
		.exhausted = "<soap:Envelope xmlns:soap=\"" XML_SOAP_11 "\"><soap:Body><soap:Fault>"
			     "<faultcode>soap:Server</faultcode>"
			     "<faultstring>no memory left for this message</faultstring>"
			     "</soap:Fault>" CLOSE,
	},
	[SOAP_VERSION_12] = {
		.media = "application/soap+xml; charset=utf-8",
		.open = "<soap:Envelope xmlns:soap=\"" XML_SOAP_12 "\"><soap:Body>",
		.sender = "soap:Sender",
		.receiver = "soap:Receiver",
		.exhausted = "<soap:Envelope xmlns:soap=\"" XML_SOAP_12 "\"><soap:Body><soap:Fault>"
			     "<soap:Code><soap:Value>soap:Receiver</soap:Value></soap:Code>"
			     "<soap:Reason><soap:Text xml:lang=\"en\">no memory left for this message"
			     "</soap:Text></soap:Reason></soap:Fault>" CLOSE,
	},
};

static enum fault fault_for(enum status status)
{
	switch (status) {
	case STATUS_OK:
	case STATUS_CREATED:
	case STATUS_CHANGED:
	case STATUS_DELETED:
	case STATUS_ACCEPTED:
	case STATUS_NOT_MODIFIED:
		return FAULT_NONE;
	case STATUS_MALFORMED:
	case STATUS_FORBIDDEN:
	case STATUS_NOT_FOUND:
	case STATUS_METHOD_NOT_ALLOWED:
	case STATUS_NOT_ACCEPTABLE:
	case STATUS_CONFLICT:
	case STATUS_TOO_LARGE:
	case STATUS_UNSUPPORTED_MEDIA:
	case STATUS_INVALID:
		return FAULT_SENDER;
	case STATUS_UNAUTHENTICATED:
		return FAULT_AUTHENTICATION;
	case STATUS_NONE:
	case STATUS_TOO_MANY:
	case STATUS_INTERNAL:
	case STATUS_BAD_BACKEND:
	case STATUS_UNAVAILABLE:
	case STATUS_TIMEOUT:
	case STATUS_STORE_FULL:
	case STATUS_CANCELLED:
	case STATUS_COUNT:
		break;
	}
	return FAULT_RECEIVER;
}

slice soap_words(struct arena *arena, enum status status, enum method method)
{
	const struct wording *wording = &wordings[SOAP_VERSION_11];
	(void)arena;
	(void)method;
	switch (fault_for(status)) {
	case FAULT_NONE:
		return SLICE("response");
	case FAULT_SENDER:
		return slice_of(wording->sender);
	case FAULT_AUTHENTICATION:
		return SLICE("wsse:FailedAuthentication");
	case FAULT_RECEIVER:
		break;
	}
	return slice_of(wording->receiver);
}

static void add(struct text *to, const char *markup)
{
	text_bytes(to, markup, strlen(markup));
}

/* `why` may quote what a peer sent: what XML cannot say becomes "?". */
static void add_reason(struct text *to, slice why, enum status status)
{
	if (!why.n)
		why = slice_of(status_name(status));
	bool utf8 = utf8_valid(why);
	char *plain = arena_alloc_raw(to->arena, why.n + 1);
	for (size_t i = 0; plain && i < why.n; i++) {
		unsigned char c = (unsigned char)why.p[i];
		plain[i] = c < ' ' || c == 0x7f || (c > 0x7f && !utf8) ? '?' : why.p[i];
	}
	if (plain)
		(void)xml_write_text(to, (slice){ plain, why.n });
}

static void add_detail(struct text *to, uint64_t id, enum status status)
{
	char id_text[REQUEST_ID_BYTES];
	request_id_text(id, id_text);
	text_printf(to,
	        "<requestId xmlns=\"" ERROR_NAMESPACE "\">%s</requestId>"
	        "<status xmlns=\"" ERROR_NAMESPACE "\">%s</status>",
	        id_text, status_name(status));
}

static const char *code_for(const struct soap_call *call, enum fault fault)
{
	const struct wording *wording = &wordings[call->version];
	switch (call->problem) {
	case SOAP_PROBLEM_VERSION:
		return "soap:VersionMismatch";
	case SOAP_PROBLEM_MUST_UNDERSTAND:
		return "soap:MustUnderstand";
	case SOAP_PROBLEM_NONE:
		break;
	}
	return fault == FAULT_RECEIVER ? wording->receiver : wording->sender;
}

/* WS-Security 1.1 section 12. */
static const char *security_fault(const struct request *request)
{
	return request->expired ? "MessageExpired" : "FailedAuthentication";
}

static void add_fault_11(struct text *to, const struct request *request, const char *code,
        enum fault fault, enum status status, slice why)
{
	if (fault == FAULT_AUTHENTICATION)
		text_printf(to,
		        "<soap:Fault><faultcode xmlns:wsse=\"" SOAP_WSSE
		        "\">wsse:%s</faultcode><faultstring>",
		        security_fault(request));
	else
		text_printf(to, "<soap:Fault><faultcode>%s</faultcode><faultstring>", code);
	add_reason(to, why, status);
	add(to, "</faultstring><detail>");
	add_detail(to, request->id, status);
	add(to, "</detail></soap:Fault>");
}

static void add_fault_12(struct text *to, const struct request *request, const char *code,
        enum fault fault, enum status status, slice why)
{
	text_printf(to, "<soap:Fault><soap:Code><soap:Value>%s</soap:Value>", code);
	if (fault == FAULT_AUTHENTICATION)
		text_printf(to,
		        "<soap:Subcode><soap:Value xmlns:wsse=\"" SOAP_WSSE
		        "\">wsse:%s</soap:Value></soap:Subcode>",
		        security_fault(request));
	else
		text_printf(to,
		        "<soap:Subcode><soap:Value xmlns:e=\"" ERROR_NAMESPACE
		        "\">e:%s</soap:Value></soap:Subcode>",
		        status_name(status));
	add(to, "</soap:Code><soap:Reason><soap:Text xml:lang=\"en\">");
	add_reason(to, why, status);
	add(to, "</soap:Text></soap:Reason><soap:Detail>");
	add_detail(to, request->id, status);
	add(to, "</soap:Detail></soap:Fault>");
}

static void answer_fault(struct request *request, const struct soap_call *call, enum status status,
        slice why, struct http_response *response)
{
	enum fault fault = fault_for(status);
	bool newer = call->version == SOAP_VERSION_12;
	bool sender = fault != FAULT_RECEIVER && call->problem == SOAP_PROBLEM_NONE;
	const struct wording *wording = &wordings[call->version];
	struct text to;
	text_init(&to, &request->arena, 1024);
	add(&to, wording->open);
	(newer ? add_fault_12 : add_fault_11)(
	        &to, request, code_for(call, fault), fault, status, why);
	add(&to, CLOSE);
	response->code = newer && sender ? 400 : 500;
	response->body = text_slice(&to);
	if (!response->body.p)
		response->body = slice_of(wording->exhausted);
}

/* <OperationResponse> in the operation's namespace, its content qualified or not as that of the call was. */
static bool add_response_element(struct text *to, struct arena *arena, const struct soap_call *call,
        const struct value *value, struct error *error)
{
	struct text attributes;
	slice name = arena_printf(
	        arena, "%s%.*sResponse", call->unqualified ? "m:" : "", SLICE_ARG(call->operation));
	text_init(&attributes, arena, 0);
	if (call->namespace.n) {
		add(&attributes, call->unqualified ? " xmlns:m=\"" : " xmlns=\"");
		(void)xml_write_text(&attributes, call->namespace);
		text_char(&attributes, '"');
	}
	slice declaration = text_slice(&attributes);
	if (!name.p || !declaration.p)
		return error_set(error, "no memory left for the answer");
	return xml_write_element(to, name, declaration, value, false, error);
}

/* An answer that no codec could read is given as it is. */
static const struct value *answered_value(struct request *request)
{
	const struct message *out = &request->out;
	if (out->value || !out->body.n)
		return out->value;
	return utf8_valid(out->body) ? value_text(&request->arena, out->body)
	                             : value_bytes(&request->arena, out->body);
}

static void answer_success(
        struct request *request, const struct soap_call *call, struct http_response *response)
{
	struct error error;
	struct text to;
	text_init(&to, &request->arena, 512);
	add(&to, wordings[call->version].open);
	if (!add_response_element(&to, &request->arena, call, answered_value(request), &error)) {
		answer_fault(request, call, STATUS_BAD_BACKEND, slice_of(error.text), response);
		return;
	}
	add(&to, CLOSE);
	response->code = 200;
	response->body = text_slice(&to);
	if (!response->body.p)
		answer_fault(request, call, STATUS_TOO_LARGE,
		        SLICE("no memory left for the answer"), response);
}

void soap_answer(struct request *request, struct http_response *response)
{
	const struct soap_call unknown = { .version = soap_version_of(request->in.media) };
	const struct soap_call *call = request->dialect ? request->dialect : &unknown;
	response->media = slice_of(wordings[call->version].media);
	if (fault_for(request->status) == FAULT_NONE)
		answer_success(request, call, response);
	else
		answer_fault(request, call, request->status, request->why, response);
}
