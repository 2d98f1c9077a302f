/* Server-sent events (WHATWG HTML, section 9.2): values that are followed, as a response that does not end. Pure. */
#ifndef HTTP_EVENTS_H
#define HTTP_EVENTS_H

#include "api/follow.h"
#include "api/request.h"
#include "base/text.h"

/* Turns a GET whose Accept names text/event-stream into a subscription to its path. `follower`: what the request is to
 * carry. false: it is none, or names a path that cannot be followed (the request is refused then). */
bool http_events_ask(struct request *, void *follower);

/* The head of the response. `minor`: in HTTP/1.1 the events are chunks, in 1.0 they end with the connection. */
void http_events_head(struct text *, const struct request *, const char *date, unsigned minor);
/* One value: its version as the id, its lines as data. */
void http_events_value(struct text *, const struct update *, unsigned minor);
/* What says nothing, so that whatever is between sees that the stream lives. */
slice http_events_heartbeat(unsigned minor);
slice http_events_end(unsigned minor);

#endif
