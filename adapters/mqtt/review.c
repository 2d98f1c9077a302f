/* Who is there, under a new configuration: each connection's credentials take the way of CONNECT again. What a client
 * publishes and follows is decided anew anyway; but commands go to whom a connection has been found to be, and so does
 * what that one replies. Who is let in no more, or as somebody else, is disconnected. */
#include "adapters/mqtt/mqtt.h"

#include "api/identity.h"

enum { REVIEWS_MAX = 64, RETRY_MS = 1000 };

static void reviewed(struct mqtt_listener *listener, struct request *request)
{
	const struct mqtt_review *review = request->ticket;
	struct mqtt_session *session = review->session;
	session->nerrands--;
	listener->reviewing--;
	slice who = request->who ? request->who->id : (slice){ NULL, 0 };
	/* In doubt again: by a configuration that is newer than this answer. */
	bool decided = session->state == MQTT_STATE_CONNECTED && list_empty(&session->doubt);
	if (decided && !status_is_success(request->status))
		mqtt_session_end(session, MQTT_REASON_NOT_AUTHORIZED,
		        "the configuration has changed, and its credentials are not accepted any "
		        "more");
	else if (decided && !slice_equal(slice_of(session->identity), who))
		mqtt_session_end(session, MQTT_REASON_ADMINISTRATIVE_ACTION,
		        "the configuration has changed, and the client is another one by it");
	request_free(request);
	mqtt_session_release(session);
	if (!listener->stopping)
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
	list_remove(&session->doubt);
	list_append(&session->listener->doubtful, &session->doubt);
}

void mqtt_review_all(struct mqtt_listener *listener)
{
	LIST_EACH (&listener->sessions, at, following) {
		struct mqtt_session *session = LIST_OWNER(at, struct mqtt_session, link);
		if (session->state == MQTT_STATE_CONNECTED)
			mqtt_review_later(session);
		/* Its CONNECT is being decided by the configuration that was. */
		session->outdated = session->state == MQTT_STATE_AUTHENTICATING;
	}
	mqtt_review_go_on(listener);
}
