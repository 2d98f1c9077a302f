/* A store in memory that a test commits by hand: linked with the hand-turned loop instead of src/store/. */
#ifndef FAKES_HAND_STORE_H
#define FAKES_HAND_STORE_H

#include "api/store.h"

/* The one there is, without records. */
struct store *hand_store(void);
void hand_store_reset(void);
/* All that is pending is on disk (STATUS_OK), or is not; done() is called. Returns how many records that were. */
unsigned hand_store_commit(enum status);
/* The process dies: what is pending never gets to the disk, and done() is never called. */
void hand_store_crash(void);
/* Takes nothing from now on. */
void hand_store_refuse(bool);
/* How many records of the table are on disk. */
unsigned hand_store_count(enum store_table);
/* What is on disk under this key; NULL: nothing. */
const struct store_record *hand_store_find(enum store_table, slice key);

#endif
