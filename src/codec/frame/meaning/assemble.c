/* Messages of several frames: `assemble:`, loaded and run.
 *
 * A frame for which `when` holds carries a part of a message. Parts of one message have the same key, and are numbered
 * from `first` on without a gap. They are taken in that order only: a part that comes twice in a row with the same bytes
 * is a repetition and changes nothing; any other that is not the next one ends its message, so that bytes of two messages
 * are never mixed. Rejected: keeping parts that came too early. On a stream a part out of its order means that one is
 * lost, and the devices that send datagrams in parts send the next one when the last one was acknowledged.
 *
 * What a peer can grow is bounded three ways by the description: how many messages are open at once (the oldest gives
 * way), how large each may get, and how old. A claimed length or number of parts takes no memory. There is no timer: who
 * is too old is found by the next frame, and costs no more than its bound until then. */
#include "codec/frame/meaning/session.h"

#include "base/text.h"

#include <stdlib.h>

enum {
	WHOLE_BYTES_DEFAULT = 4096,
	OPEN_DEFAULT = 16,
	OPEN_MAX = 256,
	TIMEOUT_MS_DEFAULT = 30000,
	ROOM_LEAST = 256
};

/* A message that is not whole yet. */
struct assembly {
	struct list link;
	const struct assembly_rule *rule;
	char *key;
	size_t key_bytes;
	char *bytes;
	size_t n, room;
	size_t last_bytes; /* of the part that came last: the end of `bytes` */
	size_t next;       /* the number of the part that is awaited */
	size_t end;        /* how many parts, or bytes; not for ASSEMBLY_LAST */
	uint64_t begun_ms;
};

/* A frame's part. */
struct piece {
	const struct assembly_rule *rule;
	slice key, bytes;
	size_t number;
};

/* The name of the whole in the path of a fault. */
static const struct field assembled_field = { .name = SLICE_INIT("assembled") };

/* ---- loading ---- */

static bool compile_key(struct loader *loader, const struct node *map, struct assembly_rule *rule)
{
	const struct node *node = node_get(map, "key");
	if (!node)
		return node_error(map, loader->error, "\"key\" is missing");
	if (node->kind != NODE_LIST) {
		rule->nkey = 1;
		rule->key[0] = expression_of(loader, node);
		return rule->key[0] != NULL;
	}
	if (!node->count || node->count > KEY_MAX)
		return node_error(node, loader->error, "a key has one to %d expressions", KEY_MAX);
	NODE_EACH (node, at) {
		rule->key[rule->nkey] = expression_of(loader, at);
		if (!rule->key[rule->nkey++])
			return false;
	}
	return true;
}

static bool compile_end(struct loader *loader, const struct node *map, struct assembly_rule *rule)
{
	static const char *const words[] = { "parts", "length", "last" };
	unsigned given = 0;
	for (unsigned i = 0; i < 3; i++) {
		const struct node *node = node_get(map, words[i]);
		if (!node)
			continue;
		given++;
		rule->ends_by = (enum assembly_end)i;
		rule->end = rule->ends_by == ASSEMBLY_LAST ? condition_of(loader, node)
		                                           : expression_of(loader, node);
		if (!rule->end)
			return false;
	}
	return given == 1 || node_error(map, loader->error,
	                             "one of parts, length and last is expected: it says when a "
	                             "message is whole");
}

static bool compile_whole_type(
        struct loader *loader, const struct node *map, struct assembly_rule *rule)
{
	const struct node *node = node_get(map, "type");
	if (!node)
		return node_error(map, loader->error, "\"type\" is missing");
	rule->type = loader_find_type(loader, node->text);
	if (!rule->type)
		return node_error(
		        node, loader->error, "there is no type \"%.*s\"", SLICE_ARG(node->text));
	return !rule->type->nmembers || rule->type->members[0].kind != MEMBER_PARAMETER ||
	       node_error(node, loader->error,
	               "the type of a message of several frames has no parameters");
}

static bool compile_rule(struct loader *loader, const struct node *node, struct assembly_rule *rule)
{
	static const char *const known[] = { "when", "key", "part", "first", "parts", "length",
		"last", "bytes", "type", "max", "open", "timeout", NULL };
	int64_t first = 1, max = WHOLE_BYTES_DEFAULT, open = OPEN_DEFAULT;
	rule->timeout_ms = TIMEOUT_MS_DEFAULT;
	if (!extension_check_keys(loader, node, known, "assemble") ||
	        !extension_required_condition(loader, node, "when", &rule->when) ||
	        !compile_key(loader, node, rule) ||
	        !extension_required_expression(loader, node, "part", &rule->part) ||
	        !compile_end(loader, node, rule) ||
	        !extension_required_expression(loader, node, "bytes", &rule->bytes) ||
	        !compile_whole_type(loader, node, rule) ||
	        !extension_optional_number(loader, node, "first", 0, 1, &first) ||
	        !extension_optional_number(loader, node, "max", 1, FRAME_MAX_BYTES, &max) ||
	        !extension_optional_number(loader, node, "open", 1, OPEN_MAX, &open) ||
	        !extension_optional_duration(loader, node, "timeout", &rule->timeout_ms))
		return false;
	rule->first = (size_t)first;
	rule->max_bytes = (size_t)max;
	rule->open_max = (unsigned)open;
	return true;
}

bool assemble_compile(struct loader *loader, const struct node *node, struct extension *extension)
{
	if (!node)
		return true;
	if (node->kind != NODE_LIST) {
		extension->nassemblies = 1;
		if (!compile_rule(loader, node, &extension->assemblies[0]))
			return false;
	} else if (!node->count || node->count > ASSEMBLE_MAX) {
		return node_error(node, loader->error,
		        "assemble is a rule, or a list of at most %d", ASSEMBLE_MAX);
	} else {
		NODE_EACH (node, at) {
			struct assembly_rule *rule =
			        &extension->assemblies[extension->nassemblies++];
			if (!compile_rule(loader, at, rule))
				return false;
		}
	}
	/* Only now: a message's parts are not found by what they will become. */
	loader->has_assembled = true;
	return true;
}

/* ---- what is open ---- */

static struct assembly *assembly_of(struct list *link)
{
	return LIST_OWNER(link, struct assembly, link);
}

static void forget(struct frame_session *session, struct assembly *assembly)
{
	list_remove(&assembly->link);
	session->open--;
	free(assembly->key);
	free(assembly->bytes);
	free(assembly);
}

static void give_up(struct frame_session *session, struct assembly *assembly)
{
	session->lost++;
	forget(session, assembly);
}

void assemblies_finish(struct frame_session *session)
{
	LIST_EACH (&session->assemblies, at, following)
		forget(session, assembly_of(at));
}

static void expire(struct frame_session *session, uint64_t now_ms)
{
	LIST_EACH (&session->assemblies, at, following) {
		struct assembly *assembly = assembly_of(at);
		if (now_ms - assembly->begun_ms > assembly->rule->timeout_ms)
			give_up(session, assembly);
	}
}

static struct assembly *find(struct frame_session *session, const struct piece *piece)
{
	LIST_EACH (&session->assemblies, at, following) {
		struct assembly *assembly = assembly_of(at);
		slice key = { assembly->key, assembly->key_bytes };
		if (assembly->rule == piece->rule && slice_equal(key, piece->key))
			return assembly;
	}
	return NULL;
}

/* The oldest of this rule's makes room. */
static void make_room(struct frame_session *session, const struct assembly_rule *rule)
{
	struct assembly *oldest = NULL;
	unsigned n = 0;
	LIST_EACH (&session->assemblies, at, following) {
		struct assembly *assembly = assembly_of(at);
		if (assembly->rule != rule)
			continue;
		if (!oldest)
			oldest = assembly;
		n++;
	}
	if (n >= rule->open_max)
		give_up(session, oldest);
}

/* NULL: out of memory. */
static struct assembly *open_assembly(
        struct frame_session *session, const struct piece *piece, uint64_t now_ms)
{
	make_room(session, piece->rule);
	struct assembly *assembly = calloc(1, sizeof *assembly);
	char *key = malloc(piece->key.n + 1);
	if (!assembly || !key) {
		free(assembly);
		free(key);
		return NULL;
	}
	memcpy(key, piece->key.p, piece->key.n);
	assembly->rule = piece->rule;
	assembly->key = key;
	assembly->key_bytes = piece->key.n;
	assembly->next = piece->number;
	assembly->begun_ms = now_ms;
	list_append(&session->assemblies, &assembly->link);
	session->open++;
	return assembly;
}

/* ---- one part ---- */

static bool key_text(struct frame *frame, const struct scope *scope,
        const struct assembly_rule *rule, slice *key)
{
	struct text text;
	text_init(&text, frame->arena, 32);
	for (unsigned i = 0; i < rule->nkey; i++) {
		struct cell cell;
		slice plain = { NULL, 0 };
		if (!evaluate(frame, scope, rule->key[i], &cell))
			return false;
		if (cell.kind == CELL_BYTES)
			plain = cell.as.text;
		else if (cell.kind != CELL_ABSENT && !cell_text(frame->arena, &cell, &plain))
			return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
			        "assemble: a key is texts, numbers and bytes");
		/* With their lengths: "1", "23" is not "12", "3". */
		text_printf(&text, "%zu:", plain.n);
		text_slice_add(&text, plain);
	}
	*key = text_slice(&text);
	return key->p || frame_no_memory(frame, scope);
}

static bool read_piece(struct frame *frame, const struct scope *scope, struct piece *piece)
{
	const struct assembly_rule *rule = piece->rule;
	struct cell cell;
	if (!key_text(frame, scope, rule, &piece->key) ||
	        !evaluate_size(frame, scope, rule->part, "the number of a part", &piece->number) ||
	        !evaluate(frame, scope, rule->bytes, &cell))
		return false;
	if (cell.kind != CELL_TEXT && cell.kind != CELL_BYTES)
		return frame_fail(
		        frame, FRAME_FAULT_EXPRESSION, scope, "assemble: bytes is a text or bytes");
	piece->bytes = cell.as.text;
	return true;
}

/* Takes what belongs to the message: padding behind a known length does not. false: it becomes too large (*why), or
 * out of memory (*why NULL). */
static bool take(struct assembly *assembly, const struct piece *piece, const char **why)
{
	const struct assembly_rule *rule = assembly->rule;
	size_t n = piece->bytes.n;
	*why = NULL;
	if (rule->ends_by == ASSEMBLY_LENGTH && n > assembly->end - assembly->n)
		n = assembly->end - assembly->n;
	if (n > rule->max_bytes - assembly->n) {
		*why = "parts that make more than the largest message";
		return false;
	}
	if (assembly->n + n > assembly->room) {
		size_t room = assembly->room ? assembly->room * 2 : ROOM_LEAST;
		while (room < assembly->n + n)
			room *= 2;
		char *bytes = realloc(assembly->bytes, room);
		if (!bytes)
			return false;
		assembly->bytes = bytes;
		assembly->room = room;
	}
	if (n)
		memcpy(assembly->bytes + assembly->n, piece->bytes.p, n);
	assembly->n += n;
	assembly->last_bytes = n;
	assembly->next++;
	return true;
}

static bool repeats(const struct assembly *assembly, const struct piece *piece)
{
	slice last = { assembly->bytes, assembly->last_bytes };
	if (last.n)
		last.p += assembly->n - last.n;
	return piece->number + 1 == assembly->next && slice_equal(piece->bytes, last);
}

static bool is_whole(struct frame *frame, const struct scope *scope,
        const struct assembly *assembly, bool *whole)
{
	switch (assembly->rule->ends_by) {
	case ASSEMBLY_PARTS:
		*whole = assembly->next - assembly->rule->first >= assembly->end;
		return true;
	case ASSEMBLY_LENGTH:
		*whole = assembly->n >= assembly->end;
		return true;
	case ASSEMBLY_LAST:
		break;
	}
	return evaluate_boolean(frame, scope, assembly->rule->end, whole);
}

static bool add(struct frame *frame, const struct scope *scope, struct assembly *assembly,
        const struct piece *piece, enum frame_part *part, const char **why)
{
	struct frame_session *session = frame->session;
	bool whole = false;
	if (!take(assembly, piece, why)) {
		*part = FRAME_PART_STRAY;
		give_up(session, assembly);
		return *why != NULL || frame_no_memory(frame, scope);
	}
	if (!is_whole(frame, scope, assembly, &whole)) {
		give_up(session, assembly);
		return false;
	}
	*part = whole ? FRAME_PART_WHOLE : FRAME_PART_HELD;
	if (!whole)
		return true;
	slice bytes = arena_copy(frame->arena, assembly->bytes ? assembly->bytes : "", assembly->n);
	const struct type *type = assembly->rule->type;
	forget(session, assembly);
	if (!bytes.p)
		return frame_no_memory(frame, scope);
	return frame_read_apart(frame, type, bytes, &assembled_field, &frame->assembled);
}

static bool begin(struct frame *frame, const struct scope *scope, const struct piece *piece,
        uint64_t now_ms, enum frame_part *part, const char **why)
{
	const struct assembly_rule *rule = piece->rule;
	size_t end = 0;
	*part = FRAME_PART_STRAY;
	if (rule->ends_by != ASSEMBLY_LAST &&
	        !evaluate_size(frame, scope, rule->end, "the end of a message", &end))
		return false;
	if (rule->ends_by == ASSEMBLY_PARTS && !end) {
		*why = "a message of no parts";
		return true;
	}
	if (rule->ends_by == ASSEMBLY_LENGTH && end > rule->max_bytes) {
		*why = "a message longer than the largest";
		return true;
	}
	struct assembly *assembly = open_assembly(frame->session, piece, now_ms);
	if (!assembly)
		return frame_no_memory(frame, scope);
	assembly->end = end;
	return add(frame, scope, assembly, piece, part, why);
}

static bool place(struct frame *frame, const struct scope *scope, const struct piece *piece,
        uint64_t now_ms, enum frame_part *part, const char **why)
{
	struct frame_session *session = frame->session;
	struct assembly *assembly = find(session, piece);
	if (assembly && repeats(assembly, piece)) {
		*part = FRAME_PART_HELD;
		return true;
	}
	if (assembly && piece->number == assembly->next)
		return add(frame, scope, assembly, piece, part, why);
	const char *unfit = assembly ? "a part that is not the next one of its message"
	                             : "a part of a message whose first part is missing";
	if (assembly)
		give_up(session, assembly);
	if (piece->number == piece->rule->first)
		return begin(frame, scope, piece, now_ms, part, why);
	*part = FRAME_PART_STRAY;
	*why = unfit;
	return true;
}

bool frame_assemble(struct frame *frame, uint64_t now_ms, enum frame_part *part, const char **why)
{
	const struct extension *extension = frame->schema->extension;
	struct scope scope = { .self = frame->root, .index = -1 };
	*part = FRAME_PART_NONE;
	*why = NULL;
	if (!frame->session)
		return true;
	expire(frame->session, now_ms);
	for (unsigned i = 0; i < extension->nassemblies; i++) {
		struct piece piece = { .rule = &extension->assemblies[i] };
		bool applies;
		if (!evaluate_boolean(frame, &scope, piece.rule->when, &applies))
			return false;
		if (applies)
			return read_piece(frame, &scope, &piece) &&
			       place(frame, &scope, &piece, now_ms, part, why);
	}
	return true;
}
