/* The value tree: what a body means, in no protocol's notation.
 *
 * Nodes live in an arena. A list or map holds its members as a chain (`first`, then `next`); a member of a
 * map carries its `key`. Integers are exact over the whole range of 64 bits, signed and unsigned: the codecs
 * make VALUE_INT of every integer that fits int64_t and VALUE_UINT only of larger ones. A VALUE_DOUBLE may
 * carry `literal`, the decimal notation it was read from, always in JSON's grammar (number_parse() takes it):
 * who writes decimal text (JSON, XML) writes that, so "81.40" stays "81.40" and a 4-byte float 81.4
 * does not become 81.4000015258789. */
#ifndef CODEC_VALUE_H
#define CODEC_VALUE_H

#include "base/arena.h"
#include "base/slice.h"

enum value_kind {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_UINT,
	VALUE_DOUBLE,
	VALUE_TEXT, /* UTF-8, checked by whoever made it */
	VALUE_BYTES,
	VALUE_LIST,
	VALUE_MAP
};

/* The deepest nesting that any codec reads or writes. */
enum { VALUE_DEPTH_MAX = 64 };

struct value {
	enum value_kind kind;
	unsigned count; /* members of a list or map */
	union {
		bool boolean;
		int64_t integer;
		uint64_t natural; /* VALUE_UINT: above INT64_MAX */
		double real;
		slice text; /* VALUE_TEXT and VALUE_BYTES */
		struct {
			struct value *first, *last;
		} members;
	} as;
	slice key; /* in a map */
	union {
		slice literal; /* VALUE_DOUBLE: see above; or empty */
		bool repeated; /* VALUE_MAP: a key stood there more than once, and the last was taken */
	};
	struct value *next; /* in a list or map */
};

/* Each makes a node in the arena; NULL: over budget. Texts and bytes are borrowed, not copied: they must
 * live as long as the arena. */
struct value *value_null(struct arena *);
struct value *value_bool(struct arena *, bool);
struct value *value_int(struct arena *, int64_t);
struct value *value_uint(struct arena *, uint64_t); /* VALUE_INT when it fits */
struct value *value_double(struct arena *, double);
/* A single-precision number; its literal is the shortest decimal that gives the same float. */
struct value *value_float(struct arena *, float);
struct value *value_text(struct arena *, slice);
struct value *value_bytes(struct arena *, slice);
struct value *value_list(struct arena *);
struct value *value_map(struct arena *);

/* Puts `member` at the end of a list. `member` NULL (over budget further up) gives false. */
bool value_append(struct value *list, struct value *member);
/* Puts `member` into a map under `key` (borrowed), in place of one that has this key: the last wins. For
 * maps of many members the search makes this quadratic: a decoder of what a peer sent uses value_set_new()
 * and, when the map is complete, value_merge_duplicates(). */
bool value_set(struct value *map, slice key, struct value *member);
/* The same for a key that is known to be new. */
bool value_set_new(struct value *map, slice key, struct value *member);
/* Of members with the same key leaves one: the place of the first, the value of the last; and notes it in
 * `repeated`. Linear in the number
 * of members. false: over budget (a large map takes a table from the arena). */
bool value_merge_duplicates(struct arena *, struct value *map);

/* The member of this name, or NULL (also when `map` is NULL or no map). */
const struct value *value_get(const struct value *map, slice key);
/* The member at `index`, or NULL. */
const struct value *value_at(const struct value *list, unsigned index);

/* Deep equality; integers and doubles are never equal to each other, the order in maps is not looked at,
 * `literal` is not compared. */
bool value_equal(const struct value *, const struct value *);

struct config;
/* A part of the configuration as a value, copied: what is not in quotes is null, true, false or a number as JSON has them,
 * and a text otherwise. NULL: over budget. */
struct value *value_of_config(struct arena *, const struct config *);

/* Scalars (null, bool, numbers, text) as the text that a path or an XML element wants; bytes, lists and
 * maps give { NULL, 0 }, as do non-finite numbers and an arena over budget. Numbers as in JSON. */
slice value_to_text(struct arena *, const struct value *);

/* The shortest decimal notation that reads back as the same number, in JSON's grammar ("0.1", "1e+30",
 * "1.0" for 1): `buffer` of NUMBER_TEXT_BYTES; returns the length. `number` is finite. */
enum { NUMBER_TEXT_BYTES = 32 };
size_t number_text(double number, char *buffer);
size_t number_text_float(float number, char *buffer);
/* The double nearest to a number in JSON's grammar. false: not in this grammar, or its magnitude is beyond the
 * range of doubles. */
bool number_parse(slice literal, double *number);

#endif
