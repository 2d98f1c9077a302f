/* Byte stuffing: how a protocol keeps its marks out of its frames.
 *
 * Three ways cover what is in use. A byte that is escaped is the one that is meant with some bits turned (HDLC and PPP:
 * 0x20; JT600, Ulbotech: the escape byte itself), or one that stands for it (SLIP, JT/T 808), or the escape byte is
 * written twice where it is meant (DLE, Mode S Beast), so that a single one begins a mark. */
#include "codec/frame/stream/framing.h"

enum escape_unit escape_unit(
        const struct escape *escape, slice raw, unsigned char *byte, size_t *used)
{
	*byte = (unsigned char)raw.p[0];
	*used = 1;
	if (escape->kind == ESCAPE_NONE || *byte != escape->byte)
		return ESCAPE_UNIT_BYTE;
	if (raw.n < 2)
		return ESCAPE_UNIT_MORE;
	unsigned char second = (unsigned char)raw.p[1];
	*used = 2;
	if (escape->kind == ESCAPE_DOUBLE)
		return second == escape->byte ? ESCAPE_UNIT_BYTE : ESCAPE_UNIT_MARK;
	if (escape->kind == ESCAPE_XOR) {
		*byte = second ^ escape->flip;
		return ESCAPE_UNIT_BYTE;
	}
	for (unsigned i = 0; i < escape->nmap; i++) {
		if (escape->on_line[i] != second)
			continue;
		*byte = escape->meant[i];
		return ESCAPE_UNIT_BYTE;
	}
	return ESCAPE_UNIT_WRONG;
}

enum escape_unit escape_read(
        const struct escape *escape, slice raw, size_t max, char *clean, size_t *n, size_t *used)
{
	size_t at = 0, step;
	unsigned char byte;
	*n = 0;
	enum escape_unit unit = ESCAPE_UNIT_MORE;
	while (*n < max && at < raw.n) {
		unit = escape_unit(escape, slice_from(raw, at), &byte, &step);
		if (unit != ESCAPE_UNIT_BYTE)
			break;
		clean[(*n)++] = (char)byte;
		at += step;
	}
	*used = at;
	return *n == max ? ESCAPE_UNIT_BYTE : at == raw.n ? ESCAPE_UNIT_MORE : unit;
}

static bool is_needed(const struct escape *escape, unsigned char byte)
{
	return escape->needed[byte / 8] >> byte % 8 & 1;
}

/* The two bytes that stand for one; false: it stands for itself, or (*wrong) cannot be written. */
static bool pair(
        const struct escape *escape, unsigned char byte, unsigned char *second, bool *wrong)
{
	switch (escape->kind) {
	case ESCAPE_NONE:
		return false;
	case ESCAPE_DOUBLE:
		*second = byte;
		return byte == escape->byte;
	case ESCAPE_XOR:
		*second = byte ^ escape->flip;
		return is_needed(escape, byte);
	case ESCAPE_MAP:
		for (unsigned i = 0; i < escape->nmap; i++) {
			*second = escape->on_line[i];
			if (escape->meant[i] == byte)
				return true;
		}
		*wrong |= byte == escape->byte;
		return false;
	}
	return false;
}

slice escape_write(const struct escape *escape, struct arena *arena, slice clean)
{
	bool wrong = false;
	size_t n = 0;
	char *raw = arena_alloc_raw(arena, clean.n * 2 + 1);
	if (!raw)
		return (slice){ NULL, 0 };
	for (size_t i = 0; i < clean.n; i++) {
		unsigned char byte = (unsigned char)clean.p[i], second;
		bool two = pair(escape, byte, &second, &wrong);
		raw[n++] = two ? (char)escape->byte : (char)byte;
		if (two)
			raw[n++] = (char)second;
	}
	return wrong ? (slice){ NULL, 0 } : (slice){ raw, n };
}
