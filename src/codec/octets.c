/* octets: application/octet-stream, bytes of which nothing is known (RFC 2046 section 4.5.1). They become a value of
 * bytes, which JSON and XML write as base64; only such a value is written as octets. A text is not: whether its base64,
 * its UTF-8 or something else were meant, nobody can tell. */
#include "api/codec.h"
#include "codec/value.h"

static bool check(slice body, struct error *error)
{
	(void)body;
	(void)error;
	return true;
}

static struct value *decode(struct arena *arena, slice body, struct error *error)
{
	error->line = error->column = 0;
	struct value *value = value_bytes(arena, body.p ? body : SLICE(""));
	if (!value)
		(void)error_set(error, "octets: the value takes more memory than a request may");
	return value;
}

static slice encode(struct arena *arena, const struct value *value, struct error *error)
{
	(void)arena;
	error->line = error->column = 0;
	if (value->kind == VALUE_BYTES)
		return value->as.text;
	(void)error_set(error, "octets: only bytes can be written as such");
	return (slice){ NULL, 0 };
}

const struct codec codec_octets = {
	.name = "octets",
	.media = "application/octet-stream",
	.check = check,
	.decode = decode,
	.encode = encode,
};
