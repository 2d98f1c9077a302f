/* A field (a header, an option, a user property), and what it may look like where it becomes one of HTTP's. Pure. */
#ifndef BASE_FIELD_H
#define BASE_FIELD_H

#include "base/slice.h"

/* Names are lower case where a message holds them. */
struct field {
	slice name, value;
};

/* A token (RFC 9110 section 5.6.2). */
bool field_name_valid(slice name);
/* Nothing in it that could end the line (RFC 9110 section 5.5). The empty value is one. */
bool field_value_valid(slice value);

#endif
