/* One connection: bytes to frames, frames to requests, answers in the order of the frames.
 *
 * Each frame that is cut becomes a delivery with an arena of its own: it is decoded there once, and its messages are
 * submitted one after the other, so that what a backend gets is in the order of the device. A delivery is done when the
 * last of its messages came home, or one was refused; its answer leaves when all deliveries before it are done.
 *
 * BACK-PRESSURE. At most `concurrent` deliveries (by default one) are under way on a connection; reading is paused
 * meanwhile, and nothing that was read is dropped.
 *
 * A frame that cannot be understood is a delivery as well: a request that is refused before it is submitted, so that it
 * is counted and logged with an id like any other, and answered in its turn.
 *
 * A device that goes away does not take its frames with it: what was cut is delivered. The session is freed when its
 * connection has gone and nothing is under way. */
#include "adapters/binary/binary.h"

#include "adapters/common/tls.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

enum { DELIVERY_ROOM_BYTES = 256 * 1024, DELIVERY_BYTES_PER_BYTE = 64, WHY_BYTES = 320 };

struct session {
	struct list link;
	struct binary_listener *listener;
	struct stream *stream;  /* NULL: gone */
	struct list deliveries; /* in the order of their frames */
	unsigned under_way;
	char name[24]; /* for request->session */
	char *peer;
	char *device, *secret;  /* once a login was accepted */
	struct tls_shown shown; /* in the TLS handshake */
	struct timer hold;      /* the core said when to come again */
	size_t partial;         /* bytes of a frame that is not whole yet */
	uint64_t partial_since_ms, opened_ms;
	bool paused, ending;
};

enum delivery_kind { DELIVERY_MESSAGES, DELIVERY_LOGIN, DELIVERY_REFUSED };

struct delivery {
	struct list link;
	struct session *session;
	struct arena arena;
	slice bytes;         /* the frame's own copy */
	struct frame *frame; /* NULL: it could not be decoded */
	enum delivery_kind kind;
	unsigned messages, next;
	slice device, secret; /* of a login */
	bool done, close_after;
	slice answer;
};

static void go_on(struct session *);

static struct session *session_of(struct list *link)
{
	return LIST_OWNER(link, struct session, link);
}

static struct delivery *delivery_of(struct list *link)
{
	return LIST_OWNER(link, struct delivery, link);
}

/* ---- life ---- */

static void forget(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static void session_free(struct session *session)
{
	struct binary_listener *listener = session->listener;
	list_remove(&session->link);
	timer_stop(&session->hold);
	forget(session->secret);
	free(session->shown.memory);
	free(session->device);
	free(session->peer);
	free(session);
	binary_listener_release(listener);
}

static void session_end(struct session *session)
{
	session->ending = true;
	if (session->stream)
		stream_close(session->stream);
}

static void hold_over(struct timer *timer)
{
	go_on(LIST_OWNER(timer, struct session, hold));
}

void *binary_session_open(struct binary_listener *listener, struct stream *stream)
{
	struct session *session = calloc(1, sizeof *session);
	char *peer = strdup(stream_peer(stream));
	bool kept = session && tls_shown_copy(stream, &session->shown);
	if (!kept || !peer || listener->stopping) {
		if (kept)
			free(session->shown.memory);
		free(session);
		free(peer);
		listener->base.counters.at[COUNTER_REFUSED]++;
		return NULL;
	}
	session->listener = listener;
	session->stream = stream;
	session->peer = peer;
	session->opened_ms = loop_now_ms(listener->loop);
	(void)snprintf(session->name, sizeof session->name, "%llu",
	        (unsigned long long)++listener->last_session);
	list_init(&session->deliveries);
	timer_init(&session->hold, listener->loop, hold_over);
	list_append(&listener->sessions, &session->link);
	listener->base.counters.at[COUNTER_CONNECTIONS]++;
	bool login = frame_schema_has_login(listener->schema);
	stream_set_deadline(stream,
	        session->opened_ms + (login ? listener->login_timeout_ms : listener->idle_ms));
	return session;
}

void binary_session_renewed(struct list *link)
{
	struct session *session = session_of(link);
	const char *why = session->stream ? stream_peer_doubts(session->stream) : NULL;
	if (!why)
		return;
	adapter_disconnected(&session->listener->base, session->peer, why);
	session_end(session);
}

void binary_session_wind_up(struct list *link)
{
	struct session *session = session_of(link);
	if (session->stream && !session->paused) {
		session->paused = true;
		stream_pause(session->stream);
	}
	if (!session->under_way)
		session_end(session);
}

/* Counts and logs an end that was not ours. */
static void report_end(const struct session *session, enum stream_end end, int errno_value)
{
	struct counters *counters = &session->listener->base.counters;
	const char *cut = session->partial ? " within a frame" : "";
	if (end == STREAM_END_DEADLINE)
		counters->at[COUNTER_EXPIRED]++;
	else if (end == STREAM_END_ERROR || end == STREAM_END_FLOOD)
		counters->at[COUNTER_FAILED]++;
	if (session->partial)
		counters->at[COUNTER_MALFORMED]++;
	if (end == STREAM_END_ERROR)
		log_info("binary", "connection lost%s listener=%s peer=%s why=%s", cut,
		        session->listener->base.label, session->peer, strerror(errno_value));
	else if (end == STREAM_END_DEADLINE || session->partial)
		log_info("binary", "connection %s%s listener=%s peer=%s",
		        end == STREAM_END_DEADLINE ? "silent too long" : "closed", cut,
		        session->listener->base.label, session->peer);
}

static void closed(void *owner, struct stream *stream, enum stream_end end, int errno_value)
{
	struct session *session = owner;
	(void)stream;
	session->stream = NULL;
	/* Once the listener is closing its label, which is the core's, is gone. */
	if (end != STREAM_END_OWNER && !session->listener->closing)
		report_end(session, end, errno_value);
	timer_stop(&session->hold);
	if (!session->under_way)
		session_free(session);
}

/* ---- requests ---- */

static bool add_credential(
        struct request *request, enum credential_kind kind, slice name, slice secret)
{
	struct credential *credential = ARENA_NEW(&request->arena, struct credential);
	if (!credential)
		return false;
	*credential = (struct credential){
		.kind = kind, .name = name, .secret = secret, .next = request->credentials
	};
	request->credentials = credential;
	return true;
}

/* What is known of the caller: where it comes from, what it says in its login frame and what TLS has shown. false: over budget. */
static bool present(const struct delivery *delivery, struct request *request)
{
	const struct session *session = delivery->session;
	slice device =
	        delivery->kind == DELIVERY_LOGIN ? delivery->device : slice_of(session->device);
	slice secret =
	        delivery->kind == DELIVERY_LOGIN ? delivery->secret : slice_of(session->secret);
	const slice none = { NULL, 0 };
	bool good =
	        add_credential(request, CREDENTIAL_ADDRESS, request_peer_address(request), none);
	if (good && device.p)
		good = add_credential(request, CREDENTIAL_LOGIN,
		        arena_copy_slice(&request->arena, device),
		        secret.n ? arena_copy_slice(&request->arena, secret) : secret);
	if (good && session->shown.certificate.n)
		good = add_credential(request, CREDENTIAL_CERTIFICATE, none,
		        arena_copy_slice(&request->arena, session->shown.certificate));
	if (good && session->shown.psk_identity.n)
		good = add_credential(request, CREDENTIAL_PSK,
		        arena_copy_slice(&request->arena, session->shown.psk_identity),
		        arena_copy_slice(&request->arena, session->shown.psk_mark));
	return good;
}

/* NULL: the gateway is at its limit. The delivery's arena outlives its requests, and so do the texts in it. */
static struct request *make_request(struct delivery *delivery)
{
	struct session *session = delivery->session;
	struct request *request = request_new(&session->listener->base);
	if (!request)
		return NULL;
	request->ticket = delivery;
	request->peer = arena_copy_slice(&request->arena, slice_of(session->peer));
	request->session = arena_copy_slice(&request->arena, slice_of(session->name));
	if (present(delivery, request) && request->peer.p)
		return request;
	request_free(request);
	return NULL;
}

static void submit(struct delivery *delivery, struct request *request)
{
	delivery->session->listener->base.counters.at[COUNTER_MESSAGES]++;
	request_submit(request);
}

/* ---- the end of a delivery ---- */

static void delivery_free(struct delivery *delivery)
{
	list_remove(&delivery->link);
	delivery->session->under_way--;
	if (delivery->secret.n) {
		explicit_bzero((char *)delivery->secret.p, delivery->secret.n);
		explicit_bzero((char *)delivery->bytes.p, delivery->bytes.n);
	}
	arena_finish(&delivery->arena);
	free(delivery);
}

/* Sends the answers of all that are done, in order. */
static void flush(struct session *session)
{
	LIST_EACH (&session->deliveries, at, following) {
		struct delivery *delivery = delivery_of(at);
		if (!delivery->done)
			break;
		bool close_after = delivery->close_after;
		if (session->stream && !session->ending && delivery->answer.n) {
			stream_write(session->stream, delivery->answer);
			session->listener->base.counters.at[COUNTER_BYTES_OUT] +=
			        delivery->answer.n;
		}
		delivery_free(delivery);
		if (close_after)
			session_end(session);
	}
}

static void finish(struct delivery *delivery, enum frame_answer answer, bool close_after)
{
	const struct frame_schema *schema = delivery->session->listener->schema;
	delivery->answer = frame_answer(schema, delivery->frame, &delivery->arena, answer);
	delivery->close_after = close_after;
	delivery->done = true;
}

/* A refused message: nak; close where the device waits for an answer that the schema does not have. A stream without
 * acknowledgements goes on. */
static void finish_refused(struct delivery *delivery, enum status status)
{
	const struct frame_schema *schema = delivery->session->listener->schema;
	bool answers = frame_has_answer(schema, FRAME_ANSWER_ACK);
	bool nak = frame_has_answer(schema, FRAME_ANSWER_NAK);
	bool unknown = status == STATUS_UNAUTHENTICATED && frame_schema_has_login(schema);
	finish(delivery, FRAME_ANSWER_NAK, unknown || (answers && !nak));
	if (answers && nak && !delivery->answer.p)
		delivery->close_after = true;
}

static void finish_malformed(struct delivery *delivery)
{
	enum frame_on_error on_error = frame_schema_on_error(delivery->session->listener->schema);
	finish(delivery, FRAME_ANSWER_NAK, on_error == FRAME_ON_ERROR_CLOSE);
	if (on_error != FRAME_ON_ERROR_NAK)
		delivery->answer = (slice){ NULL, 0 };
}

/* The gateway has no memory for a request. */
static void finish_overloaded(struct delivery *delivery)
{
	finish_refused(delivery, STATUS_UNAVAILABLE);
}

static void refuse(struct delivery *delivery, enum status status, const char *why)
{
	struct session *session = delivery->session;
	delivery->kind = DELIVERY_REFUSED;
	if (status == STATUS_MALFORMED)
		session->listener->base.counters.at[COUNTER_MALFORMED]++;
	struct request *request = make_request(delivery);
	if (!request) {
		finish_overloaded(delivery);
		return;
	}
	request->in.method = METHOD_POST;
	request->in.path = SLICE("/");
	request_refuse(request, status, "%s", why);
	submit(delivery, request);
}

static void refuse_frame(struct delivery *delivery, const struct frame_fault *fault)
{
	char why[WHY_BYTES];
	(void)snprintf(why, sizeof why, "byte %zu, in %s: %s", fault->offset,
	        fault->path[0] ? fault->path : "the frame", fault->text);
	refuse(delivery, STATUS_MALFORMED, why);
}

/* ---- a frame's way ---- */

static void submit_login(struct delivery *delivery)
{
	struct request *request = make_request(delivery);
	if (!request) {
		finish_overloaded(delivery);
		return;
	}
	request->in.method = METHOD_CONNECT;
	request->in.path = SLICE("/");
	submit(delivery, request);
}

/* Submits the next message of the frame, or ends the delivery when there is none. */
static void submit_next(struct delivery *delivery, struct frame_fault *fault)
{
	struct session *session = delivery->session;
	slice path;
	const struct value *value;
	if (delivery->next == delivery->messages) {
		finish(delivery, FRAME_ANSWER_ACK, false);
		return;
	}
	if (session->listener->stopping) {
		finish_refused(delivery, STATUS_UNAVAILABLE);
		return;
	}
	if (!frame_message(
	            delivery->frame, delivery->next, slice_of(session->device), &path, &value)) {
		refuse_frame(delivery, fault);
		return;
	}
	struct request *request = make_request(delivery);
	if (!request) {
		finish_overloaded(delivery);
		return;
	}
	delivery->next++;
	request->in.method = METHOD_POST;
	request->in.path = path;
	request->in.value = value;
	request->in.value_bytes = delivery->bytes.n;
	submit(delivery, request);
}

static void start(struct delivery *delivery, slice bytes, struct frame_fault *fault)
{
	const struct frame_schema *schema = delivery->session->listener->schema;
	enum frame_role role;
	delivery->bytes = arena_copy_slice(&delivery->arena, bytes);
	if (!delivery->bytes.p) {
		finish_overloaded(delivery);
		return;
	}
	delivery->frame = frame_decode(schema, &delivery->arena, delivery->bytes, NULL, fault);
	if (!delivery->frame || !frame_role(delivery->frame, &role)) {
		refuse_frame(delivery, fault);
		return;
	}
	if (role == FRAME_ROLE_HEARTBEAT) {
		finish(delivery, FRAME_ANSWER_HEARTBEAT, false);
	} else if (role == FRAME_ROLE_LOGIN) {
		delivery->kind = DELIVERY_LOGIN;
		if (frame_login(delivery->frame, &delivery->device, &delivery->secret))
			submit_login(delivery);
		else
			refuse_frame(delivery, fault);
	} else if (frame_schema_has_login(schema) && !delivery->session->device) {
		refuse(delivery, STATUS_UNAUTHENTICATED, "a frame before the login frame");
	} else if (frame_messages(delivery->frame, &delivery->messages)) {
		submit_next(delivery, fault);
	} else {
		refuse_frame(delivery, fault);
	}
}

/* The fault lives in the delivery's arena: expressions of a template may still fail later. */
static void deliver(struct session *session, const struct frame_piece *piece, bool good)
{
	struct delivery *delivery = calloc(1, sizeof *delivery);
	if (!delivery) {
		session_end(session);
		return;
	}
	size_t max = frame_schema_max_bytes(session->listener->schema);
	delivery->session = session;
	arena_init(&delivery->arena, DELIVERY_ROOM_BYTES + max * DELIVERY_BYTES_PER_BYTE);
	list_append(&session->deliveries, &delivery->link);
	session->under_way++;
	struct frame_fault *fault = ARENA_NEW(&delivery->arena, struct frame_fault);
	if (!fault)
		finish_overloaded(delivery);
	else if (good)
		start(delivery, piece->bytes, fault);
	else
		refuse(delivery, STATUS_MALFORMED, piece->why);
}

/* ---- the stream ---- */

static void set_deadline(struct session *session)
{
	const struct binary_listener *listener = session->listener;
	uint64_t now = loop_now_ms(listener->loop);
	uint64_t at = now + listener->idle_ms;
	if (session->under_way || session->ending)
		at = 0;
	else if (session->partial)
		at = session->partial_since_ms + listener->frame_timeout_ms;
	if (at && frame_schema_has_login(listener->schema) && !session->device) {
		uint64_t login = session->opened_ms + listener->login_timeout_ms;
		at = login < at || !session->partial ? login : at;
	}
	stream_set_deadline(session->stream, at);
}

static bool is_full(const struct session *session)
{
	unsigned most = frame_schema_concurrent(session->listener->schema);
	return session->under_way >= most || session->hold.at_ms != 0;
}

/* Bytes that are no frame are one refusal, up to the next frame or the next whole frame with a wrong checksum. */
static size_t garbage_bytes(const struct frame_schema *schema, slice unread)
{
	size_t n = 0;
	struct frame_piece piece;
	while (n < unread.n) {
		enum frame_cut cut = frame_split(schema, slice_from(unread, n), &piece);
		if (cut != FRAME_BETWEEN && (cut != FRAME_BAD || piece.checksum))
			break;
		n += piece.used;
	}
	return n;
}

static size_t received(void *owner, struct stream *stream, slice bytes)
{
	struct session *session = owner;
	size_t used = 0, before = session->partial;
	enum frame_cut cut = FRAME_WHOLE;
	while (used < bytes.n && !session->ending && !is_full(session)) {
		struct frame_piece piece;
		cut = frame_split(session->listener->schema, slice_from(bytes, used), &piece);
		if (cut == FRAME_MORE)
			break;
		if (cut == FRAME_BAD && !piece.checksum)
			piece.used =
			        garbage_bytes(session->listener->schema, slice_from(bytes, used));
		used += piece.used;
		if (cut == FRAME_BETWEEN)
			continue;
		deliver(session, &piece, cut == FRAME_WHOLE);
		flush(session);
	}
	session->listener->base.counters.at[COUNTER_BYTES_IN] += used;
	session->partial = cut == FRAME_MORE && !session->ending ? bytes.n - used : 0;
	if (session->partial && (used || !before))
		session->partial_since_ms = loop_now_ms(session->listener->loop);
	if (is_full(session) && !session->paused) {
		session->paused = true;
		stream_pause(stream);
	}
	set_deadline(session);
	return used;
}

/* After something came home: answers leave, and the next frames may come. */
static void go_on(struct session *session)
{
	flush(session);
	if (!session->stream) {
		if (!session->under_way)
			session_free(session);
		return;
	}
	if (session->listener->stopping) {
		if (!session->under_way)
			session_end(session);
		return;
	}
	if (session->paused && !session->ending && !is_full(session)) {
		session->paused = false;
		stream_resume(session->stream);
	}
	set_deadline(session);
}

static bool keep_login(struct session *session, const struct delivery *delivery)
{
	char *device = strndup(delivery->device.p, delivery->device.n);
	char *secret = delivery->secret.n ? strndup(delivery->secret.p, delivery->secret.n) : NULL;
	if (!device || (delivery->secret.n && !secret)) {
		free(device);
		return false;
	}
	free(session->device);
	forget(session->secret);
	session->device = device;
	session->secret = secret;
	return true;
}

static void login_done(struct delivery *delivery, bool accepted)
{
	const struct frame_schema *schema = delivery->session->listener->schema;
	if (accepted && keep_login(delivery->session, delivery))
		finish(delivery, FRAME_ANSWER_LOGIN_ACCEPT, false);
	else if (frame_has_answer(schema, FRAME_ANSWER_LOGIN_REFUSE))
		finish(delivery, FRAME_ANSWER_LOGIN_REFUSE, true);
	else
		finish(delivery, FRAME_ANSWER_NAK, true);
}

void binary_session_reply(struct request *request)
{
	struct delivery *delivery = request->ticket;
	struct session *session = delivery->session;
	enum status status = request->status;
	bool success = status_is_success(status);
	if (status == STATUS_TOO_MANY && request->retry_after_ms && session->stream)
		timer_set(&session->hold,
		        loop_now_ms(session->listener->loop) + request->retry_after_ms);
	request_free(request);
	if (delivery->kind == DELIVERY_LOGIN) {
		login_done(delivery, success);
	} else if (delivery->kind == DELIVERY_REFUSED) {
		if (status == STATUS_MALFORMED)
			finish_malformed(delivery);
		else
			finish_refused(delivery, status);
	} else if (success) {
		struct frame_fault *fault = frame_fault_of(delivery->frame);
		submit_next(delivery, fault);
	} else {
		finish_refused(delivery, status);
	}
	go_on(session);
}

const struct stream_events binary_session_events = {
	.received = received,
	.closed = closed,
};
