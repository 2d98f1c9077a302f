/* The request's head and the answer's meaning.
 *
 * HEADERS OF A REQUEST come from an untrusted caller of any protocol (an MQTT user property is a field, too), so
 * nothing is copied before it was looked at: a name must be a token, a value free of control characters. What
 * belongs to one hop or to the gateway is left out: framing, connection management, the caller's credentials for
 * the gateway, and every X-Fairlead-…, which only the gateway may say. An underscore counts as a hyphen there: to
 * a service behind CGI or WSGI they are the same.
 *
 * THE ANSWER'S CODE becomes a status as RFC 9110 means it and RFC 8075 maps it, with one thought: a refusal that
 * the caller can act on is passed on as such; one that is about the gateway (401, 407: its credentials, not the
 * caller's) is the backend's fault. 202 is OK and not ACCEPTED, which is this gateway's own word for "on disk
 * here". */
#include "backend/http_exchange.h"

#include "api/identity.h"
#include "base/field.h"
#include "base/media.h"
#include "base/random.h"
#include "base/text.h"

/* ---- The head */

static char fold(char c)
{
	return c == '_' ? '-' : ascii_lower(c);
}

/* Is it `known` (in lower case), to a service that folds letters, and underscores to hyphens? */
static bool reads_as(slice name, slice known)
{
	if (name.n != known.n)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		if (fold(name.p[i]) != known.p[i])
			return false;
	}
	return true;
}

/* Fields of one hop, those that the gateway writes itself, and the credentials meant for it. */
static bool is_kept_back(slice name)
{
	static const slice names[] = {
		SLICE_INIT("accept"),
		SLICE_INIT("accept-encoding"),
		SLICE_INIT("authorization"),
		SLICE_INIT("connection"),
		SLICE_INIT("content-length"),
		SLICE_INIT("content-type"),
		SLICE_INIT("expect"),
		SLICE_INIT("host"),
		SLICE_INIT("http2-settings"),
		SLICE_INIT("idempotency-key"),
		SLICE_INIT("keep-alive"),
		SLICE_INIT("proxy-authenticate"),
		SLICE_INIT("proxy-authorization"),
		SLICE_INIT("proxy-connection"),
		SLICE_INIT("te"),
		SLICE_INIT("traceparent"),
		SLICE_INIT("trailer"),
		SLICE_INIT("transfer-encoding"),
		SLICE_INIT("upgrade"),
		SLICE_INIT("x-api-key"),
		SLICE_INIT("x-request-id"),
	};
	static const slice own = SLICE_INIT("x-fairlead-");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (reads_as(name, names[i]))
			return true;
	}
	return name.n >= own.n && reads_as((slice){ name.p, own.n }, own);
}

/* Does the list of tokens in a Connection field name it? */
static bool is_named(slice connection, slice name)
{
	while (connection.p) {
		slice token = slice_trim(slice_cut(&connection, ','));
		if (token.n && slice_equal_nocase(token, name))
			return true;
	}
	return false;
}

static void write_field(struct text *text, slice name, slice value)
{
	text_slice_add(text, name);
	text_literal(text, ": ");
	text_slice_add(text, value);
	text_literal(text, "\r\n");
}

/* A field that the gateway writes with what the caller said, if that is sound. */
static void write_checked(struct text *text, slice name, slice value, struct counters *counters)
{
	if (field_value_valid(value))
		write_field(text, name, value);
	else
		counters->at[COUNTER_MALFORMED]++;
}

static void write_callers_fields(
        struct text *text, const struct message *call, struct counters *counters)
{
	slice connection = message_field(call, "connection");
	for (unsigned i = 0; i < call->nfields; i++) {
		const struct field *field = &call->fields[i];
		if (!field_name_valid(field->name) || !field_value_valid(field->value)) {
			counters->at[COUNTER_MALFORMED]++;
			continue;
		}
		if (!is_kept_back(field->name) && !is_named(connection, field->name))
			write_field(text, field->name, field->value);
	}
}

/* A body that goes on as it came keeps what the caller's own field says beside the type: a boundary, a charset. */
static slice with_parameters(slice media, const struct message *call)
{
	slice field = message_field(call, "content-type");
	return media_same(field, media) ? field : media;
}

static bool is_hex(slice text, bool *all_zero)
{
	*all_zero = true;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
		if (c != '0')
			*all_zero = false;
	}
	return true;
}

/* W3C Trace Context, version 00: "00-" trace id "-" parent id "-" flags. */
static bool is_traceparent(slice value)
{
	bool zero;
	if (value.n != 55 || !slice_starts(value, SLICE("00-")) || value.p[35] != '-' ||
	        value.p[52] != '-')
		return false;
	if (!is_hex((slice){ value.p + 3, 32 }, &zero) || zero)
		return false;
	if (!is_hex((slice){ value.p + 36, 16 }, &zero) || zero)
		return false;
	return is_hex((slice){ value.p + 53, 2 }, &zero);
}

/* Random to everybody else, as the request's id is unique and the hash keyed; without a system call for each, and
 * all attempts of a request are one trace. */
static uint64_t trace_word(const struct exchange *exchange, uint64_t part)
{
	const uint64_t origin[2] = { exchange->request->id, part };
	return random_keyed_hash(origin, sizeof origin);
}

static void write_trace(struct text *text, const struct exchange *exchange)
{
	slice given = message_field(&exchange->request->call, "traceparent");
	if (is_traceparent(given)) {
		write_field(text, SLICE("traceparent"), given);
		return;
	}
	text_literal(text, "traceparent: 00-");
	text_hex64(text, trace_word(exchange, 0));
	text_hex64(text, trace_word(exchange, 1) | 1);
	text_char(text, '-');
	text_hex64(text, trace_word(exchange, 2 + exchange->attempt) | 1);
	text_literal(text, "-01\r\n");
}

static void write_own_fields(
        struct text *text, const struct exchange *exchange, struct counters *counters)
{
	const struct request *request = exchange->request;
	char id[REQUEST_ID_BYTES];
	request_id_text(request->id, id);
	slice key = message_field(&request->call, "idempotency-key");
	write_trace(text, exchange);
	write_field(text, SLICE("X-Request-Id"), slice_of(id));
	write_field(text, SLICE("Idempotency-Key"),
	        key.n && field_value_valid(key) ? key : slice_of(id));
	if (request->who && request->who->id.n)
		write_checked(text, SLICE("X-Fairlead-Client"), request->who->id, counters);
	if (request->on_behalf_of.n)
		write_checked(
		        text, SLICE("X-Fairlead-On-Behalf-Of"), request->on_behalf_of, counters);
}

/* Normalised paths and HTTP's own queries have nothing to escape; those of other protocols may. */
static void write_target_part(struct text *text, slice part)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t written = 0;
	for (size_t i = 0; i < part.n; i++) {
		unsigned char c = (unsigned char)part.p[i];
		if (c > ' ' && c < 0x7f && c != '#')
			continue;
		const char escaped[] = { '%', digits[c >> 4], digits[c & 15] };
		text_bytes(text, part.p + written, i - written);
		text_bytes(text, escaped, sizeof escaped);
		written = i + 1;
	}
	text_slice_add(text, slice_from(part, written));
}

slice http_head_write(const struct exchange *exchange, const struct http_origin *origin,
        const struct http_head *head, struct counters *counters)
{
	struct text text;
	text_init(&text, exchange->arena, 768);
	text_slice_add(&text, slice_of(method_name(head->method)));
	text_char(&text, ' ');
	text_slice_add(&text, origin->prefix);
	if (!head->path.n || head->path.p[0] != '/')
		text_char(&text, '/');
	write_target_part(&text, head->path);
	if (head->query.n) {
		text_char(&text, '?');
		write_target_part(&text, head->query);
	}
	text_literal(&text, " HTTP/1.1\r\n");
	write_field(&text, SLICE("Host"), origin->authority);
	if (head->media.n && head->body_bytes)
		write_checked(&text, SLICE("Content-Type"),
		        with_parameters(head->media, &exchange->request->call), counters);
	bool has_body = head->body_bytes || head->method == METHOD_POST ||
	                head->method == METHOD_PUT || head->method == METHOD_PATCH;
	if (has_body) {
		text_literal(&text, "Content-Length: ");
		text_unsigned(&text, head->body_bytes);
		text_literal(&text, "\r\n");
	}
	if (head->accept.n)
		write_checked(&text, SLICE("Accept"), head->accept, counters);
	write_own_fields(&text, exchange, counters);
	write_callers_fields(&text, &exchange->request->call, counters);
	text_literal(&text, "\r\n");
	return text_slice(&text);
}

/* ---- The answer */

static enum status success(unsigned code, enum method method)
{
	if (code == 201)
		return STATUS_CREATED;
	if (code != 204 && code != 205)
		return STATUS_OK;
	if (method == METHOD_DELETE)
		return STATUS_DELETED;
	bool changes = method == METHOD_POST || method == METHOD_PUT || method == METHOD_PATCH;
	return changes ? STATUS_CHANGED : STATUS_OK;
}

enum status http_status(unsigned code, enum method method)
{
	if (code >= 200 && code < 300)
		return success(code, method);
	switch (code) {
	case 304:
		return STATUS_NOT_MODIFIED;
	case 400:
	case 422:
		return STATUS_INVALID;
	case 403:
		return STATUS_FORBIDDEN;
	case 404:
	case 410:
		return STATUS_NOT_FOUND;
	case 405:
		return STATUS_METHOD_NOT_ALLOWED;
	case 406:
		return STATUS_NOT_ACCEPTABLE;
	case 409:
	case 412:
	case 428:
		return STATUS_CONFLICT;
	case 413:
	case 414:
	case 431:
		return STATUS_TOO_LARGE;
	case 415:
		return STATUS_UNSUPPORTED_MEDIA;
	case 429:
		return STATUS_TOO_MANY;
	case 504:
		return STATUS_TIMEOUT;
	default:
		return code >= 500 ? STATUS_UNAVAILABLE : STATUS_BAD_BACKEND;
	}
}

static bool is_passed_on(slice name)
{
	static const slice names[] = {
		SLICE_INIT("age"),
		SLICE_INIT("allow"),
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
		SLICE_INIT("retry-after"),
		SLICE_INIT("sunset"),
		SLICE_INIT("vary"),
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (slice_equal(name, names[i]))
			return true;
	}
	return slice_starts(name, SLICE("x-")) && !slice_starts(name, SLICE("x-fairlead-"));
}

static void take_fields(struct exchange *exchange, const struct http_call *call)
{
	struct field *fields = arena_alloc(exchange->arena, call->nfields * sizeof *fields);
	if (!fields)
		return;
	unsigned n = 0;
	for (unsigned i = 0; i < call->nfields; i++) {
		if (is_passed_on(call->fields[i].name) && field_value_valid(call->fields[i].value))
			fields[n++] = call->fields[i];
	}
	exchange->out.fields = fields;
	exchange->out.nfields = n;
}

/* Seconds; the form with a date is not looked at (the field itself goes on as it is). */
static uint64_t retry_after_ms(const struct http_call *call)
{
	enum { SECONDS_MAX = 86400 };
	for (unsigned i = 0; i < call->nfields; i++) {
		if (!slice_equal(call->fields[i].name, SLICE("retry-after")))
			continue;
		slice value = call->fields[i].value;
		uint64_t seconds = 0;
		for (size_t at = 0; at < value.n; at++) {
			if (value.p[at] < '0' || value.p[at] > '9')
				return 0;
			seconds = seconds * 10 + (uint64_t)(value.p[at] - '0');
			if (seconds > SECONDS_MAX)
				return SECONDS_MAX * UINT64_C(1000);
		}
		return seconds * 1000;
	}
	return 0;
}

static enum status take_answer(
        struct exchange *exchange, const struct http_call *call, struct counters *counters)
{
	enum method method = exchange->request->call.method;
	enum status status = http_status(call->code, method);
	take_fields(exchange, call);
	exchange->out.media = field_value_valid(call->media) ? call->media : (slice){ NULL, 0 };
	exchange->out.body = call->answer;
	if (status_is_success(status))
		return status;
	if (status == STATUS_TOO_MANY || status == STATUS_UNAVAILABLE)
		exchange->retry_after_ms = retry_after_ms(call);
	if (call->code >= 500 || status == STATUS_BAD_BACKEND)
		counters->at[COUNTER_FAILED]++;
	exchange->why = arena_printf(exchange->arena, "the backend answered %u", call->code);
	return status;
}

static enum reach reach_of(enum http_end end)
{
	switch (end) {
	case HTTP_END_ANSWER:
	case HTTP_END_MALFORMED:
	case HTTP_END_TOO_LARGE:
		return REACH_ANSWERED;
	case HTTP_END_REFUSED:
	case HTTP_END_UNTRUSTED:
	case HTTP_END_BROKEN:
	case HTTP_END_DEADLINE:
		return REACH_NONE;
	case HTTP_END_BUSY:
	case HTTP_END_ABORTED:
		break;
	}
	return REACH_NOT_TOLD;
}

enum status http_exchange_finish(struct exchange *exchange, const struct http_call *call,
        enum http_end end, struct counters *counters)
{
	exchange->sent = call->sent;
	exchange->reach = reach_of(end);
	switch (end) {
	case HTTP_END_ANSWER:
		return take_answer(exchange, call, counters);
	case HTTP_END_REFUSED:
		counters->at[COUNTER_REFUSED]++;
		exchange->why =
		        call->why ? arena_printf(exchange->arena,
		                            "the backend's name cannot be looked up: %s", call->why)
		                  : SLICE("the backend refused the connection");
		return STATUS_BAD_BACKEND;
	case HTTP_END_UNTRUSTED:
		counters->at[COUNTER_REFUSED]++;
		exchange->why =
		        arena_printf(exchange->arena, "no TLS with the backend: %s", call->why);
		return STATUS_BAD_BACKEND;
	case HTTP_END_BROKEN:
		counters->at[COUNTER_FAILED]++;
		exchange->why = SLICE("the backend broke the connection off");
		return STATUS_BAD_BACKEND;
	case HTTP_END_MALFORMED:
		counters->at[COUNTER_MALFORMED]++;
		exchange->why = SLICE("the backend's answer is malformed");
		return STATUS_BAD_BACKEND;
	case HTTP_END_TOO_LARGE:
		counters->at[COUNTER_FAILED]++;
		exchange->why = SLICE("the backend's answer is too large");
		return STATUS_BAD_BACKEND;
	case HTTP_END_DEADLINE:
		counters->at[COUNTER_EXPIRED]++;
		exchange->why = SLICE("the backend did not answer in time");
		return STATUS_TIMEOUT;
	case HTTP_END_BUSY:
		counters->at[COUNTER_REFUSED]++;
		exchange->why = SLICE("too many requests wait for the backend");
		return STATUS_UNAVAILABLE;
	case HTTP_END_ABORTED:
		exchange->why = SLICE("given up");
		return STATUS_CANCELLED;
	}
	return STATUS_INTERNAL;
}
