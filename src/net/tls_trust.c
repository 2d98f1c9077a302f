/* Whom a server believes.
 *
 * Revoked certificates are known by a keyed hash of their issuer's name and their serial number, and stand in one sorted array:
 * eight bytes each, so that a list of a hundred thousand is no burden, and holding some thousand open connections against
 * a new list takes some milliseconds. Two of them are alike by chance once in 2^64.
 *
 * AN AUTHORITY THAT IS ITSELF REVOKED, by a list of one above it, is no authority, though it stands in the file. */
#include "net/tls_trust_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include <mbedtls/md.h>
#include <mbedtls/oid.h>
#include <mbedtls/x509_crl.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "net/tls_internal.h"

enum { NAME_BYTES = 112, SAY_EVERY_S = 3600 };

/* One authority's list. */
struct list_date {
	uint64_t issuer;
	mbedtls_x509_time until;
	bool endless;
	char name[NAME_BYTES];
};

struct hashes {
	uint64_t *at;
	size_t n, size;
};

struct tls_trust {
	unsigned users;
	bool strict;
	mbedtls_x509_crt authorities;
	struct hashes believed, revoked; /* sorted */
	struct list_date *lists;
	size_t nlists;
	uint64_t said_us; /* when it was last said that a list is out of date */
};

/* ---- Sets of hashes */

static bool add_hash(struct hashes *hashes, uint64_t hash)
{
	if (hashes->n == hashes->size) {
		size_t size = hashes->size ? 2 * hashes->size : 16;
		uint64_t *larger = realloc(hashes->at, size * sizeof *larger);
		if (!larger)
			return false;
		hashes->at = larger;
		hashes->size = size;
	}
	hashes->at[hashes->n++] = hash;
	return true;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void sort(struct hashes *hashes)
{
	if (hashes->n)
		qsort(hashes->at, hashes->n, sizeof *hashes->at, compare);
}

static bool has(const struct hashes *hashes, uint64_t hash)
{
	return hashes->n && bsearch(&hash, hashes->at, hashes->n, sizeof hash, compare);
}

static bool same(const struct hashes *a, const struct hashes *b)
{
	return a->n == b->n && (!a->n || memcmp(a->at, b->at, a->n * sizeof *a->at) == 0);
}

static uint64_t hash_of(const mbedtls_x509_buf *bytes)
{
	return random_keyed_hash(bytes->p, bytes->len);
}

/* The serial number without the zero that only says that it is positive. */
static uint64_t hash_certificate(uint64_t issuer, const mbedtls_x509_buf *serial)
{
	const unsigned char *p = serial->p;
	size_t n = serial->len;
	for (; n > 1 && !*p; n--)
		p++;
	uint64_t both[2] = { issuer, random_keyed_hash(p, n) };
	return random_keyed_hash(both, sizeof both);
}

static bool same_bytes(const mbedtls_x509_buf *a, const mbedtls_x509_buf *b)
{
	return a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

/* ---- Reading lists */

static bool fail(struct tls_fault *fault, enum tls_file file, const char *path, const char *why)
{
	fault->file = file;
	(void)snprintf(fault->text, sizeof fault->text, "%s: %s", path, why);
	return false;
}

static bool fail_with(struct tls_fault *fault, enum tls_file file, const char *path, int error)
{
	char text[100];
	return fail(fault, file, path,
	        tls_error_text(
	                error > 0 ? MBEDTLS_ERR_X509_INVALID_FORMAT : error, text, sizeof text));
}

static bool is_signed_by(const mbedtls_x509_crl *list, mbedtls_x509_crt *authority)
{
	unsigned char hash[MBEDTLS_MD_MAX_SIZE];
	mbedtls_md_type_t md = list->MBEDTLS_PRIVATE(sig_md);
	const mbedtls_md_info_t *info = mbedtls_md_info_from_type(md);
	if (!info || !(mbedtls_x509_crt_profile_default.allowed_mds & MBEDTLS_X509_ID_FLAG(md)) ||
	        mbedtls_md(info, list->tbs.p, list->tbs.len, hash) != 0)
		return false;
	return mbedtls_pk_verify_ext(list->MBEDTLS_PRIVATE(sig_pk), list->MBEDTLS_PRIVATE(sig_opts),
	               &authority->pk, md, hash, mbedtls_md_get_size(info),
	               list->MBEDTLS_PRIVATE(sig).p, list->MBEDTLS_PRIVATE(sig).len) == 0;
}

/* NULL: one of the authorities has signed it. */
static const char *fault_of_list(struct tls_trust *trust, const mbedtls_x509_crl *list)
{
	const char *why = "a list of an authority that is not in client_ca";
	for (mbedtls_x509_crt *at = &trust->authorities; at; at = at->next) {
		if (!same_bytes(&at->subject_raw, &list->issuer_raw))
			continue;
		if (mbedtls_x509_crt_check_key_usage(at, MBEDTLS_X509_KU_CRL_SIGN) != 0)
			why = "its authority's certificate does not allow it to sign lists "
			      "(keyUsage cRLSign)";
		else if (is_signed_by(list, at))
			return NULL;
		else
			why = "a list that its authority has not signed";
	}
	return why;
}

static bool take_list(struct tls_trust *trust, const mbedtls_x509_crl *list)
{
	uint64_t issuer = hash_of(&list->issuer_raw);
	struct list_date *date = &trust->lists[trust->nlists++];
	*date = (struct list_date){
		.issuer = issuer, .until = list->next_update, .endless = !list->next_update.year
	};
	(void)mbedtls_x509_dn_gets(date->name, sizeof date->name, &list->issuer);
	if (!date->endless && mbedtls_x509_time_is_past(&date->until))
		log_warning("tls",
		        "the revocation list of %s is out of date since %04d-%02d-%02d; %s",
		        date->name, date->until.year, date->until.mon, date->until.day,
		        trust->strict ? "its certificates are refused"
		                      : "who is not on it is believed on");
	for (const mbedtls_x509_crl_entry *at = &list->entry; at && at->serial.len; at = at->next) {
		if (!add_hash(&trust->revoked, hash_certificate(issuer, &at->serial)))
			return false;
	}
	return true;
}

static bool take_lists(struct tls_trust *trust, const mbedtls_x509_crl *lists, const char *path,
        struct tls_fault *fault)
{
	size_t n = 0;
	for (const mbedtls_x509_crl *at = lists; at; at = at->next) {
		const char *why = fault_of_list(trust, at);
		if (why)
			return fail(fault, TLS_FILE_LISTS, path, why);
		n++;
	}
	trust->lists = calloc(n, sizeof *trust->lists);
	bool taken = trust->lists != NULL;
	for (const mbedtls_x509_crl *at = lists; at && taken; at = at->next)
		taken = take_list(trust, at);
	return taken || fail(fault, TLS_FILE_NONE, path, "out of memory");
}

static bool read_lists(struct tls_trust *trust, const char *path, struct tls_fault *fault)
{
	mbedtls_x509_crl lists;
	mbedtls_x509_crl_init(&lists);
	int error = mbedtls_x509_crl_parse_file(&lists, path);
	bool taken = error ? fail_with(fault, TLS_FILE_LISTS, path, error)
	                   : take_lists(trust, &lists, path, fault);
	mbedtls_x509_crl_free(&lists);
	return taken;
}

static bool believe_authorities(struct tls_trust *trust)
{
	for (const mbedtls_x509_crt *at = &trust->authorities; at; at = at->next) {
		char name[NAME_BYTES];
		uint64_t certificate = hash_certificate(hash_of(&at->issuer_raw), &at->serial);
		if (has(&trust->revoked, certificate)) {
			(void)mbedtls_x509_dn_gets(name, sizeof name, &at->subject);
			log_warning("tls", "the authority %s is revoked, and not believed", name);
		} else if (!add_hash(&trust->believed, hash_of(&at->raw))) {
			return false;
		}
	}
	return true;
}

static bool read_files(struct tls_trust *trust, const char *authorities, const char *lists,
        struct tls_fault *fault)
{
	int error = mbedtls_x509_crt_parse_file(&trust->authorities, authorities);
	if (error)
		return fail_with(fault, TLS_FILE_AUTHORITIES, authorities, error);
	if (lists && !read_lists(trust, lists, fault))
		return false;
	sort(&trust->revoked);
	if (!believe_authorities(trust))
		return fail(fault, TLS_FILE_NONE, authorities, "out of memory");
	sort(&trust->believed);
	return true;
}

struct tls_trust *tls_trust_open(
        const char *authorities, const char *lists, bool strict, struct tls_fault *fault)
{
	struct tls_trust *trust = calloc(1, sizeof *trust);
	if (!trust) {
		*fault = (struct tls_fault){ .text = "out of memory" };
		return NULL;
	}
	trust->users = 1;
	trust->strict = strict;
	mbedtls_x509_crt_init(&trust->authorities);
	if (read_files(trust, authorities, lists, fault))
		return trust;
	tls_trust_leave(trust);
	return NULL;
}

struct tls_trust *tls_trust_join(struct tls_trust *trust)
{
	trust->users++;
	return trust;
}

void tls_trust_leave(struct tls_trust *trust)
{
	if (!trust || --trust->users)
		return;
	mbedtls_x509_crt_free(&trust->authorities);
	free(trust->believed.at);
	free(trust->revoked.at);
	free(trust->lists);
	free(trust);
}

mbedtls_x509_crt *tls_trust_authorities(struct tls_trust *trust)
{
	return &trust->authorities;
}

bool tls_trust_same(const struct tls_trust *a, const struct tls_trust *b)
{
	if (!a || !b)
		return a == b;
	return same(&a->believed, &b->believed) && same(&a->revoked, &b->revoked);
}

/* ---- Judging */

static const struct list_date *outdated_list(const struct tls_trust *trust, uint64_t issuer)
{
	const struct list_date *found = NULL;
	for (size_t i = 0; i < trust->nlists; i++) {
		const struct list_date *at = &trust->lists[i];
		if (at->issuer != issuer)
			continue;
		if (at->endless || !mbedtls_x509_time_is_past(&at->until))
			return NULL;
		found = at;
	}
	return found;
}

static void say_outdated(struct tls_trust *trust, const struct list_date *list)
{
	uint64_t now_us = clock_monotonic_us();
	if (trust->said_us && now_us - trust->said_us < SAY_EVERY_S * (uint64_t)1000000)
		return;
	trust->said_us = now_us;
	log_warning("tls",
	        "the revocation list of %s is out of date since %04d-%02d-%02d; who is "
	        "not on it is believed on",
	        list->name, list->until.year, list->until.mon, list->until.day);
}

static const char *doubts(const struct tls_trust *trust, const struct tls_proof *proof,
        const struct list_date **outdated)
{
	if (!proof->authority)
		return NULL;
	if (!has(&trust->believed, proof->authority))
		return "the authority of its certificate is not believed";
	for (unsigned i = 0; i < proof->n; i++) {
		if (has(&trust->revoked, proof->at[i].certificate))
			return i + 1 == proof->n ? "its certificate is revoked"
			                         : "an authority of its certificate is revoked";
		const struct list_date *list = outdated_list(trust, proof->at[i].issuer);
		if (list)
			*outdated = list;
	}
	if (*outdated && trust->strict)
		return "the revocation list of its certificate's authority is out of date";
	return NULL;
}

const char *tls_trust_doubts(struct tls_trust *trust, const struct tls_proof *proof)
{
	const struct list_date *outdated = NULL;
	const char *why = doubts(trust, proof, &outdated);
	if (!why && outdated)
		say_outdated(trust, outdated);
	return why;
}

/* A name that ends early for who reads it as a C string: "engine-7\0.example". */
static bool has_nul(const mbedtls_x509_crt *certificate)
{
	for (const mbedtls_x509_name *at = &certificate->subject; at; at = at->next) {
		if (at->val.p && memchr(at->val.p, 0, at->val.len))
			return true;
	}
	for (const mbedtls_x509_sequence *at = &certificate->subject_alt_names; at; at = at->next) {
		int kind = at->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK;
		bool is_text = kind == MBEDTLS_X509_SAN_RFC822_NAME ||
		               kind == MBEDTLS_X509_SAN_DNS_NAME ||
		               kind == MBEDTLS_X509_SAN_UNIFORM_RESOURCE_IDENTIFIER;
		if (is_text && at->buf.p && memchr(at->buf.p, 0, at->buf.len))
			return true;
	}
	return false;
}

/* What a client's own certificate must be, besides good (RFC 5280 sections 4.2.1.3 and 4.2.1.12). */
static const char *unfitness(const mbedtls_x509_crt *certificate)
{
	if (mbedtls_x509_crt_check_key_usage(certificate, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0)
		return "its certificate's key is not for signing (keyUsage)";
	if (mbedtls_x509_crt_check_extended_key_usage(certificate, MBEDTLS_OID_CLIENT_AUTH,
	            MBEDTLS_OID_SIZE(MBEDTLS_OID_CLIENT_AUTH)) != 0)
		return "its certificate is not for clients (extendedKeyUsage)";
	return has_nul(certificate) ? "a name in its certificate has a NUL in it" : NULL;
}

static const char *meaning(uint32_t flags)
{
	if (flags & MBEDTLS_X509_BADCERT_EXPIRED)
		return "its certificate, or one above it, has expired";
	if (flags & MBEDTLS_X509_BADCERT_FUTURE)
		return "its certificate, or one above it, is not valid yet";
	if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
		return "its certificate is of no authority in client_ca";
	if (flags & (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK |
	                    MBEDTLS_X509_BADCERT_BAD_KEY))
		return "its certificate, or one above it, has a weak key or signature";
	return "its certificate is not good";
}

static bool refuse(const mbedtls_x509_crt *certificate, const char *reason, char *why)
{
	char name[NAME_BYTES];
	if (mbedtls_x509_dn_gets(name, sizeof name, &certificate->subject) < 0)
		(void)snprintf(name, sizeof name, "an unreadable name");
	for (char *at = name; *at; at++) {
		if (*at == '"')
			*at = '\'';
	}
	(void)snprintf(why, TLS_WHY_BYTES, "%s (%s)", reason, name);
	return false;
}

bool tls_trust_add(const struct tls_trust *trust, struct tls_proof *proof,
        const mbedtls_x509_crt *issuer, const mbedtls_x509_crt *certificate, uint32_t flags,
        bool is_peers, char why[TLS_WHY_BYTES])
{
	const char *reason = flags ? meaning(flags) : NULL;
	if (reason)
		return refuse(certificate, reason, why);
	if (!issuer) {
		*proof = (struct tls_proof){ .authority = hash_of(&certificate->raw) };
	} else if (proof->n == TLS_PROOF_MAX) {
		return refuse(certificate, "its chain of certificates is too long", why);
	} else {
		uint64_t by = hash_of(&issuer->subject_raw);
		proof->at[proof->n].issuer = by;
		proof->at[proof->n++].certificate = hash_certificate(by, &certificate->serial);
	}
	if (!is_peers)
		return true;
	const struct list_date *outdated = NULL;
	reason = unfitness(certificate);
	if (!reason)
		reason = doubts(trust, proof, &outdated);
	return !reason || refuse(certificate, reason, why);
}

bool tls_trust_read(const struct tls_trust *trust, const slice *chain, unsigned n,
        struct tls_proof *proof, char why[TLS_WHY_BYTES])
{
	mbedtls_x509_crt pair[2];
	const mbedtls_x509_crt *issuer = NULL;
	bool good = n > 0;
	mbedtls_x509_crt_init(&pair[0]);
	mbedtls_x509_crt_init(&pair[1]);
	(void)snprintf(why, TLS_WHY_BYTES, "its certificate cannot be read");
	for (unsigned i = n; good && i-- > 0;) {
		mbedtls_x509_crt *at = &pair[i % 2];
		mbedtls_x509_crt_free(at);
		mbedtls_x509_crt_init(at);
		good = mbedtls_x509_crt_parse_der(
		               at, (const unsigned char *)chain[i].p, chain[i].n) == 0 &&
		       tls_trust_add(trust, proof, issuer, at, 0, i == 0, why);
		issuer = at;
	}
	mbedtls_x509_crt_free(&pair[0]);
	mbedtls_x509_crt_free(&pair[1]);
	return good;
}

bool tls_trust_take_alone(
        const struct tls_trust *trust, const mbedtls_x509_crt *certificate, struct tls_proof *proof)
{
	const mbedtls_x509_crt *authority = NULL;
	for (const mbedtls_x509_crt *at = &trust->authorities; at; at = at->next) {
		if (!same_bytes(&at->subject_raw, &certificate->issuer_raw))
			continue;
		if (authority)
			return false; /* which of them it was is not known any more */
		authority = at;
	}
	char why[TLS_WHY_BYTES];
	return authority && !mbedtls_x509_time_is_past(&certificate->valid_to) &&
	       !mbedtls_x509_time_is_past(&authority->valid_to) &&
	       tls_trust_add(trust, proof, NULL, authority, 0, false, why) &&
	       tls_trust_add(trust, proof, authority, certificate, 0, true, why);
}

bool tls_trust_read_alone(const struct tls_trust *trust, slice der, struct tls_proof *proof)
{
	mbedtls_x509_crt certificate;
	mbedtls_x509_crt_init(&certificate);
	bool good = mbedtls_x509_crt_parse_der(&certificate, (const unsigned char *)der.p, der.n) ==
	                    0 &&
	            tls_trust_take_alone(trust, &certificate, proof);
	mbedtls_x509_crt_free(&certificate);
	return good;
}
