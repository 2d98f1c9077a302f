/* Steps on keys. */
#include "core/internal.h"

#include <stdio.h>

#include "base/base64.h"
#include "base/clock.h"
#include "crypto/password.h"

enum {
	SECRET_BYTES = 32, /* 256 bits: nobody guesses them */
	HANDLE_DIGITS = 12,
	HANDLE_BYTES = HANDLE_DIGITS + 3,
	SCOPES_MAX = 64,
	SCOPE_MAX_BYTES = 256,
	PSK_MAX_BYTES = 32,
	FAMILY_MAX_BYTES = 64,
	DROPS_MAX = 8, /* at a time: each is a walk over the client's keys */
	NS_PER_MS = 1000000,
	SCRATCH_BYTES = 4096
};

/* What stands before a secret, so that who finds one in a log or a repository knows what it is. */
static const struct {
	const char *name, *prefix;
	char letter;
} kinds[KEY_KINDS] = {
	[KEY_TOKEN] = { "token", "flt_", 't' },
	[KEY_API_KEY] = { "api-key", "flk_", 'k' },
	[KEY_PASSWORD] = { "password", NULL, 'w' },
	[KEY_PSK] = { "psk", NULL, 'p' },
	[KEY_CERTIFICATE] = { "certificate", NULL, 'c' },
	[KEY_REFRESH] = { "refresh", "flr_", 'r' },
};

const char *clients_kind_name(enum key_kind kind)
{
	return kinds[kind].name;
}

bool clients_kind_parse(slice name, enum key_kind *kind)
{
	for (unsigned i = 0; i < KEY_KINDS; i++) {
		if (!slice_is(name, kinds[i].name))
			continue;
		*kind = (enum key_kind)i;
		return true;
	}
	return false;
}

/* ---- Making one */

static void make_handle(const struct roster *roster, enum key_kind kind, char handle[HANDLE_BYTES])
{
	do {
		(void)snprintf(handle, HANDLE_BYTES, "%c-%0*llx", kinds[kind].letter, HANDLE_DIGITS,
		        (unsigned long long)(random_u64() >> 16));
	} while (roster_key_named(roster, slice_of(handle)));
}

/* Somebody of this id, that may get a key of this kind at run time. */
static bool may_have(struct clients_change *change, slice id, enum key_kind kind)
{
	const struct core *core = change->core;
	bool of_file;
	if (!registry_is_open(change))
		return false;
	if (!clients_find(core, id, &of_file))
		return registry_refuse(
		        &change->outcome, STATUS_NOT_FOUND, "there is no such client");
	bool made_here = kinds[kind].prefix != NULL;
	if (of_file && (!made_here || roster_find(core->registry.roster, id)))
		return registry_refuse(&change->outcome, STATUS_CONFLICT,
		        made_here ? "%.*s is in the configuration file, and there is one of run "
		                    "time as well: remove that first"
		                  : "%.*s is in the configuration file, and this is said there",
		        SLICE_ARG(id));
	return clients_key_room(core) ||
	       registry_refuse(&change->outcome, STATUS_TOO_MANY,
	               "there are as many keys as gateway.limits.keys allows");
}

/* Into the roster, with a step. `key` without a handle gets one. NULL: refused. */
static const struct client_key *enter(
        struct clients_change *change, struct client_key *key, const char *action)
{
	struct registry *registry = &change->core->registry;
	char handle[HANDLE_BYTES];
	if (!key->handle.n) {
		make_handle(registry->roster, key->kind, handle);
		key->handle = slice_of(handle);
		key->made_ms = clock_wall_ns() / NS_PER_MS;
	}
	struct registry_step *step =
	        registry_step(change, STORE_KEYS, key->client, key->handle, action);
	if (!step)
		return NULL;
	enum roster_answer answer = roster_put_key_of(registry->roster, key);
	if (answer == ROSTER_OK)
		return roster_key_named(registry->roster, step->name);
	registry_step_free(step);
	if (answer == ROSTER_TAKEN)
		(void)registry_refuse(&change->outcome, STATUS_CONFLICT,
		        "another client, or this one, has it already");
	else
		(void)registry_refuse(&change->outcome, STATUS_INTERNAL, "out of memory");
	return NULL;
}

static bool scopes_valid(const struct key_wish *wish)
{
	for (unsigned i = 0; i < wish->nscopes; i++) {
		if (!wish->scopes[i].n || wish->scopes[i].n > SCOPE_MAX_BYTES)
			return false;
	}
	return wish->nscopes <= SCOPES_MAX && wish->family.n <= FAMILY_MAX_BYTES &&
	       (!wish->bound_to.n || wish->bound_to.n == DIGEST_BYTES);
}

/* The key of this handle is used up: it stays, as spent. */
static bool spend(struct clients_change *change, const struct key_wish *wish)
{
	struct roster *roster = change->core->registry.roster;
	const struct client_key *key = roster_key_named(roster, wish->spends);
	if (!key || key->spent || !slice_equal(key->client, wish->client))
		return registry_refuse(
		        &change->outcome, STATUS_CONFLICT, "the key was used up before");
	struct registry_step *step =
	        registry_step(change, STORE_KEYS, key->client, key->handle, "key.spend");
	if (!step)
		return false;
	/* Taken out first: the two have the same secret. */
	roster_take_key(roster, key);
	struct client_key spent = *key;
	spent.spent = true;
	if (roster_put_key_of(roster, &spent) == ROSTER_OK) {
		step->old_key = key;
		return true;
	}
	(void)roster_give_key(roster, key);
	registry_step_free(step);
	return registry_refuse(&change->outcome, STATUS_INTERNAL, "out of memory");
}

static slice make_secret(struct arena *arena, enum key_kind kind)
{
	char bytes[SECRET_BYTES];
	random_bytes(bytes, sizeof bytes);
	slice text = base64_encode_url(arena, (slice){ bytes, sizeof bytes });
	explicit_bzero(bytes, sizeof bytes);
	slice secret =
	        text.p ? arena_printf(arena, "%s%.*s", kinds[kind].prefix, SLICE_ARG(text)) : text;
	if (text.p)
		explicit_bzero((char *)(uintptr_t)text.p, text.n);
	return secret;
}

bool clients_make_key(struct clients_change *change, const struct key_wish *wish,
        struct arena *arena, slice *secret, const struct client_key **made)
{
	struct registry *registry = &change->core->registry;
	if (!may_have(change, wish->client, wish->kind))
		return false;
	if (!kinds[wish->kind].prefix || !scopes_valid(wish))
		return registry_refuse(&change->outcome, STATUS_INVALID,
		        "a key has %d scopes at most, of 1 to %d bytes each", SCOPES_MAX,
		        SCOPE_MAX_BYTES);
	*secret = wish->secret.n ? wish->secret : make_secret(arena, wish->kind);
	if (!secret->p)
		return registry_refuse(
		        &change->outcome, STATUS_TOO_LARGE, "no memory left for the secret");
	if (wish->spends.n && !spend(change, wish))
		return false;
	struct digest digest = keyed_digest(registry->digests, *secret);
	struct client_key key = { .client = wish->client,
		.kind = wish->kind,
		.secret = digest_slice(&digest),
		.scopes = wish->scopes,
		.nscopes = wish->nscopes,
		.scoped = wish->scoped,
		.bound_to = wish->bound_to,
		.family = wish->family,
		.expires_ms = wish->expires_ms };
	*made = enter(change, &key, wish->kind == KEY_API_KEY ? "key.make" : "token.issue");
	return *made != NULL;
}

/* ---- Those that are given */

/* It only makes room: without the new one it comes back. */
static bool displace(struct clients_change *change, const struct client_key *old)
{
	if (!registry_drop_key(change, old, "key.revoke"))
		return false;
	LIST_OWNER(change->steps.previous, struct registry_step, link)->stays = false;
	return true;
}

/* In place of what the client has of this kind. */
static bool replace(struct clients_change *change, slice client, enum key_kind kind, slice secret,
        const char *action)
{
	const struct roster *roster = change->core->registry.roster;
	if (!may_have(change, client, kind))
		return false;
	const struct client_key *old = roster_key_of(roster, client, kind, NULL);
	struct client_key key = { .client = client, .kind = kind, .secret = secret };
	return (!old || displace(change, old)) && enter(change, &key, action) != NULL;
}

bool clients_set_psk(struct clients_change *change, slice client, slice psk)
{
	if (!psk.n || psk.n > PSK_MAX_BYTES)
		return registry_refuse(&change->outcome, STATUS_INVALID,
		        "a pre-shared key has 1 to %d bytes", PSK_MAX_BYTES);
	return replace(change, client, KEY_PSK, psk, "psk.set");
}

bool clients_set_password(struct clients_change *change, slice client, slice hash)
{
	struct password_hash parsed;
	const char *why;
	if (!password_parse(hash, &parsed, &why))
		return registry_refuse(&change->outcome, STATUS_INVALID, "%s", why);
	explicit_bzero(&parsed, sizeof parsed);
	return replace(change, client, KEY_PASSWORD, hash, "password.set");
}

bool clients_add_certificate(struct clients_change *change, slice client, slice fingerprint)
{
	struct client_key key = {
		.client = client, .kind = KEY_CERTIFICATE, .secret = fingerprint
	};
	if (fingerprint.n != DIGEST_BYTES)
		return registry_refuse(&change->outcome, STATUS_INVALID,
		        "a fingerprint is the SHA-256 of a certificate, of %d bytes", DIGEST_BYTES);
	if (!may_have(change, client, KEY_CERTIFICATE))
		return false;
	const struct client_key *taken =
	        directory_find_key(clients_directory(change->core), KEY_CERTIFICATE, fingerprint);
	if (taken)
		return registry_refuse(&change->outcome, STATUS_CONFLICT,
		        "the certificate is %.*s's already", SLICE_ARG(taken->client));
	return enter(change, &key, "certificate.add") != NULL;
}

/* ---- Revoking */

static bool nothing_found(struct clients_change *change)
{
	return registry_refuse(&change->outcome, STATUS_NOT_FOUND, "there is no such key");
}

bool clients_revoke_key(struct clients_change *change, slice handle)
{
	const struct client_key *key = clients_key_named(change->core, handle);
	if (!registry_is_open(change))
		return false;
	return key ? registry_drop_key(change, key, "key.revoke") : nothing_found(change);
}

bool clients_revoke_secret(struct clients_change *change, enum key_kind kind, slice secret)
{
	const struct registry *registry = &change->core->registry;
	if (!registry_is_open(change) || !kinds[kind].prefix)
		return nothing_found(change);
	struct digest digest = keyed_digest(registry->digests, secret);
	const struct client_key *key =
	        roster_find_key(registry->roster, kind, digest_slice(&digest));
	return key ? registry_drop_key(change, key, "key.revoke") : nothing_found(change);
}

/* Those of a client that are of this family, or kind. */
static bool revoke_some(struct clients_change *change, slice client, const slice *family,
        enum key_kind kind, unsigned *n)
{
	const struct roster *roster = change->core->registry.roster;
	const struct client_key *key = roster_key_any_of(roster, client, NULL);
	for (*n = 0; key;) {
		const struct client_key *next = roster_key_any_of(roster, client, key);
		bool wanted = family ? slice_equal(key->family, *family) : key->kind == kind;
		if (wanted && !registry_drop_key(change, key, "key.revoke"))
			return false;
		*n += wanted;
		key = next;
	}
	return true;
}

bool clients_revoke_family(struct clients_change *change, slice client, slice family)
{
	unsigned n;
	return registry_is_open(change) && family.n &&
	       revoke_some(change, client, &family, KEY_TOKEN, &n) && (n || nothing_found(change));
}

bool clients_revoke_kind(struct clients_change *change, slice client, enum key_kind kind)
{
	unsigned n;
	return registry_is_open(change) && revoke_some(change, client, NULL, kind, &n);
}

bool clients_keep_newest(
        struct clients_change *change, slice client, enum key_kind kind, unsigned most)
{
	const struct roster *roster = change->core->registry.roster;
	unsigned n = 0, dropped = 0;
	do {
		const struct client_key *oldest = NULL, *key = NULL;
		n = 0;
		while ((key = roster_key_of(roster, client, kind, key)) != NULL) {
			if (!key->family.n)
				continue;
			n++;
			if (!oldest || key->made_ms < oldest->made_ms)
				oldest = key;
		}
		if (n > most && !displace(change, oldest))
			return false;
	} while (n > most + 1 && ++dropped < DROPS_MAX);
	return true;
}
