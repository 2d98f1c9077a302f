/* A crowd: those who want something that is scarce, told apart by the addresses that they come from, so that one address with
 * thousands does not keep the others out. Whoever is in it counts for its address; those who wait are taken in turn, one
 * of each address after the other.
 *
 * An IPv6 network (/64) is one address: whoever has one has them all. Core thread. */
#ifndef NET_CROWD_H
#define NET_CROWD_H

#include "base/list.h"

#include <stdint.h>
#include <sys/socket.h>

struct crowd_address;

struct crowd {
	struct crowd_address *addresses; /* those of its members */
	struct list
	        turns; /* of these, the ones with members that wait; the next to be taken first */
	unsigned members, waiting;
};

/* In the struct of what is in a crowd. Zeroed: in none. */
struct crowd_member {
	struct crowd_address *address; /* NULL: in none */
	struct list link;              /* among those of its address that wait */
};

void crowd_init(struct crowd *);
/* false: out of memory. */
bool crowd_join(struct crowd *, struct crowd_member *, const struct sockaddr *);
/* One that is in none: nothing. */
void crowd_leave(struct crowd *, struct crowd_member *);
/* How many members have its address, itself counted. */
unsigned crowd_share(const struct crowd_member *);
/* It waits, as the last of its address. */
void crowd_wait(struct crowd *, struct crowd_member *);
bool crowd_waits(const struct crowd_member *);
/* Whose turn it is: it waits no more, and stays a member. NULL: nobody waits. */
struct crowd_member *crowd_next(struct crowd *);
/* The last that waits of the address that has the most members; NULL: nobody does there. */
struct crowd_member *crowd_last_of_most(struct crowd *);
/* The members of the address that has the most. */
unsigned crowd_most(const struct crowd *);

#endif
