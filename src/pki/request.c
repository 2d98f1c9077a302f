#include "pki/request.h"

#include <arpa/inet.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "pki/key.h"

enum { RSA_BITS_MIN = 2048, RSA_BITS_MAX = 4096, GROUP_BYTES = 64 };

static X509_REQ *parse(slice bytes)
{
	const unsigned char *at = (const unsigned char *)bytes.p;
	/* DER begins with a SEQUENCE; in PEM there may be any text before the first line of dashes. */
	if (bytes.n && at[0] == 0x30) {
		X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)bytes.n);
		if (request && at != (const unsigned char *)bytes.p + bytes.n) {
			X509_REQ_free(request);
			return NULL;
		}
		return request;
	}
	BIO *bio = BIO_new_mem_buf(bytes.p ? bytes.p : "", (int)bytes.n);
	/* No passphrase is asked for: nobody may be made to wait at a terminal. */
	X509_REQ *request =
	        bio ? PEM_read_bio_X509_REQ(bio, NULL, NULL, (void *)(uintptr_t) "") : NULL;
	BIO_free(bio);
	return request;
}

static bool check_curve(EVP_PKEY *key, struct error *error)
{
	char group[GROUP_BYTES];
	int explicit = 0;
	/* A curve that is spelt out may differ from its namesake in one number. */
	bool named = EVP_PKEY_get_int_param(
	                     key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit) &&
	             !explicit && EVP_PKEY_get_group_name(key, group, sizeof group, NULL);
	if (named && (strcmp(group, SN_X9_62_prime256v1) == 0 || strcmp(group, SN_secp384r1) == 0))
		return true;
	return error_set(
	        error, "the request's key is on a curve that is not taken: P-256 and P-384 are");
}

static bool check_key(EVP_PKEY *key, struct error *error)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_EC:
		return check_curve(key, error);
	case EVP_PKEY_RSA: {
		int bits = EVP_PKEY_get_bits(key);
		if (bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX)
			return true;
		return error_set(error, "the request's RSA key has %d bits; %d to %d are taken",
		        bits, RSA_BITS_MIN, RSA_BITS_MAX);
	}
	default:
		return error_set(error, "the request's key is of a kind that is not taken: ECDSA "
		                        "(P-256, P-384) and "
		                        "RSA are");
	}
}

static bool add_string(struct pki_alt_names *names, enum pki_alt_kind kind,
        const ASN1_STRING *string, enum pki_profile profile, struct arena *arena,
        struct error *error)
{
	int n = ASN1_STRING_length(string);
	slice text = arena_copy(arena, ASN1_STRING_get0_data(string), n > 0 ? (size_t)n : 0);
	if (!text.p)
		return error_set(error, "there is no memory for the request's names");
	return pki_alt_names_add(names, kind, text, profile, error);
}

static bool add_address(struct pki_alt_names *names, const ASN1_OCTET_STRING *bytes,
        enum pki_profile profile, struct arena *arena, struct error *error)
{
	char text[INET6_ADDRSTRLEN];
	int n = ASN1_STRING_length(bytes);
	if ((n != 4 && n != 16) || !inet_ntop(n == 4 ? AF_INET : AF_INET6,
	                                   ASN1_STRING_get0_data(bytes), text, sizeof text))
		return error_set(error, "an IP address in the request has %d bytes", n);
	slice copy = arena_copy_slice(arena, slice_of(text));
	if (!copy.p)
		return error_set(error, "there is no memory for the request's names");
	return pki_alt_names_add(names, PKI_ALT_IP, copy, profile, error);
}

static bool add_name(struct pki_alt_names *names, const GENERAL_NAME *name,
        enum pki_profile profile, struct arena *arena, struct error *error)
{
	int kind;
	const void *value = GENERAL_NAME_get0_value(name, &kind);
	switch (kind) {
	case GEN_DNS:
		return add_string(names, PKI_ALT_DNS, value, profile, arena, error);
	case GEN_URI:
		return add_string(names, PKI_ALT_URI, value, profile, arena, error);
	case GEN_EMAIL:
		return add_string(names, PKI_ALT_EMAIL, value, profile, arena, error);
	case GEN_IPADD:
		return add_address(names, value, profile, arena, error);
	default:
		return error_set(error, "the request has an alternative name that is neither DNS "
		                        "name, address, URI nor mail address");
	}
}

static bool add_names(struct pki_alt_names *names, const GENERAL_NAMES *found,
        enum pki_profile profile, struct arena *arena, struct error *error)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(found); i++) {
		if (!add_name(names, sk_GENERAL_NAME_value(found, i), profile, arena, error))
			return false;
	}
	return true;
}

static bool take_names(X509_REQ *request, struct pki_alt_names *names, enum pki_profile profile,
        struct arena *arena, struct error *error)
{
	STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
	int found = -1;
	/* NULL also where they are there and cannot be read, by whatever cause: that is not "no names". */
	if (!extensions && (X509_REQ_get_attr_by_NID(request, NID_ext_req, -1) >= 0 ||
	                           X509_REQ_get_attr_by_NID(request, NID_ms_ext_req, -1) >= 0))
		return pki_openssl_error(error, "the request's extensions cannot be read");
	GENERAL_NAMES *list = X509V3_get_d2i(extensions, NID_subject_alt_name, &found, NULL);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	if (!list)
		/* -1: none. Else it stands there twice (-2) or cannot be read. */
		return found == -1 ||
		       pki_openssl_error(error, "the request's names cannot be read");
	bool good = add_names(names, list, profile, arena, error);
	GENERAL_NAMES_free(list);
	return good;
}

EVP_PKEY *pki_request_read(slice bytes, enum pki_profile profile, struct arena *arena,
        struct pki_alt_names *names, struct error *error)
{
	X509_REQ *request = bytes.n <= PKI_REQUEST_MAX_BYTES ? parse(bytes) : NULL;
	EVP_PKEY *key = request ? X509_REQ_get_pubkey(request) : NULL;
	bool good = false;
	if (!request)
		pki_openssl_error(error, "this is no certificate request (PKCS#10, PEM or DER)");
	else if (!key)
		pki_openssl_error(error, "the request's key cannot be read");
	else if (!check_key(key, error))
		good = false;
	else if (X509_REQ_verify(request, key) != 1)
		error_set(error, "the request is not signed by the key that it is for");
	else
		good = !names || take_names(request, names, profile, arena, error);
	ERR_clear_error();
	X509_REQ_free(request);
	if (good)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}
