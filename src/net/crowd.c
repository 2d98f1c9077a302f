#include "net/crowd.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"

struct crowd_address {
	UT_hash_handle hh;
	unsigned char key[8]; /* the network of IPv6, or "4", zeros and the address of IPv4 */
	unsigned members;
	struct list waiting;
	struct list turn; /* in crowd->turns, when somebody waits */
};

static void make_key(const struct sockaddr *address, unsigned char key[8])
{
	const void *at = address;
	memset(key, 0, 8);
	key[0] = '4';
	if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = at;
		const unsigned char *bytes = in6->sin6_addr.s6_addr;
		if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
			memcpy(key + 4, bytes + 12, 4);
		else
			memcpy(key, bytes, 8);
	} else if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = at;
		memcpy(key + 4, &in->sin_addr, 4);
	}
}

void crowd_init(struct crowd *crowd)
{
	*crowd = (struct crowd){ .addresses = NULL };
	list_init(&crowd->turns);
}

static struct crowd_address *find(const struct crowd *crowd, const unsigned char key[8])
{
	struct crowd_address *found = NULL;
	HASH_FIND(hh, crowd->addresses, key, 8, found);
	return found;
}

static struct crowd_address *add(struct crowd *crowd, const unsigned char key[8])
{
	struct crowd_address *address = calloc(1, sizeof *address);
	if (!address)
		return NULL;
	memcpy(address->key, key, sizeof address->key);
	list_init(&address->waiting);
	list_init(&address->turn);
	HASH_ADD(hh, crowd->addresses, key, sizeof address->key, address);
	if (find(crowd, key) == address)
		return address;
	free(address);
	return NULL;
}

bool crowd_join(struct crowd *crowd, struct crowd_member *member, const struct sockaddr *from)
{
	unsigned char key[8];
	make_key(from, key);
	struct crowd_address *address = find(crowd, key);
	if (!address)
		address = add(crowd, key);
	if (!address)
		return false;
	list_init(&member->link);
	member->address = address;
	address->members++;
	crowd->members++;
	return true;
}

static void stop_waiting(struct crowd *crowd, struct crowd_member *member)
{
	if (list_empty(&member->link))
		return;
	list_remove(&member->link);
	crowd->waiting--;
	if (list_empty(&member->address->waiting))
		list_remove(&member->address->turn);
}

void crowd_leave(struct crowd *crowd, struct crowd_member *member)
{
	struct crowd_address *address = member->address;
	if (!address)
		return;
	stop_waiting(crowd, member);
	member->address = NULL;
	crowd->members--;
	if (--address->members)
		return;
	HASH_DEL(crowd->addresses, address);
	free(address);
}

unsigned crowd_share(const struct crowd_member *member)
{
	return member->address ? member->address->members : 0;
}

bool crowd_waits(const struct crowd_member *member)
{
	return member->address && !list_empty(&member->link);
}

void crowd_wait(struct crowd *crowd, struct crowd_member *member)
{
	stop_waiting(crowd, member);
	list_append(&member->address->waiting, &member->link);
	crowd->waiting++;
	if (list_empty(&member->address->turn))
		list_append(&crowd->turns, &member->address->turn);
}

struct crowd_member *crowd_next(struct crowd *crowd)
{
	if (list_empty(&crowd->turns))
		return NULL;
	struct crowd_address *address = LIST_OWNER(crowd->turns.next, struct crowd_address, turn);
	struct crowd_member *member = LIST_OWNER(address->waiting.next, struct crowd_member, link);
	list_remove(&address->turn);
	list_append(&crowd->turns, &address->turn);
	stop_waiting(crowd, member);
	return member;
}

static const struct crowd_address *largest(const struct crowd *crowd)
{
	const struct crowd_address *found = NULL, *at;
	for (at = crowd->addresses; at; at = at->hh.next) {
		if (!found || at->members > found->members)
			found = at;
	}
	return found;
}

unsigned crowd_most(const struct crowd *crowd)
{
	const struct crowd_address *address = largest(crowd);
	return address ? address->members : 0;
}

struct crowd_member *crowd_last_of_most(struct crowd *crowd)
{
	const struct crowd_address *address = largest(crowd);
	if (!address || list_empty(&address->waiting))
		return NULL;
	return LIST_OWNER(address->waiting.previous, struct crowd_member, link);
}
