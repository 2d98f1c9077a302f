#include "audit/flood.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/request.h"
#include "base/list.h"
#include "base/table.h"

enum { KEPT_WHO = 64, KEY_MAX_BYTES = 512 };

struct source {
	struct list link; /* in the order in which their windows end */
	UT_hash_handle hh;
	uint64_t key, until_ms;
	uint64_t count, since_ns; /* in this window, besides those that were written */
	enum audit_kind kind;
	const char *action;
	enum status status;
	char peer[FLOOD_PEER_BYTES], protocol[16], listener[NAME_MAX_BYTES], who[KEPT_WHO];
};

struct flood {
	void (*write)(void *arg, const struct note *);
	void *arg;
	struct source *by_key;
	struct list sources;
	unsigned n, max;
	struct source rest; /* those for whom there is no room; until_ms 0: nobody */
};

struct flood *flood_create(unsigned max, void (*write)(void *arg, const struct note *), void *arg)
{
	struct flood *flood = calloc(1, sizeof *flood);
	if (!flood)
		return NULL;
	flood->max = max;
	flood->write = write;
	flood->arg = arg;
	list_init(&flood->sources);
	return flood;
}

static void forget(struct flood *flood, struct source *source)
{
	HASH_DEL(flood->by_key, source);
	list_remove(&source->link);
	flood->n--;
	free(source);
}

void flood_destroy(struct flood *flood)
{
	if (!flood)
		return;
	LIST_EACH (&flood->sources, at, following)
		forget(flood, LIST_OWNER(at, struct source, link));
	free(flood);
}

unsigned flood_count(const struct flood *flood)
{
	return flood->n;
}

/* ---- Who is one peer. */

void flood_peer(slice peer, char to[FLOOD_PEER_BYTES])
{
	slice address = peer_address(peer);
	unsigned char bytes[16];
	char text[INET6_ADDRSTRLEN];
	size_t n = address.n < FLOOD_PEER_BYTES ? address.n : FLOOD_PEER_BYTES - 1;
	if (n)
		memcpy(to, address.p, n);
	to[n] = '\0';
	if (!memchr(to, ':', n) || inet_pton(AF_INET6, to, bytes) != 1)
		return;
	if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)bytes)) {
		if (inet_ntop(AF_INET, bytes + 12, text, sizeof text))
			(void)snprintf(to, FLOOD_PEER_BYTES, "%s", text);
		return;
	}
	/* Whoever has one address of a network has all of them. */
	memset(bytes + 8, 0, 8);
	if (inet_ntop(AF_INET6, bytes, text, sizeof text))
		(void)snprintf(to, FLOOD_PEER_BYTES, "%s/64", text);
}

/* ---- Events. */

static void keep_text(char *to, size_t size, slice text)
{
	size_t n = text.n < size ? text.n : size - 1;
	if (n)
		memcpy(to, text.p, n);
	to[n] = '\0';
}

static void remember(struct source *source, const struct audit_event *event)
{
	keep_text(source->who, sizeof source->who, event->who);
}

static uint64_t key_of(const struct audit_event *event, const char *peer)
{
	char text[KEY_MAX_BYTES];
	/* A name that nobody has proved can be another one each time. */
	bool by_who = event->kind != AUDIT_REFUSAL || event->status == STATUS_FORBIDDEN;
	slice who = by_who ? event->who : (slice){ NULL, 0 };
	int n = snprintf(text, sizeof text, "%s\n%s\n%s\n%d\n%.*s", peer, event->action,
	        event->listener ? event->listener : "", (int)event->status, SLICE_ARG(who));
	size_t bytes = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
	return random_keyed_hash(text, bytes);
}

static void count(struct source *source, const struct audit_event *event, uint64_t wall_ns)
{
	if (!source->count++)
		source->since_ns = wall_ns;
	remember(source, event);
}

static struct source *find(struct flood *flood, uint64_t key)
{
	struct source *source;
	HASH_FIND(hh, flood->by_key, &key, sizeof key, source);
	return source;
}

/* NULL: there is no room. */
static struct source *add(struct flood *flood, uint64_t key)
{
	struct source *source = flood->n < flood->max ? calloc(1, sizeof *source) : NULL;
	if (!source)
		return NULL;
	source->key = key;
	HASH_ADD(hh, flood->by_key, key, sizeof source->key, source);
	if (find(flood, key) != source) {
		free(source);
		return NULL;
	}
	list_append(&flood->sources, &source->link);
	flood->n++;
	return source;
}

static void take_beyond(
        struct flood *flood, const struct audit_event *event, struct flood_time time)
{
	struct source *rest = &flood->rest;
	if (!rest->until_ms) {
		*rest = (struct source){
			.kind = event->kind, .action = event->action, .status = event->status
		};
		rest->until_ms = time.now_ms + time.window_ms;
	}
	count(rest, event, time.wall_ns);
	rest->who[0] = '\0';
}

void flood_take(struct flood *flood, const struct audit_event *event, struct flood_time time)
{
	char peer[FLOOD_PEER_BYTES];
	(void)flood_pass(flood, time);
	flood_peer(event->peer, peer);
	uint64_t key = key_of(event, peer);
	struct source *source = find(flood, key);
	if (source) {
		count(source, event, time.wall_ns);
		return;
	}
	source = add(flood, key);
	if (!source) {
		take_beyond(flood, event, time);
		return;
	}
	source->until_ms = time.now_ms + time.window_ms;
	source->kind = event->kind;
	source->action = event->action;
	source->status = event->status;
	memcpy(source->peer, peer, sizeof peer);
	keep_text(source->protocol, sizeof source->protocol, slice_of(event->protocol));
	keep_text(source->listener, sizeof source->listener, slice_of(event->listener));
	remember(source, event);
	const struct note note = { .event = *event, .time_ns = time.wall_ns };
	flood->write(flood->arg, &note);
}

static void write_count(struct flood *flood, struct source *source, slice detail, uint64_t wall_ns)
{
	const struct note note = { .time_ns = wall_ns,
		.count = source->count,
		.since_ns = source->since_ns,
		.event = { .kind = source->kind,
		        .action = source->action,
		        .who = slice_of(source->who),
		        .peer = slice_of(source->peer),
		        .protocol = source->protocol,
		        .listener = source->listener,
		        .status = source->status,
		        .detail = detail } };
	source->count = 0;
	flood->write(flood->arg, &note);
}

static void write_rest(struct flood *flood, uint64_t wall_ns)
{
	if (flood->rest.count)
		write_count(flood, &flood->rest,
		        SLICE("of more peers than are told apart, also in other words"), wall_ns);
	flood->rest.until_ms = 0;
}

static void end_window(struct flood *flood, struct source *source, struct flood_time time)
{
	if (!source->count) {
		forget(flood, source);
		return;
	}
	write_count(
	        flood, source, SLICE("more of the same; who is that of the last"), time.wall_ns);
	source->until_ms = time.now_ms + time.window_ms;
	list_remove(&source->link);
	list_append(&flood->sources, &source->link);
}

uint64_t flood_pass(struct flood *flood, struct flood_time time)
{
	struct source *rest = &flood->rest;
	if (rest->until_ms && rest->until_ms <= time.now_ms)
		write_rest(flood, time.wall_ns);
	uint64_t next = rest->until_ms;
	while (!list_empty(&flood->sources)) {
		struct source *source = LIST_OWNER(flood->sources.next, struct source, link);
		if (source->until_ms > time.now_ms) {
			if (!next || source->until_ms < next)
				next = source->until_ms;
			break;
		}
		end_window(flood, source, time);
	}
	return next;
}

void flood_flush(struct flood *flood, uint64_t wall_ns)
{
	LIST_EACH (&flood->sources, at, following) {
		struct source *source = LIST_OWNER(at, struct source, link);
		if (source->count)
			write_count(flood, source,
			        SLICE("more of the same; who is that of the last"), wall_ns);
	}
	write_rest(flood, wall_ns);
}
