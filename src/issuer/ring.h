/* ring: the keys that sign tokens, and their succession.
 *
 * The newest key that has been public for PUBLIC_AHEAD signs; older ones stay public until what they have signed has
 * expired. So whoever fetches the set of public keys now and then always has the one that he needs. The keys are a file of
 * the state folder, readable by its owner only. Core thread. */
#ifndef ISSUER_RING_H
#define ISSUER_RING_H

#include "auth/jose/jwk.h"

struct ring;

struct ring_options {
	slice folder; /* the state folder */
	enum algorithm algorithm;
	uint64_t rotate_ms;   /* how long a key signs */
	uint64_t lifetime_ms; /* of what it signs */
};

/* Reads the file, if there is one. NULL: error says why. */
struct ring *ring_open(const struct ring_options *, struct error *);
void ring_close(struct ring *); /* wipes; NULL is fine */
/* Makes the first key, or the next one when it is due, and drops what has served its time; writes the file if it
 * changed. false: that could not be done, error says why. *next_ms: when it is to be called again (since 1970). */
bool ring_turn(struct ring *, uint64_t now_ms, bool *made, uint64_t *next_ms, struct error *);
enum algorithm ring_algorithm(const struct ring *);
/* The one that signs; NULL: there is none. */
const struct jwk *ring_signer(const struct ring *, uint64_t now_ms);
/* The public keys, as a JWK Set. NULL: over budget. */
struct value *ring_public(struct arena *, const struct ring *);

#endif
