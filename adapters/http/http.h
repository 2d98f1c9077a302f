/* What the adapters that speak HTTP share: the listener for everybody (http.c), those for the administration
 * (admin.c). */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "adapters/http/connection.h"
#include "adapters/http/tls.h"

/* How long things may take; each listener's. */
#define HTTP_DEADLINE_SETTINGS                                                                     \
	{ .key = "handshake",                                                                      \
		.type = SETTING_DURATION,                                                          \
		.fallback = "5s",                                                                  \
		.help = "how long a TLS handshake may take" },                                     \
	        { .key = "head",                                                                   \
		        .type = SETTING_DURATION,                                                  \
		        .fallback = "10s",                                                         \
		        .help = "how long a request's header may take; how long a new connection " \
		                "may be "                                                          \
		                "silent" },                                                        \
	        { .key = "body",                                                                   \
		        .type = SETTING_DURATION,                                                  \
		        .fallback = "30s",                                                         \
		        .help = "the longest pause in a body, in either direction" },              \
	        { .key = "body_rate",                                                              \
		        .type = SETTING_SIZE,                                                      \
		        .fallback = "512",                                                         \
		        .help = "bytes a second at which a request's body must come, besides one " \
		                "such "                                                            \
		                "pause" },                                                         \
	        { .key = "idle",                                                                   \
		        .type = SETTING_DURATION,                                                  \
		        .fallback = "75s",                                                         \
		        .help = "how long a connection may wait for its next request" },           \
	{                                                                                          \
		.key = "drain", .type = SETTING_DURATION, .fallback = "1s",                        \
		.help = "how long a listener that goes waits for the request that may be on its "  \
		        "way over a connection"                                                    \
	}

/* adapter_ops.open() of a listener at an address, and of one at a path; the rest is the same for all. */
struct adapter *http_open(
        struct loop *, const struct adapter_limits *, const struct config *, struct error *);
struct adapter *http_open_local(
        struct loop *, const struct adapter_limits *, const struct config *, struct error *);
bool http_start(struct adapter *, struct error *);
bool http_renew(struct adapter *, struct error *);
void http_reply(struct adapter *, struct request *);
void http_stop(struct adapter *);
void http_close(struct adapter *); /* NULL is fine */

#endif
