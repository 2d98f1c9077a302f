/* What the service manager hears, and when.
 *
 * A WATCHDOG IS FED BY WHAT IT WATCHES, the manager's and the board's alike: a timer of the loop, at half the time that is allowed, and only
 * if the threads that write the store and the audit log have come to the question that was put to them half a time before.
 * So a loop that spins, a deadlock, or a disk that takes a write and never ends it, is seen from outside, and the manager
 * starts the gateway anew, or the hardware the box. A disk that is full or answers with errors is no reason: the threads live and say so.
 * A thread that answers late is asked again at a tenth of the time, so that one slow write costs nothing.
 *
 * WHILE IT STOPS, the time that the manager allows is extended in small pieces, again by the loop: a unit can have a
 * short TimeoutStopSec, and a gateway that still answers its last requests is not killed in the middle. */
#include "cli/supervision.h"

#include <inttypes.h>
#include <stdio.h>

#include "audit/audit.h"
#include "base/clock.h"
#include "base/code_pages.h"
#include "base/heap.h"
#include "store/store.h"

enum {
	LINES_BYTES = 320,
	DRAIN_EVERY_MS = 2000,
	DRAIN_FOR_MS = 6000, /* three times that, for a machine that is busy */
	WRITE_FOR_MS = 30000,
	/* After that much the first messages are through, and what a reload has replaced is mostly gone. */
	SETTLE_MS = 2000,
};

/* The shorter of the two times; 0: nobody waits for a sign of life. */
static uint64_t allowed_ms(const struct supervision *supervision)
{
	uint64_t manager_ms = notify_watchdog_ms(supervision->notify);
	uint64_t board_ms = panel_watchdog_ms(&supervision->panel);
	return !board_ms || (manager_ms && manager_ms < board_ms) ? manager_ms : board_ms;
}

static void feed(struct timer *timer)
{
	struct supervision *supervision = LIST_OWNER(timer, struct supervision, watchdog);
	const struct cli_gateway *gateway = supervision->gateway;
	uint64_t watchdog_ms = allowed_ms(supervision);
	if (!watchdog_ms)
		return;
	/* Both are asked, whatever the first says. */
	bool store = !gateway->store || store_comes_round(gateway->store);
	bool audit = !gateway->audit || audit_comes_round(gateway->audit);
	if (store && audit)
		panel_feed(&supervision->panel);
	if (store && audit && notify_watchdog_ms(supervision->notify))
		notify_say(supervision->notify, "WATCHDOG=1");
	uint64_t wait_ms = store && audit ? watchdog_ms / 2 : watchdog_ms / 10;
	timer_set(timer, loop_now_ms(gateway->loop) + (wait_ms ? wait_ms : 1));
}

static void extend(const struct supervision *supervision, const char *also, uint64_t ms)
{
	char lines[LINES_BYTES];
	(void)snprintf(lines, sizeof lines,
	        "%sEXTEND_TIMEOUT_USEC=%" PRIu64 "\nSTATUS=stopping: %u requests under way", also,
	        ms * 1000, core_under_way(supervision->gateway->core));
	notify_say(supervision->notify, lines);
}

static void go_on_draining(struct timer *timer)
{
	struct supervision *supervision = LIST_OWNER(timer, struct supervision, draining);
	extend(supervision, "", DRAIN_FOR_MS);
	timer_set(timer, loop_now_ms(supervision->gateway->loop) + DRAIN_EVERY_MS);
}

static void settle(struct timer *timer)
{
	(void)timer;
	heap_settle();
	(void)code_pages_release();
}

static void settle_later(struct supervision *supervision)
{
	timer_set(&supervision->settling, loop_now_ms(supervision->gateway->loop) + SETTLE_MS);
}

void supervision_init(
        struct supervision *supervision, struct cli_gateway *gateway, struct listening *sockets)
{
	*supervision = (struct supervision){
		.gateway = gateway, .notify = notify_open(), .sockets = sockets
	};
	panel_init(&supervision->panel, gateway);
	timer_init(&supervision->watchdog, gateway->loop, feed);
	timer_init(&supervision->draining, gateway->loop, go_on_draining);
	timer_init(&supervision->settling, gateway->loop, settle);
}

void supervision_finish(struct supervision *supervision)
{
	timer_stop(&supervision->watchdog);
	timer_stop(&supervision->draining);
	panel_close(&supervision->panel);
	timer_stop(&supervision->settling);
	notify_close(supervision->notify);
}

void supervision_loaded(struct supervision *supervision)
{
	panel_take_lights(&supervision->panel);
}

/* READY=1 and what there is: "2 of 2 listeners, 3 backends, 5 endpoints". */
static void say_ready(struct supervision *supervision, const char *remark)
{
	const struct core *core = supervision->gateway->core;
	const struct configuration *configuration = core_configuration(core);
	char lines[LINES_BYTES];
	(void)snprintf(lines, sizeof lines,
	        "READY=1\nSTATUS=%u of %u listeners, %u backends, %u endpoints%s",
	        core_listening(core), configuration->nlisteners, configuration->nbackends,
	        configuration->nendpoints, remark);
	notify_say(supervision->notify, lines);
}

static bool keep(void *arg, int fd, const char *name)
{
	const struct supervision *supervision = arg;
	return notify_store(supervision->notify, fd, name);
}

static void drop(void *arg, const char *name)
{
	const struct supervision *supervision = arg;
	notify_unstore(supervision->notify, name);
}

/* Whoever is started next finds no socket that was closed to make way for a listener of this one. */
void supervision_failed(struct supervision *supervision)
{
	const struct listening_keeper keeper = { supervision, keep, drop };
	panel_failed(&supervision->panel);
	if (supervision->notify)
		listening_forget(supervision->sockets, &keeper);
}

/* Before the manager hears READY=1: whatever happens after that, it has them. */
static void settle_sockets(struct supervision *supervision)
{
	const struct listening_keeper keeper = { supervision, keep, drop };
	listening_settle(supervision->sockets, supervision->notify ? &keeper : NULL);
}

void supervision_ready(struct supervision *supervision)
{
	settle_sockets(supervision);
	say_ready(supervision, "");
	panel_follow(&supervision->panel);
	feed(&supervision->watchdog);
	settle_later(supervision);
}

void supervision_reload(struct supervision *supervision)
{
	char lines[LINES_BYTES];
	(void)snprintf(lines, sizeof lines,
	        "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\nSTATUS=reading the configuration again",
	        clock_monotonic_us());
	notify_say(supervision->notify, lines);
	bool taken = core_reload(supervision->gateway->core);
	settle_sockets(supervision);
	if (taken) {
		/* Another board may be in force, and its LEDs may have come meanwhile. */
		panel_take_lights(&supervision->panel);
		panel_follow(&supervision->panel);
		feed(&supervision->watchdog);
	}
	say_ready(supervision,
	        taken ? "" : "; the file has mistakes (see the log): as it was before them");
	settle_later(supervision);
}

void supervision_stop(struct supervision *supervision, uint64_t grace_ms)
{
	bool again = supervision->draining.at_ms != 0;
	listening_stop(supervision->sockets);
	core_stop(supervision->gateway->core, grace_ms);
	if (again || !supervision->notify)
		return;
	extend(supervision, "STOPPING=1\n", DRAIN_FOR_MS);
	timer_set(&supervision->draining, loop_now_ms(supervision->gateway->loop) + DRAIN_EVERY_MS);
}

void supervision_ending(struct supervision *supervision)
{
	extend(supervision, "", WRITE_FOR_MS);
}
