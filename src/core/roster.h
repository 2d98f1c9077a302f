/* roster: clients and their keys, in memory. A configuration has one with those of the file, the core one with those that
 * were added at run time; the directory looks into both. Core thread. */
#ifndef CORE_ROSTER_H
#define CORE_ROSTER_H

#include "api/clients.h"

#include "base/list.h"

struct roster;

/* NULL: out of memory. */
struct roster *roster_create(void);
/* Wipes every key. NULL is fine. */
void roster_destroy(struct roster *);

/* Copies, and takes the place of the client of this id, whose keys stay. NULL: out of memory, nothing has changed. */
const struct client *roster_put(struct roster *, const struct client *);
/* With its keys. false: nobody of this id is here. */
bool roster_remove(struct roster *, slice id);
/* NULL: not here. Borrowed until it is replaced or removed. */
const struct client *roster_find(const struct roster *, slice id);
/* One after the other, in the order in which they came; `previous` NULL: the first. NULL: no more. */
const struct client *roster_next(const struct roster *, const struct client *previous);
unsigned roster_count(const struct roster *);

enum roster_answer {
	ROSTER_OK,
	ROSTER_NO_CLIENT, /* nobody of this id is here */
	ROSTER_TAKEN,     /* a key that is found by itself is somebody's, or the handle is */
	ROSTER_NO_MEMORY
};

/* Copies. A key without a handle is one of the configuration. */
enum roster_answer roster_put_key(struct roster *, const struct client_key *);
/* The same; its client may be in another roster. */
enum roster_answer roster_put_key_of(struct roster *, const struct client_key *);
/* Wipes it; `key` is gone afterwards. */
void roster_remove_key(struct roster *, const struct client_key *);
/* Takes it out: it is the caller's, to be given back as it is (as by roster_put_key_of()) or freed. */
void roster_take_key(struct roster *, const struct client_key *);
enum roster_answer roster_give_key(struct roster *, const struct client_key *);
/* Wipes one that was taken out. NULL is fine. */
void roster_free_key(const struct client_key *);
/* By itself (KEY_TOKEN, KEY_API_KEY: the keyed hash; KEY_CERTIFICATE), by its handle, or those of a client. NULL: not
 * here, no more. */
const struct client_key *roster_find_key(const struct roster *, enum key_kind, slice secret);
const struct client_key *roster_key_named(const struct roster *, slice handle);
const struct client_key *roster_key_of(
        const struct roster *, slice client, enum key_kind, const struct client_key *previous);
/* The same of every kind. */
const struct client_key *roster_key_any_of(
        const struct roster *, slice client, const struct client_key *previous);
/* Of all that have a handle, one after the other, in the order in which they came. */
const struct client_key *roster_next_key(const struct roster *, const struct client_key *previous);
unsigned roster_count_keys(const struct roster *);

#endif
