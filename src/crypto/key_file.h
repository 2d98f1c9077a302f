/* key_file: a key of this gateway's own, drawn at random when it is first asked for and kept in a file that only its
 * owner may read. Blocks; at the start only. */
#ifndef CRYPTO_KEY_FILE_H
#define CRYPTO_KEY_FILE_H

#include <stdbool.h>
#include <stddef.h>

enum { KEY_FILE_WHY_BYTES = 200 };

/* Reads `folder`/keys/`name`, which has exactly n bytes, or makes it (folder "keys" with mode 0700, the file 0600, both
 * on disk before it returns). *made: it was not there. false: `why` is one line for a person. */
bool key_file_load(const char *folder, const char *name, void *key, size_t n, bool *made,
        char why[KEY_FILE_WHY_BYTES]);

#endif
