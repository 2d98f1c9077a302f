/* What a listener `protocol: mqtt` can be told. */
#include "adapters/mqtt/mqtt.h"

#include "adapters/common/tls.h"

static const char *const transports[] = { "tcp", "websocket", NULL };

const struct setting mqtt_settings[] = {
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
	{ .key = "transport",
	        .type = SETTING_TEXT,
	        .fallback = "tcp",
	        .choices = transports,
	        .help = "what carries MQTT; websocket: at the path /mqtt" },
	{ .key = "handshake",
	        .type = SETTING_DURATION,
	        .fallback = "5s",
	        .help = "how long a handshake may take before MQTT begins" },
	{ "unreleased_max", SETTING_NUMBER, "1000", false,
	        "QoS 2 messages of one client that are acknowledged and not released by it yet",
	        NULL, NULL },
	{ "subscriptions", SETTING_NUMBER, "32", false, "topic filters of one client", NULL, NULL },
	{ "deliver_maximum", SETTING_NUMBER, "20", false,
	        "messages to one client that it has not acknowledged yet", NULL, NULL },
	{ "deliver_memory", SETTING_SIZE, "16MiB", false,
	        "what the messages that clients have not acknowledged may hold together", NULL,
	        NULL },
	{ "sessions", SETTING_NUMBER, "10000", false,
	        "clients that are kept while they are away; 0: none", NULL, NULL },
	{ "sessions_per_client", SETTING_NUMBER, "100", false,
	        "of these, those of one identity, under client identifiers of its own", NULL,
	        NULL },
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

bool mqtt_settings_valid(const struct config *config, struct error *error)
{
	return is_address(config, "bind", error) &&
	       in_range(config, "receive_maximum", 1, 1000, error) &&
	       in_range(config, "in_flight", 1, 1000, error) &&
	       in_range(config, "topic_alias_maximum", 0, 255, error) &&
	       in_range(config, "unreleased_max", 1, 65535, error) &&
	       in_range(config, "subscriptions", 1, 10000, error) &&
	       in_range(config, "deliver_maximum", 1, 1000, error) &&
	       in_range(config, "sessions", 0, 1000000, error) &&
	       in_range(config, "sessions_per_client", 1, 1000000, error) &&
	       in_range(config, "connecting_max", 1, 1000000, error) &&
	       in_range(config, "take_overs", 1, 1000000, error);
}

void mqtt_settings_read(struct mqtt_listener *listener, const struct config *config)
{
	listener->unreleased_max = (unsigned)config_number(config, "unreleased_max");
	listener->subscriptions_max = (unsigned)config_number(config, "subscriptions");
	listener->deliver_maximum = (unsigned)config_number(config, "deliver_maximum");
	listener->held_max_bytes = (size_t)config_size(config, "deliver_memory");
	listener->sessions_max = (unsigned)config_number(config, "sessions");
	listener->sessions_per_client = (unsigned)config_number(config, "sessions_per_client");
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
	listener->handshake_ms = config_duration_ms(config, "handshake");
	listener->websocket = slice_is(config_text(config, "transport"), "websocket");
}

void mqtt_settings_limit(struct mqtt_listener *listener, const struct adapter_limits *limits)
{
	/* Any packet that carries the largest body: the topic and the properties take less than this. */
	enum { AROUND_BODY_BYTES = 128 * 1024 };
	uint64_t most = MQTT_REMAINING_MAX - AROUND_BODY_BYTES;
	listener->packet_max_bytes =
	        (uint32_t)(limits->body_max_bytes < most ? limits->body_max_bytes : most) +
	        AROUND_BODY_BYTES;
	listener->connections_max = limits->connections_max;
}
