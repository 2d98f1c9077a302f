/* Frames to requests, answers in the order of the frames.
 *
 * Each frame that is cut becomes a delivery with an arena of its own: it is decoded there once, and its messages are
 * submitted one after the other, so that what a backend gets is in the order of the device. A delivery is done when the
 * last of its messages came home, or one was refused; its answer leaves when all deliveries before it are done.
 *
 * A frame that is a part of a message is taken as soon as it is kept (in memory: docs/reference/frame-messages.md says
 * what that promises); the one that makes the message whole is answered as the message is.
 *
 * A frame that cannot be understood is a delivery as well: a request that is refused before it is submitted, so that it
 * is counted and logged with an id like any other, and answered in its turn. */
#include "adapters/binary/call.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

enum { DELIVERY_ROOM_BYTES = 256 * 1024, DELIVERY_BYTES_PER_BYTE = 64, WHY_BYTES = 320 };

static struct delivery *delivery_of(struct list *link)
{
	return LIST_OWNER(link, struct delivery, link);
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

/* Whoever says a name, but not the secret that the description has for it, says nothing by that. */
static bool says_login(const struct session *session, slice device, slice secret)
{
	return device.n && (secret.n || !frame_schema_has_secret(session->listener->schema));
}

static bool shows_by_tls(const struct session *session)
{
	return session->shown.certificate.n || session->shown.psk_identity.n;
}

/* What is known of the caller: where it comes from, what it says in its login frame and what TLS has shown. false: over budget. */
static bool present(const struct delivery *delivery, struct request *request)
{
	const struct session *session = delivery->session;
	slice device = delivery->device.n ? delivery->device : slice_of(session->device);
	slice secret = delivery->device.n ? delivery->secret : slice_of(session->secret);
	const slice none = { NULL, 0 };
	bool good =
	        !binary_peer_is_proved(session->listener) ||
	        add_credential(request, CREDENTIAL_ADDRESS, request_peer_address(request), none);
	if (good && session->listener->device)
		good = add_credential(request, CREDENTIAL_LINE,
		        arena_copy_slice(&request->arena, slice_of(session->listener->device)),
		        none);
	if (good && says_login(session, device, secret))
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
	if (delivery->polled)
		poll_delivered(delivery->polled);
	if (delivery->secret.n)
		explicit_bzero((char *)delivery->secret.p, delivery->secret.n);
	/* Also of a frame that was refused before anybody looked for the secret in it. */
	if (delivery->bytes.n && frame_schema_has_secret(delivery->session->listener->schema))
		explicit_bzero((char *)delivery->bytes.p, delivery->bytes.n);
	arena_finish(&delivery->arena);
	free(delivery);
}

void deliveries_flush(struct session *session)
{
	LIST_EACH (&session->deliveries, at, following) {
		struct delivery *delivery = delivery_of(at);
		if (!delivery->done)
			break;
		bool close_after = delivery->close_after;
		session_write(session, delivery->accepted);
		session_write(session, delivery->answer);
		delivery_free(delivery);
		if (close_after)
			session_end(session);
	}
}

static void finish(struct delivery *delivery, enum frame_answer answer, bool close_after)
{
	const struct frame_schema *schema = delivery->session->listener->schema;
	delivery->done = true;
	if (delivery->polled) /* the device has answered, and hears nothing more */
		return;
	delivery->answer = frame_answer(schema, delivery->frame, &delivery->arena, answer);
	delivery->close_after = close_after;
}

/* A refused message: nak; close where the device waits for an answer that the schema does not have. A stream without
 * acknowledgements goes on. */
static void finish_refused(struct delivery *delivery, enum status status)
{
	const struct frame_schema *schema = delivery->session->listener->schema;
	struct frame *frame = delivery->frame;
	if (delivery->polled) {
		finish(delivery, FRAME_ANSWER_NAK, false);
		return;
	}
	bool answers = frame_has_answer(schema, frame, FRAME_ANSWER_ACK);
	bool nak = frame_has_answer(schema, frame, FRAME_ANSWER_NAK);
	bool unknown = status == STATUS_UNAUTHENTICATED && frame_schema_has_login(schema);
	if (frame)
		frame_answered(frame, status, delivery->taken, NULL);
	finish(delivery, FRAME_ANSWER_NAK, unknown || (answers && !nak));
	if (answers && nak && !delivery->answer.p)
		delivery->close_after = true;
}

/* All is delivered. `reply`: what the backend answered to the last message, or NULL. Where the device's answer cannot be
 * made of it, the device hears that its message was not answered well. */
static void finish_taken(struct delivery *delivery, enum status status, const struct value *reply)
{
	struct session *session = delivery->session;
	if (delivery->polled) {
		finish(delivery, FRAME_ANSWER_ACK, false);
		return;
	}
	frame_answered(delivery->frame, status, delivery->taken, reply);
	finish(delivery, FRAME_ANSWER_ACK, false);
	if (delivery->answer.p ||
	        !frame_has_answer(session->listener->schema, delivery->frame, FRAME_ANSWER_ACK))
		return;
	session->listener->base.counters.at[COUNTER_FAILED]++;
	if (!session->told_unanswered && adapter_may_log(&session->listener->base))
		log_warning("binary",
		        "no reply can be made of the backend's answer listener=%s peer=%s "
		        "why=\"%s\"",
		        session->listener->base.label, session->peer,
		        frame_fault_of(delivery->frame)->text);
	session->told_unanswered = true;
	finish_refused(delivery, STATUS_BAD_BACKEND);
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

/* A device that says the same wrong thing all the time fills no log: the first of each cause is a line. */
static bool is_news(struct session *session, enum cause cause)
{
	bool news = !(session->told & 1u << cause);
	session->told |= 1u << cause;
	session->untold += !news;
	return news;
}

static void refuse(struct delivery *delivery, enum status status, enum cause cause, const char *why)
{
	struct session *session = delivery->session;
	delivery->kind = DELIVERY_REFUSED;
	if (status == STATUS_MALFORMED) {
		session->listener->base.counters.at[COUNTER_MALFORMED]++;
		calls_garbage(session);
	}
	struct request *request = make_request(delivery);
	if (!request) {
		finish_overloaded(delivery);
		return;
	}
	request->in.method = METHOD_POST;
	request->in.path = SLICE("/");
	request->may_be_refused = !is_news(session, cause);
	request_refuse(request, status, "%s", why);
	submit(delivery, request);
}

static void refuse_frame(struct delivery *delivery, const struct frame_fault *fault)
{
	char why[WHY_BYTES];
	(void)snprintf(why, sizeof why, "byte %zu, in %s: %s", fault->offset,
	        fault->path[0] ? fault->path : "the frame", fault->text);
	refuse(delivery, STATUS_MALFORMED, CAUSE_CONTENT, why);
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
	delivery->session->logging_in = true;
	submit(delivery, request);
}

/* Where the next message of the frame goes, what it asks for and what it says. */
static bool next_message(
        struct delivery *delivery, enum method *method, slice *path, const struct value **value)
{
	*method = METHOD_POST;
	if (delivery->polled)
		return poll_message(delivery, path, value);
	slice device = delivery->device.n ? delivery->device : session_device(delivery->session);
	if (!frame_message(delivery->frame, delivery->next, device, path, value))
		return false;
	*method = frame_method(delivery->frame);
	return true;
}

/* Submits the next message of the frame. */
static void submit_next(struct delivery *delivery, struct frame_fault *fault)
{
	struct session *session = delivery->session;
	enum method method;
	slice path;
	const struct value *value;
	if (!binary_listener_takes(session->listener)) {
		finish_refused(delivery, STATUS_UNAVAILABLE);
		return;
	}
	if (!next_message(delivery, &method, &path, &value)) {
		refuse_frame(delivery, fault);
		return;
	}
	struct request *request = make_request(delivery);
	if (!request) {
		finish_overloaded(delivery);
		return;
	}
	delivery->next++;
	request->in.method = method;
	request->in.path = path;
	request->in.value = value;
	request->in.value_bytes = value ? delivery->bytes.n : 0;
	request->reply_as_value = !delivery->polled && frame_wants_reply(delivery->frame);
	submit(delivery, request);
}

static void count_incomplete(struct session *session, unsigned lost)
{
	if (!lost)
		return;
	session->listener->base.counters.at[COUNTER_INCOMPLETE] += lost;
	if (!session->told_incomplete && adapter_may_log(&session->listener->base))
		log_info("binary",
		        "parts of %u messages dropped: the rest is missing listener=%s peer=%s",
		        lost, session->listener->base.label, session->peer);
	session->told_incomplete = true;
}

void deliveries_tell_end(struct session *session)
{
	count_incomplete(
	        session, frame_session_lost(session->frames) + frame_session_open(session->frames));
	if (session->untold && adapter_may_log(&session->listener->base))
		log_info("binary",
		        "%u more frames refused for the same reasons listener=%s peer=%s",
		        session->untold, session->listener->base.label, session->peer);
	session->untold = 0;
}

/* A message, or a part of one. */
static void start_message(struct delivery *delivery, struct frame_fault *fault)
{
	struct session *session = delivery->session;
	enum frame_part part;
	const char *why;
	bool good =
	        frame_assemble(delivery->frame, loop_now_ms(session->listener->loop), &part, &why);
	count_incomplete(session, frame_session_lost(session->frames));
	if (!good) {
		refuse_frame(delivery, fault);
	} else if (part == FRAME_PART_STRAY) {
		delivery->stray = true;
		refuse(delivery, STATUS_MALFORMED, CAUSE_STRAY, why);
	} else if (part == FRAME_PART_HELD) {
		finish_taken(delivery, STATUS_ACCEPTED, NULL);
	} else if (!frame_messages(delivery->frame, &delivery->messages)) {
		refuse_frame(delivery, fault);
	} else if (delivery->messages) {
		submit_next(delivery, fault);
	} else if (frame_is_message(delivery->frame) ||
	           frame_schema_ignores_others(session->listener->schema)) {
		finish_taken(delivery, STATUS_OK, NULL);
	} else {
		refuse(delivery, STATUS_NOT_FOUND, CAUSE_OTHER,
		        "none of the description's messages is for this frame");
	}
}

/* What the device was asked, or else a message. */
static void start_answer(struct delivery *delivery, struct frame_fault *fault)
{
	bool taken;
	if (!calls_take(delivery, &taken)) {
		refuse_frame(delivery, fault);
	} else if (delivery->polled) {
		delivery->messages = 1;
		submit_next(delivery, fault);
	} else if (taken) {
		delivery->done = true;
	} else {
		start_message(delivery, fault);
	}
}

/* No client is called that, and what is kept of a login ends at such a byte. */
static bool has_zero(slice text)
{
	return text.n && memchr(text.p, 0, text.n);
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
	if (!delivery->frame || !frame_join(delivery->frame, delivery->session->frames) ||
	        !frame_role(delivery->frame, &role)) {
		refuse_frame(delivery, fault);
		return;
	}
	bool says_who = role == FRAME_ROLE_LOGIN || frame_schema_has_device(schema);
	if (says_who && !frame_login(delivery->frame, &delivery->device, &delivery->secret)) {
		refuse_frame(delivery, fault);
	} else if (role == FRAME_ROLE_HEARTBEAT) {
		finish(delivery, FRAME_ANSWER_HEARTBEAT, false);
	} else if (says_who && delivery->device.n && !shows_by_tls(delivery->session) &&
	           !says_login(delivery->session, delivery->device, delivery->secret)) {
		/* It is not less than a wrong one: who may come without names no secret in the description. Over TLS a
		 * certificate or a key may be in its place. */
		refuse(delivery, STATUS_UNAUTHENTICATED, CAUSE_OTHER,
		        "the frame says who it is from, with an empty secret");
	} else if (says_who && !delivery->device.n) {
		refuse(delivery, STATUS_UNAUTHENTICATED, CAUSE_OTHER,
		        "the frame does not say which device it is from");
	} else if (has_zero(delivery->device) || has_zero(delivery->secret)) {
		refuse(delivery, STATUS_UNAUTHENTICATED, CAUSE_OTHER,
		        "the device's name or its secret holds a byte 0");
	} else if (role == FRAME_ROLE_LOGIN) {
		delivery->kind = DELIVERY_LOGIN;
		submit_login(delivery);
	} else if (frame_schema_has_login(schema) && !delivery->session->device) {
		refuse(delivery, STATUS_UNAUTHENTICATED, CAUSE_OTHER,
		        "a frame before the login frame");
	} else {
		start_answer(delivery, fault);
	}
}

/* NULL: out of memory. */
static struct delivery *delivery_new(struct session *session)
{
	struct delivery *delivery = calloc(1, sizeof *delivery);
	if (!delivery)
		return NULL;
	size_t max = frame_schema_max_bytes(session->listener->schema) +
	             frame_schema_assembled_max_bytes(session->listener->schema);
	delivery->session = session;
	arena_init(&delivery->arena, DELIVERY_ROOM_BYTES + max * DELIVERY_BYTES_PER_BYTE);
	list_append(&session->deliveries, &delivery->link);
	session->under_way++;
	return delivery;
}

/* The fault lives in the delivery's arena: expressions of a template may still fail later. */
void delivery_begin(struct session *session, const struct frame_piece *piece, bool good)
{
	struct delivery *delivery = delivery_new(session);
	if (!delivery) {
		session_end(session);
		return;
	}
	struct frame_fault *fault = ARENA_NEW(&delivery->arena, struct frame_fault);
	if (!fault)
		finish_overloaded(delivery);
	else if (good)
		start(delivery, piece->bytes, fault);
	else
		refuse(delivery, STATUS_MALFORMED, piece->checksum ? CAUSE_CHECKSUM : CAUSE_GARBAGE,
		        piece->why);
}

bool delivery_ask_who(struct session *session)
{
	struct delivery *delivery = delivery_new(session);
	struct request *request = delivery ? make_request(delivery) : NULL;
	if (!request) {
		if (delivery)
			delivery_free(delivery);
		return false;
	}
	delivery->kind = DELIVERY_WHO;
	request->in.method = METHOD_CONNECT;
	request->in.path = SLICE("/");
	request->ask_only = true;
	request->may_be_refused = true;
	submit(delivery, request);
	return true;
}

static bool keep_login(struct session *session, const struct delivery *delivery)
{
	char *device = strndup(delivery->device.p, delivery->device.n);
	char *secret = delivery->secret.n ? strndup(delivery->secret.p, delivery->secret.n) : NULL;
	if (!device || (delivery->secret.n && !secret)) {
		free(device);
		session_forget(secret);
		return false;
	}
	free(session->device);
	session_forget(session->secret);
	session->device = device;
	session->secret = secret;
	return true;
}

static void login_done(struct delivery *delivery, bool accepted)
{
	const struct frame_schema *schema = delivery->session->listener->schema;
	bool kept = accepted && keep_login(delivery->session, delivery);
	if (kept && frame_schema_login_is_message(schema)) {
		delivery->kind = DELIVERY_MESSAGES;
		delivery->accepted = frame_answer(
		        schema, delivery->frame, &delivery->arena, FRAME_ANSWER_LOGIN_ACCEPT);
		start_message(delivery, frame_fault_of(delivery->frame));
	} else if (kept) {
		finish(delivery, FRAME_ANSWER_LOGIN_ACCEPT, false);
	} else if (frame_has_answer(schema, delivery->frame, FRAME_ANSWER_LOGIN_REFUSE)) {
		finish(delivery, FRAME_ANSWER_LOGIN_REFUSE, true);
	} else {
		finish(delivery, FRAME_ANSWER_NAK, true);
	}
}

/* Who is there is known, or not. The answer to a login leaves before anything that is asked of the device. */
static void who_is_known(struct delivery *delivery, struct request *request)
{
	struct session *session = delivery->session;
	if (delivery->kind == DELIVERY_LOGIN) {
		session->logging_in = false;
		login_done(delivery, status_is_success(request->status));
	} else {
		delivery->done = true;
	}
	deliveries_flush(session);
	if (session->calls)
		called_known(session->calls, request);
	request_free(request);
	session_go_on(session);
}

void binary_session_reply(struct request *request)
{
	struct delivery *delivery = request->ticket;
	struct session *session = delivery->session;
	enum status status = request->status;
	bool success = status_is_success(status);
	if (status == STATUS_TOO_MANY && request->retry_after_ms && session->wire)
		timer_set(&session->hold,
		        loop_now_ms(session->listener->loop) + request->retry_after_ms);
	if (delivery->kind == DELIVERY_LOGIN || delivery->kind == DELIVERY_WHO) {
		who_is_known(delivery, request);
		return;
	}
	if (success && delivery->kind == DELIVERY_MESSAGES) {
		delivery->taken++;
		/* The answer may be made of the backend's, which lives in the request. */
		if (delivery->next == delivery->messages)
			finish_taken(delivery, status, request->out.value);
	}
	request_free(request);
	if (delivery->kind == DELIVERY_REFUSED) {
		if (status == STATUS_MALFORMED && !delivery->stray)
			finish_malformed(delivery);
		else
			finish_refused(delivery, status);
	} else if (!success) {
		finish_refused(delivery, status);
	} else if (delivery->next < delivery->messages) {
		submit_next(delivery, frame_fault_of(delivery->frame));
	}
	session_go_on(session);
}
