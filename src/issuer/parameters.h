/* parameters: what a call of the token service brings: application/x-www-form-urlencoded, as OAuth 2.0 has it, or a JSON
 * object of texts, for devices that speak no forms. Pure. */
#ifndef ISSUER_PARAMETERS_H
#define ISSUER_PARAMETERS_H

#include "base/arena.h"

enum { PARAMETERS_MAX = 32 };

struct parameters {
	struct {
		slice name, value;
	} at[PARAMETERS_MAX];
	unsigned n;
};

/* Plain texts, in the arena. A parameter that comes twice, bad escapes, NUL and control characters make it malformed (RFC
 * 6749 section 3.2, appendix A). One without a value counts as left out. false: *why is one line for a person (static). */
bool parameters_read(
        struct arena *, slice media, slice body, struct parameters *, const char **why);
/* { NULL, 0 }: it was not given. */
slice parameters_get(const struct parameters *, const char *name);

#endif
