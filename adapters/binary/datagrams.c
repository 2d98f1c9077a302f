/* Sessions over UDP: one for each address that sends, from its first datagram until it has been silent for `idle`.
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
 * WHO IS THERE. A datagram may bear any address, so that nobody is believed by it here (binary_peer_is_proved()), and what
 * one has logged in as, whoever can send in its name is, too. */
#include "adapters/binary/session.h"

#include "base/table.h"
#include "net/datagram.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	DATAGRAM_MIN_BYTES = 2048,
	QUEUE_MAX = 64,
	QUEUE_MAX_BYTES = 256 * 1024,
	QUEUES_MAX_BYTES = 16 * 1024 * 1024,
	PEER_TEXT_BYTES = 64
};

struct binary_datagrams {
	struct binary_listener *listener;
	struct datagram_socket *socket;
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
	list_remove(&peer->link);
	HASH_DEL(all->peers, peer);
	all->npeers--;
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
	if (bytes.n <= DATAGRAM_MAX_BYTES)
		datagram_send(peer->all->socket, &peer->address, bytes);
	else
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
	(void)wire;
	return NULL;
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

static struct peer *add(struct binary_datagrams *all, const struct datagram_peer *address)
{
	struct peer *peer = calloc(1, sizeof *peer);
	if (!peer)
		return NULL;
	peer->all = all;
	peer->address = *address;
	list_init(&peer->queue);
	task_init(&peer->go_on, go_on);
	slice key = datagram_peer_key(&peer->address);
	HASH_ADD_KEYPTR(hh, all->peers, key.p, (unsigned)key.n, peer);
	if (find(all, address) != peer) {
		free(peer);
		return NULL;
	}
	char text[PEER_TEXT_BYTES];
	struct tls_shown shown = { .memory = NULL };
	net_address_text(&address->address.any, text, sizeof text);
	peer->session = session_open(all->listener, &ops, peer, text, &shown);
	if (!peer->session) {
		HASH_DEL(all->peers, peer);
		free(peer);
		return NULL;
	}
	list_append(&all->recent, &peer->link);
	all->npeers++;
	return peer;
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

/* ---- The socket ---- */

static void received(void *owner, const struct datagram_peer *address, slice bytes, bool cut)
{
	struct binary_datagrams *all = owner;
	if (all->listener->stopping)
		return;
	struct peer *peer = peer_of(all, address);
	if (!peer || peer->closed) {
		all->listener->base.counters.at[COUNTER_DROPPED] += peer != NULL;
		return;
	}
	list_remove(&peer->link);
	list_append(&all->recent, &peer->link);
	size_t used = 0;
	if (list_empty(&peer->queue) && !peer->paused)
		used = read_datagram(peer, bytes, cut);
	if (used < bytes.n && !peer->closed)
		queue(peer, slice_from(bytes, used), cut);
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
	most = most < DATAGRAM_MIN_BYTES ? DATAGRAM_MIN_BYTES : most;
	all->listener = listener;
	list_init(&all->recent);
	all->socket = datagram_open(listener->loop, slice_of(listener->place.address),
	        most < DATAGRAM_MAX_BYTES ? most : DATAGRAM_MAX_BYTES, &events, all, error_text,
	        error_size);
	if (all->socket)
		return all;
	free(all);
	return NULL;
}

void binary_datagrams_stop(struct binary_datagrams *all)
{
	if (all)
		datagram_share(all->socket);
}

void binary_datagrams_close(struct binary_datagrams *all)
{
	if (!all)
		return;
	datagram_close(all->socket);
	free(all);
}
