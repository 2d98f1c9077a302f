#include "adapters/common/device_status.h"

enum status device_status(slice said)
{
	static const struct {
		const char *number;
		enum status status;
	} numbers[] = {
		{ "200", STATUS_OK },
		{ "201", STATUS_CREATED },
		{ "202", STATUS_ACCEPTED },
		{ "204", STATUS_CHANGED },
		{ "304", STATUS_NOT_MODIFIED },
		{ "400", STATUS_INVALID },
		{ "401", STATUS_FORBIDDEN }, /* the device does not believe the gateway */
		{ "403", STATUS_FORBIDDEN },
		{ "404", STATUS_NOT_FOUND },
		{ "405", STATUS_METHOD_NOT_ALLOWED },
		{ "406", STATUS_NOT_ACCEPTABLE },
		{ "409", STATUS_CONFLICT },
		{ "412", STATUS_CONFLICT },
		{ "413", STATUS_TOO_LARGE },
		{ "415", STATUS_UNSUPPORTED_MEDIA },
		{ "422", STATUS_INVALID },
		{ "429", STATUS_TOO_MANY },
		{ "500", STATUS_BAD_BACKEND },
		{ "503", STATUS_UNAVAILABLE },
		{ "504", STATUS_TIMEOUT },
	};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		if (slice_is(said, numbers[i].number))
			return numbers[i].status;
	}
	for (unsigned i = STATUS_OK; i < STATUS_COUNT; i++) {
		if (slice_is(said, status_name((enum status)i)))
			return (enum status)i;
	}
	bool number = said.n == 3;
	for (size_t i = 0; number && i < said.n; i++)
		number = said.p[i] >= '0' && said.p[i] <= '9';
	if (number && said.p[0] == '2')
		return STATUS_OK;
	/* A word that nobody knows is no success: the device meant something by it. */
	return number && said.p[0] == '4' ? STATUS_INVALID : STATUS_BAD_BACKEND;
}
