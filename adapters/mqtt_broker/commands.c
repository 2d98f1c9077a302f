/* Commands through the broker: published to the topic that is the command's path.
 *
 * MQTT 5: the reply is asked for by Response Topic ("reply/fairlead/CLIENT-ID/DEVICE", so that a broker can let a device
 * write there as itself only) and Correlation Data, sixteen random bytes. What comes to that topic with the correlation
 * of a command that still waits is its reply; late ones, second ones and forged ones match nothing, are counted and
 * forgotten.
 *
 * MQTT 3.1.1 has neither: the reply to "valve/7" comes to "reply/valve/7". So one command for a topic waits there at a
 * time, the others stand in line behind it, and a reply that comes after its command was given up would be taken for that
 * of the next one.
 *
 * A reply topic is subscribed to when it is first needed, right before the command is published on the same connection:
 * the broker sees both in that order.
 *
 * A command that wants no reply is done when the broker has acknowledged it: the BROKER has it then. Whether the device
 * does, no broker says; so a device counts as away only while the broker is. */
#include "adapters/mqtt_broker/broker.h"

#include "adapters/common/mqtt_message.h"
#include "adapters/common/mqtt_topic.h"

#include "base/random.h"

enum { CORRELATION_BYTES = 16 };

/* In the command's arena. */
struct broker_call {
	struct command *command;
	uint64_t ticket; /* of its publication */
	uint64_t
	        filter_ticket; /* of the subscription to its reply topic, while it is not granted; or 0 */
	bool held;             /* 3.1.1: another's reply comes first */
	slice topic, reply_topic; /* reply_topic empty: none is wanted */
	unsigned char correlation[CORRELATION_BYTES];
};

static struct command *owner_of(struct list *link)
{
	return LIST_OWNER(link, struct command, link);
}

static struct broker_call *call_of(const struct command *command)
{
	return command->state;
}

static bool send(struct broker *, struct broker_call *);

/* The next command that waits for a reply on this topic. */
static void send_next(struct broker *broker, slice reply_topic)
{
	LIST_EACH (&broker->commands, at, following) {
		struct broker_call *call = call_of(owner_of(at));
		if (!call->held || !slice_equal(call->reply_topic, reply_topic))
			continue;
		call->held = false;
		(void)send(broker, call);
		return;
	}
	(void)paho_unsubscribe(broker->paho, reply_topic);
}

static void finish(struct broker *broker, struct command *command, enum status status, slice why)
{
	struct broker_call *call = call_of(command);
	bool own_topic = call->reply_topic.n && !broker->version_5 && !call->held;
	slice reply_topic = call->reply_topic;
	list_remove(&command->link);
	broker->ncommands--;
	if (own_topic && broker->state == BROKER_JOINED)
		send_next(broker, reply_topic);
	if (why.n)
		command->why = why;
	command->done(command, status);
}

static slice copy(struct command *command, const char *text)
{
	return arena_copy(command->arena, text, strlen(text));
}

/* Not even begun. */
static void refuse(struct command *command, enum status status, slice why)
{
	command->why = why;
	command->done(command, status);
}

static bool subscribe(struct broker *broker, struct broker_call *call)
{
	if (broker->version_5 && broker->hears_replies)
		return true;
	call->filter_ticket = ++broker->ticket;
	broker->hears_replies = broker->version_5;
	const slice *filter = broker->version_5 ? &broker->reply_filter : &call->reply_topic;
	return paho_subscribe(broker->paho, call->filter_ticket, filter, 1, 1);
}

/* User properties of the publication: what concerns the device, and the method. */
static bool put_properties(const struct broker_call *call, struct paho_publication *publication)
{
	unsigned n;
	struct field *fields = mqtt_message_device_fields(call->command, &n);
	if (!fields)
		return false;
	const struct message *message = call->command->message;
	fields[n++] = (struct field){ SLICE("method"), slice_of(method_name(message->method)) };
	publication->properties = fields;
	publication->nproperties = n;
	return true;
}

/* false: done, for want of memory. */
static bool send(struct broker *broker, struct broker_call *call)
{
	struct command *command = call->command;
	const struct message *message = command->message;
	struct paho_publication publication = {
		.ticket = call->ticket = ++broker->ticket,
		.topic = call->topic,
		.payload = message->body,
		.qos = broker->settings.command_qos,
		.expiry_s = command->expires_in_s < UINT32_MAX ? (uint32_t)command->expires_in_s
		                                               : UINT32_MAX,
	};
	if (message->media.n && mqtt_text_allowed(message->media))
		publication.content_type = message->media;
	if (call->reply_topic.n && broker->version_5) {
		publication.response_topic = call->reply_topic;
		publication.correlation =
		        (slice){ (const char *)call->correlation, sizeof call->correlation };
	}
	bool sent = put_properties(call, &publication) &&
	            (!call->reply_topic.n || subscribe(broker, call)) &&
	            paho_publish(broker->paho, &publication);
	if (sent)
		broker->base.counters.at[COUNTER_BYTES_OUT] +=
		        publication.topic.n + publication.payload.n;
	else
		finish(broker, command, STATUS_TOO_LARGE, SLICE("no memory left for this command"));
	return sent;
}

/* 3.1.1: is there a command before this one that waits for a reply on the same topic? */
static bool must_wait(const struct broker *broker, const struct broker_call *call)
{
	if (broker->version_5 || !call->reply_topic.n)
		return false;
	LIST_EACH (&broker->commands, at, following) {
		const struct broker_call *other = call_of(owner_of(at));
		if (other != call && slice_equal(other->reply_topic, call->reply_topic))
			return true;
	}
	return false;
}

static slice reply_topic(struct broker *broker, const struct command *command, slice topic)
{
	slice device = command->device;
	if (!broker->version_5)
		return arena_printf(command->arena, "reply/%.*s", SLICE_ARG(topic));
	if (!mqtt_topic_allowed(device) || slice_find(device, '/') < device.n)
		device = SLICE("device");
	return arena_printf(command->arena, "reply/fairlead/%s/%.*s",
	        broker->settings.paho.client_id, SLICE_ARG(device));
}

static struct broker_call *make_call(struct broker *broker, struct command *command, slice topic)
{
	struct broker_call *call = ARENA_NEW(command->arena, struct broker_call);
	if (!call)
		return NULL;
	call->command = command;
	call->topic = topic;
	if (!command->wants_reply)
		return call;
	random_bytes(call->correlation, sizeof call->correlation);
	call->reply_topic = reply_topic(broker, command, topic);
	return call->reply_topic.n ? call : NULL;
}

void broker_command(struct adapter *adapter, struct command *command)
{
	struct broker *broker = (struct broker *)adapter;
	if (broker->state != BROKER_JOINED || broker->stopping) {
		command->away = true;
		refuse(command, STATUS_UNAVAILABLE, SLICE("the broker is not connected"));
		return;
	}
	slice topic = mqtt_topic_of_path(command->arena, command->message->path);
	if (!topic.n || topic.p[0] == '$') {
		refuse(command, STATUS_INVALID, SLICE("the path makes no topic"));
		return;
	}
	if (broker->ncommands >= BROKER_COMMANDS_MAX) {
		refuse(command, STATUS_TOO_MANY, SLICE("too many commands are under way"));
		return;
	}
	struct broker_call *call = make_call(broker, command, topic);
	if (!call) {
		refuse(command, STATUS_TOO_LARGE, SLICE("no memory left for this command"));
		return;
	}
	command->state = call;
	list_append(&broker->commands, &command->link);
	broker->ncommands++;
	call->held = must_wait(broker, call);
	if (!call->held && !send(broker, call))
		return;
	if (!broker->deadline.at_ms || command->deadline_ms < broker->deadline.at_ms)
		timer_set(&broker->deadline, command->deadline_ms);
}

void broker_command_abort(struct adapter *adapter, struct command *command)
{
	finish((struct broker *)adapter, command, STATUS_CANCELLED, (slice){ NULL, 0 });
}

void broker_command_published(struct broker *broker, const struct paho_event *event)
{
	LIST_EACH (&broker->commands, at, following) {
		struct command *command = owner_of(at);
		struct broker_call *call = call_of(command);
		if (call->ticket != event->ticket)
			continue;
		command->sent = event->code == 0 || event->sent;
		if (event->code) {
			/* A broker that is gone in this very moment will say so next. */
			command->away = !event->sent;
			finish(broker, command,
			        command->sent && event->code > 0 ? STATUS_BAD_BACKEND
			                                         : STATUS_UNAVAILABLE,
			        arena_printf(command->arena, "the broker did not take it: %s",
			                event->why));
		} else if (!call->reply_topic.n) {
			finish(broker, command, STATUS_OK, (slice){ NULL, 0 });
		}
		return;
	}
}

void broker_command_subscribed(struct broker *broker, const struct paho_event *event)
{
	if (!event->refused)
		return;
	if (broker->version_5)
		broker->hears_replies = false;
	LIST_EACH (&broker->commands, at, following) {
		struct command *command = owner_of(at);
		if (call_of(command)->filter_ticket != event->ticket)
			continue;
		command->sent = true;
		finish(broker, command, STATUS_BAD_BACKEND,
		        SLICE("the broker does not let the gateway hear the reply"));
		return;
	}
}

static bool is_reply_to(const struct broker *broker, const struct broker_call *call,
        const struct paho_message *message)
{
	slice expected = { (const char *)call->correlation, sizeof call->correlation };
	if (call->held || !slice_equal(call->reply_topic, message->topic))
		return false;
	return !broker->version_5 || slice_equal_secret(message->correlation, expected);
}

static bool next_property(void *arg, slice *name, slice *value)
{
	struct paho_message *rest = arg;
	if (!rest->nproperties)
		return false;
	*name = rest->properties->name;
	*value = rest->properties->value;
	rest->properties++;
	rest->nproperties--;
	return true;
}

void broker_command_heard(struct broker *broker, const struct paho_message *message)
{
	broker->base.counters.at[COUNTER_BYTES_IN] += message->topic.n + message->payload.n;
	LIST_EACH (&broker->commands, at, following) {
		struct command *command = owner_of(at);
		if (!is_reply_to(broker, call_of(command), message))
			continue;
		command->sent = command->acknowledged = true;
		struct paho_message rest = *message;
		enum status status = mqtt_message_take_reply(command, message->payload,
		        message->content_type, message->nproperties, next_property, &rest);
		finish(broker, command, status, command->why);
		return;
	}
	broker->base.counters.at[COUNTER_UNASKED]++;
}

void broker_commands_fail(struct broker *broker, const char *why)
{
	LIST_EACH (&broker->commands, at, following) {
		struct command *command = owner_of(at);
		command->sent = !call_of(command)->held; /* or may have been */
		command->away = !command->sent;
		finish(broker, command, STATUS_UNAVAILABLE, copy(command, why));
	}
	broker->hears_replies = false;
	timer_stop(&broker->deadline);
}

static struct command *earliest(const struct broker *broker)
{
	struct command *found = NULL;
	LIST_EACH (&broker->commands, at, following) {
		struct command *command = owner_of(at);
		if (!found || command->deadline_ms < found->deadline_ms)
			found = command;
	}
	return found;
}

static void pass_deadlines(struct timer *timer)
{
	struct broker *broker = LIST_OWNER(timer, struct broker, deadline);
	uint64_t now_ms = loop_now_ms(broker->loop);
	struct command *command = earliest(broker);
	for (; command && command->deadline_ms <= now_ms; command = earliest(broker)) {
		const struct broker_call *call = call_of(command);
		command->sent = !call->held;
		broker->base.counters.at[COUNTER_EXPIRED]++;
		finish(broker, command, STATUS_TIMEOUT,
		        call->reply_topic.n ? SLICE("no reply came")
		                            : SLICE("the broker did not acknowledge it"));
	}
	if (command)
		timer_set(timer, command->deadline_ms);
}

void broker_commands_open(struct broker *broker)
{
	list_init(&broker->commands);
	broker->ticket = BROKER_TICKET_FIRST;
	timer_init(&broker->deadline, broker->loop, pass_deadlines);
}
