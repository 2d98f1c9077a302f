/* The gateway calls the device: `connect` in place of `bind`, or a serial line, which is opened in the same way. One session that is kept up (net/dial.h); what it brings is what a
 * listener's sessions bring. */
#include "adapters/binary/call.h"

#include "api/serial_port.h"
#include "base/log.h"
#include "net/tls.h"

#include <stdlib.h>

enum { PATHS_BYTES = 16384 };

static const struct setting client_tls_settings[] = {
	{ .key = "ca",
	        .type = SETTING_FILE,
	        .help = "PEM: who may sign the device's certificate; default: whom the system "
	                "trusts" },
	{ .key = "certificate",
	        .type = SETTING_FILE,
	        .help = "PEM: the gateway's certificate towards the device" },
	{ .key = "key", .type = SETTING_FILE, .help = "PEM: its private key" },
	{ .key = "server_name",
	        .type = SETTING_TEXT,
	        .help = "the name the device's certificate must have, when it is not the host that "
	                "is "
	                "called" },
	{ .key = NULL },
};

static const struct setting settings[] = {
	{ .key = "connect",
	        .type = SETTING_TEXT,
	        .required = true,
	        .help = "the device that the gateway calls: tcp://, tls://, unix:// or serial://" },
	{ .key = "tls",
	        .type = SETTING_TREE,
	        .inner = client_tls_settings,
	        .help = "whom the device is believed to be, and who the gateway is to it" },
	{ .key = "connect_timeout",
	        .type = SETTING_DURATION,
	        .fallback = "5s",
	        .help = "how long the device may take to accept a connection, its TLS handshake "
	                "included" },
	BINARY_SETTINGS,
	{ .key = NULL },
};

/* The value's place where there is one, else the map's. */
static const struct config *place_of(const struct config *map, const char *key)
{
	const struct config *at = config_get(map, key);
	return at ? at : map;
}

/* ---- Opening */

static const char *const file_keys[] = { [TLS_FILE_CERTIFICATE] = "certificate",
	[TLS_FILE_KEY] = "key",
	[TLS_FILE_AUTHORITIES] = "ca" };

static bool load_tls(
        struct binary_listener *listener, const struct config *config, struct error *error)
{
	const struct config *tls = config_get(config, "tls");
	struct arena paths;
	struct tls_fault fault;
	arena_init(&paths, PATHS_BYTES);
	const char *ca = config_file_path(&paths, tls, "ca").p;
	const struct tls_options options = {
		.transport = TLS_STREAM,
		.authorities = ca ? ca : TLS_SYSTEM_AUTHORITIES,
		.skip_unreadable_authorities = !ca,
		.certificate = config_file_path(&paths, tls, "certificate").p,
		.key = config_file_path(&paths, tls, "key").p,
	};
	bool paired = !options.certificate == !options.key;
	if (paired)
		listener->tls = tls_client_open(&options, &fault);
	arena_finish(&paths);
	if (!paired)
		return config_error(tls, error, "certificate and key go together");
	if (listener->tls)
		return true;
	const struct config *at = tls && fault.file != TLS_FILE_NONE && fault.file != TLS_FILE_LISTS
	                                  ? place_of(tls, file_keys[fault.file])
	                                  : place_of(config, "connect");
	return config_error(at, error, "%s", fault.text);
}

static bool open_tls(
        struct binary_listener *listener, const struct config *config, struct error *error)
{
	const struct config *tls = config_get(config, "tls");
	slice name = config_text(tls, "server_name");
	struct sockaddr_storage numeric;
	if (!tls && listener->place.kind != PLACE_TLS)
		return true;
	if (listener->place.kind != PLACE_TLS && listener->place.kind != PLACE_TCP)
		return config_error(tls, error, "there is no TLS over %s", listener->where);
	if (!name.n && net_parse_address(slice_of(listener->place.address), &numeric))
		return config_error(place_of(config, tls ? "tls" : "connect"), error,
		        "certificates have names and not addresses: say server_name");
	if (name.n)
		listener->server_name = strndup(name.p, name.n);
	if (name.n && !listener->server_name)
		return error_set(error, "out of memory");
	return load_tls(listener, config, error);
}

bool binary_line_read(
        struct binary_listener *listener, const struct config *config, struct error *error)
{
	listener->retry_ms = config_duration_ms(config, "retry");
	listener->retry_max_ms = config_duration_ms(config, "retry_max");
	/* To look for a port burdens nobody, and whoever plugs it in waits for it. */
	if (listener->place.kind == PLACE_SERIAL && !config_get(config, "retry_max"))
		listener->retry_max_ms = listener->retry_ms;
	if (!listener->retry_ms)
		return config_error(place_of(config, "retry"), error,
		        "a pause of nothing would call without end: at least 1ms");
	return listener->retry_max_ms >= listener->retry_ms ||
	       config_error(place_of(config, "retry_max"), error,
	               "the longest pause is shorter than the first (retry)");
}

static bool read_timeout(
        struct binary_listener *listener, const struct config *config, struct error *error)
{
	listener->connect_timeout_ms = config_duration_ms(config, "connect_timeout");
	return listener->connect_timeout_ms || config_error(place_of(config, "connect_timeout"),
	                                               error, "nobody can be reached in no time");
}

static bool check_place(
        const struct binary_listener *listener, const struct config *config, struct error *error)
{
	const struct config *connect = config_get(config, "connect");
	switch (listener->place.kind) {
	case PLACE_TCP:
	case PLACE_TLS:
		return listener->place.port ||
		       config_error(connect, error, "connect: no port is 0");
	case PLACE_UDP:
	case PLACE_DTLS:
		return config_error(connect, error,
		        "connect: what is called is at tcp://, tls://, unix:// or serial://");
	case PLACE_LOCAL:
		return !listener->place.mode ||
		       config_error(connect, error,
		               "connect: mode is of bind, where the socket is made");
	case PLACE_SERIAL:
		break;
	}
	return true;
}

static struct adapter *line_open(struct loop *loop, const struct adapter_limits *limits,
        const struct config *config, struct error *error)
{
	struct binary_listener *listener =
	        binary_listener_create(loop, limits, config, "connect", error);
	if (!listener)
		return NULL;
	if (check_place(listener, config, error) && read_timeout(listener, config, error) &&
	        binary_line_read(listener, config, error) && open_tls(listener, config, error))
		return &listener->base;
	binary_listener_free(listener);
	return NULL;
}

/* ---- Calling */

static void *up(void *arg, struct stream *stream)
{
	struct binary_listener *listener = arg;
	adapter_set_state(&listener->base, ADAPTER_WELL);
	log_info(
	        "binary", "line up listener=%s peer=%s", listener->base.label, stream_peer(stream));
	return binary_connection_open(listener, stream);
}

static void down(void *arg, const char *why)
{
	struct binary_listener *listener = arg;
	/* A device of the network that is away is no matter of the box's. */
	if (listener->place.kind == PLACE_SERIAL)
		adapter_set_state(&listener->base, ADAPTER_DOWN);
	log_warning("binary", "line down listener=%s to=%s why=%s; trying on", listener->base.label,
	        listener->where, why);
}

static void failed(void *arg)
{
	struct binary_listener *listener = arg;
	listener->base.counters.at[COUNTER_FAILED]++;
}

static bool find_port(void *arg, char *path, size_t size)
{
	const struct binary_listener *listener = arg;
	return adapter_serial_device(&listener->base, slice_of(listener->place.name), path, size);
}

void binary_line_lost(struct binary_listener *listener, const char *peer, const char *why)
{
	log_warning("binary", "line lost listener=%s peer=%s why=%s; trying again",
	        listener->base.label, peer, why);
	dial_lost(listener->dial);
}

bool binary_line_start(struct binary_listener *listener, struct error *error)
{
	const struct dial_settings wanted = { .place = listener->place,
		.find_port = find_port,
		.tls = listener->tls,
		.server_name = listener->server_name,
		.connect_timeout_ms = listener->connect_timeout_ms,
		.retry_ms = listener->retry_ms,
		.retry_max_ms = listener->retry_max_ms,
		.up = up,
		.events = &binary_connection_events,
		.limits = binary_listener_limits(listener),
		.down = down,
		.failed = failed,
		.arg = listener };
	listener->dial = dial_open(listener->loop, &wanted);
	return listener->dial || error_set(error, "out of memory");
}

static bool line_start(struct adapter *adapter, struct error *error)
{
	return binary_line_start((struct binary_listener *)adapter, error);
}

const struct adapter_ops adapter_binary_line = {
	.name = "binary",
	.chosen_by = "connect",
	.settings = settings,
	.open = line_open,
	.stamp = binary_listener_stamp,
	.start = line_start,
	.reply = binary_listener_reply,
	.words = binary_listener_words,
	.command = binary_command,
	.command_abort = binary_command_abort,
	.review = called_review,
	.stop = binary_listener_stop,
	.close = binary_listener_close,
};
