/* binary: what the parts of the raw binary listener share.
 *
 *     listener.c   the adapter: settings, the schema, the socket, start and stop
 *     line.c       the adapter that calls instead (`connect`): the same, but for the socket
 *     connection.c, datagrams.c    what carries a session: a stream, or the datagrams of one peer
 *     session.c    one connection: bytes to frames (session.h)
 *     delivery.c   one frame: to requests, and answered in its turn
 *     call.h       requests to devices: a backend's, and those of a schedule */
#ifndef BINARY_BINARY_H
#define BINARY_BINARY_H

#include "api/adapter.h"
#include "codec/frame/frame.h"
#include "loop/loop.h"
#include "net/dial.h"
#include "net/stream.h"

struct binary_called;
struct binary_polls;
struct binary_datagrams;

struct binary_listener {
	struct adapter base;
	struct loop *loop;
	char *where; /* `bind` or `connect`, as it stands in the file */
	struct place place;
	char *device; /* who is at the other end, as the file says; NULL: it does not */
	struct frame_schema *schema;
	struct stream_listener *socket;     /* it listens; */
	struct dial *dial;                  /* or calls; */
	struct binary_datagrams *datagrams; /* or takes datagrams */
	struct tls *tls;                    /* NULL: in the clear */
	char *server_name;    /* that who is called must prove to be; NULL: the place's host */
	struct list sessions; /* all, also those whose connection has gone */
	uint64_t login_timeout_ms, idle_ms, frame_timeout_ms, handshake_ms;
	uint64_t connect_timeout_ms, retry_ms, retry_max_ms;
	uint64_t drain_ms, drain_until_ms; /* stop() and what devices have sent by then */
	struct timer drain;
	unsigned connections_max;
	uint64_t last_session;
	bool stopping, closing;
	uint64_t answer_timeout_ms;   /* 0: what the description says */
	struct binary_called *called; /* who can be called, by identity */
	struct binary_polls *polls;   /* what each session is asked; NULL: nothing */
};

extern const struct setting binary_poll_settings[];

/* ---- listener.c */

/* What every one of them has in its table of settings. */
/* clang-format off */
#define BINARY_SETTINGS                                                                            \
	{ "device", SETTING_TEXT, NULL, false,                                                     \
	  "the client at the other end, where this file can say so: of connect, serial:// and unix://", NULL, NULL }, \
	{ "retry", SETTING_DURATION, "1s", false,                                                  \
	  "of connect and serial://: the pause before the next attempt; doubled with each further failure", NULL, NULL }, \
	{ "retry_max", SETTING_DURATION, "1m", false, "the longest of these pauses; default for serial://: as retry, so that it does not grow", NULL, NULL }, \
	{ "frame", SETTING_FILE, NULL, true,                                                       \
	  "the Kaitai Struct description (.ksy) of the frames, with its -fairlead key", NULL, NULL }, \
	{ "path", SETTING_TEXT, NULL, false,                                                       \
	  "the endpoint path, in place of the description's: \"/ships/{device}\"", NULL, NULL },   \
	{ "login_timeout", SETTING_DURATION, "30s", false,                                         \
	  "how long a connection may stay without its login frame, where there is one", NULL, NULL }, \
	{ "frame_timeout", SETTING_DURATION, "30s", false,                                         \
	  "how long a frame that has begun may take to be whole", NULL, NULL },                    \
	{ "drain", SETTING_DURATION, "5s", false,                                                  \
	  "how long a listener that goes still takes what devices have sent", NULL, NULL },        \
	{ "idle", SETTING_DURATION, "10m", false,                                                  \
	  "how long a connection may be silent; default: as the description says, or 10m", NULL, NULL }, \
	{ "answer_timeout", SETTING_DURATION, NULL, false,                                         \
	  "how long a device may take to answer what it is asked; default: the description's", NULL, NULL }, \
	{ "poll", SETTING_TREES, NULL, false, "what its devices are asked, and how often", NULL,   \
	  binary_poll_settings }
/* clang-format on */

/* One that is at `where` (a value of the file's), as far as both adapters are the same. NULL: error says why. */
struct binary_listener *binary_listener_create(struct loop *, const struct adapter_limits *,
        const struct config *, const char *where, struct error *);
/* It has not been started, or its last session has gone. */
void binary_listener_free(struct binary_listener *);
/* What of its streams may wait. */
struct stream_limits binary_listener_limits(const struct binary_listener *);
/* Whoever is at the other end receives at the address that it seems to come from. */
bool binary_peer_is_proved(const struct binary_listener *);
/* Of both adapters' tables. */
uint64_t binary_listener_stamp(const struct config *);
void binary_listener_reply(struct adapter *, struct request *);
void binary_listener_stop(struct adapter *);
void binary_listener_close(struct adapter *);
slice binary_listener_words(struct arena *, enum status, enum method);

/* ---- line.c */

/* The settings of the pauses between attempts. false: error says what is wrong. */
bool binary_line_read(struct binary_listener *, const struct config *, struct error *);
/* Begins to call. false: error says why. */
bool binary_line_start(struct binary_listener *, struct error *);
/* The stream of its session has ended, because of `why`: said, and called again. */
void binary_line_lost(struct binary_listener *, const char *peer, const char *why);

/* ---- datagrams.c */

/* Binds, and takes them. NULL: error_text says why. */
struct binary_datagrams *binary_datagrams_open(
        struct binary_listener *, char *error_text, size_t error_size);
/* The files of TLS were read again. NULL is fine. */
void binary_datagrams_renewed(struct binary_datagrams *);
/* What follows is not for it any more; its sessions end one after the other. NULL is fine. */
void binary_datagrams_stop(struct binary_datagrams *);
/* All its sessions have gone. NULL is fine. */
void binary_datagrams_close(struct binary_datagrams *);

/* ---- connection.c */

extern const struct stream_events binary_connection_events;
/* The owner of a stream that is up; NULL: out of memory or stopping. */
void *binary_connection_open(struct binary_listener *, struct stream *);

/* ---- session.c */

/* A request of one of its sessions has come home; takes ownership. */
void binary_session_reply(struct request *);
/* The listener goes: the session takes what its device has sent, and ends when nothing more comes. */
void binary_session_wind_up(struct list *link);
/* The listener's clock while it drains. `over`: nothing more is taken. */
void binary_session_look_quiet(struct list *link, bool over);
/* It ends now: what its device has sent besides is not taken. */
void binary_session_cut_off(struct list *link);
/* Is what arrives still taken? */
bool binary_listener_takes(const struct binary_listener *);
/* The files of TLS were read again: it ends if its certificate is not believed any more. */
void binary_session_renewed(struct list *link);
/* Frees the listener when it is closing and its last session has gone. */
void binary_listener_release(struct binary_listener *);

#endif
