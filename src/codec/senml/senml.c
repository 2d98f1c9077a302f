/* senml: RFC 8428, in JSON and in CBOR.
 *
 * decode() gives resolved records (resolve.c), so that who gets them as plain JSON or CBOR needs to know no more than
 * the labels; base fields never leave the notation that they save bytes in. encode() takes the same records, one of
 * them alone, or a pack with base fields, and writes resolved records: a value is then understood by itself, and none
 * is lost when somebody splits the pack.
 *
 * check() reads record by record into an arena that is emptied after each.
 *
 * A sensor stream (sensml+json, sensml+cbor) that has come to its end is a pack, and is read as one. Nobody is answered
 * with one, for an answer is no stream. */
#include "codec/senml/senml.h"

#include "api/codec.h"
#include "base/base64.h"

extern const struct codec codec_json;

/* RFC 8428 table 4. */
static const struct cbor_label numbers[] = {
	{ -1, "bver" },
	{ -2, "bn" },
	{ -3, "bt" },
	{ -4, "bu" },
	{ -5, "bv" },
	{ -6, "bs" },
	{ 0, "n" },
	{ 1, "u" },
	{ 2, "v" },
	{ 3, "vs" },
	{ 4, "vb" },
	{ 5, "s" },
	{ 6, "t" },
	{ 7, "ut" },
	{ 8, "vd" },
	{ 0, NULL },
};

static bool read_pack(struct senml_pack *pack, slice body, bool cbor, struct error *error)
{
	pack->records.take = senml_take;
	pack->data_as_bytes = cbor;
	pack->data_as_text = !cbor;
	bool good = cbor ? cbor_read_records(body, numbers, &pack->records, error)
	                 : json_read_records(body, &pack->records, error);
	return good && senml_end(pack, error);
}

static bool check(slice body, bool cbor, struct error *error)
{
	/* As much as one request may take for a body of this size (core/request.c). */
	enum { FACTOR = 16, EXTRA_BYTES = 128 * 1024 };
	size_t budget =
	        body.n < SIZE_MAX / FACTOR - EXTRA_BYTES ? body.n * FACTOR + EXTRA_BYTES : SIZE_MAX;
	struct arena record, kept;
	arena_init(&record, budget);
	arena_init(&kept, budget);
	struct senml_pack pack = { .records.arena = &record, .kept = &kept };
	bool good = read_pack(&pack, body, cbor, error);
	arena_finish(&record);
	arena_finish(&kept);
	return good;
}

static struct value *decode(struct arena *arena, slice body, bool cbor, struct error *error)
{
	struct senml_pack pack = {
		.records.arena = arena, .kept = arena, .list = value_list(arena)
	};
	error->line = error->column = 0;
	if (!pack.list) {
		(void)error_set(error, "SenML: the pack takes more memory than a request may");
		return NULL;
	}
	return read_pack(&pack, body, cbor, error) ? pack.list : NULL;
}

/* A copy of the map and of its members, which senml_take() changes; what is inside of those stays as it is. */
static struct value *copy_record(struct arena *arena, const struct value *record)
{
	struct value *copy = value_map(arena);
	for (const struct value *at = record->as.members.first; copy && at; at = at->next) {
		struct value *member = arena_alloc_raw(arena, sizeof *member);
		if (!member)
			return NULL;
		*member = *at;
		member->next = NULL;
		(void)value_set_new(copy, at->key, member);
	}
	return copy;
}

static bool take_copy(struct senml_pack *pack, const struct value *record, struct error *error)
{
	if (record->kind != VALUE_MAP)
		return error_set(error, "SenML: a pack is a list of maps, each with n and one of "
		                        "v, vs, vb, vd");
	struct value *copy = copy_record(pack->records.arena, record);
	if (!copy)
		return error_set(error, "SenML: the pack takes more memory than a request may");
	return senml_take(&pack->records, copy, error);
}

/* The pack that a value is; NULL: it is none. */
static struct value *pack_of(struct arena *arena, const struct value *value, struct error *error)
{
	struct senml_pack pack = { .records.arena = arena,
		.kept = arena,
		.list = value_list(arena),
		.data_as_bytes = true,
		.data_as_text = true };
	error->line = error->column = 0;
	if (!pack.list) {
		(void)error_set(error, "SenML: the pack takes more memory than a request may");
		return NULL;
	}
	const struct value *at = value->kind == VALUE_LIST ? value->as.members.first : value;
	for (; at; at = value->kind == VALUE_LIST ? at->next : NULL) {
		if (!take_copy(&pack, at, error))
			return NULL;
	}
	return senml_end(&pack, error) ? pack.list : NULL;
}

static bool json_check(slice body, struct error *error)
{
	return check(body, false, error);
}

static bool cbor_check(slice body, struct error *error)
{
	return check(body, true, error);
}

static struct value *json_decode(struct arena *arena, slice body, struct error *error)
{
	return decode(arena, body, false, error);
}

static struct value *cbor_decode(struct arena *arena, slice body, struct error *error)
{
	return decode(arena, body, true, error);
}

/* Bytes as SenML has them in JSON, which is not as the JSON codec would write them. */
static bool write_data(struct arena *arena, struct value *record)
{
	for (struct value *at = record->as.members.first; at; at = at->next) {
		if (!slice_is(at->key, "vd"))
			continue;
		at->kind = VALUE_TEXT;
		at->as.text = base64_encode_url(arena, at->as.text);
		return at->as.text.p != NULL;
	}
	return true;
}

static slice json_encode(struct arena *arena, const struct value *value, struct error *error)
{
	struct value *pack = pack_of(arena, value, error);
	if (!pack)
		return (slice){ NULL, 0 };
	for (struct value *at = pack->as.members.first; at; at = at->next) {
		if (!write_data(arena, at)) {
			(void)error_set(
			        error, "SenML: the pack takes more memory than a request may");
			return (slice){ NULL, 0 };
		}
	}
	return codec_json.encode(arena, pack, error);
}

static slice cbor_encode(struct arena *arena, const struct value *value, struct error *error)
{
	struct value *pack = pack_of(arena, value, error);
	return pack ? cbor_write(arena, pack, numbers, error) : (slice){ NULL, 0 };
}

static const char *const json_also[] = { "application/sensml+json", NULL };
static const char *const cbor_also[] = { "application/sensml+cbor", NULL };

const struct codec codec_senml_json = {
	.name = "senml+json",
	.media = "application/senml+json",
	.also = json_also,
	.check = json_check,
	.decode = json_decode,
	.encode = json_encode,
};

const struct codec codec_senml_cbor = {
	.name = "senml+cbor",
	.media = "application/senml+cbor",
	.also = cbor_also,
	.check = cbor_check,
	.decode = cbor_decode,
	.encode = cbor_encode,
};
