/* One message from a device or client, from parsing to answer.
 *
 * OWNERSHIP is whole and single; it moves, it is never shared:
 *   request_new()      the adapter's, to fill in
 *   request_submit()   the core's
 *   ops->reply()       the adapter's again: exactly once, always, also on time-out, cancel and shutdown
 *   request_free()     gone, with all that its arena holds
 * So nothing in it needs a lock or a reference count. All of it on the core thread.
 *
 * COMPLETION IS DEFERRED: reply() never comes from inside request_submit() or request_cancel().
 *
 * AS RECEIVED, NEVER CHANGED: `in` and all that the adapter filled in is const after request_submit();
 * stages write only their own fields. */
#ifndef API_REQUEST_H
#define API_REQUEST_H

#include "api/endpoint.h"
#include "api/message.h"
#include "base/arena.h"
#include "base/list.h"

struct adapter;
struct authenticator;
struct identity;
struct configuration;
struct subscription;

enum credential_kind {
	CREDENTIAL_NONE,
	CREDENTIAL_BEARER, /* secret: the token */
	CREDENTIAL_BASIC,  /* name, secret: the user and the password */
	CREDENTIAL_API_KEY, /* secret: the key; name: of the field it came in, or "?" and of the parameter */
	CREDENTIAL_CERTIFICATE, /* secret: the verified peer certificate, DER */
	CREDENTIAL_PSK, /* name: the identity whose key opened the session; secret: the key's mark */
	CREDENTIAL_USERNAME_TOKEN, /* name, secret */
	/* name; secret: a digest of the password with `nonce` and `created` (WS-Security UsernameToken Profile 1.1) */
	CREDENTIAL_PASSWORD_DIGEST,
	CREDENTIAL_ADDRESS, /* name: the peer's address */
	CREDENTIAL_LOGIN,   /* name: what a binary login frame says, with nothing to prove it */
	CREDENTIAL_LINE, /* name: who is at the other end, as the file says of the listener that it comes over */
	CREDENTIAL_BROKER /* name: who published, as far as a joined broker's message tells */
};

/* Where in a message a secret may stand, besides what each protocol has a place for. */
enum carrier {
	CARRIER_FIELD, /* a field of the head; names are in lower case */
	CARRIER_QUERY  /* a parameter of the query */
};

/* As presented, not yet believed. */
struct credential {
	enum credential_kind kind;
	slice name, secret;
	const struct credential *next;
	slice nonce, created; /* CREDENTIAL_PASSWORD_DIGEST */
};

/* Can its secret be a token: a bearer token, or what stands in the place of a password? */
bool credential_may_be_token(const struct credential *);

enum { STAGE_MAX = 12, REQUEST_ID_BYTES = 17 };

struct request {
	/* The adapter's, from request_new() to request_submit(). */
	uint64_t id; /* set by request_new(); never reused */
	struct adapter *adapter;
	const char *protocol; /* adapter->ops->name, unless a dialect spoke ("soap") */
	void *ticket;         /* the adapter's own; nobody else reads it */
	void *dialect;        /* the dialect's own, in the arena: from its enter() to its leave() */
	slice peer;           /* address and port */
	slice session;        /* connection or MQTT client id; or empty */
	const struct credential *credentials;
	struct message in;
	slice accept; /* media types that the caller takes, as in HTTP's Accept; empty: any */
	bool reply_as_value; /* the adapter wants `out.value`, whatever the backend answered in */
	/* Whether it would be let in, before its body comes (in blocks): nothing is delivered, the answer is
	 * STATUS_OK or the refusal. */
	bool ask_only;
	/* Asks to hear what comes after the answer (api/follow.h): the adapter's own, given back with each value;
	 * NULL: does not ask. */
	void *follower;
	uint64_t
	        follow_after; /* with METHOD_SUBSCRIBE: present values up to this version are known already */
	bool follow_others; /* and not what `session` itself brings */
	/* The adapter has something else for the caller if this is refused: no warning in the log. */
	bool may_be_refused;
	/* With METHOD_CONNECT: only ways to authenticate of these names may recognise the caller; none: all may. */
	const slice *ways;
	unsigned nways;

	/* Set by stages. */
	struct configuration *configuration; /* pipeline: in force when it was submitted */
	uint64_t changes;                /* pipeline: how often clients had been changed by then */
	const struct endpoint *endpoint; /* match */
	struct variable variables[VARIABLE_MAX]; /* match */
	unsigned nvariables;
	/* match, mediate: what the message means, when that differs from in.value: members that filled path variables
	 * are taken out, or the body was decoded; or NULL. */
	const struct value *content;
	bool unpacked; /* mediate: `content` is what the endpoint makes of in.body, and goes on in its place */
	slice resource;           /* match: the path that roles are held against; mostly in.path */
	unsigned methods_allowed; /* match, with STATUS_METHOD_NOT_ALLOWED: for Allow */
	const struct identity *who; /* authenticate */
	/* authorize, mediate: whom `who` acts for in this request, in plain text; empty: itself. */
	slice on_behalf_of;
	/* authenticate: what `who` was believed by, or refused; NULL: nobody was asked. */
	const struct authenticator *recognised_by;
	bool expired; /* authenticate: refused because the message was made too long ago, or in the future */
	struct message call; /* mediate: what the backend is to get */
	const char *backend; /* route: its name, for the log; NULL before */
	slice device;        /* route: whom endpoint->device names, in plain text; empty: nobody */

	bool sent, away, acknowledged; /* deliver: as the last exchange had them (api/backend.h) */

	/* keep, or authorize with METHOD_SUBSCRIBE: what `follower` asked for; the adapter's once it is home. */
	struct subscription *subscription;

	/* The answer. An adapter that refuses a message by itself (malformed bytes) sets both before
	 * request_submit(): the request is then only counted, logged and replied. */
	enum status status;
	slice why; /* one line for a person, with every refusal */
	struct message out;
	uint64_t retry_after_ms; /* with TOO_MANY and UNAVAILABLE; 0: not said */

	/* The pipeline's own, from here on. */
	uint64_t started_us;
	unsigned at;      /* the stage it is in */
	unsigned skipped; /* the stages from the second to before this one are left out */
	bool waiting, cancelled;
	int resumed_with;      /* enum verdict, while on the resumed list */
	void *slot[STAGE_MAX]; /* one a stage, in the arena */
	struct list link;      /* in the core's list of requests under way */
	struct list queue;     /* in the list of those resumed or finished in this turn */
	struct arena arena;    /* every slice above points into it, or into what outlives it */
};

/* A request with an arena that holds the largest body allowed and what translating it takes. NULL: the
 * gateway is at its memory limit or stopping; answer UNAVAILABLE in your
 * protocol's words. */
struct request *request_new(struct adapter *);
/* The core takes it; reply() will follow. */
void request_submit(struct request *);
/* A hint that nobody waits any more; reply() still comes, mostly sooner. Unknown ids are ignored. */
void request_cancel(struct adapter *, uint64_t id);
/* NULL is fine. */
void request_free(struct request *);

/* Would some way that may recognise this request's caller read such a credential? For an answer that says what to come
 * with next time. */
bool request_takes(const struct request *, const struct credential *);

/* Sets status and why (printf, into the arena). A budget that is used up leaves `why` empty. */
void request_refuse(struct request *, enum status, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* The id as every log line and every refusal shows it: 16 hexadecimal digits. */
void request_id_text(uint64_t id, char text[REQUEST_ID_BYTES]);
/* `peer` without its port and brackets: what CREDENTIAL_ADDRESS names. */
slice request_peer_address(const struct request *);
/* The same of a peer by itself. */
slice peer_address(slice peer);

#endif
