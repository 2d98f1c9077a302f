/* What the files of authority.h share. */
#ifndef PKI_INTERNAL_H
#define PKI_INTERNAL_H

#include "pki/authority.h"
#include "pki/certificate.h"

struct pki {
	struct arena arena;
	const char *folder;
	int lock; /* -1: not held */
	struct pki_signer signer;
	int64_t now, from, until;
	struct pki_index index;
};

#define PKI_KEY_FILE         "ca.key"
#define PKI_CERTIFICATE_FILE "ca.crt"
#define PKI_CRL_FILE         "ca.crl"
#define PKI_INDEX_FILE       "index"

enum {
	/* Certificates begin a little earlier than now: the clocks of those that check them differ. */
	PKI_BACKDATE_SECONDS = 300,
	PKI_PRIVATE_MODE = 0600,
	PKI_PUBLIC_MODE = 0644
};

/* The index as it is now, to disk. */
bool pki_save_index(struct pki *, struct error *);
/* A serial number that the index does not have. */
struct pki_serial pki_draw_serial(const struct pki_index *);

#endif
