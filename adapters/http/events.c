/* A GET becomes a subscription of the core's (METHOD_SUBSCRIBE), not a GET that is answered: so a page may follow a
 * resource before its first value is there, and no backend is asked. Data is text: JSON, or a text type as it is. */
#include "adapters/http/events.h"

#include "base/media.h"

static const slice event_stream = SLICE_INIT("text/event-stream");

/* Named, and not only allowed by a range: whoever takes anything does not ask for a stream. */
static bool names_events(slice accept)
{
	for (slice rest = accept; rest.p;) {
		slice range = slice_trim(media_type(slice_cut(&rest, ',')));
		if (slice_equal_nocase(range, event_stream))
			return media_quality(accept, event_stream) > 0;
	}
	return false;
}

/* The id of the last event that the client has seen: 16 hexadecimal digits. What is none of ours says nothing. */
static uint64_t version_of(slice id)
{
	uint64_t version = 0;
	if (id.n != 16)
		return 0;
	for (size_t i = 0; i < id.n; i++) {
		char c = ascii_lower(id.p[i]);
		if (c >= '0' && c <= '9')
			version = version << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			version = version << 4 | (uint64_t)(c - 'a' + 10);
		else
			return 0;
	}
	return version;
}

/* "+" stands for itself in a path, and for any segment in a subscription. */
static bool is_filter(slice path)
{
	slice rest = slice_from(path, 1);
	while (rest.p) {
		if (slice_is(slice_cut(&rest, '/'), "+"))
			return true;
	}
	return false;
}

bool http_events_ask(struct request *request, void *follower)
{
	if (request->in.method != METHOD_GET || !names_events(request->accept))
		return false;
	if (is_filter(request->in.path)) {
		request_refuse(
		        request, STATUS_NOT_ACCEPTABLE, "one path can be followed at a time");
		return false;
	}
	request->in.method = METHOD_SUBSCRIBE;
	request->accept = SLICE("application/json, text/*");
	request->follow_after = version_of(message_field(&request->in, "last-event-id"));
	request->follower = follower;
	return true;
}

void http_events_head(
        struct text *head, const struct request *request, const char *date, unsigned minor)
{
	char id[REQUEST_ID_BYTES];
	request_id_text(request->id, id);
	text_printf(head,
	        "HTTP/1.1 200 OK\r\n"
	        "Date: %s\r\n"
	        "X-Request-Id: %s\r\n"
	        "Content-Type: text/event-stream\r\n"
	        "Cache-Control: no-store\r\n"
	        "%s"
	        "Connection: close\r\n"
	        "\r\n",
	        date, id, minor ? "Transfer-Encoding: chunked\r\n" : "");
}

/* Up to the first CR, LF or CRLF, which are taken away too. */
static slice cut_line(slice *rest)
{
	size_t n = 0;
	while (n < rest->n && rest->p[n] != '\r' && rest->p[n] != '\n')
		n++;
	slice line = { rest->p, n };
	if (n == rest->n) {
		*rest = (slice){ NULL, 0 };
		return line;
	}
	size_t end = n + 1;
	if (rest->p[n] == '\r' && end < rest->n && rest->p[end] == '\n')
		end++;
	*rest = (slice){ rest->p + end, rest->n - end };
	return line;
}

static void write_event(struct text *text, const struct update *update)
{
	text_literal(text, "id: ");
	text_hex64(text, update->version);
	text_char(text, '\n');
	/* No body is one empty line of data: without any, a client would not hear of the event. */
	slice rest = update->body;
	do {
		text_literal(text, "data: ");
		text_slice_add(text, cut_line(&rest));
		text_char(text, '\n');
	} while (rest.p);
	text_char(text, '\n');
}

enum { CHUNK_SIZE_DIGITS = 8 };

void http_events_value(struct text *text, const struct update *update, unsigned minor)
{
	static const char digits[] = "0123456789abcdef";
	if (!minor) {
		write_event(text, update);
		return;
	}
	/* The size is known afterwards; a chunk's may have leading zeros. */
	size_t start = text->n;
	text_literal(text, "00000000\r\n");
	size_t begin = text->n;
	write_event(text, update);
	size_t size = text->n - begin;
	text_literal(text, "\r\n");
	for (unsigned i = 0; !text->failed && i < CHUNK_SIZE_DIGITS; i++)
		text->p[start + CHUNK_SIZE_DIGITS - 1 - i] = digits[size >> 4 * i & 15];
}

slice http_events_heartbeat(unsigned minor)
{
	return minor ? SLICE("3\r\n:\n\n\r\n") : SLICE(":\n\n");
}

slice http_events_end(unsigned minor)
{
	return minor ? SLICE("0\r\n\r\n") : (slice){ NULL, 0 };
}
