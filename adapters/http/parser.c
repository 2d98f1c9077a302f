/* Reading HTTP/1.1 messages (RFC 9112).
 *
 * A gateway stands between clients and services that each have a parser of their own, so a message that can be
 * read in two ways is an attack: what one of them takes for the body, the other takes for a further request.
 * Therefore nothing is repaired here. Refused are, among others: a bare CR or LF, folded lines, white space
 * before the colon, any second Content-Length, Content-Length beside Transfer-Encoding, every transfer coding but
 * "chunked", chunk sizes that overflow or are followed by anything but well-formed extensions, HTTP/0.9 and
 * HTTP/2's preface. The one leniency is RFC 9112's own (section 2.2): empty lines before the request line.
 *
 * HEADS are parsed where they lie, line by line. Each call continues at the line under way; whatever of an
 * incomplete line can be wrong already is found at once, so that a peer that never ends its line gets its 400
 * now and not when its time is up. The limits cut the line before it is looked at: a verdict does not
 * depend on the pieces in which the bytes came.
 *
 * BODIES run through a small machine, one character of framing at a time; their content is passed on in pieces
 * as large as they came. Chunk extensions and trailers are checked, counted against one limit, and dropped.
 *
 * Rejected: http-parser 2.9, which takes bare LF, folded lines, white space before the colon, a second
 * "chunked" and HTTP/0.9; and the parser inside libwebsockets, which does not look at a request's
 * Transfer-Encoding at all. A strict check in front of either would be this file. */
#include "adapters/http/parser.h"

#include "base/hex.h"

/* What a byte may be in a message's head. */
enum {
	TOKEN = 1,  /* tchar of RFC 9110 */
	TARGET = 2, /* a visible ASCII character */
	VALUE = 4   /* a field value's: visible, space, tab, and obs-text */
};

static const unsigned char classes[128] = {
	/* clang-format off */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, /* controls; tab */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* controls */
	4, 7, 6, 7, 7, 7, 7, 7, 6, 6, 7, 7, 6, 7, 7, 6, /* space ! " # $ % & ' ( ) * + , - . / */
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 6, 6, 6, 6, 6, /* 0-9 : ; < = > ? */
	6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, /* @ A-O */
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 6, 6, 7, 7, /* P-Z [ \ ] ^ _ */
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, /* ` a-o */
	7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 7, 6, 7, 0, /* p-z { | } ~ DEL */
	/* clang-format on */
};

static unsigned class_of(char c)
{
	unsigned char index = (unsigned char)c;
	return index < 128 ? classes[index] : VALUE;
}

static size_t span_of(slice s, unsigned class)
{
	size_t n = 0;
	while (n < s.n && class_of(s.p[n]) & class)
		n++;
	return n;
}

static enum http_verdict head_bad(struct http_head *head, unsigned code, const char *why)
{
	head->code = code;
	head->why = why;
	return HTTP_BAD;
}

void http_head_init(struct http_head *head)
{
	/* But for the fields' table: it is large, and filled before it is read. */
	memset(head, 0, offsetof(struct http_head, fields));
}

bool http_list_has(slice list, slice token)
{
	for (slice rest = list; rest.p;) {
		if (slice_equal_nocase(slice_trim(slice_cut(&rest, ',')), token))
			return true;
	}
	return false;
}

static slice list_last(slice list)
{
	slice last = list;
	for (slice rest = list; rest.p;)
		last = slice_trim(slice_cut(&rest, ','));
	return last;
}

/* "METHOD SP target SP HTTP/1.x", or as much of it as has come. */
static enum http_verdict request_line(struct http_head *head, slice line, bool complete)
{
	size_t method = span_of(line, TOKEN);
	if (method == line.n)
		return complete ? head_bad(head, 400, "the request line is not complete")
		                : HTTP_MORE;
	if (method == 0 || line.p[method] != ' ')
		return head_bad(head, 400, "the request does not begin with a method");
	head->method = (struct http_part){ head->line, (uint32_t)method };

	slice rest = { line.p + method + 1, line.n - method - 1 };
	size_t target = span_of(rest, TARGET);
	if (target == rest.n)
		return complete ? head_bad(head, 400, "the request line names no HTTP version")
		                : HTTP_MORE;
	if (target == 0 || rest.p[target] != ' ')
		return head_bad(
		        head, 400, "the request target has a character that it must not have");
	head->target = (struct http_part){ head->line + (uint32_t)method + 1, (uint32_t)target };

	slice version = { rest.p + target + 1, rest.n - target - 1 };
	static const char form[] = "HTTP/d.d";
	enum { FORM_BYTES = sizeof form - 1 };
	for (size_t i = 0; i < version.n && i < FORM_BYTES; i++) {
		bool digit = version.p[i] >= '0' && version.p[i] <= '9';
		if (form[i] == 'd' ? !digit : version.p[i] != form[i])
			return head_bad(
			        head, 400, "the request line does not end with an HTTP version");
	}
	if (version.n >= FORM_BYTES && (version.p[5] != '1' || version.p[7] > '1'))
		return head_bad(head, 505, "only HTTP/1.0 and HTTP/1.1 are spoken here");
	if (version.n > FORM_BYTES || (complete && version.n < FORM_BYTES))
		return head_bad(head, 400, "the request line does not end with an HTTP version");
	if (!complete)
		return HTTP_MORE;
	head->minor = (unsigned)(version.p[7] - '0');
	head->keep_alive = head->minor == 1;
	return HTTP_DONE;
}

static enum http_verdict content_length(struct http_head *head, slice value)
{
	if (head->has_length)
		return head_bad(head, 400, "a second Content-Length");
	if (head->chunked)
		return head_bad(head, 400, "Content-Length beside Transfer-Encoding");
	if (!value.n)
		return head_bad(head, 400, "Content-Length is not a number");
	for (size_t i = 0; i < value.n; i++) {
		unsigned digit = (unsigned)(unsigned char)value.p[i] - '0';
		if (digit > 9)
			return head_bad(head, 400, "Content-Length is not a number");
		if (head->length > (UINT64_MAX - digit) / 10)
			return head_bad(head, 400, "Content-Length is too large a number");
		head->length = head->length * 10 + digit;
	}
	head->has_length = true;
	return HTTP_DONE;
}

static enum http_verdict transfer_encoding(struct http_head *head, slice value)
{
	if (head->chunked)
		return head_bad(head, 400, "a second Transfer-Encoding");
	if (head->has_length)
		return head_bad(head, 400, "Transfer-Encoding beside Content-Length");
	if (head->minor == 0)
		return head_bad(head, 400, "Transfer-Encoding in HTTP/1.0");
	if (!slice_equal_nocase(value, SLICE("chunked")))
		return head_bad(head,
		        slice_equal_nocase(list_last(value), SLICE("chunked")) ? 501 : 400,
		        "the only Transfer-Encoding taken is \"chunked\"");
	head->chunked = true;
	return HTTP_DONE;
}

/* What the framing of the message and of the connection depends on. */
static enum http_verdict framing(struct http_head *head, slice name, slice value)
{
	if (slice_equal_nocase(name, SLICE("content-length")))
		return content_length(head, value);
	if (slice_equal_nocase(name, SLICE("transfer-encoding")))
		return transfer_encoding(head, value);
	if (slice_equal_nocase(name, SLICE("host")))
		head->nhosts++;
	if (slice_equal_nocase(name, SLICE("connection"))) {
		if (http_list_has(value, SLICE("close")))
			head->keep_alive = false;
		else if (head->minor == 0 && http_list_has(value, SLICE("keep-alive")))
			head->keep_alive = true;
	}
	if (head->minor == 1 && slice_equal_nocase(name, SLICE("expect"))) {
		if (!slice_equal_nocase(value, SLICE("100-continue")))
			return head_bad(head, 417, "the only expectation met is \"100-continue\"");
		head->expects_continue = true;
	}
	return HTTP_DONE;
}

/* "name: value", or as much of it as has come. */
static enum http_verdict field_line(struct http_head *head, slice line, bool complete)
{
	if (line.n && (line.p[0] == ' ' || line.p[0] == '\t'))
		return head_bad(head, 400, "a header field is folded over two lines");
	size_t name = span_of(line, TOKEN);
	if (name == line.n)
		return complete ? head_bad(head, 400, "a header field without a colon") : HTTP_MORE;
	if (name == 0 || line.p[name] != ':')
		return head_bad(
		        head, 400, "a header field's name has a character that it must not have");
	if (head->nfields == HTTP_FIELDS_MAX)
		return head_bad(head, 431, "too many header fields");
	if (!complete)
		return HTTP_MORE;
	slice value = slice_trim((slice){ line.p + name + 1, line.n - name - 1 });
	size_t at = value.n ? (size_t)(value.p - line.p) : name + 1;
	head->fields[head->nfields].name = (struct http_part){ head->line, (uint32_t)name };
	head->fields[head->nfields].value =
	        (struct http_part){ head->line + (uint32_t)at, (uint32_t)value.n };
	head->nfields++;
	return framing(head, (slice){ line.p, name }, value);
}

/* Finds the end of the line under way, which must lie before `limit`. `line` is what there is of it, without its
 * CRLF; HTTP_DONE: it is complete. HTTP_BAD: it cannot go on as it does. */
static enum http_verdict next_line(struct http_head *head, slice bytes, slice *line)
{
	size_t limit = head->block ? head->block + HTTP_BLOCK_MAX : head->line + HTTP_LINE_MAX + 1;
	size_t end = bytes.n < limit ? bytes.n : limit;
	size_t at = head->scanned;
	if (at < end)
		at += span_of((slice){ bytes.p + at, end - at }, VALUE);
	head->scanned = (uint32_t)at;
	*line = (slice){ bytes.p + head->line, at - head->line };
	if (at == bytes.n)
		return HTTP_MORE;
	if (at >= limit)
		return head->block ? head_bad(head, 431, "the header is too large")
		                   : head_bad(head, 414, "the request line is too long");
	if (bytes.p[at] == '\n')
		return head_bad(head, 400, "a line ends with a bare LF");
	if (bytes.p[at] != '\r')
		return head_bad(head, 400, "a control character in the header");
	if (at + 1 == bytes.n)
		return HTTP_MORE;
	return bytes.p[at + 1] == '\n' ? HTTP_DONE : head_bad(head, 400, "a CR without its LF");
}

enum http_verdict http_head_parse(struct http_head *head, slice bytes, size_t *n)
{
	for (;;) {
		slice line;
		enum http_verdict found = next_line(head, bytes, &line);
		bool complete = found == HTTP_DONE;
		/* What stands before a mistake is looked at first: so the verdict is the same as if the bytes
		 * had come one by one. */
		enum http_verdict verdict = HTTP_MORE;
		if (line.n)
			verdict = head->block ? field_line(head, line, complete)
			                      : request_line(head, line, complete);
		if (verdict == HTTP_BAD || !complete)
			return verdict == HTTP_BAD ? HTTP_BAD : found;
		uint32_t next = head->line + (uint32_t)line.n + 2;
		head->line = head->scanned = next;
		if (!line.n && head->block) {
			*n = next;
			return HTTP_DONE;
		}
		if (!line.n && next > HTTP_BLANK_MAX)
			return head_bad(head, 400, "nothing but empty lines");
		if (!head->block && line.n)
			head->block = next;
	}
}

void http_body_init(struct http_body *body, const struct http_head *head)
{
	*body = (struct http_body){ .state = HTTP_BODY_LENGTH, .left = head->length };
	if (head->chunked)
		body->state = HTTP_BODY_SIZE;
	else if (!head->length)
		body->state = HTTP_BODY_DONE;
}

static bool body_bad(struct http_body *body, const char *why)
{
	body->code = 400;
	body->why = why;
	return false;
}

static bool chunk_size(struct http_body *body, char c)
{
	int digit = hex_digit(c);
	if (digit >= 0) {
		if (body->left >> 60 || body->digits == 16)
			return body_bad(body, "a chunk's size is too large a number");
		body->left = body->left << 4 | (unsigned)digit;
		body->digits++;
		return true;
	}
	if (!body->digits)
		return body_bad(body, "a chunk without its size");
	if (c != '\r' && c != ';')
		return body_bad(body, "a chunk's size has a character that it must not have");
	body->state = c == ';' ? HTTP_BODY_EXTENSION_NAME : HTTP_BODY_SIZE_LF;
	body->part = 0;
	return true;
}

/* *( ";" name [ "=" ( token / quoted-string ) ] ), without the white space that RFC 9112 calls bad. */
static bool chunk_extension(struct http_body *body, char c)
{
	static const char why[] = "a chunk's extension is malformed";
	bool quoted = body->state == HTTP_BODY_EXTENSION_QUOTED;
	unsigned class = class_of(c);
	if (quoted || body->state == HTTP_BODY_EXTENSION_ESCAPED) {
		if (!(class & VALUE))
			return body_bad(body, why);
		if (!quoted)
			body->state = HTTP_BODY_EXTENSION_QUOTED;
		else if (c == '\\')
			body->state = HTTP_BODY_EXTENSION_ESCAPED;
		else if (c == '"')
			body->state = HTTP_BODY_EXTENSION_AFTER;
		return true;
	}
	bool name = body->state == HTTP_BODY_EXTENSION_NAME;
	bool value = body->state == HTTP_BODY_EXTENSION_VALUE;
	if ((name || value) && class & TOKEN) {
		body->part++;
		return true;
	}
	if (value && !body->part && c == '"') {
		body->state = HTTP_BODY_EXTENSION_QUOTED;
		return true;
	}
	if ((name || value) && !body->part)
		return body_bad(body, why);
	if (name && c == '=')
		body->state = HTTP_BODY_EXTENSION_VALUE;
	else if (c == ';')
		body->state = HTTP_BODY_EXTENSION_NAME;
	else if (c == '\r')
		body->state = HTTP_BODY_SIZE_LF;
	else
		return body_bad(body, why);
	body->part = 0;
	return true;
}

static bool trailer(struct http_body *body, char c)
{
	unsigned class = class_of(c);
	if (body->state == HTTP_BODY_TRAILER && c == '\r') {
		body->state = HTTP_BODY_END_LF;
		return true;
	}
	if (body->state != HTTP_BODY_TRAILER_VALUE) {
		bool begun = body->state == HTTP_BODY_TRAILER_NAME;
		if (!(class & TOKEN) && !(begun && c == ':'))
			return body_bad(body, "a trailer field is malformed");
		body->state = c == ':' ? HTTP_BODY_TRAILER_VALUE : HTTP_BODY_TRAILER_NAME;
		return true;
	}
	if (c == '\r')
		body->state = HTTP_BODY_TRAILER_LF;
	else if (!(class & VALUE))
		return body_bad(body, "a trailer field is malformed");
	return true;
}

/* A character that stands alone, and the state behind it. */
static bool expect(struct http_body *body, char c, char wanted, enum http_body_state next)
{
	body->state = next;
	return c == wanted || body_bad(body, "a chunk does not end with CRLF");
}

/* One character of the chunks' framing. */
static bool chunk_framing(struct http_body *body, char c)
{
	switch (body->state) {
	case HTTP_BODY_SIZE:
		return chunk_size(body, c);
	case HTTP_BODY_EXTENSION_NAME:
	case HTTP_BODY_EXTENSION_VALUE:
	case HTTP_BODY_EXTENSION_QUOTED:
	case HTTP_BODY_EXTENSION_ESCAPED:
	case HTTP_BODY_EXTENSION_AFTER:
		body->extras++;
		return chunk_extension(body, c);
	case HTTP_BODY_SIZE_LF:
		return expect(body, c, '\n', body->left ? HTTP_BODY_CHUNK : HTTP_BODY_TRAILER);
	case HTTP_BODY_CHUNK_CR:
		return expect(body, c, '\r', HTTP_BODY_CHUNK_LF);
	case HTTP_BODY_CHUNK_LF:
		body->digits = 0;
		return expect(body, c, '\n', HTTP_BODY_SIZE);
	case HTTP_BODY_TRAILER:
	case HTTP_BODY_TRAILER_NAME:
	case HTTP_BODY_TRAILER_VALUE:
		body->extras++;
		return trailer(body, c);
	case HTTP_BODY_TRAILER_LF:
		return expect(body, c, '\n', HTTP_BODY_TRAILER);
	case HTTP_BODY_END_LF:
		return expect(body, c, '\n', HTTP_BODY_DONE);
	case HTTP_BODY_LENGTH:
	case HTTP_BODY_CHUNK:
	case HTTP_BODY_DONE:
		break;
	}
	return false;
}

enum http_verdict http_body_next(struct http_body *body, slice *input, slice *data)
{
	while (body->state != HTTP_BODY_DONE) {
		if (!input->n)
			return HTTP_MORE;
		if (body->state == HTTP_BODY_LENGTH || body->state == HTTP_BODY_CHUNK) {
			*data = *input;
			if (data->n > body->left)
				data->n = (size_t)body->left;
			*input = (slice){ input->p + data->n, input->n - data->n };
			body->left -= data->n;
			if (!body->left)
				body->state = body->state == HTTP_BODY_CHUNK ? HTTP_BODY_CHUNK_CR
				                                             : HTTP_BODY_DONE;
			return HTTP_DATA;
		}
		if (!chunk_framing(body, input->p[0]))
			return HTTP_BAD;
		if (body->extras > HTTP_EXTRAS_MAX) {
			body->code = 431;
			body->why = "too many chunk extensions or trailers";
			return HTTP_BAD;
		}
		*input = (slice){ input->p + 1, input->n - 1 };
	}
	return HTTP_DONE;
}
