/* file: appends each message to a file, as one line of JSON:
 *     {"time":"…","id":"…","client":"engine-7","method":"POST","path":"/…","media":"application/json","body":…}
 * The body is what it means when its media type can be read, else its text, else base64.
 *
 * For a first look and for small logs: the line is written on the core thread, in one write() into the page
 * cache, and is not synced: what it holds may be lost when the power fails. A disk that hangs holds up the gateway as
 * long as the write does.
 *
 * The file is opened at the first message, so that checking a configuration creates nothing. */
#include "api/backend.h"

#include "api/codec.h"
#include "api/identity.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/utf8.h"
#include "codec/value.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_ARENA_BYTES = 16384 };

struct file {
	struct backend backend;
	char *path;
	int fd;       /* -1: not open yet */
	bool torn;    /* the last line was cut off: the next one begins with a line end */
	bool failing; /* said so already */
};

static void close_file(struct backend *backend)
{
	struct file *file = (struct file *)backend;
	if (!file)
		return;
	if (file->fd >= 0)
		(void)close(file->fd);
	free(file->path);
	free(file);
}

static struct backend *open_file(struct loop *loop, const struct config *config,
        struct target *targets, unsigned ntargets, struct error *error)
{
	(void)loop;
	(void)targets;
	(void)ntargets;
	struct arena arena;
	arena_init(&arena, PATH_ARENA_BYTES);
	slice path = config_file_path(&arena, config, "path");
	struct file *file = calloc(1, sizeof *file);
	if (file) {
		file->fd = -1;
		file->path = path.n ? strndup(path.p, path.n) : NULL;
	}
	arena_finish(&arena);
	if (file && file->path)
		return &file->backend;
	error_set(error, path.n ? "out of memory" : "path: the file's name is missing or too long");
	free(file);
	return NULL;
}

/* What the body means, or at least its text or bytes. */
static struct value *body_value(struct arena *arena, const struct message *call)
{
	if (!call->body.n)
		return value_null(arena);
	const struct codec *codec = codec_for(call->media);
	struct error error = { 0 };
	struct value *value = codec ? codec->decode(arena, call->body, &error) : NULL;
	if (value)
		return value;
	return utf8_valid(call->body) ? value_text(arena, call->body)
	                              : value_bytes(arena, call->body);
}

static bool add_text(struct arena *arena, struct value *map, slice key, slice text)
{
	return value_set_new(map, key, value_text(arena, text));
}

static struct value *line_value(const struct exchange *exchange)
{
	struct arena *arena = exchange->arena;
	const struct request *request = exchange->request;
	const struct message *call = &request->call;
	char when[CLOCK_TEXT_BYTES], id[REQUEST_ID_BYTES];
	clock_text(clock_wall_ns(), when);
	request_id_text(request->id, id);
	struct value *line = value_map(arena);
	bool whole =
	        line &&
	        add_text(arena, line, SLICE("time"), arena_copy_slice(arena, slice_of(when))) &&
	        add_text(arena, line, SLICE("id"), arena_copy_slice(arena, slice_of(id))) &&
	        add_text(arena, line, SLICE("client"),
	                request->who ? request->who->id : SLICE("")) &&
	        (!request->on_behalf_of.n ||
	                add_text(arena, line, SLICE("on_behalf_of"), request->on_behalf_of)) &&
	        add_text(arena, line, SLICE("method"), slice_of(method_name(call->method))) &&
	        add_text(arena, line, SLICE("path"), call->path) &&
	        add_text(arena, line, SLICE("media"), call->media) &&
	        value_set_new(line, SLICE("body"), body_value(arena, call));
	return whole ? line : NULL;
}

/* With its line end; { NULL, 0 }: over budget. */
static slice write_line(const struct exchange *exchange, bool torn)
{
	const struct codec *json = codec_for(SLICE("application/json"));
	struct value *value = line_value(exchange);
	struct error error = { 0 };
	slice encoded = value ? json->encode(exchange->arena, value, &error) : (slice){ NULL, 0 };
	if (!encoded.p)
		return encoded;
	struct text line;
	text_init(&line, exchange->arena, encoded.n + 2);
	if (torn)
		text_char(&line, '\n');
	text_slice_add(&line, encoded);
	text_char(&line, '\n');
	return text_slice(&line);
}

static enum status append(struct file *file, slice line)
{
	if (file->fd < 0)
		file->fd = open(file->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	ssize_t written = file->fd < 0 ? -1 : write(file->fd, line.p, line.n);
	if (written == (ssize_t)line.n) {
		file->torn = file->failing = false;
		return STATUS_OK;
	}
	if (written > 0)
		file->torn = true;
	/* A write that ends early has met the end of the space. */
	bool full = written >= 0 || errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
	if (!file->failing)
		log_warning("file", "%s: %s", file->path,
		        written < 0 ? strerror(errno) : "no space for the whole line");
	file->failing = true;
	return full ? STATUS_STORE_FULL : STATUS_UNAVAILABLE;
}

static void send_to_file(struct backend *backend, struct exchange *exchange)
{
	struct file *file = (struct file *)backend;
	backend->counters.at[COUNTER_MESSAGES]++;
	slice line = write_line(exchange, file->torn);
	if (!line.p) {
		exchange->why = SLICE("no memory left for this request");
		exchange_done(exchange, STATUS_TOO_LARGE);
		return;
	}
	enum status status = append(file, line);
	if (status == STATUS_OK) {
		backend->counters.at[COUNTER_BYTES_OUT] += line.n;
		exchange->sent = true;
	} else {
		backend->counters.at[COUNTER_FAILED]++;
		exchange->why = status == STATUS_STORE_FULL ? SLICE("the disk is full")
		                                            : SLICE("the file cannot be written");
	}
	exchange_done(exchange, status);
}

/* Each is done before send() returns. */
static void abort_nothing(struct backend *backend, struct exchange *exchange)
{
	(void)backend;
	(void)exchange;
}

static const struct setting settings[] = {
	{ .key = "path",
	        .type = SETTING_TEXT,
	        .required = true,
	        .help = "the file that each message is appended to, as one line of JSON" },
	{ .key = NULL },
};

const struct backend_ops backend_file = {
	.name = "file",
	.settings = settings,
	.takes = BACKEND_TAKES_BYTES,
	.open = open_file,
	.send = send_to_file,
	.abort = abort_nothing,
	.close = close_file,
};
