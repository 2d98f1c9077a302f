/* Names: interned, so that equal ones are the same pointer, and looked up from the inside out. */
#include "codec/frame/load/source.h"

static struct interned **bucket_of(const struct loader *loader, slice name)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < name.n; i++)
		hash = (hash ^ (unsigned char)name.p[i]) * 16777619u;
	return &loader->schema->names[hash % NAME_BUCKETS];
}

static struct interned *find_name(const struct loader *loader, slice name)
{
	for (struct interned *at = *bucket_of(loader, name); at; at = at->next) {
		if (slice_equal(at->name, name))
			return at;
	}
	return NULL;
}

slice loader_intern(struct loader *loader, slice name, bool is_member)
{
	struct interned *known = find_name(loader, name);
	if (!known) {
		struct interned **bucket = bucket_of(loader, name);
		known = ARENA_NEW(&loader->schema->arena, struct interned);
		slice copy = arena_copy_slice(&loader->schema->arena, name);
		if (!known || !copy.p)
			return (slice){ NULL, 0 };
		known->name = copy;
		known->next = *bucket;
		*bucket = known;
	}
	known->is_member |= is_member;
	return known->name;
}

bool loader_is_member_name(const struct loader *loader, slice name)
{
	const struct interned *known = find_name(loader, name);
	return known && known->is_member;
}

static slice cut_path(slice *rest)
{
	for (size_t i = 0; i + 1 < rest->n; i++) {
		if (rest->p[i] == ':' && rest->p[i + 1] == ':') {
			slice head = { rest->p, i };
			*rest = slice_from(*rest, i + 2);
			return slice_trim(head);
		}
	}
	slice head = slice_trim(*rest);
	*rest = (slice){ NULL, 0 };
	return head;
}

static const struct type *inner_type(const struct type *outer, slice name)
{
	for (const struct type *at = outer->inner; at; at = at->next) {
		if (slice_equal(at->name, name))
			return at;
	}
	return NULL;
}

const struct type *loader_find_type(const struct loader *loader, slice path)
{
	slice rest = path;
	slice head = cut_path(&rest);
	const struct type *found = NULL;
	for (const struct type *at = loader->self; at && !found; at = at->outer) {
		found = inner_type(at, head);
		if (!found && slice_equal(at->name, head))
			found = at;
	}
	for (const struct source *at = loader->sources; at && !found; at = at->next) {
		if (at->type && slice_equal(at->type->name, head))
			found = at->type;
	}
	while (found && rest.n)
		found = inner_type(found, cut_path(&rest));
	return found;
}

static const struct enumeration *enum_of(const struct type *type, slice name)
{
	const struct enumeration *at = type ? type->enumerations : NULL;
	while (at && !slice_equal(at->name, name))
		at = at->next;
	return at;
}

const struct enumeration *loader_find_enum(const struct loader *loader, slice path)
{
	size_t last = path.n;
	while (last && path.p[last - 1] != ':')
		last--;
	slice name = slice_trim(slice_from(path, last));
	if (last >= 2)
		return enum_of(loader_find_type(loader, (slice){ path.p, last - 2 }), name);
	const struct enumeration *found = NULL;
	for (const struct type *at = loader->self; at && !found; at = at->outer)
		found = enum_of(at, name);
	return found;
}
