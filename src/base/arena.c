#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1 /* clang's spelling of GCC's */
#endif
#endif

enum { CHUNK_BYTES = 4096, CACHE_MAX = 64, ALIGNMENT = alignof(max_align_t) };

struct arena_chunk {
	struct arena_chunk *next;
	size_t size; /* of `bytes` */
	size_t used;
	alignas(max_align_t) char bytes[];
};

/* Rule broken: a global that is no constant. It caches memory only, one list a thread, and no result
 * depends on it; handing a cache through every parser would cost more than it explains. */
static _Thread_local struct arena_chunk *cache;
static _Thread_local unsigned cached;

static struct arena_chunk *chunk_take(size_t size)
{
	struct arena_chunk *chunk;
	if (size == CHUNK_BYTES - sizeof *chunk && cache) {
		chunk = cache;
		cache = chunk->next;
		cached--;
	} else {
		chunk = malloc(sizeof *chunk + size);
		if (!chunk)
			return NULL;
		chunk->size = size;
	}
	chunk->used = 0;
	return chunk;
}

static bool cache_put(struct arena_chunk *chunk)
{
#ifdef __SANITIZE_ADDRESS__
	(void)chunk;
	return false;
#else
	if (chunk->size != CHUNK_BYTES - sizeof *chunk || cached == CACHE_MAX)
		return false;
	chunk->next = cache;
	cache = chunk;
	cached++;
	return true;
#endif
}

static void chunk_give(struct arena_chunk *chunk)
{
	if (!cache_put(chunk))
		free(chunk);
}

void arena_init(struct arena *arena, size_t budget_bytes)
{
	*arena = (struct arena){ .budget_bytes = budget_bytes };
}

void arena_finish(struct arena *arena)
{
	struct arena_chunk *chunk = arena->head;
	while (chunk) {
		struct arena_chunk *next = chunk->next;
		chunk_give(chunk);
		chunk = next;
	}
	if (arena->pool)
		arena->pool->used_bytes -= arena->used_bytes;
	arena->head = NULL;
	arena->used_bytes = 0;
}

static bool is_granted(const struct arena *arena, size_t taken)
{
	const struct arena_pool *pool = arena->pool;
	return taken <= arena->budget_bytes - arena->used_bytes &&
	       (!pool || (pool->used_bytes <= pool->budget_bytes &&
	                         taken <= pool->budget_bytes - pool->used_bytes));
}

void *arena_alloc_raw(struct arena *arena, size_t n)
{
	if (n > SIZE_MAX / 2)
		return NULL;
	n = (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	struct arena_chunk *chunk = arena->head;
	if (!chunk || chunk->size - chunk->used < n) {
		size_t size = CHUNK_BYTES - sizeof *chunk;
		if (n > size)
			size = n;
		size_t taken = size + sizeof *chunk;
		chunk = is_granted(arena, taken) ? chunk_take(size) : NULL;
		if (!chunk)
			return NULL;
		arena->used_bytes += taken;
		if (arena->pool)
			arena->pool->used_bytes += taken;
		/* A large block of its own does not end the small chunk that still has room. */
		if (arena->head && size > CHUNK_BYTES) {
			chunk->next = arena->head->next;
			arena->head->next = chunk;
		} else {
			chunk->next = arena->head;
			arena->head = chunk;
		}
	}
	void *bytes = chunk->bytes + chunk->used;
	chunk->used += n;
	return bytes;
}

void *arena_alloc(struct arena *arena, size_t n)
{
	void *bytes = arena_alloc_raw(arena, n);
	if (bytes)
		memset(bytes, 0, n);
	return bytes;
}

void *arena_grow(struct arena *arena, void *old, size_t old_n, size_t new_n)
{
	struct arena_chunk *chunk = arena->head;
	size_t held = (old_n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	if (old && new_n <= held)
		return old;
	if (old && chunk && chunk->used >= held &&
	        (char *)old == chunk->bytes + chunk->used - held &&
	        new_n <= chunk->size - (chunk->used - held)) {
		chunk->used += (new_n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT - held;
		if (chunk->used > chunk->size)
			chunk->used = chunk->size;
		return old;
	}
	void *bytes = arena_alloc_raw(arena, new_n);
	if (bytes && old)
		memcpy(bytes, old, old_n);
	return bytes;
}

slice arena_copy(struct arena *arena, const void *bytes, size_t n)
{
	char *copy = arena_alloc_raw(arena, n + 1);
	if (!copy)
		return (slice){ NULL, 0 };
	if (n)
		memcpy(copy, bytes, n);
	copy[n] = '\0';
	return (slice){ copy, n };
}

slice arena_copy_slice(struct arena *arena, slice s)
{
	return arena_copy(arena, s.p, s.n);
}

slice arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments, again;
	va_start(arguments, format);
	va_copy(again, arguments);
	int n = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	char *text = n < 0 ? NULL : arena_alloc_raw(arena, (size_t)n + 1);
	if (text)
		(void)vsnprintf(text, (size_t)n + 1, format, again);
	va_end(again);
	return text ? (slice){ text, (size_t)n } : (slice){ NULL, 0 };
}

void arena_cache_drop(void)
{
	while (cache) {
		struct arena_chunk *next = cache->next;
		free(cache);
		cache = next;
	}
	cached = 0;
}
