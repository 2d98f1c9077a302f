#include "auth/introspection/provider.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/text.h"
#include "base/uri.h"

enum {
	ANSWER_MAX_BYTES = 64 * 1024,
	TEXTS_MAX_BYTES = 64 * 1024,
	SECRET_MAX_BYTES = 4096,
	CONNECTIONS_MAX = 1000,
	QUESTIONS_MAX = 100000
};

struct provider {
	struct fetcher *fetcher;
	/* malloc'ed; { NULL, 0 }: none. */
	slice authorization; /* the field's value */
	slice parameter;     /* "&client_id=…" */
};

/* ---- Proof of who asks */

/* application/x-www-form-urlencoded, as RFC 6749 appendix B has it. */
static void write_encoded(struct text *text, slice bytes)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < bytes.n; i++) {
		unsigned char c = (unsigned char)bytes.p[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		             (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '*';
		if (plain) {
			text_char(text, (char)c);
		} else if (c == ' ') {
			text_char(text, '+');
		} else {
			text_char(text, '%');
			text_char(text, digits[c >> 4]);
			text_char(text, digits[c & 15]);
		}
	}
}

static void forget(slice *secret)
{
	if (secret->p)
		explicit_bzero((char *)(uintptr_t)secret->p, secret->n);
	free((char *)(uintptr_t)secret->p);
	*secret = (slice){ NULL, 0 };
}

static bool keep(slice *to, slice from)
{
	char *copy = from.p ? malloc(from.n + 1) : NULL;
	if (!copy)
		return false;
	memcpy(copy, from.p, from.n);
	copy[from.n] = '\0';
	*to = (slice){ copy, from.n };
	return true;
}

/* RFC 6749 section 2.3.1: both are encoded as in a form before they are put together. */
static slice basic(struct arena *arena, slice id, slice secret)
{
	struct text pair, value;
	text_init(&pair, arena, 3 * (id.n + secret.n) + 1);
	write_encoded(&pair, id);
	text_char(&pair, ':');
	write_encoded(&pair, secret);
	slice encoded = base64_encode(arena, text_slice(&pair));
	text_init(&value, arena, encoded.n + 8);
	text_literal(&value, "Basic ");
	text_slice_add(&value, encoded);
	return encoded.p ? text_slice(&value) : encoded;
}

static bool check_secret(
        const struct config *config, const char *key, slice secret, struct error *error)
{
	return secret.n <= SECRET_MAX_BYTES ||
	       config_error(config_get(config, key), error, "%s: at most %d bytes", key,
	               SECRET_MAX_BYTES);
}

static bool take_proof(struct provider *provider, struct arena *arena, const struct config *config,
        struct error *error)
{
	slice id = config_text(config, "client_id"), secret, token;
	if (!config_secret(arena, config, "client_secret", &secret, error) ||
	        !config_secret(arena, config, "bearer", &token, error))
		return false;
	if (secret.p && token.p)
		return config_error(
		        config_get(config, "bearer"), error, "either client_secret or bearer");
	if (secret.p && !id.n)
		return config_error(config_get(config, "client_secret"), error,
		        "client_secret needs client_id");
	if (!check_secret(config, "client_secret", secret, error) ||
	        !check_secret(config, "bearer", token, error) ||
	        !check_secret(config, "client_id", id, error))
		return false;
	if (token.p && !field_value_valid(token))
		return config_error(config_get(config, "bearer"), error,
		        "bearer: a token has no control characters");
	struct text value;
	text_init(&value, arena, 64);
	slice authorization = { NULL, 0 };
	if (secret.p) {
		authorization = basic(arena, id, secret);
	} else if (token.p) {
		text_literal(&value, "Bearer ");
		text_slice_add(&value, token);
		authorization = text_slice(&value);
	}
	if ((secret.p || token.p) && !keep(&provider->authorization, authorization))
		return error_set(error, "out of memory");
	text_init(&value, arena, 64);
	text_literal(&value, "&client_id=");
	write_encoded(&value, id);
	if (id.n && !secret.p && !keep(&provider->parameter, text_slice(&value)))
		return error_set(error, "out of memory");
	return true;
}

/* ---- Opening and closing */

/* Tokens and the proof of who asks do not travel in plain (RFC 7662 section 4). */
static bool check_url(const struct config *config, struct error *error)
{
	struct uri uri;
	slice url = config_text(config, "url");
	if (!uri_parse(url, &uri) || !slice_equal_nocase(uri.scheme, SLICE("http")) ||
	        uri_host_is_loopback(uri.host))
		return true;
	return config_error(config_get(config, "url"), error,
	        "url: tokens would travel in plain; it must begin with https://");
}

static bool check_numbers(const struct config *config, struct error *error)
{
	uint64_t connections = config_number(config, "connections");
	uint64_t questions = config_number(config, "questions");
	if (!connections || connections > CONNECTIONS_MAX)
		return config_error(config_get(config, "connections"), error,
		        "connections: from 1 to %d", CONNECTIONS_MAX);
	if (questions < connections || questions > QUESTIONS_MAX)
		return config_error(config_get(config, "questions"), error,
		        "questions: from %u (connections) to %d", (unsigned)connections,
		        QUESTIONS_MAX);
	return config_duration_ms(config, "timeout") > 0 ||
	       config_error(config_get(config, "timeout"), error, "timeout: more than nothing");
}

static bool open_fetcher(struct provider *provider, struct arena *arena, struct loop *loop,
        const struct config *config, struct error *error)
{
	struct fetch_fault fault;
	const unsigned connections = (unsigned)config_number(config, "connections");
	const struct fetcher_settings settings = {
		.url = config_text(config, "url"),
		.ca = config_file_path(arena, config, "ca").p,
		.certificate = config_file_path(arena, config, "certificate").p,
		.key = config_file_path(arena, config, "key").p,
		.server_name = config_text(config, "server_name").p,
		.timeout_ms = config_duration_ms(config, "timeout"),
		.answer_max_bytes = ANSWER_MAX_BYTES,
		.connections_max = connections,
		.waiting_max = (unsigned)config_number(config, "questions") - connections,
	};
	provider->fetcher = fetcher_open(loop, &settings, &fault);
	if (provider->fetcher)
		return true;
	const struct config *blamed = fault.setting ? config_get(config, fault.setting) : NULL;
	return config_error(blamed ? blamed : config, error, "%s%s%s",
	        fault.setting ? fault.setting : "", fault.setting ? ": " : "", fault.text);
}

struct provider *provider_open(struct loop *loop, const struct config *config, struct error *error)
{
	struct provider *provider = calloc(1, sizeof *provider);
	if (!provider) {
		error_set(error, "out of memory");
		return NULL;
	}
	struct arena arena;
	arena_init(&arena, TEXTS_MAX_BYTES);
	bool good = check_url(config, error) && check_numbers(config, error) &&
	            take_proof(provider, &arena, config, error) &&
	            open_fetcher(provider, &arena, loop, config, error);
	arena_finish(&arena);
	if (good)
		return provider;
	provider_close(provider);
	return NULL;
}

void provider_close(struct provider *provider)
{
	if (!provider)
		return;
	fetcher_close(provider->fetcher);
	forget(&provider->authorization);
	forget(&provider->parameter);
	free(provider);
}

/* ---- Asking */

struct fetch *provider_ask(struct provider *provider, slice token,
        void (*done)(void *arg, const struct fetch_answer *), void *arg)
{
	struct arena arena;
	struct text body;
	arena_init(&arena, TEXTS_MAX_BYTES);
	text_init(&body, &arena, 3 * token.n + provider->parameter.n + 64);
	text_literal(&body, "token=");
	write_encoded(&body, token);
	text_literal(&body, "&token_type_hint=access_token");
	text_slice_add(&body, provider->parameter);
	slice whole = text_slice(&body);
	const struct field fields[] = {
		{ SLICE("Content-Type"), SLICE("application/x-www-form-urlencoded") },
		{ SLICE("Accept"), SLICE("application/json") },
		{ SLICE("Authorization"), provider->authorization },
	};
	const struct fetch_request request = {
		.method = FETCH_POST,
		.fields = fields,
		.nfields = provider->authorization.p ? 3 : 2,
		.body = whole,
		.repeatable = true,
	};
	struct fetch *fetch = whole.p ? fetch_start(provider->fetcher, &request, done, arg) : NULL;
	if (whole.p)
		explicit_bzero((char *)(uintptr_t)whole.p, whole.n);
	arena_finish(&arena);
	return fetch;
}
