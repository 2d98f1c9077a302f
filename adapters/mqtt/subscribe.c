/* SUBSCRIBE and UNSUBSCRIBE: what a client may hear, and what it hears.
 *
 * This is a gateway's listener, no broker: a client cannot hear whatever others publish. A filter is granted for
 *   replies       below "reply/": what is published to it there is the reply to its own requests and nothing else
 *                 (reply.c), so no filter of one client can reach another's answers, whatever it is;
 *   last values   where the core grants it (api/follow.h): endpoints with `keep: last` that the caller may read;
 *   commands      where the core says that a command for this device may come to it (command.c): only those for its
 *                 own identity ever do.
 * SUBACK leaves when all its filters have been decided. They are decided one at a time, so that a flood of filters
 * holds one request a client; meanwhile nothing of the client is read, so that what comes behind a SUBSCRIBE finds it
 * decided, however the bytes arrive.
 *
 * A SESSION THAT IS RESUMED asks the core again for what it followed, from the version on that it had heard last, with
 * the credentials of its new connection; a filter that is not granted any more is gone.
 *
 * A SUBSCRIPTION IS BEHIND when a value could not be sent (deliver.c). It then takes none until the client has caught
 * up, and asks for all that is newer than the last one that was sent. */
#include "adapters/mqtt/mqtt.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/uri.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>

/* A SUBSCRIBE, or a session that is resumed, while the core is asked about one filter after the other. */
struct mqtt_subscribing {
	struct mqtt_errand errand; /* of the request about `asked` */
	struct mqtt_session *session;
	struct mqtt_subscription *asked; /* NULL: the session has ended meanwhile */
	bool resuming;
	bool granted_some; /* of what commands may come to */
	uint16_t id;
	uint32_t number;
	slice rest; /* the filters that are left, in `filters` */
	unsigned n;
	char codes[MQTT_FILTERS_MAX];
	char why[MQTT_WHY_MAX_BYTES];
	char filters[];
};

static struct mqtt_subscription *subscription_of(struct list *link)
{
	return LIST_OWNER(link, struct mqtt_subscription, link);
}

static struct mqtt_subscription *find(struct mqtt_client *client, slice filter)
{
	LIST_EACH (&client->subscriptions, at, following) {
		if (slice_equal(subscription_of(at)->filter, filter))
			return subscription_of(at);
	}
	return NULL;
}

static struct mqtt_subscription *create(struct mqtt_client *client, slice filter)
{
	struct mqtt_subscription *one = calloc(1, sizeof *one + filter.n);
	if (!one)
		return NULL;
	memcpy(one->text, filter.p, filter.n);
	one->filter = (slice){ one->text, filter.n };
	one->client = client;
	list_init(&one->link);
	return one;
}

static void destroy(struct mqtt_subscription *one)
{
	if (!one)
		return;
	if (!list_empty(&one->link)) {
		list_remove(&one->link);
		one->client->nsubscriptions--;
		mqtt_deliver_forget_subscription(one->client, one);
	}
	subscription_end(one->values);
	free(one);
}

void mqtt_subscriptions_drop(struct mqtt_client *client)
{
	LIST_EACH (&client->subscriptions, at, following)
		destroy(subscription_of(at));
}

static void add(struct mqtt_client *client, struct mqtt_subscription *one)
{
	list_append(&client->subscriptions, &one->link);
	client->nsubscriptions++;
}

bool mqtt_subscribe_restore(
        struct mqtt_client *client, slice filter, const struct mqtt_subscription *values)
{
	struct mqtt_subscription *one = find(client, filter) ? NULL : create(client, filter);
	if (!one)
		return false;
	one->qos = values->qos;
	one->no_local = values->no_local;
	one->retain_as_published = values->retain_as_published;
	one->for_replies = values->for_replies;
	one->number = values->number;
	one->heard = values->heard;
	add(client, one);
	return true;
}

uint64_t mqtt_subscribe_position(const struct mqtt_subscription *one)
{
	return one->behind && one->missed <= one->heard ? one->missed - 1 : one->heard;
}

void mqtt_subscribe_missed(struct mqtt_subscription *one, uint64_t version)
{
	if (!one->behind || version < one->missed)
		one->missed = version;
	one->behind = true;
}

void mqtt_subscribe_catch_up(struct mqtt_client *client)
{
	LIST_EACH (&client->subscriptions, at, following) {
		struct mqtt_subscription *one = subscription_of(at);
		if (!one->behind || !one->values)
			continue;
		one->heard = mqtt_subscribe_position(one);
		one->behind = false;
		subscription_refresh(one->values, one->heard);
	}
}

/* ---- What it hears. */

void mqtt_subscribe_push(struct subscription *subscription, const struct update *update)
{
	struct mqtt_subscription *one = subscription->follower;
	if (update->ended != STATUS_NONE) {
		one->values = NULL;
		log_debug("mqtt", "no more values listener=%s client=%.*s filter=%.*s: %.*s",
		        one->client->listener->base.label, SLICE_ARG(one->client->id),
		        SLICE_ARG(one->filter), SLICE_ARG(update->why));
		return;
	}
	if (one->behind)
		return;
	struct arena arena;
	arena_init(&arena, 4 * MQTT_TOPIC_MAX_BYTES);
	struct mqtt_outgoing out = { .topic = mqtt_topic_for(&arena, one->filter, update->path),
		.media = mqtt_text_allowed(update->media) ? update->media : (slice){ NULL, 0 },
		.body = update->body,
		.qos = one->qos,
		.retain = (update->present && one->fresh) || one->retain_as_published,
		.subscription = one,
		.subscription_id = one->number,
		.version = update->version };
	one->fresh = one->fresh && update->present;
	/* A path that makes no topic cannot be said here, now or later. */
	if (!out.topic.p || mqtt_deliver_value(one->client, &out)) {
		one->heard = update->version;
	} else {
		one->client->listener->base.counters.at[COUNTER_LAGGED]++;
		mqtt_subscribe_missed(one, update->version);
	}
	arena_finish(&arena);
}

slice mqtt_topic_for(struct arena *arena, slice filter, slice path)
{
	slice topic = mqtt_topic_of_path(arena, path);
	if (!mqtt_text_allowed(topic))
		return (slice){ NULL, 0 };
	/* "/a" and "a" are the same path; the client hears the one that it asked for. */
	if (!topic.p || filter.p[0] != '/')
		return topic;
	return arena_printf(arena, "/%.*s", SLICE_ARG(topic));
}

const struct mqtt_subscription *mqtt_subscribe_match(
        const struct mqtt_client *client, struct arena *arena, slice path, slice *topic)
{
	LIST_EACH (&client->subscriptions, at, following) {
		const struct mqtt_subscription *one = subscription_of(at);
		*topic = mqtt_topic_for(arena, one->filter, path);
		if (!one->for_replies && topic->p && mqtt_filter_matches(one->filter, *topic))
			return one;
	}
	return NULL;
}

/* ---- Deciding about filters. */

/* As much of it as a reason string takes, cut between characters. */
static void set_why(struct mqtt_subscribing *job, slice why)
{
	int n = snprintf(job->why, sizeof job->why,
	        "this is a gateway's listener, not a broker: %.*s", SLICE_ARG(why));
	slice text = { job->why, n < (int)sizeof job->why ? (size_t)n : sizeof job->why - 1 };
	while (text.n && !utf8_valid(text))
		text.n--;
	job->why[text.n] = '\0';
}

static slice device_of(const struct mqtt_client *client)
{
	return *client->identity ? slice_of(client->identity) : client->id;
}

/* "/a/+/b" of "a/+/b", and the same with "#" at its end. */
static enum uri_verdict pattern_of(struct arena *arena, slice filter, slice *pattern)
{
	bool all = filter.p[filter.n - 1] == '#';
	if (slice_is(filter, "#") || slice_is(filter, "/#")) {
		*pattern = SLICE("/#");
		return URI_OK;
	}
	slice rest = { filter.p, filter.n - (all ? 2 : 0) }; /* without "/#" */
	enum uri_verdict verdict = uri_path_from_text(arena, rest, pattern);
	if (verdict != URI_OK || !all)
		return verdict;
	*pattern = arena_printf(arena, "%.*s/#", SLICE_ARG(*pattern));
	return pattern->p ? URI_OK : URI_NO_MEMORY;
}

static void go_on(struct mqtt_subscribing *job);

/* Takes the place of the one with the same filter. */
static void grant(struct mqtt_subscribing *job)
{
	struct mqtt_subscription *one = job->asked;
	job->asked = NULL;
	job->granted_some = job->granted_some || !one->for_replies;
	if (!job->resuming) {
		destroy(find(one->client, one->filter));
		add(one->client, one);
		mqtt_keep_later(one->client);
	}
}

/* Nothing of this filter is to be had, nor of an older subscription with it. */
static void withhold(struct mqtt_subscribing *job)
{
	struct mqtt_subscription *one = job->asked;
	job->asked = NULL;
	struct mqtt_client *client = one->client;
	if (job->resuming)
		log_info("mqtt", "no longer granted listener=%s client=%.*s filter=%.*s",
		        client->listener->base.label, SLICE_ARG(client->id),
		        SLICE_ARG(one->filter));
	else
		destroy(find(client, one->filter));
	destroy(one);
	mqtt_keep_later(client);
}

/* Not the caller's fault, and perhaps better in a while. */
static bool may_pass(enum mqtt_reason reason)
{
	return reason == MQTT_REASON_QUOTA_EXCEEDED || reason == MQTT_REASON_UNSPECIFIED;
}

static void asked(struct mqtt_listener *listener, struct request *request)
{
	struct mqtt_subscribing *job = request->ticket;
	struct mqtt_session *session = job->session;
	session->nerrands--;
	if (!job->asked) { /* the session has ended */
		subscription_end(request->subscription);
		request_free(request);
		free(job);
		mqtt_session_release(session);
		return;
	}
	struct mqtt_subscription *one = job->asked;
	enum mqtt_reason reason = (enum mqtt_reason)one->qos;
	bool cannot_tell = false;
	if (request->status == STATUS_OK && request->subscription) {
		one->values = request->subscription;
		one->heard = request->follow_after;
		grant(job);
	} else if (command_may_come(&listener->base, request->in.path, device_of(one->client))) {
		grant(job);
	} else {
		reason = mqtt_outcome_subscribe(request->status);
		cannot_tell = job->resuming && may_pass(reason);
		set_why(job, mqtt_message_why(request));
		if (cannot_tell)
			job->asked = NULL;
		else
			withhold(job);
	}
	request_free(request);
	if (!job->resuming)
		job->codes[job->n++] = (char)reason;
	if (cannot_tell) /* it keeps all its filters, and may come again */
		mqtt_session_end(session, reason, "the session cannot be resumed now");
	else
		go_on(job);
}

/* Asks the core about job->asked. false: no request to be had, or the filter makes no path. */
static bool ask(struct mqtt_subscribing *job, uint64_t after, enum mqtt_reason *reason)
{
	struct mqtt_session *session = job->session;
	struct request *request = mqtt_session_request(session);
	*reason = MQTT_REASON_QUOTA_EXCEEDED;
	if (!request)
		return false;
	request->in.method = METHOD_SUBSCRIBE;
	slice filter = arena_copy_slice(&request->arena, job->asked->filter);
	enum uri_verdict verdict =
	        filter.p ? pattern_of(&request->arena, filter, &request->in.path) : URI_NO_MEMORY;
	if (verdict != URI_OK) {
		if (verdict == URI_MALFORMED)
			*reason = MQTT_REASON_TOPIC_FILTER_INVALID;
		request_free(request);
		return false;
	}
	job->errand.done = asked;
	request->ticket = job;
	request->follower = job->asked;
	request->follow_after = after;
	request->follow_others = job->asked->no_local;
	request->may_be_refused = command_may_come(
	        &session->listener->base, request->in.path, device_of(job->asked->client));
	session->nerrands++;
	session->listener->base.counters.at[COUNTER_MESSAGES]++;
	request_submit(request);
	return true;
}

/* What of the present values it wants to hear: the version up to which it does not (MQTT 5.0 section 3.8.3.1). */
static uint64_t known_already(const struct mqtt_subscription *old, unsigned retain_handling)
{
	if (retain_handling == 0)
		return 0;
	if (old)
		return mqtt_subscribe_position(old);
	return retain_handling == 1 ? 0 : clock_wall_ns();
}

/* Decides about one filter of SUBSCRIBE. false: the core is asked. */
static bool decide(struct mqtt_subscribing *job, slice filter, uint8_t options)
{
	struct mqtt_client *client = job->session->client;
	const struct mqtt_subscription *old = find(client, filter);
	enum mqtt_reason reason = MQTT_REASON_QUOTA_EXCEEDED;
	if (mqtt_filter_is_shared(filter)) {
		reason = MQTT_REASON_SHARED_NOT_SUPPORTED;
		set_why(job, SLICE("there are no shared subscriptions"));
	} else if (filter.p[0] == '$') {
		reason = MQTT_REASON_NOT_AUTHORIZED;
		set_why(job, SLICE("it has no topics that begin with $"));
	} else if (filter.n > MQTT_FILTER_MAX_BYTES ||
	           (!old && client->nsubscriptions >= client->listener->subscriptions_max)) {
		set_why(job, SLICE("too many filters, or too long a one"));
	} else {
		job->asked = create(client, filter);
	}
	struct mqtt_subscription *one = job->asked;
	if (one) {
		one->number = job->number;
		one->qos = options & 3;
		one->no_local = options & 4;
		one->retain_as_published = options & 8;
		one->for_replies = slice_starts(filter, SLICE("reply/"));
		one->fresh = true;
		if (!one->for_replies) {
			if (ask(job, known_already(old, options >> 4 & 3), &reason))
				return false;
			set_why(job, SLICE("the filter makes no path, or there is no room for it"));
			withhold(job);
		} else {
			one->qos = 0; /* whatever was asked for */
			reason = MQTT_REASON_SUCCESS;
			grant(job);
		}
	}
	job->codes[job->n++] = (char)reason;
	return true;
}

/* SUBACK and UNSUBACK: the packet identifier, a reason string, one code for each filter. */
static bool send_codes(
        struct mqtt_session *session, enum mqtt_type type, uint16_t id, slice codes, slice why)
{
	char buffer[MQTT_PACKET_SMALL_BYTES];
	struct mqtt_writer writer;
	mqtt_writer_init(&writer, buffer, sizeof buffer);
	mqtt_put_two(&writer, id);
	if (session->version == MQTT_VERSION_5) {
		mqtt_properties_begin(&writer);
		if (why.n)
			mqtt_property_binary(&writer, MQTT_PROPERTY_REASON_STRING, why);
		mqtt_properties_end(&writer);
	}
	for (size_t i = 0; i < codes.n; i++) {
		uint8_t code = (uint8_t)codes.p[i];
		/* The one failure that 3.1.1 knows. */
		bool plain = session->version != MQTT_VERSION_5 && code > MQTT_REASON_UNSPECIFIED;
		mqtt_put_byte(&writer, plain ? MQTT_REASON_UNSPECIFIED : code);
	}
	slice packet = mqtt_writer_end(&writer, type, 0, 0);
	return mqtt_session_send(session, packet, (slice){ NULL, 0 });
}

static void answer(
        struct mqtt_session *session, enum mqtt_type type, uint16_t id, slice codes, slice why)
{
	slice nothing = { NULL, 0 };
	if (!session->problem_information || !send_codes(session, type, id, codes, why))
		(void)send_codes(session, type, id, codes, nothing);
}

static void finish(struct mqtt_subscribing *job)
{
	struct mqtt_session *session = job->session;
	struct mqtt_client *client = session->client;
	session->subscribing = NULL;
	session->deciding = false;
	if (!job->resuming)
		answer(session, MQTT_TYPE_SUBACK, job->id, (slice){ job->codes, job->n },
		        slice_of(job->why));
	if (job->granted_some)
		command_device_returned(&session->listener->base, device_of(client));
	free(job);
	mqtt_publish_go_on(session); /* reading goes on as well */
}

/* The next one of a resumed session; false: none is left. */
static bool resume_next(struct mqtt_subscribing *job)
{
	enum mqtt_reason reason;
	LIST_EACH (&job->session->client->subscriptions, at, following) {
		struct mqtt_subscription *one = subscription_of(at);
		if (!one->unasked)
			continue;
		one->unasked = false;
		job->asked = one;
		one->heard = mqtt_subscribe_position(one);
		one->behind = false;
		if (!ask(job, one->heard, &reason)) {
			job->asked = NULL;
			mqtt_session_end(job->session, reason, "the session cannot be resumed now");
		}
		return true;
	}
	return false;
}

static void go_on(struct mqtt_subscribing *job)
{
	slice filter;
	uint8_t options;
	if (job->resuming) {
		if (!resume_next(job))
			finish(job);
		return;
	}
	while (mqtt_filter_next(&job->rest, &filter, &options)) {
		if (!decide(job, filter, options))
			return;
	}
	finish(job);
}

/* ---- The packets. */

/* SUBSCRIBE or UNSUBSCRIBE in, or the fault dealt with. */
static bool parse(struct mqtt_session *session, const struct mqtt_frame *frame,
        struct mqtt_subscribe *subscribe)
{
	struct mqtt_fault fault = mqtt_subscribe_parse(frame, session->version, subscribe);
	if (!fault.why && subscribe->nfilters > MQTT_FILTERS_MAX)
		fault = (struct mqtt_fault){ MQTT_REASON_QUOTA_EXCEEDED,
			"more than 64 topic filters in one packet" };
	if (fault.why)
		mqtt_session_fault(session, fault);
	return !fault.why;
}

/* The session's next one; NULL: no memory. */
static struct mqtt_subscribing *begin(struct mqtt_session *session, slice filters)
{
	struct mqtt_subscribing *job = calloc(1, sizeof *job + filters.n);
	if (!job)
		return NULL;
	if (filters.n)
		memcpy(job->filters, filters.p, filters.n);
	job->rest = (slice){ job->filters, filters.n };
	job->session = session;
	session->subscribing = job;
	return job;
}

bool mqtt_subscribe_take(struct mqtt_session *session, const struct mqtt_frame *frame)
{
	if (session->subscribing) {
		mqtt_session_pause(session);
		return false;
	}
	struct mqtt_subscribe subscribe;
	if (!parse(session, frame, &subscribe))
		return true;
	struct mqtt_subscribing *job = begin(session, subscribe.filters);
	if (!job) {
		mqtt_session_end(session, MQTT_REASON_SERVER_UNAVAILABLE, "out of memory");
		return true;
	}
	job->id = subscribe.id;
	job->number = subscribe.properties.subscription_id;
	session->deciding = true;
	go_on(job);
	if (session->deciding)
		mqtt_session_pause(session);
	return true;
}

bool mqtt_unsubscribe_take(struct mqtt_session *session, const struct mqtt_frame *frame)
{
	if (session->subscribing) {
		mqtt_session_pause(session);
		return false;
	}
	struct mqtt_subscribe unsubscribe;
	if (!parse(session, frame, &unsubscribe))
		return true;
	char codes[MQTT_FILTERS_MAX];
	size_t n = 0;
	slice rest = unsubscribe.filters, filter;
	while (mqtt_filter_next(&rest, &filter, NULL)) {
		struct mqtt_subscription *one = find(session->client, filter);
		codes[n++] = one ? MQTT_REASON_SUCCESS : MQTT_REASON_NO_SUBSCRIPTION_EXISTED;
		destroy(one);
	}
	mqtt_keep_later(session->client);
	if (session->version != MQTT_VERSION_5)
		n = 0; /* UNSUBACK has no payload there */
	answer(session, MQTT_TYPE_UNSUBACK, unsubscribe.id, (slice){ codes, n },
	        (slice){ NULL, 0 });
	return true;
}

/* ---- The client comes and goes. */

void mqtt_subscribe_resume(struct mqtt_session *session)
{
	bool any = false;
	LIST_EACH (&session->client->subscriptions, at, following) {
		struct mqtt_subscription *one = subscription_of(at);
		one->unasked = !one->for_replies;
		one->fresh = false;
		any = any || one->unasked;
	}
	struct mqtt_subscribing *job = any ? begin(session, (slice){ NULL, 0 }) : NULL;
	if (job) {
		job->resuming = true;
		go_on(job);
	} else if (any) {
		mqtt_session_end(session, MQTT_REASON_SERVER_UNAVAILABLE, "out of memory");
	}
}

void mqtt_subscribe_pause(struct mqtt_session *session, struct mqtt_client *client)
{
	struct mqtt_subscribing *job = session->subscribing;
	session->deciding = false;
	LIST_EACH (&client->subscriptions, at, following) {
		struct mqtt_subscription *one = subscription_of(at);
		subscription_end(one->values);
		one->values = NULL;
	}
	if (!job)
		return;
	session->subscribing = NULL;
	/* Its request is under way, and finds nobody; else it is on the stack, or was never asked. */
	bool waits = job->asked != NULL;
	if (waits && !job->resuming)
		destroy(job->asked);
	job->asked = NULL;
	if (!waits)
		free(job);
}
