#include "auth/jose/jwk.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/text.h"
#include "crypto/digest.h"

struct kind {
	const char *type, *curve; /* `kty`, `crv`; curve NULL: has none */
};

static const struct kind kinds[] = {
	[KEY_TYPE_SECRET] = { "oct", NULL },
	[KEY_TYPE_RSA] = { "RSA", NULL },
	[KEY_TYPE_P256] = { "EC", "P-256" },
	[KEY_TYPE_P384] = { "EC", "P-384" },
	[KEY_TYPE_P521] = { "EC", "P-521" },
	[KEY_TYPE_ED25519] = { "OKP", "Ed25519" },
};
#define KINDS (sizeof kinds / sizeof *kinds)

struct jwk *jwk_create(struct key *key, slice kid, const enum algorithm *only)
{
	struct jwk *jwk = key && kid.n <= JWK_KID_MAX_BYTES ? calloc(1, sizeof *jwk) : NULL;
	if (!jwk) {
		key_destroy(key);
		return NULL;
	}
	jwk->key = key;
	if (kid.n)
		memcpy(jwk->kid_bytes, kid.p, kid.n);
	jwk->kid = (slice){ kid.p ? jwk->kid_bytes : NULL, kid.n };
	jwk->has_algorithm = only != NULL;
	if (only)
		jwk->algorithm = *only;
	return jwk;
}

void jwk_destroy(struct jwk *jwk)
{
	if (!jwk)
		return;
	key_destroy(jwk->key);
	free(jwk);
}

bool jwk_allows(const struct jwk *jwk, enum algorithm algorithm)
{
	return (!jwk->has_algorithm || jwk->algorithm == algorithm) &&
	       algorithm_fits(algorithm, jwk->key);
}

/* A member that is a text; false: it is something else. Absent: the empty slice. */
static bool get_text(const struct value *map, slice name, slice *text)
{
	const struct value *member = value_get(map, name);
	*text = (slice){ NULL, 0 };
	if (!member)
		return true;
	if (member->kind != VALUE_TEXT)
		return false;
	*text = member->as.text;
	return true;
}

/* A member that is bytes in base64url; absent: the empty slice. */
static bool get_bytes(struct arena *arena, const struct value *map, slice name, slice *bytes)
{
	slice text;
	if (!get_text(map, name, &text))
		return false;
	*bytes = (slice){ NULL, 0 };
	return !text.p || (text.n && base64_decode_url(arena, text, bytes));
}

/* RFC 7517 sections 4.2 and 4.3: the key is for signatures, as far as it says what it is for. */
static bool is_for(const struct value *map, enum jwk_purpose purpose)
{
	slice use;
	if (!get_text(map, SLICE("use"), &use) || (use.p && !slice_is(use, "sig")))
		return false;
	const struct value *operations = value_get(map, SLICE("key_ops"));
	if (!operations)
		return true;
	if (operations->kind != VALUE_LIST)
		return false;
	for (const struct value *at = operations->as.members.first; at; at = at->next) {
		if (at->kind == VALUE_TEXT &&
		        slice_is(at->as.text, purpose == JWK_SIGNS ? "sign" : "verify"))
			return true;
	}
	return false;
}

static bool find_type(const struct value *map, enum key_type *type)
{
	slice name, curve;
	if (!get_text(map, SLICE("kty"), &name) || !get_text(map, SLICE("crv"), &curve))
		return false;
	for (enum key_type i = 0; i < KINDS; i++) {
		if (slice_is(name, kinds[i].type) &&
		        (!kinds[i].curve || slice_is(curve, kinds[i].curve))) {
			*type = i;
			return true;
		}
	}
	return false;
}

static bool read_parts(struct arena *arena, const struct value *map, enum jwk_purpose purpose,
        struct key_parts *parts)
{
	if (parts->type == KEY_TYPE_SECRET)
		return get_bytes(arena, map, SLICE("k"), &parts->secret);
	bool good = get_bytes(arena, map, SLICE("n"), &parts->n) &&
	            get_bytes(arena, map, SLICE("e"), &parts->e) &&
	            get_bytes(arena, map, SLICE("x"), &parts->x) &&
	            get_bytes(arena, map, SLICE("y"), &parts->y);
	if (purpose == JWK_VERIFIES)
		return good;
	return good && get_bytes(arena, map, SLICE("d"), &parts->d) && parts->d.n &&
	       get_bytes(arena, map, SLICE("p"), &parts->p) &&
	       get_bytes(arena, map, SLICE("q"), &parts->q) &&
	       get_bytes(arena, map, SLICE("dp"), &parts->dp) &&
	       get_bytes(arena, map, SLICE("dq"), &parts->dq) &&
	       get_bytes(arena, map, SLICE("qi"), &parts->qi) && !value_get(map, SLICE("oth"));
}

/* The bytes of a key, in memory that is wiped afterwards. */
static struct key *read_key(
        const struct value *map, enum jwk_purpose purpose, enum key_type type, const char **why)
{
	enum { NUMBERS_MAX_BYTES = 64 * 1024 };
	struct arena arena;
	arena_init(&arena, NUMBERS_MAX_BYTES);
	struct key_parts parts = { .type = type };
	struct key *key = NULL;
	*why = "a number of the key is missing or not base64url";
	if (read_parts(&arena, map, purpose, &parts))
		key = key_create(&parts, why);
	const slice secrets[] = { parts.secret, parts.d, parts.p, parts.q, parts.dp, parts.dq,
		parts.qi };
	for (unsigned i = 0; i < sizeof secrets / sizeof *secrets; i++) {
		if (secrets[i].p)
			explicit_bzero((char *)(uintptr_t)secrets[i].p, secrets[i].n);
	}
	arena_finish(&arena);
	return key;
}

struct jwk *jwk_read(const struct value *map, enum jwk_purpose purpose, const char **why)
{
	slice kid, name;
	enum key_type type;
	enum algorithm algorithm;
	*why = "it is no JSON object, or kid or alg is no text";
	if (!map || map->kind != VALUE_MAP || !get_text(map, SLICE("kid"), &kid) ||
	        !get_text(map, SLICE("alg"), &name))
		return NULL;
	*why = "it is not for signatures (use, key_ops)";
	if (!is_for(map, purpose))
		return NULL;
	*why = "its type or curve (kty, crv) is not supported";
	if (!find_type(map, &type))
		return NULL;
	*why = "its algorithm (alg) is not supported";
	if (name.p && !algorithm_find(name, &algorithm))
		return NULL;
	struct key *key = read_key(map, purpose, type, why);
	if (!key)
		return NULL;
	struct jwk *jwk = jwk_create(key, kid, name.p ? &algorithm : NULL);
	*why = "its kid is longer than 256 bytes";
	if (jwk && name.p && !algorithm_fits(algorithm, jwk->key)) {
		*why = "its algorithm (alg) does not fit its type or its length";
		jwk_destroy(jwk);
		return NULL;
	}
	return jwk;
}

static bool set_text(struct arena *arena, struct value *map, const char *name, slice text)
{
	return value_set_new(map, slice_of(name), value_text(arena, text));
}

static bool set_bytes(struct arena *arena, struct value *map, const char *name, slice bytes)
{
	if (!bytes.n)
		return true;
	slice text = base64_encode_url(arena, bytes);
	return text.p && set_text(arena, map, name, text);
}

struct value *jwk_write(struct arena *arena, const struct jwk *jwk, bool with_private)
{
	struct key_parts parts;
	struct value *map = value_map(arena);
	if (!map || !key_export(jwk->key, arena, with_private, &parts))
		return NULL;
	const struct kind *kind = &kinds[parts.type];
	bool good = set_text(arena, map, "kty", slice_of(kind->type));
	if (good && kind->curve)
		good = set_text(arena, map, "crv", slice_of(kind->curve));
	if (good && jwk->kid.n)
		good = set_text(arena, map, "kid", jwk->kid);
	good = good && set_text(arena, map, "use", SLICE("sig"));
	if (good && jwk->has_algorithm)
		good = set_text(arena, map, "alg", slice_of(algorithm_name(jwk->algorithm)));
	const struct {
		const char *name;
		slice bytes;
	} members[] = {
		{ "k", parts.secret },
		{ "n", parts.n },
		{ "e", parts.e },
		{ "x", parts.x },
		{ "y", parts.y },
		{ "d", parts.d },
		{ "p", parts.p },
		{ "q", parts.q },
		{ "dp", parts.dp },
		{ "dq", parts.dq },
		{ "qi", parts.qi },
	};
	for (unsigned i = 0; good && i < sizeof members / sizeof *members; i++)
		good = set_bytes(arena, map, members[i].name, members[i].bytes);
	return good ? map : NULL;
}

/* The required members in the order of their names, without white space (RFC 7638 section 3). */
static void write_required(struct text *text, struct arena *arena, const struct key_parts *parts)
{
	const struct kind *kind = &kinds[parts->type];
	if (kind->curve) {
		text_printf(
		        text, "{\"crv\":\"%s\",\"kty\":\"%s\",\"x\":\"", kind->curve, kind->type);
		text_slice_add(text, base64_encode_url(arena, parts->x));
		if (parts->y.n) {
			text_literal(text, "\",\"y\":\"");
			text_slice_add(text, base64_encode_url(arena, parts->y));
		}
	} else if (parts->type == KEY_TYPE_RSA) {
		text_literal(text, "{\"e\":\"");
		text_slice_add(text, base64_encode_url(arena, parts->e));
		text_literal(text, "\",\"kty\":\"RSA\",\"n\":\"");
		text_slice_add(text, base64_encode_url(arena, parts->n));
	} else {
		text_literal(text, "{\"k\":\"");
		text_slice_add(text, base64_encode_url(arena, parts->secret));
		text_literal(text, "\",\"kty\":\"oct");
	}
	text_literal(text, "\"}");
}

bool jwk_thumbprint(struct arena *arena, const struct key *key, char text[JWK_THUMBPRINT_BYTES])
{
	enum { EXPECTED_BYTES = 512 };
	struct key_parts parts;
	struct text required;
	if (!key_export(key, arena, key_type_of(key) == KEY_TYPE_SECRET, &parts))
		return false;
	text_init(&required, arena, EXPECTED_BYTES);
	write_required(&required, arena, &parts);
	slice whole = text_slice(&required);
	if (!whole.p)
		return false;
	struct digest digest = digest_sha256(whole);
	slice encoded = base64_encode_url(arena, digest_slice(&digest));
	if (encoded.n != JWK_THUMBPRINT_BYTES - 1)
		return false;
	memcpy(text, encoded.p, encoded.n);
	text[encoded.n] = '\0';
	return true;
}
