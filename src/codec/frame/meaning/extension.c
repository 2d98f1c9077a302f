/* The `-fairlead:` key: what Kaitai Struct has no words for, checked as strictly as the rest
 * (docs/reference/frames.md). Its expressions see the members of the whole frame. How the stream is cut is in
 * framing_load.c, what is answered in template.c, what a message is in emit_load.c. */
#include "codec/frame/meaning/call.h"

#include "api/config.h"
#include "base/uri.h"

enum { MAX_BYTES_DEFAULT = 4096, CONCURRENT_MAX = 16, PATH_PART_MAX = 64 };

bool extension_check_keys(
        struct loader *loader, const struct node *map, const char *const *known, const char *where)
{
	if (map->kind != NODE_MAP)
		return node_error(map, loader->error, "%s must be a map", where);
	NODE_EACH (map, at) {
		bool found = false;
		for (unsigned i = 0; known[i] && !found; i++)
			found = slice_is(at->key, known[i]);
		if (!found)
			return node_key_error(at, loader->error, "%s: unknown key \"%.*s\"", where,
			        SLICE_ARG(at->key));
	}
	return true;
}

bool extension_optional_number(struct loader *loader, const struct node *map, const char *key,
        int64_t low, int64_t high, int64_t *number)
{
	const struct node *node = node_get(map, key);
	return !node || node_integer(loader, node, low, high, number);
}

bool extension_optional_duration(
        struct loader *loader, const struct node *map, const char *key, uint64_t *ms)
{
	const struct node *node = node_get(map, key);
	return !node || (config_parse_duration(node->text, ms) && *ms) ||
	       node_error(node, loader->error, "%s is a time such as 30s", key);
}

bool extension_optional_endian(struct loader *loader, const struct node *map, enum endian *endian)
{
	const struct node *node = node_get(map, "endian");
	if (!node)
		return true;
	*endian = slice_is(node->text, "le") ? ENDIAN_LITTLE : ENDIAN_BIG;
	return *endian == ENDIAN_LITTLE || slice_is(node->text, "be") ||
	       node_error(node, loader->error, "endian is le or be");
}

bool extension_required_expression(struct loader *loader, const struct node *map, const char *key,
        const struct expression **into)
{
	return node_get(map, key) ? expression_optional(loader, map, key, into)
	                          : node_error(map, loader->error, "\"%s\" is missing", key);
}

bool extension_required_condition(struct loader *loader, const struct node *map, const char *key,
        const struct expression **into)
{
	return node_get(map, key) ? condition_optional(loader, map, key, into)
	                          : node_error(map, loader->error, "\"%s\" is missing", key);
}

/* ---- who, where, what ---- */

static bool compile_login(
        struct loader *loader, const struct node *node, struct extension *extension)
{
	static const char *const known[] = { "when", "device", "secret", "accept", "refuse",
		"message", NULL };
	if (!node)
		return true;
	extension->has_login = true;
	const struct node *secret = node_get(node, "secret"), *message = node_get(node, "message");
	if (!extension_check_keys(loader, node, known, "login") ||
	        !extension_required_condition(loader, node, "when", &extension->login_when) ||
	        !extension_required_expression(loader, node, "device", &extension->login_device) ||
	        (secret && !extension_required_expression(
	                           loader, node, "secret", &extension->login_secret)) ||
	        (message && !node_switch(loader, message, &extension->login_is_message)))
		return false;
	return template_compile(loader, node_get(node, "accept"), &extension->login_accept) &&
	       template_compile(loader, node_get(node, "refuse"), &extension->login_refuse);
}

/* `device: EXPRESSION`, or with a secret `device: { id: …, secret: … }`. */
static bool compile_device(
        struct loader *loader, const struct node *node, struct extension *extension)
{
	static const char *const known[] = { "id", "secret", NULL };
	if (!node)
		return true;
	if (extension->has_login)
		return node_key_error(node, loader->error,
		        "device says who each frame is from, login who all are from: one of them "
		        "only");
	extension->has_device = true;
	if (node->kind == NODE_SCALAR) {
		extension->login_device = expression_of(loader, node);
		return extension->login_device != NULL;
	}
	const struct node *secret = node_get(node, "secret");
	return extension_check_keys(loader, node, known, "device") &&
	       extension_required_expression(loader, node, "id", &extension->login_device) &&
	       (!secret || extension_required_expression(
	                           loader, node, "secret", &extension->login_secret));
}

/* The device's, which we answer (`when`, `reply`), and ours (`every`, `send`, `timeout`). */
static bool compile_heartbeat(
        struct loader *loader, const struct node *node, struct extension *extension)
{
	static const char *const known[] = { "when", "reply", "every", "send", "timeout", NULL };
	if (!node)
		return true;
	const struct node *when = node_get(node, "when"), *send = node_get(node, "send");
	if (!extension_check_keys(loader, node, known, "heartbeat") ||
	        (when && !extension_required_condition(
	                         loader, node, "when", &extension->heartbeat_when)) ||
	        !template_compile(loader, node_get(node, "reply"), &extension->heartbeat) ||
	        !extension_optional_duration(loader, node, "every", &extension->beat_ms) ||
	        !extension_optional_duration(loader, node, "timeout", &extension->beat_answer_ms) ||
	        !template_compile_fixed(loader, send, &extension->beat))
		return false;
	if (!send != !extension->beat_ms || (!send && extension->beat_answer_ms))
		return node_error(node, loader->error,
		        "our heartbeat has both: how often (every), and what we send");
	return when || (send && !extension->heartbeat.present) ||
	       node_error(
	               node, loader->error, "\"when\" is missing: which frames the reply is for");
}

static bool path_error(struct loader *loader, unsigned line, unsigned column, const char *what)
{
	loader->error->line = line;
	loader->error->column = column;
	return error_set(loader->error, "%s", what);
}

bool path_compile(struct loader *loader, slice text, unsigned line, unsigned column,
        struct path_part **parts, unsigned *n)
{
	slice normal;
	*n = 0;
	*parts = arena_alloc(loader->arena, PATH_PART_MAX * sizeof **parts);
	if (!*parts || !text.n || text.p[0] != '/')
		return path_error(loader, line, column, "a path begins with \"/\"");
	for (size_t at = 0; at < text.n;) {
		if (*n == PATH_PART_MAX)
			return path_error(loader, line, column, "a path of too many parts");
		struct path_part *part = &(*parts)[(*n)++];
		size_t end = at;
		if (text.p[at] == '{') {
			while (end < text.n && text.p[end] != '}')
				end++;
			if (end == text.n)
				return path_error(
				        loader, line, column + (unsigned)at, "\"}\" is missing");
			part->expression =
			        expression_compile(loader, (slice){ text.p + at + 1, end - at - 1 },
			                line, column + (unsigned)at + 1);
			if (!part->expression)
				return false;
			at = end + 1;
			continue;
		}
		while (end < text.n && text.p[end] != '{')
			end++;
		part->literal = arena_copy(loader->arena, text.p + at, end - at);
		at = end;
		slice rooted = arena_printf(loader->arena, "/%.*s", SLICE_ARG(part->literal));
		if (!rooted.p || uri_path_normalise(loader->arena, rooted, &normal) != URI_OK)
			return path_error(loader, line, column, "this is no path");
	}
	return true;
}

static bool compile_method(
        struct loader *loader, const struct node *node, struct message_rule *rule)
{
	rule->method = METHOD_POST;
	if (!node)
		return true;
	bool known = method_parse(node->text, &rule->method);
	return (known && rule->method <= METHOD_DELETE) ||
	       node_error(node, loader->error, "method is GET, POST, PUT, PATCH or DELETE");
}

/* What a frame's message is: of a rule in `messages`, or of the description itself. `path`: where the rule has none. */
static bool compile_message(struct loader *loader, const struct node *node, const struct node *path,
        struct message_rule *rule)
{
	const struct node *each = node_get(node, "each"), *own = node_get(node, "path");
	const struct node *emit = node_get(node, "emit");
	path = own ? own : path;
	if (!compile_method(loader, node_get(node, "method"), rule) ||
	        (each && !extension_required_expression(loader, node, "each", &rule->each)) ||
	        !template_compile(loader, node_get(node, "reply"), &rule->reply))
		return false;
	if (emit && (rule->method == METHOD_GET || rule->method == METHOD_DELETE))
		return node_error(
		        emit, loader->error, "a GET and a DELETE only ask: nothing is emitted");
	rule->emit = emit ? emit_compile(loader, emit) : NULL;
	if (emit && !rule->emit)
		return false;
	return !path || path_compile(loader, path->text, path->line, path->column, &rule->path,
	                        &rule->npath);
}

static bool compile_rule(struct loader *loader, const struct node *node, const struct node *path,
        struct message_rule *rule)
{
	static const char *const known[] = { "when", "method", "path", "each", "emit", "reply",
		"nak", NULL };
	const struct node *when = node_get(node, "when");
	if (!extension_check_keys(loader, node, known, "a rule of messages") ||
	        (when && !extension_required_condition(loader, node, "when", &rule->when)) ||
	        !template_compile(loader, node_get(node, "nak"), &rule->nak) ||
	        !compile_message(loader, node, path, rule))
		return false;
	return rule->npath ||
	       node_error(node, loader->error, "neither this rule nor the description has a path");
}

/* The rules in `messages`; without it the description's own keys are the only rule. */
static bool compile_messages(
        struct loader *loader, const struct node *node, struct extension *extension)
{
	static const char *const single[] = { "method", "each", "emit", "reply", NULL };
	const struct node *rules = node_get(node, "messages"),
	                  *others = node_get(node, "otherwise");
	if (!rules && others)
		return node_error(others, loader->error, "otherwise goes with messages");
	if (node_get(node, "reply") && node_get(node, "ack"))
		return node_key_error(node_get(node, "reply"), loader->error,
		        "reply is another word for ack: one of them only");
	if (!rules)
		return compile_message(loader, node, NULL, &extension->rules[0]);
	extension->nrules = 0;
	for (unsigned i = 0; single[i]; i++) {
		const struct node *at = node_get(node, single[i]);
		if (at)
			return node_key_error(at, loader->error,
			        "with messages, each of its rules has its own \"%s\"", single[i]);
	}
	if (rules->kind != NODE_LIST || !rules->count || rules->count > RULES_MAX)
		return node_error(
		        rules, loader->error, "messages is a list of at most %d rules", RULES_MAX);
	NODE_EACH (rules, at) {
		if (extension->nrules && !extension->rules[extension->nrules - 1].when)
			return node_error(at, loader->error,
			        "no frame comes to this rule: the one before it has no \"when\"");
		if (!compile_rule(loader, at, node_get(node, "path"),
		            &extension->rules[extension->nrules++]))
			return false;
	}
	extension->ignores_others = others && slice_is(others->text, "ignore");
	return !others || extension->ignores_others || slice_is(others->text, "refuse") ||
	       node_error(others, loader->error, "otherwise is refuse or ignore");
}

static bool compile_on_error(
        struct loader *loader, const struct node *node, struct extension *extension)
{
	static const char *const words[] = { "close", "resync", "nak" };
	if (!node)
		return true;
	for (unsigned i = 0; i < 3; i++) {
		if (slice_is(node->text, words[i])) {
			extension->on_error = (enum frame_on_error)i;
			return extension->on_error != FRAME_ON_ERROR_NAK ||
			       extension->nak.present ||
			       node_error(node, loader->error, "on-error: nak needs a nak reply");
		}
	}
	return node_error(node, loader->error, "on-error is close, resync or nak");
}

bool extension_compile(struct loader *loader, const struct node *node)
{
	static const char *const known[] = { "framing", "max", "login", "ack", "nak", "heartbeat",
		"path", "each", "emit", "on-error", "concurrent", "assemble", "session", "device",
		"method", "reply", "messages", "otherwise", "greet", "timeout", "call", NULL };
	struct extension *extension = loader->schema->extension;
	int64_t max = MAX_BYTES_DEFAULT, concurrent = 1;
	extension->max_bytes = MAX_BYTES_DEFAULT;
	extension->concurrent = 1;
	extension->nrules = 1;
	extension->rules[0].method = METHOD_POST;
	if (!node)
		return true;
	if (!extension_check_keys(loader, node, known, "-fairlead") ||
	        !framings_compile(loader, node_get(node, "framing"), extension) ||
	        !variables_compile(loader, node_get(node, "session"), extension) ||
	        !assemble_compile(loader, node_get(node, "assemble"), extension) ||
	        !extension_optional_number(loader, node, "max", 1, FRAME_MAX_BYTES, &max) ||
	        !extension_optional_number(
	                loader, node, "concurrent", 1, CONCURRENT_MAX, &concurrent) ||
	        !compile_login(loader, node_get(node, "login"), extension) ||
	        !compile_device(loader, node_get(node, "device"), extension) ||
	        !compile_heartbeat(loader, node_get(node, "heartbeat"), extension) ||
	        !extension_optional_duration(loader, node, "timeout", &extension->timeout_ms) ||
	        !template_compile_fixed(loader, node_get(node, "greet"), &extension->greeting) ||
	        !template_compile(loader, node_get(node, "ack"), &extension->ack) ||
	        !template_compile(loader, node_get(node, "nak"), &extension->nak) ||
	        !compile_on_error(loader, node_get(node, "on-error"), extension))
		return false;
	extension->max_bytes = (size_t)max;
	extension->concurrent = (unsigned)concurrent;
	if (!framings_fit(loader, node_get(node, "framing"), extension))
		return false;
	/* Up to here `device` is what the frame calls so, from here on what the login said. */
	loader->has_login = extension->has_login || extension->has_device;
	return call_compile(loader, node_get(node, "call"), extension) &&
	       compile_messages(loader, node, extension);
}

bool frame_schema_set_path(
        struct frame_schema *schema, slice path_template, bool device, struct error *error)
{
	struct loader loader = { .schema = schema,
		.arena = &schema->arena,
		.error = error,
		.self = schema->root,
		.in_extension = true,
		.has_login =
		        device || schema->extension->has_login || schema->extension->has_device,
		.has_variables = schema->extension->nvariables > 0,
		.has_assembled = schema->extension->nassemblies > 0 };
	struct message_rule *rule = schema->extension->rules;
	if (schema->extension->nrules > 1)
		return error_set(error, "each of the description's messages has a path of its own");
	return path_compile(&loader, path_template, 0, 0, &rule->path, &rule->npath);
}
