#include "crypto/key_internal.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

enum family { HMAC_FAMILY, PKCS1_FAMILY, PSS_FAMILY, ECDSA_FAMILY, EDDSA_FAMILY };

struct scheme {
	const char *name;
	enum family family;
	enum key_type type;
	const char *digest; /* NULL: the scheme has its own */
	unsigned digest_bytes;
};

static const struct scheme schemes[ALGORITHMS] = {
	[ALGORITHM_HS256] = { "HS256", HMAC_FAMILY, KEY_TYPE_SECRET, "SHA256", 32 },
	[ALGORITHM_HS384] = { "HS384", HMAC_FAMILY, KEY_TYPE_SECRET, "SHA384", 48 },
	[ALGORITHM_HS512] = { "HS512", HMAC_FAMILY, KEY_TYPE_SECRET, "SHA512", 64 },
	[ALGORITHM_RS256] = { "RS256", PKCS1_FAMILY, KEY_TYPE_RSA, "SHA256", 32 },
	[ALGORITHM_RS384] = { "RS384", PKCS1_FAMILY, KEY_TYPE_RSA, "SHA384", 48 },
	[ALGORITHM_RS512] = { "RS512", PKCS1_FAMILY, KEY_TYPE_RSA, "SHA512", 64 },
	[ALGORITHM_PS256] = { "PS256", PSS_FAMILY, KEY_TYPE_RSA, "SHA256", 32 },
	[ALGORITHM_PS384] = { "PS384", PSS_FAMILY, KEY_TYPE_RSA, "SHA384", 48 },
	[ALGORITHM_PS512] = { "PS512", PSS_FAMILY, KEY_TYPE_RSA, "SHA512", 64 },
	[ALGORITHM_ES256] = { "ES256", ECDSA_FAMILY, KEY_TYPE_P256, "SHA256", 32 },
	[ALGORITHM_ES384] = { "ES384", ECDSA_FAMILY, KEY_TYPE_P384, "SHA384", 48 },
	[ALGORITHM_ES512] = { "ES512", ECDSA_FAMILY, KEY_TYPE_P521, "SHA512", 64 },
	[ALGORITHM_EDDSA] = { "EdDSA", EDDSA_FAMILY, KEY_TYPE_ED25519, NULL, 0 },
};

/* DER of two numbers of at most 66 bytes each. */
enum { ECDSA_DER_MAX_BYTES = 160 };

const char *algorithm_name(enum algorithm algorithm)
{
	return schemes[algorithm].name;
}

bool algorithm_find(slice name, enum algorithm *algorithm)
{
	for (enum algorithm i = 0; i < ALGORITHMS; i++) {
		if (slice_is(name, schemes[i].name)) {
			*algorithm = i;
			return true;
		}
	}
	return false;
}

bool algorithm_fits(enum algorithm algorithm, const struct key *key)
{
	const struct scheme *scheme = &schemes[algorithm];
	/* RFC 7518 section 3.2: a secret of the digest's size or larger. */
	return scheme->type == key->type &&
	       (key->type != KEY_TYPE_SECRET || key->bits >= scheme->digest_bytes * 8);
}

static EVP_MAC_CTX *mac_of(struct key *key, enum algorithm algorithm)
{
	struct key_contexts *contexts = &key->contexts[algorithm];
	if (contexts->mac)
		return contexts->mac;
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
	EVP_MAC_free(hmac);
	char *digest = (char *)(uintptr_t)schemes[algorithm].digest;
	const OSSL_PARAM parameters[] = { OSSL_PARAM_construct_utf8_string(
		                                  OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end() };
	if (mac && EVP_MAC_init(mac, key->secret, key->bits / 8, parameters) == 1)
		contexts->mac = mac;
	else
		EVP_MAC_CTX_free(mac);
	return contexts->mac;
}

/* 0: failed. */
static size_t make_mac(struct key *key, enum algorithm algorithm, slice message, unsigned char *to)
{
	size_t n = 0;
	EVP_MAC_CTX *mac = mac_of(key, algorithm);
	/* Begins anew with the key that is in it. */
	if (!mac || EVP_MAC_init(mac, NULL, 0, NULL) != 1 ||
	        EVP_MAC_update(mac, (const unsigned char *)message.p, message.n) != 1 ||
	        EVP_MAC_final(mac, to, &n, SIGNATURE_MAX_BYTES) != 1)
		return 0;
	return n;
}

static bool set_up(EVP_PKEY_CTX *context, const struct scheme *scheme, bool signing)
{
	if ((signing ? EVP_PKEY_sign_init(context) : EVP_PKEY_verify_init(context)) != 1)
		return false;
	const EVP_MD *digest = EVP_get_digestbyname(scheme->digest);
	if (scheme->family == PKCS1_FAMILY &&
	        EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) != 1)
		return false;
	/* RFC 7518 section 3.5: the same digest everywhere, and salt of its size. */
	if (scheme->family == PSS_FAMILY &&
	        (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) != 1 ||
	                EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest) != 1 ||
	                EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) != 1))
		return false;
	return EVP_PKEY_CTX_set_signature_md(context, digest) == 1;
}

static EVP_PKEY_CTX *context_of(struct key *key, enum algorithm algorithm, bool signing)
{
	struct key_contexts *contexts = &key->contexts[algorithm];
	EVP_PKEY_CTX **kept = signing ? &contexts->signing : &contexts->verifying;
	if (*kept)
		return *kept;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	if (context && set_up(context, &schemes[algorithm], signing))
		*kept = context;
	else
		EVP_PKEY_CTX_free(context);
	return *kept;
}

static bool make_digest(
        struct key *key, const struct scheme *scheme, slice message, unsigned char *to)
{
	return EVP_DigestInit_ex(key->digest, EVP_get_digestbyname(scheme->digest), NULL) == 1 &&
	       EVP_DigestUpdate(key->digest, message.p, message.n) == 1 &&
	       EVP_DigestFinal_ex(key->digest, to, NULL) == 1;
}

/* R and S one after the other as the library wants them. 0: failed. */
static size_t der_of_halves(slice halves, unsigned char der[ECDSA_DER_MAX_BYTES])
{
	int n = (int)(halves.n / 2), der_bytes = 0;
	const unsigned char *p = (const unsigned char *)halves.p;
	ECDSA_SIG *signature = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(p, n, NULL), *s = BN_bin2bn(p + n, n, NULL);
	if (signature && r && s && ECDSA_SIG_set0(signature, r, s) == 1) {
		r = s = NULL; /* the signature's now */
		if (i2d_ECDSA_SIG(signature, NULL) <= ECDSA_DER_MAX_BYTES)
			der_bytes = i2d_ECDSA_SIG(signature, &der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(signature);
	return der_bytes > 0 ? (size_t)der_bytes : 0;
}

/* The other way round. 0: failed. */
static size_t halves_of_der(const unsigned char *der, size_t n, unsigned field, unsigned char *to)
{
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)n);
	bool good = signature &&
	            BN_bn2binpad(ECDSA_SIG_get0_r(signature), to, (int)field) == (int)field &&
	            BN_bn2binpad(ECDSA_SIG_get0_s(signature), to + field, (int)field) == (int)field;
	ECDSA_SIG_free(signature);
	return good ? (size_t)field * 2 : 0;
}

static bool verify_digest(struct key *key, enum algorithm algorithm, slice message, slice signature)
{
	const struct scheme *scheme = &schemes[algorithm];
	unsigned char digest[EVP_MAX_MD_SIZE], der[ECDSA_DER_MAX_BYTES];
	const unsigned char *bytes = (const unsigned char *)signature.p;
	size_t n = signature.n;
	size_t expected = key->type == KEY_TYPE_RSA ? (key->bits + 7) / 8
	                                            : 2 * (size_t)key_field_bytes(key->type);
	if (n != expected)
		return false;
	if (scheme->family == ECDSA_FAMILY) {
		n = der_of_halves(signature, der);
		bytes = der;
	}
	EVP_PKEY_CTX *context = context_of(key, algorithm, false);
	return context && n && make_digest(key, scheme, message, digest) &&
	       EVP_PKEY_verify(context, bytes, n, digest, scheme->digest_bytes) == 1;
}

static size_t sign_digest(struct key *key, enum algorithm algorithm, slice message,
        unsigned char signature[SIGNATURE_MAX_BYTES])
{
	const struct scheme *scheme = &schemes[algorithm];
	unsigned char digest[EVP_MAX_MD_SIZE], der[ECDSA_DER_MAX_BYTES];
	bool halves = scheme->family == ECDSA_FAMILY;
	size_t n = halves ? sizeof der : SIGNATURE_MAX_BYTES;
	EVP_PKEY_CTX *context = context_of(key, algorithm, true);
	if (!context || !make_digest(key, scheme, message, digest) ||
	        EVP_PKEY_sign(
	                context, halves ? der : signature, &n, digest, scheme->digest_bytes) != 1)
		return 0;
	return halves ? halves_of_der(der, n, key_field_bytes(key->type), signature) : n;
}

static bool verify_eddsa(struct key *key, slice message, slice signature)
{
	EVP_MD_CTX *context = key->digest;
	bool good = EVP_MD_CTX_reset(context) == 1 &&
	            EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
	            EVP_DigestVerify(context, (const unsigned char *)signature.p, signature.n,
	                    (const unsigned char *)message.p, message.n) == 1;
	return good;
}

static size_t sign_eddsa(struct key *key, slice message, unsigned char *signature)
{
	size_t n = SIGNATURE_MAX_BYTES;
	EVP_MD_CTX *context = key->digest;
	bool good = EVP_MD_CTX_reset(context) == 1 &&
	            EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
	            EVP_DigestSign(context, signature, &n, (const unsigned char *)message.p,
	                    message.n) == 1;
	return good ? n : 0;
}

static bool verify(struct key *key, enum algorithm algorithm, slice message, slice signature)
{
	switch (schemes[algorithm].family) {
	case HMAC_FAMILY: {
		unsigned char expected[SIGNATURE_MAX_BYTES];
		size_t n = make_mac(key, algorithm, message, expected);
		return n && slice_equal_secret((slice){ (char *)expected, n }, signature);
	}
	case PKCS1_FAMILY:
	case PSS_FAMILY:
	case ECDSA_FAMILY:
		return verify_digest(key, algorithm, message, signature);
	case EDDSA_FAMILY:
		return verify_eddsa(key, message, signature);
	}
	return false;
}

bool signature_verify(struct key *key, enum algorithm algorithm, slice message, slice signature)
{
	if (!algorithm_fits(algorithm, key))
		return false;
	(void)ERR_set_mark();
	bool good = verify(key, algorithm, message, signature);
	(void)ERR_pop_to_mark();
	return good;
}

static size_t sign(
        struct key *key, enum algorithm algorithm, slice message, unsigned char *signature)
{
	switch (schemes[algorithm].family) {
	case HMAC_FAMILY:
		return make_mac(key, algorithm, message, signature);
	case PKCS1_FAMILY:
	case PSS_FAMILY:
	case ECDSA_FAMILY:
		return sign_digest(key, algorithm, message, signature);
	case EDDSA_FAMILY:
		return sign_eddsa(key, message, signature);
	}
	return 0;
}

size_t signature_make(
        struct key *key, enum algorithm algorithm, slice message, unsigned char *signature)
{
	if (!key->is_private || !algorithm_fits(algorithm, key))
		return 0;
	(void)ERR_set_mark();
	size_t n = sign(key, algorithm, message, signature);
	(void)ERR_pop_to_mark();
	return n;
}
