/* What the device hears: a list of bytes, texts and computed parts, loaded and filled in. */
#include "codec/frame/extension.h"

#include "base/text.h"

enum { PART_MAX = 64 };

/* ---- loading ---- */

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
		if (!extension_check_keys(loader, node, known, "a reply's checksum") ||
		        !extension_optional_number(loader, node, "from", 0, 4096, &from) ||
		        !extension_optional_endian(loader, node, &part->endian))
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

bool template_compile(struct loader *loader, const struct node *node, struct reply_template *reply)
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

/* ---- filling in ---- */

static void put_number(struct text *text, uint64_t number, unsigned width, enum endian endian)
{
	for (unsigned i = 0; i < width; i++) {
		unsigned at = endian == ENDIAN_LITTLE ? i : width - 1 - i;
		text_char(text, (char)(unsigned char)(number >> (8 * at)));
	}
}

static bool put_computed(struct text *text, struct frame *frame, const struct part *part)
{
	if (!frame)
		return false;
	struct scope scope = { .self = frame->root, .index = -1 };
	struct cell cell;
	slice plain;
	if (!evaluate(frame, &scope, part->expression, &cell))
		return false;
	if (part->kind == PART_INTEGER) {
		if (cell.kind != CELL_INTEGER && cell.kind != CELL_ENUM)
			return false;
		put_number(text, (uint64_t)cell.as.integer, part->width, part->endian);
		return true;
	}
	if (cell.kind == CELL_BYTES)
		plain = cell.as.text;
	else if (!cell_text(frame->arena, &cell, &plain))
		return false;
	text_slice_add(text, plain);
	return true;
}

slice template_fill(const struct reply_template *reply, struct frame *frame, struct arena *arena)
{
	struct text text;
	text_init(&text, arena, 16);
	for (unsigned i = 0; i < reply->nparts; i++) {
		const struct part *part = &reply->parts[i];
		if (part->kind == PART_BYTES) {
			text_slice_add(&text, part->bytes);
		} else if (part->kind == PART_CHECKSUM) {
			slice covered = { text.p, text.n };
			put_number(&text,
			        part->checksum->sum(
			                part->checksum, slice_from(covered, part->from)),
			        part->checksum->width, part->endian);
		} else if (!put_computed(&text, frame, part)) {
			return (slice){ NULL, 0 };
		}
	}
	return text_slice(&text);
}
