/* deliver: hands the request to its backend and waits for the answer. Another attempt, at another target where
 * there is one, is made only while nothing was sent: a repeated effect is worse than an honest refusal. A command for a
 * device that is away goes to the mailbox, and so does one for whom others wait there already. */
#include "core/internal.h"

static void attempt(struct backend *backend, struct exchange *exchange)
{
	exchange->attempt++;
	exchange->status = STATUS_NONE;
	exchange->out = (struct message){ 0 };
	exchange->why = (slice){ NULL, 0 };
	exchange->sent = exchange->away = exchange->acknowledged = false;
	exchange->retry_after_ms = 0;
	exchange->reach = REACH_NOT_TOLD;
	exchange->state = NULL;
	backend->ops->send(backend, exchange);
}

static enum verdict enter(struct core *core, struct request *request)
{
	const struct endpoint_setup *endpoint = endpoint_setup(request->endpoint);
	struct exchange *exchange = ARENA_NEW(&request->arena, struct exchange);
	if (!exchange) {
		request_refuse(request, STATUS_TOO_LARGE, "no memory left for this request");
		return REPLY;
	}
	request->slot[request->at] = exchange;
	exchange->request = request;
	exchange->owner = request;
	exchange->target = request->slot[request->at - 1]; /* route's choice */
	exchange->bound = endpoint->bound;
	exchange->device = request->device;
	exchange->arena = &request->arena;
	exchange->deadline_ms = loop_now_ms(core->loop) + endpoint->to->backend->timeout_ms;
	list_init(&exchange->link);
	if (postbox_takes(core->postbox, request) && postbox_has_line(core->postbox, request)) {
		/* There is no attempt that could be hurried. */
		exchange->status = STATUS_UNAVAILABLE;
		return postbox_put(core->postbox, request) ? WAIT : REPLY;
	}
	attempt(endpoint->to->backend, exchange);
	return WAIT;
}

static bool worth_another(struct core *core, const struct exchange *exchange, unsigned retries)
{
	if (exchange->sent || exchange->away || exchange->owner->cancelled ||
	        exchange->attempt > retries)
		return false;
	if (exchange->status != STATUS_BAD_BACKEND && exchange->status != STATUS_UNAVAILABLE)
		return false;
	return loop_now_ms(core->loop) < exchange->deadline_ms;
}

/* The device is away, and its command may wait for it. */
static bool may_wait(struct core *core, const struct exchange *exchange)
{
	return exchange->away && !status_is_success(exchange->status) &&
	       !exchange->owner->cancelled && postbox_takes(core->postbox, exchange->owner);
}

void deliver_exchange_done(struct core *core, struct exchange *exchange)
{
	struct request *request = exchange->owner;
	const struct backend_setup *to = endpoint_setup(request->endpoint)->to;
	condition_attempt(core, exchange);
	if (worth_another(core, exchange, to->retries)) {
		exchange->target = route_pick(to->backend, exchange->target);
		attempt(to->backend, exchange);
		return;
	}
	if (may_wait(core, exchange)) {
		if (!postbox_put(core->postbox, request))
			pipeline_resume(request, NEXT);
		return;
	}
	request->sent = exchange->sent;
	request->away = exchange->away;
	request->acknowledged = exchange->acknowledged;
	request->status = exchange->status;
	request->out = exchange->out;
	request->why = exchange->why;
	request->retry_after_ms = exchange->retry_after_ms;
	if (request->cancelled && !status_is_success(exchange->status))
		request_refuse(request, STATUS_CANCELLED,
		        "given up: the gateway stops or the caller left");
	else if (!status_is_success(request->status) && !request->why.n)
		request_refuse(request, exchange->status, "the backend %s answered: %s", to->name,
		        status_name(exchange->status));
	pipeline_resume(request, NEXT);
}

static void cancel(struct core *core, struct request *request)
{
	(void)core;
	struct backend *backend = endpoint_setup(request->endpoint)->to->backend;
	struct exchange *exchange = request->slot[request->at];
	if (exchange->status == STATUS_NONE)
		backend->ops->abort(backend, exchange);
}

const struct stage stage_deliver = { .name = "deliver", .enter = enter, .cancel = cancel };
