#include "auth/jose/jws.h"

#include "api/codec.h"
#include "base/base64.h"
#include "base/text.h"
#include "codec/json.h"

extern const struct codec codec_json;

static bool refuse(const char **why, const char *text)
{
	*why = text;
	return false;
}

/* Cuts the token at its dots. */
static bool split(slice token, slice parts[3], const char **why)
{
	slice rest = token;
	for (unsigned i = 0; i < 3; i++) {
		parts[i] = slice_cut(&rest, '.');
		if (!rest.p && i < 2)
			return refuse(why, "a signed token has three parts");
	}
	if (!rest.p)
		return true;
	for (unsigned more = 0; rest.p; more++) {
		(void)slice_cut(&rest, '.');
		if (more == 1 && !rest.p)
			return refuse(why, "encrypted tokens (JWE) are not supported");
	}
	return refuse(why, "a signed token has three parts");
}

/* The header's member as text; absent is fine. */
static bool read_text(const struct value *header, slice name, slice *text, const char **why)
{
	const struct value *member = value_get(header, name);
	*text = (slice){ NULL, 0 };
	if (!member)
		return true;
	if (member->kind != VALUE_TEXT)
		return refuse(why, "typ and kid in the token's header must be texts");
	*text = member->as.text;
	return true;
}

static bool read_algorithm(const struct value *header, enum algorithm *algorithm, const char **why)
{
	const struct value *name = value_get(header, SLICE("alg"));
	if (!name || name->kind != VALUE_TEXT)
		return refuse(why, "the token's header names no algorithm");
	if (slice_equal_nocase(name->as.text, SLICE("none")))
		return refuse(why, "a token that is not signed proves nothing");
	return algorithm_find(name->as.text, algorithm) ||
	       refuse(why, "the token's algorithm is not supported");
}

static bool read_header(slice text, struct arena *arena, struct jws *jws, const char **why)
{
	struct error error;
	const struct value *header = json_decode_unique(arena, text, &error);
	if (!header || header->kind != VALUE_MAP)
		return refuse(why, "the token's header is no JSON object, or names a member twice");
	jws->header = header;
	/* RFC 7515 section 4.1.11: whoever does not understand what is listed must refuse; we know no extension. */
	if (value_get(header, SLICE("crit")))
		return refuse(why, "the token asks for an extension (crit) that is not supported");
	/* RFC 7797 wants it in crit; a token that forgets to would be read in two ways. */
	if (value_get(header, SLICE("b64")))
		return refuse(why, "payloads that are not encoded (b64) are not supported");
	if (value_get(header, SLICE("enc")))
		return refuse(why, "encrypted tokens (JWE) are not supported");
	return read_algorithm(header, &jws->algorithm, why) &&
	       read_text(header, SLICE("kid"), &jws->kid, why) &&
	       read_text(header, SLICE("typ"), &jws->type, why);
}

bool jws_parse(struct arena *arena, slice token, struct jws *jws, const char **why)
{
	slice parts[3], header;
	*jws = (struct jws){ .header = NULL };
	if (!split(token, parts, why))
		return false;
	if (!base64_decode_url(arena, parts[0], &header))
		return refuse(why, "the token's header is not base64url");
	if (!read_header(header, arena, jws, why))
		return false;
	if (!base64_decode_url(arena, parts[1], &jws->payload))
		return refuse(why, "the token's payload is not base64url");
	if (!parts[2].n || !base64_decode_url(arena, parts[2], &jws->signature))
		return refuse(why, "the token's signature is missing or not base64url");
	jws->message = (slice){ token.p, parts[0].n + 1 + parts[1].n };
	return true;
}

bool jws_verify(const struct jws *jws, const struct jwk *jwk)
{
	return jwk_allows(jwk, jws->algorithm) &&
	       signature_verify(jwk->key, jws->algorithm, jws->message, jws->signature);
}

static slice encode_header(
        struct arena *arena, const struct jwk *jwk, enum algorithm algorithm, const char *type)
{
	struct error error;
	struct value *header = value_map(arena);
	if (!header ||
	        !value_set_new(header, SLICE("alg"),
	                value_text(arena, slice_of(algorithm_name(algorithm)))) ||
	        !value_set_new(header, SLICE("typ"), value_text(arena, slice_of(type))) ||
	        (jwk->kid.n && !value_set_new(header, SLICE("kid"), value_text(arena, jwk->kid))))
		return (slice){ NULL, 0 };
	return codec_json.encode(arena, header, &error);
}

slice jws_sign(struct arena *arena, const struct jwk *jwk, enum algorithm algorithm,
        const char *type, slice payload)
{
	unsigned char bytes[SIGNATURE_MAX_BYTES];
	slice header = encode_header(arena, jwk, algorithm, type);
	if (!header.p || !jwk_allows(jwk, algorithm))
		return (slice){ NULL, 0 };
	struct text token;
	text_init(&token, arena, (header.n + payload.n) * 4 / 3 + SIGNATURE_MAX_BYTES);
	text_slice_add(&token, base64_encode_url(arena, header));
	text_char(&token, '.');
	text_slice_add(&token, base64_encode_url(arena, payload));
	slice message = text_slice(&token);
	size_t n = message.p ? signature_make(jwk->key, algorithm, message, bytes) : 0;
	slice signature =
	        n ? base64_encode_url(arena, (slice){ (char *)bytes, n }) : (slice){ NULL, 0 };
	if (!signature.p)
		return (slice){ NULL, 0 };
	text_char(&token, '.');
	text_slice_add(&token, signature);
	return text_slice(&token);
}
