/* issue: one certificate, from the wish to the files. The order is what counts: all that can fail is tried before the
 * index is written, and the files get their names after it (pki/authority.h says why). */
#include "pki/internal.h"

#include <stdio.h>
#include <sys/stat.h>

#include <openssl/bio.h>

#include "pki/date.h"
#include "pki/key.h"
#include "pki/request.h"

enum { OUTPUTS_MAX = 3 };

/* What one call holds on the way. */
struct issuing {
	struct pki *pki;
	const struct pki_wish *wish;
	struct pki_issued *issued;
	struct error *error;
	struct pki_alt_names names;
	struct pki_entry entry;
	EVP_PKEY *key;
	X509 *certificate;
	unsigned outputs;
	struct pki_staged output[OUTPUTS_MAX];
};

static bool is_of_the_authority(const struct pki *pki, const char *path)
{
	static const char *const own[] = { PKI_KEY_FILE, PKI_CERTIFICATE_FILE, PKI_CRL_FILE,
		PKI_INDEX_FILE, "lock" };
	char other[PKI_PATH_BYTES];
	struct stat a, b;
	struct error ignored;
	if (stat(path, &a) != 0)
		return false;
	for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
		if (pki_path(other, pki->folder, own[i], &ignored) && stat(other, &b) == 0 &&
		        a.st_dev == b.st_dev && a.st_ino == b.st_ino)
			return true;
	}
	return false;
}

/* Whether a file may be written here: nothing that is there is lost unless somebody said so. */
static bool check_place(struct issuing *it, const char *path, bool replace)
{
	if (!pki_exists(path))
		return true;
	struct stat about;
	if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
		return error_set(it->error, "%s is a folder", path);
	if (is_of_the_authority(it->pki, path))
		return error_set(it->error, "%s is the CA's own file", path);
	if (!replace)
		return error_set(it->error,
		        "%s is there already: say --replace, or another name with --out or --p12",
		        path);
	it->issued->replaced = true;
	return true;
}

static bool is_known(const struct pki_index *index, slice name)
{
	for (size_t i = 0; i < index->count; i++) {
		if (slice_equal(index->entries[i].name, name))
			return true;
	}
	return false;
}

/* PATH.crt and PATH.key. In the CA's own folder the files of an earlier certificate of this name give way. */
static bool choose_places(struct issuing *it)
{
	const struct pki_wish *wish = it->wish;
	struct pki_issued *issued = it->issued;
	slice path = slice_of(wish->out);
	bool replace = wish->replace;
	if (!wish->out && wish->bundle)
		return true;
	if (!wish->out) {
		if (!pki_name_is_plain(wish->name) || slice_is(wish->name, "ca"))
			return error_set(it->error,
			        "this name cannot be the name of a file in %s: say "
			        "where to with --out",
			        it->pki->folder);
		path = arena_printf(
		        &it->pki->arena, "%s/%.*s", it->pki->folder, SLICE_ARG(wish->name));
		replace |= is_known(&it->pki->index, wish->name);
	}
	if (!path.p || path.n + sizeof ".fairlead-new.crt" > PKI_PATH_BYTES)
		return error_set(it->error, "the path of --out is too long");
	(void)snprintf(
	        issued->certificate, sizeof issued->certificate, "%.*s.crt", SLICE_ARG(path));
	(void)snprintf(issued->key, sizeof issued->key, "%.*s.key", SLICE_ARG(path));
	if (!check_place(it, issued->certificate, replace))
		return false;
	if (!wish->request.n)
		return check_place(it, issued->key, replace);
	bool stale = pki_exists(issued->key);
	if (stale)
		error_set(it->error,
		        "%s is there, and would not be the key of the request's certificate: "
		        "remove it, "
		        "or say another --out",
		        issued->key);
	issued->key[0] = '\0';
	return !stale;
}

static bool check_bundle_place(struct issuing *it)
{
	const char *path = it->wish->bundle;
	if (!path)
		return true;
	if (it->wish->request.n)
		return error_set(
		        it->error, "a request brings no private key: no PKCS#12 file is made");
	if (strlen(path) + sizeof ".fairlead-new" > PKI_PATH_BYTES)
		return error_set(it->error, "the path of --p12 is too long");
	return check_place(it, path, it->wish->replace);
}

/* The key, and all names. */
static bool choose_key(struct issuing *it)
{
	const struct pki_wish *wish = it->wish;
	it->names = wish->names;
	it->key = wish->request.n ? pki_request_read(wish->request, wish->profile, &it->pki->arena,
	                                    wish->request_names ? &it->names : NULL, it->error)
	                          : pki_key_create(it->error);
	if (!it->key)
		return false;
	if (wish->profile == PKI_DEVICE || it->names.count ||
	        pki_alt_names_from_name(&it->names, wish->name, PKI_GATEWAY))
		return true;
	return error_set(it->error,
	        "clients find a gateway by its DNS name or address, and this name "
	        "is neither: say --san dns:… or ip:…");
}

static bool make_certificate(struct issuing *it)
{
	const struct pki *pki = it->pki;
	int64_t from = pki->now - PKI_BACKDATE_SECONDS;
	int64_t until = pki->now + (int64_t)it->wish->days * PKI_DAY_SECONDS;
	it->issued->shortened = until > pki->until;
	it->entry = (struct pki_entry){ .serial = pki_draw_serial(&pki->index),
		.profile = it->wish->profile,
		.from = from > pki->from ? from : pki->from,
		.until = until < pki->until ? until : pki->until,
		.name = it->wish->name,
		.fresh = true };
	it->certificate =
	        pki_certificate_sign(&pki->signer, &it->entry, &it->names, it->key, it->error);
	return it->certificate != NULL;
}

/* Frees the BIO. */
static bool stage(struct issuing *it, const char *path, mode_t mode, BIO *bio)
{
	bool good = bio &&
	            pki_stage(&it->output[it->outputs], path, mode, pki_bio_bytes(bio), it->error);
	if (good)
		it->outputs++;
	BIO_free(bio);
	return good;
}

static bool stage_all(struct issuing *it)
{
	const struct pki_issued *issued = it->issued;
	const struct pki_wish *wish = it->wish;
	const slice none = { NULL, 0 };
	if (issued->key[0] &&
	        !stage(it, issued->key, PKI_PRIVATE_MODE, pki_key_text(it->key, none, it->error)))
		return false;
	if (issued->certificate[0] && !stage(it, issued->certificate, PKI_PUBLIC_MODE,
	                                      pki_certificate_text(it->certificate, it->error)))
		return false;
	if (!wish->bundle)
		return true;
	slice name = arena_copy_slice(&it->pki->arena, wish->name);
	if (!name.p)
		return error_set(it->error, "out of memory");
	return stage(it, wish->bundle, PKI_PRIVATE_MODE,
	        pki_key_bundle(it->key, it->certificate, it->pki->signer.certificate, name.p,
	                wish->bundle_passphrase, it->error));
}

static bool hand_out(struct issuing *it)
{
	struct pki *pki = it->pki;
	if (!pki_index_add(&pki->index, &it->entry))
		return error_set(it->error, "there is no memory for so many certificates");
	if (!pki_save_index(pki, it->error))
		return false;
	it->issued->entry = &pki->index.entries[pki->index.count - 1];
	for (unsigned i = 0; i < it->outputs; i++) {
		struct error why;
		char serial[PKI_SERIAL_TEXT_BYTES];
		if (pki_commit(&it->output[i], &why))
			continue;
		pki_serial_text(&it->entry.serial, serial);
		return error_set(it->error,
		        "%.150s; the certificate is in the index already: fairlead pki revoke "
		        "--serial %s",
		        why.text, serial);
	}
	return true;
}

bool pki_issue(struct pki *pki, const struct pki_wish *wish, struct pki_issued *issued,
        struct error *error)
{
	struct issuing it = { .pki = pki, .wish = wish, .issued = issued, .error = error };
	*issued = (struct pki_issued){ .entry = NULL };
	bool good = pki_name_check(wish->name, wish->profile, error) && choose_places(&it) &&
	            check_bundle_place(&it) && choose_key(&it) && make_certificate(&it) &&
	            stage_all(&it) && hand_out(&it);
	for (unsigned i = 0; i < it.outputs; i++)
		pki_drop(&it.output[i]);
	X509_free(it.certificate);
	EVP_PKEY_free(it.key);
	return good;
}
