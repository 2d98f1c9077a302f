/* A command as it stands on disk: whatever it is, it is read or it is not, and what was read has all that its delivery
 * takes for granted. */
#include <stdint.h>
#include <stdlib.h>

#include "core/letter.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* assert() is off in optimised builds. */
static void check(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena;
	arena_init(&arena, 1 << 20);
	struct letter letter;
	if (letter_read(&arena, (slice){ (const char *)bytes, n }, &letter)) {
		check(letter.endpoint.n && letter.id.n && letter.resource.n);
		check(letter.call.path.n && letter.call.path.p[0] == '/');
		check(letter.call.method < METHOD_COUNT && letter.nvariables <= VARIABLE_MAX);
		for (unsigned i = 0; i < letter.call.nfields; i++)
			check(letter.call.fields[i].name.n > 0);
		for (unsigned i = 0; i < letter.nvariables; i++)
			check(letter.variables[i].name.n > 0);
	}
	arena_finish(&arena);
	return 0;
}
