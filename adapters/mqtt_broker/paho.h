/* paho: one connection to a broker at a time, by Eclipse Paho's asynchronous client, which this module alone knows.
 *
 * PAHO'S LOCK IS THE PROCESS'S. One mutex guards all of its clients; it is held while a callback runs, and while a
 * broker's name is looked up. So the core thread never calls Paho: what it wants done it posts to a thread of this
 * module's own, and what Paho has to say comes back as events, on the core thread.
 *
 * All functions here: core thread, and none waits, but for paho_destroy(). */
#ifndef MQTT_BROKER_PAHO_H
#define MQTT_BROKER_PAHO_H

#include "api/message.h"
#include "base/list.h"

struct loop;
struct paho;

enum {
	PAHO_FILTERS_MAX = 32, /* of one paho_subscribe() */
	/* Messages that have arrived and are not done with. Beyond either, Paho's receiving thread is held up, and TCP
	 * holds up the broker. */
	PAHO_HELD_MAX = 256,
	PAHO_HELD_MAX_BYTES = 4 * 1024 * 1024
};

/* Texts end with a NUL. All of it is the adapter's, unchanged until paho_destroy(). */
struct paho_settings {
	const char *const *brokers; /* "mqtt://host:port" or "mqtts://host:port" */
	unsigned nbrokers;
	const char *client_id, *user; /* user NULL: none */
	slice password;
	uint32_t session_s; /* how long the broker keeps the session; 0: it does not */
	unsigned keep_alive_s;
	uint32_t packet_max_bytes; /* the broker is told so, in MQTT 5 */
	bool take_retained;
	bool tls;
	const char *ca, *certificate, *key; /* paths, or NULL */
};

enum paho_kind {
	PAHO_CONNECTED,
	PAHO_FAILED,     /* there is no connection: `why`, `code` */
	PAHO_LOST,       /* it is gone */
	PAHO_SUBSCRIBED, /* ticket; `refused` has a bit for each filter that was */
	PAHO_PUBLISHED,  /* ticket; code 0: the broker has it. `sent`: else it may have it */
	PAHO_MESSAGE,    /* the event is the start of a struct paho_message */
	PAHO_ENDED       /* the last event, after paho_end() */
};

enum { PAHO_CODE_FAILED = -1 }; /* codes above 0 are the broker's: MQTT's reason or return codes */

struct paho_event {
	struct list link;
	enum paho_kind kind;
	unsigned connection; /* the number that was given to paho_connect() */
	uint64_t ticket;
	bool sent;
	int code;
	uint32_t refused;
	char why[128];
};

struct paho_message {
	struct paho_event event; /* first */
	size_t held_bytes;
	bool too_many; /* it could not wait any longer for room: to be refused */
	bool text;     /* said to be UTF-8 */
	unsigned qos;
	slice topic, payload, content_type, response_topic, correlation;
	const struct field *properties; /* the user's */
	unsigned nproperties;
};

/* `heard` gets each event for the time of the call; a message is its own from then on, until paho_message_done(). NULL:
 * no memory or no thread. */
struct paho *paho_create(struct loop *, const struct paho_settings *,
        void (*heard)(void *arg, struct paho_event *), void *arg);
/* Ends it and waits for its thread, which after PAHO_ENDED is gone. NULL is fine. */
void paho_destroy(struct paho *);

/* When there is none (before the first, after PAHO_FAILED or PAHO_LOST): connects to settings.brokers[broker]. false: no
 * memory. */
bool paho_connect(struct paho *, unsigned connection, unsigned broker, bool version_5);
/* false: no memory. Filters are copied. */
bool paho_subscribe(struct paho *, uint64_t ticket, const slice *filters, unsigned n, unsigned qos);
bool paho_unsubscribe(struct paho *, slice filter);

/* All slices are copied; properties go to MQTT 5 brokers only. */
struct paho_publication {
	uint64_t ticket;
	slice topic, payload, content_type, response_topic, correlation;
	const struct field *properties;
	unsigned nproperties;
	uint32_t expiry_s; /* 0: none */
	unsigned qos;
};
bool paho_publish(struct paho *, const struct paho_publication *);

/* Frees it and makes room for another. */
void paho_message_done(struct paho *, struct paho_message *);
/* Disconnects. PAHO_ENDED follows; what is ordered after it comes to nothing. */
void paho_end(struct paho *);

#endif
