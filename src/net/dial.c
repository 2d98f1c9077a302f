/* A dial is in one of four states: it pauses (`retry` is set), it looks the name up (`resolution`), it has a stream that is on
 * its way (`stream`), or its owner
 * has one that is up.
 *
 * Names are looked up anew before each round of attempts: who is away may come back elsewhere. When that fails and there was
 * an address before, the old one is used, since a resolver is out of reach more often than a device moves. Of several addresses all
 * are tried before the next pause.
 *
 * A SERIAL PORT IS LOOKED FOR, NOT WAITED FOR. Where a name of udev's leads to is known only by following it, and neither the link nor the
 * folder that it stands in (/dev/serial/by-id) need be there while the adapter is not; inotify would have to watch the
 * folders on all of the way, of which a box has few to give. An open() that finds nothing costs microseconds. So its pauses are neither drawn at
 * random nor counted from its end, but end at multiples of themselves on the loop's clock: all ports that are away are looked for in one wake-up. */
#include "net/dial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/random.h"
#include "loop/loop.h"
#include "net/resolve.h"

enum { WHY_BYTES = 200, PORT_PATH_BYTES = 512 };

struct dial {
	struct loop *loop;
	struct dial_settings settings;
	char *server_name;
	struct timer retry;
	struct resolution *resolution;
	struct stream *stream; /* on its way; its owner is the dial */
	bool numeric;          /* or no address at all: nothing is looked up */
	bool closed;
	struct sockaddr_storage addresses[RESOLVE_MAX];
	unsigned naddresses, address_at;
	uint64_t pause_ms, up_since_ms;
	char told[WHY_BYTES]; /* what was said of it last; empty: nothing since it was up */
	char last[WHY_BYTES]; /* why the last attempt failed */
};

static void attempt(struct dial *);
static const struct stream_events dial_events;

const char *stream_end_text(const struct stream *stream, enum stream_end end, int errno_value)
{
	const char *failure = stream_failure(stream);
	switch (end) {
	case STREAM_END_PEER:
		return failure ? failure : "it has closed the connection";
	case STREAM_END_ERROR:
		return failure ? failure : strerror(errno_value);
	case STREAM_END_DEADLINE:
		return "no answer in time";
	case STREAM_END_FLOOD:
		return stream_unsent(stream) ? "it does not read its answers"
		                             : "it sent more than may wait";
	case STREAM_END_OWNER:
		return "the gateway has ended it";
	}
	return "";
}

static void dial_free(struct dial *dial)
{
	timer_stop(&dial->retry);
	resolve_cancel(dial->resolution);
	free(dial->server_name);
	free(dial);
}

/* ---- Pauses */

static uint64_t with_jitter(uint64_t ms)
{
	return ms - (ms > 1 ? random_u64() % (ms / 2 + 1) : 0);
}

static void pause_before_next(struct dial *dial)
{
	const struct dial_settings *settings = &dial->settings;
	uint64_t longer = dial->pause_ms ? 2 * dial->pause_ms : settings->retry_ms;
	dial->pause_ms = longer < settings->retry_max_ms ? longer : settings->retry_max_ms;
	uint64_t now_ms = loop_now_ms(dial->loop), pause_ms = dial->pause_ms;
	timer_set(&dial->retry, settings->place.kind == PLACE_SERIAL
	                                ? now_ms - now_ms % pause_ms + pause_ms
	                                : now_ms + with_jitter(pause_ms));
}

static void fail(struct dial *dial, const char *why)
{
	bool news = strcmp(dial->told, why) != 0;
	/* Another reason than the one that was told may pass: a port that is plugged in is root's until udev has seen it. */
	bool lasts = !*dial->told || strcmp(dial->last, why) == 0;
	(void)snprintf(dial->last, sizeof dial->last, "%s", why);
	pause_before_next(dial);
	if (dial->settings.failed)
		dial->settings.failed(dial->settings.arg);
	if (!news || !lasts)
		return;
	(void)snprintf(dial->told, sizeof dial->told, "%s", why);
	dial->settings.down(dial->settings.arg, dial->told);
}

/* ---- One attempt */

static void connected(void *owner, struct stream *stream)
{
	struct dial *dial = owner;
	const struct dial_settings *settings = &dial->settings;
	stream_set_deadline(stream, 0);
	stream_set_events(stream, settings->events, &settings->limits);
	void *mine = settings->up(settings->arg, stream);
	if (!mine) {
		stream_set_events(stream, &dial_events, &settings->limits);
		stream_abort(stream);
		return;
	}
	stream_set_owner(stream, mine);
	dial->stream = NULL;
	dial->up_since_ms = loop_now_ms(dial->loop);
	dial->told[0] = '\0';
}

static void closed(void *owner, struct stream *stream, enum stream_end end, int errno_value)
{
	struct dial *dial = owner;
	dial->stream = NULL;
	if (dial->closed) {
		dial_free(dial);
		return;
	}
	dial->address_at++;
	if (dial->address_at < dial->naddresses)
		attempt(dial);
	else
		fail(dial, stream_end_text(stream, end, errno_value));
}

static const struct stream_events dial_events = { .connected = connected, .closed = closed };

/* NULL: it has failed, and that was said. */
static struct stream *open_port(struct dial *dial)
{
	const struct dial_settings *settings = &dial->settings;
	const struct place *place = &settings->place;
	char why[WHY_BYTES], found[PORT_PATH_BYTES];
	bool named = *place->name != '\0';
	if (named && !settings->find_port(settings->arg, found, sizeof found)) {
		fail(dial, found);
		return NULL;
	}
	const char *path = named ? found : place->path;
	int fd = serial_open(path, &place->serial, why, sizeof why);
	if (fd < 0) {
		fail(dial, why);
		return NULL;
	}
	struct stream *stream =
	        stream_open_serial(dial->loop, fd, path, &dial_events, &settings->limits, dial);
	if (!stream)
		fail(dial, "out of memory or descriptors");
	return stream;
}

static struct stream *open_stream(struct dial *dial)
{
	const struct dial_settings *settings = &dial->settings;
	const struct stream_limits *limits = &settings->limits;
	const void *address = &dial->addresses[dial->address_at];
	if (settings->place.kind == PLACE_LOCAL)
		return stream_connect_local(
		        dial->loop, settings->place.path, &dial_events, limits, dial);
	if (settings->tls)
		return stream_connect_tls(dial->loop, address, settings->tls,
		        dial->server_name ? dial->server_name : settings->place.host, &dial_events,
		        limits, dial);
	return stream_connect(dial->loop, address, &dial_events, limits, dial);
}

static void attempt(struct dial *dial)
{
	if (dial->settings.place.kind == PLACE_SERIAL) {
		dial->stream = open_port(dial);
		return;
	}
	dial->stream = open_stream(dial);
	if (dial->stream)
		stream_set_deadline(
		        dial->stream, loop_now_ms(dial->loop) + dial->settings.connect_timeout_ms);
	else
		fail(dial, "out of memory or descriptors");
}

static void resolved(
        void *arg, const struct sockaddr_storage *addresses, unsigned n, const char *error)
{
	struct dial *dial = arg;
	dial->resolution = NULL;
	if (n) {
		memcpy(dial->addresses, addresses, n * sizeof *addresses);
		dial->naddresses = n;
	}
	dial->address_at = 0;
	if (dial->naddresses)
		attempt(dial);
	else
		fail(dial, error);
}

static void call(struct timer *timer)
{
	struct dial *dial = LIST_OWNER(timer, struct dial, retry);
	const struct place *place = &dial->settings.place;
	dial->address_at = 0;
	if (dial->numeric) {
		dial->naddresses = 1;
		attempt(dial);
		return;
	}
	dial->resolution = resolve_start(dial->loop, place->host, place->port, resolved, dial);
	if (!dial->resolution)
		fail(dial, "out of memory");
}

/* ---- Its life */

struct dial *dial_open(struct loop *loop, const struct dial_settings *settings)
{
	struct dial *dial = calloc(1, sizeof *dial);
	if (!dial)
		return NULL;
	dial->loop = loop;
	dial->settings = *settings;
	dial->numeric = settings->place.kind == PLACE_LOCAL ||
	                settings->place.kind == PLACE_SERIAL ||
	                net_parse_address(slice_of(settings->place.address), dial->addresses);
	if (settings->server_name) {
		dial->server_name = strdup(settings->server_name);
		if (!dial->server_name) {
			free(dial);
			return NULL;
		}
	}
	timer_init(&dial->retry, loop, call);
	/* Not in this turn: whoever has a serial port may be about to give it up. */
	timer_set(&dial->retry, loop_now_ms(loop) + 1);
	return dial;
}

void dial_lost(struct dial *dial)
{
	uint64_t up_ms = loop_now_ms(dial->loop) - dial->up_since_ms;
	if (up_ms > dial->pause_ms)
		dial->pause_ms = 0;
	pause_before_next(dial);
}

void dial_close(struct dial *dial)
{
	if (!dial)
		return;
	dial->closed = true;
	if (dial->stream)
		stream_abort(dial->stream); /* its closed() frees the dial */
	else
		dial_free(dial);
}
