/* coap_dtls: the secure session under CoAP (coaps://): DTLS 1.2 as a client, by OpenSSL, on a socket that somebody else
 * watches. Core thread; nothing here blocks or calls back. */
#ifndef BACKEND_COAP_DTLS_H
#define BACKEND_COAP_DTLS_H

#include "api/config.h"

struct tls;

/* What a backend shows to its devices and believes of theirs. */
struct coap_security;
/* Reads the settings and their files. *security is NULL when the file says nothing of security. false: `error` says
 * what is wrong. */
bool coap_security_open(const struct config *, struct coap_security **security, struct error *);
void coap_security_close(struct coap_security *); /* NULL is fine */
/* What a device's certificate must be for, unless the settings say otherwise: `host`. */
const char *coap_security_name(const struct coap_security *, const char *host);

/* The same for connections (coaps+tcp://), whose TLS is net/tls.h's: to be asked for once, after opening. false:
 * `error` says what is wrong. */
bool coap_security_open_tls(struct coap_security *, const struct config *, struct error *);
struct tls *coap_security_tls(const struct coap_security *);

#define COAP_SECURITY_SETTINGS                                                                     \
	{ .key = "identity",                                                                       \
		.type = SETTING_TEXT,                                                              \
		.help = "coaps: the name that goes with the pre-shared key" },                     \
	        { .key = "psk",                                                                    \
		        .type = SETTING_SECRET,                                                    \
		        .help = "coaps: the key that the devices share with this gateway" },       \
	        { .key = "certificate",                                                            \
		        .type = SETTING_FILE,                                                      \
		        .help = "coaps: what this gateway shows to the devices, PEM" },            \
	        { .key = "key",                                                                    \
		        .type = SETTING_FILE,                                                      \
		        .help = "coaps: the private key of the certificate, PEM" },                \
	        { .key = "ca",                                                                     \
		        .type = SETTING_FILE,                                                      \
		        .help = "coaps: who has to have signed a device's certificate, PEM" },     \
	{                                                                                          \
		.key = "server_name", .type = SETTING_TEXT,                                        \
		.help = "coaps: the name in the device's certificate; default the target's host"   \
	}

struct coap_session;

enum coap_session_step {
	COAP_SESSION_OPEN,        /* messages may be read and written */
	COAP_SESSION_WAIT,        /* nothing for now */
	COAP_SESSION_DATA,        /* a message was read */
	COAP_SESSION_UNREACHABLE, /* the network says that nobody is there */
	COAP_SESSION_REFUSED,     /* the handshake failed: *why */
	COAP_SESSION_ENDED        /* the device ended it */
};

/* On a connected, non-blocking UDP socket that stays the caller's. `host`: what the certificate must be for, unless
 * `server_name` says otherwise. NULL: out of memory. */
struct coap_session *coap_session_open(const struct coap_security *, int fd, const char *host);
/* Tells the device, and frees. NULL is fine. */
void coap_session_close(struct coap_session *);

/* Goes on with the handshake: at the beginning, when the socket is readable, and when the time is over. */
enum coap_session_step coap_session_shake(struct coap_session *, bool time_over, const char **why);
/* When to call that with `time_over`, in milliseconds from now; 0: no need to. */
uint64_t coap_session_wait_ms(struct coap_session *);
/* The next message, into the buffer. */
enum coap_session_step coap_session_read(
        struct coap_session *, char *buffer, size_t size, size_t *n);
/* One message. false: it was lost, as a datagram may be; errno says what the network had against it. */
bool coap_session_write(struct coap_session *, slice);

#endif
