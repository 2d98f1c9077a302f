#include "adapters/mqtt_broker/publisher.h"

#include "adapters/common/mqtt_topic.h"

enum { NAME_MAX_BYTES = 255 };

bool publisher_named(const struct publisher *publisher)
{
	return publisher->segment || publisher->property.n;
}

/* What no client's id has but a forger may try: anything that means something in a topic, a path or a log. */
static bool name_allowed(slice name)
{
	static const char also[] = "-_.:@";
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool plain =
		        (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
		if (!plain && (!c || !strchr(also, c)))
			return false;
	}
	return name.n > 0 && name.n <= NAME_MAX_BYTES;
}

static const char *by_segment(unsigned wanted, slice topic, slice *name)
{
	for (unsigned i = 1; topic.p; i++) {
		slice segment = slice_cut(&topic, '/');
		if (i < wanted)
			continue;
		*name = segment;
		return name_allowed(segment)
		               ? NULL
		               : "the publisher's segment of the topic is no client's id";
	}
	return "the topic is too short to say who published";
}

static const char *by_property(slice wanted, const struct paho_message *message, slice *name)
{
	unsigned found = 0;
	for (unsigned i = 0; i < message->nproperties; i++) {
		if (!slice_equal(message->properties[i].name, wanted))
			continue;
		*name = message->properties[i].value;
		found++;
	}
	if (!found)
		return "no user property says who published";
	if (found > 1)
		return "the user property that says who published is given more than once";
	return name_allowed(*name) ? NULL : "the publisher's user property is no client's id";
}

const char *publisher_find(
        const struct publisher *publisher, const struct paho_message *message, slice *name)
{
	const char *why = publisher->segment ? by_segment(publisher->segment, message->topic, name)
	                                     : by_property(publisher->property, message, name);
	if (why)
		*name = (slice){ NULL, 0 };
	return why;
}

bool publisher_may_hear(slice publisher, slice topic)
{
	slice rest = topic;
	if (!mqtt_topic_allowed(topic) || !slice_is(slice_cut(&rest, '/'), "reply") || !rest.p)
		return false;
	slice first = slice_cut(&rest, '/');
	/* Where replies to the gateway's own commands come. */
	if (slice_is(first, "fairlead"))
		return false;
	return !publisher.n || slice_equal(first, publisher);
}
