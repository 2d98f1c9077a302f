/* seal: what must be read again but not lie about in plain: AES-256-GCM (NIST SP 800-38D) under one key, by OpenSSL.
 *
 * Each sealed text has a nonce of its own, drawn at random: 96 bits, good for four thousand million of them under one
 * key. The context is not part of the text but must be the same when it is opened, so that one cannot be put in the
 * place of another. Pure; any thread. */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include "base/arena.h"

enum { SEAL_KEY_BYTES = 32, SEAL_EXTRA_BYTES = 12 + 16 };

/* Nonce, cipher text, tag, in the arena. { NULL, 0 }: over budget. */
slice seal_close(
        struct arena *, const unsigned char key[SEAL_KEY_BYTES], slice context, slice plain);
/* In the arena; the caller wipes it. false: over budget, or it was not sealed under this key and context, or was
 * changed since. */
bool seal_open(struct arena *, const unsigned char key[SEAL_KEY_BYTES], slice context, slice sealed,
        slice *plain);

#endif
