/* The pipeline with a listener whose devices a test plays by hand, and the mqtt backend that calls them: no socket, no
 * sleep. Include once, after support.h. */
#ifndef UNIT_DEVICE_WORLD_H
#define UNIT_DEVICE_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "core/internal.h"
#include "tests/unit/loopback.h"

enum { WORLD_COMMANDS = 8 };

/* Rule broken: one world a program; plugs have no other way to find it. */
static struct world {
	struct core *core;
	struct arena arena;
	char path[64];
	struct store *store;
	struct adapter *line; /* the listener that was started last */

	struct request *home; /* the last one that came home */
	unsigned homecomings;

	/* The commands that the listener was handed, oldest first; NULL once done. */
	struct command *commands[WORLD_COMMANDS];
	unsigned ncommands;
	bool absent;   /* the device is not connected */
	size_t memory; /* all that a request has left; 0: as much as it wants */
} world;

static void line_abort(struct adapter *, struct command *);

static bool line_start(struct adapter *adapter, struct error *error)
{
	(void)error;
	world.line = adapter;
	return true;
}

static void line_reply(struct adapter *adapter, struct request *request)
{
	(void)adapter;
	request_free(world.home);
	world.home = request;
	world.homecomings++;
}

static void line_command(struct adapter *adapter, struct command *command)
{
	(void)adapter;
	if (world.absent) {
		command->away = true;
		command->why = SLICE("valve-3 is not connected");
		command->done(command, STATUS_UNAVAILABLE);
		return;
	}
	assert_true(world.ncommands < WORLD_COMMANDS);
	world.commands[world.ncommands++] = command;
}

/* The i-th command ends. */
static void world_command_done(unsigned i, enum status status)
{
	struct command *command = world.commands[i];
	assert_non_null(command);
	world.commands[i] = NULL;
	command->sent = true;
	command->done(command, status);
}

static void line_abort(struct adapter *adapter, struct command *command)
{
	(void)adapter;
	for (unsigned i = 0; i < world.ncommands; i++) {
		if (world.commands[i] == command)
			world_command_done(i, STATUS_CANCELLED);
	}
}

static void line_stop(struct adapter *adapter)
{
	(void)adapter;
	for (unsigned i = 0; i < world.ncommands; i++) {
		if (world.commands[i])
			world_command_done(i, STATUS_UNAVAILABLE);
	}
}

static void line_close(struct adapter *adapter)
{
	if (world.line == adapter)
		world.line = NULL;
	free(adapter);
}

static const struct adapter_ops line_ops = { .name = "line",
	.settings = loopback_settings,
	.open = loopback_open,
	.start = line_start,
	.reply = line_reply,
	.command = line_command,
	.command_abort = line_abort,
	.stop = line_stop,
	.close = line_close };
/* One that takes no commands. */
static const struct adapter_ops mute_ops = { .name = "mute",
	.settings = loopback_settings,
	.open = loopback_open,
	.start = line_start,
	.reply = line_reply,
	.stop = line_stop,
	.close = line_close };

extern const struct backend_ops backend_mqtt, backend_console;
extern const struct authenticator_ops authenticator_token;

static const struct adapter_ops *const world_adapters[] = { &line_ops, &mute_ops, NULL };
static const struct backend_ops *const world_backends[] = { &backend_mqtt, &backend_console, NULL };
static const struct authenticator_ops *const world_authenticators[] = { &authenticator_token,
	NULL };
static const char *const world_dialects[] = { NULL };
static const struct plugs world_plugs = { world_adapters, world_authenticators, world_backends,
	world_dialects };

static void world_write(const char *text)
{
	write_file(world.path, text);
}

/* With `configuration`, which must be right; `store` may be NULL. */
static void world_open(const char *configuration, struct store *store)
{
	log_set_level(LOG_LEVEL_ERROR);
	hand_loop_reset();
	memset(&world, 0, sizeof world);
	world.store = store;
	(void)snprintf(
	        world.path, sizeof world.path, "/tmp/fairlead-devices-%d.yaml", (int)getpid());
	world_write(configuration);
	arena_init(&world.arena, 1 << 20);
	world.core = core_running(&world_plugs, world.path, &world.arena, store);
}

/* Stops as the gateway does; what the store has not written yet is left so. */
static void world_close(void)
{
	core_stop(world.core, 0);
	hand_loop_turn();
	request_free(world.home);
	world.home = NULL;
	core_destroy(world.core);
	arena_finish(&world.arena);
	(void)unlink(world.path);
}

/* Submits it, with a token or without one (NULL); it may come home later. */
static uint64_t world_call(const char *token, enum method method, const char *to, const char *body)
{
	struct request *request = request_with(world.line, method, to, body, token);
	if (world.memory)
		arena_starve(&request->arena, world.memory);
	uint64_t id = request->id;
	request_submit(request);
	hand_loop_turn();
	return id;
}

#endif
