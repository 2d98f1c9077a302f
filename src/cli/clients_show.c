/* fairlead client list, show; fairlead token list. */
#include "cli/clients.h"

#include <stdio.h>
#include <unistd.h>

#include "base/uri.h"

enum { COLUMNS_MAX = 6, PAGE = 500 };

struct column {
	const char *title, *key;
	int width;
};

static slice shown(struct cli_clients *said, const struct value *map, const char *key)
{
	slice text = cli_clients_text(said, map, key);
	if (strcmp(key, "disabled") == 0)
		return slice_is(text, "true") ? SLICE("disabled") : SLICE("enabled");
	return text.n ? text : SLICE("-");
}

static void print_head(const struct column *columns)
{
	for (unsigned i = 0; columns[i].title; i++)
		(void)printf(columns[i + 1].title ? "%-*s " : "%*s\n",
		        columns[i + 1].title ? columns[i].width : 0, columns[i].title);
}

static void print_row(
        struct cli_clients *said, const struct column *columns, const struct value *map)
{
	for (unsigned i = 0; columns[i].title; i++) {
		slice text = shown(said, map, columns[i].key);
		bool last = !columns[i + 1].title;
		int pad = last || (int)text.n >= columns[i].width ? 0
		                                                  : columns[i].width - (int)text.n;
		(void)printf("%.*s%*s%s", SLICE_ARG(text), pad, "", last ? "\n" : " ");
	}
}

/* `name` is a parameter's; nothing is added where there is no value. */
static void add_parameter(
        struct cli_clients *said, struct text *path, const char *name, slice value)
{
	struct text segment;
	if (!value.n)
		return;
	text_init(&segment, &said->arena, value.n + 8);
	uri_segment_add(&segment, value);
	slice encoded = slice_from(text_slice(&segment), 1);
	text_printf(path, "&%s=", name);
	/* What ends a parameter, but no segment of a path. */
	for (size_t i = 0; i < encoded.n; i++) {
		if (strchr("&=+", encoded.p[i]))
			text_printf(path, "%%%02X", (unsigned)(unsigned char)encoded.p[i]);
		else
			text_char(path, encoded.p[i]);
	}
}

/* All pages of a list; each of its members is printed. */
static int print_all(struct cli_clients *said, const char *where,
        slice (*query)(struct cli_clients *), const char *member, const struct column *columns)
{
	slice after = { NULL, 0 };
	bool first = true;
	do {
		const struct value *answer;
		struct text path;
		text_init(&path, &said->arena, 128);
		text_printf(&path, "%s?limit=%d", where, PAGE);
		text_slice_add(&path, query(said));
		add_parameter(said, &path, "after", after);
		int code = cli_clients_call(said, "GET", text_slice(&path), NULL, &answer);
		if (code != CLI_OK)
			return code;
		const struct value *list = value_get(answer, slice_of(member));
		const struct value *at = list ? list->as.members.first : NULL;
		if (first && at && !said->json && isatty(STDOUT_FILENO))
			print_head(columns);
		first = false;
		for (; at; at = at->next) {
			if (said->json)
				(void)cli_clients_print(said, at);
			else
				print_row(said, columns, at);
		}
		after = cli_clients_text(said, answer, "next");
	} while (after.n);
	return CLI_OK;
}

static slice client_query(struct cli_clients *said)
{
	struct text query;
	text_init(&query, &said->arena, 64);
	add_parameter(said, &query, "prefix", slice_of(said->prefix));
	add_parameter(said, &query, "role", slice_of(said->role));
	if (said->disabled || said->enabled)
		text_printf(&query, "&disabled=%s", said->disabled ? "true" : "false");
	return text_slice(&query);
}

int cli_client_list(struct cli_clients *said)
{
	static const struct column columns[] = {
		{ "ID", "id", 24 },
		{ "STATE", "disabled", 8 },
		{ "FROM", "source", 7 },
		{ "PLAN", "plan", 12 },
		{ "ROLES", "roles", 0 },
		{ NULL, NULL, 0 },
	};
	return print_all(said, "/admin/v1/clients", client_query, "clients", columns);
}

static slice token_query(struct cli_clients *said)
{
	struct text query;
	text_init(&query, &said->arena, 64);
	add_parameter(said, &query, "client", slice_of(said->client));
	return text_slice(&query);
}

int cli_token_list(struct cli_clients *said)
{
	static const struct column columns[] = {
		{ "HANDLE", "handle", 14 },
		{ "KIND", "kind", 11 },
		{ "MADE", "made", 24 },
		{ "EXPIRES", "expires", 24 },
		{ "CLIENT", "client", 0 },
		{ NULL, NULL, 0 },
	};
	return print_all(said, "/admin/v1/tokens", token_query, "keys", columns);
}

int cli_client_show(struct cli_clients *said)
{
	const struct value *client;
	slice path = cli_clients_path(said, said->words.at[0], "");
	int code = cli_clients_call(said, "GET", path, NULL, &client);
	if (code != CLI_OK || said->json)
		return code != CLI_OK ? code : cli_clients_print(said, client);
	const struct value *at = client ? client->as.members.first : NULL;
	for (; at; at = at->next) {
		if (slice_is(at->key, "keys"))
			continue;
		char key[32];
		(void)snprintf(key, sizeof key, "%.*s", SLICE_ARG(at->key));
		slice text = cli_clients_text(said, client, key);
		(void)printf("%-9s %.*s\n", key, SLICE_ARG(text));
	}
	const struct value *keys = value_get(client, SLICE("keys"));
	for (at = keys ? keys->as.members.first : NULL; at; at = at->next) {
		slice kind = shown(said, at, "kind"), handle = shown(said, at, "handle");
		slice expires = shown(said, at, "expires");
		(void)printf("key       %.*s %.*s, expires %.*s\n", SLICE_ARG(handle),
		        SLICE_ARG(kind), SLICE_ARG(expires));
	}
	return CLI_OK;
}
