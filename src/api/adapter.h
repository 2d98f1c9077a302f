/* adapter: the way in for one protocol. Owns the protocol on the wire; knows nothing of auth, routes,
 * backends.
 *
 * THREADS: every function here is called on the core thread, and none may block.
 * ORDER: open, start, reply*, stop, reply*, close. open() reads the settings and loads files but touches no
 * network: `fairlead check` opens and closes every plug. After stop() the adapter takes no new connection and
 * submits no new request, but for what it has acknowledged already (which it counts in `answering`); close() comes
 * when every request has come home and its answer has left, or the grace is over, frees those it still holds, and
 * ends what connections there still are.
 *
 * Each adapters/NAME/ folder exports a `const struct adapter_ops adapter_NAME`; the build globs the folders into
 * adapter_all[]. */
#ifndef API_ADAPTER_H
#define API_ADAPTER_H

#include "api/command.h"
#include "api/config.h"
#include "api/counter.h"
#include "api/follow.h"
#include "api/message.h"
#include "api/plugin.h"
#include "api/request.h"

struct loop;
struct store;

/* What the gateway as a whole grants each listener; from `gateway.limits`. The core owns it as long as the
 * adapter lives and may change it on reload: keep the pointer. */
struct adapter_limits {
	size_t body_max_bytes;    /* the largest body that any endpoint takes */
	unsigned connections_max; /* on this listener */
};

struct adapter_ops {
	const char *name; /* the `protocol:` that the file names */
	/* Where two adapters share a name: the key whose presence chooses this one ("broker"). NULL: the one that
	 * is chosen otherwise. */
	const char *chosen_by;
	/* The service of the gateway's own (backend_ops.endpoints) that its listeners lead to, and serve nothing else; their
	 * settings have `auth` and `roles`. NULL: the endpoints of the file. */
	const char *serves;
	/* Not for the file: where there is a state folder the core opens one, called by this name, with `bind` a path
	 * there. Whoever it lets in may do everything. */
	bool built_in;
	const struct setting *settings; /* besides name and protocol, which every listener has */
	/* The key of the map ("tls") whose files may change while the listener runs: it has renew(). NULL: a listener
	 * whose files have changed is opened anew by the next reload. */
	const char *live_files;
	struct adapter *(*open)(struct loop *, const struct adapter_limits *, const struct config *,
	        struct error *);
	/* Of the files that its files lead to in turn, as they are now: another stamp, and the next reload opens the listener
	 * anew. NULL: they lead to none. Reads the disk; while a configuration is loaded. */
	uint64_t (*stamp)(const struct config *);
	/* Binds and listens. false: error says which address and why. */
	bool (*start)(struct adapter *, struct error *);
	/* The request comes home with status, why and out; takes ownership. Never called from inside
	 * request_submit(). */
	void (*reply)(struct adapter *, struct request *);
	/* How it says to who asked by this method that it ended so, for a person: "4.03"; in the arena, or static. NULL:
	 * it answers nobody. */
	slice (*words)(struct arena *, enum status, enum method);
	/* What one of this adapter's subscriptions waits for, or its end (api/follow.h). NULL: it never sets
	 * `follower`. */
	void (*push)(struct adapter *, struct subscription *, const struct update *);
	/* For a device that is connected here (api/command.h); command->done() follows, exactly once. NULL: devices
	 * cannot be called over this protocol's listeners. */
	void (*command)(struct adapter *, struct command *);
	/* Hurries one that is not done yet; done() still comes. */
	void (*command_abort)(struct adapter *, struct command *);
	/* Whom this listener has recognised as this client may be somebody else now, or nobody; { NULL, 0 }: that may be so
	 * of everybody, as after a reload. NULL: it recognises nobody for longer than a request. */
	void (*review)(struct adapter *, slice client);
	/* The files under `live_files` have changed: it reads them again. Who comes from now on meets what they hold; those who are
	 * there stay, but for those who are not believed any more by what they have shown. false: error says why, and nothing
	 * has changed. */
	bool (*renew)(struct adapter *, struct error *);
	/* Commands under way are done() with STATUS_UNAVAILABLE before it returns. The subscriptions have ended
	 * before it is called (push() said so), and no new ones begin. */
	void (*stop)(struct adapter *);
	void (*close)(struct adapter *); /* NULL is fine */
};

/* What every adapter that listens has in its table of settings. */
#define ADAPTER_BIND_SETTING                                                                       \
	{                                                                                          \
		.key = "bind", .type = SETTING_TEXT, .required = true,                             \
		.help = "where it listens, such as 0.0.0.0:8080"                                   \
	}

/* How it is with a listener that was started, beyond its requests. */
enum adapter_state {
	ADAPTER_WELL,
	ADAPTER_DOWN, /* what it listens at is not there, such as a serial port: somebody has to look */
	ADAPTER_CUT_OFF, /* whom it has joined, such as a broker, cannot be reached */
};

/* First member of the adapter's own struct. open() leaves it zeroed; the core fills it in. */
struct adapter {
	const struct adapter_ops *ops;
	const char *label; /* the listener's name in logs and counters; the core's, until close() */
	struct core *core;
	bool stopped;             /* the core's: stop() was called */
	enum adapter_state state; /* adapter_set_state() */
	unsigned inflight;        /* requests submitted and not replied yet; the core counts */
	unsigned
	        answering; /* answers that have not left yet; the adapter counts, if its answers can be long */
	/* The adapter's, from stop() on: what it had received it still submits, within the grace; it counts in `answering` who is
	 * not through with that. */
	bool draining;
	uint64_t replies[STATUS_COUNT];
	struct counters counters; /* the adapter counts */
	uint64_t log_window_ms;   /* the core's: bounds the log lines about one listener */
	unsigned log_lines;
};

/* The pre-shared key of this identity, for a handshake; borrowed for as long as nothing is waited for. false: nobody
 * here has one. Who has proved to have the key is offered as CREDENTIAL_PSK with each request. */
bool adapter_psk(struct adapter *, slice identity, slice *key);

/* A connection was turned away before anybody could ask for anything: its handshake failed, or there was no room. Counted
 * (COUNTER_REFUSED) and logged, within the bounds of the log. `peer`: address and port; `why`: for a person. */
void adapter_refused(struct adapter *, const char *peer, const char *why);

/* May one more line about a peer be logged? What a peer can bring about as often as it likes shares the bounds of the
 * listener's refusals; what is not logged for that reason is counted with them. */
bool adapter_may_log(struct adapter *);

/* A connection that was let in ends, since who is there is not believed any more: logged, and in the audit log. */
void adapter_disconnected(struct adapter *, const char *peer, const char *why);

/* Does a field (in lower case) or a parameter of this name carry a secret? Then it is a CREDENTIAL_API_KEY, and appears
 * nowhere else in the request, so that nothing logs it or hands it on. `adapter` NULL: nothing does. */
bool adapter_carries_secret(const struct adapter *, enum carrier, slice name);

/* It is so from now on, which lights may show (core/condition.h). Between start() and stop(). */
void adapter_set_state(struct adapter *, enum adapter_state);

/* After stop(): the last answer has left, so that close() may come (later, never from inside this call). */
void adapter_at_rest(struct adapter *);

/* What outlives the process; NULL: the configuration has no `gateway.state`. From start() on. */
struct store *adapter_store(const struct adapter *);
/* The running listener of this name, or NULL. */
struct adapter *adapter_find(struct core *, slice name);

extern const struct adapter_ops *const adapter_all[]; /* NULL-terminated; made by the build */

#endif
