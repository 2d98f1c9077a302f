#include "core/self.h"

#include "base/uri.h"

enum { SEGMENT_MAX_BYTES = 16384 };

bool self_name_valid(slice name, const char **why)
{
	*why = "empty";
	if (!name.n)
		return false;
	*why = "a * may only be the last character, behind how the ids begin";
	size_t star = slice_find(name, '*');
	if (star == 0 || star + 1 < name.n)
		return false;
	*why = "no id has control characters, or is . or ..";
	return uri_segment_allowed(name);
}

bool self_name_means(slice name, slice id)
{
	if (!name.n || name.p[name.n - 1] != '*')
		return slice_equal(name, id);
	name.n--;
	return id.n > name.n && slice_starts(id, name);
}

bool self_is(const struct identity *who, slice id)
{
	if (!who->id.n || !id.n)
		return false;
	if (slice_equal(id, who->id))
		return true;
	for (unsigned i = 0; i < who->nacts_for; i++) {
		if (self_name_means(who->acts_for[i], id))
			return uri_segment_allowed(id);
	}
	return false;
}

bool self_is_segment(const struct identity *who, slice segment)
{
	if (slice_find(segment, '%') == segment.n)
		return self_is(who, segment);
	struct arena arena;
	arena_init(&arena, SEGMENT_MAX_BYTES);
	slice plain = uri_decode(&arena, segment);
	bool is = plain.p && self_is(who, plain);
	arena_finish(&arena);
	return is;
}
