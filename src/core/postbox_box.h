/* What the files of the mailbox share: the boxes (postbox.c), the delivery (postbox_delivery.c), the return from disk
 * (postbox_restore.c). */
#ifndef CORE_POSTBOX_BOX_H
#define CORE_POSTBOX_BOX_H

#include "api/adapter.h"
#include "api/store.h"
#include "base/table.h"

#include "core/internal.h"

enum mail_state {
	MAIL_STORING,  /* not on disk yet: `taker` waits for the receipt */
	MAIL_WAITING,  /* on disk */
	MAIL_SENDING,  /* its request is under way */
	MAIL_REMOVING, /* done with; the store has been told, or will be again */
};

/* One command. Its bytes follow it in one allocation. */
struct mail {
	struct list link; /* in its box; while MAIL_REMOVING in the mailbox's `removing` */
	struct box *box;  /* NULL: removed, and no box waits for that */
	struct office *office;
	enum mail_state state;
	uint64_t expires_ms; /* on loop_now_ms(): the wall clock may be set */
	struct store_receipt receipt;
	bool written; /* MAIL_REMOVING: the store has been told */
	struct request *taker;
	size_t bytes; /* of memory, for the limit */
	slice key, head, media, body;
};

/* What waits for one device of one backend, oldest first. */
struct box {
	UT_hash_handle hh;
	struct office *office;
	slice device;
	struct list mails;
	unsigned nmails;
	bool busy;    /* one is being sent, or was and is being removed */
	bool knocked; /* the device is said to be there, and nothing was sent since */
	uint64_t next_ms, pause_ms, tried_ms;
	struct timer timer;
	struct list due; /* in the mailbox's list of those whose turn it is */
};

enum office_counter {
	OFFICE_TAKEN,
	OFFICE_DELIVERED,
	OFFICE_REFUSED, /* by the device */
	OFFICE_EXPIRED,
	OFFICE_DROPPED, /* nobody to deliver it by any more */
	OFFICE_FULL,    /* not taken: no room */
	OFFICE_COUNTERS
};

/* All boxes of one backend. There is one for each name of a backend that ever had a command waiting. */
struct office {
	struct list link;
	struct postbox *postbox;
	char *backend;
	struct box *boxes; /* by device */
	unsigned nmails;
	size_t bytes;
	uint64_t counters[OFFICE_COUNTERS];
};

struct postbox {
	struct adapter adapter; /* first: requests come home to it */
	struct core *core;
	struct list offices;
	struct list removing, due;
	unsigned nboxes;
	uint64_t next_number;
	struct task task;
	struct timer again; /* a removal that the store did not take */
};

enum { POSTBOX_NS_PER_MS = 1000000 };

/* postbox.c */
/* The office of a backend, the box of a device: made if there is none. NULL: out of memory. A box must not stay empty:
 * box_rest() frees it. */
struct office *office_of(struct postbox *, slice backend);
struct box *box_of(struct office *, slice device);
/* Copies; counts for the office. NULL: out of memory. */
struct mail *mail_create(struct office *, const struct store_record *);
void mail_into_box(struct mail *, struct box *);
/* The box's turn comes, later: by itself, or because the device is said to be there. */
void box_call(struct box *, bool knocked);
/* After something has happened to it: sets its timer, or frees it when it is empty. */
void box_rest(struct box *);
/* It is done with: out of the box and out of the store. The box goes on when that is on disk. */
void mail_remove(struct mail *, enum office_counter);

/* postbox_delivery.c */
extern const struct adapter_ops postbox_ops;
/* Sends the box's oldest command, which is WAITING. */
void postbox_send(struct box *);

#endif
