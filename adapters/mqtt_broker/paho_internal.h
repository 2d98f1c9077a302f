/* What the two files of paho share: paho.c (what is asked of Paho) and paho_heard.c (what it says). */
#ifndef MQTT_BROKER_PAHO_INTERNAL_H
#define MQTT_BROKER_PAHO_INTERNAL_H

#include "adapters/mqtt_broker/paho.h"

#include <pthread.h>

#include <MQTTAsync.h>

#include "loop/mailbox.h"

/* Guards what callbacks, the threads that call Paho and the core have in common; held for a few instructions only. */
struct paho_door {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned knocking; /* threads that want to call Paho: callbacks that wait let them in */
};
extern struct paho_door paho_door;

enum order_kind { ORDER_CONNECT, ORDER_SUBSCRIBE, ORDER_UNSUBSCRIBE, ORDER_PUBLISH, ORDER_END };

struct order {
	struct paho_event event; /* first: what it becomes */
	enum order_kind kind;
	struct paho *paho;
	struct list outstanding;
	unsigned broker, qos, nfilters;
	bool version_5;
	uint32_t expiry_s;
	slice filters[PAHO_FILTERS_MAX]; /* or the topic, in the first; with a NUL behind them */
	slice payload, content_type, response_topic, correlation;
	struct field *properties;
	unsigned nproperties;
};

struct paho {
	const struct paho_settings *settings;
	void (*heard)(void *arg, struct paho_event *);
	void *arg;
	struct mailbox *orders, *events;
	pthread_t thread;
	struct order *end;   /* until it is given */
	unsigned connection; /* core's: the last one ordered */

	/* The thread's own; callbacks of the client that there is read them. */
	MQTTAsync client;
	unsigned client_connection;
	bool version_5;

	/* Behind the door. */
	struct list outstanding; /* orders whose outcome Paho owes */
	struct paho_event lost;  /* for when this connection ends */
	bool connected;          /* and it was not said yet */
	unsigned held;
	size_t held_bytes;
	bool ending;

	char tls_why[96]; /* Paho's lock guards it */
};

/* Copies to `*to`, which moves on. */
static inline slice paho_put(char **to, const void *bytes, size_t n)
{
	char *at = *to;
	if (n)
		memcpy(at, bytes, n);
	*to = at + n;
	return (slice){ at, n };
}

/* paho_heard.c: an order is done with; it is the event of its outcome from here on. Any thread. */
void paho_settle(struct order *, enum paho_kind);
void paho_settle_failed(struct order *, int code, const char *message);

/* The callbacks, for Paho. The context of an order's is the order, the others' is the struct paho. */
extern MQTTAsync_onSuccess paho_on_connected, paho_on_subscribed, paho_on_published;
extern MQTTAsync_onSuccess5 paho_on_connected_5, paho_on_subscribed_5, paho_on_published_5;
extern MQTTAsync_onFailure paho_on_failure;
extern MQTTAsync_onFailure5 paho_on_failure_5;
extern MQTTAsync_connectionLost paho_on_lost;
extern MQTTAsync_disconnected paho_on_goodbye;
extern MQTTAsync_messageArrived paho_on_message;
int paho_on_tls_error(const char *line, size_t n, void *paho);

#endif
