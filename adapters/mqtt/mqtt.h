/* mqtt: what the parts of the MQTT listener share. See session.c for how they work together.
 *
 *     listener.c   the adapter: settings, the socket, the table of clients, start and stop
 *     session.c    one client's connection: bytes to packets, packets to the parts below, its end
 *     connect.c    CONNECT to CONNACK: who is it, take-over
 *     publish.c    PUBLISH to request, reply to PUBACK, in order; the will
 *     subscribe.c  the client's own reply topics, and what is published there
 *     outcome.c    how a request ended, in MQTT's words
 *     packet.c property.c reader.c writer.c   bytes, and nothing else */
#ifndef MQTT_MQTT_H
#define MQTT_MQTT_H

#include "adapters/common/mqtt_message.h"
#include "adapters/mqtt/packet.h"
#include "adapters/mqtt/writer.h"
#include "api/adapter.h"
#include "base/table.h"
#include "loop/loop.h"
#include "net/stream.h"

enum {
	MQTT_CONNECT_MAX_BYTES =
	        64 * 1024, /* a CONNECT packet: all that a stranger can make us hold */
	MQTT_CLIENT_ID_MAX_BYTES = 128,
	MQTT_FILTERS_MAX = 64,        /* of one SUBSCRIBE or UNSUBSCRIBE */
	MQTT_SUBSCRIPTIONS_MAX = 8,   /* of one session */
	MQTT_FILTER_MAX_BYTES = 256,  /* of one subscription */
	MQTT_WHY_MAX_BYTES = 320,     /* a reason string */
	MQTT_PACKET_SMALL_BYTES = 768 /* room for any packet of ours but PUBLISH */
};

struct mqtt_session;

struct mqtt_listener {
	struct adapter base;
	struct loop *loop;
	char *bind;
	struct tls *tls; /* NULL: plain TCP */
	uint64_t handshake_ms;
	struct stream_listener *socket;
	struct list sessions;         /* all, also those whose connection has gone */
	struct list draining;         /* of these, those that have publications left */
	struct mqtt_session *clients; /* those that are connected, by client id */
	unsigned in_flight, receive_maximum, topic_alias_maximum;
	uint64_t connect_timeout_ms, keep_alive_max_s;
	uint32_t packet_max_bytes;
	unsigned connections_max;
	bool stopping, closing;
};

/* What `request->ticket` points to, in the request's arena: what to do when it has come home. */
struct mqtt_errand {
	void (*done)(struct mqtt_listener *, struct request *);
};

enum mqtt_state {
	MQTT_STATE_SILENT,         /* waits for CONNECT */
	MQTT_STATE_AUTHENTICATING, /* waits for the core's answer to it */
	MQTT_STATE_CONNECTED,
	MQTT_STATE_ENDED /* nothing is read or written any more */
};

struct mqtt_subscription {
	slice filter;    /* its own memory */
	uint32_t number; /* subscription identifier; 0: none */
};

struct mqtt_session {
	struct list link;
	struct mqtt_listener *listener;
	struct stream *stream; /* NULL: gone */
	enum mqtt_state state;
	enum mqtt_version version;
	bool paused;              /* reading is */
	bool problem_information; /* reason strings are welcome everywhere */
	bool session_expires;     /* it asked for a session expiry other than 0 */
	uint32_t client_max_bytes;
	uint64_t silence_max_ms;

	char *connect; /* CONNECT's body, kept: these point into it */
	slice client_id, user, password;
	bool has_user, has_password;
	struct mqtt_will *will; /* NULL: none, or taken back by DISCONNECT */
	char *identity;         /* who the core says it is; "" is nobody in particular */
	char *proof;            /* what TLS says of the client: these point into it */
	slice certificate, psk_identity;

	/* The same client's last session, while something of it or of one before it is under way: this one's
	 * publications wait for it, so that a device's readings keep their order across its connections. */
	struct mqtt_session *predecessor, *successor;
	struct list drain_link;

	struct list publications; /* in the order they came */
	unsigned npublications, nsubmitted;
	unsigned nerrands; /* requests under way that know this session */

	slice *aliases; /* topic_alias_maximum + 1 of them, or NULL; each its own memory */
	struct mqtt_subscription *subscriptions;
	unsigned nsubscriptions;
	char peer[64];
	UT_hash_handle hh;
};

/* listener.c: frees it if close() has been called and no session is left. */
void mqtt_listener_release(struct mqtt_listener *);

/* session.c */
void *mqtt_session_open(struct mqtt_listener *, struct stream *);
extern const struct stream_events mqtt_session_events;
/* Queues a packet; too large for the client, it is left out (false). An empty slice is no packet. */
bool mqtt_session_send(struct mqtt_session *, slice head, slice tail);
void mqtt_session_pause(struct mqtt_session *);
void mqtt_session_resume(struct mqtt_session *);
/* Ends the connection: DISCONNECT with the reason where the client can be told, then closes. */
void mqtt_session_end(struct mqtt_session *, enum mqtt_reason, const char *why);
/* Has the core count and log a refusal that it has no say in. Returns `why` with the request's id, in `text`; without it
 * when there is no memory for a request. */
const char *mqtt_session_report(
        struct mqtt_session *, enum status, const char *why, char text[MQTT_WHY_MAX_BYTES]);
/* Ends the connection for a client's fault, which is counted and reported. */
void mqtt_session_fault(struct mqtt_session *, struct mqtt_fault);
/* Puts the session behind what is left of the same client's earlier ones. */
void mqtt_session_line_up(struct mqtt_session *);
/* The last publication is done: whoever waits for that goes on. */
void mqtt_session_drained(struct mqtt_session *);
/* Gives its memory back if nothing needs it any more. */
void mqtt_session_release(struct mqtt_session *);
/* At the gateway's stop: says good-bye as soon as what was submitted has been answered. */
void mqtt_session_wind_up(struct mqtt_session *);
/* A new request with all that is known of the client; NULL: none to be had. */
struct request *mqtt_session_request(struct mqtt_session *);

/* connect.c */
void mqtt_connect_take(struct mqtt_session *, const struct mqtt_frame *);
/* Is it the same caller, as far as the core and the credentials tell? */
bool mqtt_connect_same_caller(const struct mqtt_session *, const struct mqtt_session *);
/* CONNACK with a refusal, then closes. */
void mqtt_connect_refuse(struct mqtt_session *, enum mqtt_reason, enum mqtt_return_code, slice why);

/* publish.c. false: not taken, reading is paused; the same packet comes again. */
bool mqtt_publish_take(struct mqtt_session *, const struct mqtt_frame *);
void mqtt_publish_will(struct mqtt_session *);
/* Hands on what waited. */
void mqtt_publish_go_on(struct mqtt_session *);
/* Forgets what was not submitted yet: all of it, or what the client will send again. */
void mqtt_publish_drop(struct mqtt_session *, bool all);

/* subscribe.c */
void mqtt_subscribe_take(struct mqtt_session *, const struct mqtt_frame *);
void mqtt_unsubscribe_take(struct mqtt_session *, const struct mqtt_frame *);
void mqtt_subscriptions_drop(struct mqtt_session *);
/* Publishes the reply to `topic` if the client subscribed to it. */
void mqtt_reply_publish(
        struct mqtt_session *, struct request *, slice topic, slice correlation_data);

/* outcome.c */
enum mqtt_reason mqtt_outcome_publish(enum status);
enum mqtt_reason mqtt_outcome_connect(enum status);
enum mqtt_return_code mqtt_outcome_connect_3(enum status);

#endif
