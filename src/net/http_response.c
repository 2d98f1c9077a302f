/* Callbacks of http-parser that build the answer. The parser hands out pieces, cut wherever the reads were cut;
 * so names, values and the body are collected as text in the arena. A callback that fails sets the verdict
 * first, and that stands above the parser's own error. */
#include "net/http_response.h"

static struct http_response *response_of(http_parser *parser)
{
	return parser->data;
}

static int fail(struct http_response *response, enum http_response_verdict verdict)
{
	response->verdict = verdict;
	return -1;
}

/* An interim answer may have come before. */
static int begun(http_parser *parser)
{
	struct http_response *response = response_of(parser);
	response->nfields = 0;
	response->in_value = response->head_complete = false;
	response->name = response->value = (struct text){ .arena = response->arena };
	return 0;
}

static void lower(slice name)
{
	char *p = (char *)(uintptr_t)name.p;
	for (size_t i = 0; i < name.n; i++)
		p[i] = ascii_lower(p[i]);
}

static int field_complete(struct http_response *response)
{
	if (!response->in_value)
		return 0;
	response->in_value = false;
	if (response->nfields == HTTP_RESPONSE_FIELDS_MAX)
		return fail(response, HTTP_RESPONSE_TOO_LARGE);
	slice name = text_slice(&response->name), value = text_slice(&response->value);
	if (!name.p || !value.p)
		return fail(response, HTTP_RESPONSE_TOO_LARGE);
	lower(name);
	response->fields[response->nfields++] = (struct field){ name, slice_trim(value) };
	return 0;
}

static int collect(struct http_response *response, struct text *text, const char *p, size_t n)
{
	response->head_bytes += n;
	if (response->head_bytes > HTTP_RESPONSE_HEAD_MAX_BYTES)
		return fail(response, HTTP_RESPONSE_TOO_LARGE);
	text_bytes(text, p, n);
	return text->failed ? fail(response, HTTP_RESPONSE_TOO_LARGE) : 0;
}

/* Fields after the body (trailers) are not looked at: they come too late to mean anything. */
static int name_read(http_parser *parser, const char *p, size_t n)
{
	struct http_response *response = response_of(parser);
	if (response->head_complete)
		return 0;
	if (response->in_value || !response->name.p) {
		if (field_complete(response) != 0)
			return -1;
		text_init(&response->name, response->arena, n);
	}
	return collect(response, &response->name, p, n);
}

static int value_read(http_parser *parser, const char *p, size_t n)
{
	struct http_response *response = response_of(parser);
	if (response->head_complete)
		return 0;
	if (!response->in_value) {
		response->in_value = true;
		text_init(&response->value, response->arena, n);
	}
	return collect(response, &response->value, p, n);
}

/* 1: the parser is not to expect a body. */
static int head_read(http_parser *parser)
{
	struct http_response *response = response_of(parser);
	if (field_complete(response) != 0)
		return -1;
	response->head_complete = true;
	response->claims_body = parser->flags & F_CHUNKED ||
	                        (parser->content_length && parser->content_length != UINT64_MAX);
	response->code = parser->status_code;
	if (parser->upgrade || response->code < 100 || response->code > 599)
		return fail(response, HTTP_RESPONSE_MALFORMED);
	/* These have no body whatever Content-Length says (RFC 9110 section 6.4.1), which the parser leaves to us. */
	if (response->head_only || response->code < 200 || response->code == 204 ||
	        response->code == 304)
		return 1;
	bool length_known = parser->content_length != UINT64_MAX;
	if (length_known && parser->content_length > response->body_max_bytes)
		return fail(response, HTTP_RESPONSE_TOO_LARGE);
	text_init(&response->text, response->arena,
	        length_known ? (size_t)parser->content_length : 0);
	return 0;
}

static int body_read(http_parser *parser, const char *p, size_t n)
{
	struct http_response *response = response_of(parser);
	if (n > response->body_max_bytes - response->text.n)
		return fail(response, HTTP_RESPONSE_TOO_LARGE);
	text_bytes(&response->text, p, n);
	return response->text.failed ? fail(response, HTTP_RESPONSE_TOO_LARGE) : 0;
}

static int complete(http_parser *parser)
{
	struct http_response *response = response_of(parser);
	if (response->code < 200)
		return 0;
	if (response->text.n)
		response->body = text_slice(&response->text);
	/* A body that must not be and is said to come anyway would be read as the next call's answer. */
	response->keep_alive = http_should_keep_alive(parser) != 0 &&
	                       !(response->code == 204 && response->claims_body);
	response->verdict = HTTP_RESPONSE_DONE;
	http_parser_pause(parser, 1);
	return 0;
}

static const http_parser_settings callbacks = {
	.on_message_begin = begun,
	.on_header_field = name_read,
	.on_header_value = value_read,
	.on_headers_complete = head_read,
	.on_body = body_read,
	.on_message_complete = complete,
};

void http_response_init(
        struct http_response *response, struct arena *arena, size_t body_max_bytes, bool head_only)
{
	*response = (struct http_response){
		.arena = arena, .body_max_bytes = body_max_bytes, .head_only = head_only
	};
	http_parser_init(&response->parser, HTTP_RESPONSE);
	response->parser.data = response;
	response->fields =
	        arena_alloc_raw(arena, HTTP_RESPONSE_FIELDS_MAX * sizeof *response->fields);
	if (!response->fields)
		response->verdict = HTTP_RESPONSE_TOO_LARGE;
}

enum http_response_verdict http_response_read(
        struct http_response *response, slice bytes, size_t *used)
{
	*used = 0;
	if (response->verdict != HTTP_RESPONSE_MORE)
		return response->verdict;
	*used = http_parser_execute(&response->parser, &callbacks, bytes.p, bytes.n);
	if (response->verdict == HTTP_RESPONSE_MORE &&
	        HTTP_PARSER_ERRNO(&response->parser) != HPE_OK)
		response->verdict = HTTP_RESPONSE_MALFORMED;
	return response->verdict;
}

enum http_response_verdict http_response_end(struct http_response *response)
{
	if (response->verdict != HTTP_RESPONSE_MORE)
		return response->verdict;
	/* No bytes tell the parser of the end; it completes what such an end completes. */
	(void)http_parser_execute(&response->parser, &callbacks, NULL, 0);
	if (response->verdict == HTTP_RESPONSE_MORE)
		response->verdict = HTTP_RESPONSE_MALFORMED;
	response->keep_alive = false;
	return response->verdict;
}
