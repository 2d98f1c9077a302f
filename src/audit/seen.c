/* A table of keyed hashes in sets of eight: within a set the one that was there longest ago gives way. Two callers of the
 * same 64-bit hash would be one; who cannot know the key cannot bring that about. */
#include "audit/seen.h"

#include <stdlib.h>

#include "base/random.h"

enum { SET = 8, SETS = SEEN_MAX / SET, KEY_MAX_BYTES = 512 };

struct slot {
	uint64_t key, last_ms; /* key 0: free */
};

struct seen {
	struct slot sets[SETS][SET];
};

struct seen *seen_create(void)
{
	return calloc(1, sizeof(struct seen));
}

void seen_destroy(struct seen *seen)
{
	free(seen);
}

/* And what ends it, so that no two callers are spelled alike. */
static size_t add(char text[KEY_MAX_BYTES], size_t n, slice part)
{
	size_t room = KEY_MAX_BYTES - n - 1, bytes = part.n < room ? part.n : room;
	if (bytes)
		memcpy(text + n, part.p, bytes);
	text[n + bytes] = '\n';
	return n + bytes < KEY_MAX_BYTES - 1 ? n + bytes + 1 : KEY_MAX_BYTES - 1;
}

static uint64_t key_of(slice client, const char *protocol, const char *address)
{
	char text[KEY_MAX_BYTES];
	size_t n = add(text, 0, slice_of(address));
	n = add(text, n, slice_of(protocol));
	n = add(text, n, client);
	return random_keyed_hash(text, n) | 1;
}

enum seen_answer seen_look(struct seen *seen, slice client, const char *protocol,
        const char *address, uint64_t now_ms, uint64_t window_ms)
{
	uint64_t key = key_of(client, protocol, address);
	struct slot *set = seen->sets[(key >> 1) % SETS], *oldest = set;
	for (unsigned i = 0; i < SET; i++) {
		struct slot *slot = &set[i];
		if (slot->key == key) {
			bool lately = now_ms - slot->last_ms < window_ms;
			slot->last_ms = now_ms;
			return lately ? SEEN_LATELY : SEEN_NOT;
		}
		if (slot->last_ms < oldest->last_ms)
			oldest = slot;
	}
	bool crowded = oldest->key && now_ms - oldest->last_ms < window_ms;
	*oldest = (struct slot){ key, now_ms };
	return crowded ? SEEN_CROWDED : SEEN_NOT;
}
