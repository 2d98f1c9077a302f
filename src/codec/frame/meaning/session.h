/* What lasts from frame to frame of one session (frame.h). Inside codec/frame only. */
#ifndef FRAME_SESSION_H
#define FRAME_SESSION_H

#include "codec/frame/meaning/extension.h"

#include "base/list.h"

/* A copy that outlives its frame. */
struct kept_variable {
	struct cell cell; /* CELL_UNREAD: not set */
	char *memory;     /* of a text or bytes */
};

struct frame_session {
	const struct frame_schema *schema;
	struct kept_variable variables[VARIABLES_MAX];
	struct list assemblies; /* messages that are not whole yet; the oldest first */
	unsigned open;
	unsigned lost; /* given up, and not told yet */
};

void assemblies_finish(struct frame_session *);
void variables_finish(struct frame_session *);
/* Sets what this frame sets, for itself and for those after it. */
bool variables_join(struct frame *);

#endif
