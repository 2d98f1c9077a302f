/* mqtt: what the parts of the MQTT listener share. See session.c for how they work together.
 *
 *     listener.c   the adapter: the socket, start and stop
 *     settings.c   what it can be told
 *     session.c    one client's connection: bytes to packets, packets to the parts below, its end
 *     connect.c    CONNECT to CONNACK: who is it
 *     review.c     who is there, when clients or the configuration have changed
 *     client.c     what is kept of a client beyond its connection; take-over, expiry, the delayed will
 *     device.c     the clients by who they have proved to be
 *     keep.c       sessions in the store
 *     record.c     a session as bytes
 *     door.c       connections that are not let in yet, by address
 *     publish.c    PUBLISH to request, reply to PUBACK or PUBREC, in order; the will
 *     release.c    QoS 2: what was delivered and not released yet
 *     subscribe.c  SUBSCRIBE, and the last values that a client follows
 *     deliver.c    what leaves for a client until it is acknowledged
 *     command.c    commands for devices, and their replies
 *     reply.c      the answer to a client's own request, on its reply topics
 *     outcome.c    how a request ended, in MQTT's words
 *     packet.c property.c reader.c writer.c   bytes, and nothing else */
#ifndef MQTT_MQTT_H
#define MQTT_MQTT_H

#include "adapters/common/mqtt_message.h"
#include "adapters/common/mqtt_topic.h"
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
	MQTT_FILTERS_MAX = 64,         /* of one SUBSCRIBE or UNSUBSCRIBE */
	MQTT_FILTER_MAX_BYTES = 256,   /* of one subscription */
	MQTT_WHY_MAX_BYTES = 320,      /* a reason string */
	MQTT_PACKET_SMALL_BYTES = 768, /* room for any packet of ours but PUBLISH */
	MQTT_ADDRESS_BYTES = 64
};

struct mqtt_session;
struct mqtt_client;
struct mqtt_address;
struct mqtt_device;
struct mqtt_delivery;
struct mqtt_order;
struct mqtt_subscribing;

struct mqtt_listener {
	struct adapter base;
	struct loop *loop;
	char *bind;
	struct tls *tls; /* NULL: plain TCP */
	uint64_t handshake_ms;
	bool websocket, asks_certificates;
	struct stream_listener *socket;
	struct list sessions;        /* all, also those whose connection has gone */
	struct list draining;        /* of these, those that have publications left */
	struct mqtt_client *clients; /* those that are connected or will be back, by client id */
	struct list away; /* of these, those without a connection, the longest gone first */
	unsigned naway;
	uint64_t serial;    /* the last one given to a client */
	struct timer timer; /* the next session that expires, or will that is due */
	struct mqtt_address *addresses;
	struct mqtt_device *devices;
	unsigned in_flight, receive_maximum, topic_alias_maximum, unreleased_max;
	unsigned sessions_max, sessions_per_client, connecting_max, take_overs_max,
	        subscriptions_max, deliver_maximum;
	size_t held_bytes, held_max_bytes; /* of what was sent to clients and not acknowledged */
	struct list unsaved;               /* clients that are to be written to the store */
	struct timer save;                 /* and when */
	bool short_of_memory;              /* one of these was refused for that */
	struct list waiting;               /* clients that are to look for room again */
	struct timer retry;                /* and when */
	struct list doubtful; /* connections whose credentials are to be looked at again */
	unsigned reviewing;   /* of those, under way */
	struct timer review;  /* when there was no memory for it */
	uint64_t connect_timeout_ms, keep_alive_max_s, session_expiry_max_s;
	uint32_t packet_max_bytes;
	unsigned connections_max;
	bool stopping, closing;
};

/* What `request->ticket` points to, in the request's arena: what to do when it has come home. */
struct mqtt_errand {
	void (*done)(struct mqtt_listener *, struct request *);
};

/* What a request asks about a connection that is there already. */
struct mqtt_review {
	struct mqtt_errand errand;
	struct mqtt_session *session;
};

enum mqtt_state {
	MQTT_STATE_SILENT,         /* waits for CONNECT */
	MQTT_STATE_AUTHENTICATING, /* waits for the core's answer to it */
	MQTT_STATE_CONNECTED,
	MQTT_STATE_ENDED /* nothing is read or written any more */
};

struct mqtt_subscription {
	struct list link; /* in client->subscriptions, once it is granted */
	struct mqtt_client *client;
	struct subscription *values; /* the core's; NULL: none, or the client is away */
	uint64_t heard;              /* the version of the last value that was sent */
	uint64_t missed;             /* while behind: the version of the first that was not */
	uint32_t number;             /* subscription identifier; 0: none */
	uint8_t qos;
	bool no_local, retain_as_published;
	bool for_replies;
	bool fresh;   /* it has heard only what was there before it: retained values */
	bool behind;  /* it takes none until it has caught up */
	bool unasked; /* resumed, and the core is still to be asked */
	slice filter;
	char text[];
};

/* What was published to a client and is not acknowledged, or waits to be sent. */
struct mqtt_delivery {
	struct list link;         /* in client->deliveries, in the order of sending */
	struct mqtt_order *order; /* the command; NULL: none, or it is done */
	struct mqtt_subscription
	        *subscription; /* the value is for this one; NULL: no value, or none any more */
	uint64_t version;      /* of the value */
	uint16_t id;
	uint8_t qos;
	bool is_command;
	bool sent;     /* on this connection */
	bool repeated; /* sent on an earlier one */
	bool received; /* PUBREC has come, PUBCOMP has not */
	slice packet;
	char bytes[];
};

/* What is to be published to a client. */
struct mqtt_outgoing {
	slice topic, media, body;
	unsigned qos;
	bool retain;
	uint32_t subscription_id; /* 0: none */
	/* A value. */
	struct mqtt_subscription *subscription;
	uint64_t version;
	/* A command. */
	struct mqtt_order *order;
	slice method, response_topic, correlation_data;
	uint32_t expires_in_s;
	const struct field *fields;
	unsigned nfields;
};

/* One QoS 2 message that was delivered and acknowledged with PUBREC, until its PUBREL. */
struct mqtt_unreleased {
	uint32_t digest; /* of topic and payload: is it the same message that comes again? */
	uint16_t id;
	bool repeated; /* it has come again, not marked as a duplicate */
	bool restored; /* from the store, which may not have heard of its release before the process ended */
};

/* What MQTT calls the session state (MQTT 5.0 section 4.1). */
struct mqtt_client {
	UT_hash_handle hh;
	struct list link;      /* in listener->away */
	struct list waiting;   /* in listener->waiting */
	struct list unsaved;   /* in listener->unsaved */
	struct list namesakes; /* of those who have proved the same identity */
	struct list away;      /* of these, those without a connection */
	bool stored;           /* the store has a record of it */
	struct mqtt_listener *listener;
	struct mqtt_session *session; /* its connection; NULL: away */
	/* A connection that is gone, whose will waits for its delay; NULL: none. */
	struct mqtt_session *parked;
	uint64_t
	        serial; /* another one for each state: tells it from a later one of the same name */

	slice id, user;
	const char *identity;      /* who the core said it is; "" is nobody in particular */
	bool has_user, has_secret; /* has_secret: it showed something that was not believed */
	uint64_t proof_hash;       /* of what it showed, under this process's key */

	uint64_t expiry_s; /* 0: ends with the connection */
	uint64_t expires_ms, will_at_ms;
	uint64_t left_ns; /* restored: when it went, or was last heard of */
	uint64_t take_overs_since_ms;
	unsigned take_overs;

	struct mqtt_unreleased *unreleased;
	unsigned nunreleased, unreleased_room;
	struct list subscriptions; /* those that are granted */
	unsigned nsubscriptions;
	uint64_t moved_ms;      /* when it acknowledged something last, or was sent the first */
	struct list deliveries; /* sent and not acknowledged, or waiting to be sent */
	unsigned in_flight;
	size_t held_bytes;
	uint16_t next_id;
	enum mqtt_version version; /* that its last connection spoke */
	struct list orders;        /* commands under way */
	unsigned norders;
};

/* One connection. */
struct mqtt_session {
	struct list link;
	struct mqtt_listener *listener;
	struct stream *stream; /* NULL: gone */
	enum mqtt_state state;
	enum mqtt_version version;
	bool paused;              /* reading is */
	bool problem_information; /* reason strings are welcome everywhere */
	bool session_expires;     /* it asked for a session expiry other than 0 */
	bool on_the_step;         /* counted by door.c */
	bool parked;              /* waits with its will, see client.c */
	bool deciding;            /* about a SUBSCRIBE: nothing is read meanwhile */
	bool leaving;             /* DISCONNECT has come */
	bool turned_out;          /* it ends because of who the client is */
	bool said_unasked;        /* the log has it that it replied to nobody */
	bool outdated;            /* its CONNECT is decided by what was and is no more */
	uint32_t client_max_bytes;
	uint16_t client_receive_maximum;
	uint64_t silence_max_ms, expiry_s;

	char *connect; /* CONNECT's body, kept: these point into it */
	slice client_id, user, password;
	bool has_user, has_password;
	struct mqtt_will *will; /* NULL: none, or taken back by DISCONNECT */
	char *identity;         /* who the core says it is; "" is nobody in particular */
	char *proof;            /* what TLS says of the client: these point into it */
	slice certificate, psk_identity, psk_mark;
	struct mqtt_client *client; /* from CONNACK to the connection's end; else NULL */
	uint64_t client_serial;     /* of the one that it had, for mqtt_client_of() */

	/* The same client's last session, while something of it or of one before it is under way: this one's
	 * publications wait for it, so that a device's readings keep their order across its connections. */
	struct mqtt_session *predecessor, *successor;
	struct list drain_link;

	struct list publications; /* in the order they came */
	unsigned npublications, nsubmitted;
	struct list doubt; /* in listener->doubtful, or in none */
	bool in_doubt;     /* until its credentials were looked at again: commands wait */
	bool expired;      /* and that is because what it was recognised by has ended */
	struct timer expiry;
	unsigned nerrands;                    /* requests under way that know this session */
	struct mqtt_subscribing *subscribing; /* NULL: no SUBSCRIBE is under way */

	slice *aliases; /* topic_alias_maximum + 1 of them, or NULL; each its own memory */
	char peer[MQTT_ADDRESS_BYTES];
};

/* settings.c */
extern const struct setting mqtt_settings[];
bool mqtt_settings_valid(const struct config *, struct error *);
void mqtt_settings_read(struct mqtt_listener *, const struct config *);
void mqtt_settings_limit(struct mqtt_listener *, const struct adapter_limits *);

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
/* What is under way keeps the client's next session waiting, and so does what this one waits for. */
void mqtt_session_begin_to_drain(struct mqtt_session *);
/* The last publication is done: whoever waits for that goes on. */
void mqtt_session_drained(struct mqtt_session *);
/* Ends the connection of one that has said DISCONNECT, once all is acknowledged. */
void mqtt_session_leave(struct mqtt_session *);
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

/* review.c: who has been recognised as this client may be nobody now; { NULL, 0 }: anybody may. */
void mqtt_review(struct mqtt_listener *, slice client);
void mqtt_review_later(struct mqtt_session *); /* this one; mqtt_review_go_on() follows */
/* What it was recognised by ends at `until_ms` (since 1970; 0: never): it is looked at again then. */
void mqtt_review_expired(struct timer *);
void mqtt_review_at(struct mqtt_session *, uint64_t until_ms);
void mqtt_review_go_on(struct mqtt_listener *);

/* client.c */
enum mqtt_claim {
	MQTT_CLAIM_FRESH,
	MQTT_CLAIM_RESUMED,
	MQTT_CLAIM_NOT_YOURS, /* another caller's name */
	MQTT_CLAIM_TOO_OFTEN, /* taken over many times a second */
	MQTT_CLAIM_NO_MEMORY
};
/* Gives the session its client: the one that is kept, or a new one. Whoever had it is disconnected. */
enum mqtt_claim mqtt_client_claim(struct mqtt_session *, bool clean_start);
/* After CONNACK of one that was resumed: what waits for it, and what it follows. */
void mqtt_client_resume(struct mqtt_session *);
/* How long a session is kept for one that asks for so many seconds. */
uint64_t mqtt_client_expiry(const struct mqtt_listener *, uint64_t asked_s);
/* The connection has ended: the client is kept until it expires, or ends with it. */
void mqtt_client_leave(struct mqtt_session *);
/* The client that the session had, connected or away or by another connection; NULL: it has ended. */
struct mqtt_client *mqtt_client_of(const struct mqtt_session *);
/* Publishes the will of a connection that is gone, now or after its delay. */
void mqtt_client_bury(struct mqtt_session *);
/* One that was kept in the store: away, with nothing yet. `user` NULL: none. NULL: no memory, or its name is taken. */
struct mqtt_client *mqtt_client_restore(
        struct mqtt_listener *, slice id, slice identity, const slice *user);
/* Those that were restored, in the order in which they went; as many as may be kept. */
void mqtt_clients_arrange(struct mqtt_listener *);
/* Gives its memory back, and leaves the store's record as it is. */
void mqtt_client_forget(struct mqtt_client *);
/* Forgets all of them, without their wills. */
void mqtt_clients_finish(struct mqtt_listener *);
/* When the listener's timer fires. */
void mqtt_clients_expire(struct mqtt_listener *);

/* keep.c */
bool mqtt_keep_load(struct mqtt_listener *, struct error *);
/* It has changed: written to the store at the end of the turn, if it is kept there. */
void mqtt_keep_later(struct mqtt_client *);
void mqtt_keep_save(struct mqtt_listener *); /* what has changed, now */
void mqtt_keep_all(struct mqtt_listener *);  /* every one */
void mqtt_keep_forget(struct mqtt_client *); /* its session has ended */

/* record.c. The record, in memory to be given back with free(*memory); { NULL, 0 }: no memory. */
slice mqtt_record_write(const struct mqtt_client *, char **memory);
/* Restores the client. NULL: a damaged record, or no memory. */
struct mqtt_client *mqtt_record_read(
        struct mqtt_listener *, slice id, slice identity, slice record);

/* device.c. A client that has proved who it is. false: no memory. */
bool mqtt_device_join(struct mqtt_client *);
void mqtt_device_leave(struct mqtt_client *); /* any number of times */
/* It has no connection any more. NULL; or who of its identity has been without one for longest, when there are more than
 * sessions_per_client of them: its session is to end. */
struct mqtt_client *mqtt_device_away(struct mqtt_client *);
void mqtt_device_back(struct mqtt_client *); /* any number of times */
/* All clients of this identity, by their `namesakes`; NULL: none. */
const struct list *mqtt_device_clients(const struct mqtt_listener *, slice identity);

/* door.c. false: too many connections of this address are not let in yet. */
bool mqtt_door_enter(struct mqtt_session *);
/* It was let in, or has gone. Any number of times. */
void mqtt_door_leave(struct mqtt_session *);

/* release.c */
uint32_t mqtt_release_digest(slice topic, slice payload);
struct mqtt_unreleased *mqtt_release_find(struct mqtt_client *, uint16_t id);
/* Room for `more` of them, so that adding cannot fail. false: no memory. */
bool mqtt_release_reserve(struct mqtt_client *, unsigned more);
void mqtt_release_add(struct mqtt_client *, uint16_t id, uint32_t digest);
void mqtt_release_remove(struct mqtt_client *, struct mqtt_unreleased *);
void mqtt_release_forget(struct mqtt_client *); /* all of them */
/* PUBREL, which is answered whatever it releases. false: not taken, as in publish.c. */
bool mqtt_release_take(struct mqtt_session *, uint16_t id);

/* publish.c. false: not taken, reading is paused; the same packet comes again. */
bool mqtt_publish_take(struct mqtt_session *, const struct mqtt_frame *);
/* Is a QoS 2 message with this packet identifier under way? */
bool mqtt_publish_under_way(const struct mqtt_session *, uint16_t id);
/* Is something under way that is to be acknowledged? */
bool mqtt_publish_unanswered(const struct mqtt_session *);
void mqtt_publish_will(struct mqtt_session *);
/* Hands on what waited. */
void mqtt_publish_go_on(struct mqtt_session *);
/* Forgets what was not submitted yet: all of it, or what the client will send again. */
void mqtt_publish_drop(struct mqtt_session *, bool all);

/* subscribe.c. false: not taken, as in publish.c. */
bool mqtt_subscribe_take(struct mqtt_session *, const struct mqtt_frame *);
bool mqtt_unsubscribe_take(struct mqtt_session *, const struct mqtt_frame *);
void mqtt_subscribe_push(struct subscription *, const struct update *);
/* The client is back, or has gone. */
void mqtt_subscribe_resume(struct mqtt_session *);
void mqtt_subscribe_pause(struct mqtt_session *, struct mqtt_client *);
void mqtt_subscriptions_drop(struct mqtt_client *);
/* Restores one with these options and this position. false: no memory, or there is one with this filter. */
bool mqtt_subscribe_restore(
        struct mqtt_client *, slice filter, const struct mqtt_subscription *values);
/* The version up to which it has heard all. */
uint64_t mqtt_subscribe_position(const struct mqtt_subscription *);
/* A value of this version was not sent, or not acknowledged and forgotten. */
void mqtt_subscribe_missed(struct mqtt_subscription *, uint64_t version);
/* There is room: those that are behind ask for more. */
void mqtt_subscribe_catch_up(struct mqtt_client *);
/* The topic of a path, as this filter's subscriber knows it; { NULL, 0 }: it makes none. */
slice mqtt_topic_for(struct arena *, slice filter, slice path);
/* The first subscription that takes the topic of this path; NULL: none. */
const struct mqtt_subscription *mqtt_subscribe_match(
        const struct mqtt_client *, struct arena *, slice path, slice *topic);

/* deliver.c. The client has a connection. false: there is no room for it now. */
bool mqtt_deliver_value(struct mqtt_client *, const struct mqtt_outgoing *);
/* Waits for room. *delivery NULL: it has left, and nothing will acknowledge it. false: too large, or too much waits. */
bool mqtt_deliver_command(
        struct mqtt_client *, const struct mqtt_outgoing *, struct mqtt_delivery **delivery);
/* What they were for is no more. */
void mqtt_deliver_forget_order(struct mqtt_client *, struct mqtt_delivery *);
void mqtt_deliver_forget_subscription(struct mqtt_client *, const struct mqtt_subscription *);
/* When the timer fires that looks for room. */
void mqtt_deliver_retry(struct mqtt_listener *);
/* There may be room now. */
void mqtt_deliver_go_on(struct mqtt_client *);
/* The client has gone; is back, `other_version`: speaking another version of MQTT; ends. */
void mqtt_deliver_pause(struct mqtt_client *);
void mqtt_deliver_resume(struct mqtt_client *, bool other_version);
void mqtt_deliver_finish(struct mqtt_client *);
/* Restores one. false: no memory, or its identifier is in use. */
bool mqtt_deliver_restore(struct mqtt_client *, slice packet, const struct mqtt_delivery *values);
/* PUBACK, PUBREC, PUBCOMP. */
void mqtt_deliver_acknowledged(struct mqtt_session *, const struct mqtt_ack *);
void mqtt_deliver_received(struct mqtt_session *, const struct mqtt_ack *);
void mqtt_deliver_completed(struct mqtt_session *, const struct mqtt_ack *);

/* command.c */
void mqtt_command(struct adapter *, struct command *);
void mqtt_command_abort(struct adapter *, struct command *);
/* What deliver.c tells: it has left; it cannot be sent; it is acknowledged. NULL is fine. */
void mqtt_order_left(struct mqtt_order *);
void mqtt_order_refused(struct mqtt_order *, enum status, slice why);
void mqtt_order_acknowledged(struct mqtt_order *, enum mqtt_reason);
/* Is a publication to this topic a device's reply, and no request? */
bool mqtt_order_is_reply(slice topic);
void mqtt_order_reply(struct mqtt_session *, const struct mqtt_publish *);
/* The client has gone, for good (`ends`) or not. */
void mqtt_orders_pause(struct mqtt_client *, bool ends);

/* reply.c: publishes the reply to `topic` if the client subscribed to it. */
void mqtt_reply_publish(
        struct mqtt_session *, struct request *, slice topic, slice correlation_data);

/* outcome.c */
enum mqtt_reason mqtt_outcome_publish(enum status);
enum mqtt_reason mqtt_outcome_connect(enum status);
enum mqtt_return_code mqtt_outcome_connect_3(enum status);
/* A filter in SUBACK, that was refused. */
enum mqtt_reason mqtt_outcome_subscribe(enum status);
/* The adapter's words(), of version 5. */
slice mqtt_outcome_words(struct arena *, enum status, enum method);

#endif
