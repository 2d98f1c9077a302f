/* The `-fairlead:` key: what Kaitai Struct has no words for, checked as strictly as the rest
 * (docs/reference/frames.md). Its expressions see the members of the whole frame. */
#include "codec/frame/program.h"

#include "codec/frame/tree.h"

#include "base/uri.h"

enum { MAX_BYTES_DEFAULT = 4096, MAX_BYTES_CEILING = 1 << 20, CONCURRENT_MAX = 16, PART_MAX = 64 };

static bool check_keys(
        struct loader *loader, const struct node *map, const char *const *known, const char *where)
{
	if (map->kind != NODE_MAP)
		return node_error(map, loader->error, "%s must be a map", where);
	NODE_EACH (map, at) {
		bool found = false;
		for (unsigned i = 0; known[i] && !found; i++)
			found = slice_is(at->key, known[i]);
		if (!found)
			return node_key_error(at, loader->error, "%s: unknown key \"%.*s\"", where,
			        SLICE_ARG(at->key));
	}
	return true;
}

static bool optional_number(struct loader *loader, const struct node *map, const char *key,
        int64_t low, int64_t high, int64_t *number)
{
	const struct node *node = node_get(map, key);
	return !node || node_integer(loader, node, low, high, number);
}

static bool optional_endian(struct loader *loader, const struct node *map, enum endian *endian)
{
	const struct node *node = node_get(map, "endian");
	if (!node)
		return true;
	*endian = slice_is(node->text, "le") ? ENDIAN_LITTLE : ENDIAN_BIG;
	return *endian == ENDIAN_LITTLE || slice_is(node->text, "be") ||
	       node_error(node, loader->error, "endian is le or be");
}

static bool required_expression(struct loader *loader, const struct node *map, const char *key,
        const struct expression **into)
{
	const struct node *node = node_get(map, key);
	if (!node)
		return node_error(map, loader->error, "\"%s\" is missing", key);
	*into = expression_of(loader, node);
	return *into != NULL;
}

/* ---- framing ---- */

static bool compile_checksum(
        struct loader *loader, const struct node *node, struct checksum *checksum)
{
	static const char *const known[] = { "algorithm", "from", "to", "at", "endian", "width",
		"optional", NULL };
	if (!check_keys(loader, node, known, "checksum"))
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
	if (!optional_number(loader, node, "width", width, 8, &width))
		return false;
	checksum->at = -width;
	if (!optional_number(loader, node, "at", INT32_MIN, INT32_MAX, &checksum->at))
		return false;
	checksum->width = (unsigned)width;
	if (!optional_number(loader, node, "from", INT32_MIN, INT32_MAX, &checksum->from))
		return false;
	/* Up to the sum itself, or to the end when the sum comes first. */
	bool first = checksum->at >= 0 && checksum->at < checksum->from;
	checksum->to = first ? CHECKSUM_TO_END : checksum->at;
	return optional_number(loader, node, "to", INT32_MIN, INT32_MAX, &checksum->to) &&
	       optional_endian(loader, node, &checksum->endian);
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
	if (!check_keys(loader, node, known, "length-field"))
		return false;
	if (!node_get(node, "size"))
		return node_error(node, loader->error, "a length-field needs its size in bytes");
	if (!optional_number(loader, node, "offset", 0, 255, &offset) ||
	        !optional_number(loader, node, "size", 1, 8, &size) ||
	        !optional_number(loader, node, "unit", 1, 256, &framing->unit) ||
	        !optional_number(loader, node, "adjust", INT32_MIN, INT32_MAX, &framing->adjust) ||
	        !optional_endian(loader, node, &framing->endian))
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
	if (!check_keys(loader, node, known, "delimiter"))
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
	if (!check_keys(loader, node, known, "framing"))
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
		if (!node_integer(loader, fixed, 1, MAX_BYTES_CEILING, &bytes))
			return false;
		framing->fixed_bytes = (size_t)bytes;
	}
	return !checksum || compile_checksum(loader, checksum, &framing->checksum);
}

static bool compile_framings(
        struct loader *loader, const struct node *node, struct extension *extension)
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

/* ---- replies ---- */

/* { u4be: expression }, { text: expression }, { checksum: crc-16/modbus, from: 1, endian: le } */
static bool compile_part_map(struct loader *loader, const struct node *node, struct part *part)
{
	static const char *const known[] = { "checksum", "from", "endian", NULL };
	const struct node *first = node->first, *checksum = node_get(node, "checksum");
	struct type_use use = { .base = BASE_NONE };
	int64_t from = 0;
	if (checksum) {
		part->kind = PART_CHECKSUM;
		part->endian = ENDIAN_BIG;
		part->checksum = checksum_find(checksum->text);
		if (!part->checksum || !part->checksum->sum)
			return node_error(
			        checksum, loader->error, "this checksum is not known here");
		if (!check_keys(loader, node, known, "a reply's checksum") ||
		        !optional_number(loader, node, "from", 0, 4096, &from) ||
		        !optional_endian(loader, node, &part->endian))
			return false;
		part->from = (size_t)from;
		return true;
	}
	if (!first || node->count != 1)
		return node_error(
		        node, loader->error, "one of u1 … u8be, text and bytes is expected");
	part->expression = expression_of(loader, first);
	if (!part->expression)
		return false;
	part->kind = PART_EXPRESSION;
	if (slice_is(first->key, "text") || slice_is(first->key, "bytes"))
		return true;
	if (!loader_plain_type(loader->self, first->key, &use) ||
	        (use.base != BASE_UNSIGNED && use.base != BASE_SIGNED) ||
	        use.endian == ENDIAN_UNKNOWN || use.endian == ENDIAN_SWITCHED)
		return node_key_error(first, loader->error,
		        "\"%.*s\" is neither an integer type with its byte order, nor text or "
		        "bytes",
		        SLICE_ARG(first->key));
	part->kind = PART_INTEGER;
	part->width = use.width;
	part->endian = use.endian;
	return true;
}

static bool compile_part(struct loader *loader, const struct node *node, struct part *part)
{
	int64_t byte;
	if (node->kind == NODE_MAP)
		return compile_part_map(loader, node, part);
	part->kind = PART_BYTES;
	if (node->kind != NODE_SCALAR)
		return node_error(node, loader->error, "a byte, a text or a map is expected here");
	if (node->quoted) {
		part->bytes = arena_copy_slice(loader->arena, node->text);
		return part->bytes.p != NULL;
	}
	if (!node_integer(loader, node, 0, 255, &byte))
		return false;
	char one = (char)(unsigned char)byte;
	part->bytes = arena_copy(loader->arena, &one, 1);
	return part->bytes.p != NULL;
}

static bool compile_reply(
        struct loader *loader, const struct node *node, struct reply_template *reply)
{
	if (!node)
		return true;
	if (node->kind != NODE_LIST || node->count > PART_MAX)
		return node_error(
		        node, loader->error, "a reply is a list of at most %d parts", PART_MAX);
	reply->present = true;
	reply->parts = arena_alloc(loader->arena, node->count * sizeof *reply->parts);
	if (!reply->parts)
		return node_error(node, loader->error, "out of memory");
	NODE_EACH (node, at) {
		if (!compile_part(loader, at, &reply->parts[reply->nparts++]))
			return false;
	}
	return true;
}

/* ---- who, where, what ---- */

static bool compile_login(
        struct loader *loader, const struct node *node, struct extension *extension)
{
	static const char *const known[] = { "when", "device", "secret", "accept", "refuse", NULL };
	if (!node)
		return true;
	extension->has_login = true;
	const struct node *secret = node_get(node, "secret");
	if (!check_keys(loader, node, known, "login") ||
	        !required_expression(loader, node, "when", &extension->login_when) ||
	        !required_expression(loader, node, "device", &extension->login_device) ||
	        (secret && !required_expression(loader, node, "secret", &extension->login_secret)))
		return false;
	return compile_reply(loader, node_get(node, "accept"), &extension->login_accept) &&
	       compile_reply(loader, node_get(node, "refuse"), &extension->login_refuse);
}

static bool compile_heartbeat(
        struct loader *loader, const struct node *node, struct extension *extension)
{
	static const char *const known[] = { "when", "reply", NULL };
	return !node ||
	       (check_keys(loader, node, known, "heartbeat") &&
	               required_expression(loader, node, "when", &extension->heartbeat_when) &&
	               compile_reply(loader, node_get(node, "reply"), &extension->heartbeat));
}

static bool path_error(struct loader *loader, unsigned line, unsigned column, const char *what)
{
	loader->error->line = line;
	loader->error->column = column;
	return error_set(loader->error, "%s", what);
}

bool path_compile(struct loader *loader, slice text, unsigned line, unsigned column,
        struct path_part **parts, unsigned *n)
{
	slice normal;
	*n = 0;
	*parts = arena_alloc(loader->arena, PART_MAX * sizeof **parts);
	if (!*parts || !text.n || text.p[0] != '/')
		return path_error(loader, line, column, "a path begins with \"/\"");
	for (size_t at = 0; at < text.n;) {
		if (*n == PART_MAX)
			return path_error(loader, line, column, "a path of too many parts");
		struct path_part *part = &(*parts)[(*n)++];
		size_t end = at;
		if (text.p[at] == '{') {
			while (end < text.n && text.p[end] != '}')
				end++;
			if (end == text.n)
				return path_error(
				        loader, line, column + (unsigned)at, "\"}\" is missing");
			part->expression =
			        expression_compile(loader, (slice){ text.p + at + 1, end - at - 1 },
			                line, column + (unsigned)at + 1);
			if (!part->expression)
				return false;
			at = end + 1;
			continue;
		}
		while (end < text.n && text.p[end] != '{')
			end++;
		part->literal = arena_copy(loader->arena, text.p + at, end - at);
		at = end;
		slice rooted = arena_printf(loader->arena, "/%.*s", SLICE_ARG(part->literal));
		if (!rooted.p || uri_path_normalise(loader->arena, rooted, &normal) != URI_OK)
			return path_error(loader, line, column, "this is no path");
	}
	return true;
}

static bool compile_emit(
        struct loader *loader, const struct node *node, struct extension *extension)
{
	if (!node)
		return true;
	if (node->kind != NODE_MAP) {
		extension->emit = expression_of(loader, node);
		return extension->emit != NULL;
	}
	extension->emit_map = arena_alloc(loader->arena, node->count * sizeof *extension->emit_map);
	if (!extension->emit_map)
		return node_error(node, loader->error, "out of memory");
	NODE_EACH (node, at) {
		struct named_expression *made = &extension->emit_map[extension->nemit_map++];
		made->name = loader_intern(loader, at->key, false);
		made->expression = expression_of(loader, at);
		if (!made->expression)
			return false;
	}
	return true;
}

static bool compile_on_error(
        struct loader *loader, const struct node *node, struct extension *extension)
{
	static const char *const words[] = { "close", "resync", "nak" };
	if (!node)
		return true;
	for (unsigned i = 0; i < 3; i++) {
		if (slice_is(node->text, words[i])) {
			extension->on_error = (enum frame_on_error)i;
			return extension->on_error != FRAME_ON_ERROR_NAK ||
			       extension->nak.present ||
			       node_error(node, loader->error, "on-error: nak needs a nak reply");
		}
	}
	return node_error(node, loader->error, "on-error is close, resync or nak");
}

bool extension_compile(struct loader *loader, const struct node *node)
{
	static const char *const known[] = { "framing", "max", "login", "ack", "nak", "heartbeat",
		"path", "each", "emit", "on-error", "concurrent", NULL };
	struct extension *extension = &loader->schema->extension;
	int64_t max = MAX_BYTES_DEFAULT, concurrent = 1;
	extension->max_bytes = MAX_BYTES_DEFAULT;
	extension->concurrent = 1;
	if (!node)
		return true;
	const struct node *path = node_get(node, "path"), *each = node_get(node, "each");
	if (!check_keys(loader, node, known, "-fairlead") ||
	        !compile_framings(loader, node_get(node, "framing"), extension) ||
	        !optional_number(loader, node, "max", 1, MAX_BYTES_CEILING, &max) ||
	        !optional_number(loader, node, "concurrent", 1, CONCURRENT_MAX, &concurrent) ||
	        !compile_login(loader, node_get(node, "login"), extension) ||
	        !compile_heartbeat(loader, node_get(node, "heartbeat"), extension) ||
	        !compile_reply(loader, node_get(node, "ack"), &extension->ack) ||
	        !compile_reply(loader, node_get(node, "nak"), &extension->nak) ||
	        !compile_on_error(loader, node_get(node, "on-error"), extension))
		return false;
	extension->max_bytes = (size_t)max;
	extension->concurrent = (unsigned)concurrent;
	if (each) {
		extension->each = expression_of(loader, each);
		if (!extension->each)
			return false;
	}
	/* Up to here `device` is what the frame calls so, from here on what the login said. */
	loader->has_login = extension->has_login;
	if (!compile_emit(loader, node_get(node, "emit"), extension))
		return false;
	return !path || path_compile(loader, path->text, path->line, path->column, &extension->path,
	                        &extension->npath);
}

bool frame_schema_set_path(struct frame_schema *schema, slice path_template, struct error *error)
{
	struct loader loader = { .schema = schema,
		.arena = &schema->arena,
		.error = error,
		.self = schema->root,
		.in_extension = true,
		.has_login = schema->extension.has_login };
	return path_compile(
	        &loader, path_template, 0, 0, &schema->extension.path, &schema->extension.npath);
}
