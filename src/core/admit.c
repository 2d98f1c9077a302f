/* admit: is the request within the endpoint's limits? One that only asked whether it would be let in has its answer
 * here. */
#include "core/internal.h"

static enum verdict enter(struct core *core, struct request *request)
{
	(void)core;
	const struct message *in = &request->in;
	size_t most = request->endpoint->body_max_bytes;
	size_t n = in->value ? in->value_bytes : in->body.n;
	if (n <= most) {
		if (!request->ask_only)
			return NEXT;
		request->status = STATUS_OK;
		return REPLY;
	}
	request_refuse(request, STATUS_TOO_LARGE, "the body has %zu bytes; this endpoint takes %zu",
	        n, most);
	return REPLY;
}

const struct stage stage_admit = { .name = "admit", .enter = enter };
