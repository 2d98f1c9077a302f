/* What a decoded frame means to the gateway: its role, its messages, and the answers to it. */
#include "codec/frame/meaning/extension.h"

#include "base/uri.h"

#include <stdio.h>

bool frame_schema_has_framing(const struct frame_schema *schema)
{
	return schema->extension->nframings > 0;
}

bool frame_schema_has_login(const struct frame_schema *schema)
{
	return schema->extension->has_login;
}

bool frame_schema_has_secret(const struct frame_schema *schema)
{
	return schema->extension->login_secret != NULL;
}

bool frame_schema_login_is_message(const struct frame_schema *schema)
{
	return schema->extension->login_is_message;
}

bool frame_schema_has_device(const struct frame_schema *schema)
{
	return schema->extension->has_device;
}

bool frame_schema_has_path(const struct frame_schema *schema)
{
	bool all = true;
	for (unsigned i = 0; i < schema->extension->nrules; i++)
		all &= schema->extension->rules[i].npath > 0;
	return all;
}

uint64_t frame_schema_timeout_ms(const struct frame_schema *schema)
{
	return schema->extension->timeout_ms;
}

uint64_t frame_schema_beat_ms(const struct frame_schema *schema)
{
	return schema->extension->beat_ms;
}

uint64_t frame_schema_beat_answer_ms(const struct frame_schema *schema)
{
	return schema->extension->beat_answer_ms;
}

bool frame_schema_ignores_others(const struct frame_schema *schema)
{
	return schema->extension->ignores_others;
}

size_t frame_schema_max_bytes(const struct frame_schema *schema)
{
	return schema->extension->max_bytes;
}

size_t frame_schema_assembled_max_bytes(const struct frame_schema *schema)
{
	size_t max = 0;
	for (unsigned i = 0; i < schema->extension->nassemblies; i++) {
		size_t bytes = schema->extension->assemblies[i].max_bytes;
		max = bytes > max ? bytes : max;
	}
	return max;
}

unsigned frame_schema_concurrent(const struct frame_schema *schema)
{
	return schema->extension->concurrent;
}

enum frame_on_error frame_schema_on_error(const struct frame_schema *schema)
{
	return schema->extension->on_error;
}

static struct scope root_scope(const struct frame *frame)
{
	return (struct scope){ .self = frame->root, .index = -1 };
}

bool frame_role(struct frame *frame, enum frame_role *role)
{
	const struct extension *extension = frame->schema->extension;
	struct scope scope = root_scope(frame);
	bool is_login = false, is_heartbeat = false;
	if (extension->has_login &&
	        !evaluate_boolean(frame, &scope, extension->login_when, &is_login))
		return false;
	if (!is_login && extension->heartbeat_when &&
	        !evaluate_boolean(frame, &scope, extension->heartbeat_when, &is_heartbeat))
		return false;
	*role = is_login       ? FRAME_ROLE_LOGIN
	        : is_heartbeat ? FRAME_ROLE_HEARTBEAT
	                       : FRAME_ROLE_MESSAGE;
	return true;
}

/* What is said of a mistake may show what it is about. Always false. */
static bool hide_secret(struct frame *frame)
{
	if (frame->fault->kind == FRAME_FAULT_EXPRESSION)
		(void)snprintf(
		        frame->fault->text, sizeof frame->fault->text, "the secret cannot be told");
	return false;
}

bool frame_login(struct frame *frame, slice *device, slice *secret)
{
	const struct extension *extension = frame->schema->extension;
	struct scope scope = root_scope(frame);
	struct cell cell;
	slice text;
	*device = *secret = (slice){ NULL, 0 };
	if (!evaluate(frame, &scope, extension->login_device, &cell))
		return false;
	if (cell.kind == CELL_ABSENT)
		return true;
	if (!evaluate_text(frame, &scope, extension->login_device, device))
		return false;
	if (!extension->login_secret)
		return true;
	if (!evaluate_text(frame, &scope, extension->login_secret, &text))
		return hide_secret(frame);
	*secret = arena_copy_slice(frame->arena, text);
	return secret->p || frame_fail(frame, FRAME_FAULT_LIMIT, &scope, "over the memory budget");
}

static bool elements(struct frame *frame, const struct array **array)
{
	struct scope scope = root_scope(frame);
	struct cell list;
	if (!evaluate(frame, &scope, frame->rule->each, &list))
		return false;
	if (list.kind != CELL_ARRAY)
		return frame_fail(
		        frame, FRAME_FAULT_EXPRESSION, &scope, "each: an array is needed here");
	*array = list.as.array;
	return true;
}

/* The first rule that fits. */
static bool choose_rule(struct frame *frame)
{
	const struct extension *extension = frame->schema->extension;
	struct scope scope = root_scope(frame);
	for (unsigned i = 0; i < extension->nrules && !frame->rule; i++) {
		const struct message_rule *rule = &extension->rules[i];
		bool applies = true;
		if (rule->when && !evaluate_boolean(frame, &scope, rule->when, &applies))
			return false;
		if (applies)
			frame->rule = rule;
	}
	return true;
}

static bool no_rule(struct frame *frame, const struct scope *scope)
{
	return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
	        "none of the description's messages is for this frame");
}

bool frame_messages(struct frame *frame, unsigned *n)
{
	const struct array *array;
	*n = 0;
	if (!choose_rule(frame))
		return false;
	if (!frame->rule)
		return true;
	*n = 1;
	if (!frame->rule->each)
		return true;
	if (!elements(frame, &array))
		return false;
	*n = array->n;
	return true;
}

bool path_fill(struct frame *frame, const struct scope *scope, const struct path_part *parts,
        unsigned n, slice *path)
{
	struct text text;
	text_init(&text, frame->arena, 64);
	for (unsigned i = 0; i < n; i++) {
		const struct path_part *part = &parts[i];
		slice plain;
		if (!part->expression) {
			text_slice_add(&text, part->literal);
			continue;
		}
		if (!evaluate_text(frame, scope, part->expression, &plain))
			return false;
		if (!plain.n)
			return frame_fail(frame, FRAME_FAULT_EXPRESSION, scope,
			        "a part of the path is empty");
		uri_escape_add(&text, plain);
	}
	slice raw = text_slice(&text);
	return (raw.p && uri_path_normalise(frame->arena, raw, path) == URI_OK) ||
	       frame_fail(frame, FRAME_FAULT_EXPRESSION, scope, "the fields give no path");
}

bool frame_is_message(const struct frame *frame)
{
	return frame->rule != NULL;
}

enum method frame_method(const struct frame *frame)
{
	return frame->rule ? frame->rule->method : METHOD_POST;
}

bool frame_message(
        struct frame *frame, unsigned i, slice device, slice *path, const struct value **value)
{
	struct scope scope = root_scope(frame);
	const struct array *array;
	if (!choose_rule(frame))
		return false;
	if (!frame->rule)
		return no_rule(frame, &scope);
	if (frame->rule->each) {
		if (!elements(frame, &array) || i >= array->n)
			return false;
		scope.it = &array->items[i];
		scope.index = i;
	}
	frame->device = device;
	*value = NULL;
	if (!frame->rule->npath)
		return frame_fail(frame, FRAME_FAULT_EXPRESSION, &scope,
		        "the description has no path for its messages");
	if (!path_fill(frame, &scope, frame->rule->path, frame->rule->npath, path))
		return false;
	if (frame->rule->method == METHOD_GET || frame->rule->method == METHOD_DELETE)
		return true;
	*value = emit_message(frame, &scope);
	return *value != NULL ||
	       frame_fail(frame, FRAME_FAULT_LIMIT, &scope, "over the memory budget");
}

struct value *frame_payload(struct frame *frame)
{
	struct scope scope = root_scope(frame);
	const struct array *array;
	if (!choose_rule(frame))
		return NULL;
	if (!frame->rule) {
		(void)no_rule(frame, &scope);
		return NULL;
	}
	if (!frame->rule->each)
		return emit_message(frame, &scope);
	if (!elements(frame, &array))
		return NULL;
	struct value *list = value_list(frame->arena);
	if (!list)
		(void)frame_no_memory(frame, &scope);
	for (unsigned i = 0; list && i < array->n; i++) {
		scope.it = &array->items[i];
		scope.index = i;
		if (!value_append(list, emit_message(frame, &scope)))
			return NULL;
	}
	return list;
}

/* ---- answers ---- */

void frame_answered(
        struct frame *frame, enum status status, unsigned taken, const struct value *reply)
{
	frame->status = status;
	frame->taken = taken;
	frame->reply = reply;
}

/* Of the message's rule, where it has one of its own. `frame`: or NULL. */
static const struct reply_template *template_of(
        const struct extension *extension, const struct frame *frame, enum frame_answer answer)
{
	const struct message_rule *rule = frame ? frame->rule : NULL;
	switch (answer) {
	case FRAME_ANSWER_ACK:
		return rule && rule->reply.present ? &rule->reply : &extension->ack;
	case FRAME_ANSWER_NAK:
		return rule && rule->nak.present ? &rule->nak : &extension->nak;
	case FRAME_ANSWER_LOGIN_ACCEPT:
		return &extension->login_accept;
	case FRAME_ANSWER_LOGIN_REFUSE:
		return &extension->login_refuse;
	case FRAME_ANSWER_HEARTBEAT:
		return &extension->heartbeat;
	case FRAME_ANSWER_GREETING:
		return &extension->greeting;
	case FRAME_ANSWER_BEAT:
		return &extension->beat;
	}
	return NULL;
}

bool frame_has_answer(
        const struct frame_schema *schema, const struct frame *frame, enum frame_answer answer)
{
	return template_of(schema->extension, frame, answer)->present;
}

bool frame_wants_reply(const struct frame *frame)
{
	const struct extension *extension = frame->schema->extension;
	return template_of(extension, frame, FRAME_ANSWER_ACK)->wants_reply ||
	       template_of(extension, frame, FRAME_ANSWER_NAK)->wants_reply;
}

slice frame_answer(const struct frame_schema *schema, struct frame *frame, struct arena *arena,
        enum frame_answer answer)
{
	const struct reply_template *reply = template_of(schema->extension, frame, answer);
	return reply->present ? template_fill(reply, frame, arena) : (slice){ NULL, 0 };
}
