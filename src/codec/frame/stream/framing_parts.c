/* The parts of a framing that have keys of their own: length-field, escape and checksum. Loading. */
#include "codec/frame/meaning/extension.h"

enum { TEXT_DIGITS_MAX = 20 };

static bool compile_as(
        struct loader *loader, const struct node *node, bool length, enum number_text *as)
{
	static const char *const words[] = { "binary", "decimal", "hex", "bcd", "varint" };
	unsigned n = length ? 5 : 3;
	if (!node)
		return true;
	for (unsigned i = 0; i < n; i++) {
		if (slice_is(node->text, words[i])) {
			*as = (enum number_text)i;
			return true;
		}
	}
	return node_error(node, loader->error,
	        length ? "as is binary, decimal, hex, bcd or varint"
	               : "as is binary, decimal or hex");
}

static bool compile_mask(
        struct loader *loader, const struct node *node, int64_t size, struct length_field *field)
{
	int64_t mask = 0, shift = 0, most = INT64_MAX;
	if (field->as == NUMBER_BINARY && size < 8)
		most = ((int64_t)1 << 8 * size) - 1;
	if (!extension_optional_number(loader, node, "mask", 1, most, &mask))
		return false;
	while (mask && !(mask >> shift & 1))
		shift++;
	field->mask = (uint64_t)mask;
	field->shift = (unsigned)shift;
	return true;
}

static bool compile_counts(
        struct loader *loader, const struct node *node, struct length_field *field)
{
	static const char *const known[] = { "from", NULL };
	int64_t from = -1;
	if (!node || slice_is(node->text, "rest"))
		return true;
	field->counts = LENGTH_FRAME;
	if (slice_is(node->text, "frame"))
		return true;
	field->counts = LENGTH_FROM;
	if (node->kind != NODE_MAP)
		return node_error(node, loader->error,
		        "counts is rest (the bytes after the field), frame (the whole frame) or { "
		        "from: N }");
	if (!extension_check_keys(loader, node, known, "counts") ||
	        !extension_optional_number(loader, node, "from", 0, 4096, &from))
		return false;
	field->from = (unsigned)from;
	return from >= 0 || node_error(node, loader->error, "\"from\" is missing");
}

bool length_compile(struct loader *loader, const struct node *node, struct length_field *field)
{
	static const char *const known[] = { "offset", "size", "endian", "as", "until", "mask",
		"counts", "unit", "adjust", "multiple", "again-at", NULL };
	const struct node *until = node_get(node, "until"), *again = node_get(node, "again-at");
	int64_t offset = 0, size = 0, second = 0;
	field->endian = loader->schema->root->endian == ENDIAN_LITTLE ? ENDIAN_LITTLE : ENDIAN_BIG;
	field->unit = 1;
	if (!extension_check_keys(loader, node, known, "length-field") ||
	        !compile_as(loader, node_get(node, "as"), true, &field->as))
		return false;
	bool text = field->as == NUMBER_DECIMAL || field->as == NUMBER_HEX;
	if (field->as == NUMBER_VARINT)
		field->endian = ENDIAN_LITTLE;
	if (until && !text)
		return node_error(until, loader->error, "until goes with as: decimal and as: hex");
	if (until && !node_bytes(loader, until, &field->until))
		return false;
	if (!node_get(node, "size"))
		return node_error(node, loader->error, "a length-field needs its size in bytes");
	if (!extension_optional_number(loader, node, "offset", 0, 4096, &offset) ||
	        !extension_optional_number(loader, node, "size", 1,
	                text                         ? TEXT_DIGITS_MAX
	                : field->as == NUMBER_VARINT ? 10
	                                             : 8,
	                &size) ||
	        !extension_optional_number(loader, node, "unit", 1, 65536, &field->unit) ||
	        !extension_optional_number(
	                loader, node, "adjust", INT32_MIN, INT32_MAX, &field->adjust) ||
	        !extension_optional_number(loader, node, "multiple", 1, 65536, &field->multiple) ||
	        !extension_optional_number(loader, node, "again-at", 0, 4096, &second) ||
	        !extension_optional_endian(loader, node, &field->endian) ||
	        !compile_mask(loader, node, size, field))
		return false;
	field->offset = (unsigned)offset;
	field->width = (unsigned)size;
	field->twice = again != NULL;
	field->again = (unsigned)second;
	if (again && second < offset + size && offset < second + size)
		return node_error(again, loader->error,
		        "the length cannot stand again within the field itself");
	return compile_counts(loader, node_get(node, "counts"), field);
}

/* ---- escape ---- */

static bool compile_map(struct loader *loader, const struct node *node, struct escape *escape)
{
	int64_t on_line, meant;
	if (node->kind != NODE_MAP || !node->count)
		return node_error(node, loader->error,
		        "a map of the bytes that follow the escape, and of what they mean");
	NODE_EACH (node, at) {
		const struct node key = {
			.text = at->key, .line = at->key_line, .column = at->key_column
		};
		if (escape->nmap == ESCAPE_MAP_MAX)
			return node_error(at, loader->error, "at most %d escapes", ESCAPE_MAP_MAX);
		if (!node_integer(loader, &key, 0, 255, &on_line) ||
		        !node_integer(loader, at, 0, 255, &meant))
			return false;
		escape->on_line[escape->nmap] = (unsigned char)on_line;
		escape->meant[escape->nmap++] = (unsigned char)meant;
	}
	return true;
}

static void need(struct escape *escape, slice bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		unsigned char byte = (unsigned char)bytes.p[i];
		escape->needed[byte / 8] |= (uint8_t)(1u << byte % 8);
	}
}

/* What a frame that is written must not hold as it is: the escape byte, the marks, and what else is said. */
static bool compile_needed(struct loader *loader, const struct node *also, struct framing *framing)
{
	struct escape *escape = &framing->escape;
	char byte = (char)escape->byte;
	slice more = { NULL, 0 };
	need(escape, (slice){ &byte, 1 });
	for (unsigned i = 0; i < framing->nstarts; i++)
		need(escape, framing->starts[i].bytes);
	for (unsigned i = 0; i < framing->ndelimiters; i++)
		need(escape, framing->delimiters[i]);
	if (also && !node_bytes(loader, also, &more))
		return false;
	need(escape, more);
	return true;
}

bool escape_compile(struct loader *loader, const struct node *node, struct framing *framing)
{
	static const char *const known[] = { "byte", "xor", "map", "double", "also", NULL };
	struct escape *escape = &framing->escape;
	const struct node *flip = node_get(node, "xor"), *map = node_get(node, "map"),
	                  *twice = node_get(node, "double"), *also = node_get(node, "also");
	int64_t byte = -1, turned = 0;
	bool doubled = false;
	if (!extension_check_keys(loader, node, known, "escape") ||
	        !extension_optional_number(loader, node, "byte", 0, 255, &byte) ||
	        !extension_optional_number(loader, node, "xor", 0, 255, &turned) ||
	        (twice && !node_switch(loader, twice, &doubled)) ||
	        (map && !compile_map(loader, map, escape)))
		return false;
	if (byte < 0 || !flip + !map + !doubled != 2)
		return node_error(node, loader->error,
		        "escape needs its byte, and one of xor, map and double: true");
	if (also && !flip)
		return node_error(also, loader->error, "also goes with xor");
	for (unsigned i = 0; i < framing->ndelimiters; i++) {
		slice mark = framing->delimiters[i];
		if (mark.n == 1 && (unsigned char)mark.p[0] == byte)
			return node_error(node_get(node, "byte"), loader->error,
			        "this byte is the delimiter already");
	}
	escape->byte = (unsigned char)byte;
	escape->flip = (unsigned char)turned;
	escape->kind = flip ? ESCAPE_XOR : map ? ESCAPE_MAP : ESCAPE_DOUBLE;
	return escape->kind != ESCAPE_XOR || compile_needed(loader, also, framing);
}

/* ---- checksum ---- */

static bool required_number(struct loader *loader, const struct node *map, const char *key,
        int64_t low, int64_t high, int64_t *number)
{
	return node_get(map, key) ? extension_optional_number(loader, map, key, low, high, number)
	                          : node_error(map, loader->error, "\"%s\" is missing", key);
}

static bool compile_crc(struct loader *loader, const struct node *node, struct checksum *checksum)
{
	static const char *const known[] = { "width", "poly", "init", "refin", "refout", "xorout",
		NULL };
	struct checksum_kind *kind = ARENA_NEW(loader->arena, struct checksum_kind);
	const struct node *in = node_get(node, "refin"), *out = node_get(node, "refout");
	int64_t width = 0, poly = 0, init = 0, end = 0;
	bool refin = false, refout = false;
	if (!kind)
		return node_error(node, loader->error, "out of memory");
	if (!extension_check_keys(loader, node, known, "crc") ||
	        !required_number(loader, node, "width", 8, 32, &width))
		return false;
	int64_t most = ((int64_t)1 << width) - 1;
	if (!required_number(loader, node, "poly", 1, most, &poly) ||
	        !extension_optional_number(loader, node, "init", 0, most, &init) ||
	        !extension_optional_number(loader, node, "xorout", 0, most, &end) ||
	        (in && !node_switch(loader, in, &refin)) ||
	        (out && !node_switch(loader, out, &refout)))
		return false;
	checksum_crc(kind, &(struct checksum_crc){ (unsigned)width, (uint32_t)poly, (uint32_t)init,
	                           (uint32_t)end, refin, refout });
	checksum->kind = kind;
	return true;
}

static bool compile_kind(struct loader *loader, const struct node *node, struct checksum *checksum)
{
	const struct node *algorithm = node_get(node, "algorithm"), *crc = node_get(node, "crc");
	if (algorithm && crc)
		return node_error(crc, loader->error, "algorithm and crc exclude each other");
	if (crc)
		return compile_crc(loader, crc, checksum);
	checksum->kind = algorithm ? checksum_find(algorithm->text) : NULL;
	return checksum->kind || node_error(algorithm ? algorithm : node, loader->error,
	                                 "the checksum's algorithm is missing or not known");
}

static bool compile_nmea(struct loader *loader, const struct node *node)
{
	static const char *const known[] = { "algorithm", "optional", NULL };
	NODE_EACH (node, at) {
		if (!slice_is(at->key, known[0]) && !slice_is(at->key, known[1]))
			return node_key_error(at, loader->error,
			        "nmea knows by itself where its checksum stands");
	}
	return true;
}

bool checksum_compile(struct loader *loader, const struct node *node, struct checksum *checksum)
{
	static const char *const known[] = { "algorithm", "crc", "from", "to", "at", "endian", "as",
		"width", "escaped", "optional", NULL };
	const struct node *optional = node_get(node, "optional"),
	                  *escaped = node_get(node, "escaped");
	if (!extension_check_keys(loader, node, known, "checksum") ||
	        !compile_kind(loader, node, checksum) ||
	        (optional && !node_switch(loader, optional, &checksum->optional)) ||
	        (escaped && !node_switch(loader, escaped, &checksum->raw)) ||
	        !compile_as(loader, node_get(node, "as"), false, &checksum->as))
		return false;
	if (!checksum->kind->sum)
		return compile_nmea(loader, node);
	checksum->kind = checksum_prepare(loader->arena, checksum->kind);
	if (!checksum->kind)
		return node_error(node, loader->error, "out of memory");
	if (checksum->optional)
		return node_error(optional, loader->error, "only nmea may be optional");
	int64_t least = checksum->kind->width, most = 8;
	if (checksum->as != NUMBER_BINARY) {
		least = checksum->as == NUMBER_HEX ? 2 * least : 1;
		most = TEXT_DIGITS_MAX;
	}
	int64_t width = checksum->as == NUMBER_DECIMAL ? 0 : least;
	checksum->endian = ENDIAN_BIG;
	if (!extension_optional_number(loader, node, "width", least, most, &width))
		return false;
	if (!width)
		return node_error(node, loader->error, "a sum in decimal digits needs its width");
	checksum->at = -width;
	checksum->width = (unsigned)width;
	if (!extension_optional_number(loader, node, "at", INT32_MIN, INT32_MAX, &checksum->at) ||
	        !extension_optional_number(
	                loader, node, "from", INT32_MIN, INT32_MAX, &checksum->from))
		return false;
	/* Up to the sum itself, or to the end when the sum comes first. */
	bool first = checksum->at >= 0 && checksum->at < checksum->from;
	checksum->to = first ? CHECKSUM_TO_END : checksum->at;
	return extension_optional_number(loader, node, "to", INT32_MIN, INT32_MAX, &checksum->to) &&
	       extension_optional_endian(loader, node, &checksum->endian);
}
