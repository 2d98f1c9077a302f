/* PUBLISH to request, reply to PUBACK.
 *
 * A publication is a request from the moment it is read. Publications of a session stand in one line, in the order
 * they came; `in_flight` of them are with the core at a time. One is the default: only then do two readings of a
 * device reach a backend of several connections in the order they were taken. More gives a single session
 * more throughput and leaves the order to the backend.
 *
 * PUBACK leaves when the request has come home with a success, and not before; in the order of the PUBLISHes
 * [MQTT-4.6.0-2]. A refusal is a reason code in MQTT 5. In 3.1.1, which has none, PUBACK is withheld and the
 * connection closed ([MQTT-3.3.5-2] leaves no other choice), so the client sends the message again; what it sent
 * after it and nobody has taken yet is forgotten, because it comes again as well, behind it.
 *
 * A client may have `receive_maximum` of them waiting; MQTT 5 is told so. What one sends beyond that is not read before
 * another is acknowledged, so it is never received in the sense of [MQTT-3.3.4-7]. Closing with 0x93 instead would be
 * the end of clients that do not look at the number (MQTT.js, and Node-RED with it): they connect again, send all of it
 * again, and never get anywhere.
 *
 * QoS 0 goes the same way without an answer, QoS 2 with PUBREC in PUBACK's place: from then on it is release.c's, so
 * that it has one effect, also where the connection is lost in between and the message comes again by another.
 *
 * RETAIN asks for what an endpoint with `keep: last` does with every message, and is otherwise not looked at; save that
 * an empty message with it, MQTT's way to delete what is retained, is a DELETE. */
#include "adapters/mqtt/mqtt.h"

#include <stdlib.h>

struct publication {
	struct mqtt_errand errand;
	struct list link; /* in session->publications */
	struct mqtt_session *session;
	struct request *request;
	uint16_t id;
	unsigned qos;
	uint32_t digest; /* with QoS 2, see release.c */
	bool submitted, done;
	bool repeated; /* it has come again while under way, not marked as a duplicate */
	slice reply_topic, correlation_data;
};

static struct publication *owner_of(struct list *link)
{
	return LIST_OWNER(link, struct publication, link);
}

static void forget(struct publication *publication)
{
	struct mqtt_session *session = publication->session;
	list_remove(&publication->link);
	session->npublications--;
	request_free(publication->request);
}

void mqtt_publish_drop(struct mqtt_session *session, bool all)
{
	LIST_EACH (&session->publications, at, next) {
		struct publication *publication = owner_of(at);
		if (!publication->submitted && (all || publication->qos > 0))
			forget(publication);
	}
}

/* What an earlier connection of this client delivered while this one waited behind it. */
static bool is_delivered(struct mqtt_session *session, const struct publication *publication)
{
	struct mqtt_client *client = publication->qos == 2 ? mqtt_client_of(session) : NULL;
	const struct mqtt_unreleased *one =
	        client ? mqtt_release_find(client, publication->id) : NULL;
	return one && one->digest == publication->digest;
}

/* Hands the next in line to the core, as many as may be there at a time. */
static void submit_next(struct mqtt_session *session)
{
	struct mqtt_listener *listener = session->listener;
	if (session->predecessor)
		return;
	LIST_EACH (&session->publications, at, next) {
		struct publication *publication = owner_of(at);
		if (session->nsubmitted >= listener->in_flight || listener->stopping)
			return;
		if (publication->submitted)
			continue;
		publication->submitted = true;
		if (is_delivered(session, publication)) {
			publication->done = true;
			publication->request->status = STATUS_OK;
			continue;
		}
		session->nsubmitted++;
		listener->base.counters.at[COUNTER_MESSAGES]++;
		request_submit(publication->request);
	}
}

/* PUBACK or PUBREC. */
static void acknowledge(
        struct mqtt_session *session, unsigned qos, uint16_t id, enum mqtt_reason reason, slice why)
{
	enum mqtt_type type = qos == 2 ? MQTT_TYPE_PUBREC : MQTT_TYPE_PUBACK;
	char buffer[MQTT_PACKET_SMALL_BYTES];
	struct mqtt_writer writer;
	mqtt_writer_init(&writer, buffer, sizeof buffer);
	slice nothing = { NULL, 0 };
	slice packet = mqtt_write_ack(&writer, session->version, type, id, reason,
	        session->problem_information ? why : nothing);
	if (packet.n > session->client_max_bytes) { /* [MQTT-3.4.2-2] */
		mqtt_writer_init(&writer, buffer, sizeof buffer);
		packet = mqtt_write_ack(&writer, session->version, type, id, reason, nothing);
	}
	(void)mqtt_session_send(session, packet, nothing);
}

/* Delivered: a QoS 2 message is remembered before anybody is told, also when nobody is there to be told. */
static void remember(const struct publication *publication)
{
	struct mqtt_client *client =
	        publication->qos == 2 ? mqtt_client_of(publication->session) : NULL;
	if (client && !is_delivered(publication->session, publication))
		mqtt_release_add(client, publication->id, publication->digest);
}

static void answer(struct publication *publication)
{
	struct mqtt_session *session = publication->session;
	struct request *request = publication->request;
	bool success = status_is_success(request->status);
	if (success)
		remember(publication);
	if (publication->qos && session->version == MQTT_VERSION_5) {
		slice why = success ? (slice){ NULL, 0 } : mqtt_message_why(request);
		acknowledge(session, publication->qos, publication->id,
		        mqtt_outcome_publish(request->status), why);
	} else if (publication->qos && success) {
		acknowledge(session, publication->qos, publication->id, MQTT_REASON_SUCCESS,
		        (slice){ NULL, 0 });
	} else if (publication->qos) {
		mqtt_publish_drop(session, false);
		mqtt_session_end(session, mqtt_outcome_publish(request->status),
		        "no acknowledgement: the message was refused");
	}
	if (publication->reply_topic.n)
		mqtt_reply_publish(
		        session, request, publication->reply_topic, publication->correlation_data);
}

bool mqtt_publish_unanswered(const struct mqtt_session *session)
{
	LIST_EACH (&session->publications, at, next) {
		if (owner_of(at)->qos)
			return true;
	}
	return false;
}

/* Those that are done, as far as they stand at the head of the line. */
static void answer_done(struct mqtt_session *session)
{
	while (!list_empty(&session->publications)) {
		struct publication *first = owner_of(session->publications.next);
		if (!first->done)
			break;
		answer(first);
		forget(first);
	}
	mqtt_session_leave(session);
}

static void publish_done(struct mqtt_listener *listener, struct request *request)
{
	struct publication *publication = request->ticket;
	struct mqtt_session *session = publication->session;
	publication->done = true;
	session->nsubmitted--;
	answer_done(session);
	if (listener->stopping) {
		mqtt_session_wind_up(session);
		return;
	}
	mqtt_publish_go_on(session);
	if (!session->npublications)
		mqtt_session_drained(session);
	mqtt_session_release(session);
}

void mqtt_publish_go_on(struct mqtt_session *session)
{
	submit_next(session);
	answer_done(session);
	if (session->npublications < session->listener->receive_maximum)
		mqtt_session_resume(session);
}

static bool next_user_property(void *at, slice *name, slice *value)
{
	return mqtt_user_property_next(at, name, value);
}

/* Fills in what a PUBLISH and a will have in common. All slices point into the request's arena already. */
static void fill(struct request *request, slice topic, slice payload, bool retain,
        const struct mqtt_properties *properties, slice all)
{
	mqtt_message_take(
	        request, topic, payload, properties->content_type, properties->payload_format == 1);
	if (retain && !payload.n)
		request->in.method = METHOD_DELETE;
	if (properties->nusers && request->status == STATUS_NONE)
		mqtt_message_take_properties(request, properties->nusers, next_user_property, &all);
}

/* The same bytes in the copy at `to` of what starts at `from`. */
static slice moved(slice s, slice from, slice to)
{
	return s.p ? (slice){ to.p + (s.p - from.p), s.n } : s;
}

static void append(struct mqtt_session *session, struct publication *publication)
{
	list_append(&session->publications, &publication->link);
	session->npublications++;
}

/* Where the answer goes: MQTT 5's Response Topic; for 3.1.1 "reply/" and the topic. */
static slice reply_topic(struct mqtt_session *session, struct request *request,
        const struct mqtt_publish *publish, slice from, slice to)
{
	if (!session->client->nsubscriptions)
		return (slice){ NULL, 0 };
	if (session->version == MQTT_VERSION_5)
		return moved(publish->properties.response_topic, from, to);
	return arena_printf(&request->arena, "reply/%.*s", SLICE_ARG(publish->topic));
}

/* `aliased`: the topic is not in the packet's body. NULL: no memory for it now. */
static struct publication *make(
        struct mqtt_session *session, const struct mqtt_publish *publish, slice body, bool aliased)
{
	struct request *request = mqtt_session_request(session);
	struct arena *arena = request ? &request->arena : NULL;
	struct publication *publication = arena ? ARENA_NEW(arena, struct publication) : NULL;
	slice copy = publication ? arena_copy_slice(arena, body) : (slice){ NULL, 0 };
	slice topic = { NULL, 0 };
	if (copy.p)
		topic = aliased ? arena_copy_slice(arena, publish->topic)
		                : moved(publish->topic, body, copy);
	if (!topic.p) {
		request_free(request);
		return NULL;
	}
	const struct mqtt_properties *properties = &publish->properties;
	struct mqtt_properties inside = *properties;
	inside.content_type = moved(properties->content_type, body, copy);
	fill(request, topic, moved(publish->payload, body, copy), publish->retain, &inside,
	        moved(properties->all, body, copy));
	*publication = (struct publication){ .errand = { publish_done },
		.session = session,
		.request = request,
		.id = publish->id,
		.qos = publish->qos,
		.digest = publish->qos == 2 ? mqtt_release_digest(publish->topic, publish->payload)
		                            : 0,
		.reply_topic = reply_topic(session, request, publish, body, copy),
		.correlation_data = moved(properties->correlation_data, body, copy) };
	request->ticket = publication;
	return publication;
}

/* Puts the topic that the alias stands for into `publish`, or learns it. fault.why NULL: done. */
static struct mqtt_fault resolve_alias(struct mqtt_session *session, struct mqtt_publish *publish)
{
	static const struct mqtt_fault none = { MQTT_REASON_SUCCESS, NULL };
	unsigned alias = publish->properties.topic_alias,
	         most = session->listener->topic_alias_maximum;
	if (!alias)
		return none;
	if (alias > most)
		return (struct mqtt_fault){ MQTT_REASON_TOPIC_ALIAS_INVALID,
			"a topic alias above the maximum [MQTT-3.3.2-9]" };
	if (!session->aliases)
		session->aliases = calloc(most + 1, sizeof *session->aliases);
	slice *known = session->aliases ? &session->aliases[alias] : NULL;
	if (!publish->topic.n) {
		if (!known || !known->n)
			return (struct mqtt_fault){ MQTT_REASON_PROTOCOL_ERROR,
				"a topic alias that nothing was said about" };
		publish->topic = *known;
		return none;
	}
	char *copy = known ? malloc(publish->topic.n) : NULL;
	if (!copy)
		return (struct mqtt_fault){ MQTT_REASON_QUOTA_EXCEEDED,
			"no memory for a topic alias" };
	free((void *)(uintptr_t)known->p);
	*known = (slice){ memcpy(copy, publish->topic.p, publish->topic.n), publish->topic.n };
	return none;
}

/* The publication under way with this packet identifier, or NULL. */
static struct publication *under_way(const struct mqtt_session *session, uint16_t id)
{
	LIST_EACH (&session->publications, at, next) {
		if (owner_of(at)->id == id)
			return owner_of(at);
	}
	return NULL;
}

bool mqtt_publish_under_way(const struct mqtt_session *session, uint16_t id)
{
	const struct publication *publication = under_way(session, id);
	return publication && publication->qos == 2;
}

/* A second one without the mark of a duplicate is what a careless client sends, a third one is a fault. */
static struct mqtt_fault count_repeat(const struct mqtt_publish *publish, bool *repeated)
{
	if (!publish->dup && *repeated)
		return (struct mqtt_fault){ MQTT_REASON_PROTOCOL_ERROR,
			"a packet identifier in use for another PUBLISH [MQTT-2.2.1-3]" };
	*repeated = *repeated || !publish->dup;
	return (struct mqtt_fault){ MQTT_REASON_SUCCESS, NULL };
}

enum take {
	TAKE_NEW,   /* a message that is not known */
	TAKE_KNOWN, /* one that is; it has been dealt with */
	TAKE_LATER  /* not before what is under way with its packet identifier has been answered */
};

/* The same packet identifier while its first message is under way, whose acknowledgement is on the way. */
static enum take take_under_way(
        struct publication *first, const struct mqtt_publish *publish, struct mqtt_fault *fault)
{
	if (first->qos == 2 && publish->qos == 2) {
		if (first->digest != mqtt_release_digest(publish->topic, publish->payload))
			return TAKE_LATER;
		*fault = count_repeat(publish, &first->repeated);
	} else if (first->qos != publish->qos || !publish->dup) {
		*fault = (struct mqtt_fault){ MQTT_REASON_PROTOCOL_ERROR,
			"a packet identifier in use for another PUBLISH [MQTT-2.2.1-3]" };
	}
	return TAKE_KNOWN;
}

/* Has this message been delivered, and waits for PUBREL? Then it is acknowledged again, and that is all. */
static enum take take_delivered(
        struct mqtt_session *session, const struct mqtt_publish *publish, struct mqtt_fault *fault)
{
	struct mqtt_client *client = session->client;
	struct mqtt_unreleased *one = publish->qos ? mqtt_release_find(client, publish->id) : NULL;
	if (!one)
		return TAKE_NEW;
	bool may_be_released = one->restored && !publish->dup;
	if (publish->qos != 2 || may_be_released ||
	        one->digest != mqtt_release_digest(publish->topic, publish->payload)) {
		mqtt_release_remove(client, one); /* see release.c */
		return TAKE_NEW;
	}
	*fault = count_repeat(publish, &one->repeated);
	if (!fault->why)
		acknowledge(session, 2, publish->id, MQTT_REASON_SUCCESS, (slice){ NULL, 0 });
	return TAKE_KNOWN;
}

/* QoS 2 messages that the client has not released, whether they are delivered yet or not. */
static unsigned count_unreleased(const struct mqtt_session *session)
{
	unsigned n = session->client->nunreleased;
	LIST_EACH (&session->publications, at, next)
		n += owner_of(at)->qos == 2;
	return n;
}

/* What a well-formed PUBLISH can be refused for here. */
static struct mqtt_fault objection(
        const struct mqtt_session *session, const struct mqtt_publish *publish)
{
	if (publish->topic.n > MQTT_TOPIC_MAX_BYTES)
		return (struct mqtt_fault){ MQTT_REASON_TOPIC_NAME_INVALID,
			"a topic of more than 2048 bytes" };
	if (publish->qos == 2 && count_unreleased(session) >= session->listener->unreleased_max)
		return (struct mqtt_fault){ MQTT_REASON_RECEIVE_MAXIMUM_EXCEEDED,
			"too many QoS 2 messages that were never released" };
	return (struct mqtt_fault){ MQTT_REASON_SUCCESS, NULL };
}

/* There is no memory for another request. */
static bool overloaded(struct mqtt_session *session, const struct mqtt_publish *publish)
{
	if (session->npublications) {
		mqtt_session_pause(session); /* until one of them is done */
		return false;
	}
	if (!publish->qos)
		session->listener->base.counters.at[COUNTER_REFUSED]++;
	else if (session->version == MQTT_VERSION_5)
		acknowledge(session, publish->qos, publish->id, MQTT_REASON_QUOTA_EXCEEDED,
		        SLICE("the gateway is at its limit"));
	else
		mqtt_session_end(session, MQTT_REASON_QUOTA_EXCEEDED,
		        "no acknowledgement: the gateway is at its limit");
	return true;
}

/* Is it a new one, and is there room for it? */
static enum take look_at(
        struct mqtt_session *session, const struct mqtt_publish *publish, struct mqtt_fault *fault)
{
	struct publication *first = publish->qos ? under_way(session, publish->id) : NULL;
	if (first)
		return take_under_way(first, publish, fault);
	if (session->npublications >= session->listener->receive_maximum)
		return TAKE_LATER;
	return take_delivered(session, publish, fault);
}

/* A reply to a command is no request: it is acknowledged in its place in the line, and done. NULL: no memory. */
static struct publication *make_reply(
        struct mqtt_session *session, const struct mqtt_publish *publish)
{
	struct request *request = mqtt_session_request(session);
	struct publication *publication =
	        request ? ARENA_NEW(&request->arena, struct publication) : NULL;
	if (!publication) {
		request_free(request);
		return NULL;
	}
	*publication = (struct publication){ .session = session,
		.request = request,
		.id = publish->id,
		.qos = publish->qos,
		.digest = mqtt_release_digest(publish->topic, publish->payload),
		.submitted = true,
		.done = true };
	request->status = STATUS_OK;
	mqtt_order_reply(session, publish);
	return publication;
}

bool mqtt_publish_take(struct mqtt_session *session, const struct mqtt_frame *frame)
{
	struct mqtt_publish publish;
	struct mqtt_fault fault = mqtt_publish_parse(frame, session->version, &publish);
	bool aliased = !publish.topic.n;
	if (!fault.why)
		fault = resolve_alias(session, &publish);
	enum take take = fault.why ? TAKE_NEW : look_at(session, &publish, &fault);
	if (take == TAKE_LATER) {
		mqtt_session_pause(session);
		return false;
	}
	if (!fault.why && take == TAKE_NEW)
		fault = objection(session, &publish);
	if (fault.why)
		mqtt_session_fault(session, fault);
	if (fault.why || take == TAKE_KNOWN)
		return true;
	bool reply = mqtt_order_is_reply(publish.topic);
	struct publication *publication = NULL;
	if (publish.qos < 2 || mqtt_release_reserve(session->client, session->npublications + 1))
		publication = reply ? make_reply(session, &publish)
		                    : make(session, &publish, frame->body, aliased);
	if (!publication)
		return overloaded(session, &publish);
	append(session, publication);
	submit_next(session);
	answer_done(session);
	return true;
}

void mqtt_publish_will(struct mqtt_session *session)
{
	const struct mqtt_will *will = session->will;
	struct request *request = mqtt_session_request(session);
	struct arena *arena = request ? &request->arena : NULL;
	struct publication *publication = arena ? ARENA_NEW(arena, struct publication) : NULL;
	slice topic = publication ? arena_copy_slice(arena, will->topic) : (slice){ NULL, 0 };
	slice payload = topic.p ? arena_copy_slice(arena, will->payload) : topic;
	slice all = payload.p ? arena_copy_slice(arena, will->properties.all) : payload;
	if (!all.p) {
		request_free(request);
		return;
	}
	struct mqtt_properties inside = will->properties;
	inside.content_type = arena_copy_slice(arena, inside.content_type);
	*publication = (struct publication){
		.errand = { publish_done }, .session = session, .request = request
	};
	request->ticket = publication;
	fill(request, topic, payload, will->retain, &inside, all);
	append(session, publication);
	submit_next(session);
	mqtt_session_begin_to_drain(session);
	free(session->will);
	session->will = NULL;
}
