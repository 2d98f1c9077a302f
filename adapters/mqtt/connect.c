/* CONNECT to CONNACK.
 *
 * CONNECT becomes a request of METHOD_CONNECT: the core authenticates the caller and delivers nothing. CONNACK
 * leaves when it comes home. The credentials are kept and presented again with every publication, since each
 * endpoint has its own idea of whom it believes; so a token that is revoked takes effect at once. */
#include "adapters/mqtt/mqtt.h"

#include "api/identity.h"
#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>

enum { ASSIGNED_ID_BYTES = 32 };

struct connecting {
	struct mqtt_errand errand;
	struct mqtt_session *session;
	uint16_t keep_alive_s;
	bool response_information, clean_start;
	uint64_t expiry_asked_s;
	slice assigned_id; /* empty: the client brought its own */
	struct mqtt_will will;
	bool has_will;
};

void mqtt_connect_refuse(struct mqtt_session *session, enum mqtt_reason reason,
        enum mqtt_return_code code, slice why)
{
	char buffer[MQTT_PACKET_SMALL_BYTES];
	struct mqtt_writer writer;
	mqtt_writer_init(&writer, buffer, sizeof buffer);
	mqtt_put_byte(&writer, 0); /* no session present [MQTT-3.2.2-6] */
	if (session->version == MQTT_VERSION_5) {
		mqtt_put_byte(&writer, reason);
		mqtt_properties_begin(&writer);
		slice text = { why.p, why.n < MQTT_WHY_MAX_BYTES ? why.n : MQTT_WHY_MAX_BYTES };
		if (text.n && text.n + 16 <= session->client_max_bytes)
			mqtt_property_binary(&writer, MQTT_PROPERTY_REASON_STRING, text);
		mqtt_properties_end(&writer);
	} else {
		mqtt_put_byte(&writer, code);
	}
	slice packet = mqtt_writer_end(&writer, MQTT_TYPE_CONNACK, 0, 0);
	(void)mqtt_session_send(session, packet, (slice){ NULL, 0 });
	mqtt_session_end(session, reason, "CONNECT was refused");
}

/* For what no request of the core's was refused for. */
static void refuse_and_report(struct mqtt_session *session, enum status status,
        enum mqtt_reason reason, enum mqtt_return_code code, const char *why)
{
	char text[MQTT_WHY_MAX_BYTES];
	mqtt_connect_refuse(
	        session, reason, code, slice_of(mqtt_session_report(session, status, why, text)));
}

static void put_properties(struct mqtt_writer *writer, const struct mqtt_session *session,
        const struct connecting *connecting, bool keep_alive_is_ours)
{
	const struct mqtt_listener *listener = session->listener;
	mqtt_properties_begin(writer);
	if (session->expiry_s != connecting->expiry_asked_s)
		mqtt_property_four(
		        writer, MQTT_PROPERTY_SESSION_EXPIRY, (uint32_t)session->expiry_s);
	mqtt_property_two(writer, MQTT_PROPERTY_RECEIVE_MAXIMUM, listener->receive_maximum);
	mqtt_property_four(writer, MQTT_PROPERTY_MAXIMUM_PACKET_SIZE, listener->packet_max_bytes);
	if (connecting->assigned_id.n)
		mqtt_property_binary(
		        writer, MQTT_PROPERTY_ASSIGNED_CLIENT_ID, connecting->assigned_id);
	if (listener->topic_alias_maximum)
		mqtt_property_two(
		        writer, MQTT_PROPERTY_TOPIC_ALIAS_MAXIMUM, listener->topic_alias_maximum);
	if (keep_alive_is_ours)
		mqtt_property_two(writer, MQTT_PROPERTY_SERVER_KEEP_ALIVE,
		        (unsigned)listener->keep_alive_max_s);
	if (connecting->response_information)
		mqtt_property_binary(writer, MQTT_PROPERTY_RESPONSE_INFORMATION, SLICE("reply/"));
	/* Last, so that a client of 20 bytes can have all before it: SUBACK says it again. */
	if (writer->n + 2 <= session->client_max_bytes)
		mqtt_property_byte(writer, MQTT_PROPERTY_SHARED_AVAILABLE, 0);
	mqtt_properties_end(writer);
}

/* false: CONNACK is too large for the client, which cannot be told [MQTT-3.1.2-24]. */
static bool accept_client(
        struct mqtt_session *session, const struct connecting *connecting, bool resumed)
{
	uint64_t most = session->listener->keep_alive_max_s, wanted = connecting->keep_alive_s;
	/* A client of 3.1.1 cannot be told to speak more often; one that never would is cut off all the same. */
	bool ours = session->version == MQTT_VERSION_5 && (!wanted || wanted > most);
	session->silence_max_ms = (ours || !wanted ? most : wanted) * 1500;
	char buffer[MQTT_PACKET_SMALL_BYTES];
	struct mqtt_writer writer;
	mqtt_writer_init(&writer, buffer, sizeof buffer);
	mqtt_put_byte(&writer, resumed);
	mqtt_put_byte(&writer, MQTT_REASON_SUCCESS);
	if (session->version == MQTT_VERSION_5)
		put_properties(&writer, session, connecting, ours);
	slice packet = mqtt_writer_end(&writer, MQTT_TYPE_CONNACK, 0, 0);
	return mqtt_session_send(session, packet, (slice){ NULL, 0 });
}

bool mqtt_connect_same_caller(const struct mqtt_session *a, const struct mqtt_session *b)
{
	if (!slice_equal(slice_of(a->identity), slice_of(b->identity)) ||
	        a->has_user != b->has_user || !slice_equal(a->user, b->user))
		return false;
	return *a->identity || (slice_equal_secret(a->password, b->password) &&
	                               slice_equal(a->certificate, b->certificate) &&
	                               slice_equal(a->psk_identity, b->psk_identity));
}

/* The will, for when the connection ends; its slices point into the CONNECT that the session keeps. */
static bool keep_will(struct mqtt_session *session, const struct connecting *connecting)
{
	if (!connecting->has_will)
		return true;
	session->will = malloc(sizeof *session->will);
	if (session->will)
		*session->will = connecting->will;
	return session->will != NULL;
}

static void forget_will(struct mqtt_session *session)
{
	free(session->will);
	session->will = NULL;
}

/* The core has let it in; the client identifier is still to be had. */
static void welcome(
        struct mqtt_session *session, const struct connecting *connecting, uint64_t valid_until_ms)
{
	enum mqtt_claim claim = mqtt_client_claim(session, connecting->clean_start);
	switch (claim) {
	case MQTT_CLAIM_FRESH:
	case MQTT_CLAIM_RESUMED:
		break;
	case MQTT_CLAIM_NOT_YOURS:
		forget_will(session);
		refuse_and_report(session, STATUS_CONFLICT, MQTT_REASON_CLIENT_ID_NOT_VALID,
		        MQTT_RETURN_IDENTIFIER_REJECTED,
		        "this client identifier is another client's");
		return;
	case MQTT_CLAIM_TOO_OFTEN:
		forget_will(session);
		refuse_and_report(session, STATUS_TOO_MANY, MQTT_REASON_CONNECTION_RATE_EXCEEDED,
		        MQTT_RETURN_SERVER_UNAVAILABLE,
		        "this client identifier is taken over too often: two clients may share it");
		return;
	case MQTT_CLAIM_NO_MEMORY:
		forget_will(session);
		mqtt_connect_refuse(session, MQTT_REASON_SERVER_UNAVAILABLE,
		        MQTT_RETURN_SERVER_UNAVAILABLE, SLICE("out of memory"));
		return;
	}
	session->state = MQTT_STATE_CONNECTED;
	mqtt_door_leave(session);
	mqtt_session_line_up(session);
	mqtt_review_at(session, valid_until_ms);
	if (session->outdated)
		mqtt_review_later(session);
	if (accept_client(session, connecting, claim == MQTT_CLAIM_RESUMED)) {
		mqtt_session_resume(session);
		if (claim == MQTT_CLAIM_RESUMED)
			mqtt_client_resume(session);
	} else {
		forget_will(session);
		mqtt_session_end(session, MQTT_REASON_PACKET_TOO_LARGE,
		        "the client takes no packet as large as CONNACK");
	}
	mqtt_review_go_on(session->listener);
}

static void connect_done(struct mqtt_listener *listener, struct request *request)
{
	struct connecting *connecting = request->ticket;
	struct mqtt_session *session = connecting->session;
	const struct identity *who = request->who;
	session->nerrands--;
	if (!session->stream || session->state == MQTT_STATE_ENDED) {
		request_free(request);
		mqtt_session_release(session);
		return;
	}
	slice id = who ? who->id : (slice){ NULL, 0 };
	session->identity = strndup(id.p ? id.p : "", id.n);
	if (!status_is_success(request->status))
		mqtt_connect_refuse(session, mqtt_outcome_connect(request->status),
		        mqtt_outcome_connect_3(request->status), mqtt_message_why(request));
	else if (listener->stopping)
		mqtt_connect_refuse(session, MQTT_REASON_SERVER_UNAVAILABLE,
		        MQTT_RETURN_SERVER_UNAVAILABLE, SLICE("the gateway is shutting down"));
	else if (!session->identity || !keep_will(session, connecting))
		mqtt_connect_refuse(session, MQTT_REASON_SERVER_UNAVAILABLE,
		        MQTT_RETURN_SERVER_UNAVAILABLE, SLICE("out of memory"));
	else
		welcome(session, connecting, who ? who->valid_until_ms : 0);
	request_free(request);
}

/* Why this CONNECT, well-formed as it is, is refused without asking anybody; NULL: it is not. */
static const char *objection(const struct mqtt_connect *connect, enum mqtt_reason *reason)
{
	*reason = MQTT_REASON_CLIENT_ID_NOT_VALID;
	if (connect->version == MQTT_VERSION_3_1_1 && !connect->client_id.n &&
	        !connect->clean_start)
		return "no client identifier and no clean session [MQTT-3.1.3-8]";
	if (connect->client_id.n > MQTT_CLIENT_ID_MAX_BYTES)
		return "the client identifier is longer than 128 bytes";
	*reason = MQTT_REASON_BAD_AUTHENTICATION_METHOD;
	if (mqtt_property_given(&connect->properties, MQTT_PROPERTY_AUTHENTICATION_METHOD))
		return "enhanced authentication is not offered";
	*reason = MQTT_REASON_TOPIC_NAME_INVALID;
	if (connect->has_will &&
	        (connect->will.topic.p[0] == '$' || connect->will.topic.n > MQTT_TOPIC_MAX_BYTES ||
	                mqtt_order_is_reply(connect->will.topic)))
		return "a will may not go to this topic";
	return NULL;
}

/* 3.1.1 does not say how long: as long as may be. */
static uint64_t expiry_asked_s(const struct mqtt_connect *connect)
{
	if (connect->version == MQTT_VERSION_5)
		return connect->properties.session_expiry;
	return connect->clean_start ? 0 : UINT32_MAX;
}

/* What the session is to remember; the slices of `connect` point into its own copy. */
static void remember(struct mqtt_session *session, const struct mqtt_connect *connect)
{
	session->client_id = connect->client_id;
	session->has_user = connect->has_user;
	session->user = connect->user;
	session->has_password = connect->has_password;
	session->password = connect->password;
	session->expiry_s = mqtt_client_expiry(session->listener, expiry_asked_s(connect));
	if (connect->version != MQTT_VERSION_5)
		return;
	session->client_max_bytes = connect->properties.maximum_packet_size;
	session->client_receive_maximum = (uint16_t)connect->properties.receive_maximum;
	session->problem_information = connect->properties.request_problem;
	session->session_expires = connect->properties.session_expiry;
}

/* A name for a client that brought none: 96 random bits, in the memory that the session keeps. */
static slice assign_id(struct mqtt_session *session, size_t used)
{
	char *id = session->connect + used;
	int n = snprintf(id, ASSIGNED_ID_BYTES, "auto-%016llx%08llx",
	        (unsigned long long)random_u64(), (unsigned long long)(random_u64() & UINT32_MAX));
	session->client_id = (slice){ id, (size_t)n };
	return session->client_id;
}

static void submit(
        struct mqtt_session *session, const struct mqtt_connect *connect, slice assigned_id)
{
	struct request *request = mqtt_session_request(session);
	struct connecting *connecting =
	        request ? ARENA_NEW(&request->arena, struct connecting) : NULL;
	if (!connecting) {
		request_free(request);
		mqtt_connect_refuse(session, MQTT_REASON_SERVER_UNAVAILABLE,
		        MQTT_RETURN_SERVER_UNAVAILABLE, SLICE("the gateway is at its limit"));
		return;
	}
	*connecting = (struct connecting){ .errand = { connect_done },
		.session = session,
		.keep_alive_s = connect->keep_alive_s,
		.response_information = connect->properties.request_response,
		.clean_start = connect->clean_start,
		.expiry_asked_s = expiry_asked_s(connect),
		.assigned_id = assigned_id,
		.will = connect->will,
		.has_will = connect->has_will };
	request->ticket = connecting;
	request->in.method = METHOD_CONNECT;
	request->in.path = SLICE("/");
	session->nerrands++;
	session->state = MQTT_STATE_AUTHENTICATING;
	mqtt_session_pause(session);
	session->listener->base.counters.at[COUNTER_MESSAGES]++;
	request_submit(request);
}

/* A protocol version that is not spoken here: levels above 5 are told so in 5's words, the rest in 3.1.1's
 * [MQTT-3.1.2-2]. */
static void refuse_version(struct mqtt_session *session, unsigned level, struct mqtt_fault fault)
{
	session->version = level > MQTT_VERSION_5 ? MQTT_VERSION_5 : MQTT_VERSION_3_1_1;
	session->listener->base.counters.at[COUNTER_MALFORMED]++;
	refuse_and_report(session, STATUS_MALFORMED, fault.reason, MQTT_RETURN_UNACCEPTABLE_VERSION,
	        fault.why);
}

void mqtt_connect_take(struct mqtt_session *session, const struct mqtt_frame *frame)
{
	session->connect = malloc(frame->body.n + ASSIGNED_ID_BYTES);
	if (!session->connect) {
		mqtt_session_end(session, MQTT_REASON_SERVER_UNAVAILABLE, "out of memory");
		return;
	}
	struct mqtt_frame copy = *frame;
	copy.body.p = memcpy(session->connect, frame->body.p, frame->body.n);
	struct mqtt_connect connect;
	unsigned level = 0;
	struct mqtt_fault fault = mqtt_connect_parse(&copy, &connect, &level);
	session->version = connect.version;
	if (fault.reason == MQTT_REASON_UNSUPPORTED_VERSION) {
		refuse_version(session, level, fault);
		return;
	}
	if (fault.why) {
		mqtt_session_fault(session, fault);
		return;
	}
	remember(session, &connect);
	enum mqtt_reason reason;
	const char *why = objection(&connect, &reason);
	if (why) {
		refuse_and_report(session, STATUS_INVALID, reason,
		        reason == MQTT_REASON_CLIENT_ID_NOT_VALID ? MQTT_RETURN_IDENTIFIER_REJECTED
		                                                  : MQTT_RETURN_NOT_AUTHORIZED,
		        why);
		return;
	}
	slice assigned = { NULL, 0 };
	if (!connect.client_id.n)
		assigned = assign_id(session, frame->body.n);
	submit(session, &connect, assigned);
}
