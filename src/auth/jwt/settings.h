/* settings: what the configuration says of a way to authenticate by JWT, but for its keys. */
#ifndef AUTH_JWT_SETTINGS_H
#define AUTH_JWT_SETTINGS_H

#include "api/config.h"
#include "auth/jose/claims.h"
#include "crypto/signature.h"

/* A role of theirs, and one of ours. */
struct jwt_role {
	slice theirs, ours;
};

struct jwt_settings {
	struct arena arena; /* of all that stands here */
	struct claim_rules rules;
	bool accepts[ALGORITHMS];
	const slice *types; /* one of these must `typ` be; none: JWT, at+jwt or absent */
	unsigned ntypes;
	slice id, roles, plan, scopes; /* paths of claims; empty: not looked at */
	const struct jwt_role *role_map;
	unsigned nrole_map;
	bool has_role_map;
	bool unlisted; /* the bearer need be no client of the directory */
	size_t token_max_bytes;
	unsigned remembered_max;
};

/* All keys of `method: jwt`, those that jwt/keys.h reads included. */
extern const struct setting jwt_settings_table[];

/* false: *error says what is wrong, and where. */
bool jwt_settings_read(struct jwt_settings *, const struct config *, struct error *);
/* Also after jwt_settings_read() has failed. */
void jwt_settings_finish(struct jwt_settings *);

#endif
