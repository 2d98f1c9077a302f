#include "codec_agrees.h"

extern const struct codec codec_text;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	codec_agrees(&codec_text, bytes, n);
	return 0;
}
