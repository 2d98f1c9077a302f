/* review: who a follower is, under a new configuration. Its credentials take the way of any request again, as
 * one that only asks whether it would be let in, and comes home to an adapter of the core's own. Nothing is pushed
 * meanwhile; what it missed follows when it is believed, and when it is not it hears why. */
#include "core/following.h"

enum { REVIEWS_A_TURN = 64, REVIEWS_MAX = 256, RETRY_MS = 1000 };

void review_add(struct core *core, struct following *following)
{
	(void)following_recognise(following, NULL);
	following->by = NULL;
	list_remove(&following->due);
	if (!following->review)
		list_append(&core->follow.doubtful, &following->due);
	timer_set(&core->follow.later, loop_now_ms(core->loop));
}

void review_forget(struct following *following)
{
	if (following->review)
		following->review->ticket = NULL;
	following->review = NULL;
}

static bool copy_credentials(struct request *request, const struct credential *from)
{
	const struct credential **end = &request->credentials;
	for (; from; from = from->next) {
		struct credential *copy = ARENA_NEW(&request->arena, struct credential);
		if (!copy)
			return false;
		copy->kind = from->kind;
		copy->name = arena_copy_slice(&request->arena, from->name);
		copy->secret = arena_copy_slice(&request->arena, from->secret);
		if (!copy->name.p || !copy->secret.p)
			return false;
		*end = copy;
		end = &copy->next;
	}
	return true;
}

static bool begin(struct core *core, struct following *following)
{
	struct request *request = request_new(&core->follow.reviewer);
	if (!request)
		return false;
	request->protocol = following->protocol;
	request->in.method = following->method;
	request->in.path = arena_copy_slice(&request->arena, following->path);
	request->peer = arena_copy_slice(&request->arena, following->peer);
	request->session = arena_copy_slice(&request->arena, following->session);
	request->ask_only = true;
	if (!request->in.path.p || !copy_credentials(request, following->credentials)) {
		request_free(request);
		return false;
	}
	list_remove(&following->due);
	request->ticket = following;
	following->review = request;
	core->follow.under_review++;
	request_submit(request);
	return true;
}

bool review_go_on(struct core *core)
{
	struct follow *follow = &core->follow;
	for (unsigned i = 0; i < REVIEWS_A_TURN; i++) {
		if (list_empty(&follow->doubtful) || core->stopping)
			return false;
		if (follow->under_review == REVIEWS_MAX)
			return false; /* the next that comes home goes on */
		if (!begin(core, LIST_OWNER(follow->doubtful.next, struct following, due))) {
			timer_set(&follow->later, loop_now_ms(core->loop) + RETRY_MS);
			return false;
		}
	}
	return !list_empty(&follow->doubtful);
}

static void decide(struct core *core, struct following *following, const struct request *request)
{
	const struct endpoint *endpoint = request->endpoint;
	if (request->configuration != core->current) {
		review_add(core, following);
	} else if (status_is_passing(request->status)) {
		list_append(&core->follow.doubtful, &following->due);
	} else if (!status_is_success(request->status)) {
		following_end(core, following, request->status, request->why);
	} else if (following->method == METHOD_GET && !(endpoint && endpoint->keep_last)) {
		following_end(
		        core, following, STATUS_NOT_FOUND, SLICE("values are no longer kept here"));
	} else if (!following_recognise(following, request->who)) {
		following_end(core, following, STATUS_UNAVAILABLE, SLICE("out of memory"));
	} else {
		following->by = request->recognised_by;
		follow_until(core, following);
		following_is_due(core, following);
	}
}

static void come_home(struct adapter *adapter, struct request *request)
{
	struct core *core = adapter->core;
	struct following *following = request->ticket;
	uint64_t pause_ms = status_is_passing(request->status) ? RETRY_MS : 0;
	core->follow.under_review--;
	if (following) {
		following->review = NULL;
		decide(core, following, request);
	}
	request_free(request);
	if (!list_empty(&core->follow.doubtful))
		timer_set(&core->follow.later, loop_now_ms(core->loop) + pause_ms);
}

static const struct adapter_ops reviewer_ops = { .name = "review", .reply = come_home };

void review_init(struct core *core)
{
	core->follow.reviewer =
	        (struct adapter){ .ops = &reviewer_ops, .label = "followers", .core = core };
}
