/* Loading a configuration: read, check every part, open authenticators and backends.
 *
 * Each part goes on after a mistake, so that one run shows them all; what depends on a part that is wrong
 * stays silent about it. */
#include "core/configuration.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/random.h"
#include "core/config_check.h"
#include "core/config_file.h"
#include "core/configuration_board.h"
#include "core/directory.h"
#include "core/pack.h"
#include "core/router.h"
#include "core/settings.h"
#include "core/unpack.h"

enum {
	CONFIGURATION_MAX_BYTES = 256 * 1024 * 1024,
	MEMORY_MIN_BYTES = 64 * 1024,
	CONNECTIONS_MAX = 1000000,
	GUESSES_MAX = 1000000,
	GUESSING_MAX_MS = 24 * 3600 * 1000,
	VALUES_MAX = 10000000,
	AUDIT_FILE_MIN_BYTES = 64 * 1024,
	AUDIT_FILES_MAX = 100000,
	CLIENTS_MAX = 1000000
};

static void refuse_limit(struct mistakes *mistakes, const struct config *limits, const char *key,
        const char *reasonable)
{
	const struct config *limit = config_get(limits, key);
	mistake_add(mistakes, limit ? limit : limits, "%s is %s", key, reasonable);
}

static void load_value_limits(
        struct configuration *configuration, const struct config *limits, struct mistakes *mistakes)
{
	uint64_t values = config_number(limits, "values");
	uint64_t subscriptions = config_number(limits, "subscriptions");
	size_t bytes = config_size(limits, "values_memory");
	if (!values || values > VALUES_MAX)
		refuse_limit(mistakes, limits, "values", "from 1 to ten million");
	if (subscriptions > VALUES_MAX)
		refuse_limit(mistakes, limits, "subscriptions", "at most ten million");
	if (bytes > SIZE_MAX / 4)
		refuse_limit(mistakes, limits, "values_memory", "more than can be addressed");
	configuration->values_max = (unsigned)values;
	configuration->values_max_bytes = bytes;
	configuration->subscriptions_max = (unsigned)subscriptions;
}

static void load_client_limits(
        struct configuration *configuration, const struct config *limits, struct mistakes *mistakes)
{
	uint64_t clients = config_number(limits, "clients"), keys = config_number(limits, "keys");
	if (clients > CLIENTS_MAX)
		refuse_limit(mistakes, limits, "clients", "at most a million");
	if (keys > CLIENTS_MAX)
		refuse_limit(mistakes, limits, "keys", "at most a million");
	configuration->clients_max = (unsigned)clients;
	configuration->keys_max = (unsigned)keys;
}

/* Within reason, so that no sum or product of them overflows, on 32 bits either. */
static void load_limits(
        struct configuration *configuration, const struct config *limits, struct mistakes *mistakes)
{
	/* What does not even parse was said before. */
	if (mistakes->count)
		return;
	size_t body = config_size(limits, "body"), memory = config_size(limits, "memory");
	uint64_t connections = config_number(limits, "connections");
	if (memory < MEMORY_MIN_BYTES || memory > SIZE_MAX / 2)
		refuse_limit(mistakes, limits, "memory",
		        "64 KiB at least, and what can be addressed at most");
	else if (!body || body > memory / 2)
		refuse_limit(mistakes, limits, "body", "above 0, and half of memory at most");
	if (!connections || connections > CONNECTIONS_MAX)
		refuse_limit(mistakes, limits, "connections", "from 1 to a million");
	configuration->limits.body_max_bytes = body;
	configuration->limits.connections_max = (unsigned)connections;
	configuration->memory_max_bytes = memory;
	load_value_limits(configuration, limits, mistakes);
	load_client_limits(configuration, limits, mistakes);
}

static void load_guessing(struct configuration *configuration, const struct config *guessing,
        struct mistakes *mistakes)
{
	if (mistakes->count)
		return;
	const char *const counts[] = { "attempts", "from_address", "at_client" };
	const char *const times[] = { "window", "delay", "longest" };
	uint64_t count[3], time_ms[3];
	for (unsigned i = 0; i < 3; i++) {
		count[i] = config_number(guessing, counts[i]);
		time_ms[i] = config_duration_ms(guessing, times[i]);
		if (count[i] > GUESSES_MAX || (i && !count[i]))
			refuse_limit(mistakes, guessing, counts[i],
			        i ? "from 1 to a million" : "a million at most");
		if (!time_ms[i] || time_ms[i] > GUESSING_MAX_MS)
			refuse_limit(mistakes, guessing, times[i], "above 0, and a day at most");
	}
	configuration->guessing = (struct throttle_rules){ .attempts = (unsigned)count[0],
		.from_address = (unsigned)count[1],
		.at_client = (unsigned)count[2],
		.window_ms = time_ms[0],
		.delay_ms = time_ms[1],
		.delay_max_ms = time_ms[2] };
}

/* A part of the gateway's section. Without it the fallbacks hold: an empty map, `empty`, has them all. */
static const struct config *part_of(
        const struct config *gateway, const char *key, struct config *empty)
{
	const struct config *part = config_get(gateway, key);
	*empty = (struct config){ .kind = CONFIG_MAP,
		.own = setting_find(settings_gateway, slice_of(key))->inner };
	return part && part->kind == CONFIG_MAP ? part : empty;
}

static void say_board(const struct board_setup *setup, const struct boards_where *where)
{
	const struct board *board = setup->board;
	if (!board) {
		log_info("board", "no boards in %.*s: nothing is set", SLICE_ARG(where->folders));
		return;
	}
	log_info("board", "%.*s (%.*s)%s%.*s identity=%.*s by=%.*s memory=%zuMiB storage=%s",
	        SLICE_ARG(board->title), SLICE_ARG(board->name), board->model.n ? ": " : "",
	        SLICE_ARG(board->model), SLICE_ARG(board->identity), SLICE_ARG(board->identity_way),
	        (size_t)(board->memory_bytes >> 20),
	        setup->state.p ? storage_kind_name(setup->storage.kind) : "none");
	if (setup->storage.kind == STORAGE_MEMORY)
		log_warning("board",
		        "%s is in memory: nothing that is kept there outlives a loss of power",
		        setup->state.p);
	else if (setup->storage.kind == STORAGE_OVERLAY)
		log_warning("board",
		        "%s is on an overlay: what is kept there outlives a loss of power only if "
		        "what is beneath does",
		        setup->state.p);
}

static void load_board(
        struct configuration *configuration, struct config *root, struct mistakes *mistakes)
{
	struct boards_where where;
	struct board_setup setup;
	unsigned before = mistakes->count;
	boards_where(mistakes->arena, &where);
	configuration_take_board(root, &where, (slice){ NULL, 0 }, &setup, mistakes);
	configuration->board = setup.board;
	config_file_use_board(root, setup.board);
	const struct config *gateway = config_get(root, "gateway");
	bool wanted = !slice_is(config_text(gateway, "board"), "none");
	if (mistakes->count == before && wanted && (setup.board || where.folders.n))
		say_board(&setup, &where);
}

static void load_gateway(struct configuration *configuration, struct mistakes *mistakes)
{
	const struct config *gateway = config_get(configuration->root, "gateway");
	static const struct config nothing = { .kind = CONFIG_MAP, .own = settings_gateway };
	struct config empty;
	if (!gateway || gateway->kind != CONFIG_MAP)
		gateway = &nothing;
	configuration->gateway_name = config_text(gateway, "name");
	configuration->save_within_ms = config_duration_ms(gateway, "save_within");
	configuration->core_dumps = config_switch(gateway, "core_dumps");
	configuration->watchdog = config_switch(gateway, "watchdog");
	const struct config *state = config_get(gateway, "state");
	if (state && state->kind == CONFIG_SCALAR && !state->text.n)
		mistake_add(mistakes, state, "empty; say a folder, such as /var/lib/fairlead");
	configuration->state = config_file_path(&configuration->arena, gateway, "state").p;
	load_limits(configuration, part_of(gateway, "limits", &empty), mistakes);
	load_guessing(configuration, part_of(gateway, "guessing", &empty), mistakes);
}

static void check_audit(const struct configuration *configuration, const struct config *audit,
        struct mistakes *mistakes)
{
	const struct audit_settings *settings = &configuration->audit;
	bool off = audit->first && config_switch(audit, "off");
	if (!off && audit->first && !configuration->state)
		mistake_add_key(
		        mistakes, audit, "the audit log is kept in gateway.state; say that too");
	if (settings->file_bytes < AUDIT_FILE_MIN_BYTES || settings->file_bytes > INT32_MAX)
		refuse_limit(mistakes, audit, "file_size", "64 KiB at least, and below 2 GiB");
	if (!settings->keep || settings->keep > AUDIT_FILES_MAX)
		refuse_limit(mistakes, audit, "keep", "from 1 to a hundred thousand");
	if (!settings->flood_window_ms)
		refuse_limit(mistakes, audit, "flood_window", "above 0");
}

static void load_audit(struct configuration *configuration, struct mistakes *mistakes)
{
	static const struct config nothing = { .kind = CONFIG_MAP, .own = settings_audit };
	const struct config *audit = config_get(configuration->root, "audit");
	if (!audit || audit->kind != CONFIG_MAP || !audit->own)
		audit = &nothing;
	uint64_t keep = config_number(audit, "keep");
	configuration->audit =
	        (struct audit_settings){ .on = configuration->state && !config_switch(audit, "off"),
		        .file_bytes = config_size(audit, "file_size"),
		        .keep = keep > UINT_MAX ? UINT_MAX : (unsigned)keep,
		        .login_window_ms = config_duration_ms(audit, "login_window"),
		        .flood_window_ms = config_duration_ms(audit, "flood_window") };
	if (!mistakes->count)
		check_audit(configuration, audit, mistakes);
}

void configuration_files_each(const struct config *map, const char *but,
        void (*each)(void *arg, const char *path), void *arg)
{
	CONFIG_EACH (map, member) {
		if (but && slice_is(member->key, but))
			continue;
		if (member->kind != CONFIG_SCALAR) {
			configuration_files_each(member, NULL, each, arg);
			continue;
		}
		const struct setting *setting = setting_find(map->own, member->key);
		if (!setting || setting->type != SETTING_FILE)
			continue;
		struct arena arena;
		arena_init(&arena, 16384);
		slice path = config_file_path(&arena, map, member->key.p);
		if (path.p)
			each(arg, path.p);
		arena_finish(&arena);
	}
}

static void add_stamp(void *arg, const char *path)
{
	uint64_t *stamp = arg;
	struct stat about;
	if (stat(path, &about) != 0) {
		*stamp *= 31;
		return;
	}
	uint64_t facts[4] = { (uint64_t)about.st_size, (uint64_t)about.st_ino,
		(uint64_t)about.st_mtim.tv_sec, (uint64_t)about.st_mtim.tv_nsec };
	*stamp = *stamp * 31 + random_keyed_hash(facts, sizeof facts);
}

uint64_t configuration_files_stamp(const struct config *map, const char *but)
{
	uint64_t stamp = 0;
	configuration_files_each(map, but, add_stamp, &stamp);
	return stamp;
}

/* By its name, and where two share one by the key that only one of them takes. */
static const struct adapter_ops *find_adapter(
        const struct plugs *plugs, slice name, const struct config *node)
{
	const struct adapter_ops *found = NULL;
	for (unsigned i = 0; plugs->adapters[i]; i++) {
		const struct adapter_ops *ops = plugs->adapters[i];
		if (ops->built_in || !slice_is(name, ops->name))
			continue;
		if (ops->chosen_by && config_get(node, ops->chosen_by))
			return ops;
		if (!ops->chosen_by)
			found = ops;
	}
	return found;
}

const struct listener_setup *configuration_listener(
        const struct configuration *configuration, slice name)
{
	for (unsigned i = 0; i < configuration->nlisteners; i++) {
		if (slice_is(name, configuration->listeners[i].name))
			return &configuration->listeners[i];
	}
	return NULL;
}

static bool named_before(const struct adapter_ops *const *adapters, unsigned i)
{
	for (unsigned before = 0; before < i; before++) {
		if (strcmp(adapters[before]->name, adapters[i]->name) == 0)
			return true;
	}
	return false;
}

const char *configuration_protocol(const struct plugs *plugs, unsigned i)
{
	for (unsigned at = 0; plugs->adapters[at]; at++) {
		if (!plugs->adapters[at]->built_in && !named_before(plugs->adapters, at) &&
		        i-- == 0)
			return plugs->adapters[at]->name;
	}
	return NULL;
}

static const char *protocol_name(const void *arg, unsigned i)
{
	return configuration_protocol(arg, i);
}

static void load_listener(
        struct configuration *configuration, struct config *node, struct mistakes *mistakes)
{
	const struct config *protocol = config_get(node, "protocol");
	if (!protocol || protocol->kind != CONFIG_SCALAR) {
		config_check(node, settings_listener, NULL, mistakes);
		return;
	}
	const struct adapter_ops *ops = find_adapter(configuration->plugs, protocol->text, node);
	if (!ops) {
		mistake_add_choice(mistakes, protocol, "no listener speaks", protocol_name,
		        configuration->plugs);
		return;
	}
	if (!config_check(node, settings_listener, ops->settings, mistakes))
		return;
	slice name = config_text(node, "name");
	if (configuration_listener(configuration, name)) {
		mistake_add(mistakes, config_get(node, "name"), "a second listener of this name");
		return;
	}
	const struct config *live = ops->live_files ? config_get(node, ops->live_files) : NULL;
	configuration->listeners[configuration->nlisteners++] = (struct listener_setup){
		.name = name.p,
		.ops = ops,
		.node = node,
		.files = configuration_files_stamp(node, ops->live_files) +
		         (ops->stamp ? ops->stamp(node) : 0),
		.live = configuration_files_stamp(live, NULL),
	};
}

static void load_listeners(struct configuration *configuration, struct mistakes *mistakes)
{
	const struct config *list = config_get(configuration->root, "listeners");
	if (!list)
		return;
	if (list->kind != CONFIG_LIST) {
		mistake_add(mistakes, list, "must be a list of listeners");
		return;
	}
	configuration->listeners =
	        arena_alloc(&configuration->arena, list->count * sizeof *configuration->listeners);
	for (struct config *node = list->first; node && configuration->listeners; node = node->next)
		load_listener(configuration, node, mistakes);
}

/* A listener that takes pre-shared keys, where no way to authenticate has any. */
static void check_keys(const struct configuration *configuration, struct mistakes *mistakes)
{
	for (unsigned i = 0; i < configuration->nauthenticators; i++) {
		const struct authenticator *at = configuration->authenticators[i].authenticator;
		if (!at || at->ops->secret_of)
			return;
	}
	for (unsigned i = 0; i < configuration->nlisteners; i++) {
		const struct config *tls = config_get(configuration->listeners[i].node, "tls");
		const struct config *psk = config_get(tls, "psk");
		if (psk && config_switch(tls, "psk"))
			mistake_add_key(mistakes, psk,
			        "nobody has a key: that takes a way under auth: of method psk, and "
			        "clients with a psk");
	}
}

/* What the file gives clients to prove themselves by, and nothing looks at. */
static void check_clients(const struct configuration *configuration, struct mistakes *mistakes)
{
	unsigned looked_at = 0;
	for (unsigned i = 0; i < configuration->nauthenticators; i++) {
		const struct authenticator *at = configuration->authenticators[i].authenticator;
		if (!at)
			return;
		looked_at |= at->ops->keys & ~at->blind;
	}
	client_keys_check(config_get(configuration->root, "clients"), looked_at, mistakes);
}

struct configuration *configuration_load(
        struct loop *loop, const struct plugs *plugs, const char *path, struct mistakes *mistakes)
{
	struct configuration *configuration = calloc(1, sizeof *configuration);
	if (!configuration) {
		mistake_add_at(mistakes, 0, 0, "out of memory");
		return NULL;
	}
	configuration->loop = loop;
	configuration->plugs = plugs;
	list_init(&configuration->link);
	arena_init(&configuration->arena, CONFIGURATION_MAX_BYTES);

	/* The tree must outlive the mistakes: it belongs to the configuration. */
	struct arena *mistakes_arena = mistakes->arena;
	mistakes->arena = &configuration->arena;
	struct config *root = config_file_read(path, mistakes);
	configuration->root = root;
	memcpy(configuration->digest, mistakes->digest, sizeof configuration->digest);
	if (root) {
		(void)config_check(root, NULL, settings_root, mistakes);
		load_board(configuration, root, mistakes);
		load_gateway(configuration, mistakes);
		load_audit(configuration, mistakes);
		load_listeners(configuration, mistakes);
		configuration_load_identities(configuration, mistakes);
		check_keys(configuration, mistakes);
		check_clients(configuration, mistakes);
		configuration_load_backends(configuration, mistakes);
		configuration_load_endpoints(configuration, mistakes);
		configuration_load_services(configuration, mistakes);
	}
	mistakes_sort(mistakes);
	mistakes->arena = mistakes_arena;
	mistakes->path = arena_copy_slice(mistakes_arena, mistakes->path);
	if (!mistakes->count)
		return configuration;
	for (unsigned i = 0; i < mistakes_kept(mistakes); i++) {
		struct mistake *mistake = &mistakes->at[i];
		mistake->text = arena_copy_slice(mistakes_arena, mistake->text);
		if (mistake->path.p)
			mistake->path = arena_copy_slice(mistakes_arena, mistake->path);
	}
	configuration_destroy(configuration);
	return NULL;
}

void configuration_destroy(struct configuration *configuration)
{
	if (!configuration)
		return;
	for (unsigned i = 0; i < configuration->nbackends; i++) {
		struct backend *backend = configuration->backends[i].backend;
		if (backend)
			backend->ops->close(backend);
	}
	for (unsigned i = 0; i < configuration->nendpoints; i++) {
		unpacking_close(configuration->endpoints[i].unpacking);
		packing_close(configuration->endpoints[i].endpoint.call.pack);
	}
	for (struct service *at = configuration->services; at; at = at->next) {
		struct backend *backend = at->backend.backend;
		if (backend)
			backend->ops->close(backend);
		router_destroy(at->router);
	}
	for (unsigned i = 0; i < configuration->nauthenticators; i++) {
		struct authenticator *authenticator =
		        configuration->authenticators[i].authenticator;
		if (authenticator)
			authenticator->ops->close(authenticator);
	}
	directory_destroy(configuration->directory);
	HASH_CLEAR(hh, configuration->roles_by_name);
	router_destroy(configuration->router);
	arena_finish(&configuration->arena);
	free(configuration);
}
