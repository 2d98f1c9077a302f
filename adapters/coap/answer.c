/* Status, fields and body to code, options and payload.
 *
 * A refusal says why in its diagnostic payload (RFC 7252 section 5.5.2), followed by the request's id, which the
 * log has too. A backend's own words about a refusal (its 404 page) go along when they fit, for they tell more;
 * what does not fit is left out or cut, because anybody can make a refusal be sent to anybody over UDP.
 *
 * HTTP's entity tags are texts of any length, CoAP's are one to eight bytes. One that reads as at most eight
 * bytes in hexadecimal becomes those bytes, which is also how a tag goes the other way (inbound.c), so that a
 * tag given out comes back as the backend wrote it. Any other has no short form and is left out.
 *
 * Max-Age is what Cache-Control says; where it says nothing, CoAP's own default of 60 s holds (RFC 7252 section 5.10.5). */
#include "adapters/coap/answer.h"

#include "codec/content_format.h"
#include "base/uri.h"

#include <coap3/coap.h>
#include <stdio.h>

enum { FORMAT_NONE = -1 };

static unsigned char code_of_ok(enum method method)
{
	if (method == METHOD_GET || method == METHOD_HEAD)
		return WIRE_CODE(2, 5);
	return method == METHOD_DELETE ? WIRE_CODE(2, 2) : WIRE_CODE(2, 4);
}

unsigned char answer_code(enum status status, enum method method)
{
	switch (status) {
	case STATUS_OK:
		return code_of_ok(method);
	case STATUS_CREATED:
		return WIRE_CODE(2, 1);
	case STATUS_CHANGED:
	case STATUS_ACCEPTED:
		return WIRE_CODE(2, 4);
	case STATUS_DELETED:
		return WIRE_CODE(2, 2);
	case STATUS_NOT_MODIFIED:
		return WIRE_CODE(2, 3);
	case STATUS_MALFORMED:
		return WIRE_CODE(4, 0);
	case STATUS_UNAUTHENTICATED:
		return WIRE_CODE(4, 1);
	case STATUS_FORBIDDEN:
		return WIRE_CODE(4, 3);
	case STATUS_NOT_FOUND:
		return WIRE_CODE(4, 4);
	case STATUS_METHOD_NOT_ALLOWED:
		return WIRE_CODE(4, 5);
	case STATUS_NOT_ACCEPTABLE:
		return WIRE_CODE(4, 6);
	case STATUS_CONFLICT:
		return WIRE_CODE(4, 9);
	case STATUS_TOO_LARGE:
		return WIRE_CODE(4, 13);
	case STATUS_UNSUPPORTED_MEDIA:
		return WIRE_CODE(4, 15);
	case STATUS_INVALID:
		return WIRE_CODE(4, 22);
	case STATUS_TOO_MANY:
		return WIRE_CODE(4, 29);
	case STATUS_NONE:
	case STATUS_INTERNAL:
	case STATUS_COUNT:
		return WIRE_CODE(5, 0);
	case STATUS_BAD_BACKEND:
		return WIRE_CODE(5, 2);
	case STATUS_UNAVAILABLE:
	case STATUS_STORE_FULL:
	case STATUS_CANCELLED:
		return WIRE_CODE(5, 3);
	case STATUS_TIMEOUT:
		return WIRE_CODE(5, 4);
	}
	return WIRE_CODE(5, 0);
}

slice answer_words(struct arena *arena, enum status status, enum method method)
{
	unsigned code = answer_code(status, method);
	return arena_printf(arena, "%u.%02u", code >> 5, code & 31);
}

/* A number of seconds; false: it is none. One too large for the option is the largest. */
static bool read_seconds(slice text, uint32_t *seconds)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		sum = sum * 10 + (uint64_t)(text.p[i] - '0');
		if (sum > UINT32_MAX)
			sum = UINT32_MAX;
	}
	*seconds = (uint32_t)sum;
	return text.n > 0;
}

/* How long an answer is fresh, from Cache-Control and Age (RFC 9111 sections 4.2.1, 4.2.3); false: not said. */
static bool read_freshness(const struct message *out, uint32_t *seconds)
{
	slice control = message_field(out, "cache-control");
	uint32_t age = 0;
	bool said = false;
	while (control.n) {
		slice value = slice_trim(slice_cut(&control, ','));
		slice name = slice_trim(slice_cut(&value, '='));
		if (slice_equal_nocase(name, SLICE("no-store")) ||
		        slice_equal_nocase(name, SLICE("no-cache"))) {
			*seconds = 0;
			return true;
		}
		if (!said && slice_equal_nocase(name, SLICE("max-age")))
			said = read_seconds(slice_trim(value), seconds);
	}
	if (said && read_seconds(slice_trim(message_field(out, "age")), &age))
		*seconds = age < *seconds ? *seconds - age : 0;
	return said;
}

static void set_max_age(struct answer *answer, const struct request *request)
{
	if (request->status == STATUS_TOO_MANY || request->status == STATUS_UNAVAILABLE) {
		uint64_t wait_s = (request->retry_after_ms + 999) / 1000;
		answer->has_max_age = true;
		answer->max_age_s = wait_s > UINT32_MAX ? UINT32_MAX : (uint32_t)wait_s;
		if (!answer->max_age_s)
			answer->max_age_s = 1;
	} else if (answer->code == WIRE_CODE(2, 5) || answer->code == WIRE_CODE(2, 3)) {
		answer->has_max_age = read_freshness(&request->out, &answer->max_age_s);
	}
}

void answer_from_request(
        struct answer *answer, const struct request *request, size_t body_max_bytes)
{
	const struct message *out = &request->out;
	*answer = (struct answer){
		.code = answer_code(request->status, request->in.method),
		.format = FORMAT_NONE,
		.id = request->id,
		.diagnostic = request->why,
	};
	/* A condition that does not hold has a code of its own. */
	if (request->status == STATUS_CONFLICT &&
	        (message_field(&request->in, "if-match").p ||
	                message_field(&request->in, "if-none-match").p))
		answer->code = WIRE_CODE(4, 12);
	if (request->status != STATUS_NOT_MODIFIED)
		answer->body = out->body;
	if (answer->body.n && out->media.n)
		answer->format = content_format_loose(out->media);
	answer->tag_bytes = coap_tag_read(message_field(out, "etag"), answer->tag);
	slice location = message_field(out, "location");
	if (request->status == STATUS_CREATED && slice_starts(location, SLICE("/")))
		answer->location = location;
	set_max_age(answer, request);
	answer->has_size1 = request->status == STATUS_TOO_LARGE;
	answer->size1 = body_max_bytes > UINT32_MAX ? UINT32_MAX : (uint32_t)body_max_bytes;
}

/* One option for each part between separators, decoded. A part too long for an option ends it. */
static void write_options(struct wire_writer *writer, unsigned number, slice parts, char separator)
{
	enum { DECODED_BYTES = 16 * 1024 };
	struct arena arena;
	arena_init(&arena, DECODED_BYTES);
	while (parts.p) {
		slice plain = uri_decode(&arena, slice_cut(&parts, separator));
		if (plain.n > 255)
			break;
		wire_option(writer, number, plain);
	}
	arena_finish(&arena);
}

/* As much of the text as fits into n bytes, whole characters only. */
static slice utf8_cut(slice text, size_t n)
{
	if (text.n <= n)
		return text;
	while (n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	return (slice){ text.p, n };
}

/* The reason with the request's id; the id goes first when there is little room, then the reason's end. */
static void write_diagnostic(struct wire_writer *writer, const struct answer *answer, size_t room)
{
	enum { READABLE_BYTES = 8 };
	char text[320], id[REQUEST_ID_BYTES + 3] = "";
	size_t id_bytes = 0;
	if (answer->id) {
		char digits[REQUEST_ID_BYTES];
		request_id_text(answer->id, digits);
		id_bytes = (size_t)snprintf(id, sizeof id, " [%s]", digits);
	}
	if (room > sizeof text - 1)
		room = sizeof text - 1;
	if (room < id_bytes + READABLE_BYTES)
		id_bytes = 0;
	slice why = utf8_cut(answer->diagnostic, room - id_bytes);
	int n = snprintf(text, sizeof text, "%.*s%s", SLICE_ARG(why), id_bytes ? id : "");
	wire_payload(writer, (slice){ text, (size_t)n });
}

/* What is left for the payload, its marker taken off. */
static size_t payload_room(const struct wire_writer *writer, size_t message_max_bytes)
{
	size_t limit = message_max_bytes < writer->size ? message_max_bytes : writer->size;
	return limit > writer->n + 1 ? limit - writer->n - 1 : 0;
}

static slice block_of(slice body, const struct wire_block *block)
{
	slice rest = slice_from(body, (size_t)block->number * block->size);
	return (slice){ rest.p, rest.n > block->size ? block->size : rest.n };
}

void answer_write(struct wire_writer *writer, const struct answer *answer,
        const struct answer_parts *parts, size_t refusal_max_bytes)
{
	bool is_refusal = answer->code >> 5 > 2;
	/* Content-Format, Max-Age and Size1 together. */
	enum { OPTION_BYTES = 16 };
	slice body = answer->body;
	if (is_refusal && body.n + OPTION_BYTES > payload_room(writer, refusal_max_bytes))
		body = (slice){ NULL, 0 };
	slice location = answer->location;
	slice path = slice_from(slice_cut(&location, '?'), 1);

	if (answer->tag_bytes)
		wire_option(writer, COAP_OPTION_ETAG, (slice){ answer->tag, answer->tag_bytes });
	if (parts->has_observe)
		wire_option_number(writer, COAP_OPTION_OBSERVE, parts->observe);
	write_options(writer, COAP_OPTION_LOCATION_PATH, path, '/');
	if (body.n && answer->format >= 0)
		wire_option_number(writer, COAP_OPTION_CONTENT_FORMAT, (uint32_t)answer->format);
	if (answer->has_max_age)
		wire_option_number(writer, COAP_OPTION_MAXAGE, answer->max_age_s);
	write_options(writer, COAP_OPTION_LOCATION_QUERY, location, '&');
	if (parts->block2)
		wire_option_block(writer, COAP_OPTION_BLOCK2, parts->block2);
	if (parts->block1)
		wire_option_block(writer, COAP_OPTION_BLOCK1, parts->block1);
	if (parts->block2 && parts->block2->number == 0)
		wire_option_number(writer, COAP_OPTION_SIZE2, (uint32_t)body.n);
	if (answer->has_size1)
		wire_option_number(writer, COAP_OPTION_SIZE1, answer->size1);
	if (parts->echo.n)
		wire_option(writer, COAP_OPTION_ECHO, parts->echo);

	if (parts->block2)
		wire_payload(writer, block_of(body, parts->block2));
	else if (body.n)
		wire_payload(writer, body);
	else if (is_refusal)
		write_diagnostic(writer, answer, payload_room(writer, refusal_max_bytes));
}
