/* What the core tells the audit log: whom it lets in and whom it does not, and what happens to the gateway itself. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/audit.h"
#include "base/log.h"
#include "tests/fakes/hand_loop.h"
#include "tests/unit/loopback.h"

static struct adapter *loopback;

static bool start(struct adapter *adapter, struct error *error)
{
	(void)error;
	loopback = adapter;
	return true;
}

static void reply(struct adapter *adapter, struct request *request)
{
	(void)adapter;
	request_free(request);
}

static void close_adapter(struct adapter *adapter)
{
	free(adapter);
}

static const struct adapter_ops loopback_ops = { .name = "loopback",
	.settings = loopback_settings,
	.open = loopback_open,
	.start = start,
	.reply = reply,
	.stop = loopback_stop,
	.close = close_adapter };

static enum status answer;

static void send_exchange(struct backend *backend, struct exchange *exchange)
{
	(void)backend;
	exchange_done(exchange, answer);
}

static const struct backend_ops scripted_ops = { .name = "scripted",
	.takes = BACKEND_TAKES_BYTES,
	.open = loopback_backend_open,
	.send = send_exchange,
	.close = loopback_backend_close };

extern const struct authenticator_ops authenticator_token;
static const struct adapter_ops *const adapters[] = { &loopback_ops, NULL };
static const struct authenticator_ops *const authenticators[] = { &authenticator_token, NULL };
static const struct backend_ops *const backends[] = { &scripted_ops, NULL };
static const char *const dialects[] = { NULL };
static const struct plugs plugs = { adapters, authenticators, backends, dialects };

/* ---- The log: "ACTION WHO STATUS" for each event, and the last one's detail. */
static char noted[1024], detail[600];
static enum audit_kind last_kind;
static const struct audit_settings *set_to;

static void note(struct audit_sink *sink, const struct audit_event *event)
{
	(void)sink;
	size_t n = strlen(noted);
	(void)snprintf(noted + n, sizeof noted - n, "%s%s %.*s %s", n ? ", " : "", event->action,
	        SLICE_ARG(event->who),
	        event->status == STATUS_NONE ? "-" : status_name(event->status));
	(void)snprintf(detail, sizeof detail, "%.*s", SLICE_ARG(event->detail));
	last_kind = event->kind;
}

static void set(struct audit_sink *sink, const struct audit_settings *settings)
{
	(void)sink;
	set_to = settings;
}

static struct audit_sink sink = { note, set };

#define CONFIGURATION                                                                              \
	"listeners: [ { name: loop, protocol: loopback, bind: here } ]\n"                          \
	"auth: { token: { method: token } }\n"                                                     \
	"roles: { sensor: { allow: [\"POST /sensors/{self}\"] } }\n"                               \
	"clients: [ { id: engine-7, roles: [sensor], token: env:TEST_TOKEN } ]\n"                  \
	"backends: { it: { protocol: scripted } }\n"                                               \
	"endpoints: [ { name: a, path: \"/sensors/{x}\", methods: [POST], auth: [token], to: it "  \
	"},\n"                                                                                     \
	"  { name: b, path: \"/open\", methods: [POST], auth: [none], to: it } ]\n"

static struct core *core;
static struct arena arena;
static char path[64];

static int setup(void **state)
{
	(void)state;
	log_set_level((enum log_level) - 1);
	hand_loop_reset();
	arena_init(&arena, 1 << 20);
	(void)setenv("TEST_TOKEN", "the-token-of-engine-7", 1);
	(void)snprintf(path, sizeof path, "/tmp/fairlead-events-%d.yaml", (int)getpid());
	write_file(path, CONFIGURATION);
	core = core_running(&plugs, path, &arena, NULL);
	core_use_audit(core, &sink);
	noted[0] = '\0';
	answer = STATUS_OK;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	core_destroy(core);
	(void)unlink(path);
	arena_finish(&arena);
	return 0;
}

static void submit(struct request *request)
{
	request_submit(request);
	hand_loop_turn();
}

static struct request *post(const char *to, const char *token)
{
	struct request *request = request_with(loopback, METHOD_POST, to, "1", token);
	request->in.media = SLICE("application/json");
	return request;
}

static void assert_noted(const char *expected)
{
	assert_string_equal(noted, expected);
	noted[0] = '\0';
}

static void who_is_let_in_and_who_is_not(void **state)
{
	(void)state;
	submit(post("/sensors/engine-7", NULL));
	assert_noted("refused  unauthenticated");
	assert_int_equal(last_kind, AUDIT_REFUSAL);
	submit(post("/sensors/engine-7", "a-wrong-token"));
	assert_noted("refused  unauthenticated");
	assert_null(strstr(detail, "a-wrong-token"));
	submit(post("/sensors/engine-8", "the-token-of-engine-7"));
	assert_noted("refused engine-7 forbidden");
	submit(post("/sensors/engine-7", "the-token-of-engine-7"));
	assert_noted("client.seen engine-7 -");
	assert_int_equal(last_kind, AUDIT_SEEN);
	assert_string_equal(detail, "token");
	submit(request_with(loopback, METHOD_CONNECT, "/", "", "the-token-of-engine-7"));
	assert_noted("session.open engine-7 -");
	assert_int_equal(last_kind, AUDIT_LOGIN);
}

static void what_says_nothing_about_anybody_is_not_noted(void **state)
{
	(void)state;
	submit(post("/open", NULL));
	submit(post("/nowhere", NULL));
	submit(request_with(loopback, METHOD_CONNECT, "/", "", NULL));
	struct request *expected = post("/sensors/engine-7", NULL);
	expected->may_be_refused = true;
	submit(expected);
	assert_noted("");
}

static void a_backends_refusal_is_not_the_gateways(void **state)
{
	(void)state;
	answer = STATUS_FORBIDDEN;
	submit(post("/sensors/engine-7", "the-token-of-engine-7"));
	assert_noted("client.seen engine-7 -");
	submit(post("/open", NULL));
	assert_noted("");
}

static void a_name_is_noted_only_if_a_client_has_it(void **state)
{
	(void)state;
	static const char *const names[] = { "engine-7", "a-password-that-went-astray" };
	for (unsigned i = 0; i < 2; i++) {
		struct request *request = post("/sensors/engine-7", "a-wrong-token");
		struct credential *credential = ARENA_NEW(&request->arena, struct credential);
		*credential = (struct credential){ .kind = CREDENTIAL_BASIC,
			.name = slice_of(names[i]),
			.secret = SLICE("guessed") };
		request->credentials = credential;
		submit(request);
		assert_noted(i ? "refused  unauthenticated" : "refused engine-7 unauthenticated");
	}
}

static void the_gateway_itself(void **state)
{
	(void)state;
	core_reload(core);
	assert_noted("configuration.reload  ok");
	assert_int_equal(last_kind, AUDIT_ADMIN);
	assert_int_equal(strlen(strstr(detail, "sha256 ")), 7 + 64);
	write_file(path, CONFIGURATION "audit: { off: true, keep: 3, login_window: 2h }\n");
	core_reload(core);
	assert_noted("configuration.reload  ok");
	assert_int_equal(set_to->keep, 3);
	assert_int_equal(set_to->login_window_ms, 2 * 3600000);
	write_file(path, CONFIGURATION "nonsense: 1\n");
	core_reload(core);
	assert_noted("configuration.refused  invalid");
	assert_non_null(strstr(detail, "nonsense"));
	(void)unlink(path);
	core_reload(core);
	assert_noted("configuration.refused  invalid");
	core_stop(core, 0);
	assert_noted("gateway.stop  ok");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(who_is_let_in_and_who_is_not),
		TEST(what_says_nothing_about_anybody_is_not_noted),
		TEST(a_backends_refusal_is_not_the_gateways),
		TEST(a_name_is_noted_only_if_a_client_has_it),
		TEST(the_gateway_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
