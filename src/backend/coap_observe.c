/* THREE STATES. Asking: a GET with Observe is under way. Hearing: the device has agreed and tells of changes; when nothing
 * was heard for Max-Age and a while, it is asked again (section 3.3.1). Waiting: the last attempt failed, or the link was
 * lost; it is asked again after a wait that doubles from RETRY_MIN_MS to RETRY_MAX_MS, with some chance so that the
 * observers of many gateways do not ask at once.
 *
 * A device that answers without Observe does not know it, or has no room: its value counts, and it is asked again when the
 * value is stale. A notification of more than one block says only that there is something new: the whole is then
 * fetched by asking anew, which also makes sure that the blocks belong together. */
#include "backend/coap_observe.h"

#include "base/random.h"
#include "codec/coap_code.h"

#include <stdlib.h>

enum {
	SEQUENCE_HALF = 1 << 23,
	SEQUENCE_LIFE_MS = 128000,
	RETRY_MIN_MS = 1000,
	RETRY_MAX_MS = 64000,
	MAX_AGE_DEFAULT_S = 60,
	STALE_MIN_MS = 5000, /* no device is asked more often because of its Max-Age */
	STALE_GRACE_MS = 5000,
	STALE_GRACE_RANDOM_MS = 10000,
	CALL_BYTES = 64 * 1024,
	STALE_MAX_S = 86400
};

struct coap_observer {
	struct loop *loop;
	struct coap_observer_target target;
	coap_observer_heard *heard;
	void *owner;
	struct coap_observation observation;
	struct coap_ask ask;
	struct arena ask_arena;
	struct coap_call call;
	struct arena arena; /* of a call, or of a notification */
	struct timer again;
	uint64_t retry_ms;
	bool asking, fetch_again, failed;
	uint32_t sequence;
	uint64_t sequence_ms;
};

bool coap_observe_is_newer(uint32_t first, uint64_t first_ms, uint32_t second, uint64_t second_ms)
{
	return (first < second && second - first < SEQUENCE_HALF) ||
	       (first > second && first - second > SEQUENCE_HALF) ||
	       second_ms > first_ms + SEQUENCE_LIFE_MS;
}

/* ---- When to ask next */

static void ask_in(struct coap_observer *observer, uint64_t wait_ms)
{
	timer_set(&observer->again, loop_now_ms(observer->loop) + wait_ms);
}

static void retry(struct coap_observer *observer)
{
	ask_in(observer, observer->retry_ms / 2 + random_u64() % observer->retry_ms);
	observer->retry_ms *= 2;
	if (observer->retry_ms > RETRY_MAX_MS)
		observer->retry_ms = RETRY_MAX_MS;
}

static void fail(struct coap_observer *observer, enum status status)
{
	retry(observer);
	if (!observer->failed)
		observer->heard(observer->owner, status, NULL);
	observer->failed = true;
}

/* After a value: when it is stale and nothing newer was heard. */
static void ask_when_stale(struct coap_observer *observer, const struct coap_answer *answer)
{
	uint64_t age_s = answer->has_max_age ? answer->max_age_s : MAX_AGE_DEFAULT_S;
	uint64_t wait_ms = (age_s < STALE_MAX_S ? age_s : STALE_MAX_S) * 1000;
	if (answer->is_notification)
		wait_ms += STALE_GRACE_MS + random_u64() % STALE_GRACE_RANDOM_MS;
	ask_in(observer, wait_ms > STALE_MIN_MS ? wait_ms : STALE_MIN_MS);
}

/* ---- What is heard */

static void hand_on(struct coap_observer *observer, const struct coap_answer *answer, slice body)
{
	slice media = answer->format < 0 ? observer->target.form.media
	                                 : coap_answer_media(&observer->arena, answer);
	const struct message message = { .method = METHOD_GET, .media = media, .body = body };
	observer->failed = false;
	observer->retry_ms = RETRY_MIN_MS;
	observer->sequence = answer->observe;
	observer->sequence_ms = loop_now_ms(observer->loop);
	ask_when_stale(observer, answer);
	observer->heard(observer->owner, STATUS_OK, &message);
}

static void ask_now(struct coap_observer *observer);

static void call_done(struct coap_call *call, enum coap_end end)
{
	struct coap_observer *observer = call->owner;
	const struct coap_transfer *transfer = &call->transfer;
	const struct coap_answer *answer = &transfer->answer;
	const char *why;
	observer->asking = false;
	bool good = end == COAP_END_ANSWER && answer->code >> 5 == 2;
	if (!good || !answer->is_notification)
		coap_observation_end(&observer->observation);
	if (end == COAP_END_ABORTED)
		return;
	if (good)
		hand_on(observer, answer, (slice){ transfer->body, transfer->body_bytes });
	else
		fail(observer, end == COAP_END_ANSWER ? coap_code_status(answer->code, METHOD_GET)
		                                      : coap_end_status(end, &why));
	arena_finish(&observer->arena);
	if (good && observer->fetch_again)
		ask_in(observer,
		        RETRY_MIN_MS); /* a device that always speaks first is no endless loop */
}

/* While the answer to the registration is still on its way, what is heard may be older or newer than that: it is
 * asked once more afterwards. */
static void notified(struct coap_observation *observation, const struct wire_message *message)
{
	struct coap_observer *observer = LIST_OWNER(observation, struct coap_observer, observation);
	struct coap_answer answer;
	if (observer->asking) {
		observer->fetch_again = true;
		return;
	}
	const char *wrong = coap_answer_read(&answer, &observer->arena, message);
	bool refused = wrong || answer.code >> 5 != 2;
	bool ended = refused || !answer.is_notification;
	bool newer = ended || observation->in_order ||
	             coap_observe_is_newer(observer->sequence, observer->sequence_ms,
	                     answer.observe, loop_now_ms(observer->loop));
	if (ended)
		coap_observation_end(observation);
	if (refused)
		fail(observer,
		        wrong ? STATUS_BAD_BACKEND : coap_code_status(answer.code, METHOD_GET));
	else if (newer && answer.has_block2 && answer.block2.more)
		ask_now(observer);
	else if (newer && message->payload.n > observer->target.answer_max_bytes)
		fail(observer, STATUS_BAD_BACKEND);
	else if (newer)
		hand_on(observer, &answer, message->payload);
	if (!observer->asking)
		arena_finish(&observer->arena);
}

static void lost(struct coap_observation *observation)
{
	struct coap_observer *observer = LIST_OWNER(observation, struct coap_observer, observation);
	if (!observer->asking)
		retry(observer);
}

/* ---- Asking */

static void ask_now(struct coap_observer *observer)
{
	struct coap_call *call = &observer->call;
	timer_stop(&observer->again);
	observer->asking = true;
	observer->fetch_again = false;
	*call = (struct coap_call){
		.ask = &observer->ask,
		.arena = &observer->arena,
		.deadline_ms = loop_now_ms(observer->loop) + observer->target.timeout_ms,
		.observation = &observer->observation,
		.done = call_done,
		.owner = observer,
	};
	coap_peer_send(observer->target.peer, call);
}

static void again_due(struct timer *timer)
{
	struct coap_observer *observer = LIST_OWNER(timer, struct coap_observer, again);
	ask_now(observer);
}

struct coap_observer *coap_observer_open(struct loop *loop,
        const struct coap_observer_target *target, coap_observer_heard *heard, void *owner,
        const char **why)
{
	struct coap_observer *observer = calloc(1, sizeof *observer);
	*why = "out of memory";
	if (!observer)
		return NULL;
	observer->loop = loop;
	observer->target = *target;
	observer->heard = heard;
	observer->owner = owner;
	observer->retry_ms = RETRY_MIN_MS;
	observer->observation.heard = notified;
	observer->observation.lost = lost;
	coap_observation_init(&observer->observation);
	timer_init(&observer->again, loop, again_due);
	arena_init(&observer->ask_arena, CALL_BYTES);
	/* A body that grows by doubling holds up to three times its size. */
	arena_init(&observer->arena, 3 * target->answer_max_bytes + CALL_BYTES);
	if (coap_ask_make_get(&observer->ask, &observer->ask_arena, target->path, &target->form,
	            why) == STATUS_NONE)
		return observer;
	coap_observer_close(observer);
	return NULL;
}

void coap_observer_start(struct coap_observer *observer)
{
	ask_now(observer);
}

void coap_observer_close(struct coap_observer *observer)
{
	if (!observer)
		return;
	if (observer->asking)
		coap_call_abort(&observer->call);
	coap_observation_end(&observer->observation);
	timer_stop(&observer->again);
	arena_finish(&observer->arena);
	arena_finish(&observer->ask_arena);
	free(observer);
}
