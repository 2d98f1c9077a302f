/* TLS for the HTTP listener: OpenSSL's side of what libwebsockets runs.
 *
 * libwebsockets makes the context and drives the handshake; what the context holds is set here and not by
 * its own options. So the files are tried by the very same code when the configuration is checked, and
 * libwebsockets' verify callback and its server-name callback (which looks for the name in *all* virtual hosts
 * without a port, and would lend one listener's client CA to another) stay out of it. */
#include "adapters/http/tls.h"

#include "base/random.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

enum { PATHS_MAX = 16384 };

struct http_tls {
	struct arena arena;
	struct tls_files files; /* in the arena */
	int verify;             /* SSL_VERIFY_… */
	unsigned char session_context[16];
};

/* Which file it was. */
enum fault { FAULT_NONE, FAULT_CERTIFICATE, FAULT_KEY, FAULT_CLIENT_CA, FAULT_LIBRARY };

static const char *const fault_keys[] = {
	[FAULT_CERTIFICATE] = "certificate",
	[FAULT_KEY] = "key",
	[FAULT_CLIENT_CA] = "client_ca",
	[FAULT_LIBRARY] = "certificate",
};

static enum fault apply(const struct http_tls *tls, SSL_CTX *context)
{
	if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
	        SSL_CTX_set_session_id_context(
	                context, tls->session_context, sizeof tls->session_context) != 1)
		return FAULT_LIBRARY;
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_tlsext_servername_callback(context, NULL);
	if (SSL_CTX_use_certificate_chain_file(context, tls->files.certificate) != 1)
		return FAULT_CERTIFICATE;
	if (SSL_CTX_use_PrivateKey_file(context, tls->files.key, SSL_FILETYPE_PEM) != 1 ||
	        SSL_CTX_check_private_key(context) != 1)
		return FAULT_KEY;
	if (tls->verify == SSL_VERIFY_NONE)
		return FAULT_NONE;
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(tls->files.client_ca);
	if (!names || SSL_CTX_load_verify_locations(context, tls->files.client_ca, NULL) != 1) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return FAULT_CLIENT_CA;
	}
	SSL_CTX_set_client_CA_list(context, names);
	SSL_CTX_set_verify(context, tls->verify, NULL);
	return FAULT_NONE;
}

bool http_tls_apply(const struct http_tls *tls, SSL_CTX *context)
{
	bool applied = apply(tls, context) == FAULT_NONE;
	ERR_clear_error();
	return applied;
}

/* Tries the files on a context of its own. */
static bool try(const struct http_tls *tls, const struct config *node, struct error *error)
{
	ERR_clear_error();
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	enum fault fault = context ? apply(tls, context) : FAULT_LIBRARY;
	SSL_CTX_free(context);
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;
	ERR_clear_error();
	if (fault == FAULT_NONE)
		return true;
	const struct config *file = config_get(node, fault_keys[fault]);
	return config_error(file ? file : node, error, "%s: %s", fault_keys[fault],
	        reason ? reason : "cannot be used");
}

static bool read_settings(struct http_tls *tls, const struct config *node, struct error *error)
{
	static const int modes[] = { [TLS_ASK_NONE] = SSL_VERIFY_NONE,
		[TLS_ASK_OPTIONAL] = SSL_VERIFY_PEER,
		[TLS_ASK_REQUIRED] = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT };
	if (!tls_settings_read(node, &tls->arena, &tls->files, error))
		return false;
	if (tls->files.psk)
		return config_error(
		        config_get(node, "psk"), error, "HTTPS takes no pre-shared keys");
	tls->verify = modes[tls->files.ask];
	return try(tls, node, error);
}

struct http_tls *http_tls_open(const struct config *node, struct error *error)
{
	struct http_tls *tls = calloc(1, sizeof *tls);
	if (!tls) {
		(void)config_error(node, error, "out of memory");
		return NULL;
	}
	arena_init(&tls->arena, PATHS_MAX);
	random_bytes(tls->session_context, sizeof tls->session_context);
	if (read_settings(tls, node, error))
		return tls;
	http_tls_close(tls);
	return NULL;
}

void http_tls_close(struct http_tls *tls)
{
	if (!tls)
		return;
	arena_finish(&tls->arena);
	free(tls);
}

bool http_tls_established(const SSL *ssl)
{
	return ssl && SSL_is_init_finished(ssl) == 1;
}

slice http_tls_peer_certificate(const SSL *ssl, struct arena *arena)
{
	slice der = { NULL, 0 };
	X509 *certificate = SSL_get1_peer_certificate(ssl);
	if (certificate && SSL_get_verify_result(ssl) == X509_V_OK) {
		int n = i2d_X509(certificate, NULL);
		unsigned char *bytes = n > 0 ? arena_alloc_raw(arena, (size_t)n) : NULL;
		if (bytes) {
			der = (slice){ (char *)bytes, (size_t)n };
			(void)i2d_X509(certificate, &bytes);
		}
	}
	X509_free(certificate);
	return der;
}

void http_tls_goodbye(SSL *ssl)
{
	(void)SSL_shutdown(ssl);
	ERR_clear_error();
}
