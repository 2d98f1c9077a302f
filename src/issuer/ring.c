/* The file is a JWK Set of private keys; beside what RFC 7517 has, each says when it was made (`iat`, in seconds). It is
 * written anew, synced and renamed. That happens with the first start and once in `rotate` (90 days): rare and small
 * enough that the core thread does it by itself, though it never touches the disk otherwise. */
#include "issuer/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/codec.h"
#include "base/file.h"
#include "codec/json.h"

enum {
	FILE_MAX_BYTES = 256 * 1024,
	ARENA_BYTES = 2 * 1024 * 1024,
	KEYS_MAX = 16,
	PUBLIC_AHEAD_MS = 3600 * 1000
};

struct held {
	struct jwk *jwk;
	uint64_t made_ms;
};

struct ring {
	struct ring_options options;
	char *folder, *path;
	struct held keys[KEYS_MAX]; /* the newest last */
	unsigned n;
};

static uint64_t public_ahead_ms(const struct ring *ring)
{
	uint64_t share = ring->options.rotate_ms / 4;
	return share < PUBLIC_AHEAD_MS ? share : PUBLIC_AHEAD_MS;
}

/* ---- The file */

static bool take(struct ring *ring, const struct value *map, const char **why)
{
	const struct value *made = value_get(map, SLICE("iat"));
	struct jwk *jwk = jwk_read(map, JWK_SIGNS, why);
	if (!jwk)
		return false;
	if (ring->n == KEYS_MAX || !made || made->kind != VALUE_INT || made->as.integer < 0) {
		*why = "a key says not when it was made, or there are too many";
		jwk_destroy(jwk);
		return false;
	}
	ring->keys[ring->n++] = (struct held){ jwk, (uint64_t)made->as.integer * 1000 };
	return true;
}

static bool parse(struct ring *ring, struct arena *arena, slice text, struct error *error)
{
	const char *why = "it is no set of keys";
	const struct value *set = json_decode_unique(arena, text, error);
	const struct value *keys = value_get(set, SLICE("keys"));
	bool read = keys && keys->kind == VALUE_LIST;
	const struct value *at = read ? keys->as.members.first : NULL;
	for (; at && read; at = at->next)
		read = take(ring, at, &why);
	return read || error_set(error, "%s: %s", ring->path, why);
}

static bool read_file(struct ring *ring, struct error *error)
{
	struct arena arena;
	slice text;
	arena_init(&arena, ARENA_BYTES);
	int code = file_read(&arena, ring->path, FILE_MAX_BYTES, &text);
	bool read = code ? code == ENOENT || error_set(error, "%s: %s", ring->path, strerror(code))
	                 : parse(ring, &arena, text, error);
	if (text.p)
		explicit_bzero((char *)(uintptr_t)text.p, text.n);
	arena_finish(&arena);
	return read;
}

static struct value *set_value(struct arena *arena, const struct ring *ring, bool with_private)
{
	struct value *set = value_map(arena), *list = value_list(arena);
	bool made = set && list && value_set_new(set, SLICE("keys"), list);
	for (unsigned i = 0; made && i < ring->n; i++) {
		struct value *map = jwk_write(arena, ring->keys[i].jwk, with_private);
		made = map && value_append(list, map) &&
		       (!with_private || value_set(map, SLICE("iat"),
		                                 value_uint(arena, ring->keys[i].made_ms / 1000)));
	}
	return made ? set : NULL;
}

static bool replace(const struct ring *ring, slice text, struct arena *arena, struct error *error)
{
	slice fresh = arena_printf(arena, "%s.new", ring->path);
	if (!fresh.p)
		return error_set(error, "out of memory");
	(void)mkdir(ring->folder, 0700);
	(void)unlink(fresh.p);
	int fd = open(fresh.p, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool written = fd >= 0 && file_write_all(fd, text) && fsync(fd) == 0;
	if (fd >= 0 && close(fd) != 0)
		written = false;
	if (!written || rename(fresh.p, ring->path) != 0) {
		int code = errno;
		(void)unlink(fresh.p);
		return error_set(error, "%s cannot be written: %s", ring->path, strerror(code));
	}
	(void)file_sync_folder(ring->folder);
	return true;
}

static bool write_file(const struct ring *ring, struct error *error)
{
	struct arena arena;
	arena_init(&arena, ARENA_BYTES);
	const struct codec *json = codec_for(SLICE("application/json"));
	const struct value *set = set_value(&arena, ring, true);
	slice text = set ? json->encode(&arena, set, error) : (slice){ NULL, 0 };
	bool written =
	        text.p ? replace(ring, text, &arena, error) : error_set(error, "out of memory");
	if (text.p)
		explicit_bzero((char *)(uintptr_t)text.p, text.n);
	arena_finish(&arena);
	return written;
}

/* ---- Opening and closing */

void ring_close(struct ring *ring)
{
	if (!ring)
		return;
	while (ring->n)
		jwk_destroy(ring->keys[--ring->n].jwk);
	free(ring->folder);
	free(ring->path);
	free(ring);
}

struct ring *ring_open(const struct ring_options *options, struct error *error)
{
	struct ring *ring = calloc(1, sizeof *ring);
	if (!ring) {
		error_set(error, "out of memory");
		return NULL;
	}
	ring->options = *options;
	if (asprintf(&ring->folder, "%.*s/keys", SLICE_ARG(options->folder)) < 0)
		ring->folder = NULL;
	if (!ring->folder || asprintf(&ring->path, "%s/issuer.json", ring->folder) < 0)
		ring->path = NULL;
	if (ring->path ? read_file(ring, error) : error_set(error, "out of memory"))
		return ring;
	ring_close(ring);
	return NULL;
}

/* ---- The succession */

static bool is_for(const struct held *held, enum algorithm algorithm)
{
	return jwk_allows(held->jwk, algorithm);
}

/* The newest that is for the algorithm in use, or NULL. */
static const struct held *newest(const struct ring *ring)
{
	for (unsigned i = ring->n; i; i--) {
		if (is_for(&ring->keys[i - 1], ring->options.algorithm))
			return &ring->keys[i - 1];
	}
	return NULL;
}

static enum key_type type_for(enum algorithm algorithm)
{
	switch ((int)algorithm) {
	case ALGORITHM_ES256:
		return KEY_TYPE_P256;
	case ALGORITHM_ES384:
		return KEY_TYPE_P384;
	case ALGORITHM_EDDSA:
		return KEY_TYPE_ED25519;
	default:
		return KEY_TYPE_RSA;
	}
}

static bool make(struct ring *ring, uint64_t now_ms, struct error *error)
{
	const char *why = "too many keys";
	char kid[JWK_THUMBPRINT_BYTES];
	struct arena arena;
	arena_init(&arena, ARENA_BYTES);
	enum algorithm algorithm = ring->options.algorithm;
	struct key *key = ring->n < KEYS_MAX ? key_generate(type_for(algorithm), 0, &why) : NULL;
	bool named = key && jwk_thumbprint(&arena, key, kid);
	struct jwk *jwk = named ? jwk_create(key, slice_of(kid), &algorithm) : NULL;
	if (key && !named)
		key_destroy(key);
	arena_finish(&arena);
	if (!jwk)
		return error_set(error, "no key to sign with: %s", why);
	ring->keys[ring->n++] = (struct held){ jwk, now_ms };
	return true;
}

/* A key signs until its successor does, and is public until the last of what it signed has expired. */
static bool drop_old(struct ring *ring, uint64_t now_ms)
{
	bool dropped = false;
	while (ring->n > 1) {
		uint64_t succeeded_ms = ring->keys[1].made_ms + public_ahead_ms(ring);
		if (succeeded_ms + ring->options.lifetime_ms + PUBLIC_AHEAD_MS > now_ms)
			break;
		jwk_destroy(ring->keys[0].jwk);
		memmove(ring->keys, ring->keys + 1, --ring->n * sizeof *ring->keys);
		dropped = true;
	}
	return dropped;
}

bool ring_turn(
        struct ring *ring, uint64_t now_ms, bool *made, uint64_t *next_ms, struct error *error)
{
	bool dropped = drop_old(ring, now_ms);
	const struct held *last = newest(ring);
	*made = !last || last->made_ms + ring->options.rotate_ms <= now_ms;
	if (*made && !make(ring, now_ms, error))
		return false;
	*next_ms = newest(ring)->made_ms + ring->options.rotate_ms;
	if ((*made || dropped) && !write_file(ring, error)) {
		if (*made)
			jwk_destroy(ring->keys[--ring->n].jwk);
		return false;
	}
	return true;
}

enum algorithm ring_algorithm(const struct ring *ring)
{
	return ring->options.algorithm;
}

const struct jwk *ring_signer(const struct ring *ring, uint64_t now_ms)
{
	const struct held *first = NULL;
	for (unsigned i = ring->n; i; i--) {
		const struct held *held = &ring->keys[i - 1];
		if (!is_for(held, ring->options.algorithm))
			continue;
		first = held;
		if (held->made_ms + public_ahead_ms(ring) <= now_ms)
			break;
	}
	return first ? first->jwk : NULL;
}

struct value *ring_public(struct arena *arena, const struct ring *ring)
{
	return set_value(arena, ring, false);
}
