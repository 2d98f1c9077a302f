/* listening: where the sockets that listeners listen at come from, and what becomes of them when a listener goes.
 *
 * Core thread. */
#ifndef NET_LISTENING_H
#define NET_LISTENING_H

#include <stdbool.h>
#include <sys/socket.h>

enum { LISTENING_BACKLOG = 1024 };

struct held_socket;
struct listening;
struct loop;

enum listening_kind { LISTENING_TCP, LISTENING_UDP, LISTENING_LOCAL };

struct listening_place {
	enum listening_kind kind;
	struct sockaddr_storage address; /* of TCP and UDP */
	const char *path;                /* of a socket of this machine, a file; else NULL */
	unsigned mode;                   /* of that file */
	/* It goes with its listener, whoever comes next: that somebody listens there says that the gateway runs. */
	bool passing;
};

/* One listener at one place; the memory is the listener's. */
struct listening_use {
	int fd; /* non-blocking; the listener's, to close after listening_end() */
	/* The listener has left, and another one listens at the same socket from now on: what arrives is that one's. May
	 * be NULL. */
	void (*taken)(struct listening_use *);
	struct held_socket *socket; /* the module's own */
};

/* What will become of what waits in a socket that its listener leaves. */
enum listening_future {
	LISTENING_LOST, /* nobody: it is refused or reset */
	LISTENING_CHANGES, /* a reload is going on: a successor may have it within this turn of the loop */
	LISTENING_STORED, /* the service manager was given the socket; whether it keeps it, it has not said */
	LISTENING_KEPT /* the service manager has it: the next process finds it waiting */
};

/* Listens at the place (of UDP: is bound to it), with a socket that is held where there is one. `use` may be uninitialised but
 * for `taken`. 0, or errno's value: EADDRINUSE also where another program listens at the path, EEXIST: what is at the path is
 * no socket. */
int listening_open(struct loop *, const struct listening_place *, struct listening_use *);
/* Before listening_end(): what to expect of it. */
enum listening_future listening_future(const struct listening_use *);
/* The listener takes nothing new: the place is free for a successor. `fd` stays. */
void listening_leave(struct listening_use *);
/* Leaves, if that is still to be done, and forgets the use; the caller closes `fd`. Again: nothing. */
void listening_end(struct listening_use *);

/* The set of sockets that are held. It has to outlive the loop's listeners. NULL: out of memory. */
struct listening *listening_create(void);
/* Closes what it holds, but leaves the files of those that the service manager has. NULL is fine. */
void listening_destroy(struct listening *);
/* The loop's listeners use it from now on; without, each makes its sockets and takes them along. */
void listening_serve(struct listening *, struct loop *);
/* Takes the sockets that the service manager hands over (LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES: sd_listen_fds(3)), and
 * removes these variables. What cannot be used is closed, and the log says why. Before anything else in the process
 * opens a descriptor, or one of its own could be taken for one of those. */
void listening_inherit(struct listening *);

/* A service manager that keeps descriptors from one process to the next. */
struct listening_keeper {
	void *arg;
	/* Gives it a duplicate. false: it could not be told; asked again next time. */
	bool (*keep)(void *arg, int fd, const char *name);
	/* Has it close all that it has by this name. */
	void (*drop)(void *arg, const char *name);
};
/* All listeners that there are to be have been opened (after the start, and after each reload): what nobody has taken is
 * closed, and what the manager does not have yet is given to it. `keeper` NULL: there is none. */
void listening_settle(struct listening *, const struct listening_keeper *);
/* The start has failed, or is settled (listening_settle() does it): the manager closes what neither this process nor the next
 * can use, since it was handed over dead, its path leads elsewhere, or it gave way to another. */
void listening_forget(struct listening *, const struct listening_keeper *);
/* The process is about to end: nobody in it will take what is left from now on. */
void listening_stop(struct listening *);

#endif
