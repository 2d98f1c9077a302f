/* What expressions ask for that is known only when all is loaded: sizes, and what stands where. Inside codec/frame,
 * while loading only. */
#ifndef FRAME_SIZE_H
#define FRAME_SIZE_H

#include "codec/frame/load/token.h"

/* Notes an OP_SIZEOF or OP_MEMBER, to be answered by sizes_answer(); at once where nothing is being loaded. false: after a failure. */
bool size_ask(struct parser *, struct expression *);
/* Turns the ones into integers, and finds the others' members as far as that can be done. false: the error is set. */
bool sizes_answer(struct loader *);

#endif
