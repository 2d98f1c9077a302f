/* An answer decides who somebody is, so nothing in it is guessed. `active` must be true or false itself: a provider that
 * writes "false" as text may mean anything by it. A name that stands twice could be read either way, by whoever stands
 * between. And a token that is bound to something other than a certificate (RFC 9449) is refused, since nothing here could
 * see a thief of it. */
#include "auth/introspection/finding.h"

#include <stdlib.h>

#include "base/media.h"
#include "codec/json.h"

static bool is_json(slice media)
{
	return media_same(media, SLICE("application/json"));
}

/* The token is not accepted, for this reason. */
static bool refuse(struct arena *arena, struct finding *finding, slice why)
{
	*finding = (struct finding){ .why = arena_copy_slice(arena, why) };
	return true;
}

/* ---- The parts */

/* A list of texts, or one text of names with blanks between (RFC 6749 section 3.3). false: neither, or too many. */
static bool read_names(struct arena *arena, const struct value *value, slice **names, unsigned *n)
{
	*n = 0;
	*names = arena_alloc(arena, FINDING_NAMES_MAX * sizeof **names);
	if (!*names)
		return false;
	if (!value || value->kind == VALUE_NULL)
		return true;
	if (value->kind == VALUE_TEXT) {
		for (slice rest = value->as.text; rest.p;) {
			slice name = slice_cut(&rest, ' ');
			if (name.n && *n == FINDING_NAMES_MAX)
				return false;
			if (name.n)
				(*names)[(*n)++] = name;
		}
		return true;
	}
	if (value->kind != VALUE_LIST || value->count > FINDING_NAMES_MAX)
		return false;
	for (const struct value *at = value->as.members.first; at; at = at->next) {
		if (at->kind != VALUE_TEXT)
			return false;
		(*names)[(*n)++] = at->as.text;
	}
	return true;
}

static bool take_names(struct arena *arena, const struct finding_rules *rules,
        const struct value *claims, struct finding *finding, struct error *error)
{
	finding->has_roles = rules->roles.n > 0;
	finding->scoped = rules->scopes.n > 0;
	if (finding->has_roles && !read_names(arena, claims_find(claims, rules->roles),
	                                  &finding->roles, &finding->nroles))
		return error_set(error, "%.*s is no list of at most %d names",
		        SLICE_ARG(rules->roles), FINDING_NAMES_MAX);
	if (finding->scoped && !read_names(arena, claims_find(claims, rules->scopes),
	                               &finding->scopes, &finding->nscopes))
		return error_set(error, "%.*s is no list of at most %d names",
		        SLICE_ARG(rules->scopes), FINDING_NAMES_MAX);
	return true;
}

/* false: it is there, and no text. */
static bool take_text(const struct value *claims, slice path, slice *text)
{
	const struct value *value = path.n ? claims_find(claims, path) : NULL;
	if (!value || value->kind == VALUE_NULL)
		return true;
	if (value->kind != VALUE_TEXT)
		return false;
	*text = value->as.text;
	return true;
}

/* RFC 7800 section 3.1. false: bound to what cannot be checked here. */
static bool take_binding(const struct value *claims, slice *bound_to)
{
	const struct value *binding = value_get(claims, SLICE("cnf"));
	if (!binding)
		return true;
	const struct value *print = value_get(binding, SLICE("x5t#S256"));
	if (!print || print->kind != VALUE_TEXT || !print->as.text.n || binding->count != 1)
		return false;
	*bound_to = print->as.text;
	return true;
}

static size_t text_bytes_of(const struct finding *finding)
{
	size_t n = finding->why.n + finding->id.n + finding->plan.n + finding->bound_to.n;
	for (unsigned i = 0; i < finding->nroles; i++)
		n += finding->roles[i].n;
	for (unsigned i = 0; i < finding->nscopes; i++)
		n += finding->scopes[i].n;
	return n;
}

/* ---- The whole */

static bool read_active(struct arena *arena, const struct finding_rules *rules,
        const struct value *claims, int64_t now_ms, struct finding *finding, struct error *error)
{
	struct error why;
	if (!claims_check(&rules->claims, claims, now_ms, &finding->times, &why))
		return refuse(arena, finding, slice_of(why.text));
	if (!take_text(claims, rules->id, &finding->id) || !finding->id.n)
		return refuse(arena, finding,
		        arena_printf(arena, "the token does not say whose it is (%.*s)",
		                SLICE_ARG(rules->id)));
	if (!take_binding(claims, &finding->bound_to))
		return refuse(arena, finding,
		        SLICE("the token is bound to a key that cannot be checked here (cnf)"));
	if (!take_names(arena, rules, claims, finding, error))
		return false;
	if (!take_text(claims, rules->plan, &finding->plan))
		return error_set(error, "%.*s is no text", SLICE_ARG(rules->plan));
	if (text_bytes_of(finding) > FINDING_TEXT_MAX_BYTES)
		return error_set(
		        error, "it says more than %d bytes of names", FINDING_TEXT_MAX_BYTES);
	finding->active = true;
	return true;
}

bool finding_read(struct arena *arena, const struct finding_rules *rules, slice media, slice body,
        int64_t now_ms, struct finding *finding, struct error *error)
{
	*finding = (struct finding){ .active = false };
	if (!is_json(media))
		return error_set(error, "it is no application/json");
	const struct value *claims = json_decode_unique(arena, body, error);
	if (!claims)
		return false;
	const struct value *active = value_get(claims, SLICE("active"));
	if (!active || active->kind != VALUE_BOOL)
		return error_set(error, "it has no active that is true or false");
	if (!active->as.boolean)
		return refuse(arena, finding, SLICE("this token is not active"));
	return read_active(arena, rules, claims, now_ms, finding, error);
}

/* What is absent stays so. */
static slice copy(char **at, slice from)
{
	return from.p ? slice_put(at, from) : from;
}

struct finding *finding_duplicate(const struct finding *from)
{
	size_t names_bytes = (from->nroles + from->nscopes) * sizeof(slice);
	struct finding *to = malloc(sizeof *to + names_bytes + text_bytes_of(from));
	if (!to)
		return NULL;
	slice *names = (slice *)(void *)(to + 1);
	char *at = (char *)(names + from->nroles + from->nscopes);
	*to = *from;
	to->roles = names;
	to->scopes = names + from->nroles;
	for (unsigned i = 0; i < from->nroles; i++)
		to->roles[i] = copy(&at, from->roles[i]);
	for (unsigned i = 0; i < from->nscopes; i++)
		to->scopes[i] = copy(&at, from->scopes[i]);
	to->why = copy(&at, from->why);
	to->id = copy(&at, from->id);
	to->plan = copy(&at, from->plan);
	to->bound_to = copy(&at, from->bound_to);
	return to;
}
