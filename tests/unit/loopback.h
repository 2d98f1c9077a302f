/* What the tests of the whole core share: the parts of a listener and of a backend that have nothing to do when a test
 * plays them by hand, a configuration out of a text, a core that runs by it, and requests. Include after support.h. */
#ifndef UNIT_LOOPBACK_H
#define UNIT_LOOPBACK_H

#include <stdio.h>
#include <stdlib.h>

#include "core/core.h"
#include "tests/fakes/hand_loop.h" /* the test includes it as well: the build looks there */

static const struct setting loopback_settings[] = { ADAPTER_BIND_SETTING, { .key = NULL } };

static inline struct adapter *loopback_open(struct loop *loop, const struct adapter_limits *limits,
        const struct config *config, struct error *error)
{
	(void)loop;
	(void)limits;
	(void)config;
	(void)error;
	return calloc(1, sizeof(struct adapter));
}

static inline void loopback_stop(struct adapter *adapter)
{
	(void)adapter;
}

static inline struct backend *loopback_backend_open(struct loop *loop, const struct config *config,
        struct target *targets, unsigned ntargets, struct error *error)
{
	(void)loop;
	(void)config;
	(void)targets;
	(void)ntargets;
	(void)error;
	return calloc(1, sizeof(struct backend));
}

static inline void loopback_backend_close(struct backend *backend)
{
	free(backend);
}

static inline void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	(void)fputs(text, file);
	(void)fclose(file);
}

/* A core that runs by this configuration, which must be right; `store` NULL: without. */
static inline struct core *core_running(
        const struct plugs *plugs, const char *path, struct arena *arena, struct store *store)
{
	struct mistakes mistakes = { .arena = arena };
	struct error error;
	struct core *core = core_create(hand_loop(), plugs);
	if (!core_load(core, path, &mistakes))
		fail_msg("%.*s", SLICE_ARG(mistakes.at[0].text));
	if (store)
		assert_true(core_use_store(core, store, &error));
	assert_true(core_start(core, &error));
	return core;
}

/* With a token, or without one (NULL). */
static inline struct request *request_with(struct adapter *adapter, enum method method,
        const char *path, const char *body, const char *token)
{
	struct request *request = request_new(adapter);
	assert_non_null(request);
	request->in.method = method;
	request->in.path = slice_of(path);
	request->in.body = slice_of(body);
	if (token) {
		struct credential *credential = ARENA_NEW(&request->arena, struct credential);
		*credential = (struct credential){ .kind = CREDENTIAL_BEARER,
			.secret = arena_copy_slice(&request->arena, slice_of(token)) };
		request->credentials = credential;
	}
	return request;
}

#endif
