/* secrets: the table of an authenticator that knows each client by a secret of the client's own: read out of the
 * configuration when it opens, wiped when it closes. Core thread. */
#ifndef AUTH_SECRETS_H
#define AUTH_SECRETS_H

#include "api/authenticator.h"
#include "base/table.h"

/* Lives as long as its table does. */
struct secret {
	const struct identity *who;
	UT_hash_handle hh;
	size_t n;
	char bytes[];
};

struct secrets {
	struct authenticator base;
	struct secret *table;
};

/* By what a secret is found: its client's id, or the secret itself. The hash has a random key (base/table.h), so
 * the time of a look-up tells nothing about what is in the table. */
enum secrets_by { SECRETS_BY_ID, SECRETS_BY_SECRET };

/* The secret of a client, as the configuration has it: to be added to the table, or refused with an error. It is
 * wiped afterwards. */
typedef bool secrets_take(struct secrets *, const struct identity *, slice secret,
        const struct config *client, struct error *);

/* For `open` of the operations: hands on what stands under this key of each client that has it. NULL: error says why. */
struct authenticator *secrets_open(
        const struct directory *, const char *key, secrets_take *take, struct error *);
/* For `close`. NULL is fine. */
void secrets_close(struct authenticator *);

/* Copies it. Nothing may be there under the same id or secret yet. false: out of memory. */
bool secrets_add(
        struct secrets *, const struct identity *, slice secret, enum secrets_by, struct error *);
/* NULL: not here. Who found it by the secret compares it in constant time. */
const struct secret *secrets_find(const struct secrets *, slice id_or_secret);

/* The authenticator that the core hands to an operation. */
static inline const struct secrets *secrets_of(const struct authenticator *base)
{
	return (const struct secrets *)base;
}

#endif
