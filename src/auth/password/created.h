/* created: the time of an xsd:dateTime, as WS-Security's Created has it. Pure. */
#ifndef AUTH_PASSWORD_CREATED_H
#define AUTH_PASSWORD_CREATED_H

#include "base/slice.h"

enum { CREATED_MAX_BYTES = 64 };

/* Milliseconds since 1970. Without a zone it is UTC (WS-Security 1.1 section 10). Years from 1970 to 9999. false: no such
 * time. */
bool created_parse(slice text, uint64_t *ms);

#endif
