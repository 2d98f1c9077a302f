/* What backends have in common that call a device over one of our listeners.
 *
 * The call becomes a command (api/command.h). The listener's adapter finds the device's session, sends it in its
 * protocol's words, and brings back the reply; nothing of any protocol is known here.
 *
 *   reply: expected   answered with the device's reply
 *   reply: none       answered ACCEPTED once the device has acknowledged, or, in a protocol without such words, once the
 *                     command has left; what the device does with it is not known */
#include "backend/device_call.h"

#include "api/adapter.h"

#include "loop/loop.h"

#include <stdlib.h>

const char *const device_backend_replies[] = { "expected", "none", NULL };

struct call {
	struct command command;
	struct device_backend *device;
	struct adapter *adapter;
	struct exchange *exchange;
};

struct backend *device_backend_open(struct loop *loop, const struct config *config,
        struct target *targets, unsigned ntargets, struct error *error)
{
	(void)targets;
	if (ntargets) {
		error_set(error, "its devices are found by listener and device: it has no targets");
		return NULL;
	}
	struct device_backend *device = calloc(1, sizeof *device);
	if (device)
		device->listener = strdup(config_text(config, "listener").p);
	if (!device || !device->listener) {
		free(device);
		error_set(error, "out of memory");
		return NULL;
	}
	device->loop = loop;
	device->wants_reply = slice_is(config_text(config, "reply"), "expected");
	return &device->backend;
}

bool device_backend_bind(struct backend *backend, const struct endpoint *endpoint,
        const void **bound, struct error *error)
{
	const struct device_backend *device = (const struct device_backend *)backend;
	*bound = NULL;
	if (!endpoint->device.n)
		return error_set(error, "which device? the path has no {device}, and the backend's "
		                        "`device` names none");
	unsigned reads = 1u << METHOD_GET | 1u << METHOD_HEAD;
	if (!device->wants_reply && (endpoint->methods & reads) && !endpoint->keep_last)
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
	count(&call->device->backend.counters, command, status);
	if (status == STATUS_OK && !call->device->wants_reply)
		status = STATUS_ACCEPTED;
	exchange_done(exchange, status);
}

/* Done without a command having been made. */
static void fail(struct exchange *exchange, enum status status, slice why)
{
	exchange->why = why;
	exchange_done(exchange, status);
}

void device_backend_send(struct backend *backend, struct exchange *exchange)
{
	struct device_backend *device = (struct device_backend *)backend;
	const struct message *message = &exchange->request->call;
	struct adapter *adapter = adapter_find(backend->core, slice_of(device->listener));
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
	uint64_t now_ms = loop_now_ms(device->loop);
	*call = (struct call){
		.command = {
			.device = exchange->device,
			.unproven_too = device->unproven_too,
			.message = message,
			.wants_reply = device->wants_reply,
			.deadline_ms = exchange->deadline_ms,
			/* Rounded up: 0 would say that it never expires. */
			.expires_in_s = exchange->deadline_ms > now_ms
			                        ? (exchange->deadline_ms - now_ms + 999) / 1000
			                        : 1,
			.arena = exchange->arena,
			.done = command_done,
		},
		.device = device,
		.adapter = adapter,
		.exchange = exchange,
	};
	list_init(&call->command.link);
	exchange->state = call;
	adapter->ops->command(adapter, &call->command);
}

void device_backend_abort(struct backend *backend, struct exchange *exchange)
{
	(void)backend;
	struct call *call = exchange->state;
	/* An adapter ends its commands before it stops: while this one is not done, it is there. */
	if (call)
		call->adapter->ops->command_abort(call->adapter, &call->command);
}

void device_backend_close(struct backend *backend)
{
	struct device_backend *device = (struct device_backend *)backend;
	if (!device)
		return;
	free(device->listener);
	free(device);
}
