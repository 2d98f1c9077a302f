/* rules: from the names in a certificate to one client. Core thread; reading a certificate is pure. */
#ifndef AUTH_MTLS_RULES_H
#define AUTH_MTLS_RULES_H

#include "api/config.h"

#include "crypto/certificate.h"

enum { MTLS_RULES_MAX = 16, MTLS_ROLES_MAX = 64, MTLS_ID_MAX_BYTES = 255, MTLS_WHY_BYTES = 256 };

struct mtls_rule {
	bool fingerprint; /* the client whose certificate it is, by the directory; else: */
	enum certificate_name_kind from;
	const char *source; /* as the file has it: "san.dns" */
	slice match;        /* a template; or empty: the whole name */
};

struct mtls_role {
	slice name, role;
};

struct mtls_rules {
	struct mtls_rule at[MTLS_RULES_MAX];
	unsigned n;
	bool has_roles;
	enum certificate_name_kind roles_from;
	struct mtls_role roles[MTLS_ROLES_MAX];
	unsigned nroles;
};

/* What the rules make of a certificate. */
struct mtls_reading {
	/* The directory is asked for its fingerprint first; who is found there is it. */
	bool by_fingerprint;
	slice id;                 /* into the certificate's names; empty: */
	char why[MTLS_WHY_BYTES]; /* it is nobody's */
	uint64_t roles;           /* 1u << the place of each in rules->roles */
};

/* Of the settings mtls_identity_settings and mtls_roles_settings, under `identity` and `roles`. Copies into the arena. */
bool mtls_rules_load(struct mtls_rules *, struct arena *, const struct config *, struct error *);
/* Does one of them look at fingerprints? */
bool mtls_rules_by_fingerprint(const struct mtls_rules *);
void mtls_rules_read(const struct mtls_rules *, const struct certificate *, struct mtls_reading *);

extern const struct setting mtls_identity_settings[], mtls_roles_settings[];
extern const char *const mtls_identity_sources[];

#endif
