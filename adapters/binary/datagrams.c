/* Sessions over UDP, and over DTLS: one for each address that sends, from its first datagram until it has been silent for `idle`.
 *
 * A DATAGRAM IS WHOLE. Its frames are cut out of it and nothing else: what is left at its end is no frame, and never joins the next
 * one. A description without framing takes each datagram as one frame.
 *
 * BACK-PRESSURE cannot reach a sender of datagrams. What comes while frames of the same peer are under way waits in its
 * order, up to QUEUE_MAX datagrams and QUEUE_MAX_BYTES; what comes beyond that is dropped, and counted (COUNTER_DROPPED). All
 * peers together keep no more than QUEUES_MAX_BYTES.
 *
 * ROOM. When there are as many sessions as connections may be, the peer that was silent for longest makes room, if it
 * waits for nothing; if all do, the new one is turned away.
 *
 * OVER DTLS the peers, their number and their room are those of net/dtls.h, and have proved that they are where they say, mostly also who
 * they are; what they send is read in the same way.
 *
 * WHO IS THERE, without it. A datagram may bear any address, so that nobody is believed by it here (binary_peer_is_proved()), and what
 * one has logged in as, whoever can send in its name is, too. */
#include "adapters/binary/session.h"

#include "base/table.h"
#include "net/datagram.h"
#include "net/dtls.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	DATAGRAM_MIN_BYTES = 2048,
	RECORD_MORE_BYTES = 64, /* than its plaintext has a record of DTLS */
	QUEUE_MAX = 64,
	QUEUE_MAX_BYTES = 256 * 1024,
	QUEUES_MAX_BYTES = 16 * 1024 * 1024,
	PEER_TEXT_BYTES = 64
};

struct binary_datagrams {
	struct binary_listener *listener;
	struct datagram_socket *socket;
	struct dtls *dtls; /* NULL: in the clear; then */
	struct peer *peers;
	struct list recent; /* of all, the longest silent first */
	unsigned npeers;
	size_t queued_bytes;
};

struct waiting {
	struct list link;
	size_t n, at; /* of its bytes, and where the first unread one is */
	bool cut;
	char bytes[];
};

struct peer {
	UT_hash_handle hh;
	struct list link;
	struct datagram_peer address;
	struct binary_datagrams *all;
	struct dtls_session *dtls; /* NULL: in the clear, or it is gone */
	struct session *session;
	struct list queue;
	size_t queued_bytes;
	unsigned queued;
	struct task go_on; /* reads what waits; or, once it is closed, ends it */
	bool paused, closed;
};

/* ---- What waits ---- */

static void unqueue(struct peer *peer, struct waiting *waiting)
{
	list_remove(&waiting->link);
	peer->queued--;
	peer->queued_bytes -= waiting->n;
	peer->all->queued_bytes -= waiting->n;
	free(waiting);
}

static void queue(struct peer *peer, slice bytes, bool cut)
{
	struct binary_datagrams *all = peer->all;
	bool room = peer->queued < QUEUE_MAX && peer->queued_bytes + bytes.n <= QUEUE_MAX_BYTES &&
	            all->queued_bytes + bytes.n <= QUEUES_MAX_BYTES;
	struct waiting *waiting = room ? malloc(sizeof *waiting + bytes.n) : NULL;
	if (!waiting) {
		all->listener->base.counters.at[COUNTER_DROPPED]++;
		return;
	}
	*waiting = (struct waiting){ .n = bytes.n, .cut = cut };
	memcpy(waiting->bytes, bytes.p ? bytes.p : "", bytes.n);
	list_append(&peer->queue, &waiting->link);
	peer->queued++;
	peer->queued_bytes += bytes.n;
	all->queued_bytes += bytes.n;
}

/* ---- A datagram ---- */

/* Returns how many of its bytes are done with: all, unless the session pauses. */
static size_t read_datagram(struct peer *peer, slice bytes, bool cut)
{
	size_t used = session_received_last(peer->session, bytes);
	if (used == bytes.n || peer->paused || peer->closed)
		return used;
	session_broken(peer->session, slice_from(bytes, used),
	        cut ? "a datagram longer than any frame" : "a datagram that ends within a frame");
	return bytes.n;
}

/* The session lives until the peer does. */
static void read_queue(struct peer *peer)
{
	while (!list_empty(&peer->queue) && !peer->paused && !peer->closed) {
		struct waiting *waiting = LIST_OWNER(peer->queue.next, struct waiting, link);
		slice rest = { waiting->bytes + waiting->at, waiting->n - waiting->at };
		waiting->at += read_datagram(peer, rest, waiting->cut);
		if (waiting->at == waiting->n)
			unqueue(peer, waiting);
	}
}

/* ---- Peers ---- */

static void end(struct peer *peer)
{
	struct binary_datagrams *all = peer->all;
	while (!list_empty(&peer->queue)) {
		all->listener->base.counters.at[COUNTER_DROPPED]++;
		unqueue(peer, LIST_OWNER(peer->queue.next, struct waiting, link));
	}
	task_cancel(&peer->go_on);
	if (peer->dtls)
		dtls_end(peer->dtls);
	if (!all->dtls) {
		list_remove(&peer->link);
		HASH_DEL(all->peers, peer);
		all->npeers--;
	}
	struct session *session = peer->session;
	free(peer);
	/* May take the listener with it, and all this. */
	session_closed(session, STREAM_END_OWNER, 0, "");
}

static void go_on(struct task *task)
{
	struct peer *peer = LIST_OWNER(task, struct peer, go_on);
	if (!peer->closed)
		read_queue(peer);
	else
		end(peer);
}

static void send_datagram(void *wire, slice bytes)
{
	const struct peer *peer = wire;
	bool sent = !peer->all->dtls && bytes.n <= DATAGRAM_MAX_BYTES;
	if (sent)
		datagram_send(peer->all->socket, &peer->address, bytes);
	else if (peer->dtls)
		sent = dtls_send(peer->dtls, bytes);
	if (!sent)
		peer->all->listener->base.counters.at[COUNTER_DROPPED]++;
}

static void pause_peer(void *wire)
{
	struct peer *peer = wire;
	peer->paused = true;
}

static void resume_peer(void *wire)
{
	struct peer *peer = wire;
	peer->paused = false;
	loop_defer(peer->all->listener->loop, &peer->go_on);
}

/* A datagram leaves nothing unread. */
static void nothing_unread(void *wire)
{
	(void)wire;
}

static void close_peer(void *wire)
{
	struct peer *peer = wire;
	peer->closed = true;
	loop_defer(peer->all->listener->loop, &peer->go_on);
}

static const char *doubts(const void *wire)
{
	const struct peer *peer = wire;
	return peer->dtls ? dtls_peer_doubts(peer->dtls) : NULL;
}

static const struct wire_ops ops = {
	.write = send_datagram,
	.pause = pause_peer,
	.resume = resume_peer,
	.offer = nothing_unread,
	.forget = nothing_unread,
	.close = close_peer,
	.abort = close_peer,
	.doubts = doubts,
};

static struct peer *find(const struct binary_datagrams *all, const struct datagram_peer *address)
{
	struct peer *found = NULL;
	slice key = datagram_peer_key(address);
	HASH_FIND(hh, all->peers, key.p, (unsigned)key.n, found);
	return found;
}

/* false: everybody waits for something. */
static bool make_room(struct binary_datagrams *all)
{
	LIST_EACH (&all->recent, at, following) {
		struct peer *peer = LIST_OWNER(at, struct peer, link);
		if (peer->closed || !session_is_idle(peer->session) || peer->queued)
			continue;
		end(peer);
		return true;
	}
	return false;
}

/* With a session of its own, which may speak first. `dtls`: over it, or NULL. `shown` is taken over. NULL: out of memory, or
 * stopping. */
static struct peer *peer_create(struct binary_datagrams *all, const struct datagram_peer *address,
        struct dtls_session *dtls, struct tls_shown *shown)
{
	char text[PEER_TEXT_BYTES];
	struct peer *peer = calloc(1, sizeof *peer);
	if (!peer) {
		free(shown->memory);
		return NULL;
	}
	peer->all = all;
	peer->address = *address;
	peer->dtls = dtls;
	list_init(&peer->link);
	list_init(&peer->queue);
	task_init(&peer->go_on, go_on);
	net_address_text(&address->address.any, text, sizeof text);
	peer->session = session_open(all->listener, &ops, peer, text, shown);
	if (peer->session)
		return peer;
	free(peer);
	return NULL;
}

static struct peer *add(struct binary_datagrams *all, const struct datagram_peer *address)
{
	struct tls_shown shown = { .memory = NULL };
	struct peer *peer = peer_create(all, address, NULL, &shown);
	if (!peer)
		return NULL;
	list_append(&all->recent, &peer->link);
	all->npeers++;
	slice key = datagram_peer_key(&peer->address);
	HASH_ADD_KEYPTR(hh, all->peers, key.p, (unsigned)key.n, peer);
	if (find(all, address) == peer)
		return peer;
	/* There was no memory for it in the table. */
	peer->closed = true;
	task_cancel(&peer->go_on);
	list_remove(&peer->link);
	all->npeers--;
	session_closed(peer->session, STREAM_END_OWNER, 0, "");
	free(peer);
	return NULL;
}

static struct peer *peer_of(struct binary_datagrams *all, const struct datagram_peer *address)
{
	char text[PEER_TEXT_BYTES];
	struct peer *peer = find(all, address);
	if (peer)
		return peer;
	if (all->npeers < all->listener->connections_max || make_room(all))
		return add(all, address);
	net_address_text(&address->address.any, text, sizeof text);
	adapter_refused(&all->listener->base, text, "there are too many peers");
	return NULL;
}

/* One that has just arrived. */
static void take_datagram(struct peer *peer, slice bytes, bool cut)
{
	size_t used = 0;
	if (peer->closed) {
		peer->all->listener->base.counters.at[COUNTER_DROPPED]++;
		return;
	}
	if (list_empty(&peer->queue) && !peer->paused)
		used = read_datagram(peer, bytes, cut);
	if (used < bytes.n && !peer->closed)
		queue(peer, slice_from(bytes, used), cut);
}

/* ---- DTLS ---- */

static void *secure_opened(void *arg, struct dtls_session *dtls)
{
	struct binary_datagrams *all = arg;
	struct tls_shown shown;
	struct peer *peer = NULL;
	if (tls_shown_keep(dtls_peer_certificate(dtls), dtls_psk_identity(dtls),
	            dtls_psk_mark(dtls), &shown))
		peer = peer_create(all, dtls_peer(dtls), dtls, &shown);
	return peer;
}

static void secure_received(void *owner, struct dtls_session *dtls, slice plaintext)
{
	(void)dtls;
	take_datagram(owner, plaintext, false);
}

static void secure_closed(void *owner, struct dtls_session *dtls, enum dtls_end how)
{
	struct peer *peer = owner;
	uint64_t *counters = peer->all->listener->base.counters.at;
	(void)dtls;
	counters[COUNTER_EXPIRED] += how == DTLS_END_IDLE;
	counters[COUNTER_FAILED] += how == DTLS_END_ERROR;
	peer->dtls = NULL;
	close_peer(peer);
}

static void secure_refused(void *arg, const char *peer, const char *why)
{
	struct binary_datagrams *all = arg;
	if (!all->listener->closing)
		adapter_refused(&all->listener->base, peer, why);
}

static bool open_dtls(struct binary_datagrams *all)
{
	static const struct dtls_events secure_events = { .opened = secure_opened,
		.received = secure_received,
		.closed = secure_closed,
		.refused = secure_refused };
	const struct binary_listener *listener = all->listener;
	const struct dtls_limits limits = { .sessions_max = listener->connections_max,
		.idle_ms = listener->idle_ms,
		.handshake_ms = listener->handshake_ms };
	if (listener->tls)
		all->dtls = dtls_open(
		        listener->loop, all->socket, listener->tls, &limits, &secure_events, all);
	return !listener->tls || all->dtls;
}

void binary_datagrams_renewed(struct binary_datagrams *all)
{
	if (all && all->dtls)
		dtls_renewed(all->dtls);
}

/* ---- The socket ---- */

static void received(void *owner, const struct datagram_peer *address, slice bytes, bool cut)
{
	struct binary_datagrams *all = owner;
	if (all->listener->stopping)
		return;
	if (all->dtls) {
		if (!cut)
			dtls_feed(all->dtls, address, bytes);
		return;
	}
	struct peer *peer = peer_of(all, address);
	if (!peer)
		return;
	list_remove(&peer->link);
	list_append(&all->recent, &peer->link);
	take_datagram(peer, bytes, cut);
}

static void unsent(void *owner, int errno_value)
{
	struct binary_datagrams *all = owner;
	(void)errno_value;
	if (!all->listener->closing)
		all->listener->base.counters.at[COUNTER_FAILED]++;
}

static const struct datagram_events events = { .received = received, .unsent = unsent };

struct binary_datagrams *binary_datagrams_open(
        struct binary_listener *listener, char *error_text, size_t error_size)
{
	struct binary_datagrams *all = calloc(1, sizeof *all);
	size_t most = frame_schema_max_bytes(listener->schema);
	if (!all) {
		(void)snprintf(error_text, error_size, "out of memory");
		return NULL;
	}
	most = most < DATAGRAM_MIN_BYTES ? DATAGRAM_MIN_BYTES : most + RECORD_MORE_BYTES;
	all->listener = listener;
	list_init(&all->recent);
	all->socket = datagram_open(listener->loop, slice_of(listener->place.address),
	        most < DATAGRAM_MAX_BYTES ? most : DATAGRAM_MAX_BYTES, &events, all, error_text,
	        error_size);
	if (all->socket && open_dtls(all))
		return all;
	if (all->socket)
		(void)snprintf(error_text, error_size, "out of memory");
	datagram_close(all->socket);
	free(all);
	return NULL;
}

void binary_datagrams_stop(struct binary_datagrams *all)
{
	if (all)
		datagram_leave(all->socket);
}

void binary_datagrams_close(struct binary_datagrams *all)
{
	if (!all)
		return;
	dtls_close(all->dtls);
	datagram_close(all->socket);
	free(all);
}
