#include "auth/jwt/remote.h"

#include <stdlib.h>

#include "api/audit.h"
#include "auth/jose/jwk.h"
#include "base/log.h"
#include "base/random.h"
#include "base/uri.h"
#include "crypto/digest.h"
#include "loop/loop.h"
#include "net/fetch.h"

enum {
	SOONEST_MS = 10 * 1000,
	RETRY_FIRST_MS = 1000,
	RETRY_LAST_MS = 30 * 1000,
	REFRESH_MIN_MS = 1000,
	REFRESH_MAX_MS = 24 * 3600 * 1000,
	STALE_MAX_MS = 7 * 24 * 3600 * 1000,
	TIMEOUT_MIN_MS = 100,
	TIMEOUT_MAX_MS = 60 * 1000,
	PATHS_MAX_BYTES = 16 * 1024
};

struct remote {
	struct loop *loop;
	struct remote_owner *owner;
	struct fetcher *fetcher;
	struct fetch *fetch; /* under way; or NULL */
	struct timer timer;
	uint64_t refresh_ms, max_stale_ms;
	uint64_t asked_ms; /* when the last attempt began; 0: never */
	uint64_t due_ms;   /* when what was fetched is to be renewed; 0: nothing was */
	unsigned failures; /* since the last success */
	bool stale_noted;
	struct digest source; /* of whom is asked, and who is believed to be that */
};

static void ask(struct remote *);

bool remote_is_starting(const struct remote *remote)
{
	return !remote->due_ms && !remote->failures;
}

bool remote_is_usable(const struct remote *remote)
{
	return remote->due_ms && loop_now_ms(remote->loop) < remote->due_ms + remote->max_stale_ms;
}

/* Keys that should have been renewed are used: somebody may have to answer for that. */
static void note_stale(struct remote *remote, slice why)
{
	const struct authenticator *owner = remote->owner->authenticator;
	if (!remote->due_ms || loop_now_ms(remote->loop) < remote->due_ms || remote->stale_noted)
		return;
	remote->stale_noted = true;
	const struct audit_event event = { .kind = AUDIT_KEY,
		.action = "jwks.stale",
		.object = slice_of(owner->label),
		.status = STATUS_UNAVAILABLE,
		.detail = why };
	if (owner->core)
		audit_note(owner->core, &event);
}

static void fail(struct remote *remote, const char *why)
{
	uint64_t wait_ms = RETRY_LAST_MS;
	if (remote->failures < 5)
		wait_ms = (uint64_t)RETRY_FIRST_MS << remote->failures;
	remote->failures++;
	log_warning("auth", "%s: its keys cannot be fetched: %s; again in %llu ms",
	        remote->owner->authenticator->label, why, (unsigned long long)wait_ms);
	note_stale(remote, slice_of(why));
	timer_set(
	        &remote->timer, loop_now_ms(remote->loop) + wait_ms + random_u64() % (wait_ms / 4));
}

static void succeed(struct remote *remote, const struct fetch_answer *answer)
{
	uint64_t fresh_ms = remote->refresh_ms, allowed_ms;
	if (fetch_fresh_ms(answer, &allowed_ms) && allowed_ms < fresh_ms) {
		uint64_t soonest_ms = fresh_ms < SOONEST_MS ? fresh_ms : SOONEST_MS;
		fresh_ms = allowed_ms > soonest_ms ? allowed_ms : soonest_ms;
	}
	remote->failures = 0;
	remote->stale_noted = false;
	remote->due_ms = loop_now_ms(remote->loop) + fresh_ms;
	timer_set(&remote->timer, remote->due_ms);
}

static void answered(void *arg, const struct fetch_answer *answer)
{
	struct remote *remote = arg;
	struct error error = { .text = "" };
	remote->fetch = NULL;
	if (answer->end != FETCH_ANSWERED)
		(void)error_set(&error, "%.*s", SLICE_ARG(answer->why));
	else if (answer->code != 200)
		(void)error_set(&error, "it answered %u", answer->code);
	else if (remote->owner->take(remote->owner, answer->body, &error))
		succeed(remote, answer);
	if (error.text[0])
		fail(remote, error.text);
	remote->owner->settled(remote->owner);
}

static void ask(struct remote *remote)
{
	static const struct field fields[] = { { SLICE_INIT("Accept"),
		SLICE_INIT("application/jwk-set+json, application/json") } };
	const struct fetch_request request = {
		.method = FETCH_GET, .fields = fields, .nfields = 1, .repeatable = true
	};
	remote->asked_ms = loop_now_ms(remote->loop);
	remote->fetch = fetch_start(remote->fetcher, &request, answered, remote);
	if (!remote->fetch)
		fail(remote, "out of memory");
}

static void due(struct timer *timer)
{
	struct remote *remote = LIST_OWNER(timer, struct remote, timer);
	if (!remote->fetch)
		ask(remote);
}

bool remote_ask(struct remote *remote)
{
	uint64_t now_ms = loop_now_ms(remote->loop);
	if (!remote->fetch && (!remote->asked_ms || now_ms >= remote->asked_ms + SOONEST_MS))
		ask(remote);
	return remote->fetch != NULL;
}

bool remote_is_same(const struct remote *remote, const struct remote *other)
{
	return digest_equal(&remote->source, &other->source);
}

void remote_take_over(struct remote *remote, const struct remote *other)
{
	remote->due_ms = other->due_ms;
	remote->stale_noted = other->stale_noted;
}

static bool in_range(const struct config *config, const char *key, uint64_t from_ms, uint64_t to_ms,
        const char *range, struct error *error)
{
	uint64_t ms = config_duration_ms(config, key);
	return (ms >= from_ms && ms <= to_ms) ||
	       config_error(config_get(config, key), error, "must be from %s", range);
}

static bool check(const struct config *config, struct error *error)
{
	struct uri uri;
	slice url = config_text(config, "jwks");
	if (uri_parse(url, &uri) && slice_equal_nocase(uri.scheme, SLICE("http")) &&
	        !uri_host_is_loopback(uri.host))
		return config_error(config_get(config, "jwks"), error,
		        "anybody on the way could change these keys; it must begin with https://");
	return in_range(config, "refresh", REFRESH_MIN_MS, REFRESH_MAX_MS, "1s to 1d", error) &&
	       in_range(config, "max_stale", 0, STALE_MAX_MS, "0s to 7d", error) &&
	       in_range(config, "timeout", TIMEOUT_MIN_MS, TIMEOUT_MAX_MS, "100ms to 1m", error);
}

static bool open_fetcher(struct remote *remote, const struct config *config, struct error *error)
{
	struct arena arena;
	struct fetch_fault fault;
	arena_init(&arena, PATHS_MAX_BYTES);
	const struct fetcher_settings settings = {
		.url = config_text(config, "jwks"),
		.ca = config_file_path(&arena, config, "ca").p,
		.server_name = config_text(config, "server_name").p,
		.timeout_ms = config_duration_ms(config, "timeout"),
		.answer_max_bytes = JWKS_MAX_BYTES,
		.connections_max = 1,
		.waiting_max = 1,
	};
	remote->source = digest_sha256(arena_printf(&arena, "%.*s\n%s\n%s", SLICE_ARG(settings.url),
	        settings.ca ? settings.ca : "", settings.server_name ? settings.server_name : ""));
	remote->fetcher = fetcher_open(remote->loop, &settings, &fault);
	arena_finish(&arena);
	bool ca = fault.setting && strcmp(fault.setting, "ca") == 0;
	return remote->fetcher ||
	       config_error(config_get(config, ca ? "ca" : "jwks"), error, "%s", fault.text);
}

struct remote *remote_open(struct loop *loop, const struct config *config,
        struct remote_owner *owner, struct error *error)
{
	if (!check(config, error))
		return NULL;
	struct remote *remote = calloc(1, sizeof *remote);
	if (!remote) {
		error_set(error, "out of memory");
		return NULL;
	}
	remote->loop = loop;
	remote->owner = owner;
	remote->refresh_ms = config_duration_ms(config, "refresh");
	remote->max_stale_ms = config_duration_ms(config, "max_stale");
	timer_init(&remote->timer, loop, due);
	if (!open_fetcher(remote, config, error)) {
		remote_close(remote);
		return NULL;
	}
	/* Once the loop runs: a configuration that is only checked asks nobody. */
	timer_set(&remote->timer, loop_now_ms(loop) + 1);
	return remote;
}

void remote_close(struct remote *remote)
{
	if (!remote)
		return;
	timer_stop(&remote->timer);
	fetcher_close(remote->fetcher);
	free(remote);
}
