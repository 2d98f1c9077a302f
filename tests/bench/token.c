/* token: what finding out who is calling costs by itself, for each kind of
 * token; printed as JSON, one object a line.
 *
 * A real configuration is loaded, and the ways to authenticate are asked as the
 * core's stage asks them, over and over with the same token: from the
 * credential to the identity in the request's arena. "new" is with `remember:
 * 0`, where every request pays for the signature. CPU time of this process; the
 * best of several rounds, since nothing but the machine's other business makes
 * one slower.
 *
 *     token SECONDS */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "api/codec.h"
#include "auth/jose/jws.h"
#include "core/configuration.h"
#include "core/core.h"
#include "loop/loop.h"

extern const struct codec codec_json;

#define SECRET "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OPAQUE "opaque-0123456789abcdef0123456789"

enum { ROUNDS = 7, BATCH = 100, CLAIMS_LIFE_S = 86400 };

static const char yaml[] =
        "listeners: [{ name: web, protocol: http, bind: \"127.0.0.1:0\" }]\n"
        "auth:\n"
        "  hs: { method: jwt, issuer: https://id.example, audience: fairlead, "
        "secret: env:SECRET }\n"
        "  hs-new: { method: jwt, issuer: https://id.example, audience: fairlead, "
        "secret: env:SECRET, "
        "remember: 0 }\n"
        "  keys: { method: jwt, issuer: https://id.example, audience: fairlead, "
        "jwks: file:jwks.json }\n"
        "  keys-new: { method: jwt, issuer: https://id.example, audience: "
        "fairlead, jwks: "
        "file:jwks.json, remember: 0 }\n"
        "  opaque: { method: token }\n"
        "roles: { sensor: { allow: [\"POST /ships/sensors/{self}\"] } }\n"
        "clients: [{ id: engine-7, roles: [sensor], token: env:OPAQUE }]\n"
        "backends: { sink: { protocol: console } }\n"
        "endpoints: [{ name: e, methods: [POST], path: \"/ships/sensors/{device}\", auth: [hs, "
        "hs-new, "
        "keys, keys-new, opaque], "
        "to: sink }]\n";

_Noreturn static void fail(const char *what)
{
	(void)fprintf(stderr, "token: %s\n", what);
	exit(1);
}

static double cpu_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void write_file(const char *path, slice text)
{
	FILE *file = fopen(path, "w");
	if (!file || fwrite(text.p, 1, text.n, file) != text.n || fclose(file) != 0)
		fail("a file cannot be written");
}

static struct jwk *make_key(enum key_type type, unsigned bits, const char *kid)
{
	const char *why = "";
	struct jwk *jwk = jwk_create(key_generate(type, bits, &why), slice_of(kid), NULL);
	if (!jwk)
		fail(why);
	return jwk;
}

static void write_set(struct arena *arena, const struct jwk *one, const struct jwk *two)
{
	struct error error;
	struct value *list = value_list(arena), *set = value_map(arena);
	if (!value_append(list, jwk_write(arena, one, false)) ||
	        !value_append(list, jwk_write(arena, two, false)) ||
	        !value_set(set, SLICE("keys"), list))
		fail("out of memory");
	write_file("jwks.json", codec_json.encode(arena, set, &error));
}

static slice sign(struct arena *arena, const struct jwk *jwk, enum algorithm algorithm)
{
	long long now = time(NULL);
	slice claims = arena_printf(arena,
	        "{\"iss\":\"https://"
	        "id.example\",\"aud\":\"fairlead\",\"sub\":\"engine-7\",\"iat\":%lld,"
	        "\"exp\":%lld,\"jti\":\"0123456789abcdef\"}",
	        now, now + CLAIMS_LIFE_S);
	slice token = jws_sign(arena, jwk, algorithm, "JWT", claims);
	if (!token.p)
		fail("no token");
	return token;
}

/* As the stage does it. */
static void ask(const struct configuration *configuration, struct authenticator *way,
        const struct credential *credential)
{
	struct request request = { .configuration =
		                           (struct configuration *)(uintptr_t)configuration,
		.credentials = credential };
	arena_init(&request.arena, 1 << 20);
	if (!way->ops->offers(way, credential) ||
	        way->ops->check(way, &request, credential) != NEXT || !request.who)
		fail(request.why.n ? request.why.p : "not believed");
	arena_finish(&request.arena);
}

static struct authenticator *find(const struct configuration *configuration, const char *name)
{
	for (unsigned i = 0; i < configuration->nauthenticators; i++) {
		if (strcmp(configuration->authenticators[i].name, name) == 0)
			return configuration->authenticators[i].authenticator;
	}
	fail("no such way");
}

static void measure(const char *name, const struct configuration *configuration,
        const char *way_name, slice token, double seconds)
{
	struct authenticator *way = find(configuration, way_name);
	const struct credential credential = { .kind = CREDENTIAL_BEARER, .secret = token };
	double best = 0;
	for (unsigned round = 0; round < ROUNDS; round++) {
		double start = cpu_ns(), spent = 0;
		unsigned n = 0;
		while (spent < seconds * 1e9 / ROUNDS) {
			for (unsigned i = 0; i < BATCH; i++)
				ask(configuration, way, &credential);
			n += BATCH;
			spent = cpu_ns() - start;
		}
		if (!round || spent / n < best)
			best = spent / n;
	}
	(void)printf(
	        "{\"name\":\"%s\",\"cpu_us\":%.2f,\"bytes\":%zu}\n", name, best / 1000, token.n);
}

static void measure_all(struct arena *arena, struct core *core, double seconds)
{
	const char *why;
	const struct key_parts parts = { .type = KEY_TYPE_SECRET, .secret = SLICE(SECRET) };
	struct jwk *secret = jwk_create(key_create(&parts, &why), (slice){ NULL, 0 }, NULL);
	struct jwk *ec = make_key(KEY_TYPE_P256, 0, "ec"),
	           *rsa = make_key(KEY_TYPE_RSA, 2048, "rsa");
	struct mistakes *mistakes = ARENA_NEW(arena, struct mistakes);
	if (!secret || !mistakes)
		fail("out of memory");
	mistakes->arena = arena;
	write_set(arena, ec, rsa);
	write_file("fairlead.yaml", slice_of(yaml));
	if (!core_load(core, "fairlead.yaml", mistakes))
		fail(mistakes->at[0].text.p);
	const struct configuration *configuration = core_configuration(core);
	slice hs256 = sign(arena, secret, ALGORITHM_HS256);
	measure("opaque token", configuration, "opaque", SLICE(OPAQUE), seconds);
	measure("JWT, known already", configuration, "hs", hs256, seconds);
	measure("JWT HS256, new", configuration, "hs-new", hs256, seconds);
	measure("JWT HS512, new", configuration, "hs-new", sign(arena, secret, ALGORITHM_HS512),
	        seconds);
	measure("JWT ES256, new", configuration, "keys-new", sign(arena, ec, ALGORITHM_ES256),
	        seconds);
	measure("JWT RS256 (2048 bits), new", configuration, "keys-new",
	        sign(arena, rsa, ALGORITHM_RS256), seconds);
	measure("JWT PS256 (2048 bits), new", configuration, "keys-new",
	        sign(arena, rsa, ALGORITHM_PS256), seconds);
	jwk_destroy(secret);
	jwk_destroy(ec);
	jwk_destroy(rsa);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
	char folder[64];
	static const char *const dialects[] = { NULL };
	const struct plugs plugs = { adapter_all, authenticator_all, backend_all, dialects };
	(void)snprintf(folder, sizeof folder, "/tmp/fairlead-bench-%d", (int)getpid());
	if (mkdir(folder, 0700) != 0 || chdir(folder) != 0)
		fail("no folder");
	(void)setenv("SECRET", SECRET, 1);
	(void)setenv("OPAQUE", OPAQUE, 1);
	struct arena arena;
	arena_init(&arena, 64 << 20);
	struct loop *loop = loop_create();
	struct core *core = loop ? core_create(loop, &plugs) : NULL;
	if (!core)
		fail("out of memory");
	measure_all(&arena, core, seconds);
	core_destroy(core);
	loop_destroy(loop);
	arena_finish(&arena);
	(void)unlink("jwks.json");
	(void)unlink("fairlead.yaml");
	return rmdir(folder) != 0;
}
