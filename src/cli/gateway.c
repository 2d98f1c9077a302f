#include "cli/cli.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "base/log.h"
#include "crypto/key_file.h"
#include "loop/loop.h"
#include "store/store.h"

bool cli_gateway_init(struct cli_gateway *gateway)
{
	*gateway = (struct cli_gateway){ .loop = loop_create() };
	if (gateway->loop)
		gateway->core = core_create(gateway->loop, cli_plugs());
	return gateway->core != NULL;
}

void cli_gateway_finish(struct cli_gateway *gateway)
{
	core_destroy(gateway->core);
	audit_close(gateway->audit);
	store_close(gateway->store);
	loop_destroy(gateway->loop);
	arena_cache_drop();
}

static bool load_key(const char *folder, const char *name, unsigned char key[CORE_KEY_BYTES],
        struct error *error)
{
	char why[KEY_FILE_WHY_BYTES];
	bool made;
	if (!key_file_load(folder, name, key, CORE_KEY_BYTES, &made, why))
		return error_set(error, "%s", why);
	if (made)
		log_info("core", "%s/keys/%s made: without it what is kept of clients is void",
		        folder, name);
	return true;
}

static bool use_keys(struct cli_gateway *gateway, const char *folder, struct error *error)
{
	unsigned char digest_key[CORE_KEY_BYTES], seal_key[CORE_KEY_BYTES];
	bool used = load_key(folder, "tokens", digest_key, error) &&
	            load_key(folder, "seal", seal_key, error) &&
	            (core_use_keys(gateway->core, digest_key, seal_key) ||
	                    error_set(error, "out of memory"));
	explicit_bzero(digest_key, sizeof digest_key);
	explicit_bzero(seal_key, sizeof seal_key);
	return used;
}

static bool open_audit(struct cli_gateway *gateway, const char *folder, struct error *error)
{
	const struct configuration *configuration = core_configuration(gateway->core);
	char path[PATH_MAX];
	if (!configuration->audit.on)
		return true;
	if ((size_t)snprintf(path, sizeof path, "%s/audit", folder) >= sizeof path)
		return error_set(error, "the state folder's path is too long");
	gateway->audit = audit_open(gateway->loop, path, &configuration->audit, error);
	if (gateway->audit)
		core_use_audit(gateway->core, audit_sink(gateway->audit));
	return gateway->audit != NULL;
}

bool cli_gateway_open_state(struct cli_gateway *gateway, struct error *error)
{
	const char *folder = core_configuration(gateway->core)->state;
	if (!folder)
		return true;
	gateway->store = store_open(gateway->loop, folder, error);
	return gateway->store && use_keys(gateway, folder, error) &&
	       core_use_store(gateway->core, gateway->store, error) &&
	       open_audit(gateway, folder, error);
}
