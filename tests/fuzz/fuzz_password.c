/* A hash that somebody else made: whatever is taken is within what a login may cost. */
#include "crypto/password.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct password_hash hash;
	const char *why = NULL;
	slice text = { (const char *)bytes, n };
	if (!password_parse(text, &hash, &why)) {
		if (!why)
			abort();
		return 0;
	}
	const struct password_cost *cost = &hash.cost;
	uint64_t memory = 128 * (uint64_t)cost->r << cost->log2_n;
	if (!password_is_hash(text) || hash.nhash > sizeof hash.hash ||
	        hash.nsalt > sizeof hash.salt || hash.nhash < 16)
		abort();
	if (cost->scheme == PASSWORD_SCRYPT
	                ? memory > (128 << 20) || memory / 128 * cost->p > 1 << 20
	                : cost->iterations > 2 * 1000 * 1000)
		abort();
	return 0;
}
