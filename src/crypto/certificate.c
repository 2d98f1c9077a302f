#include "crypto/certificate.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/utf8.h"

struct reading {
	struct arena *arena;
	struct certificate *certificate;
	const char *why;
	bool failed;
};

/* Always false. */
static bool fail(struct reading *reading, const char *why)
{
	reading->failed = true;
	reading->why = why;
	return false;
}

/* ---- Texts */

static bool is_ascii(slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		if ((unsigned char)text.p[i] >= 0x80)
			return false;
	}
	return true;
}

/* Two bytes a character, most significant first; surrogates are none (ISO 10646). */
static const char *decode_bmp(struct arena *arena, slice bytes, slice *text)
{
	char *to = arena_alloc_raw(arena, bytes.n / 2 * 3 + 1);
	size_t n = 0;
	if (bytes.n % 2)
		return "is no BMPString";
	if (!to)
		return NULL;
	for (size_t i = 0; i < bytes.n; i += 2) {
		unsigned high = (unsigned char)bytes.p[i], low = (unsigned char)bytes.p[i + 1];
		uint32_t point = high << 8 | low;
		if (point >= 0xd800 && point <= 0xdfff)
			return "is no BMPString";
		n += utf8_put(point, to + n);
	}
	*text = (slice){ to, n };
	return NULL;
}

/* A copy of it as UTF-8. NULL with text->p NULL: no memory. */
static const char *decode(struct arena *arena, const ASN1_STRING *string, slice *text)
{
	int n = ASN1_STRING_length(string);
	slice bytes = { (const char *)ASN1_STRING_get0_data(string), n > 0 ? (size_t)n : 0 };
	*text = (slice){ NULL, 0 };
	if (bytes.n > CERTIFICATE_NAME_MAX_BYTES)
		return "is too long";
	switch (ASN1_STRING_type(string)) {
	case V_ASN1_UTF8STRING:
		if (!utf8_valid(bytes))
			return "is not UTF-8";
		break;
	case V_ASN1_PRINTABLESTRING:
	case V_ASN1_IA5STRING:
	case V_ASN1_VISIBLESTRING:
	case V_ASN1_NUMERICSTRING:
		if (!is_ascii(bytes))
			return "is not ASCII, as its type says";
		break;
	case V_ASN1_BMPSTRING:
		return decode_bmp(arena, bytes, text);
	default:
		/* T61String above all: which characters its bytes are, nobody agrees on. */
		return "is in a character set that cannot be read for certain";
	}
	*text = arena_copy(arena, bytes.p, bytes.n);
	return NULL;
}

static const char *fault_of(slice text)
{
	size_t bytes;
	if (!text.n)
		return "is empty";
	if (slice_find(text, '\0') < text.n)
		return "has a NUL in it";
	for (size_t at = 0; at < text.n; at += bytes) {
		if (utf8_is_hidden(utf8_get(text, at, &bytes)))
			return "has a control character in it, or an invisible one";
	}
	return NULL;
}

void certificate_name_normalise(enum certificate_name_kind kind, char *text, size_t n)
{
	size_t from = n;
	if (kind == CERTIFICATE_DNS) {
		from = 0;
	} else if (kind == CERTIFICATE_EMAIL) {
		while (from && text[from - 1] != '@')
			from--;
	}
	for (; from < n; from++)
		text[from] = ascii_lower(text[from]);
}

/* ---- Names */

static bool add_text(
        struct reading *reading, enum certificate_name_kind kind, slice text, const char *fault)
{
	struct certificate *certificate = reading->certificate;
	if (certificate->nnames == CERTIFICATE_NAMES_MAX)
		return fail(reading, "it has too many names");
	if (!fault && !text.p)
		return fail(reading, NULL);
	if (!fault)
		fault = fault_of(text);
	if (!fault)
		certificate_name_normalise(kind, (char *)(uintptr_t)text.p, text.n);
	certificate->names[certificate->nnames++] = (struct certificate_name){
		.kind = kind, .text = fault ? (slice){ NULL, 0 } : text, .fault = fault
	};
	return true;
}

static bool add_string(
        struct reading *reading, enum certificate_name_kind kind, const ASN1_STRING *string)
{
	slice text;
	const char *fault = decode(reading->arena, string, &text);
	return add_text(reading, kind, text, fault);
}

static bool add_address(struct reading *reading, const ASN1_STRING *string)
{
	char text[INET6_ADDRSTRLEN];
	int n = ASN1_STRING_length(string);
	slice none = { NULL, 0 };
	if (n != 4 && n != 16)
		return add_text(reading, CERTIFICATE_IP, none, "is no address");
	if (!inet_ntop(
	            n == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(string), text, sizeof text))
		return fail(reading, NULL);
	return add_text(
	        reading, CERTIFICATE_IP, arena_copy_slice(reading->arena, slice_of(text)), NULL);
}

static bool read_subject(struct reading *reading, const X509 *from)
{
	const X509_NAME *subject = X509_get_subject_name(from);
	for (int i = 0; i < X509_NAME_entry_count(subject); i++) {
		const X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, i);
		const ASN1_STRING *string = X509_NAME_ENTRY_get_data(entry);
		bool good = true;
		switch (OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry))) {
		case NID_commonName:
			good = add_string(reading, CERTIFICATE_COMMON_NAME, string);
			break;
		case NID_organizationalUnitName:
			good = add_string(reading, CERTIFICATE_UNIT, string);
			break;
		case NID_serialNumber:
			good = add_string(reading, CERTIFICATE_SERIAL_NUMBER, string);
			break;
		}
		if (!good)
			return false;
	}
	return true;
}

static bool add_alt_name(struct reading *reading, const GENERAL_NAME *name)
{
	int type;
	const ASN1_STRING *string = GENERAL_NAME_get0_value(name, &type);
	switch (type) {
	case GEN_DNS:
		return add_string(reading, CERTIFICATE_DNS, string);
	case GEN_EMAIL:
		return add_string(reading, CERTIFICATE_EMAIL, string);
	case GEN_URI:
		return add_string(reading, CERTIFICATE_URI, string);
	case GEN_IPADD:
		return add_address(reading, string);
	}
	return true;
}

static bool read_alt_names(struct reading *reading, const X509 *from)
{
	int critical;
	GENERAL_NAMES *names = X509_get_ext_d2i(from, NID_subject_alt_name, &critical, NULL);
	if (!names)
		return critical == -1 || fail(reading, "its subjectAltName cannot be read");
	bool good = true;
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && good; i++)
		good = add_alt_name(reading, sk_GENERAL_NAME_value(names, i));
	GENERAL_NAMES_free(names);
	return good;
}

/* ---- What it is good for, and when */

static bool check_purpose(struct reading *reading, X509 *from)
{
	uint32_t flags = X509_get_extension_flags(from);
	/* UINT32_MAX where it has no such extension: then it is good for everything. */
	uint32_t usage = X509_get_key_usage(from);
	uint32_t extended = X509_get_extended_key_usage(from);
	if (flags & EXFLAG_INVALID)
		return fail(reading, "its extensions cannot be read");
	if (flags & EXFLAG_CRITICAL)
		return fail(reading, "it has a critical extension that is not known here");
	if (!(usage & KU_DIGITAL_SIGNATURE))
		return fail(reading, "its key is not for signing (keyUsage)");
	if (!(extended & (XKU_SSL_CLIENT | XKU_ANYEKU)))
		return fail(reading, "it is not for clients (extendedKeyUsage)");
	return true;
}

/* Without time_t, which has 32 bits on some boards. */
static bool read_time(const ASN1_TIME *time, int64_t *ms)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days, seconds;
	bool good = epoch && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1;
	ASN1_TIME_free(epoch);
	if (good)
		*ms = ((int64_t)days * 86400 + seconds) * 1000;
	return good;
}

static bool read_validity(struct reading *reading, const X509 *from)
{
	struct certificate *to = reading->certificate;
	if (!read_time(X509_get0_notBefore(from), &to->from_ms) ||
	        !read_time(X509_get0_notAfter(from), &to->until_ms))
		return fail(reading, "its dates cannot be read");
	/* The second that it names is part of it (RFC 5280 section 4.1.2.5). */
	to->until_ms += 1000;
	return true;
}

/* NULL: there is none, or more than one. */
static X509 *parse(slice der)
{
	const unsigned char *at = (const unsigned char *)der.p;
	X509 *read = d2i_X509(NULL, &at, (long)der.n);
	if (read && at == (const unsigned char *)der.p + der.n)
		return read;
	X509_free(read);
	return NULL;
}

static bool read_parts(struct reading *reading, slice der)
{
	X509 *from = parse(der);
	if (!from)
		return fail(reading, "it cannot be read");
	reading->certificate->fingerprint = digest_sha256(der);
	bool good = check_purpose(reading, from) && read_validity(reading, from) &&
	            read_subject(reading, from) && read_alt_names(reading, from);
	X509_free(from);
	return good;
}

struct certificate *certificate_read(struct arena *arena, slice der, const char **why)
{
	struct certificate *made = ARENA_NEW(arena, struct certificate);
	struct reading reading = { .arena = arena, .certificate = made };
	*why = NULL;
	if (made)
		made->names = arena_alloc(arena, CERTIFICATE_NAMES_MAX * sizeof *made->names);
	if (!made || !made->names)
		return NULL;
	if (der.n > CERTIFICATE_MAX_BYTES) {
		*why = "it is too long";
		return NULL;
	}
	/* The library keeps its errors in a queue a thread, at which TLS looks after each call. */
	(void)ERR_set_mark();
	bool good = read_parts(&reading, der);
	(void)ERR_pop_to_mark();
	*why = reading.why;
	return good ? made : NULL;
}

/* ---- Authorities */

struct authorities {
	X509 **at;
	unsigned n;
};

static bool add(struct authorities *authorities, X509 *one)
{
	X509 **larger = realloc(authorities->at, (authorities->n + 1) * sizeof(X509 *));
	if (!larger)
		return false;
	authorities->at = larger;
	authorities->at[authorities->n++] = one;
	return true;
}

static const char *read_all(struct authorities *authorities, BIO *from)
{
	for (;;) {
		X509 *one = PEM_read_bio_X509(from, NULL, NULL, (void *)(uintptr_t) "");
		if (!one)
			break;
		if (!add(authorities, one)) {
			X509_free(one);
			return "out of memory";
		}
	}
	/* At the end of a good file it finds no further beginning; anything else is a certificate that is broken. */
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return "a certificate in it cannot be read";
	return authorities->n ? NULL : "there is no certificate in it";
}

struct authorities *authorities_open(const char *path, const char **why)
{
	struct authorities *made = calloc(1, sizeof *made);
	(void)ERR_set_mark();
	BIO *from = BIO_new_file(path, "r");
	*why = made ? "it cannot be read" : "out of memory";
	if (made && from)
		*why = read_all(made, from);
	BIO_free(from);
	(void)ERR_pop_to_mark();
	if (!*why)
		return made;
	authorities_destroy(made);
	return NULL;
}

void authorities_destroy(struct authorities *authorities)
{
	if (!authorities)
		return;
	for (unsigned i = 0; i < authorities->n; i++)
		X509_free(authorities->at[i]);
	free(authorities->at);
	free(authorities);
}

bool authorities_have_signed(const struct authorities *authorities, slice der)
{
	bool signed_by_one = false;
	(void)ERR_set_mark();
	X509 *certificate = parse(der);
	for (unsigned i = 0; i < authorities->n && certificate && !signed_by_one; i++) {
		X509 *by = authorities->at[i];
		EVP_PKEY *key = X509_get0_pubkey(by);
		signed_by_one = key && X509_check_issued(by, certificate) == X509_V_OK &&
		                X509_verify(certificate, key) == 1;
	}
	X509_free(certificate);
	(void)ERR_pop_to_mark();
	return signed_by_one;
}
