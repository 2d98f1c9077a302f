/* Sizes that expressions ask for. Inside codec/frame, while loading only. */
#ifndef FRAME_SIZE_H
#define FRAME_SIZE_H

#include "codec/frame/token.h"

/* Notes an OP_SIZEOF, to be answered by sizes_answer(); at once where nothing is being loaded. false: after a failure. */
bool size_ask(struct parser *, struct expression *);
/* Turns all of them into integers. false: the error is set. */
bool sizes_answer(struct loader *);

#endif
