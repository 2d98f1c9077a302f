/* A part of the configuration as a value. */
#include "codec/value.h"

#include "api/codec.h"
#include "api/config.h"

static struct value *scalar(struct arena *arena, const struct config *config)
{
	const struct codec *json = codec_for(SLICE("application/json"));
	slice text = arena_copy_slice(arena, config->text);
	struct error error;
	bool on;
	if (!config->quoted && (!text.n || slice_is(text, "null")))
		return value_null(arena);
	if (!config->quoted && config_parse_switch(text, &on))
		return value_bool(arena, on);
	bool number =
	        !config->quoted && (text.p[0] == '-' || (text.p[0] >= '0' && text.p[0] <= '9'));
	struct value *made = number && json ? json->decode(arena, text, &error) : NULL;
	return made ? made : value_text(arena, text);
}

struct value *value_of_config(struct arena *arena, const struct config *config)
{
	if (config->kind == CONFIG_NULL)
		return value_null(arena);
	if (config->kind == CONFIG_SCALAR)
		return scalar(arena, config);
	bool map = config->kind == CONFIG_MAP;
	struct value *made = map ? value_map(arena) : value_list(arena);
	CONFIG_EACH (config, at) {
		struct value *member = value_of_config(arena, at);
		slice key = arena_copy_slice(arena, at->key);
		if (!made || !member || (map && !key.p))
			return NULL;
		if (!(map ? value_set(made, key, member) : value_append(made, member)))
			return NULL;
	}
	return made;
}
