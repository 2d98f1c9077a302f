/* fairlead check --as: why a client may do something, or may not. Asked are the functions that the pipeline asks for each
 * request: the router, grant_identity(), authorize_decide(); of each rule, the same that those ask. What they say is put
 * together as one value, which is printed as it is (--json) or line by line. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "adapters/common/dialect.h"
#include "api/codec.h"
#include "base/uri.h"
#include "codec/value.h"
#include "core/internal.h"
#include "core/pattern.h"
#include "core/role.h"
#include "core/router.h"

enum { BUDGET_BYTES = 16 << 20 };

struct explaining {
	struct arena *arena;
	const struct configuration *configuration;
	const char *protocol;
	enum method method;
	slice path;
	slice client;
	const struct identity *who, *whole; /* with the scopes, and without */
	struct value *answer;
};

/* Whatever does not fit is left out; a budget of this size is for files that nobody has. */
static void set(struct explaining *explaining, struct value *map, const char *key, slice text)
{
	(void)value_set_new(map, slice_of(key), value_text(explaining->arena, text));
}

static void set_switch(struct explaining *explaining, struct value *map, const char *key, bool on)
{
	(void)value_set_new(map, slice_of(key), value_bool(explaining->arena, on));
}

static struct value *list_in(struct explaining *explaining, const char *key)
{
	struct value *list = value_list(explaining->arena);
	(void)value_set_new(explaining->answer, slice_of(key), list);
	return list;
}

/* ---- What is asked */

static bool known_protocol(const struct plugs *plugs, const char *name)
{
	const char *known;
	for (unsigned i = 0; (known = configuration_protocol(plugs, i)) != NULL; i++) {
		if (strcmp(known, name) == 0)
			return true;
	}
	for (unsigned i = 0; plugs->dialects[i]; i++) {
		if (strcmp(plugs->dialects[i], name) == 0)
			return true;
	}
	return false;
}

static bool read_path(struct explaining *explaining, const char *text, const char **why)
{
	slice path = slice_of(text);
	if (explaining->method == METHOD_SUBSCRIBE) {
		explaining->path = path;
		return filter_valid(path, why);
	}
	*why = "no path: it begins with /, and . and .. have no place in it";
	return uri_path_normalise(explaining->arena, path, &explaining->path) == URI_OK;
}

static bool read_question(struct explaining *explaining, const struct question *question)
{
	const char *why = NULL;
	explaining->protocol = question->protocol ? question->protocol : "http";
	explaining->client = slice_of(question->client);
	if (!known_protocol(cli_plugs(), explaining->protocol)) {
		(void)fprintf(
		        stderr, "fairlead check: no protocol is called %s\n", explaining->protocol);
		return false;
	}
	if (!method_parse(slice_of(question->method), &explaining->method) ||
	        explaining->method == METHOD_CONNECT) {
		(void)fprintf(stderr, "fairlead check: no method is called %s\n", question->method);
		return false;
	}
	if (!read_path(explaining, question->path, &why)) {
		(void)fprintf(stderr, "fairlead check: %s: %s\n", question->path, why);
		return false;
	}
	return true;
}

/* NULL: nobody; *why says why. */
static const struct identity *identify(struct explaining *explaining,
        const struct question *question, bool scoped, const char **why)
{
	if (slice_is(explaining->client, "-"))
		return identity_anonymous();
	slice scopes[sizeof question->scopes / sizeof *question->scopes];
	for (unsigned i = 0; i < question->nscopes; i++)
		scopes[i] = slice_of(question->scopes[i]);
	const struct grant grant = { .client = explaining->client,
		.scoped = scoped,
		.scopes = scopes,
		.nscopes = question->nscopes };
	return grant_identity(explaining->configuration, &grant, explaining->arena, why);
}

/* ---- The parts of the answer */

/* Has the client a key that this way looks at? */
static bool has_key(const struct explaining *explaining, unsigned kinds)
{
	for (unsigned kind = 0; kind < KEY_KINDS; kind++) {
		if (kinds & 1u << kind && directory_key_of(explaining->configuration->directory,
		                                  explaining->client, (enum key_kind)kind, NULL))
			return true;
	}
	return false;
}

static void explain_auth(struct explaining *explaining, const struct endpoint_setup *endpoint)
{
	struct value *list = list_in(explaining, "auth");
	for (unsigned i = 0; i < endpoint->nauth; i++) {
		const struct authenticator *way = endpoint->auth[i];
		struct value *map = value_map(explaining->arena);
		set(explaining, map, "way", slice_of(way->label));
		set(explaining, map, "method", slice_of(way->ops->name));
		if (way->ops->keys && explaining->who->id.n)
			set_switch(explaining, map, "key", has_key(explaining, way->ops->keys));
		(void)value_append(list, map);
	}
	if (endpoint->anonymous) {
		struct value *map = value_map(explaining->arena);
		set(explaining, map, "way", SLICE("none"));
		(void)value_append(list, map);
	}
}

static const char *outcome_of(
        const struct explaining *explaining, const struct role_rule *rule, bool deny)
{
	const struct role one = { .allow = rule, .nallow = !deny, .deny = rule, .ndeny = deny };
	if (!role_rule_has(rule, explaining->method))
		return "another method";
	if (explaining->method == METHOD_SUBSCRIBE) {
		const struct pattern patterns[2] = { { PATTERN_ROLE, rule->pattern,
			                                     explaining->who },
			{ PATTERN_FILTER, explaining->path, NULL } };
		return patterns_overlap(patterns, 2) ? "applies" : "another path";
	}
	const struct role_rule *found =
	        deny ? role_denying(&one, explaining->method, explaining->path, explaining->who)
	             : role_allowing(&one, explaining->method, explaining->path, explaining->who);
	return found ? "applies" : "another path";
}

static void explain_rules(
        struct explaining *explaining, struct value *list, const struct role *role, bool deny)
{
	const struct role_rule *rules = deny ? role->deny : role->allow;
	unsigned n = deny ? role->ndeny : role->nallow;
	for (unsigned i = 0; i < n; i++) {
		struct value *map = value_map(explaining->arena);
		set(explaining, map, "effect", deny ? SLICE("deny") : SLICE("allow"));
		set(explaining, map, "rule", rules[i].text);
		if (role->name.n)
			set(explaining, map, "role", role->name);
		if (!slice_equal(rules[i].of, role->name))
			set(explaining, map, "inherited_from", rules[i].of);
		set(explaining, map, "outcome", slice_of(outcome_of(explaining, &rules[i], deny)));
		(void)value_append(list, map);
	}
}

static void explain_left_out(
        struct explaining *explaining, struct value *list, const struct role *role, slice why)
{
	struct value *map = value_map(explaining->arena);
	set(explaining, map, "role", role->name);
	set(explaining, map, "outcome", why);
	(void)value_append(list, map);
}

static bool is_among(const struct role *const *roles, unsigned n, const struct role *role)
{
	for (unsigned i = 0; i < n; i++) {
		if (roles[i] == role)
			return true;
	}
	return false;
}

/* Another of its roles has the same rules, and counts here. */
static bool is_said_by_another(const struct explaining *explaining,
        const struct endpoint_setup *endpoint, const struct role *role)
{
	const struct identity *who = explaining->who;
	for (unsigned i = 0; i < who->nroles; i++) {
		const struct role *other = who->roles[i];
		if (other != role && authorize_takes(endpoint, other) &&
		        is_among(other->with, other->nwith, role))
			return true;
	}
	return false;
}

static void explain_roles(struct explaining *explaining, const struct endpoint_setup *endpoint)
{
	const struct identity *who = explaining->who, *whole = explaining->whole;
	struct value *list = list_in(explaining, "rules");
	for (unsigned i = 0; i < who->ndenying; i++)
		explain_rules(explaining, list, who->denying[i], true);
	if (who->own)
		explain_rules(explaining, list, who->own, true);
	for (unsigned i = 0; i < who->nroles; i++) {
		const struct role *role = who->roles[i];
		if (!authorize_takes(endpoint, role))
			explain_left_out(
			        explaining, list, role, SLICE("not among the endpoint's roles"));
		else if (!is_said_by_another(explaining, endpoint, role))
			explain_rules(explaining, list, role, false);
	}
	for (unsigned i = 0; i < whole->nroles; i++) {
		if (!is_among(who->roles, who->nroles, whole->roles[i]))
			explain_left_out(explaining, list, whole->roles[i],
			        SLICE("none of its scopes is there"));
	}
	if (who->own)
		explain_rules(explaining, list, who->own, false);
}

static void explain_subject(struct explaining *explaining, const struct endpoint_setup *endpoint)
{
	if (endpoint->subject_pointer.n)
		set(explaining, explaining->answer, "subject", endpoint->subject_pointer);
	else if (endpoint->subject)
		set(explaining, explaining->answer, "subject", endpoint->subject->pattern);
}

static void conclude(struct explaining *explaining, enum status status, slice why)
{
	struct value *answer = explaining->answer;
	set_switch(explaining, answer, "allowed", status_is_success(status));
	set(explaining, answer, "status", slice_of(status_name(status)));
	if (why.n)
		set(explaining, answer, "why", why);
	struct value *words = value_map(explaining->arena);
	for (unsigned i = 0; adapter_all[i]; i++) {
		/* Those of the administration lead to no endpoint of the file; two ways into one protocol have the same words. */
		if (adapter_all[i]->words && !adapter_all[i]->serves &&
		        !value_get(words, slice_of(adapter_all[i]->name)))
			set(explaining, words, adapter_all[i]->name,
			        adapter_all[i]->words(
			                explaining->arena, status, explaining->method));
	}
	for (unsigned i = 0; dialect_all[i]; i++)
		set(explaining, words, dialect_all[i]->name,
		        dialect_all[i]->words(explaining->arena, status, explaining->method));
	(void)value_set_new(answer, SLICE("words"), words);
}

/* ---- The whole */

/* Who calls an endpoint that asks nobody is nobody, whatever is shown. */
static void forget_client(struct explaining *explaining, const struct endpoint_setup *endpoint)
{
	if (endpoint->nauth)
		return;
	explaining->who = explaining->whole = identity_anonymous();
}

static void say_endpoint(struct explaining *explaining, const struct endpoint_setup *endpoint)
{
	set(explaining, explaining->answer, "endpoint", endpoint->endpoint.name);
	set(explaining, explaining->answer, "pattern", endpoint->endpoint.path);
	forget_client(explaining, endpoint);
	explain_auth(explaining, endpoint);
	explain_roles(explaining, endpoint);
	explain_subject(explaining, endpoint);
}

static slice reason(struct explaining *explaining, const struct endpoint_setup *endpoint,
        const struct decision *decision)
{
	if (decision->denied)
		return arena_printf(
		        explaining->arena, "\"%.*s\" denies it", SLICE_ARG(decision->rule->text));
	if (decision->of_another)
		return SLICE("the subject is neither the client nor one that it acts for");
	if (decision->rule && endpoint->subject_pointer.n)
		return arena_printf(explaining->arena,
		        "\"%.*s\" allows it, if the body is about the client or one that it acts "
		        "for",
		        SLICE_ARG(decision->rule->text));
	if (decision->rule)
		return arena_printf(
		        explaining->arena, "\"%.*s\" allows it", SLICE_ARG(decision->rule->text));
	if (decision->status == STATUS_OK)
		return SLICE("the endpoint is open to everybody");
	return explaining->who->id.n ? SLICE("no rule allows it")
	                             : SLICE("the endpoint is for callers with a role");
}

static enum status explain_request(struct explaining *explaining)
{
	struct route_match match = { .endpoint = NULL };
	if (explaining->configuration->router)
		router_find(explaining->configuration->router, explaining->protocol,
		        explaining->method, explaining->path, &match);
	if (!match.endpoint) {
		bool asks = explaining->method == METHOD_GET || explaining->method == METHOD_HEAD;
		enum status status =
		        match.methods_allowed ? STATUS_METHOD_NOT_ALLOWED : STATUS_NOT_FOUND;
		if (!match.methods_allowed && discover_is_path(explaining->path))
			status = asks ? STATUS_OK : STATUS_METHOD_NOT_ALLOWED;
		conclude(explaining, status,
		        status == STATUS_OK ? SLICE("the gateway answers it itself")
		                            : SLICE("no endpoint serves this"));
		return status;
	}
	const struct endpoint_setup *endpoint = endpoint_setup(match.endpoint);
	say_endpoint(explaining, endpoint);
	struct decision decision;
	(void)authorize_decide(
	        endpoint, explaining->who, explaining->method, explaining->path, &decision);
	conclude(explaining, decision.status, reason(explaining, endpoint, &decision));
	return decision.status;
}

/* The first endpoint of which it may follow something; else the last of those that there are. */
static enum status explain_filter(struct explaining *explaining)
{
	const struct configuration *configuration = explaining->configuration;
	const struct identity *asked = explaining->who;
	const struct endpoint_setup *endpoint = NULL;
	bool some = false;
	for (unsigned i = 0; i < configuration->nendpoints && !some; i++) {
		const struct endpoint_setup *at = &configuration->endpoints[i];
		if (!follow_overlaps(at, explaining->protocol, explaining->path))
			continue;
		const struct identity *who = at->nauth ? asked : identity_anonymous();
		endpoint = at;
		some = authorize_allows_some(at, who, explaining->path);
	}
	if (!endpoint) {
		conclude(explaining, STATUS_NOT_FOUND,
		        SLICE("no endpoint that keeps values is matched"));
		return STATUS_NOT_FOUND;
	}
	say_endpoint(explaining, endpoint);
	enum status status = some          ? STATUS_OK
	                     : asked->id.n ? STATUS_FORBIDDEN
	                                   : STATUS_UNAUTHENTICATED;
	conclude(explaining, status,
	        some ? SLICE("there is something that it may follow; each value is looked at again")
	             : SLICE("there is nothing by this filter that it may follow"));
	return status;
}

static enum status explain(struct explaining *explaining, const struct question *question)
{
	const char *why = "";
	explaining->answer = value_map(explaining->arena);
	set(explaining, explaining->answer, "client", explaining->client);
	set(explaining, explaining->answer, "method", slice_of(method_name(explaining->method)));
	set(explaining, explaining->answer, "path", explaining->path);
	set(explaining, explaining->answer, "protocol", slice_of(explaining->protocol));
	explaining->who = identify(explaining, question, question->scoped, &why);
	explaining->whole = identify(explaining, question, false, &why);
	if (explaining->who && explaining->whole)
		return explaining->method == METHOD_SUBSCRIBE ? explain_filter(explaining)
		                                              : explain_request(explaining);
	conclude(explaining, STATUS_UNAUTHENTICATED,
	        arena_printf(explaining->arena, "%.*s %s", SLICE_ARG(explaining->client), why));
	return STATUS_UNAUTHENTICATED;
}

/* ---- Print */

static slice text_in(const struct value *map, const char *key)
{
	const struct value *member = value_get(map, slice_of(key));
	return member && member->kind == VALUE_TEXT ? member->as.text : (slice){ NULL, 0 };
}

static void print_auth(const struct value *ways)
{
	for (const struct value *at = ways ? ways->as.members.first : NULL; at; at = at->next) {
		const struct value *key = value_get(at, SLICE("key"));
		slice way = text_in(at, "way");
		const char *says = slice_is(way, "none")
		                           ? "whoever shows nothing is let in as nobody"
		                   : !key            ? ""
		                   : key->as.boolean ? "the client has a key for it"
		                                     : "the client has no key for it";
		(void)printf("auth      %.*s%s%s\n", SLICE_ARG(way), *says ? ": " : "", says);
	}
}

static void print_rule(const struct value *rule)
{
	slice effect = text_in(rule, "effect"), role = text_in(rule, "role");
	slice from = text_in(rule, "inherited_from"), outcome = text_in(rule, "outcome");
	if (!effect.p) {
		(void)printf("role      %.*s: %.*s\n", SLICE_ARG(role), SLICE_ARG(outcome));
		return;
	}
	(void)printf("%-9.*s \"%.*s\" of ", SLICE_ARG(effect), SLICE_ARG(text_in(rule, "rule")));
	if (role.n)
		(void)printf("role %.*s", SLICE_ARG(role));
	else
		(void)printf("the client itself");
	if (from.n)
		(void)printf(" (inherited from %.*s)", SLICE_ARG(from));
	(void)printf(": %.*s\n", SLICE_ARG(outcome));
}

static void print_lines(const struct value *answer, bool allowed)
{
	slice endpoint = text_in(answer, "endpoint"), subject = text_in(answer, "subject");
	const struct value *rules = value_get(answer, SLICE("rules"));
	const struct value *words = value_get(answer, SLICE("words"));
	(void)printf("asked     %.*s %.*s %.*s over %.*s\n", SLICE_ARG(text_in(answer, "client")),
	        SLICE_ARG(text_in(answer, "method")), SLICE_ARG(text_in(answer, "path")),
	        SLICE_ARG(text_in(answer, "protocol")));
	if (endpoint.p)
		(void)printf("endpoint  %.*s: %.*s\n", SLICE_ARG(endpoint),
		        SLICE_ARG(text_in(answer, "pattern")));
	print_auth(value_get(answer, SLICE("auth")));
	for (const struct value *at = rules ? rules->as.members.first : NULL; at; at = at->next)
		print_rule(at);
	if (subject.p)
		(void)printf("subject   %.*s\n", SLICE_ARG(subject));
	(void)printf("answer    %s: %.*s\n", allowed ? "allowed" : "refused",
	        SLICE_ARG(text_in(answer, "why")));
	(void)printf("status    %.*s", SLICE_ARG(text_in(answer, "status")));
	for (const struct value *at = words ? words->as.members.first : NULL; at; at = at->next)
		(void)printf("; %.*s %.*s", SLICE_ARG(at->key), SLICE_ARG(at->as.text));
	(void)printf("\n");
}

static bool print_json(struct arena *arena, const struct value *answer)
{
	struct error error = { .text = "" };
	slice text = codec_for(SLICE("application/json"))->encode(arena, answer, &error);
	if (!text.p)
		(void)fprintf(stderr, "fairlead check: %s\n", error.text);
	else
		(void)printf("%.*s\n", SLICE_ARG(text));
	return text.p != NULL;
}

int cli_explain(const struct core *core, const struct question *question)
{
	struct arena arena;
	arena_init(&arena, BUDGET_BYTES);
	struct explaining explaining = { .arena = &arena,
		.configuration = core_configuration(core) };
	int code = CLI_WRONG;
	if (read_question(&explaining, question)) {
		bool allowed = status_is_success(explain(&explaining, question));
		code = allowed ? CLI_OK : CLI_FAILED;
		if (!question->json)
			print_lines(explaining.answer, allowed);
		else if (!print_json(&arena, explaining.answer))
			code = CLI_WRONG;
	}
	arena_finish(&arena);
	return code;
}
