/* QoS 2, the receiving side (MQTT 5.0 section 4.3.3): what was delivered and answered with PUBREC is remembered until
 * PUBREL, so that the same message coming again has no second effect.
 *
 * Clients that forget their packet identifiers (they start anew and ask for their old session all the same) use one
 * again for another message. Topic and payload tell: another message is delivered, and the old one counts as released.
 * Else a reading would be lost. So it would if a release had not reached the disk before a crash, and the client then used
 * the identifier for a reading of the same bytes: after a restart only what is marked as a duplicate (a client must mark
 * what it sends again [MQTT-3.3.1-1]) is taken for one. */
#include "adapters/mqtt/mqtt.h"

#include <stdlib.h>

uint32_t mqtt_release_digest(slice topic, slice payload)
{
	/* Not keyed: it is kept beyond this process, and whoever makes two of its own messages collide has only
	 * itself to blame. */
	static const uint64_t key[2] = { 0, 0 };
	return (uint32_t)(siphash(key, topic.p, topic.n) * 31 + siphash(key, payload.p, payload.n));
}

struct mqtt_unreleased *mqtt_release_find(struct mqtt_client *client, uint16_t id)
{
	for (unsigned i = 0; i < client->nunreleased; i++) {
		if (client->unreleased[i].id == id)
			return &client->unreleased[i];
	}
	return NULL;
}

bool mqtt_release_reserve(struct mqtt_client *client, unsigned more)
{
	unsigned wanted = client->nunreleased + more;
	if (wanted <= client->unreleased_room)
		return true;
	unsigned room = wanted + wanted / 2;
	struct mqtt_unreleased *grown =
	        realloc(client->unreleased, room * sizeof *client->unreleased);
	if (!grown)
		return false;
	client->unreleased = grown;
	client->unreleased_room = room;
	return true;
}

void mqtt_release_add(struct mqtt_client *client, uint16_t id, uint32_t digest)
{
	/* Reserved when it was taken; only where another connection has filled that room since can there be none. */
	if (mqtt_release_reserve(client, 1))
		client->unreleased[client->nunreleased++] =
		        (struct mqtt_unreleased){ .digest = digest, .id = id };
	mqtt_keep_later(client);
}

void mqtt_release_remove(struct mqtt_client *client, struct mqtt_unreleased *one)
{
	*one = client->unreleased[--client->nunreleased];
	mqtt_keep_later(client);
}

void mqtt_release_forget(struct mqtt_client *client)
{
	free(client->unreleased);
	client->unreleased = NULL;
	client->nunreleased = client->unreleased_room = 0;
}

bool mqtt_release_take(struct mqtt_session *session, uint16_t id)
{
	/* Released before it was acknowledged: in order, its PUBREC comes first. */
	if (mqtt_publish_under_way(session, id)) {
		mqtt_session_pause(session);
		return false;
	}
	struct mqtt_unreleased *one = mqtt_release_find(session->client, id);
	if (one)
		mqtt_release_remove(session->client, one);
	if (!session->client->nunreleased && !session->npublications)
		mqtt_release_forget(session->client);
	char buffer[MQTT_PACKET_SMALL_BYTES];
	struct mqtt_writer writer;
	mqtt_writer_init(&writer, buffer, sizeof buffer);
	/* One that is not known is answered all the same, or the client would send it for ever. */
	slice packet = mqtt_write_ack(&writer, session->version, MQTT_TYPE_PUBCOMP, id,
	        one ? MQTT_REASON_SUCCESS : MQTT_REASON_PACKET_ID_NOT_FOUND, (slice){ NULL, 0 });
	(void)mqtt_session_send(session, packet, (slice){ NULL, 0 });
	return true;
}
