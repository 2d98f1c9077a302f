/* The administration: a service of the gateway's own, reached over admin listeners and the socket in the state folder.
 * Here is what its files share: admin.c (the plug, and how a call ends), clients.c, keys.c, import.c (what is called),
 * read.c and show.c (JSON to clients and back), csv.c. All on the core thread; all memory is the request's. */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "api/backend.h"
#include "api/clients.h"

#include "codec/value.h"

/* One call, from send() to exchange_done(). */
struct admin_call {
	struct clients_change change;
	struct exchange *exchange;
	struct core *core;
	struct arena *arena;
	enum status success;          /* when the change is on disk */
	const struct field *location; /* of what was made; NULL: none */
};

/* Ends it: what is refused; what is answered at once (NULL: nothing); or, once all its steps are made, when they are on
 * disk. Each is the last that is done with the call. */
void admin_refuse(struct admin_call *, enum status, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
void admin_answer(struct admin_call *, enum status, const struct value *);
void admin_commit(struct admin_call *, enum status success, const struct value *answer);
/* A step was refused: says why, undoing those before it. */
void admin_refuse_step(struct admin_call *);
void admin_no_memory(struct admin_call *);

/* The path's variable in plain. Empty: it is not there, or over budget. */
slice admin_variable(struct admin_call *, const char *name);
/* The query's parameter in plain. { NULL, 0 }: not there. */
slice admin_parameter(struct admin_call *, const char *name);
/* "true" is true; so is the name alone. */
bool admin_switch(struct admin_call *, const char *name);
/* How many are to be listed. false: refused. */
bool admin_limit(struct admin_call *, unsigned *limit);
/* What the body says, in JSON. NULL: refused. */
const struct value *admin_json(struct admin_call *);
/* The same for a body that is an object. */
const struct value *admin_body(struct admin_call *);
/* No member but these (a NULL-terminated list). false: *why says which. */
bool admin_members(struct arena *, const struct value *map, const char *const *names, slice *why);

/* ---- read.c */

/* A client as it is written, and what it is given to prove itself by. */
struct admin_client {
	struct client client;
	slice psk, password_hash;  /* p NULL: none */
	const slice *certificates; /* fingerprints */
	unsigned ncertificates;
	bool token, api_key; /* one is to be made */
};

/* `from`: what it is where nothing is said. *why says what is wrong. */
bool admin_read_client(struct arena *, const struct value *map, const struct client *from,
        struct admin_client *, slice *why);
/* 64 hexadecimal digits, colons or not, or a certificate in PEM. p NULL: it is neither, or over budget. */
slice admin_read_fingerprint(struct arena *, slice text);
/* The bytes of a pre-shared key: as they are, or in hexadecimal after 0x. p NULL: it is none. */
slice admin_read_psk(struct arena *, slice text);
/* { "scopes": [], "expires_in": "90d", "bound_to": fingerprint } */
bool admin_read_wish(struct arena *, const struct value *map, struct key_wish *, slice *why);

/* ---- show.c: NULL: over budget */

struct value *admin_show_client(struct arena *, const struct client *, bool of_file);
struct value *admin_show_key(struct arena *, const struct client_key *);
/* The same with the secret itself, which is shown this once. */
struct value *admin_show_made(struct arena *, const struct client_key *, slice secret);
/* Adds the keys of a client to what is shown of it. */
bool admin_show_keys(struct admin_call *, struct value *client, slice id);

/* ---- clients.c, keys.c, import.c: what is called */

/* The steps for one client; what is made is added to `issued` (a list). false: one was refused. */
bool admin_put_client(
        struct admin_call *, const struct admin_client *, enum clients_put, struct value *issued);

void admin_status(struct admin_call *);
void admin_list_clients(struct admin_call *);
void admin_add_client(struct admin_call *);
void admin_get_client(struct admin_call *);
void admin_put_one(struct admin_call *);
void admin_patch_client(struct admin_call *);
void admin_delete_client(struct admin_call *);
void admin_disable_client(struct admin_call *);
void admin_enable_client(struct admin_call *);

void admin_list_keys(struct admin_call *);
void admin_get_key(struct admin_call *);
void admin_delete_key(struct admin_call *);
void admin_revoke_secret(struct admin_call *);
void admin_make_token(struct admin_call *);
void admin_make_api_key(struct admin_call *);
void admin_set_psk(struct admin_call *);
void admin_set_password(struct admin_call *);
void admin_add_certificate(struct admin_call *);
void admin_list_tokens(struct admin_call *);
void admin_list_api_keys(struct admin_call *);
void admin_list_certificates(struct admin_call *);
void admin_revoke_tokens(struct admin_call *);
void admin_revoke_api_keys(struct admin_call *);
void admin_remove_psk(struct admin_call *);
void admin_remove_password(struct admin_call *);
void admin_remove_certificates(struct admin_call *);

void admin_import(struct admin_call *);

#endif
