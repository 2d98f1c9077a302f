/* JSON where nothing may be open to two readings: tokens and keys. Pure. */
#ifndef CODEC_JSON_H
#define CODEC_JSON_H

#include "api/plugin.h"
#include "codec/value.h"

/* As the codec decodes, but a map in which two members have one name is refused, at any depth (RFC 7515 section 4,
 * RFC 7519 section 4, RFC 7517 section 4): another reader might take the other one. NULL: malformed or over budget;
 * *error says which, without showing the text. */
struct value *json_decode_unique(struct arena *, slice text, struct error *);

#endif
