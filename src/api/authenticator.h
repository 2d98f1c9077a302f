/* authenticator: believes or refuses one kind of credential. Core thread.
 *
 * Each file in src/auth/ that ends in a `const struct authenticator_ops authenticator_NAME` is in the table
 * authenticator_all[], which the build makes from the folder. */
#ifndef API_AUTHENTICATOR_H
#define API_AUTHENTICATOR_H

#include "api/config.h"
#include "api/directory.h"
#include "api/identity.h"
#include "api/plugin.h"
#include "api/request.h"
#include "api/stage.h"

struct authenticator;
struct core;
struct loop;

struct authenticator_ops {
	const char *name;               /* the `method:` that the file names */
	const struct setting *settings; /* besides method */
	unsigned keys;                  /* of a client's, that it looks at: 1u << KEY_… */
	/* The only kind of credential that it takes, where not every listener brings that one along; CREDENTIAL_NONE:
	 * several, or one that every listener does. */
	enum credential_kind only;
	struct authenticator *(*open)(
	        struct loop *, const struct config *, const struct directory *, struct error *);
	/* Is this one for me? */
	bool (*offers)(const struct authenticator *, const struct credential *);
	/* Does a field or a parameter of this name carry a secret of this way? NULL: none does. */
	bool (*reads)(const struct authenticator *, enum carrier, slice name);
	/* What auth_grant() said; or REPLY: refused, request->why may say more than "not accepted". WAIT: auth_done()
	 * will follow, exactly once. */
	enum verdict (*check)(struct authenticator *, struct request *, const struct credential *);
	/* The key that a handshake in this name needs; borrowed. false: none. NULL: no way that has keys. */
	bool (*secret_of)(const struct authenticator *, slice identity, slice *secret);
	/* Its configuration is in force, in place of one that had a way of the same name and method: the predecessor, which
	 * from here on decides about requests under way only. It may copy what that one has learned. NULL: it begins anew. */
	void (*take_over)(struct authenticator *, const struct authenticator *predecessor);
	void (*close)(struct authenticator *); /* NULL is fine */
};

/* First member of the authenticator's own struct. */
struct authenticator {
	const struct authenticator_ops *ops;
	const char *label;
	struct core *core; /* once its configuration is in force; NULL before */
	unsigned blind;    /* of ops->keys: those that it does not look at, as it is set up */
};

extern const struct authenticator_ops
        *const authenticator_all[]; /* NULL-terminated; made by the build */

/* Whom an authenticator believes a caller to be. The texts need to live for the time of auth_grant() only. */
struct grant {
	slice client;  /* its id */
	bool unlisted; /* it need be no client of the directory; `roles` say what it may do */
	/* Names of roles, in place of what the directory says; NULL: those of the directory. */
	const slice *roles;
	unsigned nroles;
	/* Of the client's roles only those that one of these names. */
	bool scoped;
	const slice *scopes;
	unsigned nscopes;
	slice plan;              /* empty: the client's */
	slice key;               /* the handle of the key that proved it; or empty */
	uint64_t valid_until_ms; /* since 1970; 0: no end is known */
};

/* Sets request->who, and returns NEXT; or refuses it (nobody of this id here, disabled, no memory) and returns REPLY. */
enum verdict auth_grant(struct request *, const struct grant *);
/* The same by a key of the directory, that has proved to be the caller's: it must not have expired. */
enum verdict auth_grant_key(struct request *, const struct client_key *);
/* What auth_grant_key() grants, for who has more to say. false: refused. */
bool auth_key_grant(struct request *, const struct client_key *, struct grant *);
/* Did the caller show the certificate with this SHA-256 beside its token, on the same connection (RFC 8705 section 3)? */
bool auth_shows_certificate(const struct request *, slice fingerprint);

/* What was found out at a price, such as that a password is somebody's, is remembered by the core across configurations:
 * found again by all its parts (the name, what it was held against, what was presented), of which only a keyed digest is
 * kept. `for_ms`: after its last use; 0: nothing is remembered. */
enum auth_memory { AUTH_UNKNOWN, AUTH_RIGHT, AUTH_WRONG };
enum auth_memory auth_recall(
        struct request *, const slice *parts, unsigned nparts, uint64_t for_ms);
void auth_remember(
        struct request *, const slice *parts, unsigned nparts, bool right, uint64_t for_ms);

/* Does this come for the first time? That it came is remembered for so long; when `max` are, and none of them may be
 * forgotten yet, FULL. What came before the process began is not known. */
enum auth_once { AUTH_ONCE_FIRST, AUTH_ONCE_AGAIN, AUTH_ONCE_FULL };
enum auth_once auth_once(
        struct request *, const slice *parts, unsigned nparts, uint64_t for_ms, unsigned max);
/* Since 1970: since when auth_once() remembers; to the second. */
uint64_t auth_once_since_ms(const struct request *);

/* Ends a WAIT with what auth_grant() said; REPLY without a status: refused. */
void auth_done(struct request *, enum verdict);

#endif
