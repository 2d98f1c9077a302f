/* Random bytes from the kernel (getrandom), and the keyed hash for tables whose keys a peer chooses. */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fills `bytes`; never fails (aborts when the kernel has no entropy source at all). Any thread. */
void random_bytes(void *bytes, size_t n);
uint64_t random_u64(void);

/* SipHash-2-4 (Aumasson, Bernstein 2012) of the bytes under this process's random key: without the key a
 * peer cannot choose colliding names. The key is drawn at first use. Any thread. */
uint64_t random_keyed_hash(const void *bytes, size_t n);
/* The function itself, for its test vectors. */
uint64_t siphash(const uint64_t key[2], const void *bytes, size_t n);

#endif
