/* Who is there, when clients or the configuration have changed, or what a client was recognised by has ended: each
 * connection's credentials take the way of CONNECT again. What a client publishes and follows is decided anew anyway; but
 * commands go to whom a connection has been found to be, and so does what that one replies. So no command is sent on a
 * connection that is in doubt, and who is let in no more, or as somebody else, is disconnected. Where that cannot be
 * found out now (whoever knows is not to be reached) the doubt lasts, and the connection too. */
#include "adapters/mqtt/mqtt.h"

#include "api/identity.h"
#include "base/clock.h"

enum { REVIEWS_MAX = 64, RETRY_MS = 1000 };

static void refuse(struct mqtt_session *session)
{
	if (session->expired)
		mqtt_session_end(session, MQTT_REASON_MAXIMUM_CONNECT_TIME,
		        "what the client was recognised by has expired");
	else
		mqtt_session_end(session, MQTT_REASON_ADMINISTRATIVE_ACTION,
		        "the client's credentials are not accepted any more");
}

static void decide(struct mqtt_session *session, const struct request *request)
{
	slice who = request->who ? request->who->id : (slice){ NULL, 0 };
	if (status_is_passing(request->status)) {
		mqtt_review_later(session);
	} else if (!status_is_success(request->status)) {
		refuse(session);
	} else if (!slice_equal(slice_of(session->identity), who)) {
		mqtt_session_end(session, MQTT_REASON_ADMINISTRATIVE_ACTION,
		        "by its credentials the client is another one by now");
	} else {
		session->in_doubt = session->expired = false;
		mqtt_review_at(session, request->who ? request->who->valid_until_ms : 0);
		if (session->client)
			mqtt_deliver_go_on(session->client);
	}
}

static void reviewed(struct mqtt_listener *listener, struct request *request)
{
	const struct mqtt_review *review = request->ticket;
	struct mqtt_session *session = review->session;
	bool passing = status_is_passing(request->status);
	session->nerrands--;
	listener->reviewing--;
	/* In doubt again: by something that is newer than this answer. */
	if (session->state == MQTT_STATE_CONNECTED && list_empty(&session->doubt))
		decide(session, request);
	request_free(request);
	mqtt_session_release(session);
	if (listener->stopping)
		return;
	if (passing)
		timer_set(&listener->review, loop_now_ms(listener->loop) + RETRY_MS);
	else
		mqtt_review_go_on(listener);
}

/* false: no memory for it now. */
static bool begin(struct mqtt_session *session)
{
	struct request *request = mqtt_session_request(session);
	struct mqtt_review *review =
	        request ? ARENA_NEW(&request->arena, struct mqtt_review) : NULL;
	if (!review) {
		request_free(request);
		return false;
	}
	*review = (struct mqtt_review){ .errand = { reviewed }, .session = session };
	request->ticket = review;
	request->in.method = METHOD_CONNECT;
	request->in.path = SLICE("/");
	request->ask_only = true;
	list_remove(&session->doubt);
	session->nerrands++;
	session->listener->reviewing++;
	session->listener->base.counters.at[COUNTER_MESSAGES]++;
	request_submit(request);
	return true;
}

void mqtt_review_go_on(struct mqtt_listener *listener)
{
	while (!list_empty(&listener->doubtful) && listener->reviewing < REVIEWS_MAX) {
		if (begin(LIST_OWNER(listener->doubtful.next, struct mqtt_session, doubt)))
			continue;
		timer_set(&listener->review, loop_now_ms(listener->loop) + RETRY_MS);
		return;
	}
}

void mqtt_review_later(struct mqtt_session *session)
{
	session->in_doubt = true;
	list_remove(&session->doubt);
	list_append(&session->listener->doubtful, &session->doubt);
}

void mqtt_review(struct mqtt_listener *listener, slice client)
{
	LIST_EACH (&listener->sessions, at, following) {
		struct mqtt_session *session = LIST_OWNER(at, struct mqtt_session, link);
		bool concerned =
		        !client.p || (session->identity && slice_is(client, session->identity));
		if (session->state == MQTT_STATE_CONNECTED && concerned)
			mqtt_review_later(session);
		/* Its CONNECT is being decided by what was. */
		session->outdated =
		        session->outdated || session->state == MQTT_STATE_AUTHENTICATING;
	}
	mqtt_review_go_on(listener);
}

void mqtt_review_at(struct mqtt_session *session, uint64_t until_ms)
{
	uint64_t now_ms = clock_wall_ns() / 1000000;
	if (!until_ms)
		timer_stop(&session->expiry);
	else
		timer_set(&session->expiry, loop_now_ms(session->listener->loop) +
		                                    (until_ms > now_ms ? until_ms - now_ms : 0) +
		                                    1);
}

void mqtt_review_expired(struct timer *timer)
{
	struct mqtt_session *session = LIST_OWNER(timer, struct mqtt_session, expiry);
	session->expired = true;
	mqtt_review_later(session);
	mqtt_review_go_on(session->listener);
}
