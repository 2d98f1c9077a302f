/* template: which part of a name is the id: "urn:ship:*:device:{id}".
 *
 * A character stands for itself. `*` and `{id}` each take one character or more, as far as the character that stands
 * after it in the template, and never the one before or after it; so "urn:ship:a:device:b:c" is none of the above.
 * There is one way at most to read a name, found by going over it once: nobody can choose a name in which `*` takes
 * what should have been the id. Pure. */
#ifndef AUTH_MTLS_TEMPLATE_H
#define AUTH_MTLS_TEMPLATE_H

#include "base/slice.h"

enum { TEMPLATE_MAX_BYTES = 1024 };

/* false: *why (static). */
bool template_valid(slice template, const char **why);
/* Of a template that is valid. The id is a part of the name, which has no NUL. false: it is not of that form. */
bool template_match(slice template, slice name, slice *id);

#endif
