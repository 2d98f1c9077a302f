/* A loop that a test turns by hand, with a clock that moves when told: linked instead of src/loop/. */
#ifndef FAKES_HAND_LOOP_H
#define FAKES_HAND_LOOP_H

#include "loop/look.h"
#include "loop/loop.h"

struct loop *hand_loop(void);
/* Runs what was deferred, and what that deferred, until nothing is. */
void hand_loop_turn(void);
/* Moves the clock and fires the timers that are due. */
void hand_loop_pass(uint64_t ms);
bool hand_loop_stopped(void);
void hand_loop_reset(void);

#endif
