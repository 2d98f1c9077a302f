/* Requests to devices: commands of a backend (api/command.h), and what a listener asks by itself, on its schedule.
 *
 *     call.c     the requests of one session: waiting, under way, answered or not
 *     called.c   which session a command is for: who is there, and how that is known
 *     poll.c     the schedule, and what becomes of its answers */
#ifndef BINARY_CALL_H
#define BINARY_CALL_H

#include "adapters/binary/session.h"

struct calls;         /* of one session */
struct binary_called; /* devices by who they have proved to be */
struct binary_poll;   /* one line of a listener's schedule */
struct polled;        /* and what one session has of it */

/* A request to the device. */
struct ask {
	struct list link;
	struct calls *calls;
	struct arena arena;
	struct frame_request request;
	struct command *command; /* NULL: nobody waits for it (any more) */
	struct polled *polled;   /* NULL: the schedule did not ask it */
	uint64_t until_ms;       /* under way: how long the device may take */
	bool garbage;            /* something that is no frame came meanwhile */
};

struct calls {
	struct session *session;
	struct frame_call_limits limits;
	struct list waiting, under_way; /* each in its order */
	unsigned nwaiting, nunder_way;
	uint64_t transaction;
	uint64_t quiet_until_ms; /* a late answer is not mistaken for the next one's */
	struct timer timer;      /* whatever ends first */
	bool said_unasked;

	/* called.c: who is there. */
	struct list namesakes;
	struct binary_called *called; /* NULL: nobody has proved to be there */
	uint64_t valid_until_ms;
	bool doubted; /* what was proved may be otherwise by now */
	bool asking;  /* it is being found out */

	/* poll.c */
	struct polled *polled;
	struct timer poll_timer;
};

/* ---- call.c ---- */

/* For a session just opened; does nothing where the description has no `call:`. false: out of memory. */
bool calls_open(struct session *);
/* The connection has gone: everything ends that waits for it. `away`: it may be back. */
void calls_end(struct session *, bool away);
/* NULL calls are fine. */
void calls_free(struct session *);
/* Sends what may be sent now. */
void calls_go_on(struct calls *);
/* A request of the schedule's; false: the value is none (fault), or too much waits already (no fault). */
bool calls_ask(struct calls *, struct polled *, const struct value *, struct frame_fault *);
/* Bytes came that are no frame. */
void calls_garbage(struct session *);

/* Looks whether a frame that came is an answer. If so, the delivery is `taken`: either over, or it goes on as a message
 * of delivery->polled. false: an expression failed. */
bool calls_take(struct delivery *, bool *taken);

void binary_command(struct adapter *, struct command *);
void binary_command_abort(struct adapter *, struct command *);
/* Commands that wait only for who is there to be found out are refused. */
void calls_refuse_waiting(struct calls *, enum status, bool away, slice why);

/* ---- called.c ---- */

/* The session of this device that came last; NULL: it is not there. */
struct calls *called_find(struct binary_listener *, slice device);
/* Who has proved to be there; empty: nobody. Valid until the next call of these. */
slice called_identity(const struct calls *);
/* Has who is there found out, unless that is known or under way. */
void called_ask(struct calls *);
/* It is known to be there, and nothing speaks against it. */
bool called_certain(const struct calls *);
/* What the core said of it: to called_ask(), or to the session's login. */
void called_known(struct calls *, const struct request *);
void called_forget(struct calls *);
/* Who was known as this client (none given: everybody) may be somebody else by now. */
void called_review(struct adapter *, slice client);

/* ---- poll.c ---- */

/* The listener's `poll:`. false: the error is set. */
bool binary_polls_open(struct binary_listener *, const struct config *, struct error *);
void binary_polls_close(struct binary_listener *);
/* The schedule of a session begins, unless it has begun; false: out of memory. */
bool polls_begin(struct calls *);
void polls_end(struct calls *);
/* What became of a request. The first says that its answer is on its way as a message, until poll_delivered(). */
void poll_answered(struct polled *);
void poll_refused(struct polled *, slice status, slice text);
void poll_unanswered(struct polled *, bool garbage);
void poll_dropped(struct polled *);
void poll_delivered(struct polled *);
/* Where its answer goes and what it says. */
bool poll_message(struct delivery *, slice *path, const struct value **);

#endif
