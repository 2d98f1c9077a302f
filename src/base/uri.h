/* Percent-encoding and paths (RFC 3986). Pure.
 *
 * Inside Fairlead a path is always normalised: it starts with "/", holds only pchar and "/", unreserved
 * characters stand for themselves, everything else is %XX in upper case, and no segment is "." or "..". So
 * two paths are the same resource exactly when their bytes are equal, and splitting at "/" is safe. */
#ifndef BASE_URI_H
#define BASE_URI_H

#include "base/arena.h"
#include "base/text.h"

enum uri_verdict { URI_OK, URI_MALFORMED, URI_NO_MEMORY };

/* From an HTTP request target's path (already percent-encoded). Malformed: bad escapes, control characters,
 * an encoded NUL, "." or ".." segments in any spelling, no leading "/", invalid UTF-8 once decoded. When
 * nothing has to change, *path is `raw` itself. */
enum uri_verdict uri_path_normalise(struct arena *, slice raw, slice *path);
/* From plain text whose "/" separate segments (an MQTT topic); a leading "/" is added when there is none. */
enum uri_verdict uri_path_from_text(struct arena *, slice plain, slice *path);
/* Appends "/" and one decoded segment (a CoAP Uri-Path option), in which "/" is data. The caller has asked
 * uri_segment_allowed(). */
void uri_segment_add(struct text *, slice plain);
/* The same without the "/", for a part of a segment. */
void uri_escape_add(struct text *, slice plain);
/* No control characters, UTF-8, and neither "." nor "..", not even beside an encoded "/" or "\" or before a ";":
 * a service behind might decode first and climb then. */
bool uri_segment_allowed(slice plain);

/* Decodes %XX; "+" stays. { NULL, 0 }: malformed or over budget. Without escapes returns `encoded` itself. */
slice uri_decode(struct arena *, slice encoded);
/* The same for a name or a value of application/x-www-form-urlencoded (WHATWG URL section 5.1): "+" is a blank. Always a
 * copy. */
slice uri_decode_form(struct arena *, slice encoded);

/* "http://host:port/prefix": the parts point into `url`. false: not of this form. IPv6 hosts come without
 * their brackets. port 0: not given. */
struct uri {
	slice scheme, host, path;
	unsigned port;
};
bool uri_parse(slice url, struct uri *);

/* Is a host of uri_parse() this machine, so that nobody is on the way to it? "localhost", ::1, and addresses of
 * 127.0.0.0/8; a name that only looks like one (127.example) is not. */
bool uri_host_is_loopback(slice host);

#endif
