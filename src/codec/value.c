#include "codec/value.h"

#include "base/random.h"
#include "base/text.h"

static struct value *make(struct arena *arena, enum value_kind kind)
{
	struct value *value = ARENA_NEW(arena, struct value);
	if (value)
		value->kind = kind;
	return value;
}

struct value *value_null(struct arena *arena)
{
	return make(arena, VALUE_NULL);
}

struct value *value_bool(struct arena *arena, bool boolean)
{
	struct value *value = make(arena, VALUE_BOOL);
	if (value)
		value->as.boolean = boolean;
	return value;
}

struct value *value_int(struct arena *arena, int64_t integer)
{
	struct value *value = make(arena, VALUE_INT);
	if (value)
		value->as.integer = integer;
	return value;
}

struct value *value_uint(struct arena *arena, uint64_t natural)
{
	if (natural <= INT64_MAX)
		return value_int(arena, (int64_t)natural);
	struct value *value = make(arena, VALUE_UINT);
	if (value)
		value->as.natural = natural;
	return value;
}

struct value *value_double(struct arena *arena, double real)
{
	struct value *value = make(arena, VALUE_DOUBLE);
	if (value)
		value->as.real = real;
	return value;
}

struct value *value_float(struct arena *arena, float real)
{
	struct value *value = value_double(arena, (double)real);
	if (!value || !__builtin_isfinite(real))
		return value;
	char buffer[NUMBER_TEXT_BYTES];
	value->literal = arena_copy(arena, buffer, number_text_float(real, buffer));
	return value->literal.p ? value : NULL;
}

struct value *value_text(struct arena *arena, slice text)
{
	struct value *value = make(arena, VALUE_TEXT);
	if (value)
		value->as.text = text;
	return value;
}

struct value *value_bytes(struct arena *arena, slice bytes)
{
	struct value *value = make(arena, VALUE_BYTES);
	if (value)
		value->as.text = bytes;
	return value;
}

struct value *value_list(struct arena *arena)
{
	return make(arena, VALUE_LIST);
}

struct value *value_map(struct arena *arena)
{
	return make(arena, VALUE_MAP);
}

bool value_append(struct value *list, struct value *member)
{
	if (!member)
		return false;
	if (list->as.members.last)
		list->as.members.last->next = member;
	else
		list->as.members.first = member;
	list->as.members.last = member;
	list->count++;
	return true;
}

bool value_set(struct value *map, slice key, struct value *member)
{
	if (!member)
		return false;
	struct value *previous = NULL;
	struct value *at = map->as.members.first;
	while (at && !slice_equal(at->key, key)) {
		previous = at;
		at = at->next;
	}
	if (!at)
		return value_set_new(map, key, member);
	member->key = key;
	member->next = at->next;
	if (previous)
		previous->next = member;
	else
		map->as.members.first = member;
	if (map->as.members.last == at)
		map->as.members.last = member;
	return true;
}

bool value_set_new(struct value *map, slice key, struct value *member)
{
	if (!member)
		return false;
	member->key = key;
	return value_append(map, member);
}

/* Takes `later`, which follows `previous`, out of the map and puts what it holds where `earlier` stands. */
static void merge(
        struct value *map, struct value *earlier, struct value *later, struct value *previous)
{
	map->repeated = true;
	previous->next = later->next;
	if (map->as.members.last == later)
		map->as.members.last = previous;
	map->count--;
	struct value *next = earlier->next;
	*earlier = *later;
	earlier->next = next;
}

/* The place of `key` in an open-addressing table of the map's members. */
static struct value **find_slot(struct value **slots, size_t mask, slice key)
{
	size_t at = (size_t)random_keyed_hash(key.p, key.n) & mask;
	while (slots[at] && !slice_equal(slots[at]->key, key))
		at = (at + 1) & mask;
	return &slots[at];
}

static bool merge_by_table(struct arena *arena, struct value *map)
{
	size_t size = 64;
	while (size < 2 * (size_t)map->count)
		size *= 2;
	struct value **slots = arena_alloc(arena, size * sizeof *slots);
	if (!slots)
		return false;
	struct value *previous = NULL;
	struct value *next;
	for (struct value *at = map->as.members.first; at; at = next) {
		next = at->next;
		struct value **slot = find_slot(slots, size - 1, at->key);
		if (*slot) {
			merge(map, *slot, at, previous);
		} else {
			*slot = at;
			previous = at;
		}
	}
	return true;
}

bool value_merge_duplicates(struct arena *arena, struct value *map)
{
	enum { SEARCHED_MAX = 16 };
	if (map->count > SEARCHED_MAX)
		return merge_by_table(arena, map);
	struct value *previous = NULL;
	struct value *next;
	for (struct value *at = map->as.members.first; at; at = next) {
		next = at->next;
		struct value *earlier = map->as.members.first;
		while (earlier != at && !slice_equal(earlier->key, at->key))
			earlier = earlier->next;
		if (earlier != at)
			merge(map, earlier, at, previous);
		else
			previous = at;
	}
	return true;
}

const struct value *value_get(const struct value *map, slice key)
{
	if (!map || map->kind != VALUE_MAP)
		return NULL;
	const struct value *at = map->as.members.first;
	while (at && !slice_equal(at->key, key))
		at = at->next;
	return at;
}

const struct value *value_at(const struct value *list, unsigned index)
{
	if (!list || list->kind != VALUE_LIST)
		return NULL;
	const struct value *at = list->as.members.first;
	while (at && index--)
		at = at->next;
	return at;
}

static bool equal(const struct value *a, const struct value *b, unsigned depth);

/* In step while the order is the same, by name where it is not. */
static bool equal_members(const struct value *a, const struct value *b, unsigned depth)
{
	if (a->count != b->count || depth == VALUE_DEPTH_MAX)
		return false;
	bool map = a->kind == VALUE_MAP;
	const struct value *other = b->as.members.first;
	for (const struct value *at = a->as.members.first; at; at = at->next) {
		const struct value *twin = other;
		if (map && !slice_equal(at->key, twin->key))
			twin = value_get(b, at->key);
		if (!twin || !equal(at, twin, depth + 1))
			return false;
		other = other->next;
	}
	return true;
}

static bool equal(const struct value *a, const struct value *b, unsigned depth)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case VALUE_NULL:
		return true;
	case VALUE_BOOL:
		return a->as.boolean == b->as.boolean;
	case VALUE_INT:
		return a->as.integer == b->as.integer;
	case VALUE_UINT:
		return a->as.natural == b->as.natural;
	case VALUE_DOUBLE:
		return a->as.real == b->as.real ||
		       (__builtin_isnan(a->as.real) && __builtin_isnan(b->as.real));
	case VALUE_TEXT:
	case VALUE_BYTES:
		return slice_equal(a->as.text, b->as.text);
	case VALUE_LIST:
	case VALUE_MAP:
		return equal_members(a, b, depth);
	}
	return false;
}

bool value_equal(const struct value *a, const struct value *b)
{
	return equal(a, b, 0);
}

static slice integer_text(struct arena *arena, const struct value *value)
{
	struct text text;
	text_init(&text, arena, 24);
	if (value->kind == VALUE_INT)
		text_signed(&text, value->as.integer);
	else
		text_unsigned(&text, value->as.natural);
	return text_slice(&text);
}

slice value_to_text(struct arena *arena, const struct value *value)
{
	switch (value->kind) {
	case VALUE_NULL:
		return SLICE("null");
	case VALUE_BOOL:
		return value->as.boolean ? SLICE("true") : SLICE("false");
	case VALUE_INT:
	case VALUE_UINT:
		return integer_text(arena, value);
	case VALUE_DOUBLE: {
		if (value->literal.n || !__builtin_isfinite(value->as.real))
			return value->literal;
		char buffer[NUMBER_TEXT_BYTES];
		return arena_copy(arena, buffer, number_text(value->as.real, buffer));
	}
	case VALUE_TEXT:
		return value->as.text;
	case VALUE_BYTES:
	case VALUE_LIST:
	case VALUE_MAP:
		break;
	}
	return (slice){ NULL, 0 };
}
