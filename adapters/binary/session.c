/* One connection: its bytes to frames, and what comes of them back to it.
 *
 * BACK-PRESSURE. At most `concurrent` deliveries (by default one) are under way on a connection; reading is paused
 * meanwhile, and nothing that was read is dropped.
 *
 * DRAINING. A listener that goes (the gateway stops, or a reload replaces it) takes what devices have sent by then: unread
 * bytes are cut and delivered as ever, until nothing has come for two looks with a turn of the loop between them, or
 * `drain` is over. Protocols without acknowledgements lose nothing of what was received that way.
 *
 * A device that goes away does not take its frames with it: what was cut is delivered. The session is freed when its
 * connection has gone and nothing is under way. */
#include "adapters/binary/call.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

static struct session *session_of(struct list *link)
{
	return LIST_OWNER(link, struct session, link);
}

/* ---- life ---- */

void session_forget(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

slice session_device(const struct session *session)
{
	return slice_of(session->device ? session->device : session->listener->device);
}

static void session_free(struct session *session)
{
	struct binary_listener *listener = session->listener;
	list_remove(&session->link);
	timer_stop(&session->hold);
	timer_stop(&session->beat);
	calls_free(session);
	if (session->draining && !--listener->base.answering && !listener->closing)
		adapter_at_rest(&listener->base);
	frame_session_free(session->frames);
	session_forget(session->secret);
	free(session->shown.memory);
	free(session->device);
	free(session->peer);
	free(session);
	binary_listener_release(listener);
}

void session_end(struct session *session)
{
	session->ending = true;
	if (session->wire)
		session->wire_ops->close(session->wire);
}

void session_write(struct session *session, slice bytes)
{
	if (!session->wire || session->ending || !bytes.n)
		return;
	session->wire_ops->write(session->wire, bytes);
	session->listener->base.counters.at[COUNTER_BYTES_OUT] += bytes.n;
}

static void hold_over(struct timer *timer)
{
	session_go_on(LIST_OWNER(timer, struct session, hold));
}

/* A serial line has one device at its end, if not now then later: there is nobody to be sent away. */
static bool is_lasting(const struct session *session)
{
	return session->listener->place.kind == PLACE_SERIAL;
}

static bool awaits_login(const struct session *session)
{
	return frame_schema_has_login(session->listener->schema) && !session->device;
}

void session_set_deadline(struct session *session)
{
	const struct binary_listener *listener = session->listener;
	uint64_t at = is_lasting(session) ? 0 : loop_now_ms(listener->loop) + listener->idle_ms;
	if (session->under_way || session->ending)
		at = 0;
	else if (session->partial)
		at = session->partial_since_ms + listener->frame_timeout_ms;
	uint64_t answer =
	        session->unanswered_since_ms + frame_schema_beat_answer_ms(listener->schema);
	if (at && session->unanswered_since_ms && answer < at)
		at = answer;
	if (at && !is_lasting(session) && awaits_login(session)) {
		uint64_t login = session->opened_ms + listener->login_timeout_ms;
		at = login < at || !session->partial ? login : at;
	}
	if (at)
		timer_set(&session->late, at);
	else
		timer_stop(&session->late);
}

/* What stands in the description for all. */
static void say(struct session *session, enum frame_answer what)
{
	enum { SAID_BYTES_MAX = 65536 };
	struct arena arena;
	arena_init(&arena, SAID_BYTES_MAX);
	session_write(session, frame_answer(session->listener->schema, NULL, &arena, what));
	arena_finish(&arena);
}

/* Our own heartbeat: to who has logged in, if that is needed. */
static void beat(struct timer *timer)
{
	struct session *session = LIST_OWNER(timer, struct session, beat);
	const struct frame_schema *schema = session->listener->schema;
	uint64_t now = loop_now_ms(session->listener->loop);
	if (!session->wire || session->ending)
		return;
	timer_set(&session->beat, now + frame_schema_beat_ms(schema));
	if (awaits_login(session))
		return;
	say(session, FRAME_ANSWER_BEAT);
	if (frame_schema_beat_answer_ms(schema) && !session->unanswered_since_ms) {
		session->unanswered_since_ms = now;
		session_set_deadline(session);
	}
}

static void too_late(struct timer *);

/* The bytes that arrived last have been the last for as long as the description's idle gap: they are offered once more, which
 * may end a frame. */
static void gap_over(struct timer *timer)
{
	struct session *session = LIST_OWNER(timer, struct session, gap);
	session->quiet = true;
	session->wire_ops->offer(session->wire);
}

/* From each arrival on. The loop's clock is read once a turn, so a gap is measured from a little before. */
static void listen_for_gap(struct session *session, bool waits)
{
	uint64_t gap_us = frame_schema_gap_us(session->listener->schema);
	if (gap_us && waits)
		timer_set(&session->gap,
		        loop_now_ms(session->listener->loop) + (gap_us + 999) / 1000 + 1);
	else
		timer_stop(&session->gap);
}

struct session *session_open(struct binary_listener *listener, const struct wire_ops *ops,
        void *wire, const char *peer, struct tls_shown *shown)
{
	struct session *session = calloc(1, sizeof *session);
	char *name = strdup(peer);
	struct frame_session *frames = frame_session_create(listener->schema);
	if (!session || !name || !frames || listener->stopping) {
		free(shown->memory);
		frame_session_free(frames);
		free(session);
		free(name);
		listener->base.counters.at[COUNTER_REFUSED]++;
		return NULL;
	}
	session->listener = listener;
	session->wire_ops = ops;
	session->wire = wire;
	session->peer = name;
	session->shown = *shown;
	session->frames = frames;
	session->opened_ms = loop_now_ms(listener->loop);
	(void)snprintf(session->name, sizeof session->name, "%llu",
	        (unsigned long long)++listener->last_session);
	list_init(&session->deliveries);
	timer_init(&session->hold, listener->loop, hold_over);
	timer_init(&session->late, listener->loop, too_late);
	timer_init(&session->gap, listener->loop, gap_over);
	list_append(&listener->sessions, &session->link);
	listener->base.counters.at[COUNTER_CONNECTIONS]++;
	timer_init(&session->beat, listener->loop, beat);
	if (!calls_open(session)) {
		listener->base.counters.at[COUNTER_REFUSED]++;
		session_free(session);
		return NULL;
	}
	if (frame_schema_beat_ms(listener->schema))
		timer_set(&session->beat,
		        session->opened_ms + frame_schema_beat_ms(listener->schema));
	session_set_deadline(session);
	say(session, FRAME_ANSWER_GREETING);
	if (session->calls && !frame_schema_has_login(listener->schema))
		called_ask(session->calls);
	return session;
}

void binary_session_renewed(struct list *link)
{
	struct session *session = session_of(link);
	const char *why = session->wire ? session->wire_ops->doubts(session->wire) : NULL;
	if (!why)
		return;
	adapter_disconnected(&session->listener->base, session->peer, why);
	session_end(session);
}

/* Nothing more is read; what is under way is answered. */
static void read_no_more(struct session *session)
{
	session->cut = true;
	if (!session->paused)
		session->wire_ops->pause(session->wire);
	session->paused = true;
	if (!session->under_way)
		session_end(session);
}

/* A serial line is not shared: whoever opens it next reads what comes from now on. So it is read to the end of a frame first. */
void binary_session_wind_up(struct list *link)
{
	struct session *session = session_of(link);
	calls_end(session, true);
	struct binary_listener *listener = session->listener;
	session->draining = true;
	listener->base.answering++;
	if (session->wire && is_lasting(session) && !session->unread)
		read_no_more(session);
}

void binary_session_look_quiet(struct list *link, bool over)
{
	enum { QUIET_LOOKS = 2 };
	struct session *session = session_of(link);
	bool busy = session->under_way || session->hold.at_ms != 0;
	if (!session->wire || session->ending)
		return;
	session->quiet_looks = busy || session->heard ? 0 : session->quiet_looks + 1;
	session->heard = false;
	if (!over && session->quiet_looks < QUIET_LOOKS)
		return;
	if (over && !session->cut && (session->unread || session->paused))
		log_warning("binary",
		        "what was received is dropped, since the listener goes listener=%s peer=%s "
		        "bytes=%zu",
		        session->listener->base.label, session->peer, session->unread);
	read_no_more(session);
}

void binary_session_cut_off(struct list *link)
{
	session_end(session_of(link));
}

/* What its device did not do in time. */
static const char *lateness(const struct session *session)
{
	return awaits_login(session)          ? "without its login too long"
	       : session->unanswered_since_ms ? "without an answer to the heartbeat"
	                                      : "silent too long";
}

/* Counts and logs an end that was not ours. */
static void report_end(const struct session *session, enum stream_end end, const char *why)
{
	struct counters *counters = &session->listener->base.counters;
	const char *cut = session->partial ? " within a frame" : "";
	bool lost = end == STREAM_END_ERROR || end == STREAM_END_FLOOD;
	if (end == STREAM_END_DEADLINE)
		counters->at[COUNTER_EXPIRED]++;
	else if (lost)
		counters->at[COUNTER_FAILED]++;
	if (session->partial)
		counters->at[COUNTER_MALFORMED]++;
	bool unusual = lost || end == STREAM_END_DEADLINE || session->partial;
	if (session->listener->dial || !unusual || !adapter_may_log(&session->listener->base))
		return;
	if (lost)
		log_info("binary", "connection lost%s listener=%s peer=%s why=%s", cut,
		        session->listener->base.label, session->peer, why);
	else
		log_info("binary", "connection %s%s listener=%s peer=%s",
		        end != STREAM_END_DEADLINE ? "closed" : lateness(session), cut,
		        session->listener->base.label, session->peer);
}

void session_closed(struct session *session, enum stream_end end, int errno_value, const char *why)
{
	struct binary_listener *listener = session->listener;
	session->wire = NULL;
	if (session->expired)
		end = STREAM_END_DEADLINE;
	/* Once the listener is closing its label, which is the core's, is gone. */
	if (end != STREAM_END_OWNER && !listener->closing)
		report_end(session, end, end == STREAM_END_ERROR ? strerror(errno_value) : why);
	if (!listener->closing)
		deliveries_tell_end(session);
	calls_end(session, true);
	if (listener->dial)
		binary_line_lost(
		        listener, session->peer, session->expired ? "silent too long" : why);
	timer_stop(&session->hold);
	timer_stop(&session->late);
	timer_stop(&session->gap);
	timer_stop(&session->beat);
	if (!session->under_way)
		session_free(session);
}

/* ---- bytes ---- */

static bool is_full(const struct session *session)
{
	unsigned most = frame_schema_concurrent(session->listener->schema);
	return session->under_way >= most || session->logging_in || session->hold.at_ms != 0;
}

/* Bytes that are no frame are one refusal, up to the next frame or the next whole frame with a wrong checksum. */
static size_t garbage_bytes(
        const struct frame_schema *schema, slice unread, bool quiet, struct arena *scratch)
{
	size_t n = 0;
	struct frame_piece piece;
	while (n < unread.n) {
		enum frame_cut cut =
		        frame_split(schema, slice_from(unread, n), quiet, scratch, &piece);
		arena_finish(scratch);
		if (cut != FRAME_BETWEEN && (cut != FRAME_BAD || piece.checksum))
			break;
		n += piece.used;
	}
	return n;
}

/* Of a description without framing: all of them are one frame. */
static enum frame_cut take_whole(
        const struct frame_schema *schema, slice bytes, struct frame_piece *piece)
{
	*piece = (struct frame_piece){ .bytes = bytes, .used = bytes.n };
	piece->why = "a datagram longer than any frame";
	return bytes.n <= frame_schema_max_bytes(schema) ? FRAME_WHOLE : FRAME_BAD;
}

/* Hands on what is whole. Returns how many bytes were used. */
static size_t cut_frames(struct session *session, slice bytes, bool quiet, enum frame_cut *cut)
{
	const struct frame_schema *schema = session->listener->schema;
	bool framed = frame_schema_has_framing(schema);
	size_t used = 0;
	struct arena scratch;
	arena_init(&scratch, frame_schema_scratch_bytes(schema));
	while (used < bytes.n && !session->ending && !is_full(session)) {
		struct frame_piece piece;
		slice unread = slice_from(bytes, used);
		arena_finish(&scratch);
		*cut = framed ? frame_split(schema, unread, quiet, &scratch, &piece)
		              : take_whole(schema, unread, &piece);
		session->needed = piece.needed;
		if (*cut == FRAME_MORE)
			break;
		if (*cut == FRAME_BAD && !piece.checksum && framed)
			piece.used = garbage_bytes(schema, unread, quiet, &scratch);
		used += piece.used;
		if (*cut == FRAME_BETWEEN)
			continue;
		delivery_begin(session, &piece, *cut == FRAME_WHOLE);
		deliveries_flush(session);
	}
	arena_finish(&scratch);
	return used;
}

size_t session_received(struct session *session, slice bytes)
{
	size_t before = session->partial;
	bool quiet = session->quiet;
	enum frame_cut cut = FRAME_WHOLE;
	session->quiet = false;
	session->heard = true;
	session->unanswered_since_ms = 0;
	session->unread = bytes.n;
	if (bytes.n < session->needed && !quiet) {
		listen_for_gap(session, true);
		return 0;
	}
	size_t used = cut_frames(session, bytes, quiet, &cut);
	session->listener->base.counters.at[COUNTER_BYTES_IN] += used;
	session->unread = bytes.n - used;
	session->partial = cut == FRAME_MORE && !session->ending ? bytes.n - used : 0;
	if (session->partial && (used || !before))
		session->partial_since_ms = loop_now_ms(session->listener->loop);
	if (is_full(session) && !session->paused) {
		session->paused = true;
		session->wire_ops->pause(session->wire);
	}
	listen_for_gap(session, session->partial && !quiet);
	session_set_deadline(session);
	if (session->draining && is_lasting(session) && !session->unread && !session->ending)
		read_no_more(session);
	return used;
}

size_t session_received_last(struct session *session, slice bytes)
{
	session->quiet = true;
	return session_received(session, bytes);
}

void session_broken(struct session *session, slice unread, const char *why)
{
	struct binary_listener *listener = session->listener;
	const struct frame_piece piece = { .bytes = unread, .used = unread.n, .why = why };
	if (session->ending)
		return;
	session->partial = session->needed = session->unread = 0;
	timer_stop(&session->gap);
	listener->base.counters.at[COUNTER_BYTES_IN] += unread.n;
	if (unread.n) {
		delivery_begin(session, &piece, false);
		deliveries_flush(session);
	} else {
		listener->base.counters.at[COUNTER_MALFORMED]++;
	}
	session_set_deadline(session);
}

static void too_late(struct timer *timer)
{
	struct session *session = LIST_OWNER(timer, struct session, late);
	if (is_lasting(session)) {
		session->wire_ops->forget(session->wire);
		return;
	}
	session->expired = true;
	session->wire_ops->abort(session->wire);
}

bool session_is_idle(const struct session *session)
{
	return !session->under_way && !session->partial;
}

void session_go_on(struct session *session)
{
	deliveries_flush(session);
	if (!session->wire) {
		if (!session->under_way)
			session_free(session);
		return;
	}
	if (session->cut) {
		if (!session->under_way)
			session_end(session);
		return;
	}
	if (session->paused && !session->ending && !is_full(session)) {
		session->paused = false;
		session->wire_ops->resume(session->wire);
	}
	session_set_deadline(session);
}
