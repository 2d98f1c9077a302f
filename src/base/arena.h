/* Memory that dies together.
 *
 * An arena is a list of chunks from which bytes are taken by moving a mark. Nothing is freed piecemeal:
 * arena_finish() frees all. Each arena has a budget, so NULL means "this request is over its budget", not
 * "the machine is out of memory"; each result is tested, and turns into STATUS_TOO_LARGE or the like.
 *
 * Chunks of the standard size go back to a small cache (one a thread) instead of to free(): a request
 * costs no malloc in steady state. Under AddressSanitizer the cache is off, so that a use after
 * arena_finish() is seen. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"

struct arena_chunk;

/* What several arenas may hold together. */
struct arena_pool {
	size_t used_bytes, budget_bytes;
};

struct arena {
	struct arena_chunk *head;
	size_t used_bytes;       /* taken from the machine so far, chunk headers included */
	size_t budget_bytes;     /* never more than this */
	struct arena_pool *pool; /* and never more than is left there; NULL: none */
};

/* An empty arena of no pool; takes nothing until the first allocation. */
void arena_init(struct arena *, size_t budget_bytes);
/* Frees everything. The arena is empty and usable again afterwards. */
void arena_finish(struct arena *);

/* `n` bytes, aligned for any type, zeroed. NULL: over budget. arena_alloc(a, 0) is a valid pointer. */
void *arena_alloc(struct arena *, size_t n);
/* The same, not zeroed: for buffers that are filled at once. */
void *arena_alloc_raw(struct arena *, size_t n);
/* Grows `old` (old_n bytes, from this arena, or NULL) to new_n bytes; in place when it was the last one
 * taken. NULL: over budget, `old` is still valid. */
void *arena_grow(struct arena *, void *old, size_t old_n, size_t new_n);
/* A copy of the bytes, followed by a NUL that is not counted. { NULL, 0 }: over budget. */
slice arena_copy(struct arena *, const void *bytes, size_t n);
slice arena_copy_slice(struct arena *, slice);
/* printf into the arena. { NULL, 0 }: over budget. */
slice arena_printf(struct arena *, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

/* Gives this thread's cached chunks back to the machine: at the end of a thread, and when idle. */
void arena_cache_drop(void);

#endif
