/* What a length field says: numbers in bytes or digits, of any width, and what they count. */
#include "codec/frame/stream/framing.h"

#include "base/hex.h"

enum { VARINT_MAX = 10 };

static bool digits(slice text, enum number_text as, uint64_t *number)
{
	uint64_t base = as == NUMBER_HEX ? 16 : 10;
	*number = 0;
	for (size_t i = 0; i < text.n; i++) {
		int digit = hex_digit(text.p[i]);
		if (digit < 0 || (uint64_t)digit >= base || *number > UINT64_MAX / 32)
			return false;
		*number = *number * base + (uint64_t)digit;
	}
	return text.n > 0;
}

static bool decimal_in_nibbles(slice bytes, bool little, uint64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < bytes.n; i++) {
		unsigned byte = (unsigned char)bytes.p[little ? bytes.n - 1 - i : i];
		if (byte >> 4 > 9 || (byte & 15) > 9)
			return false;
		*number = *number * 100 + (byte >> 4) * 10 + (byte & 15);
	}
	return true;
}

bool number_read(slice at, enum number_text as, bool little, uint64_t *number)
{
	switch (as) {
	case NUMBER_BINARY:
		*number = 0;
		for (size_t i = 0; i < at.n; i++)
			*number = *number << 8 | (unsigned char)at.p[little ? at.n - 1 - i : i];
		return true;
	case NUMBER_BCD:
		return decimal_in_nibbles(at, little, number);
	case NUMBER_DECIMAL:
	case NUMBER_HEX:
		return digits(at, as, number);
	case NUMBER_VARINT:
		break;
	}
	return false;
}

bool number_write(char *at, size_t width, enum number_text as, bool little, uint64_t number)
{
	static const char digits[] = "0123456789ABCDEF";
	uint64_t base = as == NUMBER_BINARY ? 256
	                : as == NUMBER_HEX  ? 16
	                : as == NUMBER_BCD  ? 100
	                                    : 10;
	bool text = as == NUMBER_HEX || as == NUMBER_DECIMAL;
	for (size_t i = 0; i < width; i++) {
		unsigned digit = (unsigned)(number % base);
		if (as == NUMBER_BCD)
			digit = digit / 10 << 4 | digit % 10;
		at[little && !text ? i : width - 1 - i] =
		        text ? digits[digit] : (char)(unsigned char)digit;
		number /= base;
	}
	return number == 0;
}

/* A text that ends by itself: *header goes behind its end. */
static enum length_verdict text_until(
        const struct length_field *field, slice bytes, uint64_t *number, size_t *header)
{
	slice text = slice_from(bytes, field->offset);
	size_t n = 0;
	while (n <= field->width && n < text.n && !slice_starts(slice_from(text, n), field->until))
		n++;
	if (n > field->width)
		return LENGTH_WRONG;
	if (n == text.n) {
		/* What is there so far must be digits already: nothing else is waited for. */
		*header = field->offset + n + field->until.n;
		bool partial = n == 0;
		for (size_t i = n; i && !partial; i--)
			partial = slice_starts(field->until, slice_from(text, i - 1));
		return partial || digits(text, field->as, number) ? LENGTH_MORE : LENGTH_WRONG;
	}
	*header = field->offset + n + field->until.n;
	return digits((slice){ text.p, n }, field->as, number) ? LENGTH_KNOWN : LENGTH_WRONG;
}

static enum length_verdict varint(
        const struct length_field *field, slice bytes, uint64_t *number, size_t *header)
{
	slice rest = slice_from(bytes, field->offset);
	*number = 0;
	for (unsigned i = 0; i < field->width && i < VARINT_MAX; i++) {
		*header = field->offset + i + 1;
		if (i >= rest.n)
			return LENGTH_MORE;
		unsigned char byte = (unsigned char)rest.p[i];
		if (field->endian == ENDIAN_BIG)
			*number = *number << 7 | (byte & 127u);
		else if (i < 9)
			*number |= (uint64_t)(byte & 127u) << 7 * i;
		if (!(byte & 128))
			return LENGTH_KNOWN;
	}
	return LENGTH_WRONG;
}

static enum length_verdict number_of(
        const struct length_field *field, slice bytes, uint64_t *number, size_t *header)
{
	if (field->as == NUMBER_VARINT)
		return varint(field, bytes, number, header);
	if (field->until.n)
		return text_until(field, bytes, number, header);
	*header = (size_t)field->offset + field->width;
	if (bytes.n < *header)
		return LENGTH_MORE;
	slice at = { bytes.p + field->offset, field->width };
	return number_read(at, field->as, field->endian == ENDIAN_LITTLE, number) ? LENGTH_KNOWN
	                                                                          : LENGTH_WRONG;
}

enum length_verdict length_read(
        const struct length_field *field, slice bytes, size_t max, size_t *size)
{
	uint64_t number = 0, second = 0;
	size_t header = 0, behind = 0;
	struct length_field again = *field;
	enum length_verdict verdict = number_of(field, bytes, &number, &header);
	*size = header;
	if (verdict == LENGTH_MORE)
		return header > max ? LENGTH_WRONG : LENGTH_MORE;
	if (verdict == LENGTH_WRONG)
		return LENGTH_WRONG;
	if (field->mask)
		number &= field->mask;
	number >>= field->shift;
	if (number > max)
		return LENGTH_WRONG;
	int64_t counted = (int64_t)number * field->unit + field->adjust;
	if (field->multiple > 1 && counted > 0)
		counted += (field->multiple - counted % field->multiple) % field->multiple;
	int64_t before = field->counts == LENGTH_REST   ? (int64_t)header
	                 : field->counts == LENGTH_FROM ? (int64_t)field->from
	                                                : 0;
	int64_t total = counted + before;
	if (total < (int64_t)header || total > (int64_t)max)
		return LENGTH_WRONG;
	if (field->twice) {
		again.offset = field->again;
		verdict = number_of(&again, bytes, &second, &behind);
		*size = behind;
		if (verdict == LENGTH_MORE)
			return behind > (size_t)total ? LENGTH_WRONG : LENGTH_MORE;
		second = (field->mask ? second & field->mask : second) >> field->shift;
		if (verdict == LENGTH_WRONG || second != number)
			return LENGTH_WRONG;
	}
	*size = (size_t)total;
	return LENGTH_KNOWN;
}

bool length_is_fixed(const struct length_field *field)
{
	return field->as != NUMBER_VARINT && !field->until.n;
}

static bool write_at(const struct length_field *field, char *bytes, size_t n, size_t hidden,
        size_t offset, uint64_t number)
{
	bool little = field->endian == ENDIAN_LITTLE;
	uint64_t before = 0;
	if (offset < hidden || offset - hidden + field->width > n)
		return false;
	char *at = bytes + (offset - hidden);
	if (field->mask && number_read((slice){ at, field->width }, field->as, little, &before)) {
		if (number << field->shift & ~field->mask)
			return false;
		number = (before & ~field->mask) | number << field->shift;
	}
	return number_write(at, field->width, field->as, little, number);
}

bool length_write(const struct length_field *field, char *bytes, size_t n, size_t hidden)
{
	int64_t header = (int64_t)field->offset + (int64_t)field->width;
	int64_t before = field->counts == LENGTH_REST   ? header
	                 : field->counts == LENGTH_FROM ? (int64_t)field->from
	                                                : 0;
	int64_t counted = (int64_t)(n + hidden) - before;
	if (field->multiple > 1 && counted % field->multiple)
		return false;
	counted -= field->adjust;
	if (counted < 0 || counted % field->unit)
		return false;
	uint64_t number = (uint64_t)(counted / field->unit);
	return write_at(field, bytes, n, hidden, field->offset, number) &&
	       (!field->twice || write_at(field, bytes, n, hidden, field->again, number));
}
