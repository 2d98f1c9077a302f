/* The raw binary listener: the schema and the settings, once; everything per connection is in session.c. */
#include "adapters/binary/call.h"

#include "adapters/common/tls.h"
#include "api/serial_port.h"
#include "base/log.h"

#include <stdlib.h>

enum {
	PATH_MAX_BYTES = 65536,
	MARGIN_BYTES = 64,
	UNSENT_MORE_BYTES = 65536,
	PRIVATE_MODE = 0600,
	DRAIN_TICK_MS = 50
};

static const struct setting settings[] = {
	{ .key = "bind",
	        .type = SETTING_TEXT,
	        .required = true,
	        .help = "where it listens: tcp://, tls://, udp://, dtls://, unix:// or serial://" },
	{ "tls", SETTING_TREE, NULL, false,
	        "TLS: the certificate, and who may come with one or with a key", NULL,
	        tls_settings },
	{ "handshake", SETTING_DURATION, "5s", false, "how long a TLS handshake may take", NULL,
	        NULL },
	BINARY_SETTINGS,
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

/* Of what the board says of the port, where it is the board's. */
static uint64_t port_stamp(const struct config *config)
{
	struct place place;
	struct serial_port port;
	struct error error = { .text = "" };
	char why[PLACE_WHY_BYTES];
	const struct config *at = config_get(config, "bind");
	if (!at)
		at = config_get(config, "connect");
	if (!at || !place_parse(at->text, &place, why) || !*place.name ||
	        !config_serial_port(at, slice_of(place.name), &port, &error))
		return 0;
	return 1 + port.rs485 + 2u * port.rts_low + 4u * port.rts_before_ms +
	       1024u * port.rts_after_ms;
}

/* Of the description and all that it imports (0: it cannot be loaded, which open() says), and of the port. */
uint64_t binary_listener_stamp(const struct config *config)
{
	struct error error = { .text = "" };
	struct frame_schema *schema = load_schema(config, &error);
	uint64_t stamp = schema ? frame_schema_stamp(schema) : 0;
	frame_schema_free(schema);
	return stamp + port_stamp(config);
}

static bool takes_datagrams(const struct place *place)
{
	return place->kind == PLACE_UDP || place->kind == PLACE_DTLS;
}

static bool check_schema(
        const struct binary_listener *listener, const struct config *config, struct error *error)
{
	struct frame_schema *schema = listener->schema;
	bool device = listener->device != NULL;
	struct error inside = { .text = "" };
	struct frame_call_limits limits;
	slice path = config_text(config, "path");
	if (path.n && !frame_schema_set_path(schema, path, device, &inside))
		return config_error(config_get(config, "path"), error, "%s", inside.text);
	if (!frame_schema_has_framing(schema) && !takes_datagrams(&listener->place))
		return config_error(config_get(config, "frame"), error,
		        "the description has no -fairlead/framing, which a listener needs");
	if (frame_schema_has_parameters(schema))
		return config_error(config_get(config, "frame"), error,
		        "the description has params, and nobody tells a listener what they are");
	return frame_schema_has_path(schema) || frame_schema_call(schema, &limits) ||
	       config_error(config_get(config, "frame"), error,
	               "neither the description nor the listener has a path");
}

static bool at_one_end(const struct place *place, bool calls)
{
	return calls || place->kind == PLACE_LOCAL || place->kind == PLACE_SERIAL;
}

static bool read_device(struct binary_listener *listener, const struct config *config, bool calls,
        struct error *error)
{
	const struct config *node = config_get(config, "device");
	if (!node)
		return true;
	if (!at_one_end(&listener->place, calls))
		return config_error(node, error,
		        "anybody may send there: device is said with connect, serial:// and "
		        "unix://");
	if (!node->text.n)
		return config_error(node, error, "the id of a client");
	listener->device = strndup(node->text.p, node->text.n);
	return listener->device || error_set(error, "out of memory");
}

/* What the board says of its port. */
static bool take_port(struct place *place, const struct config *at, struct error *error)
{
	struct serial_port port;
	char why[PLACE_WHY_BYTES];
	if (!config_serial_port(at, slice_of(place->name), &port, error))
		return false;
	const struct serial_settings wired = { .rs485 = port.rs485,
		.rts_low = port.rts_low,
		.rts_before_ms = port.rts_before_ms,
		.rts_after_ms = port.rts_after_ms };
	return place_take_port(place, &wired, why) || config_error(at, error, "%s", why);
}

static bool read_place(struct binary_listener *listener, const struct config *config,
        const char *key, struct error *error)
{
	char why[PLACE_WHY_BYTES];
	const struct config *at = config_get(config, key);
	slice where = config_text(config, key);
	if (!place_parse(where, &listener->place, why))
		return config_error(at ? at : config, error, "%s: %s", key, why);
	if (*listener->place.name && !take_port(&listener->place, at, error))
		return false;
	listener->where = strndup(where.p, where.n);
	return listener->where || error_set(error, "out of memory");
}

static bool refuse_any(const struct config *config, const char *const keys[], bool zero_only,
        const char *why, struct error *error)
{
	for (unsigned i = 0; keys[i]; i++) {
		const struct config *at = config_get(config, keys[i]);
		if (at && (!zero_only || !config_duration_ms(config, keys[i])))
			return config_error(at, error, "%s", why);
	}
	return true;
}

/* Times that would end each connection at once, and those that mean nothing here. */
static bool check_times(
        const struct place *place, bool calls, const struct config *config, struct error *error)
{
	static const char *const times[] = { "login_timeout", "frame_timeout", "idle",
		"answer_timeout", NULL };
	static const char *const silences[] = { "login_timeout", "idle", NULL };
	static const char *const pauses[] = { "retry", "retry_max", NULL };
	bool serial = place->kind == PLACE_SERIAL;
	return refuse_any(config, times, true, "no device is that fast: at least 1ms", error) &&
	       (!serial || refuse_any(config, silences, false,
	                           "a serial line may be silent for ever", error)) &&
	       (serial || calls ||
	               refuse_any(config, pauses, false,
	                       "nobody is called here: of connect and serial:// only", error));
}

static bool read_all(struct binary_listener *listener, const struct config *config,
        const char *where, struct error *error)
{
	bool calls = strcmp(where, "connect") == 0;
	listener->login_timeout_ms = config_duration_ms(config, "login_timeout");
	listener->frame_timeout_ms = config_duration_ms(config, "frame_timeout");
	listener->answer_timeout_ms = config_duration_ms(config, "answer_timeout");
	listener->drain_ms = config_duration_ms(config, "drain");
	if (!read_place(listener, config, where, error) ||
	        !check_times(&listener->place, calls, config, error) ||
	        !read_device(listener, config, calls, error))
		return false;
	listener->schema = load_schema(config, error);
	uint64_t silence_ms = listener->schema ? frame_schema_timeout_ms(listener->schema) : 0;
	listener->idle_ms = silence_ms && !config_get(config, "idle")
	                            ? silence_ms
	                            : config_duration_ms(config, "idle");
	return listener->schema && check_schema(listener, config, error) &&
	       binary_polls_open(listener, config, error);
}

bool binary_listener_takes(const struct binary_listener *listener)
{
	return !listener->stopping || loop_now_ms(listener->loop) < listener->drain_until_ms;
}

static void drain_on(struct timer *timer)
{
	struct binary_listener *listener = LIST_OWNER(timer, struct binary_listener, drain);
	bool over = !binary_listener_takes(listener);
	LIST_EACH (&listener->sessions, at, following)
		binary_session_look_quiet(at, over);
	if (listener->base.answering)
		timer_set(&listener->drain, loop_now_ms(listener->loop) + DRAIN_TICK_MS);
}

struct binary_listener *binary_listener_create(struct loop *loop,
        const struct adapter_limits *limits, const struct config *config, const char *where,
        struct error *error)
{
	struct binary_listener *listener = calloc(1, sizeof *listener);
	if (!listener) {
		(void)error_set(error, "out of memory");
		return NULL;
	}
	listener->loop = loop;
	list_init(&listener->sessions);
	timer_init(&listener->drain, loop, drain_on);
	listener->connections_max = limits->connections_max;
	if (read_all(listener, config, where, error))
		return listener;
	binary_listener_free(listener);
	return NULL;
}

void binary_listener_free(struct binary_listener *listener)
{
	binary_datagrams_close(listener->datagrams);
	tls_close(listener->tls);
	binary_polls_close(listener);
	frame_schema_free(listener->schema);
	free(listener->where);
	free(listener->device);
	free(listener->server_name);
	free(listener);
}

/* Is there a way to listen at that place? */
static bool check_place(
        const struct binary_listener *listener, const struct config *config, struct error *error)
{
	const struct config *bind = config_get(config, "bind"), *tls = config_get(config, "tls");
	const struct place *place = &listener->place;
	struct sockaddr_storage parsed;
	switch (place->kind) {
	case PLACE_TLS:
	case PLACE_DTLS:
		if (!tls)
			return config_error(bind, error,
			        "tls: is missing, with the certificate that the gateway shows");
		break;
	case PLACE_TCP:
		break;
	case PLACE_UDP:
		if (tls)
			return config_error(
			        tls, error, "with TLS it is called dtls://%s", place->address);
		break;
	case PLACE_SERIAL:
	case PLACE_LOCAL:
		return !tls || config_error(tls, error, "there is no TLS over %s", listener->where);
	}
	return net_parse_address(slice_of(place->address), &parsed) ||
	       config_error(bind, error,
	               "bind: %s is no numeric address of this machine, such as tcp://0.0.0.0:5027",
	               listener->where);
}

static struct adapter *listener_open(struct loop *loop, const struct adapter_limits *limits,
        const struct config *config, struct error *error)
{
	struct binary_listener *listener =
	        binary_listener_create(loop, limits, config, "bind", error);
	const struct config *tls = config_get(config, "tls");
	if (!listener)
		return NULL;
	listener->handshake_ms = config_duration_ms(config, "handshake");
	bool good =
	        check_place(listener, config, error) && binary_line_read(listener, config, error);
	if (good && tls)
		listener->tls = tls_settings_open(&listener->base, tls,
		        listener->place.kind == PLACE_DTLS ? TLS_DATAGRAM : TLS_STREAM, error);
	if (good && (!tls || listener->tls))
		return &listener->base;
	binary_listener_free(listener);
	return NULL;
}

static void *accepted(void *arg, struct stream *stream)
{
	return binary_connection_open(arg, stream);
}

static void refused(void *arg, const char *peer, const char *why)
{
	struct binary_listener *listener = arg;
	adapter_refused(&listener->base, peer, why);
}

bool binary_peer_is_proved(const struct binary_listener *listener)
{
	enum place_kind kind = listener->place.kind;
	return kind == PLACE_TCP || kind == PLACE_TLS || kind == PLACE_DTLS;
}

struct stream_limits binary_listener_limits(const struct binary_listener *listener)
{
	size_t most = frame_schema_max_bytes(listener->schema) + MARGIN_BYTES;
	return (struct stream_limits){ .unread_max_bytes = most,
		.unsent_max_bytes = most + UNSENT_MORE_BYTES };
}

static bool listener_start(struct adapter *adapter, struct error *error)
{
	struct binary_listener *listener = (struct binary_listener *)adapter;
	const struct place *place = &listener->place;
	if (place->kind == PLACE_SERIAL)
		return binary_line_start(listener, error);
	struct stream_accept accept = { .accepted = accepted,
		.refused = refused,
		.events = &binary_connection_events,
		.limits = binary_listener_limits(listener),
		.connections_max = listener->connections_max,
		.arg = listener,
		.tls = listener->tls,
		.handshake_ms = listener->handshake_ms };
	char why[160];
	if (takes_datagrams(place))
		listener->datagrams = binary_datagrams_open(listener, why, sizeof why);
	else if (place->kind == PLACE_LOCAL)
		listener->socket = stream_listen_local(listener->loop, place->path,
		        place->mode ? place->mode : PRIVATE_MODE, &accept, why, sizeof why);
	else
		listener->socket = stream_listen(
		        listener->loop, slice_of(place->address), &accept, why, sizeof why);
	if (!listener->socket && !listener->datagrams)
		return error_set(error, "%s", why);
	log_info("binary", "listening listener=%s bind=%s", adapter->label, listener->where);
	return true;
}

void binary_listener_reply(struct adapter *adapter, struct request *request)
{
	(void)adapter;
	binary_session_reply(request);
}

static bool listener_renew(struct adapter *adapter, struct error *error)
{
	struct binary_listener *listener = (struct binary_listener *)adapter;
	if (!tls_settings_renew(listener->tls, error))
		return false;
	binary_datagrams_renewed(listener->datagrams);
	LIST_EACH (&listener->sessions, at, following)
		binary_session_renewed(at);
	return true;
}

void binary_listener_stop(struct adapter *adapter)
{
	struct binary_listener *listener = (struct binary_listener *)adapter;
	listener->base.draining = true;
	/* Who has come by now is heard still. */
	stream_listener_close(listener->socket);
	listener->socket = NULL;
	binary_datagrams_stop(listener->datagrams);
	listener->stopping = true;
	listener->drain_until_ms = loop_now_ms(listener->loop) + listener->drain_ms;
	timer_set(&listener->drain, loop_now_ms(listener->loop) + DRAIN_TICK_MS);
	dial_close(listener->dial);
	listener->dial = NULL;
	LIST_EACH (&listener->sessions, at, following) {
		binary_session_wind_up(at);
	}
}

void binary_listener_release(struct binary_listener *listener)
{
	if (!listener->closing || !list_empty(&listener->sessions))
		return;
	binary_listener_free(listener);
}

/* Sessions that are left are on their way out: the last one's closed() takes the listener with it. */
void binary_listener_close(struct adapter *adapter)
{
	if (!adapter)
		return;
	struct binary_listener *listener = (struct binary_listener *)adapter;
	if (!listener->stopping)
		binary_listener_stop(adapter);
	listener->closing = true;
	timer_stop(&listener->drain);
	LIST_EACH (&listener->sessions, at, following)
		binary_session_cut_off(at);
	binary_listener_release(listener);
}

/* What that is in bytes says the description. */
slice binary_listener_words(struct arena *arena, enum status status, enum method method)
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
	.stamp = binary_listener_stamp,
	.start = listener_start,
	.reply = binary_listener_reply,
	.renew = listener_renew,
	.words = binary_listener_words,
	.command = binary_command,
	.command_abort = binary_command_abort,
	.review = called_review,
	.stop = binary_listener_stop,
	.close = binary_listener_close,
};
