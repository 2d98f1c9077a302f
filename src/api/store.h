/* store: what outlives the process: last values, MQTT sessions, commands that wait for a device, clients and keys.
 *
 * Records are written by a thread of the store's own, many in one transaction; a receipt's done() comes when the
 * transaction is on disk (fdatasync). What somebody waits for is written at once, the rest within store_set_delay(). Writes
 * to one key take effect in the order they were handed in; one that is replaced before it was written is never
 * written. What nobody waits for and the disk did not take is tried again. The core thread calls every function here,
 * and none but store_each() touches the disk. */
#ifndef API_STORE_H
#define API_STORE_H

#include "api/message.h"
#include "api/plugin.h"
#include "base/list.h"

struct store;

enum store_table {
	STORE_LAST_VALUES,
	STORE_MQTT_SESSIONS,
	STORE_MAILBOX,
	STORE_CLIENTS,
	STORE_KEYS,
	STORE_TABLES
};

/* One row. What a table has no use for is empty. */
struct store_record {
	slice key;                    /* text; unique in its table */
	slice owner;                  /* whose it is: a client, a device */
	uint64_t time_ns, expires_ns; /* since 1970; expires_ns 0: never */
	slice media;
	slice head; /* bytes that only the owner of the table reads */
	slice body;
};

/* The caller's memory, which stays where it is until done(). */
struct store_receipt {
	struct list link;
	enum status status;
	/* STATUS_OK: it is on disk; STATUS_STORE_FULL: no room on the disk; STATUS_INTERNAL: the disk fails. Core
	 * thread, later, never from inside store_put(). */
	void (*done)(struct store_receipt *);
};

/* Copies the record. Takes the place of the one with the same key. `receipt` NULL: nobody waits for it. false: too
 * much is waiting to be written; nothing was taken and done() will not come. */
bool store_put(
        struct store *, enum store_table, const struct store_record *, struct store_receipt *);
bool store_remove(struct store *, enum store_table, slice key, struct store_receipt *);
/* Would this many records be taken now, that have so many bytes together? */
bool store_has_room(const struct store *, unsigned records, size_t bytes);
/* Calls `each` for every record of the table, by key; stops when it returns false. The record lives for the time of
 * the call. Reads the disk: when opening and reloading only. false: it cannot be read, error says why. */
bool store_each(struct store *, enum store_table,
        bool (*each)(void *arg, const struct store_record *), void *arg, struct error *);

/* How long a record of the table may be in memory only when nobody waits for it; 100 ms unless set. */
void store_set_delay(struct store *, enum store_table, uint64_t ms);

struct store_count {
	unsigned pending; /* records that are not on disk yet */
	size_t pending_bytes;
	uint64_t written, commits;
	uint64_t failures; /* transactions that the disk did not take */
	uint64_t refused;  /* records not taken, because too much was pending */
};
struct store_count store_count(const struct store *);

#endif
