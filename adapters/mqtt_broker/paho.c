/* The thread that may call Paho, and what the core asks of it.
 *
 * An order is posted to the thread, handed to Paho, and comes back as the event of its outcome: the same memory all the
 * way, so that an outcome can never get lost for want of it. What Paho still owes when a client is destroyed is paid as
 * a failure.
 *
 * EACH CONNECTION IS A NEW CLIENT of Paho's, and the old one is destroyed first. A client would send again, once it is
 * connected again, what it had not got rid of: a command that was long reported as failed. (Of a session that the broker
 * keeps, only what the broker has to deliver is wanted.)
 *
 * RULE BROKEN: `paho_door` and `lives` are globals, because Paho's lock and its threads are. */
#include "adapters/mqtt_broker/paho_internal.h"

#include <stdlib.h>
#include <time.h>

enum { CONNECT_TIMEOUT_S = 10, TOPIC_MAX_BYTES = 65535 };

struct paho_door paho_door = { .mutex = PTHREAD_MUTEX_INITIALIZER };
static pthread_once_t door_hung = PTHREAD_ONCE_INIT;

/* One at a time makes or destroys a client: the first starts Paho's threads, the last stops them. */
static pthread_mutex_t lives = PTHREAD_MUTEX_INITIALIZER;

/* By the monotonic clock, which no static initializer can say, and musl has no pthread_cond_clockwait(). Neither call can
 * fail on Linux. */
static void door_hang(void)
{
	pthread_condattr_t monotonic;
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&paho_door.changed, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
}

static void door_knock(void)
{
	(void)pthread_mutex_lock(&paho_door.mutex);
	paho_door.knocking++;
	(void)pthread_cond_broadcast(&paho_door.changed);
	(void)pthread_mutex_unlock(&paho_door.mutex);
}

static void door_leave(void)
{
	(void)pthread_mutex_lock(&paho_door.mutex);
	paho_door.knocking--;
	(void)pthread_mutex_unlock(&paho_door.mutex);
}

/* The thread: all calls of Paho. */

static void drop_client(struct paho *paho)
{
	if (!paho->client)
		return;
	MQTTAsync_destroy(&paho->client);
	paho->client = NULL;
	(void)pthread_mutex_lock(&paho_door.mutex);
	paho->connected = false;
	(void)pthread_mutex_unlock(&paho_door.mutex);
	/* Nobody else touches the list now: there are no callbacks left. */
	LIST_EACH (&paho->outstanding, at, following)
		paho_settle_failed(LIST_OWNER(at, struct order, outstanding),
		        MQTTASYNC_OPERATION_INCOMPLETE, "the connection ended first");
}

static bool add_number(MQTTProperties *to, enum MQTTPropertyCodes code, uint32_t number)
{
	MQTTProperty one = { .identifier = code };
	one.value.integer4 = number;
	return MQTTProperties_add(to, &one) == 0;
}

static MQTTLenString len_string(slice s)
{
	return (MQTTLenString){ (int)s.n, (char *)(uintptr_t)(s.p ? s.p : "") };
}

static bool add_text(MQTTProperties *to, enum MQTTPropertyCodes code, slice text)
{
	MQTTProperty one = { .identifier = code };
	one.value.data = len_string(text);
	return !text.p || MQTTProperties_add(to, &one) == 0;
}

static int connect_with(struct paho *paho, struct order *order, MQTTAsync_connectOptions *options)
{
	const struct paho_settings *settings = paho->settings;
	MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
	tls.trustStore = settings->ca;
	tls.disableDefaultTrustStore = settings->ca != NULL;
	tls.keyStore = settings->certificate;
	tls.privateKey = settings->key;
	/* From level 2 on there is no TLS below 1.2. */
	tls.enabledCipherSuites = "DEFAULT:@SECLEVEL=2";
	tls.enableServerCertAuth = 1;
	tls.verify = 1; /* the host's name, too */
	tls.ssl_error_cb = paho_on_tls_error;
	tls.ssl_error_context = paho;
	options->ssl = settings->tls ? &tls : NULL;
	options->keepAliveInterval = (int)settings->keep_alive_s;
	options->connectTimeout = CONNECT_TIMEOUT_S;
	options->username = settings->user;
	options->binarypwd.data = settings->password.p;
	options->binarypwd.len = (int)settings->password.n;
	options->context = order;
	return MQTTAsync_connect(paho->client, options);
}

static int connect_5(struct paho *paho, struct order *order)
{
	const struct paho_settings *settings = paho->settings;
	MQTTProperties properties = MQTTProperties_initializer;
	MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;
	options.cleanstart = settings->session_s == 0;
	options.onSuccess5 = paho_on_connected_5;
	options.onFailure5 = paho_on_failure_5;
	options.connectProperties = &properties;
	bool complete = add_number(
	        &properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, settings->packet_max_bytes);
	if (settings->session_s)
		complete = add_number(&properties, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL,
		                   settings->session_s) &&
		           complete;
	int failed = complete ? connect_with(paho, order, &options) : MQTTASYNC_FAILURE;
	MQTTProperties_free(&properties);
	return failed;
}

static int connect_3(struct paho *paho, struct order *order)
{
	MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
	options.MQTTVersion = MQTTVERSION_3_1_1;
	options.cleansession = paho->settings->session_s == 0;
	options.onSuccess = paho_on_connected;
	options.onFailure = paho_on_failure;
	return connect_with(paho, order, &options);
}

static int make_client(struct paho *paho, const struct order *order)
{
	MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
	options.MQTTVersion = order->version_5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
	int failed =
	        MQTTAsync_createWithOptions(&paho->client, paho->settings->brokers[order->broker],
	                paho->settings->client_id, MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
	if (!failed)
		failed = MQTTAsync_setCallbacks(
		        paho->client, paho, paho_on_lost, paho_on_message, NULL);
	if (!failed)
		failed = MQTTAsync_setDisconnected(paho->client, paho, paho_on_goodbye);
	return failed;
}

static int give_connect(struct paho *paho, struct order *order)
{
	(void)pthread_mutex_lock(&lives);
	drop_client(paho);
	paho->tls_why[0] = '\0';
	paho->version_5 = order->version_5;
	paho->client_connection = order->event.connection;
	int failed = make_client(paho, order);
	(void)pthread_mutex_lock(&paho_door.mutex);
	list_append(&paho->outstanding, &order->outstanding);
	(void)pthread_mutex_unlock(&paho_door.mutex);
	if (!failed)
		failed = order->version_5 ? connect_5(paho, order) : connect_3(paho, order);
	(void)pthread_mutex_unlock(&lives);
	return failed;
}

static void set_callbacks(struct paho *paho, struct order *order,
        MQTTAsync_responseOptions *options, MQTTAsync_onSuccess *success,
        MQTTAsync_onSuccess5 *success_5)
{
	order->version_5 = paho->version_5;
	options->context = order;
	if (paho->version_5) {
		options->onSuccess5 = success_5;
		options->onFailure5 = paho_on_failure_5;
	} else {
		options->onSuccess = success;
		options->onFailure = paho_on_failure;
	}
	(void)pthread_mutex_lock(&paho_door.mutex);
	list_append(&paho->outstanding, &order->outstanding);
	(void)pthread_mutex_unlock(&paho_door.mutex);
}

static int give_subscribe(struct paho *paho, struct order *order)
{
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
	MQTTSubscribe_options each[PAHO_FILTERS_MAX];
	char *filters[PAHO_FILTERS_MAX];
	int qos[PAHO_FILTERS_MAX];
	for (unsigned i = 0; i < order->nfilters; i++) {
		MQTTSubscribe_options one = MQTTSubscribe_options_initializer;
		/* Not what we publish ourselves; of a shared subscription it may not be said [MQTT-3.8.3-4]. */
		one.noLocal = !slice_starts(order->filters[i], SLICE("$share/"));
		one.retainHandling = paho->settings->take_retained ? 0 : 2;
		each[i] = one;
		filters[i] = (char *)(uintptr_t)order->filters[i].p;
		qos[i] = (int)order->qos;
	}
	set_callbacks(paho, order, &options, paho_on_subscribed, paho_on_subscribed_5);
	if (paho->version_5 && order->nfilters > 1) {
		options.subscribeOptionsList = each;
		options.subscribeOptionsCount = (int)order->nfilters;
	} else if (paho->version_5) {
		options.subscribeOptions = each[0];
	}
	return MQTTAsync_subscribeMany(paho->client, (int)order->nfilters, filters, qos, &options);
}

static int give_unsubscribe(struct paho *paho, struct order *order)
{
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
	set_callbacks(paho, order, &options, paho_on_subscribed, paho_on_subscribed_5);
	order->nfilters = 0; /* no codes are to be looked at */
	return MQTTAsync_unsubscribe(paho->client, order->filters[0].p, &options);
}

static bool add_properties(MQTTProperties *to, const struct order *order)
{
	bool complete =
	        add_text(to, MQTTPROPERTY_CODE_CONTENT_TYPE, order->content_type) &&
	        add_text(to, MQTTPROPERTY_CODE_RESPONSE_TOPIC, order->response_topic) &&
	        add_text(to, MQTTPROPERTY_CODE_CORRELATION_DATA, order->correlation) &&
	        (!order->expiry_s ||
	                add_number(to, MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL, order->expiry_s));
	for (unsigned i = 0; i < order->nproperties && complete; i++) {
		MQTTProperty one = { .identifier = MQTTPROPERTY_CODE_USER_PROPERTY };
		one.value.data = len_string(order->properties[i].name);
		one.value.value = len_string(order->properties[i].value);
		complete = MQTTProperties_add(to, &one) == 0;
	}
	return complete;
}

static int give_publish(struct paho *paho, struct order *order)
{
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
	MQTTProperties properties = MQTTProperties_initializer;
	if (paho->version_5 && !add_properties(&properties, order)) {
		MQTTProperties_free(&properties);
		return MQTTASYNC_FAILURE;
	}
	set_callbacks(paho, order, &options, paho_on_published, paho_on_published_5);
	options.properties = properties;
	slice payload = order->payload;
	order->event.sent = true; /* or it may have been, from here on */
	int failed = MQTTAsync_send(paho->client, order->filters[0].p, (int)payload.n,
	        payload.p ? payload.p : "", (int)order->qos, 0, &options);
	MQTTProperties_free(&properties);
	if (failed)
		order->event.sent = false;
	return failed;
}

static void carry_out(struct paho *paho, struct order *order)
{
	int failed = MQTTASYNC_DISCONNECTED;
	switch (order->kind) {
	case ORDER_CONNECT:
		failed = give_connect(paho, order);
		break;
	case ORDER_SUBSCRIBE:
		if (paho->client)
			failed = give_subscribe(paho, order);
		break;
	case ORDER_UNSUBSCRIBE:
		if (paho->client)
			failed = give_unsubscribe(paho, order);
		break;
	case ORDER_PUBLISH:
		if (paho->client)
			failed = give_publish(paho, order);
		break;
	case ORDER_END:
		(void)pthread_mutex_lock(&lives);
		drop_client(paho);
		(void)pthread_mutex_unlock(&lives);
		break;
	}
	/* Only then is it still ours: Paho takes an order whole or not at all. */
	if (failed && order->kind != ORDER_END)
		paho_settle_failed(order, failed, NULL);
}

static void *work(void *arg)
{
	struct paho *paho = arg;
	struct order *end = NULL;
	while (!end) {
		struct list orders;
		list_init(&orders);
		(void)mailbox_wait(paho->orders, &orders, MAILBOX_WAIT_FOREVER);
		door_knock();
		LIST_EACH (&orders, at, following) {
			struct order *order = LIST_OWNER(at, struct order, event.link);
			list_remove(at);
			if (order->kind == ORDER_END)
				end = order;
			carry_out(paho, order);
		}
		door_leave();
	}
	paho_settle(end, PAHO_ENDED);
	return NULL;
}

/* The core's side. */

static void deliver(void *arg, struct list *letters)
{
	struct paho *paho = arg;
	LIST_EACH (letters, at, following) {
		struct paho_event *event = LIST_OWNER(at, struct paho_event, link);
		list_remove(at);
		bool kept = event->kind == PAHO_MESSAGE || event == &paho->lost;
		paho->heard(paho->arg, event);
		if (!kept)
			free(event);
	}
}

static struct order *order_new(struct paho *paho, enum order_kind kind, size_t bytes)
{
	struct order *order = calloc(1, sizeof *order + bytes);
	if (!order)
		return NULL;
	order->kind = kind;
	order->paho = paho;
	order->event.connection = paho->connection;
	list_init(&order->outstanding);
	return order;
}

struct paho *paho_create(struct loop *loop, const struct paho_settings *settings,
        void (*heard)(void *arg, struct paho_event *), void *arg)
{
	(void)pthread_once(&door_hung, door_hang);
	struct paho *paho = calloc(1, sizeof *paho);
	if (!paho)
		return NULL;
	paho->settings = settings;
	paho->heard = heard;
	paho->arg = arg;
	list_init(&paho->outstanding);
	paho->orders = mailbox_create(NULL, NULL, NULL);
	paho->events = mailbox_create(loop, deliver, paho);
	paho->end = order_new(paho, ORDER_END, 0);
	if (paho->orders && paho->events && paho->end &&
	        pthread_create(&paho->thread, NULL, work, paho) == 0)
		return paho;
	mailbox_destroy(paho->orders, NULL);
	mailbox_destroy(paho->events, NULL);
	free(paho->end);
	free(paho);
	return NULL;
}

void paho_destroy(struct paho *paho)
{
	if (!paho)
		return;
	paho_end(paho);
	(void)pthread_join(paho->thread, NULL);
	struct list left;
	list_init(&left);
	mailbox_destroy(paho->orders, &left);
	mailbox_destroy(paho->events, &left);
	LIST_EACH (&left, at, following) {
		struct paho_event *event = LIST_OWNER(at, struct paho_event, link);
		if (event != &paho->lost)
			free(event);
	}
	free(paho);
}

static bool post(struct paho *paho, struct order *order)
{
	if (!order)
		return false;
	mailbox_post(paho->orders, &order->event.link);
	return true;
}

bool paho_connect(struct paho *paho, unsigned connection, unsigned broker, bool version_5)
{
	paho->connection = connection;
	struct order *order = order_new(paho, ORDER_CONNECT, 0);
	if (!order)
		return false;
	order->broker = broker;
	order->version_5 = version_5;
	return post(paho, order);
}

/* A copy with a NUL behind it. */
static slice keep(char **to, slice from)
{
	slice copy = paho_put(to, from.p, from.n);
	*(*to)++ = '\0';
	return copy;
}

/* The same for what may be absent. */
static slice keep_given(char **to, slice from)
{
	return from.p ? keep(to, from) : from;
}

bool paho_subscribe(
        struct paho *paho, uint64_t ticket, const slice *filters, unsigned n, unsigned qos)
{
	size_t bytes = 0;
	for (unsigned i = 0; i < n; i++)
		bytes += filters[i].n + 1;
	struct order *order = order_new(paho, ORDER_SUBSCRIBE, bytes);
	if (!order)
		return false;
	char *to = (char *)(order + 1);
	order->event.ticket = ticket;
	order->qos = qos;
	order->nfilters = n;
	for (unsigned i = 0; i < n; i++)
		order->filters[i] = keep(&to, filters[i]);
	return post(paho, order);
}

bool paho_unsubscribe(struct paho *paho, slice filter)
{
	struct order *order = order_new(paho, ORDER_UNSUBSCRIBE, filter.n + 1);
	if (!order)
		return false;
	char *to = (char *)(order + 1);
	order->filters[0] = keep(&to, filter);
	return post(paho, order);
}

bool paho_publish(struct paho *paho, const struct paho_publication *from)
{
	size_t bytes = from->topic.n + from->payload.n + from->content_type.n +
	               from->response_topic.n + from->correlation.n + 5 +
	               from->nproperties * sizeof(struct field);
	for (unsigned i = 0; i < from->nproperties; i++)
		bytes += from->properties[i].name.n + from->properties[i].value.n + 2;
	if (from->topic.n > TOPIC_MAX_BYTES)
		return false;
	struct order *order = order_new(paho, ORDER_PUBLISH, bytes);
	if (!order)
		return false;
	order->properties = (struct field *)(void *)(order + 1);
	char *to = (char *)(order->properties + from->nproperties);
	order->event.ticket = from->ticket;
	order->qos = from->qos;
	order->expiry_s = from->expiry_s;
	order->filters[0] = keep(&to, from->topic);
	order->payload = keep(&to, from->payload);
	order->content_type = keep_given(&to, from->content_type);
	order->response_topic = keep_given(&to, from->response_topic);
	order->correlation = keep_given(&to, from->correlation);
	order->nproperties = from->nproperties;
	for (unsigned i = 0; i < from->nproperties; i++) {
		order->properties[i].name = keep(&to, from->properties[i].name);
		order->properties[i].value = keep(&to, from->properties[i].value);
	}
	return post(paho, order);
}

void paho_message_done(struct paho *paho, struct paho_message *message)
{
	(void)pthread_mutex_lock(&paho_door.mutex);
	paho->held--;
	paho->held_bytes -= message->held_bytes;
	(void)pthread_cond_broadcast(&paho_door.changed);
	(void)pthread_mutex_unlock(&paho_door.mutex);
	free(message);
}

void paho_end(struct paho *paho)
{
	if (!paho->end)
		return;
	(void)pthread_mutex_lock(&paho_door.mutex);
	paho->ending = true;
	(void)pthread_cond_broadcast(&paho_door.changed);
	(void)pthread_mutex_unlock(&paho_door.mutex);
	struct order *end = paho->end;
	paho->end = NULL;
	(void)post(paho, end);
}
