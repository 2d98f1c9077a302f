/* What lasts from frame to frame: made and freed. */
#include "codec/frame/meaning/session.h"

#include <stdlib.h>

struct frame_session *frame_session_create(const struct frame_schema *schema)
{
	struct frame_session *session = calloc(1, sizeof *session);
	if (!session)
		return NULL;
	session->schema = schema;
	list_init(&session->assemblies);
	return session;
}

void frame_session_free(struct frame_session *session)
{
	if (session) {
		assemblies_finish(session);
		variables_finish(session);
	}
	free(session);
}

bool frame_join(struct frame *frame, struct frame_session *session)
{
	frame->session = session;
	return variables_join(frame);
}

unsigned frame_session_lost(struct frame_session *session)
{
	unsigned lost = session->lost;
	session->lost = 0;
	return lost;
}

unsigned frame_session_open(const struct frame_session *session)
{
	return session->open;
}
