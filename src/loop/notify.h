/* notify: what a service manager is told (systemd's sd_notify protocol: one datagram of NAME=value lines to the socket
 * that $NOTIFY_SOCKET names). Without such a socket nothing is sent and nothing fails. Core thread. */
#ifndef LOOP_NOTIFY_H
#define LOOP_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

struct notify;

/* Reads $NOTIFY_SOCKET (a path, or "@" and the name of an abstract socket), $WATCHDOG_USEC and $WATCHDOG_PID. NULL: no
 * manager listens, or its address cannot be used (said in the log); every function takes that. */
struct notify *notify_open(void);
void notify_close(struct notify *);

/* Sends the lines as they are. May wait, 250 ms at most, where the manager does not read. */
void notify_say(struct notify *, const char *lines);
/* Gives the manager a duplicate of the descriptor, to keep under this name (at most 255 printable characters of ASCII and no
 * colon) and to hand over to the next process; it is not asked whether it does. false: it was not told (NULL as well). Waits as
 * notify_say() does. */
bool notify_store(struct notify *, int fd, const char *name);
/* Has it close all that it keeps under this name. */
void notify_unstore(struct notify *, const char *name);
/* The time within which the manager wants to hear WATCHDOG=1 again; 0: it does not watch this process. */
uint64_t notify_watchdog_ms(const struct notify *);

#endif
