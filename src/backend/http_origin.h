/* Where the backends that speak HTTP call to: the URLs of their targets, what the file says of the connections towards
 * them, and the TLS of those that begin with https://. */
#ifndef BACKEND_HTTP_ORIGIN_H
#define BACKEND_HTTP_ORIGIN_H

#include "api/backend.h"
#include "net/http_pool.h"

extern const struct setting http_tls_settings[];

/* What every backend that speaks HTTP lets the file say of its connections: entries of its settings table. */
/* clang-format off */
#define HTTP_CLIENT_SETTINGS                                                                       \
	{ .key = "connections", .type = SETTING_NUMBER, .fallback = "64",                          \
	  .help = "the most connections to one target; further calls wait" },                      \
	{ .key = "waiting", .type = SETTING_NUMBER, .fallback = "1024",                            \
	  .help = "the most calls that wait for a connection to one target" },                     \
	{ .key = "idle", .type = SETTING_DURATION, .fallback = "60s",                              \
	  .help = "how long an unused connection is kept" },                                       \
	{ .key = "connect_timeout", .type = SETTING_DURATION, .fallback = "2s",                    \
	  .help = "how long a target may take to accept a connection, its TLS handshake included" }, \
	{ .key = "answer", .type = SETTING_SIZE, .fallback = "1MiB",                               \
	  .help = "the largest answer that is taken" },                                            \
	{ .key = "tls", .type = SETTING_TREE, .inner = http_tls_settings,                          \
	  .help = "whom https:// targets are believed to be, and who the gateway is to them" }
/* clang-format on */

/* Where a target's URL points. The slices point into the URL. */
struct http_origin {
	bool secure; /* https:// */
	slice host;  /* without brackets */
	unsigned port;
	slice authority; /* for Host: as it stands in the URL */
	slice prefix;    /* of every path; without a "/" at its end */
};

/* false: the URL is not one of HTTP; error says why. */
bool http_origin_parse(slice url, struct http_origin *, struct error *);

/* What the connections to all targets of a backend have in common. */
struct http_client {
	struct http_pool_settings plain, secure;
	struct tls *tls;   /* NULL: no target has it */
	char *server_name; /* NULL: the target's host */
};

/* Reads the settings, and the files of `tls` where a target is called over it: blocks, for open() only. false: error says
 * why; http_client_close() in any case. */
bool http_client_open(struct http_client *, const struct config *, const struct target *targets,
        unsigned ntargets, struct error *);
/* After the pools are closed. A zeroed one is fine. */
void http_client_close(struct http_client *);
/* A pool towards a target that counts in the backend's counters. NULL: error says why. */
struct http_pool *http_client_pool(struct http_client *, struct loop *, const struct http_origin *,
        struct counters *, struct error *);

#endif
