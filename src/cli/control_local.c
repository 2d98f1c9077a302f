/* The gateway does not run: its parts are put together as `run` does, the listeners are not started, and a call goes
 * through the pipeline as one that came by the socket. */
#include "cli/control.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/adapter.h"
#include "base/log.h"
#include "cli/cli.h"
#include "loop/loop.h"

enum { MISTAKES_BUDGET = 4 << 20 };

struct control_local {
	struct adapter adapter; /* first: requests come home to it */
	struct cli_gateway gateway;
	struct request *home;
};

static void come_home(struct adapter *adapter, struct request *request)
{
	struct control_local *local = (struct control_local *)(void *)adapter;
	local->home = request;
	loop_stop(local->gateway.loop);
}

/* By these it leads where the socket in the state folder does. */
static const struct adapter_ops ops = {
	.name = "control", .serves = "admin", .built_in = true, .reply = come_home
};

static bool load(struct control_local *local, const struct control_options *options, int *code)
{
	struct arena arena;
	struct mistakes mistakes = { .arena = &arena };
	struct error error = { 0 };
	arena_init(&arena, MISTAKES_BUDGET);
	*code = CLI_WRONG;
	bool loaded = core_load(
	        local->gateway.core, options->file ? options->file : CLI_DEFAULT_FILE, &mistakes);
	if (!loaded)
		cli_print_mistakes(&mistakes);
	arena_finish(&arena);
	if (!loaded)
		return false;
	*code = CLI_FAILED;
	core_be_idle(local->gateway.core);
	if (!cli_gateway_open_state(&local->gateway, &error) ||
	        !core_start(local->gateway.core, &error)) {
		(void)fprintf(stderr, "fairlead %s: %s\n", options->command, error.text);
		return false;
	}
	return true;
}

struct control_local *control_local_open(const struct control_options *options, int *code)
{
	struct control_local *local = calloc(1, sizeof *local);
	*code = CLI_FAILED;
	log_set_level(LOG_LEVEL_ERROR);
	if (!local || !cli_gateway_init(&local->gateway)) {
		(void)fprintf(
		        stderr, "fairlead %s: out of memory or descriptors\n", options->command);
		control_local_close(local);
		return NULL;
	}
	local->adapter =
	        (struct adapter){ .ops = &ops, .label = "control", .core = local->gateway.core };
	if (load(local, options, code))
		return local;
	control_local_close(local);
	return NULL;
}

void control_local_close(struct control_local *local)
{
	if (!local)
		return;
	cli_gateway_finish(&local->gateway);
	free(local);
}

static bool fill(
        struct request *request, const char *method, slice path, const char *media, slice body)
{
	slice rest = path, plain = slice_cut(&rest, '?');
	request->peer = SLICE("this process");
	request->in.path = plain;
	request->in.query = rest;
	request->in.media = slice_of(body.p ? media : NULL);
	request->in.body = body;
	return method_parse(slice_of(method), &request->in.method);
}

bool control_local_call(struct control_local *local, struct arena *arena, const char *method,
        slice path, const char *media, slice body, struct control_answer *to)
{
	struct request *request = request_new(&local->adapter);
	if (!request || !fill(request, method, path, media, body)) {
		request_free(request);
		(void)fputs("fairlead: no memory for the request\n", stderr);
		return false;
	}
	local->home = NULL;
	request_submit(request);
	while (!local->home)
		loop_run(local->gateway.loop);
	request = local->home;
	to->done = status_is_success(request->status);
	to->body = arena_copy_slice(arena, request->out.body);
	to->why = arena_copy_slice(arena, request->why);
	request_free(request);
	return true;
}
