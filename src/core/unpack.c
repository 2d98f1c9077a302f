/* A body comes in one of two ways: it is the device's bytes (HTTP, CoAP, MQTT), or a network server wrapped them, as the text of a
 * member of a JSON document, with what else it knows beside (LoRaWAN: the frame's port, the device, the time). In both the
 * description says what the bytes mean, and from there on the request is as if that had come. */
#include "core/unpack.h"

#include "base/base64.h"
#include "base/hex.h"

#include "api/codec.h"
#include "api/payload.h"
#include "core/pointer.h"

/* ---- loading */

struct payload *unpacking_open(const char *path, struct error *error)
{
	slice name = slice_of(path);
	for (unsigned i = 0; payload_all[i]; i++) {
		slice suffix = slice_of(payload_all[i]->suffix);
		if (name.n > suffix.n && slice_equal(slice_from(name, name.n - suffix.n), suffix))
			return payload_all[i]->open(path, error);
	}
	(void)error_set(error, "no description of bodies: its name ends in .ksy");
	return NULL;
}

static bool load_pointer(
        const struct config *config, const char *key, slice *into, bool *there, struct error *error)
{
	*into = config_text(config, key);
	*there = config_get(config, key) != NULL;
	return !*there || (pointer_valid(*into) && into->n) ||
	       config_error(config_get(config, key), error,
	               "a JSON pointer is expected here, such as /data");
}

static bool load_place(const struct config *config, struct unpacking *made, struct error *error)
{
	const struct config *encoding = config_get(config, "encoding");
	if (!load_pointer(config, "at", &made->at, &made->inside, error) ||
	        !load_pointer(config, "into", &made->into, &made->replaces, error))
		return false;
	made->hex = slice_is(config_text(config, "encoding"), "hex");
	if (!made->inside && (encoding || made->replaces))
		return config_error(encoding ? encoding : config_get(config, "into"), error,
		        "goes with `at`, where the bytes stand in the body");
	return true;
}

static bool load_with(struct arena *arena, const struct config *with, struct unpacking *made,
        void (*variable)(void *arg, slice name), void *arg, struct error *error)
{
	if (!with)
		return true;
	CONFIG_EACH (with, at) {
		if (!made->payload->ops->has_parameter(made->payload, at->key))
			return config_error(at, error, "the description has no parameter \"%.*s\"",
			        SLICE_ARG(at->key));
	}
	made->with = composition_load(arena, with, variable, arg, error);
	if (made->with && !made->inside && composition_reads_body(made->with))
		return config_error(
		        with, error, "a body that is bytes has no members: {#/…} goes with `at`");
	return made->with != NULL;
}

const struct unpacking *unpacking_load(struct arena *arena, const struct config *config,
        void (*variable)(void *arg, slice name), void *arg, struct error *error)
{
	const struct config *decode = config_get(config, "decode");
	struct unpacking *made = ARENA_NEW(arena, struct unpacking);
	slice path = config_file_path(arena, config, "decode");
	struct error inside = { .text = "" };
	if (!made || !path.p) {
		(void)error_set(error, "out of memory");
		return NULL;
	}
	made->file = config_text(config, "decode");
	made->payload = unpacking_open(path.p, &inside);
	if (!made->payload) {
		(void)config_error(decode, error, "%s", inside.text);
		return NULL;
	}
	if (load_place(config, made, error) &&
	        load_with(arena, config_get(config, "with"), made, variable, arg, error))
		return made;
	unpacking_close(made);
	return NULL;
}

void unpacking_close(const struct unpacking *unpacking)
{
	if (unpacking)
		unpacking->payload->ops->close(unpacking->payload);
}

/* ---- a request */

static enum verdict refuse(struct request *request, const char *what, const struct error *error)
{
	if (error->line)
		request_refuse(request, STATUS_MALFORMED, "%s: line %u, column %u: %s", what,
		        error->line, error->column, error->text);
	else
		request_refuse(request, STATUS_MALFORMED, "%s: %s", what, error->text);
	return REPLY;
}

/* The document that the bytes stand in. */
static enum verdict read_document(
        struct request *request, slice media, const struct value **document)
{
	struct error error = { .text = "" };
	*document = request->content ? request->content : request->in.value;
	if (*document)
		return NEXT;
	const struct codec *codec = codec_for(media);
	if (!codec) {
		request_refuse(request, STATUS_UNSUPPORTED_MEDIA,
		        "%.*s cannot be looked into for the payload", SLICE_ARG(media));
		return REPLY;
	}
	*document = codec->decode(&request->arena, request->in.body, &error);
	return *document ? NEXT : refuse(request, codec->media, &error);
}

static enum verdict bytes_of_text(
        const struct unpacking *unpacking, struct request *request, slice text, slice *bytes)
{
	struct arena *arena = &request->arena;
	if (unpacking->hex) {
		char *made = arena_alloc_raw(arena, text.n / 2 + 1);
		*bytes = (slice){ made, text.n / 2 };
		if (made && hex_decode(text, made))
			return NEXT;
	} else if (base64_decode(arena, text, bytes)) {
		return NEXT;
	}
	request_refuse(request, STATUS_MALFORMED, "%.*s: the text is no %s",
	        SLICE_ARG(unpacking->at), unpacking->hex ? "hexadecimal digits" : "base64");
	return REPLY;
}

static enum verdict find_bytes(const struct unpacking *unpacking, struct request *request,
        slice media, const struct value **document, slice *bytes)
{
	*document = NULL;
	*bytes = request->in.body;
	if (!unpacking->inside) {
		const struct value *value = request->content ? request->content : request->in.value;
		if (value && value->kind == VALUE_BYTES)
			*bytes = value->as.text;
		if (!value || value->kind == VALUE_BYTES)
			return NEXT;
		request_refuse(request, STATUS_MALFORMED,
		        "bytes are expected here, which %.*s describes",
		        SLICE_ARG(unpacking->file));
		return REPLY;
	}
	enum verdict verdict = read_document(request, media, document);
	if (verdict != NEXT)
		return verdict;
	const struct value *found = pointer_get(&request->arena, *document, unpacking->at);
	if (found && found->kind == VALUE_TEXT)
		return bytes_of_text(unpacking, request, found->as.text, bytes);
	if (found && found->kind == VALUE_BYTES) {
		*bytes = found->as.text;
		return NEXT;
	}
	request_refuse(
	        request, STATUS_MALFORMED, "there is no payload at %.*s", SLICE_ARG(unpacking->at));
	return REPLY;
}

enum verdict unpack(const struct unpacking *unpacking, struct request *request, slice media)
{
	const struct payload *payload = unpacking->payload;
	const struct value *document, *given = NULL;
	struct error error = { .text = "" };
	slice bytes;
	enum verdict verdict = find_bytes(unpacking, request, media, &document, &bytes);
	if (verdict != NEXT)
		return verdict;
	if (unpacking->with) {
		given = composition_fill(unpacking->with, request, document);
		if (!given)
			return REPLY;
	}
	const struct value *meaning =
	        payload->ops->decode(payload, &request->arena, bytes, given, &error);
	if (!meaning)
		return refuse(request, unpacking->file.p, &error);
	if (unpacking->replaces)
		meaning = pointer_put(&request->arena, document, unpacking->into, meaning);
	if (!meaning) {
		request_refuse(request, STATUS_MALFORMED,
		        "there is no place for the payload at %.*s", SLICE_ARG(unpacking->into));
		return REPLY;
	}
	request->content = meaning;
	request->unpacked = true;
	return NEXT;
}
