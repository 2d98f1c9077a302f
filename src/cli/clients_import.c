/* fairlead client import: one call, all or nothing; or with --partial a few hundred at a time, so that there is no limit to
 * them, others are served in between, and one sees how far it is. */
#include "cli/clients.h"

#include <stdio.h>
#include <unistd.h>

#include "admin/csv.h"
#include "api/codec.h"
#include "codec/json.h"

enum { PIECE = 500 };

struct import {
	struct cli_clients *said;
	const char *media;
	slice content;
	unsigned total, wrong, added, replaced, seen;
	bool changed, failed;
	struct value *lines; /* --json: of all pieces */
};

static void show_progress(const struct import *import, unsigned all)
{
	if (import->said->json || !isatty(STDERR_FILENO))
		return;
	(void)fprintf(stderr, "\r%u of %u …", import->seen, all);
	if (import->seen >= all)
		(void)fprintf(stderr, "\r%20s\r", "");
	(void)fflush(stderr);
}

static unsigned number(const struct value *map, slice key)
{
	const struct value *member = value_get(map, key);
	return member && member->kind == VALUE_INT ? (unsigned)member->as.integer : 0;
}

/* A line of the answer; `shift` makes its number that of the whole file. */
static void show_line(struct import *import, const struct value *line, unsigned shift)
{
	struct cli_clients *said = import->said;
	unsigned at = number(line, SLICE("line")) + shift;
	slice id = cli_clients_text(said, line, "id"), why = cli_clients_text(said, line, "why");
	const struct value *issued = value_get(line, SLICE("issued"));
	const struct value *made = issued ? issued->as.members.first : NULL;
	if (why.n)
		(void)fprintf(stderr, "%s %u: %.*s%s%.*s\n",
		        strcmp(import->media, "text/csv") == 0 ? "line" : "client", at,
		        SLICE_ARG(id), id.n ? ": " : "", SLICE_ARG(why));
	for (; made; made = made->next) {
		slice kind = cli_clients_text(said, made, "kind");
		slice secret = cli_clients_text(said, made, "secret");
		(void)printf("%.*s,%.*s,%.*s\n", SLICE_ARG(id), SLICE_ARG(kind), SLICE_ARG(secret));
	}
}

static void take_line(struct import *import, struct value *line, unsigned shift)
{
	struct arena *arena = &import->said->arena;
	unsigned at = number(line, SLICE("line")) + shift;
	if (!import->said->json)
		show_line(import, line, shift);
	else if (!value_set(line, SLICE("line"), value_uint(arena, at)))
		import->failed = true;
}

static void take_answer(struct import *import, const struct value *answer, unsigned shift)
{
	const struct value *list = value_get(answer, SLICE("lines"));
	const struct value *changed = value_get(answer, SLICE("changed"));
	import->total += number(answer, SLICE("total"));
	import->wrong += number(answer, SLICE("wrong"));
	import->added += number(answer, SLICE("added"));
	import->replaced += number(answer, SLICE("replaced"));
	import->changed |= changed && changed->kind == VALUE_BOOL && changed->as.boolean;
	struct value *at = list ? list->as.members.first : NULL;
	while (at) {
		struct value *next = at->next;
		take_line(import, at, shift);
		at->next = NULL;
		if (import->said->json && !value_append(import->lines, at))
			import->failed = true;
		at = next;
	}
}

/* One call. false: it did not come to an answer about its lines; said on stderr. */
static bool call(struct import *import, slice body, unsigned shift)
{
	struct cli_clients *said = import->said;
	struct control_answer given = { 0 };
	struct error error;
	slice path = arena_printf(&said->arena, "/admin/v1/clients:import?mode=%s%s%s",
	        said->replace ? "put" : "add", said->dry_run ? "&dry_run" : "",
	        said->partial ? "&partial" : "");
	if (!path.p || cli_clients_send(said, "POST", path, import->media, body, &given) != CLI_OK)
		return false;
	const struct value *answer = json_decode_unique(&said->arena, given.body, &error);
	if (value_get(answer, SLICE("lines"))) {
		take_answer(import, answer, shift);
		return true;
	}
	return cli_clients_fail(said, false, "%.*s%s", SLICE_ARG(given.why),
	        said->partial ? "" : "; --partial sends it in pieces");
}

/* ---- In pieces */

static bool send_rows(struct import *import, slice head, slice rows, unsigned first, unsigned all)
{
	struct text body;
	text_init(&body, &import->said->arena, head.n + rows.n + 2);
	text_slice_add(&body, head);
	text_slice_add(&body, rows);
	slice bytes = text_slice(&body);
	/* The heading is line 1 of each piece. */
	bool sent = bytes.p && call(import, bytes, first - 2);
	show_progress(import, all);
	return sent;
}

static unsigned count_rows(struct arena *arena, slice text)
{
	struct csv csv;
	const char *why;
	enum csv_answer answer;
	unsigned n = 0;
	csv_init(&csv, text);
	do {
		answer = csv_next(&csv, arena, &why);
		n += answer == CSV_ROW || answer == CSV_WRONG;
	} while (answer == CSV_ROW || answer == CSV_WRONG);
	return n ? n - 1 : 0;
}

static bool import_table(struct import *import)
{
	struct arena *arena = &import->said->arena;
	struct csv csv;
	const char *why;
	unsigned all = count_rows(arena, import->content);
	csv_init(&csv, import->content);
	if (!all || csv_next(&csv, arena, &why) != CSV_ROW)
		return call(import, import->content, 0);
	slice head = { import->content.p, (size_t)(csv.rest.p - import->content.p) };
	while (csv.rest.n) {
		slice rows = csv.rest;
		unsigned first = csv.next, n = 0;
		while (csv.rest.n && n < PIECE) {
			enum csv_answer answer = csv_next(&csv, arena, &why);
			if (answer == CSV_NO_MEMORY)
				return cli_clients_fail(import->said, false, "out of memory");
			n += answer != CSV_END;
		}
		if (csv.rest.n)
			rows.n = (size_t)(csv.rest.p - rows.p);
		import->seen += n;
		if (n && !send_rows(import, head, rows, first, all))
			return false;
	}
	return true;
}

static bool send_list(struct import *import, const struct value *piece, unsigned before)
{
	struct error error;
	slice body =
	        codec_for(SLICE("application/json"))->encode(&import->said->arena, piece, &error);
	return body.p ? call(import, body, before)
	              : cli_clients_fail(import->said, false, "%s", error.text);
}

static bool import_list(struct import *import)
{
	struct arena *arena = &import->said->arena;
	struct error error = { 0 };
	const struct value *list = json_decode_unique(arena, import->content, &error);
	if (!list || list->kind != VALUE_LIST)
		return cli_clients_fail(import->said, false, "line %u, column %u: %s", error.line,
		        error.column, list ? "a list of clients is wanted" : error.text);
	struct value *at = list->as.members.first;
	unsigned all = list->count;
	while (at) {
		struct value *piece = value_list(arena);
		unsigned before = import->seen;
		for (unsigned n = 0; piece && at && n < PIECE; n++) {
			struct value *next = at->next;
			at->next = NULL;
			(void)value_append(piece, at);
			at = next;
			import->seen++;
		}
		if (!piece || !send_list(import, piece, before))
			return false;
		show_progress(import, all);
	}
	return true;
}

/* ---- The command */

static int summary(const struct import *import)
{
	struct cli_clients *said = import->said;
	struct arena *arena = &said->arena;
	int code = import->wrong || import->failed ? CLI_FAILED : CLI_OK;
	if (!said->json) {
		(void)fprintf(stderr, "%u of %u are right%s: %u %s, %u replaced; %u are wrong\n",
		        import->added + import->replaced, import->total,
		        import->changed ? "" : "; nothing was changed", import->added,
		        import->changed ? "added" : "to be added", import->replaced, import->wrong);
		return code;
	}
	struct value *map = value_map(arena);
	bool whole = map && value_set_new(map, SLICE("total"), value_uint(arena, import->total)) &&
	             value_set_new(map, SLICE("wrong"), value_uint(arena, import->wrong)) &&
	             value_set_new(map, SLICE("added"), value_uint(arena, import->added)) &&
	             value_set_new(map, SLICE("replaced"), value_uint(arena, import->replaced)) &&
	             value_set_new(map, SLICE("changed"), value_bool(arena, import->changed)) &&
	             value_set_new(map, SLICE("lines"), import->lines);
	int printed = cli_clients_print(said, whole ? map : NULL);
	return printed == CLI_OK ? code : printed;
}

int cli_client_import(struct cli_clients *said)
{
	const char *name = said->words.at[0];
	size_t n = strlen(name);
	bool table = said->csv || (n > 4 && strcmp(name + n - 4, ".csv") == 0);
	struct import import = { .said = said,
		.media = table ? "text/csv" : "application/json",
		.lines = value_list(&said->arena) };
	if (!cli_clients_read(said, name, &import.content))
		return CLI_FAILED;
	if (!import.content.n)
		return cli_clients_fail(said, CLI_FAILED, "%s is empty", name);
	bool answered;
	if (!said->partial)
		answered = call(&import, import.content, 0);
	else
		answered = table ? import_table(&import) : import_list(&import);
	int code = import.total || answered ? summary(&import) : CLI_FAILED;
	return answered ? code : CLI_FAILED;
}
