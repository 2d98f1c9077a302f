/* dial: one stream that is kept up. This side calls, and calls again after each end, until dial_close().
 *
 * After a failure it waits `retry_ms`, and after each further one twice as long, up to `retry_max_ms`; each pause is shortened
 * at random by up to a half, so that those that were cut off together do not come back together. A stream that was up for
 * longer than the pause before it begins anew with the first. Those of a serial port are not drawn at random (dial.c says why).
 *
 * Core thread. No callback comes from inside dial_open(), dial_lost() or dial_close(). */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include "net/place.h"
#include "net/stream.h"

struct dial;

struct dial_settings {
	struct place place; /* where to; not UDP */
	/* Of a serial port that has a name: where it is now; asked before each attempt. false: `path` says why it cannot be told. May be
	 * NULL where the place has a path. */
	bool (*find_port)(void *arg, char *path, size_t size);
	/* A client's side, which must outlive the dial, and the name that its certificate must have (NULL: the place's host);
	 * NULL: in the clear. */
	struct tls *tls;
	const char *server_name;
	uint64_t connect_timeout_ms;     /* one attempt, its TLS handshake included */
	uint64_t retry_ms, retry_max_ms; /* above 0 */
	/* The stream is up; returns its owner, or NULL to turn it away. `events` and `limits` then apply to it; in
	 * events->closed() the owner calls dial_lost(). */
	void *(*up)(void *arg, struct stream *);
	const struct stream_events *events;
	struct stream_limits limits;
	/* It could not be had: said when that is news, which it is when it was up before, or failed of something else twice in a row. Another attempt
	 * follows. `why`: for a person. */
	void (*down)(void *arg, const char *why);
	/* Each attempt that failed, said or not. May be NULL. */
	void (*failed)(void *arg);
	void *arg;
};

/* Begins to call, later. The texts are copied. NULL: out of memory. */
struct dial *dial_open(struct loop *, const struct dial_settings *);
/* The stream that was up has ended: calls again after a pause. */
void dial_lost(struct dial *);
/* No more calls; a stream that is up stays, and its end is not to be told any more. NULL is fine. */
void dial_close(struct dial *);

/* What a stream has ended of, for a person; valid until the next call. */
const char *stream_end_text(const struct stream *, enum stream_end, int errno_value);

#endif
