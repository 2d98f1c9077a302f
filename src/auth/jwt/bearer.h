/* bearer: whom a verified token says its bearer is, and the tokens that were verified already. */
#ifndef AUTH_JWT_BEARER_H
#define AUTH_JWT_BEARER_H

#include "auth/jwt/settings.h"
#include "crypto/digest.h"

enum { BEARER_NAMES_MAX = 64, BEARER_ID_MAX_BYTES = 255 };

struct bearer {
	slice id, plan;              /* plan empty: none */
	slice key;                   /* the kid of the key that proved it; or empty */
	const slice *roles, *scopes; /* NULL: it has no such claim */
	unsigned nroles, nscopes;
	struct claim_times times;
	bool is_bound; /* to the certificate whose SHA-256 follows (RFC 8705) */
	struct digest certificate;
};

/* Out of claims that satisfy the rules; texts point into them, the settings and the arena. false: they name nobody, or
 * are no texts; *error says which. */
bool bearer_read(const struct jwt_settings *, const struct value *claims, struct arena *,
        struct bearer *, struct error *);

/* Verified tokens, so that the next request with one costs a look-up. Found under a hash with a random key and compared
 * whole; the one that was not used for longest gives way; wiped when they go. */
struct verified;

/* At most so many tokens, and so many bytes. NULL: out of memory. */
struct verified *verified_create(unsigned tokens_max, size_t bytes_max);
void verified_destroy(struct verified *);
/* Forgets all of them: the keys have changed. */
void verified_clear(struct verified *);
/* Until the next verified_add() or verified_clear(); NULL: not here. */
const struct bearer *verified_find(struct verified *, slice token);
/* Copies. Where there is no room it does nothing. */
void verified_add(struct verified *, slice token, const struct bearer *);
unsigned verified_count(const struct verified *);

#endif
