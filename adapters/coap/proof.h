/* proof: which UDP peers have shown that they are at the address that their datagrams say (RFC 9175, Echo). */
#ifndef COAP_PROOF_H
#define COAP_PROOF_H

#include "base/slice.h"

struct proofs;

enum { PROOF_BYTES = 8 };

struct proofs *proofs_create(void);   /* NULL: out of memory */
void proofs_destroy(struct proofs *); /* NULL is fine */

/* What the peer is to send back. */
void proofs_challenge(slice peer, uint64_t now_ms, char echo[PROOF_BYTES]);
/* The value of an Echo option that came from this peer: a good one is remembered for some minutes. */
void proofs_take(struct proofs *, slice peer, slice echo, uint64_t now_ms);
bool proofs_has(struct proofs *, slice peer, uint64_t now_ms);

#endif
