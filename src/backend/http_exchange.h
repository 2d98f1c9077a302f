/* One exchange in HTTP's words: the head of the request, and what the answer means. Shared by the backends that
 * speak HTTP. Pure but for the arena, the counters and random ids. */
#ifndef BACKEND_HTTP_EXCHANGE_H
#define BACKEND_HTTP_EXCHANGE_H

#include "api/backend.h"
#include "net/http_pool.h"

/* What every backend that speaks HTTP lets the file say of its pools: entries of its settings table. */
/* clang-format off */
#define HTTP_POOL_SETTINGS                                                                         \
	{ .key = "connections", .type = SETTING_NUMBER, .fallback = "64",                          \
	  .help = "the most connections to one target; further calls wait" },                      \
	{ .key = "waiting", .type = SETTING_NUMBER, .fallback = "1024",                            \
	  .help = "the most calls that wait for a connection to one target" },                     \
	{ .key = "idle", .type = SETTING_DURATION, .fallback = "60s",                              \
	  .help = "how long an unused connection is kept" },                                       \
	{ .key = "connect_timeout", .type = SETTING_DURATION, .fallback = "2s",                    \
	  .help = "how long a target may take to accept a connection" },                           \
	{ .key = "answer", .type = SETTING_SIZE, .fallback = "1MiB",                               \
	  .help = "the largest answer that is taken" }
/* clang-format on */
/* Reads them. false: one is out of range; error says which. */
bool http_pool_settings_read(const struct config *, struct http_pool_settings *, struct error *);

/* Where a target's URL points. The slices point into the URL. */
struct http_origin {
	slice host; /* without brackets */
	unsigned port;
	slice authority; /* for Host: as it stands in the URL */
	slice prefix;    /* of every path; without a "/" at its end */
};

/* false: the URL is not one of plain HTTP; error says why. */
bool http_origin_parse(slice url, struct http_origin *, struct error *);

/* A pool towards it that counts in the backend's counters. NULL: error says why. */
struct http_pool *http_origin_open(struct loop *, const struct http_origin *,
        const struct http_pool_settings *, struct counters *, struct error *);

/* What one request is to say beside the caller's own fields. */
struct http_head {
	enum method method;
	slice path, query;
	slice media, accept; /* or empty */
	size_t body_bytes;
};

/* The whole head, with the end-to-end fields of `exchange->request->call`. Fields that would break the head are
 * left out and counted. { NULL, 0 }: over budget. */
slice http_head_write(const struct exchange *, const struct http_origin *, const struct http_head *,
        struct counters *);

/* What an answer's code means for the caller. */
enum status http_status(unsigned code, enum method);
/* Takes over how a call ended: fills out (code's fields, media, body), why and sent; counts; returns the
 * status. `out.body` and `out.media` may then be replaced by what the backend decodes from them. */
enum status http_exchange_finish(
        struct exchange *, const struct http_call *, enum http_end, struct counters *);

#endif
