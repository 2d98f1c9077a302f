#include "api/message.h"

static const char *const method_names[METHOD_COUNT] = {
	[METHOD_GET] = "GET",
	[METHOD_POST] = "POST",
	[METHOD_PUT] = "PUT",
	[METHOD_PATCH] = "PATCH",
	[METHOD_DELETE] = "DELETE",
	[METHOD_HEAD] = "HEAD",
	[METHOD_OPTIONS] = "OPTIONS",
	[METHOD_SUBSCRIBE] = "SUBSCRIBE",
	[METHOD_CONNECT] = "CONNECT",
};

static const char *const status_names[STATUS_COUNT] = {
	[STATUS_NONE] = "none",
	[STATUS_OK] = "ok",
	[STATUS_CREATED] = "created",
	[STATUS_CHANGED] = "changed",
	[STATUS_DELETED] = "deleted",
	[STATUS_ACCEPTED] = "accepted",
	[STATUS_NOT_MODIFIED] = "not-modified",
	[STATUS_MALFORMED] = "malformed",
	[STATUS_UNAUTHENTICATED] = "unauthenticated",
	[STATUS_FORBIDDEN] = "forbidden",
	[STATUS_NOT_FOUND] = "not-found",
	[STATUS_METHOD_NOT_ALLOWED] = "method-not-allowed",
	[STATUS_NOT_ACCEPTABLE] = "not-acceptable",
	[STATUS_CONFLICT] = "conflict",
	[STATUS_TOO_LARGE] = "too-large",
	[STATUS_UNSUPPORTED_MEDIA] = "unsupported-media",
	[STATUS_INVALID] = "invalid",
	[STATUS_TOO_MANY] = "too-many",
	[STATUS_INTERNAL] = "internal",
	[STATUS_BAD_BACKEND] = "bad-backend",
	[STATUS_UNAVAILABLE] = "unavailable",
	[STATUS_TIMEOUT] = "timeout",
	[STATUS_STORE_FULL] = "store-full",
	[STATUS_CANCELLED] = "cancelled",
};

const char *method_name(enum method method)
{
	return (unsigned)method < METHOD_COUNT ? method_names[method] : "?";
}

bool method_parse(slice name, enum method *method)
{
	for (unsigned i = 0; i < METHOD_COUNT; i++) {
		if (slice_is(name, method_names[i])) {
			*method = (enum method)i;
			return true;
		}
	}
	return false;
}

const char *status_name(enum status status)
{
	return (unsigned)status < STATUS_COUNT ? status_names[status] : "?";
}

bool status_is_passing(enum status status)
{
	return status == STATUS_TOO_MANY || status == STATUS_INTERNAL ||
	       status == STATUS_BAD_BACKEND || status == STATUS_UNAVAILABLE ||
	       status == STATUS_TIMEOUT || status == STATUS_STORE_FULL ||
	       status == STATUS_CANCELLED;
}

bool status_is_success(enum status status)
{
	return status >= STATUS_OK && status <= STATUS_NOT_MODIFIED;
}

slice message_field(const struct message *message, const char *name)
{
	slice wanted = slice_of(name);
	for (unsigned i = 0; i < message->nfields; i++) {
		if (slice_equal(message->fields[i].name, wanted))
			return message->fields[i].value;
	}
	return (slice){ NULL, 0 };
}
