/* A stream that grows: bytes, numbers and bits, the mirror of input.c. The view that expressions have of it is always
 * in step: where it stands, and whether bits of the last byte are left. */
#include "codec/frame/write/encode.h"

void output_init(struct output *output, struct arena *arena, size_t max_bytes)
{
	*output = (struct output){ .max_bytes = max_bytes };
	text_init(&output->bytes, arena, 32);
}

void output_align(struct output *output)
{
	output->view.bits_left = 0;
}

bool output_bytes(struct output *output, slice bytes)
{
	output_align(output);
	if (bytes.n > output->max_bytes - output->bytes.n)
		return false;
	text_slice_add(&output->bytes, bytes);
	if (bytes.n)
		output->owed.n = 0;
	output->view.at = output->bytes.n;
	return !output->bytes.failed;
}

bool output_fill(struct output *output, size_t n, char byte)
{
	output_align(output);
	if (n > output->max_bytes - output->bytes.n)
		return false;
	char *to = text_reserve(&output->bytes, n);
	if (!to)
		return false;
	memset(to, byte, n);
	output->bytes.n += n;
	if (n)
		output->owed.n = 0;
	output->view.at = output->bytes.n;
	return true;
}

bool output_unsigned(struct output *output, unsigned width, bool little, uint64_t number)
{
	char bytes[8] = { 0 };
	for (unsigned i = 0; i < width; i++)
		bytes[little ? i : width - 1 - i] = (char)(unsigned char)(number >> (8 * i));
	return output_bytes(output, (slice){ bytes, width });
}

bool output_close(struct output *output)
{
	return output_bytes(output, output->owed);
}

/* Big: into the highest bit that is left. Little: into the lowest, the lowest of the number first. */
bool output_bits(struct output *output, unsigned width, bool little, uint64_t number)
{
	struct input *view = &output->view;
	if (view->bits_left && view->bits_little != little)
		output_align(output);
	view->bits_little = little;
	for (unsigned done = 0; done < width;) {
		if (!view->bits_left) {
			if (!output_fill(output, 1, 0))
				return false;
			view->bits_left = 8;
		}
		unsigned left = view->bits_left, n = width - done < left ? width - done : left;
		uint64_t mask = (1u << n) - 1;
		uint64_t part = number >> (little ? done : width - done - n) & mask;
		char *byte = &output->bytes.p[output->bytes.n - 1];
		*byte = (char)(unsigned char)((unsigned char)*byte |
		                              part << (little ? 8 - left : left - n));
		view->bits_left = left - n;
		done += n;
	}
	return true;
}
