/* Who may do what, by a configuration: roles that deny and inherit, a client's own rules, scopes, endpoints' roles. */
#include "support.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "core/internal.h"
#include "core/router.h"
#include "tests/fakes/hand_loop.h"
#include "tests/unit/loopback.h"

static const struct backend_ops screen_ops = { .name = "screen",
	.takes = BACKEND_TAKES_BYTES,
	.open = loopback_backend_open,
	.close = loopback_backend_close };

extern const struct authenticator_ops authenticator_token;
static const struct adapter_ops *const adapters[] = { NULL };
static const struct authenticator_ops *const authenticators[] = { &authenticator_token, NULL };
static const struct backend_ops *const backends[] = { &screen_ops, NULL };
static const char *const dialects[] = { NULL };
static const struct plugs plugs = { adapters, authenticators, backends, dialects };

static struct arena arena;
static char path[64];

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, 8 << 20);
	(void)snprintf(path, sizeof path, "authorize-%d.yaml", (int)getpid());
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_finish(&arena);
	(void)unlink(path);
	return 0;
}

static struct configuration *load(const char *text, struct mistakes *mistakes)
{
	*mistakes = (struct mistakes){ .arena = &arena };
	write_file(path, text);
	return configuration_load(hand_loop(), &plugs, path, mistakes);
}

static struct configuration *load_right(const char *text)
{
	struct mistakes mistakes;
	struct configuration *configuration = load(text, &mistakes);
	if (!configuration)
		fail_msg("%.*s", SLICE_ARG(mistakes.at[0].text));
	return configuration;
}

static const struct identity *identity_of(const struct configuration *configuration,
        const char *client, const char *scope, const char *role)
{
	const slice scopes[1] = { slice_of(scope) }, roles[1] = { slice_of(role) };
	const struct grant grant = { .client = slice_of(client),
		.unlisted = role != NULL,
		.roles = role ? roles : NULL,
		.nroles = role ? 1 : 0,
		.scoped = scope != NULL,
		.scopes = scopes,
		.nscopes = scope && *scope ? 1 : 0 };
	const char *why;
	const struct identity *who = grant_identity(configuration, &grant, &arena, &why);
	if (!who)
		fail_msg("%s: %s", client, why);
	return who;
}

static const char fleet[] =
        "auth: { token: { method: token } }\n"
        "roles:\n"
        "  sensor: { allow: [\"POST /ships/sensors/{self}\", \"GET /ships/sensors/{self}\", \"* "
        "/logs/*\"] }\n"
        "  reader: { allow: [\"GET /ships/*\"], deny: [\"GET /ships/secret/*\"] }\n"
        "  master: { inherits: [sensor, reader], allow: [\"DELETE /ships/*\"], "
        "scopes: [ships, all] }\n"
        "  chief: { inherits: [master], allow: [\"PUT /ships/*\"] }\n"
        "  banned: { deny: [\"* /ships/log\"] }\n"
        "  none: { allow: [\"GET /nothing\"], scopes: [] }\n"
        "clients:\n"
        "  - { id: engine, roles: [sensor] }\n"
        "  - { id: panel, roles: [reader] }\n"
        "  - { id: captain, roles: [master] }\n"
        "  - { id: head, roles: [chief] }\n"
        "  - { id: outcast, roles: [chief, banned] }\n"
        "  - { id: extra, roles: [sensor], allow: [\"GET /ships/log\", \"PUT /bridge/door\"], "
        "deny: [\"POST /ships/sensors/{self}\"] }\n"
        "  - { id: mate, roles: [chief], allow: [\"POST /bridge/horn\"] }\n"
        "  - { id: lone, allow: [\"GET /ships/log\", \"PUT /bridge/door\"] }\n"
        "  - { id: hub, roles: [sensor], acts_for: [engine, \"pump-*\"] }\n"
        "  - { id: bare, roles: [none] }\n"
        "backends: { screen: { protocol: screen } }\n"
        "endpoints:\n"
        "  - { name: ships, path: /ships/*, methods: [GET, POST, PUT, DELETE], auth: [token], "
        "to: screen }\n"
        "  - { name: bridge, path: \"/bridge/{x}\", methods: [POST, PUT, DELETE], auth: [token], "
        "roles: [chief], to: screen }\n"
        "  - { name: helm, path: /ships/helm, methods: [PUT, DELETE], auth: [token], "
        "roles: [master], to: screen }\n"
        "  - { name: logs, path: \"/logs/{of}/{part}\", methods: [GET, POST], auth: [token], "
        "subject: \"{of}\", to: screen }\n"
        "  - { name: open, path: /open/*, methods: [GET], auth: [token, none], to: screen }\n";

static const struct {
	const char *client;
	const char *scope; /* NULL: no scopes; "": none of them */
	const char *role;  /* in place of the directory's */
	enum method method;
	const char *path;
	bool allowed;
} cases[] = {
	/* Of its own role. */
	{ "engine", NULL, NULL, METHOD_POST, "/ships/sensors/engine", true },
	{ "engine", NULL, NULL, METHOD_HEAD, "/ships/sensors/engine", true },
	{ "engine", NULL, NULL, METHOD_POST, "/ships/sensors/pump", false },
	{ "engine", NULL, NULL, METHOD_PUT, "/ships/sensors/engine", false },
	/* A denial wins over what the same role allows. */
	{ "panel", NULL, NULL, METHOD_GET, "/ships/log", true },
	{ "panel", NULL, NULL, METHOD_GET, "/ships/secret/plan", false },
	{ "panel", NULL, NULL, METHOD_HEAD, "/ships/secret/plan", false },
	{ "panel", NULL, NULL, METHOD_SUBSCRIBE, "/ships/secret/plan", false },
	{ "panel", NULL, NULL, METHOD_GET, "/ships//secret/plan", false },
	{ "panel", NULL, NULL, METHOD_GET, "/ships/secret%2Fplan", false },
	/* Inherited: what is allowed, what is denied, over two steps. */
	{ "captain", NULL, NULL, METHOD_POST, "/ships/sensors/captain", true },
	{ "captain", NULL, NULL, METHOD_GET, "/ships/log", true },
	{ "captain", NULL, NULL, METHOD_DELETE, "/ships/log", true },
	{ "captain", NULL, NULL, METHOD_GET, "/ships/secret/plan", false },
	{ "captain", NULL, NULL, METHOD_PUT, "/ships/log", false },
	{ "head", NULL, NULL, METHOD_PUT, "/ships/log", true },
	{ "head", NULL, NULL, METHOD_DELETE, "/ships/log", true },
	{ "head", NULL, NULL, METHOD_GET, "/ships/secret/plan", false },
	{ "head", NULL, NULL, METHOD_PUT, "/ships/secret/plan", true },
	/* A denial of another role. */
	{ "outcast", NULL, NULL, METHOD_PUT, "/ships/log", false },
	{ "outcast", NULL, NULL, METHOD_PUT, "/ships/logs", true },
	/* An endpoint's roles: who inherits one has it; its own rules must allow it all the same. */
	{ "captain", NULL, NULL, METHOD_DELETE, "/ships/helm", true },
	{ "head", NULL, NULL, METHOD_DELETE, "/ships/helm", true },
	{ "head", NULL, NULL, METHOD_PUT, "/ships/helm", false },
	{ "panel", NULL, NULL, METHOD_DELETE, "/ships/helm", false },
	{ "head", NULL, NULL, METHOD_PUT, "/bridge/door", false },
	/* A client's own rules: beside its roles, where the endpoint is for one of them or for any. */
	{ "extra", NULL, NULL, METHOD_GET, "/ships/log", true },
	{ "extra", NULL, NULL, METHOD_GET, "/ships/sensors/extra", true },
	{ "extra", NULL, NULL, METHOD_POST, "/ships/sensors/extra", false },
	{ "extra", NULL, NULL, METHOD_PUT, "/bridge/door", false },
	{ "mate", NULL, NULL, METHOD_POST, "/bridge/horn", true },
	{ "mate", NULL, NULL, METHOD_POST, "/bridge/door", false },
	{ "lone", NULL, NULL, METHOD_GET, "/ships/log", true },
	{ "lone", NULL, NULL, METHOD_PUT, "/bridge/door", false },
	/* Scopes leave fewer roles, none of what is the client's own, and every denial. */
	{ "engine", "sensor", NULL, METHOD_POST, "/ships/sensors/engine", true },
	{ "engine", "reader", NULL, METHOD_POST, "/ships/sensors/engine", false },
	{ "engine", "", NULL, METHOD_POST, "/ships/sensors/engine", false },
	{ "head", "all", NULL, METHOD_DELETE, "/ships/log", true },
	{ "head", "ships", NULL, METHOD_DELETE, "/ships/log", true },
	{ "head", "all", NULL, METHOD_PUT, "/ships/log", false },
	{ "head", "master", NULL, METHOD_DELETE, "/ships/log", false },
	{ "head", "chief", NULL, METHOD_DELETE, "/ships/log", true },
	{ "head", "sensor", NULL, METHOD_POST, "/ships/sensors/head", true },
	{ "head", "sensor", NULL, METHOD_GET, "/ships/log", false },
	{ "outcast", "chief", NULL, METHOD_PUT, "/ships/log", false },
	{ "extra", "sensor", NULL, METHOD_GET, "/ships/log", false },
	{ "extra", "sensor", NULL, METHOD_POST, "/ships/sensors/extra", false },
	{ "extra", "sensor", NULL, METHOD_GET, "/ships/sensors/extra", true },
	{ "bare", NULL, NULL, METHOD_GET, "/nothing", false },
	/* Roles that a token brings: in place of the client's, and of what is its own only what is denied. */
	{ "engine", NULL, "reader", METHOD_GET, "/ships/log", true },
	{ "engine", NULL, "reader", METHOD_POST, "/ships/sensors/engine", false },
	{ "extra", NULL, "reader", METHOD_POST, "/ships/sensors/extra", false },
	{ "lone", NULL, "sensor", METHOD_GET, "/ships/log", false },
	{ "stranger", NULL, "sensor", METHOD_POST, "/ships/sensors/stranger", true },
	{ "stranger", NULL, "no-role", METHOD_POST, "/ships/sensors/stranger", false },
	/* Acting for others. */
	{ "hub", NULL, NULL, METHOD_POST, "/ships/sensors/hub", true },
	{ "hub", NULL, NULL, METHOD_POST, "/ships/sensors/engine", true },
	{ "hub", NULL, NULL, METHOD_POST, "/ships/sensors/pump-9", true },
	{ "hub", NULL, NULL, METHOD_POST, "/ships/sensors/panel", false },
	{ "hub", "sensor", NULL, METHOD_POST, "/ships/sensors/engine", true },
	/* The subject in the path, whatever a role allows. */
	{ "captain", NULL, NULL, METHOD_POST, "/logs/captain/x", true },
	{ "captain", NULL, NULL, METHOD_POST, "/logs/c%61ptain/x", true },
	{ "captain", NULL, NULL, METHOD_POST, "/logs/engine/x", false },
	{ "captain", NULL, NULL, METHOD_SUBSCRIBE, "/logs/engine/x", false },
	{ "hub", NULL, NULL, METHOD_GET, "/logs/pump-1/captain", true },
	{ "hub", NULL, NULL, METHOD_GET, "/logs/captain/pump-1", false },
	/* Open to all is open to all but those who say who they are and are denied. */
	{ "panel", NULL, NULL, METHOD_GET, "/open/door", true },
};

static void each_case(void **state)
{
	(void)state;
	struct configuration *configuration = load_right(fleet);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct identity *who =
		        identity_of(configuration, cases[i].client, cases[i].scope, cases[i].role);
		/* What is kept longer than a request decides alike. */
		struct identity *twin = identity_duplicate(who);
		struct route_match match;
		router_find(configuration->router, "http", cases[i].method, slice_of(cases[i].path),
		        &match);
		if (cases[i].method == METHOD_SUBSCRIBE)
			router_find(configuration->router, "http", METHOD_GET,
			        slice_of(cases[i].path), &match);
		bool allowed =
		        match.endpoint && authorize_allows(endpoint_setup(match.endpoint), who,
		                                  cases[i].method, slice_of(cases[i].path));
		bool again =
		        match.endpoint && authorize_allows(endpoint_setup(match.endpoint), twin,
		                                  cases[i].method, slice_of(cases[i].path));
		free(twin);
		if (allowed != cases[i].allowed || again != allowed)
			fail_msg("%s (scope %s, role %s) %s %s: %d, the twin %d", cases[i].client,
			        cases[i].scope, cases[i].role, method_name(cases[i].method),
			        cases[i].path, allowed, again);
	}
	configuration_destroy(configuration);
}

static void filters_of_subscriptions(void **state)
{
	(void)state;
	static const struct {
		const char *client, *scope, *filter;
		bool some;
	} filters[] = {
		{ "panel", NULL, "/ships/log", true },
		{ "panel", NULL, "/#", true },
		{ "panel", NULL, "/ships/secret/plan", false },
		{ "panel", NULL, "/ships/secret/+", false },
		{ "panel", NULL, "/ships/secret/#", true }, /* it takes in /ships/secret itself */
		{ "panel", NULL, "/ships/+/plan", true },
		{ "engine", NULL, "/ships/sensors/+", true },
		{ "engine", NULL, "/ships/sensors/hub", false },
		{ "hub", NULL, "/ships/sensors/pump-1", true },
		{ "engine", "reader", "/ships/#", false },
		{ "lone", NULL, "/ships/+", true },
		{ "lone", NULL, "/ships/helm", false },
		{ "captain", NULL, "/logs/#", true },
		{ "captain", NULL, "/logs/engine/+", false },
		{ "hub", NULL, "/logs/engine/+", true },
	};
	struct configuration *configuration = load_right(fleet);
	for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
		const struct identity *who =
		        identity_of(configuration, filters[i].client, filters[i].scope, NULL);
		bool logs = strncmp(filters[i].filter, "/logs", 5) == 0;
		const struct endpoint_setup *endpoint = configuration_endpoint(
		        configuration, logs ? SLICE("logs") : SLICE("ships"));
		if (authorize_allows_some(endpoint, who, slice_of(filters[i].filter)) !=
		        filters[i].some)
			fail_msg("%s %s", filters[i].client, filters[i].filter);
	}
	configuration_destroy(configuration);
}

/* A client that is not in the file may have been added with what no check has seen. */
static void a_rule_that_is_none_lets_nobody_in(void **state)
{
	(void)state;
	struct configuration *configuration = load_right(fleet);
	struct registry registry;
	assert_true(registry_init(&registry, NULL, hand_loop()));
	const slice denials[] = { SLICE("nonsense") };
	const struct client added = { .id = SLICE("added"), .deny = denials, .ndeny = 1 };
	assert_non_null(roster_put(registry.roster, &added));
	directory_use(configuration->directory, &registry);
	const struct grant grant = { .client = SLICE("added") };
	const char *why;
	assert_null(grant_identity(configuration, &grant, &arena, &why));
	slice which;
	assert_false(client_rules_valid(&added, &which, &why));
	assert_slice(which, "nonsense");
	configuration_destroy(configuration);
	registry_finish(&registry);
}

#define HEAD "auth: { token: { method: token } }\nendpoints: []\nroles:\n"

#define END                                                                                        \
	"auth: { token: { method: token } }\nendpoints:\n"                                         \
	"  - { name: x, path: /x/*, to: none, "

static void mistakes_have_their_place(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned line;
		const char *part;
	} wrong[] = {
		{ HEAD "  a: { inherits: [b] }\n  b: { inherits: [c] }\n  c: { inherits: [a] }\n",
		        6, "c.inherits[0]: a circle" },
		{ HEAD "  a: { inherits: [a] }\n", 4, "a circle" },
		{ HEAD "  a: { inherits: [b] }\n", 4, "no role of this name" },
		{ HEAD "  a: { scopes: [x] }\n", 4, "says nothing" },
		{ HEAD "  a: { allow: [], scopes: [\"x y\"] }\n", 4, "one word" },
		{ HEAD "  a: { deny: [\"GET\"] }\n", 4, "say METHOD /path" },
		{ HEAD "  a: { deny: [\"GET /a/\"] }\n", 4, "an empty segment" },
		{ HEAD "clients: [{ id: x, allow: [nonsense] }]\n", 4, "clients[0].allow[0]: say" },
		{ HEAD "clients: [{ id: x, deny: [\"GET a\"] }]\n", 4, "clients[0].deny[0]" },
		{ END "methods: [POST], auth: [token], subject: device }\n", 3,
		        "endpoints[0].subject: say where" },
		{ END "methods: [POST], auth: [token], subject: \"{of}\" }\n", 3,
		        "path has no {of}" },
		{ END "methods: [POST], auth: [token], subject: \"{*}\" }\n", 3,
		        "path has no {*}" },
		{ END "methods: [POST], auth: [token], subject: \"/a~2\" }\n", 3, "~0" },
		{ END "methods: [GET], auth: [token], subject: /a }\n", 3, "POST, PUT, PATCH" },
		{ END "methods: [POST], auth: [none], subject: /a }\n", 3, "nobody has an id" },
		{ HEAD "clients: [{ id: x, acts_for: [\"*\"] }]\n", 4, "acts_for[0]: a * may" },
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct mistakes mistakes;
		assert_null(load(wrong[i].text, &mistakes));
		bool said = false;
		for (unsigned k = 0; k < mistakes.count; k++)
			said = said || (mistakes.at[k].line == wrong[i].line &&
			                       strstr(mistakes.at[k].text.p, wrong[i].part));
		if (!said)
			fail_msg("case %zu: %u: %s", i, mistakes.at[0].line, mistakes.at[0].text.p);
	}
}

/* r0 inherits r1, and so on; listed in this order or the other. */
static const char *chain_of(unsigned steps, bool upwards)
{
	struct text text;
	text_init(&text, &arena, 1024);
	text_literal(&text, "endpoints: []\nroles:\n");
	for (unsigned i = 0; i <= steps; i++) {
		unsigned at = upwards ? steps - i : i;
		text_printf(&text, "  r%u: { allow: []", at);
		if (at < steps)
			text_printf(&text, ", inherits: [r%u]", at + 1);
		text_literal(&text, " }\n");
	}
	text_char(&text, '\0');
	return text_slice(&text).p;
}

static void inheritance_has_an_end(void **state)
{
	(void)state;
	enum { STEPS = 16 };
	for (unsigned upwards = 0; upwards < 2; upwards++) {
		struct mistakes mistakes;
		struct configuration *configuration = load_right(chain_of(STEPS, upwards));
		const struct role *first = configuration_role(configuration, SLICE("r0"));
		assert_int_equal(first->nwith, STEPS + 1);
		configuration_destroy(configuration);
		assert_null(load(chain_of(STEPS + 1, upwards), &mistakes));
		assert_non_null(strstr(mistakes.at[0].text.p, "16 steps"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_case, setup, teardown),
		cmocka_unit_test_setup_teardown(filters_of_subscriptions, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        a_rule_that_is_none_lets_nobody_in, setup, teardown),
		cmocka_unit_test_setup_teardown(mistakes_have_their_place, setup, teardown),
		cmocka_unit_test_setup_teardown(inheritance_has_an_end, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
