/* authenticator: believes or refuses one kind of credential. Core thread.
 *
 * Each file in src/auth/ that ends in a `const struct authenticator_ops authenticator_NAME` is in the table
 * authenticator_all[], which the build makes from the folder. */
#ifndef API_AUTHENTICATOR_H
#define API_AUTHENTICATOR_H

#include "api/config.h"
#include "api/identity.h"
#include "api/plugin.h"
#include "api/request.h"
#include "api/stage.h"

struct authenticator;
struct loop;

struct authenticator_ops {
	const char *name;               /* the `method:` that the file names */
	const struct setting *settings; /* besides method */
	struct authenticator *(*open)(
	        struct loop *, const struct config *, const struct directory *, struct error *);
	/* Is this one for me? */
	bool (*offers)(const struct authenticator *, const struct credential *);
	/* NEXT: believed, request->who is set. REPLY: refused; request->why may say more than "not accepted".
	 * WAIT: auth_done() will follow, exactly once. */
	enum verdict (*check)(struct authenticator *, struct request *, const struct credential *);
	/* The key that a handshake in this name needs; borrowed. false: none. NULL: no way that has keys. */
	bool (*secret_of)(const struct authenticator *, slice identity, slice *secret);
	void (*close)(struct authenticator *); /* NULL is fine */
};

/* First member of the authenticator's own struct. */
struct authenticator {
	const struct authenticator_ops *ops;
	const char *label;
};

extern const struct authenticator_ops
        *const authenticator_all[]; /* NULL-terminated; made by the build */

/* `who` NULL: refused. */
void auth_done(struct request *, const struct identity *who);

#endif
