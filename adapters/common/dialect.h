/* dialect: a protocol that rides on the HTTP listener and shares its port (SOAP).
 *
 * The HTTP adapter reads the request, hands the dialects' table the head and body, and the first that claims it
 * turns it into what the core gets and, later, turns the answer into an HTTP response. So adapters/http knows no
 * SOAP and adapters/soap no sockets.
 *
 * Each folder that holds one exports a `const struct http_dialect dialect_NAME`; the build globs them into
 * dialect_all[]. Pure but for the arena: no I/O, so each is a fuzz target. */
#ifndef COMMON_DIALECT_H
#define COMMON_DIALECT_H

#include "api/request.h"
#include "base/text.h"

struct http_response {
	unsigned code; /* 200 */
	slice media;
	slice body;
};

struct http_dialect {
	const char *name; /* the protocol's name in `protocols:` */
	/* Is this one mine? Looks at `request->in`: method, path, query, fields, media and the start of the
	 * body, which is whole by now, or empty when there is more of it than anybody takes. */
	bool (*claims)(const struct request *);
	/* Turns `request->in` (as HTTP brought it) into what the core is to get; may add credentials. What is
	 * malformed is said with request_refuse(). What leave() has to know is kept in `request->dialect`. */
	void (*enter)(struct request *);
	/* The answer in the dialect's words; texts in the request's arena, or static. Also for requests that
	 * enter() refused, and for those with too large a body, which it never saw. */
	void (*leave)(struct request *, struct http_response *);
	/* As an adapter's (api/adapter.h). */
	slice (*words)(struct arena *, enum status, enum method);
};

extern const struct http_dialect *const dialect_all[]; /* NULL-terminated; made by the build */

#endif
