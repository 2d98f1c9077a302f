/* `call:` of a description, and what a listener's `poll:` says in its language.
 *
 * Expressions of three kinds see three things. Those of `set` see no frame, but _transaction. `expected` sees the members
 * of the request. All others see those of the frame that was received, and the request as _request. */
#include "codec/frame/meaning/call.h"

#include "api/config.h"

enum { CALL_CONCURRENT_MAX = 16, TIMEOUT_MS_DEFAULT = 1000, SET_MAX = 32 };

/* What `set` sees the members of: none. */
static const struct type no_members = { .name = SLICE_INIT("set") };

static bool compile_type(struct loader *loader, const struct node *map, struct frame_call *call)
{
	const struct node *node = node_get(map, "type");
	if (!node)
		return node_key_error(map, loader->error,
		        "call: \"type\" is missing: which structure a request is");
	call->type = loader_find_type(loader, node->text);
	call->type_name = arena_copy_slice(loader->arena, node->text);
	if (!call->type)
		return node_error(
		        node, loader->error, "there is no type \"%.*s\"", SLICE_ARG(node->text));
	return !call->type->nmembers || call->type->members[0].kind != MEMBER_PARAMETER ||
	       node_error(node, loader->error, "the type of a request has no parameters");
}

static bool compile_set(struct loader *loader, const struct node *node, struct frame_call *call)
{
	const struct type *self = loader->self;
	if (!node)
		return true;
	if (node->kind != NODE_MAP || node->count > SET_MAX)
		return node_error(node, loader->error,
		        "set is a map of at most %d members of the request", SET_MAX);
	call->set = arena_alloc(loader->arena, node->count * sizeof *call->set);
	if (!call->set)
		return node_error(node, loader->error, "out of memory");
	loader->self = &no_members;
	loader->has_transaction = true;
	NODE_EACH (node, at) {
		struct call_member *made = &call->set[call->nset++];
		made->name = loader_intern(loader, at->key, false);
		made->expression = expression_of(loader, at);
		if (type_member(call->type, made->name) < 0)
			return node_key_error(at, loader->error, "a request has no member \"%.*s\"",
			        SLICE_ARG(at->key));
		if (!made->expression)
			return false;
	}
	loader->self = self;
	loader->has_transaction = false;
	return true;
}

static bool compile_error(struct loader *loader, const struct node *node, struct frame_call *call)
{
	static const char *const known[] = { "when", "status", "text", NULL };
	return !node || (extension_check_keys(loader, node, known, "error") &&
	                        extension_required_condition(loader, node, "when", &call->error) &&
	                        expression_optional(loader, node, "status", &call->status) &&
	                        expression_optional(loader, node, "text", &call->text));
}

static bool compile_expected(struct loader *loader, const struct node *map, struct frame_call *call)
{
	const struct type *self = loader->self;
	loader->self = call->type;
	bool good = condition_optional(loader, map, "expected", &call->expected);
	loader->self = self;
	return good;
}

static bool compile_answer(struct loader *loader, const struct node *node, struct frame_call *call)
{
	static const char *const known[] = { "when", "match", "expected", "error", "emit", NULL };
	const struct node *emit = node_get(node, "emit");
	if (!node)
		return true;
	call->answers = true;
	if (!extension_check_keys(loader, node, known, "answer") ||
	        !compile_expected(loader, node, call) ||
	        !condition_optional(loader, node, "when", &call->when))
		return false;
	loader->has_request = true;
	if (!condition_optional(loader, node, "match", &call->match) ||
	        !compile_error(loader, node_get(node, "error"), call))
		return false;
	call->emit = emit ? emit_compile(loader, emit) : NULL;
	loader->has_request = false;
	return !emit || call->emit;
}

/* With `quiet`, a match only sorts out what cannot be meant: of two requests that are alike, either may be. */
static bool compile_limits(struct loader *loader, const struct node *node, struct frame_call *call)
{
	const struct node *concurrent = node_get(node, "concurrent");
	struct frame_call_limits *limits = &call->limits;
	int64_t number = 1;
	limits->timeout_ms = TIMEOUT_MS_DEFAULT;
	limits->answers = call->answers;
	limits->matched = call->match && !node_get(node, "quiet");
	limits->marked = call->when != NULL;
	if (!extension_optional_duration(loader, node, "timeout", &limits->timeout_ms))
		return false;
	limits->quiet_ms = limits->timeout_ms;
	if (!extension_optional_duration(loader, node, "quiet", &limits->quiet_ms) ||
	        !extension_optional_number(
	                loader, node, "concurrent", 1, CALL_CONCURRENT_MAX, &number))
		return false;
	limits->concurrent = (unsigned)number;
	return number == 1 || limits->matched ||
	       node_error(concurrent, loader->error,
	               "more than one request at a time needs answer/match, by which an answer "
	               "says whose it is, and no quiet");
}

bool call_compile(struct loader *loader, const struct node *node, struct extension *extension)
{
	static const char *const known[] = { "type", "set", "answer", "timeout", "quiet",
		"concurrent", NULL };
	if (!node)
		return true;
	struct frame_call *call = ARENA_NEW(loader->arena, struct frame_call);
	if (!call)
		return node_error(node, loader->error, "out of memory");
	if (!extension_check_keys(loader, node, known, "call") ||
	        !compile_type(loader, node, call) ||
	        !compile_set(loader, node_get(node, "set"), call) ||
	        !compile_answer(loader, node_get(node, "answer"), call) ||
	        !compile_limits(loader, node, call))
		return false;
	extension->call = call;
	return true;
}

/* ---- polls ---- */

/* The configuration's tree as the description's. NULL: out of memory. */
static struct node *node_of(struct arena *arena, const struct config *config)
{
	struct node *node = ARENA_NEW(arena, struct node);
	if (!node)
		return NULL;
	*node = (struct node){ .kind = config->kind == CONFIG_MAP    ? NODE_MAP
		                       : config->kind == CONFIG_LIST ? NODE_LIST
		                                                     : NODE_SCALAR,
		.text = arena_copy_slice(arena, config->text),
		.quoted = config->quoted,
		.line = config->line,
		.column = config->column,
		.key = arena_copy_slice(arena, config->key),
		.key_line = config->key_line,
		.key_column = config->key_column,
		.count = config->count };
	CONFIG_EACH (config, at) {
		struct node *member = node_of(arena, at);
		if (!member)
			return NULL;
		if (node->last)
			node->last->next = member;
		else
			node->first = member;
		node->last = member;
	}
	return node;
}

const struct frame_poll *frame_schema_poll(struct frame_schema *schema, const struct config *path,
        const struct config *emit, struct error *error)
{
	struct loader loader = { .schema = schema,
		.arena = &schema->arena,
		.error = error,
		.self = schema->root,
		.in_extension = true,
		.has_login = true, /* whoever is polled has a name, wherever it comes from */
		.has_request = true };
	struct frame_poll *poll = ARENA_NEW(&schema->arena, struct frame_poll);
	struct node *node = emit ? node_of(&schema->arena, emit) : NULL;
	if (!poll || (emit && !node)) {
		(void)error_set(error, "out of memory");
		return NULL;
	}
	if (!path_compile(&loader, path->text, path->line, path->column, &poll->path, &poll->npath))
		return NULL;
	poll->emit = node ? emit_compile(&loader, node) : NULL;
	return !node || poll->emit ? poll : NULL;
}
