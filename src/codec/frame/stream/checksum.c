/* Checksums by name, and whether a frame carries the one that it should.
 *
 * Cyclic ones after the catalogue of parametrised CRC algorithms (reveng). One that a framing uses has a table of a
 * step for each byte, made while the description loads; one that was merely looked up goes bit by bit. */
#include "codec/frame/stream/framing.h"

#include "base/hex.h"

static uint32_t reflect(uint32_t bits, unsigned width)
{
	uint32_t turned = 0;
	for (unsigned i = 0; i < width; i++)
		turned |= (bits >> i & 1) << (width - 1 - i);
	return turned;
}

/* One byte further. Reflected sums grow from their lowest bit and lie at the low end, others at the high end of 32
 * bits, so that neither depends on the width. */
static uint32_t crc_step(const struct checksum_crc *crc, uint32_t sum)
{
	uint32_t reflected = reflect(crc->polynomial, crc->width);
	uint32_t straight = crc->polynomial << (32 - crc->width);
	for (unsigned bit = 0; bit < 8; bit++) {
		if (crc->reflect_in)
			sum = sum & 1 ? sum >> 1 ^ reflected : sum >> 1;
		else
			sum = sum >> 31 ? sum << 1 ^ straight : sum << 1;
	}
	return sum;
}

static uint32_t cyclic(const struct checksum_kind *kind, slice bytes)
{
	const struct checksum_crc *crc = &kind->crc;
	const uint32_t *table = kind->table;
	bool in = crc->reflect_in;
	uint32_t sum = in ? reflect(crc->start, crc->width) : crc->start << (32 - crc->width);
	const unsigned char *at = (const unsigned char *)bytes.p;
	size_t i = 0;
	/* Two loops, for this is most of what cutting a frame costs. */
	if (table && in) {
		for (; i < bytes.n; i++)
			sum = sum >> 8 ^ table[(sum ^ at[i]) & 255];
	} else if (table) {
		for (; i < bytes.n; i++)
			sum = sum << 8 ^ table[sum >> 24 ^ at[i]];
	}
	for (; i < bytes.n; i++)
		sum = crc_step(crc, in ? sum ^ at[i] : sum ^ (uint32_t)at[i] << 24);
	sum = in ? sum : sum >> (32 - crc->width);
	return (in == crc->reflect_out ? sum : reflect(sum, crc->width)) ^ crc->end;
}

static uint32_t xor_of(slice bytes)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < bytes.n; i++)
		sum ^= (unsigned char)bytes.p[i];
	return sum;
}

static uint32_t sum_of(slice bytes)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < bytes.n; i++)
		sum += (unsigned char)bytes.p[i];
	return sum;
}

static uint32_t narrow(const struct checksum_kind *kind, uint32_t sum)
{
	return kind->width < 4 ? sum & ((1u << 8 * kind->width) - 1) : sum;
}

static uint32_t exclusive_or(const struct checksum_kind *kind, slice bytes)
{
	(void)kind;
	return xor_of(bytes);
}

static uint32_t plain_sum(const struct checksum_kind *kind, slice bytes)
{
	return narrow(kind, sum_of(bytes));
}

static uint32_t twos_complement(const struct checksum_kind *kind, slice bytes)
{
	return narrow(kind, 0 - sum_of(bytes));
}

static uint32_t ones_complement(const struct checksum_kind *kind, slice bytes)
{
	return narrow(kind, ~sum_of(bytes));
}

/* Two sums, the second of what the first was after each block: of nibbles, bytes or pairs of bytes. */
static uint32_t two_sums(slice bytes, uint32_t first, unsigned step, uint32_t modulus, bool swapped)
{
	uint32_t second = 0;
	for (size_t i = 0; i < bytes.n; i += step) {
		uint32_t block = (unsigned char)bytes.p[i];
		if (step == 2 && i + 1 < bytes.n)
			block |= (uint32_t)(unsigned char)bytes.p[i + 1] << 8;
		first = (first + block) % modulus;
		second = (second + first) % modulus;
	}
	unsigned shift = modulus > 65500 ? 16 : 8;
	return swapped ? first << shift | second : second << shift | first;
}

static uint32_t fletcher8(const struct checksum_kind *kind, slice bytes)
{
	uint32_t first = 0, second = 0;
	(void)kind;
	for (size_t i = 0; i < 2 * bytes.n; i++) {
		uint32_t byte = (unsigned char)bytes.p[i / 2];
		first = (first + (i % 2 ? byte & 15 : byte >> 4)) % 15;
		second = (second + first) % 15;
	}
	return second << 4 | first;
}

static uint32_t fletcher16(const struct checksum_kind *kind, slice bytes)
{
	(void)kind;
	return two_sums(bytes, 0, 1, 255, false);
}

/* RFC 1145; u-blox's UBX: modulo 256, the plain sum stands first. */
static uint32_t fletcher16_binary(const struct checksum_kind *kind, slice bytes)
{
	(void)kind;
	return two_sums(bytes, 0, 1, 256, true);
}

static uint32_t fletcher32(const struct checksum_kind *kind, slice bytes)
{
	(void)kind;
	return two_sums(bytes, 0, 2, 65535, false);
}

/* RFC 1950, 9 */
static uint32_t adler32(const struct checksum_kind *kind, slice bytes)
{
	(void)kind;
	return two_sums(bytes, 1, 1, 65521, false);
}

/* RFC 1071 */
static uint32_t internet(const struct checksum_kind *kind, slice bytes)
{
	uint32_t sum = 0;
	(void)kind;
	for (size_t i = 0; i < bytes.n; i++) {
		sum += (uint32_t)(unsigned char)bytes.p[i] << (i % 2 ? 0 : 8);
		sum = (sum & 0xFFFF) + (sum >> 16);
	}
	return ~sum & 0xFFFF;
}

#define CRC(title, bits, polynomial, start, end, reflect_in, reflect_out)                          \
	{                                                                                          \
		.name = title, .width = (bits + 7) / 8, .sum = cyclic,                             \
		.crc = { bits,                                                                     \
			polynomial,                                                                \
			start,                                                                     \
			end,                                                                       \
			reflect_in,                                                                \
			reflect_out }                                                              \
	}

/* clang-format off */
static const struct checksum_kind kinds[] = {
	CRC("crc-8/autosar", 8, 0x2F, 0xFF, 0xFF, false, false),
	CRC("crc-8/bluetooth", 8, 0xA7, 0x00, 0x00, true, true),
	CRC("crc-8/cdma2000", 8, 0x9B, 0xFF, 0x00, false, false),
	CRC("crc-8/darc", 8, 0x39, 0x00, 0x00, true, true),
	CRC("crc-8/dvb-s2", 8, 0xD5, 0x00, 0x00, false, false),
	CRC("crc-8/gsm-a", 8, 0x1D, 0x00, 0x00, false, false),
	CRC("crc-8/gsm-b", 8, 0x49, 0x00, 0xFF, false, false),
	CRC("crc-8/hitag", 8, 0x1D, 0xFF, 0x00, false, false),
	CRC("crc-8/i-432-1", 8, 0x07, 0x00, 0x55, false, false),
	CRC("crc-8/i-code", 8, 0x1D, 0xFD, 0x00, false, false),
	CRC("crc-8/lte", 8, 0x9B, 0x00, 0x00, false, false),
	CRC("crc-8/maxim-dow", 8, 0x31, 0x00, 0x00, true, true),
	CRC("crc-8/mifare-mad", 8, 0x1D, 0xC7, 0x00, false, false),
	CRC("crc-8/nrsc-5", 8, 0x31, 0xFF, 0x00, false, false),
	CRC("crc-8/opensafety", 8, 0x2F, 0x00, 0x00, false, false),
	CRC("crc-8/rohc", 8, 0x07, 0xFF, 0x00, true, true),
	CRC("crc-8/sae-j1850", 8, 0x1D, 0xFF, 0xFF, false, false),
	CRC("crc-8/smbus", 8, 0x07, 0x00, 0x00, false, false),
	CRC("crc-8/tech-3250", 8, 0x1D, 0xFF, 0x00, true, true),
	CRC("crc-8/wcdma", 8, 0x9B, 0x00, 0x00, true, true),
	CRC("crc-10/atm", 10, 0x233, 0x000, 0x000, false, false),
	CRC("crc-10/cdma2000", 10, 0x3D9, 0x3FF, 0x000, false, false),
	CRC("crc-10/gsm", 10, 0x175, 0x000, 0x3FF, false, false),
	CRC("crc-11/flexray", 11, 0x385, 0x01A, 0x000, false, false),
	CRC("crc-11/umts", 11, 0x307, 0x000, 0x000, false, false),
	CRC("crc-12/cdma2000", 12, 0xF13, 0xFFF, 0x000, false, false),
	CRC("crc-12/dect", 12, 0x80F, 0x000, 0x000, false, false),
	CRC("crc-12/gsm", 12, 0xD31, 0x000, 0xFFF, false, false),
	CRC("crc-12/umts", 12, 0x80F, 0x000, 0x000, false, true),
	CRC("crc-13/bbc", 13, 0x1CF5, 0x0000, 0x0000, false, false),
	CRC("crc-14/darc", 14, 0x0805, 0x0000, 0x0000, true, true),
	CRC("crc-14/gsm", 14, 0x202D, 0x0000, 0x3FFF, false, false),
	CRC("crc-15/can", 15, 0x4599, 0x0000, 0x0000, false, false),
	CRC("crc-15/mpt1327", 15, 0x6815, 0x0000, 0x0001, false, false),
	CRC("crc-16/arc", 16, 0x8005, 0x0000, 0x0000, true, true),
	CRC("crc-16/aug-ccitt", 16, 0x1021, 0x1D0F, 0x0000, false, false),
	CRC("crc-16/buypass", 16, 0x8005, 0x0000, 0x0000, false, false),
	CRC("crc-16/ccitt", 16, 0x1021, 0x0000, 0x0000, true, true),
	CRC("crc-16/ccitt-false", 16, 0x1021, 0xFFFF, 0x0000, false, false),
	CRC("crc-16/cdma2000", 16, 0xC867, 0xFFFF, 0x0000, false, false),
	CRC("crc-16/cms", 16, 0x8005, 0xFFFF, 0x0000, false, false),
	CRC("crc-16/dds-110", 16, 0x8005, 0x800D, 0x0000, false, false),
	CRC("crc-16/dect-r", 16, 0x0589, 0x0000, 0x0001, false, false),
	CRC("crc-16/dect-x", 16, 0x0589, 0x0000, 0x0000, false, false),
	CRC("crc-16/dnp", 16, 0x3D65, 0x0000, 0xFFFF, true, true),
	CRC("crc-16/en-13757", 16, 0x3D65, 0x0000, 0xFFFF, false, false),
	CRC("crc-16/genibus", 16, 0x1021, 0xFFFF, 0xFFFF, false, false),
	CRC("crc-16/gsm", 16, 0x1021, 0x0000, 0xFFFF, false, false),
	CRC("crc-16/ibm-3740", 16, 0x1021, 0xFFFF, 0x0000, false, false),
	CRC("crc-16/ibm-sdlc", 16, 0x1021, 0xFFFF, 0xFFFF, true, true),
	CRC("crc-16/iec-61158-2", 16, 0x1DCF, 0xFFFF, 0xFFFF, false, false),
	CRC("crc-16/iso-iec-14443-3-a", 16, 0x1021, 0xC6C6, 0x0000, true, true),
	CRC("crc-16/kermit", 16, 0x1021, 0x0000, 0x0000, true, true),
	CRC("crc-16/lj1200", 16, 0x6F63, 0x0000, 0x0000, false, false),
	CRC("crc-16/m17", 16, 0x5935, 0xFFFF, 0x0000, false, false),
	CRC("crc-16/maxim-dow", 16, 0x8005, 0x0000, 0xFFFF, true, true),
	CRC("crc-16/mcrf4xx", 16, 0x1021, 0xFFFF, 0x0000, true, true),
	CRC("crc-16/modbus", 16, 0x8005, 0xFFFF, 0x0000, true, true),
	CRC("crc-16/nrsc-5", 16, 0x080B, 0xFFFF, 0x0000, true, true),
	CRC("crc-16/opensafety-a", 16, 0x5935, 0x0000, 0x0000, false, false),
	CRC("crc-16/opensafety-b", 16, 0x755B, 0x0000, 0x0000, false, false),
	CRC("crc-16/profibus", 16, 0x1DCF, 0xFFFF, 0xFFFF, false, false),
	CRC("crc-16/riello", 16, 0x1021, 0xB2AA, 0x0000, true, true),
	CRC("crc-16/spi-fujitsu", 16, 0x1021, 0x1D0F, 0x0000, false, false),
	CRC("crc-16/t10-dif", 16, 0x8BB7, 0x0000, 0x0000, false, false),
	CRC("crc-16/teledisk", 16, 0xA097, 0x0000, 0x0000, false, false),
	CRC("crc-16/tms37157", 16, 0x1021, 0x89EC, 0x0000, true, true),
	CRC("crc-16/umts", 16, 0x8005, 0x0000, 0x0000, false, false),
	CRC("crc-16/usb", 16, 0x8005, 0xFFFF, 0xFFFF, true, true),
	CRC("crc-16/x-25", 16, 0x1021, 0xFFFF, 0xFFFF, true, true),
	CRC("crc-16/xmodem", 16, 0x1021, 0x0000, 0x0000, false, false),
	CRC("crc-17/can-fd", 17, 0x1685B, 0x00000, 0x00000, false, false),
	CRC("crc-21/can-fd", 21, 0x102899, 0x000000, 0x000000, false, false),
	CRC("crc-24/ble", 24, 0x00065B, 0x555555, 0x000000, true, true),
	CRC("crc-24/flexray-a", 24, 0x5D6DCB, 0xFEDCBA, 0x000000, false, false),
	CRC("crc-24/flexray-b", 24, 0x5D6DCB, 0xABCDEF, 0x000000, false, false),
	CRC("crc-24/interlaken", 24, 0x328B63, 0xFFFFFF, 0xFFFFFF, false, false),
	CRC("crc-24/lte-a", 24, 0x864CFB, 0x000000, 0x000000, false, false),
	CRC("crc-24/lte-b", 24, 0x800063, 0x000000, 0x000000, false, false),
	CRC("crc-24/mode-s", 24, 0xFFF409, 0x000000, 0x000000, false, false),
	CRC("crc-24/openpgp", 24, 0x864CFB, 0xB704CE, 0x000000, false, false),
	CRC("crc-24/os-9", 24, 0x800063, 0xFFFFFF, 0xFFFFFF, false, false),
	CRC("crc-30/cdma", 30, 0x2030B9C7, 0x3FFFFFFF, 0x3FFFFFFF, false, false),
	CRC("crc-31/philips", 31, 0x04C11DB7, 0x7FFFFFFF, 0x7FFFFFFF, false, false),
	CRC("crc-32", 32, 0x04C11DB7, 0xFFFFFFFF, 0xFFFFFFFF, true, true),
	CRC("crc-32/aixm", 32, 0x814141AB, 0x00000000, 0x00000000, false, false),
	CRC("crc-32/autosar", 32, 0xF4ACFB13, 0xFFFFFFFF, 0xFFFFFFFF, true, true),
	CRC("crc-32/base91-d", 32, 0xA833982B, 0xFFFFFFFF, 0xFFFFFFFF, true, true),
	CRC("crc-32/bzip2", 32, 0x04C11DB7, 0xFFFFFFFF, 0xFFFFFFFF, false, false),
	CRC("crc-32/castagnoli", 32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true),
	CRC("crc-32/cd-rom-edc", 32, 0x8001801B, 0x00000000, 0x00000000, true, true),
	CRC("crc-32/cksum", 32, 0x04C11DB7, 0x00000000, 0xFFFFFFFF, false, false),
	CRC("crc-32/iscsi", 32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true),
	CRC("crc-32/iso-hdlc", 32, 0x04C11DB7, 0xFFFFFFFF, 0xFFFFFFFF, true, true),
	CRC("crc-32/jamcrc", 32, 0x04C11DB7, 0xFFFFFFFF, 0x00000000, true, true),
	CRC("crc-32/mef", 32, 0x741B8CD7, 0xFFFFFFFF, 0x00000000, true, true),
	CRC("crc-32/mpeg-2", 32, 0x04C11DB7, 0xFFFFFFFF, 0x00000000, false, false),
	CRC("crc-32/posix", 32, 0x04C11DB7, 0x00000000, 0xFFFFFFFF, false, false),
	CRC("crc-32/xfer", 32, 0x000000AF, 0x00000000, 0x00000000, false, false),
	{ .name = "xor8", .width = 1, .sum = exclusive_or },
	{ .name = "sum8", .width = 1, .sum = plain_sum },
	{ .name = "sum16", .width = 2, .sum = plain_sum },
	{ .name = "sum32", .width = 4, .sum = plain_sum },
	{ .name = "lrc", .width = 1, .sum = twos_complement },
	{ .name = "sum8/twos-complement", .width = 1, .sum = twos_complement },
	{ .name = "sum16/twos-complement", .width = 2, .sum = twos_complement },
	{ .name = "sum8/ones-complement", .width = 1, .sum = ones_complement },
	{ .name = "sum16/ones-complement", .width = 2, .sum = ones_complement },
	{ .name = "fletcher-8", .width = 1, .sum = fletcher8 },
	{ .name = "fletcher-16", .width = 2, .sum = fletcher16 },
	{ .name = "fletcher-16/ubx", .width = 2, .sum = fletcher16_binary },
	{ .name = "fletcher-32", .width = 4, .sum = fletcher32 },
	{ .name = "adler-32", .width = 4, .sum = adler32 },
	{ .name = "internet", .width = 2, .sum = internet },
	{ .name = "nmea", .width = 0, .sum = NULL },
};
/* clang-format on */

const struct checksum_kind *checksum_find(slice name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (slice_is(name, kinds[i].name))
			return &kinds[i];
	}
	return NULL;
}

const struct checksum_kind *checksum_prepare(struct arena *arena, const struct checksum_kind *kind)
{
	if (kind->sum != cyclic || kind->table)
		return kind;
	struct checksum_kind *made = ARENA_NEW(arena, struct checksum_kind);
	uint32_t *table = arena_alloc(arena, 256 * sizeof *table);
	if (!made || !table)
		return NULL;
	for (uint32_t byte = 0; byte < 256; byte++)
		table[byte] = crc_step(&kind->crc, kind->crc.reflect_in ? byte : byte << 24);
	*made = *kind;
	made->table = table;
	return made;
}

void checksum_crc(struct checksum_kind *kind, const struct checksum_crc *crc)
{
	*kind = (struct checksum_kind){
		.name = "crc", .width = (crc->width + 7) / 8, .sum = cyclic, .crc = *crc
	};
}

/* ---- as a frame carries it ---- */

bool checksum_place(int64_t offset, size_t n, size_t *at)
{
	int64_t absolute = offset < 0 ? (int64_t)n + offset : offset;
	if (offset == CHECKSUM_TO_END)
		absolute = (int64_t)n;
	*at = (size_t)absolute;
	return absolute >= 0 && absolute <= (int64_t)n;
}

bool checksum_holds(const struct checksum *checksum, slice frame, slice raw)
{
	size_t from, to, at;
	bool missing;
	uint64_t stored;
	if (!checksum->kind)
		return true;
	if (!checksum->kind->sum)
		return checksum_nmea(frame, &missing) || (missing && checksum->optional);
	if (!checksum_place(checksum->at, frame.n, &at) || frame.n - at < checksum->width)
		return false;
	slice carried = { frame.p + at, checksum->width };
	if (!number_read(carried, checksum->as, checksum->endian == ENDIAN_LITTLE, &stored))
		return false;
	slice over = checksum->raw ? raw : frame;
	return checksum_place(checksum->from, over.n, &from) &&
	       checksum_place(checksum->to, over.n, &to) && from <= to &&
	       stored == checksum->kind->sum(checksum->kind, (slice){ over.p + from, to - from });
}

/* A TAG block (NMEA 0183 version 4, 7): "\\text*hh\\" before the sentence, with a checksum of its own. */
static bool strip_tag(slice *sentence)
{
	if (!sentence->n || sentence->p[0] != '\\')
		return true;
	slice rest = slice_from(*sentence, 1);
	slice tag = { rest.p, slice_find(rest, '\\') };
	*sentence = slice_from(rest, tag.n + 1);
	if (!sentence->n || sentence->p[0] == '\\' || tag.n < 3 || tag.p[tag.n - 3] != '*')
		return false;
	int high = hex_digit(tag.p[tag.n - 2]), low = hex_digit(tag.p[tag.n - 1]);
	return high >= 0 && low >= 0 &&
	       xor_of((slice){ tag.p, tag.n - 3 }) == (uint32_t)(high << 4 | low);
}

bool checksum_nmea(slice sentence, bool *missing)
{
	*missing = false;
	if (!strip_tag(&sentence))
		return false;
	while (sentence.n &&
	        (sentence.p[sentence.n - 1] == '\r' || sentence.p[sentence.n - 1] == '\n'))
		sentence.n--;
	size_t star = slice_find(sentence, '*');
	*missing = star == sentence.n;
	if (*missing || star < 1 || sentence.n != star + 3)
		return false;
	int high = hex_digit(sentence.p[star + 1]), low = hex_digit(sentence.p[star + 2]);
	return high >= 0 && low >= 0 &&
	       xor_of((slice){ sentence.p + 1, star - 1 }) == (uint32_t)(high << 4 | low);
}
