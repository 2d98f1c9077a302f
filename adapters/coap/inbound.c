/* Options to words: Uri-Path, Uri-Query, Content-Format, Accept, ETag, If-Match, If-None-Match have a meaning in
 * the core's model; Uri-Host and Uri-Port do not change what is asked for; Block and Size were dealt with
 * before. Every other critical option is refused with 4.02 (RFC 7252 section 5.4.1), every other elective one
 * ignored; so is one of the wrong length, and each after the first of those that may stand only once (5.4.3,
 * 5.4.5). OSCORE is such an unknown critical option here. */
#include "adapters/coap/inbound.h"

#include "api/adapter.h"

#include "codec/coap_tag.h"
#include "codec/content_format.h"
#include "base/text.h"
#include "base/uri.h"
#include "base/utf8.h"

#include <coap3/coap.h>

enum { CODE_BAD_OPTION = WIRE_CODE(4, 2), CODE_NO_PROXY = WIRE_CODE(5, 5) };

static const struct known_option {
	unsigned number;
	unsigned bytes_min, bytes_max;
	bool repeatable;
} known_options[] = {
	{ COAP_OPTION_IF_MATCH, 0, 8, true },
	{ COAP_OPTION_URI_HOST, 1, 255, false },
	{ COAP_OPTION_ETAG, 1, 8, true },
	{ COAP_OPTION_IF_NONE_MATCH, 0, 0, false },
	{ COAP_OPTION_URI_PORT, 0, 2, false },
	{ COAP_OPTION_URI_PATH, 0, 255, true },
	{ COAP_OPTION_CONTENT_FORMAT, 0, 2, false },
	{ COAP_OPTION_URI_QUERY, 0, 255, true },
	{ COAP_OPTION_ACCEPT, 0, 2, false },
	{ COAP_OPTION_BLOCK2, 0, 3, false },
	{ COAP_OPTION_BLOCK1, 0, 3, false },
};

struct reader {
	struct request *request;
	const struct wire_message *message;
	const struct inbound_rules *rules;
	struct text path, query, if_match, if_none_match;
	unsigned last; /* option number */
	unsigned char code;
};

static bool is_understood(const struct wire_option *option, unsigned last)
{
	for (unsigned i = 0; i < sizeof known_options / sizeof *known_options; i++) {
		const struct known_option *known = &known_options[i];
		if (known->number == option->number)
			return option->value.n >= known->bytes_min &&
			       option->value.n <= known->bytes_max &&
			       (known->repeatable || last != option->number);
	}
	return false;
}

static void refuse_option(struct reader *reader, unsigned number)
{
	if (number == COAP_OPTION_PROXY_URI || number == COAP_OPTION_PROXY_SCHEME) {
		reader->code = CODE_NO_PROXY;
		request_refuse(reader->request, STATUS_INVALID, "this is no proxy");
	} else {
		reader->code = CODE_BAD_OPTION;
		request_refuse(reader->request, STATUS_MALFORMED,
		        "critical option %u is unknown or misused", number);
	}
}

static void read_path_segment(struct reader *reader, slice segment)
{
	if (uri_segment_allowed(segment))
		uri_segment_add(&reader->path, segment);
	else
		request_refuse(reader->request, STATUS_MALFORMED,
		        "a path segment is \".\" or \"..\", no UTF-8, or has control characters");
}

/* What may stand for itself in a query: RFC 3986's pchar, "/" and "?", save "&", which separates, and "+", which
 * forms take for a space. */
static bool is_plain_in_query(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~!$'()*,;=:@/?", c) != NULL);
}

static void add_credential(
        struct reader *reader, enum credential_kind kind, slice name, slice secret)
{
	struct request *request = reader->request;
	struct credential *credential = ARENA_NEW(&request->arena, struct credential);
	if (!reader->rules->token_in_query) {
		request_refuse(request, STATUS_UNAUTHENTICATED,
		        "anybody on the way can read a token or a key sent in the clear, so this "
		        "listener takes none");
	} else if (credential) {
		*credential = (struct credential){ .kind = kind,
			.name = name,
			.secret = arena_copy_slice(&request->arena, secret),
			.next = request->credentials };
		request->credentials = credential;
	}
}

static void read_query(struct reader *reader, slice part)
{
	slice value = part;
	slice name = slice_cut(&value, '=');
	struct request *request = reader->request;
	if (slice_is(name, "access_token")) {
		add_credential(reader, CREDENTIAL_BEARER, (slice){ NULL, 0 }, value);
		return;
	}
	if (adapter_carries_secret(request->adapter, CARRIER_QUERY, name)) {
		slice marked = arena_printf(&request->arena, "?%.*s", SLICE_ARG(name));
		add_credential(reader, CREDENTIAL_API_KEY, marked, value);
		return;
	}
	if (!utf8_valid(part)) {
		request_refuse(request, STATUS_MALFORMED, "the query is no UTF-8");
		return;
	}
	if (reader->query.n)
		text_char(&reader->query, '&');
	for (size_t i = 0; i < part.n; i++) {
		unsigned char c = (unsigned char)part.p[i];
		if (is_plain_in_query(c))
			text_char(&reader->query, (char)c);
		else
			text_printf(&reader->query, "%%%02X", c);
	}
}

/* An entity tag as HTTP writes it: the bytes in hexadecimal, in quotes. */
static void add_tag(struct text *list, slice tag)
{
	bool any = list->n && list->p[0] == '*';
	if (any)
		return;
	if (!tag.n) { /* If-Match without a value, If-None-Match: any tag, whatever others are named */
		list->n = 0;
		text_char(list, '*');
		return;
	}
	if (list->n)
		text_literal(list, ", ");
	coap_tag_write(list, tag);
}

static void read_content_format(struct reader *reader, slice value)
{
	uint32_t number = wire_number(value);
	slice media = content_format_media(number);
	reader->request->in.media = media;
	if (!media.p)
		request_refuse(reader->request, STATUS_UNSUPPORTED_MEDIA,
		        "content format %u is not known here", (unsigned)number);
}

static void read_accept(struct reader *reader, slice value)
{
	uint32_t number = wire_number(value);
	slice media = content_format_media(number);
	reader->request->accept = media;
	if (!media.p)
		request_refuse(reader->request, STATUS_NOT_ACCEPTABLE,
		        "content format %u is not known here", (unsigned)number);
}

static void read_option(struct reader *reader, const struct wire_option *option)
{
	bool understood = is_understood(option, reader->last);
	reader->last = option->number;
	if (!understood) {
		if (option->number & 1)
			refuse_option(reader, option->number);
		return;
	}
	switch (option->number) {
	case COAP_OPTION_URI_PATH:
		read_path_segment(reader, option->value);
		break;
	case COAP_OPTION_URI_QUERY:
		read_query(reader, option->value);
		break;
	case COAP_OPTION_CONTENT_FORMAT:
		read_content_format(reader, option->value);
		break;
	case COAP_OPTION_ACCEPT:
		read_accept(reader, option->value);
		break;
	case COAP_OPTION_IF_MATCH:
		add_tag(&reader->if_match, option->value);
		break;
	case COAP_OPTION_ETAG: /* "send it only if it is none of these" */
		add_tag(&reader->if_none_match, option->value);
		break;
	case COAP_OPTION_IF_NONE_MATCH:
		add_tag(&reader->if_none_match, option->value);
		break;
	default: /* Uri-Host, Uri-Port, Block1, Block2 */
		break;
	}
}

static void read_method(struct request *request, unsigned char code)
{
	switch (code) {
	case COAP_REQUEST_CODE_GET:
		request->in.method = METHOD_GET;
		break;
	case COAP_REQUEST_CODE_POST:
		request->in.method = METHOD_POST;
		break;
	case COAP_REQUEST_CODE_PUT:
		request->in.method = METHOD_PUT;
		break;
	case COAP_REQUEST_CODE_DELETE:
		request->in.method = METHOD_DELETE;
		break;
	case COAP_REQUEST_CODE_PATCH:
		request->in.method = METHOD_PATCH;
		break;
	default: /* FETCH and iPATCH (RFC 8132) have no counterpart; the rest is not assigned */
		request_refuse(request, STATUS_METHOD_NOT_ALLOWED, "method 0.%02u is not offered",
		        (unsigned)code);
		break;
	}
}

static void add_field(
        struct request *request, struct field *fields, const char *name, struct text *text)
{
	if (!text->n)
		return;
	fields[request->in.nfields++] = (struct field){ slice_of(name), text_slice(text) };
}

unsigned char inbound_read(struct request *request, const struct wire_message *message, slice body,
        const struct inbound_rules *rules)
{
	struct arena *arena = &request->arena;
	struct reader reader = { .request = request, .message = message, .rules = rules };
	text_init(&reader.path, arena, 64);
	text_init(&reader.query, arena, 0);
	text_init(&reader.if_match, arena, 0);
	text_init(&reader.if_none_match, arena, 0);
	for (unsigned i = 0; i < message->noptions && request->status == STATUS_NONE; i++)
		read_option(&reader, &message->options[i]);
	if (!reader.path.n)
		text_char(&reader.path, '/');
	request->in.path = text_slice(&reader.path); /* for the log even when it is refused */
	if (request->status == STATUS_NONE)
		read_method(request, message->code);
	if (request->status != STATUS_NONE)
		return reader.code;
	if (reader.query.n)
		request->in.query = text_slice(&reader.query);
	if (body.n)
		request->in.body = arena_copy_slice(arena, body);
	struct field *fields = arena_alloc(arena, 2 * sizeof *fields);
	if (!fields || (body.n && !request->in.body.p) || reader.path.failed ||
	        reader.query.failed || reader.if_match.failed || reader.if_none_match.failed) {
		request_refuse(request, STATUS_TOO_LARGE, "the request is over its memory budget");
		return 0;
	}
	request->in.fields = fields;
	add_field(request, fields, "if-match", &reader.if_match);
	add_field(request, fields, "if-none-match", &reader.if_none_match);
	return 0;
}
