/* coap_tag: an entity tag of CoAP (an ETag option, RFC 7252 section 5.10.6: one to eight bytes) as HTTP's text of it, in
 * both directions: the bytes in small hexadecimal digits, in quotes ("\"0a1b\""). Each sequence of bytes has one text, so
 * that a tag given out comes back as it was. Pure. */
#ifndef CODEC_COAP_TAG_H
#define CODEC_COAP_TAG_H

#include "base/text.h"

enum { COAP_TAG_MAX = 8 };

/* The number of its bytes; 0: it is no text of such a tag. */
unsigned coap_tag_read(slice text, char tag[COAP_TAG_MAX]);
void coap_tag_write(struct text *, slice tag);

#endif
