/* WHY OPENSSL ITSELF, and not libcoap's sessions: there the DTLS session, the message layer and the parser are one
 * piece. backend/coap.c says why the message layer is ours; a record layer of its own is all that is left, and OpenSSL
 * is linked by libwebsockets and libcoap in any case. Mbed TLS, which connections have (coaps+tcp, net/tls.h), gets no
 * patches in Debian 12 and cannot hold an address against a certificate there; devices mostly have nothing else.
 *
 * WHAT IS BELIEVED. With a pre-shared key: whoever has it. With certificates: one that `ca` has signed, that is in
 * force, and that is for the target's host (or `server_name`); there is no way to leave that out. Never both: a
 * device that could choose would choose the weaker one.
 *
 * CCM_8, with its 64-bit tag, is what RFC 7252 section 9.1.3 demands of every device, so it is offered, after all
 * stronger ones. OpenSSL counts it below its default security level; with a pre-shared key there is nothing else
 * that the level would weaken, with certificates level 1 still refuses keys below 80 bits. */
#include "backend/coap_dtls.h"

#include "base/log.h"
#include "net/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>

enum {
	SECRETS_BYTES = 64 * 1024,
	LINK_MTU_BYTES =
	        1280, /* every IPv6 link carries that; the largest block and its options fit */
	IDENTITY_MAX = 127,
	PSK_MIN = 4,
	PSK_MAX = 256
};

#define CIPHERS_PSK                                                                                \
	"ECDHE-PSK-CHACHA20-POLY1305:PSK-AES256-GCM-SHA384:PSK-AES128-GCM-SHA256:PSK-AES128-CCM:"  \
	"PSK-AES128-CCM8:@SECLEVEL=0"
#define CIPHERS_CERTIFICATE                                                                        \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-"        \
	"POLY1305:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-"     \
	"CCM:ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=1"

struct coap_security {
	SSL_CTX *dtls;
	struct tls *tls;    /* for connections, or NULL */
	struct arena arena; /* of the texts below */
	slice identity, psk, server_name;
};

struct coap_session {
	SSL *ssl;
};

/* ---- Settings */

static unsigned give_psk(SSL *ssl, const char *hint, char *identity, unsigned identity_size,
        unsigned char *psk, unsigned psk_size)
{
	(void)hint;
	const struct coap_security *security = SSL_get_app_data(ssl);
	if (security->identity.n >= identity_size || security->psk.n > psk_size)
		return 0;
	memcpy(identity, security->identity.p, security->identity.n);
	identity[security->identity.n] = '\0';
	memcpy(psk, security->psk.p, security->psk.n);
	return (unsigned)security->psk.n;
}

static bool load_psk(
        struct coap_security *security, const struct config *config, struct error *error)
{
	if (!config_secret(&security->arena, config, "psk", &security->psk, error))
		return false;
	if (security->psk.n < PSK_MIN || security->psk.n > PSK_MAX)
		return config_error(config_get(config, "psk"), error,
		        "psk: a key has %d to %d bytes", PSK_MIN, PSK_MAX);
	if (!security->identity.n || security->identity.n > IDENTITY_MAX)
		return config_error(config, error,
		        "psk needs an identity of at most %d bytes, by which the device finds the "
		        "key",
		        IDENTITY_MAX);
	SSL_CTX_set_psk_client_callback(security->dtls, give_psk);
	return SSL_CTX_set_cipher_list(security->dtls, CIPHERS_PSK) == 1 ||
	       error_set(error, "this OpenSSL has no ciphers for pre-shared keys");
}

static bool load_certificates(
        struct coap_security *security, const struct config *config, struct error *error)
{
	struct arena paths;
	arena_init(&paths, SECRETS_BYTES);
	slice ca = config_file_path(&paths, config, "ca");
	slice certificate = config_file_path(&paths, config, "certificate");
	slice key = config_file_path(&paths, config, "key");
	bool good = false;
	if (!ca.n)
		(void)config_error(config, error,
		        "certificates need ca: who has to have signed that of a device");
	else if (SSL_CTX_load_verify_locations(security->dtls, ca.p, NULL) != 1)
		(void)config_error(
		        config_get(config, "ca"), error, "ca: no certificates in PEM form");
	else if (!certificate.n != !key.n)
		(void)config_error(config, error, "certificate and key go together");
	else if (certificate.n &&
	         SSL_CTX_use_certificate_chain_file(security->dtls, certificate.p) != 1)
		(void)config_error(config_get(config, "certificate"), error,
		        "certificate: no certificate in PEM form");
	else if (key.n &&
	         (SSL_CTX_use_PrivateKey_file(security->dtls, key.p, SSL_FILETYPE_PEM) != 1 ||
	                 SSL_CTX_check_private_key(security->dtls) != 1))
		(void)config_error(config_get(config, "key"), error,
		        "key: no private key in PEM form that belongs to the certificate");
	else
		good = true;
	arena_finish(&paths);
	SSL_CTX_set_verify(security->dtls, SSL_VERIFY_PEER, NULL);
	return good && SSL_CTX_set_cipher_list(security->dtls, CIPHERS_CERTIFICATE) == 1;
}

static bool load(struct coap_security *security, const struct config *config, struct error *error)
{
	struct arena *arena = &security->arena;
	security->dtls = SSL_CTX_new(DTLS_client_method());
	if (!security->dtls || SSL_CTX_set_min_proto_version(security->dtls, DTLS1_2_VERSION) != 1)
		return error_set(error, "out of memory");
	SSL_CTX_set_options(security->dtls, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION);
	security->identity = arena_copy_slice(arena, config_text(config, "identity"));
	security->server_name = arena_copy_slice(arena, config_text(config, "server_name"));
	bool with_psk = config_get(config, "psk") || config_get(config, "identity");
	bool with_certificates = config_get(config, "ca") || config_get(config, "certificate") ||
	                         config_get(config, "key");
	if (with_psk && with_certificates)
		return config_error(
		        config, error, "either identity and psk, or ca, certificate and key");
	return with_psk ? load_psk(security, config, error)
	                : load_certificates(security, config, error);
}

static bool is_said(const struct config *config)
{
	static const char *const keys[] = { "identity", "psk", "certificate", "key", "ca",
		"server_name" };
	for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (config_get(config, keys[i]))
			return true;
	}
	return false;
}

bool coap_security_open(
        const struct config *config, struct coap_security **security, struct error *error)
{
	*security = NULL;
	if (!is_said(config))
		return true;
	struct coap_security *own = calloc(1, sizeof *own);
	if (!own)
		return error_set(error, "out of memory");
	arena_init(&own->arena, SECRETS_BYTES);
	ERR_clear_error();
	bool good = load(own, config, error);
	ERR_clear_error();
	if (good)
		*security = own;
	else
		coap_security_close(own);
	return good;
}

void coap_security_close(struct coap_security *security)
{
	if (!security)
		return;
	SSL_CTX_free(security->dtls);
	tls_close(security->tls);
	if (security->psk.n)
		OPENSSL_cleanse((char *)(uintptr_t)security->psk.p, security->psk.n);
	arena_finish(&security->arena);
	free(security);
}

const char *coap_security_name(const struct coap_security *security, const char *host)
{
	return security->server_name.n ? security->server_name.p : host;
}

bool coap_security_open_tls(
        struct coap_security *security, const struct config *config, struct error *error)
{
	static const char *protocols[] = { "coap", NULL }; /* RFC 8323 section 8.2 */
	struct arena paths;
	struct tls_fault fault;
	if (security->psk.n > TLS_KEY_MAX_BYTES)
		return config_error(config_get(config, "psk"), error,
		        "psk: over TLS a key has at most %d bytes", TLS_KEY_MAX_BYTES);
	arena_init(&paths, SECRETS_BYTES);
	const struct tls_options options = {
		.transport = TLS_STREAM,
		.certificate = config_file_path(&paths, config, "certificate").p,
		.key = config_file_path(&paths, config, "key").p,
		.authorities = config_file_path(&paths, config, "ca").p,
		.psk_identity = security->identity,
		.psk_key = security->psk,
		.protocols = protocols,
	};
	if (!security->tls)
		security->tls = tls_client_open(&options, &fault);
	arena_finish(&paths);
	return security->tls || config_error(config, error, "%s", fault.text);
}

struct tls *coap_security_tls(const struct coap_security *security)
{
	return security->tls;
}

/* ---- A session */

static bool is_address(const char *host)
{
	struct in6_addr address;
	return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

static bool expect_name(SSL *ssl, const char *name)
{
	if (is_address(name))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
	return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

/* It writes with send(), to the peer that the socket is connected to. */
static bool attach(SSL *ssl, int fd)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof peer;
	BIO *bio = BIO_new_dgram(fd, BIO_NOCLOSE);
	if (!bio)
		return false;
	SSL_set_bio(ssl, bio, bio);
	if (getpeername(fd, (struct sockaddr *)&peer, &size) != 0)
		return false;
	BIO_ADDR *address = BIO_ADDR_new();
	bool good = false;
	if (address && peer.ss_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)&peer;
		good = BIO_ADDR_rawmake(
		        address, AF_INET, &in->sin_addr, sizeof in->sin_addr, in->sin_port);
	} else if (address) {
		const struct sockaddr_in6 *in = (const void *)&peer;
		good = BIO_ADDR_rawmake(
		        address, AF_INET6, &in->sin6_addr, sizeof in->sin6_addr, in->sin6_port);
	}
	if (good)
		(void)BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, address);
	BIO_ADDR_free(address);
	return good;
}

struct coap_session *coap_session_open(
        const struct coap_security *security, int fd, const char *host)
{
	struct coap_session *session = calloc(1, sizeof *session);
	if (!session)
		return NULL;
	ERR_clear_error();
	session->ssl = SSL_new(security->dtls);
	const char *name = coap_security_name(security, host);
	if (!session->ssl || !attach(session->ssl, fd) || !expect_name(session->ssl, name)) {
		SSL_free(session->ssl);
		free(session);
		return NULL;
	}
	SSL_set_app_data(session->ssl, (void *)(uintptr_t)security);
	(void)DTLS_set_link_mtu(session->ssl, LINK_MTU_BYTES);
	SSL_set_connect_state(session->ssl);
	return session;
}

void coap_session_close(struct coap_session *session)
{
	if (!session)
		return;
	ERR_clear_error();
	if (SSL_is_init_finished(session->ssl))
		(void)SSL_shutdown(session->ssl);
	SSL_free(session->ssl);
	ERR_clear_error();
	free(session);
}

static const char *why_refused(SSL *ssl)
{
	long verified = SSL_get_verify_result(ssl);
	if (verified != X509_V_OK) {
		log_warning("coap", "a device's certificate is not believed: %s",
		        X509_verify_cert_error_string(verified));
		return "the device's certificate is not accepted";
	}
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	log_warning("coap", "no secure session with a device: %s", reason ? reason : "refused");
	return "the device and the gateway could not agree on a secure session";
}

/* After a call that did not succeed. */
static enum coap_session_step step_of(
        struct coap_session *session, int result, int errno_value, const char **why)
{
	bool shaking = !SSL_is_init_finished(session->ssl);
	switch (SSL_get_error(session->ssl, result)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return COAP_SESSION_WAIT;
	case SSL_ERROR_ZERO_RETURN:
		break;
	case SSL_ERROR_SYSCALL:
		if (errno_value != 0)
			return COAP_SESSION_UNREACHABLE;
		break;
	default:
		break;
	}
	if (!shaking)
		return COAP_SESSION_ENDED;
	*why = why_refused(session->ssl);
	return COAP_SESSION_REFUSED;
}

enum coap_session_step coap_session_shake(
        struct coap_session *session, bool time_over, const char **why)
{
	ERR_clear_error();
	errno = 0;
	if (time_over && DTLSv1_handle_timeout(session->ssl) < 0)
		return errno ? COAP_SESSION_UNREACHABLE : COAP_SESSION_WAIT;
	int result = SSL_do_handshake(session->ssl);
	int errno_value = errno;
	enum coap_session_step step =
	        result == 1 ? COAP_SESSION_OPEN : step_of(session, result, errno_value, why);
	ERR_clear_error();
	return step;
}

uint64_t coap_session_wait_ms(struct coap_session *session)
{
	struct timeval left;
	if (SSL_is_init_finished(session->ssl) || !DTLSv1_get_timeout(session->ssl, &left))
		return 0;
	return (uint64_t)left.tv_sec * 1000 + (uint64_t)left.tv_usec / 1000 + 1;
}

enum coap_session_step coap_session_read(
        struct coap_session *session, char *buffer, size_t size, size_t *n)
{
	const char *why = NULL;
	ERR_clear_error();
	errno = 0;
	int result = SSL_read_ex(session->ssl, buffer, size, n);
	int errno_value = errno;
	enum coap_session_step step =
	        result == 1 ? COAP_SESSION_DATA : step_of(session, result, errno_value, &why);
	ERR_clear_error();
	return step;
}

bool coap_session_write(struct coap_session *session, slice message)
{
	size_t n = 0;
	ERR_clear_error();
	errno = 0;
	bool good = SSL_write_ex(session->ssl, message.p, message.n, &n) == 1;
	int errno_value = errno;
	ERR_clear_error();
	errno = errno_value;
	return good;
}
