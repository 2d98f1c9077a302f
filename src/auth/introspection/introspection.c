/* introspection: asks the provider what an opaque token means (RFC 7662), and remembers the answer for a while.
 *
 * A request whose token is not known WAITs for the answer. Nothing else does: the question is one of the loop's events, and
 * has a deadline. Requests that bring the same token meanwhile wait for the same question, so a provider is asked once a
 * token and not once a message.
 *
 * WHAT IS REMEMBERED is found by the token's keyed hash (SHA-256), under a key that this process has drawn: nobody who sees the memory learns
 * a token from it, and nobody can choose tokens that meet. Accepted tokens and refused ones have a memory each, so a flood
 * of made-up tokens does not push out those of the fleet. An answer is used for `cache.time` and never beyond the token's
 * own end; when the provider cannot be asked, an older one is used for `cache.outage` more, if the configuration says so.
 *
 * WHO STAYS CONNECTED asks nothing, and would stay when its token is revoked. So when an accepted answer is no longer fresh,
 * the core is told that its client may be somebody else now: whoever is connected as it is looked at again, which asks
 * the provider; and for a client that is not connected nobody is asked.
 *
 * A PROVIDER THAT DOES NOT ANSWER says nothing of the caller: who waits hears "unavailable", and not "who are you?", which
 * would make a device throw a good token away. So does an answer that makes no sense. */
#include "api/authenticator.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/introspection/findings.h"
#include "auth/introspection/provider.h"
#include "base/base64.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/table.h"
#include "loop/loop.h"

enum {
	KEY_BYTES = 32,
	REVIEW_MIN_MS = 1000, /* between two looks at who is connected */
	RETRY_AFTER_MS = 5000,
	READING_MAX_BYTES = 1024 * 1024, /* the values of one answer */
	TEXTS_MAX_BYTES = 64 * 1024,
	ENTRIES_MAX = 1000000
};

/* One question to the provider, and who waits for the answer. */
struct question {
	struct introspection *owner;
	struct digest digest;
	struct list waiters;
	UT_hash_handle hh;
};

/* In the request's arena. */
struct waiter {
	struct list link;
	struct request *request;
	const struct credential *credential;
};

struct introspection {
	struct authenticator base;
	struct loop *loop;
	struct provider *provider;
	struct question *questions; /* by digest */
	struct findings *accepted, *refused;
	unsigned char key[KEY_BYTES];
	uint64_t time_ms, refused_ms, outage_ms;
	bool unlisted;
	bool ill; /* the last question was not answered */
	struct timer review;
	struct finding_rules rules;
	struct arena texts; /* of the rules */
};

/* A key in front is enough: what comes out is shown to nobody. An HMAC would cost four times as much, each message. */
static struct digest digest_of(const struct introspection *self, slice token)
{
	char bytes[KEY_BYTES + PROVIDER_TOKEN_MAX_BYTES];
	assert(token.n <= PROVIDER_TOKEN_MAX_BYTES); /* see looks_like_token() */
	memcpy(bytes, self->key, KEY_BYTES);
	memcpy(bytes + KEY_BYTES, token.p, token.n);
	struct digest digest = digest_sha256((slice){ bytes, KEY_BYTES + token.n });
	explicit_bzero(bytes, KEY_BYTES + token.n);
	return digest;
}

static int64_t wall_ms(void)
{
	return (int64_t)(clock_wall_ns() / 1000000);
}

/* ---- What a finding means for a request */

static enum verdict refuse(struct request *request, slice why)
{
	request_refuse(request, STATUS_UNAUTHENTICATED, "%.*s", SLICE_ARG(why));
	return REPLY;
}

static enum verdict say_unavailable(struct request *request)
{
	request_refuse(request, STATUS_UNAVAILABLE,
	        "whose token this is cannot be found out at the moment");
	request->retry_after_ms = RETRY_AFTER_MS;
	return REPLY;
}

/* Has the caller shown the certificate that the token is bound to (RFC 8705 section 3)? */
static bool shows_certificate(struct request *request, slice thumbprint)
{
	slice fingerprint;
	return base64_decode(&request->arena, thumbprint, &fingerprint) &&
	       auth_shows_certificate(request, fingerprint);
}

static enum verdict decide(const struct introspection *self, struct request *request,
        const struct credential *credential, const struct finding *finding)
{
	struct error late;
	if (!finding->active)
		return refuse(request, finding->why);
	if (!claims_timely(&finding->times, wall_ms(), &late))
		return refuse(request, slice_of(late.text));
	if (credential->name.n && !slice_equal(credential->name, finding->id)) {
		request_refuse(
		        request, STATUS_UNAUTHENTICATED, "this token does not belong to that user");
		return REPLY;
	}
	if (finding->bound_to.n && !shows_certificate(request, finding->bound_to))
		return refuse(request,
		        SLICE("this token is good only with the certificate that it is bound to"));
	const struct grant grant = {
		.client = finding->id,
		.unlisted = self->unlisted,
		.roles = finding->has_roles ? finding->roles : NULL,
		.nroles = finding->nroles,
		.scoped = finding->scoped,
		.scopes = finding->scopes,
		.nscopes = finding->nscopes,
		.plan = finding->plan,
		.valid_until_ms = finding->times.until_ms == INT64_MAX
		                          ? 0
		                          : (uint64_t)finding->times.until_ms,
	};
	return auth_grant(request, &grant);
}

/* ---- The answer */

/* Said once when it begins, and once when it is over. */
static void note_illness(struct introspection *self, slice why)
{
	if (!self->ill)
		log_warning("auth", "%s: the provider cannot be asked: %.*s", self->base.label,
		        SLICE_ARG(why));
	else
		log_debug("auth", "%s: %.*s", self->base.label, SLICE_ARG(why));
	self->ill = true;
}

static void note_health(struct introspection *self)
{
	if (self->ill)
		log_info("auth", "%s: the provider answers again", self->base.label);
	self->ill = false;
}

static bool read_answer(struct introspection *self, struct arena *arena,
        const struct fetch_answer *answer, struct finding *finding)
{
	struct error error = { 0 };
	char why[64];
	if (answer->end == FETCH_BUSY) {
		log_debug("auth", "%s: %.*s", self->base.label, SLICE_ARG(answer->why));
		return false;
	}
	if (answer->end != FETCH_ANSWERED) {
		note_illness(self, answer->why);
		return false;
	}
	if (answer->code != 200) {
		bool ours = answer->code == 401 || answer->code == 403;
		(void)snprintf(why, sizeof why, "it answered %u%s", answer->code,
		        ours ? ", as if the gateway might not ask" : "");
		note_illness(self, slice_of(why));
		return false;
	}
	if (!finding_read(
	            arena, &self->rules, answer->media, answer->body, wall_ms(), finding, &error)) {
		note_illness(self, slice_of(error.text));
		return false;
	}
	note_health(self);
	return true;
}

static void look_again(struct timer *timer)
{
	struct introspection *self = LIST_OWNER(timer, struct introspection, review);
	uint64_t now_ms = loop_now_ms(self->loop), next_ms;
	const struct finding *due;
	while ((due = findings_due(self->accepted, now_ms, &next_ms)) != NULL) {
		if (self->base.core)
			core_client_changed(self->base.core, due->id);
	}
	if (next_ms)
		timer_set(timer, next_ms);
}

static void remember(
        struct introspection *self, const struct digest *digest, const struct finding *finding)
{
	uint64_t now_ms = loop_now_ms(self->loop);
	if (!finding->active) {
		findings_remove(self->accepted, digest);
		findings_put(self->refused, digest, finding, now_ms + self->refused_ms, UINT64_MAX);
		return;
	}
	uint64_t review_ms = self->time_ms > REVIEW_MIN_MS ? self->time_ms : REVIEW_MIN_MS;
	findings_remove(self->refused, digest);
	findings_put(self->accepted, digest, finding, now_ms + self->time_ms, now_ms + review_ms);
	if (!self->review.at_ms)
		timer_set(&self->review, now_ms + review_ms);
}

/* What was found before, and may still be used though the provider cannot be asked; or NULL. */
static const struct finding *find_older(struct introspection *self, const struct digest *digest)
{
	struct remembered found;
	if (!self->outage_ms || !findings_get(self->accepted, digest, &found))
		return NULL;
	return loop_now_ms(self->loop) < found.fresh_until_ms + self->outage_ms ? found.finding
	                                                                        : NULL;
}

static void answered(void *arg, const struct fetch_answer *answer)
{
	struct question *question = arg;
	struct introspection *self = question->owner;
	struct arena arena;
	struct finding read;
	arena_init(&arena, READING_MAX_BYTES);
	const struct finding *finding = &read;
	if (read_answer(self, &arena, answer, &read))
		remember(self, &question->digest, &read);
	else
		finding = find_older(self, &question->digest);
	HASH_DEL(self->questions, question);
	LIST_EACH (&question->waiters, at, following) {
		struct waiter *waiter = LIST_OWNER(at, struct waiter, link);
		struct request *request = waiter->request;
		auth_done(request, finding ? decide(self, request, waiter->credential, finding)
		                           : say_unavailable(request));
	}
	free(question);
	arena_finish(&arena);
}

/* ---- The question */

static struct question *find_question(const struct introspection *self, const struct digest *digest)
{
	struct question *question;
	HASH_FIND(hh, self->questions, digest->bytes, sizeof digest->bytes, question);
	return question;
}

static struct question *ask(struct introspection *self, const struct digest *digest, slice token)
{
	struct question *question = calloc(1, sizeof *question);
	if (!question)
		return NULL;
	question->owner = self;
	question->digest = *digest;
	list_init(&question->waiters);
	HASH_ADD(hh, self->questions, digest, sizeof question->digest, question);
	if (!find_question(self, digest)) {
		free(question);
		return NULL;
	}
	if (provider_ask(self->provider, token, answered, question))
		return question;
	HASH_DEL(self->questions, question);
	free(question);
	return NULL;
}

static enum verdict wait_for(struct introspection *self, const struct digest *digest,
        struct request *request, const struct credential *credential)
{
	struct waiter *waiter = ARENA_NEW(&request->arena, struct waiter);
	struct question *question = waiter ? find_question(self, digest) : NULL;
	if (waiter && !question)
		question = ask(self, digest, credential->secret);
	if (!question)
		return say_unavailable(request);
	waiter->request = request;
	waiter->credential = credential;
	list_append(&question->waiters, &waiter->link);
	return WAIT;
}

static bool is_fresh(const struct introspection *self, struct findings *findings,
        const struct digest *digest, struct remembered *found)
{
	return findings_get(findings, digest, found) &&
	       loop_now_ms(self->loop) < found->fresh_until_ms;
}

static enum verdict introspection_check(
        struct authenticator *base, struct request *request, const struct credential *credential)
{
	struct introspection *self = (struct introspection *)base;
	struct digest digest = digest_of(self, credential->secret);
	struct remembered found;
	if (is_fresh(self, self->accepted, &digest, &found) ||
	        is_fresh(self, self->refused, &digest, &found))
		return decide(self, request, credential, found.finding);
	return wait_for(self, &digest, request, credential);
}

/* RFC 6750 section 2.1: what a token looks like. Anything else, a password with a blank say, is not sent to a provider. */
static bool looks_like_token(slice secret)
{
	size_t n = secret.n;
	while (n && secret.p[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++) {
		char c = secret.p[i];
		bool letter = ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
		if (!letter && !(c >= '0' && c <= '9') && (!c || !strchr("-._~+/", c)))
			return false;
	}
	return n > 0 && secret.n <= PROVIDER_TOKEN_MAX_BYTES;
}

static bool introspection_offers(
        const struct authenticator *base, const struct credential *credential)
{
	(void)base;
	return credential_may_be_token(credential) && looks_like_token(credential->secret);
}

/* ---- Settings */

static const struct setting cache_settings[] = {
	{ .key = "time",
	        .type = SETTING_DURATION,
	        .fallback = "60s",
	        .help = "how long an accepted token is not asked about again" },
	{ .key = "refused",
	        .type = SETTING_DURATION,
	        .fallback = "5s",
	        .help = "and a refused one" },
	{ .key = "outage",
	        .type = SETTING_DURATION,
	        .fallback = "0s",
	        .help = "how much longer an accepted one is believed while the provider cannot be "
	                "asked" },
	{ .key = "entries",
	        .type = SETTING_NUMBER,
	        .fallback = "10000",
	        .help = "how many of each kind are remembered" },
	{ .key = NULL },
};

static const struct setting claims_settings[] = {
	{ .key = "id",
	        .type = SETTING_TEXT,
	        .fallback = "sub",
	        .help = "the member of the answer that is the client's id: sub, client_id, "
	                "username" },
	{ .key = "roles",
	        .type = SETTING_TEXT,
	        .help = "its roles, in place of those that the configuration gives it" },
	{ .key = "scopes",
	        .type = SETTING_TEXT,
	        .help = "which of its roles the token is good for" },
	{ .key = "plan", .type = SETTING_TEXT, .help = "its plan" },
	{ .key = NULL },
};

static const char *const who_may[] = { "required", "optional", NULL };

static const struct setting settings[] = {
	PROVIDER_SETTINGS,
	{ .key = "cache",
	        .type = SETTING_TREE,
	        .inner = cache_settings,
	        .help = "what is remembered of the provider's answers" },
	{ .key = "claims",
	        .type = SETTING_TREE,
	        .inner = claims_settings,
	        .help = "where in the answer stands what; a.b is the member b of a" },
	{ .key = "audience",
	        .type = SETTING_TEXTS,
	        .help = "whom a token must be meant for (aud): one of these; default: anybody" },
	{ .key = "issuer",
	        .type = SETTING_TEXT,
	        .help = "who must have issued it (iss); default: anybody" },
	{ .key = "skew",
	        .type = SETTING_DURATION,
	        .fallback = "0s",
	        .help = "how far the provider's clock may differ from ours" },
	{ .key = "clients",
	        .type = SETTING_TEXT,
	        .fallback = "required",
	        .choices = who_may,
	        .help = "must the token's client be known here (required), or is the token "
	                "enough" },
	{ .key = NULL },
};

/* A map that is left out has its table's values. */
static struct config left_out(const struct setting *table)
{
	return (struct config){ .kind = CONFIG_MAP, .own = table };
}

static bool take_cache(struct introspection *self, const struct config *config, struct error *error)
{
	const struct config none = left_out(cache_settings), *cache = config_get(config, "cache");
	if (!cache)
		cache = &none;
	uint64_t entries = config_number(cache, "entries");
	if (entries > ENTRIES_MAX)
		return config_error(
		        config_get(cache, "entries"), error, "entries: at most %d", ENTRIES_MAX);
	self->time_ms = config_duration_ms(cache, "time");
	self->refused_ms = config_duration_ms(cache, "refused");
	self->outage_ms = config_duration_ms(cache, "outage");
	self->accepted = findings_create((unsigned)entries);
	self->refused = findings_create((unsigned)entries);
	return (self->accepted && self->refused) || error_set(error, "out of memory");
}

static bool take_audiences(
        struct introspection *self, const struct config *list, struct error *error)
{
	if (!list)
		return true;
	slice *texts = arena_alloc(&self->texts, list->count * sizeof *texts);
	unsigned n = 0;
	CONFIG_EACH (list, at) {
		if (texts)
			texts[n++] = arena_copy_slice(&self->texts, at->text);
		if (!texts || !texts[n - 1].p)
			return config_error(list, error, "audience: more than can be held");
	}
	self->rules.claims.audiences = texts;
	self->rules.claims.naudiences = n;
	return true;
}

static bool take_rules(struct introspection *self, const struct config *config, struct error *error)
{
	const struct config none = left_out(claims_settings);
	const struct config *claims = config_get(config, "claims");
	if (!claims)
		claims = &none;
	arena_init(&self->texts, TEXTS_MAX_BYTES);
	struct finding_rules *rules = &self->rules;
	slice *const texts[] = { &rules->id, &rules->roles, &rules->scopes, &rules->plan };
	static const char *const keys[] = { "id", "roles", "scopes", "plan" };
	for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
		slice text = config_text(claims, keys[i]);
		*texts[i] = arena_copy_slice(&self->texts, text);
		if (!texts[i]->p)
			return error_set(error, "claims: longer than can be held");
	}
	if (!rules->id.n)
		return config_error(
		        config_get(claims, "id"), error, "id: the name of a member, like sub");
	slice issuer = config_text(config, "issuer");
	if (issuer.n)
		rules->claims.issuer = arena_copy_slice(&self->texts, issuer);
	if (issuer.n && !rules->claims.issuer.p)
		return error_set(error, "issuer: longer than can be held");
	rules->claims.skew_ms = config_duration_ms(config, "skew");
	rules->claims.may_be_endless = rules->claims.any_audience = true;
	self->unlisted = slice_is(config_text(config, "clients"), "optional");
	return take_audiences(self, config_get(config, "audience"), error);
}

/* ---- Life */

static void introspection_close(struct authenticator *base)
{
	struct introspection *self = (struct introspection *)base;
	if (!self)
		return;
	timer_stop(&self->review);
	provider_close(self->provider);
	struct question *question, *following;
	HASH_ITER(hh, self->questions, question, following)
	{
		HASH_DEL(self->questions, question);
		free(question);
	}
	findings_destroy(self->accepted);
	findings_destroy(self->refused);
	arena_finish(&self->texts);
	explicit_bzero(self->key, sizeof self->key);
	free(self);
}

static struct authenticator *introspection_open(struct loop *loop, const struct config *config,
        const struct directory *directory, struct error *error)
{
	(void)directory;
	struct introspection *self = calloc(1, sizeof *self);
	if (!self) {
		error_set(error, "out of memory");
		return NULL;
	}
	self->loop = loop;
	timer_init(&self->review, loop, look_again);
	random_bytes(self->key, sizeof self->key);
	if (take_rules(self, config, error) && take_cache(self, config, error)) {
		self->provider = provider_open(loop, config, error);
		if (self->provider)
			return &self->base;
	}
	introspection_close(&self->base);
	return NULL;
}

const struct authenticator_ops authenticator_introspection = {
	.name = "introspection",
	.settings = settings,
	.open = introspection_open,
	.offers = introspection_offers,
	.check = introspection_check,
	.close = introspection_close,
};
