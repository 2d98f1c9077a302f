/* The clients by who they have proved to be: a device may have several connections, under client identifiers of any
 * kind, and a command has to find it among thousands. */
#include "adapters/mqtt/mqtt.h"

#include <stdlib.h>

struct mqtt_device {
	UT_hash_handle hh; /* in listener->devices, by identity */
	struct list clients;
	struct list away; /* of these, those without a connection, the longest gone first */
	unsigned naway;
	char identity[];
};

static struct mqtt_device *find(const struct mqtt_listener *listener, slice identity)
{
	struct mqtt_device *device = NULL;
	HASH_FIND(hh, listener->devices, identity.p, identity.n, device);
	return device;
}

static struct mqtt_device *add(struct mqtt_listener *listener, slice identity)
{
	struct mqtt_device *device = calloc(1, sizeof *device + identity.n);
	if (!device)
		return NULL;
	memcpy(device->identity, identity.p, identity.n);
	list_init(&device->clients);
	list_init(&device->away);
	HASH_ADD_KEYPTR(hh, listener->devices, device->identity, (unsigned)identity.n, device);
	if (find(listener, identity) == device)
		return device;
	free(device);
	return NULL;
}

bool mqtt_device_join(struct mqtt_client *client)
{
	slice identity = slice_of(client->identity);
	if (!identity.n)
		return true;
	struct mqtt_device *device = find(client->listener, identity);
	if (!device)
		device = add(client->listener, identity);
	if (!device)
		return false;
	list_append(&device->clients, &client->namesakes);
	return true;
}

void mqtt_device_leave(struct mqtt_client *client)
{
	if (list_empty(&client->namesakes))
		return;
	list_remove(&client->namesakes);
	struct mqtt_device *device = find(client->listener, slice_of(client->identity));
	if (!list_empty(&device->clients))
		return;
	HASH_DEL(client->listener->devices, device);
	free(device);
}

struct mqtt_client *mqtt_device_away(struct mqtt_client *client)
{
	struct mqtt_listener *listener = client->listener;
	struct mqtt_device *device = find(listener, slice_of(client->identity));
	if (!*client->identity || !device)
		return NULL;
	list_append(&device->away, &client->away);
	device->naway++;
	return device->naway > listener->sessions_per_client
	               ? LIST_OWNER(device->away.next, struct mqtt_client, away)
	               : NULL;
}

void mqtt_device_back(struct mqtt_client *client)
{
	if (list_empty(&client->away))
		return;
	list_remove(&client->away);
	find(client->listener, slice_of(client->identity))->naway--;
}

const struct list *mqtt_device_clients(const struct mqtt_listener *listener, slice identity)
{
	const struct mqtt_device *device = identity.n ? find(listener, identity) : NULL;
	return device ? &device->clients : NULL;
}
