/* Records, one after the other, as RFC 8428 sections 4.1 to 4.6 say:
 *
 * 1. A base field holds for its own record and all behind it, until the next of its kind.
 * 2. Name: base name and name joined, which must give one of the few characters that are allowed. Unit: its own, else
 *    the base unit. Value, sum and time are added to their bases as decimals, digit by digit: 20.1 + 0.2 is 20.3, and
 *    a time in nanoseconds keeps all of them.
 * 3. Exactly one of v, vs, vb, vd; none is needed beside a sum, and a base value stands for a missing v. A record of
 *    base fields only sets them and is no measurement.
 * 4. A field that nobody here knows is kept as it is, unless its name ends in "_": its sender wants it understood
 *    or the pack refused. An unknown base field stays with the record that it stands in.
 * 5. The version is at most 10, this RFC's, and the same for all records; lower ones were drafts of the same format.
 *    It is not repeated in the resolved records.
 *
 * What section 4.6 asks for besides, and is NOT done here: a time below 2^28 counts from "now", and stays so. Only a
 * clock could say when that was, and a codec has none. A record without any time has no `t`. And the records stay in
 * the order in which they came, as in the RFC's own examples of resolved packs: of two commands for one valve the last
 * one is to win. */
#include "codec/senml/senml.h"

#include "base/base64.h"
#include "base/text.h"

enum { VERSION = 10 };

enum label {
	BASE_NAME,
	BASE_TIME,
	BASE_UNIT,
	BASE_VALUE,
	BASE_SUM,
	BASE_VERSION,
	NAME,
	UNIT,
	VALUE,
	TEXT,
	BOOLEAN,
	DATA,
	SUM,
	TIME,
	UPDATE_TIME,
	LABELS
};

enum kind { KIND_TEXT, KIND_NUMBER, KIND_BOOLEAN, KIND_DATA };

/* In the order in which a resolved record has them. */
static const struct {
	slice name;
	enum kind kind;
} labels[LABELS] = {
	[BASE_NAME] = { SLICE_INIT("bn"), KIND_TEXT },
	[BASE_TIME] = { SLICE_INIT("bt"), KIND_NUMBER },
	[BASE_UNIT] = { SLICE_INIT("bu"), KIND_TEXT },
	[BASE_VALUE] = { SLICE_INIT("bv"), KIND_NUMBER },
	[BASE_SUM] = { SLICE_INIT("bs"), KIND_NUMBER },
	[BASE_VERSION] = { SLICE_INIT("bver"), KIND_NUMBER },
	[NAME] = { SLICE_INIT("n"), KIND_TEXT },
	[UNIT] = { SLICE_INIT("u"), KIND_TEXT },
	[VALUE] = { SLICE_INIT("v"), KIND_NUMBER },
	[TEXT] = { SLICE_INIT("vs"), KIND_TEXT },
	[BOOLEAN] = { SLICE_INIT("vb"), KIND_BOOLEAN },
	[DATA] = { SLICE_INIT("vd"), KIND_DATA },
	[SUM] = { SLICE_INIT("s"), KIND_NUMBER },
	[TIME] = { SLICE_INIT("t"), KIND_NUMBER },
	[UPDATE_TIME] = { SLICE_INIT("ut"), KIND_NUMBER },
};

/* One record, taken apart. */
struct fields {
	struct senml_pack *pack;
	struct error *error;
	struct value *known[LABELS]; /* NULL: not there */
	struct value *unknown;       /* a chain */
	unsigned nregular;           /* that are no base fields */
};

static bool refuse(struct fields *fields, const char *what)
{
	return error_set(fields->error, "SenML: record %u: %s", fields->pack->nrecords, what);
}

static bool refuse_field(struct fields *fields, enum label label, const char *what)
{
	return error_set(fields->error, "SenML: record %u: %s %s", fields->pack->nrecords,
	        labels[label].name.p, what);
}

static bool over_budget(struct error *error)
{
	return error_set(error, "SenML: the pack takes more memory than a request may");
}

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* RFC 8428 section 4.5.1. */
static bool has_name_characters(slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		if (!is_letter_or_digit(c) && (c == '\0' || !strchr("-:./_", c)))
			return false;
	}
	return true;
}

static enum label label_of(slice name)
{
	unsigned label = 0;
	while (label < LABELS && !slice_equal(labels[label].name, name))
		label++;
	return (enum label)label;
}

static bool is_number(const struct value *value)
{
	return value->kind == VALUE_INT || value->kind == VALUE_UINT || value->kind == VALUE_DOUBLE;
}

/* "An exponent's e MUST be in lower case" (section 5). */
static bool lower_exponent(struct fields *fields, struct value *number)
{
	slice literal = number->literal;
	size_t at = slice_find(literal, 'E');
	if (number->kind != VALUE_DOUBLE || at == literal.n)
		return true;
	char *copy = arena_alloc_raw(fields->pack->records.arena, literal.n);
	if (!copy)
		return over_budget(fields->error);
	memcpy(copy, literal.p, literal.n);
	copy[at] = 'e';
	number->literal = (slice){ copy, literal.n };
	return true;
}

/* `vd` becomes bytes. */
static bool read_data(struct fields *fields, struct value *data)
{
	const struct senml_pack *pack = fields->pack;
	slice bytes;
	if (data->kind == VALUE_BYTES && pack->data_as_bytes)
		return true;
	if (data->kind != VALUE_TEXT || !pack->data_as_text)
		return refuse_field(fields, DATA,
		        pack->data_as_bytes ? "is no byte string" : "is no base64url text");
	if (!base64_decode(pack->records.arena, data->as.text, &bytes))
		return refuse_field(fields, DATA, "is no base64url text");
	data->kind = VALUE_BYTES;
	data->as.text = bytes;
	return true;
}

static bool check_kind(struct fields *fields, enum label label, struct value *value)
{
	switch (labels[label].kind) {
	case KIND_TEXT:
		return value->kind == VALUE_TEXT || refuse_field(fields, label, "is no text");
	case KIND_NUMBER:
		if (!is_number(value))
			return refuse_field(fields, label, "is no number");
		return lower_exponent(fields, value);
	case KIND_BOOLEAN:
		return value->kind == VALUE_BOOL ||
		       refuse_field(fields, label, "is neither true nor false");
	case KIND_DATA:
		return read_data(fields, value);
	}
	return false;
}

static bool take_apart(struct fields *fields, struct value *record)
{
	struct value **unknown = &fields->unknown;
	struct value *next;
	for (struct value *at = record->as.members.first; at; at = next) {
		next = at->next;
		at->next = NULL;
		enum label label = label_of(at->key);
		fields->nregular += at->key.n == 0 || at->key.p[0] != 'b';
		if (label < LABELS) {
			if (!check_kind(fields, label, at))
				return false;
			fields->known[label] = at;
			continue;
		}
		if (at->key.n && at->key.p[at->key.n - 1] == '_')
			return error_set(fields->error,
			        "SenML: record %u: the field %.*s must be understood, and is not",
			        fields->pack->nrecords,
			        SLICE_ARG(has_name_characters(at->key) && at->key.n <= 40
			                          ? at->key
			                          : SLICE("\"…_\"")));
		*unknown = at;
		unknown = &at->next;
	}
	return true;
}

static bool take_version(struct fields *fields)
{
	struct senml_pack *pack = fields->pack;
	const struct value *version = fields->known[BASE_VERSION];
	if (!version)
		return true;
	if (version->kind != VALUE_INT || version->as.integer < 1)
		return refuse_field(fields, BASE_VERSION, "is no version");
	if (version->as.integer > VERSION)
		return refuse_field(fields, BASE_VERSION, "is above 10, the version known here");
	int64_t before = pack->version || pack->nrecords == 1 ? pack->version : VERSION;
	if (before && before != version->as.integer)
		return refuse_field(fields, BASE_VERSION, "differs from the records before it");
	pack->version = version->as.integer;
	return true;
}

static bool take_base_text(struct fields *fields, enum label label, slice *to)
{
	struct senml_pack *pack = fields->pack;
	const struct value *base = fields->known[label];
	if (!base)
		return true;
	*to = base->as.text;
	if (pack->kept != pack->records.arena)
		*to = arena_copy_slice(pack->kept, base->as.text);
	return to->p || over_budget(fields->error);
}

static bool take_base_number(struct fields *fields, enum label label, bool *has, struct decimal *to)
{
	const struct value *base = fields->known[label];
	if (!base)
		return true;
	*has = true;
	if (base->kind == VALUE_DOUBLE && !__builtin_isfinite(base->as.real))
		return refuse_field(fields, label, "is no finite number");
	return decimal_of(to, base) || refuse_field(fields, label, "has too many digits");
}

static bool take_bases(struct fields *fields)
{
	struct senml_pack *pack = fields->pack;
	if (!take_version(fields) || !take_base_text(fields, BASE_NAME, &pack->name) ||
	        !take_base_text(fields, BASE_UNIT, &pack->unit))
		return false;
	if (!has_name_characters(pack->name))
		return refuse_field(fields, BASE_NAME, "has a character that no name may have");
	return take_base_number(fields, BASE_TIME, &pack->has_time, &pack->time) &&
	       take_base_number(fields, BASE_VALUE, &pack->has_value, &pack->value) &&
	       take_base_number(fields, BASE_SUM, &pack->has_sum, &pack->sum);
}

static bool resolve_name(struct fields *fields)
{
	struct arena *arena = fields->pack->records.arena;
	slice base = fields->pack->name;
	struct value *name = fields->known[NAME];
	slice own = name ? name->as.text : (slice){ NULL, 0 };
	if (!base.n && !own.n)
		return refuse(fields, "a name is missing: neither n nor bn");
	if (!has_name_characters(own))
		return refuse_field(fields, NAME, "has a character that no name may have");
	if (!is_letter_or_digit(base.n ? base.p[0] : own.p[0]))
		return refuse(fields, "a name begins with a letter or a digit");
	if (!name)
		fields->known[NAME] = value_text(arena, base);
	else if (base.n)
		name->as.text = arena_printf(arena, "%.*s%.*s", SLICE_ARG(base), SLICE_ARG(own));
	name = fields->known[NAME];
	return (name && name->as.text.p) || over_budget(fields->error);
}

static bool resolve_unit(struct fields *fields)
{
	if (fields->known[UNIT] || !fields->pack->unit.p)
		return true;
	fields->known[UNIT] = value_text(fields->pack->records.arena, fields->pack->unit);
	return fields->known[UNIT] || over_budget(fields->error);
}

/* Adds the base to the field, which counts as zero where it is missing. What is not finite stays so. */
static bool resolve_number(
        struct fields *fields, enum label label, bool has_base, const struct decimal *base)
{
	struct value *number = fields->known[label];
	struct decimal own = { .n = 0 }, sum;
	if (!has_base)
		return true;
	if (number && number->kind == VALUE_DOUBLE && !__builtin_isfinite(number->as.real))
		return true;
	if (number && !decimal_of(&own, number))
		return refuse_field(fields, label, "has too many digits");
	if (!decimal_add(&sum, base, &own) || !decimal_in_range(&sum))
		return refuse_field(fields, label, "and its base have a sum with too many digits");
	fields->known[label] = decimal_value(fields->pack->records.arena, &sum);
	return fields->known[label] || over_budget(fields->error);
}

static bool resolve_value(struct fields *fields)
{
	const struct senml_pack *pack = fields->pack;
	int nothers = !!fields->known[TEXT] + !!fields->known[BOOLEAN] + !!fields->known[DATA];
	if (nothers + !!fields->known[VALUE] > 1)
		return refuse(fields, "more than one of v, vs, vb, vd");
	if (nothers == 0 && !resolve_number(fields, VALUE, pack->has_value, &pack->value))
		return false;
	if (nothers == 0 && !fields->known[VALUE] && !fields->known[SUM])
		return refuse(fields, "a value is missing: none of v, vs, vb, vd, s");
	return true;
}

static bool resolve_time(struct fields *fields)
{
	const struct value *time = fields->known[TIME];
	if (time && time->kind == VALUE_DOUBLE && !__builtin_isfinite(time->as.real))
		return refuse_field(fields, TIME, "is no finite number");
	return resolve_number(fields, TIME, fields->pack->has_time, &fields->pack->time);
}

static void put_together(struct fields *fields, struct value *record)
{
	record->count = 0;
	record->as.members.first = record->as.members.last = NULL;
	for (unsigned label = NAME; label < LABELS; label++)
		(void)value_set_new(record, labels[label].name, fields->known[label]);
	struct value *next;
	for (struct value *at = fields->unknown; at; at = next) {
		next = at->next;
		at->next = NULL;
		(void)value_set_new(record, at->key, at);
	}
}

bool senml_take(struct records *records, struct value *record, struct error *error)
{
	struct senml_pack *pack = (struct senml_pack *)records;
	struct fields fields = { .pack = pack, .error = error };
	pack->nrecords++;
	pack->repeated = pack->repeated || record->repeated;
	if (!take_apart(&fields, record) || !take_bases(&fields))
		return false;
	if (fields.nregular) {
		if (!resolve_name(&fields) || !resolve_unit(&fields) ||
		        !resolve_number(&fields, SUM, pack->has_sum, &pack->sum) ||
		        !resolve_value(&fields) || !resolve_time(&fields))
			return false;
		pack->nresolved++;
		if (pack->list) {
			put_together(&fields, record);
			record->repeated = pack->repeated;
			record->next = NULL;
			(void)value_append(pack->list, record);
		}
	}
	if (!pack->list)
		arena_finish(records->arena);
	return true;
}

bool senml_end(struct senml_pack *pack, struct error *error)
{
	error->line = error->column = 0;
	return pack->nresolved || error_set(error, "SenML: the pack has no record with a value");
}
