/* What the kernel marks in the bytes of a serial port, taken out of them (serial.h).
 *
 * A byte that was garbled takes the frame that it stands in with it: what the owner has not used yet is broken
 * (stream_forget()). It has not used all that is whole when it pauses; so the mark, and what follows it, is kept
 * here until it goes on. */
#include "net/internal.h"
#include "net/serial.h"

#include <errno.h>
#include <stdlib.h>

struct serial_layer {
	struct layer layer;
	enum serial_state state;
	char *kept; /* behind a mark, while the owner pauses */
	size_t kept_n;
	bool broken; /* the mark itself has been taken out of `kept` */
};

static bool keep(struct serial_layer *self, const char *bytes, size_t n)
{
	char *larger = n ? realloc(self->kept, self->kept_n + n) : self->kept;
	if (n && !larger)
		return false;
	if (n)
		memcpy(larger + self->kept_n, bytes, n);
	self->kept = larger;
	self->kept_n += n;
	return true;
}

size_t serial_unmark(enum serial_state *state, char *bytes, size_t size, size_t *n, bool *garbled)
{
	size_t at = 0;
	*n = 0;
	*garbled = false;
	while (at < size && !*garbled) {
		char c = bytes[at++];
		bool mark = (unsigned char)c == SERIAL_MARK;
		switch (*state) {
		case SERIAL_PLAIN:
			*state = mark ? SERIAL_MARKED : SERIAL_PLAIN;
			if (!mark)
				bytes[(*n)++] = c;
			break;
		case SERIAL_MARKED:
			*state = c == 0 ? SERIAL_GARBLED : SERIAL_PLAIN;
			if (c != 0)
				bytes[(*n)++] = c;
			break;
		case SERIAL_GARBLED:
			*state = SERIAL_PLAIN;
			*garbled = true;
			break;
		}
	}
	return at;
}

static void take(struct serial_layer *self, char *bytes, size_t size)
{
	size_t at = 0;
	while (at < size && layer_lives(&self->layer)) {
		size_t n;
		bool garbled;
		char *from = bytes + at;
		at += serial_unmark(&self->state, from, size - at, &n, &garbled);
		if (n)
			layer_up(&self->layer, from, n);
		if (!garbled || !layer_lives(&self->layer))
			continue;
		if (!layer_pauses(&self->layer)) {
			layer_broken(&self->layer, "a byte was garbled on the line");
			continue;
		}
		self->broken = true;
		if (!keep(self, bytes + at, size - at))
			layer_end(&self->layer, STREAM_END_ERROR, ENOMEM, "out of memory");
		return;
	}
}

static void received(struct layer *layer, char *bytes, size_t n)
{
	struct serial_layer *self = (struct serial_layer *)layer;
	if (!self->broken)
		take(self, bytes, n);
	else if (!keep(self, bytes, n))
		layer_end(layer, STREAM_END_ERROR, ENOMEM, "out of memory");
}

static void go_on(struct layer *layer)
{
	struct serial_layer *self = (struct serial_layer *)layer;
	char *bytes = self->kept;
	size_t n = self->kept_n;
	if (!self->broken)
		return;
	self->broken = false;
	self->kept = NULL;
	self->kept_n = 0;
	layer_broken(layer, "a byte was garbled on the line");
	/* That may have paused it again: what follows is offered all the same, and kept unread. */
	take(self, bytes, n);
	free(bytes);
}

static void start(struct layer *layer)
{
	layer_established(layer);
}

static void send_bytes(struct layer *layer, slice bytes)
{
	layer_down(layer, bytes);
}

static void close_layer(struct layer *layer)
{
	(void)layer;
}

static void destroy(struct layer *layer)
{
	struct serial_layer *self = (struct serial_layer *)layer;
	free(self->kept);
	free(self);
}

static const struct layer_ops ops = {
	.start = start,
	.received = received,
	.go_on = go_on,
	.send = send_bytes,
	.close = close_layer,
	.destroy = destroy,
};

struct layer *serial_layer_create(void)
{
	struct serial_layer *self = calloc(1, sizeof *self);
	if (self)
		self->layer.ops = &ops;
	return self ? &self->layer : NULL;
}
