/* fairlead check --schema: the JSON Schema (2020-12) of the configuration, written from the same tables that the
 * file is checked against. schemas/fairlead.schema.json is this output; a test keeps it so. */
#include <stdio.h>

#include "base/text.h"
#include "cli/cli.h"
#include "core/settings.h"

enum { INDENT_MAX = 24 };

static void put_line(struct text *to, unsigned depth)
{
	text_char(to, '\n');
	for (unsigned i = 0; i < depth && i < INDENT_MAX; i++)
		text_literal(to, "  ");
}

static void put_string(struct text *to, const char *s)
{
	text_char(to, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			text_char(to, '\\');
		text_char(to, *s);
	}
	text_char(to, '"');
}

static void put_object(struct text *, const struct setting *common, const struct setting *own,
        const char *selector, const char *selected, unsigned depth);

static void put_choices(struct text *to, const char *const *choices)
{
	text_literal(to, "\"type\": \"string\", \"enum\": [");
	for (unsigned i = 0; choices[i]; i++) {
		if (i)
			text_literal(to, ", ");
		put_string(to, choices[i]);
	}
	text_char(to, ']');
}

/* An object beside whose keywords a description can stand. */
static void put_all_of(struct text *to, const struct setting *inner, unsigned depth)
{
	text_literal(to, "\"allOf\": [");
	put_object(to, NULL, inner, NULL, NULL, depth);
	text_char(to, ']');
}

static void put_rule(struct text *to, const struct setting *setting, unsigned depth)
{
	text_literal(to, "{ ");
	put_choices(to, setting->choices);
	text_literal(to, " }, ");
	put_object(to, NULL, setting->inner, NULL, NULL, depth);
}

/* One, or a list of them. */
static void put_rules(struct text *to, const struct setting *setting, unsigned depth)
{
	text_literal(to, "\"anyOf\": [");
	put_rule(to, setting, depth);
	text_literal(to, ", { \"type\": \"array\", \"minItems\": 1, \"items\": { \"anyOf\": [");
	put_rule(to, setting, depth);
	text_literal(to, "] } }]");
}

static void put_type(struct text *to, const struct setting *setting, unsigned depth)
{
	switch (setting->type) {
	case SETTING_TEXT:
	case SETTING_FILE:
		if (setting->choices)
			put_choices(to, setting->choices);
		else
			text_literal(to, "\"type\": [\"string\", \"number\"]");
		break;
	case SETTING_NUMBER:
		text_literal(to, "\"type\": \"integer\", \"minimum\": 0");
		break;
	case SETTING_SIZE:
		text_literal(to, "\"type\": [\"string\", \"integer\"], "
		                 "\"pattern\": \"^[0-9]+ ?(B|KiB|MiB|GiB|kB|MB|GB)?$\"");
		break;
	case SETTING_DURATION:
		text_literal(to, "\"type\": \"string\", \"pattern\": \"^[0-9]+(ms|s|m|h|d)$\"");
		break;
	case SETTING_SWITCH:
		text_literal(to, "\"type\": \"boolean\"");
		break;
	case SETTING_SECRET:
		text_literal(to, "\"type\": \"string\", \"pattern\": \"^(env|file):.+\"");
		break;
	case SETTING_LISTENER:
		text_literal(to, "\"type\": \"string\"");
		break;
	case SETTING_TEXTS:
		text_literal(to,
		        "\"type\": \"array\", \"items\": { \"type\": [\"string\", \"number\"] }");
		break;
	case SETTING_TEXT_OR_TEXTS:
		text_literal(to, "\"type\": [\"string\", \"number\", \"array\"], "
		                 "\"items\": { \"type\": [\"string\", \"number\"] }");
		break;
	case SETTING_TREE:
		if (setting->inner)
			put_all_of(to, setting->inner, depth);
		else
			text_literal(to, "\"type\": [\"object\", \"array\"]");
		break;
	case SETTING_TREES:
		text_literal(to, "\"type\": \"array\", \"items\": ");
		put_object(to, NULL, setting->inner, NULL, NULL, depth);
		break;
	case SETTING_RULES:
		put_rules(to, setting, depth);
		break;
	}
}

static void put_description(struct text *to, const struct setting *setting)
{
	if (!setting->help)
		return;
	text_literal(to, ", \"description\": ");
	put_string(to, setting->help);
	if (setting->fallback) {
		/* As it would stand in the file: a person reads it there. */
		to->n--;
		text_literal(to, " (default: ");
		text_slice_add(to, slice_of(setting->fallback));
		text_literal(to, ")\"");
	}
}

static void put_properties(struct text *to, const struct setting *table, const char *selector,
        const char *selected, bool *first, unsigned depth)
{
	for (; table && table->key; table++) {
		if (!*first)
			text_char(to, ',');
		*first = false;
		put_line(to, depth);
		put_string(to, table->key);
		text_literal(to, ": { ");
		if (selector && strcmp(selector, table->key) == 0) {
			text_literal(to, "\"const\": ");
			put_string(to, selected);
		} else {
			put_type(to, table, depth);
		}
		put_description(to, table);
		text_literal(to, " }");
	}
}

static void put_required(struct text *to, const struct setting *table, bool *first)
{
	for (; table && table->key; table++) {
		if (!table->required)
			continue;
		if (!*first)
			text_literal(to, ", ");
		*first = false;
		put_string(to, table->key);
	}
}

static void put_object(struct text *to, const struct setting *common, const struct setting *own,
        const char *selector, const char *selected, unsigned depth)
{
	bool first = true;
	text_literal(
	        to, "{ \"type\": \"object\", \"additionalProperties\": false, \"properties\": {");
	put_properties(to, common, selector, selected, &first, depth + 1);
	put_properties(to, own, selector, selected, &first, depth + 1);
	put_line(to, depth);
	text_literal(to, "}, \"required\": [");
	first = true;
	put_required(to, common, &first);
	put_required(to, own, &first);
	text_literal(to, "] }");
}

/* One of several forms, told apart by one key: a listener by its protocol. */
struct variant {
	const char *name;
	const struct setting *settings;
};

static void put_variants(struct text *to, const struct setting *common, const char *selector,
        const struct variant *variants, unsigned n)
{
	text_literal(to, "{ \"oneOf\": [");
	for (unsigned i = 0; i < n; i++) {
		if (i)
			text_char(to, ',');
		put_line(to, 4);
		put_object(to, common, variants[i].settings, selector, variants[i].name, 4);
	}
	put_line(to, 3);
	text_literal(to, "] }");
}

enum { VARIANTS_MAX = 32 };

static void put_section(struct text *to, const struct setting *section)
{
	const struct plugs *plugs = cli_plugs();
	struct variant variants[VARIANTS_MAX];
	unsigned n = 0;
	slice key = slice_of(section->key);
	bool list = slice_is(key, "listeners") || slice_is(key, "clients") ||
	            slice_is(key, "endpoints");
	if (list)
		text_literal(to, "\"type\": \"array\", \"items\": ");
	else
		text_literal(to, "\"type\": \"object\", \"additionalProperties\": ");
	if (slice_is(key, "listeners")) {
		for (unsigned i = 0; n < VARIANTS_MAX && plugs->adapters[i]; i++) {
			if (!plugs->adapters[i]->built_in)
				variants[n++] = (struct variant){ plugs->adapters[i]->name,
					plugs->adapters[i]->settings };
		}
		put_variants(to, settings_listener, "protocol", variants, n);
	} else if (slice_is(key, "backends")) {
		for (unsigned i = 0; n < VARIANTS_MAX && plugs->backends[i]; i++) {
			if (!plugs->backends[i]->endpoints)
				variants[n++] = (struct variant){ plugs->backends[i]->name,
					plugs->backends[i]->settings };
		}
		put_variants(to, settings_backend, "protocol", variants, n);
	} else if (slice_is(key, "auth")) {
		for (; n < VARIANTS_MAX && plugs->authenticators[n]; n++)
			variants[n] = (struct variant){ plugs->authenticators[n]->name,
				plugs->authenticators[n]->settings };
		put_variants(to, settings_auth, "method", variants, n);
	} else if (slice_is(key, "roles")) {
		put_object(to, NULL, settings_role, NULL, NULL, 3);
	} else if (slice_is(key, "clients")) {
		put_object(to, NULL, settings_client, NULL, NULL, 3);
	} else {
		put_object(to, NULL, settings_endpoint, NULL, NULL, 3);
	}
}

static void put_root(struct text *to)
{
	text_literal(to, "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
	                 "  \"title\": \"fairlead.yaml\",\n"
	                 "  \"type\": \"object\",\n  \"additionalProperties\": false,\n"
	                 "  \"required\": [\"endpoints\"],\n  \"properties\": {");
	for (const struct setting *section = settings_root; section->key; section++) {
		if (section != settings_root)
			text_char(to, ',');
		put_line(to, 2);
		put_string(to, section->key);
		text_literal(to, ": { ");
		if (section->inner)
			put_all_of(to, section->inner, 3);
		else
			put_section(to, section);
		put_description(to, section);
		text_literal(to, " }");
	}
	text_literal(to, "\n  }\n}\n");
}

int cli_print_schema(void)
{
	struct arena arena;
	arena_init(&arena, 4 << 20);
	struct text text;
	text_init(&text, &arena, 32768);
	put_root(&text);
	slice schema = text_slice(&text);
	bool written = schema.p && fwrite(schema.p, 1, schema.n, stdout) == schema.n;
	arena_finish(&arena);
	return written ? CLI_OK : CLI_FAILED;
}
