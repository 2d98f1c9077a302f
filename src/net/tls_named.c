/* Which certificate a server shows, by the name that it is called by (RFC 6066 section 3). */
#include "net/tls.h"

/* "*.example.org" is any one label before ".example.org", and nothing else. */
static bool matches_any_label(slice pattern, slice name)
{
	if (pattern.n < 2 || pattern.p[0] != '*' || pattern.p[1] != '.')
		return false;
	size_t dot = slice_find(name, '.');
	return dot && dot < name.n &&
	       slice_equal_nocase(slice_from(name, dot), slice_from(pattern, 1));
}

static const struct tls_named *find(const struct tls_named *all, unsigned n, slice name,
        bool (*matches)(slice pattern, slice name))
{
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < all[i].nnames; k++) {
			if (matches(all[i].names[k], name))
				return &all[i];
		}
	}
	return NULL;
}

const struct tls_named *tls_named_find(const struct tls_named *all, unsigned n, slice name)
{
	/* A name may be written with the dot of the root. */
	if (name.n && name.p[name.n - 1] == '.')
		name.n--;
	const struct tls_named *found = find(all, n, name, slice_equal_nocase);
	return found ? found : find(all, n, name, matches_any_label);
}
