#include "base/heap.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"

#if defined(__GLIBC__)
#include <malloc.h>

/* glibc's free() gives back only what is free at the end of the heap. */
static void give_back(void)
{
	(void)malloc_trim(0);
}
#else
static void give_back(void)
{
}
#endif

void heap_settle(void)
{
	arena_cache_drop();
	give_back();
}

static bool is_zero(const char *bytes, size_t n)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, n - 1) == 0;
}

void heap_drop_zeros(void *block, size_t n)
{
	long size = sysconf(_SC_PAGESIZE);
	if (!block || size <= 0)
		return;
	size_t page = (size_t)size;
	/* Whole pages only: others' bytes may share the first and the last. */
	size_t at = (page - (uintptr_t)block % page) % page;
	for (; at <= n && n - at >= page; at += page) {
		char *bytes = (char *)block + at;
		if (is_zero(bytes, page))
			(void)madvise(bytes, page, MADV_DONTNEED);
	}
}
