/* authority: a small CA for the devices of a fleet, as one folder.
 *
 *	ca.key   the CA's private key, for its owner only
 *	ca.crt   its certificate: what a listener's client_ca, and a device, believes
 *	ca.crl   the certificates that it has taken back
 *	index    all that it has signed (pki/index.h)
 *	lock     who changes something holds it
 *	NAME.crt, NAME.key   what was issued and not sent elsewhere
 *
 * WHAT WAS HANDED OUT IS IN THE INDEX: a certificate's line is on disk before its file has its name, so that a power cut at any
 * moment leaves at worst a line for a certificate that nobody has, never a certificate that nobody can revoke. A
 * revocation is in the index before it is in the list; if the list stayed behind, the next command that signs writes it.
 *
 * There is one level: an intermediate CA would protect a root that is kept elsewhere, and whoever has that has a PKI
 * already. There is no server and no protocol: the folder stays with whoever signs, on a machine that is not a device;
 * what a gateway needs of it is ca.crt, ca.crl and its own certificate and key.
 *
 * Blocks (disk, up to a minute for the lock, a second for a passphrase); for commands, never for the core's thread. */
#ifndef PKI_AUTHORITY_H
#define PKI_AUTHORITY_H

#include "pki/disk.h"
#include "pki/index.h"

struct pki;

enum { PKI_CA_DAYS = 3650, PKI_ISSUE_DAYS = 365, PKI_CRL_DAYS = 30, PKI_FINGERPRINT_BYTES = 65 };

struct pki_founding {
	const char *folder;
	slice name;
	unsigned days;
	slice passphrase; /* empty: the key is not encrypted */
};

/* Makes the folder where it is not there, and the CA in it. A CA that is there is never touched. */
bool pki_found(const struct pki_founding *, struct error *);

enum pki_access {
	PKI_LOOK, /* reads, without the lock and the key */
	PKI_SIGN /* takes the lock, opens the key, and writes the list if it has stayed behind the index */
};
/* NULL: error says why. */
struct pki *pki_open(const char *folder, enum pki_access, slice passphrase, struct error *);
/* NULL is fine. */
void pki_close(struct pki *);

struct pki_description {
	slice name;
	int64_t from, until;
	char fingerprint[PKI_FINGERPRINT_BYTES]; /* of the certificate, SHA-256, hexadecimal */
	int64_t crl_until;                       /* 0: there is no list that can be read */
	bool crl_behind;                         /* its number is not the index's */
	bool key_exposed;                        /* others than its owner may read the key's file */
};
void pki_describe(const struct pki *, struct pki_description *);
const struct pki_index *pki_contents(const struct pki *);

struct pki_wish {
	slice name;
	enum pki_profile profile;
	unsigned days;
	struct pki_alt_names
	        names;      /* none for a gateway: its name, if that is one that clients check */
	slice request;      /* a certificate request; empty: a key is made here */
	bool request_names; /* the request's alternative names are taken as well */
	const char *out;    /* PATH.crt and PATH.key; NULL: FOLDER/NAME, unless there is a bundle */
	const char *bundle; /* a PKCS#12 file; NULL: none */
	slice bundle_passphrase;
	bool replace; /* files of these names may be there and are replaced */
};

struct pki_issued {
	const struct pki_entry *entry; /* in the index */
	bool shortened; /* it ends with the CA, before the days that were wished for */
	bool replaced;  /* files of an earlier certificate were replaced */
	char certificate[PKI_PATH_BYTES], key[PKI_PATH_BYTES]; /* "": not written */
};

/* The CA must be open to sign, here and below. On failure no file has changed but, at worst, the index. */
bool pki_issue(struct pki *, const struct pki_wish *, struct pki_issued *, struct error *);

/* Takes back the certificate with this serial number or, where `serial` is NULL, all of this name that are valid, and
 * writes the list, which is then valid for `crl_days` (0: as before). *revoked: how many were; none is no error as long
 * as such a certificate is known. What was taken back now has `fresh` set. */
bool pki_revoke(struct pki *, slice name, const struct pki_serial *, enum pki_reason,
        unsigned crl_days, unsigned *revoked, struct error *);
/* Writes the list anew, with the next number. */
bool pki_renew_crl(struct pki *, unsigned crl_days, struct error *);

#endif
