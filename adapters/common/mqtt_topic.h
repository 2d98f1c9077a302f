/* mqtt_topic: strings, topic names and topic filters (MQTT 5.0 sections 1.5.4 and 4.7), for the listener and for joined brokers alike. Pure;
 * that they are UTF-8 has been looked at before. */
#ifndef COMMON_MQTT_TOPIC_H
#define COMMON_MQTT_TOPIC_H

#include "base/arena.h"
#include "base/slice.h"

enum { MQTT_TOPIC_MAX_BYTES = 2048 };

/* Well-formed UTF-8 [MQTT-1.5.4-1] without U+0000 [MQTT-1.5.4-2] and, as section 1.5.4 lets a server choose,
 * without control characters and non-characters: a string here becomes a path, a header or a log line. */
bool mqtt_text_allowed(slice);

/* Section 4.7: not empty; "#" alone in the last level, "+" alone in its level. */
bool mqtt_filter_allowed(slice filter);
/* Does the (allowed) filter take this topic? Wildcards at the start take no topic that begins with "$"
 * [MQTT-4.7.2-1]. */
bool mqtt_filter_matches(slice filter, slice topic);
/* Not empty, no wildcards [MQTT-3.3.2-2]. */
bool mqtt_topic_allowed(slice topic);
/* "$share/NAME/FILTER" (MQTT 5.0 section 4.8.2). */
bool mqtt_filter_is_shared(slice filter);

/* The topic "valve/valve-3" of the (normalised) path "/valve/valve-3". { NULL, 0 }: a wildcard or nothing in it, longer
 * than MQTT_TOPIC_MAX_BYTES, or over budget. */
slice mqtt_topic_of_path(struct arena *, slice path);

#endif
