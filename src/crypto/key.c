#include "crypto/key_internal.h"

#include <stdlib.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/random.h"

enum { POINT_MAX_BYTES = 1 + 2 * 66, RSA_EXPONENT_MAX_BYTES = 8, RSA_DEFAULT_BITS = 3072 };

/* The library keeps its errors in a queue a thread, at which TLS looks after each call: what goes wrong here is
 * taken out again. */
static void errors_begin(void)
{
	(void)ERR_set_mark();
}

static void errors_end(void)
{
	(void)ERR_pop_to_mark();
}

struct curve {
	const char *name; /* of the group; NULL: no Weierstrass curve */
	unsigned field_bytes, bits;
};

static const struct curve curves[] = {
	[KEY_TYPE_SECRET] = { NULL, 0, 0 },
	[KEY_TYPE_RSA] = { NULL, 0, 0 },
	[KEY_TYPE_P256] = { "P-256", 32, 256 },
	[KEY_TYPE_P384] = { "P-384", 48, 384 },
	[KEY_TYPE_P521] = { "P-521", 66, 521 },
	[KEY_TYPE_ED25519] = { NULL, 32, 256 },
};

unsigned key_field_bytes(enum key_type type)
{
	return curves[type].field_bytes;
}

enum key_type key_type_of(const struct key *key)
{
	return key->type;
}

bool key_is_private(const struct key *key)
{
	return key->is_private;
}

unsigned key_bits(const struct key *key)
{
	return key->bits;
}

void key_destroy(struct key *key)
{
	if (!key)
		return;
	for (unsigned i = 0; i < ALGORITHMS; i++) {
		EVP_MAC_CTX_free(key->contexts[i].mac);
		EVP_PKEY_CTX_free(key->contexts[i].verifying);
		EVP_PKEY_CTX_free(key->contexts[i].signing);
	}
	EVP_MD_CTX_free(key->digest);
	EVP_PKEY_free(key->pkey);
	if (key->secret)
		explicit_bzero(key->secret, key->bits / 8);
	free(key->secret);
	free(key);
}

static const char *create_secret(struct key *key, slice secret)
{
	if (secret.n < KEY_SECRET_MIN_BYTES)
		return "the secret is shorter than 256 bits";
	if (secret.n > KEY_SECRET_MAX_BYTES)
		return "the secret is longer than 4096 bytes";
	key->secret = malloc(secret.n);
	if (!key->secret)
		return "out of memory";
	memcpy(key->secret, secret.p, secret.n);
	key->bits = (unsigned)secret.n * 8;
	key->is_private = true;
	return NULL;
}

/* Adds a number to what a key is built of; the number lives as long as `numbers` says. An empty one is left out. */
static bool push_number(
        OSSL_PARAM_BLD *build, const char *name, slice bytes, BIGNUM **numbers, unsigned *n)
{
	if (!bytes.n)
		return true;
	/* Goes into the library's secure heap where there is one, and is wiped when freed. */
	BIGNUM *number = BN_secure_new();
	numbers[(*n)++] = number;
	return number && BN_bin2bn((const unsigned char *)bytes.p, (int)bytes.n, number) &&
	       OSSL_PARAM_BLD_push_BN(build, name, number);
}

static EVP_PKEY *key_of_build(OSSL_PARAM_BLD *build, const char *type, bool is_private)
{
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	if (!parameters || !context || EVP_PKEY_fromdata_init(context) != 1 ||
	        EVP_PKEY_fromdata(context, &pkey,
	                is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(parameters);
	return pkey;
}

/* Numbers come without leading zeros (RFC 7518 section 2): one notation for one number, so one thumbprint for one key. */
static bool is_number(slice bytes)
{
	return bytes.n && bytes.p[0] != 0;
}

static unsigned bits_of(slice number)
{
	unsigned bits = (unsigned)number.n * 8;
	for (unsigned char mask = 0x80; mask && !((unsigned char)number.p[0] & mask); mask >>= 1)
		bits--;
	return bits;
}

/* Is `element` a power of 65537, modulo this prime? */
static bool is_power_of_f4(unsigned element, unsigned prime)
{
	unsigned power = 1;
	do {
		if (power == element)
			return true;
		power = power * (65537 % prime) % prime;
	} while (power != 1);
	return false;
}

/* Keys of a well-known faulty library can be factored (CVE-2017-15361, "ROCA"). Their primes are powers of 65537 modulo
 * many small primes, so their product is as well; of other moduli one in 10^8 is. */
static bool is_roca(slice n)
{
	static const unsigned char primes[] = { 11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103,
		107, 109, 127, 151, 157 };
	for (unsigned i = 0; i < sizeof primes; i++) {
		unsigned rest = 0;
		for (size_t j = 0; j < n.n; j++)
			rest = (rest * 256 + (unsigned char)n.p[j]) % primes[i];
		if (!is_power_of_f4(rest, primes[i]))
			return false;
	}
	return true;
}

static const char *check_rsa(const struct key_parts *parts)
{
	slice n = parts->n, e = parts->e;
	if (!is_number(n) || !is_number(e))
		return "the modulus or the exponent is missing, or begins with zeros";
	if (n.n > KEY_RSA_MAX_BITS / 8)
		return "the modulus is longer than 8192 bits";
	if (bits_of(n) < KEY_RSA_MIN_BITS)
		return "the modulus is shorter than 2048 bits";
	if (!(n.p[n.n - 1] & 1))
		return "the modulus is even";
	if (is_roca(n))
		return "the modulus is of a kind that can be factored (ROCA)";
	if (e.n > RSA_EXPONENT_MAX_BYTES || !(e.p[e.n - 1] & 1) || (e.n == 1 && e.p[0] == 1))
		return "the exponent is even, 1, or above 64 bits";
	const slice faster[] = { parts->p, parts->q, parts->dp, parts->dq, parts->qi };
	enum { FASTER = sizeof faster / sizeof *faster };
	unsigned given = 0;
	for (unsigned i = 0; i < FASTER; i++) {
		given += faster[i].n ? 1 : 0;
		if (faster[i].n > n.n || (faster[i].n && !is_number(faster[i])))
			return "a private number is longer than the modulus, or begins with zeros";
	}
	if (given != 0 && (given != FASTER || !parts->d.n))
		return "of the private numbers some are missing";
	if (parts->d.n > n.n || (parts->d.n && !is_number(parts->d)))
		return "the private exponent is longer than the modulus, or begins with zeros";
	return NULL;
}

static const char *create_rsa(struct key *key, const struct key_parts *parts)
{
	const char *wrong = check_rsa(parts);
	if (wrong)
		return wrong;
	const struct {
		const char *name;
		slice bytes;
	} all[] = {
		{ OSSL_PKEY_PARAM_RSA_N, parts->n },
		{ OSSL_PKEY_PARAM_RSA_E, parts->e },
		{ OSSL_PKEY_PARAM_RSA_D, parts->d },
		{ OSSL_PKEY_PARAM_RSA_FACTOR1, parts->p },
		{ OSSL_PKEY_PARAM_RSA_FACTOR2, parts->q },
		{ OSSL_PKEY_PARAM_RSA_EXPONENT1, parts->dp },
		{ OSSL_PKEY_PARAM_RSA_EXPONENT2, parts->dq },
		{ OSSL_PKEY_PARAM_RSA_COEFFICIENT1, parts->qi },
	};
	enum { ALL = sizeof all / sizeof *all };
	BIGNUM *numbers[ALL];
	unsigned n = 0;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	bool pushed = build != NULL;
	for (unsigned i = 0; pushed && i < ALL; i++)
		pushed = push_number(build, all[i].name, all[i].bytes, numbers, &n);
	key->is_private = parts->d.n > 0;
	if (pushed)
		key->pkey = key_of_build(build, "RSA", key->is_private);
	OSSL_PARAM_BLD_free(build);
	while (n)
		BN_clear_free(numbers[--n]);
	if (!key->pkey)
		return "these numbers are no RSA key";
	key->bits = (unsigned)EVP_PKEY_get_bits(key->pkey);
	return NULL;
}

/* The group's own checks: in range, on the curve, not its zero. */
static bool point_is_good(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool good = context && EVP_PKEY_public_check(context) == 1;
	EVP_PKEY_CTX_free(context);
	return good;
}

static const char *create_point(struct key *key, const struct key_parts *parts)
{
	const struct curve *curve = &curves[parts->type];
	if (parts->x.n != curve->field_bytes || parts->y.n != curve->field_bytes ||
	        (parts->d.n && parts->d.n != curve->field_bytes))
		return "a coordinate or the private number has not the length of its curve";
	unsigned char point[POINT_MAX_BYTES] = { POINT_CONVERSION_UNCOMPRESSED };
	memcpy(point + 1, parts->x.p, parts->x.n);
	memcpy(point + 1 + parts->x.n, parts->y.p, parts->y.n);
	key->is_private = parts->d.n > 0;
	BIGNUM *number = NULL;
	unsigned n = 0;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	if (build &&
	        OSSL_PARAM_BLD_push_utf8_string(
	                build, OSSL_PKEY_PARAM_GROUP_NAME, curve->name, 0) == 1 &&
	        OSSL_PARAM_BLD_push_octet_string(
	                build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + parts->x.n + parts->y.n) == 1 &&
	        push_number(build, OSSL_PKEY_PARAM_PRIV_KEY, parts->d, &number, &n))
		key->pkey = key_of_build(build, "EC", key->is_private);
	OSSL_PARAM_BLD_free(build);
	BN_clear_free(number);
	if (!key->pkey || !point_is_good(key->pkey))
		return "this is no point of its curve";
	key->bits = curve->bits;
	return NULL;
}

static const char *create_ed25519(struct key *key, const struct key_parts *parts)
{
	unsigned bytes = curves[KEY_TYPE_ED25519].field_bytes;
	if (parts->x.n != bytes || parts->y.n || (parts->d.n && parts->d.n != bytes))
		return "an Ed25519 key has 32 bytes";
	key->is_private = parts->d.n > 0;
	key->pkey = key->is_private ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
	                                      (const unsigned char *)parts->d.p, parts->d.n)
	                            : EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
	                                      (const unsigned char *)parts->x.p, parts->x.n);
	if (!key->pkey)
		return "this is no Ed25519 key";
	key->bits = curves[KEY_TYPE_ED25519].bits;
	unsigned char x[32];
	size_t n = sizeof x;
	if (EVP_PKEY_get_raw_public_key(key->pkey, x, &n) != 1 || n != parts->x.n ||
	        memcmp(x, parts->x.p, n) != 0)
		return "the private and the public half do not belong together";
	return NULL;
}

/* Whether what one half signs, the other one verifies: the one check that is alike for all kinds. */
static bool halves_agree(struct key *key)
{
	for (enum algorithm i = 0; i < ALGORITHMS; i++) {
		if (!algorithm_fits(i, key))
			continue;
		unsigned char signature[SIGNATURE_MAX_BYTES];
		size_t n = signature_make(key, i, SLICE("key"), signature);
		return n && signature_verify(key, i, SLICE("key"), (slice){ (char *)signature, n });
	}
	return false;
}

static const char *create_type(struct key *key, const struct key_parts *parts)
{
	switch (parts->type) {
	case KEY_TYPE_SECRET:
		return create_secret(key, parts->secret);
	case KEY_TYPE_RSA:
		return create_rsa(key, parts);
	case KEY_TYPE_P256:
	case KEY_TYPE_P384:
	case KEY_TYPE_P521:
		return create_point(key, parts);
	case KEY_TYPE_ED25519:
		return create_ed25519(key, parts);
	}
	return "unknown kind";
}

struct key *key_create(const struct key_parts *parts, const char **why)
{
	*why = "out of memory";
	struct key *key = calloc(1, sizeof *key);
	if (!key)
		return NULL;
	key->type = parts->type;
	errors_begin();
	const char *wrong = create_type(key, parts);
	if (!wrong && key->type != KEY_TYPE_SECRET) {
		key->digest = EVP_MD_CTX_new();
		if (!key->digest)
			wrong = "out of memory";
	}
	if (!wrong && key->is_private && !halves_agree(key))
		wrong = "the private and the public half do not belong together";
	errors_end();
	if (!wrong)
		return key;
	*why = wrong;
	key_destroy(key);
	return NULL;
}

/* The number `name`, as long as it is or as `bytes` says when that is not 0. */
static bool export_number(
        const EVP_PKEY *pkey, struct arena *arena, const char *name, unsigned bytes, slice *to)
{
	BIGNUM *number = BN_secure_new();
	bool got = number && EVP_PKEY_get_bn_param(pkey, name, &number) == 1;
	int n = got ? BN_num_bytes(number) : 0;
	if (bytes)
		n = (int)bytes;
	unsigned char *copy = n > 0 ? arena_alloc_raw(arena, (size_t)n) : NULL;
	got = got && copy && BN_bn2binpad(number, copy, n) == n;
	BN_clear_free(number);
	if (got)
		*to = (slice){ (char *)copy, (size_t)n };
	return got;
}

static bool export_rsa(
        const EVP_PKEY *pkey, struct arena *arena, bool with_private, struct key_parts *parts)
{
	if (!export_number(pkey, arena, OSSL_PKEY_PARAM_RSA_N, 0, &parts->n) ||
	        !export_number(pkey, arena, OSSL_PKEY_PARAM_RSA_E, 0, &parts->e))
		return false;
	if (!with_private)
		return true;
	if (!export_number(pkey, arena, OSSL_PKEY_PARAM_RSA_D, 0, &parts->d))
		return false;
	/* A key that came as d alone has no primes. */
	bool all = export_number(pkey, arena, OSSL_PKEY_PARAM_RSA_FACTOR1, 0, &parts->p) &&
	           export_number(pkey, arena, OSSL_PKEY_PARAM_RSA_FACTOR2, 0, &parts->q) &&
	           export_number(pkey, arena, OSSL_PKEY_PARAM_RSA_EXPONENT1, 0, &parts->dp) &&
	           export_number(pkey, arena, OSSL_PKEY_PARAM_RSA_EXPONENT2, 0, &parts->dq) &&
	           export_number(pkey, arena, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, 0, &parts->qi);
	if (!all)
		parts->p = parts->q = parts->dp = parts->dq = parts->qi = (slice){ NULL, 0 };
	return true;
}

static bool export_ed25519(
        const EVP_PKEY *pkey, struct arena *arena, bool with_private, struct key_parts *parts)
{
	size_t n = curves[KEY_TYPE_ED25519].field_bytes;
	unsigned char *x = arena_alloc_raw(arena, n);
	if (!x || EVP_PKEY_get_raw_public_key(pkey, x, &n) != 1)
		return false;
	parts->x = (slice){ (char *)x, n };
	if (!with_private)
		return true;
	unsigned char *d = arena_alloc_raw(arena, n);
	if (!d || EVP_PKEY_get_raw_private_key(pkey, d, &n) != 1)
		return false;
	parts->d = (slice){ (char *)d, n };
	return true;
}

static bool export_pkey(
        const EVP_PKEY *pkey, struct arena *arena, bool with_private, struct key_parts *parts)
{
	unsigned bytes = key_field_bytes(parts->type);
	switch (parts->type) {
	case KEY_TYPE_SECRET:
		return false;
	case KEY_TYPE_RSA:
		return export_rsa(pkey, arena, with_private, parts);
	case KEY_TYPE_P256:
	case KEY_TYPE_P384:
	case KEY_TYPE_P521:
		return export_number(pkey, arena, OSSL_PKEY_PARAM_EC_PUB_X, bytes, &parts->x) &&
		       export_number(pkey, arena, OSSL_PKEY_PARAM_EC_PUB_Y, bytes, &parts->y) &&
		       (!with_private || export_number(pkey, arena, OSSL_PKEY_PARAM_PRIV_KEY, bytes,
		                                 &parts->d));
	case KEY_TYPE_ED25519:
		return export_ed25519(pkey, arena, with_private, parts);
	}
	return false;
}

bool key_export(
        const struct key *key, struct arena *arena, bool with_private, struct key_parts *parts)
{
	*parts = (struct key_parts){ .type = key->type };
	if (with_private && !key->is_private)
		return false;
	if (key->type == KEY_TYPE_SECRET) {
		if (!with_private)
			return false;
		parts->secret = arena_copy(arena, key->secret, key->bits / 8);
		return parts->secret.p != NULL;
	}
	errors_begin();
	bool exported = export_pkey(key->pkey, arena, with_private, parts);
	errors_end();
	return exported;
}

/* What kind of key the library has read. false: none that anything here signs with. */
static bool type_of_pkey(const EVP_PKEY *pkey, enum key_type *type)
{
	*type = KEY_TYPE_RSA;
	if (EVP_PKEY_is_a(pkey, "RSA"))
		return true;
	*type = KEY_TYPE_ED25519;
	if (EVP_PKEY_is_a(pkey, "ED25519"))
		return true;
	char group[64];
	size_t n;
	int explicit_curve = 0;
	if (!EVP_PKEY_is_a(pkey, "EC") ||
	        EVP_PKEY_get_group_name(pkey, group, sizeof group, &n) != 1)
		return false;
	/* A curve that brings its own numbers is one of the sender's choice. */
	(void)EVP_PKEY_get_int_param(
	        pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit_curve);
	if (explicit_curve)
		return false;
	static const struct {
		const char *name;
		enum key_type type;
	} groups[] = { { "prime256v1", KEY_TYPE_P256 }, { "P-256", KEY_TYPE_P256 },
		{ "secp384r1", KEY_TYPE_P384 }, { "P-384", KEY_TYPE_P384 },
		{ "secp521r1", KEY_TYPE_P521 }, { "P-521", KEY_TYPE_P521 } };
	for (unsigned i = 0; i < sizeof groups / sizeof *groups; i++) {
		if (strcmp(group, groups[i].name) == 0) {
			*type = groups[i].type;
			return true;
		}
	}
	return false;
}

/* Through its parts, so that it passes the checks that all keys pass. Takes `pkey`. */
static struct key *key_of_pkey(EVP_PKEY *pkey, bool is_private, const char **why)
{
	enum { PARTS_MAX_BYTES = 32 * 1024 };
	struct arena arena;
	arena_init(&arena, PARTS_MAX_BYTES);
	struct key_parts parts = { .type = KEY_TYPE_RSA };
	struct key *key = NULL;
	*why = "it is neither RSA, nor of P-256, P-384, P-521, nor Ed25519";
	if (type_of_pkey(pkey, &parts.type)) {
		*why = "its numbers cannot be read";
		if (export_pkey(pkey, &arena, is_private, &parts))
			key = key_create(&parts, why);
	}
	const slice secrets[] = { parts.d, parts.p, parts.q, parts.dp, parts.dq, parts.qi };
	for (unsigned i = 0; i < sizeof secrets / sizeof *secrets; i++) {
		if (secrets[i].p)
			explicit_bzero((char *)(uintptr_t)secrets[i].p, secrets[i].n);
	}
	arena_finish(&arena);
	EVP_PKEY_free(pkey);
	return key;
}

static bool contains(slice text, slice part)
{
	return text.n >= part.n && memmem(text.p, text.n, part.p, part.n);
}

/* Without one the library asks the terminal. */
static int no_passphrase(char *to, int size, int writing, void *arg)
{
	(void)to;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static EVP_PKEY *read_public(slice pem)
{
	EVP_PKEY *pkey = NULL;
	if (contains(pem, SLICE("-----BEGIN CERTIFICATE-----"))) {
		BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
		X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
		pkey = certificate ? X509_get_pubkey(certificate) : NULL;
		X509_free(certificate);
		BIO_free(bio);
		return pkey;
	}
	OSSL_DECODER_CTX *context = OSSL_DECODER_CTX_new_for_pkey(
	        &pkey, "PEM", NULL, NULL, EVP_PKEY_PUBLIC_KEY, NULL, NULL);
	const unsigned char *at = (const unsigned char *)pem.p;
	size_t left = pem.n;
	if (!context || OSSL_DECODER_from_data(context, &at, &left) != 1)
		pkey = NULL;
	OSSL_DECODER_CTX_free(context);
	return pkey;
}

enum { PEM_MAX_BYTES = 64 * 1024 };

struct key *key_of_public_pem(slice pem, const char **why)
{
	if (contains(pem, SLICE("PRIVATE KEY-----"))) {
		*why = "this is a private key: only the public one is wanted here";
		return NULL;
	}
	errors_begin();
	EVP_PKEY *pkey = pem.n && pem.n <= PEM_MAX_BYTES ? read_public(pem) : NULL;
	*why = "this is neither a public key nor a certificate in PEM";
	struct key *key = pkey ? key_of_pkey(pkey, false, why) : NULL;
	errors_end();
	return key;
}

struct key *key_of_private_pem(slice pem, const char **why)
{
	errors_begin();
	BIO *bio = pem.n && pem.n <= PEM_MAX_BYTES ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	BIO_free(bio);
	*why = "this is no unencrypted private key in PEM";
	struct key *key = pkey ? key_of_pkey(pkey, true, why) : NULL;
	errors_end();
	return key;
}

static struct key *generate_secret(unsigned bits, const char **why)
{
	char secret[KEY_SECRET_MAX_BYTES];
	struct key_parts parts = { .type = KEY_TYPE_SECRET, .secret = { secret, bits / 8 } };
	*why = "a secret has 256 to 32768 bits";
	if (bits / 8 > sizeof secret)
		return NULL;
	random_bytes(secret, bits / 8);
	struct key *key = key_create(&parts, why);
	explicit_bzero(secret, sizeof secret);
	return key;
}

struct key *key_generate(enum key_type type, unsigned bits, const char **why)
{
	if (type == KEY_TYPE_SECRET)
		return generate_secret(bits ? bits : KEY_SECRET_MIN_BYTES * 8, why);
	if (!bits)
		bits = RSA_DEFAULT_BITS;
	*why = "an RSA key has 2048 to 8192 bits";
	if (type == KEY_TYPE_RSA && (bits < KEY_RSA_MIN_BITS || bits > KEY_RSA_MAX_BITS))
		return NULL;
	errors_begin();
	EVP_PKEY *pkey = NULL;
	if (type == KEY_TYPE_RSA)
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
	else if (type == KEY_TYPE_ED25519)
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curves[type].name);
	*why = "the library made no key";
	struct key *key = pkey ? key_of_pkey(pkey, true, why) : NULL;
	errors_end();
	return key;
}
