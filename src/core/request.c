/* The life of a request's memory: one capped arena, which counts for the gateway's memory limit from its first
 * byte on, so that messages that are still being read count too. A quarter of the limit is kept for those that have
 * begun: without it the gateway could be full of requests of which none can end. */
#include "core/internal.h"

enum { ARENA_EXTRA_BYTES = 128 * 1024, BODY_FACTOR = 16 };

struct request *request_new(struct adapter *adapter)
{
	struct core *core = adapter->core;
	size_t memory = core->memory.budget_bytes;
	bool late = core->stopping && (!adapter->draining || core->overdue);
	if (late || core->memory.used_bytes >= memory - memory / 4)
		return NULL;
	/* What a body may grow to as a tree of values, and once more in the backend's notation. */
	size_t body = core->limits.body_max_bytes, budget = memory;
	if (memory > ARENA_EXTRA_BYTES && body < (memory - ARENA_EXTRA_BYTES) / BODY_FACTOR)
		budget = ARENA_EXTRA_BYTES + BODY_FACTOR * body;
	struct arena arena;
	arena_init(&arena, budget);
	arena.pool = &core->memory;
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

static struct core *take(struct request *request)
{
	struct adapter *adapter = request->adapter;
	struct core *core = adapter->core;
	core->nrequests++;
	adapter->inflight++;
	list_append(&core->requests[request->id % REQUEST_LISTS], &request->link);
	request->configuration = core->current;
	request->changes = core->changes.count;
	core->current->requests++;
	return core;
}

void request_submit(struct request *request)
{
	pipeline_enter(take(request), request);
}

void request_submit_again(struct request *request)
{
	pipeline_enter_again(take(request), request);
}

void request_free(struct request *request)
{
	if (!request)
		return;
	struct arena arena = request->arena;
	arena_finish(&arena);
}
