/* The gateway's socket, and who stands in for it. What runs is known by the lock of the state folder: where the socket
 * does not answer and nobody has the lock, this process takes it. */
#include "cli/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "codec/json.h"
#include "net/local.h"

enum { STATE_BUDGET = 1 << 20, ANSWER_MAX_BYTES = 256 << 20, READ_BYTES = 65536, PATIENCE_S = 90 };

struct control {
	struct control_options options;
	char *socket; /* its path; NULL: in this process */
	struct control_local *local;
};

static bool say(const struct control *control, const char *what, const char *why)
{
	(void)fprintf(stderr, "fairlead %s: %s: %s\n", control->options.command, what, why);
	return false;
}

/* -1: nobody is there, or said so. */
static int connect_to(const struct control *control)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd = local_connect(control->socket);
	if (fd >= 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	}
	return fd;
}

struct control *control_open(const struct control_options *options, int *code)
{
	struct arena arena;
	arena_init(&arena, STATE_BUDGET);
	struct control *control = calloc(1, sizeof *control);
	slice folder = cli_state_folder(options->command, options->file, &arena);
	int n = 0;
	*code = CLI_WRONG;
	if (control)
		control->options = *options;
	if (control && folder.p)
		n = asprintf(&control->socket, "%.*s/control.sock", SLICE_ARG(folder));
	arena_finish(&arena);
	if (n <= 0) {
		free(control);
		return NULL;
	}
	int fd = connect_to(control);
	if (fd >= 0) {
		(void)close(fd);
		return control;
	}
	if (errno == EACCES || errno == EPERM) {
		*code = CLI_FAILED;
		(void)say(control, control->socket,
		        "only root and the gateway's own user may; try it with sudo");
		control_close(control);
		return NULL;
	}
	free(control->socket);
	control->socket = NULL;
	control->local = control_local_open(options, code);
	if (control->local)
		return control;
	control_close(control);
	return NULL;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	control_local_close(control->local);
	free(control->socket);
	free(control);
}

/* ---- Over the socket: one call a connection */

static bool send_all(int fd, slice bytes)
{
	while (bytes.n) {
		ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes = slice_from(bytes, (size_t)n);
	}
	return true;
}

static bool receive_all(int fd, struct text *answer)
{
	for (;;) {
		char *room = text_reserve(answer, READ_BYTES);
		ssize_t n = room ? recv(fd, room, READ_BYTES, 0) : -1;
		if (room && n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 && answer->n <= ANSWER_MAX_BYTES;
		answer->n += (size_t)n;
	}
}

static bool exchange(
        const struct control *control, struct arena *arena, slice head, slice body, slice *answer)
{
	struct text received;
	int fd = connect_to(control);
	if (fd < 0)
		return say(control, control->socket, "the gateway has ended meanwhile");
	text_init(&received, arena, READ_BYTES);
	/* Who is refused before all was sent is answered all the same. */
	bool sent = send_all(fd, head) && send_all(fd, body);
	bool whole = receive_all(fd, &received);
	(void)close(fd);
	*answer = text_slice(&received);
	return (whole && answer->n) ||
	       say(control, control->socket,
	               sent ? "no answer came" : "the gateway took it only in part");
}

static slice detail_of(struct arena *arena, slice body)
{
	struct error error;
	const struct value *problem = json_decode_unique(arena, body, &error);
	const struct value *detail = value_get(problem, SLICE("detail"));
	if (!detail)
		detail = value_get(problem, SLICE("title"));
	return detail && detail->kind == VALUE_TEXT ? detail->as.text : SLICE("it is refused");
}

/* "HTTP/1.1 201 …", fields, body. */
static bool read_answer(
        const struct control *control, struct arena *arena, slice bytes, struct control_answer *to)
{
	static const char end[] = "\r\n\r\n";
	const char *body = memmem(bytes.p, bytes.n, end, sizeof end - 1);
	if (!body || bytes.n < 12 || !slice_starts(bytes, SLICE("HTTP/1.1 ")))
		return say(control, control->socket, "the answer is none");
	size_t head = (size_t)(body - bytes.p) + sizeof end - 1;
	to->done = bytes.p[9] == '2';
	to->body = slice_from(bytes, head);
	if (!to->done)
		to->why = detail_of(arena, to->body);
	return true;
}

bool control_call(struct control *control, struct arena *arena, const char *method, slice path,
        const char *media, slice body, struct control_answer *to)
{
	*to = (struct control_answer){ .done = false };
	if (control->local)
		return control_local_call(control->local, arena, method, path, media, body, to);
	struct text head;
	text_init(&head, arena, 512);
	text_printf(&head,
	        "%s %.*s HTTP/1.1\r\nHost: gateway\r\nAccept: application/json\r\n"
	        "Connection: close\r\n",
	        method, SLICE_ARG(path));
	if (body.p)
		text_printf(&head, "Content-Type: %s\r\nContent-Length: %zu\r\n", media, body.n);
	text_literal(&head, "\r\n");
	slice bytes = text_slice(&head), answer;
	return bytes.p && exchange(control, arena, bytes, body, &answer) &&
	       read_answer(control, arena, answer, to);
}
