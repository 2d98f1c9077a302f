/* What a call of the token service brings. */
#include <assert.h>

#include "issuer/parameters.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t n)
{
	struct arena arena;
	struct parameters parameters;
	const char *why = NULL;
	if (!n)
		return 0;
	arena_init(&arena, 1 << 20);
	slice media = bytes[0] & 1 ? SLICE("application/json")
	                           : SLICE("application/x-www-form-urlencoded");
	slice body = { (const char *)bytes + 1, n - 1 };
	if (parameters_read(&arena, media, body, &parameters, &why)) {
		for (unsigned i = 0; i < parameters.n; i++) {
			assert(parameters.at[i].name.n);
			assert(!memchr(parameters.at[i].value.p, '\0', parameters.at[i].value.n));
		}
		(void)parameters_get(&parameters, "grant_type");
	} else {
		assert(why);
	}
	arena_finish(&arena);
	return 0;
}
