/* A listener's `tls:`, with the same keys for every protocol. */
#ifndef COMMON_TLS_H
#define COMMON_TLS_H

#include "api/adapter.h"
#include "net/stream.h"
#include "net/tls.h"

extern const struct setting tls_settings[];

/* What stands there, checked for sense; the paths in the arena. false: error says what is wrong. */
struct tls_files {
	const char *certificate, *key, *client_ca, *crl; /* NULL: not given */
	bool strict_crl;
	const struct tls_named *named;
	unsigned nnamed;
	enum tls_ask ask;
	bool psk;
};
bool tls_settings_read(
        const struct config *tls, struct arena *, struct tls_files *, struct error *);

/* A server's side for net/, its files loaded; keys are asked of the core (adapter_psk()) in the adapter's name. NULL:
 * error says which file and why. tls_close() it in the adapter's close(). */
struct tls *tls_settings_open(
        struct adapter *, const struct config *tls, enum tls_transport, struct error *);

/* Reads its files again (adapter_ops.renew). NULL: there is no TLS, and nothing to do. false: error says why. */
bool tls_settings_renew(struct tls *, struct error *);
/* What the peer of a stream has shown in its handshake: its certificate, and its pre-shared key's identity and mark; empty: not
 * that. In one piece of memory that is the caller's (NULL: it has shown nothing), so that it may outlive the stream. false: out of
 * memory. */
struct tls_shown {
	char *memory;
	slice certificate, psk_identity, psk_mark;
};
bool tls_shown_copy(const struct stream *, struct tls_shown *);
/* The same of what is given, as it was shown in a handshake of DTLS. */
bool tls_shown_keep(slice certificate, slice psk_identity, slice psk_mark, struct tls_shown *);

#endif
