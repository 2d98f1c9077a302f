/* mqtt: calls a device that is connected to one of our MQTT listeners, or that hears a broker which one has joined.
 *
 * The call becomes a command (api/command.h): its path is the topic, its body the payload. The listener's adapter finds
 * the device's session, publishes, and brings back the reply; nothing of MQTT is known here, so whatever other
 * listener takes commands can be called in the same way.
 *
 *   reply: expected   answered with the device's reply
 *   reply: none       answered ACCEPTED once the device has acknowledged; what it does with the command is not known
 *
 * WHO THE DEVICE IS: a session takes commands for the identity that it has proved (known_by: identity). known_by:
 * client-id also believes the MQTT client id of a session that has proved none: whoever can connect can then take the
 * commands of any device by calling itself so, and answer them. */
#include "api/adapter.h"
#include "api/backend.h"

#include "loop/loop.h"

#include <stdlib.h>

struct mqtt {
	struct backend backend;
	struct loop *loop;
	char *listener;
	bool wants_reply, unproven_too;
};

struct call {
	struct command command;
	struct mqtt *mqtt;
	struct adapter *adapter;
	struct exchange *exchange;
};

static void close_mqtt(struct backend *backend)
{
	struct mqtt *mqtt = (struct mqtt *)backend;
	if (!mqtt)
		return;
	free(mqtt->listener);
	free(mqtt);
}

static struct backend *open_mqtt(struct loop *loop, const struct config *config,
        struct target *targets, unsigned ntargets, struct error *error)
{
	(void)targets;
	if (ntargets) {
		error_set(error, "its devices are found by listener and device: it has no targets");
		return NULL;
	}
	struct mqtt *mqtt = calloc(1, sizeof *mqtt);
	if (mqtt)
		mqtt->listener = strdup(config_text(config, "listener").p);
	if (!mqtt || !mqtt->listener) {
		close_mqtt((struct backend *)mqtt);
		error_set(error, "out of memory");
		return NULL;
	}
	mqtt->loop = loop;
	mqtt->wants_reply = slice_is(config_text(config, "reply"), "expected");
	mqtt->unproven_too = slice_is(config_text(config, "known_by"), "client-id");
	return &mqtt->backend;
}

static bool bind_mqtt(struct backend *backend, const struct endpoint *endpoint, const void **bound,
        struct error *error)
{
	const struct mqtt *mqtt = (const struct mqtt *)backend;
	*bound = NULL;
	if (!endpoint->device.n)
		return error_set(error, "which device? the path has no {device}, and the backend's "
		                        "`device` names none");
	unsigned reads = 1u << METHOD_GET | 1u << METHOD_HEAD;
	if (!mqtt->wants_reply && (endpoint->methods & reads) && !endpoint->keep_last)
		return error_set(
		        error, "a GET waits for a reply, and this backend has `reply: none`");
	return true;
}

static void count(struct counters *counters, const struct command *command, enum status status)
{
	if (status == STATUS_TIMEOUT)
		counters->at[COUNTER_EXPIRED]++;
	else if (status == STATUS_UNAVAILABLE || status == STATUS_BAD_BACKEND)
		counters->at[COUNTER_FAILED]++;
	if (command->sent)
		counters->at[COUNTER_BYTES_OUT] += command->message->body.n;
	counters->at[COUNTER_BYTES_IN] += command->reply.body.n;
}

/* A reply that does not say what it is (MQTT 3.1.1 has no words for it) is in the notation that the device is called
 * in. */
static void name_notation(struct message *reply, const struct endpoint *endpoint)
{
	if (reply->body.n && !reply->media.n)
		reply->media = endpoint->call.media.n ? endpoint->call.media : endpoint->media;
}

static void command_done(struct command *command, enum status status)
{
	struct call *call = LIST_OWNER(command, struct call, command);
	struct exchange *exchange = call->exchange;
	exchange->state = NULL;
	exchange->out = command->reply;
	name_notation(&exchange->out, exchange->request->endpoint);
	exchange->why = command->why;
	exchange->sent = command->sent;
	exchange->acknowledged = command->acknowledged;
	exchange->away = command->away;
	count(&call->mqtt->backend.counters, command, status);
	if (status == STATUS_OK && !call->mqtt->wants_reply)
		status = STATUS_ACCEPTED;
	exchange_done(exchange, status);
}

/* Done without a command having been made. */
static void fail(struct exchange *exchange, enum status status, slice why)
{
	exchange->why = why;
	exchange_done(exchange, status);
}

static void send_mqtt(struct backend *backend, struct exchange *exchange)
{
	struct mqtt *mqtt = (struct mqtt *)backend;
	const struct message *message = &exchange->request->call;
	struct adapter *adapter = adapter_find(backend->core, slice_of(mqtt->listener));
	backend->counters.at[COUNTER_MESSAGES]++;
	if (!adapter || !adapter->ops->command) {
		backend->counters.at[COUNTER_FAILED]++;
		exchange->away = true;
		fail(exchange, STATUS_UNAVAILABLE, SLICE("the listener of its devices is down"));
		return;
	}
	struct call *call = ARENA_NEW(exchange->arena, struct call);
	if (!call) {
		fail(exchange, STATUS_TOO_LARGE, SLICE("no memory left for this request"));
		return;
	}
	uint64_t now_ms = loop_now_ms(mqtt->loop);
	*call = (struct call){
		.command = {
			.device = exchange->device,
			.unproven_too = mqtt->unproven_too,
			.message = message,
			.wants_reply = mqtt->wants_reply,
			.deadline_ms = exchange->deadline_ms,
			/* Rounded up: 0 would say that it never expires. */
			.expires_in_s = exchange->deadline_ms > now_ms
			                        ? (exchange->deadline_ms - now_ms + 999) / 1000
			                        : 1,
			.arena = exchange->arena,
			.done = command_done,
		},
		.mqtt = mqtt,
		.adapter = adapter,
		.exchange = exchange,
	};
	list_init(&call->command.link);
	exchange->state = call;
	adapter->ops->command(adapter, &call->command);
}

static void abort_mqtt(struct backend *backend, struct exchange *exchange)
{
	(void)backend;
	struct call *call = exchange->state;
	/* An adapter ends its commands before it stops: while this one is not done, it is there. */
	if (call)
		call->adapter->ops->command_abort(call->adapter, &call->command);
}

static const char *const replies[] = { "expected", "none", NULL };
static const char *const names[] = { "identity", "client-id", NULL };

static const struct setting settings[] = {
	BACKEND_DEVICE_SETTINGS,
	{ .key = "listener",
	        .type = SETTING_LISTENER,
	        .required = true,
	        .help = "the listener that its devices are connected to, or the joined broker" },
	{ .key = "reply",
	        .type = SETTING_TEXT,
	        .fallback = "expected",
	        .choices = replies,
	        .help = "none: answered once the device has acknowledged the command" },
	{ .key = "known_by",
	        .type = SETTING_TEXT,
	        .fallback = "identity",
	        .choices = names,
	        .help = "client-id: a session that proves no identity is believed its client id" },
	{ .key = NULL },
};

const struct backend_ops backend_mqtt = {
	.name = "mqtt",
	.settings = settings,
	.takes = BACKEND_TAKES_BYTES,
	.calls_devices = true,
	.open = open_mqtt,
	.bind = bind_mqtt,
	.send = send_mqtt,
	.abort = abort_mqtt,
	.close = close_mqtt,
};
