/* Reading bytes, numbers and bits, and texts of several encodings. */
#include "codec/frame/program.h"

#include "base/text.h"
#include "base/utf8.h"

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
	if (n > input->bytes.n - input->at)
		return false;
	*bytes = (slice){ input->bytes.p + input->at, n };
	input->at += n;
	return true;
}

bool input_unsigned(struct input *input, unsigned width, bool little, uint64_t *number)
{
	slice bytes;
	if (!input_bytes(input, width, &bytes))
		return false;
	uint64_t sum = 0;
	for (unsigned i = 0; i < width; i++) {
		unsigned at = little ? width - 1 - i : i;
		sum = sum << 8 | (unsigned char)bytes.p[at];
	}
	*number = sum;
	return true;
}

/* Big: the next bit is the highest that is left. Little: the lowest, and it becomes the lowest of the result. */
bool input_bits(struct input *input, unsigned width, bool little, uint64_t *number)
{
	if (input->bits_left && input->bits_little != little)
		input_align(input);
	input->bits_little = little;
	size_t rest = input->bytes.n - input->at;
	if (width > input->bits_left && (width - input->bits_left + 7) / 8 > rest)
		return false;
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

static bool decode_utf16(struct arena *arena, bool little, slice bytes, slice *text)
{
	struct text out;
	text_init(&out, arena, bytes.n * 3 / 2 + 1);
	for (size_t i = 0; i + 1 < bytes.n; i += 2) {
		unsigned char first = (unsigned char)bytes.p[i],
		              second = (unsigned char)bytes.p[i + 1];
		uint32_t code =
		        little ? (uint32_t)(second << 8 | first) : (uint32_t)(first << 8 | second);
		if (code >= 0xDC00 && code <= 0xDFFF)
			return false;
		if (code >= 0xD800 && code <= 0xDBFF) {
			i += 2;
			if (i + 1 >= bytes.n)
				return false;
			first = (unsigned char)bytes.p[i];
			second = (unsigned char)bytes.p[i + 1];
			uint32_t low = little ? (uint32_t)(second << 8 | first)
			                      : (uint32_t)(first << 8 | second);
			if (low < 0xDC00 || low > 0xDFFF)
				return false;
			code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
		}
		char utf8[4];
		text_bytes(&out, utf8, utf8_put(code, utf8));
	}
	*text = text_slice(&out);
	return bytes.n % 2 == 0;
}

static void decode_latin1(struct arena *arena, slice bytes, slice *text)
{
	struct text out;
	text_init(&out, arena, bytes.n * 2 + 1);
	for (size_t i = 0; i < bytes.n; i++) {
		char utf8[4];
		text_bytes(&out, utf8, utf8_put((unsigned char)bytes.p[i], utf8));
	}
	*text = text_slice(&out);
}

static bool is_ascii(slice bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		if ((unsigned char)bytes.p[i] > 127)
			return false;
	}
	return true;
}

bool encoding_decode(
        struct arena *arena, enum encoding encoding, slice bytes, slice *text, const char **why)
{
	bool good = true;
	*text = bytes;
	switch (encoding) {
	case ENCODING_NONE:
	case ENCODING_ASCII:
		good = is_ascii(bytes);
		*why = "a byte that is not ASCII";
		break;
	case ENCODING_UTF8:
		good = utf8_valid(bytes);
		*why = "bytes that are not UTF-8";
		break;
	case ENCODING_UTF16LE:
	case ENCODING_UTF16BE:
		*why = "bytes that are not UTF-16";
		good = decode_utf16(arena, encoding == ENCODING_UTF16LE, bytes, text);
		break;
	case ENCODING_LATIN1:
		if (!is_ascii(bytes))
			decode_latin1(arena, bytes, text);
		break;
	}
	if (good && !text->p && bytes.n) {
		*why = "over the memory budget";
		good = false;
	}
	return good;
}
