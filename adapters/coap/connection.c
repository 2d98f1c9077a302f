/* One TCP connection: messages out of the stream, signalling (RFC 8323 section 5), answers back.
 *
 * There are no message ids, acknowledgements or duplicates here: what arrives is taken once, and answers leave in any
 * order, told apart by their tokens.
 *
 * BACK-PRESSURE. At most UNDER_WAY_MAX requests of a connection are under way, and none is read while many bytes are
 * unsent. A client that goes away does not take with it what it asked for: a reading that was read is delivered.
 *
 * A LISTENER THAT STOPS says so with Release (section 5.5). A request may have been on its way then: until the client has closed, or a
 * second has passed, they are read and answered as ever.
 *
 * A connection that is silent for `idle` is asked whether it is there (Ping), and closed when nothing comes back. */
#include "adapters/coap/coap.h"
#include "adapters/coap/observe.h"

#include "base/log.h"
#include "net/stream.h"

#include <coap3/coap.h>
#include <stdlib.h>

enum {
	MESSAGE_BASE_BYTES = 1152, /* what each side takes until it says otherwise */
	HEAD_MAX_BYTES = 4096,     /* beside the body */
	SIGNAL_MAX_BYTES = 256,
	UNDER_WAY_MAX = 16,
	UNSENT_HIGH_BYTES = 64 * 1024,
	FIRST_TIMEOUT_MS = 10 * 1000, /* until its CSM is here */
	WHOLE_TIMEOUT_MS = 30 * 1000, /* for a message that has begun */
	PONG_TIMEOUT_MS = 30 * 1000,
	DRAIN_MS = 1000 /* from our Release on */
};

struct connection {
	struct coap_session session;
	struct coap_listener *listener;
	struct stream *stream;
	struct credential credentials[2]; /* what the TLS handshake proved; the stream's */
	struct timer quiet;
	uint64_t opened_ms, partial_since_ms;
	bool partial; /* a message has begun and is not whole */
	bool greeted; /* its CSM was here */
	bool asked;   /* our Ping is not answered */
	bool leaving; /* nothing more is read; ends with its last answer */
	bool paused, ending;
};

static struct connection *connection_of(const struct coap_session *session)
{
	return LIST_OWNER(session, struct connection, session);
}

static size_t message_max_bytes(const struct coap_listener *listener)
{
	return listener->limits->body_max_bytes + HEAD_MAX_BYTES;
}

/* ---- what we say ---- */

static void send_bytes(struct coap_session *session, slice bytes)
{
	struct connection *connection = connection_of(session);
	if (!connection->ending)
		stream_write(connection->stream, bytes);
}

/* A signal with one numeric option (0: none) and a text. */
static void send_signal(struct connection *connection, unsigned char code, slice token,
        unsigned option, uint32_t value, slice text)
{
	char buffer[SIGNAL_MAX_BYTES];
	struct wire_writer writer;
	wire_begin_stream(&writer, buffer, sizeof buffer, token);
	if (option)
		wire_option_number(&writer, option, value);
	if (code == WIRE_SIGNAL_CSM)
		wire_option(&writer, WIRE_CSM_BLOCK_WISE, (slice){ NULL, 0 });
	wire_payload(&writer, text);
	slice bytes = wire_end_stream(&writer, code, token);
	struct coap_caller peer = { .session = &connection->session };
	coap_caller_send(connection->listener, &peer, bytes);
}

static void end(struct connection *connection)
{
	if (!connection->ending)
		stream_close(connection->stream);
	connection->ending = true;
}

static void give_up(struct connection *connection, unsigned option, uint32_t value, slice why)
{
	send_signal(connection, WIRE_SIGNAL_ABORT, (slice){ NULL, 0 }, option, value, why);
	end(connection);
}

static void reject(struct coap_session *session)
{
	give_up(connection_of(session), 0, 0, SLICE("malformed message"));
}

/* ---- signals ---- */

/* A critical option that we do not know: all that are odd, save those of the message's own. */
static bool has_unknown_critical(const struct wire_message *message, unsigned *number)
{
	for (unsigned i = 0; i < message->noptions; i++) {
		*number = message->options[i].number;
		if (*number & 1)
			return true;
	}
	return false;
}

static void take_csm(struct connection *connection, const struct wire_message *message)
{
	const struct wire_option *size = wire_find(message, WIRE_CSM_MAX_MESSAGE_SIZE);
	connection->greeted = true;
	if (size && size->value.n <= 4)
		connection->session.message_max_bytes = wire_number(size->value);
	if (connection->session.message_max_bytes < MESSAGE_BASE_BYTES)
		connection->session.message_max_bytes = MESSAGE_BASE_BYTES;
}

static void take_signal(struct connection *connection, const struct wire_message *message)
{
	unsigned option;
	if (message->code != WIRE_SIGNAL_ABORT && has_unknown_critical(message, &option)) {
		bool is_csm = message->code == WIRE_SIGNAL_CSM;
		give_up(connection, is_csm ? WIRE_ABORT_BAD_CSM_OPTION : 0, option,
		        SLICE("unknown critical option"));
		return;
	}
	switch (message->code) {
	case WIRE_SIGNAL_CSM:
		take_csm(connection, message);
		break;
	case WIRE_SIGNAL_PING:
		send_signal(connection, WIRE_SIGNAL_PONG, message->token, 0, 0, (slice){ NULL, 0 });
		break;
	case WIRE_SIGNAL_RELEASE:
		connection->leaving = true;
		break;
	case WIRE_SIGNAL_ABORT:
		end(connection);
		break;
	default: /* Pong: that it came is enough; others: not ours to judge */
		break;
	}
}

/* ---- what we hear ---- */

static void take_request(
        struct connection *connection, const struct wire_message *message, size_t n)
{
	struct coap_listener *listener = connection->listener;
	struct coap_exchange exchange = {
		.peer = { .session = &connection->session },
		.type = WIRE_NON,
		.request_bytes = n,
	};
	coap_exchange_begin(&exchange, message);
	coap_take(listener, &exchange, message, false);
}

static void take_message(
        struct connection *connection, const struct wire_message *message, size_t n)
{
	if (!connection->greeted && message->code != WIRE_SIGNAL_CSM &&
	        message->code != WIRE_SIGNAL_ABORT)
		give_up(connection, 0, 0, SLICE("the first message is to be a CSM"));
	else if (message->code >> 5 == 7)
		take_signal(connection, message);
	else if (wire_is_request(message))
		take_request(connection, message, n);
	/* An empty message keeps the connection alive, an answer was not asked for. */
}

static void take_malformed(struct connection *connection, const char *why)
{
	struct coap_exchange exchange = { .peer = { .session = &connection->session } };
	connection->leaving = true;
	coap_refuse_malformed(connection->listener, &exchange, why);
}

static unsigned under_way(const struct connection *connection)
{
	unsigned n = 0;
	LIST_EACH (&connection->session.exchanges, at, following)
		n++;
	return n;
}

static bool is_full(const struct connection *connection)
{
	return connection->leaving || connection->ending ||
	       stream_unsent(connection->stream) > UNSENT_HIGH_BYTES ||
	       under_way(connection) >= UNDER_WAY_MAX;
}

/* Reads on, or waits, or ends when all that it was waited for is done. */
static void go_on(struct connection *connection)
{
	if (connection->ending)
		return;
	if (connection->leaving && !under_way(connection)) {
		end(connection);
		return;
	}
	bool full = is_full(connection);
	if (full && !connection->paused)
		stream_pause(connection->stream);
	else if (!full && connection->paused)
		stream_resume(connection->stream);
	connection->paused = full;
}

static void set_deadlines(struct connection *connection)
{
	uint64_t now_ms = loop_now_ms(connection->listener->loop);
	uint64_t deadline_ms =
	        connection->partial ? connection->partial_since_ms + WHOLE_TIMEOUT_MS : 0;
	if (!connection->greeted)
		deadline_ms = connection->opened_ms + FIRST_TIMEOUT_MS;
	stream_set_deadline(connection->stream, deadline_ms);
	timer_set(&connection->quiet, now_ms + connection->listener->idle_ms);
	connection->asked = false;
}

static size_t received(void *owner, struct stream *stream, slice bytes)
{
	struct connection *connection = owner;
	size_t used = 0, max_bytes = message_max_bytes(connection->listener);
	enum wire_verdict verdict = WIRE_OK;
	(void)stream;
	while (used < bytes.n && !is_full(connection)) {
		struct wire_message message;
		const char *why = NULL;
		size_t n = 0;
		verdict = wire_parse_stream(slice_from(bytes, used), max_bytes, &message, &n, &why);
		if (verdict == WIRE_OK)
			take_message(connection, &message, n);
		else if (verdict == WIRE_TOO_LARGE)
			take_malformed(connection, "the message is longer than Max-Message-Size");
		else if (verdict == WIRE_MALFORMED)
			take_malformed(connection, why);
		if (verdict != WIRE_OK)
			break;
		used += n;
	}
	connection->listener->adapter.counters.at[COUNTER_BYTES_IN] += used;
	bool partial = verdict == WIRE_PART;
	if (partial && (used || !connection->partial))
		connection->partial_since_ms = loop_now_ms(connection->listener->loop);
	connection->partial = partial;
	if (!connection->ending)
		set_deadlines(connection);
	go_on(connection);
	return connection->leaving || connection->ending ? bytes.n : used;
}

static void sent(void *owner, struct stream *stream)
{
	struct connection *connection = owner;
	(void)stream;
	observers_catch_up(connection->listener->observers, &connection->session);
	go_on(connection);
}

static void answered(struct coap_session *session)
{
	go_on(connection_of(session));
}

static bool is_behind(const struct coap_session *session)
{
	const struct connection *connection = connection_of(session);
	return stream_unsent(connection->stream) > UNSENT_HIGH_BYTES;
}

/* ---- life ---- */

static void quiet_too_long(struct timer *timer)
{
	struct connection *connection = LIST_OWNER(timer, struct connection, quiet);
	struct coap_listener *listener = connection->listener;
	if (connection->asked) {
		listener->adapter.counters.at[COUNTER_EXPIRED]++;
		log_info("coap", "connection silent too long listener=%s peer=%s",
		        listener->adapter.label, connection->session.peer);
		end(connection);
		return;
	}
	connection->asked = true;
	send_signal(connection, WIRE_SIGNAL_PING, (slice){ NULL, 0 }, 0, 0, (slice){ NULL, 0 });
	timer_set(timer, loop_now_ms(listener->loop) + PONG_TIMEOUT_MS);
}

static void keep_proof(struct connection *connection)
{
	slice certificate = stream_peer_certificate(connection->stream);
	slice identity = stream_psk_identity(connection->stream);
	unsigned n = 0;
	if (certificate.n)
		connection->credentials[n++] = (struct credential){ .kind = CREDENTIAL_CERTIFICATE,
			.secret = certificate };
	if (identity.n)
		connection->credentials[n++] = (struct credential){ .kind = CREDENTIAL_PSK,
			.name = identity,
			.secret = stream_psk_mark(connection->stream) };
	if (n == 2)
		connection->credentials[0].next = &connection->credentials[1];
	if (n)
		connection->session.credentials = connection->credentials;
}

static void *accepted(void *arg, struct stream *stream)
{
	struct coap_listener *listener = arg;
	struct connection *connection = calloc(1, sizeof *connection);
	char *peer = strdup(stream_peer(stream));
	if (!connection || !peer || listener->stopping) {
		free(connection);
		free(peer);
		listener->adapter.counters.at[COUNTER_REFUSED]++;
		return NULL;
	}
	connection->listener = listener;
	connection->stream = stream;
	connection->opened_ms = loop_now_ms(listener->loop);
	connection->session = (struct coap_session){
		.reliable = true,
		.secret = listener->tls != NULL,
		.message_max_bytes = MESSAGE_BASE_BYTES,
		.peer = peer,
		.send = send_bytes,
		.reject = reject,
		.answered = answered,
		.is_behind = is_behind,
	};
	keep_proof(connection);
	timer_init(&connection->quiet, listener->loop, quiet_too_long);
	coap_session_add(listener, &connection->session);
	listener->adapter.counters.at[COUNTER_CONNECTIONS]++;
	send_signal(connection, WIRE_SIGNAL_CSM, (slice){ NULL, 0 }, WIRE_CSM_MAX_MESSAGE_SIZE,
	        (uint32_t)message_max_bytes(listener), (slice){ NULL, 0 });
	set_deadlines(connection);
	return connection;
}

static void refused(void *arg, const char *peer, const char *why)
{
	struct coap_listener *listener = arg;
	adapter_refused(&listener->adapter, peer, why);
}

static void report_end(const struct connection *connection, enum stream_end end, int errno_value)
{
	struct coap_listener *listener = connection->listener;
	if (end == STREAM_END_DEADLINE)
		listener->adapter.counters.at[COUNTER_EXPIRED]++;
	else if (end == STREAM_END_ERROR || end == STREAM_END_FLOOD)
		listener->adapter.counters.at[COUNTER_FAILED]++;
	if (end == STREAM_END_ERROR)
		log_info("coap", "connection lost listener=%s peer=%s why=%s",
		        listener->adapter.label, connection->session.peer, strerror(errno_value));
	else if (end == STREAM_END_DEADLINE)
		log_info("coap", "%s listener=%s peer=%s",
		        connection->greeted ? "a message did not come whole in time"
		                            : "connection without a CSM",
		        listener->adapter.label, connection->session.peer);
}

/* Nobody has to be waited for any more but those whose answers are under way, which the core counts. */
static void at_rest(struct coap_listener *listener)
{
	timer_stop(&listener->drain);
	if (!listener->adapter.draining || listener->closing)
		return;
	listener->adapter.draining = false;
	listener->adapter.answering--;
	adapter_at_rest(&listener->adapter);
}

static void closed(void *owner, struct stream *stream, enum stream_end end, int errno_value)
{
	struct connection *connection = owner;
	struct coap_listener *listener = connection->listener;
	(void)stream;
	/* Once the listener is closing its label, which is the core's, is gone. */
	if (end != STREAM_END_OWNER && !listener->closing)
		report_end(connection, end, errno_value);
	timer_stop(&connection->quiet);
	coap_session_remove(listener, &connection->session);
	if (list_empty(&listener->sessions))
		at_rest(listener);
	free((char *)(uintptr_t)connection->session.peer);
	free(connection);
	coap_release(listener);
}

bool coap_connections_listen(struct coap_listener *listener, struct error *error)
{
	static const struct stream_events events = {
		.received = received, .drained = sent, .closed = closed
	};
	size_t most = message_max_bytes(listener);
	struct stream_accept accept = { .accepted = accepted,
		.refused = refused,
		.events = &events,
		.limits = { .unread_max_bytes = most,
		        .unsent_max_bytes = UNDER_WAY_MAX * most + UNSENT_HIGH_BYTES },
		.connections_max = listener->limits->connections_max,
		.arg = listener,
		.tls = listener->tls,
		.handshake_ms = listener->handshake_ms };
	char why[160];
	listener->connections =
	        stream_listen(listener->loop, listener->address, &accept, why, sizeof why);
	return listener->connections || error_set(error, "%s", why);
}

void coap_connections_drained(struct timer *timer)
{
	struct coap_listener *listener = LIST_OWNER(timer, struct coap_listener, drain);
	LIST_EACH (&listener->sessions, at, following) {
		struct connection *connection =
		        connection_of(LIST_OWNER(at, struct coap_session, link));
		connection->leaving = true;
		go_on(connection);
	}
	at_rest(listener);
}

void coap_connections_stop(struct coap_listener *listener)
{
	if (list_empty(&listener->sessions))
		return;
	listener->adapter.draining = true;
	listener->adapter.answering++;
	timer_set(&listener->drain, loop_now_ms(listener->loop) + DRAIN_MS);
	LIST_EACH (&listener->sessions, at, following) {
		struct connection *connection =
		        connection_of(LIST_OWNER(at, struct coap_session, link));
		send_signal(connection, WIRE_SIGNAL_RELEASE, (slice){ NULL, 0 }, 0, 0,
		        (slice){ NULL, 0 });
	}
}

void coap_connections_renewed(struct coap_listener *listener)
{
	LIST_EACH (&listener->sessions, at, following) {
		struct connection *connection =
		        connection_of(LIST_OWNER(at, struct coap_session, link));
		const char *why =
		        connection->ending ? NULL : stream_peer_doubts(connection->stream);
		if (!why)
			continue;
		adapter_disconnected(&listener->adapter, connection->session.peer, why);
		give_up(connection, 0, 0, slice_of(why));
	}
}

void coap_connections_close(struct coap_listener *listener)
{
	LIST_EACH (&listener->sessions, at, following)
		end(connection_of(LIST_OWNER(at, struct coap_session, link)));
}
