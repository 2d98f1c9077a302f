/* One connection of the raw binary listener, and the frames of it that are under way.
 *
 *     session.c      the connection: bytes to frames, back-pressure, deadlines, its end
 *     delivery.c     a frame: decoded, submitted as requests, answered in its turn
 *     connection.c   what carries it: a stream,
 *     datagrams.c    or the datagrams of one peer */
#ifndef BINARY_SESSION_H
#define BINARY_SESSION_H

#include "adapters/binary/binary.h"

#include "adapters/common/tls.h"

/* What carries a session, which calls these with its `wire` while there is one. None calls back before it returns. */
struct wire_ops {
	void (*write)(void *wire, slice bytes);
	/* No more bytes are offered until resume(), after which those that are unread come again. */
	void (*pause)(void *wire);
	void (*resume)(void *wire);
	/* What is unread is offered again, later in this turn. */
	void (*offer)(void *wire);
	/* What is unread is not offered again, but handed to session_broken(). */
	void (*forget)(void *wire);
	/* What was written leaves first; or at once. session_closed() follows. */
	void (*close)(void *wire);
	void (*abort)(void *wire);
	/* Why what the peer has shown is not believed any more; NULL: it is. */
	const char *(*doubts)(const void *wire);
};

struct session {
	struct list link;
	struct binary_listener *listener;
	const struct wire_ops *wire_ops;
	void *wire;                   /* NULL: gone */
	struct frame_session *frames; /* what lasts from frame to frame */
	struct list deliveries;       /* in the order of their frames */
	unsigned under_way;
	char name[24]; /* for request->session */
	char *peer;
	char *device, *secret;  /* once a login was accepted */
	struct tls_shown shown; /* in the TLS handshake */
	struct timer hold;      /* the core said when to come again */
	struct timer gap;       /* after that long a silence the line is quiet */
	struct timer late; /* the peer has been silent, or a frame in the making, for too long */
	size_t partial;    /* bytes of a frame that is not whole yet */
	size_t unread;     /* bytes that wait */
	size_t needed;     /* unread bytes that tell whether it is */
	uint64_t partial_since_ms, opened_ms;
	bool paused, ending, expired;
	bool logging_in;   /* the frames that follow are read once it is known who is there */
	bool quiet;        /* nothing has followed what is unread */
	struct timer beat; /* the next heartbeat of ours */
	uint64_t unanswered_since_ms; /* of a heartbeat of ours; 0: none is */
	/* While the listener drains: counted in its `answering`; something came since the last look; how many looks nothing did. */
	bool draining, heard;
	bool cut; /* nothing more is read */
	unsigned quiet_looks;
	unsigned told;        /* causes of refusals of ours that are in the log, a bit each */
	unsigned untold;      /* and how many refusals were not logged for that reason */
	bool told_unanswered; /* that no reply could be made is in the log */
	bool told_incomplete; /* that messages of several frames were lost is in the log */
	struct calls *calls;  /* call.h; NULL: the device cannot be asked */
};

struct polled;

/* Why a frame is no message: the first of each on a connection is in the log. */
enum cause {
	CAUSE_GARBAGE, /* bytes that are no frame */
	CAUSE_CHECKSUM,
	CAUSE_CONTENT, /* a frame that the description does not understand */
	CAUSE_STRAY,
	CAUSE_OTHER /* no message of the description, nobody's */
};

enum delivery_kind {
	DELIVERY_MESSAGES,
	DELIVERY_LOGIN,
	DELIVERY_REFUSED,
	DELIVERY_WHO /* no frame: who is there is to be found out */
};

struct delivery {
	struct list link;
	struct session *session;
	struct arena arena;
	slice bytes;         /* the frame's own copy */
	struct frame *frame; /* NULL: it could not be decoded */
	enum delivery_kind kind;
	unsigned messages, next, taken;
	slice device, secret; /* who this very frame says that it is from */
	bool done, close_after;
	slice accepted; /* what the device hears first, of a login that is a message as well */
	bool stray;     /* a part that fits to no message */
	struct polled *polled; /* the answer to what the listener asked; NULL: it is none */
	slice answer;
};

/* ---- session.c ---- */

/* One that this carries. `shown` is taken over. NULL: out of memory or stopping; it is counted, and `shown` freed. */
struct session *session_open(struct binary_listener *, const struct wire_ops *, void *wire,
        const char *peer, struct tls_shown *shown);
/* Bytes have come, all that are unread. Returns how many were used: the rest is to come again with what follows it, and after a
 * pause. */
size_t session_received(struct session *, slice bytes);
/* The same of bytes that nothing follows, as if the line had been silent after them. */
size_t session_received_last(struct session *, slice bytes);
/* What is unread, these bytes, will not become a frame, because of `why` (static): they are one that is malformed. */
void session_broken(struct session *, slice unread, const char *why);
/* Its wire is gone; `why`, for a person. May free the session. */
void session_closed(struct session *, enum stream_end, int errno_value, const char *why);
/* Neither has it begun a frame, nor is one under way. */
bool session_is_idle(const struct session *);
/* No frame is taken any more, and the connection closes when what was written has left. */
void session_end(struct session *);
/* Sends these bytes, unless the connection has gone or is ending. */
void session_write(struct session *, slice bytes);
/* After something came home: answers leave, and the next frames may come. May free the session. */
void session_go_on(struct session *);
/* When the connection ends by itself, as it stands now. */
void session_set_deadline(struct session *);
/* Who is there, by the login or else by the file; or empty. */
slice session_device(const struct session *);
/* Wiped and freed; NULL is fine. */
void session_forget(char *secret);

/* ---- delivery.c ---- */

/* Takes a piece of the stream on its way: a frame if it is `good`, else bytes that are none. */
void delivery_begin(struct session *, const struct frame_piece *, bool good);
/* Submits the session's credentials; called_known() is told. false: no memory for that now. */
bool delivery_ask_who(struct session *);
/* The connection has ended: counts and logs what is lost by that, and how much was refused without a line. */
void deliveries_tell_end(struct session *);
/* Sends the answers of all deliveries that are done, in order, and frees those. */
void deliveries_flush(struct session *);

#endif
