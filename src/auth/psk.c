/* psk: pre-shared keys. The client whose key opened the session is believed: a listener with `psk: true` asks here for
 * the key during the handshake (adapter_psk()), and who got through it has proved to have it. Each request then
 * offers the identity again, which is the client's id, and the mark of the key that it was (its hash under this process's
 * key); so a client whose key is taken away or replaced is refused at once, though its session goes on.
 *
 * A key is the bytes of the secret as they are, or in hexadecimal after "0x", as many devices have it. Keys are
 * wiped when it closes. */
#include "auth/secrets.h"

#include "base/log.h"
#include "base/random.h"

/* What TLS takes here, and what cannot be guessed by trying (RFC 4279 section 7.2). */
enum { KEY_MAX_BYTES = 32, KEY_SAFE_BYTES = 16 };

static int digit(char c)
{
	c = ascii_lower(c);
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The length of the key, 0 when it is none. */
static size_t read_key(slice secret, char key[KEY_MAX_BYTES])
{
	if (!slice_starts(secret, SLICE("0x"))) {
		size_t n = secret.n <= KEY_MAX_BYTES ? secret.n : 0;
		memcpy(key, secret.p, n);
		return n;
	}
	slice digits = slice_from(secret, 2);
	if (digits.n % 2 || digits.n > 2 * KEY_MAX_BYTES)
		return 0;
	for (size_t i = 0; i < digits.n / 2; i++) {
		int high = digit(digits.p[2 * i]), low = digit(digits.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return 0;
		key[i] = (char)(high << 4 | low);
	}
	return digits.n / 2;
}

static bool take(struct secrets *secrets, const struct identity *who, slice secret,
        const struct config *client, struct error *error)
{
	char key[KEY_MAX_BYTES];
	size_t n = read_key(secret, key);
	bool added = n ? secrets_add(secrets, who, (slice){ key, n }, SECRETS_BY_ID, error)
	               : config_error(config_get(client, "psk"), error,
	                         "a pre-shared key has 1 to %d bytes; after 0x they are in "
	                         "hexadecimal",
	                         KEY_MAX_BYTES);
	explicit_bzero(key, sizeof key);
	if (added && n < KEY_SAFE_BYTES)
		log_warning("auth",
		        "client=%.*s the pre-shared key has %zu bytes; who overhears a handshake "
		        "can guess it; use %d or more, at random",
		        SLICE_ARG(who->id), n, KEY_SAFE_BYTES);
	return added;
}

static struct authenticator *psk_open(struct loop *loop, const struct config *config,
        const struct directory *directory, struct error *error)
{
	(void)loop;
	(void)config;
	return secrets_open(directory, "psk", take, error);
}

static bool psk_offers(const struct authenticator *base, const struct credential *credential)
{
	(void)base;
	return credential->kind == CREDENTIAL_PSK;
}

static enum verdict psk_check(
        struct authenticator *base, struct request *request, const struct credential *credential)
{
	const struct secret *key = secrets_find(secrets_of(base), credential->name);
	if (!key) {
		request_refuse(request, STATUS_UNAUTHENTICATED,
		        "%.*s is no client with a pre-shared key here (any more)",
		        SLICE_ARG(credential->name));
		return REPLY;
	}
	uint64_t mark = random_keyed_hash(key->bytes, key->n);
	if (!slice_equal(credential->secret, (slice){ (const char *)&mark, sizeof mark })) {
		request_refuse(request, STATUS_UNAUTHENTICATED,
		        "%.*s has another pre-shared key by now", SLICE_ARG(credential->name));
		return REPLY;
	}
	request->who = key->who;
	return NEXT;
}

static bool psk_secret_of(const struct authenticator *base, slice identity, slice *secret)
{
	const struct secret *key = secrets_find(secrets_of(base), identity);
	if (!key)
		return false;
	*secret = (slice){ key->bytes, key->n };
	return true;
}

static const struct setting settings[] = { { .key = NULL } };

const struct authenticator_ops authenticator_psk = {
	.name = "psk",
	.settings = settings,
	.open = psk_open,
	.offers = psk_offers,
	.check = psk_check,
	.secret_of = psk_secret_of,
	.close = secrets_close,
};
