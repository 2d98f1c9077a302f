/* mtls: the identity in a client certificate.
 *
 * The listener's TLS library has verified the chain against the listener's client_ca; every adapter hands on the
 * certificate as DER. Here, for all protocols alike, the identity is read from it and looked up among the
 * clients: a certificate of our CA for somebody who is no client (any more) is refused.
 *
 * Parsing a certificate costs more than the rest of a request, so what was read is remembered by the DER's
 * bytes, and only its expiry is looked at again each time. */
#include "api/authenticator.h"

#include <stdlib.h>

#include <mbedtls/oid.h>
#include <mbedtls/x509_crt.h>

#include "base/table.h"

enum { REMEMBERED_MAX = 4096, IDENTITY_MAX_BYTES = 255 };

struct entry {
	char name[IDENTITY_MAX_BYTES];
	size_t nname;
	mbedtls_x509_time valid_to;
	size_t n;
	UT_hash_handle hh;
	unsigned char der[];
};

struct mtls_authenticator {
	struct authenticator base;
	struct entry *entries;
};

static void forget_all(struct mtls_authenticator *self)
{
	struct entry *entry, *following;
	HASH_ITER(hh, self->entries, entry, following)
	{
		HASH_DEL(self->entries, entry);
		free(entry);
	}
}

static void mtls_close(struct authenticator *base)
{
	struct mtls_authenticator *self = (struct mtls_authenticator *)base;
	if (!self)
		return;
	forget_all(self);
	free(self);
}

static struct authenticator *mtls_open(struct loop *loop, const struct config *config,
        const struct directory *directory, struct error *error)
{
	(void)loop;
	(void)config;
	(void)directory;
	struct mtls_authenticator *self = calloc(1, sizeof *self);
	if (!self) {
		error_set(error, "out of memory");
		return NULL;
	}
	return &self->base;
}

static bool mtls_offers(const struct authenticator *base, const struct credential *credential)
{
	(void)base;
	return credential->kind == CREDENTIAL_CERTIFICATE;
}

/* The one common name of the subject; p == NULL: none, or more than one. */
static slice common_name(const mbedtls_x509_name *names)
{
	slice found = { NULL, 0 };
	for (; names; names = names->next) {
		if (MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &names->oid) != 0)
			continue;
		if (found.p)
			return (slice){ NULL, 0 };
		found = (slice){ (const char *)names->val.p, names->val.len };
	}
	return found.n <= IDENTITY_MAX_BYTES ? found : (slice){ NULL, 0 };
}

/* NULL: refused, request->why says why. */
static struct entry *read_certificate(struct request *request, slice der)
{
	mbedtls_x509_crt certificate;
	mbedtls_x509_crt_init(&certificate);
	struct entry *entry = NULL;
	int failed = mbedtls_x509_crt_parse_der(&certificate, (const unsigned char *)der.p, der.n);
	slice name = failed ? (slice){ NULL, 0 } : common_name(&certificate.subject);
	if (failed)
		request_refuse(request, STATUS_UNAUTHENTICATED, "the certificate cannot be read");
	else if (!name.n)
		request_refuse(request, STATUS_UNAUTHENTICATED,
		        "the certificate's subject has no single common name");
	else
		entry = calloc(1, sizeof *entry + der.n);
	if (entry) {
		memcpy(entry->name, name.p, name.n);
		entry->nname = name.n;
		entry->valid_to = certificate.valid_to;
		entry->n = der.n;
		memcpy(entry->der, der.p, der.n);
	}
	mbedtls_x509_crt_free(&certificate);
	return entry;
}

static enum verdict mtls_check(
        struct authenticator *base, struct request *request, const struct credential *credential)
{
	struct mtls_authenticator *self = (struct mtls_authenticator *)base;
	slice der = credential->secret;
	struct entry *entry;
	HASH_FIND(hh, self->entries, der.p, der.n, entry);
	if (!entry) {
		entry = read_certificate(request, der);
		if (!entry)
			return REPLY;
		if (HASH_COUNT(self->entries) >= REMEMBERED_MAX)
			forget_all(self);
		HASH_ADD_KEYPTR(hh, self->entries, entry->der, entry->n, entry);
	}
	if (mbedtls_x509_time_is_past(&entry->valid_to)) {
		request_refuse(request, STATUS_UNAUTHENTICATED, "the certificate has expired");
		return REPLY;
	}
	const struct grant grant = { .client = { entry->name, entry->nname } };
	return auth_grant(request, &grant);
}

static const char *const identities[] = { "subject.cn", NULL };

static const struct setting settings[] = {
	{ .key = "identity",
	        .type = SETTING_TEXT,
	        .fallback = "subject.cn",
	        .choices = identities,
	        .help = "what in the certificate is the client's id" },
	{ .key = NULL },
};

const struct authenticator_ops authenticator_mtls = {
	.name = "mtls",
	.settings = settings,
	.open = mtls_open,
	.offers = mtls_offers,
	.check = mtls_check,
	.close = mtls_close,
};
