/* Hash tables: uthash, with the keyed hash of base/random.h, and without exit() on a failed malloc.
 *
 * Include this instead of <uthash.h>. After HASH_ADD… look at `head` or find the member again when memory
 * may be short: HASH_NONFATAL_OOM leaves the member out. */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/random.h"

#define HASH_NONFATAL_OOM 1
#define HASH_FUNCTION(keyptr, keylen, hashv)                                                       \
	((hashv) = (unsigned)random_keyed_hash((keyptr), (keylen)))

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <uthash.h>
#pragma GCC diagnostic pop

#endif
