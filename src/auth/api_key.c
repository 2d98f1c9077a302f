/* api-key: one secret that says who it is, without a name. The client whose key it is is believed: one of the configuration
 * (`clients[].api_key`), or one that was issued at run time.
 *
 * A key comes in a field of the message's head (`header`), in a parameter of its query (`query`, off unless it is
 * named: addresses are written into logs of others), or as a password of HTTP Basic, MQTT or WS-Security. A user that comes
 * with it must be the client's id, or empty.
 *
 * Which field and which parameter that is the adapters ask (adapter_carries_secret()), so that a key becomes a
 * credential when the message is read, and nothing that logs or forwards the message has it.
 *
 * Keys are found by their keyed digests, so the time of a look-up tells nothing about those that are there. */
#include "api/authenticator.h"

#include <stdlib.h>

#include "base/field.h"

enum { NAME_MAX_BYTES = 64 };

struct api_key_authenticator {
	struct authenticator base;
	const struct directory *directory;
	char header[NAME_MAX_BYTES + 1], query[NAME_MAX_BYTES + 1]; /* empty: not taken there */
};

static void api_key_close(struct authenticator *base)
{
	free(base);
}

/* Fields that mean something else, in lower case. */
static const char *const others[] = { "accept", "authorization", "connection", "content-length",
	"content-type", "cookie", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade",
	NULL };

static bool is_others(const char *name)
{
	for (unsigned i = 0; others[i]; i++) {
		if (strcmp(name, others[i]) == 0)
			return true;
	}
	return false;
}

static bool read_header(
        struct api_key_authenticator *self, const struct config *config, struct error *error)
{
	slice name = config_text(config, "header");
	const struct config *place = config_get(config, "header");
	if (!name.n || name.n > NAME_MAX_BYTES || !field_name_valid(name))
		return config_error(place, error, "no name of a header field");
	for (size_t i = 0; i < name.n; i++)
		self->header[i] = ascii_lower(name.p[i]);
	return !is_others(self->header) ||
	       config_error(place, error, "%s has a meaning of its own", self->header);
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

static bool read_query(
        struct api_key_authenticator *self, const struct config *config, struct error *error)
{
	slice name = config_text(config, "query");
	const struct config *place = config_get(config, "query");
	if (!place)
		return true;
	bool right = name.n && name.n <= NAME_MAX_BYTES;
	for (size_t i = 0; right && i < name.n; i++)
		right = is_plain(name.p[i]);
	if (!right)
		return config_error(
		        place, error, "a parameter's name here is letters, digits, - _ and .");
	memcpy(self->query, name.p, name.n);
	return true;
}

static struct authenticator *api_key_open(struct loop *loop, const struct config *config,
        const struct directory *directory, struct error *error)
{
	(void)loop;
	struct api_key_authenticator *self = calloc(1, sizeof *self);
	if (!self) {
		error_set(error, "out of memory");
		return NULL;
	}
	self->directory = directory;
	if (read_header(self, config, error) && read_query(self, config, error))
		return &self->base;
	free(self);
	return NULL;
}

static bool api_key_reads(const struct authenticator *base, enum carrier carrier, slice name)
{
	const struct api_key_authenticator *self =
	        (const struct api_key_authenticator *)(const void *)base;
	switch (carrier) {
	case CARRIER_FIELD:
		return slice_is(name, self->header);
	case CARRIER_QUERY:
		return *self->query && slice_is(name, self->query);
	}
	return false;
}

/* A parameter's name has a "?" before it (api/request.h). */
static bool reads_credential(const struct authenticator *base, slice name)
{
	bool query = slice_starts(name, SLICE("?"));
	return api_key_reads(
	        base, query ? CARRIER_QUERY : CARRIER_FIELD, query ? slice_from(name, 1) : name);
}

static bool api_key_offers(const struct authenticator *base, const struct credential *credential)
{
	switch (credential->kind) {
	case CREDENTIAL_API_KEY:
		return credential->secret.n && reads_credential(base, credential->name);
	case CREDENTIAL_BASIC:
	case CREDENTIAL_USERNAME_TOKEN:
		return credential->secret.n > 0;
	case CREDENTIAL_NONE:
	case CREDENTIAL_BEARER:
	case CREDENTIAL_CERTIFICATE:
	case CREDENTIAL_PSK:
	case CREDENTIAL_PASSWORD_DIGEST:
	case CREDENTIAL_ADDRESS:
	case CREDENTIAL_LOGIN:
	case CREDENTIAL_LINE:
	case CREDENTIAL_BROKER:
		break;
	}
	return false;
}

static enum verdict api_key_check(
        struct authenticator *base, struct request *request, const struct credential *credential)
{
	const struct api_key_authenticator *self =
	        (const struct api_key_authenticator *)(const void *)base;
	const struct client_key *key =
	        directory_find_key(self->directory, KEY_API_KEY, credential->secret);
	if (!key) {
		request_refuse(request, STATUS_UNAUTHENTICATED, "this API key is not known here");
		return REPLY;
	}
	bool named = credential->kind != CREDENTIAL_API_KEY && credential->name.n;
	if (named && !slice_equal(credential->name, key->client)) {
		request_refuse(request, STATUS_UNAUTHENTICATED,
		        "this API key does not belong to that user");
		return REPLY;
	}
	return auth_grant_key(request, key);
}

static const struct setting settings[] = {
	{ .key = "header",
	        .type = SETTING_TEXT,
	        .fallback = "X-API-Key",
	        .help = "the header field that it comes in" },
	{ .key = "query",
	        .type = SETTING_TEXT,
	        .help = "the parameter of the query that it may come in as well; default: none" },
	{ .key = NULL },
};

const struct authenticator_ops authenticator_api_key = {
	.name = "api-key",
	.settings = settings,
	.keys = 1u << KEY_API_KEY,
	.open = api_key_open,
	.offers = api_key_offers,
	.reads = api_key_reads,
	.check = api_key_check,
	.close = api_key_close,
};
