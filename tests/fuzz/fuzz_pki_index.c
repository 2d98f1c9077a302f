/* A CA's index: whatever it is, it is read or the line that is wrong is said, and what was read reads back the same from
 * what it is written as. The text is tried as names and dates as well. */
#include <stdint.h>
#include <stdlib.h>

#include "pki/date.h"
#include "pki/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* assert() is off in optimised builds. */
static void check(bool holds)
{
	if (!holds)
		abort();
}

static void try_names(slice text)
{
	struct pki_alt_names names = { .count = 0 };
	struct error error = { .text = "" };
	char date[PKI_DATE_BYTES];
	int64_t seconds;
	if (pki_alt_names_parse(&names, text, PKI_GATEWAY, &error)) {
		check(names.count > 0 && names.count <= PKI_ALT_NAMES_MAX);
		for (unsigned i = 0; i < names.count; i++)
			check(names.at[i].text.n > 0 &&
			        slice_find(names.at[i].text, '\0') == names.at[i].text.n);
	} else {
		check(error.text[0]);
	}
	if (pki_name_check(text, PKI_DEVICE, &error))
		check(text.n && text.n <= PKI_NAME_MAX_BYTES && slice_find(text, '\n') == text.n);
	if (pki_date_parse(text, &seconds)) {
		pki_date_text(seconds, date);
		check(slice_is(text, date));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena;
	struct pki_index index, again;
	struct error error;
	slice text = { (const char *)bytes, n };
	arena_init(&arena, 16 << 20);
	if (pki_index_parse(&index, &arena, text, &error)) {
		slice written = pki_index_text(&index, &arena);
		check(written.p && pki_index_parse(&again, &arena, written, &error));
		check(again.count == index.count && again.crl_number == index.crl_number);
		check(slice_equal(pki_index_text(&again, &arena), written));
	} else {
		check(error.text[0] && error.line <= n + 1);
	}
	try_names(text);
	arena_finish(&arena);
	return 0;
}
