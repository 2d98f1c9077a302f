/* Collects a message, and makes a request of it.
 *
 * A head that comes in one piece, as nearly all do, is parsed where it lies and copied once, into the request's
 * arena; else its pieces are collected there. A body goes there too, without its framing. */
#include "adapters/http/incoming.h"

#include "adapters/http/request.h"
#include "adapters/http/tls.h"

enum {
	BODY_FIRST_BYTES = 65536, /* taken at once for a body, whatever length it claims */
	CHUNKED_FIRST_BYTES = 1024
};

struct http_incoming *http_incoming_new(struct request *request, bool plain)
{
	struct http_incoming *incoming = arena_alloc_raw(&request->arena, sizeof *incoming);
	if (!incoming)
		return NULL;
	http_head_init(&incoming->head);
	text_init(&incoming->head_bytes, &request->arena, 0);
	incoming->head_done = false;
	incoming->plain = plain;
	incoming->code = 0;
	incoming->dialect = NULL;
	incoming->body_since_ms = 0;
	return incoming;
}

static enum http_progress refuse(struct http_incoming *incoming, struct request *request,
        enum status status, unsigned code, const char *why)
{
	incoming->code = code;
	request_refuse(request, status, "%s", why);
	return HTTP_REFUSED;
}

/* Whose words the message speaks, NULL for HTTP's own. */
static const struct http_dialect *dialect_of(
        const struct http_incoming *incoming, const struct request *request)
{
	for (unsigned i = 0; dialect_all[i] && !incoming->plain; i++) {
		if (dialect_all[i]->claims(request))
			return dialect_all[i];
	}
	return NULL;
}

static void speak(
        struct http_incoming *incoming, struct request *request, const struct http_dialect *dialect)
{
	incoming->dialect = dialect;
	request->protocol = dialect->name;
}

/* Its fields tell a dialect already, so that its callers are refused in their own words. */
static enum http_progress too_large(struct http_incoming *incoming, struct request *request)
{
	const struct http_dialect *dialect = dialect_of(incoming, request);
	if (dialect)
		speak(incoming, request, dialect);
	return refuse(incoming, request, STATUS_TOO_LARGE, 413,
	        "the body is larger than the gateway takes");
}

/* The head is complete, at `bytes` in the request's arena. */
static enum http_progress take_head(struct http_incoming *incoming, struct request *request,
        char *bytes, size_t body_max_bytes, const struct ssl_st *ssl)
{
	const struct http_head *head = &incoming->head;
	slice certificate = { NULL, 0 };
	if (ssl)
		certificate = http_tls_peer_certificate(ssl, &request->arena);
	if (!http_request_fill(request, head, bytes, certificate, &incoming->code))
		return HTTP_REFUSED;
	if (head->length > body_max_bytes)
		return too_large(incoming, request);
	http_body_init(&incoming->body, head);
	size_t expected = head->chunked ? CHUNKED_FIRST_BYTES : (size_t)head->length;
	text_init(&incoming->body_bytes, &request->arena,
	        expected < BODY_FIRST_BYTES ? expected : BODY_FIRST_BYTES);
	incoming->head_done = true;
	return HTTP_INCOMPLETE;
}

/* Takes the head from the front of *bytes. */
static enum http_progress read_head(struct http_incoming *incoming, struct request *request,
        slice *bytes, size_t body_max_bytes, const struct ssl_st *ssl)
{
	struct text *held = &incoming->head_bytes;
	size_t before = held->n, n = bytes->n;
	slice all = *bytes;
	if (before) {
		text_slice_add(held, *bytes);
		all = (slice){ held->p, held->n };
	}
	enum http_verdict verdict = http_head_parse(&incoming->head, all, &n);
	if (verdict == HTTP_BAD)
		return refuse(incoming, request, STATUS_MALFORMED, incoming->head.code,
		        incoming->head.why);
	if (!before)
		text_bytes(held, bytes->p, n);
	if (held->failed)
		return refuse(incoming, request, STATUS_UNAVAILABLE, 503,
		        "the gateway is at its memory limit");
	if (verdict == HTTP_MORE) {
		*bytes = (slice){ NULL, 0 };
		return HTTP_INCOMPLETE;
	}
	*bytes = slice_from(*bytes, n - before);
	return take_head(incoming, request, held->p, body_max_bytes, ssl);
}

/* The message is whole: what it means is looked for by the dialects. */
static enum http_progress finish(struct http_incoming *incoming, struct request *request)
{
	if (incoming->body_bytes.n)
		request->in.body = text_slice(&incoming->body_bytes);
	const struct http_dialect *dialect = request->status ? NULL : dialect_of(incoming, request);
	if (dialect) {
		speak(incoming, request, dialect);
		dialect->enter(request);
	}
	return HTTP_WHOLE;
}

/* Takes the body, or as much of it as has come, from the front of *bytes. */
static enum http_progress read_body(struct http_incoming *incoming, struct request *request,
        slice *bytes, size_t body_max_bytes)
{
	struct text *held = &incoming->body_bytes;
	slice data;
	enum http_verdict verdict = http_body_next(&incoming->body, bytes, &data);
	while (verdict == HTTP_DATA && !held->failed && held->n + data.n <= body_max_bytes) {
		/* Who has sent the first part may have room for all that was announced. */
		if (!incoming->head.chunked && held->n + data.n > held->size)
			(void)text_reserve(held, (size_t)incoming->head.length - held->n);
		text_slice_add(held, data);
		verdict = http_body_next(&incoming->body, bytes, &data);
	}
	if (held->failed)
		return refuse(incoming, request, STATUS_UNAVAILABLE, 503,
		        "the gateway is at its memory limit");
	if (verdict == HTTP_DATA)
		return too_large(incoming, request);
	if (verdict == HTTP_BAD)
		return refuse(incoming, request, STATUS_MALFORMED, incoming->body.code,
		        incoming->body.why);
	return verdict == HTTP_DONE ? finish(incoming, request) : HTTP_INCOMPLETE;
}

enum http_progress http_incoming_take(struct http_incoming *incoming, struct request *request,
        slice *bytes, size_t body_max_bytes, const struct ssl_st *ssl)
{
	enum http_progress progress = HTTP_INCOMPLETE;
	if (!incoming->head_done)
		progress = read_head(incoming, request, bytes, body_max_bytes, ssl);
	if (progress == HTTP_INCOMPLETE && incoming->head_done)
		progress = read_body(incoming, request, bytes, body_max_bytes);
	return progress;
}

bool http_incoming_waits(const struct http_incoming *incoming)
{
	return incoming->head_done && incoming->head.expects_continue && !incoming->body_bytes.n;
}
