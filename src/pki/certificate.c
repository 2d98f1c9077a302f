#include "pki/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "pki/date.h"
#include "pki/key.h"

/* "20260131235959Z", as ASN.1 writes a date; OpenSSL makes UTCTime of it where RFC 5280 wants that. */
static bool set_date(ASN1_TIME *to, int64_t seconds)
{
	char text[PKI_DATE_BYTES], digits[PKI_DATE_BYTES];
	size_t n = 0;
	pki_date_text(seconds, text);
	for (size_t i = 0; text[i]; i++) {
		if (!strchr("-:T", text[i]))
			digits[n++] = text[i];
	}
	digits[n] = '\0';
	return ASN1_TIME_set_string_X509(to, digits) == 1;
}

static bool get_date(const ASN1_TIME *from, int64_t *seconds)
{
	struct tm tm;
	if (!from || ASN1_TIME_to_tm(from, &tm) != 1)
		return false;
	*seconds = pki_date_of(&tm);
	return true;
}

static bool set_serial(ASN1_INTEGER *to, const struct pki_serial *serial)
{
	BIGNUM *number = BN_bin2bn(serial->bytes, sizeof serial->bytes, NULL);
	bool good = number && BN_to_ASN1_INTEGER(number, to);
	BN_free(number);
	return good;
}

static bool add_extension(X509 *to, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, to, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	bool good = extension && X509_add_ext(to, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return good;
}

/* Everything but the issuer and the extensions. */
static bool fill(X509 *to, slice name, const struct pki_serial *serial, int64_t from, int64_t until,
        EVP_PKEY *key)
{
	return X509_set_version(to, X509_VERSION_3) == 1 &&
	       set_serial(X509_get_serialNumber(to), serial) &&
	       set_date(X509_getm_notBefore(to), from) && set_date(X509_getm_notAfter(to), until) &&
	       X509_NAME_add_entry_by_NID(X509_get_subject_name(to), NID_commonName, MBSTRING_UTF8,
	               (const unsigned char *)name.p, (int)name.n, -1, 0) == 1 &&
	       X509_set_pubkey(to, key) == 1;
}

static bool sign(X509 *certificate, bool filled, EVP_PKEY *key, struct error *error)
{
	if (filled && X509_sign(certificate, key, EVP_sha256()))
		return true;
	return pki_openssl_error(error, "the certificate could not be made");
}

X509 *pki_certificate_authority(slice name, const struct pki_serial *serial, int64_t from,
        int64_t until, EVP_PKEY *key, struct error *error)
{
	X509 *made = X509_new();
	bool filled =
	        made && fill(made, name, serial, from, until, key) &&
	        X509_set_issuer_name(made, X509_get_subject_name(made)) == 1 &&
	        add_extension(made, made, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	        add_extension(made, made, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	        add_extension(made, made, NID_subject_key_identifier, "hash");
	if (sign(made, filled, key, error))
		return made;
	X509_free(made);
	return NULL;
}

static bool fill_name(GENERAL_NAME *to, const struct pki_alt_name *name)
{
	static const int types[] = {
		[PKI_ALT_DNS] = GEN_DNS,
		[PKI_ALT_IP] = GEN_IPADD,
		[PKI_ALT_URI] = GEN_URI,
		[PKI_ALT_EMAIL] = GEN_EMAIL,
	};
	bool address = name->kind == PKI_ALT_IP;
	const void *bytes = address ? (const void *)name->address : name->text.p;
	size_t n = address ? name->address_bytes : name->text.n;
	ASN1_STRING *string =
	        ASN1_STRING_type_new(address ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
	if (!string || ASN1_STRING_set(string, bytes, (int)n) != 1) {
		ASN1_STRING_free(string);
		return false;
	}
	GENERAL_NAME_set0_value(to, types[name->kind], string);
	return true;
}

static bool append_name(GENERAL_NAMES *list, const struct pki_alt_name *name)
{
	GENERAL_NAME *one = GENERAL_NAME_new();
	if (one && fill_name(one, name) && sk_GENERAL_NAME_push(list, one))
		return true;
	GENERAL_NAME_free(one);
	return false;
}

/* Name by name, never as a text that OpenSSL's configuration language would read. */
static bool add_names(X509 *to, const struct pki_alt_names *names)
{
	if (!names->count)
		return true;
	GENERAL_NAMES *list = GENERAL_NAMES_new();
	bool good = list;
	for (unsigned i = 0; i < names->count && good; i++)
		good = append_name(list, &names->at[i]);
	good = good && X509_add1_ext_i2d(to, NID_subject_alt_name, list, 0, 0) == 1;
	GENERAL_NAMES_free(list);
	return good;
}

X509 *pki_certificate_sign(const struct pki_signer *by, const struct pki_entry *entry,
        const struct pki_alt_names *names, EVP_PKEY *key, struct error *error)
{
	static const char *const purposes[PKI_PROFILES] = {
		[PKI_GATEWAY] = "serverAuth,clientAuth",
		[PKI_DEVICE] = "clientAuth",
	};
	X509 *issuer = by->certificate, *made = X509_new();
	bool filled = made &&
	              fill(made, entry->name, &entry->serial, entry->from, entry->until, key) &&
	              X509_set_issuer_name(made, X509_get_subject_name(issuer)) == 1 &&
	              add_extension(made, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
	              add_extension(made, issuer, NID_key_usage, "critical,digitalSignature") &&
	              add_extension(made, issuer, NID_ext_key_usage, purposes[entry->profile]) &&
	              add_extension(made, issuer, NID_subject_key_identifier, "hash") &&
	              add_extension(made, issuer, NID_authority_key_identifier, "keyid:always") &&
	              add_names(made, names);
	if (sign(made, filled, by->key, error))
		return made;
	X509_free(made);
	return NULL;
}

BIO *pki_certificate_text(X509 *certificate, struct error *error)
{
	BIO *bio = BIO_new(BIO_s_mem());
	if (bio && PEM_write_bio_X509(bio, certificate) == 1)
		return bio;
	pki_openssl_error(error, "the certificate could not be written");
	BIO_free(bio);
	return NULL;
}

X509 *pki_certificate_parse_authority(slice text, struct error *error)
{
	BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
	X509 *read = bio ? PEM_read_bio_X509(bio, NULL, NULL, (void *)(uintptr_t) "") : NULL;
	BIO_free(bio);
	if (!read)
		pki_openssl_error(error, "there is no certificate that can be read");
	else if (X509_check_ca(read) == 1)
		return read;
	else
		error_set(error, "the certificate is not that of a CA");
	X509_free(read);
	return NULL;
}

bool pki_certificate_validity(const X509 *certificate, int64_t *from, int64_t *until)
{
	return get_date(X509_get0_notBefore(certificate), from) &&
	       get_date(X509_get0_notAfter(certificate), until);
}

slice pki_certificate_name(const X509 *certificate)
{
	const X509_NAME *subject = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
	const ASN1_STRING *name =
	        at < 0 ? NULL : X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
	int n = name ? ASN1_STRING_length(name) : 0;
	return n > 0 ? (slice){ (const char *)ASN1_STRING_get0_data(name), (size_t)n }
	             : (slice){ NULL, 0 };
}

static bool set_reason(X509_REVOKED *to, enum pki_reason reason)
{
	/* RFC 5280 section 5.3.1: "unspecified" is said by saying nothing. */
	if (reason == PKI_UNSPECIFIED)
		return true;
	ASN1_ENUMERATED *code = ASN1_ENUMERATED_new();
	bool good = code && ASN1_ENUMERATED_set(code, (long)reason) == 1 &&
	            X509_REVOKED_add1_ext_i2d(to, NID_crl_reason, code, 0, 0) == 1;
	ASN1_ENUMERATED_free(code);
	return good;
}

static bool add_revoked(X509_CRL *list, const struct pki_entry *entry)
{
	X509_REVOKED *revoked = X509_REVOKED_new();
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	ASN1_TIME *since = ASN1_TIME_new();
	bool good = revoked && serial && since && set_serial(serial, &entry->serial) &&
	            set_date(since, entry->revoked) &&
	            X509_REVOKED_set_serialNumber(revoked, serial) == 1 &&
	            X509_REVOKED_set_revocationDate(revoked, since) == 1 &&
	            set_reason(revoked, entry->reason) && X509_CRL_add0_revoked(list, revoked) == 1;
	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(since);
	if (!good)
		X509_REVOKED_free(revoked);
	return good;
}

static bool set_number(X509_CRL *list, uint64_t number)
{
	ASN1_INTEGER *value = ASN1_INTEGER_new();
	bool good = value && ASN1_INTEGER_set_uint64(value, number) == 1 &&
	            X509_CRL_add1_ext_i2d(list, NID_crl_number, value, 0, 0) == 1;
	ASN1_INTEGER_free(value);
	return good;
}

static bool set_issuer(X509_CRL *list, X509 *issuer)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, NULL, NULL, list, 0);
	X509_EXTENSION *extension =
	        X509V3_EXT_conf_nid(NULL, &context, NID_authority_key_identifier, "keyid:always");
	bool good = extension && X509_CRL_add_ext(list, extension, -1) == 1 &&
	            X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer)) == 1;
	X509_EXTENSION_free(extension);
	return good;
}

static bool set_dates(X509_CRL *list, int64_t now, int64_t next)
{
	ASN1_TIME *time = ASN1_TIME_new();
	bool good = time && set_date(time, now) && X509_CRL_set1_lastUpdate(list, time) == 1 &&
	            set_date(time, next) && X509_CRL_set1_nextUpdate(list, time) == 1;
	ASN1_TIME_free(time);
	return good;
}

static bool write_list(BIO *to, X509_CRL *list, const struct pki_signer *by,
        const struct pki_index *index, int64_t now, int64_t next)
{
	if (X509_CRL_set_version(list, X509_CRL_VERSION_2) != 1 ||
	        !set_issuer(list, by->certificate) || !set_dates(list, now, next) ||
	        !set_number(list, index->crl_number))
		return false;
	/* Also those that have expired: who reads the list may have another clock. */
	for (size_t i = 0; i < index->count; i++) {
		if (index->entries[i].revoked && !add_revoked(list, &index->entries[i]))
			return false;
	}
	return X509_CRL_sort(list) == 1 && X509_CRL_sign(list, by->key, EVP_sha256()) &&
	       PEM_write_bio_X509_CRL(to, list) == 1;
}

BIO *pki_crl_text(const struct pki_signer *by, const struct pki_index *index, int64_t now,
        int64_t next, struct error *error)
{
	BIO *bio = BIO_new(BIO_s_mem());
	X509_CRL *list = X509_CRL_new();
	bool good = bio && list && write_list(bio, list, by, index, now, next);
	X509_CRL_free(list);
	if (good)
		return bio;
	pki_openssl_error(error, "the revocation list could not be made");
	BIO_free(bio);
	return NULL;
}

bool pki_crl_parse(slice text, uint64_t *number, int64_t *next)
{
	BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
	X509_CRL *list =
	        bio ? PEM_read_bio_X509_CRL(bio, NULL, NULL, (void *)(uintptr_t) "") : NULL;
	ASN1_INTEGER *value = list ? X509_CRL_get_ext_d2i(list, NID_crl_number, NULL, NULL) : NULL;
	bool good = value && ASN1_INTEGER_get_uint64(number, value) == 1 &&
	            get_date(X509_CRL_get0_nextUpdate(list), next);
	ASN1_INTEGER_free(value);
	X509_CRL_free(list);
	BIO_free(bio);
	ERR_clear_error();
	return good;
}
