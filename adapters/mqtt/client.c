/* What is kept of a client beyond its connection: MQTT's session state, by client identifier.
 *
 * A client whose session expiry is 0 (3.1.1: clean session) ends with its connection. Another is away when its
 * connection ends, until it comes back or expires; of those, the listener keeps `sessions`, and the longest gone gives
 * way to the next; first those of callers whom nobody recognised, so that no stranger can push out a device's. Of one
 * identity it keeps `sessions_per_client`, and there its own longest gone gives way: no device can push out another's with
 * client identifiers that it makes up.
 *
 * TAKE-OVER. A second connection with a client identifier that is in use or kept gets it ([MQTT-3.1.4-3]) only if it is
 * the same caller: the same identity by the core's word and the same user name, and, where the core believed nobody in
 * particular, the same password and the same proof by TLS. Anyone else is refused: guessing a client identifier must not cut off a device, nor
 * hear what waits for it. But a name that is held by nobody in particular goes to the first who proves who it is, with
 * nothing of what was kept, so that no stranger can hold a device's name against it. Two devices that were given one
 * name would push each other out for ever: the one that is there stays after `take_overs` of them in ten seconds.
 *
 * Where the configuration has a store, clients are kept there as well (keep.c).
 *
 * THE WILL of a client that is away waits for its delay, or for the end of the session if that comes first (MQTT 5.0
 * section 3.1.3.2.2). It is the connection that is gone which waits (`parked`), since it knows the will and whose it is. */
#include "adapters/mqtt/mqtt.h"

#include <stdlib.h>

enum { TAKE_OVERS_WINDOW_MS = 10 * 1000 };

static struct mqtt_client *find(const struct mqtt_listener *listener, slice id)
{
	struct mqtt_client *client = NULL;
	HASH_FIND(hh, listener->clients, id.p, id.n, client);
	return client;
}

static void wake_at(struct mqtt_listener *listener, uint64_t at_ms)
{
	if (!listener->timer.at_ms || at_ms < listener->timer.at_ms)
		timer_set(&listener->timer, at_ms);
}

static void no_longer_away(struct mqtt_client *client)
{
	if (list_empty(&client->link))
		return;
	list_remove(&client->link);
	client->listener->naway--;
	mqtt_device_back(client);
}

/* The connection that waits with its will is needed no longer. */
static void unpark(struct mqtt_client *client, bool publish)
{
	struct mqtt_session *session = client->parked;
	if (!session)
		return;
	client->parked = NULL;
	client->will_at_ms = 0;
	session->parked = false;
	if (publish && !client->listener->stopping)
		mqtt_publish_will(session);
	mqtt_session_release(session);
}

void mqtt_client_forget(struct mqtt_client *client)
{
	HASH_DEL(client->listener->clients, client);
	no_longer_away(client);
	list_remove(&client->waiting);
	list_remove(&client->unsaved);
	mqtt_device_leave(client);
	unpark(client, true);
	mqtt_orders_pause(client, true);
	mqtt_deliver_finish(client);
	mqtt_subscriptions_drop(client);
	mqtt_release_forget(client);
	free(client);
}

/* What a caller that nobody recognised showed: enough to know it again, and not to know it. */
static uint64_t hash_proof(const struct mqtt_session *session)
{
	uint64_t parts[] = { session->has_password,
		random_keyed_hash(session->password.p, session->password.n),
		random_keyed_hash(session->certificate.p, session->certificate.n),
		random_keyed_hash(session->psk_identity.p, session->psk_identity.n) };
	return random_keyed_hash(parts, sizeof parts);
}

/* Its session is over. */
static void end_client(struct mqtt_client *client)
{
	mqtt_keep_forget(client);
	mqtt_client_forget(client);
}

/* A copy of `text` at *to, which moves behind it. */
static slice put(char **to, slice text)
{
	slice copy = { *to, text.n };
	if (text.n)
		memcpy(*to, text.p, text.n);
	*to += text.n;
	return copy;
}

static struct mqtt_client *create(
        struct mqtt_listener *listener, slice id, slice identity, slice user)
{
	struct mqtt_client *client = calloc(1, sizeof *client + id.n + user.n + identity.n + 1);
	if (!client)
		return NULL;
	char *text = (char *)(client + 1);
	client->id = put(&text, id);
	client->user = put(&text, user);
	client->identity = put(&text, identity).p;
	client->listener = listener;
	client->serial = ++listener->serial;
	list_init(&client->link);
	list_init(&client->waiting);
	list_init(&client->unsaved);
	list_init(&client->namesakes);
	list_init(&client->away);
	list_init(&client->subscriptions);
	list_init(&client->deliveries);
	list_init(&client->orders);
	HASH_ADD_KEYPTR(hh, listener->clients, client->id.p, (unsigned)client->id.n, client);
	bool named = find(listener, client->id) == client;
	if (named && mqtt_device_join(client))
		return client;
	if (named)
		HASH_DEL(listener->clients, client);
	free(client);
	return NULL;
}

static struct mqtt_client *create_for(const struct mqtt_session *session)
{
	struct mqtt_client *client = create(
	        session->listener, session->client_id, slice_of(session->identity), session->user);
	if (!client)
		return NULL;
	client->has_user = session->has_user;
	client->has_secret =
	        session->has_password || session->certificate.n || session->psk_identity.n;
	client->proof_hash = hash_proof(session);
	return client;
}

struct mqtt_client *mqtt_client_restore(
        struct mqtt_listener *listener, slice id, slice identity, const slice *user)
{
	static const struct mqtt_session nothing_shown;
	if (find(listener, id))
		return NULL;
	struct mqtt_client *client =
	        create(listener, id, identity, user ? *user : (slice){ NULL, 0 });
	if (!client)
		return NULL;
	client->has_user = user != NULL;
	client->proof_hash = hash_proof(&nothing_shown);
	return client;
}

static int by_time(const struct mqtt_client *a, const struct mqtt_client *b)
{
	return (a->left_ns > b->left_ns) - (a->left_ns < b->left_ns);
}

/* One of those that are away, for there are too many. */
static void make_room(struct mqtt_listener *listener)
{
	struct mqtt_client *first = LIST_OWNER(listener->away.next, struct mqtt_client, link);
	LIST_EACH (&listener->away, at, following) {
		struct mqtt_client *client = LIST_OWNER(at, struct mqtt_client, link);
		if (!*client->identity) {
			end_client(client);
			return;
		}
	}
	end_client(first);
}

/* It has no connection; who of its identity has been without one for longest may have to go for it. */
static void go_away(struct mqtt_client *client)
{
	struct mqtt_listener *listener = client->listener;
	list_append(&listener->away, &client->link);
	listener->naway++;
	wake_at(listener, client->expires_ms);
	struct mqtt_client *too_many = mqtt_device_away(client);
	if (too_many)
		end_client(too_many);
}

void mqtt_clients_arrange(struct mqtt_listener *listener)
{
	HASH_SORT(listener->clients, by_time);
	struct mqtt_client *client, *following;
	HASH_ITER(hh, listener->clients, client, following)
	{
		go_away(client);
	}
	while (listener->naway > listener->sessions_max)
		make_room(listener);
}

static bool is_same_caller(const struct mqtt_client *client, const struct mqtt_session *session)
{
	if (!slice_equal(slice_of(client->identity), slice_of(session->identity)) ||
	        client->has_user != session->has_user || !slice_equal(client->user, session->user))
		return false;
	return *client->identity || client->proof_hash == hash_proof(session);
}

/* false: it has happened too often. */
static bool count_take_over(struct mqtt_client *client)
{
	uint64_t now_ms = loop_now_ms(client->listener->loop);
	if (now_ms - client->take_overs_since_ms > TAKE_OVERS_WINDOW_MS) {
		client->take_overs_since_ms = now_ms;
		client->take_overs = 0;
	}
	client->take_overs++;
	return client->take_overs <= client->listener->take_overs_max;
}

static void attach(struct mqtt_client *client, struct mqtt_session *session)
{
	no_longer_away(client);
	unpark(client, false); /* back before its delay has passed: the will is none any more */
	client->session = session;
	client->expiry_s = session->expiry_s;
	session->client = client;
	session->client_serial = client->serial;
}

enum mqtt_claim mqtt_client_claim(struct mqtt_session *session, bool clean_start)
{
	struct mqtt_listener *listener = session->listener;
	struct mqtt_client *client = find(listener, session->client_id);
	if (client && !is_same_caller(client, session)) {
		if (!*session->identity || *client->identity)
			return MQTT_CLAIM_NOT_YOURS;
		clean_start = true;
	}
	uint64_t since_ms = 0;
	unsigned take_overs = 0;
	if (client && client->session) {
		/* One that has said good-bye and waits for its last acknowledgement is taken from nobody. */
		if (!client->session->leaving && !count_take_over(client))
			return MQTT_CLAIM_TOO_OFTEN;
		since_ms = client->take_overs_since_ms;
		take_overs = client->take_overs;
		mqtt_session_end(client->session, MQTT_REASON_SESSION_TAKEN_OVER,
		        "the client has connected again");
		client = find(listener, session->client_id);
	}
	if (client && clean_start) {
		end_client(client);
		client = NULL;
	}
	bool resumed = client != NULL;
	if (!client)
		client = create_for(session);
	if (!client)
		return MQTT_CLAIM_NO_MEMORY;
	attach(client, session);
	client->take_overs_since_ms = since_ms;
	client->take_overs = take_overs;
	client->version = resumed ? client->version : session->version;
	mqtt_keep_later(client);
	return resumed ? MQTT_CLAIM_RESUMED : MQTT_CLAIM_FRESH;
}

uint64_t mqtt_client_expiry(const struct mqtt_listener *listener, uint64_t asked_s)
{
	if (!listener->sessions_max)
		return 0;
	return asked_s < listener->session_expiry_max_s ? asked_s : listener->session_expiry_max_s;
}

void mqtt_client_leave(struct mqtt_session *session)
{
	struct mqtt_listener *listener = session->listener;
	struct mqtt_client *client = session->client;
	if (!client)
		return;
	session->client = NULL;
	client->session = NULL;
	client->expiry_s = session->expiry_s;
	client->version = session->version;
	mqtt_subscribe_pause(session, client);
	mqtt_orders_pause(client, false);
	mqtt_deliver_pause(client);
	if (!client->expiry_s) {
		end_client(client);
		return;
	}
	client->expires_ms = loop_now_ms(listener->loop) + client->expiry_s * 1000;
	mqtt_keep_later(client);
	go_away(client);
	if (listener->naway > listener->sessions_max)
		make_room(listener); /* perhaps this one */
}

struct mqtt_client *mqtt_client_of(const struct mqtt_session *session)
{
	if (session->client)
		return session->client;
	struct mqtt_client *client = find(session->listener, session->client_id);
	return client && client->serial == session->client_serial ? client : NULL;
}

void mqtt_client_resume(struct mqtt_session *session)
{
	mqtt_deliver_resume(session->client, session->client->version != session->version);
	mqtt_subscribe_resume(session);
}

void mqtt_client_bury(struct mqtt_session *session)
{
	struct mqtt_client *client = mqtt_client_of(session);
	uint64_t delay_ms = (uint64_t)session->will->properties.will_delay * 1000;
	if (!client || !delay_ms) {
		mqtt_publish_will(session);
	} else if (client->session) { /* back already */
		free(session->will);
		session->will = NULL;
	} else {
		session->parked = true;
		client->parked = session;
		client->will_at_ms = loop_now_ms(session->listener->loop) + delay_ms;
		wake_at(session->listener, client->will_at_ms);
	}
}

void mqtt_clients_expire(struct mqtt_listener *listener)
{
	uint64_t now_ms = loop_now_ms(listener->loop), next_ms = UINT64_MAX;
	LIST_EACH (&listener->away, at, following) {
		struct mqtt_client *client = LIST_OWNER(at, struct mqtt_client, link);
		if (client->expires_ms <= now_ms) {
			end_client(client);
			continue;
		}
		if (client->parked && client->will_at_ms <= now_ms)
			unpark(client, true);
		if (client->parked && client->will_at_ms < next_ms)
			next_ms = client->will_at_ms;
		if (client->expires_ms < next_ms)
			next_ms = client->expires_ms;
	}
	/* Not more than once a second, however many there are. */
	if (next_ms != UINT64_MAX)
		wake_at(listener, next_ms < now_ms + 1000 ? now_ms + 1000 : next_ms);
}

void mqtt_clients_finish(struct mqtt_listener *listener)
{
	mqtt_keep_save(listener);
	timer_stop(&listener->timer);
	timer_stop(&listener->retry);
	timer_stop(&listener->save);
	while (listener->clients) {
		struct mqtt_client *client = listener->clients;
		if (client->session)
			client->session->client = NULL;
		mqtt_client_forget(client);
	}
}
