/* Any bytes of a serial port with the kernel's marks in them: the first says in pieces of what size they arrive, which must make
 * no difference. */
#include "net/serial.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

struct seen {
	char *bytes;
	size_t n;
	unsigned garbled;
};

static void read_all(const uint8_t *bytes, size_t n, size_t piece, struct seen *seen)
{
	enum serial_state state = SERIAL_PLAIN;
	*seen = (struct seen){ .bytes = malloc(n ? n : 1) };
	if (!seen->bytes)
		abort();
	for (size_t at = 0; at < n;) {
		size_t size = n - at < piece ? n - at : piece, left;
		bool garbled;
		memcpy(seen->bytes + seen->n, bytes + at, size);
		size_t used = serial_unmark(&state, seen->bytes + seen->n, size, &left, &garbled);
		if (!used || used > size || left > used || (!garbled && used != size))
			abort();
		at += used;
		seen->n += left;
		seen->garbled += garbled;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct seen whole, pieces;
	if (!n)
		return 0;
	read_all(bytes + 1, n - 1, n, &whole);
	read_all(bytes + 1, n - 1, bytes[0] ? bytes[0] : 1, &pieces);
	if (whole.n != pieces.n || whole.garbled != pieces.garbled ||
	        memcmp(whole.bytes, pieces.bytes, whole.n) != 0)
		abort();
	free(whole.bytes);
	free(pieces.bytes);
	return 0;
}
