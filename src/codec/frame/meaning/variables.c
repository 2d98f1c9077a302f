/* Session variables: what is remembered from earlier frames, loaded and run.
 *
 * A frame that joins a session gets a copy of the variables in its own arena, sets there what it sets, and only when all
 * of that went well the session takes them over. So a frame that fails changes nothing, and one that waits for its
 * backend while others come keeps what it saw. Their number and size are bounded, so the copies are. */
#include "codec/frame/meaning/session.h"

#include <stdlib.h>

enum { VARIABLE_BYTES_MAX = 1024 };

/* ---- loading ---- */

static bool compile_variable(
        struct loader *loader, const struct node *node, struct variable_rule *variable)
{
	static const char *const known[] = { "value", "when", "initial", NULL };
	if (node->kind == NODE_SCALAR) {
		variable->value = expression_of(loader, node);
		return variable->value != NULL;
	}
	const struct node *when = node_get(node, "when"), *initial = node_get(node, "initial");
	return extension_check_keys(loader, node, known, "a session variable") &&
	       extension_required_expression(loader, node, "value", &variable->value) &&
	       (!when || extension_required_condition(loader, node, "when", &variable->when)) &&
	       (!initial ||
	               extension_required_expression(loader, node, "initial", &variable->initial));
}

/* All names first: any expression may name any variable. */
bool variables_compile(struct loader *loader, const struct node *node, struct extension *extension)
{
	if (!node)
		return true;
	if (node->kind != NODE_MAP || !node->count || node->count > VARIABLES_MAX)
		return node_error(node, loader->error, "session is a map of at most %d variables",
		        VARIABLES_MAX);
	NODE_EACH (node, at) {
		slice name = loader_intern(loader, at->key, false);
		if (!name.p)
			return node_error(at, loader->error, "out of memory");
		if (!loader_is_name(name))
			return node_key_error(at, loader->error,
			        "a name begins with a small letter, and has small letters, digits "
			        "and _");
		extension->variables[extension->nvariables++].name = name;
	}
	loader->has_variables = true;
	struct variable_rule *variable = extension->variables;
	NODE_EACH (node, at) {
		if (!compile_variable(loader, at, variable++))
			return false;
	}
	return true;
}

int extension_variable(const struct extension *extension, slice name)
{
	for (unsigned i = 0; i < extension->nvariables; i++) {
		if (slice_equal(extension->variables[i].name, name))
			return (int)i;
	}
	return -1;
}

/* ---- running ---- */

static bool is_text(const struct cell *cell)
{
	return cell->kind == CELL_TEXT || cell->kind == CELL_BYTES;
}

bool frame_variable(
        struct frame *frame, const struct scope *scope, unsigned number, struct cell *result)
{
	const struct expression *initial = frame->schema->extension->variables[number].initial;
	if (frame->variables && frame->variables[number].kind != CELL_UNREAD)
		*result = frame->variables[number];
	else if (initial)
		return evaluate(frame, scope, initial, result);
	return true;
}

static bool set(struct frame *frame, const struct scope *scope,
        const struct variable_rule *variable, struct cell *into)
{
	bool wanted = true;
	struct cell made;
	if (variable->when && !evaluate_boolean(frame, scope, variable->when, &wanted))
		return false;
	if (!wanted)
		return true;
	if (!evaluate(frame, scope, variable->value, &made))
		return false;
	switch (made.kind) {
	case CELL_ABSENT:
		return true;
	case CELL_INTEGER:
	case CELL_REAL:
	case CELL_BOOLEAN:
	case CELL_ENUM:
		break;
	case CELL_TEXT:
	case CELL_BYTES:
		if (made.as.text.n <= VARIABLE_BYTES_MAX)
			break;
		return frame_fail(frame, FRAME_FAULT_LIMIT, scope,
		        "session.%.*s: more than %d bytes", SLICE_ARG(variable->name),
		        VARIABLE_BYTES_MAX);
	case CELL_UNREAD:
	case CELL_BUSY:
	case CELL_STRUCT:
	case CELL_ARRAY:
	case CELL_IO:
	case CELL_VALUE:
		return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
		        "session.%.*s: only numbers, texts, bytes and true or false are kept",
		        SLICE_ARG(variable->name));
	}
	*into = made;
	return true;
}

static void forget(struct kept_variable *kept)
{
	if (kept->memory)
		explicit_bzero(kept->memory, kept->cell.as.text.n);
	free(kept->memory);
}

/* false: out of memory, and nothing has changed. */
static bool keep(struct kept_variable *kept, const struct cell *cell)
{
	char *memory = NULL;
	if (is_text(cell)) {
		memory = malloc(cell->as.text.n + 1);
		if (!memory)
			return false;
		if (cell->as.text.n)
			memcpy(memory, cell->as.text.p, cell->as.text.n);
	}
	forget(kept);
	kept->memory = memory;
	kept->cell = *cell;
	if (memory)
		kept->cell.as.text.p = memory;
	return true;
}

static bool copy(struct frame *frame, const struct kept_variable *kept, struct cell *cell)
{
	*cell = kept->cell;
	if (!is_text(cell))
		return true;
	cell->as.text = arena_copy_slice(frame->arena, kept->cell.as.text);
	return cell->as.text.p != NULL;
}

/* It is the very bytes that the session has. */
static bool is_untouched(const struct cell *cell, const struct cell *before)
{
	return is_text(cell) && cell->kind == before->kind &&
	       cell->as.text.p == before->as.text.p && cell->as.text.n == before->as.text.n;
}

bool variables_join(struct frame *frame)
{
	const struct extension *extension = frame->schema->extension;
	struct frame_session *session = frame->session;
	struct scope scope = { .self = frame->root, .index = -1 };
	unsigned n = extension->nvariables;
	if (!n)
		return true;
	struct cell *before = arena_alloc(frame->arena, n * sizeof *before);
	frame->variables = arena_alloc(frame->arena, n * sizeof *frame->variables);
	if (!before || !frame->variables)
		return frame_no_memory(frame, &scope);
	for (unsigned i = 0; i < n; i++) {
		if (!copy(frame, &session->variables[i], &before[i]))
			return frame_no_memory(frame, &scope);
		frame->variables[i] = before[i];
	}
	for (unsigned i = 0; i < n; i++) {
		if (!set(frame, &scope, &extension->variables[i], &frame->variables[i]))
			return false;
	}
	for (unsigned i = 0; i < n; i++) {
		const struct cell *cell = &frame->variables[i];
		if (!is_untouched(cell, &before[i]) && !keep(&session->variables[i], cell))
			return frame_no_memory(frame, &scope);
	}
	return true;
}

void variables_finish(struct frame_session *session)
{
	for (unsigned i = 0; i < VARIABLES_MAX; i++)
		forget(&session->variables[i]);
}
