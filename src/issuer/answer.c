#include "issuer/issuer.h"

#include "api/codec.h"

static const struct field fields[] = { { SLICE_INIT("cache-control"), SLICE_INIT("no-store") } };

/* RFC 6749 section 5.2; the last two are of its section 4.1.2.1. */
static const struct {
	const char *name;
	enum status status;
} errors[] = {
	[ISSUER_INVALID_REQUEST] = { "invalid_request", STATUS_MALFORMED },
	[ISSUER_INVALID_CLIENT] = { "invalid_client", STATUS_UNAUTHENTICATED },
	[ISSUER_INVALID_GRANT] = { "invalid_grant", STATUS_MALFORMED },
	[ISSUER_UNAUTHORIZED_CLIENT] = { "unauthorized_client", STATUS_MALFORMED },
	[ISSUER_UNSUPPORTED_GRANT_TYPE] = { "unsupported_grant_type", STATUS_MALFORMED },
	[ISSUER_INVALID_SCOPE] = { "invalid_scope", STATUS_MALFORMED },
	[ISSUER_UNAVAILABLE] = { "temporarily_unavailable", STATUS_UNAVAILABLE },
	[ISSUER_FAILED] = { "server_error", STATUS_INTERNAL },
};

slice answer_encode(struct issuer_call *call, const struct value *value)
{
	struct error error;
	const struct codec *json = codec_for(SLICE("application/json"));
	return value ? json->encode(call->arena, value, &error) : (slice){ NULL, 0 };
}

static void end(struct issuer_call *call, enum status status, slice body)
{
	struct message *out = &call->exchange->out;
	out->media = SLICE("application/json");
	out->body = body;
	out->fields = fields;
	out->nfields = 1;
	exchange_done(call->exchange, status);
}

void answer_body(struct issuer_call *call, slice json)
{
	end(call, STATUS_OK, json);
}

void answer_json(struct issuer_call *call, enum status status, const struct value *value)
{
	slice body = answer_encode(call, value);
	if (!body.p)
		answer_error(call, ISSUER_FAILED, "no memory left for this request");
	else
		end(call, status, body);
}

static void refuse(struct issuer_call *call, const char *name, enum status status, slice why)
{
	struct value *map = value_map(call->arena);
	bool made = map &&
	            value_set_new(map, SLICE("error"), value_text(call->arena, slice_of(name))) &&
	            value_set_new(map, SLICE("error_description"), value_text(call->arena, why));
	call->issuer->base.counters.at[COUNTER_REFUSED]++;
	call->exchange->why = why;
	end(call, status, made ? answer_encode(call, map) : (slice){ NULL, 0 });
}

void answer_error(struct issuer_call *call, enum issuer_error error, const char *why)
{
	refuse(call, errors[error].name, errors[error].status, slice_of(why));
}

void answer_unrecognised(
        struct issuer_call *call, enum issuer_error error, const struct request *request)
{
	/* Quotes and backslashes have no place in an error_description (RFC 6749 section 5.2). */
	slice why = arena_copy_slice(call->arena, request->why);
	for (size_t i = 0; i < why.n; i++) {
		char *c = (char *)(uintptr_t)&why.p[i];
		if (*c == '"' || *c == '\\' || (unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
			*c = '\'';
	}
	call->exchange->retry_after_ms = request->retry_after_ms;
	if (request->status == STATUS_TOO_MANY)
		refuse(call, "temporarily_unavailable", STATUS_TOO_MANY, why);
	else if (status_is_passing(request->status))
		refuse(call, "temporarily_unavailable", STATUS_UNAVAILABLE, why);
	else
		refuse(call, errors[error].name, errors[error].status, why);
}

void answer_outcome(struct issuer_call *call)
{
	const struct clients_outcome *outcome = &call->change.outcome;
	slice why = arena_copy_slice(call->arena, slice_of(outcome->why));
	if (outcome->status == STATUS_NOT_FOUND || outcome->status == STATUS_INVALID)
		refuse(call, "invalid_grant", STATUS_MALFORMED, why);
	else
		refuse(call, "temporarily_unavailable",
		        outcome->status == STATUS_STORE_FULL ? STATUS_STORE_FULL
		                                             : STATUS_UNAVAILABLE,
		        why);
}
