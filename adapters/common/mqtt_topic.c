#include "adapters/common/mqtt_topic.h"

#include "base/uri.h"

bool mqtt_topic_allowed(slice topic)
{
	return topic.n && slice_find(topic, '+') == topic.n && slice_find(topic, '#') == topic.n;
}

bool mqtt_filter_allowed(slice filter)
{
	if (!filter.n)
		return false;
	slice rest = filter;
	while (rest.p) {
		slice level = slice_cut(&rest, '/');
		if (level.n > 1 && !mqtt_topic_allowed(level))
			return false;
		if (slice_is(level, "#") && rest.p)
			return false;
	}
	return true;
}

bool mqtt_filter_is_shared(slice filter)
{
	return slice_starts(filter, SLICE("$share/"));
}

bool mqtt_filter_matches(slice filter, slice topic)
{
	if (topic.n && topic.p[0] == '$' && filter.n && (filter.p[0] == '+' || filter.p[0] == '#'))
		return false;
	while (filter.p && topic.p) {
		slice wanted = slice_cut(&filter, '/');
		if (slice_is(wanted, "#"))
			return true;
		slice level = slice_cut(&topic, '/');
		if (!slice_is(wanted, "+") && !slice_equal(wanted, level))
			return false;
	}
	/* "sport/#" takes "sport" too (section 4.7.1.2). */
	return !topic.p && (!filter.p || slice_is(filter, "#"));
}

slice mqtt_topic_of_path(struct arena *arena, slice path)
{
	slice topic = slice_from(uri_decode(arena, path), 1);
	if (!mqtt_topic_allowed(topic) || topic.n > MQTT_TOPIC_MAX_BYTES)
		return (slice){ NULL, 0 };
	return topic;
}
