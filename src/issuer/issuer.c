/* The token service as a backend.
 *
 * ENDPOINTS LEAD TO IT, like to any backend: `/oauth/{service}` for all of it, or one each, where introspection is to be
 * for some roles only. The last segment of the path names the service: token, revoke, introspect, jwks; the metadata (RFC
 * 8414) are at /.well-known/oauth-authorization-server. It speaks no HTTP: a device gets its token over CoAP or MQTT the
 * same way.
 *
 * WHO ASKS is found out by the core, by the ways of authentication that `clients`, `users` and `assertions` name (call.c).
 * WHAT IS ISSUED is a key of the directory (api/clients.h), on disk before the answer leaves; so is what is revoked, which
 * ends sessions within a second. */
#include "issuer/issuer.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	ARENA_BYTES = 256 * 1024,
	RING_RETRY_MS = 60 * 1000,
	RING_SLEEP_MAX_MS = 24 * 3600 * 1000,
	PER_CLIENT_MAX = 10000
};

static const slice metadata_path = SLICE_INIT("/.well-known/oauth-authorization-server");

struct issuer_plug {
	struct issuer issuer; /* first */
	struct timer turn;
};

static struct issuer *of(struct backend *backend)
{
	return (struct issuer *)(void *)backend;
}

/* ---- Settings */

static const char *const kinds[] = { "opaque", "signed", NULL };
static const char *const algorithms[] = { "ES256", "ES384", "RS256", "PS256", "EdDSA", NULL };

static const struct setting settings[] = {
	{ .key = "url",
	        .type = SETTING_TEXT,
	        .required = true,
	        .help = "where callers find this gateway: the issuer's name in tokens and "
	                "metadata" },
	{ .key = "clients",
	        .type = SETTING_TEXTS,
	        .help = "ways under auth: by which clients prove themselves" },
	{ .key = "users",
	        .type = SETTING_TEXTS,
	        .help = "ways by which the password grant knows users; none: not offered" },
	{ .key = "assertions",
	        .type = SETTING_TEXTS,
	        .help = "ways (method jwt) whose tokens are taken as assertions; none: not "
	                "offered" },
	{ .key = "tokens",
	        .type = SETTING_TEXT,
	        .fallback = "opaque",
	        .choices = kinds,
	        .help = "signed: others can check them with the public keys" },
	{ .key = "algorithm",
	        .type = SETTING_TEXT,
	        .fallback = "ES256",
	        .choices = algorithms,
	        .help = "of signed tokens" },
	{ .key = "audience",
	        .type = SETTING_TEXT,
	        .help = "whom signed tokens are for; default: url" },
	{ .key = "lifetime",
	        .type = SETTING_DURATION,
	        .fallback = "1h",
	        .help = "how long an access token is good" },
	{ .key = "refresh",
	        .type = SETTING_DURATION,
	        .fallback = "30d",
	        .help = "how long a refresh token is good; 0s: there are none" },
	{ .key = "rotate",
	        .type = SETTING_DURATION,
	        .fallback = "90d",
	        .help = "how long a key signs; its successor is public before it signs" },
	{ .key = "per_client",
	        .type = SETTING_NUMBER,
	        .fallback = "100",
	        .help = "how many access tokens of a client are good at a time, and how many "
	                "refresh "
	                "tokens are known; with one more the oldest goes" },
	{ .key = "bind_to_certificate",
	        .type = SETTING_SWITCH,
	        .help = "a token is good only with the certificate that was shown for it" },
	{ .key = NULL },
};

static const struct config *root_of(const struct config *node)
{
	while (node->parent)
		node = node->parent;
	return node;
}

static bool read_ways(struct issuer *issuer, const struct config *config, const char *key,
        struct names *names, struct error *error)
{
	const struct config *list = config_get(config, key),
	                    *ways = config_get(root_of(config), "auth");
	names->at = arena_alloc(&issuer->arena, (list ? list->count : 0) * sizeof *names->at);
	CONFIG_EACH (list, name) {
		const struct config *way = config_get(ways, name->text.p);
		if (!way)
			return config_error(
			        name, error, "no way to authenticate of this name under auth:");
		if (names == &issuer->assertions && !slice_is(config_text(way, "method"), "jwt"))
			return config_error(
			        name, error, "an assertion is signed: a way of method jwt");
		slice copy = arena_copy_slice(&issuer->arena, name->text);
		if (!names->at || !copy.p)
			return error_set(error, "out of memory");
		names->at[names->n++] = copy;
	}
	return true;
}

static bool read_settings(struct issuer *issuer, const struct config *config, struct error *error)
{
	slice url = config_text(config, "url"), audience = config_text(config, "audience");
	issuer->url = arena_copy_slice(&issuer->arena, url);
	issuer->audience = arena_copy_slice(&issuer->arena, audience.n ? audience : url);
	issuer->signed_tokens = slice_is(config_text(config, "tokens"), "signed");
	issuer->bound_to_certificates = config_switch(config, "bind_to_certificate");
	issuer->lifetime_ms = config_duration_ms(config, "lifetime");
	issuer->refresh_ms = config_duration_ms(config, "refresh");
	if (!slice_starts(url, SLICE("https://")) && !slice_starts(url, SLICE("http://")))
		return config_error(
		        config_get(config, "url"), error, "say https://HOST or https://HOST:PORT");
	if (url.p[url.n - 1] == '/')
		return config_error(config_get(config, "url"), error, "no / at its end");
	if (issuer->lifetime_ms < 1000)
		return config_error(config_get(config, "lifetime"), error, "a second at least");
	uint64_t per_client = config_number(config, "per_client");
	if (per_client < 2 || per_client > PER_CLIENT_MAX)
		return config_error(
		        config_get(config, "per_client"), error, "from 2 to %d", PER_CLIENT_MAX);
	issuer->per_client = (unsigned)per_client;
	return read_ways(issuer, config, "clients", &issuer->clients, error) &&
	       read_ways(issuer, config, "users", &issuer->users, error) &&
	       read_ways(issuer, config, "assertions", &issuer->assertions, error);
}

static bool open_ring(struct issuer *issuer, const struct config *config, struct error *error)
{
	const struct config *gateway = config_get(root_of(config), "gateway");
	struct ring_options options = { .rotate_ms = config_duration_ms(config, "rotate"),
		.lifetime_ms = issuer->lifetime_ms };
	options.folder = config_file_path(&issuer->arena, gateway, "state");
	if (!options.folder.p)
		return config_error(config, error,
		        "what is issued is kept on disk, and gateway.state does not say where");
	if (!issuer->signed_tokens)
		return true;
	(void)algorithm_find(config_text(config, "algorithm"), &options.algorithm);
	if (options.rotate_ms < issuer->lifetime_ms)
		return config_error(config_get(config, "rotate"), error,
		        "a key signs at least as long as a token is good");
	issuer->ring = ring_open(&options, error);
	return issuer->ring != NULL;
}

static void close_issuer(struct backend *backend)
{
	struct issuer_plug *plug = (struct issuer_plug *)(void *)backend;
	if (!plug)
		return;
	timer_stop(&plug->turn);
	ring_close(plug->issuer.ring);
	arena_finish(&plug->issuer.arena);
	free(plug);
}

/* ---- Keys that sign */

static void turn(struct timer *timer)
{
	struct issuer_plug *plug = LIST_OWNER(timer, struct issuer_plug, turn);
	struct issuer *issuer = &plug->issuer;
	uint64_t now_ms = clock_wall_ns() / 1000000, next_ms = 0;
	bool made = false;
	struct error error;
	bool done = ring_turn(issuer->ring, now_ms, &made, &next_ms, &error);
	if (!done)
		log_error("issuer", "%s; trying again", error.text);
	if (made) {
		log_info("issuer", "backend=%s a new key to sign tokens with is there",
		        issuer->base.label);
		const struct audit_event event = { .kind = AUDIT_KEY,
			.action = "issuer.key",
			.object = slice_of(issuer->base.label),
			.status = STATUS_OK };
		audit_note(issuer->base.core, &event);
	}
	uint64_t sleep_ms = next_ms > now_ms ? next_ms - now_ms : 0;
	if (!done)
		sleep_ms = RING_RETRY_MS;
	timer_set(timer, loop_now_ms(issuer->loop) +
	                         (sleep_ms < RING_SLEEP_MAX_MS ? sleep_ms : RING_SLEEP_MAX_MS));
}

static struct backend *open_issuer(struct loop *loop, const struct config *config,
        struct target *targets, unsigned ntargets, struct error *error)
{
	(void)targets;
	(void)ntargets;
	struct issuer_plug *plug = calloc(1, sizeof *plug);
	if (!plug) {
		error_set(error, "out of memory");
		return NULL;
	}
	struct issuer *issuer = &plug->issuer;
	issuer->loop = loop;
	arena_init(&issuer->arena, ARENA_BYTES);
	timer_init(&plug->turn, loop, turn);
	if (read_settings(issuer, config, error) && open_ring(issuer, config, error))
		return &issuer->base;
	close_issuer(&issuer->base);
	return NULL;
}

static void start_issuer(struct backend *backend)
{
	struct issuer_plug *plug = (struct issuer_plug *)(void *)backend;
	plug->issuer.asker = (struct adapter){
		.ops = &call_asker_ops, .label = backend->label, .core = backend->core
	};
	if (plug->issuer.ring)
		turn(&plug->turn);
}

/* ---- Which service */

static slice last_segment(slice path)
{
	size_t at = path.n;
	while (at && path.p[at - 1] != '/')
		at--;
	return slice_from(path, at);
}

static bool bind_endpoint(struct backend *backend, const struct endpoint *endpoint,
        const void **bound, struct error *error)
{
	struct issuer *issuer = of(backend);
	slice path = endpoint->path, last = last_segment(path);
	*bound = NULL;
	if (slice_equal(path, metadata_path))
		return true;
	bool any = last.n && last.p[0] == '{';
	bool one = slice_is(last, "token") || slice_is(last, "revoke") ||
	           slice_is(last, "introspect") || slice_is(last, "jwks");
	if (!any && !one)
		return error_set(error,
		        "the path of a token service ends in token, revoke, introspect, jwks or "
		        "{service}, or is %.*s",
		        SLICE_ARG(metadata_path));
	if (any || slice_is(last, "token"))
		issuer->prefix = arena_copy(&issuer->arena, path.p, path.n - last.n);
	return true;
}

static bool put_url(struct issuer_call *call, struct value *map, const char *name, const char *last)
{
	const struct issuer *issuer = call->issuer;
	slice prefix = issuer->prefix.p ? issuer->prefix : SLICE("/");
	slice url = arena_printf(
	        call->arena, "%.*s%.*s%s", SLICE_ARG(issuer->url), SLICE_ARG(prefix), last);
	return value_set_new(map, slice_of(name), url.p ? value_text(call->arena, url) : NULL);
}

static bool put_list(struct issuer_call *call, struct value *map, const char *name,
        const char *const *texts, unsigned n)
{
	struct value *list = value_list(call->arena);
	for (unsigned i = 0; list && i < n; i++) {
		if (texts[i] && !value_append(list, value_text(call->arena, slice_of(texts[i]))))
			return false;
	}
	return value_set_new(map, slice_of(name), list);
}

static void metadata_serve(struct issuer_call *call)
{
	const struct issuer *issuer = call->issuer;
	const char *const grants[] = { issuer->clients.n ? "client_credentials" : NULL,
		issuer->users.n ? "password" : NULL, issuer->refresh_ms ? "refresh_token" : NULL,
		issuer->assertions.n ? "urn:ietf:params:oauth:grant-type:jwt-bearer" : NULL };
	static const char *const methods[] = { "client_secret_basic", "client_secret_post",
		"tls_client_auth" };
	struct value *map = value_map(call->arena);
	bool made = map &&
	            value_set_new(map, SLICE("issuer"), value_text(call->arena, issuer->url)) &&
	            put_url(call, map, "token_endpoint", "token") &&
	            put_url(call, map, "revocation_endpoint", "revoke") &&
	            put_url(call, map, "introspection_endpoint", "introspect") &&
	            (!issuer->ring || put_url(call, map, "jwks_uri", "jwks")) &&
	            put_list(call, map, "grant_types_supported", grants, 4) &&
	            put_list(call, map, "response_types_supported", NULL, 0) &&
	            put_list(call, map, "token_endpoint_auth_methods_supported", methods, 3) &&
	            value_set_new(map, SLICE("tls_client_certificate_bound_access_tokens"),
	                    value_bool(call->arena, issuer->bound_to_certificates));
	answer_json(call, STATUS_OK, made ? map : NULL);
}

static void keys_serve(struct issuer_call *call)
{
	if (call->issuer->ring)
		answer_json(call, STATUS_OK, ring_public(call->arena, call->issuer->ring));
	else
		exchange_done(call->exchange, STATUS_NOT_FOUND);
}

static void post_serve(struct issuer_call *call, void (*serve)(struct issuer_call *))
{
	const struct message *message = &call->exchange->request->call;
	const char *why = NULL;
	if (parameters_read(call->arena, message->media, message->body, &call->parameters, &why))
		serve(call);
	else
		answer_error(call, ISSUER_INVALID_REQUEST, why);
}

static const struct {
	const char *name;
	bool reads; /* GET; else POST */
	void (*serve)(struct issuer_call *);
} services[] = {
	{ "token", false, token_serve },
	{ "revoke", false, revoke_serve },
	{ "introspect", false, introspect_serve },
	{ "jwks", true, keys_serve },
	{ "oauth-authorization-server", true, metadata_serve },
};

static void send_to_issuer(struct backend *backend, struct exchange *exchange)
{
	struct issuer_call *call = ARENA_NEW(exchange->arena, struct issuer_call);
	const struct request *request = exchange->request;
	slice name = last_segment(request->resource);
	backend->counters.at[COUNTER_MESSAGES]++;
	exchange->state = call;
	if (!call) {
		exchange->why = SLICE("no memory left for this request");
		exchange_done(exchange, STATUS_UNAVAILABLE);
		return;
	}
	*call = (struct issuer_call){
		.issuer = of(backend), .exchange = exchange, .arena = exchange->arena
	};
	for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
		if (!slice_is(name, services[i].name))
			continue;
		enum method method = request->call.method;
		bool reads = method == METHOD_GET || method == METHOD_HEAD;
		if (reads != services[i].reads || (!reads && method != METHOD_POST))
			exchange_done(exchange, STATUS_METHOD_NOT_ALLOWED);
		else if (reads)
			services[i].serve(call);
		else
			post_serve(call, services[i].serve);
		return;
	}
	exchange_done(exchange, STATUS_NOT_FOUND);
}

static void abort_call(struct backend *backend, struct exchange *exchange)
{
	struct issuer_call *call = exchange->state;
	if (call && call->asking)
		request_cancel(&of(backend)->asker, call->asking);
}

const struct backend_ops backend_issuer = {
	.name = "issuer",
	.settings = settings,
	.takes = BACKEND_TAKES_BYTES,
	.open = open_issuer,
	.bind = bind_endpoint,
	.start = start_issuer,
	.send = send_to_issuer,
	.abort = abort_call,
	.close = close_issuer,
};
