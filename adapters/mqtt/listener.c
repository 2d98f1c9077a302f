#include "adapters/mqtt/mqtt.h"

#include "adapters/common/tls.h"
#include "base/log.h"

#include <stdlib.h>

static const struct setting settings[] = {
	ADAPTER_BIND_SETTING,
	{ "receive_maximum", SETTING_NUMBER, "20", false,
	        "publications of one client that are taken and not acknowledged yet", NULL, NULL },
	{ "in_flight", SETTING_NUMBER, "1", false,
	        "how many of them are handed on at a time; above 1 their order is the backend's",
	        NULL, NULL },
	{ "topic_alias_maximum", SETTING_NUMBER, "10", false,
	        "topic aliases that a client may use (MQTT 5)", NULL, NULL },
	{ .key = "tls",
	        .type = SETTING_TREE,
	        .inner = tls_settings,
	        .help = "MQTT over TLS: the certificate, and how clients may prove themselves" },
	{ .key = "handshake",
	        .type = SETTING_DURATION,
	        .fallback = "5s",
	        .help = "how long a handshake may take before MQTT begins" },
	{ "unreleased_max", SETTING_NUMBER, "1000", false,
	        "QoS 2 messages of one client that are acknowledged and not released by it yet",
	        NULL, NULL },
	{ "sessions", SETTING_NUMBER, "10000", false,
	        "clients that are kept while they are away; 0: none", NULL, NULL },
	{ "session_expiry_max", SETTING_DURATION, "1d", false,
	        "the longest that a client is kept while it is away", NULL, NULL },
	{ "connecting_max", SETTING_NUMBER, "1000", false,
	        "connections of one address that are not let in yet", NULL, NULL },
	{ "take_overs", SETTING_NUMBER, "10", false,
	        "how often a client identifier may be taken over in ten seconds", NULL, NULL },
	{ "connect_timeout", SETTING_DURATION, "5s", false,
	        "how long a connection may stay without CONNECT", NULL, NULL },
	{ "keep_alive_max", SETTING_DURATION, "1h", false,
	        "the longest keep alive; a client that is silent for 1.5 times its own is cut off",
	        NULL, NULL },
	{ NULL, SETTING_TEXT, NULL, false, NULL, NULL, NULL },
};

static bool in_range(const struct config *config, const char *key, uint64_t least, uint64_t most,
        struct error *error)
{
	uint64_t value = config_number(config, key);
	if (value >= least && value <= most)
		return true;
	const struct config *at = config_get(config, key);
	return config_error(at ? at : config, error, "%s must be from %llu to %llu", key,
	        (unsigned long long)least, (unsigned long long)most);
}

static bool is_address(const struct config *config, const char *key, struct error *error)
{
	struct sockaddr_storage address;
	return net_parse_address(config_text(config, key), &address) ||
	       config_error(config_get(config, key), error,
	               "%s is an address and a port, as in 0.0.0.0:1883 or [::]:1883", key);
}

static void expire(struct timer *timer)
{
	mqtt_clients_expire(LIST_OWNER(timer, struct mqtt_listener, timer));
}

static struct adapter *listener_open(struct loop *loop, const struct adapter_limits *limits,
        const struct config *config, struct error *error)
{
	/* Any packet that carries the largest body: the topic and the properties take less than this. */
	enum { AROUND_BODY_BYTES = 128 * 1024 };
	if (!is_address(config, "bind", error) ||
	        !in_range(config, "receive_maximum", 1, 1000, error) ||
	        !in_range(config, "in_flight", 1, 1000, error) ||
	        !in_range(config, "topic_alias_maximum", 0, 255, error) ||
	        !in_range(config, "unreleased_max", 1, 65535, error) ||
	        !in_range(config, "sessions", 0, 1000000, error) ||
	        !in_range(config, "connecting_max", 1, 1000000, error) ||
	        !in_range(config, "take_overs", 1, 1000000, error))
		return NULL;
	struct mqtt_listener *listener = calloc(1, sizeof *listener);
	slice bind = config_text(config, "bind");
	char *address = strndup(bind.p ? bind.p : "", bind.n);
	if (!listener || !address) {
		free(listener);
		free(address);
		(void)error_set(error, "out of memory");
		return NULL;
	}
	listener->loop = loop;
	listener->bind = address;
	list_init(&listener->sessions);
	list_init(&listener->draining);
	list_init(&listener->away);
	timer_init(&listener->timer, loop, expire);
	listener->unreleased_max = (unsigned)config_number(config, "unreleased_max");
	listener->sessions_max = (unsigned)config_number(config, "sessions");
	listener->connecting_max = (unsigned)config_number(config, "connecting_max");
	listener->take_overs_max = (unsigned)config_number(config, "take_overs");
	uint64_t expiry_s = config_duration_ms(config, "session_expiry_max") / 1000;
	listener->session_expiry_max_s = expiry_s < UINT32_MAX ? expiry_s : UINT32_MAX;
	listener->receive_maximum = (unsigned)config_number(config, "receive_maximum");
	listener->in_flight = (unsigned)config_number(config, "in_flight");
	listener->topic_alias_maximum = (unsigned)config_number(config, "topic_alias_maximum");
	listener->connect_timeout_ms = config_duration_ms(config, "connect_timeout");
	uint64_t keep_alive_s = config_duration_ms(config, "keep_alive_max") / 1000;
	listener->keep_alive_max_s = keep_alive_s < 1            ? 1
	                             : keep_alive_s > UINT16_MAX ? UINT16_MAX
	                                                         : keep_alive_s;
	uint64_t most = MQTT_REMAINING_MAX - AROUND_BODY_BYTES;
	listener->packet_max_bytes =
	        (uint32_t)(limits->body_max_bytes < most ? limits->body_max_bytes : most) +
	        AROUND_BODY_BYTES;
	listener->connections_max = limits->connections_max;
	listener->handshake_ms = config_duration_ms(config, "handshake");
	const struct config *tls = config_get(config, "tls");
	if (tls) {
		listener->tls = tls_settings_open(&listener->base, tls, TLS_STREAM, error);
		if (!listener->tls) {
			free(listener->bind);
			free(listener);
			return NULL;
		}
	}
	return &listener->base;
}

static void *accepted(void *arg, struct stream *stream)
{
	return mqtt_session_open(arg, stream);
}

static void refused(void *arg)
{
	struct mqtt_listener *listener = arg;
	listener->base.counters.at[COUNTER_REFUSED]++;
}

static bool listener_start(struct adapter *adapter, struct error *error)
{
	enum { MARGIN_BYTES = 128 * 1024 };
	struct mqtt_listener *listener = (struct mqtt_listener *)adapter;
	size_t most = listener->packet_max_bytes + MARGIN_BYTES;
	struct stream_accept accept = { .accepted = accepted,
		.refused = refused,
		.events = &mqtt_session_events,
		.limits = { .unread_max_bytes = most, .unsent_max_bytes = most },
		.connections_max = listener->connections_max,
		.arg = listener,
		.tls = listener->tls,
		.handshake_ms = listener->handshake_ms };
	char why[160];
	listener->socket =
	        stream_listen(listener->loop, slice_of(listener->bind), &accept, why, sizeof why);
	if (!listener->socket)
		return error_set(error, "%s", why);
	log_info("mqtt", "listening listener=%s bind=%s", adapter->label, listener->bind);
	return true;
}

static void listener_reply(struct adapter *adapter, struct request *request)
{
	const struct mqtt_errand *errand = request->ticket;
	errand->done((struct mqtt_listener *)adapter, request);
}

static struct mqtt_session *owner_of(struct list *link)
{
	return LIST_OWNER(link, struct mqtt_session, link);
}

static void listener_stop(struct adapter *adapter)
{
	struct mqtt_listener *listener = (struct mqtt_listener *)adapter;
	listener->stopping = true;
	stream_listener_close(listener->socket);
	listener->socket = NULL;
	LIST_EACH (&listener->sessions, at, next) {
		struct mqtt_session *session = owner_of(at);
		mqtt_publish_drop(session, true);
		mqtt_session_wind_up(session);
	}
}

void mqtt_listener_release(struct mqtt_listener *listener)
{
	if (!listener->closing || !list_empty(&listener->sessions))
		return;
	tls_close(listener->tls);
	free(listener->bind);
	free(listener);
}

/* The sessions that are left are those whose streams are on their way out: each ends with its closed(), and the
 * last one takes the listener with it. */
static void listener_close(struct adapter *adapter)
{
	if (!adapter)
		return;
	struct mqtt_listener *listener = (struct mqtt_listener *)adapter;
	if (!listener->stopping)
		listener_stop(adapter);
	mqtt_clients_finish(listener);
	listener->closing = true;
	mqtt_listener_release(listener);
}

const struct adapter_ops adapter_mqtt = {
	.name = "mqtt",
	.settings = settings,
	.open = listener_open,
	.start = listener_start,
	.reply = listener_reply,
	.stop = listener_stop,
	.close = listener_close,
};
