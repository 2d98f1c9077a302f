/* A broker's message becomes a request; what comes of it can only be said on a reply topic.
 *
 * ORDER: messages of one publisher (of one topic, where nobody is named) are with the core one at a time, so that they
 * reach the backend in the order they came, however many connections it has. Of different ones, `in_flight` are.
 *
 * SAFE IT IS NOT: Paho has acknowledged the message to the broker by the time it is seen here. So what was taken over is
 * still worked off after stop(), as far as the gateway's grace allows; and what is lost then is counted and said. */
#include "adapters/mqtt_broker/broker.h"

#include "adapters/common/mqtt_message.h"
#include "adapters/common/mqtt_topic.h"

#include "base/log.h"

#include <stdlib.h>

/* In the request's arena; the message it was made of lives as long. */
struct broker_inbound {
	struct list link;         /* in lane->waiting */
	struct broker_lane *lane; /* NULL: it is refused, and was not put in line */
	struct request *request;
	struct paho_message *message;
	slice publisher, reply_topic;
};

static struct broker_lane *lane_of(struct broker *broker, slice key)
{
	struct broker_lane *lane;
	HASH_FIND(hh, broker->lanes, key.p, key.n, lane);
	if (lane)
		return lane;
	lane = calloc(1, sizeof *lane + key.n);
	if (!lane)
		return NULL;
	memcpy(lane->key, key.p, key.n);
	list_init(&lane->waiting);
	list_init(&lane->link);
	HASH_ADD_KEYPTR(hh, broker->lanes, lane->key, key.n, lane);
	struct broker_lane *kept;
	HASH_FIND(hh, broker->lanes, key.p, key.n, kept);
	if (!kept)
		free(lane);
	return kept;
}

/* It is idle, or has one more ready. */
static void lane_go_on(struct broker *broker, struct broker_lane *lane)
{
	if (lane->busy)
		return;
	if (!list_empty(&lane->waiting)) {
		if (list_empty(&lane->link))
			list_append(&broker->ready, &lane->link);
		return;
	}
	HASH_DEL(broker->lanes, lane);
	free(lane);
}

static void submit(struct broker *broker, struct request *request)
{
	broker->nunderway++;
	broker->base.counters.at[COUNTER_MESSAGES]++;
	request_submit(request);
}

static void submit_next(struct broker *broker)
{
	while (!list_empty(&broker->ready) && broker->nunderway < broker->settings.in_flight) {
		struct broker_lane *lane = LIST_OWNER(broker->ready.next, struct broker_lane, link);
		struct broker_inbound *inbound =
		        LIST_OWNER(lane->waiting.next, struct broker_inbound, link);
		list_remove(&lane->link);
		list_remove(&inbound->link);
		lane->busy = true;
		broker->nwaiting--;
		broker->base.answering--;
		submit(broker, inbound->request);
	}
}

/* A lane's memory, or the request's, is not to be had. */
static void drop(struct broker *broker, struct paho_message *message)
{
	broker->base.counters.at[COUNTER_REFUSED]++;
	if (broker->stopping)
		log_warning("mqtt", "listener=%s a message came too late: topic=%.*s",
		        broker->base.label, SLICE_ARG(message->topic));
	else
		log_warning("mqtt", "listener=%s no memory for a message: topic=%.*s",
		        broker->base.label, SLICE_ARG(message->topic));
	paho_message_done(broker->paho, message);
}

struct properties_at {
	const struct paho_message *message;
	unsigned i;
};

static bool next_property(void *arg, slice *name, slice *value)
{
	struct properties_at *at = arg;
	if (at->i >= at->message->nproperties)
		return false;
	*name = at->message->properties[at->i].name;
	*value = at->message->properties[at->i++].value;
	return true;
}

/* Who published, as the credential that `method: broker` looks at. */
static void take_publisher(
        struct broker *broker, struct request *request, struct broker_inbound *inbound)
{
	const struct publisher *publisher = &broker->settings.publisher;
	if (!publisher_named(publisher))
		return;
	const char *why = publisher_find(publisher, inbound->message, &inbound->publisher);
	if (why) {
		request_refuse(request, STATUS_UNAUTHENTICATED, "%s", why);
		return;
	}
	struct credential *credential = ARENA_NEW(&request->arena, struct credential);
	if (!credential) {
		request_refuse(request, STATUS_TOO_LARGE, "no memory left for this request");
		return;
	}
	credential->kind = CREDENTIAL_BROKER;
	credential->name = inbound->publisher;
	request->credentials = credential;
	request->session = inbound->publisher;
}

/* MQTT 5's Response Topic; for 3.1.1 "reply/" and the topic, if that is wanted. */
static slice reply_topic(struct broker *broker, struct broker_inbound *inbound)
{
	const struct paho_message *message = inbound->message;
	slice none = { NULL, 0 };
	if (broker->version_5) {
		slice topic = message->response_topic;
		if (!topic.n || publisher_may_hear(inbound->publisher, topic))
			return topic;
		if (!broker->told_of_reply)
			log_info("mqtt",
			        "listener=%s answers go to topics below reply/ and the publisher's "
			        "name only, not to %.*s (said once)",
			        broker->base.label, SLICE_ARG(topic));
		broker->told_of_reply = true;
		return none;
	}
	if (!broker->settings.replies)
		return none;
	return arena_printf(&inbound->request->arena, "reply/%.*s", SLICE_ARG(message->topic));
}

static void fill(struct broker *broker, struct request *request, struct broker_inbound *inbound)
{
	const struct paho_message *message = inbound->message;
	struct properties_at at = { message, 0 };
	request->peer = broker->settings.servers[broker->server];
	request->ticket = inbound;
	if (message->too_many)
		request_refuse(request, STATUS_TOO_MANY, "too many messages wait already");
	take_publisher(broker, request, inbound);
	if (request->status == STATUS_NONE)
		mqtt_message_take(request, message->topic, message->payload, message->content_type,
		        message->text);
	else
		request->in.path = SLICE("/");
	if (message->nproperties && request->status == STATUS_NONE)
		mqtt_message_take_properties(request, message->nproperties, next_property, &at);
	inbound->reply_topic = reply_topic(broker, inbound);
}

static struct request *make_request(struct broker *broker, struct paho_message *message)
{
	struct request *request = request_new(&broker->base);
	struct broker_inbound *inbound =
	        request ? ARENA_NEW(&request->arena, struct broker_inbound) : NULL;
	if (!inbound) {
		request_free(request);
		return NULL;
	}
	inbound->request = request;
	inbound->message = message;
	list_init(&inbound->link);
	fill(broker, request, inbound);
	return request;
}

void broker_inbound_take(struct broker *broker, struct paho_message *message)
{
	broker->base.counters.at[COUNTER_BYTES_IN] += message->topic.n + message->payload.n;
	struct request *request = make_request(broker, message);
	if (!request) {
		drop(broker, message);
		return;
	}
	struct broker_inbound *inbound = request->ticket;
	if (request->status != STATUS_NONE) { /* it has no effect: no order to keep */
		submit(broker, request);
		return;
	}
	slice key = inbound->publisher.n ? inbound->publisher : message->topic;
	inbound->lane = lane_of(broker, key);
	if (!inbound->lane) {
		request_free(request);
		drop(broker, message);
		return;
	}
	list_append(&inbound->lane->waiting, &inbound->link);
	broker->nwaiting++;
	broker->base.answering++;
	lane_go_on(broker, inbound->lane);
	submit_next(broker);
}

/* The words of the answer, as the MQTT listener has them. */
static void answer(struct broker *broker, struct request *request, struct broker_inbound *inbound)
{
	if (!inbound->reply_topic.n || broker->state != BROKER_JOINED || broker->stopping)
		return;
	struct field status = { SLICE("status"), slice_of(status_name(request->status)) };
	struct paho_publication reply = { .ticket = BROKER_TICKET_ANSWER,
		.topic = inbound->reply_topic,
		.payload = request->out.body,
		.correlation = inbound->message->correlation,
		.properties = &status,
		.nproperties = 1,
		.qos = inbound->message->qos ? 1 : 0 };
	if (request->out.media.n)
		reply.content_type = request->out.media;
	if (!reply.payload.n && !status_is_success(request->status))
		reply.payload = mqtt_message_why(request);
	broker->base.counters.at[COUNTER_BYTES_OUT] += reply.topic.n + reply.payload.n;
	if (!paho_publish(broker->paho, &reply))
		broker->base.counters.at[COUNTER_FAILED]++;
}

void broker_inbound_reply(struct broker *broker, struct request *request)
{
	struct broker_inbound *inbound = request->ticket;
	struct broker_lane *lane = inbound->lane;
	struct paho_message *message = inbound->message;
	/* At a stop the gateway cancels what its grace did not suffice for: nothing more is begun. */
	bool too_late = broker->stopping && request->status == STATUS_CANCELLED;
	broker->nunderway--;
	answer(broker, request, inbound);
	request_free(request);
	paho_message_done(broker->paho, message);
	if (lane) {
		lane->busy = false;
		lane_go_on(broker, lane);
	}
	if (too_late)
		broker_inbound_finish(broker);
	submit_next(broker);
	broker_rest(broker);
}

void broker_inbound_finish(struct broker *broker)
{
	struct broker_lane *lane, *following;
	unsigned lost = broker->nwaiting;
	if (lost)
		log_warning("mqtt", "listener=%s %u messages taken over from the broker are lost",
		        broker->base.label, lost);
	HASH_ITER(hh, broker->lanes, lane, following)
	{
		LIST_EACH (&lane->waiting, at, next) {
			struct broker_inbound *inbound =
			        LIST_OWNER(at, struct broker_inbound, link);
			struct paho_message *message = inbound->message;
			list_remove(at);
			request_free(inbound->request);
			paho_message_done(broker->paho, message);
		}
		list_remove(&lane->link);
		lane_go_on(broker, lane);
	}
	broker->base.counters.at[COUNTER_REFUSED] += lost;
	broker->base.answering -= lost;
	broker->nwaiting = 0;
}
