/* A context of libwebsockets without the memory that it takes in advance.
 *
 * lws keeps 16 bytes for every descriptor that the process could open, in two tables that it fills with zeros: written,
 * they are memory, 1 MB where 65,536 descriptors are allowed, of which a box with some hundred connections uses some
 * pages. Its own setting for fewer makes it search the tables at each event. So its large blocks are noted while the context is
 * made, and pages of zeros go back.
 *
 * Rule broken: a global that is no constant, for lws's hook takes no argument. It is set inside context_create() only. */
#include "loop/internal.h"

#include <stdlib.h>

#include <libwebsockets.h>

#include "base/heap.h"

enum { LARGE_BYTES = 64 << 10, BLOCKS_MAX = 8 };

struct large {
	struct {
		void *at;
		size_t bytes;
	} blocks[BLOCKS_MAX];
	unsigned n;
};

static struct large *noted;

static void forget(const void *block)
{
	for (unsigned i = 0; noted && block && i < noted->n; i++) {
		if (noted->blocks[i].at == block)
			noted->blocks[i].at = NULL;
	}
}

/* Of lws: realloc() and free() in one. */
static void *allocate(void *block, size_t bytes, const char *reason)
{
	(void)reason;
	forget(block);
	if (!bytes) {
		free(block);
		return NULL;
	}
	void *made = realloc(block, bytes);
	if (noted && made && bytes >= LARGE_BYTES && noted->n < BLOCKS_MAX) {
		noted->blocks[noted->n].at = made;
		noted->blocks[noted->n++].bytes = bytes;
	}
	return made;
}

struct lws_context *context_create(const struct lws_context_creation_info *info)
{
	struct large large = { .n = 0 };
	lws_set_allocator(allocate);
	noted = &large;
	struct lws_context *context = lws_create_context(info);
	noted = NULL;
	for (unsigned i = 0; context && i < large.n; i++)
		heap_drop_zeros(large.blocks[i].at, large.blocks[i].bytes);
	return context;
}
