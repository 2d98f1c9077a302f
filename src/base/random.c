#include "base/random.h"

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void random_bytes(void *bytes, size_t n)
{
	char *to = bytes;
	while (n) {
		ssize_t got = getrandom(to, n, 0);
		if (got < 0) {
			if (errno == EINTR)
				continue;
			abort();
		}
		to += got;
		n -= (size_t)got;
	}
}

uint64_t random_u64(void)
{
	uint64_t number;
	random_bytes(&number, sizeof number);
	return number;
}

static uint64_t rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[0] = rotate(v[0], 32);
	v[2] += v[3];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[2] = rotate(v[2], 32);
}

static uint64_t read_le64(const unsigned char *p, size_t n)
{
	uint64_t word = 0;
	memcpy(&word, p, n);
	return le64toh(word);
}

uint64_t siphash(const uint64_t key[2], const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	uint64_t v[4] = { key[0] ^ UINT64_C(0x736f6d6570736575),
		key[1] ^ UINT64_C(0x646f72616e646f6d), key[0] ^ UINT64_C(0x6c7967656e657261),
		key[1] ^ UINT64_C(0x7465646279746573) };
	size_t left = n;
	for (; left >= 8; left -= 8, p += 8) {
		uint64_t word = read_le64(p, 8);
		v[3] ^= word;
		sip_round(v);
		sip_round(v);
		v[0] ^= word;
	}
	uint64_t last = (uint64_t)n << 56 | (left ? read_le64(p, left) : 0);
	v[3] ^= last;
	sip_round(v);
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* Rule broken: a global that is no constant. It is one, once drawn. */
static uint64_t process_key[2];
static pthread_once_t key_drawn = PTHREAD_ONCE_INIT;

static void draw_key(void)
{
	random_bytes(process_key, sizeof process_key);
}

uint64_t random_keyed_hash(const void *bytes, size_t n)
{
	(void)pthread_once(&key_drawn, draw_key);
	return siphash(process_key, bytes, n);
}
