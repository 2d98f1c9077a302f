/* The requests of one session.
 *
 * Each waits in a queue until the device has answered enough of those before it (`concurrent`), is then sent, and is
 * over with its answer or when the device's time for it is. Whose answer a frame is says the description's `match`. In a
 * protocol whose answers do not say so there is only ever one request under way; when its answer does not come, the line
 * is left quiet for a while, and what comes then is dropped and counted: a late answer is never given to the next
 * request.
 *
 * A request has its own memory, since it outlives whoever asked it: a caller may leave while the device still owes the
 * answer.
 *
 * WHILE READING IS PAUSED (the core has enough of this session's frames) an answer cannot come in, so that time does not
 * run against the device. */
#include "adapters/binary/call.h"

#include "adapters/common/device_status.h"
#include "api/codec.h"
#include "base/log.h"

#include <stdlib.h>

enum {
	WAITING_MAX = 32,
	ASK_ROOM_BYTES = 64 * 1024,
	ASK_BYTES_PER_BYTE = 64,
	PAUSED_AGAIN_MS = 100
};

static const slice no_memory = SLICE_INIT("no memory left for this request");

static struct ask *ask_of(struct list *link)
{
	return LIST_OWNER(link, struct ask, link);
}

static uint64_t now_of(const struct calls *calls)
{
	return loop_now_ms(calls->session->listener->loop);
}

/* ---- one request ---- */

static void command_end(struct ask *ask, enum status status)
{
	struct command *command = ask->command;
	ask->command = NULL;
	if (!command)
		return;
	command->state = NULL;
	command->done(command, status);
}

static void ask_free(struct ask *ask)
{
	arena_finish(&ask->arena);
	free(ask);
}

static void leave_waiting(struct ask *ask)
{
	list_remove(&ask->link);
	ask->calls->nwaiting--;
}

static void leave_under_way(struct ask *ask)
{
	list_remove(&ask->link);
	ask->calls->nunder_way--;
}

/* NULL: out of memory, or the value is no request (*fault). */
static struct ask *ask_new(
        struct calls *calls, const struct value *value, struct frame_fault *fault)
{
	const struct frame_schema *schema = calls->session->listener->schema;
	struct ask *ask = calloc(1, sizeof *ask);
	*fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
	if (!ask)
		return NULL;
	arena_init(
	        &ask->arena, ASK_ROOM_BYTES + frame_schema_max_bytes(schema) * ASK_BYTES_PER_BYTE);
	ask->calls = calls;
	if (frame_ask(schema, &ask->arena, value, calls->transaction, &ask->request, fault)) {
		calls->transaction++;
		return ask;
	}
	ask_free(ask);
	return NULL;
}

/* ---- time ---- */

/* The caller's patience is over, not the device's time. */
static void give_up(struct ask *ask, slice why)
{
	if (!ask->command)
		return;
	ask->command->why = why;
	command_end(ask, STATUS_TIMEOUT);
}

static void expire(struct ask *ask)
{
	struct calls *calls = ask->calls;
	calls->session->listener->base.counters.at[COUNTER_EXPIRED]++;
	if (!calls->limits.matched)
		calls->quiet_until_ms = now_of(calls) + calls->limits.quiet_ms;
	leave_under_way(ask);
	if (ask->polled)
		poll_unanswered(ask->polled, ask->garbage);
	if (ask->command)
		ask->command->why = ask->garbage
		                            ? SLICE("the device answered with what is no frame")
		                            : SLICE("the device did not answer");
	command_end(ask, ask->garbage ? STATUS_BAD_BACKEND : STATUS_TIMEOUT);
	ask_free(ask);
}

static void expire_those_due(struct calls *calls)
{
	uint64_t now_ms = now_of(calls);
	bool paused = calls->session->paused;
	LIST_EACH (&calls->under_way, at, following) {
		struct ask *ask = ask_of(at);
		uint64_t patience = ask->command ? ask->command->deadline_ms : 0;
		if (now_ms >= ask->until_ms && paused)
			ask->until_ms = now_ms + PAUSED_AGAIN_MS;
		if (now_ms >= ask->until_ms)
			expire(ask);
		else if (patience && now_ms >= patience)
			give_up(ask, SLICE("the device did not answer in time"));
	}
	LIST_EACH (&calls->waiting, at, following) {
		struct ask *ask = ask_of(at);
		if (!ask->command || !ask->command->deadline_ms ||
		        now_ms < ask->command->deadline_ms)
			continue;
		give_up(ask, SLICE("the device is busy with other requests"));
		leave_waiting(ask);
		ask_free(ask);
	}
}

static void sooner(uint64_t *at_ms, uint64_t other_ms)
{
	if (other_ms && (!*at_ms || other_ms < *at_ms))
		*at_ms = other_ms;
}

static void set_timer(struct calls *calls)
{
	uint64_t at_ms = 0;
	LIST_EACH (&calls->under_way, at, following) {
		sooner(&at_ms, ask_of(at)->until_ms);
		sooner(&at_ms, ask_of(at)->command ? ask_of(at)->command->deadline_ms : 0);
	}
	LIST_EACH (&calls->waiting, at, following)
		sooner(&at_ms, ask_of(at)->command ? ask_of(at)->command->deadline_ms : 0);
	if (!list_empty(&calls->waiting) && calls->quiet_until_ms > now_of(calls))
		sooner(&at_ms, calls->quiet_until_ms);
	if (at_ms)
		timer_set(&calls->timer, at_ms);
	else
		timer_stop(&calls->timer);
}

static void timer_fired(struct timer *timer)
{
	struct calls *calls = LIST_OWNER(timer, struct calls, timer);
	expire_those_due(calls);
	calls_go_on(calls);
}

/* ---- sending ---- */

/* Sent, and the device owes nothing. */
static void unanswerable(struct ask *ask)
{
	struct calls *calls = ask->calls;
	/* It may need a moment for what all devices of a line have heard. */
	if (calls->limits.answers && !calls->limits.matched)
		calls->quiet_until_ms = now_of(calls) + calls->limits.quiet_ms;
	if (ask->polled)
		poll_dropped(ask->polled);
	command_end(ask, STATUS_OK);
	ask_free(ask);
}

static void send_first(struct calls *calls)
{
	struct ask *ask = ask_of(calls->waiting.next);
	leave_waiting(ask);
	session_write(calls->session, ask->request.sent);
	if (ask->command)
		ask->command->sent = true;
	if (!ask->request.expected) {
		unanswerable(ask);
		return;
	}
	ask->until_ms = now_of(calls) + calls->limits.timeout_ms;
	list_append(&calls->under_way, &ask->link);
	calls->nunder_way++;
	if (ask->command && !ask->command->wants_reply)
		command_end(ask, STATUS_OK);
}

static bool may_send(const struct calls *calls)
{
	if (list_empty(&calls->waiting) || calls->nunder_way >= calls->limits.concurrent)
		return false;
	const struct ask *first = ask_of(calls->waiting.next);
	return (!first->command || called_certain(calls)) && now_of(calls) >= calls->quiet_until_ms;
}

void calls_go_on(struct calls *calls)
{
	if (!calls->session->wire || calls->session->ending)
		return;
	while (may_send(calls))
		send_first(calls);
	set_timer(calls);
}

/* ---- commands ---- */

static void refuse(struct command *command, enum status status, slice why)
{
	command->why = why;
	command->done(command, status);
}

static void refuse_value(struct command *command, const struct frame_fault *fault)
{
	slice why = arena_printf(command->arena, "no request for the device: %s%s%s", fault->path,
	        fault->path[0] ? ": " : "", fault->text);
	refuse(command, STATUS_INVALID, why);
}

/* false: refused. */
static bool command_value(struct command *command, const struct value **value)
{
	const struct message *message = command->message;
	const struct codec *codec = codec_for(message->media);
	struct error error = { .text = "" };
	*value = NULL;
	if (!message->body.n)
		return true;
	if (codec)
		*value = codec->decode(command->arena, message->body, &error);
	if (!*value)
		refuse(command, STATUS_UNSUPPORTED_MEDIA,
		        arena_printf(command->arena, "no value for a frame: %s",
		                codec ? error.text : "unknown media type"));
	return *value != NULL;
}

/* Before those of the schedule, behind other commands. */
static void queue_command(struct calls *calls, struct ask *ask)
{
	struct list *before = &calls->waiting;
	LIST_EACH (&calls->waiting, at, following) {
		if (ask_of(at)->command)
			continue;
		before = at;
		break;
	}
	list_append(before, &ask->link);
	calls->nwaiting++;
}

void binary_command(struct adapter *adapter, struct command *command)
{
	struct binary_listener *listener = (struct binary_listener *)adapter;
	struct frame_call_limits limits;
	const struct value *value;
	struct frame_fault fault;
	if (!frame_schema_call(listener->schema, &limits)) {
		refuse(command, STATUS_INTERNAL,
		        SLICE("the description of the listener's frames has no call"));
		return;
	}
	if (command->wants_reply && !limits.answers) {
		refuse(command, STATUS_INTERNAL,
		        SLICE("the description says nothing of answers: the backend needs "
		              "reply: none"));
		return;
	}
	struct calls *calls = called_find(listener, command->device);
	if (!calls) {
		command->away = true;
		refuse(command, STATUS_UNAVAILABLE, SLICE("the device is not connected"));
		return;
	}
	if (calls->nwaiting >= WAITING_MAX) {
		refuse(command, STATUS_TOO_MANY, SLICE("too many requests wait for the device"));
		return;
	}
	if (!command_value(command, &value))
		return;
	struct ask *ask = ask_new(calls, value, &fault);
	if (!ask && fault.kind != FRAME_FAULT_NONE && fault.kind != FRAME_FAULT_LIMIT) {
		refuse_value(command, &fault);
		return;
	}
	if (!ask) {
		refuse(command, STATUS_TOO_LARGE, no_memory);
		return;
	}
	ask->command = command;
	command->state = ask;
	queue_command(calls, ask);
	called_ask(calls);
	calls_go_on(calls);
}

/* What is under way stays so: the device owes the answer, whoever wants it. */
void binary_command_abort(struct adapter *adapter, struct command *command)
{
	(void)adapter;
	struct ask *ask = command->state;
	if (!ask)
		return;
	bool under_way = command->sent;
	command_end(ask, STATUS_CANCELLED);
	if (under_way)
		return;
	leave_waiting(ask);
	ask_free(ask);
}

void calls_refuse_waiting(struct calls *calls, enum status status, bool away, slice why)
{
	LIST_EACH (&calls->waiting, at, following) {
		struct ask *ask = ask_of(at);
		if (!ask->command)
			continue;
		leave_waiting(ask);
		ask->command->away = away;
		ask->command->why = why;
		command_end(ask, status);
		ask_free(ask);
	}
	set_timer(calls);
}

bool calls_ask(struct calls *calls, struct polled *polled, const struct value *value,
        struct frame_fault *fault)
{
	*fault = (struct frame_fault){ .kind = FRAME_FAULT_NONE };
	if (calls->nwaiting >= WAITING_MAX)
		return false;
	struct ask *ask = ask_new(calls, value, fault);
	if (!ask)
		return false;
	ask->polled = polled;
	list_append(&calls->waiting, &ask->link);
	calls->nwaiting++;
	calls_go_on(calls);
	return true;
}

/* ---- answers ---- */

static void unasked(struct calls *calls)
{
	struct binary_listener *listener = calls->session->listener;
	listener->base.counters.at[COUNTER_UNASKED]++;
	if (calls->said_unasked)
		return;
	calls->said_unasked = true;
	if (!adapter_may_log(&listener->base))
		return;
	log_info("binary", "an answer that nobody waits for, or not any more listener=%s peer=%s",
	        listener->base.label, calls->session->peer);
}

/* The request that the frame answers; NULL: none. false: an expression failed. */
static bool find_asked(struct calls *calls, struct frame *frame, struct ask **found)
{
	*found = NULL;
	LIST_EACH (&calls->under_way, at, following) {
		bool answers;
		if (!frame_answers(frame, ask_of(at)->request.bytes, &answers))
			return false;
		if (!answers)
			continue;
		*found = ask_of(at);
		break;
	}
	return true;
}

static void reply(struct ask *ask, const struct frame_outcome *outcome)
{
	struct command *command = ask->command;
	const struct codec *json = codec_for(SLICE("application/json"));
	struct error error;
	if (!command)
		return;
	command->acknowledged = true;
	if (outcome->refused) {
		slice text = arena_copy_slice(command->arena, outcome->text);
		command->why = text.n ? text : SLICE("the device refuses the request");
		enum status status =
		        outcome->status.n ? device_status(outcome->status) : STATUS_BAD_BACKEND;
		command_end(ask, status_is_success(status) ? STATUS_BAD_BACKEND : status);
		return;
	}
	if (outcome->value) {
		command->reply.media = SLICE("application/json");
		command->reply.body = json->encode(command->arena, outcome->value, &error);
		if (!command->reply.body.p) {
			command->why = arena_printf(command->arena,
			        "the device's answer cannot be written: %s", error.text);
			command_end(ask, STATUS_BAD_BACKEND);
			return;
		}
	}
	command_end(ask, STATUS_OK);
}

static void finish_asked(
        struct ask *ask, struct delivery *delivery, const struct frame_outcome *outcome)
{
	leave_under_way(ask);
	if (ask->polled && outcome->refused) {
		poll_refused(ask->polled, outcome->status, outcome->text);
	} else if (ask->polled) {
		delivery->polled = ask->polled;
		poll_answered(ask->polled);
	}
	reply(ask, outcome);
	ask_free(ask);
}

/* It is an answer, but nobody can say which: the oldest request ends here. */
static void spoil(struct calls *calls)
{
	if (list_empty(&calls->under_way))
		return;
	struct ask *ask = ask_of(calls->under_way.next);
	leave_under_way(ask);
	if (ask->polled)
		poll_unanswered(ask->polled, true);
	if (ask->command)
		ask->command->why = SLICE("the device's answer makes no sense");
	command_end(ask, STATUS_BAD_BACKEND);
	ask_free(ask);
}

bool calls_take(struct delivery *delivery, bool *taken)
{
	struct calls *calls = delivery->session->calls;
	struct frame_outcome outcome;
	struct ask *ask;
	bool answer;
	*taken = false;
	if (!calls || !calls->limits.answers)
		return true;
	bool quiet = now_of(calls) < calls->quiet_until_ms;
	if (!frame_is_answer(delivery->frame, &answer))
		return false;
	/* Where nothing tells answers from messages, they are those that somebody waits for. */
	if (!answer || (!calls->limits.marked && !calls->nunder_way && !quiet))
		return true;
	if (!find_asked(calls, delivery->frame, &ask) ||
	        (ask && !frame_outcome(delivery->frame, &outcome))) {
		spoil(calls);
		calls_go_on(calls);
		return false;
	}
	if (!ask && !calls->limits.marked && !quiet)
		return true;
	*taken = true;
	if (ask) {
		finish_asked(ask, delivery, &outcome);
	} else {
		unasked(calls);
		calls->quiet_until_ms = 0;
	}
	calls_go_on(calls);
	return true;
}

void calls_garbage(struct session *session)
{
	if (!session->calls)
		return;
	LIST_EACH (&session->calls->under_way, at, following)
		ask_of(at)->garbage = true;
}

/* ---- life ---- */

bool calls_open(struct session *session)
{
	struct frame_call_limits limits;
	if (!frame_schema_call(session->listener->schema, &limits))
		return true;
	struct calls *calls = calloc(1, sizeof *calls);
	if (!calls)
		return false;
	uint64_t timeout_ms = session->listener->answer_timeout_ms;
	if (timeout_ms && limits.quiet_ms == limits.timeout_ms)
		limits.quiet_ms = timeout_ms;
	if (timeout_ms)
		limits.timeout_ms = timeout_ms;
	calls->session = session;
	calls->limits = limits;
	list_init(&calls->waiting);
	list_init(&calls->under_way);
	list_init(&calls->namesakes);
	timer_init(&calls->timer, session->listener->loop, timer_fired);
	session->calls = calls;
	return true;
}

static void end_all(struct list *asks, bool away, bool sent)
{
	LIST_EACH (asks, at, following) {
		struct ask *ask = ask_of(at);
		list_remove(&ask->link);
		if (ask->polled)
			poll_dropped(ask->polled);
		if (ask->command) {
			ask->command->away = away;
			ask->command->why = sent ? SLICE("the connection of the device has ended "
			                                 "before it answered")
			                         : SLICE("the connection of the device has ended");
		}
		command_end(ask, ask->garbage ? STATUS_BAD_BACKEND : STATUS_UNAVAILABLE);
		ask_free(ask);
	}
}

void calls_end(struct session *session, bool away)
{
	struct calls *calls = session->calls;
	if (!calls)
		return;
	called_forget(calls);
	polls_end(calls);
	timer_stop(&calls->timer);
	end_all(&calls->under_way, away, true);
	end_all(&calls->waiting, away, false);
	calls->nunder_way = calls->nwaiting = 0;
}

void calls_free(struct session *session)
{
	struct calls *calls = session->calls;
	if (!calls)
		return;
	calls_end(session, true);
	free(calls->polled);
	free(calls);
	session->calls = NULL;
}
