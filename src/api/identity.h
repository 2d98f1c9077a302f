/* Who a caller is, once believed, and the directory of those that the configuration knows.
 *
 * Identities belong to a configuration and live as long as the last request that was matched under it. */
#ifndef API_IDENTITY_H
#define API_IDENTITY_H

#include "base/slice.h"

struct role;
struct directory;
struct config;

struct identity {
	slice id; /* "engine-7"; "" for the anonymous caller */
	const struct role *const *roles;
	unsigned nroles;
};

/* The client with this id, or NULL. */
const struct identity *directory_find(const struct directory *, slice id);
/* Calls `each` for every client with its part of the configuration; stops and returns false when `each`
 * does. During open() only: the tree is not kept. */
bool directory_each(const struct directory *,
        bool (*each)(void *arg, const struct identity *, const struct config *client), void *arg);
/* The caller whom nobody asked for a name: no id, no roles. */
const struct identity *identity_anonymous(void);

#endif
