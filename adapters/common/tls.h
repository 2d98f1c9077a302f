/* A listener's `tls:`, with the same keys for every protocol. */
#ifndef COMMON_TLS_H
#define COMMON_TLS_H

#include "api/adapter.h"
#include "net/tls.h"

extern const struct setting tls_settings[];

/* What stands there, checked for sense; the paths in the arena. false: error says what is wrong. */
struct tls_files {
	const char *certificate, *key, *client_ca, *crl; /* NULL: not given */
	bool strict_crl;
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
/* Says in the log that a connection ends because its certificate is not believed any more, and why. */
void tls_log_ended(const struct adapter *, const char *peer, const char *why);

#endif
