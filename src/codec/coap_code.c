#include "codec/coap_code.h"

unsigned char coap_code_method(enum method method)
{
	switch (method) {
	case METHOD_GET:
	case METHOD_HEAD:
		return COAP_CODE(0, 1);
	case METHOD_POST:
		return COAP_CODE(0, 2);
	case METHOD_PUT:
		return COAP_CODE(0, 3);
	case METHOD_DELETE:
		return COAP_CODE(0, 4);
	case METHOD_PATCH:
		return COAP_CODE(0, 6);
	case METHOD_OPTIONS:
	case METHOD_SUBSCRIBE:
	case METHOD_CONNECT:
	case METHOD_COUNT:
		break;
	}
	return 0;
}

/* 2.01 answers POST and PUT, 2.02 DELETE and POST, 2.04 POST and PUT, 2.05 GET and POST: a device that is not
 * strict about it has done its work all the same. */
static enum status success(unsigned code, enum method method)
{
	switch (code) {
	case COAP_CODE(2, 1):
		return STATUS_CREATED;
	case COAP_CODE(2, 2):
		return STATUS_DELETED;
	case COAP_CODE(2, 3):
		return STATUS_NOT_MODIFIED;
	case COAP_CODE(2, 4):
		return method == METHOD_DELETE ? STATUS_DELETED : STATUS_CHANGED;
	case COAP_CODE(2, 31):
		return STATUS_BAD_BACKEND;
	default:
		return STATUS_OK;
	}
}

static enum status refusal(unsigned code)
{
	switch (code) {
	case COAP_CODE(4, 1):
	case COAP_CODE(4, 2):
	case COAP_CODE(4, 8):
		return STATUS_BAD_BACKEND;
	case COAP_CODE(4, 3):
		return STATUS_FORBIDDEN;
	case COAP_CODE(4, 4):
		return STATUS_NOT_FOUND;
	case COAP_CODE(4, 5):
		return STATUS_METHOD_NOT_ALLOWED;
	case COAP_CODE(4, 6):
		return STATUS_NOT_ACCEPTABLE;
	case COAP_CODE(4, 9):
	case COAP_CODE(4, 12):
		return STATUS_CONFLICT;
	case COAP_CODE(4, 13):
		return STATUS_TOO_LARGE;
	case COAP_CODE(4, 15):
		return STATUS_UNSUPPORTED_MEDIA;
	case COAP_CODE(4, 29):
		return STATUS_TOO_MANY;
	default: /* 4.00, 4.22 and what nobody has assigned */
		return STATUS_INVALID;
	}
}

enum status coap_code_status(unsigned code, enum method method)
{
	switch (code >> 5) {
	case 2:
		return success(code, method);
	case 4:
		return refusal(code);
	case 5:
		if (code == COAP_CODE(5, 2) || code == COAP_CODE(5, 5))
			return STATUS_BAD_BACKEND;
		return code == COAP_CODE(5, 4) ? STATUS_TIMEOUT : STATUS_UNAVAILABLE;
	default:
		return STATUS_BAD_BACKEND;
	}
}
