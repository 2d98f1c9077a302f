/* OpenSSL without memory: its allocations fail in turn (each of the first, then every seventh: there are thousands), in
 * everything that makes or reads a key, a certificate, a list or a request. What comes of it is the whole thing or an
 * error with a text; the leak sanitizer sees the rest. */
#include "support.h"

#include <stdlib.h>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>

#include "pki/certificate.h"
#include "pki/date.h"
#include "pki/key.h"
#include "pki/request.h"

enum { EACH_UP_TO = 200 };

/* Allocations until one fails; 0: none does. */
static unsigned long countdown;

static bool fails(void)
{
	return countdown && --countdown == 0;
}

static void *failing_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails() ? NULL : malloc(n);
}

static void *failing_realloc(void *old, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	if (!n) {
		free(old);
		return NULL;
	}
	return fails() ? NULL : realloc(old, n);
}

static void plain_free(void *old, const char *file, int line)
{
	(void)file;
	(void)line;
	free(old);
}

/* Made once, while there is memory. */
static struct {
	struct pki_signer signer;
	EVP_PKEY *key;
	BIO *key_text, *certificate_text, *crl_text;
	slice request;
	struct pki_entry entry;
	struct pki_index index;
	struct pki_alt_names names;
	struct arena arena;
	int64_t now;
} all;

static const slice none = { NULL, 0 };

static bool gives_bio(BIO *bio)
{
	BIO_free(bio);
	return bio != NULL;
}

static bool gives_key(EVP_PKEY *key)
{
	EVP_PKEY_free(key);
	return key != NULL;
}

static bool gives_certificate(X509 *certificate)
{
	X509_free(certificate);
	return certificate != NULL;
}

static bool make_key(struct error *error)
{
	return gives_key(pki_key_create(error));
}

static bool write_key(struct error *error)
{
	return gives_bio(pki_key_text(all.key, none, error));
}

static bool read_key(struct error *error)
{
	return gives_key(pki_key_parse(pki_bio_bytes(all.key_text), none, error));
}

static bool make_authority(struct error *error)
{
	return gives_certificate(pki_certificate_authority(SLICE("ca"), &all.entry.serial, all.now,
	        all.now + PKI_DAY_SECONDS, all.signer.key, error));
}

static bool sign(struct error *error)
{
	return gives_certificate(
	        pki_certificate_sign(&all.signer, &all.entry, &all.names, all.key, error));
}

static bool write_certificate(struct error *error)
{
	return gives_bio(pki_certificate_text(all.signer.certificate, error));
}

static bool read_certificate(struct error *error)
{
	return gives_certificate(
	        pki_certificate_parse_authority(pki_bio_bytes(all.certificate_text), error));
}

static bool make_list(struct error *error)
{
	return gives_bio(
	        pki_crl_text(&all.signer, &all.index, all.now, all.now + PKI_DAY_SECONDS, error));
}

static bool read_list(struct error *error)
{
	uint64_t number;
	int64_t next;
	/* It has no error: a list that cannot be read is written anew. */
	return pki_crl_parse(pki_bio_bytes(all.crl_text), &number, &next) ||
	       error_set(error, "no list");
}

static bool read_request(struct error *error)
{
	struct arena arena;
	struct pki_alt_names names = { .count = 0 };
	arena_init(&arena, 1 << 16);
	bool good = gives_key(pki_request_read(all.request, PKI_DEVICE, &arena, &names, error));
	assert_true(!good || names.count == 5);
	arena_finish(&arena);
	return good;
}

/* Until one call has all that it asks for. */
static void starve(bool (*make)(struct error *))
{
	struct error error;
	assert_true(make(&error)); /* what OpenSSL keeps for later is there */
	bool good = false;
	for (unsigned long at = 1; !good; at += at < EACH_UP_TO ? 1 : 7) {
		error.text[0] = '\0';
		countdown = at;
		good = make(&error);
		bool untouched = countdown != 0;
		countdown = 0;
		assert_true(good || error.text[0]);
		/* Some of what OpenSSL asks for it can do without. */
		good = good && untouched;
	}
}

static void keys(void **state)
{
	(void)state;
	starve(make_key);
	starve(write_key);
	starve(read_key);
}

static void certificates(void **state)
{
	(void)state;
	starve(make_authority);
	starve(sign);
	starve(write_certificate);
	starve(read_certificate);
}

static void lists(void **state)
{
	(void)state;
	starve(make_list);
	starve(read_list);
}

static void requests(void **state)
{
	(void)state;
	starve(read_request);
}

static int make_all(void **state)
{
	(void)state;
	struct error error;
	arena_init(&all.arena, 1 << 20);
	all.now = pki_date_now();
	all.entry = (struct pki_entry){ .serial = { { 1 } },
		.profile = PKI_DEVICE,
		.from = all.now,
		.until = all.now + PKI_DAY_SECONDS,
		.revoked = all.now,
		.reason = PKI_KEY_COMPROMISE,
		.name = SLICE("engine-7") };
	all.index = (struct pki_index){ .arena = &all.arena, .crl_number = 1, .crl_days = 1 };
	assert_true(pki_index_add(&all.index, &all.entry));
	assert_true(pki_alt_names_parse(
	        &all.names, SLICE("dns:a.example,ip:10.0.0.1"), PKI_DEVICE, &error));
	all.key = pki_key_create(&error);
	all.signer.key = pki_key_create(&error);
	all.signer.certificate = pki_certificate_authority(SLICE("ca"), &all.entry.serial, all.now,
	        all.now + PKI_DAY_SECONDS, all.signer.key, &error);
	all.key_text = pki_key_text(all.key, none, &error);
	all.certificate_text = pki_certificate_text(all.signer.certificate, &error);
	all.crl_text =
	        pki_crl_text(&all.signer, &all.index, all.now, all.now + PKI_DAY_SECONDS, &error);
	all.request =
	        read_whole_file(&all.arena, FAIRLEAD_SOURCE "/tests/fuzz/seeds/pki_request/names");
	assert_true(all.key_text && all.certificate_text && all.crl_text && all.request.n);
	return 0;
}

static int free_all(void **state)
{
	(void)state;
	BIO_free(all.key_text);
	BIO_free(all.certificate_text);
	BIO_free(all.crl_text);
	X509_free(all.signer.certificate);
	EVP_PKEY_free(all.signer.key);
	EVP_PKEY_free(all.key);
	arena_finish(&all.arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),
		cmocka_unit_test(certificates),
		cmocka_unit_test(lists),
		cmocka_unit_test(requests),
	};
	if (CRYPTO_set_mem_functions(failing_malloc, failing_realloc, plain_free) != 1)
		return 1;
	return cmocka_run_group_tests(tests, make_all, free_all);
}
