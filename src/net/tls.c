/* What a side brings to a handshake.
 *
 * SESSION TICKETS make a client's return cheap: 65 µs instead of 6 ms for two certificates, which matters when a
 * link comes back and a thousand devices with it. A ticket carries the client's certificate, so it is as much
 * known as before. It does not carry a PSK identity; sessions that a pre-shared key opened get none, and need
 * none: their handshakes are cheap.
 *
 * AN UNKNOWN PSK IDENTITY is answered as one with a wrong key is (RFC 4279 section 2 leaves it open): the
 * handshake goes on with a random key and fails at its end. So nobody learns which identities there are.
 *
 * A certificate that does not verify ends the handshake where certificates are optional, too: who shows one
 * means to be somebody. (Mbed TLS alone would go on, and leave it to a look at the result.) */
#include "net/tls_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include <mbedtls/error.h>
#include <mbedtls/version.h>

#include "base/random.h"

enum { TICKET_SECONDS = 4 * 3600, HANDSHAKE_STEP_MIN_MS = 1000, HANDSHAKE_STEP_MAX_MS = 16000 };

/* RFC 7925 section 4.2 has devices speak CCM_8; the rest is what the world uses. */
#define SUITES_CERTIFICATE                                                                         \
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,                                           \
	        MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,                                     \
	        MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,                             \
	        MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,                               \
	        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,                                   \
	        MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,                                     \
	        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM,                                          \
	        MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8
#define SUITES_PSK                                                                                 \
	MBEDTLS_TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256,                                       \
	        MBEDTLS_TLS_PSK_WITH_AES_128_GCM_SHA256,                                           \
	        MBEDTLS_TLS_PSK_WITH_CHACHA20_POLY1305_SHA256,                                     \
	        MBEDTLS_TLS_PSK_WITH_AES_256_GCM_SHA384, MBEDTLS_TLS_PSK_WITH_AES_128_CCM,         \
	        MBEDTLS_TLS_PSK_WITH_AES_128_CCM_8

static const int suites_certificate[] = { SUITES_CERTIFICATE, 0 };
static const int suites_psk[] = { SUITES_PSK, 0 };
static const int suites_both[] = { SUITES_PSK, SUITES_CERTIFICATE, 0 };

int tls_random(void *unused, unsigned char *bytes, size_t n)
{
	(void)unused;
	random_bytes(bytes, n);
	return 0;
}

const char *tls_error_text(int error, char *text, size_t size)
{
	mbedtls_strerror(error, text, size);
	return text;
}

/* ---- What the two generations call differently */

#if MBEDTLS_VERSION_MAJOR >= 3
static void set_versions_and_groups(mbedtls_ssl_config *config)
{
	static const uint16_t groups[] = { MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
		MBEDTLS_SSL_IANA_TLS_GROUP_X25519, MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
		MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1, 0 };
	mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
	mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
	mbedtls_ssl_conf_groups(config, groups);
}

static int read_key(mbedtls_pk_context *key, const char *path)
{
	return mbedtls_pk_parse_keyfile(key, path, NULL, tls_random, NULL);
}

static int check_pair(const mbedtls_pk_context *public, const mbedtls_pk_context *private)
{
	return mbedtls_pk_check_pair(public, private, tls_random, NULL);
}
#else
/* The cheapest group first: the order of the library's own is the costliest first, and a client that knows
 * P-521 would make us calculate with it. */
static void set_versions_and_groups(mbedtls_ssl_config *config)
{
	static const mbedtls_ecp_group_id groups[] = { MBEDTLS_ECP_DP_SECP256R1,
		MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP384R1, MBEDTLS_ECP_DP_SECP521R1,
		MBEDTLS_ECP_DP_NONE };
	mbedtls_ssl_conf_min_version(
	        config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_max_version(
	        config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_curves(config, groups);
}

static int read_key(mbedtls_pk_context *key, const char *path)
{
	return mbedtls_pk_parse_keyfile(key, path, NULL);
}

static int check_pair(const mbedtls_pk_context *public, const mbedtls_pk_context *private)
{
	return mbedtls_pk_check_pair(public, private);
}
#endif

/* ---- Callbacks during a handshake */

static const char *complaint(uint32_t flags)
{
	if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
		return "its certificate is signed by nobody who is trusted here";
	if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH)
		return "its certificate is for another name";
	if (flags & (MBEDTLS_X509_BADCERT_REVOKED))
		return "its certificate is revoked";
	if (flags & MBEDTLS_X509_BADCERT_EXPIRED)
		return "its certificate has expired";
	if (flags & MBEDTLS_X509_BADCERT_FUTURE)
		return "its certificate is not valid yet";
	return "its certificate is not acceptable";
}

/* Not zero ends the handshake, also where a certificate is optional. */
static int verify(void *arg, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
	struct tls *tls = arg;
	(void)certificate;
	(void)depth;
	if (*flags)
		tls->complaint = complaint(*flags);
	return *flags ? MBEDTLS_ERR_X509_CERT_VERIFY_FAILED : 0;
}

static int find_key(
        void *arg, mbedtls_ssl_context *context, const unsigned char *identity, size_t n)
{
	struct tls *tls = arg;
	unsigned char nobodys[TLS_KEY_MAX_BYTES];
	slice name = { (const char *)identity, n }, key = { NULL, 0 };
	bool known = tls->psk && tls->identity && n && n <= sizeof tls->identity->bytes &&
	             tls->psk(tls->arg, name, &key);
	if (!known) {
		random_bytes(nobodys, sizeof nobodys);
		key = (slice){ (const char *)nobodys, sizeof nobodys };
	}
	int error = mbedtls_ssl_set_hs_psk(context, (const unsigned char *)key.p, key.n);
	if (!error && known) {
		memcpy(tls->identity->bytes, identity, n);
		tls->identity->n = n;
		tls->identity->mark = random_keyed_hash(key.p, key.n);
	}
	return error;
}

static int write_ticket(void *arg, const mbedtls_ssl_session *session, unsigned char *start,
        const unsigned char *end, size_t *n, uint32_t *lifetime)
{
	struct tls *tls = arg;
	if (!tls->identity || tls->identity->n)
		return MBEDTLS_ERR_SSL_FEATURE_UNAVAILABLE; /* none is sent */
	return mbedtls_ssl_ticket_write(&tls->tickets, session, start, end, n, lifetime);
}

static int read_ticket(void *arg, mbedtls_ssl_session *session, unsigned char *bytes, size_t n)
{
	struct tls *tls = arg;
	return mbedtls_ssl_ticket_parse(&tls->tickets, session, bytes, n);
}

int tls_handshake(struct tls *tls, mbedtls_ssl_context *context, struct tls_identity *identity)
{
	tls->identity = identity;
	tls->complaint = NULL;
	int result = mbedtls_ssl_handshake(context);
	tls->identity = NULL;
	return result;
}

const char *tls_failure_text(struct tls *tls, int error)
{
	const char *text = tls->complaint;
	tls->complaint = NULL;
	if (text)
		return text;
	return error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE ? "it refused the TLS handshake"
	                                                    : "the TLS handshake failed";
}

void tls_say_why(mbedtls_ssl_context *context, int error)
{
	if (error == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE)
		(void)mbedtls_ssl_send_alert_message(context, MBEDTLS_SSL_ALERT_LEVEL_FATAL,
		        MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE);
}

slice tls_peer_certificate(const mbedtls_ssl_context *context)
{
	const mbedtls_x509_crt *certificate = mbedtls_ssl_get_peer_cert(context);
	if (!certificate || mbedtls_ssl_get_verify_result(context) != 0)
		return (slice){ NULL, 0 };
	return (slice){ (const char *)certificate->raw.p, certificate->raw.len };
}

/* ---- Opening and closing */

static bool fail(struct tls_fault *fault, enum tls_file file, const char *path, int error)
{
	char why[100];
	fault->file = file;
	(void)snprintf(fault->text, sizeof fault->text, "%s%s%s", path ? path : "",
	        path ? ": " : "", tls_error_text(error, why, sizeof why));
	return false;
}

static bool load_certificate(
        struct tls *tls, const struct tls_options *options, struct tls_fault *fault)
{
	/* Positive: so many certificates of the file could not be read. */
	int error = mbedtls_x509_crt_parse_file(&tls->certificate, options->certificate);
	if (error)
		return fail(fault, TLS_FILE_CERTIFICATE, options->certificate,
		        error > 0 ? MBEDTLS_ERR_X509_INVALID_FORMAT : error);
	error = read_key(&tls->key, options->key);
	if (error)
		return fail(fault, TLS_FILE_KEY, options->key, error);
	if (check_pair(&tls->certificate.pk, &tls->key) != 0) {
		fault->file = TLS_FILE_KEY;
		(void)snprintf(fault->text, sizeof fault->text,
		        "%s is not the key of the certificate", options->key);
		return false;
	}
	error = mbedtls_ssl_conf_own_cert(&tls->config, &tls->certificate, &tls->key);
	return error ? fail(fault, TLS_FILE_CERTIFICATE, options->certificate, error) : true;
}

static bool load_authorities(
        struct tls *tls, const struct tls_options *options, struct tls_fault *fault)
{
	int error = mbedtls_x509_crt_parse_file(&tls->authorities, options->authorities);
	if (error > 0 && options->skip_unreadable_authorities && tls->authorities.version)
		error = 0;
	if (error)
		return fail(fault, TLS_FILE_AUTHORITIES, options->authorities,
		        error > 0 ? MBEDTLS_ERR_X509_INVALID_FORMAT : error);
	mbedtls_ssl_conf_ca_chain(&tls->config, &tls->authorities, NULL);
	return true;
}

static bool configure_server(
        struct tls *tls, const struct tls_options *options, struct tls_fault *fault)
{
	mbedtls_ssl_config *config = &tls->config;
	static const int modes[] = { [TLS_ASK_NONE] = MBEDTLS_SSL_VERIFY_NONE,
		[TLS_ASK_OPTIONAL] = MBEDTLS_SSL_VERIFY_OPTIONAL,
		[TLS_ASK_REQUIRED] = MBEDTLS_SSL_VERIFY_REQUIRED };
	mbedtls_ssl_conf_authmode(config, modes[options->ask]);
	int error = 0;
	if (options->psk) {
		tls->psk = options->psk;
		tls->arg = options->arg;
		mbedtls_ssl_conf_psk_cb(config, find_key, tls);
	}
	if (options->transport == TLS_STREAM) {
		error = mbedtls_ssl_ticket_setup(&tls->tickets, tls_random, NULL,
		        MBEDTLS_CIPHER_AES_256_GCM, TICKET_SECONDS);
		mbedtls_ssl_conf_session_tickets_cb(config, write_ticket, read_ticket, tls);
	} else {
		error = mbedtls_ssl_cookie_setup(&tls->cookies, tls_random, NULL);
		mbedtls_ssl_conf_dtls_cookies(
		        config, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check, &tls->cookies);
	}
	return error ? fail(fault, TLS_FILE_NONE, NULL, error) : true;
}

static bool configure_client(
        struct tls *tls, const struct tls_options *options, struct tls_fault *fault)
{
	mbedtls_ssl_conf_authmode(&tls->config, MBEDTLS_SSL_VERIFY_REQUIRED);
	if (!options->psk_key.p)
		return true;
	int error = mbedtls_ssl_conf_psk(&tls->config, (const unsigned char *)options->psk_key.p,
	        options->psk_key.n, (const unsigned char *)options->psk_identity.p,
	        options->psk_identity.n);
	return error ? fail(fault, TLS_FILE_NONE, NULL, error) : true;
}

static const int *suites(const struct tls *tls, const struct tls_options *options)
{
	bool psk = options->psk || options->psk_key.p;
	bool certificates =
	        tls->is_client ? options->authorities != NULL : options->certificate != NULL;
	if (psk)
		return certificates ? suites_both : suites_psk;
	return suites_certificate;
}

static bool configure(struct tls *tls, const struct tls_options *options, struct tls_fault *fault)
{
	mbedtls_ssl_config *config = &tls->config;
	int error = mbedtls_ssl_config_defaults(config,
	        tls->is_client ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER,
	        options->transport == TLS_STREAM ? MBEDTLS_SSL_TRANSPORT_STREAM
	                                         : MBEDTLS_SSL_TRANSPORT_DATAGRAM,
	        MBEDTLS_SSL_PRESET_DEFAULT);
	if (error)
		return fail(fault, TLS_FILE_NONE, NULL, error);
	mbedtls_ssl_conf_rng(config, tls_random, NULL);
	set_versions_and_groups(config);
	mbedtls_ssl_conf_ciphersuites(config, suites(tls, options));
	mbedtls_ssl_conf_renegotiation(config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
	mbedtls_ssl_conf_verify(config, verify, tls);
	mbedtls_ssl_conf_handshake_timeout(config, HANDSHAKE_STEP_MIN_MS, HANDSHAKE_STEP_MAX_MS);
	if (options->protocols)
		error = mbedtls_ssl_conf_alpn_protocols(config, options->protocols);
	if (error)
		return fail(fault, TLS_FILE_NONE, NULL, error);
	if (options->certificate && !load_certificate(tls, options, fault))
		return false;
	if (options->authorities && !load_authorities(tls, options, fault))
		return false;
	return tls->is_client ? configure_client(tls, options, fault)
	                      : configure_server(tls, options, fault);
}

static struct tls *open_side(
        const struct tls_options *options, bool is_client, struct tls_fault *fault)
{
	struct tls *tls = calloc(1, sizeof *tls);
	*fault = (struct tls_fault){ .text = "out of memory" };
	if (!tls)
		return NULL;
	tls->users = 1;
	tls->is_client = is_client;
	mbedtls_ssl_config_init(&tls->config);
	mbedtls_x509_crt_init(&tls->certificate);
	mbedtls_x509_crt_init(&tls->authorities);
	mbedtls_pk_init(&tls->key);
	mbedtls_ssl_ticket_init(&tls->tickets);
	mbedtls_ssl_cookie_init(&tls->cookies);
	if (configure(tls, options, fault))
		return tls;
	tls_leave(tls);
	return NULL;
}

struct tls *tls_server_open(const struct tls_options *options, struct tls_fault *fault)
{
	return open_side(options, false, fault);
}

struct tls *tls_client_open(const struct tls_options *options, struct tls_fault *fault)
{
	return open_side(options, true, fault);
}

struct tls *tls_join(struct tls *tls)
{
	tls->users++;
	return tls;
}

void tls_leave(struct tls *tls)
{
	if (--tls->users)
		return;
	mbedtls_ssl_config_free(&tls->config);
	mbedtls_x509_crt_free(&tls->certificate);
	mbedtls_x509_crt_free(&tls->authorities);
	mbedtls_pk_free(&tls->key);
	mbedtls_ssl_ticket_free(&tls->tickets);
	mbedtls_ssl_cookie_free(&tls->cookies);
	free(tls);
}

void tls_close(struct tls *tls)
{
	if (!tls)
		return;
	tls->psk = NULL;
	tls_leave(tls);
}
