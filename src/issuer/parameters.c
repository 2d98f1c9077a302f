#include "issuer/parameters.h"

#include "api/codec.h"
#include "base/media.h"
#include "base/uri.h"
#include "base/utf8.h"
#include "codec/value.h"

static bool text_allowed(slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c < 0x20 || c == 0x7f)
			return false;
	}
	return utf8_valid(text);
}

static bool add(struct parameters *parameters, slice name, slice value, const char **why)
{
	if (!name.n || !text_allowed(name) || !text_allowed(value)) {
		*why = "a parameter is no text";
		return false;
	}
	for (unsigned i = 0; i < parameters->n; i++) {
		if (slice_equal(parameters->at[i].name, name)) {
			*why = "a parameter stands there twice";
			return false;
		}
	}
	if (parameters->n == PARAMETERS_MAX) {
		*why = "too many parameters";
		return false;
	}
	parameters->at[parameters->n].name = name;
	parameters->at[parameters->n++].value = value;
	return true;
}

static bool read_form(
        struct arena *arena, slice body, struct parameters *parameters, const char **why)
{
	while (body.n) {
		slice value = slice_cut(&body, '&');
		if (!value.n)
			continue;
		slice name = uri_decode_form(arena, slice_cut(&value, '='));
		value = uri_decode_form(arena, value);
		if (!name.p || !value.p) {
			*why = "a parameter is not well encoded";
			return false;
		}
		if (!add(parameters, name, value, why))
			return false;
	}
	return true;
}

static bool read_json(struct arena *arena, slice media, slice body, struct parameters *parameters,
        const char **why)
{
	struct error error;
	const struct codec *codec = codec_for(media);
	const struct value *map = codec ? codec->decode(arena, body, &error) : NULL;
	if (!map || map->kind != VALUE_MAP) {
		*why = codec ? "the body is no object" : "the body is no form";
		return false;
	}
	for (const struct value *at = map->as.members.first; at; at = at->next) {
		if (at->kind != VALUE_TEXT) {
			*why = "a parameter is no text";
			return false;
		}
		if (!add(parameters, at->key, at->as.text, why))
			return false;
	}
	return true;
}

bool parameters_read(struct arena *arena, slice media, slice body, struct parameters *parameters,
        const char **why)
{
	parameters->n = 0;
	if (media_matches(SLICE("application/x-www-form-urlencoded"), media))
		return read_form(arena, body, parameters, why);
	return read_json(arena, media, body, parameters, why);
}

slice parameters_get(const struct parameters *parameters, const char *name)
{
	for (unsigned i = 0; i < parameters->n; i++) {
		if (slice_is(parameters->at[i].name, name) && parameters->at[i].value.n)
			return parameters->at[i].value;
	}
	return (slice){ NULL, 0 };
}
