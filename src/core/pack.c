#include "core/pack.h"

#include "api/payload.h"
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

enum verdict pack(const struct packing *packing, struct request *request, slice media)
{
	struct message *call = &request->call;
	struct error error = { .text = "" };
	call->body = packing->payload->ops->encode(
	        packing->payload, &request->arena, packing->type, call->value, &error);
	call->media = media;
	if (call->body.p)
		return NEXT;
	request_refuse(request, STATUS_INVALID, "cannot be written by %.*s: %s",
	        SLICE_ARG(packing->file), error.text);
	return REPLY;
}
