/* Checksums by name. Cyclic ones after the catalogue of parametrised CRC algorithms (reveng), four bits at a time by a
 * table that each call makes anew: it is made as fast as eight bytes are summed bit by bit, and a table of 1 KiB for
 * each kind would cost more cache than it saves time. */
#include "codec/frame/frame.h"

#include "base/hex.h"

struct crc {
	unsigned width;
	uint32_t polynomial, start, end;
	bool reflected;
};

static uint32_t reflect(uint32_t bits, unsigned width)
{
	uint32_t turned = 0;
	for (unsigned i = 0; i < width; i++)
		turned |= (bits >> i & 1) << (width - 1 - i);
	return turned;
}

static uint32_t crc(const struct crc *kind, slice bytes)
{
	uint32_t top = 1u << (kind->width - 1);
	uint32_t mask = top | (top - 1);
	unsigned nibble = kind->width - 4; /* where the topmost four bits begin */
	uint32_t table[16];
	for (uint32_t i = 0; i < 16; i++) {
		table[i] = i << nibble;
		for (unsigned bit = 0; bit < 4; bit++)
			table[i] = (table[i] & top ? table[i] << 1 ^ kind->polynomial
			                           : table[i] << 1) &
			           mask;
	}
	uint32_t sum = kind->start;
	for (size_t i = 0; i < bytes.n; i++) {
		uint32_t byte = (unsigned char)bytes.p[i];
		sum ^= (kind->reflected ? reflect(byte, 8) : byte) << (kind->width - 8);
		sum = (sum << 4 & mask) ^ table[sum >> nibble];
		sum = (sum << 4 & mask) ^ table[sum >> nibble];
	}
	return (kind->reflected ? reflect(sum, kind->width) : sum) ^ kind->end;
}

#define CRC(name, width, polynomial, start, end, reflected)                                        \
	static uint32_t name(slice bytes)                                                          \
	{                                                                                          \
		static const struct crc kind = { width, polynomial, start, end, reflected };       \
		return crc(&kind, bytes);                                                          \
	}

CRC(crc8, 8, 0x07, 0, 0, false)
CRC(crc8_maxim, 8, 0x31, 0, 0, true)
CRC(crc16_arc, 16, 0x8005, 0, 0, true)
CRC(crc16_modbus, 16, 0x8005, 0xFFFF, 0, true)
CRC(crc16_ccitt_false, 16, 0x1021, 0xFFFF, 0, false)
CRC(crc16_xmodem, 16, 0x1021, 0, 0, false)
CRC(crc16_kermit, 16, 0x1021, 0, 0, true)
CRC(crc16_x25, 16, 0x1021, 0xFFFF, 0xFFFF, true)
CRC(crc32, 32, 0x04C11DB7, 0xFFFFFFFF, 0xFFFFFFFF, true)
CRC(crc32_mpeg2, 32, 0x04C11DB7, 0xFFFFFFFF, 0, false)

static uint32_t xor8(slice bytes)
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

static uint32_t sum8(slice bytes)
{
	return sum_of(bytes) & 0xFF;
}

static uint32_t sum16(slice bytes)
{
	return sum_of(bytes) & 0xFFFF;
}

static uint32_t lrc(slice bytes)
{
	return (0 - sum_of(bytes)) & 0xFF;
}

static const struct checksum_kind kinds[] = {
	{ "crc-8/smbus", 1, crc8 },
	{ "crc-8/maxim-dow", 1, crc8_maxim },
	{ "crc-16/arc", 2, crc16_arc },
	{ "crc-16/modbus", 2, crc16_modbus },
	{ "crc-16/ccitt-false", 2, crc16_ccitt_false },
	{ "crc-16/xmodem", 2, crc16_xmodem },
	{ "crc-16/kermit", 2, crc16_kermit },
	{ "crc-16/x-25", 2, crc16_x25 },
	{ "crc-32", 4, crc32 },
	{ "crc-32/mpeg-2", 4, crc32_mpeg2 },
	{ "xor8", 1, xor8 },
	{ "sum8", 1, sum8 },
	{ "sum16", 2, sum16 },
	{ "lrc", 1, lrc },
	{ "nmea", 0, NULL },
};

const struct checksum_kind *checksum_find(slice name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (slice_is(name, kinds[i].name))
			return &kinds[i];
	}
	return NULL;
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
	       xor8((slice){ tag.p, tag.n - 3 }) == (uint32_t)(high << 4 | low);
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
	       xor8((slice){ sentence.p + 1, star - 1 }) == (uint32_t)(high << 4 | low);
}
