/* Base64 (RFC 4648): the one text form of bytes in JSON, XML and HTTP's Basic credentials. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/arena.h"

/* With the alphabet of section 4, padded. { NULL, 0 }: over budget. */
slice base64_encode(struct arena *, slice bytes);
/* With the alphabet of section 5, for URLs and file names, not padded. { NULL, 0 }: over budget. */
slice base64_encode_url(struct arena *, slice bytes);
/* Reads both alphabets (sections 4 and 5), padded or not; no white space, and no stray bits in the last
 * character. false: malformed, or over budget. */
bool base64_decode(struct arena *, slice text, slice *bytes);
/* Reads only what base64_encode_url() writes: the alphabet of section 5 and no padding (RFC 7515 section 2), so that
 * each sequence of bytes has one text. false: malformed, or over budget. */
bool base64_decode_url(struct arena *, slice text, slice *bytes);

#endif
