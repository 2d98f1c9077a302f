/* content_format: CoAP's numbers for media types, the IANA registry "CoAP Content-Formats". Pure. */
#ifndef CODEC_CONTENT_FORMAT_H
#define CODEC_CONTENT_FORMAT_H

#include "base/slice.h"

/* The media type, or { NULL, 0 }: not in our table. */
slice content_format_media(uint32_t number);
/* The number for a media type, or -1. Letters are folded; a parameter that no entry asks for makes no other format
 * (RFC 8075 section 6.2), save the charset of a text, which is UTF-8 in all of CoAP's formats. */
int content_format_number(slice media);
/* The same, or that of the more general type which also holds (RFC 8075 section 6.3): JSON for "+json", CBOR for "+cbor",
 * XML for "+xml" and text/xml, text/plain for any other text in UTF-8. For an answer, whose receiver is better off with
 * it than with none; not for what is asked of somebody. -1: not even that. */
int content_format_loose(slice media);

#endif
