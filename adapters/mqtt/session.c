/* One client's connection, from the first byte to the last.
 *
 * Bytes are cut into packets here, and each packet goes to the part that knows it. A session is in one of four
 * states: SILENT until CONNECT has come (`connect_timeout`), AUTHENTICATING while the core decides about it,
 * CONNECTED, ENDED once nothing is to be read or written any more. Reading is paused while AUTHENTICATING and
 * while as many publications are held as `receive_maximum` allows: TCP then holds the client back, and what was
 * not taken comes again after stream_resume().
 *
 * A SESSION HERE IS ONE CONNECTION; what MQTT calls the session state is the struct mqtt_client (client.c). It
 * outlives its stream as long as something that it published is under way: what was received is
 * delivered, though there is nobody left to acknowledge it to, and the same client's next session lines up behind
 * it (`predecessor`), so that its readings keep their order. mqtt_session_release() frees it when neither the
 * stream nor a request knows it any more.
 *
 * A client's fault ends the connection with DISCONNECT and the reason in MQTT 5, silently in 3.1.1, which has no
 * words for it. It is counted, and submitted to the core as a request that is refused already, so that it
 * stands in the log under an id like any other. */
#include "adapters/mqtt/mqtt.h"

#include "adapters/common/tls.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>

/* Copies what TLS has found out: publications may outlive the connection. */
static bool keep_proof(struct mqtt_session *session)
{
	struct tls_shown shown;
	if (!tls_shown_copy(session->stream, &shown))
		return false;
	session->proof = shown.memory;
	session->certificate = shown.certificate;
	session->psk_identity = shown.psk_identity;
	session->psk_mark = shown.psk_mark;
	return true;
}

void *mqtt_session_open(struct mqtt_listener *listener, struct stream *stream)
{
	struct mqtt_session *session = listener->stopping ? NULL : calloc(1, sizeof *session);
	if (session)
		session->stream = stream;
	if (!session || !keep_proof(session)) {
		free(session);
		listener->base.counters.at[COUNTER_REFUSED]++;
		return NULL;
	}
	session->listener = listener;
	session->client_max_bytes = UINT32_MAX;
	session->client_receive_maximum = UINT16_MAX;
	(void)snprintf(session->peer, sizeof session->peer, "%s", stream_peer(stream));
	list_init(&session->publications);
	list_init(&session->drain_link);
	list_init(&session->doubt);
	timer_init(&session->expiry, listener->loop, mqtt_review_expired);
	if (!mqtt_door_enter(session)) {
		listener->base.counters.at[COUNTER_REFUSED]++;
		free(session->proof);
		free(session);
		return NULL;
	}
	list_append(&listener->sessions, &session->link);
	listener->base.counters.at[COUNTER_CONNECTIONS]++;
	stream_set_deadline(stream, loop_now_ms(listener->loop) + listener->connect_timeout_ms);
	return session;
}

static void forget_aliases(struct mqtt_session *session)
{
	for (unsigned i = 0; session->aliases && i <= session->listener->topic_alias_maximum; i++)
		free((char *)(uintptr_t)session->aliases[i].p);
	free(session->aliases);
	session->aliases = NULL;
}

static void forget_secrets(struct mqtt_session *session)
{
	if (session->password.n)
		explicit_bzero((char *)(uintptr_t)session->password.p, session->password.n);
	free(session->connect);
}

void mqtt_session_line_up(struct mqtt_session *session)
{
	LIST_EACH (&session->listener->draining, at, next) {
		struct mqtt_session *other = LIST_OWNER(at, struct mqtt_session, drain_link);
		if (!other->successor && slice_equal(other->client_id, session->client_id) &&
		        mqtt_connect_same_caller(other, session))
			session->predecessor = other;
	}
	if (session->predecessor)
		session->predecessor->successor = session;
}

void mqtt_session_drained(struct mqtt_session *session)
{
	struct mqtt_session *next = session;
	/* Past those that only stood in the line. */
	while (next && !next->npublications &&
	        (next == session || !list_empty(&next->drain_link))) {
		struct mqtt_session *done = next;
		next = done->successor;
		list_remove(&done->drain_link);
		done->successor = NULL;
		if (next)
			next->predecessor = NULL;
	}
	if (!next)
		return;
	mqtt_publish_go_on(next);
	mqtt_session_release(next);
}

/* Out of the line; who stood behind it is behind who stood before it. */
static void leave_line(struct mqtt_session *session)
{
	if (!session->predecessor) {
		mqtt_session_drained(session);
		return;
	}
	list_remove(&session->drain_link);
	session->predecessor->successor = session->successor;
	if (session->successor)
		session->successor->predecessor = session->predecessor;
}

void mqtt_session_release(struct mqtt_session *session)
{
	if (session->stream || session->nerrands || session->npublications || session->parked)
		return;
	struct mqtt_listener *listener = session->listener;
	leave_line(session);
	forget_secrets(session);
	free(session->will);
	free(session->identity);
	free(session->proof);
	list_remove(&session->link);
	free(session);
	mqtt_listener_release(listener);
}

bool mqtt_session_send(struct mqtt_session *session, slice head, slice tail)
{
	if (!session->stream || session->state == MQTT_STATE_ENDED || !head.n ||
	        head.n + tail.n > session->client_max_bytes)
		return false;
	session->listener->base.counters.at[COUNTER_BYTES_OUT] += head.n + tail.n;
	stream_write2(session->stream, head, tail);
	return true;
}

void mqtt_session_pause(struct mqtt_session *session)
{
	if (session->paused || !session->stream)
		return;
	session->paused = true;
	/* It is we who keep silent now. */
	stream_set_deadline(session->stream, 0);
	stream_pause(session->stream);
}

static void expect_next(struct mqtt_session *session)
{
	/* One and a half times the keep alive [MQTT-3.1.2-22]. */
	stream_set_deadline(
	        session->stream, loop_now_ms(session->listener->loop) + session->silence_max_ms);
}

void mqtt_session_resume(struct mqtt_session *session)
{
	if (!session->paused || !session->stream || session->state == MQTT_STATE_ENDED ||
	        session->listener->stopping || session->deciding || session->leaving)
		return;
	session->paused = false;
	expect_next(session);
	stream_resume(session->stream);
}

void mqtt_session_begin_to_drain(struct mqtt_session *session)
{
	if ((session->npublications || session->predecessor) && list_empty(&session->drain_link))
		list_append(&session->listener->draining, &session->drain_link);
}

/* Nothing is read or written any more; closed() follows. */
static void shut(struct mqtt_session *session)
{
	session->state = MQTT_STATE_ENDED;
	list_remove(&session->doubt);
	timer_stop(&session->expiry);
	mqtt_door_leave(session);
	mqtt_session_begin_to_drain(session);
	mqtt_client_leave(session);
	forget_aliases(session);
	if (session->stream && session->turned_out)
		stream_close_by_rule(session->stream);
	else if (session->stream)
		stream_close(session->stream);
}

/* It ends because of who the client is, or is not. */
static bool turns_out(enum mqtt_reason reason)
{
	return reason == MQTT_REASON_BAD_USER_OR_PASSWORD || reason == MQTT_REASON_NOT_AUTHORIZED ||
	       reason == MQTT_REASON_ADMINISTRATIVE_ACTION ||
	       reason == MQTT_REASON_MAXIMUM_CONNECT_TIME;
}

void mqtt_session_end(struct mqtt_session *session, enum mqtt_reason reason, const char *why)
{
	if (session->state == MQTT_STATE_ENDED)
		return;
	log_debug("mqtt", "connection ended listener=%s peer=%s client=%.*s reason=0x%02x: %s",
	        session->listener->base.label, session->peer, SLICE_ARG(session->client_id),
	        (unsigned)reason, why);
	session->turned_out = turns_out(reason);
	if (session->state == MQTT_STATE_CONNECTED && session->version == MQTT_VERSION_5) {
		char buffer[MQTT_PACKET_SMALL_BYTES];
		struct mqtt_writer writer;
		mqtt_writer_init(&writer, buffer, sizeof buffer);
		slice packet = mqtt_write_disconnect(&writer, reason, slice_of(why));
		if (!mqtt_session_send(session, packet, (slice){ NULL, 0 })) {
			mqtt_writer_init(&writer, buffer, sizeof buffer);
			packet = mqtt_write_disconnect(&writer, reason, (slice){ NULL, 0 });
			(void)mqtt_session_send(session, packet, (slice){ NULL, 0 });
		}
	}
	shut(session);
}

/* Puts a copy of the credential before those that there are. false: over budget. */
static bool present(struct request *request, enum credential_kind kind, slice name, slice secret)
{
	struct credential *credential = ARENA_NEW(&request->arena, struct credential);
	name = arena_copy_slice(&request->arena, name);
	secret = arena_copy_slice(&request->arena, secret);
	if (!credential || !name.p || !secret.p)
		return false;
	*credential = (struct credential){
		.kind = kind, .name = name, .secret = secret, .next = request->credentials
	};
	request->credentials = credential;
	return true;
}

static bool present_all(const struct mqtt_session *session, struct request *request)
{
	const slice none = { NULL, 0 };
	return present(request, CREDENTIAL_ADDRESS, request_peer_address(request), none) &&
	       (!session->psk_identity.n || present(request, CREDENTIAL_PSK, session->psk_identity,
	                                            session->psk_mark)) &&
	       (!session->certificate.n ||
	               present(request, CREDENTIAL_CERTIFICATE, none, session->certificate)) &&
	       ((!session->has_user && !session->has_password) ||
	               present(request, CREDENTIAL_BASIC, session->user, session->password));
}

struct request *mqtt_session_request(struct mqtt_session *session)
{
	struct request *request = request_new(&session->listener->base);
	if (!request)
		return NULL;
	request->peer = arena_copy_slice(&request->arena, slice_of(session->peer));
	request->session = arena_copy_slice(&request->arena, session->client_id);
	if (request->peer.p && request->session.p && present_all(session, request))
		return request;
	request_free(request);
	return NULL;
}

static void report_done(struct mqtt_listener *listener, struct request *request)
{
	(void)listener;
	request_free(request);
}

const char *mqtt_session_report(struct mqtt_session *session, enum status status, const char *why,
        char text[MQTT_WHY_MAX_BYTES])
{
	static const struct mqtt_errand report = { report_done };
	struct request *request = mqtt_session_request(session);
	if (!request)
		return why;
	char id[REQUEST_ID_BYTES];
	request_id_text(request->id, id);
	(void)snprintf(text, MQTT_WHY_MAX_BYTES, "%s (request %s)", why, id);
	request->ticket = (void *)(uintptr_t)&report;
	request->in.method = session->state == MQTT_STATE_CONNECTED ? METHOD_POST : METHOD_CONNECT;
	request->in.path = SLICE("/");
	request_refuse(request, status, "%s", why);
	session->listener->base.counters.at[COUNTER_MESSAGES]++;
	request_submit(request);
	return text;
}

void mqtt_session_fault(struct mqtt_session *session, struct mqtt_fault fault)
{
	char text[MQTT_WHY_MAX_BYTES];
	session->listener->base.counters.at[COUNTER_MALFORMED]++;
	const char *why = mqtt_session_report(session, STATUS_MALFORMED, fault.why, text);
	if (session->state == MQTT_STATE_CONNECTED || session->version != MQTT_VERSION_5)
		mqtt_session_end(session, fault.reason, why);
	else
		mqtt_connect_refuse(session, fault.reason, MQTT_RETURN_ACCEPTED, slice_of(why));
}

static void take_ping(struct mqtt_session *session, const struct mqtt_frame *frame)
{
	struct mqtt_fault fault = mqtt_ping_parse(frame);
	if (fault.why)
		mqtt_session_fault(session, fault);
	else
		(void)mqtt_session_send(session, SLICE("\xd0\x00"), (slice){ NULL, 0 });
}

/* false: not taken. */
static bool take_ack(struct mqtt_session *session, const struct mqtt_frame *frame)
{
	struct mqtt_ack ack;
	struct mqtt_fault fault = mqtt_ack_parse(frame, session->version, &ack);
	if (fault.why)
		mqtt_session_fault(session, fault);
	else if (frame->type == MQTT_TYPE_PUBACK)
		mqtt_deliver_acknowledged(session, &ack);
	else if (frame->type == MQTT_TYPE_PUBREC)
		mqtt_deliver_received(session, &ack);
	else if (frame->type == MQTT_TYPE_PUBCOMP)
		mqtt_deliver_completed(session, &ack);
	else
		return mqtt_release_take(session, ack.id);
	return true;
}

static void take_disconnect(struct mqtt_session *session, const struct mqtt_frame *frame)
{
	struct mqtt_notice notice;
	struct mqtt_fault fault = mqtt_notice_parse(frame, session->version, &notice);
	if (!fault.why && notice.properties.session_expiry && !session->session_expires)
		fault = (struct mqtt_fault){ MQTT_REASON_PROTOCOL_ERROR,
			"DISCONNECT with a session expiry that CONNECT did not ask for" };
	if (fault.why) {
		mqtt_session_fault(session, fault);
		return;
	}
	if (notice.reason == MQTT_REASON_SUCCESS) { /* [MQTT-3.1.2-10] */
		free(session->will);
		session->will = NULL;
	}
	if (mqtt_property_given(&notice.properties, MQTT_PROPERTY_SESSION_EXPIRY))
		session->expiry_s =
		        mqtt_client_expiry(session->listener, notice.properties.session_expiry);
	session->leaving = true;
	mqtt_session_pause(session);
	mqtt_session_leave(session);
}

/* What it asked to have acknowledged is acknowledged first, however soon the DISCONNECT came behind it. */
void mqtt_session_leave(struct mqtt_session *session)
{
	if (session->leaving && session->state == MQTT_STATE_CONNECTED &&
	        !mqtt_publish_unanswered(session))
		shut(session);
}

/* Of a client that is CONNECTED. false: not taken. */
static bool dispatch(struct mqtt_session *session, const struct mqtt_frame *frame)
{
	switch (frame->type) {
	case MQTT_TYPE_PUBLISH:
		return mqtt_publish_take(session, frame);
	case MQTT_TYPE_PUBACK:
	case MQTT_TYPE_PUBREC:
	case MQTT_TYPE_PUBREL:
	case MQTT_TYPE_PUBCOMP:
		return take_ack(session, frame);
	case MQTT_TYPE_SUBSCRIBE:
		return mqtt_subscribe_take(session, frame);
	case MQTT_TYPE_UNSUBSCRIBE:
		return mqtt_unsubscribe_take(session, frame);
	case MQTT_TYPE_PINGREQ:
		take_ping(session, frame);
		break;
	case MQTT_TYPE_DISCONNECT:
		take_disconnect(session, frame);
		break;
	case MQTT_TYPE_CONNECT:
		mqtt_session_fault(session, (struct mqtt_fault){ MQTT_REASON_PROTOCOL_ERROR,
		                                    "a second CONNECT [MQTT-3.1.0-2]" });
		break;
	case MQTT_TYPE_AUTH:
		mqtt_session_fault(session, (struct mqtt_fault){ MQTT_REASON_PROTOCOL_ERROR,
		                                    "AUTH without an authentication method "
		                                    "[MQTT-4.12.0-7]" });
		break;
	case MQTT_TYPE_RESERVED: /* the cut refuses these */
	case MQTT_TYPE_CONNACK:
	case MQTT_TYPE_SUBACK:
	case MQTT_TYPE_UNSUBACK:
	case MQTT_TYPE_PINGRESP:
		break;
	}
	return true;
}

/* One packet off the front of `bytes`. Returns its length, 0 when none was taken. */
static size_t take_packet(struct mqtt_session *session, slice bytes)
{
	bool silent = session->state == MQTT_STATE_SILENT;
	size_t max = silent ? MQTT_CONNECT_MAX_BYTES : session->listener->packet_max_bytes;
	struct mqtt_frame frame;
	const char *why = "";
	switch (mqtt_cut(bytes, session->version, max, &frame, &why)) {
	case MQTT_CUT_MORE:
		/* Strangers are not waited for: only CONNECT may come first [MQTT-3.1.0-1]. */
		if (!silent || !bytes.n || (uint8_t)bytes.p[0] == MQTT_TYPE_CONNECT << 4)
			return 0;
		break;
	case MQTT_CUT_MALFORMED:
		mqtt_session_fault(
		        session, (struct mqtt_fault){ MQTT_REASON_MALFORMED_PACKET, why });
		return 0;
	case MQTT_CUT_TOO_LARGE:
		mqtt_session_fault(session, (struct mqtt_fault){ MQTT_REASON_PACKET_TOO_LARGE,
		                                    "a packet larger than the limit" });
		return 0;
	case MQTT_CUT_WHOLE:
		break;
	}
	if (!silent)
		return dispatch(session, &frame) ? frame.bytes : 0;
	if (frame.type != MQTT_TYPE_CONNECT) {
		mqtt_session_fault(session, (struct mqtt_fault){ MQTT_REASON_PROTOCOL_ERROR,
		                                    "the first packet is not CONNECT "
		                                    "[MQTT-3.1.0-1]" });
		return 0;
	}
	mqtt_connect_take(session, &frame);
	return frame.bytes;
}

static bool reads(const struct mqtt_session *session)
{
	return !session->paused &&
	       (session->state == MQTT_STATE_SILENT || session->state == MQTT_STATE_CONNECTED);
}

static size_t received(void *owner, struct stream *stream, slice bytes)
{
	(void)stream;
	struct mqtt_session *session = owner;
	size_t used = 0;
	while (used < bytes.n && reads(session)) {
		size_t n = take_packet(session, slice_from(bytes, used));
		if (!n)
			break;
		used += n;
	}
	if (session->state == MQTT_STATE_ENDED)
		used = bytes.n;
	else if (used && reads(session) && session->state == MQTT_STATE_CONNECTED)
		expect_next(session);
	session->listener->base.counters.at[COUNTER_BYTES_IN] += used;
	return used;
}

static void closed(void *owner, struct stream *stream, enum stream_end end, int errno_value)
{
	(void)stream;
	(void)errno_value;
	struct mqtt_session *session = owner;
	struct counters *counters = &session->listener->base.counters;
	session->stream = NULL;
	switch (end) {
	case STREAM_END_DEADLINE:
		counters->at[COUNTER_EXPIRED]++;
		break;
	case STREAM_END_ERROR:
	case STREAM_END_FLOOD:
		counters->at[COUNTER_FAILED]++;
		break;
	case STREAM_END_PEER:
	case STREAM_END_OWNER:
		break;
	}
	if (session->state != MQTT_STATE_ENDED)
		shut(session);
	if (session->will && !session->listener->stopping)
		mqtt_client_bury(session);
	mqtt_session_begin_to_drain(session);
	mqtt_session_release(session);
}

static void drained(void *owner, struct stream *stream)
{
	(void)stream;
	const struct mqtt_session *session = owner;
	if (session->client)
		mqtt_deliver_go_on(session->client);
}

const struct stream_events mqtt_session_events = {
	.received = received, .drained = drained, .closed = closed
};

void mqtt_session_wind_up(struct mqtt_session *session)
{
	if (session->nsubmitted || session->state == MQTT_STATE_AUTHENTICATING) {
		mqtt_session_pause(session);
		return;
	}
	if (session->stream)
		mqtt_session_end(
		        session, MQTT_REASON_SERVER_SHUTTING_DOWN, "the gateway is shutting down");
	else
		mqtt_session_release(session);
}
