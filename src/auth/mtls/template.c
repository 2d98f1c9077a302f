#include "auth/mtls/template.h"

/* How long the hole is that begins here; 0: a character that stands for itself. */
static size_t hole_at(slice template, size_t i)
{
	if (template.p[i] == '*')
		return 1;
	return slice_starts(slice_from(template, i), SLICE("{id}")) ? 4 : 0;
}

/* What may stand beside a hole: part of no longer character, so that none is cut. */
static const char *neighbour_fault(slice template, size_t i)
{
	if (i >= template.n)
		return NULL;
	if (hole_at(template, i))
		return "something must stand between * and {id}";
	return (unsigned char)template.p[i] < 0x80
	               ? NULL
	               : "what stands beside * and {id} must be an ASCII character";
}

bool template_valid(slice template, const char **why)
{
	unsigned ids = 0;
	*why = NULL;
	if (template.n > TEMPLATE_MAX_BYTES)
		*why = "too long";
	for (size_t i = 0; i < template.n && !*why;) {
		size_t hole = hole_at(template, i);
		if (!hole && strchr("{}", template.p[i]))
			*why = "a brace stands in {id} only";
		if (hole) {
			ids += hole > 1;
			*why = neighbour_fault(template, i + hole);
			if (!*why && i && (unsigned char)template.p[i - 1] >= 0x80)
				*why = neighbour_fault(template, i - 1);
		}
		i += hole ? hole : 1;
	}
	if (!*why && ids != 1)
		*why = "{id} must stand in it once: what of the name is the id";
	return !*why;
}

bool template_match(slice template, slice name, slice *id)
{
	size_t at = 0, i = 0;
	while (i < template.n) {
		size_t hole = hole_at(template, i), from = at;
		if (!hole) {
			if (at == name.n || name.p[at++] != template.p[i++])
				return false;
			continue;
		}
		char before = i ? template.p[i - 1] : '\0';
		i += hole;
		char after = i < template.n ? template.p[i] : '\0';
		while (at < name.n && name.p[at] != before && name.p[at] != after)
			at++;
		if (at == from)
			return false;
		if (hole > 1)
			*id = (slice){ name.p + from, at - from };
	}
	return at == name.n;
}
