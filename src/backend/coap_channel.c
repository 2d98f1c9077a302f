/* The first thing that either side says is its CSM. Ours leaves with the first message and does not wait for the device's
 * (section 5.3): nothing that we send is longer than what every device takes. A device that releases or aborts the connection
 * has ended it; one whose signal must be understood and is not (a critical option) has, too. */
#include "backend/coap_channel.h"

#include <errno.h>
#include <stdlib.h>

enum {
	MESSAGE_MAX_BYTES = 64 * 1024, /* that we take; longer answers come in blocks */
	UNSENT_MAX_BYTES = 256 * 1024,
	SIGNAL_BYTES = 64
};

struct coap_channel {
	struct stream *stream;
	const struct coap_channel_events *events;
	void *owner;
	bool secure, connected;
	bool ended;  /* said so */
	bool closed; /* nobody wants to hear any more */
	bool ending; /* the stream's last callback is under way */
};

static void end(struct coap_channel *channel, enum coap_channel_end how, const char *why)
{
	if (channel->ended || channel->closed)
		return;
	channel->ended = true;
	channel->events->ended(channel->owner, how, why);
}

static void send_signal(struct coap_channel *channel, unsigned char code, slice token)
{
	char bytes[SIGNAL_BYTES];
	struct wire_writer writer;
	wire_begin_stream(&writer, bytes, sizeof bytes, token);
	if (code == WIRE_SIGNAL_CSM) {
		wire_option_number(&writer, WIRE_CSM_MAX_MESSAGE_SIZE, MESSAGE_MAX_BYTES);
		wire_option(&writer, WIRE_CSM_BLOCK_WISE, (slice){ NULL, 0 });
	}
	stream_write(channel->stream, wire_end_stream(&writer, code, token));
}

static bool is_understood(const struct wire_message *signal)
{
	for (unsigned i = 0; i < signal->noptions; i++) {
		if (signal->options[i].number & 1)
			return false;
	}
	return true;
}

static void take_signal(struct coap_channel *channel, const struct wire_message *signal)
{
	if (!is_understood(signal))
		end(channel, COAP_CHANNEL_GARBAGE, "a signal that has to be understood and is not");
	else if (signal->code == WIRE_SIGNAL_PING)
		send_signal(channel, WIRE_SIGNAL_PONG, signal->token);
	else if (signal->code == WIRE_SIGNAL_RELEASE || signal->code == WIRE_SIGNAL_ABORT)
		end(channel, COAP_CHANNEL_ENDED, NULL);
}

static void take_message(struct coap_channel *channel, struct wire_message *message, size_t n)
{
	message->type = WIRE_NON;
	message->id = 0;
	if (message->code >> 5 == 7)
		take_signal(channel, message);
	else if (message->code) /* an empty one keeps the connection alive */
		channel->events->received(channel->owner, message, n);
}

static size_t received(void *owner, struct stream *stream, slice bytes)
{
	struct coap_channel *channel = owner;
	size_t used = 0;
	(void)stream;
	while (used < bytes.n && !channel->closed && !channel->ended) {
		struct wire_message message;
		const char *why = NULL;
		size_t n = 0;
		enum wire_verdict verdict = wire_parse_stream(
		        slice_from(bytes, used), MESSAGE_MAX_BYTES, &message, &n, &why);
		if (verdict == WIRE_PART)
			return used;
		if (verdict == WIRE_OK)
			take_message(channel, &message, n);
		else
			end(channel, COAP_CHANNEL_GARBAGE,
			        why ? why : "a message that is longer than allowed");
		used += n;
	}
	return bytes.n;
}

static void connected(void *owner, struct stream *stream)
{
	struct coap_channel *channel = owner;
	(void)stream;
	if (channel->closed)
		return;
	channel->connected = true;
	send_signal(channel, WIRE_SIGNAL_CSM, (slice){ NULL, 0 });
	channel->events->opened(channel->owner);
}

static void closed(void *owner, struct stream *stream, enum stream_end how, int errno_value)
{
	struct coap_channel *channel = owner;
	(void)stream;
	channel->stream = NULL;
	channel->ending = true;
	bool untrusted = channel->secure && (how == STREAM_END_PEER || errno_value == EPROTO ||
	                                            errno_value == ECONNABORTED);
	if (channel->connected)
		end(channel, COAP_CHANNEL_ENDED, NULL);
	else if (untrusted)
		end(channel, COAP_CHANNEL_REFUSED, NULL);
	else
		end(channel, COAP_CHANNEL_UNREACHABLE, NULL);
	channel->ending = false;
	if (channel->closed)
		free(channel);
}

struct coap_channel *coap_channel_open(struct loop *loop, const struct sockaddr *address,
        struct tls *tls, const char *name, const struct coap_channel_events *events, void *owner)
{
	static const struct stream_events stream_events = {
		.connected = connected, .received = received, .closed = closed
	};
	static const struct stream_limits limits = { MESSAGE_MAX_BYTES + SIGNAL_BYTES,
		UNSENT_MAX_BYTES };
	struct coap_channel *channel = calloc(1, sizeof *channel);
	if (!channel)
		return NULL;
	channel->events = events;
	channel->owner = owner;
	channel->secure = tls != NULL;
	channel->stream =
	        tls ? stream_connect_tls(loop, address, tls, name, &stream_events, &limits, channel)
	            : stream_connect(loop, address, &stream_events, &limits, channel);
	if (channel->stream)
		return channel;
	free(channel);
	return NULL;
}

void coap_channel_close(struct coap_channel *channel)
{
	if (!channel)
		return;
	channel->closed = true;
	if (channel->stream)
		stream_close(channel->stream);
	else if (!channel->ending)
		free(channel);
}

void coap_channel_send(struct coap_channel *channel, slice message)
{
	if (channel->stream && channel->connected)
		stream_write(channel->stream, message);
}
