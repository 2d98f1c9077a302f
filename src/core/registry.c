#include "core/registry.h"

#include "base/random.h"

bool registry_init(struct registry *registry)
{
	unsigned char key[KEYED_DIGEST_KEY_BYTES];
	random_bytes(key, sizeof key);
	*registry = (struct registry){ roster_create(), keyed_digests_create(key) };
	explicit_bzero(key, sizeof key);
	return registry->roster && registry->digests;
}

void registry_finish(struct registry *registry)
{
	roster_destroy(registry->roster);
	keyed_digests_destroy(registry->digests);
}
