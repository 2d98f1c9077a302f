/* Certificates with names of every kind, also such as no tool would write: made name by name, and signed. Include after
 * support.h. */
#ifndef UNIT_CERTIFICATE_WORLD_H
#define UNIT_CERTIFICATE_WORLD_H

#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* One name: of the subject (nid), or of subjectAltName (GEN_…, with nid 0). */
struct made_name {
	int nid, general, type; /* V_ASN1_… */
	const char *bytes;
	size_t n; /* 0: as far as the NUL */
};

#define MADE_NAMES_MAX 300

struct making {
	struct made_name names[MADE_NAMES_MAX];
	const char *key_usage, *extended; /* as OpenSSL's configuration writes them; NULL: none */
	const char *unknown_critical;     /* an extension of that OID; NULL: none */
	long from_s, until_s;             /* from now; both 0: an hour ago, a day ahead */
	const char *issuer;               /* its common name; NULL: "fleet" */
	EVP_PKEY *by;                     /* NULL: the key of all */
};

#define MADE_CN(text)                                                                              \
	{                                                                                          \
		.nid = NID_commonName, .type = V_ASN1_UTF8STRING, .bytes = (text)                  \
	}
#define MADE_OU(text)                                                                              \
	{                                                                                          \
		.nid = NID_organizationalUnitName, .type = V_ASN1_UTF8STRING, .bytes = (text)      \
	}
#define MADE_SAN(kind, text)                                                                       \
	{                                                                                          \
		.general = (kind), .type = V_ASN1_IA5STRING, .bytes = (text)                       \
	}

/* One key for all of a test: nobody shakes hands with it. */
static inline EVP_PKEY *made_key(void)
{
	static EVP_PKEY *key;
	if (!key)
		key = EVP_EC_gen("P-256");
	assert_non_null(key);
	return key;
}

static inline void made_extension(X509 *to, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	assert_non_null(extension);
	assert_int_equal(X509_add_ext(to, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

static inline void made_unknown(X509 *to, const char *oid)
{
	ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	ASN1_OCTET_STRING *content = ASN1_OCTET_STRING_new();
	assert_int_equal(ASN1_OCTET_STRING_set(content, (const unsigned char *)"\x05\x00", 2), 1);
	X509_EXTENSION *extension = X509_EXTENSION_create_by_OBJ(NULL, object, 1, content);
	assert_int_equal(X509_add_ext(to, extension, -1), 1);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(content);
	ASN1_OBJECT_free(object);
}

static inline void made_alt_name(GENERAL_NAMES *to, const struct made_name *name, size_t n)
{
	ASN1_STRING *string =
	        ASN1_STRING_type_new(name->general == GEN_IPADD ? V_ASN1_OCTET_STRING : name->type);
	GENERAL_NAME *one = GENERAL_NAME_new();
	assert_int_equal(ASN1_STRING_set(string, name->bytes, (int)n), 1);
	GENERAL_NAME_set0_value(one, name->general, string);
	assert_true(sk_GENERAL_NAME_push(to, one) > 0);
}

static inline void made_names(X509 *to, const struct making *making)
{
	GENERAL_NAMES *alt = GENERAL_NAMES_new();
	for (const struct made_name *at = making->names; at->bytes; at++) {
		size_t n = at->n ? at->n : strlen(at->bytes);
		if (at->nid)
			assert_int_equal(
			        X509_NAME_add_entry_by_NID(X509_get_subject_name(to), at->nid,
			                at->type, (const unsigned char *)at->bytes, (int)n, -1, 0),
			        1);
		else
			made_alt_name(alt, at, n);
	}
	if (sk_GENERAL_NAME_num(alt))
		assert_int_equal(X509_add1_ext_i2d(to, NID_subject_alt_name, alt, 0, 0), 1);
	GENERAL_NAMES_free(alt);
}

static inline X509 *made_certificate(const struct making *making)
{
	X509 *made = X509_new();
	bool dated = making->from_s || making->until_s;
	const char *issuer = making->issuer ? making->issuer : "fleet";
	X509_NAME *by = X509_NAME_new();
	assert_int_equal(X509_set_version(made, X509_VERSION_3), 1);
	assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(made), 7), 1);
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(made), dated ? making->from_s : -3600));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(made), dated ? making->until_s : 86400));
	assert_int_equal(X509_NAME_add_entry_by_NID(by, NID_commonName, V_ASN1_UTF8STRING,
	                         (const unsigned char *)issuer, -1, -1, 0),
	        1);
	assert_int_equal(X509_set_issuer_name(made, by), 1);
	X509_NAME_free(by);
	assert_int_equal(X509_set_pubkey(made, made_key()), 1);
	made_names(made, making);
	if (making->key_usage)
		made_extension(made, NID_key_usage, making->key_usage);
	if (making->extended)
		made_extension(made, NID_ext_key_usage, making->extended);
	if (making->unknown_critical)
		made_unknown(made, making->unknown_critical);
	assert_true(X509_sign(made, making->by ? making->by : made_key(), EVP_sha256()) > 0);
	return made;
}

static inline slice made_der(struct arena *arena, const struct making *making)
{
	X509 *made = made_certificate(making);
	unsigned char *bytes = NULL;
	int n = i2d_X509(made, &bytes);
	assert_true(n > 0);
	slice der = arena_copy(arena, bytes, (size_t)n);
	OPENSSL_free(bytes);
	X509_free(made);
	return der;
}

/* That of an authority with this name and key, which signs itself, as a PEM file. */
static inline void made_authority(const char *path, const char *name, EVP_PKEY *key)
{
	struct making making = { .names = { MADE_CN(name) },
		.key_usage = "critical,keyCertSign",
		.issuer = name,
		.by = key };
	X509 *made = made_certificate(&making);
	assert_int_equal(X509_set_pubkey(made, key), 1);
	assert_true(X509_sign(made, key, EVP_sha256()) > 0);
	FILE *file = fopen(path, "ab");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, made), 1);
	(void)fclose(file);
	X509_free(made);
}

#endif
