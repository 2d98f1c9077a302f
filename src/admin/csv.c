#include "admin/csv.h"

void csv_init(struct csv *csv, slice text)
{
	static const slice mark = SLICE_INIT("\xef\xbb\xbf");
	*csv = (struct csv){ .rest = slice_starts(text, mark) ? slice_from(text, mark.n) : text,
		.next = 1 };
}

/* Past the end of the line; a wrong line is skipped whole. */
static void skip_line(struct csv *csv)
{
	size_t end = slice_find(csv->rest, '\n');
	csv->rest = slice_from(csv->rest, end + 1);
	csv->next++;
}

static enum csv_answer wrong(struct csv *csv, const char **why, const char *what)
{
	*why = what;
	skip_line(csv);
	return CSV_WRONG;
}

/* Is what comes the end of a field: a comma, the end of a line, the end of all? */
static bool ends(slice rest)
{
	return !rest.n || rest.p[0] == ',' || rest.p[0] == '\n' ||
	       slice_starts(rest, SLICE("\r\n"));
}

/* Of a text that begins with a quote: the place of the one that closes it, how many inside are doubled, and how many
 * lines end there. */
static bool find_close(slice text, size_t *close, size_t *doubled, unsigned *lines)
{
	*doubled = 0;
	*lines = 0;
	for (size_t at = 1; at < text.n; at++) {
		*lines += text.p[at] == '\n';
		if (text.p[at] != '"')
			continue;
		*close = at;
		if (at + 1 == text.n || text.p[at + 1] != '"')
			return true;
		++*doubled;
		at++;
	}
	return false;
}

/* Two quotes are one. p NULL: over budget. */
static slice undouble(struct arena *arena, slice text, size_t doubled)
{
	char *copy = arena_alloc_raw(arena, text.n - doubled + 1);
	size_t n = 0;
	for (size_t i = 0; copy && i < text.n; i++) {
		copy[n++] = text.p[i];
		i += text.p[i] == '"';
	}
	return (slice){ copy, n };
}

static enum csv_answer quoted(struct csv *csv, struct arena *arena, slice *field, const char **why)
{
	size_t close, doubled;
	unsigned lines;
	if (!find_close(csv->rest, &close, &doubled, &lines))
		return wrong(csv, why, "a quote is not closed");
	*field = (slice){ csv->rest.p + 1, close - 1 };
	if (doubled)
		*field = undouble(arena, *field, doubled);
	if (!field->p)
		return CSV_NO_MEMORY;
	csv->rest = slice_from(csv->rest, close + 1);
	csv->next += lines;
	return ends(csv->rest) ? CSV_ROW : wrong(csv, why, "something follows a closing quote");
}

static enum csv_answer plain(struct csv *csv, slice *field, const char **why)
{
	slice rest = csv->rest;
	size_t n = 0;
	while (!ends(slice_from(rest, n))) {
		if (rest.p[n] == '"' || rest.p[n] == '\0')
			return wrong(csv, why,
			        rest.p[n] ? "a quote inside a field that has none around it"
			                  : "a byte 0");
		n++;
	}
	*field = slice_trim((slice){ rest.p, n });
	csv->rest = slice_from(rest, n);
	return CSV_ROW;
}

static void skip_empty_lines(struct csv *csv)
{
	while (slice_starts(csv->rest, SLICE("\n")) || slice_starts(csv->rest, SLICE("\r\n")))
		skip_line(csv);
}

enum csv_answer csv_next(struct csv *csv, struct arena *arena, const char **why)
{
	skip_empty_lines(csv);
	csv->line = csv->next;
	csv->n = 0;
	if (!csv->rest.n)
		return CSV_END;
	for (;;) {
		slice field = { NULL, 0 };
		enum csv_answer answer = slice_starts(csv->rest, SLICE("\""))
		                                 ? quoted(csv, arena, &field, why)
		                                 : plain(csv, &field, why);
		if (answer != CSV_ROW)
			return answer;
		if (csv->n == CSV_FIELDS_MAX)
			return wrong(csv, why, "more than 32 fields");
		csv->fields[csv->n++] = field;
		if (!slice_starts(csv->rest, SLICE(",")))
			break;
		csv->rest = slice_from(csv->rest, 1);
	}
	if (csv->rest.n)
		skip_line(csv);
	return CSV_ROW;
}
