#include "pki/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/random.h"
#include "pki/date.h"
#include "pki/key.h"

enum {
	PEM_MAX_BYTES = 64 * 1024,
	FILE_MAX_BYTES = 64 << 20, /* the index of half a million devices */
	BUDGET_BYTES = 512 << 20
};

struct pki_serial pki_draw_serial(const struct pki_index *index)
{
	static const struct pki_serial none = { { 0 } };
	struct pki_serial serial;
	do {
		random_bytes(serial.bytes, sizeof serial.bytes);
	} while (memcmp(&serial, &none, sizeof serial) == 0 || pki_index_find(index, &serial));
	return serial;
}

static bool write_own(
        const struct pki *pki, const char *name, mode_t mode, slice bytes, struct error *error)
{
	char path[PKI_PATH_BYTES];
	return pki_path(path, pki->folder, name, error) && pki_write_file(path, mode, bytes, error);
}

/* Frees the BIO. */
static bool write_bio(
        const struct pki *pki, const char *name, mode_t mode, BIO *bio, struct error *error)
{
	bool good = bio && write_own(pki, name, mode, pki_bio_bytes(bio), error);
	BIO_free(bio);
	return good;
}

bool pki_save_index(struct pki *pki, struct error *error)
{
	slice text = pki_index_text(&pki->index, &pki->arena);
	if (!text.p)
		return error_set(error, "there is no memory for so many certificates");
	return write_own(pki, PKI_INDEX_FILE, PKI_PRIVATE_MODE, text, error);
}

static bool write_crl(struct pki *pki, struct error *error)
{
	int64_t next = pki->now + (int64_t)pki->index.crl_days * PKI_DAY_SECONDS;
	BIO *bio = pki_crl_text(
	        &pki->signer, &pki->index, pki->now, next < pki->until ? next : pki->until, error);
	return write_bio(pki, PKI_CRL_FILE, PKI_PUBLIC_MODE, bio, error);
}

bool pki_renew_crl(struct pki *pki, unsigned crl_days, struct error *error)
{
	pki->index.crl_number++;
	if (crl_days)
		pki->index.crl_days = crl_days;
	return pki_save_index(pki, error) && write_crl(pki, error);
}

static struct pki *create(const char *folder)
{
	struct pki *pki = calloc(1, sizeof *pki);
	if (!pki)
		return NULL;
	arena_init(&pki->arena, BUDGET_BYTES);
	pki->folder = folder;
	pki->lock = -1;
	pki->now = pki_date_now();
	return pki;
}

void pki_close(struct pki *pki)
{
	if (!pki)
		return;
	EVP_PKEY_free(pki->signer.key);
	X509_free(pki->signer.certificate);
	if (pki->lock >= 0)
		(void)close(pki->lock);
	arena_finish(&pki->arena);
	free(pki);
}

/* Nothing of a CA, of whoever's making, may be in the folder. */
static bool check_vacant(const struct pki *pki, struct error *error)
{
	static const char *const own[] = { PKI_INDEX_FILE, PKI_KEY_FILE, PKI_CERTIFICATE_FILE,
		PKI_CRL_FILE };
	char path[PKI_PATH_BYTES];
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		if (!pki_path(path, pki->folder, own[i], error))
			return false;
		if (!pki_exists(path))
			continue;
		if (i == 0)
			return error_set(error,
			        "there is a CA in %s already, and it stays as it is; say another "
			        "--dir",
			        pki->folder);
		return error_set(error,
		        "%s is there already, of another CA or of an init that was cut off: remove "
		        "it "
		        "or say another --dir",
		        path);
	}
	return true;
}

static bool make_signer(struct pki *pki, const struct pki_founding *founding, struct error *error)
{
	struct pki_serial serial = pki_draw_serial(&pki->index);
	pki->from = pki->now - PKI_BACKDATE_SECONDS;
	pki->until = pki->now + (int64_t)founding->days * PKI_DAY_SECONDS;
	pki->signer.key = pki_key_create(error);
	if (pki->signer.key)
		pki->signer.certificate = pki_certificate_authority(
		        founding->name, &serial, pki->from, pki->until, pki->signer.key, error);
	return pki->signer.certificate != NULL;
}

/* The index comes last: where it is, all is. */
static bool write_all(struct pki *pki, slice passphrase, struct error *error)
{
	return write_bio(pki, PKI_KEY_FILE, PKI_PRIVATE_MODE,
	               pki_key_text(pki->signer.key, passphrase, error), error) &&
	       write_bio(pki, PKI_CERTIFICATE_FILE, PKI_PUBLIC_MODE,
	               pki_certificate_text(pki->signer.certificate, error), error) &&
	       write_crl(pki, error) && pki_save_index(pki, error);
}

bool pki_found(const struct pki_founding *founding, struct error *error)
{
	if (!pki_name_check_authority(founding->name, error) ||
	        !pki_make_folder(founding->folder, error))
		return false;
	struct pki *pki = create(founding->folder);
	if (!pki)
		return error_set(error, "out of memory");
	pki->index = (struct pki_index){
		.arena = &pki->arena, .crl_number = 1, .crl_days = PKI_CRL_DAYS
	};
	pki->lock = pki_lock(pki->folder, error);
	bool good = pki->lock >= 0 && check_vacant(pki, error) &&
	            make_signer(pki, founding, error) &&
	            write_all(pki, founding->passphrase, error);
	pki_close(pki);
	return good;
}

static bool read_own(
        struct pki *pki, const char *name, size_t max, slice *bytes, struct error *error)
{
	char path[PKI_PATH_BYTES];
	return pki_path(path, pki->folder, name, error) &&
	       pki_read_file(&pki->arena, path, max, bytes, error);
}

/* Says which file it is, and its line where it has one. */
static bool blame(const struct pki *pki, const char *name, struct error *error)
{
	struct error what = *error;
	if (what.line)
		return error_set(
		        error, "%s/%s:%u: %.150s", pki->folder, name, what.line, what.text);
	return error_set(error, "%s/%s: %.150s", pki->folder, name, what.text);
}

static bool check_there(const struct pki *pki, struct error *error)
{
	char path[PKI_PATH_BYTES];
	if (!pki_path(path, pki->folder, PKI_INDEX_FILE, error))
		return false;
	return pki_exists(path) ||
	       error_set(error,
	               "there is no CA in %s: make one with fairlead pki init, or say its folder "
	               "with --dir",
	               pki->folder);
}

static bool load_index(struct pki *pki, struct error *error)
{
	slice text;
	if (!read_own(pki, PKI_INDEX_FILE, FILE_MAX_BYTES, &text, error))
		return false;
	return pki_index_parse(&pki->index, &pki->arena, text, error) ||
	       blame(pki, PKI_INDEX_FILE, error);
}

static bool load_certificate(struct pki *pki, struct error *error)
{
	slice text;
	if (!read_own(pki, PKI_CERTIFICATE_FILE, PEM_MAX_BYTES, &text, error))
		return false;
	pki->signer.certificate = pki_certificate_parse_authority(text, error);
	if (!pki->signer.certificate)
		return blame(pki, PKI_CERTIFICATE_FILE, error);
	return pki_certificate_validity(pki->signer.certificate, &pki->from, &pki->until) ||
	       error_set(
	               error, "%s/" PKI_CERTIFICATE_FILE ": its dates cannot be read", pki->folder);
}

static bool load_key(struct pki *pki, slice passphrase, struct error *error)
{
	slice text;
	if (!read_own(pki, PKI_KEY_FILE, PEM_MAX_BYTES, &text, error))
		return false;
	pki->signer.key = pki_key_parse(text, passphrase, error);
	explicit_bzero((char *)(uintptr_t)text.p, text.n);
	if (!pki->signer.key)
		return blame(pki, PKI_KEY_FILE, error);
	if (X509_check_private_key(pki->signer.certificate, pki->signer.key) == 1)
		return true;
	ERR_clear_error();
	return error_set(
	        error, "%s/" PKI_KEY_FILE " is not the key of " PKI_CERTIFICATE_FILE, pki->folder);
}

static bool check_clock(const struct pki *pki, struct error *error)
{
	char date[PKI_DATE_BYTES];
	if (pki->now < pki->from) {
		pki_date_text(pki->from, date);
		return error_set(
		        error, "the CA is valid from %s on: this machine's clock is wrong", date);
	}
	if (pki->now >= pki->until) {
		pki_date_text(pki->until, date);
		return error_set(error,
		        "the CA has ended at %s, and all that it has signed with it: make a new "
		        "one "
		        "with fairlead pki init --dir",
		        date);
	}
	return true;
}

static void read_crl(const struct pki *pki, uint64_t *number, int64_t *until)
{
	struct arena arena;
	struct error ignored;
	char path[PKI_PATH_BYTES];
	slice text;
	*number = 0;
	*until = 0;
	arena_init(&arena, BUDGET_BYTES);
	if (pki_path(path, pki->folder, PKI_CRL_FILE, &ignored) &&
	        pki_read_file(&arena, path, FILE_MAX_BYTES, &text, &ignored) &&
	        !pki_crl_parse(text, number, until)) {
		*number = 0;
		*until = 0;
	}
	arena_finish(&arena);
}

/* A revocation that was cut off between index and list is finished here. */
static bool catch_up(struct pki *pki, struct error *error)
{
	uint64_t number;
	int64_t until;
	read_crl(pki, &number, &until);
	return number == pki->index.crl_number || pki_renew_crl(pki, 0, error);
}

static bool open_to_sign(struct pki *pki, slice passphrase, struct error *error)
{
	/* Before the index is read: who had the lock may have changed it. */
	pki->lock = pki_lock(pki->folder, error);
	return pki->lock >= 0 && load_index(pki, error) && load_certificate(pki, error) &&
	       check_clock(pki, error) && load_key(pki, passphrase, error) && catch_up(pki, error);
}

struct pki *pki_open(
        const char *folder, enum pki_access access, slice passphrase, struct error *error)
{
	struct pki *pki = create(folder);
	if (!pki) {
		error_set(error, "out of memory");
		return NULL;
	}
	/* The lock is not made in a folder that holds no CA. */
	bool good = check_there(pki, error);
	if (good && access == PKI_SIGN)
		good = open_to_sign(pki, passphrase, error);
	else if (good)
		good = load_index(pki, error) && load_certificate(pki, error);
	if (good)
		return pki;
	pki_close(pki);
	return NULL;
}

const struct pki_index *pki_contents(const struct pki *pki)
{
	return &pki->index;
}

void pki_describe(const struct pki *pki, struct pki_description *description)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	char path[PKI_PATH_BYTES];
	struct stat about;
	struct error ignored;
	uint64_t number;
	*description = (struct pki_description){ .from = pki->from, .until = pki->until };
	description->name = pki_certificate_name(pki->signer.certificate);
	if (X509_digest(pki->signer.certificate, EVP_sha256(), digest, &n) == 1) {
		for (unsigned i = 0; i < n && 2 * i + 2 < PKI_FINGERPRINT_BYTES; i++)
			(void)snprintf(description->fingerprint + 2 * i, 3, "%02x", digest[i]);
	}
	read_crl(pki, &number, &description->crl_until);
	description->crl_behind = number != pki->index.crl_number;
	description->key_exposed = pki_path(path, pki->folder, PKI_KEY_FILE, &ignored) &&
	                           stat(path, &about) == 0 &&
	                           (about.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

static bool concerns(const struct pki_entry *entry, slice name, const struct pki_serial *serial)
{
	return serial ? memcmp(&entry->serial, serial, sizeof *serial) == 0
	              : slice_equal(entry->name, name);
}

bool pki_revoke(struct pki *pki, slice name, const struct pki_serial *serial,
        enum pki_reason reason, unsigned crl_days, unsigned *revoked, struct error *error)
{
	bool known = false;
	*revoked = 0;
	for (size_t i = 0; i < pki->index.count; i++) {
		struct pki_entry *entry = &pki->index.entries[i];
		if (!concerns(entry, name, serial))
			continue;
		known = true;
		if (entry->revoked || (!serial && entry->until < pki->now))
			continue;
		entry->revoked = pki->now;
		entry->reason = reason;
		entry->fresh = true;
		++*revoked;
	}
	if (!known)
		return error_set(error,
		        "%s has no certificate of this %s; fairlead pki list shows them",
		        pki->folder, serial ? "serial number" : "name");
	return pki_renew_crl(pki, crl_days, error);
}
