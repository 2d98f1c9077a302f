/* A challenge is a keyed hash of the peer's address and of the time, cut into windows: it needs no memory, and nobody
 * who does not get the answers sent to that address can know it. The windows of now and of before are taken, so a
 * challenge is good for one to two of them.
 *
 * Who has answered one is remembered in a table of fixed size, of four places for each hash: when they are taken the
 * one that ends first gives way. Being forgotten costs a peer one more round trip, no more; and only addresses that
 * answer get in. */
#include "adapters/coap/proof.h"

#include "base/random.h"

#include <stdlib.h>

enum { WINDOW_MS = 150 * 1000, LIFETIME_MS = 300 * 1000, SETS = 1024, WAYS = 4, PEER_MAX = 40 };

struct proof {
	uint64_t peer; /* hashed */
	uint64_t until_ms;
};

struct proofs {
	struct proof at[SETS][WAYS];
};

struct proofs *proofs_create(void)
{
	return calloc(1, sizeof(struct proofs));
}

void proofs_destroy(struct proofs *proofs)
{
	free(proofs);
}

static uint64_t challenge(slice peer, uint64_t window)
{
	char bytes[PEER_MAX + sizeof window + 4] = "echo";
	size_t n = peer.n < PEER_MAX ? peer.n : PEER_MAX;
	memcpy(bytes + 4, &window, sizeof window);
	memcpy(bytes + 4 + sizeof window, peer.p, n);
	return random_keyed_hash(bytes, 4 + sizeof window + n);
}

void proofs_challenge(slice peer, uint64_t now_ms, char echo[PROOF_BYTES])
{
	uint64_t value = challenge(peer, now_ms / WINDOW_MS);
	memcpy(echo, &value, PROOF_BYTES);
}

static struct proof *oldest(struct proof set[WAYS])
{
	struct proof *found = &set[0];
	for (unsigned i = 1; i < WAYS; i++) {
		if (set[i].until_ms < found->until_ms)
			found = &set[i];
	}
	return found;
}

static struct proof *find(struct proofs *proofs, uint64_t hash)
{
	for (unsigned i = 0; i < WAYS; i++) {
		struct proof *at = &proofs->at[hash % SETS][i];
		if (at->peer == hash)
			return at;
	}
	return NULL;
}

void proofs_take(struct proofs *proofs, slice peer, slice echo, uint64_t now_ms)
{
	uint64_t value, window = now_ms / WINDOW_MS;
	if (echo.n != sizeof value)
		return;
	memcpy(&value, echo.p, sizeof value);
	if (value != challenge(peer, window) && value != challenge(peer, window - 1))
		return;
	uint64_t hash = random_keyed_hash(peer.p, peer.n);
	struct proof *place = find(proofs, hash);
	if (!place)
		place = oldest(proofs->at[hash % SETS]);
	*place = (struct proof){ .peer = hash, .until_ms = now_ms + LIFETIME_MS };
}

bool proofs_has(struct proofs *proofs, slice peer, uint64_t now_ms)
{
	const struct proof *at = find(proofs, random_keyed_hash(peer.p, peer.n));
	return at && at->until_ms > now_ms;
}
