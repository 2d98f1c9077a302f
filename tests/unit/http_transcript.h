/* What the parser of adapters/http makes of a connection's bytes, as text, so that two readings can be compared:
 * a line "METHOD TARGET <body>" for each message, then how it ended. */
#ifndef UNIT_HTTP_TRANSCRIPT_H
#define UNIT_HTTP_TRANSCRIPT_H

#include "adapters/http/parser.h"
#include "base/text.h"

/* Reads as a connection does: a message's head is collected, its body taken piece by piece. */
struct http_reading {
	struct text *out;
	struct http_head head;
	struct http_body body;
	const char *message; /* where the message under way begins */
	bool in_body, closed, bad, idle;
};

static inline void http_reading_init(struct http_reading *reading, struct text *out, const char *at)
{
	*reading = (struct http_reading){ .out = out, .message = at, .idle = true };
	http_head_init(&reading->head);
}

static inline void http_reading_bad(struct http_reading *reading, unsigned code)
{
	text_printf(reading->out, "%s%u", reading->in_body ? ">!" : "!", code);
	reading->bad = true;
}

/* The bytes from reading->message to `end` have come, those before `from` in earlier calls. */
static inline void http_reading_go(struct http_reading *reading, const char *from, const char *end)
{
	while (!reading->bad && !reading->closed) {
		if (!reading->in_body) {
			slice bytes = { reading->message, (size_t)(end - reading->message) };
			size_t n = 0;
			reading->idle = bytes.n == 0;
			enum http_verdict verdict = http_head_parse(&reading->head, bytes, &n);
			if (verdict == HTTP_BAD)
				http_reading_bad(reading, reading->head.code);
			if (verdict != HTTP_DONE)
				return;
			text_slice_add(reading->out,
			        http_part_slice(reading->message, reading->head.method));
			text_char(reading->out, ' ');
			text_slice_add(reading->out,
			        http_part_slice(reading->message, reading->head.target));
			text_literal(reading->out, " <");
			http_body_init(&reading->body, &reading->head);
			reading->in_body = true;
			from = reading->message + n;
		}
		slice input = { from, (size_t)(end - from) };
		slice data = { NULL, 0 };
		enum http_verdict verdict = http_body_next(&reading->body, &input, &data);
		while (verdict == HTTP_DATA) {
			text_slice_add(reading->out, data);
			verdict = http_body_next(&reading->body, &input, &data);
		}
		if (verdict == HTTP_BAD)
			http_reading_bad(reading, reading->body.code);
		if (verdict != HTTP_DONE)
			return;
		text_literal(reading->out, ">\n");
		reading->in_body = false;
		reading->closed = !reading->head.keep_alive;
		reading->message = from = input.p;
		http_head_init(&reading->head);
	}
}

/* The whole transcript; `next` says how many bytes come with the next piece (at least 1). */
static inline slice http_transcript(
        struct arena *arena, slice bytes, size_t (*next)(void *), void *state)
{
	struct text out;
	text_init(&out, arena, 256);
	struct http_reading reading;
	http_reading_init(&reading, &out, bytes.p);
	for (size_t at = 0; at < bytes.n;) {
		size_t n = next ? next(state) : bytes.n;
		if (n > bytes.n - at)
			n = bytes.n - at;
		http_reading_go(&reading, bytes.p + at, bytes.p + at + n);
		at += n;
	}
	if (!reading.bad && !reading.closed && !reading.idle)
		text_literal(&out, "…");
	return text_slice(&out);
}

static inline size_t http_one_byte(void *state)
{
	(void)state;
	return 1;
}

/* Pieces of 1 to 16 bytes, the same for the same seed. */
static inline size_t http_some_bytes(void *state)
{
	uint32_t *seed = state;
	*seed = *seed * 1664525u + 1013904223u;
	return 1 + (*seed >> 28);
}

#endif
