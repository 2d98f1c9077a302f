/* What the stream wants around a frame: the inverse of split.c. The first framing whose start the frame has decides, or
 * that brings a start mark which the frame does not show. It writes its length field and its checksum into the frame, stuffs
 * its bytes, puts its marks around it, and then cuts what came out: a frame that would not come out of the stream as it
 * went in is refused, unless the framing's own type says where frames end. */
#include "codec/frame/write/encode.h"

#include "codec/frame/meaning/extension.h"

#include "base/hex.h"

#include <stdio.h>

/* NULL: none fits. */
static const struct framing *framing_of(const struct frame_schema *schema, slice frame)
{
	const struct extension *extension = schema->extension;
	for (unsigned i = 0; i < extension->nframings; i++) {
		const struct framing *framing = &extension->framings[i];
		bool fits = framing->nstarts == 0 || framing->strip_start;
		for (unsigned k = 0; k < framing->nstarts && !fits; k++)
			fits = mark_fits(&framing->starts[k], frame);
		if (fits && !framing->discard)
			return framing;
	}
	return NULL;
}

/* How many bytes of the framing's own the frame does not show at its beginning. */
static size_t hidden_bytes(const struct framing *framing)
{
	size_t mark = framing->strip_start && framing->nstarts ? framing->starts[0].bytes.n : 0;
	return mark + framing->skip;
}

/* Where the two digits of an NMEA 0183 sentence stand. */
static bool nmea_place(slice frame, size_t *at)
{
	size_t star = slice_find(frame, '*');
	*at = star + 1;
	return star > 0 && star + 3 <= frame.n;
}

bool wrap_covers(const struct frame_schema *schema, slice frame, size_t at, size_t n)
{
	const struct framing *framing = framing_of(schema, frame);
	size_t from;
	if (!framing)
		return false;
	const struct length_field *length = &framing->length;
	size_t first = at + hidden_bytes(framing);
	if (framing->kind == FRAMING_LENGTH && length_is_fixed(length) &&
	        ((first >= length->offset && first + n <= (size_t)length->offset + length->width) ||
	                (length->twice && first >= length->again &&
	                        first + n <= (size_t)length->again + length->width)))
		return true;
	const struct checksum *checksum = &framing->checksum;
	if (!checksum->kind)
		return false;
	if (!checksum->kind->sum)
		return nmea_place(frame, &from) && at >= from && at + n <= from + 2;
	return checksum_place(checksum->at, frame.n, &from) && at >= from &&
	       at + n <= from + checksum->width;
}

size_t wrap_room(const struct frame_schema *schema, slice frame, bool *certain)
{
	const struct framing *framing = framing_of(schema, frame);
	*certain = false;
	if (!framing || !framing->checksum.kind)
		return 0;
	if (!framing->checksum.kind->sum) {
		size_t star = slice_find(frame, '*');
		*certain = star == frame.n || star + 1 == frame.n;
		return !*certain ? 0 : star == frame.n ? 3 : 2;
	}
	return framing->checksum.at == -(int64_t)framing->checksum.width ? framing->checksum.width
	                                                                 : 0;
}

static void patch_nmea(char *bytes, size_t n)
{
	size_t at;
	unsigned char sum = 0;
	/* Room was made for all three characters. */
	if (n > 3 && !bytes[n - 3] && slice_find((slice){ bytes, n }, '*') == n)
		bytes[n - 3] = '*';
	if (!nmea_place((slice){ bytes, n }, &at))
		return;
	for (size_t i = 1; i + 1 < at; i++)
		sum ^= (unsigned char)bytes[i];
	static const char digits[] = "0123456789ABCDEF";
	bytes[at] = digits[sum >> 4];
	bytes[at + 1] = digits[sum & 15];
}

static bool patch_checksum(const struct checksum *checksum, char *bytes, size_t n, const char **why)
{
	size_t from, to, at;
	*why = "the frame is too short for its checksum";
	if (!checksum->kind)
		return true;
	if (!checksum->kind->sum) {
		patch_nmea(bytes, n);
		return true;
	}
	if (!checksum_place(checksum->from, n, &from) || !checksum_place(checksum->to, n, &to) ||
	        !checksum_place(checksum->at, n, &at) || from > to || n - at < checksum->width)
		return false;
	uint64_t sum = checksum->kind->sum(checksum->kind, (slice){ bytes + from, to - from });
	return number_write(
	        bytes + at, checksum->width, checksum->as, checksum->endian == ENDIAN_LITTLE, sum);
}

bool wrap_patch(const struct frame_schema *schema, char *bytes, size_t n, const char **why)
{
	const struct framing *framing = framing_of(schema, (slice){ bytes, n });
	*why = "no framing of the description begins like this frame";
	if (!framing)
		return schema->extension->nframings == 0;
	*why = "the framing's length field cannot say how long the frame is";
	if (framing->kind == FRAMING_LENGTH && length_is_fixed(&framing->length) &&
	        !length_write(&framing->length, bytes, n, hidden_bytes(framing)))
		return false;
	return patch_checksum(&framing->checksum, bytes, n, why);
}

/* The size of the delimiter that the frame ends in, of which it is a part; 0: it does not. */
static size_t own_delimiter(const struct framing *framing, slice frame)
{
	for (unsigned i = 0; i < framing->ndelimiters && framing->include; i++) {
		slice delimiter = framing->delimiters[i];
		if (frame.n >= delimiter.n &&
		        slice_equal(slice_from(frame, frame.n - delimiter.n), delimiter))
			return delimiter.n;
	}
	return 0;
}

/* The start mark, which the frame may show, its bytes as they go on the line, and the delimiter, which it may show. */
static slice cover(const struct framing *framing, struct arena *arena, slice frame)
{
	struct text text;
	slice mark = { NULL, 0 };
	text_init(&text, arena, frame.n + 16);
	for (unsigned i = framing->nstarts; i--;) {
		if (framing->strip_start || mark_fits(&framing->starts[i], frame))
			mark = framing->starts[i].bytes;
	}
	size_t shown = framing->strip_start ? 0 : mark.n, end = own_delimiter(framing, frame);
	if (shown + end > frame.n)
		end = 0;
	slice inner = { frame.p + shown, frame.n - shown - end };
	text_slice_add(&text, framing->strip_start ? mark : (slice){ frame.p, shown });
	if (framing->escape.kind != ESCAPE_NONE)
		inner = escape_write(&framing->escape, arena, inner);
	if (!inner.p)
		return (slice){ NULL, 0 };
	text_slice_add(&text, inner);
	if (end)
		text_slice_add(&text, slice_from(frame, frame.n - end));
	else if (framing->ndelimiters)
		text_slice_add(&text, framing->delimiters[0]);
	return text_slice(&text);
}

static slice refuse(struct frame_fault *fault, enum frame_fault_kind kind, const char *why)
{
	fault->kind = kind;
	(void)snprintf(fault->text, sizeof fault->text, "%s", why);
	return (slice){ NULL, 0 };
}

slice frame_wrap(const struct frame_schema *schema, struct arena *arena, slice bytes,
        struct frame_fault *fault)
{
	const char *why = "";
	*fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
	if (!schema->extension->nframings)
		return bytes;
	slice copy = arena_copy_slice(arena, bytes);
	if (!copy.p)
		return refuse(fault, FRAME_FAULT_LIMIT, "over the memory budget");
	if (!wrap_patch(schema, (char *)(uintptr_t)copy.p, copy.n, &why))
		return refuse(fault, FRAME_FAULT_VALUE, why);
	slice whole = cover(framing_of(schema, bytes), arena, copy);
	if (!whole.p)
		return refuse(fault, FRAME_FAULT_VALUE,
		        "the framing has no words for one of the bytes, or over the memory budget");
	/* What goes to a device need not end as what comes from it: Modbus RTU's requests and answers have no form in common. */
	if (framing_of(schema, bytes)->kind == FRAMING_TYPE)
		return whole;
	struct frame_piece piece;
	enum frame_cut cut = frame_split(schema, whole, true, arena, &piece);
	if (cut != FRAME_WHOLE || piece.used != whole.n)
		return refuse(fault, FRAME_FAULT_VALUE,
		        cut == FRAME_BAD && piece.why
		                ? piece.why
		                : "the framing would cut these bytes in another place");
	return whole;
}
