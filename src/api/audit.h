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
	AUDIT_LOGIN, /* somebody was recognised: a session, or the first request of a connection */
	AUDIT_REFUSAL, /* somebody was not, or may not */
	AUDIT_ADMIN,   /* clients, tokens, keys, certificates or the configuration were changed */
	AUDIT_KEY      /* a key was used, made, replaced, or could not be fetched */
};

struct audit_event {
	enum audit_kind kind;
	const char *action; /* "session.open", "client.add", "token.issue", "jwks.stale"; static */
	slice who;          /* who did it, or claims to be; empty: nobody known */
	slice object;       /* whom or what it was done to: a client, a key id, a path; or empty */
	slice peer;         /* address and port; or empty */
	const char *protocol, *listener; /* NULL: none */
	uint64_t request;                /* its id; 0: none */
	enum status status;              /* how it ended */
	slice detail;                    /* one line for a person; or empty */
};

/* Copies. Never blocks, and never fails for the caller: what the log cannot take is counted and said there. Core
 * thread. */
void audit_note(struct core *, const struct audit_event *);
/* The same, with who, peer, protocol, listener, request, status and detail (why) out of the request. */
void audit_request(const struct request *, enum audit_kind, const char *action, slice object);

/* Where events go: the log, which main opens and hands to core_use_audit(). */
struct audit_sink {
	void (*note)(struct audit_sink *, const struct audit_event *);
};

#endif
