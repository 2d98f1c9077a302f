/* The pipeline with a loopback adapter, a scripted backend and a loop turned by hand: no socket, no sleep. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/audit.h"
#include "base/log.h"
#include "codec/value.h"
#include "tests/fakes/hand_loop.h"
#include "tests/unit/loopback.h"

/* ---- The loopback adapter keeps the last request that came home. */
static struct request *home;
static unsigned homecomings;
static enum status home_status; /* of the last one, once the adapter is closed */
static bool inside_submit;
static struct adapter *loopback;

static bool loopback_start(struct adapter *adapter, struct error *error)
{
	(void)error;
	loopback = adapter;
	return true;
}

static void loopback_reply(struct adapter *adapter, struct request *request)
{
	(void)adapter;
	assert_false(inside_submit);
	request_free(home);
	home = request;
	homecomings++;
}

static void loopback_close(struct adapter *adapter)
{
	/* What came home to an adapter goes before it does. */
	if (home)
		home_status = home->status;
	request_free(home);
	home = NULL;
	if (loopback == adapter)
		loopback = NULL;
	free(adapter);
}

static struct {
	unsigned n;
	char last[16]; /* "*": everybody */
} reviewed;

static void loopback_review(struct adapter *adapter, slice client)
{
	(void)adapter;
	reviewed.n++;
	(void)snprintf(reviewed.last, sizeof reviewed.last, "%.*s", client.p ? (int)client.n : 1,
	        client.p ? client.p : "*");
}

static const struct adapter_ops loopback_ops = { .name = "loopback",
	.settings = loopback_settings,
	.open = loopback_open,
	.start = loopback_start,
	.reply = loopback_reply,
	.review = loopback_review,
	.stop = loopback_stop,
	.close = loopback_close };

/* ---- The scripted backend answers at once, later, or never. */
static struct {
	enum status answers[4]; /* one an attempt; STATUS_NONE: the test ends it */
	unsigned attempts;
	bool sent;
	struct exchange *open;
	slice answer_media, answer_body;
	unsigned aborted;
	slice targets[4];
} script;

static void scripted_send(struct backend *backend, struct exchange *exchange)
{
	(void)backend;
	enum status status = script.answers[script.attempts];
	if (exchange->target)
		script.targets[script.attempts] = exchange->target->url;
	script.attempts++;
	script.open = exchange;
	exchange->sent = script.sent;
	exchange->out.media = script.answer_media;
	exchange->out.body = script.answer_body;
	if (status != STATUS_NONE)
		exchange_done(exchange, status);
}

static void scripted_abort(struct backend *backend, struct exchange *exchange)
{
	(void)backend;
	script.aborted++;
	exchange_done(exchange, STATUS_CANCELLED);
}

static const struct backend_ops scripted_ops = { .name = "scripted",
	.takes = BACKEND_TAKES_BYTES,
	.open = loopback_backend_open,
	.send = scripted_send,
	.abort = scripted_abort,
	.close = loopback_backend_close };

extern const struct authenticator_ops authenticator_token;

/* ---- The patient authenticator answers an API key when the test says so, or at once. */
static struct {
	struct grant grant;
	struct request *waiting;
	bool at_once;
} patient;

static struct authenticator *patient_open(struct loop *loop, const struct config *config,
        const struct directory *directory, struct error *error)
{
	(void)loop;
	(void)config;
	(void)error;
	(void)directory;
	return calloc(1, sizeof(struct authenticator));
}

static bool patient_offers(const struct authenticator *base, const struct credential *credential)
{
	(void)base;
	return credential->kind == CREDENTIAL_API_KEY || credential->kind == CREDENTIAL_BASIC;
}

static enum verdict patient_check(
        struct authenticator *base, struct request *request, const struct credential *credential)
{
	(void)base;
	patient.waiting = request;
	patient.grant = (struct grant){ .client = credential->secret };
	if (patient.at_once)
		auth_done(request, auth_grant(request, &patient.grant));
	return WAIT;
}

static void patient_close(struct authenticator *base)
{
	free(base);
}

static const struct authenticator_ops authenticator_patient = { .name = "patient",
	.open = patient_open,
	.offers = patient_offers,
	.check = patient_check,
	.close = patient_close };

static const struct adapter_ops *const adapters[] = { &loopback_ops, NULL };
static const struct backend_ops *const backends[] = { &scripted_ops, NULL };
static const struct authenticator_ops *const authenticators[] = { &authenticator_token,
	&authenticator_patient, NULL };
static const char *const dialects[] = { "soap", NULL };
static const struct plugs plugs = { adapters, authenticators, backends, dialects };

static const char configuration[] =
        "gateway: { limits: { body: 1KiB, memory: 1MiB } }\n"
        "listeners: [{ name: l, protocol: loopback, bind: x }]\n"
        "auth: { token: { method: token }, key: { method: patient } }\n"
        "roles:\n"
        "  sensor: { allow: [\"POST /sensors/{self}\", \"POST /sensors/asked/{self}\",\n"
        "    \"POST /sensors/either/{self}\"] }\n"
        "  idle: { allow: [\"GET /nothing\"] }\n"
        "clients:\n"
        "  - { id: a, roles: [sensor], token: env:TOKEN_A }\n"
        "  - { id: b, roles: [idle], token: env:TOKEN_B }\n"
        "  - { id: c, roles: [sensor], token: env:TOKEN_C, disabled: true }\n"
        "backends:\n"
        "  one: { protocol: scripted, targets: [{ url: x:1 }, { url: x:2 }], retries: 1 }\n"
        "endpoints:\n"
        "  - { name: sensors, path: \"/sensors/{device}\", methods: [POST], auth: [token],\n"
        "      roles: [sensor], operation: Report, to: one, call: { path: \"/v1/{device}\" } }\n"
        "  - { name: open, path: \"/open/*\", methods: [GET, POST], auth: [none], to: one }\n"
        "  - { name: asked, path: \"/sensors/asked/{device}\", methods: [POST], auth: [key], to: "
        "one }\n"
        "  - { name: either, path: \"/sensors/either/{device}\", methods: [POST], auth: [key, "
        "token],"
        " to: one }\n"
        "  - { name: small, path: /small, methods: [POST], auth: [none], body: 10B, to: one }\n"
        "  - { name: any, path: /any, methods: [POST], auth: [none], accept: [\"*/*\"], to: one }\n"
        "  - { name: http, path: /http, methods: [POST], protocols: [soap], auth: [none], to: one "
        "}\n";

static struct core *core;
static struct arena arena;
static char path[64];

static void write_configuration(const char *text)
{
	write_file(path, text);
}

static int setup(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	hand_loop_reset();
	memset(&script, 0, sizeof script);
	memset(&reviewed, 0, sizeof reviewed);
	script.answers[0] = STATUS_OK;
	homecomings = 0;
	(void)snprintf(path, sizeof path, "/tmp/fairlead-pipeline-%d.yaml", (int)getpid());
	write_configuration(configuration);
	(void)setenv("TOKEN_A", "secret-a", 1);
	(void)setenv("TOKEN_B", "secret-b", 1);
	(void)setenv("TOKEN_C", "secret-c", 1);
	arena_init(&arena, 1 << 20);
	core = core_running(&plugs, path, &arena, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	core_destroy(core);
	arena_finish(&arena);
	(void)unlink(path);
	return 0;
}

static struct request *fresh(
        enum method method, const char *to, const char *body, const char *token)
{
	return request_with(loopback, method, to, body, token);
}

static void submit(struct request *request)
{
	inside_submit = true;
	request_submit(request);
	inside_submit = false;
	hand_loop_turn();
}

static void each_refusal_has_its_status(void **state)
{
	(void)state;
	static const struct {
		enum method method;
		const char *path, *media, *body, *token;
		enum status status;
	} cases[] = {
		{ METHOD_POST, "/sensors/a", NULL, "{}", "secret-a", STATUS_OK },
		{ METHOD_POST, "/nowhere", NULL, "{}", "secret-a", STATUS_NOT_FOUND },
		{ METHOD_POST, "/http", NULL, "{}", NULL, STATUS_NOT_FOUND },
		{ METHOD_PUT, "/sensors/a", NULL, "{}", "secret-a", STATUS_METHOD_NOT_ALLOWED },
		{ METHOD_POST, "/sensors/a", NULL, "{}", NULL, STATUS_UNAUTHENTICATED },
		{ METHOD_POST, "/sensors/a", NULL, "{}", "guess", STATUS_UNAUTHENTICATED },
		{ METHOD_POST, "/sensors/b", NULL, "{}", "secret-a", STATUS_FORBIDDEN },
		{ METHOD_POST, "/sensors/b", NULL, "{}", "secret-b", STATUS_FORBIDDEN },
		{ METHOD_POST, "/sensors/a", NULL, "{", "secret-a", STATUS_MALFORMED },
		{ METHOD_POST, "/sensors/a", "image/png", "{}", "secret-a",
		        STATUS_UNSUPPORTED_MEDIA },
		{ METHOD_POST, "/sensors/a", "text/plain;charset=latin1", "{}", "secret-a",
		        STATUS_UNSUPPORTED_MEDIA },
		{ METHOD_POST, "/sensors/a", "text/plain", "free text", "secret-a", STATUS_OK },
		{ METHOD_POST, "/sensors/a", "text/plain", "\xff", "secret-a", STATUS_MALFORMED },
		{ METHOD_POST, "/any", "text/csv", "free,text", NULL, STATUS_OK },
		{ METHOD_POST, "/small", NULL, "[1,2,3,4]", NULL, STATUS_OK },
		{ METHOD_POST, "/small", NULL, "[1,2,3,4,5]", NULL, STATUS_TOO_LARGE },
		{ METHOD_GET, "/open/x", NULL, NULL, NULL, STATUS_OK },
		{ METHOD_CONNECT, "/", NULL, NULL, NULL, STATUS_OK },
		{ METHOD_CONNECT, "/", NULL, NULL, "secret-a", STATUS_OK },
		{ METHOD_CONNECT, "/", NULL, NULL, "guess", STATUS_UNAUTHENTICATED },
		{ METHOD_POST, "/sensors/c", NULL, "{}", "secret-c", STATUS_UNAUTHENTICATED },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		script.attempts = 0;
		struct request *request =
		        fresh(cases[i].method, cases[i].path, cases[i].body, cases[i].token);
		request->in.media = slice_of(cases[i].media);
		submit(request);
		assert_int_equal(homecomings, i + 1);
		if (home->status != cases[i].status)
			fail_msg("case %zu: %s: %.*s", i, status_name(home->status),
			        SLICE_ARG(home->why));
		assert_true(status_is_success(home->status) || home->why.n > 0);
	}
	assert_int_equal(loopback->replies[STATUS_FORBIDDEN], 2);
	assert_int_equal(loopback->inflight, 0);
}

static struct request *with_key(const char *to, const char *key)
{
	struct request *request = fresh(METHOD_POST, to, "{}", NULL);
	struct credential *credential = ARENA_NEW(&request->arena, struct credential);
	credential->kind = CREDENTIAL_API_KEY;
	credential->secret = slice_of(key);
	request->credentials = credential;
	return request;
}

static void an_authenticator_may_answer_later(void **state)
{
	(void)state;
	patient.at_once = false;
	submit(with_key("/sensors/asked/a", "a"));
	assert_int_equal(homecomings, 0);
	assert_int_equal(script.attempts, 0);
	auth_done(patient.waiting, auth_grant(patient.waiting, &patient.grant));
	assert_int_equal(homecomings, 0);
	hand_loop_turn();
	assert_int_equal(homecomings, 1);
	assert_int_equal(home->status, STATUS_OK);
	assert_slice(home->who->id, "a");

	submit(with_key("/sensors/asked/a", "a"));
	auth_done(patient.waiting, REPLY);
	hand_loop_turn();
	assert_int_equal(home->status, STATUS_UNAUTHENTICATED);

	/* From inside check(), and believed for somebody else's path. */
	patient.at_once = true;
	submit(with_key("/sensors/asked/a", "b"));
	assert_int_equal(homecomings, 3);
	assert_int_equal(home->status, STATUS_FORBIDDEN);
}

/* A password may be a token, or what the patient one believes: whoever believes it is asked in the end. */
static void several_ways_may_take_one_credential(void **state)
{
	(void)state;
	patient.at_once = true;
	static const struct {
		const char *path, *secret;
		enum status status;
	} cases[] = {
		{ "/sensors/either/a", "secret-a", STATUS_OK }, /* by the second */
		{ "/sensors/either/a", "a", STATUS_OK },        /* by the first */
		{ "/sensors/either/a", "guess", STATUS_UNAUTHENTICATED },
		{ "/sensors/a", "a", STATUS_UNAUTHENTICATED }, /* not a way of this endpoint */
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		script.attempts = 0;
		struct request *request = with_key(cases[i].path, cases[i].secret);
		((struct credential *)(uintptr_t)request->credentials)->kind = CREDENTIAL_BASIC;
		submit(request);
		assert_int_equal(homecomings, i + 1);
		if (home->status != cases[i].status)
			fail_msg("case %zu: %.*s", i, SLICE_ARG(home->why));
	}
	/* A session may be recognised by any. */
	struct request *request = with_key("/", "secret-a");
	((struct credential *)(uintptr_t)request->credentials)->kind = CREDENTIAL_BASIC;
	request->in.method = METHOD_CONNECT;
	submit(request);
	assert_int_equal(home->status, STATUS_OK);
	assert_slice(home->who->id, "a");
}

static unsigned audit_events;

static void note_event(struct audit_sink *sink, const struct audit_event *event)
{
	(void)sink;
	audit_events += strcmp(event->action, "login.throttled") == 0;
}

static void set_nothing(struct audit_sink *sink, const struct audit_settings *settings)
{
	(void)sink;
	(void)settings;
}

static void who_guesses_has_to_wait(void **state)
{
	(void)state;
	struct audit_sink sink = { note_event, set_nothing };
	audit_events = 0;
	core_use_audit(core, &sink);
	for (unsigned i = 0; i < 5; i++) {
		submit(fresh(METHOD_POST, "/sensors/a", "{}", "guess"));
		assert_int_equal(home->status, STATUS_UNAUTHENTICATED);
	}
	for (unsigned i = 0; i < 3; i++) {
		submit(fresh(METHOD_POST, "/sensors/a", "{}", "guess"));
		assert_int_equal(home->status, STATUS_TOO_MANY);
		assert_int_equal(home->retry_after_ms, 1000);
	}
	assert_int_equal(audit_events, 1);
	submit(fresh(METHOD_POST, "/sensors/a", "{}", "secret-a"));
	assert_int_equal(home->status, STATUS_OK);
	hand_loop_pass(1000);
	submit(fresh(METHOD_POST, "/sensors/a", "{}", "guess"));
	assert_int_equal(home->status, STATUS_UNAUTHENTICATED);
	core_use_audit(core, NULL);
}

static void a_guess_counts_when_its_answer_came_later(void **state)
{
	(void)state;
	patient.at_once = false;
	for (unsigned i = 0; i < 5; i++) {
		submit(with_key("/sensors/asked/a", "guess"));
		auth_done(patient.waiting, REPLY);
		hand_loop_turn();
		assert_int_equal(home->status, STATUS_UNAUTHENTICATED);
	}
	submit(with_key("/sensors/asked/a", "guess"));
	assert_int_equal(home->status, STATUS_TOO_MANY);
	/* Whoever could not be asked has not said that it was wrong. */
	for (unsigned i = 0; i < 8; i++) {
		submit(with_key("/sensors/asked/a", "another"));
		request_refuse(patient.waiting, STATUS_UNAVAILABLE, "not there");
		auth_done(patient.waiting, REPLY);
		hand_loop_turn();
		assert_int_equal(home->status, STATUS_UNAVAILABLE);
	}
}

/* ---- Who has changed is looked at again */

static void a_change_is_told_once(void **state)
{
	(void)state;
	core_client_changed(core, SLICE("a"));
	core_client_changed(core, SLICE("b"));
	core_client_changed(core, SLICE("a"));
	assert_int_equal(reviewed.n, 0);
	hand_loop_pass(1000);
	assert_int_equal(reviewed.n, 2);
	assert_string_equal(reviewed.last, "b");
	hand_loop_pass(1000);
	assert_int_equal(reviewed.n, 2);
}

static void many_changes_concern_everybody(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		char id[8];
		(void)snprintf(id, sizeof id, "c-%u", i);
		core_client_changed(core, slice_of(id));
	}
	hand_loop_pass(1000);
	assert_int_equal(reviewed.n, 1);
	assert_string_equal(reviewed.last, "*");
	core_client_changed(core, (slice){ NULL, 0 });
	core_client_changed(core, SLICE("a"));
	hand_loop_pass(1000);
	assert_int_equal(reviewed.n, 2);
	assert_string_equal(reviewed.last, "*");
}

static void a_refused_message_is_counted_and_comes_home(void **state)
{
	(void)state;
	struct request *request = fresh(METHOD_POST, "/", NULL, NULL);
	request_refuse(request, STATUS_MALFORMED, "no packet of the protocol");
	submit(request);
	assert_int_equal(home->status, STATUS_MALFORMED);
	assert_int_equal(loopback->replies[STATUS_MALFORMED], 1);
	assert_int_equal(script.attempts, 0);
}

static void the_call_is_made_from_the_template(void **state)
{
	(void)state;
	submit(fresh(METHOD_POST, "/sensors/a", "{\"time\":1764057600123456789}", "secret-a"));
	assert_slice(home->call.path, "/v1/a");
	assert_slice(home->call.body, "{\"time\":1764057600123456789}");
	/* Forwarded as it came: the very bytes, not a copy. */
	assert_ptr_equal(home->call.body.p, home->in.body.p);
	assert_slice(home->who->id, "a");
}

static void an_operation_fills_the_path_from_its_members(void **state)
{
	(void)state;
	struct request *request = fresh(METHOD_POST, "/", NULL, "secret-a");
	request->protocol = "soap";
	request->in.operation = SLICE("Report");
	struct value *value = value_map(&request->arena);
	assert_true(value_set(value, SLICE("device"), value_text(&request->arena, SLICE("a"))));
	assert_true(value_set(value, SLICE("value"), value_int(&request->arena, 5)));
	request->in.value = value;
	submit(request);
	assert_int_equal(home->status, STATUS_OK);
	assert_slice(home->call.path, "/v1/a");
	assert_slice(home->call.body, "{\"value\":5}");
}

static void another_attempt_only_while_nothing_was_sent(void **state)
{
	(void)state;
	script.answers[0] = STATUS_BAD_BACKEND;
	script.answers[1] = STATUS_OK;
	submit(fresh(METHOD_POST, "/open/x", "{}", NULL));
	assert_int_equal(home->status, STATUS_OK);
	assert_int_equal(script.attempts, 2);
	assert_false(slice_equal(script.targets[0], script.targets[1]));

	script.attempts = 0;
	script.sent = true;
	submit(fresh(METHOD_POST, "/open/x", "{}", NULL));
	assert_int_equal(home->status, STATUS_BAD_BACKEND);
	assert_int_equal(script.attempts, 1);
}

static void the_answer_comes_in_the_callers_notation(void **state)
{
	(void)state;
	script.answer_media = SLICE("application/json");
	script.answer_body = SLICE("{\"a\":1}");
	struct request *request = fresh(METHOD_POST, "/open/x", "\xa0", NULL);
	request->in.media = SLICE("application/cbor");
	submit(request);
	assert_slice(home->out.media, "application/cbor");
	assert_slice(home->out.body, "\xa1\x61"
	                             "a\x01");
	request = fresh(METHOD_POST, "/open/x", "{}", NULL);
	request->accept = SLICE("application/cbor;q=0.5, application/json");
	script.attempts = 0;
	submit(request);
	assert_ptr_equal(home->out.body.p, script.answer_body.p);
	request = fresh(METHOD_POST, "/open/x", "{}", NULL);
	request->reply_as_value = true;
	script.attempts = 0;
	submit(request);
	assert_true(value_get(home->out.value, SLICE("a"))->as.integer == 1);
}

static void stopping_waits_then_cancels(void **state)
{
	(void)state;
	script.answers[0] = STATUS_NONE;
	submit(fresh(METHOD_POST, "/open/x", "{}", NULL));
	assert_int_equal(homecomings, 0);
	core_stop(core, 10000);
	hand_loop_turn();
	assert_null(request_new(loopback));
	assert_false(hand_loop_stopped());
	hand_loop_pass(10001);
	assert_int_equal(script.aborted, 1);
	assert_int_equal(homecomings, 1);
	assert_int_equal(home_status, STATUS_CANCELLED);
	assert_true(hand_loop_stopped());
}

static void a_cancelled_caller_ends_the_attempt(void **state)
{
	(void)state;
	script.answers[0] = STATUS_NONE;
	struct request *request = fresh(METHOD_POST, "/open/x", "{}", NULL);
	uint64_t id = request->id;
	submit(request);
	request_cancel(loopback, id + 1);
	assert_int_equal(script.aborted, 0);
	request_cancel(loopback, id);
	request_cancel(loopback, id);
	hand_loop_turn();
	assert_int_equal(script.aborted, 1);
	assert_int_equal(homecomings, 1);
}

static void a_broken_file_changes_nothing_and_a_good_one_all(void **state)
{
	(void)state;
	const struct configuration *before = core_configuration(core);
	struct adapter *listener = loopback;
	write_configuration("endpoints: [{ nonsense: 1 }]\n");
	log_set_level((enum log_level) - 1);
	core_reload(core);
	assert_ptr_equal(core_configuration(core), before);
	submit(fresh(METHOD_GET, "/open/x", NULL, NULL));
	assert_int_equal(home->status, STATUS_OK);

	/* A request that is under way keeps its configuration; the unchanged listener stays. */
	script.answers[1] = STATUS_NONE;
	submit(fresh(METHOD_GET, "/open/x", NULL, NULL));
	char text[sizeof configuration];
	memcpy(text, configuration, sizeof text);
	memcpy(strstr(text, "/small"), "/tiny_", 6);
	write_configuration(text);
	core_reload(core);
	assert_ptr_not_equal(core_configuration(core), before);
	assert_ptr_equal(loopback, listener);
	exchange_done(script.open, STATUS_OK);
	hand_loop_turn();
	assert_int_equal(home->status, STATUS_OK);
	script.attempts = 0;
	submit(fresh(METHOD_POST, "/small", "{}", NULL));
	assert_int_equal(home->status, STATUS_NOT_FOUND);
	submit(fresh(METHOD_POST, "/tiny_", "{}", NULL));
	assert_int_equal(home->status, STATUS_OK);
}

static void memory_under_way_is_bounded(void **state)
{
	(void)state;
	script.answers[0] = STATUS_NONE;
	unsigned taken = 0;
	struct request *held[2048];
	while (taken < 2048) {
		struct request *request = request_new(loopback);
		if (!request)
			break;
		held[taken++] = request;
		request_refuse(request, STATUS_MALFORMED, "x");
		request->in.method = METHOD_GET;
		assert_non_null(arena_alloc(&request->arena, 8000));
		request_submit(request);
	}
	assert_in_range(taken, 50, 200);
	hand_loop_turn();
	assert_int_equal(homecomings, taken);
	(void)held;
	assert_non_null(home);
	submit(fresh(METHOD_GET, "/nowhere", NULL, NULL));
	assert_int_equal(home->status, STATUS_NOT_FOUND);
}

/* Messages that are still being read hold memory, too, and so does what stages make of them. */
static void memory_counts_from_the_first_byte(void **state)
{
	(void)state;
	struct request *held[2048];
	unsigned taken = 0;
	while (taken < 2048) {
		held[taken] = request_new(loopback);
		if (!held[taken])
			break;
		assert_non_null(arena_alloc(&held[taken++]->arena, 8000));
	}
	assert_in_range(taken, 30, 130);
	/* A quarter is left for those that have begun. */
	struct arena *arena_of_first = &held[0]->arena;
	unsigned more = 0;
	while (arena_alloc(arena_of_first, 4000))
		more++;
	assert_in_range(more, 30, 70);
	while (taken)
		request_free(held[--taken]);
	submit(fresh(METHOD_GET, "/nowhere", NULL, NULL));
	assert_int_equal(home->status, STATUS_NOT_FOUND);
}

static void wherever_memory_ends_there_is_an_answer(void **state)
{
	(void)state;
	static const struct {
		const char *path, *media, *body, *token, *accept, *operation;
	} cases[] = {
		{ "/sensors/a", NULL, "{\"value\":81.4}", "secret-a", "application/cbor", NULL },
		{ "/open/x", "application/cbor", "\xa1\x61\x61\x01", NULL, NULL, NULL },
		{ "/open/x", "application/xml", "<a><b>1</b></a>", NULL, "application/xml", NULL },
		{ "/", NULL, NULL, "secret-a", NULL, "Report" },
		{ "/sensors/b", NULL, "{}", "secret-a", NULL, NULL },
		{ "/sensors/a", NULL, "{}", NULL, NULL, NULL },
	};
	script.answer_media = SLICE("application/json");
	script.answer_body = SLICE("{\"a\":[1,{\"b\":\"c\"}]}");
	unsigned succeeded = 0, refused = 0;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t n = 0; n < arena_chunk_room(); n += 16) {
			script.attempts = 0;
			homecomings = 0;
			struct request *request =
			        fresh(METHOD_POST, cases[i].path, cases[i].body, cases[i].token);
			request->in.media = slice_of(cases[i].media);
			request->accept = slice_of(cases[i].accept);
			if (cases[i].operation) {
				struct value *value = value_map(&request->arena);
				(void)value_set(value, SLICE("device"),
				        value_text(&request->arena, SLICE("a")));
				request->protocol = "soap";
				request->in.operation = slice_of(cases[i].operation);
				request->in.value = value;
				request->reply_as_value = true;
			}
			arena_starve(&request->arena, n);
			submit(request);
			assert_int_equal(homecomings, 1);
			assert_int_not_equal(home->status, STATUS_NONE);
			succeeded += status_is_success(home->status);
			refused += !status_is_success(home->status);
			/* The effect has happened exactly when the caller is told so. */
			assert_int_equal(script.attempts, status_is_success(home->status));
		}
	}
	assert_true(succeeded > 100 && refused > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_refusal_has_its_status, setup, teardown),
		cmocka_unit_test_setup_teardown(an_authenticator_may_answer_later, setup, teardown),
		cmocka_unit_test_setup_teardown(who_guesses_has_to_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        a_guess_counts_when_its_answer_came_later, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        a_refused_message_is_counted_and_comes_home, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        the_call_is_made_from_the_template, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        an_operation_fills_the_path_from_its_members, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        another_attempt_only_while_nothing_was_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        the_answer_comes_in_the_callers_notation, setup, teardown),
		cmocka_unit_test_setup_teardown(stopping_waits_then_cancels, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        a_cancelled_caller_ends_the_attempt, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        a_broken_file_changes_nothing_and_a_good_one_all, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        several_ways_may_take_one_credential, setup, teardown),
		cmocka_unit_test_setup_teardown(a_change_is_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(many_changes_concern_everybody, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_under_way_is_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_counts_from_the_first_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        wherever_memory_ends_there_is_an_answer, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
