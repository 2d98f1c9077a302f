/* WebSocket's opening handshake (RFC 6455 section 4.2), read as strictly as the HTTP listener reads its heads: what two
 * readers could take differently is refused. */
#include <mbedtls/sha1.h>
#include <mbedtls/version.h>
#include <stdio.h>

#include "base/base64.h"
#include "base/field.h"
#include "net/websocket.h"

enum { KEY_TEXT_BYTES = 24, KEY_BYTES = 16, SHA1_BYTES = 20, FIELDS_MAX = 100 };

struct handshake {
	slice method, path, host, origin, key, version, protocol;
	bool upgrade, connection; /* the tokens that must be there */
};

size_t websocket_head_end(slice bytes)
{
	static const char start[] = "GET /";
	size_t n = bytes.n < sizeof start - 1 ? bytes.n : sizeof start - 1;
	if (memcmp(bytes.p, start, n) != 0)
		return SIZE_MAX;
	const char *end = memmem(bytes.p, bytes.n, "\r\n\r\n", 4);
	if (end)
		return (size_t)(end - bytes.p) + 4;
	return bytes.n < WEBSOCKET_HEAD_MAX_BYTES ? 0 : SIZE_MAX;
}

/* Cuts a line at its CR LF. false: it ends otherwise. */
static bool cut_line(slice *rest, slice *line)
{
	size_t n = slice_find(*rest, '\n');
	if (n == rest->n || !n || rest->p[n - 1] != '\r')
		return false;
	*line = (slice){ rest->p, n - 1 };
	*rest = (slice){ rest->p + n + 1, rest->n - n - 1 };
	return true;
}

/* Is the token in the list? */
static bool lists(slice list, const char *token)
{
	while (list.p) {
		slice item = slice_trim(slice_cut(&list, ','));
		if (slice_equal_nocase(item, slice_of(token)))
			return true;
	}
	return false;
}

/* At most once. */
static bool keep(slice *field, slice value)
{
	if (field->p)
		return false;
	*field = value;
	return true;
}

static bool take_field(struct handshake *handshake, slice name, slice value)
{
	if (slice_equal_nocase(name, SLICE("host")))
		return keep(&handshake->host, value);
	if (slice_equal_nocase(name, SLICE("origin")))
		return keep(&handshake->origin, value);
	if (slice_equal_nocase(name, SLICE("upgrade")))
		handshake->upgrade = handshake->upgrade || lists(value, "websocket");
	else if (slice_equal_nocase(name, SLICE("connection")))
		handshake->connection = handshake->connection || lists(value, "upgrade");
	else if (slice_equal_nocase(name, SLICE("sec-websocket-key")))
		return keep(&handshake->key, value);
	else if (slice_equal_nocase(name, SLICE("sec-websocket-version")))
		return keep(&handshake->version, value);
	else if (slice_equal_nocase(name, SLICE("sec-websocket-protocol")))
		return keep(&handshake->protocol, value);
	else if (slice_equal_nocase(name, SLICE("content-length")) ||
	         slice_equal_nocase(name, SLICE("transfer-encoding")))
		return false; /* a handshake has no body */
	return true;
}

static bool read_fields(struct handshake *handshake, slice head)
{
	slice line;
	unsigned n = 0;
	while (cut_line(&head, &line) && line.n) {
		slice name = slice_cut(&line, ':');
		slice value = line.p ? slice_trim(line) : line;
		if (!value.p || !field_name_valid(name) || !field_value_valid(value) ||
		        ++n > FIELDS_MAX || !take_field(handshake, name, value))
			return false;
	}
	return !head.n && handshake->host.p;
}

static bool read_head(struct handshake *handshake, slice head)
{
	slice line;
	if (!cut_line(&head, &line))
		return false;
	handshake->method = slice_cut(&line, ' ');
	slice target = slice_cut(&line, ' ');
	handshake->path = slice_cut(&target, '?');
	return slice_is(handshake->method, "GET") && slice_is(line, "HTTP/1.1") &&
	       read_fields(handshake, head);
}

/* Sixteen bytes in base64. */
static bool is_key(slice key)
{
	struct arena arena;
	arena_init(&arena, 4096);
	slice bytes;
	bool good = key.n == KEY_TEXT_BYTES && base64_decode(&arena, key, &bytes) &&
	            bytes.n == KEY_BYTES;
	arena_finish(&arena);
	return good;
}

#if MBEDTLS_VERSION_MAJOR >= 3
static bool sha1(const void *bytes, size_t n, unsigned char sum[SHA1_BYTES])
{
	return mbedtls_sha1(bytes, n, sum) == 0;
}
#else
static bool sha1(const void *bytes, size_t n, unsigned char sum[SHA1_BYTES])
{
	return mbedtls_sha1_ret(bytes, n, sum) == 0;
}
#endif

/* What proves that it was read as WebSocket (section 4.2.2, 5.4). SHA-1 keeps no secret here. */
static bool prove(slice key, char proof[32])
{
	static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	char text[KEY_TEXT_BYTES + sizeof magic - 1];
	unsigned char sum[SHA1_BYTES];
	memcpy(text, key.p, KEY_TEXT_BYTES);
	memcpy(text + KEY_TEXT_BYTES, magic, sizeof magic - 1);
	struct arena arena;
	arena_init(&arena, 4096);
	slice encoded = { NULL, 0 };
	if (sha1(text, sizeof text, sum))
		encoded = base64_encode(&arena, (slice){ (const char *)sum, sizeof sum });
	bool made = encoded.n && encoded.n < 32;
	if (made)
		(void)snprintf(proof, 32, "%.*s", SLICE_ARG(encoded));
	arena_finish(&arena);
	return made;
}

/* No page at all, or one of the host that was called. */
static bool is_same_origin(const struct handshake *handshake)
{
	slice origin = handshake->origin;
	const char *mark = origin.p ? memmem(origin.p, origin.n, "://", 3) : NULL;
	if (!mark)
		return !origin.p;
	return slice_equal_nocase(
	        slice_from(origin, (size_t)(mark - origin.p) + 3), handshake->host);
}

static const char *choose(const struct websocket_accept *accept, slice offered)
{
	for (const char *const *at = accept->protocols; *at; at++) {
		if (lists(offered, *at))
			return *at;
	}
	return NULL;
}

static bool refuse(char answer[WEBSOCKET_ANSWER_MAX_BYTES], size_t *n, const char *status,
        const char *fields, const char *why)
{
	int length = snprintf(answer, WEBSOCKET_ANSWER_MAX_BYTES,
	        "HTTP/1.1 %s\r\n%sContent-Type: text/plain\r\nContent-Length: %zu\r\n"
	        "Connection: close\r\n\r\n%s\n",
	        status, fields, strlen(why) + 1, why);
	*n = (size_t)length;
	return false;
}

bool websocket_answer(const struct websocket_accept *accept, slice head,
        char answer[WEBSOCKET_ANSWER_MAX_BYTES], size_t *n)
{
	struct handshake handshake = { 0 };
	char proof[32];
	if (!read_head(&handshake, head))
		return refuse(answer, n, "400 Bad Request", "", "this is no WebSocket handshake");
	if (!slice_is(handshake.path, accept->path))
		return refuse(answer, n, "404 Not Found", "", "nothing is served at this path");
	if (!handshake.upgrade || !handshake.connection)
		return refuse(answer, n, "426 Upgrade Required", "Upgrade: websocket\r\n",
		        "only WebSocket is spoken here");
	if (!slice_is(handshake.version, "13"))
		return refuse(answer, n, "426 Upgrade Required",
		        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
		        "only version 13 is spoken here");
	if (accept->same_origin && !is_same_origin(&handshake))
		return refuse(
		        answer, n, "403 Forbidden", "", "pages of another origin may not call");
	const char *protocol = choose(accept, handshake.protocol);
	if (!protocol)
		return refuse(answer, n, "400 Bad Request", "",
		        "none of the sub-protocols is spoken here");
	if (!is_key(handshake.key) || !prove(handshake.key, proof))
		return refuse(answer, n, "400 Bad Request", "",
		        "Sec-WebSocket-Key must be 16 bytes in base64");
	int length = snprintf(answer, WEBSOCKET_ANSWER_MAX_BYTES,
	        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	        "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
	        proof, protocol);
	*n = (size_t)length;
	return true;
}
