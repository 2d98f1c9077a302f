/* Who a certificate says somebody is: templates, rules in their order, what is ambiguous, fingerprints, roles, dates, and
 * how much is remembered. Asked through the whole core, which decides that a client is one. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "auth/mtls/template.h"
#include "base/clock.h"
#include "base/log.h"
#include "core/internal.h"
#include "crypto/certificate.h"
#include "tests/fakes/hand_loop.h"
#include "tests/unit/certificate_world.h"
#include "tests/unit/loopback.h"

/* ---- Templates */

static const struct {
	const char *template, *name, *id; /* NULL: it does not match */
} matches[] = {
	{ "{id}", "engine-7", "engine-7" },
	{ "{id}.fleet.example", "engine-7.fleet.example", "engine-7" },
	{ "{id}.fleet.example", "engine.7.fleet.example", NULL },
	{ "{id}.fleet.example", ".fleet.example", NULL },
	{ "{id}.fleet.example", "engine-7.fleet.example.evil", NULL },
	{ "{id}.fleet.example", "engine-7.fleet.exampl", NULL },
	{ "urn:ship:*:device:{id}", "urn:ship:aurora:device:engine-7", "engine-7" },
	{ "urn:ship:*:device:{id}", "urn:ship:aurora:device:", NULL },
	{ "urn:ship:*:device:{id}", "urn:ship::device:engine-7", NULL },
	/* In these two `*` or the id could take more than its part. */
	{ "urn:ship:*:device:{id}", "urn:ship:a:device:b:device:c", NULL },
	{ "urn:ship:*:device:{id}", "urn:ship:a:x:device:c", NULL },
	{ "spiffe://fleet/*/{id}", "spiffe://fleet/ship/engine-7", "engine-7" },
	{ "spiffe://fleet/*/{id}", "spiffe://fleet/ship/engine/7", NULL },
	{ "spiffe://fleet/*/{id}", "spiffe://other/ship/engine-7", NULL },
	{ "{id}@*", "engine-7@ship.example", "engine-7" },
	{ "{id}@*", "engine-7@ship@evil", NULL },
	{ "dev-{id}", "dev-7", "7" },
	{ "dev-{id}", "dev-7-8", NULL },
	{ "dev-{id}", "dev", NULL },
	{ "a{id}b", "axyb", "xy" },
	{ "a{id}b", "ab", NULL },
	{ "*/{id}", "x/y", "y" },
	{ "*/{id}", "x/y/z", NULL },
};

static void a_template_has_one_reading_or_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof matches / sizeof *matches; i++) {
		slice id;
		const char *why;
		assert_true(template_valid(slice_of(matches[i].template), &why));
		bool matched = template_match(
		        slice_of(matches[i].template), slice_of(matches[i].name), &id);
		if (matched != (matches[i].id != NULL) || (matched && !slice_is(id, matches[i].id)))
			fail_msg("%s: %s: %.*s", matches[i].template, matches[i].name,
			        matched ? (int)id.n : 1, matched ? id.p : "-");
	}
	static const char *const wrong[] = { "", "engine", "*", "{id}{id}", "{id}*", "*{id}",
		"a{id}b{id}", "{ID}", "{id", "id}", "{device}/{id}", "\xc3\xa9{id}",
		"{id}\xc3\xa9" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const char *why;
		if (template_valid(slice_of(wrong[i]), &why))
			fail_msg("%s", wrong[i]);
		assert_non_null(why);
	}
}

/* ---- A core that is asked */

static struct adapter *loopback;
static enum status status;
static char who[256], why[512], roles[256];
static uint64_t until_ms;

static bool start(struct adapter *adapter, struct error *error)
{
	(void)error;
	loopback = adapter;
	return true;
}

static void reply(struct adapter *adapter, struct request *request)
{
	(void)adapter;
	status = request->status;
	(void)snprintf(why, sizeof why, "%.*s", SLICE_ARG(request->why));
	who[0] = roles[0] = '\0';
	until_ms = 0;
	if (request->who) {
		(void)snprintf(who, sizeof who, "%.*s", SLICE_ARG(request->who->id));
		until_ms = request->who->valid_until_ms;
		for (unsigned i = 0; i < request->who->nroles; i++) {
			size_t n = strlen(roles);
			(void)snprintf(roles + n, sizeof roles - n, "%s%.*s", n ? " " : "",
			        SLICE_ARG(request->who->roles[i]->name));
		}
	}
	request_free(request);
}

static void close_adapter(struct adapter *adapter)
{
	free(adapter);
}

static const struct setting tls_settings[] = { { .key = "client_ca", .type = SETTING_TEXT },
	{ .key = "client_certificate", .type = SETTING_TEXT, .fallback = "none" },
	{ .key = "psk", .type = SETTING_SWITCH }, { .key = NULL } };
static const struct setting listener_settings[] = { ADAPTER_BIND_SETTING,
	{ .key = "tls", .type = SETTING_TREE, .inner = tls_settings }, { .key = NULL } };

static const struct adapter_ops loopback_ops = { .name = "loopback",
	.settings = listener_settings,
	.open = loopback_open,
	.start = start,
	.reply = reply,
	.stop = loopback_stop,
	.close = close_adapter };

static const struct backend_ops screen_ops = { .name = "screen",
	.takes = BACKEND_TAKES_BYTES,
	.open = loopback_backend_open,
	.close = loopback_backend_close };

static const struct adapter_ops other_ops = { .name = "other",
	.settings = listener_settings,
	.open = loopback_open,
	.start = start,
	.reply = reply,
	.stop = loopback_stop,
	.close = close_adapter };

extern const struct authenticator_ops authenticator_mtls, authenticator_psk, authenticator_token;
static const struct adapter_ops *const adapters[] = { &loopback_ops, &other_ops, NULL };
static const struct authenticator_ops *const authenticators[] = { &authenticator_mtls,
	&authenticator_psk, &authenticator_token, NULL };
static const struct backend_ops *const backends[] = { &screen_ops, NULL };
static const char *const dialects[] = { "dialect", NULL };
static const struct plugs plugs = { adapters, authenticators, backends, dialects };

static struct arena arena;
static struct core *core;
static char path[64];

static int setup(void **state)
{
	(void)state;
	log_set_level((enum log_level) - 1);
	hand_loop_reset();
	arena_init(&arena, 64 << 20);
	core = NULL;
	(void)snprintf(path, sizeof path, "/tmp/fairlead-mtls-%d.yaml", (int)getpid());
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

static const char clients[] = "  - { id: engine-7, roles: [sensor] }\n"
                              "  - { id: engine-8, roles: [sensor] }\n"
                              "  - { id: engine-7.fleet, roles: [sensor] }\n"
                              "  - { id: 10.20.0.7, roles: [sensor] }\n";

static void write_configuration(const char *settings, const char *listed)
{
	slice text = arena_printf(&arena,
	        "listeners: [ { name: loop, protocol: loopback, bind: here, tls: { client_ca: ca, "
	        "client_certificate: optional } } ]\n"
	        "auth: { cert: { method: mtls%s%s } }\n"
	        "roles:\n  sensor: { allow: [\"* /*\"] }\n  pump: { allow: [\"* /*\"] }\n"
	        "clients:\n%s"
	        "backends: { it: { protocol: screen } }\n"
	        "endpoints: [ { name: a, path: /a, methods: [GET], auth: [cert], to: it } ]\n",
	        *settings ? ", " : "", settings, listed);
	write_file(path, text.p);
}

static void run_with(const char *settings, const char *listed)
{
	core_destroy(core);
	hand_loop_reset();
	write_configuration(settings, listed);
	core = core_running(&plugs, path, &arena, NULL);
}

static void show(slice der)
{
	struct request *request = request_with(loopback, METHOD_GET, "/a", "", NULL);
	struct credential *credential = ARENA_NEW(&request->arena, struct credential);
	*credential = (struct credential){ .kind = CREDENTIAL_CERTIFICATE,
		.secret = arena_copy_slice(&request->arena, der) };
	request->credentials = credential;
	request->ask_only = true;
	request_submit(request);
	hand_loop_turn();
}

static void show_made(const struct making *making)
{
	show(made_der(&arena, making));
}

static const struct {
	const char *settings;
	struct making making;
	const char *id; /* NULL: refused */
	const char *why;
} rules[] = {
	{ "", { .names = { MADE_CN("engine-7") } }, "engine-7", NULL },
	{ "", { .names = { MADE_CN("engine-9") } }, NULL, "engine-9 is no client here" },
	{ "", { .names = { MADE_CN("Engine-7") } }, NULL, "Engine-7 is no client here" },
	{ "", { .names = { MADE_OU("engine-7") } }, NULL, "the certificate has no subject.cn" },
	{ "", { .names = { MADE_CN("engine-7"), MADE_CN("engine-8") } }, NULL,
	        "the certificate's subject.cn gives more than one id" },
	{ "", { .names = { MADE_CN("engine-7"), MADE_CN("engine-7") } }, "engine-7", NULL },
	{ "", { .names = { MADE_CN("engine-7"), MADE_SAN(GEN_DNS, "engine-8") } }, "engine-7",
	        NULL },
	{ "", { .names = { MADE_CN("*") } }, NULL,
	        "the certificate's subject.cn has a wildcard in it, and names nobody" },
	{ "", { .names = { MADE_CN(" engine-7") } }, NULL,
	        "the certificate's subject.cn begins or ends with a space" },
	{ "", { .names = { MADE_CN("engine-7\n") } }, NULL,
	        "the certificate's subject.cn has a control character in it, or an invisible one" },
	{ "identity: subject.serialNumber",
	        { .names = { MADE_CN("engine-8"),
	                  { NID_serialNumber, 0, V_ASN1_PRINTABLESTRING, "engine-7", 0 } } },
	        "engine-7", NULL },
	{ "identity: san.dns",
	        { .names = { MADE_CN("engine-8"), MADE_SAN(GEN_DNS, "Engine-7.Fleet") } },
	        "engine-7.fleet", NULL },
	{ "identity: san.dns", { .names = { MADE_CN("engine-7") } }, NULL,
	        "the certificate has no san.dns" },
	{ "identity: san.dns",
	        { .names = { MADE_SAN(GEN_DNS, "engine-7"), MADE_SAN(GEN_DNS, "engine-8") } }, NULL,
	        "the certificate's san.dns gives more than one id" },
	{ "identity: san.dns",
	        { .names = { MADE_SAN(GEN_DNS, "engine-7"), MADE_SAN(GEN_DNS, "*.fleet") } }, NULL,
	        "the certificate's san.dns has a wildcard in it, and names nobody" },
	{ "identity: san.dns",
	        { .names = { MADE_SAN(GEN_DNS, "engine-7"),
	                  { 0, GEN_DNS, V_ASN1_IA5STRING, "engine-7\0", 9 } } },
	        NULL, "the certificate's san.dns has a NUL in it" },
	{ "identity: san.ip", { .names = { { 0, GEN_IPADD, 0, "\x0a\x14\x00\x07", 4 } } },
	        "10.20.0.7", NULL },
	{ "identity: { from: san.email, match: \"{id}@*\" }",
	        { .names = { MADE_SAN(GEN_EMAIL, "engine-7@ship.example") } }, "engine-7", NULL },
	{ "identity: { from: san.email, match: \"{id}@Fleet.Example\" }",
	        { .names = { MADE_SAN(GEN_EMAIL, "engine-7@FLEET.example") } }, "engine-7", NULL },
	/* Only names of the form count. */
	{ "identity: { from: san.uri, match: \"urn:ship:*:device:{id}\" }",
	        { .names = { MADE_SAN(GEN_URI, "https://fleet.example/engine-8"),
	                  MADE_SAN(GEN_URI, "urn:ship:aurora:device:engine-7") } },
	        "engine-7", NULL },
	{ "identity: { from: san.uri, match: \"urn:ship:*:device:{id}\" }",
	        { .names = { MADE_SAN(GEN_URI, "urn:ship:aurora:device:engine-7"),
	                  MADE_SAN(GEN_URI, "urn:ship:bounty:device:engine-7") } },
	        "engine-7", NULL },
	{ "identity: { from: san.uri, match: \"urn:ship:*:device:{id}\" }",
	        { .names = { MADE_SAN(GEN_URI, "urn:ship:aurora:device:engine-7"),
	                  MADE_SAN(GEN_URI, "urn:ship:aurora:device:engine-8") } },
	        NULL, "the certificate's san.uri gives more than one id" },
	{ "identity: { from: san.uri, match: \"urn:ship:*:device:{id}\" }",
	        { .names = { MADE_SAN(GEN_URI, "urn:ship:aurora:device:*") } }, NULL,
	        "the certificate's san.uri has a wildcard in it, and names nobody" },
	{ "identity: { from: san.uri, match: \"urn:{id}\" }",
	        { .names = { MADE_SAN(GEN_URI, "engine-7") } }, NULL,
	        "the certificate has no san.uri of the form that is looked for" },
	/* In their order: the first that finds an id decides, and one that is not good as well. */
	{ "identity: [san.uri, subject.cn]", { .names = { MADE_CN("engine-7") } }, "engine-7",
	        NULL },
	{ "identity: [san.uri, subject.cn]",
	        { .names = { MADE_CN("engine-7"), MADE_SAN(GEN_URI, "engine-8") } }, "engine-8",
	        NULL },
	{ "identity: [san.uri, subject.cn]",
	        { .names = { MADE_CN("engine-7"), MADE_SAN(GEN_URI, "engine-9") } }, NULL,
	        "engine-9 is no client here" },
	{ "identity: [san.uri, subject.cn]",
	        { .names = { MADE_CN("engine-7"), MADE_SAN(GEN_URI, "a"),
	                  MADE_SAN(GEN_URI, "b") } },
	        NULL, "the certificate's san.uri gives more than one id" },
	{ "identity: [{ from: san.dns, match: \"{id}.fleet\" }, san.uri]",
	        { .names = { MADE_SAN(GEN_DNS, "engine-7.fleet") } }, "engine-7", NULL },
	{ "identity: [san.uri, san.dns]", { .names = { MADE_CN("engine-7") } }, NULL,
	        "the certificate has no name that is looked for here" },
	/* What it is for, and when. */
	{ "", { .names = { MADE_CN("engine-7") }, .extended = "serverAuth" }, NULL,
	        "the certificate is not accepted: it is not for clients (extendedKeyUsage)" },
	{ "", { .names = { MADE_CN("engine-7") }, .from_s = -200, .until_s = -100 }, NULL,
	        "the certificate has expired" },
	{ "", { .names = { MADE_CN("engine-7") }, .from_s = 100, .until_s = 200 }, NULL,
	        "the certificate is not valid yet" },
};

static void rules_lead_to_one_client_or_nobody(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		run_with(rules[i].settings, clients);
		/* Also when it is remembered. */
		for (unsigned twice = 0; twice < 2; twice++) {
			show_made(&rules[i].making);
			if (status != (rules[i].id ? STATUS_OK : STATUS_UNAUTHENTICATED) ||
			        strcmp(rules[i].id ? rules[i].id : rules[i].why,
			                rules[i].id ? who : why) != 0)
				fail_msg("%zu: %s %s (%s)", i, status_name(status), who, why);
		}
	}
}

static void what_is_no_certificate_is_nobody(void **state)
{
	(void)state;
	run_with("", clients);
	show(SLICE("der"));
	assert_int_equal(status, STATUS_UNAUTHENTICATED);
	assert_string_equal(why, "the certificate is not accepted: it cannot be read");
}

static void an_id_at_the_limit_and_past_it(void **state)
{
	(void)state;
	char id[257];
	memset(id, 'x', sizeof id);
	struct making making = { .names = { { NID_commonName, 0, V_ASN1_UTF8STRING, id, 255 } } };
	run_with("clients: optional", clients);
	show_made(&making);
	assert_int_equal(status, STATUS_FORBIDDEN);
	assert_int_equal(strlen(who), 255);
	making.names[0].n++;
	show_made(&making);
	assert_int_equal(status, STATUS_UNAUTHENTICATED);
	assert_string_equal(why, "the certificate's subject.cn is too long");
}

/* It ends when its certificate does: who is connected is looked at again then. */
static void it_is_good_until_the_certificate_ends(void **state)
{
	(void)state;
	struct making making = { .names = { MADE_CN("engine-7") }, .from_s = -100, .until_s = 100 };
	run_with("", clients);
	uint64_t now_ms = clock_wall_ns() / 1000000;
	show_made(&making);
	assert_in_range(until_ms, now_ms + 99000, now_ms + 161000);
}

static slice fingerprint_text(slice der)
{
	struct digest digest = digest_sha256(der);
	char text[DIGEST_HEX_BYTES];
	digest_hex(&digest, text);
	return arena_copy(&arena, text, DIGEST_HEX_BYTES - 1);
}

static void a_fingerprint_is_a_clients(void **state)
{
	(void)state;
	struct making making = { .names = { MADE_CN("engine-8") } };
	slice pinned = made_der(&arena, &making);
	slice text = fingerprint_text(pinned);
	slice listed =
	        arena_printf(&arena, "%s  - { id: pinned, certificates: [\"sha256:%.*s\"] }\n",
	                clients, SLICE_ARG(text));
	run_with("identity: fingerprint", listed.p);
	show(pinned);
	assert_string_equal(who, "pinned");
	show_made(&making);
	assert_int_equal(status, STATUS_UNAUTHENTICATED);
	assert_string_equal(why, "the certificate is no client's here (any more)");
	run_with("identity: [fingerprint, subject.cn]", listed.p);
	show(pinned);
	assert_string_equal(who, "pinned");
	show_made(&making);
	assert_string_equal(who, "engine-8");
	run_with("identity: [subject.cn, fingerprint]", listed.p);
	show(pinned);
	assert_string_equal(who, "engine-8");
}

/* Those of a certificate are in the place of those of the client; without any, the client keeps its own. */
static void names_stand_for_roles(void **state)
{
	(void)state;
	const char *settings =
	        "clients: optional, roles: { map: { pumps: pump, sensors: sensor } }";
	run_with(settings, clients);
	show_made(&(struct making){ .names = { MADE_CN("engine-7"), MADE_OU("pumps") } });
	assert_string_equal(roles, "pump");
	show_made(&(struct making){ .names = { MADE_CN("engine-7"), MADE_OU("other") } });
	assert_string_equal(roles, "sensor");
	show_made(&(struct making){
	        .names = { MADE_CN("new"), MADE_OU("sensors"), MADE_OU("pumps") } });
	assert_string_equal(who, "new");
	assert_string_equal(roles, "pump sensor");
	show_made(&(struct making){ .names = { MADE_CN("new"), MADE_OU("other") } });
	assert_int_equal(status, STATUS_FORBIDDEN);
	show_made(&(struct making){
	        .names = { MADE_CN("new"),
	                { NID_organizationalUnitName, 0, V_ASN1_T61STRING, "pumps", 0 } } });
	assert_int_equal(status, STATUS_FORBIDDEN);
}

static void one_of_several_authorities(void **state)
{
	(void)state;
	char file[64];
	EVP_PKEY *ours = EVP_EC_gen("P-256");
	(void)snprintf(file, sizeof file, "/tmp/fairlead-mtls-%d.crt", (int)getpid());
	made_authority(file, "fleet", ours);
	slice settings = arena_printf(&arena, "authority: \"%s\"", file);
	run_with(settings.p, clients);
	struct making making = { .names = { MADE_CN("engine-7") }, .by = ours };
	show_made(&making);
	assert_string_equal(who, "engine-7");
	making.by = NULL; /* of another one of the same name */
	show_made(&making);
	assert_int_equal(status, STATUS_UNAUTHENTICATED);
	assert_string_equal(why, "the certificate is not accepted: it is of no authority that is "
	                         "believed for this");
	(void)unlink(file);
	EVP_PKEY_free(ours);
}

/* More certificates than are remembered, and long ones: each is still who it is. */
static void many_certificates_do_not_push_it_over(void **state)
{
	(void)state;
	char padding[CERTIFICATE_NAME_MAX_BYTES];
	memset(padding, 'p', sizeof padding);
	run_with("", clients);
	struct making making = { .names = { MADE_CN("engine-7") } };
	slice mine = made_der(&arena, &making);
	for (unsigned i = 1; i < 9; i++)
		making.names[i] =
		        (struct made_name){ 0, GEN_DNS, V_ASN1_IA5STRING, padding, sizeof padding };
	slice other = made_der(&arena, &making);
	char *changing = (char *)(uintptr_t)other.p;
	for (unsigned i = 0; i < 5000; i++) {
		/* In the signature, which was checked elsewhere. */
		changing[other.n - 1] = (char)i;
		changing[other.n - 2] = (char)(i >> 8);
		show(other);
		assert_string_equal(who, "engine-7");
	}
	show(mine);
	assert_string_equal(who, "engine-7");
}

static const struct {
	const char *settings, *listed, *mistake;
} wrong[] = {
	{ "identity: subject.ou", "[]", "\"subject.ou\" is not one of: subject.cn, " },
	{ "identity: []", "[]", "an empty list" },
	{ "identity: [[subject.cn]]", "[]", "must be a word or a map" },
	{ "identity: { match: \"{id}\" }", "[]", "the key from is missing" },
	{ "identity: { from: san.uri, match: \"urn:*\" }", "[]", "{id} must stand in it once" },
	{ "identity: { from: fingerprint, match: \"{id}\" }", "[]", "a fingerprint has no parts" },
	{ "identity: { from: san.uri, matches: a }", "[]", "did you mean match?" },
	{ "authority: /nowhere.crt", "[]", "/nowhere.crt cannot be read" },
	{ "roles: { map: { a: captain } }", "[]", "no role of this name under roles:" },
	{ "roles: { map: [a] }", "[]", "must be a map of names" },
	{ "roles: { from: subject.ou }", "[]", "the key map is missing" },
	{ "identity: fingerprint", "[{ id: a, certificates: [\"sha256:aa\"] }]",
	        "the certificate's fingerprint, 64 digits" },
	{ "identity: fingerprint",
	        "[{ id: a, certificates: "
	        "[\"md5:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"] }]",
	        "say sha256:" },
	{ "",
	        "[{ id: a, certificates: "
	        "[\"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"] }]",
	        "nothing looks at it: no way under auth: of method mtls" },
	{ "identity: fingerprint",
	        "[{ id: a, certificates: "
	        "[\"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"] }, "
	        "{ id: b, certificates: "
	        "[\"sha256:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:"
	        "AA:"
	        "AA:AA:AA:AA:AA:AA:AA\"] }]",
	        "a and b have the same certificate" },
};

static void mistakes_are_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct mistakes mistakes = { .arena = &arena };
		slice listed = arena_printf(&arena, "  %s\n", wrong[i].listed);
		write_configuration(wrong[i].settings, listed.p);
		assert_null(configuration_load(hand_loop(), &plugs, path, &mistakes));
		slice text = mistakes.at[0].text;
		if (!memmem(text.p, text.n, wrong[i].mistake, strlen(wrong[i].mistake)))
			fail_msg("%zu: %.*s", i, SLICE_ARG(text));
	}
}

/* ---- Endpoints that nobody can call */

#define ASKS "client_ca: ca, client_certificate: optional"

static const struct {
	const char *tls, *other_tls, *endpoint;
	bool reached;
} reaches[] = {
	{ ASKS, "psk: false", "auth: [cert]", true },
	{ "client_ca: ca, client_certificate: required", "psk: true", "auth: [cert]", true },
	{ "client_ca: ca", "psk: true", "auth: [cert]", false },
	{ "client_certificate: required", "psk: true", "auth: [cert]", false },
	{ "psk: true", "psk: false", "auth: [cert]", false },
	{ "psk: true", "psk: false", "auth: [psk]", true },
	{ ASKS, "psk: false", "auth: [psk]", false },
	{ ASKS, "psk: false", "auth: [psk, cert]", true },
	{ "psk: false", "psk: false", "auth: [psk, cert]", false },
	{ "psk: false", "psk: false", "auth: [psk, cert, token]", true },
	{ "psk: false", "psk: false", "auth: [cert, none]", true },
	{ ASKS, "psk: true", "auth: [cert], protocols: [other]", false },
	{ ASKS, "psk: true", "auth: [psk], protocols: [other]", true },
	{ ASKS, "psk: true", "auth: [cert], protocols: [other, loopback]", true },
	{ ASKS, "psk: true", "auth: [cert], protocols: [dialect]", true },
	{ "psk: false", "psk: true", "auth: [cert], protocols: [dialect]", false },
};

static void an_endpoint_that_nobody_can_call_is_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof reaches / sizeof *reaches; i++) {
		struct mistakes mistakes = { .arena = &arena };
		slice text = arena_printf(&arena,
		        "listeners:\n"
		        "  - { name: a, protocol: loopback, bind: here, tls: { %s } }\n"
		        "  - { name: b, protocol: other, bind: there, tls: { %s } }\n"
		        "auth: { cert: { method: mtls }, psk: { method: psk }, token: { method: "
		        "token } }\n"
		        "backends: { it: { protocol: screen } }\n"
		        "endpoints: [ { name: a, path: /a, methods: [GET], %s, to: it } ]\n",
		        reaches[i].tls, reaches[i].other_tls, reaches[i].endpoint);
		write_file(path, text.p);
		struct configuration *loaded =
		        configuration_load(hand_loop(), &plugs, path, &mistakes);
		if (!loaded)
			fail_msg("%zu: %.*s", i, SLICE_ARG(mistakes.at[0].text));
		const char *needed = configuration_unreached(loaded, &loaded->endpoints[0]);
		if (!needed != reaches[i].reached)
			fail_msg("%zu: %s", i, needed ? needed : "reached");
		configuration_destroy(loaded);
	}
}

/* Without listeners there is nothing to hold it against. */
static void without_listeners_nothing_is_said(void **state)
{
	(void)state;
	struct mistakes mistakes = { .arena = &arena };
	write_file(path,
	        "auth: { cert: { method: mtls } }\n"
	        "backends: { it: { protocol: screen } }\n"
	        "endpoints: [ { name: a, path: /a, methods: [GET], auth: [cert], to: it } ]\n");
	struct configuration *loaded = configuration_load(hand_loop(), &plugs, path, &mistakes);
	assert_non_null(loaded);
	assert_null(configuration_unreached(loaded, &loaded->endpoints[0]));
	configuration_destroy(loaded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_template_has_one_reading_or_none),
		cmocka_unit_test_setup_teardown(
		        rules_lead_to_one_client_or_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_no_certificate_is_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(an_id_at_the_limit_and_past_it, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        it_is_good_until_the_certificate_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(a_fingerprint_is_a_clients, setup, teardown),
		cmocka_unit_test_setup_teardown(names_stand_for_roles, setup, teardown),
		cmocka_unit_test_setup_teardown(one_of_several_authorities, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        many_certificates_do_not_push_it_over, setup, teardown),
		cmocka_unit_test_setup_teardown(mistakes_are_said, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        an_endpoint_that_nobody_can_call_is_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(without_listeners_nothing_is_said, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
