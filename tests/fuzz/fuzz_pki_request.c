/* A certificate request that somebody sends: refused with a reason, or a key that is good and names that are clean. */
#include <stdint.h>
#include <stdlib.h>

#include "pki/request.h"

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
	struct error error = { .text = "" };
	struct pki_alt_names names = { .count = 0 };
	arena_init(&arena, 1 << 20);
	EVP_PKEY *key = pki_request_read(
	        (slice){ (const char *)bytes, n }, PKI_DEVICE, &arena, &names, &error);
	if (key) {
		check(EVP_PKEY_get_bits(key) >= 256 && names.count <= PKI_ALT_NAMES_MAX);
		for (unsigned i = 0; i < names.count; i++)
			check(slice_find(names.at[i].text, '\0') == names.at[i].text.n);
	} else {
		check(error.text[0]);
	}
	EVP_PKEY_free(key);
	arena_finish(&arena);
	return 0;
}
