/* fairlead client add, set, disable, enable, remove; fairlead token issue, revoke. */
#include "cli/clients.h"

#include <stdio.h>

#include "base/uri.h"
#include "crypto/password.h"

static bool put_texts(
        struct cli_clients *said, struct value *map, const char *key, const struct cli_texts *texts)
{
	if (!texts->n)
		return true;
	struct value *list = value_list(&said->arena);
	for (unsigned i = 0; list && i < texts->n; i++) {
		if (!value_append(list, value_text(&said->arena, slice_of(texts->at[i]))))
			return false;
	}
	return value_set_new(map, slice_of(key), list);
}

static bool put_text(struct cli_clients *said, struct value *map, const char *key, slice text)
{
	return !text.p || value_set_new(map, slice_of(key), value_text(&said->arena, text));
}

static bool put_true(struct cli_clients *said, struct value *map, const char *key, bool is)
{
	return !is || value_set_new(map, slice_of(key), value_bool(&said->arena, true));
}

static bool put_certificates(struct cli_clients *said, struct value *map)
{
	const struct cli_texts *certificates = &said->certificates;
	struct value *list = certificates->n ? value_list(&said->arena) : NULL;
	for (unsigned i = 0; list && i < certificates->n; i++) {
		slice text;
		if (!cli_clients_certificate(said, certificates->at[i], &text) ||
		        !value_append(list, value_text(&said->arena, text)))
			return false;
	}
	return !list || value_set_new(map, SLICE("certificates"), list);
}

static bool put_psk(struct cli_clients *said, struct value *map)
{
	slice psk = { NULL, 0 };
	return (!said->psk || cli_clients_secret(said, "--psk", said->psk, &psk)) &&
	       put_text(said, map, "psk", psk);
}

/* What leaves this process is a hash. */
static bool put_password(struct cli_clients *said, struct value *map)
{
	slice password;
	if (!said->password)
		return true;
	if (!cli_clients_secret(said, "--password", said->password, &password))
		return false;
	struct password_cost cost = password_default_cost();
	char *text = arena_alloc(&said->arena, PASSWORD_TEXT_MAX_BYTES);
	size_t n = text ? password_make(&cost, password, text) : 0;
	if (!n)
		return cli_clients_fail(
		        said, false, "a password has 1 to %d bytes", PASSWORD_MAX_BYTES);
	return put_text(said, map, "password_hash", (slice){ text, n });
}

/* NULL: said on stderr. */
static struct value *body_of(struct cli_clients *said)
{
	struct value *map = value_map(&said->arena);
	bool whole = map && put_texts(said, map, "roles", &said->roles) &&
	             put_texts(said, map, "allow", &said->allow) &&
	             put_texts(said, map, "deny", &said->deny) &&
	             put_texts(said, map, "acts_for", &said->acts_for) &&
	             put_text(said, map, "plan", slice_of(said->plan)) && put_psk(said, map) &&
	             put_password(said, map) && put_certificates(said, map) &&
	             put_true(said, map, "token", said->token) &&
	             put_true(said, map, "api_key", said->api_key) &&
	             put_true(said, map, "disabled", said->disabled);
	if (whole && said->enabled)
		whole = value_set_new(map, SLICE("disabled"), value_bool(&said->arena, false));
	return whole ? map : NULL;
}

static int tell(struct cli_clients *said, const struct value *answer, const char *what)
{
	if (said->json)
		return cli_clients_print(said, answer);
	(void)fprintf(stderr, "%s %s\n", said->words.at[0], what);
	cli_clients_issued(said, value_get(answer, SLICE("issued")));
	return CLI_OK;
}

int cli_client_add(struct cli_clients *said)
{
	const struct value *answer;
	struct value *map = body_of(said);
	if (!map || !put_text(said, map, "id", slice_of(said->words.at[0])))
		return CLI_WRONG;
	int code = cli_clients_call(said, "POST", SLICE("/admin/v1/clients"), map, &answer);
	return code == CLI_OK ? tell(said, answer, "is added") : code;
}

int cli_client_set(struct cli_clients *said)
{
	const struct value *answer;
	struct value *map = body_of(said);
	if (!map)
		return CLI_WRONG;
	if (!map->count)
		return cli_clients_fail(said, CLI_WRONG, "say what changes; --help says more");
	slice path = cli_clients_path(said, said->words.at[0], "");
	int code = cli_clients_call(said, "PATCH", path, map, &answer);
	return code == CLI_OK ? tell(said, answer, "is changed") : code;
}

/* The same for each that is named; the worst that becomes of one is what is said. */
static int each(struct cli_clients *said, const char *method, const char *rest, bool with_body,
        const char *what)
{
	int worst = CLI_OK;
	for (unsigned i = 0; i < said->words.n; i++) {
		const char *id = said->words.at[i];
		const struct value *answer;
		const struct value *body = with_body ? value_map(&said->arena) : NULL;
		int code = cli_clients_call(
		        said, method, cli_clients_path(said, id, rest), body, &answer);
		if (code != CLI_OK)
			worst = code > worst ? code : worst;
		else if (said->json && answer)
			(void)cli_clients_print(said, answer);
		else if (!said->json)
			(void)fprintf(stderr, "%s %s\n", id, what);
	}
	return worst;
}

int cli_client_disable(struct cli_clients *said)
{
	return each(said, "POST", "/disable", true, "is disabled");
}

int cli_client_enable(struct cli_clients *said)
{
	return each(said, "POST", "/enable", true, "is enabled");
}

int cli_client_remove(struct cli_clients *said)
{
	return each(said, "DELETE", "", false, "is removed");
}

/* ---- Tokens */

int cli_token_issue(struct cli_clients *said)
{
	const struct value *answer;
	slice bound_to = { NULL, 0 };
	struct value *map = value_map(&said->arena), *list = value_list(&said->arena);
	if (said->bound_to && !cli_clients_certificate(said, said->bound_to, &bound_to))
		return CLI_WRONG;
	bool whole = map && list && put_texts(said, map, "scopes", &said->scopes) &&
	             put_text(said, map, "expires_in", slice_of(said->expires)) &&
	             put_text(said, map, "bound_to", bound_to);
	if (!whole)
		return cli_clients_fail(said, CLI_FAILED, "out of memory");
	slice path =
	        cli_clients_path(said, said->words.at[0], said->api_key ? "/api-keys" : "/tokens");
	int code = cli_clients_call(said, "POST", path, map, &answer);
	if (code != CLI_OK)
		return code;
	if (said->json)
		return cli_clients_print(said, answer);
	struct value *made = answer ? (struct value *)(uintptr_t)answer : NULL;
	if (value_append(list, made))
		cli_clients_issued(said, list);
	return CLI_OK;
}

static int revoke_secret(struct cli_clients *said)
{
	slice secret;
	const struct value *answer;
	struct value *map = value_map(&said->arena);
	if (!cli_clients_secret(said, "--secret", said->secret, &secret))
		return CLI_WRONG;
	if (!map || !put_text(said, map, "secret", secret))
		return cli_clients_fail(said, CLI_FAILED, "out of memory");
	int code = cli_clients_call(said, "POST", SLICE("/admin/v1/tokens:revoke"), map, &answer);
	if (code == CLI_OK && !said->json)
		(void)fputs("it is revoked\n", stderr);
	return code;
}

int cli_token_revoke(struct cli_clients *said)
{
	int worst = said->secret ? revoke_secret(said) : CLI_OK;
	if (!said->secret && !said->words.n)
		return cli_clients_fail(
		        said, CLI_WRONG, "say a handle, as `fairlead token list` shows it");
	for (unsigned i = 0; i < said->words.n; i++) {
		const struct value *answer;
		slice handle = slice_of(said->words.at[i]);
		if (!handle.n || !uri_segment_allowed(handle))
			return cli_clients_fail(said, CLI_WRONG, "this cannot be a handle");
		struct text path;
		text_init(&path, &said->arena, 64);
		text_literal(&path, "/admin/v1/tokens");
		uri_segment_add(&path, handle);
		int code = cli_clients_call(said, "DELETE", text_slice(&path), NULL, &answer);
		if (code == CLI_OK && !said->json)
			(void)fprintf(stderr, "%s is revoked\n", said->words.at[i]);
		worst = code > worst ? code : worst;
	}
	return worst;
}
