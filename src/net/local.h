/* local: sockets of this machine, that are files (AF_UNIX), and who is at the other end of one. Any thread. */
#ifndef NET_LOCAL_H
#define NET_LOCAL_H

#include <stdbool.h>
#include <stddef.h>

/* Listens at the path, where only the owner may connect; a socket that is there already is replaced: the caller knows
 * that nobody listens at it. Non-blocking. -1: errno says why. */
int local_listen(const char *path, int backlog);
/* Connects; blocks. -1: errno says why. */
int local_connect(const char *path);
/* Does anybody listen at the path? Does not block. */
bool local_is_listened_at(const char *path);
/* Is the peer root, or the user that this process runs as? `text`, if not NULL, gets "pid-4711/uid-0". */
bool local_peer_trusted(int fd, char *text, size_t size);

#endif
