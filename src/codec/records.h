/* records: a body that is a list of maps, read one map after the other, so that who only looks at each needs no
 * memory for all of them. Pure. */
#ifndef CODEC_RECORDS_H
#define CODEC_RECORDS_H

#include "api/plugin.h"
#include "codec/value.h"

struct records {
	struct arena *arena; /* what is read lives here */
	/* Called with each map; its texts may point into the body. May empty the arena. false: *error says why, and
	 * reading ends. */
	bool (*take)(struct records *, struct value *map, struct error *);
};

/* A number that stands for a name where a map's key is written. A table of them ends with a NULL name. */
struct cbor_label {
	int64_t number;
	const char *name;
};

/* false: malformed, over budget or refused by take(); *error says which. */
bool json_read_records(slice body, struct records *, struct error *);
/* Keys that are numbers of the table become its names; other numbers their decimal text, as ever. */
bool cbor_read_records(
        slice body, const struct cbor_label *labels, struct records *, struct error *);
/* Any value as CBOR, where the keys of maps that are names of the table become its numbers (NULL: none do). { NULL, 0 }:
 * over budget or nested too deeply; *error says which. */
slice cbor_write(
        struct arena *, const struct value *, const struct cbor_label *labels, struct error *);

#endif
