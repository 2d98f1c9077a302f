/* The rules:
 *
 * PATHS are decoded segment by segment, so that a "/" inside a segment stays data, as adapters/coap/inbound.c does in
 * the other direction.
 *
 * ACCEPT is one number in CoAP, and a device that cannot answer in it has to refuse. The gateway can translate, so the
 * notation that the endpoint names for this device (`call.as`) is asked for whatever the caller likes; without it the
 * caller's own wish goes on, when it is for something in particular.
 *
 * CONDITIONS are never dropped where that would make an effect unconditional. An entity tag is one to eight bytes in
 * CoAP; one that does not read as those bytes in hexadecimal is no tag of this device, so that an If-Match which has
 * only such does not hold. What is a condition in HTTP and has no form in CoAP (If-None-Match with tags, for a method that
 * changes something) is refused. In a GET tags are ETag options: "only if it is none of these". */
#include "backend/coap_ask.h"

#include "api/codec.h"
#include "base/media.h"
#include "base/uri.h"
#include "codec/coap_code.h"
#include "codec/coap_tag.h"
#include "codec/content_format.h"

#include <coap3/coap.h>

enum { OPTION_TEXT_MAX = 255 };

/* ---- Options */

static bool add(struct coap_ask *ask, unsigned number, slice value)
{
	if (ask->noptions == WIRE_OPTIONS_MAX)
		return false;
	ask->options[ask->noptions++] = (struct wire_option){ number, value };
	return true;
}

static bool add_number(struct coap_ask *ask, struct arena *arena, unsigned number, unsigned value)
{
	char bytes[2] = { (char)(value >> 8), (char)(value & 0xff) };
	size_t skip = value > 0xff ? 0 : value ? 1 : 2;
	slice text = arena_copy(arena, bytes + skip, sizeof bytes - skip);
	return text.p && add(ask, number, text);
}

static bool add_parts(
        struct coap_ask *ask, struct arena *arena, unsigned number, slice parts, char separator)
{
	while (parts.p) {
		slice part = slice_cut(&parts, separator);
		slice plain = uri_decode(arena, part);
		if ((part.n && !plain.p) || plain.n > OPTION_TEXT_MAX || !add(ask, number, plain))
			return false;
	}
	return true;
}

/* "/" alone has no option at all. */
static bool add_path(struct coap_ask *ask, struct arena *arena, slice path)
{
	slice parts = slice_from(path, 1);
	return !parts.n || add_parts(ask, arena, COAP_OPTION_URI_PATH, parts, '/');
}

/* ---- Conditions */

/* Each tag of the list as an option; the number of those that were one, or -1: no room. */
static int add_tags(struct coap_ask *ask, struct arena *arena, unsigned number, slice list)
{
	int n = 0;
	while (list.p) {
		slice text = slice_trim(slice_cut(&list, ','));
		char bytes[COAP_TAG_MAX];
		unsigned nbytes = coap_tag_read(text, bytes);
		if (!nbytes)
			continue;
		slice tag = arena_copy(arena, bytes, nbytes);
		if (!tag.p || !add(ask, number, tag))
			return -1;
		n++;
	}
	return n;
}

static enum status add_if_match(
        struct coap_ask *ask, struct arena *arena, slice list, const char **why)
{
	if (!list.p)
		return STATUS_NONE;
	int n = slice_is(slice_trim(list), "*") ? add(ask, COAP_OPTION_IF_MATCH, SLICE("")) ? 1 : -1
	                                        : add_tags(ask, arena, COAP_OPTION_IF_MATCH, list);
	if (n > 0)
		return STATUS_NONE;
	*why = n ? "too many entity tags" : "none of these entity tags is one of the device's";
	return n ? STATUS_TOO_LARGE : STATUS_CONFLICT;
}

static enum status add_if_none_match(
        struct coap_ask *ask, struct arena *arena, slice list, const char **why)
{
	if (!list.p)
		return STATUS_NONE;
	if (slice_is(slice_trim(list), "*")) {
		(void)add(ask, COAP_OPTION_IF_NONE_MATCH, SLICE(""));
		return STATUS_NONE;
	}
	if (!ask->safe) {
		*why = "a CoAP device cannot be asked for \"if it is none of these entity tags\"";
		return STATUS_INVALID;
	}
	/* Without the tags that do not fit the answer comes in full, which is right as well. */
	(void)add_tags(ask, arena, COAP_OPTION_ETAG, list);
	return STATUS_NONE;
}

/* ---- Media */

/* The notation to be asked for, by number; -1: none in particular. XML is not asked for on behalf of a browser, which
 * names it before "anything". */
static int wanted_format(slice accept, slice media)
{
	if (media.n)
		return content_format_number(media);
	int best = -1;
	unsigned best_quality = 0, any_quality = accept.n ? media_quality(accept, SLICE("*/*")) : 0;
	while (accept.p) {
		slice range = slice_trim(slice_cut(&accept, ','));
		slice type = media_type(range);
		const struct codec *codec = codec_for(type);
		if (any_quality && codec && codec->reluctant)
			continue;
		int number = content_format_number(type);
		unsigned quality = number < 0 ? 0 : media_quality(range, type);
		if (quality > best_quality) {
			best = number;
			best_quality = quality;
		}
	}
	return best_quality > any_quality ? best : -1;
}

static enum status add_media(
        struct coap_ask *ask, struct arena *arena, const struct message *call, const char **why)
{
	if (!call->body.n || !call->media.n)
		return STATUS_NONE;
	int number = content_format_number(call->media);
	if (number < 0) {
		*why = "CoAP has no content format for this media type";
		return STATUS_UNSUPPORTED_MEDIA;
	}
	if (add_number(ask, arena, COAP_OPTION_CONTENT_FORMAT, (unsigned)number))
		return STATUS_NONE;
	*why = "no room for the options of this call";
	return STATUS_TOO_LARGE;
}

/* ---- The whole */

/* In the order of the options' numbers. */
static enum status add_options(struct coap_ask *ask, struct arena *arena,
        const struct message *call, slice accept, const struct coap_ask_form *form,
        const char **why)
{
	static const char too_long[] = "path or query are too long for a CoAP message";
	slice none_match = message_field(call, "if-none-match");
	enum status status = add_if_match(ask, arena, message_field(call, "if-match"), why);
	if (status == STATUS_NONE && form->host.n && !add(ask, COAP_OPTION_URI_HOST, form->host))
		status = STATUS_TOO_LARGE;
	if (status == STATUS_NONE)
		status = add_if_none_match(ask, arena, none_match, why);
	if (status != STATUS_NONE)
		return status;
	*why = too_long;
	if (!add_path(ask, arena, form->prefix) || !add_path(ask, arena, call->path))
		return STATUS_TOO_LARGE;
	status = add_media(ask, arena, call, why);
	if (status != STATUS_NONE)
		return status;
	*why = too_long;
	if (call->query.n && !add_parts(ask, arena, COAP_OPTION_URI_QUERY, call->query, '&'))
		return STATUS_TOO_LARGE;
	int format = wanted_format(accept, form->media);
	if (format >= 0 && !add_number(ask, arena, COAP_OPTION_ACCEPT, (unsigned)format))
		return STATUS_TOO_LARGE;
	*why = NULL;
	return STATUS_NONE;
}

enum status coap_ask_make(struct coap_ask *ask, struct arena *arena, const struct message *call,
        slice accept, const struct coap_ask_form *form, const char **why)
{
	*ask = (struct coap_ask){ .code = coap_code_method(call->method), .body = call->body };
	ask->safe = ask->code == COAP_REQUEST_CODE_GET;
	ask->repeatable = ask->safe || ask->code == COAP_REQUEST_CODE_PUT ||
	                  ask->code == COAP_REQUEST_CODE_DELETE;
	if (!ask->code) {
		*why = "CoAP has no such method";
		return STATUS_METHOD_NOT_ALLOWED;
	}
	if (call->body.n && (ask->safe || ask->code == COAP_REQUEST_CODE_DELETE)) {
		*why = "GET and DELETE have no body in CoAP";
		return STATUS_INVALID;
	}
	return add_options(ask, arena, call, accept, form, why);
}

enum status coap_ask_make_get(struct coap_ask *ask, struct arena *arena, slice path,
        const struct coap_ask_form *form, const char **why)
{
	const struct message call = { .method = METHOD_GET, .path = path };
	return coap_ask_make(ask, arena, &call, (slice){ NULL, 0 }, form, why);
}

/* ---- One message */

static bool is_left_out(unsigned number)
{
	return number == COAP_OPTION_IF_MATCH || number == COAP_OPTION_IF_NONE_MATCH ||
	       number == COAP_OPTION_ETAG || number == COAP_OPTION_CONTENT_FORMAT;
}

slice coap_ask_write(const struct coap_ask *ask, const struct coap_ask_part *part, uint16_t id,
        slice token, char *buffer, size_t size)
{
	struct wire_writer writer;
	bool observe = part->observe;
	if (part->stream)
		wire_begin_stream(&writer, buffer, size, token);
	else
		wire_begin(&writer, buffer, size, WIRE_CON, ask->code, id, token);
	for (unsigned i = 0; i < ask->noptions; i++) {
		const struct wire_option *option = &ask->options[i];
		if (observe && option->number > COAP_OPTION_OBSERVE) {
			wire_option_number(&writer, COAP_OPTION_OBSERVE, COAP_OBSERVE_ESTABLISH);
			observe = false;
		}
		if (!part->bare || !is_left_out(option->number))
			wire_option(&writer, option->number, option->value);
	}
	if (observe)
		wire_option_number(&writer, COAP_OPTION_OBSERVE, COAP_OBSERVE_ESTABLISH);
	if (part->block2)
		wire_option_block(&writer, COAP_OPTION_BLOCK2, part->block2);
	if (part->block1)
		wire_option_block(&writer, COAP_OPTION_BLOCK1, part->block1);
	if (part->has_size1 && ask->body.n <= UINT32_MAX)
		wire_option_number(&writer, COAP_OPTION_SIZE1, (uint32_t)ask->body.n);
	if (part->echo.n)
		wire_option(&writer, COAP_OPTION_ECHO, part->echo);
	wire_payload(&writer, part->payload);
	if (part->stream)
		return wire_end_stream(&writer, ask->code, token);
	return writer.failed ? (slice){ NULL, 0 } : (slice){ buffer, writer.n };
}
