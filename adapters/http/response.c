/* The answer in HTTP's words (RFC 9110), refusals as problem+json (RFC 9457).
 *
 * Of the fields that a backend answers with, those in `passed_on` reach the client, if their value can be a
 * header field's: nothing that a backend says can end the header or add a field to it. */
#include "adapters/http/response.h"

#include "base/field.h"
#include "base/utf8.h"

#include <stdio.h>
#include <time.h>

/* In lower case, as in `out.fields`. */
static const slice passed_on[] = {
	SLICE_INIT("cache-control"),
	SLICE_INIT("content-disposition"),
	SLICE_INIT("content-encoding"),
	SLICE_INIT("content-language"),
	SLICE_INIT("deprecation"),
	SLICE_INIT("etag"),
	SLICE_INIT("expires"),
	SLICE_INIT("last-modified"),
	SLICE_INIT("link"),
	SLICE_INIT("location"),
	SLICE_INIT("received-at"),
	SLICE_INIT("sunset"),
	SLICE_INIT("vary"),
};

static const struct {
	unsigned code;
	const char *title;
} titles[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 304, "Not Modified" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 417, "Expectation Failed" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
	{ 507, "Insufficient Storage" },
};

static const char *title_of(unsigned code)
{
	for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
		if (titles[i].code == code)
			return titles[i].title;
	}
	return "Unknown";
}

static bool has_precondition(const struct message *in)
{
	return message_field(in, "if-match").p || message_field(in, "if-none-match").p ||
	       message_field(in, "if-unmodified-since").p;
}

static unsigned code_of(const struct request *request)
{
	unsigned done = request->out.body.n || request->in.method == METHOD_HEAD ? 200 : 204;
	switch (request->status) {
	case STATUS_OK:
	case STATUS_CHANGED:
	case STATUS_DELETED:
		return done;
	case STATUS_CREATED:
		return 201;
	case STATUS_ACCEPTED:
		return 202;
	case STATUS_NOT_MODIFIED:
		return 304;
	case STATUS_MALFORMED:
		return 400;
	case STATUS_UNAUTHENTICATED:
		return 401;
	case STATUS_FORBIDDEN:
		return 403;
	case STATUS_NOT_FOUND:
		return 404;
	case STATUS_METHOD_NOT_ALLOWED:
		/* OPTIONS asks which methods there are: Allow says it. */
		return request->in.method == METHOD_OPTIONS ? 204 : 405;
	case STATUS_NOT_ACCEPTABLE:
		return 406;
	case STATUS_CONFLICT:
		return has_precondition(&request->in) ? 412 : 409;
	case STATUS_TOO_LARGE:
		return 413;
	case STATUS_UNSUPPORTED_MEDIA:
		return 415;
	case STATUS_INVALID:
		return 422;
	case STATUS_TOO_MANY:
		return 429;
	case STATUS_NONE:
	case STATUS_INTERNAL:
	case STATUS_COUNT:
		return 500;
	case STATUS_BAD_BACKEND:
		return 502;
	case STATUS_UNAVAILABLE:
	case STATUS_CANCELLED:
		return 503;
	case STATUS_TIMEOUT:
		return 504;
	case STATUS_STORE_FULL:
		return 507;
	}
	return 500;
}

slice http_response_words(struct arena *arena, enum status status, enum method method)
{
	const struct request request = { .status = status, .in.method = method };
	unsigned code = code_of(&request);
	return arena_printf(arena, "%u %s", code, title_of(code));
}

/* A JSON string, quotes included. */
static void json_string(struct text *text, slice s)
{
	bool valid = utf8_valid(s);
	text_char(text, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '"' || c == '\\')
			text_char(text, '\\');
		if (c < 0x20)
			text_printf(text, "\\u%04x", c);
		else
			text_char(text, c >= 0x80 && !valid ? '?' : (char)c);
	}
	text_char(text, '"');
}

static slice problem(
        const struct request *request, unsigned code, const char *id, struct arena *arena)
{
	struct text text;
	text_init(&text, arena, 256);
	text_printf(&text, "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%u",
	        title_of(code), code);
	if (request->why.n) {
		text_literal(&text, ",\"detail\":");
		json_string(&text, request->why);
	}
	text_printf(&text, ",\"requestId\":\"%s\"}\n", id);
	return text_slice(&text);
}

static void field(struct text *head, slice name, slice value)
{
	text_slice_add(head, name);
	text_literal(head, ": ");
	text_slice_add(head, value);
	text_literal(head, "\r\n");
}

static void write_passed_on(struct text *head, const struct message *out)
{
	for (unsigned i = 0; i < out->nfields; i++) {
		for (size_t k = 0; k < sizeof passed_on / sizeof *passed_on; k++) {
			if (slice_equal(out->fields[i].name, passed_on[k]) &&
			        out->fields[i].value.n && field_value_valid(out->fields[i].value))
				field(head, passed_on[k], out->fields[i].value);
		}
	}
}

static void write_allow(struct text *head, unsigned methods)
{
	text_literal(head, "Allow: ");
	const char *comma = "";
	for (unsigned i = 0; i <= METHOD_OPTIONS; i++) {
		if (methods & 1u << i || i == METHOD_OPTIONS) {
			text_printf(head, "%s%s", comma, method_name((enum method)i));
			comma = ", ";
		}
	}
	text_literal(head, "\r\n");
}

static void write_retry_after(struct text *head, const struct request *request, unsigned code)
{
	uint64_t seconds = (request->retry_after_ms + 999) / 1000;
	if (code == 429 && !seconds)
		seconds = 1;
	if (!seconds || (code != 429 && code != 503))
		return;
	text_literal(head, "Retry-After: ");
	text_unsigned(head, seconds);
	text_literal(head, "\r\n");
}

/* The schemes of RFC 9110 section 11.6.1; many clients send a password only when they were asked for one. */
static void write_challenges(struct text *head, const struct request *request)
{
	static const struct credential password = {
		.kind = CREDENTIAL_BASIC, .name = SLICE_INIT("?"), .secret = SLICE_INIT("?")
	};
	if (request_takes(request, &password))
		text_literal(head, "WWW-Authenticate: Basic realm=\"fairlead\", "
		                   "charset=\"UTF-8\"\r\n");
	text_literal(head, "WWW-Authenticate: Bearer realm=\"fairlead\"\r\n");
}

/* The fields that go with the code. */
static void write_code_fields(struct text *head, const struct request *request, unsigned code)
{
	if (code == 401)
		write_challenges(head, request);
	if (request->status == STATUS_METHOD_NOT_ALLOWED && request->methods_allowed)
		write_allow(head, request->methods_allowed);
	else if (slice_is(request->in.path, "*"))
		write_allow(head, (1u << METHOD_OPTIONS) - 1);
	write_retry_after(head, request, code);
}

void http_response_write(struct request *request, struct http_answer *answer, struct text *head)
{
	struct http_response response = { .media = request->out.media, .body = request->out.body };
	char id[REQUEST_ID_BYTES];
	request_id_text(request->id, id);
	if (answer->dialect)
		answer->dialect->leave(request, &response);
	else
		response.code = code_of(request);
	if (answer->code && !answer->dialect)
		response.code = answer->code;
	if (response.code >= 400 && !response.body.n && !answer->dialect) {
		response.body = problem(request, response.code, id, head->arena);
		response.media = SLICE("application/problem+json");
	}

	text_literal(head, "HTTP/1.1 ");
	text_unsigned(head, response.code);
	text_char(head, ' ');
	text_slice_add(head, slice_of(title_of(response.code)));
	text_literal(head, "\r\n");
	field(head, SLICE("Date"), slice_of(answer->date));
	field(head, SLICE("X-Request-Id"), slice_of(id));
	bool bodiless = response.code == 204 || response.code == 304;
	if (!bodiless && response.body.n && response.media.n && field_value_valid(response.media))
		field(head, SLICE("Content-Type"), response.media);
	/* Of a body that the backend kept to itself, as HEAD asks for, nobody here knows the length. */
	if (!bodiless && (response.body.n || request->in.method != METHOD_HEAD)) {
		text_literal(head, "Content-Length: ");
		text_unsigned(head, response.body.n);
		text_literal(head, "\r\n");
	}
	write_code_fields(head, request, response.code);
	write_passed_on(head, &request->out);
	if (answer->close)
		text_literal(head, "Connection: close\r\n");
	else if (answer->minor == 0)
		text_literal(head, "Connection: keep-alive\r\n");
	text_literal(head, "\r\n");
	answer->body =
	        bodiless || request->in.method == METHOD_HEAD ? (slice){ NULL, 0 } : response.body;
}

void http_date(uint64_t wall_ns, char text[HTTP_DATE_BYTES])
{
	static const char days[] = "SunMonTueWedThuFriSat",
	                  months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t seconds = (time_t)(wall_ns / 1000000000);
	struct tm tm = { 0 };
	(void)gmtime_r(&seconds, &tm);
	(void)snprintf(text, HTTP_DATE_BYTES, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
	        days + tm.tm_wday * 3, (unsigned)tm.tm_mday % 100, months + tm.tm_mon * 3,
	        (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)tm.tm_hour % 100,
	        (unsigned)tm.tm_min % 100, (unsigned)tm.tm_sec % 100);
}

slice http_response_unavailable(void)
{
	return SLICE(
	        "HTTP/1.1 503 Service Unavailable\r\n"
	        "Content-Type: application/problem+json\r\n"
	        "Content-Length: 66\r\n"
	        "Retry-After: 1\r\n"
	        "Connection: close\r\n"
	        "\r\n"
	        "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503}\n");
}
