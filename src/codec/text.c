/* text: text/plain in UTF-8 (RFC 2046 section 4.1), and nothing else: a charset that is neither UTF-8 nor its subset
 * US-ASCII is no media type of this codec.
 *
 * A text stays a text. "21.5" that was sent as text/plain reaches a JSON backend as "21.5" in quotes, because the media
 * type says no more: "007", "1e5" and "0x10" may be names as well as numbers, and a reader that guesses turns a door
 * code into 7. Who means a number says so with application/json, in which the same four bytes are one.
 *
 * The other way there is nothing to guess: true, false and a number have one notation each (the one that they came
 * in), which any reader of text will see. null has none: "null" is a text. Lists, maps and bytes have none either. */
#include "api/codec.h"
#include "base/utf8.h"
#include "codec/value.h"

static bool check(slice body, struct error *error)
{
	error->line = error->column = 0;
	return utf8_valid(body) || error_set(error, "text: the body is not UTF-8");
}

static struct value *decode(struct arena *arena, slice body, struct error *error)
{
	if (!check(body, error))
		return NULL;
	struct value *value = value_text(arena, body.p ? body : SLICE(""));
	if (!value)
		(void)error_set(error, "text: the value takes more memory than a request may");
	return value;
}

static const char *kind_name(enum value_kind kind)
{
	switch (kind) {
	case VALUE_NULL:
		return "null";
	case VALUE_BYTES:
		return "bytes";
	case VALUE_LIST:
		return "a list";
	case VALUE_MAP:
		return "a map";
	case VALUE_DOUBLE: /* what has a notation does not come here */
		return "infinity and not-a-number";
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_UINT:
	case VALUE_TEXT:
		break;
	}
	return "this";
}

static slice encode(struct arena *arena, const struct value *value, struct error *error)
{
	slice text = { NULL, 0 };
	error->line = error->column = 0;
	if (value->kind != VALUE_NULL)
		text = value_to_text(arena, value);
	if (!text.p)
		(void)error_set(error, "text: there is no text for %s", kind_name(value->kind));
	return text;
}

const struct codec codec_text = {
	.name = "text",
	.media = "text/plain;charset=utf-8",
	.utf8_only = true,
	.check = check,
	.decode = decode,
	.encode = encode,
};
