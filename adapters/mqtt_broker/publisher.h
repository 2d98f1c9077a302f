/* publisher: which client a broker's message comes from, by its topic or by a user property. Pure.
 *
 * A broker does not say who published. What says it is a segment of the topic, which the broker's access control can tie
 * to the user that published (board/mosquitto/acl), or a user property, which nobody checks. */
#ifndef MQTT_BROKER_PUBLISHER_H
#define MQTT_BROKER_PUBLISHER_H

#include "adapters/mqtt_broker/paho.h"

struct publisher {
	unsigned segment; /* of the topic, from 1; 0: not by the topic */
	slice property;   /* the user property's name; empty: not by one */
};

/* Is anybody named at all? */
bool publisher_named(const struct publisher *);
/* NULL: *name is who published, in the message's memory. Else why nobody is believed. */
const char *publisher_find(const struct publisher *, const struct paho_message *, slice *name);
/* May an answer for this publisher (empty: for anybody) go to this topic? Only below "reply/", and there only below the
 * publisher's own name: else a device could have the gateway publish where its own rights end. */
bool publisher_may_hear(slice publisher, slice topic);

#endif
