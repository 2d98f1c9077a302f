/* A critical option that is not known here makes an answer no answer (RFC 7252 section 5.4.1): nobody can say what the
 * device meant. Elective ones that are not known, and known ones of a wrong length, are as if they were not there. */
#include "backend/coap_answer.h"

#include "base/text.h"
#include "base/uri.h"
#include "base/utf8.h"
#include "codec/coap_code.h"
#include "codec/content_format.h"

#include <coap3/coap.h>

enum { DIAGNOSTIC_MAX = 200, FIELDS_MAX = 3 };

/* ---- Reading */

/* What may stand for itself in a query, save "&", which separates, and "+", which forms take for a space. */
static bool is_plain_in_query(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~!$'()*,;=:@/?", c) != NULL);
}

static void add_location_query(struct text *location, slice part, bool first)
{
	text_char(location, first ? '?' : '&');
	for (size_t i = 0; i < part.n; i++) {
		unsigned char c = (unsigned char)part.p[i];
		if (is_plain_in_query(c))
			text_char(location, (char)c);
		else
			text_printf(location, "%%%02X", c);
	}
}

/* One with a segment that could climb is left out: it would be a link for others to follow. */
static slice read_location(struct arena *arena, const struct wire_message *message)
{
	struct text location;
	unsigned queries = 0;
	text_init(&location, arena, 0);
	for (unsigned i = 0; i < message->noptions; i++) {
		const struct wire_option *option = &message->options[i];
		if (option->number == COAP_OPTION_LOCATION_PATH) {
			if (!uri_segment_allowed(option->value))
				return (slice){ NULL, 0 };
			uri_segment_add(&location, option->value);
		} else if (option->number == COAP_OPTION_LOCATION_QUERY) {
			if (!location.n)
				text_char(&location, '/');
			add_location_query(&location, option->value, queries++ == 0);
		}
	}
	return location.n ? text_slice(&location) : (slice){ NULL, 0 };
}

static const char *read_block(
        const struct wire_option *option, struct wire_block *block, bool *present)
{
	*present = option != NULL;
	return !option || wire_block_parse(option->value, block) ? NULL
	                                                         : "a block size that is reserved";
}

/* An option of at most `bytes_max` bytes, or NULL. */
static const struct wire_option *find(
        const struct wire_message *message, unsigned number, size_t bytes_max)
{
	const struct wire_option *option = wire_find(message, number);
	return option && option->value.n <= bytes_max ? option : NULL;
}

static void read_electives(struct coap_answer *answer, const struct wire_message *message)
{
	const struct wire_option *option = find(message, COAP_OPTION_ETAG, COAP_TAG_MAX);
	if (option && option->value.n) {
		memcpy(answer->tag, option->value.p, option->value.n);
		answer->tag_bytes = (unsigned)option->value.n;
	}
	option = find(message, COAP_OPTION_CONTENT_FORMAT, 2);
	answer->format = option ? (int)wire_number(option->value) : -1;
	option = find(message, COAP_OPTION_MAXAGE, 4);
	answer->has_max_age = option != NULL;
	answer->max_age_s = option ? wire_number(option->value) : 0;
	option = find(message, COAP_OPTION_OBSERVE, 3);
	answer->is_notification = option != NULL;
	answer->observe = option ? wire_number(option->value) : 0;
	option = find(message, COAP_OPTION_SIZE2, 4);
	answer->has_size2 = option != NULL;
	answer->size2 = option ? wire_number(option->value) : 0;
	option = find(message, COAP_OPTION_ECHO, COAP_ECHO_MAX);
	if (option && option->value.n) {
		memcpy(answer->echo, option->value.p, option->value.n);
		answer->echo_bytes = (unsigned)option->value.n;
	}
}

const char *coap_answer_read(
        struct coap_answer *answer, struct arena *arena, const struct wire_message *message)
{
	unsigned class = message->code >> 5;
	*answer = (struct coap_answer){ .code = message->code, .format = -1 };
	if (class != 2 && class != 4 && class != 5)
		return "a code that is none of an answer";
	for (unsigned i = 0; i < message->noptions; i++) {
		unsigned number = message->options[i].number;
		if (number & 1 && number != COAP_OPTION_BLOCK1 && number != COAP_OPTION_BLOCK2)
			return "an option that has to be understood and is not";
	}
	const char *wrong = read_block(
	        wire_find(message, COAP_OPTION_BLOCK2), &answer->block2, &answer->has_block2);
	if (!wrong)
		wrong = read_block(wire_find(message, COAP_OPTION_BLOCK1), &answer->block1,
		        &answer->has_block1);
	if (wrong)
		return wrong;
	read_electives(answer, message);
	answer->location = read_location(arena, message);
	return NULL;
}

/* ---- Meaning */

static void add_field(
        struct exchange *exchange, struct field *fields, const char *name, slice value)
{
	if (value.n)
		fields[exchange->out.nfields++] = (struct field){ slice_of(name), value };
}

static slice tag_text(struct arena *arena, const struct coap_answer *answer)
{
	struct text text;
	if (!answer->tag_bytes)
		return (slice){ NULL, 0 };
	text_init(&text, arena, 2 + 2 * COAP_TAG_MAX);
	coap_tag_write(&text, (slice){ answer->tag, answer->tag_bytes });
	return text_slice(&text);
}

/* How long an answer of success stays fresh (RFC 8075 section 7, table 3). */
static slice freshness(struct arena *arena, const struct coap_answer *answer)
{
	bool says = answer->has_max_age &&
	            (answer->code == WIRE_CODE(2, 5) || answer->code == WIRE_CODE(2, 3));
	return says ? arena_printf(arena, "max-age=%u", (unsigned)answer->max_age_s)
	            : (slice){ NULL, 0 };
}

static void apply_fields(struct exchange *exchange, const struct coap_answer *answer)
{
	struct field *fields = arena_alloc(exchange->arena, FIELDS_MAX * sizeof *fields);
	if (!fields)
		return;
	exchange->out.fields = fields;
	add_field(exchange, fields, "etag", tag_text(exchange->arena, answer));
	add_field(exchange, fields, "cache-control", freshness(exchange->arena, answer));
	add_field(exchange, fields, "location", answer->location);
}

slice coap_answer_media(struct arena *arena, const struct coap_answer *answer)
{
	if (answer->format < 0)
		return (slice){ NULL, 0 };
	slice media = content_format_media((uint32_t)answer->format);
	return media.p ? media
	               : arena_printf(arena, "application/coap-payload;cf=%d", answer->format);
}

/* A refusal's payload without a content format is for a person to read (RFC 7252 section 5.5.2). */
static bool is_diagnostic(const struct coap_answer *answer, slice body)
{
	if (answer->code >> 5 == 2 || answer->format >= 0 || !body.n || !utf8_valid(body))
		return false;
	for (size_t i = 0; i < body.n; i++) {
		if ((unsigned char)body.p[i] < ' ' || body.p[i] == 0x7f)
			return false;
	}
	return true;
}

/* As much of the text as fits, whole characters only. */
static slice cut(slice text)
{
	size_t n = text.n < DIAGNOSTIC_MAX ? text.n : DIAGNOSTIC_MAX;
	while (n < text.n && n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	return (slice){ text.p, n };
}

enum status coap_answer_apply(
        const struct coap_answer *answer, slice body, struct exchange *exchange)
{
	enum method method = exchange->request->call.method;
	enum status status = coap_code_status(answer->code, method);
	unsigned class = answer->code >> 5, detail = answer->code & 31;
	bool diagnostic = is_diagnostic(answer, body);
	apply_fields(exchange, answer);
	if (body.n && !diagnostic && method != METHOD_HEAD) {
		exchange->out.media = coap_answer_media(exchange->arena, answer);
		exchange->out.body = body;
	}
	if (status_is_success(status))
		return status;
	if (answer->has_max_age && (status == STATUS_TOO_MANY || status == STATUS_UNAVAILABLE))
		exchange->retry_after_ms = (uint64_t)answer->max_age_s * 1000;
	if (diagnostic)
		exchange->why = arena_printf(exchange->arena, "the device answered %u.%02u: %.*s",
		        class, detail, SLICE_ARG(cut(body)));
	else
		exchange->why =
		        arena_printf(exchange->arena, "the device answered %u.%02u", class, detail);
	return status;
}
