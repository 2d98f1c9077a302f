/* follow: who follows which values, and what they are told.
 *
 * NO QUEUES. A subscription remembers the version that it has heard last; values.h gives the oldest that is newer.
 * So a follower that is slow or new costs no memory, and hears the newest only.
 *
 * NO PUSH FROM INSIDE A CALL. Publishing marks who is concerned; a task at the end of the turn tells them: so many a
 * turn, the rest in the next one (a timer that is due at once), so that a flood of followers does not keep the loop
 * from its sockets. Those who follow one path are found by its hash. Those who follow a pattern are a list, walked
 * once a turn and not once a value: each goes through what is new to it.
 *
 * Rejected: a trie of patterns. It saves work where most patterns don't match most values; a gateway's followers are
 * services and panels that follow most of what there is. */
#include "core/following.h"

#include "base/clock.h"

#include <stdlib.h>

#include "api/codec.h"

#include "base/media.h"
#include "base/table.h"

#include "core/pattern.h"

enum {
	PUSHES_A_TURN = 256,
	PUSHES_AT_ONCE = 32, /* to one that follows a pattern, before the next has its turn */
	LOOKS_A_TURN = 16384 /* values held against patterns */
};

struct topic {
	slice path; /* the first follower's: they are alike */
	struct list followers;
	UT_hash_handle hh;
	char text[];
};

static struct topic *find_topic(const struct follow *follow, slice path)
{
	struct topic *topic;
	HASH_FIND(hh, follow->topics, path.p, path.n, topic);
	return topic;
}

static struct topic *topic_of(struct follow *follow, slice path)
{
	struct topic *topic = find_topic(follow, path);
	if (topic)
		return topic;
	topic = calloc(1, sizeof *topic + path.n);
	if (!topic)
		return NULL;
	memcpy(topic->text, path.p, path.n);
	topic->path = (slice){ topic->text, path.n };
	list_init(&topic->followers);
	HASH_ADD_KEYPTR(hh, follow->topics, topic->text, path.n, topic);
	if (find_topic(follow, path) == topic)
		return topic;
	free(topic);
	return NULL;
}

static void leave_topic(struct follow *follow, struct topic *topic)
{
	if (!topic || !list_empty(&topic->followers))
		return;
	HASH_DEL(follow->topics, topic);
	free(topic);
}

static size_t credentials_bytes(const struct credential *credentials)
{
	size_t n = 0;
	for (; credentials; credentials = credentials->next)
		n += sizeof *credentials + credentials->name.n + credentials->secret.n;
	return n;
}

/* Structs first, for their alignment; then their bytes. */
static const struct credential *copy_credentials(
        struct credential *to, char **at, const struct credential *from)
{
	const struct credential *first = from ? to : NULL;
	for (; from; from = from->next, to++)
		*to = (struct credential){ .kind = from->kind,
			.name = slice_put(at, from->name),
			.secret = slice_put(at, from->secret),
			.next = from->next ? to + 1 : NULL };
	return first;
}

static unsigned count_credentials(const struct credential *credentials)
{
	unsigned n = 0;
	for (; credentials; credentials = credentials->next)
		n++;
	return n;
}

static struct following *copy_request(const struct request *request, size_t bytes)
{
	struct following *following = calloc(1, bytes);
	if (!following)
		return NULL;
	struct credential *credentials = (struct credential *)(void *)(following + 1);
	char *at = (char *)(credentials + count_credentials(request->credentials));
	following->bytes = bytes;
	following->credentials = copy_credentials(credentials, &at, request->credentials);
	bool one = request->in.method == METHOD_GET;
	following->path = slice_put(&at, one ? request->resource : request->in.path);
	following->accept = slice_put(&at, request->accept);
	following->peer = slice_put(&at, request->peer);
	following->session = slice_put(&at, request->session);
	following->protocol = request->protocol;
	following->method = request->in.method;
	return following;
}

bool following_recognise(struct following *following, const struct identity *who)
{
	free(following->who);
	following->who = who ? identity_duplicate(who) : NULL;
	return !who || following->who;
}

struct following *following_create(struct core *core, struct request *request)
{
	struct follow *follow = &core->follow;
	bool one = request->in.method == METHOD_GET;
	slice path = one ? request->resource : request->in.path;
	size_t bytes = sizeof(struct following) + credentials_bytes(request->credentials) + path.n +
	               request->accept.n + request->peer.n + request->session.n;
	bool room = follow->count < follow->max && bytes <= follow->max_bytes - follow->bytes;
	struct following *following = room ? copy_request(request, bytes) : NULL;
	if (following && !following_recognise(following, request->who)) {
		free(following);
		following = NULL;
	}
	if (!following) {
		follow->refused++;
		return NULL;
	}
	list_init(&following->link);
	list_init(&following->place);
	list_init(&following->due);
	if (one || filter_is_path(following->path)) {
		following->topic = topic_of(follow, following->path);
		if (!following->topic) {
			free(following->who);
			free(following);
			return NULL;
		}
		list_append(&following->topic->followers, &following->place);
	} else {
		list_append(&follow->patterns, &following->place);
	}
	list_append(&follow->all, &following->link);
	follow->count++;
	follow->bytes += bytes;
	following->subscription = (struct subscription){ request->adapter, request->follower };
	following->request = request;
	following->by = request->recognised_by;
	follow_until(core, following);
	following->since = values_newest(core->values);
	if (request->follow_others)
		following->others_than = values_sender(request->adapter->label, request->session);
	request->subscription = &following->subscription;
	return following;
}

void following_destroy(struct core *core, struct following *following)
{
	struct follow *follow = &core->follow;
	review_forget(following);
	if (follow->in_hand == following)
		follow->in_hand = NULL;
	list_remove(&following->link);
	list_remove(&following->place);
	list_remove(&following->due);
	leave_topic(follow, following->topic);
	follow->count--;
	follow->bytes -= following->bytes;
	free(following->who);
	explicit_bzero(following, following->bytes);
	free(following);
}

/* The listener has stopped while the request was on its way home. */
static void withdraw(struct core *core, struct request *request)
{
	following_destroy(core, (struct following *)(void *)request->subscription);
	request->subscription = NULL;
	if (request->in.method == METHOD_SUBSCRIBE)
		request_refuse(request, STATUS_UNAVAILABLE, "the listener stops");
}

/* The adapter hears about it, unless it does not know of the subscription yet. */
void following_end(struct core *core, struct following *following, enum status status, slice why)
{
	struct subscription *subscription = &following->subscription;
	if (following->request) {
		withdraw(core, following->request);
		return;
	}
	core->follow.ended++;
	struct update update = { .ended = status, .why = why, .path = following->path };
	/* Out of all lists before the call: whatever the adapter does in it does not meet it again. */
	list_remove(&following->link);
	list_remove(&following->place);
	list_remove(&following->due);
	subscription->adapter->ops->push(subscription->adapter, subscription, &update);
	following_destroy(core, following);
}

void subscription_end(struct subscription *subscription)
{
	if (subscription)
		following_destroy(
		        subscription->adapter->core, (struct following *)(void *)subscription);
}

static void go_on_soon(struct core *core)
{
	struct follow *follow = &core->follow;
	if (follow->in_hand)
		timer_set(&follow->later, loop_now_ms(core->loop));
	else
		loop_defer(core->loop, &follow->task);
}

void following_is_due(struct core *core, struct following *following)
{
	/* One whose credentials are in doubt, or who is not known to its adapter yet, catches up later. */
	if (!following->who || following->request)
		return;
	if (following->topic && list_empty(&following->due))
		list_append(&core->follow.due, &following->due);
	go_on_soon(core);
}

void subscription_refresh(struct subscription *subscription, uint64_t after)
{
	struct following *following = (struct following *)(void *)subscription;
	if (after < following->heard)
		following->heard = after;
	following_is_due(subscription->adapter->core, following);
}

void follow_published(struct core *core, slice path)
{
	struct follow *follow = &core->follow;
	struct topic *topic = find_topic(follow, path);
	if (topic) {
		LIST_EACH (&topic->followers, at, following)
			following_is_due(core, LIST_OWNER(at, struct following, place));
	}
	if (!list_empty(&follow->patterns))
		go_on_soon(core);
}

void follow_removed(struct core *core, slice path)
{
	struct topic *topic = find_topic(&core->follow, path);
	if (!topic)
		return;
	LIST_EACH (&topic->followers, at, following) {
		struct following *one = LIST_OWNER(at, struct following, place);
		one->removed = one->method == METHOD_GET;
		following_is_due(core, one);
	}
}

/* ---- From a request to a subscription. */

void follow_one(struct core *core, struct request *request, uint64_t version)
{
	if (!request->adapter->ops->push || request->adapter->stopped)
		return;
	struct following *following = following_create(core, request);
	if (following)
		following->heard = version;
}

void follow_hand_over(struct core *core, struct request *request)
{
	if (!request->subscription)
		return;
	struct following *following = (struct following *)(void *)request->subscription;
	if (request->adapter->stopped) {
		withdraw(core, request);
		return;
	}
	following->request = NULL;
	/* While it waited for its answer somebody may have become nobody. */
	if (!following->who || request->configuration != core->current ||
	        request->changes != core->changes.count)
		review_add(core, following);
	following_is_due(core, following);
}

/* ---- Telling them. */

enum { TRANSLATIONS = 8, TRANSLATION_BYTES = 4 << 20, BODY_FACTOR = 16 };

/* One turn's work. */
struct telling {
	struct core *core;
	unsigned pushes, looks; /* that are left */
	struct arena arena;
	/* The latest translations: followers who like the same notation share them. */
	struct {
		uint64_t version;
		const struct codec *codec;
		slice body;
	} done[TRANSLATIONS];
	unsigned next;
};

static slice translate(
        struct telling *telling, const struct kept_value *value, const struct codec *codec)
{
	for (unsigned i = 0; i < TRANSLATIONS; i++) {
		if (telling->done[i].version == value->version && telling->done[i].codec == codec)
			return telling->done[i].body;
	}
	if (telling->arena.used_bytes > TRANSLATION_BYTES) {
		arena_finish(&telling->arena);
		memset(telling->done, 0, sizeof telling->done);
	}
	telling->arena.budget_bytes =
	        telling->arena.used_bytes + TRANSLATION_BYTES + BODY_FACTOR * value->body.n;
	const struct codec *from = codec_for(value->media);
	struct error error;
	const struct value *tree = from ? from->decode(&telling->arena, value->body, &error) : NULL;
	slice body = tree ? codec->encode(&telling->arena, tree, &error) : (slice){ NULL, 0 };
	telling->done[telling->next].version = value->version;
	telling->done[telling->next].codec = codec;
	telling->done[telling->next].body = body;
	telling->next = (telling->next + 1) % TRANSLATIONS;
	return body;
}

/* In a notation that the follower takes, the one that it likes best (as mediate.c chooses). false: there is none. */
static bool word(struct telling *telling, const struct following *following,
        const struct kept_value *value, struct update *update)
{
	unsigned as_it_is = media_quality(following->accept, value->media);
	struct liking last = LIKING_MOST;
	const struct codec *codec;
	do {
		codec = mediate_next_liked(following->accept, as_it_is, &last);
		update->media = codec ? slice_of(codec->media) : value->media;
		update->body = codec ? translate(telling, value, codec) : value->body;
	} while (codec && !update->body.p);
	return codec || as_it_is;
}

/* false: the subscription is no more. */
static bool push(
        struct telling *telling, struct following *following, const struct kept_value *value)
{
	struct core *core = telling->core;
	struct update update = { .path = value->path,
		.version = value->version,
		.present = value->version <= following->since };
	following->heard = value->version;
	if (following->others_than && following->others_than == value->sender)
		return true;
	if (!word(telling, following, value, &update)) {
		if (following->method == METHOD_SUBSCRIBE)
			return true;
		following_end(core, following, STATUS_NOT_ACCEPTABLE,
		        SLICE("the value cannot be written as any media type that is taken"));
		return false;
	}
	telling->pushes--;
	core->follow.pushed++;
	core->follow.in_hand = following;
	struct adapter *adapter = following->subscription.adapter;
	adapter->ops->push(adapter, &following->subscription, &update);
	bool there = core->follow.in_hand == following;
	core->follow.in_hand = NULL;
	return there;
}

static void tell_one(struct telling *telling, struct following *following)
{
	struct core *core = telling->core;
	if (following->removed) {
		following_end(core, following, STATUS_NOT_FOUND, SLICE("the value was deleted"));
		return;
	}
	const struct kept_value *value = values_find(core->values, following->path);
	if (!value || value->version <= following->heard)
		return;
	if (following_may_hear(core, following, value->path))
		(void)push(telling, following, value);
	else
		following->heard = value->version;
}

static void tell_due(struct telling *telling)
{
	struct follow *follow = &telling->core->follow;
	while (telling->pushes && telling->looks && !list_empty(&follow->due)) {
		struct list *first = follow->due.next;
		list_remove(first);
		telling->looks--;
		tell_one(telling, LIST_OWNER(first, struct following, due));
	}
}

/* true: it has heard all that is new. */
static bool tell_pattern(struct telling *telling, struct following *following)
{
	struct core *core = telling->core;
	unsigned stop = telling->pushes > PUSHES_AT_ONCE ? telling->pushes - PUSHES_AT_ONCE : 0;
	while (telling->pushes > stop && telling->looks) {
		const struct kept_value *value = values_after(core->values, following->heard);
		if (!value) {
			following->heard = values_newest(core->values);
			return true;
		}
		telling->looks--;
		following->heard = value->version;
		if (!filter_matches(following->path, value->path) ||
		        !following_may_hear(core, following, value->path))
			continue;
		if (!push(telling, following, value))
			return true;
	}
	return !values_after(core->values, following->heard);
}

/* Each has a turn; then the list is turned, so that the next time others are first. true: some wait for more. */
static bool tell_patterns(struct telling *telling)
{
	struct core *core = telling->core;
	struct list *patterns = &core->follow.patterns;
	uint64_t newest = values_newest(core->values);
	bool more = false;
	struct list seen;
	list_init(&seen);
	while (!list_empty(patterns) && telling->pushes && telling->looks) {
		struct following *following = LIST_OWNER(patterns->next, struct following, place);
		list_remove(&following->place);
		list_append(&seen, &following->place);
		if (following->who && following->heard < newest && !following->request)
			more = !tell_pattern(telling, following) || more;
	}
	more = more || !list_empty(patterns);
	while (!list_empty(&seen)) {
		struct list *first = seen.next;
		list_remove(first);
		list_append(patterns, first);
	}
	return more;
}

/* true: some wait for more. */
static bool tell(struct core *core)
{
	struct telling telling = { .core = core, .pushes = PUSHES_A_TURN, .looks = LOOKS_A_TURN };
	arena_init(&telling.arena, TRANSLATION_BYTES);
	tell_due(&telling);
	bool more = tell_patterns(&telling);
	arena_finish(&telling.arena);
	return more || !list_empty(&core->follow.due);
}

static void run(struct task *task)
{
	struct core *core = LIST_OWNER(task, struct core, follow.task);
	if (tell(core))
		timer_set(&core->follow.later, loop_now_ms(core->loop));
}

static void go_on(struct timer *timer)
{
	struct core *core = LIST_OWNER(timer, struct core, follow.later);
	bool more = review_go_on(core);
	more = tell(core) || more;
	if (more)
		timer_set(timer, loop_now_ms(core->loop));
}

/* ---- The end of what somebody was recognised by. */

static void some_have_expired(struct timer *timer)
{
	struct follow *follow = LIST_OWNER(timer, struct follow, expiry);
	struct core *core = LIST_OWNER(follow, struct core, follow);
	uint64_t now_ms = clock_wall_ns() / 1000000;
	LIST_EACH (&follow->all, at, next) {
		struct following *one = LIST_OWNER(at, struct following, link);
		if (!one->who || !one->who->valid_until_ms)
			continue;
		if (one->who->valid_until_ms > now_ms)
			follow_until(core, one);
		else if (!one->request)
			review_add(core, one);
	}
}

void follow_until(struct core *core, const struct following *following)
{
	struct timer *timer = &core->follow.expiry;
	uint64_t now_ms = clock_wall_ns() / 1000000, until_ms = following->who->valid_until_ms;
	if (!until_ms)
		return;
	uint64_t at_ms = loop_now_ms(core->loop) + (until_ms > now_ms ? until_ms - now_ms : 0) + 1;
	if (!timer->at_ms || at_ms < timer->at_ms)
		timer_set(timer, at_ms);
}

/* ---- The life of it all. */

void follow_init(struct core *core)
{
	struct follow *follow = &core->follow;
	list_init(&follow->all);
	list_init(&follow->patterns);
	list_init(&follow->due);
	list_init(&follow->doubtful);
	task_init(&follow->task, run);
	timer_init(&follow->later, core->loop, go_on);
	timer_init(&follow->expiry, core->loop, some_have_expired);
	review_init(core);
}

void follow_finish(struct core *core)
{
	struct follow *follow = &core->follow;
	LIST_EACH (&follow->all, at, following)
		following_destroy(core, LIST_OWNER(at, struct following, link));
	task_cancel(&follow->task);
	timer_stop(&follow->later);
	timer_stop(&follow->expiry);
}

/* One that is in doubt already may be anybody. */
static bool is_of(const struct following *one, slice client)
{
	return !client.p || !one->who || slice_equal(one->who->id, client);
}

void follow_review(struct core *core, slice client)
{
	struct follow *follow = &core->follow;
	LIST_EACH (&follow->all, at, following) {
		struct following *one = LIST_OWNER(at, struct following, link);
		if (!is_of(one, client))
			continue;
		(void)following_recognise(one, NULL);
		if (!one->request) /* else it is looked at when it is handed over */
			review_add(core, one);
	}
}

void follow_end_all(struct core *core, struct adapter *adapter)
{
	struct list ending;
	list_init(&ending);
	LIST_EACH (&core->follow.all, at, following) {
		if (LIST_OWNER(at, struct following, link)->subscription.adapter != adapter)
			continue;
		list_remove(at);
		list_append(&ending, at);
	}
	while (!list_empty(&ending)) {
		struct following *one = LIST_OWNER(ending.next, struct following, link);
		following_end(core, one, STATUS_UNAVAILABLE, SLICE("the listener stops"));
	}
}
