#include "adapters/mqtt/mqtt.h"

#include "adapters/common/tls.h"
#include "base/log.h"
#include "net/websocket.h"

#include <stdlib.h>

static void expire(struct timer *timer)
{
	mqtt_clients_expire(LIST_OWNER(timer, struct mqtt_listener, timer));
}

static void retry(struct timer *timer)
{
	mqtt_deliver_retry(LIST_OWNER(timer, struct mqtt_listener, retry));
}

static void save(struct timer *timer)
{
	mqtt_keep_save(LIST_OWNER(timer, struct mqtt_listener, save));
}

static void review(struct timer *timer)
{
	mqtt_review_go_on(LIST_OWNER(timer, struct mqtt_listener, review));
}

static struct adapter *listener_open(struct loop *loop, const struct adapter_limits *limits,
        const struct config *config, struct error *error)
{
	if (!mqtt_settings_valid(config, error))
		return NULL;
	struct mqtt_listener *listener = calloc(1, sizeof *listener);
	slice bind = config_text(config, "bind");
	char *address = strndup(bind.p ? bind.p : "", bind.n);
	if (!listener || !address) {
		free(listener);
		free(address);
		(void)error_set(error, "out of memory");
		return NULL;
	}
	listener->loop = loop;
	listener->bind = address;
	list_init(&listener->sessions);
	list_init(&listener->draining);
	list_init(&listener->away);
	list_init(&listener->waiting);
	list_init(&listener->unsaved);
	list_init(&listener->doubtful);
	timer_init(&listener->timer, loop, expire);
	timer_init(&listener->retry, loop, retry);
	timer_init(&listener->save, loop, save);
	timer_init(&listener->review, loop, review);
	mqtt_settings_read(listener, config);
	mqtt_settings_limit(listener, limits);
	const struct config *tls = config_get(config, "tls");
	if (tls) {
		listener->asks_certificates =
		        !slice_is(config_text(tls, "client_certificate"), "none");
		listener->tls = tls_settings_open(&listener->base, tls, TLS_STREAM, error);
		if (!listener->tls) {
			free(listener->bind);
			free(listener);
			return NULL;
		}
	}
	return &listener->base;
}

static void *accepted(void *arg, struct stream *stream)
{
	return mqtt_session_open(arg, stream);
}

static void refused(void *arg, const char *peer, const char *why)
{
	struct mqtt_listener *listener = arg;
	adapter_refused(&listener->base, peer, why);
}

/* Old clients of 3.1.1 know it by this name only. */
static const char *const websocket_protocols[] = { "mqtt", "mqttv3.1", NULL };
static const struct websocket_accept websocket_for_all = { "/mqtt", websocket_protocols, false };
/* A browser may have a certificate, and would show it for any page. */
static const struct websocket_accept websocket_for_own_pages = { "/mqtt", websocket_protocols,
	true };

static bool listener_start(struct adapter *adapter, struct error *error)
{
	enum { MARGIN_BYTES = 128 * 1024 };
	struct mqtt_listener *listener = (struct mqtt_listener *)adapter;
	size_t most = listener->packet_max_bytes + MARGIN_BYTES;
	struct stream_accept accept = { .accepted = accepted,
		.refused = refused,
		.events = &mqtt_session_events,
		.limits = { .unread_max_bytes = most, .unsent_max_bytes = most },
		.connections_max = listener->connections_max,
		.arg = listener,
		.tls = listener->tls,
		.websocket = !listener->websocket          ? NULL
		             : listener->asks_certificates ? &websocket_for_own_pages
		                                           : &websocket_for_all,
		.handshake_ms = listener->handshake_ms };
	if (!mqtt_keep_load(listener, error))
		return false;
	char why[160];
	listener->socket =
	        stream_listen(listener->loop, slice_of(listener->bind), &accept, why, sizeof why);
	if (!listener->socket)
		return error_set(error, "%s", why);
	log_info("mqtt", "listening listener=%s bind=%s", adapter->label, listener->bind);
	return true;
}

static void listener_reply(struct adapter *adapter, struct request *request)
{
	const struct mqtt_errand *errand = request->ticket;
	errand->done((struct mqtt_listener *)adapter, request);
}

static void listener_push(
        struct adapter *adapter, struct subscription *subscription, const struct update *update)
{
	(void)adapter;
	mqtt_subscribe_push(subscription, update);
}

static void listener_review(struct adapter *adapter, slice client)
{
	mqtt_review((struct mqtt_listener *)adapter, client);
}

static struct mqtt_session *owner_of(struct list *link)
{
	return LIST_OWNER(link, struct mqtt_session, link);
}

static bool listener_renew(struct adapter *adapter, struct error *error)
{
	struct mqtt_listener *listener = (struct mqtt_listener *)adapter;
	if (!tls_settings_renew(listener->tls, error))
		return false;
	LIST_EACH (&listener->sessions, at, next) {
		struct mqtt_session *session = owner_of(at);
		bool is_open = session->stream && session->state != MQTT_STATE_ENDED;
		const char *why = is_open ? stream_peer_doubts(session->stream) : NULL;
		if (!why)
			continue;
		adapter_disconnected(adapter, session->peer, why);
		mqtt_session_end(session, MQTT_REASON_ADMINISTRATIVE_ACTION, why);
	}
	return true;
}

static void listener_stop(struct adapter *adapter)
{
	struct mqtt_listener *listener = (struct mqtt_listener *)adapter;
	stream_listener_close(listener->socket);
	listener->socket = NULL;
	listener->stopping = true;
	timer_stop(&listener->review);
	struct mqtt_client *client, *following;
	HASH_ITER(hh, listener->clients, client, following)
	mqtt_orders_pause(client, true);
	LIST_EACH (&listener->sessions, at, next) {
		struct mqtt_session *session = owner_of(at);
		mqtt_publish_drop(session, true);
		mqtt_session_wind_up(session);
	}
	/* Also of those whose last answer is still to come: another listener may read it right now. */
	mqtt_keep_all(listener);
}

void mqtt_listener_release(struct mqtt_listener *listener)
{
	if (!listener->closing || !list_empty(&listener->sessions))
		return;
	tls_close(listener->tls);
	free(listener->bind);
	free(listener);
}

/* The sessions that are left are those whose streams are on their way out: each ends with its closed(), and the
 * last one takes the listener with it. */
static void listener_close(struct adapter *adapter)
{
	if (!adapter)
		return;
	struct mqtt_listener *listener = (struct mqtt_listener *)adapter;
	if (!listener->stopping)
		listener_stop(adapter);
	mqtt_clients_finish(listener);
	listener->closing = true;
	mqtt_listener_release(listener);
}

const struct adapter_ops adapter_mqtt = {
	.name = "mqtt",
	.settings = mqtt_settings,
	.live_files = "tls",
	.open = listener_open,
	.start = listener_start,
	.reply = listener_reply,
	.words = mqtt_outcome_words,
	.push = listener_push,
	.command = mqtt_command,
	.command_abort = mqtt_command_abort,
	.review = listener_review,
	.renew = listener_renew,
	.stop = listener_stop,
	.close = listener_close,
};
