/* Binary frames by description: Kaitai Struct (.ksy) interpreted at run time, plus the key `-fairlead:` for what
 * Kaitai Struct does not cover (docs/reference/frames.md).
 *
 * Pure: no I/O (but for frame_schema_open()), no clock; any thread, one at a time for each schema. Loading takes memory
 * of its own; everything else comes from the arena that is given, and is bounded in depth, steps and size. */
#ifndef CODEC_FRAME_FRAME_H
#define CODEC_FRAME_FRAME_H

#include "api/plugin.h"
#include "api/status.h"
#include "base/arena.h"
#include "codec/value.h"

struct frame_schema;
struct frame; /* one decoded frame, in its arena */

enum frame_on_error { FRAME_ON_ERROR_CLOSE, FRAME_ON_ERROR_RESYNC, FRAME_ON_ERROR_NAK };

/* NULL: the error has line, column and what is wrong. What this interpreter does not support is refused here
 * by its name, never ignored. `text` is not kept. Imports nothing. */
struct frame_schema *frame_schema_load(slice text, struct error *);

/* Where the descriptions that one imports come from. */
struct frame_files {
	/* The text of the file into the arena. The path is relative to the importing description's root folder and never
	 * leaves it. false: the error's text says why there is none. */
	bool (*read)(void *arg, const char *path, struct arena *, slice *text, struct error *);
	void *arg;
};
/* The same for a description that may import others; `path`: its own name in its folder. A mistake in an imported
 * one has the place of the import, and names its own file, line and column in the text. */
struct frame_schema *frame_schema_load_files(
        const char *path, slice text, const struct frame_files *, struct error *);
/* The same from a file of at most 1 MiB, and whatever it imports: blocks. NULL: error->text says in which file, line
 * and column what is wrong, or why it cannot be read. */
struct frame_schema *frame_schema_open(const char *path, struct error *);
/* Of what frame_schema_open() read, so that one that was changed can be told. Within this process only. */
uint64_t frame_schema_stamp(const struct frame_schema *);
void frame_schema_free(struct frame_schema *); /* NULL is fine */

bool frame_schema_has_framing(const struct frame_schema *);
bool frame_schema_has_login(const struct frame_schema *);
/* Who says who it is brings a secret with that. */
bool frame_schema_has_secret(const struct frame_schema *);
/* Its login frame carries a message as well. */
bool frame_schema_login_is_message(const struct frame_schema *);
/* Each frame says which device it is from; then there is no login. */
bool frame_schema_has_device(const struct frame_schema *);
bool frame_schema_has_path(const struct frame_schema *);
/* It wants to be told something (frame_decode_with()). */
bool frame_schema_has_parameters(const struct frame_schema *);
/* Frames that none of its `messages` is for are taken without a word. */
bool frame_schema_ignores_others(const struct frame_schema *);
/* How long a device may be silent; 0: the description does not say. */
uint64_t frame_schema_timeout_ms(const struct frame_schema *);
/* How often the gateway says its own heartbeat; 0: never. And within what time the device must have said something after
 * that; 0: any. */
uint64_t frame_schema_beat_ms(const struct frame_schema *);
uint64_t frame_schema_beat_answer_ms(const struct frame_schema *);
/* The largest frame. */
size_t frame_schema_max_bytes(const struct frame_schema *);
/* The largest message of several frames; 0: there are none. */
size_t frame_schema_assembled_max_bytes(const struct frame_schema *);
/* How many frames of one connection may be under way at once. */
unsigned frame_schema_concurrent(const struct frame_schema *);
enum frame_on_error frame_schema_on_error(const struct frame_schema *);
/* Puts this path template in place of the schema's own. `device`: whoever uses the schema knows who is there, so that the template
 * may name it also where there is no login. */
bool frame_schema_set_path(struct frame_schema *, slice path_template, bool device, struct error *);

/* ---- the stream ---- */

enum frame_cut {
	FRAME_MORE, /* no whole frame yet */
	FRAME_WHOLE,
	FRAME_BETWEEN, /* delimiters that end no frame: to be skipped without a word */
	FRAME_BAD      /* the bytes are no frame */
};

struct frame_piece {
	slice bytes; /* FRAME_WHOLE: the frame, as the description sees it */
	size_t used; /* how many bytes of the stream are done with (a delimiter that is left out too) */
	size_t needed;   /* FRAME_MORE: with fewer unread bytes than these the answer is the same */
	const char *why; /* FRAME_BAD: for a person */
	bool checksum;   /* FRAME_BAD: a whole frame whose checksum is wrong */
};

/* Looks at the start of the unread bytes. Skips nothing by itself: `used` says how far to skip (at least one
 * byte) to find the next possible start. Deterministic: how the bytes arrived makes no difference to the
 * frames. `quiet`: nothing has followed these bytes for frame_schema_gap_us(), which ends a frame where the description
 * says so. A piece of escaped bytes lies in `scratch`, else in `unread`; nothing in there is needed by the next call. */
enum frame_cut frame_split(const struct frame_schema *, slice unread, bool quiet,
        struct arena *scratch, struct frame_piece *);
/* How long a line is silent after a frame that nothing else ends, in microseconds; 0: silence means nothing. */
uint64_t frame_schema_gap_us(const struct frame_schema *);
/* What `scratch` of frame_split() may have to hold. */
size_t frame_schema_scratch_bytes(const struct frame_schema *);

/* ---- one frame ---- */

enum frame_fault_kind {
	FRAME_FAULT_NONE,
	FRAME_FAULT_END,      /* more is needed than is there */
	FRAME_FAULT_CONTENTS, /* fixed bytes differ */
	FRAME_FAULT_VALID,    /* a `valid` does not hold */
	FRAME_FAULT_TEXT,     /* bytes that are no text of their encoding */
	FRAME_FAULT_EXPRESSION,
	FRAME_FAULT_LIMIT,  /* depth, steps or memory */
	FRAME_FAULT_VALUE,  /* writing: a value that its field cannot hold, or that is missing */
	FRAME_FAULT_UNKNOWN /* writing, internal: it depends on what is not written yet */
};

struct frame_fault {
	enum frame_fault_kind kind;
	size_t offset; /* in the frame: where it stops making sense */
	/* It does so in bytes that were unpacked, at this one of them; `offset` is where the packed ones begin. Or in a message
	 * that was assembled of several frames. */
	bool unpacked, assembled;
	size_t inside;
	char path[96]; /* of the field */
	char text[160];
};

/* What was read where, for people. */
struct frame_trace_entry {
	slice path;
	size_t offset, n; /* offset SIZE_MAX: in unpacked or assembled bytes, at `inside` */
	size_t inside;
	const struct cell *cell;
	bool structure; /* a heading: its fields follow */
	bool computed;  /* it stands nowhere */
	struct frame_trace_entry *next;
};
struct frame_trace {
	struct frame_trace_entry *first, *last;
};

/* Decodes; `bytes` must live as long as the arena. `trace` may be NULL. NULL: fault says why and where. */
struct frame *frame_decode(const struct frame_schema *, struct arena *, slice bytes,
        struct frame_trace *trace, struct frame_fault *);
/* The same for a description with `params`: what they are. Those that are not given must not be needed. */
struct frame_parameter {
	slice name;
	const struct value *value; /* null, number, text, boolean or bytes */
};
struct frame *frame_decode_with(const struct frame_schema *, struct arena *, slice bytes,
        const struct frame_parameter *, unsigned nparameters, struct frame_trace *,
        struct frame_fault *);
/* What frame_decode() tells this description from now on. Borrowed, for as long as it lives. */
void frame_schema_give(struct frame_schema *, const struct frame_parameter *, unsigned nparameters);
/* The fault that was given to frame_decode(). */
struct frame_fault *frame_fault_of(const struct frame *);
/* The whole frame as a value: fields in order, then instances. NULL: see the fault given to frame_decode(). */
struct value *frame_value(struct frame *);

/* ---- a session: what lasts from frame to frame ---- */

/* What one connection has said so far: session variables, and messages of several frames that are not whole yet. Bounded
 * by the description's settings, whatever the peer sends. */
struct frame_session;

/* NULL: out of memory. The schema outlives it. */
struct frame_session *frame_session_create(const struct frame_schema *);
/* NULL is fine. */
void frame_session_free(struct frame_session *);

/* The frame is one of this session's: before anything below is asked about it, in the order of the frames. It sets the
 * session's variables, and sees them as they are then, whatever later frames do. The session outlives what is asked. A
 * frame that belongs to no session has no variables and nothing `assembled`. false: an expression failed, and no
 * variable has changed. */
bool frame_join(struct frame *, struct frame_session *);

enum frame_part {
	FRAME_PART_NONE,  /* the frame is a message by itself */
	FRAME_PART_HELD,  /* kept until the others are there */
	FRAME_PART_WHOLE, /* the message is whole: `assembled` */
	FRAME_PART_STRAY  /* it fits to no message: dropped */
};

/* Whether the frame, a message by its role, is a part of one; once for each frame that joined. *why (FRAME_PART_STRAY):
 * for a person, static. false: an expression failed, or the whole message could not be decoded. */
bool frame_assemble(struct frame *, uint64_t now_ms, enum frame_part *, const char **why);
/* How many messages were begun and given up since the last call, since a part was missing, late or too much. */
unsigned frame_session_lost(struct frame_session *);
/* How many wait for more parts. */
unsigned frame_session_open(const struct frame_session *);

/* ---- what the frame means to the gateway ---- */

enum frame_role { FRAME_ROLE_MESSAGE, FRAME_ROLE_LOGIN, FRAME_ROLE_HEARTBEAT };

/* The texts below are in the frame's arena. Each returns false when an expression fails; the fault given to
 * frame_decode() says why. */
bool frame_role(struct frame *, enum frame_role *);
/* Who a login frame, or where each frame says so this one, is from; *device is empty where it does not say.
 * *secret is a copy in the frame's arena, for the caller to wipe; empty when the schema names none. */
bool frame_login(struct frame *, slice *device, slice *secret);
/* How many messages it holds; 0: also when none of the description's `messages` is for it. */
bool frame_messages(struct frame *, unsigned *n);
/* Some rule of `messages` is for it; after frame_messages(). */
bool frame_is_message(const struct frame *);
/* What its messages do; after frame_messages(). */
enum method frame_method(const struct frame *);
/* Where message `i` goes and what it says (NULL: it only asks, by GET or DELETE); `device`: from the login, or empty. */
bool frame_message(struct frame *, unsigned i, slice device, slice *path, const struct value **);

/* What it says where it does not come by itself, but as the body of a message: the list of all its messages where
 * the description has `each`, else the one. NULL: the fault says why. */
struct value *frame_payload(struct frame *);

enum frame_answer {
	FRAME_ANSWER_ACK,
	FRAME_ANSWER_NAK,
	FRAME_ANSWER_LOGIN_ACCEPT,
	FRAME_ANSWER_LOGIN_REFUSE,
	FRAME_ANSWER_HEARTBEAT,
	FRAME_ANSWER_GREETING, /* to who has connected */
	FRAME_ANSWER_BEAT      /* again and again */
};
/* Some answers depend on the frame's messages; `frame` NULL: it could not be decoded. */
bool frame_has_answer(const struct frame_schema *, const struct frame *, enum frame_answer);
/* Its answers are made of what the backend answered. */
bool frame_wants_reply(const struct frame *);
/* How its messages ended, for the answer that is made next: how many were delivered, and what the backend answered to the
 * last one (or NULL), which must live as long as frame_answer() takes. */
void frame_answered(struct frame *, enum status, unsigned taken, const struct value *reply);
/* The bytes to send; { NULL, 0 } when the schema has no such answer or an expression failed. `frame` may be
 * NULL (a frame that could not be decoded): templates that name its fields then give nothing. */
slice frame_answer(const struct frame_schema *, struct frame *, struct arena *, enum frame_answer);

/* ---- requests to the device (docs/reference/frame-calls.md) ---- */

struct frame_call_limits {
	uint64_t timeout_ms; /* for the device's answer */
	uint64_t
	        quiet_ms; /* after one that did not come, where answers do not say whose they are */
	unsigned concurrent; /* how many requests may be unanswered at a time */
	bool answers;        /* there is `answer:` */
	bool matched;        /* an answer says whose it is, and there is no mistake about it */
	bool marked;         /* a frame says that it is an answer */
};

/* false: the description has no `call:`. */
bool frame_schema_call(const struct frame_schema *, struct frame_call_limits *);

struct frame_request {
	slice sent;    /* as it goes into the stream */
	slice bytes;   /* the structure alone: what frame_answers() is asked with */
	bool expected; /* the device answers it */
};

/* Writes a request from a value (a map of its members; NULL: none of its own), in the arena. `transaction` is the
 * session's running number. false: fault names the member and what is wrong. */
bool frame_ask(const struct frame_schema *, struct arena *, const struct value *,
        uint64_t transaction, struct frame_request *, struct frame_fault *);

/* The following are asked of a decoded frame. Each returns false when an expression fails; the fault given to
 * frame_decode() says why. */

/* Is it an answer at all, to whatever? */
bool frame_is_answer(struct frame *, bool *answer);
/* Is it the answer to this request, of which frame_request.bytes is left? If so, it is _request from now on. */
bool frame_answers(struct frame *, slice request, bool *answers);

struct frame_outcome {
	bool refused;              /* the device says that it could not */
	slice status, text;        /* what it says of that; or empty */
	const struct value *value; /* what it answers; NULL: nothing */
};
/* What it says, after frame_answers(). */
bool frame_outcome(struct frame *, struct frame_outcome *);

/* A message that a listener makes of the answers to what it asks by itself. */
struct frame_poll;
struct config;
/* Its path (a template) and `emit` (NULL: what the description says of answers), in the language of descriptions; in the
 * schema's memory. NULL: the error is set, with its place. */
const struct frame_poll *frame_schema_poll(struct frame_schema *, const struct config *path,
        const struct config *emit, struct error *);
/* After frame_outcome(); `device`: who is there. */
bool frame_poll_message(struct frame *, const struct frame_poll *, slice device, slice *path,
        const struct value **);

/* ---- writing ---- */

/* Each of the following gives { NULL, 0 } with a fault that names the field and what is wrong with its value. The
 * rules (what may be left out and is computed) are in docs/reference/frame-encoding.md. */

/* Writes the structure `type` ("a::b"; empty: the whole) from a map of its members, and its parameters if it has any:
 * a field is written from the member of its name; one that is absent or null is computed: constants, lengths, counts,
 * tags. What is left to the framing (frame_wrap()) may be absent, and is zero. What comes out reads back as the values
 * that were given. */
slice frame_encode(const struct frame_schema *, struct arena *, slice type, const struct value *,
        struct frame_fault *);
/* A frame as it goes into the stream: the first framing that fits its beginning writes its length field and checksum
 * and puts its delimiter around it. Without framing, the bytes as they are. */
slice frame_wrap(const struct frame_schema *, struct arena *, slice bytes, struct frame_fault *);
/* frame_encode() and frame_wrap() in one: a whole frame to send. What stands on the stream then, cut and decoded, has
 * the values that were given; where the description has no field for the framing's checksum, room is made for it. */
slice frame_write(const struct frame_schema *, struct arena *, slice type, const struct value *,
        struct frame_fault *);

/* ---- checksums ---- */

/* As in the catalogue of parametrised CRC algorithms; `width` in bits, 8 to 32. */
struct checksum_crc {
	unsigned width;
	uint32_t polynomial, start, end;
	bool reflect_in, reflect_out;
};
struct checksum_kind {
	const char *name; /* "crc-16/modbus" */
	unsigned width;   /* of the sum, in bytes */
	/* NULL: nmea, which is a text of its own. */
	uint32_t (*sum)(const struct checksum_kind *, slice);
	struct checksum_crc crc;
	const uint32_t *table; /* of a CRC that was prepared */
};
/* NULL: unknown. */
const struct checksum_kind *checksum_find(slice name);
/* The same, faster: a CRC gets a table of 1 KiB in the arena. NULL: over budget. */
const struct checksum_kind *checksum_prepare(struct arena *, const struct checksum_kind *);
/* Makes one that is not in the catalogue. */
void checksum_crc(struct checksum_kind *, const struct checksum_crc *);
/* NMEA 0183: true when the sentence (from "$" or "!", with or without its line end) carries the checksum that
 * it should, and so does the TAG block before it, if there is one. `missing`: the sentence carries none at all. */
bool checksum_nmea(slice sentence, bool *missing);

/* ---- for people ---- */

/* The table of fields of each frame in the bytes, and for a wrong one the byte where it stops making sense, as text
 * in the arena. Without framing the bytes are one frame. *good: all were decoded whole. { NULL, 0 }: over budget. */
slice frame_decode_text(const struct frame_schema *, struct arena *, slice bytes, bool *good);

#endif
