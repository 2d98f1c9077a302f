/* From an answered request to the bytes of a response. */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include "adapters/common/dialect.h"

struct http_answer {
	/* In. */
	unsigned code; /* set by who refused a message before the core saw it; or 0 */
	const struct http_dialect *dialect; /* whose words the answer takes; or NULL */
	unsigned minor;                     /* HTTP/1.minor */
	bool close;                         /* the connection ends with this answer */
	const char *date;                   /* the Date field's value */
	/* Out: the body, which is not part of the head; none for HEAD, 204 and 304. In the request's arena, in
	 * `head`'s, or static. */
	slice body;
};

/* Writes the status line and the header into `head`. Once `head` has failed (over budget) nothing of it may be
 * sent. */
void http_response_write(struct request *, struct http_answer *, struct text *head);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), with its NUL. */
enum { HTTP_DATE_BYTES = 30 };
void http_date(uint64_t wall_ns, char text[HTTP_DATE_BYTES]);

/* The whole answer to one for whom there is no request: too many connections, no memory, or stopping. */
slice http_response_unavailable(void);
/* The adapter's words(). */
slice http_response_words(struct arena *, enum status, enum method);

#endif
