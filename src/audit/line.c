/* Writing and reading lines. The writer's lines are JSON (RFC 8259) for every tool that reads that; the reader takes flat
 * objects only, and trusts nothing: it reads files that somebody may have tampered with.
 *
 * Why the hash stands in the line and not beside it: one file is the log and its proof, survives being copied, and
 * ten lines of Python check it (docs/reference/audit.md). */
#include "audit/line.h"

#include <stdio.h>

#include "api/request.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "crypto/digest.h"

void chain_init(struct chain *chain)
{
	chain->seq = 0;
	memset(chain->head, '0', CHAIN_DIGITS);
	chain->head[CHAIN_DIGITS] = '\0';
}

static void chain_hash(const char *before, slice body, char to[CHAIN_DIGITS + 1])
{
	char all[CHAIN_DIGITS + LINE_MAX_BYTES];
	memcpy(all, before, CHAIN_DIGITS);
	memcpy(all + CHAIN_DIGITS, body.p, body.n);
	struct digest digest = digest_sha256((slice){ all, CHAIN_DIGITS + body.n });
	digest_hex(&digest, to);
}

const char *line_kind_name(enum audit_kind kind)
{
	switch (kind) {
	case AUDIT_LOGIN:
	case AUDIT_SEEN:
		return "login";
	case AUDIT_REFUSAL:
		return "refusal";
	case AUDIT_ADMIN:
		return "admin";
	case AUDIT_KEY:
		return "key";
	case AUDIT_LOG:
		return "log";
	case AUDIT_KINDS:
		break;
	}
	return "?";
}

/* ---- Writing. Every text is bounded, so a line always has room. */

struct writing {
	char *p;
	size_t n;
};

static void put(struct writing *to, slice text)
{
	if (text.n)
		memcpy(to->p + to->n, text.p, text.n);
	to->n += text.n;
}

/* Controls in two bytes (U+0080 to U+009F), and what separates lines, is not seen or turns the direction of text: who
 * reads a name must see what is there. */
bool line_misleads(slice character)
{
	const unsigned char *p = (const unsigned char *)character.p;
	size_t n = character.n;
	if (n == 2)
		return p[0] == 0xc2 && p[1] < 0xa0;
	if (n != 3 || p[0] != 0xe2)
		return false;
	return (p[1] == 0x80 &&
	               ((p[2] >= 0x8b && p[2] <= 0x8f) || (p[2] >= 0xa8 && p[2] <= 0xae))) ||
	       (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9);
}

/* How many bytes the character at the start of `text` has; 0: it is none. */
static size_t character(slice text)
{
	for (size_t n = 1; n <= 4 && n <= text.n; n++) {
		if (utf8_valid((slice){ text.p, n }))
			return n;
	}
	return 0;
}

static size_t escape_one(char *to, const char *p, size_t n)
{
	const unsigned char *c = (const unsigned char *)p;
	unsigned unit = n == 1   ? c[0]
	                : n == 2 ? (c[0] & 0x1fu) << 6 | (c[1] & 0x3fu)
	                         : (c[0] & 0xfu) << 12 | (c[1] & 0x3fu) << 6 | (c[2] & 0x3fu);
	static const char digits[] = "0123456789abcdef";
	to[0] = '\\';
	to[1] = 'u';
	for (unsigned i = 0; i < 4; i++)
		to[2 + i] = digits[unit >> (12 - 4 * i) & 0xf];
	return 6;
}

size_t line_escape(char *to, slice text, size_t max)
{
	static const char replacement[] = "\xef\xbf\xbd", ellipsis[] = "\xe2\x80\xa6";
	size_t done = 0, n = 0;
	while (done < text.n) {
		slice rest = slice_from(text, done);
		size_t bytes = character(rest);
		if (done + (bytes ? bytes : 1) > max) {
			memcpy(to + n, ellipsis, 3);
			return n + 3;
		}
		unsigned char c = (unsigned char)*rest.p;
		if (!bytes) {
			memcpy(to + n, replacement, 3);
			n += 3;
		} else if (c < 0x20 || c == 0x7f || line_misleads((slice){ rest.p, bytes })) {
			n += escape_one(to + n, rest.p, bytes);
		} else {
			if (c == '"' || c == '\\')
				to[n++] = '\\';
			memcpy(to + n, rest.p, bytes);
			n += bytes;
		}
		done += bytes ? bytes : 1;
	}
	return n;
}

static void put_key(struct writing *to, const char *key)
{
	put(to, SLICE(",\""));
	put(to, slice_of(key));
	put(to, SLICE("\":"));
}

/* Members that say nothing are left out. */
static void put_text(struct writing *to, const char *key, slice text, size_t max)
{
	if (!text.n)
		return;
	put_key(to, key);
	to->p[to->n++] = '"';
	to->n += line_escape(to->p + to->n, text, max);
	to->p[to->n++] = '"';
}

static void put_number(struct writing *to, const char *key, uint64_t number)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%llu", (unsigned long long)number);
	put_key(to, key);
	put(to, (slice){ text, (size_t)n });
}

static void put_time(struct writing *to, const char *key, uint64_t wall_ns)
{
	char when[CLOCK_TEXT_BYTES];
	clock_text(wall_ns, when);
	put_text(to, key, slice_of(when), sizeof when);
}

static void put_event(struct writing *to, const struct audit_event *event)
{
	put_text(to, "kind", slice_of(line_kind_name(event->kind)), NAME_MAX_BYTES);
	put_text(to, "action", slice_of(event->action), NAME_MAX_BYTES);
	put_text(to, "who", event->who, WHO_MAX);
	put_text(to, "object", event->object, OBJECT_MAX);
	put_text(to, "peer", event->peer, PEER_MAX);
	put_text(to, "protocol", slice_of(event->protocol), NAME_MAX_BYTES);
	put_text(to, "listener", slice_of(event->listener), NAME_MAX_BYTES);
	if (event->request) {
		char id[REQUEST_ID_BYTES];
		request_id_text(event->request, id);
		put_text(to, "request", slice_of(id), sizeof id);
	}
	if (event->status != STATUS_NONE)
		put_text(to, "status", slice_of(status_name(event->status)), NAME_MAX_BYTES);
}

static void put_own(struct writing *to, const struct note *note)
{
	if (note->count) {
		put_number(to, "count", note->count);
		put_time(to, "since", note->since_ns);
	}
	if (note->head) {
		put_number(to, "to", note->to);
		put_text(to, "head", slice_of(note->head), CHAIN_DIGITS);
	}
	put_text(to, "detail", note->event.detail, DETAIL_MAX);
}

size_t line_write(
        char bytes[LINE_MAX_BYTES], const struct note *note, bool first, struct chain *chain)
{
	struct writing to = { bytes, 0 };
	int n = snprintf(
	        bytes, LINE_MAX_BYTES, "{\"seq\":%llu", (unsigned long long)(chain->seq + 1));
	to.n = (size_t)n;
	put_time(&to, "time", note->time_ns);
	put_event(&to, &note->event);
	put_own(&to, note);
	if (first)
		put_text(&to, "previous", slice_of(chain->head), CHAIN_DIGITS);
	char head[CHAIN_DIGITS + 1];
	chain_hash(chain->head, (slice){ bytes, to.n }, head);
	memcpy(chain->head, head, sizeof head);
	chain->seq++;
	put_text(&to, "chain", slice_of(head), CHAIN_DIGITS);
	put(&to, SLICE("}\n"));
	return to.n;
}

_Static_assert(LINE_ESCAPED_MAX(WHO_MAX + OBJECT_MAX + PEER_MAX + DETAIL_MAX + 4 * NAME_MAX_BYTES) +
                               4 * CHAIN_DIGITS + 512 <
                       LINE_MAX_BYTES,
        "the longest line has room");

/* ---- Reading. */

struct reading {
	const char *p, *end;
};

static bool take(struct reading *from, slice expected)
{
	if (!slice_starts((slice){ from->p, (size_t)(from->end - from->p) }, expected))
		return false;
	from->p += expected.n;
	return true;
}

/* Behind the opening quote, to behind the closing one. */
static bool take_string(struct reading *from, slice *text)
{
	const char *start = from->p;
	while (from->p < from->end && *from->p != '"') {
		if ((unsigned char)*from->p < 0x20)
			return false;
		from->p += *from->p == '\\' && from->end - from->p > 1 ? 2 : 1;
	}
	if (from->p >= from->end)
		return false;
	*text = (slice){ start, (size_t)(from->p - start) };
	from->p++;
	return true;
}

static bool take_number(struct reading *from, uint64_t *number)
{
	const char *start = from->p;
	*number = 0;
	while (from->p < from->end && *from->p >= '0' && *from->p <= '9') {
		unsigned digit = (unsigned)(*from->p++ - '0');
		if (*number > (UINT64_MAX - digit) / 10)
			return false;
		*number = *number * 10 + digit;
	}
	return from->p > start;
}

#define KEY(text)                                                                                  \
	{                                                                                          \
		text, sizeof text - 1                                                              \
	}
/* With their lengths: a log is read from its beginning at each start, and most comparisons end there. */
static const slice text_keys[LINE_TEXTS] = {
	[LINE_TIME] = KEY("time"),
	[LINE_KIND] = KEY("kind"),
	[LINE_ACTION] = KEY("action"),
	[LINE_WHO] = KEY("who"),
	[LINE_OBJECT] = KEY("object"),
	[LINE_PEER] = KEY("peer"),
	[LINE_PROTOCOL] = KEY("protocol"),
	[LINE_LISTENER] = KEY("listener"),
	[LINE_REQUEST] = KEY("request"),
	[LINE_STATUS] = KEY("status"),
	[LINE_SINCE] = KEY("since"),
	[LINE_HEAD] = KEY("head"),
	[LINE_DETAIL] = KEY("detail"),
	[LINE_PREVIOUS] = KEY("previous"),
};

static bool take_member(struct reading *from, struct line *line)
{
	slice key, text;
	if (!take(from, SLICE(",\"")) || !take_string(from, &key) || !take(from, SLICE(":")))
		return false;
	if (!take(from, SLICE("\""))) {
		uint64_t number;
		if (!take_number(from, &number))
			return false;
		if (slice_is(key, "count"))
			line->count = number;
		if (slice_is(key, "to"))
			line->to = number;
		return true;
	}
	if (!take_string(from, &text))
		return false;
	for (unsigned i = 0; i < LINE_TEXTS; i++) {
		if (slice_equal(key, text_keys[i]))
			line->text[i] = text;
	}
	return true;
}

static bool is_chain(slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (!(text.p[i] >= '0' && text.p[i] <= '9') &&
		        !(text.p[i] >= 'a' && text.p[i] <= 'f'))
			return false;
	}
	return text.n == CHAIN_DIGITS;
}

bool line_read(slice text, struct line *line, const char **why)
{
	struct reading from = { text.p, text.p + text.n };
	*line = (struct line){ .seq = 0 };
	*why = "this is no line of an audit log";
	if (text.n >= LINE_MAX_BYTES || !utf8_valid(text))
		return false;
	if (!take(&from, SLICE("{\"seq\":")) || !take_number(&from, &line->seq) || !line->seq)
		return false;
	for (;;) {
		line->body = (slice){ text.p, (size_t)(from.p - text.p) };
		if (take(&from, SLICE(",\"chain\":\"")))
			break;
		if (!take_member(&from, line))
			return false;
	}
	*why = "its chain hash is not whole";
	return take_string(&from, &line->chain) && is_chain(line->chain) &&
	       take(&from, SLICE("}")) && from.p == from.end;
}

bool line_fits(const struct line *line, struct chain *chain)
{
	char head[CHAIN_DIGITS + 1];
	chain_hash(chain->head, line->body, head);
	if (line->seq != chain->seq + 1 || !slice_is(line->chain, head))
		return false;
	chain->seq++;
	memcpy(chain->head, head, sizeof head);
	return true;
}
