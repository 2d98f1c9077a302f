/* One exchange in HTTP's words: the head of the request, and what the answer means. Shared by the backends that
 * speak HTTP. Pure but for the arena, the counters and random ids. */
#ifndef BACKEND_HTTP_EXCHANGE_H
#define BACKEND_HTTP_EXCHANGE_H

#include "api/backend.h"
#include "backend/http_origin.h"
#include "net/http_pool.h"

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
