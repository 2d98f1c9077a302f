/* stage: a step that every request takes. enter() on the way in, in table order; leave() on the way back, in
 * reverse, for each stage that was entered. Core thread. */
#ifndef API_STAGE_H
#define API_STAGE_H

#include "api/request.h"

struct core;

enum verdict {
	NEXT,  /* on to the next stage */
	REPLY, /* status is set: turn round here */
	WAIT   /* kept; pipeline_resume() will follow, exactly once */
};

struct stage {
	const char *name;
	enum verdict (*enter)(struct core *, struct request *);
	void (*leave)(struct core *, struct request *); /* or NULL; cannot fail, cannot wait */
	/* Hurries a request that WAITs in this stage; pipeline_resume() still follows. Required if enter() ever
	 * returns WAIT. */
	void (*cancel)(struct core *, struct request *);
};

/* Ends a WAIT: goes on with the next stage (NEXT) or turns round (REPLY). Deferred: never runs a stage from
 * inside the call, which may therefore come from inside enter(), before that says WAIT. */
void pipeline_resume(struct request *, enum verdict);

#endif
