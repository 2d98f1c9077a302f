/* What a listener asks its devices by itself, on a schedule, and what becomes of the answers.
 *
 * Each line of `poll:` is asked of each session. THE SCHEDULE DOES NOT DRIFT: the next time is the last one and `every`,
 * whenever the answer came. It does not pile up: while the one before is not over (asked, waiting behind others, or its
 * message not taken yet), a time is left out, and counted. It starts at a random moment within `every`, so that the
 * lines of a schedule, and the devices that all come back at once, are not asked in one heap.
 *
 * An answer is a message like any other, with the session's credentials. That a device does not answer, or refuses, is
 * counted each time and logged when it changes. */
#include "adapters/binary/call.h"

#include "base/log.h"
#include "base/random.h"
#include "codec/value.h"

#include <stdlib.h>

enum { POLLS_MAX = 256, POLLS_ROOM_BYTES = 4 << 20, EVERY_LEAST_MS = 10 };

struct binary_poll {
	uint64_t every_ms;
	const struct value *send;
	const struct frame_poll *message;
	slice path; /* for the log */
};

struct binary_polls {
	struct arena arena;
	unsigned n;
	struct binary_poll each[];
};

enum polled_state { POLLED_NEW, POLLED_GOOD, POLLED_SILENT, POLLED_GARBAGE, POLLED_REFUSED };

struct polled {
	const struct binary_poll *poll;
	struct calls *calls;
	uint64_t next_ms;
	enum polled_state state;
	bool under_way;
};

const struct setting binary_poll_settings[] = {
	{ .key = "every",
	        .type = SETTING_DURATION,
	        .required = true,
	        .help = "from one request to the next, such as 1s" },
	{ .key = "send",
	        .type = SETTING_TREE,
	        .required = true,
	        .help = "the request: the members of the type that the description's call names" },
	{ .key = "path",
	        .type = SETTING_TEXT,
	        .required = true,
	        .help = "the endpoint path of the answers, a template over the frame: "
	                "\"/plant/{device}/pressure\"" },
	{ .key = "emit",
	        .type = SETTING_TREE,
	        .help = "what the message says, over the frame and _request; default: what the "
	                "description says of answers" },
	{ .key = NULL },
};

/* ---- settings ---- */

/* What can never be written is a mistake in the file. */
static bool check_send(struct binary_listener *listener, const struct config *node,
        const struct value *send, struct error *error)
{
	struct arena arena;
	struct frame_request request;
	struct frame_fault fault;
	arena_init(&arena, POLLS_ROOM_BYTES);
	bool good = frame_ask(listener->schema, &arena, send, 0, &request, &fault);
	if (!good)
		(void)config_error(node, error, "no request: %s%s%s", fault.path,
		        fault.path[0] ? ": " : "", fault.text);
	if (good && !request.expected)
		good = config_error(node, error, "the device does not answer this");
	arena_finish(&arena);
	return good;
}

static bool open_poll(struct binary_listener *listener, const struct config *node,
        struct binary_poll *poll, struct error *error)
{
	struct arena *arena = &listener->polls->arena;
	const struct config *send = config_get(node, "send");
	poll->every_ms = config_duration_ms(node, "every");
	if (poll->every_ms < EVERY_LEAST_MS)
		return config_error(
		        config_get(node, "every"), error, "at least %dms", EVERY_LEAST_MS);
	poll->send = value_of_config(arena, send);
	poll->path = arena_copy_slice(arena, config_text(node, "path"));
	if (!poll->send || !poll->path.p)
		return config_error(node, error, "out of memory");
	if (!check_send(listener, send, poll->send, error))
		return false;
	poll->message = frame_schema_poll(
	        listener->schema, config_get(node, "path"), config_get(node, "emit"), error);
	return poll->message != NULL;
}

bool binary_polls_open(
        struct binary_listener *listener, const struct config *config, struct error *error)
{
	const struct config *list = config_get(config, "poll");
	struct frame_call_limits limits;
	if (!list || !list->count)
		return true;
	if (!frame_schema_call(listener->schema, &limits) || !limits.answers)
		return config_error(list, error,
		        "the description has no call/answer: it does not say how its devices are "
		        "asked");
	if (list->count > POLLS_MAX)
		return config_error(list, error, "more than %d lines", POLLS_MAX);
	listener->polls =
	        calloc(1, sizeof *listener->polls + list->count * sizeof(struct binary_poll));
	if (!listener->polls)
		return error_set(error, "out of memory");
	arena_init(&listener->polls->arena, POLLS_ROOM_BYTES);
	CONFIG_EACH (list, node) {
		if (!open_poll(listener, node, &listener->polls->each[listener->polls->n++], error))
			return false;
	}
	return true;
}

void binary_polls_close(struct binary_listener *listener)
{
	if (listener->polls)
		arena_finish(&listener->polls->arena);
	free(listener->polls);
	listener->polls = NULL;
}

/* ---- the schedule ---- */

static struct binary_listener *listener_of(const struct polled *polled)
{
	return polled->calls->session->listener;
}

static void skip(const struct polled *polled, uint64_t times)
{
	listener_of(polled)->base.counters.at[COUNTER_SKIPPED] += times;
}

static void ask(struct polled *polled)
{
	struct frame_fault fault;
	if (polled->under_way) {
		skip(polled, 1);
		return;
	}
	/* It may be over before calls_ask() returns. */
	polled->under_way = true;
	if (calls_ask(polled->calls, polled, polled->poll->send, &fault))
		return;
	polled->under_way = false;
	skip(polled, 1);
}

static void set_timer(struct calls *calls)
{
	const struct binary_polls *polls = calls->session->listener->polls;
	uint64_t at_ms = UINT64_MAX;
	for (unsigned i = 0; i < polls->n; i++)
		at_ms = calls->polled[i].next_ms < at_ms ? calls->polled[i].next_ms : at_ms;
	timer_set(&calls->poll_timer, at_ms);
}

static void timer_fired(struct timer *timer)
{
	struct calls *calls = LIST_OWNER(timer, struct calls, poll_timer);
	struct binary_listener *listener = calls->session->listener;
	uint64_t now_ms = loop_now_ms(listener->loop);
	for (unsigned i = 0; i < listener->polls->n; i++) {
		struct polled *polled = &calls->polled[i];
		if (polled->next_ms > now_ms)
			continue;
		uint64_t missed = (now_ms - polled->next_ms) / polled->poll->every_ms;
		polled->next_ms += (missed + 1) * polled->poll->every_ms;
		skip(polled, missed);
		ask(polled);
	}
	set_timer(calls);
}

bool polls_begin(struct calls *calls)
{
	struct binary_listener *listener = calls->session->listener;
	const struct binary_polls *polls = listener->polls;
	if (!polls || calls->polled || listener->stopping)
		return true;
	calls->polled = calloc(polls->n, sizeof *calls->polled);
	if (!calls->polled)
		return false;
	uint64_t now_ms = loop_now_ms(listener->loop);
	for (unsigned i = 0; i < polls->n; i++) {
		uint64_t at;
		random_bytes(&at, sizeof at);
		calls->polled[i] = (struct polled){ .poll = &polls->each[i],
			.calls = calls,
			.next_ms = now_ms + at % polls->each[i].every_ms };
	}
	timer_init(&calls->poll_timer, listener->loop, timer_fired);
	set_timer(calls);
	return true;
}

void polls_end(struct calls *calls)
{
	if (calls->polled)
		timer_stop(&calls->poll_timer);
}

/* ---- what became of it ---- */

static void change(struct polled *polled, enum polled_state state, slice text)
{
	static const char *const words[] = {
		[POLLED_GOOD] = "the device answers again",
		[POLLED_SILENT] = "the device does not answer",
		[POLLED_GARBAGE] = "the device answers with what makes no sense",
		[POLLED_REFUSED] = "the device refuses the request",
	};
	struct binary_listener *listener = listener_of(polled);
	bool same = polled->state == state;
	bool first = polled->state == POLLED_NEW && state == POLLED_GOOD;
	polled->state = state;
	if (same || first || listener->closing)
		return;
	log_info("binary", "poll: %s%s%.*s listener=%s peer=%s path=%.*s", words[state],
	        text.n ? ": " : "", SLICE_ARG(text), listener->base.label,
	        polled->calls->session->peer, SLICE_ARG(polled->poll->path));
}

static const slice nothing = { NULL, 0 };

void poll_answered(struct polled *polled)
{
	change(polled, POLLED_GOOD, nothing);
}

void poll_refused(struct polled *polled, slice status, slice text)
{
	listener_of(polled)->base.counters.at[COUNTER_FAILED]++;
	polled->under_way = false;
	change(polled, POLLED_REFUSED, text.n ? text : status);
}

void poll_unanswered(struct polled *polled, bool garbage)
{
	polled->under_way = false;
	change(polled, garbage ? POLLED_GARBAGE : POLLED_SILENT, nothing);
}

void poll_dropped(struct polled *polled)
{
	polled->under_way = false;
}

void poll_delivered(struct polled *polled)
{
	polled->under_way = false;
}

bool poll_message(struct delivery *delivery, slice *path, const struct value **value)
{
	const struct session *session = delivery->session;
	slice device = session_device(session);
	if (!device.n)
		device = called_identity(session->calls);
	return frame_poll_message(
	        delivery->frame, delivery->polled->poll->message, device, path, value);
}
