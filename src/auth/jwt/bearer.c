#include "auth/jwt/bearer.h"

#include "base/base64.h"

/* Who somebody is stands in paths, headers and logs: no control characters, and not for ever. */
static bool is_name(slice text)
{
	if (!text.n || text.n > BEARER_ID_MAX_BYTES)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if ((unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f)
			return false;
	}
	return true;
}

/* Names as they are gathered. */
struct names {
	slice names[BEARER_NAMES_MAX];
	unsigned n;
};

static bool add_name(struct names *names, slice name, const char *what, struct error *error)
{
	if (!is_name(name))
		return error_set(error, "a name among the token's %s is none", what);
	if (names->n == BEARER_NAMES_MAX)
		return error_set(error, "the token names too many %s; 64 is the limit", what);
	names->names[names->n++] = name;
	return true;
}

/* A list of texts, or words with spaces between them (RFC 6749 section 3.3). */
static bool gather(
        const struct value *claim, struct names *names, const char *what, struct error *error)
{
	names->n = 0;
	if (claim->kind == VALUE_TEXT) {
		for (slice rest = claim->as.text; rest.p;) {
			slice word = slice_cut(&rest, ' ');
			if (word.n && !add_name(names, word, what, error))
				return false;
		}
		return true;
	}
	if (claim->kind != VALUE_LIST)
		return error_set(error, "the token's %s are neither a list nor words", what);
	for (const struct value *at = claim->as.members.first; at; at = at->next) {
		if (at->kind != VALUE_TEXT)
			return error_set(error, "a name among the token's %s is none", what);
		if (!add_name(names, at->as.text, what, error))
			return false;
	}
	return true;
}

/* Their names become ours; those that the map does not have go. */
static void map_roles(const struct jwt_settings *settings, struct names *roles)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < roles->n; i++) {
		for (unsigned j = 0; j < settings->nrole_map; j++) {
			if (slice_equal(settings->role_map[j].theirs, roles->names[i])) {
				roles->names[kept++] = settings->role_map[j].ours;
				break;
			}
		}
	}
	roles->n = kept;
}

static bool keep(struct arena *arena, const struct names *names, const slice **to, unsigned *n,
        struct error *error)
{
	slice *copy = arena_alloc(arena, names->n * sizeof *copy);
	if (!copy)
		return error_set(error, "the token says too much");
	if (names->n)
		memcpy(copy, names->names, names->n * sizeof *copy);
	*to = copy;
	*n = names->n;
	return true;
}

/* RFC 8705 section 3.1. A token that is bound to something that cannot be checked here is refused: as a mere bearer
 * token it was not meant. */
static bool read_binding(
        const struct value *claims, struct arena *arena, struct bearer *bearer, struct error *error)
{
	const struct value *confirmation = value_get(claims, SLICE("cnf"));
	if (!confirmation)
		return true;
	const struct value *thumbprint = value_get(confirmation, SLICE("x5t#S256"));
	slice bytes;
	if (!thumbprint || thumbprint->kind != VALUE_TEXT)
		return error_set(error, "the token is bound to a key in a way that is not "
		                        "supported (cnf)");
	if (!base64_decode_url(arena, thumbprint->as.text, &bytes) || bytes.n != DIGEST_BYTES)
		return error_set(error, "the certificate that the token is bound to is no SHA-256 "
		                        "(cnf)");
	bearer->is_bound = true;
	memcpy(bearer->certificate.bytes, bytes.p, DIGEST_BYTES);
	return true;
}

static const struct value *find(const struct value *claims, slice path)
{
	const struct value *claim = path.n ? claims_find(claims, path) : NULL;
	return claim && claim->kind != VALUE_NULL ? claim : NULL;
}

bool bearer_read(const struct jwt_settings *settings, const struct value *claims,
        struct arena *arena, struct bearer *bearer, struct error *error)
{
	const struct value *id = find(claims, settings->id);
	const struct value *roles = find(claims, settings->roles);
	const struct value *scopes = find(claims, settings->scopes);
	const struct value *plan = find(claims, settings->plan);
	struct names names;
	*bearer = (struct bearer){ .nroles = 0 };
	if (!id || id->kind != VALUE_TEXT || !is_name(id->as.text))
		return error_set(error, "the token does not say who its bearer is (%.*s)",
		        SLICE_ARG(settings->id));
	bearer->id = id->as.text;
	if (plan && (plan->kind != VALUE_TEXT || !is_name(plan->as.text)))
		return error_set(error, "the token's plan is no name");
	if (plan)
		bearer->plan = plan->as.text;
	if (roles) {
		if (!gather(roles, &names, "roles", error))
			return false;
		if (settings->has_role_map)
			map_roles(settings, &names);
		if (!keep(arena, &names, &bearer->roles, &bearer->nroles, error))
			return false;
	}
	if (scopes && (!gather(scopes, &names, "scopes", error) ||
	                      !keep(arena, &names, &bearer->scopes, &bearer->nscopes, error)))
		return false;
	return read_binding(claims, arena, bearer, error);
}
