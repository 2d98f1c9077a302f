/* audit: what somebody may have to answer for: who came in, who was refused, who changed what, which key was used.
 *
 * Anybody on the core thread may note an event; where the configuration keeps an audit log it is chained and written
 * by a thread of the log's own. Nothing secret goes into an event: of a credential its handle (a key id), of a
 * password nothing at all. */
#ifndef API_AUDIT_H
#define API_AUDIT_H

#include "api/message.h"

struct core;
struct request;

enum audit_kind {
	AUDIT_LOGIN, /* somebody was recognised, and a session opened */
	AUDIT_SEEN, /* a request of somebody who was recognised: a login, after a time without any */
	AUDIT_REFUSAL, /* somebody was not recognised, or may not */
	AUDIT_ADMIN,   /* clients, tokens, keys, certificates or the configuration were changed */
	AUDIT_KEY,     /* a key was used, made, replaced, or could not be fetched */
	AUDIT_LOG,     /* the log about itself: nobody else's */
	AUDIT_KINDS
};

struct audit_event {
	enum audit_kind kind;
	const char *action; /* "session.open", "client.add", "token.issue", "jwks.stale"; static */
	slice who;          /* who did it; empty: nobody known */
	slice object;       /* whom or what it was done to: a client, a key id, a path; or empty */
	slice peer;         /* address and port; or empty */
	const char *protocol, *listener; /* NULL: none */
	uint64_t request;                /* its id; 0: none */
	enum status status;              /* how it ended */
	slice detail;                    /* one line for a person; or empty */
};

/* Copies. Never blocks, and never fails for the caller: what the log cannot take is counted and said there.
 * Refusals and logins that come too often become one line with their number; all else is written as it is. Core
 * thread. */
void audit_note(struct core *, const struct audit_event *);
/* The same, with who, peer, protocol, listener, request, status and detail (why) out of the request. Of a caller who
 * was not recognised, `who` is the name that it gave, if a client is called that: whatever else stands where names
 * stand may be a password that went astray. */
void audit_request(const struct request *, enum audit_kind, const char *action, slice object);

/* What the configuration says about the log. */
struct audit_settings {
	bool on;
	uint64_t file_bytes; /* a file of the log is not longer */
	unsigned keep;       /* so many files */
	uint64_t login_window_ms, flood_window_ms;
};

/* Where events go: the log, which main opens and hands to core_use_audit(). */
struct audit_sink {
	void (*note)(struct audit_sink *, const struct audit_event *);
	void (*set)(struct audit_sink *, const struct audit_settings *); /* after a reload */
};

#endif
