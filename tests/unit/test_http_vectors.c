/* llhttp's own cases (vectors: llhttp/cases.json), read by our parser. Each case comes with llhttp's log of what it
 * found, from which the messages that it completed are taken. The rules, by what llhttp says of a case:
 *
 *   no error        the same messages with the same bodies, and nothing refused; but see `stricter`
 *   upgrade         the same first message (what follows it is no HTTP; we upgrade nothing)
 *   data after "Connection: close"
 *                   the same messages; what follows is never looked at
 *   any other error no message that llhttp did not complete before it; refused, or never complete
 *   a lenient mode  no message beyond those of llhttp: we have no such modes, so mostly a refusal
 *
 * A method that Fairlead does not serve is a refusal (501), made after parsing. */
#include "support.h"

#include "http_transcript.h"

#include "api/message.h"

#include <stdio.h>
#include <stdlib.h>

struct example {
	slice title, type, log, input;
	bool skips_body; /* llhttp was told not to read it */
	long error;      /* llhttp's number; 0: none */
};

enum { ERROR_CLOSED = 5, ERROR_UPGRADE = 22, ERROR_PRI = 23 };

/* The text after the next `"key": ` before `end`, and moves *at there; NULL: none. */
static const char *find_key(const char *at, const char *end, const char *key)
{
	char wanted[64];
	(void)snprintf(wanted, sizeof wanted, "\"%s\":", key);
	const char *found = memmem(at, (size_t)(end - at), wanted, strlen(wanted));
	if (!found)
		return NULL;
	found += strlen(wanted);
	while (*found == ' ')
		found++;
	return found;
}

/* The inside of a JSON string; of its escapes only \n and \" matter here. */
static slice read_string(struct arena *arena, const char *at, const char *end)
{
	slice nothing = { "", 0 };
	if (!at || *at != '"')
		return nothing;
	struct text text;
	text_init(&text, arena, 1024);
	for (at++; at < end && *at != '"'; at++) {
		if (*at == '\\')
			at++;
		text_char(&text, at[-1] == '\\' && *at == 'n' ? '\n' : *at);
	}
	return text_slice(&text);
}

/* The next example; *at moves into it. */
static bool next_example(
        struct arena *arena, const char **at, const char *end, struct example *example)
{
	const char *begin = find_key(*at, end, "title");
	if (!begin)
		return false;
	const char *stop = find_key(begin, end, "title");
	if (!stop)
		stop = end;
	const char *error = find_key(begin, stop, "error");
	const char *number = error && *error == '[' ? error + 1 + strspn(error + 1, " \n") : "0";
	*example = (struct example){
		.title = read_string(arena, begin, stop),
		.type = read_string(arena, find_key(begin, stop, "type"), stop),
		.log = read_string(arena, find_key(begin, stop, "log"), stop),
		.input = from_hex(
		        arena, read_string(arena, find_key(begin, stop, "input_hex"), stop).p),
		.skips_body = find_key(begin, stop, "skipBody") != NULL,
		.error = strtol(number, NULL, 10),
	};
	*at = begin;
	return true;
}

/* "off=5 len=4 span[url]=…": the bytes, if the line is about `what`. */
static bool span_in_line(slice line, slice input, const char *what, slice *bytes)
{
	size_t off = 0, n = 0;
	char kind[32];
	char copy[128];
	(void)snprintf(copy, sizeof copy, "%.*s", SLICE_ARG(line));
	if (sscanf(copy, "off=%zu len=%zu span[%31[^]]]", &off, &n, kind) != 3 ||
	        strcmp(kind, what) != 0)
		return false;
	*bytes = (slice){ input.p + off, n };
	return true;
}

/* Some logs belong to another input (two blocks of the original page were taken for one): then the first method
 * that the log quotes does not stand in the input. */
static bool has_own_log(const struct example *example)
{
	for (slice rest = example->log; rest.p;) {
		slice line = slice_cut(&rest, '\n'), method;
		if (!span_in_line(line, example->input, "method", &method))
			continue;
		slice quoted = slice_from(line, slice_find(line, '"') + 1);
		return method.n + 1 == quoted.n && slice_starts(quoted, method);
	}
	return true;
}

/* The messages that llhttp completed, as a transcript. */
static slice completed(struct arena *arena, const struct example *example)
{
	struct text out, line_now, body;
	text_init(&out, arena, 256);
	text_init(&line_now, arena, 256);
	text_init(&body, arena, 256);
	for (slice rest = example->log; rest.p;) {
		slice line = slice_cut(&rest, '\n');
		slice bytes;
		if (span_in_line(line, example->input, "method", &bytes)) {
			text_slice_add(&line_now, bytes);
			text_char(&line_now, ' ');
		} else if (span_in_line(line, example->input, "url", &bytes)) {
			text_slice_add(&line_now, bytes);
		} else if (span_in_line(line, example->input, "body", &bytes)) {
			text_slice_add(&body, bytes);
		} else if (line.n > 16 &&
		           slice_is(slice_from(line, line.n - 16), "message complete")) {
			text_slice_add(&out, text_slice(&line_now));
			text_literal(&out, " <");
			text_slice_add(&out, text_slice(&body));
			text_literal(&out, ">\n");
			line_now.n = body.n = 0;
		}
	}
	slice all = text_slice(&out);
	return all.p ? all : (slice){ "", 0 };
}

/* What llhttp takes and we do not:
 *   - other protocols (RTSP, ICE) and HTTP/0.9: only HTTP/1.0 and 1.1 are spoken here
 *   - a transfer coding before "chunked": 501, as RFC 9112 section 6.1 says */
static bool stricter(const struct example *example)
{
	slice line = example->input;
	while (slice_starts(line, SLICE("\r\n")))
		line = slice_from(line, 2);
	line = slice_cut(&line, '\r');
	bool http = line.n > 9 && (slice_is(slice_from(line, line.n - 9), " HTTP/1.1") ||
	                                  slice_is(slice_from(line, line.n - 9), " HTTP/1.0"));
	static const char coding[] = "Transfer-Encoding: deflate";
	return !http || memmem(example->input.p, example->input.n, coding, sizeof coding - 1);
}

static bool has_unserved_method(slice transcript)
{
	for (slice rest = transcript; rest.n;) {
		slice line = slice_cut(&rest, '\n');
		enum method method;
		if (!method_parse(slice_cut(&line, ' '), &method))
			return true;
	}
	return false;
}

static void check(struct arena *arena, const struct example *example)
{
	slice ours = http_transcript(arena, example->input, NULL, NULL);
	slice single = http_transcript(arena, example->input, http_one_byte, NULL);
	if (!ours.p)
		ours = single = (slice){ "", 0 };
	slice theirs = completed(arena, example);
	bool refused = ours.n >= 4 && ours.p[ours.n - 4] == '!';
	bool lenient = memmem(example->type.p, example->type.n, "lenient", 7) != NULL;
	const char *wrong = NULL;
	if (!slice_equal(ours, single))
		wrong = "depends on how the bytes come";
	else if (lenient && !refused && ours.n > theirs.n && !slice_starts(ours, theirs))
		wrong = "more than llhttp's lenient mode takes";
	else if (lenient)
		wrong = NULL;
	else if (example->error == ERROR_UPGRADE || example->error == ERROR_PRI)
		wrong = slice_starts(ours, slice_cut(&theirs, '<')) ? NULL
		                                                    : "another first message";
	else if (!example->error && stricter(example))
		wrong = refused ? NULL : "not refused";
	else if (!slice_starts(ours, theirs) && !has_unserved_method(ours))
		wrong = "other messages";
	else if (!example->error && refused)
		wrong = "refused";
	else if (example->error == ERROR_CLOSED && ours.n != theirs.n)
		wrong = "read on after close";
	else if (example->error && example->error != ERROR_CLOSED && !refused &&
	         !has_unserved_method(ours) && ours.p[ours.n - 1] == '\n')
		wrong = "a further message";
	if (wrong)
		print_error("%.*s: %s\n  ours: %.*s\n  llhttp (error %ld): %.*s\n",
		        SLICE_ARG(example->title), wrong, SLICE_ARG(ours), example->error,
		        SLICE_ARG(theirs));
	assert_null(wrong);
}

static void requests_are_read_as_rfc_9112_says(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 64 << 20);
	slice file = read_whole_file(&arena, vectors_path("llhttp/cases.json"));
	const char *at = file.p;
	struct example example;
	unsigned n = 0;
	while (next_example(&arena, &at, file.p + file.n, &example)) {
		if (!slice_starts(example.type, SLICE("request")) || example.skips_body ||
		        !has_own_log(&example))
			continue;
		check(&arena, &example);
		n++;
	}
	assert_true(n > 100);
	arena_finish(&arena);
}

int main(void)
{
	if (!vectors_path("llhttp/cases.json"))
		return vectors_absent("llhttp/cases.json");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_read_as_rfc_9112_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
