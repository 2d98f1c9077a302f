/* content_format: CoAP's numbers for media types, the IANA registry "CoAP Content-Formats". Pure. */
#ifndef CODEC_CONTENT_FORMAT_H
#define CODEC_CONTENT_FORMAT_H

#include "base/slice.h"

/* The media type, or { NULL, 0 }: not in our table. */
slice content_format_media(uint32_t number);
/* The number for a media type, or -1. Letters are folded; a parameter that no entry asks for makes no other format
 * (RFC 8075 section 6.2), save the charset of a text, which is UTF-8 in all of CoAP's formats. */
int content_format_number(slice media);

#endif
