/* A certificate that somebody shows: refused with a reason, or names that are clean, and rules that lead to one id or
 * say why not. */
#include <stdint.h>
#include <stdlib.h>

#include "auth/mtls/rules.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* assert() is off in optimised builds. */
static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_name(const struct certificate_name *name)
{
	size_t bytes;
	check(!name->fault == (name->text.p != NULL));
	if (name->fault)
		return;
	check(name->text.n && utf8_valid(name->text));
	for (size_t at = 0; at < name->text.n; at += bytes)
		check(!utf8_is_hidden(utf8_get(name->text, at, &bytes)));
}

static void apply(const struct certificate *certificate)
{
	static const struct mtls_rules rules = {
		.at = { { .from = CERTIFICATE_URI,
		                .source = "san.uri",
		                .match = SLICE_INIT("urn:*:{id}") },
		        { .from = CERTIFICATE_DNS,
		                .source = "san.dns",
		                .match = SLICE_INIT("{id}.*") },
		        { .fingerprint = true }, { .from = CERTIFICATE_IP, .source = "san.ip" },
		        { .from = CERTIFICATE_EMAIL, .source = "san.email" },
		        { .from = CERTIFICATE_SERIAL_NUMBER, .source = "subject.serialNumber" },
		        { .from = CERTIFICATE_COMMON_NAME, .source = "subject.cn" } },
		.n = 7,
		.has_roles = true,
		.roles_from = CERTIFICATE_UNIT,
		.roles = { { .name = SLICE_INIT("sensor"), .role = SLICE_INIT("a") } },
		.nroles = 1,
	};
	struct mtls_reading reading;
	mtls_rules_read(&rules, certificate, &reading);
	check((reading.id.n > 0) != (reading.why[0] != '\0'));
	check(reading.id.n <= MTLS_ID_MAX_BYTES);
	check(slice_find(reading.id, '*') == reading.id.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena;
	const char *why;
	arena_init(&arena, 1 << 20);
	struct certificate *read =
	        certificate_read(&arena, (slice){ (const char *)bytes, n }, &why);
	check(!read == (why != NULL));
	for (unsigned i = 0; read && i < read->nnames; i++)
		check_name(&read->names[i]);
	if (read)
		apply(read);
	arena_finish(&arena);
	return 0;
}
