/* route: which device the request is for, where its backend calls devices, and which target of the backend takes it. Smooth weighted round robin: each turn every
 * target earns its weight, the richest is taken and pays the sum, so that weights 3 and 1 give a a b a and never
 * a a a b. */
#include "core/internal.h"

struct target *route_pick(struct backend *backend, const struct target *not_this)
{
	struct target *best = NULL;
	int sum = 0;
	for (unsigned i = 0; i < backend->ntargets; i++) {
		struct target *target = &backend->targets[i];
		if (target == not_this && backend->ntargets > 1)
			continue;
		sum += (int)target->weight;
		target->credit += (int)target->weight;
		if (!best || target->credit > best->credit)
			best = target;
	}
	if (best)
		best->credit -= sum;
	return best;
}

static enum verdict enter(struct core *core, struct request *request)
{
	(void)core;
	if (!device_find(request)) {
		request_refuse(request, STATUS_TOO_LARGE, "no memory left for this request");
		return REPLY;
	}
	struct backend *backend = endpoint_setup(request->endpoint)->to->backend;
	request->backend = backend->label;
	request->slot[request->at] = route_pick(backend, NULL);
	return NEXT;
}

const struct stage stage_route = { .name = "route", .enter = enter };
