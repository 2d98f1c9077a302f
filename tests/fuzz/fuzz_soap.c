/* The SOAP dialect, in and out: whatever comes in, a well-formed envelope goes out. The first byte chooses the
 * media type and how the call ends. */
#include <stdint.h>
#include <stdlib.h>

#include "adapters/common/dialect.h"
#include "codec/xml/xml.h"

extern const struct http_dialect dialect_soap;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const slice media[] = { SLICE_INIT("text/xml; charset=utf-8"),
		SLICE_INIT("application/soap+xml") };
	struct request request = { .id = 1 };
	struct http_response response = { 0, { NULL, 0 }, { NULL, 0 } };
	struct error error;
	if (!n)
		return 0;
	arena_init(&request.arena, 16 << 20);
	request.in.method = METHOD_POST;
	request.in.media = media[bytes[0] & 1];
	request.in.body = (slice){ (const char *)bytes + 1, n - 1 };
	(void)dialect_soap.claims(&request);
	dialect_soap.enter(&request);
	if (request.status == STATUS_NONE) {
		request.out.value = request.in.value;
		request.status = (enum status)(1 + (bytes[0] >> 1) % (STATUS_COUNT - 1));
		request.why = request.in.operation;
	}
	dialect_soap.leave(&request, &response);
	if (response.code < 200 || !xml_check(response.body, (slice){ NULL, 0 }, &error))
		abort();
	arena_finish(&request.arena);
	return 0;
}
