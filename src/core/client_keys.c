/* What the file gives a client to prove itself by. A secret is read, kept in the form in which it is looked for, and
 * wiped. */
#include "core/directory.h"

#include "base/hex.h"
#include "base/log.h"
#include "crypto/password.h"

enum {
	SECRETS_MAX_BYTES = 256 * 1024,
	/* What TLS takes here, and what cannot be guessed by trying (RFC 4279 section 7.2). */
	PSK_MAX_BYTES = 32,
	PSK_SAFE_BYTES = 16,
	API_KEY_MIN_BYTES = 16,
	API_KEY_MAX_BYTES = 1024
};

struct loading {
	struct roster *roster;
	const struct keyed_digests *digests;
	const struct config *node;
	slice client;
	struct mistakes *mistakes;
};

static const char *const words[KEY_KINDS] = {
	[KEY_TOKEN] = "token",
	[KEY_API_KEY] = "api_key",
	[KEY_PASSWORD] = "password",
	[KEY_PSK] = "psk",
	[KEY_CERTIFICATE] = "certificate",
	[KEY_REFRESH] = "refresh token",
};

static bool put(
        const struct loading *loading, enum key_kind kind, slice secret, const struct config *place)
{
	const struct client_key key = { .client = loading->client, .kind = kind, .secret = secret };
	const struct client_key *other;
	switch (roster_put_key(loading->roster, &key)) {
	case ROSTER_OK:
		return true;
	case ROSTER_TAKEN:
		other = roster_find_key(loading->roster, kind, secret);
		return mistake_add(loading->mistakes, place, "%.*s and %.*s have the same %s",
		        SLICE_ARG(other ? other->client : loading->client),
		        SLICE_ARG(loading->client), words[kind]);
	case ROSTER_NO_CLIENT:
	case ROSTER_NO_MEMORY:
		break;
	}
	return mistake_add(loading->mistakes, place, "out of memory");
}

/* A token, an API key: found by its digest. */
static bool put_digest(
        const struct loading *loading, enum key_kind kind, slice secret, const struct config *place)
{
	struct digest digest = keyed_digest(loading->digests, secret);
	return put(loading, kind, digest_slice(&digest), place);
}

/* The length of the key, 0 when it is none: the bytes of the secret as they are, or in hexadecimal after "0x", as
 * many devices have it. */
static size_t read_psk(slice secret, char key[PSK_MAX_BYTES])
{
	if (!slice_starts(secret, SLICE("0x"))) {
		size_t n = secret.n <= PSK_MAX_BYTES ? secret.n : 0;
		memcpy(key, secret.p, n);
		return n;
	}
	slice digits = slice_from(secret, 2);
	return digits.n <= 2 * PSK_MAX_BYTES && hex_decode(digits, key) ? digits.n / 2 : 0;
}

static bool put_psk(
        const struct loading *loading, enum key_kind kind, slice secret, const struct config *place)
{
	char key[PSK_MAX_BYTES];
	size_t n = read_psk(secret, key);
	bool added = n ? put(loading, kind, (slice){ key, n }, place)
	               : mistake_add(loading->mistakes, place,
	                         "a pre-shared key has 1 to %d bytes; after 0x they are in "
	                         "hexadecimal",
	                         PSK_MAX_BYTES);
	explicit_bzero(key, sizeof key);
	if (added && n < PSK_SAFE_BYTES)
		log_warning("auth",
		        "client=%.*s the pre-shared key has %zu bytes; who overhears a handshake "
		        "can guess it; use %d or more, at random",
		        SLICE_ARG(loading->client), n, PSK_SAFE_BYTES);
	return added;
}

/* It alone says who it is, and is not slowed down by a name: it must be too long to be guessed. */
static bool put_api_key(
        const struct loading *loading, enum key_kind kind, slice secret, const struct config *place)
{
	if (secret.n < API_KEY_MIN_BYTES || secret.n > API_KEY_MAX_BYTES)
		return mistake_add(loading->mistakes, place,
		        "an API key has %d to %d bytes, at random: a shorter one can be guessed",
		        API_KEY_MIN_BYTES, API_KEY_MAX_BYTES);
	return put_digest(loading, kind, secret, place);
}

/* As it is, or its hash: which of the two shows the notation. */
static bool put_password(
        const struct loading *loading, enum key_kind kind, slice secret, const struct config *place)
{
	struct password_hash hash;
	const char *why = NULL;
	if (!secret.n || secret.n > PASSWORD_MAX_BYTES)
		return mistake_add(loading->mistakes, place, "a password has 1 to %d bytes",
		        PASSWORD_MAX_BYTES);
	if (password_is_hash(secret) && !password_parse(secret, &hash, &why))
		return mistake_add(loading->mistakes, place, "the hash of a password: %s", why);
	return put(loading, kind, secret, place);
}

static const struct {
	const char *setting;
	enum key_kind kind;
	bool (*put)(
	        const struct loading *, enum key_kind, slice secret, const struct config *place);
} sources[] = {
	{ "token", KEY_TOKEN, put_digest },
	{ "api_key", KEY_API_KEY, put_api_key },
	{ "password", KEY_PASSWORD, put_password },
	{ "psk", KEY_PSK, put_psk },
};

static bool load(const struct loading *loading, unsigned i)
{
	const struct config *place = config_get(loading->node, sources[i].setting);
	struct arena arena;
	struct error error = { 0 };
	slice secret;
	if (!place)
		return true;
	arena_init(&arena, SECRETS_MAX_BYTES);
	bool loaded = config_secret(&arena, loading->node, sources[i].setting, &secret, &error);
	if (loaded)
		loaded = sources[i].put(loading, sources[i].kind, secret, place);
	else
		mistake_add_error(loading->mistakes, place, &error);
	if (secret.p)
		explicit_bzero((char *)(uintptr_t)secret.p, secret.n);
	arena_finish(&arena);
	return loaded;
}

/* No secret: who reads it cannot use it. */
static bool load_certificates(const struct loading *loading)
{
	bool right = true;
	CONFIG_EACH (config_get(loading->node, "certificates"), place) {
		static const slice prefix = SLICE_INIT("sha256:");
		struct digest fingerprint;
		if (slice_starts(place->text, prefix) &&
		        digest_parse(slice_from(place->text, prefix.n), &fingerprint))
			right = put(loading, KEY_CERTIFICATE, digest_slice(&fingerprint), place) &&
			        right;
		else
			right = mistake_add(loading->mistakes, place,
			        "say sha256: and the certificate's fingerprint, 64 digits in "
			        "hexadecimal, as openssl x509 -fingerprint -sha256 shows it");
	}
	return right;
}

bool client_keys_load(struct roster *roster, const struct keyed_digests *digests,
        const struct config *client, struct mistakes *mistakes)
{
	const struct loading loading = { roster, digests, client, config_text(client, "id"),
		mistakes };
	bool right = load_certificates(&loading);
	for (unsigned i = 0; i < sizeof sources / sizeof *sources; i++)
		right = load(&loading, i) && right;
	return right;
}

void client_keys_check(const struct config *clients, unsigned looked_at, struct mistakes *mistakes)
{
	CONFIG_EACH (clients, client) {
		const struct config *certificates = config_get(client, "certificates");
		if (certificates && !(looked_at & 1u << KEY_CERTIFICATE))
			mistake_add_key(mistakes, certificates,
			        "nothing looks at it: no way under auth: of method mtls takes the "
			        "fingerprint for the identity");
		for (unsigned i = 0; i < sizeof sources / sizeof *sources; i++) {
			const struct config *key = config_get(client, sources[i].setting);
			if (key && !(looked_at & 1u << sources[i].kind))
				mistake_add_key(mistakes, key,
				        "nothing looks at it: no way under auth: takes one");
		}
		const struct config *addresses = config_get(client, "addresses");
		if (addresses && !(looked_at & 1u << KEY_ADDRESSES))
			mistake_add_key(mistakes, addresses,
			        "nothing looks at them: no way under auth: takes addresses");
	}
}
