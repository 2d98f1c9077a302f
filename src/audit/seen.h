/* seen: who was there lately, so that a device that reports every second is one login and not 3,600 an hour. Pure but
 * for memory, of which it takes SEEN_MAX times 16 bytes. */
#ifndef AUDIT_SEEN_H
#define AUDIT_SEEN_H

#include "base/slice.h"

enum { SEEN_MAX = 32768 };

struct seen;

struct seen *seen_create(void); /* NULL: out of memory */
void seen_destroy(struct seen *);

enum seen_answer {
	SEEN_LATELY,
	SEEN_NOT,    /* for a window at least */
	SEEN_CROWDED /* nobody knows: too many others were there */
};

/* And remembers that it is there now. `now_ms` is monotonic. */
enum seen_answer seen_look(struct seen *, slice client, const char *protocol, const char *address,
        uint64_t now_ms, uint64_t window_ms);

#endif
