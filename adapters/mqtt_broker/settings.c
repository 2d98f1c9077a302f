#include "adapters/mqtt_broker/broker.h"

#include "adapters/common/mqtt_topic.h"

#include "base/uri.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

enum {
	ARENA_MAX_BYTES = 1024 * 1024,
	/* Any packet that carries the largest body: topic and properties take less than this. */
	AROUND_BODY_BYTES = 128 * 1024,
	PACKET_MAX_BYTES = 268435455, /* MQTT 5.0 section 1.5.5 */
	PORT_PLAIN = 1883,
	PORT_TLS = 8883,
	IN_FLIGHT_MAX = 1000,
	CLIENT_ID_MAX_BYTES = 128
};

static const struct setting publisher_settings[] = {
	{ .key = "topic_segment",
	        .type = SETTING_NUMBER,
	        .help = "the segment of the topic, from 1, that is the client's id; the broker's "
	                "access control must tie it to the user" },
	{ .key = "user_property",
	        .type = SETTING_TEXT,
	        .help = "the user property that is the client's id; no broker checks it" },
	{ .key = NULL },
};

static const struct setting tls_settings[] = {
	{ .key = "ca",
	        .type = SETTING_FILE,
	        .help = "the authorities that are believed, PEM; default: the system's" },
	{ .key = "certificate",
	        .type = SETTING_FILE,
	        .help = "the gateway's certificate and its chain, PEM" },
	{ .key = "key", .type = SETTING_FILE, .help = "the certificate's private key, PEM" },
	{ .key = NULL },
};

static const char *const retained_choices[] = { "skip", "take", NULL };

const struct setting broker_setting_table[] = {
	{ .key = "broker",
	        .type = SETTING_TEXT,
	        .required = true,
	        .help = "the broker to join, as in mqtt://10.0.0.5:1883 or "
	                "mqtts://broker.example" },
	{ .key = "failover",
	        .type = SETTING_TEXTS,
	        .help = "others to join in its place, tried in this order when it is away" },
	{ .key = "subscribe",
	        .type = SETTING_TEXTS,
	        .help = "topic filters, also $share/GROUP/FILTER" },
	{ .key = "qos",
	        .type = SETTING_NUMBER,
	        .fallback = "1",
	        .help = "the QoS of the subscriptions: 0, 1 or 2" },
	{ .key = "client_id",
	        .type = SETTING_TEXT,
	        .help = "by which the broker knows the gateway; default: fairlead- and a random "
	                "number" },
	{ .key = "user", .type = SETTING_TEXT, .help = "the gateway's user at the broker" },
	{ .key = "password", .type = SETTING_SECRET, .help = "and its password" },
	{ .key = "version",
	        .type = SETTING_TEXT,
	        .fallback = "auto",
	        .help = "of MQTT: 5, 3.1.1, or auto: 5, and 3.1.1 with a broker that has no 5" },
	{ .key = "session",
	        .type = SETTING_DURATION,
	        .fallback = "0s",
	        .help = "how long the broker is to keep messages while the gateway is away; needs "
	                "a client_id" },
	{ .key = "keep_alive",
	        .type = SETTING_DURATION,
	        .fallback = "30s",
	        .help = "how long the connection may be silent before it is probed" },
	{ .key = "in_flight",
	        .type = SETTING_NUMBER,
	        .fallback = "32",
	        .help = "messages handed on at a time, one a publisher (without publisher: one a "
	                "topic)" },
	{ .key = "retained",
	        .type = SETTING_TEXT,
	        .fallback = "skip",
	        .choices = retained_choices,
	        .help = "what the broker has retained comes again at each connection; take: as a "
	                "message like any other" },
	{ .key = "replies",
	        .type = SETTING_SWITCH,
	        .fallback = "false",
	        .help = "with MQTT 3.1.1: each message is answered on reply/TOPIC" },
	{ .key = "command_qos",
	        .type = SETTING_NUMBER,
	        .fallback = "1",
	        .help = "the QoS of commands to devices: 0, 1 or 2" },
	{ .key = "publisher",
	        .type = SETTING_TREE,
	        .inner = publisher_settings,
	        .help = "who published a message; without it they are nobody's" },
	{ .key = "tls",
	        .type = SETTING_TREE,
	        .inner = tls_settings,
	        .help = "with mqtts://; the broker's name is always verified" },
	{ .key = NULL },
};

/* The node of this key, or the listener's. */
static const struct config *place(const struct config *config, const char *key)
{
	const struct config *at = config_get(config, key);
	return at ? at : config;
}

static bool read_number(const struct config *config, const char *key, unsigned least, unsigned most,
        unsigned *number, struct error *error)
{
	uint64_t value = config_number(config, key);
	*number = (unsigned)value;
	return (value >= least && value <= most) ||
	       config_error(
	               place(config, key), error, "%s must be from %u to %u", key, least, most);
}

/* "mqtts://[::1]:8883" of what the file says. */
static bool add_server(struct broker_settings *settings, const struct config *node, slice url,
        const char **servers, struct error *error)
{
	struct uri uri;
	bool tls = slice_starts(url, SLICE("mqtts://"));
	bool path = uri_parse(url, &uri) && uri.path.n && !slice_is(uri.path, "/");
	if (path || !uri_parse(url, &uri) || !uri.host.n || !(tls || slice_is(uri.scheme, "mqtt")))
		return config_error(
		        node, error, "a broker is mqtt://host:port, or mqtts://host:port with TLS");
	unsigned n = settings->paho.nbrokers;
	if (n >= BROKER_SERVERS_MAX)
		return config_error(node, error, "more than %d brokers", BROKER_SERVERS_MAX);
	if (n && tls != settings->paho.tls)
		return config_error(node, error,
		        "some brokers with TLS and some without: who could tell which?");
	bool v6 = slice_find(uri.host, ':') < uri.host.n;
	unsigned port = uri.port ? uri.port : tls ? PORT_TLS : PORT_PLAIN;
	slice server = arena_printf(&settings->arena, "%s://%s%.*s%s:%u", tls ? "mqtts" : "mqtt",
	        v6 ? "[" : "", SLICE_ARG(uri.host), v6 ? "]" : "", port);
	if (!server.p)
		return config_error(node, error, "too long");
	settings->paho.tls = tls;
	servers[n] = server.p;
	settings->servers[n] = slice_from(server, tls ? 8 : 7);
	settings->paho.nbrokers++;
	return true;
}

static bool read_servers(
        struct broker_settings *settings, const struct config *config, struct error *error)
{
	const char **servers = arena_alloc(&settings->arena, BROKER_SERVERS_MAX * sizeof *servers);
	if (!servers)
		return error_set(error, "out of memory");
	settings->paho.brokers = servers;
	if (!add_server(settings, config_get(config, "broker"), config_text(config, "broker"),
	            servers, error))
		return false;
	CONFIG_EACH (config_get(config, "failover"), node) {
		if (!add_server(settings, node, node->text, servers, error))
			return false;
	}
	return true;
}

static bool read_filters(
        struct broker_settings *settings, const struct config *config, struct error *error)
{
	const struct config *list = config_get(config, "subscribe");
	unsigned n = list ? list->count : 0;
	if (n > PAHO_FILTERS_MAX)
		return config_error(list, error, "more than %d topic filters", PAHO_FILTERS_MAX);
	settings->filters = arena_alloc(&settings->arena, n * sizeof *settings->filters);
	CONFIG_EACH (list, node) {
		slice filter = node->text, rest = slice_from(filter, sizeof "$share/" - 1);
		bool shared = mqtt_filter_is_shared(filter);
		slice group = shared ? slice_cut(&rest, '/') : (slice){ NULL, 0 };
		if (!mqtt_filter_allowed(shared ? rest : filter) ||
		        (shared && !mqtt_topic_allowed(group)))
			return config_error(node, error,
			        "no topic filter: + stands alone in its level, # alone in the "
			        "last");
		slice copy = arena_copy_slice(&settings->arena, filter);
		if (!copy.p || !settings->filters)
			return config_error(node, error, "too long");
		settings->filters[settings->nfilters++] = copy;
	}
	return true;
}

static bool read_client_id(
        struct broker_settings *settings, const struct config *config, struct error *error)
{
	slice id = config_text(config, "client_id");
	if (!id.n && settings->paho.session_s)
		return config_error(config_get(config, "session"), error,
		        "client_id is missing: whose session is the broker to keep?");
	for (size_t i = 0; i < id.n; i++) {
		if (id.p[i] <= ' ' || id.p[i] > '~' || strchr("/+#", id.p[i]))
			return config_error(config_get(config, "client_id"), error,
			        "no spaces, no /, + or #: it is a part of a topic");
	}
	if (id.n > CLIENT_ID_MAX_BYTES)
		return config_error(config_get(config, "client_id"), error, "longer than %d bytes",
		        CLIENT_ID_MAX_BYTES);
	slice own = id.n ? arena_copy_slice(&settings->arena, id)
	                 : arena_printf(&settings->arena, "fairlead-%016llx",
	                           (unsigned long long)random_u64());
	settings->paho.client_id = own.p;
	return own.p || error_set(error, "out of memory");
}

static bool read_user(
        struct broker_settings *settings, const struct config *config, struct error *error)
{
	slice user = config_text(config, "user");
	if (user.n)
		settings->paho.user = arena_copy_slice(&settings->arena, user).p;
	if (config_get(config, "password") && !user.n)
		return config_error(
		        config_get(config, "password"), error, "whose? user is missing");
	return config_secret(&settings->arena, config, "password", &settings->paho.password, error);
}

static bool read_version(
        struct broker_settings *settings, const struct config *config, struct error *error)
{
	slice version = config_text(config, "version");
	if (slice_is(version, "auto"))
		settings->version = BROKER_VERSION_AUTO;
	else if (slice_is(version, "5") || slice_is(version, "5.0"))
		settings->version = BROKER_VERSION_5;
	else if (slice_is(version, "3.1.1"))
		settings->version = BROKER_VERSION_3_1_1;
	else
		return config_error(
		        config_get(config, "version"), error, "5, 3.1.1 or auto is what there is");
	return true;
}

static bool read_publisher(
        struct broker_settings *settings, const struct config *config, struct error *error)
{
	enum { SEGMENT_MAX = 64 };
	const struct config *node = config_get(config, "publisher");
	if (!node)
		return true;
	bool segment = config_get(node, "topic_segment"),
	     property = config_get(node, "user_property");
	if (segment == property)
		return config_error(node, error, "say topic_segment or user_property, one of them");
	if (property && settings->version == BROKER_VERSION_3_1_1)
		return config_error(node, error, "MQTT 3.1.1 has no user properties");
	slice name = config_text(node, "user_property");
	if (property && !name.n)
		return config_error(config_get(node, "user_property"), error, "empty");
	if (property)
		settings->publisher.property = arena_copy_slice(&settings->arena, name);
	return property || read_number(node, "topic_segment", 1, SEGMENT_MAX,
	                           &settings->publisher.segment, error);
}

/* Tries the files on a context of its own; Paho would only find out when it connects. */
static const char *unusable_file(const struct paho_settings *paho)
{
	const char *key = NULL;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	if (!context || (paho->ca && SSL_CTX_load_verify_locations(context, paho->ca, NULL) != 1))
		key = "ca";
	else if (paho->certificate &&
	         SSL_CTX_use_certificate_chain_file(context, paho->certificate) != 1)
		key = "certificate";
	else if (paho->key &&
	         (SSL_CTX_use_PrivateKey_file(context, paho->key, SSL_FILETYPE_PEM) != 1 ||
	                 SSL_CTX_check_private_key(context) != 1))
		key = "key";
	SSL_CTX_free(context);
	return key;
}

static bool read_tls(
        struct broker_settings *settings, const struct config *config, struct error *error)
{
	const struct config *node = config_get(config, "tls");
	struct paho_settings *paho = &settings->paho;
	if (!node)
		return true;
	if (!paho->tls)
		return config_error(node, error, "TLS is for mqtts:// brokers");
	paho->ca = config_file_path(&settings->arena, node, "ca").p;
	paho->certificate = config_file_path(&settings->arena, node, "certificate").p;
	paho->key = config_file_path(&settings->arena, node, "key").p;
	if (!paho->certificate != !paho->key)
		return config_error(node, error, "certificate and key go together");
	ERR_clear_error();
	const char *key = unusable_file(paho);
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;
	ERR_clear_error();
	return !key || config_error(place(node, key), error, "%s: %s", key,
	                       reason ? reason : "cannot be used");
}

static bool read_plain(struct broker_settings *settings, const struct adapter_limits *limits,
        const struct config *config, struct error *error)
{
	struct paho_settings *paho = &settings->paho;
	uint64_t session_s = config_duration_ms(config, "session") / 1000;
	uint64_t keep_alive_s = config_duration_ms(config, "keep_alive") / 1000;
	size_t body = limits->body_max_bytes;
	paho->session_s = session_s < UINT32_MAX ? (uint32_t)session_s : UINT32_MAX;
	/* Longer than Paho's callbacks may hold it up. */
	if (keep_alive_s < 10 || keep_alive_s > UINT16_MAX)
		return config_error(place(config, "keep_alive"), error,
		        "keep_alive must be from 10s to %us", UINT16_MAX);
	paho->keep_alive_s = (unsigned)keep_alive_s;
	paho->packet_max_bytes = body < PACKET_MAX_BYTES - AROUND_BODY_BYTES
	                                 ? (uint32_t)body + AROUND_BODY_BYTES
	                                 : PACKET_MAX_BYTES;
	paho->take_retained = slice_is(config_text(config, "retained"), "take");
	settings->replies = config_switch(config, "replies");
	return read_number(config, "qos", 0, 2, &settings->qos, error) &&
	       read_number(config, "command_qos", 0, 2, &settings->command_qos, error) &&
	       read_number(config, "in_flight", 1, IN_FLIGHT_MAX, &settings->in_flight, error);
}

bool broker_settings_open(struct broker_settings *settings, const struct adapter_limits *limits,
        const struct config *config, struct error *error)
{
	arena_init(&settings->arena, ARENA_MAX_BYTES);
	return read_plain(settings, limits, config, error) &&
	       read_servers(settings, config, error) && read_filters(settings, config, error) &&
	       read_version(settings, config, error) && read_client_id(settings, config, error) &&
	       read_user(settings, config, error) && read_publisher(settings, config, error) &&
	       read_tls(settings, config, error);
}

void broker_settings_close(struct broker_settings *settings)
{
	slice password = settings->paho.password;
	if (password.p)
		explicit_bzero((char *)(uintptr_t)password.p, password.n);
	arena_finish(&settings->arena);
}
