/* One line of the audit log: made, and read. Pure.
 *
 *     {"seq":42,"time":"2026-01-31T23:59:59.123Z","kind":"refusal",…,"chain":"64 hexadecimal digits"}
 *
 * THE CHAIN: `chain` is the SHA-256 of the line before's `chain` (its 64 digits as text; zeros before the first) and
 * the bytes of this line up to and without `,"chain"`. The first line of a file says as `previous` what it builds on. */
#ifndef AUDIT_LINE_H
#define AUDIT_LINE_H

#include "api/audit.h"

enum { CHAIN_DIGITS = 64, LINE_MAX_BYTES = 16384 };

/* Where a chain has come to. */
struct chain {
	uint64_t seq; /* 0: there is no line yet */
	char head[CHAIN_DIGITS + 1];
};

void chain_init(struct chain *);

/* An event with what the log itself adds to it. */
struct note {
	struct audit_event event;
	uint64_t time_ns;
	uint64_t count;    /* how many the line stands for besides others; 0: for itself */
	uint64_t since_ns; /* with count: the first of them */
	uint64_t to;       /* with head: the last line of what is spoken of */
	const char *head;  /* and its `chain`; or NULL */
};

/* What is kept of each text; what is cut off is marked by an ellipsis. */
enum { WHO_MAX = 256, OBJECT_MAX = 512, PEER_MAX = 96, NAME_MAX_BYTES = 64, DETAIL_MAX = 512 };

/* The line with its newline; moves the chain on. `first`: of a file. Returns its length. */
size_t line_write(char to[LINE_MAX_BYTES], const struct note *, bool first, struct chain *);

/* `text` as a JSON string without its quotes, cut at `max` bytes: what is no UTF-8, and characters that steer a
 * terminal or change the direction of text, are replaced or escaped. `to` has room for LINE_ESCAPED_MAX(max). */
/* Is this character, valid UTF-8 of more than one byte, one of those? */
bool line_misleads(slice character);
#define LINE_ESCAPED_MAX(max) ((max)*6 + 4)
size_t line_escape(char *to, slice text, size_t max);

const char *line_kind_name(enum audit_kind);

enum line_text {
	LINE_TIME,
	LINE_KIND,
	LINE_ACTION,
	LINE_WHO,
	LINE_OBJECT,
	LINE_PEER,
	LINE_PROTOCOL,
	LINE_LISTENER,
	LINE_REQUEST,
	LINE_STATUS,
	LINE_SINCE,
	LINE_HEAD,
	LINE_DETAIL,
	LINE_PREVIOUS,
	LINE_TEXTS
};

/* As it stands there: texts without their quotes, escapes as they are. */
struct line {
	uint64_t seq, count, to;
	slice text[LINE_TEXTS]; /* p NULL: not there */
	slice chain;
	slice body; /* what the hash is taken of */
};

/* Of a line without its newline. Members that this version does not know are skipped. false: `why` says what is
 * wrong, a static text. */
bool line_read(slice text, struct line *, const char **why);
/* Is it the one that comes after `chain`? Moves that on. */
bool line_fits(const struct line *, struct chain *);

#endif
