/* What any protocol says, in words that none of them owns. */
#ifndef API_MESSAGE_H
#define API_MESSAGE_H

#include "api/status.h"
#include "base/field.h"
#include "base/slice.h"

struct value;

struct message {
	enum method method;
	/* "/ships/sensors/engine-7", normalised and percent-encoded (base/uri.h); an MQTT topic is a path too. */
	slice path;
	slice query; /* without the "?"; percent-encoded as received */
	const struct field *fields;
	unsigned nfields;
	/* The name that the message itself gives to what it wants, where the protocol has one (the element in
	 * a SOAP body); or empty. */
	slice operation;
	/* "application/json": how `body` is encoded; empty when unknown. */
	slice media;
	slice body; /* whole: bodies are bounded, not streamed */
	/* What the body means, if it is known already: an adapter that had to take the message apart
	 * (binary frames, SOAP) gives this and leaves `media` and `body` empty. */
	const struct value *value;
	size_t value_bytes; /* and how long it was before: what a limit of bodies is held against */
};

/* The field of this (lower-case) name, or { NULL, 0 }. */
slice message_field(const struct message *, const char *name);

#endif
