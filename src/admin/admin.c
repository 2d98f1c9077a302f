/* The plug: which path and method is what, and how a call ends.
 *
 * A call that changes something makes its steps (api/clients.h) and is answered when they are on disk. Nothing here
 * knows who is calling: the pipeline has seen to that before, as for every other request.
 *
 * A WEB PAGE OF SOMEBODY ELSE'S cannot have a browser do any of it: what changes something is a POST with a body that
 * says it is JSON (or CSV), a PUT, a PATCH or a DELETE, which browsers send to other sites only after having asked, and
 * nobody here says yes. There are no cookies. */
#include "admin/admin.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/adapter.h"
#include "api/codec.h"
#include "base/uri.h"
#include "codec/json.h"

enum { LIMIT_DEFAULT = 100, LIMIT_MAX = 1000, WHY_BYTES = 320 };

#define GET    (1u << METHOD_GET)
#define POST   (1u << METHOD_POST)
#define PUT    (1u << METHOD_PUT)
#define PATCH  (1u << METHOD_PATCH)
#define DELETE (1u << METHOD_DELETE)

static const char *const json_only[] = { "application/json", NULL };
static const char *const patches[] = { "application/json", "application/merge-patch+json", NULL };
static const char *const lists[] = { "application/json", "text/csv", NULL };

#define CLIENT "/admin/v1/clients/{id}"

static const struct backend_endpoint endpoints[] = {
	{ "admin-status", "/admin/v1/status", GET, json_only },
	{ "admin-clients", "/admin/v1/clients", GET | POST, json_only },
	{ "admin-import", "/admin/v1/clients:import", POST, lists },
	{ "admin-client", CLIENT, GET | PUT | PATCH | DELETE, patches },
	{ "admin-disable", CLIENT "/disable", POST, json_only },
	{ "admin-enable", CLIENT "/enable", POST, json_only },
	{ "admin-client-tokens", CLIENT "/tokens", GET | POST | DELETE, json_only },
	{ "admin-client-api-keys", CLIENT "/api-keys", GET | POST | DELETE, json_only },
	{ "admin-client-certificates", CLIENT "/certificates", GET | POST | DELETE, json_only },
	{ "admin-client-psk", CLIENT "/psk", PUT | DELETE, json_only },
	{ "admin-client-password", CLIENT "/password", PUT | DELETE, json_only },
	{ "admin-tokens", "/admin/v1/tokens", GET, json_only },
	{ "admin-revoke", "/admin/v1/tokens:revoke", POST, json_only },
	{ "admin-token", "/admin/v1/tokens/{handle}", GET | DELETE, json_only },
	{ .name = NULL },
};

static const struct {
	const char *endpoint;
	enum method method;
	void (*call)(struct admin_call *);
} calls[] = {
	{ "admin-status", METHOD_GET, admin_status },
	{ "admin-clients", METHOD_GET, admin_list_clients },
	{ "admin-clients", METHOD_POST, admin_add_client },
	{ "admin-import", METHOD_POST, admin_import },
	{ "admin-client", METHOD_GET, admin_get_client },
	{ "admin-client", METHOD_PUT, admin_put_one },
	{ "admin-client", METHOD_PATCH, admin_patch_client },
	{ "admin-client", METHOD_DELETE, admin_delete_client },
	{ "admin-disable", METHOD_POST, admin_disable_client },
	{ "admin-enable", METHOD_POST, admin_enable_client },
	{ "admin-client-tokens", METHOD_GET, admin_list_tokens },
	{ "admin-client-tokens", METHOD_POST, admin_make_token },
	{ "admin-client-tokens", METHOD_DELETE, admin_revoke_tokens },
	{ "admin-client-api-keys", METHOD_GET, admin_list_api_keys },
	{ "admin-client-api-keys", METHOD_POST, admin_make_api_key },
	{ "admin-client-api-keys", METHOD_DELETE, admin_revoke_api_keys },
	{ "admin-client-certificates", METHOD_GET, admin_list_certificates },
	{ "admin-client-certificates", METHOD_POST, admin_add_certificate },
	{ "admin-client-certificates", METHOD_DELETE, admin_remove_certificates },
	{ "admin-client-psk", METHOD_PUT, admin_set_psk },
	{ "admin-client-psk", METHOD_DELETE, admin_remove_psk },
	{ "admin-client-password", METHOD_PUT, admin_set_password },
	{ "admin-client-password", METHOD_DELETE, admin_remove_password },
	{ "admin-tokens", METHOD_GET, admin_list_keys },
	{ "admin-revoke", METHOD_POST, admin_revoke_secret },
	{ "admin-token", METHOD_GET, admin_get_key },
	{ "admin-token", METHOD_DELETE, admin_delete_key },
};

/* ---- How a call ends */

static void refuse(struct admin_call *call, enum status status, const char *why)
{
	call->exchange->why = arena_copy_slice(call->arena, slice_of(why));
	if (!call->exchange->why.p)
		call->exchange->why = SLICE("no memory left for this request");
	exchange_done(call->exchange, status);
}

void admin_refuse(struct admin_call *call, enum status status, const char *format, ...)
{
	char why[WHY_BYTES];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(why, sizeof why, format, arguments);
	va_end(arguments);
	refuse(call, status, why);
}

void admin_no_memory(struct admin_call *call)
{
	clients_abandon(&call->change);
	refuse(call, STATUS_TOO_LARGE, "no memory left for this request");
}

void admin_refuse_step(struct admin_call *call)
{
	clients_abandon(&call->change);
	refuse(call, call->change.outcome.status, call->change.outcome.why);
}

/* Into what goes out. false: over budget. */
static bool write_answer(struct admin_call *call, const struct value *answer)
{
	/* There are secrets in some of them, and what is true now need not be true later in any. */
	static const struct field no_store = { SLICE_INIT("cache-control"),
		SLICE_INIT("no-store") };
	struct message *out = &call->exchange->out;
	struct field *fields = arena_alloc(call->arena, 2 * sizeof *fields);
	struct error error;
	if (!fields)
		return false;
	fields[out->nfields++] = no_store;
	if (call->location)
		fields[out->nfields++] = *call->location;
	out->fields = fields;
	if (!answer)
		return true;
	out->media = SLICE("application/json");
	out->body = codec_for(out->media)->encode(call->arena, answer, &error);
	return out->body.p != NULL;
}

static void refuse_answer(struct admin_call *call)
{
	call->exchange->out = (struct message){ 0 };
	refuse(call, STATUS_TOO_LARGE, "no memory left for the answer; ask for less at a time");
}

void admin_answer(struct admin_call *call, enum status status, const struct value *answer)
{
	if (write_answer(call, answer))
		exchange_done(call->exchange, status);
	else
		refuse_answer(call);
}

static void committed(struct clients_change *change)
{
	struct admin_call *call = LIST_OWNER(change, struct admin_call, change);
	if (change->outcome.status == STATUS_OK) {
		exchange_done(call->exchange, call->success);
		return;
	}
	call->exchange->out = (struct message){ 0 };
	refuse(call, change->outcome.status, change->outcome.why);
}

/* The answer is written first: of what is done all is said, the secrets that were made above all. */
void admin_commit(struct admin_call *call, enum status success, const struct value *answer)
{
	call->success = success;
	if (write_answer(call, answer)) {
		clients_commit(&call->change);
		return;
	}
	clients_abandon(&call->change);
	refuse_answer(call);
}

/* ---- What is asked for */

slice admin_variable(struct admin_call *call, const char *name)
{
	const struct request *request = call->exchange->request;
	for (unsigned i = 0; i < request->nvariables; i++) {
		if (slice_is(request->variables[i].name, name))
			return uri_decode(call->arena, request->variables[i].value);
	}
	return (slice){ NULL, 0 };
}

slice admin_parameter(struct admin_call *call, const char *name)
{
	slice rest = call->exchange->request->in.query;
	while (rest.n) {
		slice value = slice_cut(&rest, '&');
		slice key = slice_cut(&value, '=');
		if (!slice_is(key, name))
			continue;
		return value.n ? uri_decode(call->arena, value) : SLICE("");
	}
	return (slice){ NULL, 0 };
}

bool admin_switch(struct admin_call *call, const char *name)
{
	slice value = admin_parameter(call, name);
	return value.p && (!value.n || slice_is(value, "true") || slice_is(value, "1"));
}

bool admin_limit(struct admin_call *call, unsigned *limit)
{
	slice text = admin_parameter(call, "limit");
	uint64_t number = LIMIT_DEFAULT;
	if (text.p && (!config_parse_number(text, &number) || !number || number > LIMIT_MAX)) {
		admin_refuse(call, STATUS_INVALID, "limit is from 1 to %d", LIMIT_MAX);
		return false;
	}
	*limit = (unsigned)number;
	return true;
}

const struct value *admin_json(struct admin_call *call)
{
	struct error error = { 0 };
	const struct value *value =
	        json_decode_unique(call->arena, call->exchange->request->call.body, &error);
	if (!value && error.line)
		admin_refuse(call, STATUS_MALFORMED, "line %u, column %u: %s", error.line,
		        error.column, error.text);
	else if (!value)
		admin_refuse(call, STATUS_TOO_LARGE, "%s", error.text);
	return value;
}

const struct value *admin_body(struct admin_call *call)
{
	if (!call->exchange->request->call.body.n) {
		admin_refuse(call, STATUS_UNSUPPORTED_MEDIA,
		        "this wants a body of application/json, {} at least");
		return NULL;
	}
	const struct value *map = admin_json(call);
	if (!map || map->kind == VALUE_MAP)
		return map;
	admin_refuse(call, STATUS_INVALID, "the body is an object, { … }");
	return NULL;
}

bool admin_members(
        struct arena *arena, const struct value *map, const char *const *names, slice *why)
{
	for (const struct value *at = map->as.members.first; at; at = at->next) {
		unsigned i = 0;
		while (names[i] && !slice_is(at->key, names[i]))
			i++;
		if (names[i])
			continue;
		slice shown = at->key;
		if (shown.n > 32)
			shown.n = 32;
		*why = arena_printf(arena, "there is no member \"%.*s\" here", SLICE_ARG(shown));
		return false;
	}
	return true;
}

/* ---- The plug */

static struct backend *admin_open(struct loop *loop, const struct config *config,
        struct target *targets, unsigned ntargets, struct error *error)
{
	(void)loop;
	(void)config;
	(void)targets;
	(void)ntargets;
	struct backend *backend = calloc(1, sizeof *backend);
	if (!backend)
		(void)error_set(error, "out of memory");
	return backend;
}

static void admin_send(struct backend *backend, struct exchange *exchange)
{
	struct admin_call *call = ARENA_NEW(exchange->arena, struct admin_call);
	const struct request *request = exchange->request;
	enum method method =
	        request->call.method == METHOD_HEAD ? METHOD_GET : request->call.method;
	if (!call) {
		exchange_done(exchange, STATUS_TOO_LARGE);
		return;
	}
	clients_begin(backend->core, &call->change);
	call->change.done = committed;
	call->change.by = request;
	call->change.who = slice_of(request->adapter->label);
	call->exchange = exchange;
	call->core = backend->core;
	call->arena = exchange->arena;
	for (unsigned i = 0; i < sizeof calls / sizeof *calls; i++) {
		if (calls[i].method == method &&
		        slice_is(request->endpoint->name, calls[i].endpoint)) {
			calls[i].call(call);
			return;
		}
	}
	refuse(call, STATUS_METHOD_NOT_ALLOWED, "this method is not served here");
}

/* What it waits for is the disk, which comes back in any case. */
static void admin_abort(struct backend *backend, struct exchange *exchange)
{
	(void)backend;
	(void)exchange;
}

static void admin_close(struct backend *backend)
{
	free(backend);
}

const struct backend_ops backend_admin = {
	.name = "admin",
	.endpoints = endpoints,
	.takes = BACKEND_TAKES_BYTES,
	.open = admin_open,
	.send = admin_send,
	.abort = admin_abort,
	.close = admin_close,
};
