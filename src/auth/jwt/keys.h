/* keys: what a way to authenticate by JWT checks signatures with, and where it comes from: a secret, a PEM file, a JWK Set
 * in a file or at a URL. Files are read again when they change, URLs now and then (jwt/remote.h). Core thread. */
#ifndef AUTH_JWT_KEYS_H
#define AUTH_JWT_KEYS_H

#include "api/authenticator.h"
#include "auth/jose/jwk.h"

struct jwt_keys;

/* Who is told, never from inside the functions below. */
struct jwt_keys_owner {
	const struct authenticator *authenticator; /* for logs and the audit log */
	void (*changed)(struct jwt_keys_owner *);  /* the keys are others than before */
	void (*settled)(struct jwt_keys_owner *);  /* what was under way is over */
};

/* Reads one of jwks, key and secret of the configuration, and what goes with it. NULL: *error says what is wrong. */
struct jwt_keys *jwt_keys_open(
        struct loop *, const struct config *, struct jwt_keys_owner *, struct error *);
/* Those that others, which ask the same, have fetched are as good. */
void jwt_keys_take_over(struct jwt_keys *, const struct jwt_keys *others);
/* NULL is fine. */
void jwt_keys_close(struct jwt_keys *);

/* Borrowed until `changed`. NULL: there are none yet, or they are too old. */
const struct jwks *jwt_keys_current(const struct jwt_keys *);
/* With none of them: are they about to come? settled() will follow. */
bool jwt_keys_are_coming(const struct jwt_keys *);
/* Looks for newer ones, unless that was done a moment ago. true: settled() will follow. */
bool jwt_keys_renew(struct jwt_keys *);

#endif
