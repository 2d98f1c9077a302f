/* Who a caller is, once believed.
 *
 * An identity is made for one request and lives in its arena; who keeps it longer makes a duplicate. Its roles belong to the
 * configuration that the request was matched under. */
#ifndef API_IDENTITY_H
#define API_IDENTITY_H

#include "base/arena.h"

struct core;
struct role;

struct identity {
	slice id;                        /* "engine-7"; "" for the anonymous caller */
	const struct role *const *roles; /* also those that one of them inherits */
	unsigned nroles;
	/* Those whose denials hold: all of the client's, also where a scope leaves it fewer. */
	const struct role *const *denying;
	unsigned ndenying;
	const struct role *own; /* what it may and may not beside its roles; or NULL */
	const slice *acts_for;  /* the ids, or how they begin and a *, that it may act for */
	unsigned nacts_for;
	bool narrowed; /* it was believed for less than its client may: by scopes, or roles in place of its own */
	bool unlisted; /* no client of the directory: somebody else's token says who it is */
	slice plan;    /* its name; or empty */
	slice key;     /* the handle of the key that it was believed by; or empty */
	uint64_t
	        valid_until_ms; /* since 1970: when what it was believed by ends; 0: no end is known */
};

/* The caller whom nobody asked for a name: no id, no roles. */
const struct identity *identity_anonymous(void);
/* Who this client is, under the configuration in force; in the arena. NULL: nobody (any more), disabled, no memory. */
const struct identity *identity_of_client(const struct core *, slice client, struct arena *);
/* The name of its i-th role. */
slice identity_role(const struct identity *, unsigned i);
/* Does this scope cover a part of what it may do? */
bool identity_has_scope(const struct identity *, slice scope);
/* In one piece, for free(). NULL: out of memory. */
struct identity *identity_duplicate(const struct identity *);

#endif
