#include "pki/key.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

enum {
	/* OWASP's number for PBKDF2 with HMAC-SHA-256. A bundle is opened by devices that import it, whose processors
	 * are slow, and lives for a journey; the CA's key lives for ten years. */
	KEY_ROUNDS = 600000,
	BUNDLE_ROUNDS = 100000,
	SALT_BYTES = 16
};

bool pki_openssl_error(struct error *error, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	ERR_clear_error();
	return error_set(error, "%s%s%s", what, reason ? ": " : "", reason ? reason : "");
}

slice pki_bio_bytes(BIO *bio)
{
	char *bytes = NULL;
	long n = BIO_get_mem_data(bio, &bytes);
	return (slice){ bytes, n > 0 ? (size_t)n : 0 };
}

EVP_PKEY *pki_key_create(struct error *error)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	if (!key)
		pki_openssl_error(error, "no key could be made");
	return key;
}

static bool write_encrypted(BIO *bio, PKCS8_PRIV_KEY_INFO *plain, slice passphrase)
{
	X509_ALGOR *how = PKCS5_pbe2_set_iv(
	        EVP_aes_256_cbc(), KEY_ROUNDS, NULL, SALT_BYTES, NULL, NID_hmacWithSHA256);
	if (!how)
		return false;
	X509_SIG *sealed = PKCS8_set0_pbe(passphrase.p, (int)passphrase.n, plain, how);
	if (!sealed) {
		X509_ALGOR_free(how);
		return false;
	}
	bool good = PEM_write_bio_PKCS8(bio, sealed) == 1;
	X509_SIG_free(sealed);
	return good;
}

BIO *pki_key_text(EVP_PKEY *key, slice passphrase, struct error *error)
{
	BIO *bio = BIO_new(BIO_s_mem());
	PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
	bool good = bio && plain &&
	            (passphrase.n ? write_encrypted(bio, plain, passphrase)
	                          : PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, plain) == 1);
	PKCS8_PRIV_KEY_INFO_free(plain);
	if (good)
		return bio;
	pki_openssl_error(error, "the key could not be written");
	BIO_free(bio);
	return NULL;
}

struct question {
	slice passphrase;
	bool asked;
};

static int give_passphrase(char *to, int size, int writing, void *arg)
{
	(void)writing;
	struct question *question = arg;
	question->asked = true;
	if (!question->passphrase.n || question->passphrase.n > (size_t)size)
		return -1;
	memcpy(to, question->passphrase.p, question->passphrase.n);
	return (int)question->passphrase.n;
}

EVP_PKEY *pki_key_parse(slice text, slice passphrase, struct error *error)
{
	struct question question = { passphrase, false };
	BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &question) : NULL;
	BIO_free(bio);
	if (key)
		return key;
	if (question.asked) {
		ERR_clear_error();
		error_set(error, "%s",
		        passphrase.n ? "the passphrase does not open the key"
		                     : "the key is encrypted: say its passphrase");
	} else {
		pki_openssl_error(error, "there is no private key that can be read");
	}
	return NULL;
}

/* PKCS12_create() wants a NUL at the end of it. */
static PKCS12 *make_bundle(EVP_PKEY *key, X509 *certificate, STACK_OF(X509) * chain,
        const char *name, slice passphrase)
{
	char copy[PKI_PASSPHRASE_MAX_BYTES + 1];
	if (passphrase.n >= sizeof copy)
		return NULL;
	memcpy(copy, passphrase.p, passphrase.n);
	copy[passphrase.n] = '\0';
	PKCS12 *bundle = PKCS12_create(copy, name, key, certificate, chain, NID_aes_256_cbc,
	        NID_aes_256_cbc, BUNDLE_ROUNDS, BUNDLE_ROUNDS, 0);
	OPENSSL_cleanse(copy, sizeof copy);
	return bundle;
}

BIO *pki_key_bundle(EVP_PKEY *key, X509 *certificate, X509 *authority, const char *name,
        slice passphrase, struct error *error)
{
	BIO *bio = BIO_new(BIO_s_mem());
	STACK_OF(X509) *chain = sk_X509_new_null();
	PKCS12 *bundle = chain && sk_X509_push(chain, authority)
	                         ? make_bundle(key, certificate, chain, name, passphrase)
	                         : NULL;
	bool good = bio && bundle && i2d_PKCS12_bio(bio, bundle) == 1;
	PKCS12_free(bundle);
	sk_X509_free(chain);
	if (good)
		return bio;
	pki_openssl_error(error, "the PKCS#12 file could not be made");
	BIO_free(bio);
	return NULL;
}
