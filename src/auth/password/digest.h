/* digest: WS-Security's PasswordDigest (UsernameToken Profile 1.1 section 3.1). Core thread. */
#ifndef AUTH_PASSWORD_DIGEST_H
#define AUTH_PASSWORD_DIGEST_H

#include "api/authenticator.h"

struct digest_rules {
	uint64_t window_ms; /* how old a message may be */
	uint64_t skew_ms;   /* and how far in the future: clocks differ */
	unsigned nonces;    /* of how many messages is remembered that they came */
};

/* CREDENTIAL_PASSWORD_DIGEST, of a client with this password; `key` NULL: none. */
enum verdict password_digest_check(const struct digest_rules *, struct request *,
        const struct credential *, const struct client_key *key);

#endif
