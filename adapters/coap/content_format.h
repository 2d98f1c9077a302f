/* content_format: CoAP's numbers for media types (IANA "CoAP Content-Formats"). Pure. */
#ifndef COAP_CONTENT_FORMAT_H
#define COAP_CONTENT_FORMAT_H

#include "base/slice.h"

/* The media type, or { NULL, 0 }: not in our table. */
slice content_format_media(uint32_t number);
/* The number for a media type (letters folded, parameters compared only where the registry has them), or -1. */
int content_format_number(slice media);

#endif
