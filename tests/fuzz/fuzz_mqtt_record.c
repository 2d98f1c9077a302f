/* A session's record as the store might hold it: it is read or it is not; what was read is written as a record that can
 * be read again. */
#include "adapters/mqtt/mqtt.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool truth)
{
	if (!truth)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct mqtt_listener listener = { .base = { .label = "mqtt" }, .sessions_max = 1 };
	list_init(&listener.away);
	list_init(&listener.waiting);
	list_init(&listener.unsaved);
	struct mqtt_client *client = mqtt_record_read(
	        &listener, SLICE("a"), SLICE("engine-7"), (slice){ (const char *)bytes, n });
	if (!client) {
		must(!listener.clients && !listener.held_bytes);
		return 0;
	}
	char *memory;
	slice record = mqtt_record_write(client, &memory);
	must(record.n > 0);
	unsigned subscriptions = client->nsubscriptions, unreleased = client->nunreleased;
	mqtt_client_forget(client);
	client = mqtt_record_read(&listener, SLICE("a"), SLICE("engine-7"), record);
	must(client && client->nsubscriptions == subscriptions &&
	        client->nunreleased == unreleased);
	mqtt_client_forget(client);
	must(!listener.clients && !listener.held_bytes);
	free(memory);
	return 0;
}
