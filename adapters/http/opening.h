/* Connections in their TLS handshakes, and those that wait to begin one: so many at a time, one of each address after the
 * other (net/crowd.h), and those that keep us waiting make room for those that wait. */
#ifndef HTTP_OPENING_H
#define HTTP_OPENING_H

#include "loop/loop.h"
#include "net/crowd.h"

/* In a connection. Zeroed: it is not opening. */
struct http_opening {
	struct crowd_member place;
	struct list link; /* in `shaking`, when it has begun */
	uint64_t begun_ms;
};

struct http_openings {
	struct loop *loop;
	struct crowd crowd;
	struct list shaking; /* the one that has begun first is the first */
	unsigned nshaking;
	struct task turn;
	struct timer stale;
	/* It is this one's turn to begin. */
	void (*begin)(struct http_opening *);
	/* It has taken too long while others wait: http_opening_over() was called for it. */
	void (*evict)(struct http_opening *);
};

void http_openings_init(struct http_openings *, struct loop *, void (*begin)(struct http_opening *),
        void (*evict)(struct http_opening *));
/* All of them are over. */
void http_openings_finish(struct http_openings *);
/* begin() will come, later in this turn at the earliest. false: out of memory, or its address has more than `most`. */
bool http_opening_wait(
        struct http_openings *, struct http_opening *, const struct sockaddr *from, unsigned most);
/* Its handshake is over, or it waits no more. Again: nothing. */
void http_opening_over(struct http_openings *, struct http_opening *);

#endif
