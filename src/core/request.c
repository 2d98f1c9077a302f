/* The life of a request's memory: one capped arena, accounted to the gateway's memory limit. */
#include "core/internal.h"

enum { ARENA_EXTRA_BYTES = 128 * 1024, BODY_FACTOR = 16 };

struct request *request_new(struct adapter *adapter)
{
	struct core *core = adapter->core;
	size_t memory = core->current->memory_max_bytes;
	if (core->stopping || core->held_bytes >= memory)
		return NULL;
	/* What a body may grow to as a tree of values, and once more in the backend's notation. */
	size_t body = core->limits.body_max_bytes, budget = memory;
	if (memory > ARENA_EXTRA_BYTES && body < (memory - ARENA_EXTRA_BYTES) / BODY_FACTOR)
		budget = ARENA_EXTRA_BYTES + BODY_FACTOR * body;
	struct arena arena;
	arena_init(&arena, budget);
	struct request *request = ARENA_NEW(&arena, struct request);
	if (!request)
		return NULL;
	request->arena = arena;
	request->id = core->next_id++;
	request->adapter = adapter;
	request->protocol = adapter->ops->name;
	list_init(&request->link);
	list_init(&request->queue);
	return request;
}

void request_submit(struct request *request)
{
	struct adapter *adapter = request->adapter;
	struct core *core = adapter->core;
	request->held_bytes = request->arena.used_bytes;
	core->held_bytes += request->held_bytes;
	core->nrequests++;
	adapter->inflight++;
	list_append(&core->requests, &request->link);
	request->configuration = core->current;
	core->current->requests++;
	pipeline_enter(core, request);
}

void request_free(struct request *request)
{
	if (!request)
		return;
	request->adapter->core->held_bytes -= request->held_bytes;
	struct arena arena = request->arena;
	arena_finish(&arena);
}
