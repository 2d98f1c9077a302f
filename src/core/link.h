/* link: web links to what can be asked for (RFC 6690, CoRE link format). Pure. */
#ifndef CORE_LINK_H
#define CORE_LINK_H

#include "base/text.h"

struct link {
	slice href;           /* a path, percent-encoded */
	slice resource_types; /* rt: words between spaces */
	slice formats;        /* ct: numbers between spaces */
	bool observable;      /* obs */
};

/* The one path that an endpoint's pattern and a role's have in common, where {self} is the caller's own id. false: they
 * have none, or more than one; or the arena is full. */
bool link_path(struct arena *, slice endpoint, slice role, slice self, slice *path);

/* Does it have this attribute with this value? Of an attribute with several words one is enough; "x*" is any that begins
 * with x (RFC 6690 section 4.1). */
bool link_has(const struct link *, slice attribute, slice value);

/* Adds it to a document of links. */
void link_write(struct text *, const struct link *);

#endif
