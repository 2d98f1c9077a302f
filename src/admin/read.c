/* Clients and keys out of JSON (and out of the columns of a table, which import.c makes the same of). */
#include "admin/admin.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/hex.h"
#include "crypto/digest.h"

enum { PSK_MAX_BYTES = 32, NS_PER_MS = 1000000 };

static bool wrong(struct arena *arena, slice *why, const char *key, const char *what)
{
	*why = arena_printf(arena, "%s %s", key, what);
	return false;
}

/* JSON's null is as good as nothing: what is left out. */
static const struct value *member(const struct value *map, const char *key)
{
	const struct value *value = value_get(map, slice_of(key));
	return value && value->kind != VALUE_NULL ? value : NULL;
}

/* Is it said that there is none? */
static bool is_null(const struct value *map, const char *key)
{
	const struct value *value = value_get(map, slice_of(key));
	return value && value->kind == VALUE_NULL;
}

static bool read_text(
        struct arena *arena, const struct value *map, const char *key, slice *text, slice *why)
{
	const struct value *value = member(map, key);
	if (is_null(map, key))
		*text = (slice){ NULL, 0 };
	if (!value)
		return true;
	if (value->kind != VALUE_TEXT)
		return wrong(arena, why, key, "is a text");
	*text = value->as.text;
	return true;
}

static bool read_switch(
        struct arena *arena, const struct value *map, const char *key, bool *is, slice *why)
{
	const struct value *value = member(map, key);
	if (is_null(map, key))
		*is = false;
	if (!value)
		return true;
	if (value->kind != VALUE_BOOL)
		return wrong(arena, why, key, "is true or false");
	*is = value->as.boolean;
	return true;
}

static bool read_texts(struct arena *arena, const struct value *map, const char *key,
        const slice **texts, unsigned *n, slice *why)
{
	const struct value *list = member(map, key);
	if (is_null(map, key))
		*n = 0;
	if (!list)
		return true;
	slice *to = list->kind == VALUE_LIST ? arena_alloc(arena, list->count * sizeof *to) : NULL;
	if (!to)
		return wrong(arena, why, key, "is a list of texts");
	*n = 0;
	for (const struct value *at = list->as.members.first; at; at = at->next) {
		if (at->kind != VALUE_TEXT)
			return wrong(arena, why, key, "is a list of texts");
		to[(*n)++] = at->as.text;
	}
	*texts = to;
	return true;
}

slice admin_read_psk(struct arena *arena, slice text)
{
	slice key = text;
	if (slice_starts(text, SLICE("0x"))) {
		slice digits = slice_from(text, 2);
		char *bytes = arena_alloc(arena, digits.n / 2 + 1);
		bool right = bytes && hex_decode(digits, bytes);
		key = (slice){ bytes, right ? digits.n / 2 : 0 };
	}
	return key.n && key.n <= PSK_MAX_BYTES ? key : (slice){ NULL, 0 };
}

static slice find(slice text, slice what)
{
	const char *at = text.n ? memmem(text.p, text.n, what.p, what.n) : NULL;
	return at ? (slice){ at, (size_t)(text.p + text.n - at) } : (slice){ NULL, 0 };
}

/* The DER of the first certificate of a PEM text. */
static slice from_pem(struct arena *arena, slice text)
{
	static const slice head = SLICE_INIT("-----BEGIN CERTIFICATE-----");
	static const slice foot = SLICE_INIT("-----END CERTIFICATE-----");
	slice body = slice_from(find(text, head), head.n);
	slice end = find(body, foot), der = { NULL, 0 };
	if (!end.p)
		return end;
	body.n = (size_t)(end.p - body.p);
	char *squeezed = arena_alloc_raw(arena, body.n + 1);
	size_t n = 0;
	for (size_t i = 0; squeezed && i < body.n; i++) {
		if (!strchr(" \t\r\n", body.p[i]))
			squeezed[n++] = body.p[i];
	}
	bool right = squeezed && n && base64_decode(arena, (slice){ squeezed, n }, &der);
	return right ? der : (slice){ NULL, 0 };
}

slice admin_read_fingerprint(struct arena *arena, slice text)
{
	slice der = from_pem(arena, text);
	if (der.p) {
		struct digest digest = digest_sha256(der);
		return arena_copy_slice(arena, digest_slice(&digest));
	}
	static const slice prefix = SLICE_INIT("sha256:");
	struct digest digest;
	if (slice_starts(text, prefix))
		text = slice_from(text, prefix.n);
	return digest_parse(text, &digest) ? arena_copy_slice(arena, digest_slice(&digest))
	                                   : (slice){ NULL, 0 };
}

static bool read_certificates(
        struct arena *arena, const struct value *map, struct admin_client *to, slice *why)
{
	const slice *texts = NULL;
	unsigned n = 0;
	if (!read_texts(arena, map, "certificates", &texts, &n, why))
		return false;
	slice *prints = arena_alloc(arena, n * sizeof *prints);
	for (unsigned i = 0; prints && i < n; i++) {
		prints[i] = admin_read_fingerprint(arena, texts[i]);
		if (!prints[i].p)
			return wrong(arena, why, "certificates",
			        "are SHA-256 fingerprints in hexadecimal, or PEM");
	}
	to->certificates = prints;
	to->ncertificates = prints ? n : 0;
	return true;
}

static bool read_secrets(
        struct arena *arena, const struct value *map, struct admin_client *to, slice *why)
{
	slice psk = { NULL, 0 };
	if (!read_text(arena, map, "psk", &psk, why) ||
	        !read_text(arena, map, "password_hash", &to->password_hash, why) ||
	        !read_switch(arena, map, "token", &to->token, why) ||
	        !read_switch(arena, map, "api_key", &to->api_key, why))
		return false;
	if (psk.p)
		to->psk = admin_read_psk(arena, psk);
	if (psk.p && !to->psk.p)
		return wrong(
		        arena, why, "psk", "has 1 to 32 bytes; after 0x they are in hexadecimal");
	return read_certificates(arena, map, to, why);
}

bool admin_read_client(struct arena *arena, const struct value *map, const struct client *from,
        struct admin_client *to, slice *why)
{
	static const char *const names[] = { "id", "roles", "plan", "disabled", "allow", "deny",
		"acts_for", "psk", "password_hash", "certificates", "token", "api_key", NULL };
	*to = (struct admin_client){ .client = *from };
	struct client *client = &to->client;
	if (map->kind != VALUE_MAP)
		return wrong(arena, why, "a client", "is an object, { … }");
	return admin_members(arena, map, names, why) &&
	       read_text(arena, map, "id", &client->id, why) &&
	       read_texts(arena, map, "roles", &client->roles, &client->nroles, why) &&
	       read_text(arena, map, "plan", &client->plan, why) &&
	       read_switch(arena, map, "disabled", &client->disabled, why) &&
	       read_texts(arena, map, "allow", &client->allow, &client->nallow, why) &&
	       read_texts(arena, map, "deny", &client->deny, &client->ndeny, why) &&
	       read_texts(arena, map, "acts_for", &client->acts_for, &client->nacts_for, why) &&
	       read_secrets(arena, map, to, why);
}

/* "90d", or seconds as a number, from now on. */
static bool read_expiry(
        struct arena *arena, const struct value *map, uint64_t *expires_ms, slice *why)
{
	const struct value *value = member(map, "expires_in");
	uint64_t ms = 0, most_ms = UINT64_C(100) * 366 * 86400 * 1000;
	if (!value)
		return true;
	if (value->kind == VALUE_INT && value->as.integer > 0 &&
	        (uint64_t)value->as.integer <= most_ms / 1000)
		ms = (uint64_t)value->as.integer * 1000;
	else if (value->kind == VALUE_TEXT)
		(void)config_parse_duration(value->as.text, &ms);
	if (!ms || ms > most_ms)
		return wrong(arena, why, "expires_in",
		        "is a duration such as \"90d\", or seconds; a hundred years at most");
	*expires_ms = clock_wall_ns() / NS_PER_MS + ms;
	return true;
}

bool admin_read_wish(
        struct arena *arena, const struct value *map, struct key_wish *wish, slice *why)
{
	static const char *const names[] = { "scopes", "expires_in", "bound_to", NULL };
	slice bound_to = { NULL, 0 };
	if (!admin_members(arena, map, names, why) ||
	        !read_texts(arena, map, "scopes", &wish->scopes, &wish->nscopes, why) ||
	        !read_expiry(arena, map, &wish->expires_ms, why) ||
	        !read_text(arena, map, "bound_to", &bound_to, why))
		return false;
	wish->scoped = member(map, "scopes") != NULL;
	if (bound_to.p)
		wish->bound_to = admin_read_fingerprint(arena, bound_to);
	return !bound_to.p || wish->bound_to.p ||
	       wrong(arena, why, "bound_to",
	               "is the SHA-256 fingerprint of a certificate in hexadecimal, or its PEM");
}
