/* certificate: what an X.509 certificate says of whom it is for (RFC 5280), by OpenSSL (3.0 and later), from its bytes
 * up. Whether it is to be believed is not asked here: the listener that took it has verified its chain. Pure; any thread.
 *
 * Names are handed out as texts that can be compared byte for byte: UTF-8 whatever the ASN.1 type was, DNS names and
 * the host of a mail address in small letters (RFC 5280 sections 7.2 and 7.5), IP addresses as inet_ntop() writes them.
 * A name that could be read in two ways (a NUL, a control or an invisible character, bytes that are not of its type)
 * comes without its text, with what is wrong about it. */
#ifndef CRYPTO_CERTIFICATE_H
#define CRYPTO_CERTIFICATE_H

#include "base/arena.h"

#include "crypto/digest.h"

enum {
	CERTIFICATE_MAX_BYTES = 16 * 1024, /* as DER; what is longer is not read */
	CERTIFICATE_NAMES_MAX = 256,
	CERTIFICATE_NAME_MAX_BYTES = 1024
};

enum certificate_name_kind {
	/* Of the subject. */
	CERTIFICATE_COMMON_NAME,
	CERTIFICATE_UNIT,
	CERTIFICATE_SERIAL_NUMBER, /* the attribute (RFC 4519 section 2.31), not the certificate's own number */
	/* Of subjectAltName. */
	CERTIFICATE_DNS,
	CERTIFICATE_EMAIL,
	CERTIFICATE_URI,
	CERTIFICATE_IP
};

struct certificate_name {
	enum certificate_name_kind kind;
	slice text;
	const char *fault; /* static, such as "has a NUL in it"; NULL: none */
};

struct certificate {
	struct certificate_name *names; /* in the order of the certificate */
	unsigned nnames;
	/* Milliseconds since 1970: it is good from from_ms to before until_ms. */
	int64_t from_ms, until_ms;
	struct digest fingerprint; /* SHA-256 of the DER */
};

/* Everything in the arena. NULL: it cannot be read, is not for clients, or its key is not for signing (RFC 5280 sections
 * 4.2.1.3 and 4.2.1.12): *why says so (static); or no memory: *why is NULL. */
struct certificate *certificate_read(struct arena *, slice der, const char **why);
/* In place: as a name of this kind is written here. */
void certificate_name_normalise(enum certificate_name_kind, char *text, size_t n);

/* Certificates that may have signed others. */
struct authorities;

/* Reads a PEM file with one or more: blocks, for opening only. NULL: *why (static). */
struct authorities *authorities_open(const char *path, const char **why);
/* NULL is fine. */
void authorities_destroy(struct authorities *);
/* Has one of them signed this certificate? Their names alone would say it of anybody's of the same name. Costs the
 * verification of a signature. */
bool authorities_have_signed(const struct authorities *, slice der);

#endif
