/* soap: SOAP 1.1 and 1.2 over HTTP, as a dialect of the HTTP listener.
 *
 * A call comes as <Envelope><Body><Operation>…</Operation></Body></Envelope>. The operation element's local
 * name becomes the message's operation, its content the message's value (codec/xml/xml.h has the rules), and the
 * method is POST: the match stage finds the endpoint by the path posted to or by the operation. The answer is
 * <OperationResponse> in the same namespace and the same version of SOAP, or a Fault.
 *
 *   envelope.c     envelope to request: versions, headers, WS-Security
 *   references.c   the multi-reference values of the SOAP encoding
 *   answer.c       status and value to envelope or Fault
 *
 * WS-Security's UsernameToken, with a password in plain text or as a digest, is one more credential for the core to
 * judge; beside it HTTP's own (Authorization, client certificate) work as for any HTTP request.
 *
 * WHICH REQUESTS ARE SOAP. application/soap+xml is; text/xml is when it has a SOAPAction field, which SOAP 1.1
 * requires, or when its root element is an Envelope, for clients that forget the field. Any other text/xml is
 * REST with an XML body. */
#include "adapters/soap/call.h"

#include "base/media.h"

/* What follows the first `end` in `rest`; empty when there is none. */
static slice skip_past(slice rest, slice end)
{
	const char *at = rest.n ? memmem(rest.p, rest.n, end.p, end.n) : NULL;
	return at ? slice_from(rest, (size_t)(at - rest.p) + end.n) : (slice){ NULL, 0 };
}

/* From the root element's "<" on; empty when none is in sight. */
static slice skip_prolog(slice rest)
{
	if (slice_starts(rest, SLICE("\xef\xbb\xbf")))
		rest = slice_from(rest, 3);
	for (;;) {
		rest = slice_trim(rest);
		if (slice_starts(rest, SLICE("<?")))
			rest = skip_past(rest, SLICE("?>"));
		else if (slice_starts(rest, SLICE("<!--")))
			rest = skip_past(rest, SLICE("-->"));
		else
			return rest;
	}
}

/* A look, not a parse: enter() parses. */
static bool root_is_envelope(slice body)
{
	slice rest = skip_prolog(body);
	if (!slice_starts(rest, SLICE("<")))
		return false;
	rest = slice_from(rest, 1);
	size_t n = 0;
	while (n < rest.n && !memchr(" \t\r\n/>", rest.p[n], 6))
		n++;
	slice name = { rest.p, n };
	if (slice_find(name, ':') < name.n)
		(void)slice_cut(&name, ':');
	return slice_is(name, "Envelope");
}

static bool claims(const struct request *request)
{
	const struct message *in = &request->in;
	slice media = media_type(in->media);
	if (in->method != METHOD_POST)
		return false;
	if (slice_equal_nocase(media, SLICE("application/soap+xml")))
		return true;
	if (!slice_equal_nocase(media, SLICE("text/xml")))
		return false;
	return message_field(in, "soapaction").p || root_is_envelope(in->body);
}

enum soap_version soap_version_of(slice media)
{
	return slice_equal_nocase(media_type(media), SLICE("application/soap+xml"))
	               ? SOAP_VERSION_12
	               : SOAP_VERSION_11;
}

static void enter(struct request *request)
{
	/* `media` has no parameters; the field that it was read from may have. */
	slice field = message_field(&request->in, "content-type");
	request->protocol = "soap";
	struct soap_call *call = ARENA_NEW(&request->arena, struct soap_call);
	request->in.value_bytes = request->in.body.n;
	if (!call) {
		request_refuse(request, STATUS_TOO_LARGE, "no memory left for this message");
		return;
	}
	call->version = soap_version_of(request->in.media);
	request->dialect = call;
	soap_envelope_read(request, call, media_parameter(field, "charset"));
	request->in.media = request->in.body = (slice){ NULL, 0 };
	request->accept = (slice){ NULL, 0 };
	request->reply_as_value = true;
}

const struct http_dialect dialect_soap = {
	.name = "soap",
	.claims = claims,
	.enter = enter,
	.leave = soap_answer,
	.words = soap_words,
};
