/* What a side brings to a handshake.
 *
 * SESSION TICKETS make a client's return cheap: 65 µs instead of 6 ms for two certificates, which matters when a
 * link comes back and a thousand devices with it. A ticket carries the client's certificate, so it is as much
 * known as before, and as much judged: when its date is past or it is revoked the ticket counts for nothing, and the full
 * handshake says why. It does not carry the chain, so a certificate that an intermediate has signed gets none, unless
 * the intermediate is in client_ca. It does not carry a PSK identity either; sessions that a pre-shared key opened get
 * none, and need none: their handshakes are cheap. The keys of tickets are the library's: each is used for TICKET_SECONDS to write
 * and as long again to read.
 *
 * THE FILES CAN BE READ AGAIN while connections go on (tls_renew()). A side is what stays: its options, ticket and cookie keys. What
 * the files hold is its material, and each connection keeps the one that it began with, since Mbed TLS points into it.
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
#if MBEDTLS_VERSION_MAJOR >= 3
#include <psa/crypto.h>
#endif

#include "base/random.h"
#include "net/tls_trust_internal.h"

enum {
	TICKET_SECONDS = 4 * 3600,
	HANDSHAKE_STEP_MIN_MS = 1000,
	HANDSHAKE_STEP_MAX_MS = 16000,
	TEXTS_MAX_BYTES = 256 * 1024
};

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

#if MBEDTLS_VERSION_MAJOR >= 3
#define SUITES_13                                                                                  \
	MBEDTLS_TLS1_3_AES_128_GCM_SHA256, MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,                \
	        MBEDTLS_TLS1_3_AES_256_GCM_SHA384
static const int suites_modern[] = { SUITES_13, SUITES_CERTIFICATE, 0 };
#else
static const int suites_modern[] = { SUITES_CERTIFICATE, 0 };
#endif
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
static bool prepare_library(void)
{
	return psa_crypto_init() == PSA_SUCCESS; /* again: nothing */
}

bool tls_is_news(int result)
{
	return result == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET;
}

static void set_versions_and_groups(mbedtls_ssl_config *config, bool modern)
{
	static const uint16_t groups[] = { MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
		MBEDTLS_SSL_IANA_TLS_GROUP_X25519, MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
		MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1, 0 };
	mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
	mbedtls_ssl_conf_max_tls_version(
	        config, modern ? MBEDTLS_SSL_VERSION_TLS1_3 : MBEDTLS_SSL_VERSION_TLS1_2);
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
static bool prepare_library(void)
{
	return true;
}

bool tls_is_news(int result)
{
	(void)result;
	return false;
}

/* The cheapest group first: the order of the library's own is the costliest first, and a client that knows
 * P-521 would make us calculate with it. */
static void set_versions_and_groups(mbedtls_ssl_config *config, bool modern)
{
	(void)modern;
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

/* Of a server that is called. */
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

/* From the authority down to the peer's own. Not zero ends the handshake, also where a certificate is optional. */
static int verify(void *arg, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
	struct tls *tls = arg;
	if (tls->is_client) {
		if (*flags)
			tls->complaint = complaint(*flags);
		return *flags ? MBEDTLS_ERR_X509_CERT_VERIFY_FAILED : 0;
	}
	bool good = tls->peer && tls_trust_add(tls->now->trust, &tls->peer->proof, tls->issuer,
	                                 certificate, *flags, depth == 0, tls->why);
	tls->issuer = certificate;
	return good ? 0 : MBEDTLS_ERR_X509_CERT_VERIFY_FAILED;
}

static int find_key(
        void *arg, mbedtls_ssl_context *context, const unsigned char *identity, size_t n)
{
	struct tls *tls = arg;
	struct tls_peer *peer = tls->peer;
	unsigned char nobodys[TLS_KEY_MAX_BYTES];
	slice name = { (const char *)identity, n }, key = { NULL, 0 };
	bool known = tls->psk && peer && n && n <= sizeof peer->bytes &&
	             tls->psk(tls->options.arg, name, &key);
	if (!known) {
		random_bytes(nobodys, sizeof nobodys);
		key = (slice){ (const char *)nobodys, sizeof nobodys };
	}
	int error = mbedtls_ssl_set_hs_psk(context, (const unsigned char *)key.p, key.n);
	if (!error && known) {
		memcpy(peer->bytes, identity, n);
		peer->n = n;
		peer->mark = random_keyed_hash(key.p, key.n);
	}
	return error;
}

static int write_ticket(void *arg, const mbedtls_ssl_session *session, unsigned char *start,
        const unsigned char *end, size_t *n, uint32_t *lifetime)
{
	struct tls *tls = arg;
	if (!tls->peer || tls->peer->n || tls->peer->proof.n > 1)
		return MBEDTLS_ERR_SSL_FEATURE_UNAVAILABLE; /* none is sent */
	return mbedtls_ssl_ticket_write(&tls->tickets, session, start, end, n, lifetime);
}

static int read_ticket(void *arg, mbedtls_ssl_session *session, unsigned char *bytes, size_t n)
{
	struct tls *tls = arg;
	int error = mbedtls_ssl_ticket_parse(&tls->tickets, session, bytes, n);
	const mbedtls_x509_crt *certificate = session->MBEDTLS_PRIVATE(peer_cert);
	if (error || !certificate)
		return error;
	bool good = tls->peer && tls->now->trust &&
	            tls_trust_take_alone(tls->now->trust, certificate, &tls->peer->proof);
	return good ? 0 : MBEDTLS_ERR_SSL_SESSION_TICKET_EXPIRED;
}

int tls_handshake(struct tls *tls, mbedtls_ssl_context *context, struct tls_peer *peer)
{
	tls->peer = peer;
	tls->issuer = NULL;
	tls->why[0] = '\0';
	tls->complaint = NULL;
	int result = mbedtls_ssl_handshake(context);
	tls->peer = NULL;
	/* It may have been shown before the files were read again, and the handshake was long. */
	if (!result && !tls->is_client) {
		const char *why = tls_doubts(tls, peer);
		(void)snprintf(tls->why, sizeof tls->why, "%s", why ? why : "");
		return why ? MBEDTLS_ERR_X509_CERT_VERIFY_FAILED : 0;
	}
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

const char *tls_failure(struct tls *tls, int error)
{
	/* What verify() returns becomes the first of these. */
	bool judged = error == MBEDTLS_ERR_X509_FATAL_ERROR ||
	              error == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED;
	if (judged && tls->why[0])
		return tls->why;
	if (error == MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE)
		return "it has shown no certificate";
	if (error == MBEDTLS_ERR_SSL_TIMEOUT)
		return "the handshake took too long";
	return tls_error_text(error, tls->why, sizeof tls->why);
}

const char *tls_doubts(const struct tls *tls, const struct tls_peer *peer)
{
	return tls->now->trust ? tls_trust_doubts(tls->now->trust, &peer->proof) : NULL;
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

static bool load_own(
        struct tls_own *own, const char *certificate, const char *key, struct tls_fault *fault)
{
	/* Positive: so many certificates of the file could not be read. */
	int error = mbedtls_x509_crt_parse_file(&own->certificate, certificate);
	if (error)
		return fail(fault, TLS_FILE_CERTIFICATE, certificate,
		        error > 0 ? MBEDTLS_ERR_X509_INVALID_FORMAT : error);
	error = read_key(&own->key, key);
	if (error)
		return fail(fault, TLS_FILE_KEY, key, error);
	if (check_pair(&own->certificate.pk, &own->key) == 0)
		return true;
	fault->file = TLS_FILE_KEY;
	(void)snprintf(
	        fault->text, sizeof fault->text, "%s is not the key of the certificate", key);
	return false;
}

static void init_own(struct tls_own *own)
{
	mbedtls_x509_crt_init(&own->certificate);
	mbedtls_pk_init(&own->key);
}

static void finish_own(struct tls_own *own)
{
	mbedtls_x509_crt_free(&own->certificate);
	mbedtls_pk_free(&own->key);
}

static bool load_certificate(
        struct tls_material *material, const struct tls_options *options, struct tls_fault *fault)
{
	struct tls_own *own = &material->own;
	if (!load_own(own, options->certificate, options->key, fault))
		return false;
	int error = mbedtls_ssl_conf_own_cert(&material->config, &own->certificate, &own->key);
	return error ? fail(fault, TLS_FILE_CERTIFICATE, options->certificate, error) : true;
}

/* By the name that the client says. An unknown one gets the certificate for all: that is for the client to judge. */
static int choose(void *arg, mbedtls_ssl_context *context, const unsigned char *name, size_t n)
{
	struct tls_material *material = arg;
	const struct tls_options *options = material->options;
	const struct tls_named *named =
	        tls_named_find(options->named, options->nnamed, (slice){ (const char *)name, n });
	if (!named)
		return 0;
	struct tls_own *own = &material->named[named - options->named];
	return mbedtls_ssl_set_hs_own_cert(context, &own->certificate, &own->key);
}

static bool load_named(
        struct tls_material *material, const struct tls_options *options, struct tls_fault *fault)
{
	material->named = calloc(options->nnamed, sizeof *material->named);
	if (!material->named)
		return fail(fault, TLS_FILE_NONE, NULL, MBEDTLS_ERR_SSL_ALLOC_FAILED);
	for (unsigned i = 0; i < options->nnamed; i++)
		init_own(&material->named[i]);
	mbedtls_ssl_conf_sni(&material->config, choose, material);
	bool all = true;
	for (unsigned i = 0; i < options->nnamed && all; i++)
		all = load_own(&material->named[i], options->named[i].certificate,
		        options->named[i].key, fault);
	return all;
}

/* Whose certificates a client believes. */
static bool load_authorities(
        struct tls_material *material, const struct tls_options *options, struct tls_fault *fault)
{
	int error = mbedtls_x509_crt_parse_file(&material->authorities, options->authorities);
	if (error > 0 && options->skip_unreadable_authorities && material->authorities.version)
		error = 0;
	if (error)
		return fail(fault, TLS_FILE_AUTHORITIES, options->authorities,
		        error > 0 ? MBEDTLS_ERR_X509_INVALID_FORMAT : error);
	mbedtls_ssl_conf_ca_chain(&material->config, &material->authorities, NULL);
	return true;
}

static bool configure_server(
        struct tls *tls, struct tls_material *material, struct tls_fault *fault)
{
	const struct tls_options *options = &tls->options;
	mbedtls_ssl_config *config = &material->config;
	static const int modes[] = { [TLS_ASK_NONE] = MBEDTLS_SSL_VERIFY_NONE,
		[TLS_ASK_OPTIONAL] = MBEDTLS_SSL_VERIFY_OPTIONAL,
		[TLS_ASK_REQUIRED] = MBEDTLS_SSL_VERIFY_REQUIRED };
	mbedtls_ssl_conf_authmode(config, modes[options->ask]);
	if (options->ask != TLS_ASK_NONE) {
		material->trust = tls_trust_open(
		        options->authorities, options->lists, options->strict_lists, fault);
		if (!material->trust)
			return false;
		mbedtls_ssl_conf_ca_chain(config, tls_trust_authorities(material->trust), NULL);
	}
	if (options->psk)
		mbedtls_ssl_conf_psk_cb(config, find_key, tls);
	if (options->transport == TLS_STREAM)
		mbedtls_ssl_conf_session_tickets_cb(config, write_ticket, read_ticket, tls);
	else
		mbedtls_ssl_conf_dtls_cookies(
		        config, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check, &tls->cookies);
	return true;
}

static bool configure_client(
        struct tls *tls, struct tls_material *material, struct tls_fault *fault)
{
	const struct tls_options *options = &tls->options;
	mbedtls_ssl_conf_authmode(&material->config, MBEDTLS_SSL_VERIFY_REQUIRED);
	if (options->authorities && !load_authorities(material, options, fault))
		return false;
	if (!options->psk_key.p)
		return true;
	int error = mbedtls_ssl_conf_psk(&material->config,
	        (const unsigned char *)options->psk_key.p, options->psk_key.n,
	        (const unsigned char *)options->psk_identity.p, options->psk_identity.n);
	return error ? fail(fault, TLS_FILE_NONE, NULL, error) : true;
}

/* May it speak 1.3? Mbed TLS's tickets of that version do not carry a certificate, so who showed one would come back as
 * nobody; and without tickets a fleet's return costs a hundred times as much. Of pre-shared keys it would take a ticket
 * that it cannot read any more for the name of one, and fail where it should shake hands in full. */
static bool is_modern(const struct tls *tls)
{
	const struct tls_options *options = &tls->options;
	return options->transport == TLS_STREAM && !options->psk && !options->psk_key.p &&
	       options->ask == TLS_ASK_NONE;
}

static const int *suites(const struct tls *tls)
{
	const struct tls_options *options = &tls->options;
	bool psk = options->psk || options->psk_key.p;
	bool certificates =
	        tls->is_client ? options->authorities != NULL : options->certificate != NULL;
	if (psk)
		return certificates ? suites_both : suites_psk;
	return is_modern(tls) ? suites_modern : suites_certificate;
}

static bool configure(struct tls *tls, struct tls_material *material, struct tls_fault *fault)
{
	const struct tls_options *options = &tls->options;
	mbedtls_ssl_config *config = &material->config;
	int error = mbedtls_ssl_config_defaults(config,
	        tls->is_client ? MBEDTLS_SSL_IS_CLIENT : MBEDTLS_SSL_IS_SERVER,
	        options->transport == TLS_STREAM ? MBEDTLS_SSL_TRANSPORT_STREAM
	                                         : MBEDTLS_SSL_TRANSPORT_DATAGRAM,
	        MBEDTLS_SSL_PRESET_DEFAULT);
	if (error)
		return fail(fault, TLS_FILE_NONE, NULL, error);
	mbedtls_ssl_conf_rng(config, tls_random, NULL);
	set_versions_and_groups(config, is_modern(tls));
	mbedtls_ssl_conf_ciphersuites(config, suites(tls));
	mbedtls_ssl_conf_renegotiation(config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
	mbedtls_ssl_conf_verify(config, verify, tls);
	mbedtls_ssl_conf_handshake_timeout(config, HANDSHAKE_STEP_MIN_MS, HANDSHAKE_STEP_MAX_MS);
	if (options->protocols)
		error = mbedtls_ssl_conf_alpn_protocols(config, options->protocols);
	if (error)
		return fail(fault, TLS_FILE_NONE, NULL, error);
	if (options->certificate && !load_certificate(material, options, fault))
		return false;
	if (options->nnamed && !load_named(material, options, fault))
		return false;
	return tls->is_client ? configure_client(tls, material, fault)
	                      : configure_server(tls, material, fault);
}

/* NULL: fault says why. */
static struct tls_material *load(struct tls *tls, struct tls_fault *fault)
{
	struct tls_material *material = calloc(1, sizeof *material);
	*fault = (struct tls_fault){ .text = "out of memory" };
	if (!material)
		return NULL;
	material->users = 1;
	mbedtls_ssl_config_init(&material->config);
	material->options = &tls->options;
	init_own(&material->own);
	mbedtls_x509_crt_init(&material->authorities);
	if (configure(tls, material, fault))
		return material;
	tls_material_leave(material);
	return NULL;
}

struct tls_material *tls_material_join(struct tls_material *material)
{
	material->users++;
	return material;
}

void tls_material_leave(struct tls_material *material)
{
	if (!material || --material->users)
		return;
	mbedtls_ssl_config_free(&material->config);
	finish_own(&material->own);
	for (unsigned i = 0; material->named && i < material->options->nnamed; i++)
		finish_own(&material->named[i]);
	free(material->named);
	mbedtls_x509_crt_free(&material->authorities);
	tls_trust_leave(material->trust);
	free(material);
}

static bool make_ticket_keys(struct tls *tls)
{
	return mbedtls_ssl_ticket_setup(&tls->tickets, tls_random, NULL, MBEDTLS_CIPHER_AES_256_GCM,
	               TICKET_SECONDS) == 0;
}

static bool copy_path(struct arena *texts, const char **path)
{
	if (!*path)
		return true;
	*path = arena_copy_slice(texts, slice_of(*path)).p;
	return *path != NULL;
}

static bool copy_named(struct arena *texts, struct tls_named *named)
{
	slice *names = arena_alloc(texts, named->nnames * sizeof *names);
	for (unsigned i = 0; names && i < named->nnames; i++) {
		names[i] = arena_copy_slice(texts, named->names[i]);
		if (!names[i].p)
			return false;
	}
	named->names = names;
	return names && copy_path(texts, &named->certificate) && copy_path(texts, &named->key);
}

/* The texts of the options, which are read again when the files have changed. */
static bool copy_texts(struct arena *texts, struct tls_options *options)
{
	struct tls_named *named = arena_alloc(texts, options->nnamed * sizeof *named);
	for (unsigned i = 0; named && i < options->nnamed; i++) {
		named[i] = options->named[i];
		if (!copy_named(texts, &named[i]))
			return false;
	}
	options->named = named;
	return named && copy_path(texts, &options->certificate) &&
	       copy_path(texts, &options->key) && copy_path(texts, &options->authorities) &&
	       copy_path(texts, &options->lists);
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
	tls->options = *options;
	tls->psk = options->psk;
	mbedtls_ssl_ticket_init(&tls->tickets);
	mbedtls_ssl_cookie_init(&tls->cookies);
	arena_init(&tls->texts, TEXTS_MAX_BYTES);
	bool ready = prepare_library() && copy_texts(&tls->texts, &tls->options);
	if (ready && !is_client)
		ready = options->transport == TLS_STREAM
		                ? make_ticket_keys(tls)
		                : mbedtls_ssl_cookie_setup(&tls->cookies, tls_random, NULL) == 0;
	tls->now = ready ? load(tls, fault) : NULL;
	/* They are the caller's, and Mbed TLS has its own copy. */
	tls->options.psk_identity = tls->options.psk_key = (slice){ NULL, 0 };
	if (tls->now)
		return tls;
	tls_leave(tls);
	return NULL;
}

bool tls_renew(struct tls *tls, struct tls_fault *fault)
{
	struct tls_material *next = load(tls, fault);
	if (!next)
		return false;
	if (tls->options.transport == TLS_STREAM && !tls_trust_same(tls->now->trust, next->trust)) {
		mbedtls_ssl_ticket_free(&tls->tickets);
		mbedtls_ssl_ticket_init(&tls->tickets);
		if (!make_ticket_keys(tls)) {
			tls_material_leave(next);
			return fail(fault, TLS_FILE_NONE, NULL, MBEDTLS_ERR_SSL_ALLOC_FAILED);
		}
	}
	tls_material_leave(tls->now);
	tls->now = next;
	return true;
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
	tls_material_leave(tls->now);
	mbedtls_ssl_ticket_free(&tls->tickets);
	mbedtls_ssl_cookie_free(&tls->cookies);
	arena_finish(&tls->texts);
	free(tls);
}

void tls_close(struct tls *tls)
{
	if (!tls)
		return;
	tls->psk = NULL;
	tls_leave(tls);
}
