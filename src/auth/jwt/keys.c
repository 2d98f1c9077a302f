#include "auth/jwt/keys.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/audit.h"
#include "auth/jwt/remote.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/digest.h"
#include "loop/file_watch.h"
#include "loop/loop.h"

enum { FILE_RENEW_MS = 1000, SECRET_MAX_BYTES = 256 * 1024 };

struct jwt_keys {
	struct remote_owner base; /* what jwt/remote.h knows of us */
	struct jwt_keys_owner *owner;
	struct loop *loop;
	struct jwks *set;     /* NULL: none yet */
	struct digest source; /* of the text that they were read from */
	bool is_pem;
	struct file_watch *watch; /* of a file; or NULL */
	bool asked;               /* its content, by jwt_keys_renew() */
	uint64_t asked_ms;
	struct remote *remote; /* of a URL; or NULL */
	slice fetched;         /* the text from there, malloc'ed; or { NULL, 0 } */
};

const struct jwks *jwt_keys_current(const struct jwt_keys *keys)
{
	if (keys->remote && !remote_is_usable(keys->remote))
		return NULL;
	return keys->set;
}

bool jwt_keys_are_coming(const struct jwt_keys *keys)
{
	return keys->remote && remote_is_starting(keys->remote);
}

bool jwt_keys_renew(struct jwt_keys *keys)
{
	if (keys->remote)
		return remote_ask(keys->remote);
	uint64_t now_ms = loop_now_ms(keys->loop);
	if (!keys->watch || (!keys->asked && now_ms < keys->asked_ms + FILE_RENEW_MS))
		return false;
	if (!keys->asked)
		file_watch_look(keys->watch);
	keys->asked = true;
	keys->asked_ms = now_ms;
	return true;
}

static struct jwks *set_of(struct key *key)
{
	struct jwks *set = jwks_create();
	struct jwk *jwk = jwk_create(key, (slice){ NULL, 0 }, NULL);
	if (!set || !jwk) {
		jwks_destroy(set);
		jwk_destroy(jwk);
		return NULL;
	}
	jwks_add(set, jwk);
	return set;
}

/* NULL: *error says why. */
static struct jwks *read_text(const struct jwt_keys *keys, slice text, struct error *error)
{
	if (!keys->is_pem)
		return jwks_parse(text, !keys->remote, error);
	const char *why = "out of memory";
	struct key *key = key_of_public_pem(text, &why);
	struct jwks *set = key ? set_of(key) : NULL;
	if (!set)
		error_set(error, "%s", why);
	return set;
}

/* Other keys are in force. */
static void note_change(struct jwt_keys *keys, const struct jwks *set)
{
	const struct authenticator *owner = keys->owner->authenticator;
	char detail[160];
	int n = snprintf(detail, sizeof detail, "%u keys", set->count);
	if (set->skipped)
		(void)snprintf(detail + n, sizeof detail - (size_t)n,
		        ", %u that are listed are not used (the first: %s)", set->skipped,
		        set->skipped_why);
	log_info("auth", "%s: %s", owner->label, detail);
	const struct audit_event event = { .kind = AUDIT_KEY,
		.action = "jwks.refreshed",
		.object = slice_of(owner->label),
		.status = STATUS_OK,
		.detail = slice_of(detail) };
	if (owner->core)
		audit_note(owner->core, &event);
}

/* false: *error says why, and nothing changes. */
static bool take_text(struct jwt_keys *keys, slice text, struct error *error)
{
	struct digest digest = digest_sha256(text);
	if (keys->set && digest_equal(&digest, &keys->source))
		return true;
	struct jwks *set = read_text(keys, text, error);
	if (!set)
		return false;
	jwks_destroy(keys->set);
	keys->set = set;
	keys->source = digest;
	note_change(keys, set);
	keys->owner->changed(keys->owner);
	return true;
}

static void forget_fetched(struct jwt_keys *keys)
{
	free((char *)(uintptr_t)keys->fetched.p);
	keys->fetched = (slice){ NULL, 0 };
}

static bool take_fetched(struct remote_owner *base, slice body, struct error *error)
{
	struct jwt_keys *keys = (struct jwt_keys *)base;
	if (!take_text(keys, body, error))
		return false;
	/* For one that takes over; who has no memory for it begins anew. */
	forget_fetched(keys);
	char *copy = malloc(body.n);
	if (copy) {
		memcpy(copy, body.p, body.n);
		keys->fetched = (slice){ copy, body.n };
	}
	return true;
}

void jwt_keys_take_over(struct jwt_keys *keys, const struct jwt_keys *others)
{
	struct error error;
	if (keys->remote && others->remote && others->fetched.p &&
	        remote_is_same(keys->remote, others->remote) &&
	        take_fetched(&keys->base, others->fetched, &error))
		remote_take_over(keys->remote, others->remote);
}

static void fetch_settled(struct remote_owner *base)
{
	struct jwt_keys *keys = (struct jwt_keys *)base;
	keys->owner->settled(keys->owner);
}

static void file_was_read(void *arg, int failed, slice content)
{
	struct jwt_keys *keys = arg;
	struct error error = { .text = "" };
	if (failed)
		(void)error_set(&error, "%s", strerror(failed));
	if (failed || !take_text(keys, content, &error))
		log_warning("auth", "%s: the file of its keys: %s; those in force stay",
		        keys->owner->authenticator->label, error.text);
	bool asked = keys->asked;
	keys->asked = false;
	if (asked)
		keys->owner->settled(keys->owner);
}

static bool open_file(
        struct jwt_keys *keys, const struct config *config, const char *key, struct error *error)
{
	const struct config *node = config_get(config, key);
	struct arena arena;
	arena_init(&arena, 2 * (size_t)JWKS_MAX_BYTES);
	slice path = config_path(&arena, node, slice_from(node->text, 5));
	slice text = path;
	/* One byte more: read_text() says that it is too much. */
	if (path.p)
		(void)file_read(&arena, path.p, JWKS_MAX_BYTES + 1, &text);
	struct error wrong = { .text = "it cannot be read" };
	keys->set = text.p ? read_text(keys, text, &wrong) : NULL;
	if (keys->set) {
		keys->source = digest_sha256(text);
		keys->watch =
		        file_watch_create(keys->loop, path.p, JWKS_MAX_BYTES, file_was_read, keys);
	}
	if (!keys->set)
		config_error(node, error, "%s: %s", node->text.p, wrong.text);
	else if (!keys->set->count)
		config_error(node, error, "%s: none of its keys can be used%s%s", node->text.p,
		        keys->set->skipped ? "; the first: " : "",
		        keys->set->skipped ? keys->set->skipped_why : "");
	else if (!keys->watch)
		error_set(error, "out of memory");
	bool good = keys->watch && keys->set->count;
	if (text.p)
		explicit_bzero((char *)(uintptr_t)text.p, text.n);
	arena_finish(&arena);
	return good;
}

static bool open_secret(struct jwt_keys *keys, const struct config *config, struct error *error)
{
	struct arena arena;
	slice secret;
	const char *why = "out of memory";
	arena_init(&arena, SECRET_MAX_BYTES);
	if (!config_secret(&arena, config, "secret", &secret, error)) {
		arena_finish(&arena);
		return false;
	}
	const struct key_parts parts = { .type = KEY_TYPE_SECRET, .secret = secret };
	struct key *key = key_create(&parts, &why);
	explicit_bzero((char *)(uintptr_t)secret.p, secret.n);
	arena_finish(&arena);
	keys->set = key ? set_of(key) : NULL;
	return keys->set || config_error(config_get(config, "secret"), error, "%s", why);
}

static bool open_source(struct jwt_keys *keys, const struct config *config, struct error *error)
{
	const struct config *set = config_get(config, "jwks"), *key = config_get(config, "key");
	const struct config *secret = config_get(config, "secret");
	if (!set + !key + !secret != 2)
		return config_error(config, error,
		        "one of jwks, key and secret must say what "
		        "signatures are checked with");
	if (secret)
		return open_secret(keys, config, error);
	if (key) {
		keys->is_pem = true;
		return slice_starts(key->text, SLICE("file:"))
		               ? open_file(keys, config, "key", error)
		               : config_error(key, error, "say file:PATH");
	}
	if (slice_starts(set->text, SLICE("file:")))
		return open_file(keys, config, "jwks", error);
	if (!slice_starts(set->text, SLICE("https://")) &&
	        !slice_starts(set->text, SLICE("http://")))
		return config_error(set, error, "say file:PATH or https://…");
	keys->remote = remote_open(keys->loop, config, &keys->base, error);
	return keys->remote != NULL;
}

struct jwt_keys *jwt_keys_open(struct loop *loop, const struct config *config,
        struct jwt_keys_owner *owner, struct error *error)
{
	struct jwt_keys *keys = calloc(1, sizeof *keys);
	if (!keys) {
		error_set(error, "out of memory");
		return NULL;
	}
	keys->base = (struct remote_owner){ owner->authenticator, take_fetched, fetch_settled };
	keys->owner = owner;
	keys->loop = loop;
	if (open_source(keys, config, error))
		return keys;
	jwt_keys_close(keys);
	return NULL;
}

void jwt_keys_close(struct jwt_keys *keys)
{
	if (!keys)
		return;
	file_watch_destroy(keys->watch);
	remote_close(keys->remote);
	forget_fetched(keys);
	jwks_destroy(keys->set);
	free(keys);
}
