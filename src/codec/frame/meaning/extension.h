/* The `-fairlead:` key, loaded (docs/reference/frames.md). Inside codec/frame only.
 *
 *     extension.c      the key as a whole: login, path, messages
 *     framing.h        `framing:`
 *     template.c       replies, loaded and filled in
 *     assemble.c       messages of several frames
 *     variables.c      what is remembered from earlier frames
 *     emit_load.c      messages; emit.c makes them
 *     meaning.c        runs the rest on a decoded frame */
#ifndef FRAME_EXTENSION_H
#define FRAME_EXTENSION_H

#include "codec/frame/meaning/emit.h"
#include "codec/frame/stream/framing.h"
#include "codec/frame/program.h"
#include "codec/frame/load/tree.h"

enum { FRAME_MAX_BYTES = 1 << 20 };

enum part_kind {
	PART_BYTES,
	PART_INTEGER,
	PART_REAL,
	PART_EXPRESSION, /* a text or bytes */
	PART_CHECKSUM,
	PART_FRAME, /* a structure of the description */
	PART_EACH   /* the parts in `of`, once for each element */
};

struct part;

struct reply_template {
	bool present;
	bool wants_reply; /* it uses what the backend answered */
	const struct frame_schema *schema;
	struct part *parts;
	unsigned nparts;
};

struct part {
	enum part_kind kind;
	slice bytes;
	const struct expression *expression;
	unsigned width;
	enum endian endian;
	bool has_sign; /* PART_INTEGER */
	const struct checksum_kind *checksum;
	size_t from;
	struct reply_template of;
	const struct type *type; /* PART_FRAME */
	const struct emit *with; /* its fields, or NULL */
	bool bare;               /* without what the framing adds */
};

/* ---- encode_part.c ---- */

bool frame_part_compile(struct loader *, const struct node *, struct part *);
/* Does it need nothing of a frame? */
bool frame_part_is_fixed(const struct part *);
/* `frame` NULL: none was read. false: a fault in the frame says why. */
struct text;
bool frame_part_fill(const struct part *, const struct frame_schema *, struct frame *,
        const struct scope *, struct text *);

/* "/ships/{device}/x": literal parts, and expressions whose text becomes one segment's part. */
struct path_part {
	slice literal;
	const struct expression *expression; /* NULL: literal */
};

enum { RULES_MAX = 32 };

/* A kind of message that frames make. */
struct message_rule {
	const struct expression *when; /* NULL: each frame */
	enum method method;
	struct path_part *path;
	unsigned npath;
	const struct expression *each;
	const struct emit *emit;          /* NULL: the whole frame, or the element of `each` */
	struct reply_template reply, nak; /* in place of the description's ack and nak */
};

enum { VARIABLES_MAX = 32 };

/* What is remembered from frame to frame. */
struct variable_rule {
	slice name;
	const struct expression *when, *value; /* when NULL: each frame that has it */
	const struct expression *initial;      /* before it was set; NULL: absent */
};

enum { ASSEMBLE_MAX = 4, KEY_MAX = 8 };

enum assembly_end { ASSEMBLY_PARTS, ASSEMBLY_LENGTH, ASSEMBLY_LAST };

/* How frames that each carry a part of a message belong together. */
struct assembly_rule {
	const struct expression *when, *part, *bytes;
	const struct expression *key[KEY_MAX];
	unsigned nkey;
	size_t first; /* the number of the first part */
	enum assembly_end ends_by;
	const struct expression
	        *end; /* how many parts, how many bytes, or: is this the last one? */
	const struct type *type;
	size_t max_bytes;
	unsigned open_max;
	uint64_t timeout_ms;
};

struct extension {
	struct framing framings[FRAMING_MAX];
	unsigned nframings;
	size_t max_bytes;
	uint64_t gap_us; /* the longest pause that ends a frame; 0: none does */
	bool has_login;
	bool login_is_message; /* the login frame carries a message as well */
	bool has_device; /* each frame says which device it is from: login_device, login_secret */
	const struct expression *login_when, *login_device, *login_secret;
	struct reply_template login_accept, login_refuse;
	struct reply_template ack, nak, heartbeat;
	const struct expression *heartbeat_when;
	struct reply_template greeting,
	        beat; /* what we say by ourselves: at first, and every beat_ms */
	uint64_t beat_ms, beat_answer_ms, timeout_ms;
	struct message_rule rules[RULES_MAX];
	unsigned nrules;
	bool ignores_others; /* frames that fit no rule are taken, and make no message */
	enum frame_on_error on_error;
	unsigned concurrent;
	struct variable_rule variables[VARIABLES_MAX];
	unsigned nvariables;
	struct assembly_rule assemblies[ASSEMBLE_MAX];
	unsigned nassemblies;
	const struct frame_call *call; /* call.h; NULL: none */
};

/* ---- loading: false after an error that is set ---- */

/* Refuses every key of the map that is not among the known ones (NULL-terminated). */
bool extension_check_keys(
        struct loader *, const struct node *map, const char *const *known, const char *where);
bool extension_optional_number(struct loader *, const struct node *map, const char *key,
        int64_t low, int64_t high, int64_t *number);
bool extension_optional_endian(struct loader *, const struct node *map, enum endian *);
bool extension_required_expression(
        struct loader *, const struct node *map, const char *key, const struct expression **into);
/* The same of what must be true or false. */
bool extension_required_condition(
        struct loader *, const struct node *map, const char *key, const struct expression **into);
/* A time such as "30s", from 1 ms. */
bool extension_optional_duration(
        struct loader *, const struct node *map, const char *key, uint64_t *ms);
bool framings_compile(struct loader *, const struct node *, struct extension *);
/* Whether there can be such frames, once `max` is known. */
bool framings_fit(struct loader *, const struct node *, const struct extension *);
bool variables_compile(struct loader *, const struct node *, struct extension *);
bool assemble_compile(struct loader *, const struct node *, struct extension *);
bool template_compile(struct loader *, const struct node *, struct reply_template *);
/* The same, of bytes, checksums and frames of constants: for what is said when there is no frame. */
bool template_compile_fixed(struct loader *, const struct node *, struct reply_template *);
bool path_compile(struct loader *, slice text, unsigned line, unsigned column, struct path_part **,
        unsigned *n);

/* ---- running ---- */

/* The path that the parts and their expressions make. false: the fault is set. */
bool path_fill(
        struct frame *, const struct scope *, const struct path_part *, unsigned n, slice *path);
/* { NULL, 0 }: an expression failed, or one is needed and `frame` is NULL; the frame's fault says why. */
slice template_fill(const struct reply_template *, struct frame *, struct arena *);

#endif
