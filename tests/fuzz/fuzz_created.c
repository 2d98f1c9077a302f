/* A Created: whatever is taken is a time of four-digit years, and a text that goes on after it is none. */
#include "auth/password/created.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	uint64_t ms, again;
	char longer[CREATED_MAX_BYTES + 1];
	if (!created_parse((slice){ (const char *)bytes, n }, &ms))
		return 0;
	/* 10000-01-01, and what a zone may add. */
	if (n < 19 || n > CREATED_MAX_BYTES || ms > 253402300800000 + 15 * 3600000)
		abort();
	memcpy(longer, bytes, n);
	longer[n] = '!';
	if (created_parse((slice){ longer, n + 1 }, &again))
		abort();
	return 0;
}
