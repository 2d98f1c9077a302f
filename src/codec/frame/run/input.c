/* Reading bytes, numbers and bits. */
#include "codec/frame/program.h"

void input_align(struct input *input)
{
	input->bits_left = 0;
}

bool input_eof(const struct input *input)
{
	return input->at >= input->bytes.n && !input->bits_left;
}

bool input_bytes(struct input *input, size_t n, slice *bytes)
{
	input_align(input);
	if (n > input->bytes.n - input->at) {
		if (input->goes_on)
			input->wanted = n > SIZE_MAX - input->at ? SIZE_MAX : input->at + n;
		return false;
	}
	*bytes = (slice){ input->bytes.p + input->at, n };
	input->at += n;
	return true;
}

/* The widths that numbers have are written out, so that each is one load. */
static inline uint64_t load_little(const unsigned char *p, unsigned width)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < width; i++)
		sum |= (uint64_t)p[i] << 8 * i;
	return sum;
}

static inline uint64_t load_big(const unsigned char *p, unsigned width)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < width; i++)
		sum = sum << 8 | p[i];
	return sum;
}

uint64_t load_unsigned(const char *bytes, unsigned width, bool little)
{
	const unsigned char *p = (const unsigned char *)bytes;
	switch (width) {
	case 1:
		return *p;
	case 2:
		return little ? load_little(p, 2) : load_big(p, 2);
	case 4:
		return little ? load_little(p, 4) : load_big(p, 4);
	case 8:
		return little ? load_little(p, 8) : load_big(p, 8);
	default:
		return little ? load_little(p, width) : load_big(p, width);
	}
}

bool input_unsigned(struct input *input, unsigned width, bool little, uint64_t *number)
{
	slice bytes;
	if (!input_bytes(input, width, &bytes))
		return false;
	*number = load_unsigned(bytes.p, width, little);
	return true;
}

/* Big: the next bit is the highest that is left. Little: the lowest, and it becomes the lowest of the result. */
bool input_bits(struct input *input, unsigned width, bool little, uint64_t *number)
{
	if (input->bits_left && input->bits_little != little)
		input_align(input);
	input->bits_little = little;
	size_t rest = input->bytes.n - input->at;
	size_t needed = width > input->bits_left ? (width - input->bits_left + 7) / 8 : 0;
	if (needed > rest) {
		if (input->goes_on)
			input->wanted = input->at + needed;
		return false;
	}
	uint64_t sum = 0;
	for (unsigned done = 0; done < width;) {
		if (!input->bits_left) {
			input->bits = (uint8_t)input->bytes.p[input->at++];
			input->bits_left = 8;
		}
		unsigned n = width - done < input->bits_left ? width - done : input->bits_left;
		unsigned mask = (1u << n) - 1;
		if (little) {
			sum |= (uint64_t)(input->bits & mask) << done;
			input->bits = (uint8_t)(input->bits >> n);
		} else {
			sum = sum << n | ((unsigned)input->bits >> (input->bits_left - n) & mask);
		}
		input->bits_left -= n;
		done += n;
	}
	*number = sum;
	return true;
}
