/* How a stream is cut, as `framing:` in the `-fairlead:` key says it: loading. framing.h names what runs it. */
#include "codec/frame/meaning/extension.h"

enum { GAP_MAX_US = 60 * 1000 * 1000 };

/* ---- marks ---- */

static bool is_any(const struct node *node)
{
	return node->kind == NODE_SCALAR && !node->quoted && slice_is(node->text, "_");
}

/* Which bytes of a mark are fixed; nothing where all are. */
static bool compile_fits(struct loader *loader, const struct node *node, struct mark *mark)
{
	bool some = false;
	NODE_EACH (node->kind == NODE_LIST ? node : NULL, at)
		some |= is_any(at);
	if (!some)
		return true;
	char *fits = arena_alloc_raw(loader->arena, mark->bytes.n);
	if (!fits)
		return node_error(node, loader->error, "out of memory");
	memset(fits, -1, mark->bytes.n);
	size_t n = 0;
	NODE_EACH (node, at) {
		bool digit = at->text.n && at->text.p[0] >= '0' && at->text.p[0] <= '9';
		if (is_any(at))
			fits[n] = 0;
		n += at->quoted || !digit ? at->text.n : 1;
	}
	mark->fits = (slice){ fits, mark->bytes.n };
	for (size_t i = 0; i < n; i++) {
		if (fits[i])
			return true;
	}
	return node_error(node, loader->error, "a mark has at least one byte that is known");
}

/* One mark or a list of marks: "$", [0x78, _, 0x78], or [["$"], ["!"]] and ["$", "!"] for several texts. */
static bool compile_marks(
        struct loader *loader, const struct node *node, struct mark marks[MARK_MAX], unsigned *n)
{
	bool several = node->kind == NODE_LIST && node->first &&
	               (node->first->kind == NODE_LIST || node->first->quoted);
	const struct node *at = several ? node->first : node;
	for (; at && *n < MARK_MAX; at = several ? at->next : NULL) {
		struct mark *mark = &marks[(*n)++];
		if (!node_bytes(loader, at, &mark->bytes))
			return false;
		if (mark->bytes.n == 0)
			return node_error(at, loader->error, "a mark has at least one byte");
		if (!compile_fits(loader, at, mark))
			return false;
	}
	return !at || node_error(at, loader->error, "at most %d marks", MARK_MAX);
}

/* The same without bytes that may be any. */
static bool compile_plain_marks(
        struct loader *loader, const struct node *node, slice plain[MARK_MAX], unsigned *n)
{
	struct mark marks[MARK_MAX] = { { .bytes = { NULL, 0 } } };
	if (!node)
		return true;
	if (!compile_marks(loader, node, marks, n))
		return false;
	for (unsigned i = 0; i < *n; i++) {
		if (marks[i].fits.p)
			return node_error(node, loader->error, "only a start mark may hold \"_\"");
		plain[i] = marks[i].bytes;
	}
	return true;
}

static bool compile_start(struct loader *loader, const struct node *node, struct framing *framing)
{
	static const char *const known[] = { "bytes", "include", NULL };
	const struct node *bytes = node;
	bool include = true;
	if (!node)
		return true;
	if (node->kind == NODE_MAP) {
		const struct node *said = node_get(node, "include");
		bytes = node_get(node, "bytes");
		if (!extension_check_keys(loader, node, known, "start") ||
		        (said && !node_switch(loader, said, &include)))
			return false;
		if (!bytes)
			return node_error(node, loader->error, "a start mark needs its bytes");
	}
	framing->strip_start = !include;
	if (!compile_marks(loader, bytes, framing->starts, &framing->nstarts))
		return false;
	for (unsigned i = 0; i < framing->nstarts; i++) {
		for (unsigned k = 0; k < framing->nstarts; k++) {
			if (k != i && mark_fits(&framing->starts[i], framing->starts[k].bytes))
				return node_error(bytes, loader->error,
				        "a start mark must not begin with another one");
		}
	}
	return true;
}

/* ---- what ends a frame ---- */

/* Which delimiter is whole first must not depend on how many bytes are there. */
static bool check_delimiters(
        struct loader *loader, const struct node *node, const struct framing *framing)
{
	for (unsigned i = 0; i < framing->ndelimiters; i++) {
		slice inner = framing->delimiters[i];
		for (unsigned k = 0; k < framing->ndelimiters; k++) {
			slice outer = framing->delimiters[k];
			for (size_t at = 1; at + inner.n < outer.n; at++) {
				if (slice_starts(slice_from(outer, at), inner))
					return node_error(node, loader->error,
					        "a delimiter must not stand in the middle of "
					        "another one");
			}
		}
	}
	return true;
}

static bool one_byte(struct loader *loader, const struct node *node, int *byte)
{
	slice bytes;
	if (!node)
		return true;
	if (!node_bytes(loader, node, &bytes))
		return false;
	if (bytes.n != 1)
		return node_error(node, loader->error, "one byte is expected here");
	*byte = (unsigned char)bytes.p[0];
	return true;
}

static bool compile_delimiter_map(
        struct loader *loader, const struct node *node, struct framing *framing)
{
	static const char *const known[] = { "bytes", "include", "trailer", "not-before", "quotes",
		"quote-escape", "next-start", NULL };
	const struct node *include = node_get(node, "include"),
	                  *next_start = node_get(node, "next-start");
	int64_t trailer = 0;
	if (!extension_check_keys(loader, node, known, "delimiter") ||
	        !compile_plain_marks(loader, node_get(node, "bytes"), framing->delimiters,
	                &framing->ndelimiters) ||
	        !compile_plain_marks(loader, node_get(node, "not-before"), framing->not_before,
	                &framing->nnot_before) ||
	        !one_byte(loader, node_get(node, "quotes"), &framing->quote) ||
	        !one_byte(loader, node_get(node, "quote-escape"), &framing->quote_escape) ||
	        !extension_optional_number(loader, node, "trailer", 0, 255, &trailer) ||
	        (include && !node_switch(loader, include, &framing->include)) ||
	        (next_start && !node_switch(loader, next_start, &framing->next_start)))
		return false;
	framing->trailer = (unsigned)trailer;
	if (!framing->ndelimiters && !framing->next_start)
		return node_error(node, loader->error, "a delimiter needs its bytes");
	if (framing->next_start && !framing->nstarts)
		return node_error(next_start, loader->error, "next-start needs a start mark");
	return check_delimiters(loader, node, framing);
}

static bool compile_delimiter(
        struct loader *loader, const struct node *node, struct framing *framing)
{
	framing->kind = FRAMING_DELIMITER;
	if (node->kind == NODE_MAP)
		return compile_delimiter_map(loader, node, framing);
	return compile_plain_marks(loader, node, framing->delimiters, &framing->ndelimiters) &&
	       check_delimiters(loader, node, framing);
}

static bool compile_fixed(struct loader *loader, const struct node *node, struct framing *framing)
{
	int64_t bytes;
	framing->kind = FRAMING_FIXED;
	if (!node_integer(loader, node, 1, FRAME_MAX_BYTES, &bytes))
		return false;
	framing->fixed_bytes = (size_t)bytes;
	return true;
}

/* A type that is to be looked at, or was. */
struct looked {
	const struct type *type;
	struct looked *next;
};

/* Puts it behind those that are there, unless it is. false: over budget. */
static bool look_at(struct loader *loader, struct looked *at, const struct type_use *use)
{
	if (use->base != BASE_STRUCT || !use->type)
		return true;
	while (at->type != use->type && at->next)
		at = at->next;
	if (at->type == use->type)
		return true;
	at->next = ARENA_NEW(loader->arena, struct looked);
	if (at->next)
		at->next->type = use->type;
	return at->next != NULL;
}

/* Whether a type says by itself where it ends: nothing of it goes on for as long as there are bytes. Each type that is
 * in it is looked at once, however often it is there. */
static bool find_endless(
        struct loader *loader, const struct type *type, const struct field **endless)
{
	struct looked first = { .type = type };
	for (struct looked *at = &first; at; at = at->next) {
		for (unsigned i = 0; i < at->type->nmembers; i++) {
			const struct field *field = &at->type->members[i].field;
			if (at->type->members[i].kind != MEMBER_FIELD)
				continue;
			*endless = field;
			if (field->to_end || field->repeat == REPEAT_TO_END)
				return true;
			if (field->size || field->has_terminator)
				continue;
			if (!field->switch_on && !look_at(loader, &first, &field->use))
				return false;
			for (unsigned k = 0; k < field->ncases; k++) {
				if (!look_at(loader, &first, &field->cases[k].use))
					return false;
			}
		}
	}
	*endless = NULL;
	return true;
}

static bool compile_type(struct loader *loader, const struct node *node, struct framing *framing)
{
	framing->kind = FRAMING_TYPE;
	framing->type = loader_find_type(loader, node->text);
	if (!framing->type)
		return node_error(
		        node, loader->error, "there is no type \"%.*s\"", SLICE_ARG(node->text));
	if (framing->type->nmembers && framing->type->members[0].kind == MEMBER_PARAMETER)
		return node_error(node, loader->error, "a type with params cannot be a framing");
	const struct field *endless = NULL;
	if (!framing->gap_us && !find_endless(loader, framing->type, &endless))
		return node_error(node, loader->error, "out of memory");
	return !endless || node_error(node, loader->error,
	                           "\"%.*s\" has no end of its own: \"%.*s\" (line %u) goes on to "
	                           "the end of the stream",
	                           SLICE_ARG(node->text), SLICE_ARG(endless->name), endless->line);
}

/* "{}": from the first to what closes it, strings as in JSON left out. */
static bool compile_balanced(
        struct loader *loader, const struct node *node, struct framing *framing)
{
	slice pair;
	framing->kind = FRAMING_BALANCED;
	if (!node_bytes(loader, node, &pair))
		return false;
	if (pair.n != 2 || pair.p[0] == pair.p[1])
		return node_error(
		        node, loader->error, "balanced has two different bytes, as in \"{}\"");
	if (framing->nstarts)
		return node_error(node, loader->error, "balanced brings its own start mark");
	framing->open = (unsigned char)pair.p[0];
	framing->close = (unsigned char)pair.p[1];
	framing->quote = '"';
	framing->quote_escape = '\\';
	framing->starts[framing->nstarts++].bytes = (slice){ pair.p, 1 };
	return true;
}

/* "50ms", "1750us", "1s" */
static bool compile_gap(struct loader *loader, const struct node *node, uint64_t *us)
{
	static const struct {
		const char *unit;
		uint64_t us;
	} units[] = { { "us", 1 }, { "ms", 1000 }, { "s", 1000000 } };
	size_t n = 0;
	uint64_t number = 0;
	if (!node)
		return true;
	while (n < node->text.n && node->text.p[n] >= '0' && node->text.p[n] <= '9' &&
	        number <= GAP_MAX_US)
		number = number * 10 + (uint64_t)(node->text.p[n++] - '0');
	for (unsigned i = 0; i < 3; i++) {
		if (slice_is(slice_from(node->text, n), units[i].unit))
			*us = number * units[i].us;
	}
	return (*us && *us <= GAP_MAX_US) ||
	       node_error(node, loader->error,
	               "a time from 1us to 60s is expected here, such as 50ms or 1750us");
}

/* ---- a framing ---- */

static size_t longest_start(const struct framing *framing)
{
	size_t n = 0;
	for (unsigned i = 0; i < framing->nstarts; i++)
		n = framing->starts[i].bytes.n > n ? framing->starts[i].bytes.n : n;
	return n;
}

/* Does this place, which counts from the end where it is negative, lie outside of so many bytes? */
static bool is_outside(int64_t at, size_t more, size_t n)
{
	int64_t begin = at < 0 ? (int64_t)n + at : at;
	return begin < 0 || begin + (int64_t)more > (int64_t)n;
}

static bool check_checksum(
        struct loader *loader, const struct node *node, const struct checksum *checksum, size_t n)
{
	const char *wrong = NULL;
	int64_t from = checksum->from, to = checksum->to;
	from += n && from < 0 ? (int64_t)n : 0;
	to += n && to < 0 ? (int64_t)n : 0;
	/* Of a frame of any size that cannot be told where they count from its two ends. */
	if ((from < 0) == (to < 0) && from > to)
		wrong = "what the checksum covers ends (to) before it begins (from)";
	else if (n && is_outside(checksum->at, checksum->width, n))
		wrong = "the checksum does not stand within the frame";
	else if (n && !checksum->raw && is_outside(checksum->from, 0, n))
		wrong = "what the checksum covers begins (from) outside of the frame";
	else if (n && !checksum->raw && checksum->to != CHECKSUM_TO_END &&
	         is_outside(checksum->to, 0, n))
		wrong = "what the checksum covers ends (to) outside of the frame";
	return !wrong || node_error(node, loader->error, "%s", wrong);
}

/* What cannot be true of any frame. */
static bool check_sizes(
        struct loader *loader, const struct node *node, const struct framing *framing)
{
	size_t unseen = framing->skip, start = longest_start(framing);
	unseen += framing->strip_start ? start : 0;
	size_t n = framing->kind == FRAMING_FIXED ? framing->fixed_bytes : 0;
	if (n && n < start)
		return node_error(node_get(node, "fixed"), loader->error,
		        "a frame is not shorter than its start mark");
	if (n && n < unseen)
		return node_error(
		        node_get(node, "skip"), loader->error, "no frame has so many bytes");
	return !framing->checksum.kind || !framing->checksum.kind->sum ||
	       check_checksum(
	               loader, node_get(node, "checksum"), &framing->checksum, n ? n - unseen : 0);
}

/* Is there no room for the frames within `max`? */
bool framings_fit(struct loader *loader, const struct node *node, const struct extension *extension)
{
	const struct node *at = node && node->kind == NODE_LIST ? node->first : node;
	for (unsigned i = 0; i < extension->nframings; i++) {
		const struct framing *framing = &extension->framings[i];
		size_t least = framing->kind == FRAMING_FIXED    ? framing->fixed_bytes
		               : framing->kind == FRAMING_LENGTH ? framing->length.offset + 1
		                                                 : longest_start(framing);
		if (least > extension->max_bytes)
			return node_error(at, loader->error,
			        "these frames have at least %zu bytes, and max allows %zu", least,
			        extension->max_bytes);
		at = at->next;
	}
	return true;
}

static bool check_parts(
        struct loader *loader, const struct node *node, const struct framing *framing)
{
	bool sized = framing->kind == FRAMING_LENGTH || framing->kind == FRAMING_FIXED ||
	             framing->kind == FRAMING_TYPE;
	if (framing->nends && !sized)
		return node_error(node_get(node, "end"), loader->error,
		        "end goes with length-field, fixed and type");
	if (framing->skip && framing->nstarts && !framing->strip_start)
		return node_error(node_get(node, "skip"), loader->error,
		        "skip needs a start mark that is left out (include: false)");
	if (framing->escape.kind != ESCAPE_NONE && framing->kind == FRAMING_BALANCED)
		return node_error(node_get(node, "escape"), loader->error,
		        "escape does not go with balanced");
	return check_sizes(loader, node, framing);
}

static bool compile_end(struct loader *loader, const struct node *node, struct framing *framing)
{
	static const char *const ways[] = { "length-field", "delimiter", "fixed", "type",
		"balanced" };
	const struct node *way = NULL;
	unsigned n = 0, which = 0;
	for (unsigned i = 0; i < sizeof ways / sizeof *ways; i++) {
		const struct node *found = node_get(node, ways[i]);
		n += found != NULL;
		which = found ? i : which;
		way = found ? found : way;
	}
	if (n > 1 || (n == 0 && !framing->gap_us))
		return node_error(node, loader->error,
		        "framing needs just one of length-field, delimiter, fixed, type and "
		        "balanced, or else an idle-gap");
	framing->kind = FRAMING_QUIET;
	if (!way)
		return true;
	switch (which) {
	case 0:
		framing->kind = FRAMING_LENGTH;
		return length_compile(loader, way, &framing->length);
	case 1:
		return compile_delimiter(loader, way, framing);
	case 2:
		return compile_fixed(loader, way, framing);
	case 3:
		return compile_type(loader, way, framing);
	default:
		return compile_balanced(loader, way, framing);
	}
}

static bool compile_framing(struct loader *loader, const struct node *node, struct framing *framing)
{
	static const char *const known[] = { "start", "skip", "length-field", "delimiter", "fixed",
		"type", "balanced", "idle-gap", "end", "escape", "discard", "checksum", NULL };
	const struct node *checksum = node_get(node, "checksum"),
	                  *escape = node_get(node, "escape"), *discard = node_get(node, "discard");
	int64_t skipped = 0;
	framing->quote = framing->quote_escape = -1;
	if (!extension_check_keys(loader, node, known, "framing") ||
	        !compile_start(loader, node_get(node, "start"), framing) ||
	        !compile_gap(loader, node_get(node, "idle-gap"), &framing->gap_us) ||
	        !compile_end(loader, node, framing) ||
	        !compile_plain_marks(
	                loader, node_get(node, "end"), framing->ends, &framing->nends) ||
	        !extension_optional_number(loader, node, "skip", 0, 255, &skipped) ||
	        (discard && !node_switch(loader, discard, &framing->discard)) ||
	        (escape && !escape_compile(loader, escape, framing)) ||
	        (checksum && !checksum_compile(loader, checksum, &framing->checksum)))
		return false;
	framing->skip = (unsigned)skipped;
	return check_parts(loader, node, framing);
}

bool framings_compile(struct loader *loader, const struct node *node, struct extension *extension)
{
	if (!node)
		return true;
	const struct node *at = node->kind == NODE_LIST ? node->first : node;
	for (; at; at = node->kind == NODE_LIST ? at->next : NULL) {
		if (extension->nframings == FRAMING_MAX)
			return node_error(at, loader->error, "at most %d framings", FRAMING_MAX);
		struct framing *framing = &extension->framings[extension->nframings++];
		if (!compile_framing(loader, at, framing))
			return false;
		if (framing->gap_us > extension->gap_us)
			extension->gap_us = framing->gap_us;
	}
	return true;
}
