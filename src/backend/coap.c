/* coap: calls devices over CoAP (RFC 7252, RFC 8323), plain or secure.
 *
 * A call becomes code and options (coap_ask.h), goes to the device in one message or in blocks (coap_transfer.h), one
 * call at a time and repeated until acknowledged (coap_peer.h), over a socket of the device's own (coap_link.h: UDP;
 * coap_dtls.h: DTLS; coap_channel.h: TCP and TLS); the answer comes back as status, fields and body (coap_answer.h).
 * Values that a device tells unasked come through coap_observe.h.
 *
 * WHAT IS LIBCOAP'S AND WHAT IS OURS. As in the listener (adapters/coap/coap.c), option codec, numbers and codes are
 * libcoap's; the messages are ours. Its client was the plan, and does not do for this:
 *   1. An empty acknowledgement, which tells a device that is slow from one that is away, is not told to its user
 *      (4.3.1 net.c, coap_dispatch: "an empty ACK needs no further handling"). A command for a device that is away
 *      may wait in a mailbox; one that was taken may not.
 *   2. A client session also serves: a device's GET of /.well-known/core is answered, its other requests are
 *      parsed and dispatched, whatever the application wants.
 *   3. A datagram is parsed, matched and, with block-wise transfers, assembled before the application sees it, by code
 *      with published crashes that Debian 12 does not mend. Here wire_parse(), which the listener has too, is
 *      the first to look.
 *   4. Repetition is set for a session, not for a call, so a call's own deadline cannot rule it.
 *
 * DEADLINES. The exchange's deadline rules over everything: queue, name, handshake, repetitions, blocks.
 *
 * `sent` is true from the first datagram that may have reached the device; `away` when nothing at all came back, and when
 * a name has no address, as that of a device which announces itself has none while it is off. */
#include "api/backend.h"

#include "backend/coap_observe.h"
#include "base/uri.h"
#include "codec/content_format.h"

#include <stdlib.h>

enum {
	HOST_MAX_BYTES = 256,
	IN_FLIGHT_MAX = 64,
	QUEUE_MAX = 10000,
	PORT_PLAIN = 5683,
	PORT_SECURE = 5684,
	ACK_TIMEOUT_MIN_MS = 100
};

struct coap_target {
	struct coap_peer *peer;
	struct coap_ask_form form; /* its media is each endpoint's own */
	char host[HOST_MAX_BYTES];
};

/* An endpoint whose value is followed. */
struct coap_watch {
	struct list link;
	struct coap *coap;
	const struct endpoint *endpoint;
	struct coap_observer *observer;
};

struct coap {
	struct backend backend;
	struct loop *loop;
	struct coap_security *security;
	struct coap_target *targets;
	unsigned ntargets;
	size_t answer_max_bytes;
	struct list watches;
};

struct coap_exchange_state {
	struct coap_call call;
	struct coap_ask ask;
	struct coap *coap;
	struct exchange *exchange;
};

/* ---- Opening */

static void close_coap(struct backend *backend)
{
	struct coap *coap = (struct coap *)backend;
	if (!coap)
		return;
	LIST_EACH (&coap->watches, at, following) {
		struct coap_watch *watch = LIST_OWNER(at, struct coap_watch, link);
		coap_observer_close(watch->observer);
		free(watch);
	}
	for (unsigned i = 0; i < coap->ntargets; i++)
		coap_peer_close(coap->targets[i].peer);
	coap_security_close(coap->security);
	free(coap->targets);
	free(coap);
}

static bool is_plain_url(slice url)
{
	for (size_t i = 0; i < url.n; i++) {
		unsigned char c = (unsigned char)url.p[i];
		if (c <= ' ' || c >= 0x7f || c == '@' || c == '?' || c == '#')
			return false;
	}
	return true;
}

static bool is_name(slice host)
{
	bool digits_only = true;
	for (size_t i = 0; i < host.n; i++) {
		if (host.p[i] == ':')
			return false;
		if (host.p[i] != '.' && (host.p[i] < '0' || host.p[i] > '9'))
			digits_only = false;
	}
	return !digits_only;
}

static bool read_scheme(
        slice url, slice scheme, struct coap_link_target *link, bool *secure, struct error *error)
{
	static const struct {
		slice scheme;
		bool connection, secure;
	} schemes[] = {
		{ SLICE_INIT("coap"), false, false },
		{ SLICE_INIT("coaps"), false, true },
		{ SLICE_INIT("coap+tcp"), true, false },
		{ SLICE_INIT("coaps+tcp"), true, true },
	};
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		if (!slice_equal_nocase(scheme, schemes[i].scheme))
			continue;
		link->connection = schemes[i].connection;
		*secure = schemes[i].secure;
		if (!*secure && link->security)
			return error_set(error,
			        "%.*s: nothing is secret or proved over this scheme; identity, "
			        "psk, ca, certificate and key are for coaps and coaps+tcp",
			        SLICE_ARG(url));
		if (!*secure || link->security)
			return true;
		return error_set(error,
		        "%.*s: this needs identity and psk, or ca (and perhaps certificate and "
		        "key)",
		        SLICE_ARG(url));
	}
	return error_set(error, "%.*s: the scheme must be coap, coaps, coap+tcp or coaps+tcp",
	        SLICE_ARG(url));
}

static bool read_url(
        slice url, struct coap_target *own, struct coap_link_target *link, struct error *error)
{
	struct uri uri;
	bool secure = false;
	if (!uri_parse(url, &uri) || !uri.host.n || uri.host.n >= sizeof own->host)
		return error_set(
		        error, "%.*s is no URL of the form coap://host:port/path", SLICE_ARG(url));
	if (!read_scheme(url, uri.scheme, link, &secure, error))
		return false;
	if (!is_plain_url(url))
		return error_set(error, "%.*s: a target has no user, query, fragment or blanks",
		        SLICE_ARG(url));
	memcpy(own->host, uri.host.p, uri.host.n);
	own->host[uri.host.n] = '\0';
	own->form.prefix = uri.path;
	while (own->form.prefix.n && own->form.prefix.p[own->form.prefix.n - 1] == '/')
		own->form.prefix.n--;
	if (is_name(uri.host))
		own->form.host = (slice){ own->host, uri.host.n };
	link->host = own->host;
	link->port = uri.port ? uri.port : secure ? PORT_SECURE : PORT_PLAIN;
	return true;
}

static bool read_settings(
        const struct config *config, struct coap_peer_settings *settings, struct error *error)
{
	uint64_t in_flight = config_number(config, "in_flight"),
	         queue = config_number(config, "queue");
	size_t block = config_size(config, "block");
	*settings = (struct coap_peer_settings){
		.in_flight = (unsigned)in_flight,
		.queue_max = (unsigned)queue,
		.block_size = (unsigned)block,
		.answer_max_bytes = config_size(config, "answer"),
		.ack_timeout_ms = config_duration_ms(config, "ack_timeout"),
		.idle_ms = config_duration_ms(config, "idle"),
	};
	if (!in_flight || in_flight > IN_FLIGHT_MAX)
		return config_error(config_get(config, "in_flight"), error,
		        "in_flight: from 1 to %d", IN_FLIGHT_MAX);
	if (queue > QUEUE_MAX)
		return config_error(
		        config_get(config, "queue"), error, "queue: from 0 to %d", QUEUE_MAX);
	if (block < 16 || block > WIRE_BLOCK_MAX || (block & (block - 1)))
		return config_error(config_get(config, "block"), error,
		        "block: 16, 32, 64, 128, 256, 512 or 1024");
	return settings->ack_timeout_ms >= ACK_TIMEOUT_MIN_MS ||
	       config_error(config_get(config, "ack_timeout"), error, "ack_timeout: at least %d ms",
	               ACK_TIMEOUT_MIN_MS);
}

static bool open_target(struct coap *coap, const struct config *config,
        const struct coap_peer_settings *settings, struct target *target, struct error *error)
{
	struct coap_target *own = &coap->targets[coap->ntargets];
	struct coap_link_target link = { .security = coap->security };
	if (!read_url(target->url, own, &link, error))
		return false;
	if (link.security && link.connection &&
	        !coap_security_open_tls(coap->security, config, error))
		return false;
	own->peer = coap_peer_open(coap->loop, &link, settings, &coap->backend.counters);
	if (!own->peer)
		return error_set(error, "out of memory");
	target->state = own;
	coap->ntargets++;
	return true;
}

static struct backend *open_coap(struct loop *loop, const struct config *config,
        struct target *targets, unsigned ntargets, struct error *error)
{
	struct coap *coap = calloc(1, sizeof *coap);
	struct coap_target *own = calloc(ntargets ? ntargets : 1, sizeof *own);
	if (!coap || !own) {
		free(coap);
		free(own);
		error_set(error, "out of memory");
		return NULL;
	}
	coap->loop = loop;
	coap->targets = own;
	list_init(&coap->watches);
	struct coap_peer_settings settings;
	bool good = read_settings(config, &settings, error) &&
	            coap_security_open(config, &coap->security, error);
	coap->answer_max_bytes = settings.answer_max_bytes;
	for (unsigned i = 0; good && i < ntargets; i++)
		good = open_target(coap, config, &settings, &targets[i], error);
	if (good)
		return &coap->backend;
	close_coap(&coap->backend);
	return NULL;
}

/* ---- Observing */

static void heard(void *owner, enum status status, const struct message *message)
{
	const struct coap_watch *watch = owner;
	struct coap *coap = watch->coap;
	if (status != STATUS_OK)
		coap->backend.counters.at[COUNTER_FAILED]++;
	backend_observed(&coap->backend, watch->endpoint, status, message);
}

static bool watch(struct coap *coap, const struct endpoint *endpoint, struct error *error)
{
	if (coap->ntargets != 1)
		return error_set(error, "what is observed needs a backend of one target");
	struct coap_observer_target target = {
		.peer = coap->targets->peer,
		.form = coap->targets->form,
		.path = endpoint->call.path.n ? endpoint->call.path : endpoint->path,
		.timeout_ms = coap->backend.timeout_ms,
		.answer_max_bytes = coap->answer_max_bytes,
	};
	target.form.media = endpoint->call.media;
	if (target.answer_max_bytes > endpoint->body_max_bytes)
		target.answer_max_bytes = endpoint->body_max_bytes;
	struct coap_watch *own = calloc(1, sizeof *own);
	const char *why = "out of memory";
	if (own)
		own->observer = coap_observer_open(coap->loop, &target, heard, own, &why);
	if (!own || !own->observer) {
		free(own);
		return error_set(error, "%s", why);
	}
	own->coap = coap;
	own->endpoint = endpoint;
	list_append(&coap->watches, &own->link);
	return true;
}

static void start_coap(struct backend *backend)
{
	struct coap *coap = (struct coap *)backend;
	LIST_EACH (&coap->watches, at, following)
		coap_observer_start(LIST_OWNER(at, struct coap_watch, link)->observer);
}

static bool bind_coap(struct backend *backend, const struct endpoint *endpoint, const void **bound,
        struct error *error)
{
	struct coap *coap = (struct coap *)backend;
	*bound = NULL;
	slice media = endpoint->call.media;
	if (media.n && content_format_number(media) < 0)
		return error_set(error, "CoAP has no content format for %.*s", SLICE_ARG(media));
	if (endpoint->call.has_method && endpoint->call.method >= METHOD_HEAD)
		return error_set(
		        error, "CoAP has no method %s", method_name(endpoint->call.method));
	return !endpoint->observe || watch(coap, endpoint, error);
}

/* ---- Calls */

/* How a call without an answer is said. */
static enum status say(struct exchange *exchange, enum status status, const char *why)
{
	exchange->why = slice_of(why);
	return status;
}

static enum status end_unanswered(
        struct exchange *exchange, const struct coap_call *call, enum coap_end end)
{
	const char *why;
	enum status status = coap_end_status(end, &why);
	if (end == COAP_END_MALFORMED && call->why)
		exchange->why = arena_printf(exchange->arena, "%s: %s", why, call->why);
	else
		exchange->why = slice_of(end == COAP_END_REFUSED && call->why ? call->why : why);
	return status;
}

static void count_end(struct counters *counters, enum coap_end end)
{
	switch (end) {
	case COAP_END_MALFORMED:
		counters->at[COUNTER_MALFORMED]++;
		break;
	case COAP_END_SILENT:
	case COAP_END_NO_SESSION:
	case COAP_END_DEADLINE:
	case COAP_END_QUEUED:
		counters->at[COUNTER_EXPIRED]++;
		break;
	case COAP_END_RESET:
	case COAP_END_TOO_LARGE:
	case COAP_END_NO_ADDRESS:
	case COAP_END_UNREACHABLE:
	case COAP_END_BROKEN:
		counters->at[COUNTER_FAILED]++;
		break;
	case COAP_END_BUSY:
		counters->at[COUNTER_REFUSED]++;
		break;
	case COAP_END_REFUSED: /* the link has counted it */
	case COAP_END_NO_ROOM:
	case COAP_END_ANSWER:
	case COAP_END_ABORTED:
		break;
	}
}

/* All of the request is there, and is acted on whether its answer comes or not. */
static bool device_has_it(const struct coap_call *call)
{
	const struct coap_transfer *transfer = &call->transfer;
	bool last = transfer->uploaded + transfer->piece == call->ask->body.n;
	return transfer->downloading || (call->active && call->acknowledged && last);
}

static void call_done(struct coap_call *call, enum coap_end end)
{
	struct coap_exchange_state *state = call->owner;
	struct exchange *exchange = state->exchange;
	exchange->state = NULL;
	exchange->sent = call->sent;
	exchange->acknowledged = device_has_it(call);
	exchange->away =
	        !exchange->acknowledged && (end == COAP_END_UNREACHABLE || end == COAP_END_SILENT ||
	                                           end == COAP_END_NO_ADDRESS);
	count_end(&state->coap->backend.counters, end);
	if (end != COAP_END_ANSWER) {
		exchange_done(exchange, end_unanswered(exchange, call, end));
		return;
	}
	slice body = { call->transfer.body, call->transfer.body_bytes };
	enum status status = coap_answer_apply(&call->transfer.answer, body, exchange);
	if (status == STATUS_BAD_BACKEND || call->transfer.answer.code >> 5 == 5)
		state->coap->backend.counters.at[COUNTER_FAILED]++;
	exchange_done(exchange, status);
}

static void send_coap(struct backend *backend, struct exchange *exchange)
{
	const struct request *request = exchange->request;
	const struct coap_target *target = exchange->target->state;
	struct coap_exchange_state *state = ARENA_NEW(exchange->arena, struct coap_exchange_state);
	if (!state) {
		exchange_done(exchange,
		        say(exchange, STATUS_TOO_LARGE, "no memory left for this request"));
		return;
	}
	struct coap_ask_form form = target->form;
	form.media = request->endpoint ? request->endpoint->call.media : (slice){ NULL, 0 };
	const char *why = NULL;
	enum status status = coap_ask_make(
	        &state->ask, exchange->arena, &request->call, request->accept, &form, &why);
	if (status != STATUS_NONE) {
		exchange_done(exchange, say(exchange, status, why));
		return;
	}
	state->coap = (struct coap *)backend;
	state->exchange = exchange;
	state->call.ask = &state->ask;
	state->call.arena = exchange->arena;
	state->call.deadline_ms = exchange->deadline_ms;
	state->call.done = call_done;
	state->call.owner = state;
	exchange->state = state;
	coap_peer_send(target->peer, &state->call);
}

static void abort_coap(struct backend *backend, struct exchange *exchange)
{
	(void)backend;
	struct coap_exchange_state *state = exchange->state;
	if (state)
		coap_call_abort(&state->call);
}

static const struct setting settings[] = {
	BACKEND_DEVICE_SETTINGS,
	COAP_SECURITY_SETTINGS,
	{ .key = "in_flight",
	        .type = SETTING_NUMBER,
	        .fallback = "1",
	        .help = "the most calls under way to one target at a time (NSTART)" },
	{ .key = "queue",
	        .type = SETTING_NUMBER,
	        .fallback = "64",
	        .help = "the most calls that wait for one target" },
	{ .key = "ack_timeout",
	        .type = SETTING_DURATION,
	        .fallback = "2s",
	        .help = "how long to wait for an acknowledgement before a message is repeated" },
	{ .key = "block",
	        .type = SETTING_SIZE,
	        .fallback = "1024",
	        .help = "the largest block of a body sent in one message" },
	{ .key = "answer",
	        .type = SETTING_SIZE,
	        .fallback = "1MiB",
	        .help = "the largest answer taken" },
	{ .key = "idle",
	        .type = SETTING_DURATION,
	        .fallback = "60s",
	        .help = "how long an unused socket or secure session is kept" },
	{ .key = NULL },
};

const struct backend_ops backend_coap = {
	.name = "coap",
	.settings = settings,
	.takes = BACKEND_TAKES_BYTES,
	.needs_targets = true,
	.calls_devices = true,
	.open = open_coap,
	.bind = bind_coap,
	.start = start_coap,
	.send = send_coap,
	.abort = abort_coap,
	.close = close_coap,
};
