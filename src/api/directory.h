/* directory: the clients that the gateway knows, those of the configuration and those that were added at run time,
 * and the keys by which they prove who they are.
 *
 * An authenticator is given it when it opens and asks it with each check; by then it is complete. What it returns is
 * borrowed until the next turn of the loop: clients and keys come and go while the gateway runs. Core thread. */
#ifndef API_DIRECTORY_H
#define API_DIRECTORY_H

#include "base/slice.h"

struct core;
struct directory;

enum key_kind {
	KEY_TOKEN, /* opaque, issued here */
	KEY_API_KEY,
	KEY_PASSWORD,
	KEY_PSK,
	KEY_CERTIFICATE, /* the SHA-256 fingerprint of one */
	KEY_REFRESH,     /* what an access token is got by, and nothing else */
	KEY_KINDS
};
/* No key, and not in the directory: a client's `addresses` are looked at like keys (authenticator_ops.keys). */
enum { KEY_ADDRESSES = KEY_KINDS };

struct client_key {
	slice client; /* whose it is */
	slice handle; /* names it in lists, logs and the audit log, and tells nothing of it: "t-5f0c"; or empty */
	enum key_kind kind;
	/* KEY_TOKEN, KEY_API_KEY, KEY_REFRESH: its keyed hash. KEY_PASSWORD: a hash in the notation of crypt(5), or the password
	 * itself where the configuration gives it. KEY_PSK: the key. KEY_CERTIFICATE: the fingerprint's 32 bytes. */
	slice secret;
	const slice *scopes; /* what it is good for, of what its client may */
	unsigned nscopes;
	bool scoped;    /* false: for everything */
	slice bound_to; /* the fingerprint of the certificate that must come with it; or empty */
	slice family;   /* what it is revoked together with; or empty */
	bool spent; /* KEY_REFRESH: it was turned in; who comes with it again is a thief or was robbed */
	uint64_t made_ms, expires_ms; /* since 1970; 0: not known, never */
};

/* A token, an API key or a refresh token by itself, a certificate by its fingerprint; NULL: not here. The time that it takes tells
 * nothing of those that are here. It may have expired. */
const struct client_key *directory_find_key(const struct directory *, enum key_kind, slice secret);
/* The keys of one client, one after the other; `previous` NULL: the first. NULL: no more. */
const struct client_key *directory_key_of(
        const struct directory *, slice client, enum key_kind, const struct client_key *previous);
bool directory_knows(const struct directory *, slice client);

/* This client is not what it was, or a key of its is not; { NULL, 0 }: that may be so of anybody (keys of an issuer of
 * tokens, a list of revoked certificates). Within a second whoever was recognised as it for longer than a request is
 * looked at again. */
void core_client_changed(struct core *, slice client);

#endif
