/* Hashes of passwords, in the notation of the PHC string format, a kin of crypt(5)'s:
 *
 *     $scrypt$ln=15,r=8,p=1$<salt>$<hash>          RFC 7914; N is 2 to the power of ln
 *     $pbkdf2-sha256$i=600000$<salt>$<hash>        RFC 8018 with HMAC-SHA-256
 *     $pbkdf2-sha256$29000$<salt>$<hash>           the same as Python's passlib writes it
 *
 * Salt and hash are base64 without padding; passlib's "." for "+" is read as well. Pure; any thread. */
#ifndef CRYPTO_PASSWORD_H
#define CRYPTO_PASSWORD_H

#include "base/slice.h"

enum {
	PASSWORD_MAX_BYTES = 1024, /* what is longer, or has a NUL, is nobody's password */
	PASSWORD_SALT_MAX_BYTES = 64,
	PASSWORD_HASH_MAX_BYTES = 64,
	PASSWORD_TEXT_MAX_BYTES = 256 /* a hash in its notation, without a NUL */
};

enum password_scheme { PASSWORD_SCRYPT, PASSWORD_PBKDF2_SHA256 };

/* What a guess costs. */
struct password_cost {
	enum password_scheme scheme;
	unsigned log2_n, r, p; /* PASSWORD_SCRYPT */
	unsigned iterations;   /* PASSWORD_PBKDF2_SHA256 */
};

struct password_hash {
	struct password_cost cost;
	unsigned nsalt, nhash;
	unsigned char salt[PASSWORD_SALT_MAX_BYTES], hash[PASSWORD_HASH_MAX_BYTES];
};

/* What is used where nobody says otherwise: 32 MiB, and some 100 ms on a desktop; several times as long on a
 * small ARM board. */
struct password_cost password_default_cost(void);

/* A hash in some notation, of a kind known here or not ("$2b$…"): it is not to be taken for a password. */
bool password_is_hash(slice text);
/* Reads one. Costs that no login should have are refused: more than 128 MiB, more than some seconds on a small board,
 * or so little that it protects nothing. false: `why`, a static text, says what is wrong. */
bool password_parse(slice text, struct password_hash *, const char **why);

/* Is it this one? Costs what the hash says, and the same whether it is or not. Blocks: for a thread that may.
 * false as well when there is no memory for it, with *failed set. */
bool password_verify(const struct password_hash *, slice password, bool *failed);
/* Makes one with a salt of its own; returns the length of the text, which wants no NUL. Blocks like verifying.
 * 0: the password is empty, too long or has a NUL, the cost is refused, or there is no memory. */
size_t password_make(
        const struct password_cost *, slice password, char text[PASSWORD_TEXT_MAX_BYTES]);
/* WS-Security's PasswordDigest (UsernameToken Profile 1.1 section 3.1): SHA-1 of one after the other. Cheap. Aborts when
 * the library has no memory left for it. */
enum { PASSWORD_DIGEST_BYTES = 20 };
void password_digest(
        slice nonce, slice created, slice password, unsigned char digest[PASSWORD_DIGEST_BYTES]);
/* One that no password has, so that verifying against it costs what verifying costs. */
void password_make_dummy(const struct password_cost *, struct password_hash *);

#endif
