/* The raw binary listener: the schema and the settings, once; everything per connection is in session.c. */
#include "adapters/binary/binary.h"

#include "adapters/common/tls.h"
#include "base/log.h"

#include <stdlib.h>

enum { PATH_MAX_BYTES = 65536, MARGIN_BYTES = 64 };

static const struct setting settings[] = {
	ADAPTER_BIND_SETTING,
	{ "tls", SETTING_TREE, NULL, false,
	        "TLS: the certificate, and who may come with one or with a key", NULL,
	        tls_settings },
	{ "handshake", SETTING_DURATION, "5s", false, "how long a TLS handshake may take", NULL,
	        NULL },
	{ "frame", SETTING_FILE, NULL, true,
	        "the Kaitai Struct description (.ksy) of the frames, with its -fairlead key", NULL,
	        NULL },
	{ "path", SETTING_TEXT, NULL, false,
	        "the endpoint path, in place of the description's: \"/ships/{device}\"", NULL,
	        NULL },
	{ "login_timeout", SETTING_DURATION, "30s", false,
	        "how long a connection may stay without its login frame, where there is one", NULL,
	        NULL },
	{ "frame_timeout", SETTING_DURATION, "30s", false,
	        "how long a frame that has begun may take to be whole", NULL, NULL },
	{ "idle", SETTING_DURATION, "10m", false, "how long a connection may be silent", NULL,
	        NULL },
	{ NULL, SETTING_TEXT, NULL, false, NULL, NULL, NULL },
};

/* The description's own mistakes are told with its own file, line and column. */
static struct frame_schema *load_schema(const struct config *config, struct error *error)
{
	struct arena arena;
	struct error inside = { .text = "" };
	arena_init(&arena, PATH_MAX_BYTES);
	slice path = config_file_path(&arena, config, "frame");
	struct frame_schema *schema = path.p ? frame_schema_open(path.p, &inside) : NULL;
	if (!schema)
		(void)config_error(config_get(config, "frame"), error, "%s",
		        path.p ? inside.text : "out of memory");
	arena_finish(&arena);
	return schema;
}

/* Of the description and all that it imports; 0: it cannot be loaded, which open() says. */
static uint64_t listener_stamp(const struct config *config)
{
	struct error error = { .text = "" };
	struct frame_schema *schema = load_schema(config, &error);
	uint64_t stamp = schema ? frame_schema_stamp(schema) : 0;
	frame_schema_free(schema);
	return stamp;
}

static bool check_schema(
        struct frame_schema *schema, const struct config *config, struct error *error)
{
	struct error inside = { .text = "" };
	slice path = config_text(config, "path");
	if (path.n && !frame_schema_set_path(schema, path, &inside))
		return config_error(config_get(config, "path"), error, "%s", inside.text);
	if (!frame_schema_has_framing(schema))
		return config_error(config_get(config, "frame"), error,
		        "the description has no -fairlead/framing, which a listener needs");
	return frame_schema_has_path(schema) ||
	       config_error(config_get(config, "frame"), error,
	               "neither the description nor the listener has a path");
}

static bool parse_bind(const struct config *config, slice *address, struct error *error)
{
	slice bind = config_text(config, "bind");
	struct sockaddr_storage parsed;
	const struct config *at = config_get(config, "bind");
	if (slice_starts(bind, SLICE("tls://")) || slice_starts(bind, SLICE("udp://")) ||
	        slice_starts(bind, SLICE("serial://")))
		return config_error(at, error, "%.*s: of the transports only tcp:// is supported",
		        SLICE_ARG(bind));
	*address = slice_starts(bind, SLICE("tcp://")) ? slice_from(bind, 6) : bind;
	return net_parse_address(*address, &parsed) ||
	       config_error(at ? at : config, error, "bind is tcp://HOST:PORT with a numeric host");
}

static struct adapter *listener_open(struct loop *loop, const struct adapter_limits *limits,
        const struct config *config, struct error *error)
{
	slice address;
	if (!parse_bind(config, &address, error))
		return NULL;
	struct frame_schema *schema = load_schema(config, error);
	if (!schema || !check_schema(schema, config, error)) {
		frame_schema_free(schema);
		return NULL;
	}
	struct binary_listener *listener = calloc(1, sizeof *listener);
	char *bind = strndup(address.p, address.n);
	if (!listener || !bind) {
		free(listener);
		free(bind);
		frame_schema_free(schema);
		(void)error_set(error, "out of memory");
		return NULL;
	}
	listener->loop = loop;
	listener->bind = bind;
	listener->schema = schema;
	list_init(&listener->sessions);
	listener->login_timeout_ms = config_duration_ms(config, "login_timeout");
	listener->frame_timeout_ms = config_duration_ms(config, "frame_timeout");
	listener->idle_ms = config_duration_ms(config, "idle");
	listener->handshake_ms = config_duration_ms(config, "handshake");
	listener->connections_max = limits->connections_max;
	const struct config *tls = config_get(config, "tls");
	if (tls)
		listener->tls = tls_settings_open(&listener->base, tls, TLS_STREAM, error);
	if (!tls || listener->tls)
		return &listener->base;
	frame_schema_free(schema);
	free(bind);
	free(listener);
	return NULL;
}

static void *accepted(void *arg, struct stream *stream)
{
	return binary_session_open(arg, stream);
}

static void refused(void *arg, const char *peer, const char *why)
{
	struct binary_listener *listener = arg;
	adapter_refused(&listener->base, peer, why);
}

static bool listener_start(struct adapter *adapter, struct error *error)
{
	struct binary_listener *listener = (struct binary_listener *)adapter;
	size_t most = frame_schema_max_bytes(listener->schema) + MARGIN_BYTES;
	struct stream_accept accept = { .accepted = accepted,
		.refused = refused,
		.events = &binary_session_events,
		.limits = { .unread_max_bytes = most, .unsent_max_bytes = most + 65536 },
		.connections_max = listener->connections_max,
		.arg = listener,
		.tls = listener->tls,
		.handshake_ms = listener->handshake_ms };
	char why[160];
	listener->socket =
	        stream_listen(listener->loop, slice_of(listener->bind), &accept, why, sizeof why);
	if (!listener->socket)
		return error_set(error, "%s", why);
	log_info("binary", "listening listener=%s bind=%s", adapter->label, listener->bind);
	return true;
}

static void listener_reply(struct adapter *adapter, struct request *request)
{
	(void)adapter;
	binary_session_reply(request);
}

static bool listener_renew(struct adapter *adapter, struct error *error)
{
	struct binary_listener *listener = (struct binary_listener *)adapter;
	if (!tls_settings_renew(listener->tls, error))
		return false;
	LIST_EACH (&listener->sessions, at, following)
		binary_session_renewed(at);
	return true;
}

static void listener_stop(struct adapter *adapter)
{
	struct binary_listener *listener = (struct binary_listener *)adapter;
	listener->stopping = true;
	stream_listener_close(listener->socket);
	listener->socket = NULL;
	LIST_EACH (&listener->sessions, at, following) {
		binary_session_wind_up(at);
	}
}

void binary_listener_release(struct binary_listener *listener)
{
	if (!listener->closing || !list_empty(&listener->sessions))
		return;
	tls_close(listener->tls);
	frame_schema_free(listener->schema);
	free(listener->bind);
	free(listener);
}

/* Sessions that are left are on their way out: the last one's closed() takes the listener with it. */
static void listener_close(struct adapter *adapter)
{
	if (!adapter)
		return;
	struct binary_listener *listener = (struct binary_listener *)adapter;
	if (!listener->stopping)
		listener_stop(adapter);
	listener->closing = true;
	binary_listener_release(listener);
}

/* What that is in bytes says the description. */
static slice words(struct arena *arena, enum status status, enum method method)
{
	(void)arena;
	(void)method;
	return status_is_success(status) ? SLICE("ack") : SLICE("nak");
}

const struct adapter_ops adapter_binary = {
	.name = "binary",
	.settings = settings,
	.live_files = "tls",
	.open = listener_open,
	.stamp = listener_stamp,
	.start = listener_start,
	.reply = listener_reply,
	.renew = listener_renew,
	.words = words,
	.stop = listener_stop,
	.close = listener_close,
};
