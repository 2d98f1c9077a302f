/* What lasts from frame to frame of one session (frame.h). Inside codec/frame only. */
#ifndef FRAME_SESSION_H
#define FRAME_SESSION_H

#include "codec/frame/extension.h"

#include "base/list.h"

struct frame_session {
	const struct frame_schema *schema;
	struct list assemblies; /* messages that are not whole yet; the oldest first */
	unsigned open;
	unsigned lost; /* given up, and not told yet */
};

void assemblies_finish(struct frame_session *);

#endif
