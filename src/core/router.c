#include "core/router.h"

#include "base/table.h"
#include "base/text.h"
#include "base/uri.h"

/* One endpoint at a node; the names of its variables, in the order of the path. */
struct leaf {
	const struct endpoint *endpoint;
	slice names[VARIABLE_MAX];
	unsigned nnames;
	struct leaf *next;
};

struct node {
	slice segment;
	struct node *literals; /* uthash, by segment */
	struct node *any;      /* {name} */
	struct leaf *here;     /* patterns that end at this node */
	struct leaf *below;    /* patterns that end with * after this node */
	UT_hash_handle hh;
};

struct operation {
	slice name;
	struct leaf *endpoints;
	UT_hash_handle hh;
};

struct router {
	struct arena *arena;
	struct node root;
	struct operation *operations;
};

struct router *router_create(struct arena *arena)
{
	struct router *router = ARENA_NEW(arena, struct router);
	if (router)
		router->arena = arena;
	return router;
}

/* The nodes are the arena's, the tables' buckets uthash's. As deep as the longest pattern. */
static void clear_tables(struct node *node)
{
	struct node *child, *following;
	HASH_ITER(hh, node->literals, child, following)
	{
		clear_tables(child);
	}
	HASH_CLEAR(hh, node->literals);
	if (node->any)
		clear_tables(node->any);
}

void router_destroy(struct router *router)
{
	if (!router)
		return;
	clear_tables(&router->root);
	HASH_CLEAR(hh, router->operations);
}

static bool is_variable(slice segment)
{
	return segment.n > 2 && segment.p[0] == '{' && segment.p[segment.n - 1] == '}';
}

static slice variable_name(slice segment)
{
	return (slice){ segment.p + 1, segment.n - 2 };
}

/* A literal that is written otherwise than the paths of requests would never be met. */
static bool is_normal_literal(slice segment)
{
	struct arena arena;
	arena_init(&arena, 16384);
	slice raw = arena_printf(&arena, "/%.*s", SLICE_ARG(segment)), normal = raw;
	bool same = raw.p && uri_path_normalise(&arena, raw, &normal) == URI_OK &&
	            slice_equal(raw, normal);
	arena_finish(&arena);
	return same;
}

static bool segment_valid(slice segment, bool last, const char **why)
{
	if (slice_is(segment, "*")) {
		*why = "* may only be the last segment";
		return last;
	}
	slice name = is_variable(segment) ? variable_name(segment) : segment;
	*why = "a segment is a literal, {name}, or * at the end; braces enclose a whole segment";
	if (slice_find(name, '{') < name.n || slice_find(name, '}') < name.n)
		return false;
	if (slice_find(segment, '*') < segment.n)
		return false;
	*why = "an empty segment (// or a / at the end)";
	if (!segment.n)
		return false;
	*why = "a segment as no request has it; say letters, digits and -._~!$&'()+,;=:@ as they "
	       "are, "
	       "all else as %XX";
	return is_variable(segment) || is_normal_literal(segment);
}

bool router_pattern_valid(slice pattern, const char **why)
{
	*why = "a path begins with /";
	if (!pattern.n || pattern.p[0] != '/')
		return false;
	if (pattern.n == 1)
		return true;
	slice names[VARIABLE_MAX];
	unsigned n = 0;
	slice rest = slice_from(pattern, 1);
	while (rest.p) {
		slice segment = slice_cut(&rest, '/');
		if (!segment_valid(segment, !rest.p, why))
			return false;
		if (!is_variable(segment) && !slice_is(segment, "*"))
			continue;
		if (n == VARIABLE_MAX) {
			*why = "more than 8 variables";
			return false;
		}
		slice name = is_variable(segment) ? variable_name(segment) : segment;
		for (unsigned i = 0; i < n; i++) {
			if (slice_equal(names[i], name)) {
				*why = "a variable stands there twice";
				return false;
			}
		}
		names[n++] = name;
	}
	return true;
}

static struct node *descend(struct router *router, struct node *node, slice segment)
{
	struct node *child;
	HASH_FIND(hh, node->literals, segment.p, segment.n, child);
	if (child)
		return child;
	child = ARENA_NEW(router->arena, struct node);
	if (!child)
		return NULL;
	child->segment = segment;
	HASH_ADD_KEYPTR(hh, node->literals, child->segment.p, child->segment.n, child);
	struct node *added;
	HASH_FIND(hh, node->literals, segment.p, segment.n, added);
	return added;
}

bool endpoint_serves(const struct endpoint *endpoint, const char *protocol)
{
	if (!endpoint->protocols)
		return true;
	for (const char *const *name = endpoint->protocols; *name; name++) {
		if (strcmp(*name, protocol) == 0)
			return true;
	}
	return false;
}

static bool overlap(const struct endpoint *a, const struct endpoint *b)
{
	if (!(a->methods & b->methods))
		return false;
	if (!a->protocols || !b->protocols)
		return true;
	for (const char *const *name = a->protocols; *name; name++) {
		if (endpoint_serves(b, *name))
			return true;
	}
	return false;
}

static bool add_operation(struct router *router, const struct endpoint *endpoint)
{
	struct operation *operation;
	HASH_FIND(hh, router->operations, endpoint->operation.p, endpoint->operation.n, operation);
	if (!operation) {
		operation = ARENA_NEW(router->arena, struct operation);
		if (!operation)
			return false;
		operation->name = endpoint->operation;
		HASH_ADD_KEYPTR(
		        hh, router->operations, operation->name.p, operation->name.n, operation);
	}
	struct leaf *leaf = ARENA_NEW(router->arena, struct leaf);
	if (!leaf)
		return false;
	leaf->endpoint = endpoint;
	leaf->next = operation->endpoints;
	operation->endpoints = leaf;
	return true;
}

/* The leaves that the pattern's end belongs to, with the variables' names; NULL: over budget. */
static struct leaf **place(struct router *router, slice pattern, struct leaf *leaf)
{
	struct node *node = &router->root;
	slice rest = pattern.n > 1 ? slice_from(pattern, 1) : (slice){ NULL, 0 };
	while (rest.p) {
		slice segment = slice_cut(&rest, '/');
		if (slice_is(segment, "*")) {
			leaf->names[leaf->nnames++] = segment;
			return &node->below;
		}
		if (is_variable(segment)) {
			leaf->names[leaf->nnames++] = variable_name(segment);
			if (!node->any)
				node->any = ARENA_NEW(router->arena, struct node);
			node = node->any;
		} else {
			node = descend(router, node, segment);
		}
		if (!node)
			return NULL;
	}
	return &node->here;
}

bool router_add(
        struct router *router, const struct endpoint *endpoint, const struct endpoint **other)
{
	*other = NULL;
	struct leaf *leaf = ARENA_NEW(router->arena, struct leaf);
	if (!leaf)
		return false;
	leaf->endpoint = endpoint;
	struct leaf **leaves = place(router, endpoint->path, leaf);
	if (!leaves)
		return false;
	for (const struct leaf *at = *leaves; at; at = at->next) {
		if (overlap(at->endpoint, endpoint)) {
			*other = at->endpoint;
			return false;
		}
	}
	leaf->next = *leaves;
	*leaves = leaf;
	return !endpoint->operation.n || add_operation(router, endpoint);
}

struct search {
	const char *protocol;
	unsigned method;
	slice values[VARIABLE_MAX];
	struct route_match *match;
};

static bool take(struct search *search, const struct leaf *leaf)
{
	for (; leaf; leaf = leaf->next) {
		const struct endpoint *endpoint = leaf->endpoint;
		if (!endpoint_serves(endpoint, search->protocol))
			continue;
		search->match->methods_allowed |= endpoint->methods;
		if (!(endpoint->methods & search->method))
			continue;
		search->match->endpoint = endpoint;
		search->match->nvariables = leaf->nnames;
		for (unsigned i = 0; i < leaf->nnames; i++)
			search->match->variables[i] =
			        (struct variable){ leaf->names[i], search->values[i] };
		return true;
	}
	return false;
}

/* `rest`: what follows the node's own segment and its "/"; p == NULL: nothing. As deep as the longest
 * pattern, not as the path. */
static bool walk(struct search *search, const struct node *node, slice rest, unsigned captured)
{
	if (!rest.p)
		return take(search, node->here);
	slice after = rest;
	slice segment = slice_cut(&after, '/');
	const struct node *child;
	HASH_FIND(hh, node->literals, segment.p, segment.n, child);
	if (child && walk(search, child, after, captured))
		return true;
	if (!segment.n)
		return false;
	if (node->any) {
		search->values[captured] = segment;
		if (walk(search, node->any, after, captured + 1))
			return true;
	}
	if (!node->below)
		return false;
	search->values[captured] = rest;
	return take(search, node->below);
}

void router_find(const struct router *router, const char *protocol, enum method method, slice path,
        struct route_match *match)
{
	*match = (struct route_match){ 0 };
	struct search search = { .protocol = protocol, .method = 1u << method, .match = match };
	if (method == METHOD_HEAD)
		search.method |= 1u << METHOD_GET;
	slice rest = path.n > 1 ? slice_from(path, 1) : (slice){ NULL, 0 };
	(void)walk(&search, &router->root, rest, 0);
}

static bool begins_with(slice pattern, slice prefix)
{
	if (slice_is(prefix, "/"))
		return true;
	return slice_starts(pattern, prefix) &&
	       (pattern.n == prefix.n || pattern.p[prefix.n] == '/');
}

const struct endpoint *router_find_operation(
        const struct router *router, const char *protocol, slice prefix, slice operation)
{
	struct operation *found;
	HASH_FIND(hh, router->operations, operation.p, operation.n, found);
	if (!found)
		return NULL;
	for (const struct leaf *leaf = found->endpoints; leaf; leaf = leaf->next) {
		if (endpoint_serves(leaf->endpoint, protocol) &&
		        begins_with(leaf->endpoint->path, prefix))
			return leaf->endpoint;
	}
	return NULL;
}

slice router_expand(struct arena *arena, slice template, const struct variable *variables,
        unsigned n, slice *missing)
{
	*missing = (slice){ NULL, 0 };
	if (slice_find(template, '{') == template.n)
		return template;
	struct text text;
	text_init(&text, arena, template.n + 32);
	while (template.n) {
		size_t open = slice_find(template, '{');
		text_bytes(&text, template.p, open);
		template = slice_from(template, open + 1);
		if (!template.p)
			break;
		slice name = slice_cut(&template, '}');
		unsigned i = 0;
		while (i < n && !slice_equal(variables[i].name, name))
			i++;
		if (i == n) {
			*missing = name;
			return (slice){ NULL, 0 };
		}
		text_slice_add(&text, variables[i].value);
	}
	return text_slice(&text);
}

void router_each_variable(slice template, void (*each)(void *arg, slice name), void *arg)
{
	while (template.n) {
		template = slice_from(template, slice_find(template, '{') + 1);
		if (template.p)
			each(arg, slice_cut(&template, '}'));
	}
}
