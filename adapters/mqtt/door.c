/* The doorstep: how many connections of one address have not been let in yet. Each costs a descriptor and up to a
 * CONNECT's bytes for `connect_timeout`, and nobody knows yet who it is; so one address cannot take all of the
 * listener's connections by saying nothing, or by being refused over and over. */
#include "adapters/mqtt/mqtt.h"

#include <stdio.h>
#include <stdlib.h>

struct mqtt_address {
	UT_hash_handle hh;
	unsigned connections;
	char text[MQTT_ADDRESS_BYTES];
};

/* "192.0.2.7" of "192.0.2.7:41000", "[2001:db8::1]" of "[2001:db8::1]:41000". */
static size_t host_length(const char *peer)
{
	const char *colon = strrchr(peer, ':');
	return colon ? (size_t)(colon - peer) : strlen(peer);
}

static struct mqtt_address *find(const struct mqtt_session *session)
{
	struct mqtt_address *address = NULL;
	HASH_FIND(hh, session->listener->addresses, session->peer, host_length(session->peer),
	        address);
	return address;
}

static struct mqtt_address *add(struct mqtt_session *session)
{
	struct mqtt_address *address = calloc(1, sizeof *address);
	if (!address)
		return NULL;
	size_t n = host_length(session->peer);
	(void)snprintf(address->text, sizeof address->text, "%.*s", (int)n, session->peer);
	HASH_ADD_KEYPTR(hh, session->listener->addresses, address->text, (unsigned)n, address);
	if (find(session) == address)
		return address;
	free(address);
	return NULL;
}

bool mqtt_door_enter(struct mqtt_session *session)
{
	struct mqtt_address *address = find(session);
	if (!address)
		address = add(session);
	if (!address || address->connections >= session->listener->connecting_max)
		return false;
	address->connections++;
	session->on_the_step = true;
	return true;
}

void mqtt_door_leave(struct mqtt_session *session)
{
	if (!session->on_the_step)
		return;
	session->on_the_step = false;
	struct mqtt_address *address = find(session);
	if (--address->connections)
		return;
	HASH_DEL(session->listener->addresses, address);
	free(address);
}
