/* console: shows each message as one line on standard output and says OK. For a first look: write() may block when
 * whoever reads the terminal or pipe does not. */
#include "api/backend.h"

#include "api/identity.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <unistd.h>

enum { SHOWN_MAX_BYTES = 2048, SHOWN_MAX_OCTETS = 256 };

static struct backend *open_console(struct loop *loop, const struct config *config,
        struct target *targets, unsigned ntargets, struct error *error)
{
	(void)loop;
	(void)config;
	(void)targets;
	(void)ntargets;
	struct backend *console = calloc(1, sizeof *console);
	if (!console)
		error_set(error, "out of memory");
	return console;
}

static void close_console(struct backend *console)
{
	free(console);
}

/* What a peer sent must not move the cursor or forge a line. */
static void show_text(struct text *line, slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		text_char(line, c < ' ' || c == 0x7f ? ' ' : text.p[i]);
	}
}

static void show_body(struct text *line, slice body)
{
	if (utf8_valid(body)) {
		slice shown = body;
		if (shown.n > SHOWN_MAX_BYTES)
			shown.n = SHOWN_MAX_BYTES;
		while (!utf8_valid(shown))
			shown.n--;
		show_text(line, shown);
		if (shown.n < body.n)
			text_printf(line, "… (%zu bytes)", body.n);
		return;
	}
	size_t n = body.n < SHOWN_MAX_OCTETS ? body.n : SHOWN_MAX_OCTETS;
	text_hex(line, (slice){ body.p, n });
	if (n < body.n)
		text_printf(line, "… (%zu bytes)", body.n);
}

/* TIME PROTOCOL CLIENT METHOD PATH MEDIA BODY: the protocol that it came by; CLIENT is CLIENT>OTHER where it acts for
 * another. */
static slice write_line(const struct exchange *exchange)
{
	const struct request *request = exchange->request;
	const struct message *call = &request->call;
	char when[CLOCK_TEXT_BYTES];
	clock_text(clock_wall_ns(), when);
	struct text line;
	text_init(&line, exchange->arena, 128 + call->body.n);
	text_printf(&line, "%s %s ", when, request->protocol);
	bool known = request->who && request->who->id.n;
	show_text(&line, known ? request->who->id : SLICE("-"));
	if (request->on_behalf_of.n) {
		text_char(&line, '>');
		show_text(&line, request->on_behalf_of);
	}
	text_printf(&line, " %s ", method_name(call->method));
	show_text(&line, call->path);
	if (call->query.n) {
		text_char(&line, '?');
		show_text(&line, call->query);
	}
	text_char(&line, ' ');
	show_text(&line, call->media.n ? call->media : SLICE("-"));
	text_char(&line, ' ');
	show_body(&line, call->body);
	text_char(&line, '\n');
	return text_slice(&line);
}

static void send_to_console(struct backend *console, struct exchange *exchange)
{
	console->counters.at[COUNTER_MESSAGES]++;
	slice line = write_line(exchange);
	if (line.n && write(STDOUT_FILENO, line.p, line.n) == (ssize_t)line.n) {
		console->counters.at[COUNTER_BYTES_OUT] += line.n;
		exchange->sent = true;
		exchange_done(exchange, STATUS_OK);
		return;
	}
	console->counters.at[COUNTER_FAILED]++;
	exchange->why = SLICE("the console takes nothing more");
	exchange_done(exchange, STATUS_UNAVAILABLE);
}

/* Each is done before send() returns. */
static void abort_nothing(struct backend *console, struct exchange *exchange)
{
	(void)console;
	(void)exchange;
}

static const struct setting settings[] = { { .key = NULL } };

const struct backend_ops backend_console = {
	.name = "console",
	.settings = settings,
	.takes = BACKEND_TAKES_BYTES,
	.open = open_console,
	.send = send_to_console,
	.abort = abort_nothing,
	.close = close_console,
};
