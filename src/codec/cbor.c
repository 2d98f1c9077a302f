/* cbor: RFC 8949, strictly.
 *
 * check() and decode() are one reader: without an arena it only looks, with one it builds, so they accept the
 * same items by construction. Nothing is allocated for what is only announced: a length beyond the end of the
 * body is refused when it is read, and a list of 2^60 members ends where the body does.
 *
 * Why libcbor's streaming decoder is not used, though it was meant to be: 0.8 (Debian 12) and 0.10 (Debian 13)
 * refuse tags that the registry knows (6-20 among them), 0.8 cuts lengths to 32 bits on armhf, its callbacks
 * changed their types between the two, and neither tells a reserved simple value from a malformed byte. All
 * that would be left for it is the head of an item: thirty lines here.
 *
 * How the data model meets the value tree:
 * 1. undefined is null; other simple values than true, false and null are refused.
 * 2. Map keys are texts; integers become their decimal text (SenML's -2 is "-2"). Other keys are refused. Of
 *    members with the same key the last one counts.
 * 3. Tags 2 and 3 (large integers) become integers when 64 bits hold them; what is larger becomes a double
 *    that keeps every digit in its literal, unless it is beyond the range of doubles: then it is refused. Tag 4
 *    (a decimal fraction) is a number as well, exact up to DECIMAL_DIGITS digits, which are all it may have. All
 *    other tags (0 and 1, date and time, among them) are looked through: the value stands for itself.
 * 4. A single is a double whose literal is the shortest text that gives this single: a sensor that sends the
 *    single nearest to 81.4 means 81.4.
 * 5. Writing takes the shortest form that keeps the number, and keeps it also on its way through decimal text:
 *    a double is written as a single only when the literal of point 4 is this very double, or is its own.
 * 6. Nesting ends at VALUE_DEPTH_MAX: reader and writer recurse, and that is their bound. */
#include "api/codec.h"
#include "base/text.h"
#include "base/utf8.h"
#include "codec/cbor.h"
#include "codec/decimal.h"
#include "codec/records.h"

#include <math.h>
#include <stdio.h>

struct reader {
	const unsigned char *p, *end;
	const unsigned char *start;
	struct arena *arena; /* NULL: only check */
	struct error *error;
	const struct cbor_label *labels; /* NULL: none */
};

/* How an item begins. */
struct head {
	enum major major;
	unsigned info; /* the low five bits of the first byte */
	uint64_t argument;
};

static bool refuse(struct reader *reader, const char *what)
{
	reader->error->line = reader->error->column = 0;
	return error_set(
	        reader->error, "CBOR: %s, at byte %zu", what, (size_t)(reader->p - reader->start));
}

static bool over_budget(struct error *error)
{
	error->line = error->column = 0;
	return error_set(error, CBOR_OVER_BUDGET);
}

static bool ends_early(struct reader *reader)
{
	return refuse(reader, "the item is longer than the body");
}

static bool read_head(struct reader *reader, struct head *head)
{
	if (reader->p == reader->end)
		return ends_early(reader);
	head->major = (enum major)(*reader->p >> 5);
	head->info = *reader->p & 31;
	head->argument = head->info;
	if (head->info == INFO_INDEFINITE) {
		if (head->major < MAJOR_BYTES || head->major == MAJOR_TAG)
			return refuse(reader, "an item of this kind has no indefinite length");
	} else if (head->info >= 28) {
		return refuse(reader, "reserved additional information");
	} else if (head->info >= 24) {
		size_t n = (size_t)1 << (head->info - 24);
		if ((size_t)(reader->end - reader->p) <= n)
			return ends_early(reader);
		head->argument = 0;
		for (size_t i = 1; i <= n; i++)
			head->argument = head->argument << 8 | reader->p[i];
		reader->p += n;
	}
	reader->p++;
	return true;
}

/* The next `n` bytes of a byte or text string. */
static bool take(struct reader *reader, enum major major, uint64_t n, slice *bytes)
{
	if (n > (size_t)(reader->end - reader->p))
		return ends_early(reader);
	*bytes = (slice){ (const char *)reader->p, (size_t)n };
	if (major == MAJOR_TEXT && !utf8_valid(*bytes))
		return refuse(reader, "this text is not UTF-8");
	reader->p += n;
	return true;
}

static bool at_break(const struct reader *reader)
{
	return reader->p < reader->end && *reader->p == BREAK;
}

/* One chunk of a string of indefinite length; *more is false at its end. */
static bool read_chunk(struct reader *reader, enum major major, slice *chunk, bool *more)
{
	struct head head;
	*more = !at_break(reader);
	if (!*more) {
		reader->p++;
		return true;
	}
	if (!read_head(reader, &head))
		return false;
	if (head.major != major || head.info == INFO_INDEFINITE)
		return refuse(reader, "the chunks of a string are strings of its kind");
	return take(reader, major, head.argument, chunk);
}

/* Behind the head of a byte or text string. */
static bool read_string(struct reader *reader, const struct head *head, slice *string)
{
	if (head->info != INFO_INDEFINITE)
		return take(reader, head->major, head->argument, string);
	struct text text;
	text_init(&text, reader->arena, 0);
	for (bool more = true;;) {
		slice chunk;
		if (!read_chunk(reader, head->major, &chunk, &more))
			return false;
		if (!more)
			break;
		if (reader->arena)
			text_slice_add(&text, chunk);
	}
	if (!reader->arena)
		return true;
	*string = text_slice(&text);
	return string->p || over_budget(reader->error);
}

/* The magnitude of a large integer, in base 10^9, lowest limb first: room for 2^1024. */
enum { BIG_BYTES = 128, BIG_LIMBS = 36, BIG_TEXT_BYTES = BIG_LIMBS * 9 + 2, BIG_BASE = 1000000000 };
struct big {
	unsigned nbytes; /* without leading zeros */
	uint64_t low;    /* the last eight bytes */
	uint32_t limbs[BIG_LIMBS];
};

static void big_add(struct big *big, slice bytes)
{
	for (size_t i = 0; i < bytes.n && big->nbytes <= BIG_BYTES; i++) {
		unsigned char byte = (unsigned char)bytes.p[i];
		if (big->nbytes == 0 && byte == 0)
			continue;
		big->nbytes++;
		big->low = big->low << 8 | byte;
		uint64_t carry = byte;
		for (unsigned limb = 0; limb < BIG_LIMBS; limb++) {
			carry += (uint64_t)big->limbs[limb] << 8;
			big->limbs[limb] = (uint32_t)(carry % BIG_BASE);
			carry /= BIG_BASE;
		}
	}
}

static void big_add_integer(struct big *big, uint64_t integer)
{
	char bytes[8];
	for (unsigned i = 0; i < 8; i++)
		bytes[i] = (char)(unsigned char)(integer >> (56 - 8 * i));
	big_add(big, (slice){ bytes, sizeof bytes });
}

/* Decimal digits, of -1 - magnitude if `negative`. */
static slice big_text(struct big *big, bool negative, char text[BIG_TEXT_BYTES])
{
	unsigned top = BIG_LIMBS - 1;
	for (unsigned limb = 0; negative && limb < BIG_LIMBS; limb++) {
		big->limbs[limb] = (big->limbs[limb] + 1) % BIG_BASE;
		if (big->limbs[limb])
			break;
	}
	while (top && !big->limbs[top])
		top--;
	int n = snprintf(
	        text, BIG_TEXT_BYTES, "%s%u", negative ? "-" : "", (unsigned)big->limbs[top]);
	while (top--)
		n += snprintf(
		        text + n, BIG_TEXT_BYTES - (size_t)n, "%09u", (unsigned)big->limbs[top]);
	return (slice){ text, (size_t)n };
}

static bool build_big(struct reader *reader, struct big *big, bool negative, struct value **to)
{
	char text[BIG_TEXT_BYTES];
	double real;
	if (big->nbytes > BIG_BYTES)
		return refuse(reader, "this integer is beyond the range of doubles");
	slice literal = big_text(big, negative, text);
	if (!number_parse(literal, &real))
		return refuse(reader, "this integer is beyond the range of doubles");
	if (!reader->arena)
		return true;
	*to = value_double(reader->arena, real);
	if (*to)
		(*to)->literal = arena_copy_slice(reader->arena, literal);
	return (*to && (*to)->literal.p) || over_budget(reader->error);
}

/* `argument`, or -1 - argument. */
static bool build_integer(
        struct reader *reader, bool negative, uint64_t argument, struct value **to)
{
	if (negative && argument > INT64_MAX) {
		struct big big = { .nbytes = 0 };
		big_add_integer(&big, argument);
		return build_big(reader, &big, negative, to);
	}
	if (!reader->arena)
		return true;
	*to = negative ? value_int(reader->arena, -1 - (int64_t)argument)
	               : value_uint(reader->arena, argument);
	return *to || over_budget(reader->error);
}

/* Behind a tag 2 or 3. */
static bool read_big_bytes(struct reader *reader, struct big *big)
{
	struct head head;
	slice bytes;
	if (!read_head(reader, &head))
		return false;
	if (head.major != MAJOR_BYTES)
		return refuse(reader, "a large integer is a byte string");
	if (head.info != INFO_INDEFINITE) {
		if (!take(reader, MAJOR_BYTES, head.argument, &bytes))
			return false;
		big_add(big, bytes);
		return true;
	}
	for (bool more = true;;) {
		if (!read_chunk(reader, MAJOR_BYTES, &bytes, &more))
			return false;
		if (!more)
			return true;
		big_add(big, bytes);
	}
}

static bool read_big(struct reader *reader, bool negative, struct value **to)
{
	struct big big = { .nbytes = 0 };
	if (!read_big_bytes(reader, &big))
		return false;
	if (big.nbytes <= 8)
		return build_integer(reader, negative, big.low, to);
	return build_big(reader, &big, negative, to);
}

static bool bad_fraction(struct reader *reader)
{
	return refuse(reader, "a decimal fraction is a list of two integers");
}

/* The digits of a decimal fraction: an integer of any size that build_big() would take, as text. */
static bool read_mantissa(struct reader *reader, char text[BIG_TEXT_BYTES], slice *digits)
{
	struct big big = { .nbytes = 0 };
	struct head head;
	if (!read_head(reader, &head))
		return false;
	bool negative = head.major == MAJOR_NEGATIVE ||
	                (head.major == MAJOR_TAG && head.argument == TAG_NEGATIVE);
	if (head.major == MAJOR_TAG && head.argument >= TAG_POSITIVE &&
	        head.argument <= TAG_NEGATIVE) {
		if (!read_big_bytes(reader, &big))
			return false;
	} else if (head.major <= MAJOR_NEGATIVE) {
		big_add_integer(&big, head.argument);
	} else {
		return bad_fraction(reader);
	}
	if (big.nbytes > BIG_BYTES)
		return refuse(reader, "this number has too many digits");
	*digits = big_text(&big, negative, text);
	return true;
}

/* Behind a tag 4 (RFC 8949 section 3.4.4). */
static bool read_fraction(struct reader *reader, struct value **to)
{
	struct head list, head;
	char text[BIG_TEXT_BYTES];
	slice mantissa;
	struct decimal decimal;
	if (!read_head(reader, &list))
		return false;
	bool indefinite = list.info == INFO_INDEFINITE;
	if (list.major != MAJOR_LIST || (!indefinite && list.argument != 2))
		return bad_fraction(reader);
	if (!read_head(reader, &head))
		return false;
	if (head.major > MAJOR_NEGATIVE)
		return bad_fraction(reader);
	if (!read_mantissa(reader, text, &mantissa))
		return false;
	if (indefinite && !at_break(reader))
		return bad_fraction(reader);
	reader->p += indefinite;
	if (!decimal_parse(&decimal, mantissa))
		return refuse(reader, "this number has too many digits");
	/* No number in range has an exponent as large as this. */
	int64_t exponent = head.argument > INT32_MAX ? INT32_MAX : (int64_t)head.argument;
	if (decimal.n)
		decimal.exponent += head.major == MAJOR_NEGATIVE ? -1 - exponent : exponent;
	if (!decimal_in_range(&decimal))
		return refuse(reader, "this number is beyond the range of doubles");
	if (!reader->arena)
		return true;
	*to = decimal_value(reader->arena, &decimal);
	return *to || over_budget(reader->error);
}

static double half_to_double(unsigned half)
{
	int exponent = (int)(half >> 10 & 31);
	int fraction = (int)(half & 1023);
	double magnitude = ldexp(fraction, -24);
	if (exponent == 31)
		magnitude = fraction ? NAN : INFINITY;
	else if (exponent)
		magnitude = ldexp(fraction + 1024, exponent - 25);
	return half & 0x8000 ? -magnitude : magnitude;
}

static struct value *build_simple(struct arena *arena, const struct head *head)
{
	uint32_t bits = (uint32_t)head->argument;
	float single;
	double real;
	switch (head->info) {
	case SIMPLE_FALSE:
	case SIMPLE_TRUE:
		return value_bool(arena, head->info == SIMPLE_TRUE);
	case HALF:
		return value_double(arena, half_to_double(bits));
	case SINGLE:
		memcpy(&single, &bits, sizeof single);
		return value_float(arena, single);
	case DOUBLE:
		memcpy(&real, &head->argument, sizeof real);
		return value_double(arena, real);
	default:
		return value_null(arena);
	}
}

static bool read_simple(struct reader *reader, const struct head *head, struct value **to)
{
	if (head->info == INFO_INDEFINITE)
		return refuse(reader, "a break stands where nothing is to be ended");
	if (head->info == SIMPLE_BYTE && head->argument < 32)
		return refuse(reader, "malformed simple value");
	if (head->info < SIMPLE_FALSE || head->info == SIMPLE_BYTE)
		return refuse(reader, "no meaning is assigned to this simple value");
	if (!reader->arena)
		return true;
	*to = build_simple(reader->arena, head);
	return *to || over_budget(reader->error);
}

static bool read_value(struct reader *reader, unsigned depth, struct value **to);

/* Is there another member? `*left` counts down; at the end the break is behind us. */
static bool has_member(struct reader *reader, const struct head *head, uint64_t *left)
{
	if (head->info != INFO_INDEFINITE)
		return (*left)-- > 0;
	if (!at_break(reader))
		return true;
	reader->p++;
	return false;
}

/* Behind tags that mean nothing to us; at the end *head is what they tag. */
static bool read_tagged_head(struct reader *reader, struct head *head)
{
	do {
		if (!read_head(reader, head))
			return false;
	} while (head->major == MAJOR_TAG &&
	         (head->argument < TAG_POSITIVE || head->argument > TAG_DECIMAL));
	return true;
}

static slice label_of(const struct cbor_label *labels, const struct value *number)
{
	for (; labels && labels->name; labels++) {
		if (number->kind == VALUE_INT && number->as.integer == labels->number)
			return slice_of(labels->name);
	}
	return (slice){ NULL, 0 };
}

static bool read_key(struct reader *reader, slice *key)
{
	struct head head;
	struct value *number = NULL;
	if (!read_tagged_head(reader, &head))
		return false;
	if (head.major == MAJOR_TEXT)
		return read_string(reader, &head, key);
	if (head.major != MAJOR_UNSIGNED && head.major != MAJOR_NEGATIVE)
		return refuse(reader, "the key of a map is neither text nor integer");
	if (!build_integer(reader, head.major == MAJOR_NEGATIVE, head.argument, &number))
		return false;
	if (!reader->arena)
		return true;
	*key = label_of(reader->labels, number);
	if (key->p)
		return true;
	*key = value_to_text(reader->arena, number);
	return key->p || over_budget(reader->error);
}

static bool read_list(
        struct reader *reader, const struct head *head, unsigned depth, struct value *list)
{
	uint64_t left = head->argument;
	while (has_member(reader, head, &left)) {
		struct value *member = NULL;
		if (!read_value(reader, depth, &member))
			return false;
		if (list)
			(void)value_append(list, member);
	}
	return true;
}

static bool read_map(
        struct reader *reader, const struct head *head, unsigned depth, struct value *map)
{
	uint64_t left = head->argument;
	while (has_member(reader, head, &left)) {
		slice key = { NULL, 0 };
		struct value *member = NULL;
		if (!read_key(reader, &key) || !read_value(reader, depth, &member))
			return false;
		if (map)
			(void)value_set_new(map, key, member);
	}
	if (map && !value_merge_duplicates(reader->arena, map))
		return over_budget(reader->error);
	return true;
}

static bool read_members(
        struct reader *reader, const struct head *head, unsigned depth, struct value **to)
{
	bool is_map = head->major == MAJOR_MAP;
	if (depth == VALUE_DEPTH_MAX)
		return refuse(reader, "lists and maps are nested too deeply (64 is the limit)");
	if (reader->arena) {
		*to = is_map ? value_map(reader->arena) : value_list(reader->arena);
		if (!*to)
			return over_budget(reader->error);
	}
	return is_map ? read_map(reader, head, depth + 1, *to)
	              : read_list(reader, head, depth + 1, *to);
}

/* *to is NULL before, and stays so without an arena. */
static bool read_value(struct reader *reader, unsigned depth, struct value **to)
{
	struct head head;
	slice string;
	if (!read_tagged_head(reader, &head))
		return false;
	switch (head.major) {
	case MAJOR_UNSIGNED:
	case MAJOR_NEGATIVE:
		return build_integer(reader, head.major == MAJOR_NEGATIVE, head.argument, to);
	case MAJOR_BYTES:
	case MAJOR_TEXT:
		if (!read_string(reader, &head, &string))
			return false;
		if (!reader->arena)
			return true;
		*to = head.major == MAJOR_TEXT ? value_text(reader->arena, string)
		                               : value_bytes(reader->arena, string);
		return *to || over_budget(reader->error);
	case MAJOR_LIST:
	case MAJOR_MAP:
		return read_members(reader, &head, depth, to);
	case MAJOR_TAG:
		return head.argument == TAG_DECIMAL
		               ? read_fraction(reader, to)
		               : read_big(reader, head.argument == TAG_NEGATIVE, to);
	case MAJOR_SIMPLE:
		break;
	}
	return read_simple(reader, &head, to);
}

static struct reader reader_of(slice body, struct arena *arena, struct error *error)
{
	const unsigned char *start = (const unsigned char *)(body.p ? body.p : "");
	return (struct reader){
		.p = start, .end = start + body.n, .start = start, .arena = arena, .error = error
	};
}

static bool read_end(struct reader *reader)
{
	return reader->p == reader->end || refuse(reader, "something follows the item");
}

static bool read_item(struct arena *arena, slice body, struct error *error, struct value **to)
{
	struct reader reader = reader_of(body, arena, error);
	return read_value(&reader, 0, to) && read_end(&reader);
}

bool cbor_read_records(
        slice body, const struct cbor_label *labels, struct records *records, struct error *error)
{
	struct reader reader = reader_of(body, records->arena, error);
	struct head list, head;
	reader.labels = labels;
	if (!read_tagged_head(&reader, &list))
		return false;
	if (list.major != MAJOR_LIST)
		return refuse(&reader, "a list of maps is missing here");
	uint64_t left = list.argument;
	while (has_member(&reader, &list, &left)) {
		struct value *map = NULL;
		if (!read_tagged_head(&reader, &head))
			return false;
		if (head.major != MAJOR_MAP)
			return refuse(&reader, "a map is missing here");
		if (!read_members(&reader, &head, 1, &map))
			return false;
		error->line = error->column = 0;
		if (!records->take(records, map, error))
			return false;
	}
	return read_end(&reader);
}

static bool cbor_check(slice body, struct error *error)
{
	struct value *none = NULL;
	return read_item(NULL, body, error, &none);
}

static struct value *cbor_decode(struct arena *arena, slice body, struct error *error)
{
	struct value *value = NULL;
	return read_item(arena, body, error, &value) ? value : NULL;
}

static slice cbor_encode(struct arena *arena, const struct value *value, struct error *error)
{
	return cbor_write(arena, value, NULL, error);
}

static const char *const also[] = { "+cbor", NULL };

const struct codec codec_cbor = {
	.name = "cbor",
	.media = "application/cbor",
	.also = also,
	.check = cbor_check,
	.decode = cbor_decode,
	.encode = cbor_encode,
};
