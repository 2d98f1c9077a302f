/* control: one way to the administration for every command: over the socket in the state folder where the gateway runs,
 * else the same service in this process, on the state folder, with no listener open. Both give the same answers. */
#ifndef CLI_CONTROL_H
#define CLI_CONTROL_H

#include "base/text.h"

struct control;

/* What all these commands have. */
struct control_options {
	const char *command; /* "client", for messages */
	const char *file;    /* the configuration; NULL: the default one */
};

/* NULL: said on stderr; *code is the exit code. */
struct control *control_open(const struct control_options *, int *code);
void control_close(struct control *); /* NULL is fine */

struct control_answer {
	bool done;  /* or it is refused */
	slice body; /* JSON, also of some refusals; or empty */
	slice why;  /* of a refusal */
};
/* Texts in the arena. false: no answer came; said on stderr. `body` p NULL: none. */
bool control_call(struct control *, struct arena *, const char *method, slice path,
        const char *media, slice body, struct control_answer *);

/* control_local.c */
struct control_local;
struct control_local *control_local_open(const struct control_options *, int *code);
void control_local_close(struct control_local *); /* NULL is fine */
bool control_local_call(struct control_local *, struct arena *, const char *method, slice path,
        const char *media, slice body, struct control_answer *);

#endif
