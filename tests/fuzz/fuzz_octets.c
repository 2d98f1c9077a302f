#include "codec_agrees.h"

extern const struct codec codec_octets;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	codec_agrees(&codec_octets, bytes, n);
	return 0;
}
