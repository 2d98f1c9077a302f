/* The life of a joined broker: one connection, and the way back to it.
 *
 * The listener starts whether the broker is there or not. When the connection fails or is lost, the next server of the
 * list is tried at once; when all have been tried, after 1 s, 2 s, 4 s … up to a minute, a quarter more or less at
 * random, so that a fleet does not come back in the same moment. The log is told when something changes, not at each
 * attempt.
 *
 * `version: auto` begins with MQTT 5. A broker that refuses the version is tried again at once with 3.1.1; one that hangs
 * up without a word is not, for it may only be starting, and would have a 3.1.1 client for as long as it lives. */
#include "adapters/mqtt_broker/broker.h"

#include "base/log.h"
#include "base/uri.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	AGAIN_FIRST_MS = 1000,
	AGAIN_LAST_MS = 60000,
	STEADY_MS = 10000,                 /* a connection that lasted so long was a good one */
	REASON_UNSUPPORTED_VERSION = 0x84, /* MQTT 5's code, and 3.1.1's */
	RETURN_UNACCEPTABLE_VERSION = 1
};

static const char *server(const struct broker *broker)
{
	return broker->settings.paho.brokers[broker->server];
}

static void join(struct broker *broker)
{
	broker->state = BROKER_JOINING;
	broker->connection++;
	if (paho_connect(broker->paho, broker->connection, broker->server, broker->version_5))
		return;
	broker->state = BROKER_AWAY;
	timer_set(&broker->again, loop_now_ms(broker->loop) + AGAIN_LAST_MS);
}

static void try_again(struct timer *timer)
{
	join(LIST_OWNER(timer, struct broker, again));
}

/* A quarter more or less than 1 s, 2 s, 4 s … */
static uint64_t pause_ms(unsigned failures)
{
	uint64_t ms = AGAIN_LAST_MS;
	if (failures < 6)
		ms = (uint64_t)AGAIN_FIRST_MS << failures;
	return ms - ms / 4 + random_u64() % (ms / 2);
}

/* What is new about the absence goes into the log. */
static void complain(struct broker *broker, const char *what, const char *why)
{
	char text[sizeof broker->complaint];
	(void)snprintf(text, sizeof text, "%s: %s", server(broker), why);
	if (strcmp(text, broker->complaint) == 0)
		return;
	(void)snprintf(broker->complaint, sizeof broker->complaint, "%s", text);
	log_warning("mqtt", "listener=%s %s %s; trying again", broker->base.label, what, text);
}

/* The next server, now or after a while. */
static void go_away(struct broker *broker)
{
	unsigned n = broker->settings.paho.nbrokers;
	broker->state = BROKER_AWAY;
	broker->server = (broker->server + 1) % n;
	broker->version_5 = broker->settings.version != BROKER_VERSION_3_1_1;
	uint64_t wait_ms = 0;
	if (++broker->tried >= n) {
		broker->tried = 0;
		wait_ms = pause_ms(broker->failures++);
	}
	if (!broker->stopping)
		timer_set(&broker->again, loop_now_ms(broker->loop) + wait_ms);
}

static void joined(struct broker *broker)
{
	const struct broker_settings *settings = &broker->settings;
	unsigned qos = settings->qos;
	/* Paho hands on 3.1.1's QoS 2 at the end of its handshake. One that a lost connection cut through would be gone,
	 * though the broker kept the session. */
	if (!broker->version_5 && settings->paho.session_s && qos > 1)
		qos = 1;
	broker->state = BROKER_JOINED;
	adapter_set_state(&broker->base, ADAPTER_WELL);
	broker->tried = 0;
	broker->complaint[0] = '\0';
	broker->joined_ms = loop_now_ms(broker->loop);
	broker->base.counters.at[COUNTER_CONNECTIONS]++;
	log_info("mqtt", "listener=%s joined %s as %s with MQTT %s", broker->base.label,
	        server(broker), settings->paho.client_id, broker->version_5 ? "5" : "3.1.1");
	if (settings->nfilters && !paho_subscribe(broker->paho, BROKER_TICKET_FILTERS,
	                                  settings->filters, settings->nfilters, qos))
		log_error("mqtt", "listener=%s no memory to subscribe", broker->base.label);
	/* Whoever hears the broker can be called again. */
	command_device_returned(&broker->base, (slice){ NULL, 0 });
}

static void failed(struct broker *broker, const struct paho_event *event)
{
	bool version = event->code == REASON_UNSUPPORTED_VERSION ||
	               event->code == RETURN_UNACCEPTABLE_VERSION;
	broker->base.counters.at[COUNTER_FAILED]++;
	if (version && broker->version_5 && broker->settings.version == BROKER_VERSION_AUTO &&
	        !broker->stopping) {
		broker->version_5 = false;
		join(broker);
		return;
	}
	adapter_set_state(&broker->base, ADAPTER_CUT_OFF);
	complain(broker, "cannot join", event->why);
	go_away(broker);
}

static void lost(struct broker *broker, const struct paho_event *event)
{
	broker->base.counters.at[COUNTER_FAILED]++;
	adapter_set_state(&broker->base, ADAPTER_CUT_OFF);
	complain(broker, "has lost", event->why);
	if (loop_now_ms(broker->loop) - broker->joined_ms >= STEADY_MS)
		broker->failures = 0;
	go_away(broker);
	broker_commands_fail(broker, "the connection to the broker was lost");
}

static void subscribed(struct broker *broker, const struct paho_event *event)
{
	if (event->ticket != BROKER_TICKET_FILTERS) {
		broker_command_subscribed(broker, event);
		return;
	}
	unsigned n = broker->settings.nfilters, refused = 0;
	for (unsigned i = 0; i < n; i++) {
		refused += event->refused >> i & 1;
		if (event->refused >> i & 1)
			log_error("mqtt",
			        "listener=%s the broker refuses the subscription to %.*s%s%s",
			        broker->base.label, SLICE_ARG(broker->settings.filters[i]),
			        event->why[0] ? ": " : "", event->why);
	}
	log_info("mqtt", "listener=%s subscribed to %u of %u topic filters", broker->base.label,
	        n - refused, n);
}

static void take(struct broker *broker, struct paho_message *message)
{
	if (slice_starts(message->topic, SLICE("reply/"))) {
		broker_command_heard(broker, message);
		paho_message_done(broker->paho, message);
	} else {
		broker_inbound_take(broker, message);
	}
}

static void published(struct broker *broker, const struct paho_event *event)
{
	if (event->ticket != BROKER_TICKET_ANSWER)
		broker_command_published(broker, event);
	else if (event->code)
		log_debug("mqtt", "listener=%s an answer was not published: %s", broker->base.label,
		        event->why);
}

static void heard(void *arg, struct paho_event *event)
{
	struct broker *broker = arg;
	bool present = event->connection == broker->connection;
	switch (event->kind) {
	case PAHO_CONNECTED:
		if (present && !broker->stopping)
			joined(broker);
		break;
	case PAHO_FAILED:
		if (present && !broker->stopping)
			failed(broker, event);
		break;
	case PAHO_LOST:
		if (present && !broker->stopping && broker->state == BROKER_JOINED)
			lost(broker, event);
		break;
	case PAHO_SUBSCRIBED:
		if (present && broker->state == BROKER_JOINED)
			subscribed(broker, event);
		break;
	case PAHO_PUBLISHED:
		published(broker, event);
		break;
	case PAHO_MESSAGE:
		take(broker, (struct paho_message *)event);
		break;
	case PAHO_ENDED:
		broker->ended = true;
		broker->base.answering--;
		broker_rest(broker);
		break;
	}
}

void broker_rest(struct broker *broker)
{
	if (broker->stopping && !broker->base.answering)
		adapter_at_rest(&broker->base);
}

static void broker_close(struct adapter *adapter)
{
	struct broker *broker = (struct broker *)adapter;
	if (!broker)
		return;
	timer_stop(&broker->again);
	timer_stop(&broker->deadline);
	if (broker->paho)
		broker_inbound_finish(broker);
	paho_destroy(broker->paho);
	broker_settings_close(&broker->settings);
	free(broker);
}

static struct adapter *broker_open(struct loop *loop, const struct adapter_limits *limits,
        const struct config *config, struct error *error)
{
	struct broker *broker = calloc(1, sizeof *broker);
	if (!broker) {
		(void)error_set(error, "out of memory");
		return NULL;
	}
	broker->loop = loop;
	list_init(&broker->ready);
	timer_init(&broker->again, loop, try_again);
	broker_commands_open(broker);
	bool opened = broker_settings_open(&broker->settings, limits, config, error);
	if (opened)
		broker->reply_filter = arena_printf(&broker->settings.arena, "reply/fairlead/%s/+",
		        broker->settings.paho.client_id);
	if (opened && broker->reply_filter.p)
		return &broker->base;
	broker_close(&broker->base);
	return NULL;
}

/* A password that anybody on the way can read. */
static void warn_of_password(const struct broker *broker)
{
	const struct paho_settings *paho = &broker->settings.paho;
	for (unsigned i = 0; paho->password.n && !paho->tls && i < paho->nbrokers; i++) {
		struct uri server;
		if (!uri_parse(slice_of(paho->brokers[i]), &server) ||
		        !uri_host_is_loopback(server.host))
			log_warning("mqtt", "listener=%s the password for %s goes in clear text",
			        broker->base.label, paho->brokers[i]);
	}
}

static bool broker_start(struct adapter *adapter, struct error *error)
{
	struct broker *broker = (struct broker *)adapter;
	broker->paho = paho_create(broker->loop, &broker->settings.paho, heard, broker);
	if (!broker->paho)
		return error_set(error, "no memory, or no thread, for the connection to a broker");
	warn_of_password(broker);
	broker->base.answering++; /* the connection */
	broker->version_5 = broker->settings.version != BROKER_VERSION_3_1_1;
	join(broker);
	return true;
}

static void broker_reply(struct adapter *adapter, struct request *request)
{
	broker_inbound_reply((struct broker *)adapter, request);
}

static void broker_stop(struct adapter *adapter)
{
	struct broker *broker = (struct broker *)adapter;
	timer_stop(&broker->again);
	broker->stopping = true;
	broker->state = BROKER_AWAY;
	broker_commands_fail(broker, "the listener stops");
	paho_end(broker->paho);
}

const struct adapter_ops adapter_mqtt_broker = {
	.name = "mqtt",
	.chosen_by = "broker",
	.settings = broker_setting_table,
	.open = broker_open,
	.start = broker_start,
	.reply = broker_reply,
	.command = broker_command,
	.command_abort = broker_command_abort,
	.stop = broker_stop,
	.close = broker_close,
};
