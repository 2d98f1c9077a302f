/* One arena for all tests of a program, from the group's setup() to its teardown(). The program says how large:
 * `enum { ARENA_BYTES = … };` before it includes this. */
#ifndef UNIT_ARENA_FIXTURE_H
#define UNIT_ARENA_FIXTURE_H

#include "base/arena.h"

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena, ARENA_BYTES);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_finish(&arena);
	return 0;
}

#endif
