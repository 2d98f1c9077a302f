/* The pipeline: the nine stages that every request takes. The table below *is* the gateway.
 *
 *     enter, in this order ->   account match authenticate authorize admit mediate keep route deliver
 *                          <-   leave, in reverse, for each stage that was entered
 *
 * A stage's enter() says NEXT, REPLY (turn round) or WAIT (an answer will come later). All that ends a wait
 * (pipeline_resume, exchange_done, auth_done) only puts the request on a list; the list is worked off by one
 * task at the end of the loop's turn. So no adapter, stage or backend is ever re-entered from a call of its own,
 * and an adapter's reply() never comes from inside its request_submit().
 *
 * To add a stage: one file with a `const struct stage stage_NAME`, a line in internal.h, a line here. */
#include "core/internal.h"

#include <assert.h>

#include "base/clock.h"

static const struct stage *const stages[] = {
	&stage_account,      /* counts and logs; outermost, so that refusals count too */
	&stage_match,        /* which endpoint */
	&stage_authenticate, /* who is calling */
	&stage_authorize,    /* may they */
	&stage_admit,        /* within the endpoint's limits */
	&stage_mediate,      /* translate: the call on the way in, the answer on the way back */
	&stage_keep,         /* the last value: answers with it, or learns it */
	&stage_route,        /* which target */
	&stage_deliver,      /* send, retry */
};
#define STAGES (sizeof stages / sizeof *stages)
_Static_assert(STAGES <= (size_t)STAGE_MAX, "struct request has a slot for each stage");

static void leave(struct core *core, struct request *request)
{
	for (unsigned i = request->at + 1; i-- > 0;) {
		if (i && i < request->skipped)
			continue;
		request->at = i;
		if (stages[i]->leave)
			stages[i]->leave(core, request);
	}
	list_append(&core->finished, &request->queue);
	loop_defer(core->loop, &core->work);
}

static void advance(struct core *core, struct request *request)
{
	for (;;) {
		switch (stages[request->at]->enter(core, request)) {
		case WAIT:
			request->waiting = true;
			return;
		case NEXT:
			if (request->at + 1 < STAGES) {
				request->at++;
				continue;
			}
			break;
		case REPLY:
			break;
		}
		leave(core, request);
		return;
	}
}

void pipeline_enter(struct core *core, struct request *request)
{
	request->started_us = clock_monotonic_us();
	request->at = 0;
	advance(core, request);
}

static unsigned position(const struct stage *stage)
{
	unsigned i = 0;
	while (stages[i] != stage)
		i++;
	return i;
}

void pipeline_enter_again(struct core *core, struct request *request)
{
	request->started_us = clock_monotonic_us();
	request->at = request->skipped = position(&stage_keep);
	advance(core, request);
}

void pipeline_resume(struct request *request, enum verdict verdict)
{
	struct core *core = request->adapter->core;
	assert(list_empty(&request->queue));
	request->resumed_with = (int)verdict;
	list_append(&core->resumed, &request->queue);
	loop_defer(core->loop, &core->work);
}

void exchange_done(struct exchange *exchange, enum status status)
{
	struct core *core = exchange->owner->adapter->core;
	assert(exchange->status == STATUS_NONE && status != STATUS_NONE);
	exchange->status = status;
	list_append(&core->exchanges, &exchange->link);
	loop_defer(core->loop, &core->work);
}

static void go_on(struct core *core, struct request *request)
{
	request->waiting = false;
	if (request->resumed_with == REPLY || request->at + 1 == STAGES) {
		leave(core, request);
	} else {
		request->at++;
		advance(core, request);
	}
}

static void bring_home(struct core *core, struct request *request)
{
	struct adapter *adapter = request->adapter;
	list_remove(&request->link);
	core->nrequests--;
	request->configuration->requests--;
	adapter->inflight--;
	follow_hand_over(core, request);
	adapter->ops->reply(adapter, request);
}

static struct list *first(struct list *list)
{
	struct list *member = list->next;
	list_remove(member);
	return member;
}

static void work(struct task *task)
{
	struct core *core = LIST_OWNER(task, struct core, work);
	for (;;) {
		if (!list_empty(&core->exchanges))
			deliver_exchange_done(
			        core, LIST_OWNER(first(&core->exchanges), struct exchange, link));
		else if (!list_empty(&core->resumed))
			go_on(core, LIST_OWNER(first(&core->resumed), struct request, queue));
		else if (!list_empty(&core->finished))
			bring_home(core, LIST_OWNER(first(&core->finished), struct request, queue));
		else
			break;
	}
	core_settle(core);
}

void pipeline_init(struct core *core)
{
	for (unsigned i = 0; i < REQUEST_LISTS; i++)
		list_init(&core->requests[i]);
	list_init(&core->exchanges);
	list_init(&core->resumed);
	list_init(&core->finished);
	task_init(&core->work, work);
}

static void cancel(struct core *core, struct request *request)
{
	bool resumed = !list_empty(&request->queue);
	if (!request->waiting || resumed || request->cancelled)
		return;
	request->cancelled = true;
	stages[request->at]->cancel(core, request);
}

void pipeline_cancel_all(struct core *core)
{
	for (unsigned i = 0; i < REQUEST_LISTS; i++) {
		LIST_EACH (&core->requests[i], at, following)
			cancel(core, LIST_OWNER(at, struct request, link));
	}
}

void request_cancel(struct adapter *adapter, uint64_t id)
{
	LIST_EACH (&adapter->core->requests[id % REQUEST_LISTS], at, following) {
		struct request *request = LIST_OWNER(at, struct request, link);
		if (request->id == id && request->adapter == adapter) {
			cancel(adapter->core, request);
			return;
		}
	}
}
