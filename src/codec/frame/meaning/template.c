/* What the device hears: a list of bytes, texts and computed parts, loaded and filled in. */
#include "codec/frame/meaning/extension.h"

#include "base/text.h"
#include "codec/frame/run/cell.h"

enum { PART_MAX = 64, EACH_DEPTH_MAX = 3 };

static bool compile_parts(
        struct loader *, const struct node *, struct reply_template *, unsigned depth);

/* ---- loading ---- */

static bool compile_each(
        struct loader *loader, const struct node *node, struct part *part, unsigned depth)
{
	static const char *const known[] = { "each", "of", NULL };
	const struct node *of = node_get(node, "of");
	part->kind = PART_EACH;
	if (!extension_check_keys(loader, node, known, "each in a reply") ||
	        !extension_required_expression(loader, node, "each", &part->expression))
		return false;
	if (!of || depth == EACH_DEPTH_MAX)
		return node_error(node, loader->error, "%s",
		        of ? "each is nested too deeply" : "\"of\" is missing: the parts of each");
	bool outer = loader->it_is_of_reply;
	loader->it_is_of_reply = part->expression->op == OP_REPLY || part->expression->of_reply;
	bool good = compile_parts(loader, of, &part->of, depth + 1);
	loader->it_is_of_reply = outer;
	return good;
}

static bool compile_checksum(struct loader *loader, const struct node *node, struct part *part)
{
	static const char *const known[] = { "checksum", "from", "endian", NULL };
	const struct node *checksum = node_get(node, "checksum");
	int64_t from = 0;
	part->kind = PART_CHECKSUM;
	part->endian = ENDIAN_BIG;
	part->checksum = checksum_find(checksum->text);
	if (!part->checksum || !part->checksum->sum)
		return node_error(checksum, loader->error, "this checksum is not known here");
	part->checksum = checksum_prepare(loader->arena, part->checksum);
	if (!part->checksum)
		return node_error(checksum, loader->error, "out of memory");
	if (!extension_check_keys(loader, node, known, "a reply's checksum") ||
	        !extension_optional_number(loader, node, "from", 0, 4096, &from) ||
	        !extension_optional_endian(loader, node, &part->endian))
		return false;
	part->from = (size_t)from;
	return true;
}

/* { u4be: expression }, { text: expression }, { checksum: crc-16/modbus, from: 1, endian: le } */
static bool compile_part_map(
        struct loader *loader, const struct node *node, struct part *part, unsigned depth)
{
	const struct node *first = node->first;
	struct type_use use = { .base = BASE_NONE };
	if (node_get(node, "checksum"))
		return compile_checksum(loader, node, part);
	if (node_get(node, "each"))
		return compile_each(loader, node, part, depth);
	if (node_get(node, "frame"))
		return frame_part_compile(loader, node, part);
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
	        (use.base != BASE_UNSIGNED && use.base != BASE_SIGNED && use.base != BASE_FLOAT) ||
	        use.endian == ENDIAN_UNKNOWN || use.endian == ENDIAN_SWITCHED)
		return node_key_error(first, loader->error,
		        "\"%.*s\" is neither a type of numbers with its byte order, nor text or "
		        "bytes",
		        SLICE_ARG(first->key));
	part->kind = use.base == BASE_FLOAT ? PART_REAL : PART_INTEGER;
	part->has_sign = use.base == BASE_SIGNED;
	part->width = use.width;
	part->endian = use.endian;
	return true;
}

static bool compile_part(
        struct loader *loader, const struct node *node, struct part *part, unsigned depth)
{
	int64_t byte;
	if (node->kind == NODE_MAP)
		return compile_part_map(loader, node, part, depth);
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

static bool compile_parts(struct loader *loader, const struct node *node,
        struct reply_template *reply, unsigned depth)
{
	if (node->kind != NODE_LIST || node->count > PART_MAX)
		return node_error(
		        node, loader->error, "a reply is a list of at most %d parts", PART_MAX);
	reply->present = true;
	reply->schema = loader->schema;
	reply->parts = arena_alloc(loader->arena, node->count * sizeof *reply->parts);
	if (!reply->parts)
		return node_error(node, loader->error, "out of memory");
	NODE_EACH (node, at) {
		if (!compile_part(loader, at, &reply->parts[reply->nparts++], depth))
			return false;
	}
	return true;
}

bool template_compile(struct loader *loader, const struct node *node, struct reply_template *reply)
{
	if (!node)
		return true;
	loader->in_reply = true;
	loader->saw_reply = false;
	bool good = compile_parts(loader, node, reply, 0);
	loader->in_reply = false;
	reply->wants_reply = loader->saw_reply;
	return good;
}

bool template_compile_fixed(
        struct loader *loader, const struct node *node, struct reply_template *reply)
{
	if (!node)
		return true;
	if (!compile_parts(loader, node, reply, 0))
		return false;
	for (unsigned i = 0; i < reply->nparts; i++) {
		if (reply->parts[i].expression || !frame_part_is_fixed(&reply->parts[i]))
			return node_error(node, loader->error,
			        "this is said when there is no frame: only bytes, texts in quotes, "
			        "checksums and frames of constants can stand here");
	}
	return true;
}

/* ---- filling in ---- */

static bool put_template(
        struct text *, const struct reply_template *, struct frame *, const struct scope *);

static void put_number(struct text *text, uint64_t number, unsigned width, enum endian endian)
{
	for (unsigned i = 0; i < width; i++) {
		unsigned at = endian == ENDIAN_LITTLE ? i : width - 1 - i;
		text_char(text, (char)(unsigned char)(number >> (8 * at)));
	}
}

static bool fits(const struct part *part, const struct cell *cell)
{
	unsigned bits = 8 * part->width - (part->has_sign ? 1 : 0);
	int64_t number = cell->as.integer;
	if (cell->natural)
		return bits == 64;
	if (number < 0)
		return part->has_sign && (bits == 63 || number >= -((int64_t)1 << bits));
	return bits >= 63 || number < (int64_t)1 << bits;
}

/* Numbers may be the backend's: one that the type does not hold is no other number. */
static bool put_integer(struct text *text, const struct part *part, const struct cell *cell)
{
	if (cell->kind != CELL_INTEGER && cell->kind != CELL_ENUM && cell->kind != CELL_BOOLEAN)
		return false;
	put_number(text, (uint64_t)cell->as.integer, part->width, part->endian);
	return fits(part, cell);
}

static bool put_real(struct text *text, const struct part *part, const struct cell *cell)
{
	if (!cell_is_number(cell))
		return false;
	double number = cell_as_real(cell);
	float single = (float)number;
	uint64_t bits;
	uint32_t bits_single;
	memcpy(&bits, &number, sizeof bits);
	memcpy(&bits_single, &single, sizeof bits_single);
	put_number(text, part->width == sizeof bits_single ? bits_single : bits, part->width,
	        part->endian);
	return true;
}

static bool put_text(struct text *text, struct frame *frame, const struct cell *cell)
{
	slice plain;
	if (cell->kind == CELL_BYTES)
		plain = cell->as.text;
	else if (!cell_text(frame->arena, cell, &plain))
		return false;
	text_slice_add(text, plain);
	return true;
}

static bool put_each(struct text *text, const struct part *part, struct frame *frame,
        const struct scope *outer, const struct cell *list)
{
	bool values = list->kind == CELL_VALUE && list->as.value->kind == VALUE_LIST;
	if (!values && list->kind != CELL_ARRAY && list->kind != CELL_BYTES)
		return false;
	const struct value *value = values ? list->as.value->as.members.first : NULL;
	size_t n = values ? list->as.value->count : cell_items(list);
	for (size_t i = 0; i < n; i++) {
		struct cell item = values ? cell_of_value(value) : cell_item(list, i);
		struct scope scope = { outer->self, &item, (int64_t)i };
		if (!put_template(text, &part->of, frame, &scope))
			return false;
		value = value ? value->next : NULL;
	}
	return true;
}

static bool put_computed(
        struct text *text, const struct part *part, struct frame *frame, const struct scope *scope)
{
	struct cell cell;
	if (!frame || !evaluate(frame, scope, part->expression, &cell))
		return false;
	bool good = true;
	switch (part->kind) {
	case PART_INTEGER:
		good = put_integer(text, part, &cell);
		break;
	case PART_REAL:
		good = put_real(text, part, &cell);
		break;
	case PART_EXPRESSION:
		good = put_text(text, frame, &cell);
		break;
	case PART_EACH:
		good = put_each(text, part, frame, scope, &cell);
		break;
	case PART_BYTES:
	case PART_CHECKSUM:
	case PART_FRAME:
		break;
	}
	return good || frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
	                       "a part of the reply cannot be made of %s%s", cell_kind_name(&cell),
	                       part->kind == PART_INTEGER ? " like this one" : "");
}

static bool put_template(struct text *text, const struct reply_template *reply, struct frame *frame,
        const struct scope *scope)
{
	for (unsigned i = 0; i < reply->nparts; i++) {
		const struct part *part = &reply->parts[i];
		if (part->kind == PART_BYTES) {
			text_slice_add(text, part->bytes);
		} else if (part->kind == PART_CHECKSUM) {
			slice covered = { text->p, text->n };
			put_number(text,
			        part->checksum->sum(
			                part->checksum, slice_from(covered, part->from)),
			        part->checksum->width, part->endian);
		} else if (part->kind == PART_FRAME) {
			if (!frame_part_fill(part, reply->schema, frame, scope, text))
				return false;
		} else if (!put_computed(text, part, frame, scope)) {
			return false;
		}
	}
	return true;
}

slice template_fill(const struct reply_template *reply, struct frame *frame, struct arena *arena)
{
	struct scope scope = { .self = frame ? frame->root : NULL, .index = -1 };
	struct text text;
	text_init(&text, arena, 16);
	return put_template(&text, reply, frame, &scope) ? text_slice(&text) : (slice){ NULL, 0 };
}
