/* finding: what a provider says of a token, read from its answer (RFC 7662 section 2.2). Pure. */
#ifndef AUTH_INTROSPECTION_FINDING_H
#define AUTH_INTROSPECTION_FINDING_H

#include "auth/jose/claims.h"

enum {
	FINDING_NAMES_MAX = 64,       /* roles, and scopes */
	FINDING_TEXT_MAX_BYTES = 4096 /* all texts of one together */
};

/* What is asked of a token, and where in the answer stands what. */
struct finding_rules {
	struct claim_rules claims;
	slice id, roles, scopes, plan; /* of claims, by path (claims_find()); empty: none */
};

struct finding {
	bool active; /* the provider says so, and it satisfies the rules */
	slice why;   /* when it is not: one line for a person */
	slice id;
	bool has_roles, scoped; /* the rules name a claim for them */
	slice *roles, *scopes;
	unsigned nroles, nscopes;
	slice plan;
	/* The certificate that must come with it (RFC 8705 section 3.2, x5t#S256): its SHA-256, in base64url; or empty. */
	slice bound_to;
	struct claim_times times;
};

/* Everything is in the arena, or points into `body`. false: this is no answer to the question; *error says why. */
bool finding_read(struct arena *, const struct finding_rules *, slice media, slice body,
        int64_t now_ms, struct finding *, struct error *);
/* In one piece, for free(). NULL: out of memory. */
struct finding *finding_duplicate(const struct finding *);

#endif
