/* senml: a SenML pack (RFC 8428) becomes resolved records. Pure.
 *
 * A record is a map with the labels of JSON: n (text), u (text), v (number), vs (text), vb (bool), vd (bytes), s, t,
 * ut (numbers), and whatever else its sender put there. */
#ifndef CODEC_SENML_H
#define CODEC_SENML_H

#include "codec/decimal.h"
#include "codec/records.h"

/* What a pack's records have in common, as far as it was read. Set up by senml_begin(). */
struct senml_pack {
	struct records records; /* first: senml_take() is its take() */
	struct arena *kept;     /* what outlives a record: the same arena when `list` is kept */
	struct value
	        *list; /* the resolved records; NULL: only check, and empty the arena after each */
	bool data_as_text, data_as_bytes; /* the forms that vd may have */
	unsigned nrecords, nresolved;
	bool repeated;   /* a record so far had a field twice */
	int64_t version; /* 0: not said */
	/* The base fields in force. */
	slice name, unit;
	bool has_time, has_value, has_sum;
	struct decimal time, value, sum;
};

/* Resolves one record, in place, and puts it into the list. false: it is none; *error says which record and why. */
bool senml_take(struct records *, struct value *record, struct error *);
/* After the last record. false: the pack has no measurement. */
bool senml_end(struct senml_pack *, struct error *);

#endif
