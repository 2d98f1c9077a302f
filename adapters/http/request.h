/* From a message's head to a request. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "adapters/http/parser.h"
#include "api/request.h"

/* Fills in method, path, query, fields, media, accept and credentials. `bytes` is the head, in the request's
 * arena: field names are folded to lower case in it, and `in` points into it. `certificate`: the verified
 * peer certificate, or empty. false: the request was refused; *code is the HTTP status, if it is another than
 * the refusal's own. */
bool http_request_fill(
        struct request *, const struct http_head *, char *bytes, slice certificate, unsigned *code);

#endif
