/* Sockets outlive those who listen at them.
 *
 * A connection that has come and that nobody has accepted yet is the kernel's, in the queue of the socket that it came to; closing
 * that socket resets it, and refuses those that follow. So a socket is not made by a listener but asked for here, by the address
 * that the configuration names, and given back here. It stays open in between:
 *
 *     over a reload     the set has a descriptor of its own for each. A listener that goes leaves its socket, the successor at the
 *                       same address finds it, and the queue with it; listening_settle() closes what nobody has taken.
 *     over a restart    the service manager is given a duplicate (systemd's descriptor store), and hands it to the next process, as it
 *                       does with the sockets of a .socket unit: listening_inherit().
 *
 * THE CONFIGURATION SAYS WHERE TO LISTEN, and nothing else does. Sockets that are held are matched by what they are bound to; the
 * names that a manager has for them are not looked at, but for one question: whether it was we who had it stored, and so may
 * have it removed. A socket of a .socket unit is the unit's, and is not stored a second time.
 *
 * A USE IS A DUPLICATE. Each listener has a descriptor of its own to read, watch and close as it likes, and libuv can have it; that
 * the socket goes on is nobody's business but the set's. It costs a descriptor a listener.
 *
 * Rejected: SO_REUSEPORT, by which old and new listen beside each other for a while: each has its own queue, and that of the one
 * that goes is reset. Passing the sockets from the old process to the new one: who starts the new one is the manager, which does
 * that already. */
#include "net/listening_internal.h"

#include "base/log.h"
#include "loop/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct listening *listening_create(void)
{
	struct listening *set = calloc(1, sizeof *set);
	if (!set)
		return NULL;
	list_init(&set->sockets);
	list_init(&set->useless);
	return set;
}

void listening_serve(struct listening *set, struct loop *loop)
{
	loop_set_listening(loop, set);
}

void listening_stop(struct listening *set)
{
	set->stopping = true;
}

static bool same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
	const void *one = a, *other = b;
	if (a->ss_family != b->ss_family)
		return false;
	if (a->ss_family == AF_INET) {
		const struct sockaddr_in *x = one, *y = other;
		return x->sin_port == y->sin_port && x->sin_addr.s_addr == y->sin_addr.s_addr;
	}
	const struct sockaddr_in6 *x = one, *y = other;
	return x->sin6_port == y->sin6_port && x->sin6_scope_id == y->sin6_scope_id &&
	       memcmp(&x->sin6_addr, &y->sin6_addr, sizeof x->sin6_addr) == 0;
}

struct held_socket *listening_find(const struct listening *set, const struct listening_place *place)
{
	LIST_EACH (&set->sockets, at, following) {
		struct held_socket *held = LIST_OWNER(at, struct held_socket, link);
		if (held->kind != place->kind || held->astray)
			continue;
		if (held->path ? strcmp(held->path, place->path) == 0
		               : same_address(&held->address, &place->address))
			return held;
	}
	return NULL;
}

/* Where it is bound: port 0 has become a number. */
static void note_address(struct held_socket *held, int fd, const struct listening_place *place)
{
	socklen_t n = sizeof held->address;
	held->address = place->address;
	if (!held->path)
		(void)getsockname(fd, (struct sockaddr *)&held->address, &n);
}

void listening_note_file(struct held_socket *held)
{
	struct stat about;
	if (!held->path || lstat(held->path, &about) != 0)
		return;
	held->device = about.st_dev;
	held->inode = about.st_ino;
}

static struct held_socket *create(const struct listening_place *place, int fd)
{
	struct held_socket *held = calloc(1, sizeof *held);
	char *path = place->path ? strdup(place->path) : NULL;
	if (!held || (place->path && !path)) {
		free(held);
		free(path);
		return NULL;
	}
	list_init(&held->link);
	held->kind = place->kind;
	held->path = path;
	held->fd = -1;
	note_address(held, fd, place);
	return held;
}

struct held_socket *listening_add(
        struct listening *set, const struct listening_place *place, int fd)
{
	struct held_socket *held = create(place, fd);
	if (!held)
		return NULL;
	held->fd = fd;
	held->set = set;
	list_append(&set->sockets, &held->link);
	return held;
}

static bool manager_has(const struct held_socket *held)
{
	return held->inherited || held->stored;
}

/* Nobody listens at it any more, in this process. */
static void let_go(struct held_socket *held)
{
	struct stat about;
	list_remove(&held->link);
	if (held->user)
		held->user->socket = NULL;
	if (held->before)
		held->before->socket = NULL;
	if (held->inode && !manager_has(held) && lstat(held->path, &about) == 0 &&
	        about.st_dev == held->device && about.st_ino == held->inode)
		(void)unlink(held->path);
	if (held->fd >= 0)
		(void)close(held->fd);
	free(held->path);
	free(held);
}

void listening_destroy(struct listening *set)
{
	if (!set)
		return;
	LIST_EACH (&set->sockets, at, following)
		let_go(LIST_OWNER(at, struct held_socket, link));
	LIST_EACH (&set->useless, at, following)
		free(LIST_OWNER(at, struct useless_name, link));
	free(set);
}

/* One that was handed over may lack its file: a folder below /run is emptied between two processes. */
static bool reachable(const struct held_socket *held)
{
	return !held->path || listening_file_is_there(held->path);
}

/* The held one for this place; 0 with *held NULL: there is none, errno's value otherwise. */
static int look(
        const struct listening *set, const struct listening_place *place, struct held_socket **held)
{
	*held = listening_find(set, place);
	if (!*held)
		return 0;
	if ((*held)->user)
		return EADDRINUSE;
	if (!reachable(*held)) {
		log_warning("net",
		        "unix %s: the socket that is held is not the one at this path: it is made "
		        "anew",
		        place->path);
		(*held)->astray = true;
		*held = NULL;
		return 0;
	}
	return place->path && chmod(place->path, place->mode) != 0 ? errno : 0;
}

/* Its listener of before has nothing to come any more. */
static void hand_on(struct held_socket *held)
{
	struct listening_use *before = held->before;
	held->before = NULL;
	if (!before)
		return;
	before->socket = NULL;
	if (before->taken)
		before->taken(before);
}

/* The kernel lets nobody listen at 0.0.0.0:8080 while somebody holds 127.0.0.1:8080, or the other way round. Where the
 * configuration has gone from one to the other, nobody wants the held one, but the manager's duplicate of it stays open
 * until the manager has been told and has time. So the socket itself, which all duplicates share, gives way: a stream stops
 * listening, and datagrams let another one be bound beside them. Is there one that has? */
static bool make_way(struct listening *set, const struct listening_place *place)
{
	char text[LISTENING_TEXT_BYTES];
	bool found = false;
	LIST_EACH (&set->sockets, at, following) {
		struct held_socket *held = LIST_OWNER(at, struct held_socket, link);
		bool foreign = held->inherited && !held->stored; /* a .socket unit's */
		if (held->user || held->astray || foreign || !listening_overlap(held, place))
			continue;
		listening_text(held, text);
		log_info("net", "%s: closed: another listener wants its port", text);
		hand_on(held);
		held->astray = found = true;
		if (held->kind == LISTENING_TCP)
			(void)shutdown(held->fd, SHUT_RDWR);
		else
			(void)setsockopt(
			        held->fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	}
	return found;
}

/* A new one, in the set or for this use alone. */
static int make(struct listening *set, const struct listening_place *place,
        struct held_socket **held, int *made)
{
	*made = listening_make(place);
	if (*made < 0 && errno == EADDRINUSE && set && make_way(set, place))
		*made = listening_make(place);
	if (*made < 0)
		return errno;
	*held = set ? listening_add(set, place, *made) : create(place, *made);
	if (*held) {
		listening_note_file(*held);
		return 0;
	}
	(void)close(*made);
	return ENOMEM;
}

static void say_whose(struct held_socket *held)
{
	char text[LISTENING_TEXT_BYTES];
	held->seen = true;
	listening_text(held, text);
	log_info("net", "%s: the socket is the one that the service manager has handed over", text);
}

static int take(struct held_socket *held, int fd, struct listening_use *use)
{
	use->fd = held->set ? fcntl(held->fd, F_DUPFD_CLOEXEC, 0) : fd;
	if (use->fd < 0) {
		int why = errno;
		if (!manager_has(held))
			let_go(held);
		return why;
	}
	if (held->inherited && !held->seen)
		say_whose(held);
	held->user = use;
	use->socket = held;
	hand_on(held);
	return 0;
}

static bool is_kept(const struct loop *loop, const struct listening_place *place)
{
	const void *address = &place->address;
	if (place->kind == LISTENING_LOCAL)
		return loop_listening(loop) && !place->passing;
	/* Whatever port the system has found, nobody asks for it a second time. */
	return loop_listening(loop) && ((const struct sockaddr_in *)address)->sin_port != 0;
}

int listening_open(
        struct loop *loop, const struct listening_place *wanted, struct listening_use *use)
{
	struct listening *set = is_kept(loop, wanted) ? loop_listening(loop) : NULL;
	struct listening_place place = *wanted;
	struct held_socket *held = NULL;
	int made = -1, error = 0;
	char *path = NULL;
	use->fd = -1;
	use->socket = NULL;
	if (place.kind == LISTENING_LOCAL && set) {
		path = listening_real_path(place.path);
		if (!path)
			return errno ? errno : ENOENT;
		place.path = path;
	}
	if (set)
		error = look(set, &place, &held);
	if (!error && !held)
		error = make(set, &place, &held, &made);
	if (!error)
		error = take(held, made, use);
	free(path);
	return error;
}

enum listening_future listening_future(const struct listening_use *use)
{
	const struct held_socket *held = use->socket;
	if (!held || !held->set)
		return LISTENING_LOST;
	if (!held->set->stopping)
		return LISTENING_CHANGES;
	if (held->inherited || (held->stored && held->set->keeper_says))
		return LISTENING_KEPT;
	return held->stored ? LISTENING_STORED : LISTENING_LOST;
}

void listening_leave(struct listening_use *use)
{
	struct held_socket *held = use->socket;
	if (!held || held->user != use)
		return;
	held->user = NULL;
	held->before = use;
	if (!held->set || held->set->stopping)
		let_go(held);
}

void listening_end(struct listening_use *use)
{
	listening_leave(use);
	if (use->socket)
		use->socket->before = NULL;
	use->socket = NULL;
}

/* What nobody has taken. */
static void close_unwanted(struct held_socket *held, const struct listening_keeper *keeper)
{
	char text[LISTENING_TEXT_BYTES], name[LISTENING_NAME_BYTES];
	listening_text(held, text);
	/* One that was in use, and that the manager now forgets, has gone as its listener has: that is no news. */
	bool astounds = held->inherited && !held->astray && !(held->stored && held->seen);
	if (astounds)
		log_warning("net",
		        "%s: the service manager has a socket there that no listener of the "
		        "configuration wants; "
		        "closed",
		        text);
	if (held->stored && keeper && listening_name(held, name))
		keeper->drop(keeper->arg, name);
	/* With the manager's duplicate closed, nobody is at its file any more. */
	if (held->stored)
		held->inherited = held->stored = false;
	let_go(held);
}

/* The manager forgets by name: one by the same name that is of use is given to it anew. */
static void forget_name(
        const struct listening *set, const struct listening_keeper *keeper, const char *name)
{
	char own[LISTENING_NAME_BYTES];
	keeper->drop(keeper->arg, name);
	LIST_EACH (&set->sockets, at, following) {
		struct held_socket *held = LIST_OWNER(at, struct held_socket, link);
		if (!held->stored || held->astray || !listening_name(held, own) ||
		        strcmp(own, name) != 0)
			continue;
		held->inherited = false;
		held->stored = keeper->keep(keeper->arg, held->fd, name);
	}
}

void listening_forget(struct listening *set, const struct listening_keeper *keeper)
{
	char name[LISTENING_NAME_BYTES];
	LIST_EACH (&set->useless, at, following) {
		struct useless_name *useless = LIST_OWNER(at, struct useless_name, link);
		forget_name(set, keeper, useless->name);
		list_remove(&useless->link);
		free(useless);
	}
	LIST_EACH (&set->sockets, at, following) {
		struct held_socket *held = LIST_OWNER(at, struct held_socket, link);
		if (!held->astray || !held->stored)
			continue;
		held->inherited = held->stored = false;
		if (listening_name(held, name))
			forget_name(set, keeper, name);
	}
}

void listening_settle(struct listening *set, const struct listening_keeper *keeper)
{
	if (keeper)
		listening_forget(set, keeper);
	LIST_EACH (&set->sockets, at, following) {
		struct held_socket *held = LIST_OWNER(at, struct held_socket, link);
		if (!held->user)
			close_unwanted(held, keeper);
	}
	LIST_EACH (&set->sockets, at, following) {
		struct held_socket *held = LIST_OWNER(at, struct held_socket, link);
		char name[LISTENING_NAME_BYTES];
		if (keeper && !manager_has(held) && listening_name(held, name))
			held->stored = keeper->keep(keeper->arg, held->fd, name);
	}
}
