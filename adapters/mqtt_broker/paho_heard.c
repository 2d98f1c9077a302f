/* Paho's callbacks: on its threads, under its lock. Each makes an event of what it hears, and posts it to the core.
 *
 * HOLDING THE BROKER BACK. Paho acknowledges a message when the callback returns, whatever it returns, and cannot be told
 * to stop reading. So the callback waits while too much is held already; nothing is read meanwhile, and TCP does the
 * rest. It does not wait for ever, for it holds Paho's lock: its keep-alive needs that, and so does the thread of
 * paho.c, whose orders may be what the core is waiting for. Then the message is taken beyond the bound, up to twice of
 * it; only beyond that is it marked as one too many. Returning 0 instead would leave messages in a queue inside Paho that
 * is not bounded, and that moves on only when the next packet comes. */
#include "adapters/mqtt_broker/paho_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PATIENCE_S = 5 };

/* What a failure is, for a person. */
static void explain(struct order *order, int code, const char *message)
{
	static const char *const return_codes[] = { NULL, "unacceptable protocol version",
		"client id rejected", "server unavailable", "bad user or password",
		"not authorized" };
	/* What Paho says when the connection closed between CONNECT and CONNACK. */
	static const char closed[] = "TCP connect completion failure";
	const char *why = message ? message : MQTTAsync_strerror(code);
	order->event.code = code > 0 ? code : PAHO_CODE_FAILED;
	if (code > 0 && code < (int)(sizeof return_codes / sizeof *return_codes)) {
		why = return_codes[code];
	} else if (code > 0 && order->version_5) {
		why = MQTTReasonCode_toString((enum MQTTReasonCodes)code);
	} else if (order->kind == ORDER_CONNECT && order->paho->tls_why[0]) {
		why = order->paho->tls_why;
	} else if (message && strcmp(message, closed) == 0) {
		why = "the broker closed the connection before it answered";
	}
	(void)snprintf(order->event.why, sizeof order->event.why, "%s", why ? why : "refused");
}

/* An order is done with: it is the event of its outcome from here on. Any thread; those that are not outstanding any more
 * may be settled too. */
void paho_settle(struct order *order, enum paho_kind kind)
{
	struct paho *paho = order->paho;
	(void)pthread_mutex_lock(&paho_door.mutex);
	list_remove(&order->outstanding);
	(void)pthread_mutex_unlock(&paho_door.mutex);
	order->event.kind = kind;
	mailbox_post(paho->events, &order->event.link);
}

void paho_settle_failed(struct order *order, int code, const char *message)
{
	static const enum paho_kind kinds[] = {
		[ORDER_CONNECT] = PAHO_FAILED,
		[ORDER_SUBSCRIBE] = PAHO_SUBSCRIBED,
		[ORDER_UNSUBSCRIBE] = PAHO_SUBSCRIBED,
		[ORDER_PUBLISH] = PAHO_PUBLISHED,
		[ORDER_END] = PAHO_ENDED,
	};
	explain(order, code, message);
	if (order->kind == ORDER_SUBSCRIBE)
		order->event.refused = UINT32_MAX >> (PAHO_FILTERS_MAX - order->nfilters);
	paho_settle(order, kinds[order->kind]);
}

/* Callbacks: on Paho's threads, under its lock. The context of an order's callbacks is the order. */

static void connected(struct order *order)
{
	struct paho *paho = order->paho;
	(void)pthread_mutex_lock(&paho_door.mutex);
	paho->connected = true;
	(void)pthread_mutex_unlock(&paho_door.mutex);
	paho_settle(order, PAHO_CONNECTED);
}

void paho_on_connected(void *context, MQTTAsync_successData *data)
{
	(void)data;
	connected(context);
}

void paho_on_connected_5(void *context, MQTTAsync_successData5 *data)
{
	(void)data;
	connected(context);
}

void paho_on_failure(void *context, MQTTAsync_failureData *data)
{
	paho_settle_failed(
	        context, data ? data->code : MQTTASYNC_FAILURE, data ? data->message : NULL);
}

void paho_on_failure_5(void *context, MQTTAsync_failureData5 *data)
{
	int code = MQTTASYNC_FAILURE;
	if (data)
		code = data->reasonCode >= MQTTREASONCODE_UNSPECIFIED_ERROR ? (int)data->reasonCode
		                                                            : data->code;
	paho_settle_failed(context, code, data ? data->message : NULL);
}

void paho_on_published(void *context, MQTTAsync_successData *data)
{
	(void)data;
	paho_settle(context, PAHO_PUBLISHED);
}

void paho_on_published_5(void *context, MQTTAsync_successData5 *data)
{
	(void)data;
	paho_settle(context, PAHO_PUBLISHED);
}

void paho_on_subscribed(void *context, MQTTAsync_successData *data)
{
	struct order *order = context;
	for (unsigned i = 0; order->nfilters > 1 && i < order->nfilters; i++) {
		if (data->alt.qosList[i] >= MQTTREASONCODE_UNSPECIFIED_ERROR)
			order->event.refused |= 1u << i;
	}
	paho_settle(order, PAHO_SUBSCRIBED);
}

void paho_on_subscribed_5(void *context, MQTTAsync_successData5 *data)
{
	struct order *order = context;
	int n = order->nfilters > 1 ? data->alt.sub.reasonCodeCount : 0;
	for (int i = 0; i < n && i < PAHO_FILTERS_MAX; i++) {
		if (data->alt.sub.reasonCodes[i] >= MQTTREASONCODE_UNSPECIFIED_ERROR)
			order->event.refused |= 1u << i;
	}
	paho_settle(order, PAHO_SUBSCRIBED);
}

static void lose(struct paho *paho, const char *why)
{
	(void)pthread_mutex_lock(&paho_door.mutex);
	bool news = paho->connected;
	paho->connected = false;
	(void)pthread_mutex_unlock(&paho_door.mutex);
	if (!news)
		return;
	paho->lost =
	        (struct paho_event){ .kind = PAHO_LOST, .connection = paho->client_connection };
	(void)snprintf(paho->lost.why, sizeof paho->lost.why, "%s", why);
	mailbox_post(paho->events, &paho->lost.link);
}

void paho_on_lost(void *context, char *cause)
{
	(void)cause; /* Paho has none to give */
	lose(context, "the connection broke");
}

/* The broker's DISCONNECT, which MQTT 5 has: on_lost() does not follow. */
void paho_on_goodbye(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
	(void)properties;
	const char *name = MQTTReasonCode_toString(reason);
	char why[96];
	(void)snprintf(why, sizeof why, "the broker ended it: %s", name ? name : "unknown reason");
	lose(context, why);
}

/* OpenSSL's first reason. */
int paho_on_tls_error(const char *line, size_t n, void *context)
{
	struct paho *paho = context;
	if (paho->tls_why[0])
		return 1;
	/* "THREAD:error:CODE:library:function:reason:file:line:…" */
	slice rest = { line, n }, part = { NULL, 0 };
	for (unsigned i = 0; i < 6; i++)
		part = slice_cut(&rest, ':');
	(void)snprintf(paho->tls_why, sizeof paho->tls_why, "TLS: %.*s", SLICE_ARG(part));
	return 1;
}

/* Messages. */

static size_t property_bytes(const MQTTProperties *properties, unsigned *nusers)
{
	size_t n = 0;
	for (int i = 0; i < properties->count; i++) {
		const MQTTProperty *one = &properties->array[i];
		switch (MQTTProperty_getType(one->identifier)) {
		case MQTTPROPERTY_TYPE_UTF_8_STRING_PAIR:
			n += (size_t)one->value.value.len;
			(*nusers)++;
			n += (size_t)one->value.data.len;
			break;
		case MQTTPROPERTY_TYPE_UTF_8_ENCODED_STRING:
		case MQTTPROPERTY_TYPE_BINARY_DATA:
			n += (size_t)one->value.data.len;
			break;
		default:
			break;
		}
	}
	return n;
}

static slice put_string(char **to, MQTTLenString s)
{
	return paho_put(to, s.data, (size_t)s.len);
}

static void take_property(
        struct paho_message *message, struct field *users, const MQTTProperty *one, char **to)
{
	if (one->identifier == MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR)
		message->text = one->value.byte == 1;
	else if (one->identifier == MQTTPROPERTY_CODE_CONTENT_TYPE)
		message->content_type = put_string(to, one->value.data);
	else if (one->identifier == MQTTPROPERTY_CODE_RESPONSE_TOPIC)
		message->response_topic = put_string(to, one->value.data);
	else if (one->identifier == MQTTPROPERTY_CODE_CORRELATION_DATA)
		message->correlation = put_string(to, one->value.data);
	else if (one->identifier == MQTTPROPERTY_CODE_USER_PROPERTY) {
		struct field *user = &users[message->nproperties++];
		user->name = put_string(to, one->value.data);
		user->value = put_string(to, one->value.value);
	}
}

/* A copy of all that is wanted of it, in one piece. NULL: no memory. */
static struct paho_message *copy_message(
        const struct paho *paho, slice topic, const MQTTAsync_message *from)
{
	unsigned nusers = 0;
	size_t payload = from->payloadlen > 0 ? (size_t)from->payloadlen : 0;
	size_t bytes = topic.n + payload + property_bytes(&from->properties, &nusers);
	size_t size = sizeof(struct paho_message) + nusers * sizeof(struct field) + bytes;
	struct paho_message *message = malloc(size);
	if (!message)
		return NULL;
	struct field *users = (struct field *)(void *)(message + 1);
	char *to = (char *)(users + nusers);
	*message = (struct paho_message){ .held_bytes = size, .properties = users };
	message->event =
	        (struct paho_event){ .kind = PAHO_MESSAGE, .connection = paho->client_connection };
	message->qos = (unsigned)from->qos;
	message->topic = paho_put(&to, topic.p, topic.n);
	message->payload = paho_put(&to, from->payload, payload);
	for (int i = 0; i < from->properties.count; i++)
		take_property(message, users, &from->properties.array[i], &to);
	return message;
}

/* Waits until there is room, as long as it may. */
static void wait_for_room(struct paho *paho, struct paho_message *message)
{
	struct timespec until; /* by the clock that paho_door.changed goes by */
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PATIENCE_S;
	int failed = 0;
	(void)pthread_mutex_lock(&paho_door.mutex);
	while ((paho->held >= PAHO_HELD_MAX || paho->held_bytes >= PAHO_HELD_MAX_BYTES) &&
	        !paho_door.knocking && !paho->ending && !failed)
		failed = pthread_cond_timedwait(&paho_door.changed, &paho_door.mutex, &until);
	message->too_many = paho->held >= 2 * PAHO_HELD_MAX ||
	                    paho->held_bytes >= 2 * (size_t)PAHO_HELD_MAX_BYTES;
	paho->held++;
	paho->held_bytes += message->held_bytes;
	(void)pthread_mutex_unlock(&paho_door.mutex);
}

/* 0: Paho keeps the message and comes again. */
int paho_on_message(void *context, char *topic, int topic_length, MQTTAsync_message *from)
{
	struct paho *paho = context;
	slice name = topic_length > 0 ? (slice){ topic, (size_t)topic_length } : slice_of(topic);
	/* Sent again at each subscription: a reading that would have its effect over and over. */
	bool wanted = !from->retained || paho->settings->take_retained;
	if (wanted) {
		struct paho_message *message = copy_message(paho, name, from);
		if (!message)
			return 0;
		wait_for_room(paho, message);
		mailbox_post(paho->events, &message->event.link);
	}
	MQTTAsync_freeMessage(&from);
	MQTTAsync_free(topic);
	return 1;
}
