#include "crypto/password.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/random.h"

enum {
	/* The defaults. */
	SCRYPT_LOG2_N = 15,
	SCRYPT_R = 8,
	SCRYPT_P = 1,
	SALT_BYTES = 16,
	HASH_BYTES = 32,
	/* What is taken from others. */
	SCRYPT_LOG2_N_MIN = 10,
	SCRYPT_LOG2_N_MAX = 20,
	SCRYPT_R_MAX = 64,
	SCRYPT_P_MAX = 64,
	SCRYPT_MEMORY_MAX_BYTES = 128 << 20,
	SCRYPT_WORK_MAX = 1 << 20, /* N * r * p: four times the default */
	ITERATIONS_MIN = 1000,
	ITERATIONS_MAX = 2 * 1000 * 1000,
	SALT_MIN_BYTES = 8,
	HASH_MIN_BYTES = 16,
	DIGITS_MAX = 7,
	/* base64_decode() wants one: some chunks of an arena. */
	DECODING_BYTES = 16 * 1024
};

struct password_cost password_default_cost(void)
{
	return (struct password_cost){
		.scheme = PASSWORD_SCRYPT, .log2_n = SCRYPT_LOG2_N, .r = SCRYPT_R, .p = SCRYPT_P
	};
}

/* ---- Reading */

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

bool password_is_hash(slice text)
{
	if (!slice_starts(text, SLICE("$")))
		return false;
	size_t end = 1;
	while (end < text.n && is_name(text.p[end]))
		end++;
	return end > 1 && end < text.n && text.p[end] == '$';
}

/* Decimal digits, without leading zeros. */
static bool read_number(slice text, unsigned *number)
{
	if (!text.n || text.n > DIGITS_MAX || (text.p[0] == '0' && text.n > 1))
		return false;
	*number = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		*number = *number * 10 + (unsigned)(text.p[i] - '0');
	}
	return true;
}

/* "name=7" from the front of a list. */
static bool read_parameter(slice *list, const char *name, unsigned *number)
{
	slice value = slice_cut(list, ',');
	slice key = slice_cut(&value, '=');
	return slice_is(key, name) && read_number(value, number);
}

static bool read_bytes(slice text, unsigned char *bytes, size_t max, unsigned *n)
{
	char copy[2 * PASSWORD_SALT_MAX_BYTES];
	if (!text.n || text.n > sizeof copy)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == '=' || c == '-' || c == '_')
			return false;
		copy[i] = (char)(c == '.' ? '+' : c);
	}
	struct arena arena;
	arena_init(&arena, DECODING_BYTES);
	slice decoded;
	bool read = base64_decode(&arena, (slice){ copy, text.n }, &decoded) && decoded.n <= max;
	if (read) {
		memcpy(bytes, decoded.p, decoded.n);
		*n = (unsigned)decoded.n;
	}
	arena_finish(&arena);
	return read;
}

static bool no(const char **why, const char *text)
{
	*why = text;
	return false;
}

static uint64_t scrypt_memory(const struct password_cost *cost)
{
	uint64_t n = (uint64_t)1 << cost->log2_n;
	return 128 * (uint64_t)cost->r * (n + 2 + cost->p);
}

static bool cost_is_sound(const struct password_cost *cost, const char **why)
{
	if (cost->scheme == PASSWORD_PBKDF2_SHA256) {
		if (cost->iterations < ITERATIONS_MIN)
			return no(why, "fewer than 1000 iterations protect no password");
		return cost->iterations <= ITERATIONS_MAX ||
		       no(why, "more than 2000000 iterations: a login would take too long");
	}
	if (cost->log2_n < SCRYPT_LOG2_N_MIN || !cost->r || !cost->p)
		return no(why, "ln must be 10 or more, r and p 1 or more");
	if (cost->log2_n > SCRYPT_LOG2_N_MAX || cost->r > SCRYPT_R_MAX || cost->p > SCRYPT_P_MAX ||
	        ((uint64_t)cost->r * cost->p << cost->log2_n) > SCRYPT_WORK_MAX)
		return no(why, "it costs too much: 2^ln * r * p may be 2^20");
	return scrypt_memory(cost) <= SCRYPT_MEMORY_MAX_BYTES + (1U << 20) ||
	       no(why, "it needs more than 128 MiB of memory");
}

static bool read_cost(slice name, slice text, struct password_cost *cost, const char **why)
{
	*cost = (struct password_cost){ .scheme = PASSWORD_SCRYPT };
	if (slice_is(name, "scrypt")) {
		if (!read_parameter(&text, "ln", &cost->log2_n) ||
		        !read_parameter(&text, "r", &cost->r) ||
		        !read_parameter(&text, "p", &cost->p) || text.p)
			return no(why, "scrypt is written $scrypt$ln=15,r=8,p=1$SALT$HASH");
		return cost_is_sound(cost, why);
	}
	if (!slice_is(name, "pbkdf2-sha256"))
		return no(why, "scrypt and pbkdf2-sha256 are known here");
	cost->scheme = PASSWORD_PBKDF2_SHA256;
	slice number = text;
	if (slice_starts(text, SLICE("i=")))
		number = slice_from(text, 2);
	return read_number(number, &cost->iterations)
	               ? cost_is_sound(cost, why)
	               : no(why, "pbkdf2-sha256 is written $pbkdf2-sha256$i=600000$SALT$HASH");
}

bool password_parse(slice text, struct password_hash *hash, const char **why)
{
	*hash = (struct password_hash){ .nsalt = 0 };
	if (!password_is_hash(text))
		return no(why, "it is no hash: $NAME$…");
	if (text.n > PASSWORD_TEXT_MAX_BYTES)
		return no(why, "it is longer than any hash");
	slice rest = slice_from(text, 1);
	slice name = slice_cut(&rest, '$');
	slice cost = slice_cut(&rest, '$');
	slice salt = slice_cut(&rest, '$');
	if (!read_cost(name, cost, &hash->cost, why))
		return false;
	if (!read_bytes(salt, hash->salt, sizeof hash->salt, &hash->nsalt) ||
	        hash->nsalt < SALT_MIN_BYTES)
		return no(why, "the salt must be 8 to 64 bytes in base64 without padding");
	if (!read_bytes(rest, hash->hash, sizeof hash->hash, &hash->nhash) ||
	        hash->nhash < HASH_MIN_BYTES)
		return no(why, "the hash must be 16 to 64 bytes in base64 without padding");
	return true;
}

/* ---- Computing */

static bool derive(const struct password_hash *hash, slice password, unsigned char *bytes)
{
	const struct password_cost *cost = &hash->cost;
	const char *text = password.n ? password.p : "";
	if (cost->scheme == PASSWORD_PBKDF2_SHA256)
		return PKCS5_PBKDF2_HMAC(text, (int)password.n, hash->salt, (int)hash->nsalt,
		               (int)cost->iterations, EVP_sha256(), (int)hash->nhash, bytes) == 1;
	return EVP_PBE_scrypt(text, password.n, hash->salt, hash->nsalt,
	               (uint64_t)1 << cost->log2_n, cost->r, cost->p, scrypt_memory(cost), bytes,
	               hash->nhash) == 1;
}

/* HMAC, which both schemes begin with, pads its key with zeros: one that ends in a NUL would be the same without it. */
static bool is_password(slice text)
{
	return text.n && text.n <= PASSWORD_MAX_BYTES && !memchr(text.p, 0, text.n);
}

bool password_verify(const struct password_hash *hash, slice password, bool *failed)
{
	unsigned char bytes[PASSWORD_HASH_MAX_BYTES];
	bool right = is_password(password);
	*failed = !derive(hash, right ? password : (slice){ NULL, 0 }, bytes);
	right &= !*failed && slice_equal_secret((slice){ (const char *)bytes, hash->nhash },
	                             (slice){ (const char *)hash->hash, hash->nhash });
	explicit_bzero(bytes, sizeof bytes);
	return right;
}

void password_make_dummy(const struct password_cost *cost, struct password_hash *hash)
{
	*hash = (struct password_hash){ .cost = *cost, .nsalt = SALT_BYTES, .nhash = HASH_BYTES };
	random_bytes(hash->salt, SALT_BYTES);
	random_bytes(hash->hash, HASH_BYTES);
}

void password_digest(
        slice nonce, slice created, slice password, unsigned char digest[PASSWORD_DIGEST_BYTES])
{
	const slice parts[] = { nonce, created, password };
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool done = context && EVP_DigestInit_ex(context, EVP_sha1(), NULL) == 1;
	for (unsigned i = 0; done && i < sizeof parts / sizeof *parts; i++)
		done = !parts[i].n || EVP_DigestUpdate(context, parts[i].p, parts[i].n) == 1;
	if (!done || EVP_DigestFinal_ex(context, digest, NULL) != 1)
		abort();
	EVP_MD_CTX_free(context);
}

/* ---- Writing */

/* Without padding. */
static size_t write_bytes(char *to, const unsigned char *bytes, unsigned n)
{
	unsigned char encoded[2 * PASSWORD_HASH_MAX_BYTES];
	int written = EVP_EncodeBlock(encoded, bytes, (int)n);
	while (written > 0 && encoded[written - 1] == '=')
		written--;
	memcpy(to, encoded, (size_t)written);
	explicit_bzero(encoded, sizeof encoded);
	return (size_t)written;
}

static size_t write_cost(char *to, size_t size, const struct password_cost *cost)
{
	int n = cost->scheme == PASSWORD_SCRYPT
	                ? snprintf(to, size, "$scrypt$ln=%u,r=%u,p=%u$", cost->log2_n, cost->r,
	                          cost->p)
	                : snprintf(to, size, "$pbkdf2-sha256$i=%u$", cost->iterations);
	return (size_t)n;
}

size_t password_make(
        const struct password_cost *cost, slice password, char text[PASSWORD_TEXT_MAX_BYTES])
{
	const char *why;
	struct password_hash hash;
	if (!is_password(password) || !cost_is_sound(cost, &why))
		return 0;
	password_make_dummy(cost, &hash);
	if (!derive(&hash, password, hash.hash))
		return 0;
	size_t n = write_cost(text, PASSWORD_TEXT_MAX_BYTES, cost);
	n += write_bytes(text + n, hash.salt, hash.nsalt);
	text[n++] = '$';
	n += write_bytes(text + n, hash.hash, hash.nhash);
	explicit_bzero(&hash, sizeof hash);
	return n;
}
