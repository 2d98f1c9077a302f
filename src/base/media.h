/* Media types: reading them, and choosing among them (RFC 9110 sections 8.3.1 and 12.5.1). Pure. */
#ifndef BASE_MEDIA_H
#define BASE_MEDIA_H

#include "base/slice.h"

/* The type without its parameters: "text/plain; charset=utf-8" -> "text/plain". */
slice media_type(slice media);
/* A parameter's value without its quotes: "charset" of "text/plain; charset=utf-8" -> "utf-8"; { NULL, 0 }: none. A
 * ";" ends a quoted value, too: no parameter that is asked for here has one inside. */
slice media_parameter(slice media, const char *name);
/* Nothing said about the charset counts as UTF-8, for US-ASCII, of which it is a superset, is the default of texts (RFC
 * 2046 section 4.1.2). */
bool media_is_utf8(slice media);
/* Equal, parameters aside. */
bool media_same(slice a, slice b);
/* Does the pattern ("*" "/" "*", "text/" "*", "application/json") take the type? */
bool media_matches(slice pattern, slice media);
/* How much an Accept field likes the type: 0 (not at all) to 1000. The most specific range decides; an empty
 * field likes everything. */
unsigned media_quality(slice accept, slice media);

#endif
