/* Host names to addresses, without blocking the loop (the system's resolver, on libuv's threads). Core thread. */
#ifndef NET_RESOLVE_H
#define NET_RESOLVE_H

#include "base/slice.h"

#include <stdbool.h>
#include <sys/socket.h>

struct loop;
struct resolution;

enum { RESOLVE_MAX = 4 };

/* Looks the name up; done() follows exactly once, later, with up to RESOLVE_MAX addresses that carry the port; none:
 * `error` says why. NULL: it could not even be started. */
struct resolution *resolve_start(struct loop *, const char *host, unsigned port,
        void (*done)(
                void *arg, const struct sockaddr_storage *addresses, unsigned n, const char *error),
        void *arg);
/* done() will not come. NULL is fine. */
void resolve_cancel(struct resolution *);

#endif
