/* audit: the core thread's side, and the thread that writes.
 *
 * An event is copied, counted or let through (flood.c, seen.c), and posted to the thread of the log; the thread writes all
 * that is there in one batch and posts it back to be freed. So memory is bounded by one number on the core thread's side,
 * and nobody waits for the disk.
 *
 * WHEN THE DISK TAKES NOTHING the thread keeps what it has and tries again each second. Once PENDING_MAX_BYTES are out,
 * further events are lost; their number is the next thing that is written when events come back from the disk.
 *
 * Why no record in the store: a table can be rewritten by whoever has the file, and says nothing about it; the log is to
 * be read, copied and verified without this program. */
#include "audit/audit.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit/flood.h"
#include "audit/seen.h"
#include "audit/writer.h"
#include "base/clock.h"
#include "base/log.h"
#include "loop/loop.h"
#include "loop/mailbox.h"

enum {
	PENDING_MAX_BYTES = 4 << 20,
	/* For what was changed, and keys: thousands of clients may be added at once, and no flood takes their room. */
	PENDING_CHANGES_MAX_BYTES = 16 << 20,
	REFUSALS_MAX = 512, /* told apart at a time */
	LOGINS_MAX = 4096,
	RETRY_MS = 1000,
	HEAD_MS = 60 * 60 * 1000, /* how often the head goes to the ordinary log */
};

enum letter_kind { LETTER_EVENT, LETTER_LIMITS, LETTER_PING, LETTER_STATE, LETTER_STOP };

struct letter {
	struct entry entry; /* first: its link is what mailboxes and the writer move */
	enum letter_kind kind;
	size_t bytes;
	bool lost; /* the thread could not write it before its end */
	bool fails;
	struct writer_limits limits;
	char content[];
};

struct audit {
	struct audit_sink sink; /* first */
	struct loop *loop;
	struct writer *writer; /* the thread's, while it runs */
	pthread_t thread;
	struct mailbox *to_thread, *to_core;
	struct audit_settings settings;
	struct flood *refusals, *logins;
	struct seen *seen;
	struct timer windows;
	size_t pending_bytes;
	unsigned pending;
	bool asked; /* a ping is with the thread */
	void (*changed)(void *arg, bool fails);
	void *changed_arg;
	uint64_t written, lost;
	uint64_t unsaid, unsaid_since_ns; /* lost, and not in the log yet */
};

/* ---- The thread. */

struct work {
	struct audit *audit;
	struct list entries; /* not written yet */
	uint64_t head_due_ms;
	bool failing, stopping;
};

static void say_head(struct work *work)
{
	const struct chain *chain = writer_chain(work->audit->writer);
	if (chain->seq)
		log_info("audit", "head=%" PRIu64 ":%s", chain->seq, chain->head);
	work->head_due_ms = clock_monotonic_ms() + HEAD_MS;
}

static void sort_letters(struct work *work, struct list *letters)
{
	while (!list_empty(letters)) {
		struct letter *letter =
		        (struct letter *)(void *)LIST_OWNER(letters->next, struct entry, link);
		list_remove(&letter->entry.link);
		switch (letter->kind) {
		case LETTER_EVENT:
			list_append(&work->entries, &letter->entry.link);
			break;
		case LETTER_LIMITS:
			writer_limit(work->audit->writer, &letter->limits);
			mailbox_post(work->audit->to_core, &letter->entry.link);
			break;
		case LETTER_PING:
		case LETTER_STATE:
			mailbox_post(work->audit->to_core, &letter->entry.link);
			break;
		case LETTER_STOP:
			work->stopping = true; /* it is on the stack of who stops */
			break;
		}
	}
}

static void give_back(struct work *work, struct list *entries, bool lost)
{
	while (!list_empty(entries)) {
		struct letter *letter =
		        (struct letter *)(void *)LIST_OWNER(entries->next, struct entry, link);
		list_remove(&letter->entry.link);
		letter->lost = lost;
		mailbox_post(work->audit->to_core, &letter->entry.link);
	}
}

/* The core thread hears of it, if there is memory to tell. */
static void tell_state(struct work *work)
{
	struct letter *letter = calloc(1, sizeof *letter);
	if (!letter)
		return;
	letter->kind = LETTER_STATE;
	letter->fails = work->failing;
	list_init(&letter->entry.link);
	mailbox_post(work->audit->to_core, &letter->entry.link);
}

/* Once when it begins and once when it is over. */
static void write_all(struct work *work)
{
	struct list done;
	bool good;
	do {
		list_init(&done);
		good = writer_write(work->audit->writer, &work->entries, &done);
		give_back(work, &done, false);
	} while (good && !list_empty(&work->entries));
	if (!good && !work->failing)
		log_error("audit", "the log cannot be written: %s; trying again",
		        writer_why(work->audit->writer));
	else if (good && work->failing)
		log_info("audit", "the log is written again");
	bool news = work->failing == good;
	work->failing = !good;
	if (news)
		tell_state(work);
}

static int wait_ms(const struct work *work)
{
	uint64_t now_ms = clock_monotonic_ms();
	uint64_t left = work->head_due_ms > now_ms ? work->head_due_ms - now_ms : 0;
	return work->failing && left > RETRY_MS ? (int)RETRY_MS : (int)left;
}

static void *serve(void *arg)
{
	struct work work = { .audit = arg };
	list_init(&work.entries);
	write_all(&work); /* what opening has found */
	say_head(&work);
	while (!work.stopping) {
		struct list letters;
		list_init(&letters);
		(void)mailbox_wait(work.audit->to_thread, &letters, wait_ms(&work));
		sort_letters(&work, &letters);
		write_all(&work);
		if (clock_monotonic_ms() >= work.head_due_ms || work.stopping)
			say_head(&work);
	}
	give_back(&work, &work.entries, true);
	return NULL;
}

/* ---- Events, on the core thread. */

static slice move_in(char **at, slice from, size_t max)
{
	/* One byte more shows the writer that something was cut off. */
	return slice_put(at, (slice){ from.p, from.n < max + 1 ? from.n : max + 1 });
}

static const char *move_in_name(char **at, const char *name)
{
	if (!name)
		return NULL;
	char *start = *at;
	(void)move_in(at, slice_of(name), NAME_MAX_BYTES);
	*(*at)++ = '\0';
	return start;
}

static size_t content_max(const struct audit_event *event)
{
	return event->who.n + event->object.n + event->peer.n + event->detail.n +
	       (event->protocol ? strlen(event->protocol) + 1 : 0) +
	       (event->listener ? strlen(event->listener) + 1 : 0);
}

static struct letter *copy(const struct note *note)
{
	const struct audit_event *event = &note->event;
	enum {
		CONTENT_MAX = WHO_MAX + OBJECT_MAX + PEER_MAX + DETAIL_MAX + 2 * NAME_MAX_BYTES + 8
	};
	size_t n = content_max(event), room = n < CONTENT_MAX ? n : (size_t)CONTENT_MAX;
	struct letter *letter = malloc(sizeof *letter + room);
	if (!letter)
		return NULL;
	*letter = (struct letter){ .kind = LETTER_EVENT, .bytes = sizeof *letter + room };
	list_init(&letter->entry.link);
	struct audit_event *to = &letter->entry.note.event;
	letter->entry.note = *note;
	char *at = letter->content;
	to->who = move_in(&at, event->who, WHO_MAX);
	to->object = move_in(&at, event->object, OBJECT_MAX);
	to->peer = move_in(&at, event->peer, PEER_MAX);
	to->detail = move_in(&at, event->detail, DETAIL_MAX);
	to->protocol = move_in_name(&at, event->protocol);
	to->listener = move_in_name(&at, event->listener);
	return letter;
}

static void lose(struct audit *audit, const struct note *note)
{
	uint64_t n = note->count ? note->count : 1;
	if (!audit->unsaid) {
		audit->unsaid_since_ns = note->time_ns;
		log_error("audit", "events are lost: %u wait for the disk", audit->pending);
	}
	audit->unsaid += n;
	audit->lost += n;
}

static bool post(struct audit *audit, const struct note *note)
{
	struct letter *letter = copy(note);
	if (!letter)
		return false;
	audit->pending_bytes += letter->bytes;
	audit->pending++;
	mailbox_post(audit->to_thread, &letter->entry.link);
	return true;
}

/* Once something was lost, not before half of it is free: many are lost at a time, and said in one line. */
static bool has_room(const struct audit *audit, enum audit_kind kind)
{
	bool change = kind == AUDIT_ADMIN || kind == AUDIT_KEY;
	size_t max = change ? PENDING_CHANGES_MAX_BYTES : PENDING_MAX_BYTES;
	return audit->pending_bytes <= (audit->unsaid ? max / 2 : max);
}

/* The number of those that were lost, before what comes after them. */
static bool say_lost(struct audit *audit)
{
	if (!audit->unsaid)
		return true;
	const struct note note = { .time_ns = clock_wall_ns(),
		.count = audit->unsaid,
		.since_ns = audit->unsaid_since_ns,
		.event = { .kind = AUDIT_LOG,
		        .action = "log.lost",
		        .detail = SLICE("events that the disk, or memory, had no room for") } };
	if (!post(audit, &note))
		return false;
	log_error("audit", "%" PRIu64 " events were lost", audit->unsaid);
	audit->unsaid = 0;
	return true;
}

static void write_note(void *arg, const struct note *note)
{
	struct audit *audit = arg;
	bool room = has_room(audit, note->event.kind) && say_lost(audit);
	if (!room || !post(audit, note))
		lose(audit, note);
}

static struct flood_time time_now(const struct audit *audit)
{
	return (struct flood_time){ loop_now_ms(audit->loop), clock_wall_ns(),
		audit->settings.flood_window_ms };
}

static void wait_for_windows(struct audit *audit)
{
	uint64_t refusals = flood_pass(audit->refusals, time_now(audit));
	uint64_t logins = flood_pass(audit->logins, time_now(audit));
	uint64_t next = !logins || (refusals && refusals < logins) ? refusals : logins;
	if (next)
		timer_set(&audit->windows, next);
}

static void windows_end(struct timer *timer)
{
	wait_for_windows(LIST_OWNER(timer, struct audit, windows));
}

static void take(struct audit *audit, struct flood *flood, const struct audit_event *event)
{
	flood_take(flood, event, time_now(audit));
	if (!audit->windows.at_ms)
		wait_for_windows(audit);
}

static void write_event(struct audit *audit, const struct audit_event *event)
{
	const struct note note = { .event = *event, .time_ns = clock_wall_ns() };
	write_note(audit, &note);
}

/* Whoever was away for a while has a line, however many come at once, as after an outage; who comes again and again is
 * counted. */
static void note_login(struct audit *audit, const struct audit_event *event)
{
	char address[FLOOD_PEER_BYTES];
	flood_peer(event->peer, address);
	enum seen_answer answer = seen_look(audit->seen, event->who, event->protocol, address,
	        loop_now_ms(audit->loop), audit->settings.login_window_ms);
	struct audit_event one = *event;
	switch (answer) {
	case SEEN_NOT:
		write_event(audit, event);
		break;
	case SEEN_LATELY:
		if (event->kind == AUDIT_LOGIN)
			take(audit, audit->logins, event);
		break;
	case SEEN_CROWDED:
		/* Requests are not told apart any more, only counted. */
		if (event->kind == AUDIT_SEEN)
			one.who = one.peer = one.detail = (slice){ NULL, 0 };
		take(audit, audit->logins, &one);
		break;
	}
}

static void note_event(struct audit_sink *sink, const struct audit_event *event)
{
	struct audit *audit = (struct audit *)(void *)sink;
	switch (event->kind) {
	case AUDIT_LOGIN:
	case AUDIT_SEEN:
		note_login(audit, event);
		break;
	case AUDIT_REFUSAL:
		take(audit, audit->refusals, event);
		break;
	case AUDIT_ADMIN:
	case AUDIT_KEY:
	case AUDIT_LOG:
	case AUDIT_KINDS:
		write_event(audit, event);
		break;
	}
}

/* ---- What comes back. */

static void come_back(void *arg, struct list *letters)
{
	struct audit *audit = arg;
	while (!list_empty(letters)) {
		struct letter *letter =
		        (struct letter *)(void *)LIST_OWNER(letters->next, struct entry, link);
		list_remove(&letter->entry.link);
		if (letter->kind == LETTER_EVENT) {
			audit->pending--;
			audit->pending_bytes -= letter->bytes;
			if (letter->lost)
				audit->lost++;
			else
				audit->written++;
		} else if (letter->kind == LETTER_PING) {
			audit->asked = false;
		} else if (letter->kind == LETTER_STATE && audit->changed) {
			audit->changed(audit->changed_arg, letter->fails);
		}
		free(letter);
	}
}

static void letters_are_back(void *arg, struct list *letters)
{
	struct audit *audit = arg;
	come_back(audit, letters);
	if (has_room(audit, AUDIT_LOG))
		(void)say_lost(audit);
}

/* ---- Opening and closing. */

static struct writer_limits limits_of(const struct audit_settings *settings)
{
	return (struct writer_limits){ settings->file_bytes, settings->keep };
}

static void set(struct audit_sink *sink, const struct audit_settings *settings)
{
	struct audit *audit = (struct audit *)(void *)sink;
	struct letter *letter = calloc(1, sizeof *letter);
	audit->settings = *settings;
	if (!letter)
		return; /* the thread goes on with the old limits until the next reload */
	letter->kind = LETTER_LIMITS;
	letter->limits = limits_of(settings);
	list_init(&letter->entry.link);
	mailbox_post(audit->to_thread, &letter->entry.link);
}

static bool start_thread(struct audit *audit, struct error *error)
{
	/* Signals are the core thread's. */
	sigset_t all, before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int code = pthread_create(&audit->thread, NULL, serve, audit);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code == 0 || error_set(error, "no thread for the audit log: %s", strerror(code));
}

static void discard(struct audit *audit)
{
	mailbox_destroy(audit->to_thread, NULL);
	mailbox_destroy(audit->to_core, NULL);
	flood_destroy(audit->refusals);
	flood_destroy(audit->logins);
	seen_destroy(audit->seen);
	writer_close(audit->writer);
	free(audit);
}

struct audit *audit_open(struct loop *loop, const char *folder,
        const struct audit_settings *settings, struct error *error)
{
	struct audit *audit = calloc(1, sizeof *audit);
	if (!audit) {
		error_set(error, "out of memory");
		return NULL;
	}
	const struct writer_limits limits = limits_of(settings);
	audit->sink = (struct audit_sink){ note_event, set };
	audit->loop = loop;
	audit->settings = *settings;
	timer_init(&audit->windows, loop, windows_end);
	audit->writer = writer_open(folder, &limits, error);
	if (!audit->writer) {
		discard(audit);
		return NULL;
	}
	audit->refusals = flood_create(REFUSALS_MAX, write_note, audit);
	audit->logins = flood_create(LOGINS_MAX, write_note, audit);
	audit->seen = seen_create();
	audit->to_thread = mailbox_create(NULL, NULL, NULL);
	audit->to_core = mailbox_create(loop, letters_are_back, audit);
	bool made = audit->refusals && audit->logins && audit->seen && audit->to_thread &&
	            audit->to_core;
	if (!made)
		error_set(error, "out of memory or descriptors");
	if (made && start_thread(audit, error))
		return audit;
	discard(audit);
	return NULL;
}

void audit_watch(struct audit *audit, void (*changed)(void *arg, bool fails), void *arg)
{
	audit->changed = changed;
	audit->changed_arg = arg;
}

bool audit_comes_round(struct audit *audit)
{
	if (audit->asked)
		return false;
	struct letter *ping = calloc(1, sizeof *ping);
	if (!ping)
		return true; /* asked the next time */
	ping->kind = LETTER_PING;
	list_init(&ping->entry.link);
	audit->asked = true;
	mailbox_post(audit->to_thread, &ping->entry.link);
	return true;
}

struct audit_sink *audit_sink(struct audit *audit)
{
	return &audit->sink;
}

void audit_close(struct audit *audit)
{
	if (!audit)
		return;
	timer_stop(&audit->windows);
	flood_flush(audit->refusals, clock_wall_ns());
	flood_flush(audit->logins, clock_wall_ns());
	(void)say_lost(audit);
	struct letter stop = { .kind = LETTER_STOP };
	list_init(&stop.entry.link);
	mailbox_post(audit->to_thread, &stop.entry.link);
	(void)pthread_join(audit->thread, NULL);
	struct list letters;
	list_init(&letters);
	uint64_t before = audit->lost;
	(void)mailbox_take(audit->to_core, &letters);
	come_back(audit, &letters);
	if (audit->lost != before || audit->unsaid)
		log_error("audit", "%" PRIu64 " events were lost at the end",
		        audit->lost - before + audit->unsaid);
	discard(audit);
}

void audit_log_counters(const struct audit *audit)
{
	if (audit)
		log_info("counters",
		        "audit pending=%u pending_bytes=%zu written=%" PRIu64 " lost=%" PRIu64
		        " peers=%u",
		        audit->pending, audit->pending_bytes, audit->written, audit->lost,
		        flood_count(audit->refusals));
}
