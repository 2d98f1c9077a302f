#include "api/request.h"

#include <stdarg.h>
#include <stdio.h>

void request_refuse(struct request *request, enum status status, const char *format, ...)
{
	char why[256];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(why, sizeof why, format, arguments);
	va_end(arguments);
	request->status = status;
	request->why = arena_copy_slice(&request->arena, slice_of(why));
}

void request_id_text(uint64_t id, char text[REQUEST_ID_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	for (unsigned i = 0; i < 16; i++)
		text[i] = digits[id >> (60 - 4 * i) & 15];
	text[16] = '\0';
}

slice peer_address(slice peer)
{
	size_t colon = peer.n;
	while (colon && peer.p[colon - 1] != ':')
		colon--;
	slice address = { peer.p, colon ? colon - 1 : peer.n };
	if (address.n >= 2 && address.p[0] == '[')
		address = (slice){ address.p + 1, address.n - 2 };
	return address;
}

slice request_peer_address(const struct request *request)
{
	return peer_address(request->peer);
}

bool credential_may_be_token(const struct credential *credential)
{
	switch (credential->kind) {
	case CREDENTIAL_BEARER:
	case CREDENTIAL_BASIC:
	case CREDENTIAL_USERNAME_TOKEN:
	case CREDENTIAL_LOGIN:
		return credential->secret.n > 0;
	case CREDENTIAL_NONE:
	case CREDENTIAL_API_KEY:
	case CREDENTIAL_CERTIFICATE:
	case CREDENTIAL_PSK:
	case CREDENTIAL_PASSWORD_DIGEST:
	case CREDENTIAL_ADDRESS:
	case CREDENTIAL_LINE:
	case CREDENTIAL_BROKER:
		break;
	}
	return false;
}
