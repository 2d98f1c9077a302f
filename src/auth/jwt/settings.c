#include "auth/jwt/settings.h"

enum {
	SETTINGS_MAX_BYTES = 256 * 1024,
	SKEW_MAX_MS = 5 * 60 * 1000,
	TOKEN_MAX_BYTES = 256 * 1024,
	REMEMBERED_MAX = 1000000
};

static const struct setting claim_settings[] = {
	{ .key = "id", .type = SETTING_TEXT, .fallback = "sub", .help = "the client's id" },
	{ .key = "roles",
	        .type = SETTING_TEXT,
	        .fallback = "roles",
	        .help = "its roles, a list or words; without the claim, those of the client" },
	{ .key = "plan", .type = SETTING_TEXT, .fallback = "plan", .help = "its plan's name" },
	{ .key = "scopes",
	        .type = SETTING_TEXT,
	        .fallback = "scope",
	        .help = "narrows its roles to those named; empty: not looked at" },
	{ .key = NULL },
};

static const char *const client_words[] = { "required", "optional", NULL };

const struct setting jwt_settings_table[] = {
	{ .key = "issuer", .type = SETTING_TEXT, .help = "what the claim iss must be, exactly" },
	{ .key = "audience",
	        .type = SETTING_TEXT_OR_TEXTS,
	        .help = "the claim aud must name this, or one of these; without it, a token that "
	                "names any is refused" },
	{ .key = "algorithms",
	        .type = SETTING_TEXTS,
	        .help = "the only ones taken (default: HS256, HS384, HS512 with a secret, else "
	                "those of public keys)" },
	{ .key = "jwks",
	        .type = SETTING_TEXT,
	        .help = "file:PATH or https://… of a JWK Set; a file is read again when it "
	                "changes" },
	{ .key = "key",
	        .type = SETTING_TEXT,
	        .help = "file:PATH of a public key or a certificate in PEM; read again when it "
	                "changes" },
	{ .key = "secret",
	        .type = SETTING_SECRET,
	        .help = "the secret of HS256, HS384, HS512: env:NAME or file:PATH" },
	{ .key = "refresh",
	        .type = SETTING_DURATION,
	        .fallback = "5m",
	        .help = "how old fetched keys may be; Cache-Control may shorten it to 10s" },
	{ .key = "max_stale",
	        .type = SETTING_DURATION,
	        .fallback = "1h",
	        .help = "how much longer they are used while they cannot be fetched" },
	{ .key = "timeout",
	        .type = SETTING_DURATION,
	        .fallback = "5s",
	        .help = "of one attempt to fetch them" },
	{ .key = "ca",
	        .type = SETTING_FILE,
	        .help = "PEM: whose certificates are believed of who serves the keys (default: "
	                "those the system trusts)" },
	{ .key = "server_name",
	        .type = SETTING_TEXT,
	        .help = "the name in that certificate (default: the URL's host)" },
	{ .key = "skew",
	        .type = SETTING_DURATION,
	        .fallback = "30s",
	        .help = "how far the clocks may differ; at most 5m" },
	{ .key = "max_age",
	        .type = SETTING_DURATION,
	        .help = "how long after it was issued (iat) a token is taken" },
	{ .key = "expiry",
	        .type = SETTING_TEXT,
	        .fallback = "required",
	        .choices = client_words,
	        .help = "may a token be without an end (exp)?" },
	{ .key = "require", .type = SETTING_TEXTS, .help = "claims that must be there" },
	{ .key = "types",
	        .type = SETTING_TEXTS,
	        .help = "what typ in the header must be (default: JWT, at+jwt or absent)" },
	{ .key = "claims",
	        .type = SETTING_TREE,
	        .inner = claim_settings,
	        .help = "which claims say who it is: names, dotted paths or JSON Pointers" },
	{ .key = "role_map",
	        .type = SETTING_TREE,
	        .help = "map: the token's name of a role, and ours; others count for nothing" },
	{ .key = "clients",
	        .type = SETTING_TEXT,
	        .fallback = "required",
	        .choices = client_words,
	        .help = "must the id be that of a known client?" },
	{ .key = "size",
	        .type = SETTING_SIZE,
	        .fallback = "16KiB",
	        .help = "a longer token is refused unread" },
	{ .key = "remember",
	        .type = SETTING_NUMBER,
	        .fallback = "4096",
	        .help = "how many verified tokens are remembered" },
	{ .key = NULL },
};

/* A list of texts, or one. */
static bool read_texts(struct jwt_settings *settings, const struct config *node,
        const slice **texts, unsigned *n, struct error *error)
{
	if (!node)
		return true;
	bool list = node->kind == CONFIG_LIST;
	slice *to = arena_alloc(&settings->arena, (list ? node->count : 1) * sizeof *to);
	if (!to)
		return error_set(error, "out of memory");
	for (const struct config *at = list ? node->first : node; at; at = list ? at->next : NULL) {
		if (!at->text.n)
			return config_error(at, error, "empty");
		to[*n] = arena_copy_slice(&settings->arena, at->text);
		if (!to[(*n)++].p)
			return error_set(error, "out of memory");
	}
	if (!*n)
		return config_error(node, error, "an empty list: leave it out, or name one");
	*texts = to;
	return true;
}

static bool read_algorithms(
        struct jwt_settings *settings, const struct config *config, struct error *error)
{
	const struct config *list = config_get(config, "algorithms");
	if (!list) {
		bool secret = config_get(config, "secret") != NULL;
		for (enum algorithm i = 0; i < ALGORITHMS; i++)
			settings->accepts[i] = secret == (i <= ALGORITHM_HS512);
		return true;
	}
	CONFIG_EACH (list, name) {
		enum algorithm algorithm;
		if (slice_equal_nocase(name->text, SLICE("none")))
			return config_error(
			        name, error, "a token that is not signed proves nothing");
		if (!algorithm_find(name->text, &algorithm))
			return config_error(name, error,
			        "no algorithm is called %s; there are HS256, RS256, PS256, ES256, "
			        "these with 384 and 512, and EdDSA",
			        name->text.p);
		settings->accepts[algorithm] = true;
	}
	return list->count > 0 || config_error(list, error, "with no algorithm no token is taken");
}

static const struct config *root_of(const struct config *node)
{
	while (node->parent)
		node = node->parent;
	return node;
}

static bool read_role_map(
        struct jwt_settings *settings, const struct config *map, struct error *error)
{
	if (!map)
		return true;
	if (map->kind != CONFIG_MAP)
		return config_error(map, error, "must be a map of roles");
	settings->has_role_map = true;
	struct jwt_role *roles = arena_alloc(&settings->arena, map->count * sizeof *roles);
	CONFIG_EACH (map, at) {
		if (at->kind != CONFIG_SCALAR || !at->text.n)
			return config_error(at, error, "must be the name of a role");
		if (!roles)
			break;
		struct jwt_role *role = &roles[settings->nrole_map++];
		if (!config_get(config_get(root_of(map), "roles"), at->text.p))
			return config_error(at, error, "no role of this name under roles:");
		role->theirs = arena_copy_slice(&settings->arena, at->key);
		role->ours = arena_copy_slice(&settings->arena, at->text);
		if (!role->theirs.p || !role->ours.p)
			roles = NULL;
	}
	settings->role_map = roles;
	return roles || error_set(error, "out of memory");
}

static bool read_limits(
        struct jwt_settings *settings, const struct config *config, struct error *error)
{
	struct claim_rules *rules = &settings->rules;
	rules->skew_ms = config_duration_ms(config, "skew");
	if (rules->skew_ms > SKEW_MAX_MS)
		return config_error(config_get(config, "skew"), error,
		        "clocks that differ by more than 5m are wrong: 5m is the limit");
	rules->max_age_ms = config_duration_ms(config, "max_age");
	rules->may_be_endless = slice_is(config_text(config, "expiry"), "optional");
	settings->unlisted = slice_is(config_text(config, "clients"), "optional");
	settings->token_max_bytes = config_size(config, "size");
	if (settings->token_max_bytes > TOKEN_MAX_BYTES)
		return config_error(config_get(config, "size"), error, "256KiB is the limit");
	uint64_t remembered = config_number(config, "remember");
	if (remembered > REMEMBERED_MAX)
		return config_error(config_get(config, "remember"), error, "1000000 is the limit");
	settings->remembered_max = (unsigned)remembered;
	return true;
}

/* A claim's path from `claims`, or what stands for it. */
static bool read_path(
        struct jwt_settings *settings, const struct config *claims, const char *key, slice *path)
{
	slice text = claims ? config_text(claims, key)
	                    : slice_of(setting_find(claim_settings, slice_of(key))->fallback);
	*path = arena_copy_slice(&settings->arena, text);
	return path->p != NULL;
}

bool jwt_settings_read(
        struct jwt_settings *settings, const struct config *config, struct error *error)
{
	*settings = (struct jwt_settings){ .ntypes = 0 };
	arena_init(&settings->arena, SETTINGS_MAX_BYTES);
	struct claim_rules *rules = &settings->rules;
	const struct config *issuer = config_get(config, "issuer");
	if (issuer && !config_text(config, "issuer").n)
		return config_error(issuer, error, "empty; without this key any issuer is taken");
	if (issuer)
		rules->issuer = arena_copy_slice(&settings->arena, config_text(config, "issuer"));
	if (!read_texts(settings, config_get(config, "audience"), &rules->audiences,
	            &rules->naudiences, error) ||
	        !read_texts(settings, config_get(config, "require"), &rules->required,
	                &rules->nrequired, error) ||
	        !read_texts(settings, config_get(config, "types"), &settings->types,
	                &settings->ntypes, error) ||
	        !read_algorithms(settings, config, error) ||
	        !read_role_map(settings, config_get(config, "role_map"), error) ||
	        !read_limits(settings, config, error))
		return false;
	const struct config *claims = config_get(config, "claims");
	if (!read_path(settings, claims, "id", &settings->id) ||
	        !read_path(settings, claims, "roles", &settings->roles) ||
	        !read_path(settings, claims, "plan", &settings->plan) ||
	        !read_path(settings, claims, "scopes", &settings->scopes))
		return error_set(error, "out of memory");
	return settings->id.n || config_error(config_get(claims, "id"), error, "empty");
}

void jwt_settings_finish(struct jwt_settings *settings)
{
	arena_finish(&settings->arena);
}
