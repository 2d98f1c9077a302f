/* What the gateway itself asks of a web service (a token's meaning, a set of keys): one request, one answer of bounded
 * size in bounded time, over HTTP/1.1 or HTTPS. Nothing here blocks but fetcher_open(). A redirect is not followed: who
 * answers is who was named in the configuration.
 *
 * Core thread. */
#ifndef NET_FETCH_H
#define NET_FETCH_H

#include "base/field.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct fetch;
struct fetcher;

struct fetcher_settings {
	slice url; /* "https://id.example:8443/introspect?realm=fleet" or http:// */
	/* PEM files of https: whose certificates are believed (NULL: those that the system trusts), and the gateway's
	 * own certificate and key (NULL: none). */
	const char *ca, *certificate, *key;
	/* The name that the server's certificate must have; NULL: the URL's host. A numeric address in a URL needs it: no
	 * address is held against a certificate. */
	const char *server_name;
	uint64_t timeout_ms; /* of one fetch, from fetch_start() to the answer's end */
	size_t answer_max_bytes;
	unsigned
	        connections_max; /* how many are asked at the same time; idle ones are kept for a while */
	unsigned waiting_max; /* and how many more wait for that */
};

struct fetch_fault {
	const char
	        *setting; /* the one to blame: "url", "ca", "certificate", "key"; or NULL. Static */
	char text[200];
};

/* Reads the files of https: blocks, for open() only; touches no network. Nothing of the settings is kept. NULL: fault
 * says why. */
struct fetcher *fetcher_open(
        struct loop *, const struct fetcher_settings *, struct fetch_fault *fault);
/* What is under way ends without done(). May be called from inside done(). NULL is fine. */
void fetcher_close(struct fetcher *);

enum fetch_method { FETCH_GET, FETCH_POST };

struct fetch_request {
	enum fetch_method method;
	/* Besides Host, Content-Length and Connection. */
	const struct field *fields;
	unsigned nfields;
	slice body;
	/* A POST that only asks: it may be sent again when a kept connection turns out to be gone. */
	bool repeatable;
};

enum fetch_end {
	FETCH_ANSWERED,    /* with whatever code but a redirect's */
	FETCH_REDIRECTED,  /* a redirect; code and fields are there */
	FETCH_UNREACHABLE, /* no connection: unknown name, refused, no answer to the attempt */
	FETCH_UNTRUSTED, /* the TLS handshake failed: `why` says whether its certificate is to blame */
	FETCH_BROKEN,    /* the connection ended before the answer was whole */
	FETCH_MALFORMED, /* what came is no HTTP answer */
	FETCH_TOO_LARGE, /* the answer is */
	FETCH_TIMEOUT,
	FETCH_BUSY /* too many are under way and wait */
};

/* Lives until done() returns. */
struct fetch_answer {
	enum fetch_end end;
	slice why; /* for a person, about "it": "its certificate has expired"; empty with FETCH_ANSWERED */
	unsigned code;
	const struct field *fields; /* names in lower case */
	unsigned nfields;
	slice media; /* Content-Type */
	slice body;
};

/* Asks. done() follows exactly once, later, never from inside this call. The request is copied, and the copy wiped when
 * it has been sent. NULL: out of memory, or a field that would break the head; done() does not follow. */
struct fetch *fetch_start(struct fetcher *, const struct fetch_request *,
        void (*done)(void *arg, const struct fetch_answer *), void *arg);
/* done() will not come. NULL is fine. */
void fetch_cancel(struct fetch *);

/* The field of this (lower-case) name, or { NULL, 0 }. */
slice fetch_field(const struct fetch_answer *, const char *name);
/* How long the answer may be used again, as its Cache-Control says (RFC 9111 section 5.2.2): max-age, less the Age that it
 * has already; 0 for no-store and no-cache. At most a year. false: it does not say. */
bool fetch_fresh_ms(const struct fetch_answer *, uint64_t *ms);

#endif
