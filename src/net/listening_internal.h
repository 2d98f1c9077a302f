/* What the files of the set share: listening.c (the life of a socket), listening_inherit.c (what a process is born with)
 * and listening_make.c (a new one; the address as text). */
#ifndef NET_LISTENING_INTERNAL_H
#define NET_LISTENING_INTERNAL_H

#include "net/listening.h"

#include "base/list.h"

#include <stdint.h>

enum { LISTENING_TEXT_BYTES = 160, LISTENING_NAME_BYTES = 256 };

struct held_socket {
	struct list link;
	struct listening *set; /* NULL: it goes with its one use */
	enum listening_kind kind;
	int fd; /* the set's own; -1: none */
	struct sockaddr_storage address;
	char *path;                          /* LISTENING_LOCAL */
	uint64_t device, inode;              /* of its file; 0: it is not ours to remove */
	struct listening_use *user, *before; /* who listens, and who did and lives on */
	bool inherited; /* the manager has it, since this process was born with it */
	bool stored;    /* it was given to the manager under our name for it */
	bool seen;      /* of an inherited one: the log has said that it is in use */
	bool astray; /* nobody can want it: its path leads elsewhere by now, or it gave way to another */
};

/* One of our own that was handed over and is of no use: the manager is to forget it. */
struct useless_name {
	struct list link;
	char name[LISTENING_NAME_BYTES];
};

struct listening {
	struct list sockets;
	struct list useless;
	bool stopping;
	bool keeper_says; /* the manager has said that it keeps what it is given */
};

/* A new socket there; -1: errno. */
int listening_make(const struct listening_place *);
/* What each socket is to have, whoever has made it. false: errno. */
bool listening_prepare(int fd, const struct listening_place *);
/* Would the kernel let nobody be bound to the place beside it, although it is another address? */
bool listening_overlap(const struct held_socket *, const struct listening_place *);
/* The path with its folder's real name, allocated; NULL: there is no such folder, or no memory. */
char *listening_real_path(const char *path);
/* Is the file at the socket's path, by which it is reached, a socket still? */
bool listening_file_is_there(const char *path);
/* "tcp 0.0.0.0:8080", "unix /run/fairlead/ais.sock": for people. */
void listening_text(const struct held_socket *, char text[LISTENING_TEXT_BYTES]);
/* The manager's name for it. false: there is none that is short enough. */
bool listening_name(const struct held_socket *, char name[LISTENING_NAME_BYTES]);
/* How all such names begin. */
#define LISTENING_NAME_PREFIX "fairlead/"

/* The file is ours, and goes with the socket as long as it is the same. */
void listening_note_file(struct held_socket *);
/* Into the set; NULL: out of memory. `fd` belongs to it afterwards. */
struct held_socket *listening_add(struct listening *, const struct listening_place *, int fd);
struct held_socket *listening_find(const struct listening *, const struct listening_place *);

#endif
