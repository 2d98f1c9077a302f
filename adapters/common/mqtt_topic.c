#include "adapters/common/mqtt_topic.h"

#include "base/uri.h"
#include "base/utf8.h"

/* U+0080 to U+009F, U+FDD0 to U+FDEF and the last two code points of each plane, in valid UTF-8. */
static bool is_forbidden_sequence(const uint8_t *p)
{
	if (p[0] == 0xc2)
		return p[1] < 0xa0;
	if (p[0] == 0xef)
		return (p[1] == 0xb7 && p[2] >= 0x90 && p[2] <= 0xaf) ||
		       (p[1] == 0xbf && p[2] >= 0xbe);
	return p[0] >= 0xf0 && (p[1] & 0x0f) == 0x0f && p[2] == 0xbf && p[3] >= 0xbe;
}

bool mqtt_text_allowed(slice text)
{
	if (!utf8_valid(text))
		return false;
	const uint8_t *p = (const uint8_t *)text.p;
	for (size_t i = 0; i < text.n; i++) {
		if (p[i] < 0x20 || p[i] == 0x7f)
			return false;
		/* A lead byte: the sequence behind it is whole, utf8_valid() says. */
		if (p[i] >= 0xc0 && is_forbidden_sequence(p + i))
			return false;
	}
	return true;
}

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
