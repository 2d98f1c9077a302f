/* Which endpoint a path and method belong to.
 *
 * Patterns are made of whole segments: a literal, `{name}` for exactly one non-empty segment, and `*` at the
 * end for one or more. A literal is preferred to `{name}`, `{name}` to `*`, segment by segment from the left.
 * Each segment costs one hash look-up, however many endpoints there are. */
#ifndef CORE_ROUTER_H
#define CORE_ROUTER_H

#include "api/endpoint.h"
#include "base/arena.h"

struct router;

/* In the arena; NULL: over budget. router_destroy() frees what is not in the arena. */
struct router *router_create(struct arena *);
void router_destroy(struct router *); /* NULL is fine */

/* Is this a pattern? If not, *why says what is wrong. */
bool router_pattern_valid(slice pattern, const char **why);
/* Adds a valid pattern's endpoint. An endpoint of the same pattern with a method and protocol in common is
 * returned in *other (and nothing is added): false. false with *other NULL: over budget. */
bool router_add(struct router *, const struct endpoint *, const struct endpoint **other);

struct route_match {
	const struct endpoint *endpoint; /* NULL: none */
	unsigned
	        methods_allowed; /* when only the method is wrong: 1u << METHOD_… of what the path takes */
	struct variable variables[VARIABLE_MAX];
	unsigned nvariables;
};
/* Does the endpoint take what comes by this protocol? */
bool endpoint_serves(const struct endpoint *, const char *protocol);
/* By path and method, among the endpoints that serve this protocol. HEAD is served where GET is. */
void router_find(
        const struct router *, const char *protocol, enum method, slice path, struct route_match *);
/* By operation, among those whose pattern begins (in whole literal segments) with `prefix`; the variables are
 * left to the caller. NULL: none. */
const struct endpoint *router_find_operation(
        const struct router *, const char *protocol, slice prefix, slice operation);

/* Fills a template ("/v1/{device}") with variables. `missing` names the one that is not there. { NULL, 0 }:
 * missing, or over budget (then missing->p is NULL). */
slice router_expand(
        struct arena *, slice template, const struct variable *, unsigned n, slice *missing);
/* Calls `each` for every {name} in a template; the text between is not looked at. */
void router_each_variable(slice template, void (*each)(void *arg, slice name), void *arg);

#endif
