/* mqtt_broker: joins a broker that is there already. What its parts share.
 *
 *     listener.c    the adapter: start and stop, the connection and its way back
 *     settings.c    the table of settings, and what is wrong with them
 *     inbound.c     a message becomes a request, in its publisher's order; the answer
 *     commands.c    commands through the broker, and their replies
 *     publisher.c   who published a message
 *     paho.c        Eclipse Paho, and the thread that may call it
 *
 * All but paho*.c runs on the core thread. */
#ifndef MQTT_BROKER_BROKER_H
#define MQTT_BROKER_BROKER_H

#include "adapters/mqtt_broker/paho.h"
#include "adapters/mqtt_broker/publisher.h"
#include "api/adapter.h"
#include "base/table.h"
#include "loop/loop.h"

enum {
	BROKER_SERVERS_MAX = 8,
	BROKER_COMMANDS_MAX = 1000, /* under way */
	BROKER_TICKET_FILTERS = 0,  /* of the subscription to settings.filters */
	BROKER_TICKET_ANSWER = 1,   /* of a publication whose outcome only the log hears of */
	BROKER_TICKET_FIRST = 2     /* commands' */
};

enum broker_version { BROKER_VERSION_AUTO, BROKER_VERSION_5, BROKER_VERSION_3_1_1 };

/* As the file says it; what it points to is in `arena`. */
struct broker_settings {
	struct arena arena;
	struct paho_settings paho;
	slice servers[BROKER_SERVERS_MAX]; /* "host:port", of paho.brokers */
	slice *filters;
	unsigned nfilters;
	unsigned qos, command_qos, in_flight;
	enum broker_version version;
	bool replies; /* to 3.1.1's publications, by topic */
	struct publisher publisher;
};

enum broker_state {
	BROKER_AWAY,    /* no connection; the timer is set, or it stops */
	BROKER_JOINING, /* one is being made */
	BROKER_JOINED
};

/* The messages of one publisher (or, where nobody is named, of one topic), which keep their order. */
struct broker_lane {
	UT_hash_handle hh;
	struct list waiting; /* struct broker_inbound, the oldest first */
	struct list link;    /* in broker->ready, if one waits and none is under way */
	bool busy;
	char key[]; /* not terminated */
};

struct broker {
	struct adapter base;
	struct loop *loop;
	struct broker_settings settings;
	struct paho *paho;    /* from start() to close() */
	bool stopping, ended; /* ended: the connection and its thread are gone */

	/* listener.c */
	enum broker_state state;
	unsigned connection, server, tried; /* tried: of the servers, in this round */
	unsigned failures;                  /* rounds in a row */
	bool version_5;                     /* of this connection, or the one being made */
	uint64_t joined_ms;
	struct timer again;
	char complaint[160]; /* what the log has last been told of its absence */

	/* inbound.c */
	struct broker_lane *lanes;
	struct list ready;
	unsigned nwaiting, nunderway;
	bool told_of_reply; /* that an answer had nowhere to go */

	/* commands.c */
	struct list commands; /* in the order they came */
	unsigned ncommands;
	uint64_t ticket;    /* the last one given */
	bool hears_replies; /* subscribed to reply_filter, on this connection */
	slice reply_filter; /* MQTT 5's, in the settings' arena */
	struct timer deadline;
};

/* listener.c: after stop(), when something that close() waits for has ended. */
void broker_rest(struct broker *);

/* settings.c */
extern const struct setting broker_setting_table[];
bool broker_settings_open(struct broker_settings *, const struct adapter_limits *,
        const struct config *, struct error *);
void broker_settings_close(struct broker_settings *);

/* inbound.c */
void broker_inbound_take(struct broker *, struct paho_message *);
void broker_inbound_reply(struct broker *, struct request *);
/* Gives up what waits. */
void broker_inbound_finish(struct broker *);

/* commands.c */
void broker_commands_open(struct broker *);
void broker_command(struct adapter *, struct command *);
void broker_command_abort(struct adapter *, struct command *);
/* A publication with this ticket has had its outcome. */
void broker_command_published(struct broker *, const struct paho_event *);
/* So has a subscription to a reply topic. */
void broker_command_subscribed(struct broker *, const struct paho_event *);
/* A message below "reply/". */
void broker_command_heard(struct broker *, const struct paho_message *);
/* Ends all of them. */
void broker_commands_fail(struct broker *, const char *why);

#endif
