/* The CoAP listener (RFC 7252) over UDP, DTLS, TCP and TLS (RFC 8323): settings, life, and what goes by peer.
 *
 * WHAT IS LIBCOAP'S AND WHAT IS OURS. Options are decoded and encoded by libcoap, their numbers and the codes are
 * libcoap's; reading, duplicates, acknowledging, blocks, observing and connections are ours. The plan was to let
 * libcoap do all of it. With its public interface (4.3.1 and 4.3.4 alike) that fails in three places:
 *   1. A handler must answer before it returns, or libcoap sends an empty acknowledgement at once. Our answers
 *      come from a backend, so each request would cost two datagrams more and a confirmable message of ours to
 *      keep track of, where one piggy-backed answer does.
 *   2. Each turn of coap_io_process() walks every session and reads one datagram: 10 µs a message with no idle
 *      peer, 130 with 8,000 (measured). Datagrams cannot be handed in: coap_handle_dgram() is not exported.
 *   3. It remembers no message ids, so that a repeated POST is a second effect; and its parser and block-wise code
 *      have published crashes, with no way to look at a datagram first.
 * Its TCP and DTLS sessions are the same sessions, so those are ours too, on src/net.
 *
 * WHERE MESSAGES COME FROM. A plain UDP peer is no object at all: its address is a key in the tables. A connection or a
 * DTLS session is a struct coap_session. Everything above the transport only sees a struct coap_caller.
 *
 * THE LIFE OF A REQUEST: a transport reads a message -> is it a duplicate? -> coap_take(): blocks -> request_new(),
 * inbound_read(), request_submit() -> coap_reply() -> coap_answer() -> the answer leaves with the others of this turn. */
#include "adapters/coap/coap.h"

#include "adapters/coap/blocks.h"
#include "adapters/coap/duplicates.h"
#include "adapters/coap/observe.h"
#include "adapters/coap/proof.h"
#include "adapters/coap/separate.h"
#include "adapters/common/tls.h"
#include "base/log.h"
#include "net/dtls.h"
#include "net/stream.h"

#include <stdlib.h>

enum {
	DATAGRAM_MIN_BYTES = 1152, /* RFC 7252 section 4.6 */
	DUPLICATES_MIN = 16,
	DUPLICATES_MAX = 1 << 20,
	OBSERVERS_MAX = 1 << 20,
	ANSWERS_BYTES_EACH = 32, /* heap for large answers to duplicates, per place in the table */
	OBSERVE_INTERVAL_MIN_MS = 10 * 1000,
	OBSERVE_INTERVAL_MAX_MS = 24 * 3600 * 1000, /* RFC 7641 section 4.5 */
	IDLE_MIN_MS = 1000
};

/* ---- peers ---- */

slice coap_caller_key(const struct coap_caller *peer)
{
	if (peer->session)
		return (slice){ (const char *)&peer->session->id, sizeof peer->session->id };
	return datagram_peer_key(&peer->address);
}

bool coap_caller_is_reliable(const struct coap_caller *peer)
{
	return peer->session && peer->session->reliable;
}

void coap_caller_send(struct coap_listener *listener, const struct coap_caller *peer, slice bytes)
{
	if (!bytes.n)
		return;
	listener->adapter.counters.at[COUNTER_BYTES_OUT] += bytes.n;
	if (peer->session)
		peer->session->send(peer->session, bytes);
	else
		datagram_send(listener->datagrams, &peer->address, bytes);
}

void coap_session_add(struct coap_listener *listener, struct coap_session *session)
{
	session->id = ++listener->last_session;
	list_init(&session->exchanges);
	list_append(&listener->sessions, &session->link);
}

void coap_session_remove(struct coap_listener *listener, struct coap_session *session)
{
	LIST_EACH (&session->exchanges, at, following) {
		struct coap_exchange *exchange = LIST_OWNER(at, struct coap_exchange, at_peer);
		exchange->gone = true;
		exchange->peer.session = NULL;
		list_remove(&exchange->link);
		list_remove(at);
	}
	list_remove(&session->link);
	if (listener->observers)
		observers_session_gone(listener->observers, session);
	if (listener->separates && !session->reliable)
		separates_session_gone(listener->separates, session);
}

/* ---- the socket ---- */

static void received(void *owner, const struct datagram_peer *address, slice bytes, bool cut)
{
	struct coap_listener *listener = owner;
	struct coap_caller peer = { .address = *address };
	if (!listener->dtls)
		coap_datagram_received(listener, &peer, bytes, cut);
	else if (!cut)
		dtls_feed(listener->dtls, address, bytes);
}

static void unsent(void *owner, int errno_value)
{
	struct coap_listener *listener = owner;
	listener->adapter.counters.at[COUNTER_FAILED]++;
	log_debug("coap", "a datagram could not be sent: %s", strerror(errno_value));
}

static bool listen_for_datagrams(struct coap_listener *listener, struct error *error)
{
	static const struct datagram_events events = { received, unsent };
	char text[160];
	listener->datagrams = datagram_open(listener->loop, listener->address,
	        listener->datagram_max_bytes, &events, listener, text, sizeof text);
	if (!listener->datagrams)
		return error_set(error, "%s", text);
	return !listener->tls || coap_dtls_open(listener, error);
}

/* ---- settings ---- */

static bool check_settings(
        const struct coap_listener *listener, const struct config *config, struct error *error)
{
	struct sockaddr_storage address;
	if (!net_parse_address(listener->address, &address))
		return config_error(config_get(config, "bind"), error,
		        "bind is an address and a port, as in 0.0.0.0:5683, [::]:5683 or "
		        "tcp://0.0.0.0:5683");
	if (listener->datagram_max_bytes < DATAGRAM_MIN_BYTES ||
	        listener->datagram_max_bytes > DATAGRAM_MAX_BYTES)
		return config_error(config_get(config, "datagram"), error,
		        "datagram must lie between %d and %d bytes", DATAGRAM_MIN_BYTES,
		        DATAGRAM_MAX_BYTES);
	if (listener->duplicates_max < DUPLICATES_MIN || listener->duplicates_max > DUPLICATES_MAX)
		return config_error(config_get(config, "duplicates"), error,
		        "duplicates must lie between %d and %d", DUPLICATES_MIN, DUPLICATES_MAX);
	if (listener->observers_max > OBSERVERS_MAX)
		return config_error(config_get(config, "observers"), error,
		        "observers must lie between 0 and %d", OBSERVERS_MAX);
	if (listener->observe_interval_ms < OBSERVE_INTERVAL_MIN_MS ||
	        listener->observe_interval_ms > OBSERVE_INTERVAL_MAX_MS)
		return config_error(config_get(config, "observe_interval"), error,
		        "observe_interval must lie between 10s and 24h");
	if (listener->idle_ms < IDLE_MIN_MS)
		return config_error(config_get(config, "idle"), error, "idle is at least 1s");
	if (listener->session_idle_ms < IDLE_MIN_MS)
		return config_error(
		        config_get(config, "session_idle"), error, "session_idle is at least 1s");
	return true;
}

static unsigned count_setting(const struct config *config, const char *key)
{
	uint64_t number = config_number(config, key);
	return number > UINT32_MAX ? UINT32_MAX : (unsigned)number;
}

static void read_bind(struct coap_listener *listener, const struct config *config)
{
	slice bind = arena_copy_slice(&listener->arena, config_text(config, "bind"));
	listener->is_stream = slice_starts(bind, SLICE("tcp://"));
	if (listener->is_stream || slice_starts(bind, SLICE("udp://")))
		bind = slice_from(bind, 6);
	listener->address = bind;
}

static bool open_tls(
        struct coap_listener *listener, const struct config *config, struct error *error)
{
	const struct config *tls = config_get(config, "tls");
	if (!tls)
		return true;
	listener->tls = tls_settings_open(
	        &listener->adapter, tls, listener->is_stream ? TLS_STREAM : TLS_DATAGRAM, error);
	return listener->tls != NULL;
}

static void coap_close(struct adapter *);

static struct adapter *coap_open(struct loop *loop, const struct adapter_limits *limits,
        const struct config *config, struct error *error)
{
	struct coap_listener *listener = calloc(1, sizeof *listener);
	if (!listener) {
		(void)error_set(error, "out of memory");
		return NULL;
	}
	listener->loop = loop;
	listener->limits = limits;
	list_init(&listener->sessions);
	list_init(&listener->unacknowledged);
	timer_init(&listener->drain, loop, coap_connections_drained);
	timer_init(&listener->acknowledge, loop, coap_acknowledge_due);
	arena_init(&listener->arena, 64 * 1024);
	read_bind(listener, config);
	listener->token_in_query = slice_is(config_text(config, "token_in_query"), "accept");
	listener->ack_delay_ms = config_duration_ms(config, "ack_delay");
	listener->idle_ms = config_duration_ms(config, "idle");
	listener->session_idle_ms = config_duration_ms(config, "session_idle");
	listener->observe_interval_ms = config_duration_ms(config, "observe_interval");
	listener->datagram_max_bytes = config_size(config, "datagram");
	listener->transfers_max_bytes = config_size(config, "transfers");
	listener->duplicates_max = count_setting(config, "duplicates");
	listener->observers_max = count_setting(config, "observers");
	listener->observers_per_peer = count_setting(config, "observers_per_peer");
	listener->handshake_ms = config_duration_ms(config, "handshake");
	if (check_settings(listener, config, error) && open_tls(listener, config, error))
		return &listener->adapter;
	coap_close(&listener->adapter);
	return NULL;
}

static const char *const token_choices[] = { "refuse", "accept", NULL };

static const struct setting settings[] = {
	ADAPTER_BIND_SETTING,
	{ .key = "tls",
	        .type = SETTING_TREE,
	        .inner = tls_settings,
	        .help = "DTLS, or TLS with tcp:// in bind: the certificate, and how clients may "
	                "prove themselves" },
	{ .key = "handshake",
	        .type = SETTING_DURATION,
	        .fallback = "5s",
	        .help = "how long a TLS or DTLS handshake may take" },
	{ .key = "session_idle",
	        .type = SETTING_DURATION,
	        .fallback = "24h",
	        .help = "how long a DTLS session may be silent" },
	{ .key = "token_in_query",
	        .type = SETTING_TEXT,
	        .fallback = "refuse",
	        .choices = token_choices,
	        .help = "whether callers may show a token as Uri-Query access_token, in the "
	                "clear; under TLS and DTLS they always may" },
	{ .key = "ack_delay",
	        .type = SETTING_DURATION,
	        .fallback = "1s",
	        .help = "how long an answer may take to travel with the acknowledgement" },
	{ .key = "datagram",
	        .type = SETTING_SIZE,
	        .fallback = "2KiB",
	        .help = "the largest datagram taken; larger bodies come in blocks" },
	{ .key = "duplicates",
	        .type = SETTING_NUMBER,
	        .fallback = "32768",
	        .help = "how many messages are remembered, so that a repeated one has no second "
	                "effect" },
	{ .key = "transfers",
	        .type = SETTING_SIZE,
	        .fallback = "4MiB",
	        .help = "the bytes that all bodies in blocks may take together" },
	{ .key = "observers",
	        .type = SETTING_NUMBER,
	        .fallback = "10000",
	        .help = "how many may observe at once; further ones are answered once" },
	{ .key = "observers_per_peer",
	        .type = SETTING_NUMBER,
	        .fallback = "8",
	        .help = "how many resources one peer may observe" },
	{ .key = "observe_interval",
	        .type = SETTING_DURATION,
	        .fallback = "1h",
	        .help = "how often an observer has to acknowledge that it is there, at least" },
	{ .key = "idle",
	        .type = SETTING_DURATION,
	        .fallback = "10m",
	        .help = "after how long a silent connection is asked whether it is there" },
	{ .key = NULL },
};

/* ---- life ---- */

static bool coap_start(struct adapter *adapter, struct error *error)
{
	struct coap_listener *listener = coap_listener_of(adapter);
	size_t answers_max_bytes = (size_t)listener->duplicates_max * ANSWERS_BYTES_EACH;
	listener->blocks =
	        blocks_create(listener->transfers_max_bytes, &listener->adapter.counters);
	listener->observers = observers_create(listener);
	if (!listener->blocks || !listener->observers)
		return error_set(error, "out of memory");
	if (!listener->is_stream) {
		listener->duplicates =
		        duplicates_create(listener->duplicates_max, answers_max_bytes);
		listener->separates = separates_create(listener, observers_confirmed);
		listener->proofs = proofs_create();
		if (!listener->duplicates || !listener->separates || !listener->proofs)
			return error_set(error, "out of memory");
	}
	bool listening = listener->is_stream ? coap_connections_listen(listener, error)
	                                     : listen_for_datagrams(listener, error);
	if (listening)
		log_info("coap", "listening listener=%s bind=%.*s", adapter->label,
		        SLICE_ARG(listener->address));
	return listening;
}

static void coap_stop(struct adapter *adapter)
{
	struct coap_listener *listener = coap_listener_of(adapter);
	/* What has come by now is let in still. */
	adapter->draining = true;
	if (listener->is_stream)
		stream_listener_close(listener->connections);
	else
		datagram_leave(listener->datagrams);
	listener->connections = NULL;
	adapter->draining = false;
	listener->stopping = true;
	observers_stop(listener->observers);
	if (listener->is_stream)
		coap_connections_stop(listener);
}

static bool coap_renew(struct adapter *adapter, struct error *error)
{
	struct coap_listener *listener = coap_listener_of(adapter);
	if (!tls_settings_renew(listener->tls, error))
		return false;
	if (listener->is_stream)
		coap_connections_renewed(listener);
	else
		coap_dtls_renewed(listener);
	return true;
}

void coap_release(struct coap_listener *listener)
{
	if (!listener->closing || !list_empty(&listener->sessions))
		return;
	tls_close(listener->tls);
	arena_finish(&listener->arena);
	free(listener);
}

/* Connections that are left are on their way out: the last one's end takes the listener with it. */
static void coap_close(struct adapter *adapter)
{
	struct coap_listener *listener = coap_listener_of(adapter);
	if (!listener)
		return;
	listener->closing = true;
	timer_stop(&listener->acknowledge);
	timer_stop(&listener->drain);
	observers_destroy(listener->observers);
	separates_destroy(listener->separates);
	listener->observers = NULL;
	listener->separates = NULL;
	if (listener->is_stream) {
		stream_listener_close(listener->connections);
		coap_connections_close(listener);
	}
	dtls_close(listener->dtls);
	datagram_close(listener->datagrams);
	duplicates_destroy(listener->duplicates);
	proofs_destroy(listener->proofs);
	blocks_destroy(listener->blocks);
	coap_release(listener);
}

const struct adapter_ops adapter_coap = {
	.name = "coap",
	.settings = settings,
	.live_files = "tls",
	.open = coap_open,
	.start = coap_start,
	.reply = coap_reply,
	.words = answer_words,
	.push = observers_push,
	.renew = coap_renew,
	.stop = coap_stop,
	.close = coap_close,
};
