/* jwk: keys as JSON (RFC 7517), one and in sets, read and written; their thumbprints (RFC 7638). */
#ifndef AUTH_JOSE_JWK_H
#define AUTH_JOSE_JWK_H

#include "api/plugin.h"
#include "codec/value.h"
#include "crypto/signature.h"

enum {
	JWKS_MAX_BYTES = 256 * 1024,
	JWKS_MAX_KEYS = 64,
	JWK_KID_MAX_BYTES = 256,
	JWK_THUMBPRINT_BYTES = 44 /* with its NUL */
};

/* A key with what its owner says of it. */
struct jwk {
	struct key *key;
	slice kid;          /* as it was given; p NULL: none */
	bool has_algorithm; /* it is for one algorithm only */
	enum algorithm algorithm;
	struct jwk *next;
	char kid_bytes[JWK_KID_MAX_BYTES];
};

/* Takes the key, also when it fails. NULL: no key was given, out of memory, or the kid is longer than
 * JWK_KID_MAX_BYTES. `only`: the one algorithm that it is for, or NULL. */
struct jwk *jwk_create(struct key *, slice kid, const enum algorithm *only);
/* NULL is fine. */
void jwk_destroy(struct jwk *);

enum jwk_purpose { JWK_VERIFIES, JWK_SIGNS };

/* A key for this purpose out of a JSON object: its public half to verify with (a private one that comes along is left
 * alone; a shared secret serves both), its private half to sign with. NULL: not for this purpose (`use`, `key_ops`), of a
 * kind or algorithm that we do not have, malformed or too weak; *why is one line for a person (static). */
struct jwk *jwk_read(const struct value *, enum jwk_purpose, const char **why);
/* Does its own `alg` allow this one, and does the key fit? */
bool jwk_allows(const struct jwk *, enum algorithm);
/* The JSON object: kty, kid, use, alg and the public numbers; the private ones too when asked for. A secret cannot be
 * written without them. NULL: over budget, or no such half. */
struct value *jwk_write(struct arena *, const struct jwk *, bool with_private);
/* RFC 7638 with SHA-256, in base64url. false: over budget (the arena's). */
bool jwk_thumbprint(struct arena *, const struct key *, char text[JWK_THUMBPRINT_BYTES]);

/* Keys that verify. */
struct jwks {
	struct jwk *first;
	unsigned count;
	unsigned skipped;        /* of those that were listed */
	const char *skipped_why; /* the first of them; static */
};

/* A JWK Set. Keys that are not for us are skipped, as RFC 7517 section 5 asks for; so are secrets among public keys, and
 * different keys of a type that have the same kid. `secrets_too`: shared secrets count
 * (never in a set that was fetched: what anybody may read is no secret). NULL: no JWK Set; *error says why. */
struct jwks *jwks_parse(slice text, bool secrets_too, struct error *);
/* An empty one; NULL: out of memory. */
struct jwks *jwks_create(void);
/* Takes the key. */
void jwks_add(struct jwks *, struct jwk *);
/* NULL is fine. */
void jwks_destroy(struct jwks *);
/* The next key after `previous` (NULL: the first) that may have signed with this algorithm under this kid: those
 * that have the kid, and those that have none. A token without a kid may be any key's. NULL: no more. */
const struct jwk *jwks_next(
        const struct jwks *, const struct jwk *previous, enum algorithm, slice kid);
/* Has a key this kid? */
bool jwks_knows(const struct jwks *, slice kid);

#endif
