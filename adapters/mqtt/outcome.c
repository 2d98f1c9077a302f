#include "adapters/mqtt/mqtt.h"

/* PUBACK's reason codes (MQTT 5.0 section 3.4.2.1) are few: what is not the caller's right is 0x87, what has no
 * place here 0x90, what is too much 0x97, and what went wrong behind us 0x80: never 0x00 for a message that is not
 * safe. */
enum mqtt_reason mqtt_outcome_publish(enum status status)
{
	switch (status) {
	case STATUS_OK:
	case STATUS_CREATED:
	case STATUS_CHANGED:
	case STATUS_DELETED:
	case STATUS_ACCEPTED:
	case STATUS_NOT_MODIFIED:
		return MQTT_REASON_SUCCESS;
	case STATUS_MALFORMED:
	case STATUS_UNSUPPORTED_MEDIA:
	case STATUS_INVALID:
		return MQTT_REASON_PAYLOAD_FORMAT_INVALID;
	case STATUS_UNAUTHENTICATED:
	case STATUS_FORBIDDEN:
		return MQTT_REASON_NOT_AUTHORIZED;
	case STATUS_NOT_FOUND:
	case STATUS_METHOD_NOT_ALLOWED:
		return MQTT_REASON_TOPIC_NAME_INVALID;
	case STATUS_NOT_ACCEPTABLE:
	case STATUS_CONFLICT:
		return MQTT_REASON_IMPLEMENTATION_SPECIFIC;
	case STATUS_TOO_LARGE:
	case STATUS_TOO_MANY:
	case STATUS_STORE_FULL:
		return MQTT_REASON_QUOTA_EXCEEDED;
	case STATUS_NONE:
	case STATUS_INTERNAL:
	case STATUS_BAD_BACKEND:
	case STATUS_UNAVAILABLE:
	case STATUS_TIMEOUT:
	case STATUS_CANCELLED:
	case STATUS_COUNT:
		break;
	}
	return MQTT_REASON_UNSPECIFIED;
}

enum mqtt_reason mqtt_outcome_connect(enum status status)
{
	switch (status) {
	case STATUS_OK:
	case STATUS_CREATED:
	case STATUS_CHANGED:
	case STATUS_DELETED:
	case STATUS_ACCEPTED:
	case STATUS_NOT_MODIFIED:
		return MQTT_REASON_SUCCESS;
	case STATUS_UNAUTHENTICATED:
		return MQTT_REASON_BAD_USER_OR_PASSWORD;
	case STATUS_FORBIDDEN:
	case STATUS_NOT_FOUND:
	case STATUS_METHOD_NOT_ALLOWED:
		return MQTT_REASON_NOT_AUTHORIZED;
	case STATUS_TOO_MANY:
		return MQTT_REASON_CONNECTION_RATE_EXCEEDED;
	case STATUS_TOO_LARGE:
	case STATUS_STORE_FULL:
		return MQTT_REASON_QUOTA_EXCEEDED;
	case STATUS_UNAVAILABLE:
	case STATUS_TIMEOUT:
	case STATUS_CANCELLED:
		return MQTT_REASON_SERVER_UNAVAILABLE;
	case STATUS_NONE:
	case STATUS_MALFORMED:
	case STATUS_NOT_ACCEPTABLE:
	case STATUS_CONFLICT:
	case STATUS_UNSUPPORTED_MEDIA:
	case STATUS_INVALID:
	case STATUS_INTERNAL:
	case STATUS_BAD_BACKEND:
	case STATUS_COUNT:
		break;
	}
	return MQTT_REASON_UNSPECIFIED;
}

/* Return code 4 is for a user or password that is malformed (MQTT 3.1.1 section 3.2.2.3), which none is here. */
enum mqtt_return_code mqtt_outcome_connect_3(enum status status)
{
	if (status_is_success(status))
		return MQTT_RETURN_ACCEPTED;
	if (status == STATUS_UNAUTHENTICATED ||
	        mqtt_outcome_connect(status) == MQTT_REASON_NOT_AUTHORIZED)
		return MQTT_RETURN_NOT_AUTHORIZED;
	return MQTT_RETURN_SERVER_UNAVAILABLE;
}

enum mqtt_reason mqtt_outcome_subscribe(enum status status)
{
	enum mqtt_reason reason = mqtt_outcome_publish(status);
	if (reason ==
	        MQTT_REASON_SUCCESS) /* and nothing is followed: it has ended on its way home */
		return MQTT_REASON_UNSPECIFIED;
	if (reason == MQTT_REASON_TOPIC_NAME_INVALID) /* there is nothing to be heard */
		return MQTT_REASON_NOT_AUTHORIZED;
	if (reason == MQTT_REASON_PAYLOAD_FORMAT_INVALID)
		return MQTT_REASON_TOPIC_FILTER_INVALID;
	return reason;
}

slice mqtt_outcome_words(struct arena *arena, enum status status, enum method method)
{
	bool subscribes = method == METHOD_SUBSCRIBE;
	unsigned reason = status_is_success(status) ? MQTT_REASON_SUCCESS
	                  : subscribes              ? mqtt_outcome_subscribe(status)
	                                            : mqtt_outcome_publish(status);
	return arena_printf(arena, "%s 0x%02X", subscribes ? "SUBACK" : "PUBACK", reason);
}
