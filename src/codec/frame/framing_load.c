/* How a stream is cut, as `framing:` in the `-fairlead:` key says it: loading. split.c runs it. */
#include "codec/frame/extension.h"

static bool compile_checksum(
        struct loader *loader, const struct node *node, struct checksum *checksum)
{
	static const char *const known[] = { "algorithm", "from", "to", "at", "endian", "width",
		"optional", NULL };
	if (!extension_check_keys(loader, node, known, "checksum"))
		return false;
	const struct node *algorithm = node_get(node, "algorithm"),
	                  *optional = node_get(node, "optional");
	checksum->kind = algorithm ? checksum_find(algorithm->text) : NULL;
	if (!checksum->kind)
		return node_error(algorithm ? algorithm : node, loader->error,
		        "the checksum's algorithm is missing or not known");
	if (optional && !node_switch(loader, optional, &checksum->optional))
		return false;
	if (!checksum->kind->sum) {
		bool alone = !node_get(node, "from") && !node_get(node, "to") &&
		             !node_get(node, "at") && !node_get(node, "width");
		return alone || node_error(node, loader->error,
		                        "nmea knows by itself where its checksum stands");
	}
	int64_t width = checksum->kind->width;
	checksum->endian = ENDIAN_BIG;
	checksum->at = -width;
	if (checksum->optional)
		return node_error(optional, loader->error, "only nmea may be optional");
	if (!extension_optional_number(loader, node, "width", width, 8, &width))
		return false;
	checksum->at = -width;
	if (!extension_optional_number(loader, node, "at", INT32_MIN, INT32_MAX, &checksum->at))
		return false;
	checksum->width = (unsigned)width;
	if (!extension_optional_number(loader, node, "from", INT32_MIN, INT32_MAX, &checksum->from))
		return false;
	/* Up to the sum itself, or to the end when the sum comes first. */
	bool first = checksum->at >= 0 && checksum->at < checksum->from;
	checksum->to = first ? CHECKSUM_TO_END : checksum->at;
	return extension_optional_number(loader, node, "to", INT32_MIN, INT32_MAX, &checksum->to) &&
	       extension_optional_endian(loader, node, &checksum->endian);
}

/* One mark or a list of marks: "$", [0x78, 0x78], or [["$"], ["!"]] and ["$", "!"] for several texts. */
static bool compile_marks(
        struct loader *loader, const struct node *node, slice marks[START_MAX], unsigned *n)
{
	bool several = node->kind == NODE_LIST && node->first &&
	               (node->first->kind == NODE_LIST || node->first->quoted);
	const struct node *at = several ? node->first : node;
	for (; at && *n < START_MAX; at = several ? at->next : NULL) {
		if (!node_bytes(loader, at, &marks[*n]))
			return false;
		if (marks[(*n)++].n == 0)
			return node_error(at, loader->error, "a mark has at least one byte");
	}
	return !at || node_error(at, loader->error, "at most %d marks", START_MAX);
}

static bool compile_length(struct loader *loader, const struct node *node, struct framing *framing)
{
	static const char *const known[] = { "offset", "size", "endian", "counts", "unit", "adjust",
		NULL };
	int64_t offset = 0, size = 0;
	const struct node *counts = node_get(node, "counts");
	framing->kind = FRAMING_LENGTH;
	framing->endian =
	        loader->schema->root->endian == ENDIAN_LITTLE ? ENDIAN_LITTLE : ENDIAN_BIG;
	framing->unit = 1;
	if (!extension_check_keys(loader, node, known, "length-field"))
		return false;
	if (!node_get(node, "size"))
		return node_error(node, loader->error, "a length-field needs its size in bytes");
	if (!extension_optional_number(loader, node, "offset", 0, 255, &offset) ||
	        !extension_optional_number(loader, node, "size", 1, 8, &size) ||
	        !extension_optional_number(loader, node, "unit", 1, 256, &framing->unit) ||
	        !extension_optional_number(
	                loader, node, "adjust", INT32_MIN, INT32_MAX, &framing->adjust) ||
	        !extension_optional_endian(loader, node, &framing->endian))
		return false;
	framing->offset = (unsigned)offset;
	framing->width = (unsigned)size;
	framing->counts_frame = counts && slice_is(counts->text, "frame");
	return !counts || framing->counts_frame || slice_is(counts->text, "rest") ||
	       node_error(counts, loader->error,
	               "counts is rest (the bytes after the field) or frame (the whole frame)");
}

static bool compile_delimiter(
        struct loader *loader, const struct node *node, struct framing *framing)
{
	static const char *const known[] = { "bytes", "include", NULL };
	framing->kind = FRAMING_DELIMITER;
	if (node->kind != NODE_MAP)
		return compile_marks(loader, node, framing->delimiters, &framing->ndelimiters);
	if (!extension_check_keys(loader, node, known, "delimiter"))
		return false;
	const struct node *bytes = node_get(node, "bytes"), *include = node_get(node, "include");
	if (!bytes)
		return node_error(node, loader->error, "a delimiter needs its bytes");
	return compile_marks(loader, bytes, framing->delimiters, &framing->ndelimiters) &&
	       (!include || node_switch(loader, include, &framing->include));
}

static bool compile_framing(struct loader *loader, const struct node *node, struct framing *framing)
{
	static const char *const known[] = { "start", "length-field", "delimiter", "fixed",
		"checksum", NULL };
	if (!extension_check_keys(loader, node, known, "framing"))
		return false;
	const struct node *length = node_get(node, "length-field"),
	                  *start = node_get(node, "start"),
	                  *delimiter = node_get(node, "delimiter"),
	                  *fixed = node_get(node, "fixed"), *checksum = node_get(node, "checksum");
	int64_t bytes = 0;
	if (!length + !delimiter + !fixed != 2)
		return node_error(node, loader->error,
		        "framing needs one of length-field, delimiter and fixed");
	if (start && !compile_marks(loader, start, framing->starts, &framing->nstarts))
		return false;
	if (length && !compile_length(loader, length, framing))
		return false;
	if (delimiter && !compile_delimiter(loader, delimiter, framing))
		return false;
	if (fixed) {
		framing->kind = FRAMING_FIXED;
		if (!node_integer(loader, fixed, 1, FRAME_MAX_BYTES, &bytes))
			return false;
		framing->fixed_bytes = (size_t)bytes;
	}
	return !checksum || compile_checksum(loader, checksum, &framing->checksum);
}

bool framings_compile(struct loader *loader, const struct node *node, struct extension *extension)
{
	if (!node)
		return true;
	if (node->kind != NODE_LIST) {
		extension->nframings = 1;
		return compile_framing(loader, node, &extension->framings[0]);
	}
	NODE_EACH (node, at) {
		if (extension->nframings == FRAMING_MAX)
			return node_error(at, loader->error, "at most %d framings", FRAMING_MAX);
		if (!compile_framing(loader, at, &extension->framings[extension->nframings++]))
			return false;
	}
	return true;
}
