/* claims: what a token says of its bearer and of itself (RFC 7519 section 4), held against what is asked for here. Pure. */
#ifndef AUTH_JOSE_CLAIMS_H
#define AUTH_JOSE_CLAIMS_H

#include "api/plugin.h"
#include "codec/value.h"

/* What is asked of every token. */
struct claim_rules {
	slice issuer; /* `iss` must be this; p NULL: any */
	const slice *
	        audiences; /* `aud` must name one of these; none: a token that names any is refused */
	unsigned naudiences;
	bool any_audience;     /* without audiences nobody minds whom a token names */
	const slice *required; /* must be there, by path (claims_find()) */
	unsigned nrequired;
	uint64_t skew_ms;    /* how far the clocks may differ */
	uint64_t max_age_ms; /* since `iat`; 0: any age */
	bool may_be_endless; /* without `exp` */
};

/* When the token is good, in milliseconds since 1970; skew included. INT64_MAX: for ever. */
struct claim_times {
	int64_t from_ms, until_ms;
};

/* The claims of a payload: a JSON object in which no name stands twice. NULL: it is none; *error says why. */
const struct value *claims_read(struct arena *, slice payload, struct error *);
/* Do they satisfy the rules at this time? false: *error says which one does not, naming nothing that the token says. */
bool claims_check(const struct claim_rules *, const struct value *claims, int64_t now_ms,
        struct claim_times *, struct error *);
/* Is it good at this time? false: *error says what is wrong. Part of claims_check(). */
bool claims_timely(const struct claim_times *, int64_t now_ms, struct error *);
/* The claim at a path: a JSON Pointer when it begins with "/" (RFC 6901), else a claim's name, else names joined by dots
 * ("realm_access.roles"). NULL: not there. */
const struct value *claims_find(const struct value *claims, slice path);

#endif
