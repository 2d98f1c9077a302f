#include "codec/xml/xml.h"

#include "api/codec.h"

static bool check(slice body, struct error *error)
{
	return xml_check(body, (slice){ NULL, 0 }, error);
}

static struct value *decode(struct arena *arena, slice body, struct error *error)
{
	const struct xml_element *root = xml_parse(arena, body, (slice){ NULL, 0 }, error);
	return root ? xml_value(arena, root, error) : NULL;
}

/* A value has no name of its own, so that the root is <value>; decode() does not look at it. */
static slice encode(struct arena *arena, const struct value *value, struct error *error)
{
	struct text to;
	text_init(&to, arena, 512);
	text_literal(&to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	if (!xml_write_element(&to, SLICE("value"), (slice){ NULL, 0 }, value, true, error))
		return (slice){ NULL, 0 };
	return text_slice(&to);
}

static const char *const also[] = { "text/xml", "+xml", NULL };

const struct codec codec_xml = {
	.name = "xml",
	.media = "application/xml",
	.also = also,
	.reluctant = true,
	.check = check,
	.decode = decode,
	.encode = encode,
};
