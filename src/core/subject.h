/* subject: whom a message is about, where its endpoint says where that stands: `subject: /deviceId`, a JSON pointer (RFC
 * 6901) into what the body means, whatever its notation. It must be the caller, or one that it may act for. The other
 * form, `subject: "{device}"`, is a rule about the path: authorize.c. */
#ifndef CORE_SUBJECT_H
#define CORE_SUBJECT_H

#include "api/request.h"
#include "api/stage.h"

struct value;

enum subject_answer {
	SUBJECT_FOUND,
	SUBJECT_MISSING,   /* no text or whole number stands there */
	SUBJECT_AMBIGUOUS, /* a member is there in two spellings, or several subjects are named */
	SUBJECT_TOO_LARGE  /* no memory left */
};

/* Is it a pointer? If not, *why says what is wrong. */
bool subject_pointer_valid(slice pointer, const char **why);
/* What stands there, as plain text. Where the pointer meets a list and does not say which of its members, each of them
 * has to say the same. */
enum subject_answer subject_find(
        struct arena *, const struct value *, slice pointer, slice *subject);

/* Looks at the message for the endpoint's pointer, where it has one; `media` is what its body is. Sets request->content when it
 * had to be decoded, and request->on_behalf_of. NEXT, or REPLY: refused. */
enum verdict subject_check(struct request *, slice media);

#endif
