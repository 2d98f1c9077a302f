/* The audit log's reader: whatever a file holds, what it takes for a line lies within the line, a chain is never taken for
 * whole that does not fit, and a line that is made of these bytes can be read back. */
#include <stdint.h>
#include <stdlib.h>

#include "audit/verify.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* assert() is off in optimised builds. */
static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_within(slice inner, slice outer)
{
	check(!inner.p || (inner.p >= outer.p && inner.p + inner.n <= outer.p + outer.n));
}

static void read_file(slice all)
{
	struct verifier verifier;
	verifier_init(&verifier);
	bool first = true, whole = true;
	while (all.n && whole) {
		size_t end = slice_find(all, '\n');
		slice text = { all.p, end };
		struct line line;
		const char *why;
		bool read = line_read(text, &line, &why);
		check(read || *why);
		for (unsigned i = 0; read && i < LINE_TEXTS; i++)
			check_within(line.text[i], text);
		uint64_t before = verifier.chain.seq;
		whole = verifier_line(&verifier, text, first);
		check(!whole || read);
		check(whole ? first || verifier.chain.seq == before + 1 : verifier.why[0] != '\0');
		all = slice_from(all, end + 1);
		first = false;
	}
	(void)verifier_end(&verifier);
}

static void make_line(slice text)
{
	char bytes[LINE_MAX_BYTES];
	struct chain chain, before;
	struct line line;
	const char *why;
	chain_init(&chain);
	before = chain;
	const struct note note = { .event = { .kind = AUDIT_KEY,
		                           .action = "key.used",
		                           .who = text,
		                           .object = text,
		                           .peer = text,
		                           .detail = text } };
	size_t n = line_write(bytes, &note, true, &chain);
	check(n < LINE_MAX_BYTES && utf8_valid((slice){ bytes, n }));
	check(line_read((slice){ bytes, n - 1 }, &line, &why) && line_fits(&line, &before));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	slice text = { n ? (const char *)bytes : "", n };
	read_file(text);
	make_line(text);
	return 0;
}
