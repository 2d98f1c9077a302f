/* password: a user and a password. The user is the client's id; its password is kept as a hash, or where the configuration
 * gives it in plain text, as that. They come with HTTP Basic, in MQTT's CONNECT, or in WS-Security's UsernameToken.
 *
 * Verifying a hash is slow on purpose, so it is done by a thread of its own (hashing.h) while the request WAITs. Requests
 * that bring the same user and password meanwhile wait for the same answer. What was found out is remembered
 * (auth_recall()), so a device that posts each second costs one verification and not one a second; the memory is tied
 * to the client's hash, so it ends with that.
 *
 * NOBODY LEARNS WHO IS A CLIENT: for a user who is none, or who has no password, one is verified as well, against a hash
 * that nothing matches and that costs what verifying one of the others last did; and a wrong password for one that is kept
 * in plain text takes that way too. All are refused in the same words. */
#include "api/authenticator.h"

#include <stdlib.h>

#include "auth/password/digest.h"
#include "auth/password/hashing.h"
#include "base/log.h"
#include "base/random.h"

enum {
	USER_MAX_BYTES = 255,
	RETRY_AFTER_MS = 1000,
	NONCES_MAX = 1000000,
	WINDOW_MAX_MS = 24 * 3600 * 1000
};

struct password_authenticator {
	struct authenticator base;
	const struct directory *directory;
	struct hashing *hashing;
	struct list checks; /* under way */
	struct password_hash dummy;
	uint64_t remember_ms;
	struct digest_rules digest;
};

/* One verification, and the requests that wait for it. */
struct check {
	struct hashing_job job; /* first */
	struct list link, waiters;
	struct password_authenticator *owner;
	uint64_t held_against;   /* what the client had then: a hash of it */
	bool lost;               /* whatever comes of it, it is wrong */
	uint64_t user, password; /* as keyed hashes: who comes with the same */
};

/* In the request's arena. */
struct waiter {
	struct list link;
	struct request *request;
	const struct credential *credential;
};

static uint64_t mark(slice bytes)
{
	return random_keyed_hash(bytes.p, bytes.n);
}

static enum verdict refuse(struct request *request)
{
	request_refuse(
	        request, STATUS_UNAUTHENTICATED, "this user and this password are not accepted");
	return REPLY;
}

/* The newest that has not expired; NULL: none. */
static const struct client_key *password_of(const struct password_authenticator *self, slice user)
{
	const struct client_key *newest = NULL, *at = NULL;
	do {
		at = directory_key_of(self->directory, user, KEY_PASSWORD, at);
		newest = at ? at : newest;
	} while (at);
	return newest;
}

static slice held_against(const struct client_key *key)
{
	return key ? key->secret : (slice){ NULL, 0 };
}

enum { PARTS = 3 };

static void list_parts(
        const struct credential *credential, const struct client_key *key, slice parts[PARTS])
{
	parts[0] = credential->name;
	parts[1] = held_against(key);
	parts[2] = credential->secret;
}

/* ---- The answer of the thread */

static void answer(const struct check *check, const struct waiter *waiter)
{
	const struct password_authenticator *self = check->owner;
	struct request *request = waiter->request;
	const struct client_key *key = password_of(self, waiter->credential->name);
	slice parts[PARTS];
	if (check->job.failed) {
		request_refuse(request, STATUS_UNAVAILABLE,
		        "no memory for verifying the password at the moment");
		request->retry_after_ms = RETRY_AFTER_MS;
		auth_done(request, REPLY);
		return;
	}
	/* Meanwhile it may have got another one. */
	bool same = mark(held_against(key)) == check->held_against;
	bool right = same && key && check->job.right && !check->lost;
	list_parts(waiter->credential, key, parts);
	if (same)
		auth_remember(request, parts, PARTS, right, self->remember_ms);
	auth_done(request, right ? auth_grant_key(request, key) : refuse(request));
}

static void verified(struct hashing_job *job)
{
	struct check *check = (struct check *)job;
	list_remove(&check->link);
	LIST_EACH (&check->waiters, at, following) {
		list_remove(at);
		answer(check, LIST_OWNER(at, struct waiter, link));
	}
	explicit_bzero(check, sizeof *check);
	free(check);
}

/* ---- The question */

static struct check *find_check(const struct password_authenticator *self,
        const struct credential *credential, const struct client_key *key)
{
	uint64_t user = mark(credential->name), password = mark(credential->secret);
	LIST_EACH (&self->checks, at, following) {
		struct check *check = LIST_OWNER(at, struct check, link);
		if (check->user == user && check->password == password &&
		        check->held_against == mark(held_against(key)))
			return check;
	}
	return NULL;
}

/* What is verified for this client; lost: nothing can match. */
static bool choose_hash(struct password_authenticator *self, const struct client_key *key,
        struct password_hash *hash)
{
	const char *why;
	*hash = self->dummy;
	if (!key || !password_is_hash(key->secret))
		return false;
	if (!password_parse(key->secret, hash, &why)) {
		log_error("auth", "client=%.*s the hash of its password cannot be read: %s",
		        SLICE_ARG(key->client), why);
		*hash = self->dummy;
		return false;
	}
	if (memcmp(&hash->cost, &self->dummy.cost, sizeof hash->cost) != 0)
		password_make_dummy(&hash->cost, &self->dummy);
	return true;
}

static struct check *begin(struct password_authenticator *self, const struct credential *credential,
        const struct client_key *key, bool can_wait)
{
	struct check *check = calloc(1, sizeof *check);
	if (!check)
		return NULL;
	list_init(&check->waiters);
	check->owner = self;
	check->lost = !choose_hash(self, key, &check->job.hash);
	check->held_against = mark(held_against(key));
	check->user = mark(credential->name);
	check->password = mark(credential->secret);
	check->job.n = credential->secret.n;
	memcpy(check->job.password, credential->secret.p, check->job.n);
	check->job.done = verified;
	if (hashing_start(self->hashing, &check->job, can_wait)) {
		list_append(&self->checks, &check->link);
		return check;
	}
	explicit_bzero(check, sizeof *check);
	free(check);
	return NULL;
}

static enum verdict verify(struct password_authenticator *self, struct request *request,
        const struct credential *credential, const struct client_key *key)
{
	struct waiter *waiter = ARENA_NEW(&request->arena, struct waiter);
	struct check *check = waiter ? find_check(self, credential, key) : NULL;
	/* Of all sessions that are looked at again after a reload each asks again by itself. */
	if (waiter && !check)
		check = begin(self, credential, key, request->ask_only);
	if (!check) {
		request_refuse(request, STATUS_UNAVAILABLE,
		        "too many passwords are being verified at the moment");
		request->retry_after_ms = RETRY_AFTER_MS;
		return REPLY;
	}
	waiter->request = request;
	waiter->credential = credential;
	list_append(&check->waiters, &waiter->link);
	return WAIT;
}

static enum verdict password_check(
        struct authenticator *base, struct request *request, const struct credential *credential)
{
	struct password_authenticator *self = (struct password_authenticator *)base;
	if (credential->name.n > USER_MAX_BYTES || credential->secret.n > PASSWORD_MAX_BYTES)
		return refuse(request);
	const struct client_key *key = password_of(self, credential->name);
	if (credential->kind == CREDENTIAL_PASSWORD_DIGEST)
		return password_digest_check(&self->digest, request, credential, key);
	if (key && !password_is_hash(key->secret) &&
	        slice_equal_secret(key->secret, credential->secret))
		return auth_grant_key(request, key);
	slice parts[PARTS];
	list_parts(credential, key, parts);
	switch (auth_recall(request, parts, PARTS, self->remember_ms)) {
	case AUTH_RIGHT:
		return auth_grant_key(request, key);
	case AUTH_WRONG:
		return refuse(request);
	case AUTH_UNKNOWN:
		break;
	}
	return verify(self, request, credential, key);
}

/* ---- The plug */

static bool password_offers(const struct authenticator *base, const struct credential *credential)
{
	(void)base;
	bool taken = credential->kind == CREDENTIAL_BASIC ||
	             credential->kind == CREDENTIAL_USERNAME_TOKEN ||
	             credential->kind == CREDENTIAL_PASSWORD_DIGEST;
	return taken && credential->name.n && credential->secret.n;
}

static void password_close(struct authenticator *base)
{
	struct password_authenticator *self = (struct password_authenticator *)base;
	if (!self)
		return;
	hashing_destroy(self->hashing);
	free(self);
}

static struct authenticator *password_open(struct loop *loop, const struct config *config,
        const struct directory *directory, struct error *error)
{
	struct password_authenticator *self = calloc(1, sizeof *self);
	if (self)
		self->hashing = hashing_create(loop);
	if (!self || !self->hashing) {
		error_set(error, "out of memory");
		free(self);
		return NULL;
	}
	const struct password_cost cost = password_default_cost();
	password_make_dummy(&cost, &self->dummy);
	list_init(&self->checks);
	self->directory = directory;
	self->remember_ms = config_duration_ms(config, "remember");
	self->digest = (struct digest_rules){ .window_ms = config_duration_ms(config, "window"),
		.skew_ms = config_duration_ms(config, "skew") };
	uint64_t nonces = config_number(config, "nonces");
	self->digest.nonces = (unsigned)nonces;
	if (nonces && nonces <= NONCES_MAX && self->digest.window_ms <= WINDOW_MAX_MS &&
	        self->digest.skew_ms <= WINDOW_MAX_MS)
		return &self->base;
	config_error(config, error, "nonces is from 1 to a million; window and skew a day at most");
	password_close(&self->base);
	return NULL;
}

static const struct setting settings[] = {
	{ .key = "remember",
	        .type = SETTING_DURATION,
	        .fallback = "5m",
	        .help = "for how long after its last use a verified password is not verified "
	                "again; 0s: each time" },
	{ .key = "window",
	        .type = SETTING_DURATION,
	        .fallback = "5m",
	        .help = "how old a message with a password digest may be" },
	{ .key = "skew",
	        .type = SETTING_DURATION,
	        .fallback = "1m",
	        .help = "and how far in the future: clocks differ" },
	{ .key = "nonces",
	        .type = SETTING_NUMBER,
	        .fallback = "100000",
	        .help = "of how many such messages is remembered that they came; beyond that they "
	                "are refused" },
	{ .key = NULL },
};

const struct authenticator_ops authenticator_password = {
	.name = "password",
	.settings = settings,
	.keys = 1u << KEY_PASSWORD,
	.open = password_open,
	.offers = password_offers,
	.check = password_check,
	.close = password_close,
};
