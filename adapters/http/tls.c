/* TLS for the HTTP listener: OpenSSL's side of what libwebsockets runs.
 *
 * libwebsockets makes the context and drives the handshake; what the context holds is set here and not by
 * its own options. So the files are tried by the very same code when the configuration is checked, and
 * libwebsockets' verify callback and its server-name callback (which looks for the name in *all* virtual hosts
 * without a port, and would lend one listener's client CA to another) stay out of it.
 *
 * THE FILES CAN BE READ AGAIN while connections go on (http_tls_renew()). The context never holds a certificate: each handshake is
 * given the one of that moment (choose_certificate()), since a context cannot be rid of a key that it has. OpenSSL verifies a client's
 * chain; whether it is believed is decided by net/tls_trust.h, as for every other protocol.
 *
 * TICKETS are the only way to resume a session: the context keeps none. Their keys are made here, used to write for ROTATE_MS and as long
 * again to read, and thrown away when other authorities are believed or other certificates revoked. The client's certificate in a
 * ticket is judged again; a ticket does not carry the chain, so one that an intermediate has signed, which is not in client_ca, gets
 * none. */
#include "adapters/http/tls.h"

#include "base/clock.h"
#include "base/random.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <stdio.h>

enum { PATHS_MAX = 16384, ROTATE_MS = 4 * 3600 * 1000, KEY_NAME_BYTES = 16, KEY_BYTES = 32 };

/* Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else. */
static const char suites[] = "ECDHE+AESGCM:ECDHE+CHACHA20:!PSK";

struct own {
	X509 *certificate;
	STACK_OF(X509) * chain;
	EVP_PKEY *key;
};

/* What the files hold. */
struct material {
	struct own own, *named; /* those of tls_files.named, in its order */
	unsigned nnamed;
	X509_STORE *store; /* NULL, as the following: no client is asked for a certificate */
	STACK_OF(X509_NAME) * names;
	struct tls_trust *trust;
};

struct ticket_key {
	uint64_t made_ms; /* 0: none */
	unsigned char name[KEY_NAME_BYTES], cipher[KEY_BYTES], mac[KEY_BYTES];
};

struct http_tls {
	struct arena arena;
	struct tls_files files; /* in the arena */
	int verify;             /* SSL_VERIFY_… */
	unsigned char session_context[16];
	struct material *now;
	SSL_CTX *context; /* libwebsockets' */
	void (*established)(void *owner);
	struct ticket_key tickets[2]; /* the one that writes; the one before it */
	/* Why a handshake failed: libwebsockets closes the connection before another goes on. */
	bool failed;
	char why[TLS_WHY_BYTES];
};

/* ---- Reading files */

/* Which file it was. */
enum fault { FAULT_NONE, FAULT_CERTIFICATE, FAULT_KEY, FAULT_CLIENT_CA, FAULT_CRL, FAULT_LIBRARY };

static const char *const fault_keys[] = {
	[FAULT_CERTIFICATE] = "certificate",
	[FAULT_KEY] = "key",
	[FAULT_CLIENT_CA] = "client_ca",
	[FAULT_CRL] = "crl",
	[FAULT_LIBRARY] = "certificate",
};

static void finish_own(struct own *own)
{
	X509_free(own->certificate);
	sk_X509_pop_free(own->chain, X509_free);
	EVP_PKEY_free(own->key);
}

static void free_material(struct material *material)
{
	if (!material)
		return;
	finish_own(&material->own);
	for (unsigned i = 0; i < material->nnamed; i++)
		finish_own(&material->named[i]);
	free(material->named);
	X509_STORE_free(material->store);
	sk_X509_NAME_pop_free(material->names, X509_NAME_free);
	tls_trust_leave(material->trust);
	free(material);
}

/* Nobody is asked for a pass phrase. */
static int no_phrase(char *buffer, int size, int writing, void *arg)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)arg;
	return 0;
}

static bool read_chain(struct own *own, BIO *file)
{
	own->certificate = PEM_read_bio_X509_AUX(file, NULL, no_phrase, NULL);
	own->chain = sk_X509_new_null();
	if (!own->certificate || !own->chain)
		return false;
	X509 *next = PEM_read_bio_X509(file, NULL, no_phrase, NULL);
	for (; next; next = PEM_read_bio_X509(file, NULL, no_phrase, NULL)) {
		if (!sk_X509_push(own->chain, next)) {
			X509_free(next);
			return false;
		}
	}
	bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	return ended;
}

static enum fault read_own(struct own *own, const char *certificate, const char *key)
{
	BIO *file = BIO_new_file(certificate, "r");
	bool read = file && read_chain(own, file);
	BIO_free(file);
	if (!read)
		return FAULT_CERTIFICATE;
	file = BIO_new_file(key, "r");
	own->key = file ? PEM_read_bio_PrivateKey(file, NULL, no_phrase, NULL) : NULL;
	BIO_free(file);
	if (!own->key || X509_check_private_key(own->certificate, own->key) != 1)
		return FAULT_KEY;
	return FAULT_NONE;
}

static enum fault read_named(
        struct material *material, const struct tls_files *files, char why[TLS_WHY_BYTES])
{
	enum fault fault = FAULT_NONE;
	material->named = calloc(files->nnamed, sizeof *material->named);
	if (!material->named)
		return FAULT_LIBRARY;
	while (fault == FAULT_NONE && material->nnamed < files->nnamed) {
		const struct tls_named *named = &files->named[material->nnamed];
		fault = read_own(
		        &material->named[material->nnamed++], named->certificate, named->key);
		if (fault != FAULT_NONE)
			(void)snprintf(why, TLS_WHY_BYTES, "%s cannot be used",
			        fault == FAULT_KEY ? named->key : named->certificate);
	}
	return fault;
}

static enum fault read_trust(struct material *material, const struct tls_files *files, char *why)
{
	struct tls_fault fault;
	material->store = X509_STORE_new();
	material->names = SSL_load_client_CA_file(files->client_ca);
	if (!material->store || !material->names ||
	        X509_STORE_load_locations(material->store, files->client_ca, NULL) != 1)
		return FAULT_CLIENT_CA;
	/* What stands in the file is believed, whether or not the one that has signed it stands there too. */
	(void)X509_STORE_set_flags(material->store, X509_V_FLAG_PARTIAL_CHAIN);
	material->trust = tls_trust_open(files->client_ca, files->crl, files->strict_crl, &fault);
	if (material->trust)
		return FAULT_NONE;
	(void)snprintf(why, TLS_WHY_BYTES, "%s", fault.text);
	return fault.file == TLS_FILE_LISTS ? FAULT_CRL : FAULT_CLIENT_CA;
}

/* NULL: *fault and `why` say why. */
static struct material *load(const struct http_tls *tls, enum fault *fault, char why[TLS_WHY_BYTES])
{
	struct material *material = calloc(1, sizeof *material);
	why[0] = '\0';
	ERR_clear_error();
	*fault = material ? read_own(&material->own, tls->files.certificate, tls->files.key)
	                  : FAULT_LIBRARY;
	if (*fault == FAULT_NONE && tls->files.nnamed)
		*fault = read_named(material, &tls->files, why);
	if (*fault == FAULT_NONE && tls->verify != SSL_VERIFY_NONE)
		*fault = read_trust(material, &tls->files, why);
	if (*fault == FAULT_NONE)
		return material;
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;
	if (!why[0])
		(void)snprintf(why, TLS_WHY_BYTES, "%s", reason ? reason : "cannot be used");
	ERR_clear_error();
	free_material(material);
	return NULL;
}

/* ---- Who the client is */

enum { CHAIN_MAX = TLS_PROOF_MAX + 1 };

/* false: out of memory, or longer than is believed. */
static bool write_chain(const STACK_OF(X509) * chain, slice ders[CHAIN_MAX], unsigned *n)
{
	int count = sk_X509_num(chain);
	*n = 0;
	for (int i = 0; i < count && i < CHAIN_MAX; i++) {
		unsigned char *der = NULL;
		int bytes = i2d_X509(sk_X509_value(chain, i), &der);
		if (bytes < 0)
			return false;
		ders[(*n)++] = (slice){ (const char *)der, (size_t)bytes };
	}
	return count <= CHAIN_MAX;
}

static bool judge(const struct tls_trust *trust, const STACK_OF(X509) * chain,
        struct tls_proof *proof, char why[TLS_WHY_BYTES])
{
	slice ders[CHAIN_MAX];
	unsigned n;
	(void)snprintf(why, TLS_WHY_BYTES, "its chain of certificates is too long");
	bool believed = write_chain(chain, ders, &n) && tls_trust_read(trust, ders, n, proof, why);
	while (n)
		OPENSSL_free((char *)(uintptr_t)ders[--n].p);
	return believed;
}

static bool judge_alone(const struct tls_trust *trust, X509 *certificate, struct tls_proof *proof)
{
	unsigned char *der = NULL;
	int n = i2d_X509(certificate, &der);
	bool believed = n > 0 &&
	                tls_trust_read_alone(trust, (slice){ (const char *)der, (size_t)n }, proof);
	OPENSSL_free(der);
	return believed;
}

/* In the words of net/tls_trust.c, where it has some. */
static const char *meaning(int error)
{
	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "its certificate, or one above it, has expired";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "its certificate, or one above it, is not valid yet";
	case X509_V_ERR_INVALID_PURPOSE:
		return "its certificate is not for clients (keyUsage, extendedKeyUsage)";
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		return "its certificate is of no authority in client_ca";
	default:
		return X509_verify_cert_error_string(error);
	}
}

static void say_unverified(struct http_tls *tls, const X509_STORE_CTX *store)
{
	char name[112] = "";
	X509 *certificate = X509_STORE_CTX_get0_cert(store);
	if (certificate)
		(void)X509_NAME_oneline(X509_get_subject_name(certificate), name, (int)sizeof name);
	(void)snprintf(tls->why, sizeof tls->why, "%s (%s)",
	        meaning(X509_STORE_CTX_get_error(store)), name);
}

/* Of SSL_CTX_set_cert_verify_callback(). */
static int verify(X509_STORE_CTX *store, void *arg)
{
	struct http_tls *tls = arg;
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_proof proof;
	tls->failed = true;
	if (X509_verify_cert(store) != 1) {
		say_unverified(tls, store);
		return 0;
	}
	const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);
	if (!judge(tls->now->trust, chain, &proof, tls->why)) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REVOKED);
		return 0;
	}
	tls->failed = false;
	if (proof.n > 1)
		(void)SSL_set_num_tickets(ssl, 0); /* of TLS 1.3; write_ticket_key() has 1.2 */
	return 1;
}

/* ---- Tickets */

static void make_ticket_key(struct ticket_key *key)
{
	random_bytes(key, sizeof *key);
	key->made_ms = clock_monotonic_us() / 1000 + 1;
}

static void rotate(struct http_tls *tls)
{
	uint64_t now_ms = clock_monotonic_us() / 1000;
	if (tls->tickets[0].made_ms && now_ms < tls->tickets[0].made_ms + ROTATE_MS)
		return;
	tls->tickets[1] = tls->tickets[0];
	if (now_ms >= tls->tickets[1].made_ms + 2 * (uint64_t)ROTATE_MS)
		tls->tickets[1].made_ms = 0;
	make_ticket_key(&tls->tickets[0]);
}

static bool set_mac(EVP_MAC_CTX *mac, struct ticket_key *key)
{
	char digest[] = "SHA256";
	const OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof key->mac),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

static int write_ticket_key(struct http_tls *tls, const SSL *ssl, unsigned char *name,
        unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	const STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
	if (chain && sk_X509_num(chain) > 2)
		return 0; /* none is sent */
	struct ticket_key *key = &tls->tickets[0];
	memcpy(name, key->name, sizeof key->name);
	random_bytes(iv, (size_t)EVP_CIPHER_get_iv_length(EVP_aes_256_cbc()));
	bool set = EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv) == 1 &&
	           set_mac(mac, key);
	return set ? 1 : -1;
}

/* 2: with the key before this one; the client gets a new ticket. */
static int read_ticket_key(struct http_tls *tls, const unsigned char *name, const unsigned char *iv,
        EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac)
{
	for (int i = 0; i < 2; i++) {
		struct ticket_key *key = &tls->tickets[i];
		if (!key->made_ms || memcmp(name, key->name, sizeof key->name) != 0)
			continue;
		bool set =
		        EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv) == 1 &&
		        set_mac(mac, key);
		return set ? i + 1 : -1;
	}
	return 0;
}

/* Of SSL_CTX_set_tlsext_ticket_key_evp_cb(). */
static int ticket_key(SSL *ssl, unsigned char name[KEY_NAME_BYTES], unsigned char *iv,
        EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int writing)
{
	struct http_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	rotate(tls);
	return writing ? write_ticket_key(tls, ssl, name, iv, cipher, mac)
	               : read_ticket_key(tls, name, iv, cipher, mac);
}

/* Of SSL_CTX_set_session_ticket_cb(). */
static SSL_TICKET_RETURN ticket_read(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
        size_t n, SSL_TICKET_STATUS status, void *arg)
{
	const struct http_tls *tls = arg;
	struct tls_proof proof;
	(void)ssl;
	(void)name;
	(void)n;
	if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	X509 *certificate = SSL_SESSION_get0_peer(session);
	if (certificate && (!tls->now->trust || !judge_alone(tls->now->trust, certificate, &proof)))
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

/* ---- The context */

/* Of SSL_CTX_set_cert_cb(). */
static int choose_certificate(SSL *ssl, void *arg)
{
	const struct http_tls *tls = arg;
	const struct material *now = tls->now;
	const struct tls_files *files = &tls->files;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	const struct tls_named *named =
	        name ? tls_named_find(files->named, files->nnamed, slice_of(name)) : NULL;
	const struct own *own = named ? &now->named[named - files->named] : &now->own;
	SSL_certs_clear(ssl);
	return SSL_use_cert_and_key(ssl, own->certificate, own->key, own->chain, 1);
}

/* Of SSL_CTX_set_info_callback(). */
static void on_progress(const SSL *ssl, int where, int value)
{
	struct http_tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	if (where & SSL_CB_HANDSHAKE_DONE)
		tls->established(SSL_get_app_data(ssl));
	bool fatal = (where & SSL_CB_ALERT) && value >> 8 == SSL3_AL_FATAL;
	if (!fatal || tls->failed || SSL_is_init_finished(ssl))
		return;
	tls->failed = true;
	(void)snprintf(tls->why, sizeof tls->why, "%s%s",
	        where & SSL_CB_READ ? "it says: " : "the handshake failed: ",
	        SSL_alert_desc_string_long(value));
}

/* What is asked of clients. */
static void ask(struct http_tls *tls)
{
	const struct material *now = tls->now;
	if (!now->trust)
		return;
	(void)SSL_CTX_set1_cert_store(tls->context, now->store);
	SSL_CTX_set_client_CA_list(tls->context, SSL_dup_CA_list(now->names));
}

void http_tls_set_owner(SSL *ssl, void *owner)
{
	(void)SSL_set_app_data(ssl, owner);
}

bool http_tls_apply(struct http_tls *tls, SSL_CTX *context, void (*established)(void *owner))
{
	tls->established = established;
	if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
	        SSL_CTX_set_cipher_list(context, suites) != 1 ||
	        SSL_CTX_set_session_id_context(
	                context, tls->session_context, sizeof tls->session_context) != 1 ||
	        SSL_CTX_set_app_data(context, tls) != 1 ||
	        SSL_CTX_set_tlsext_ticket_key_evp_cb(context, ticket_key) != 1 ||
	        SSL_CTX_set_session_ticket_cb(context, NULL, ticket_read, tls) != 1)
		return false;
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_tlsext_servername_callback(context, NULL);
	SSL_CTX_set_cert_cb(context, choose_certificate, tls);
	SSL_CTX_set_info_callback(context, on_progress);
	SSL_CTX_set_verify(context, tls->verify, NULL);
	SSL_CTX_set_cert_verify_callback(context, verify, tls);
	tls->context = context;
	ask(tls);
	ERR_clear_error();
	return true;
}

/* ---- Life */

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
	char why[TLS_WHY_BYTES];
	enum fault fault;
	tls->now = load(tls, &fault, why);
	if (tls->now)
		return true;
	const struct config *file = config_get(node, fault_keys[fault]);
	return config_error(file ? file : node, error, "%s: %s", fault_keys[fault], why);
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

bool http_tls_renew(struct http_tls *tls, struct error *error)
{
	char why[TLS_WHY_BYTES];
	enum fault fault;
	struct material *next = load(tls, &fault, why);
	if (!next)
		return error_set(error, "%s: %s", fault_keys[fault], why);
	if (!tls_trust_same(tls->now->trust, next->trust))
		explicit_bzero(tls->tickets, sizeof tls->tickets);
	free_material(tls->now);
	tls->now = next;
	if (tls->context)
		ask(tls);
	return true;
}

void http_tls_close(struct http_tls *tls)
{
	if (!tls)
		return;
	free_material(tls->now);
	explicit_bzero(tls->tickets, sizeof tls->tickets);
	arena_finish(&tls->arena);
	free(tls);
}

/* ---- A connection */

bool http_tls_established(const SSL *ssl)
{
	return ssl && SSL_is_init_finished(ssl) == 1;
}

const char *http_tls_failure(struct http_tls *tls)
{
	bool known = tls->failed;
	tls->failed = false;
	return known ? tls->why : "it went away before the handshake was over";
}

bool http_tls_prove(struct http_tls *tls, const SSL *ssl, struct tls_proof *proof)
{
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	const STACK_OF(X509) *chain = SSL_get0_verified_chain(ssl);
	char why[TLS_WHY_BYTES];
	*proof = (struct tls_proof){ 0 };
	if (!certificate || !tls->now->trust)
		return true;
	return chain ? judge(tls->now->trust, chain, proof, why)
	             : judge_alone(tls->now->trust, certificate, proof);
}

const char *http_tls_doubts(const struct http_tls *tls, const struct tls_proof *proof)
{
	return tls->now->trust ? tls_trust_doubts(tls->now->trust, proof) : NULL;
}

slice http_tls_peer_certificate(const SSL *ssl, struct arena *arena)
{
	slice der = { NULL, 0 };
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	if (certificate && SSL_get_verify_result(ssl) == X509_V_OK) {
		int n = i2d_X509(certificate, NULL);
		unsigned char *bytes = n > 0 ? arena_alloc_raw(arena, (size_t)n) : NULL;
		if (bytes) {
			der = (slice){ (char *)bytes, (size_t)n };
			(void)i2d_X509(certificate, &bytes);
		}
	}
	return der;
}

void http_tls_goodbye(SSL *ssl)
{
	(void)SSL_shutdown(ssl);
	ERR_clear_error();
}
