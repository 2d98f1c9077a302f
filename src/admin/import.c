/* Many clients in one call: a list in JSON, or a table in CSV whose first line names its columns.
 *
 * All is looked at before anything is changed, so that one answer says everything that is wrong, each with its line (of
 * a list: its place, from 1). With mistakes nothing is changed, unless ?partial says to take the rest. ?dry_run changes
 * nothing in any case. ?mode=put replaces clients that are there, which is a mistake otherwise. What is imported is one
 * change: after a power cut all of it is there, or none. */
#include "admin/admin.h"

#include <stdio.h>

#include "admin/csv.h"
#include "base/media.h"
#include "base/table.h"

enum { LINES_MAX = 20000, SHOWN_MISTAKES_MAX = 1000 };

struct row {
	struct admin_client client;
	unsigned line;
	bool wrong;
	UT_hash_handle hh; /* by id */
};

struct import {
	struct admin_call *call;
	struct row *rows;
	unsigned nrows;
	struct row *by_id;
	struct value *lines; /* of the answer: mistakes, and what was made */
	unsigned total, wrong, shown, added, replaced;
	unsigned new_keys;
	enum clients_put how;
	bool no_memory;
};

static bool no_memory(struct import *import)
{
	import->no_memory = true;
	return false;
}

/* A line of the answer. NULL: over budget. */
static struct value *say(struct import *import, unsigned line, slice id)
{
	struct arena *arena = import->call->arena;
	struct value *map = value_map(arena);
	bool said = map && value_set_new(map, SLICE("line"), value_uint(arena, line)) &&
	            (!id.n || value_set_new(map, SLICE("id"), value_text(arena, id))) &&
	            value_append(import->lines, map);
	if (!said)
		import->no_memory = true;
	return said ? map : NULL;
}

/* What the id is need not be sound. */
static void mistake(struct import *import, unsigned line, slice id, slice why)
{
	struct arena *arena = import->call->arena;
	import->wrong++;
	if (import->shown++ >= SHOWN_MISTAKES_MAX)
		return;
	if (id.n > CLIENT_ID_MAX_BYTES)
		id = (slice){ NULL, 0 };
	struct value *map = say(import, line, id);
	slice copied = arena_copy_slice(arena, why);
	if (!map || !copied.p || !value_set_new(map, SLICE("why"), value_text(arena, copied)))
		import->no_memory = true;
}

/* ---- Looking at it */

static struct row *named(struct import *import, slice id)
{
	struct row *row;
	HASH_FIND(hh, import->by_id, id.p, id.n, row);
	return row;
}

static bool enter(struct import *import, struct row *row)
{
	slice id = row->client.client.id;
	HASH_ADD_KEYPTR(hh, import->by_id, id.p, id.n, row);
	return named(import, id) == row || no_memory(import);
}

static unsigned count_keys(const struct admin_client *client)
{
	return client->ncertificates + (client->psk.p != NULL) + (client->password_hash.p != NULL) +
	       client->token + client->api_key;
}

/* Is there room for it? How many are new is counted for that. */
static bool has_room(struct import *import, const struct admin_client *client)
{
	const struct core *core = import->call->core;
	bool fresh = !clients_find(core, client->client.id, NULL);
	unsigned keys = count_keys(client);
	if (fresh && import->added >= clients_room(core))
		return false;
	if (import->new_keys + keys > clients_key_room(core))
		return false;
	import->added += fresh;
	import->replaced += !fresh;
	import->new_keys += keys;
	return true;
}

/* The next row is read: is it one that can be taken? */
static bool take(struct import *import, unsigned line)
{
	struct row *row = &import->rows[import->nrows];
	slice id = row->client.client.id;
	struct clients_outcome outcome = { .status = STATUS_NONE };
	const struct row *before = named(import, id);
	row->line = line;
	if (before) {
		slice why = arena_printf(
		        import->call->arena, "the same id as in line %u", before->line);
		mistake(import, line, id, why);
	} else if (!clients_check(import->call->core, &row->client.client, import->how, &outcome)) {
		mistake(import, line, id, slice_of(outcome.why));
	} else if (!has_room(import, &row->client)) {
		mistake(import, line, id,
		        SLICE("there are as many clients or keys as gateway.limits allows"));
	} else {
		import->nrows++;
		return enter(import, row);
	}
	return !import->no_memory;
}

/* A map, from JSON or made of a line. */
static bool read_one(struct import *import, const struct value *map, unsigned line)
{
	static const struct client nobody = { .id = SLICE_INIT("") };
	slice why = { NULL, 0 };
	struct row *row = &import->rows[import->nrows];
	*row = (struct row){ .line = line };
	import->total++;
	if (admin_read_client(import->call->arena, map, &nobody, &row->client, &why))
		return take(import, line);
	if (!why.p)
		return no_memory(import);
	mistake(import, line, row->client.client.id, why);
	return !import->no_memory;
}

static bool make_rows(struct import *import, size_t n)
{
	import->rows = arena_alloc(import->call->arena, (n + 1) * sizeof *import->rows);
	return import->rows || no_memory(import);
}

/* false: refused. */
static bool read_json(struct import *import)
{
	struct admin_call *call = import->call;
	const struct value *list = admin_json(call);
	if (!list)
		return false;
	if (list->kind != VALUE_LIST) {
		admin_refuse(call, STATUS_INVALID, "a list of clients is wanted, [ … ]");
		return false;
	}
	if (list->count > LINES_MAX) {
		admin_refuse(
		        call, STATUS_TOO_LARGE, "%d clients at a time are the limit", LINES_MAX);
		return false;
	}
	unsigned line = 0;
	bool going_on = make_rows(import, list->count);
	for (const struct value *at = list->as.members.first; at && going_on; at = at->next)
		going_on = read_one(import, at, ++line);
	return true;
}

/* ---- CSV */

enum column_kind { COLUMN_TEXT, COLUMN_TEXTS, COLUMN_SWITCH };

static const struct {
	const char *name;
	enum column_kind kind;
} columns[] = {
	{ "id", COLUMN_TEXT },
	{ "roles", COLUMN_TEXTS },
	{ "plan", COLUMN_TEXT },
	{ "disabled", COLUMN_SWITCH },
	{ "allow", COLUMN_TEXTS },
	{ "deny", COLUMN_TEXTS },
	{ "acts_for", COLUMN_TEXTS },
	{ "psk", COLUMN_TEXT },
	{ "password_hash", COLUMN_TEXT },
	{ "certificates", COLUMN_TEXTS },
	{ "token", COLUMN_SWITCH },
	{ "api_key", COLUMN_SWITCH },
};
enum { COLUMNS = sizeof columns / sizeof *columns };

struct heading {
	unsigned columns[CSV_FIELDS_MAX];
	unsigned n;
};

static bool read_heading(struct admin_call *call, const struct csv *csv, struct heading *heading)
{
	bool seen[COLUMNS] = { false };
	for (heading->n = 0; heading->n < csv->n; heading->n++) {
		slice name = csv->fields[heading->n];
		unsigned i = 0;
		while (i < COLUMNS && !slice_is(name, columns[i].name))
			i++;
		if (i == COLUMNS || seen[i]) {
			if (name.n > 32)
				name.n = 32;
			admin_refuse(call, STATUS_INVALID, "line %u: %s column \"%.*s\"", csv->line,
			        i == COLUMNS ? "there is no" : "a second", SLICE_ARG(name));
			return false;
		}
		seen[i] = true;
		heading->columns[heading->n] = i;
	}
	if (seen[0])
		return true;
	admin_refuse(call, STATUS_INVALID,
	        "line %u: the first line names the columns, and id is one of them", csv->line);
	return false;
}

/* Texts in one field stand between semicolons. */
static struct value *split(struct arena *arena, slice field)
{
	struct value *list = value_list(arena);
	while (list && field.n) {
		slice text = slice_trim(slice_cut(&field, ';'));
		if (text.n && !value_append(list, value_text(arena, text)))
			return NULL;
	}
	return list;
}

/* NULL: over budget. What is neither yes nor no stays a text, which is refused as such. */
static struct value *cell(struct arena *arena, enum column_kind kind, slice field)
{
	if (kind == COLUMN_TEXTS)
		return split(arena, field);
	bool yes = slice_is(field, "true") || slice_is(field, "yes") || slice_is(field, "1");
	bool no = slice_is(field, "false") || slice_is(field, "no") || slice_is(field, "0");
	if (kind == COLUMN_SWITCH && (yes || no))
		return value_bool(arena, yes);
	return value_text(arena, field);
}

/* The same as in JSON; an empty field is a member that is left out. */
static bool read_row(struct import *import, const struct csv *csv, const struct heading *heading)
{
	struct arena *arena = import->call->arena;
	struct value *map = value_map(arena);
	if (csv->n != heading->n) {
		import->total++;
		mistake(import, csv->line, csv->fields[0],
		        SLICE("not as many fields as there are columns"));
		return !import->no_memory;
	}
	for (unsigned i = 0; map && i < csv->n; i++) {
		unsigned column = heading->columns[i];
		slice name = slice_of(columns[column].name);
		if (csv->fields[i].n && !value_set_new(map, name,
		                                cell(arena, columns[column].kind, csv->fields[i])))
			map = NULL;
	}
	return map ? read_one(import, map, csv->line) : no_memory(import);
}

static unsigned count_lines(slice text)
{
	unsigned n = 0;
	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n + 1;
}

/* One row after the other, wrong ones among them. */
static void read_rows(struct import *import, struct csv *csv, const struct heading *heading)
{
	bool going_on = true;
	while (going_on) {
		const char *why;
		switch (csv_next(csv, import->call->arena, &why)) {
		case CSV_ROW:
			going_on = read_row(import, csv, heading);
			break;
		case CSV_WRONG:
			import->total++;
			mistake(import, csv->line, (slice){ NULL, 0 }, slice_of(why));
			going_on = !import->no_memory;
			break;
		case CSV_NO_MEMORY:
			going_on = no_memory(import);
			break;
		case CSV_END:
			return;
		}
	}
}

/* false: refused. */
static bool read_csv(struct import *import, slice body)
{
	struct admin_call *call = import->call;
	struct csv csv;
	struct heading heading;
	const char *why = "there is no line that names the columns";
	unsigned lines = count_lines(body);
	if (lines > LINES_MAX + 2) {
		admin_refuse(
		        call, STATUS_TOO_LARGE, "%d clients at a time are the limit", LINES_MAX);
		return false;
	}
	csv_init(&csv, body);
	if (csv_next(&csv, call->arena, &why) != CSV_ROW) {
		admin_refuse(call, STATUS_MALFORMED, "line 1: %s", why);
		return false;
	}
	if (!read_heading(call, &csv, &heading))
		return false;
	if (make_rows(import, lines))
		read_rows(import, &csv, &heading);
	return true;
}

/* ---- Doing it */

static struct value *summary(struct import *import, bool changed)
{
	struct arena *arena = import->call->arena;
	struct value *map = value_map(arena);
	bool said = map && value_set_new(map, SLICE("total"), value_uint(arena, import->total)) &&
	            value_set_new(map, SLICE("wrong"), value_uint(arena, import->wrong)) &&
	            value_set_new(map, SLICE("added"), value_uint(arena, import->added)) &&
	            value_set_new(map, SLICE("replaced"), value_uint(arena, import->replaced)) &&
	            value_set_new(map, SLICE("changed"), value_bool(arena, changed)) &&
	            value_set_new(map, SLICE("lines"), import->lines);
	return said ? map : NULL;
}

/* An answer without a change; with a status that says whether there would have been one. */
static void only_say(struct import *import)
{
	struct value *answer = summary(import, false);
	struct admin_call *call = import->call;
	if (!answer) {
		admin_no_memory(call);
		return;
	}
	call->exchange->why = arena_printf(call->arena, "%u of %u are wrong; nothing was changed",
	        import->wrong, import->total);
	admin_answer(call, import->wrong ? STATUS_INVALID : STATUS_OK, answer);
}

static bool put(struct import *import, const struct row *row)
{
	struct value *issued = value_list(import->call->arena);
	if (!issued || !admin_put_client(import->call, &row->client, import->how, issued))
		return false;
	if (!issued->count)
		return true;
	struct value *map = say(import, row->line, row->client.client.id);
	return map && value_set_new(map, SLICE("issued"), issued);
}

static void change(struct import *import)
{
	struct admin_call *call = import->call;
	struct clients_outcome *outcome = &call->change.outcome;
	for (unsigned i = 0; i < import->nrows; i++) {
		const struct row *row = &import->rows[i];
		if (put(import, row))
			continue;
		clients_abandon(&call->change);
		/* A step that is refused says why; without a reason it is the answer that has no room. */
		if (import->no_memory || outcome->status == STATUS_NONE || !*outcome->why)
			admin_no_memory(call);
		else
			admin_refuse(call, outcome->status, "line %u: %s; nothing was changed",
			        row->line, outcome->why);
		return;
	}
	struct value *answer = summary(import, true);
	if (answer)
		admin_commit(call, STATUS_OK, answer);
	else
		admin_no_memory(call);
}

static bool read_how(struct import *import)
{
	slice mode = admin_parameter(import->call, "mode");
	import->how = slice_is(mode, "put") ? CLIENTS_PUT : CLIENTS_ADD;
	if (!mode.p || slice_is(mode, "put") || slice_is(mode, "add"))
		return true;
	admin_refuse(import->call, STATUS_INVALID, "mode is add or put");
	return false;
}

void admin_import(struct admin_call *call)
{
	const struct message *message = &call->exchange->request->call;
	struct import import = { .call = call, .lines = value_list(call->arena) };
	if (!message->body.n) {
		admin_refuse(call, STATUS_UNSUPPORTED_MEDIA,
		        "this wants a body of application/json or text/csv");
		return;
	}
	if (!read_how(&import))
		return;
	bool table = media_same(message->media, SLICE("text/csv"));
	bool partial = admin_switch(call, "partial"), dry = admin_switch(call, "dry_run");
	bool read = table ? read_csv(&import, message->body) : read_json(&import);
	HASH_CLEAR(hh, import.by_id);
	if (!read)
		return;
	if (import.no_memory || !import.lines)
		admin_no_memory(call);
	else if (dry || (import.wrong && !partial) || !import.nrows)
		only_say(&import);
	else
		change(&import);
}
