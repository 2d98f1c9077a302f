#include "core/pack.h"

#include "base/base64.h"
#include "base/hex.h"

#include "api/payload.h"
#include "codec/value.h"
#include "core/pointer.h"
#include "core/unpack.h"

const struct packing *packing_load(
        struct arena *arena, const struct config *call, struct error *error)
{
	struct packing *made = ARENA_NEW(arena, struct packing);
	slice path = config_file_path(arena, call, "encode");
	struct error inside = { .text = "" };
	if (!made || !path.p) {
		(void)error_set(error, "out of memory");
		return NULL;
	}
	made->file = config_text(call, "encode");
	made->type = config_text(call, "type");
	made->at = config_text(call, "at");
	made->inside = config_get(call, "at") != NULL;
	made->hex = slice_is(config_text(call, "encoding"), "hex");
	if (made->inside && (!made->at.n || !pointer_valid(made->at))) {
		(void)config_error(config_get(call, "at"), error,
		        "a JSON pointer is expected here, such as /data");
		return NULL;
	}
	made->payload = unpacking_open(path.p, &inside);
	if (!made->payload) {
		(void)config_error(config_get(call, "encode"), error, "%s", inside.text);
		return NULL;
	}
	if (made->payload->ops->has_type(made->payload, made->type))
		return made;
	(void)config_error(config_get(call, "type"), error, "the description has no type \"%.*s\"",
	        SLICE_ARG(made->type));
	packing_close(made);
	return NULL;
}

void packing_close(const struct packing *packing)
{
	if (packing)
		packing->payload->ops->close(packing->payload);
}

static slice text_of(const struct packing *packing, struct arena *arena, slice bytes)
{
	if (!packing->hex)
		return base64_encode(arena, bytes);
	char *digits = arena_alloc_raw(arena, 2 * bytes.n + 1);
	if (digits)
		hex_encode(bytes, digits);
	return (slice){ digits, digits ? 2 * bytes.n : 0 };
}

/* A network server wants the bytes as text, in a document with what else it needs to know. */
static enum verdict put_inside(const struct packing *packing, struct request *request, slice bytes)
{
	struct arena *arena = &request->arena;
	slice text = text_of(packing, arena, bytes);
	const struct value *value = text.p ? value_text(arena, text) : NULL;
	if (value)
		value = pointer_put(arena, request->call.value, packing->at, value);
	request->call.value = value;
	if (value)
		return NEXT;
	request_refuse(request, STATUS_TOO_LARGE, "no memory left for this request");
	return REPLY;
}

enum verdict pack(const struct packing *packing, struct request *request, slice media)
{
	struct message *call = &request->call;
	struct error error = { .text = "" };
	const struct value *value = call->value;
	if (packing->inside)
		value = pointer_get(&request->arena, value, packing->at);
	if (!value) {
		request_refuse(request, STATUS_INVALID, "there is nothing at %.*s to be written",
		        SLICE_ARG(packing->at));
		return REPLY;
	}
	slice bytes = packing->payload->ops->encode(
	        packing->payload, &request->arena, packing->type, value, &error);
	if (!bytes.p) {
		request_refuse(request, STATUS_INVALID, "cannot be written by %.*s: %s",
		        SLICE_ARG(packing->file), error.text);
		return REPLY;
	}
	if (packing->inside)
		return put_inside(packing, request, bytes);
	call->body = bytes;
	call->media = media;
	return NEXT;
}
