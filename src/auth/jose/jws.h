/* jws: signed tokens in their compact form (RFC 7515 section 7.1), read strictly and written. Pure.
 *
 * What a token's header says is believed for one purpose only: which of the known keys to try. It never brings a key
 * (`jwk`, `x5c`), never names a place to fetch one from (`jku`, `x5u`), and its `kid` is compared with those of known
 * keys and is nothing else (RFC 8725 sections 3.1, 3.10). */
#ifndef AUTH_JOSE_JWS_H
#define AUTH_JOSE_JWS_H

#include "auth/jose/jwk.h"

/* What is read here is small: a longer token is refused unread unless the caller allows more. */
enum { JWS_DEFAULT_BYTES = 16 * 1024 };

/* Slices point into the token and the arena. */
struct jws {
	slice message; /* what is signed: header and payload as they came */
	enum algorithm algorithm;
	slice kid;  /* p NULL: none */
	slice type; /* `typ`; p NULL: none */
	slice payload;
	slice signature;
	const struct value *header; /* all of it */
};

/* Reads a token without believing it: three parts in base64url, without padding, white space or stray bits, a JSON
 * object as the header in which no name stands twice, an algorithm of ours (never "none"), no extension that must be
 * understood (`crit`). The payload may be empty: it is then, or it is sent apart (appendix F), which is for the caller to
 * refuse. false: *why is one line for a person (static), nothing of the token in it. */
bool jws_parse(struct arena *, slice token, struct jws *, const char **why);
/* Did this key sign it, with the algorithm that the token names and that the key allows? */
bool jws_verify(const struct jws *, const struct jwk *);
/* A token. `type` for `typ` ("JWT"), the kid of the key if it has one. { NULL, 0 }: over budget, or the key cannot
 * sign with this algorithm. */
slice jws_sign(struct arena *, const struct jwk *, enum algorithm, const char *type, slice payload);

#endif
