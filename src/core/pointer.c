#include "core/pointer.h"

#include "base/text.h"

bool pointer_valid(slice pointer)
{
	if (pointer.n && pointer.p[0] != '/')
		return false;
	for (size_t i = 0; i < pointer.n; i++) {
		if (pointer.p[i] == '~' && (i + 1 == pointer.n || (pointer.p[i + 1] != '0' &&
		                                                          pointer.p[i + 1] != '1')))
			return false;
	}
	return true;
}

/* One token of a pointer as the key that it means: "~1" is "/", "~0" is "~" (RFC 6901 section 4). */
static slice token_key(struct arena *arena, slice token)
{
	struct text key;
	text_init(&key, arena, token.n + 1);
	for (size_t i = 0; i < token.n; i++) {
		bool escape = token.p[i] == '~' && i + 1 < token.n;
		i += escape;
		text_char(&key, !escape ? token.p[i] : token.p[i] == '1' ? '/' : '~');
	}
	return text_slice(&key);
}

static bool is_index(slice token, unsigned *index)
{
	enum { DIGITS_MAX = 9 };
	*index = 0;
	if (!token.n || token.n > DIGITS_MAX)
		return false;
	for (size_t i = 0; i < token.n; i++) {
		if (token.p[i] < '0' || token.p[i] > '9')
			return false;
		*index = *index * 10 + (unsigned)(token.p[i] - '0');
	}
	return true;
}

static const struct value *member_of(struct arena *arena, const struct value *of, slice token)
{
	unsigned index;
	if (of->kind == VALUE_LIST)
		return is_index(token, &index) ? value_at(of, index) : NULL;
	return value_get(of, token_key(arena, token));
}

const struct value *pointer_get(struct arena *arena, const struct value *value, slice pointer)
{
	const struct value *at = value;
	pointer = slice_from(pointer, 1);
	while (at && pointer.p)
		at = member_of(arena, at, slice_cut(&pointer, '/'));
	return at;
}

/* A node stands in one chain: one that is in another's is copied, and shares its members. */
static struct value *copy_node(struct arena *arena, const struct value *of)
{
	struct value *copy = arena_alloc_raw(arena, sizeof *copy);
	if (!copy)
		return NULL;
	*copy = *of;
	copy->next = NULL;
	return copy;
}

struct value *pointer_put(
        struct arena *arena, const struct value *value, slice pointer, const struct value *member)
{
	pointer = slice_from(pointer, 1);
	if (!pointer.p)
		return copy_node(arena, member);
	slice token = slice_cut(&pointer, '/');
	slice rest = pointer.p ? (slice){ pointer.p - 1, pointer.n + 1 } : (slice){ NULL, 0 };
	bool list = value && value->kind == VALUE_LIST;
	if (value && !list && value->kind != VALUE_MAP)
		return NULL;
	const struct value *there = value ? member_of(arena, value, token) : NULL;
	struct value *made = list ? value_list(arena) : value_map(arena);
	if (!made || (list && !there))
		return NULL;
	for (const struct value *at = value ? value->as.members.first : NULL; at; at = at->next) {
		struct value *copy =
		        at == there ? pointer_put(arena, at, rest, member) : copy_node(arena, at);
		if (!(list ? value_append(made, copy) : value_set_new(made, at->key, copy)))
			return NULL;
	}
	if (there)
		return made;
	return value_set_new(made, token_key(arena, token), pointer_put(arena, NULL, rest, member))
	               ? made
	               : NULL;
}
