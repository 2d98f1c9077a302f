/* A loaded description: what the loader makes of a .ksy file and the decoder runs. Inside codec/frame only.
 *
 *     load/      makes it: YAML, names, expressions, fields
 *     run/       runs it over a frame
 *     stream/    cuts frames out of a stream, by `framing:`
 *     meaning/   the rest of the `-fairlead:` key: who sends, messages, answers, sessions, requests to the device
 *     write/     makes frames of values
 *
 * Everything lives in the schema's arena and never changes after loading, so one schema serves any number of
 * connections. Names are interned: equal names are the same pointer, so that looking up a member compares
 * pointers. */
#ifndef FRAME_PROGRAM_H
#define FRAME_PROGRAM_H

#include "codec/frame/frame.h"

struct type;
struct expression;
struct extension;
struct emit;    /* meaning/emit.h */
struct scaling; /* meaning/scaling.h */
struct enumeration;

/* ---- expressions ---- */

enum operation {
	OP_INTEGER,
	OP_REAL,
	OP_BOOLEAN,
	OP_TEXT,
	OP_BYTES,
	OP_ENUM,
	OP_ARRAY,
	OP_OWN,   /* a member of the type that the expression stands in, by number */
	OP_SELF,  /* _: the item of a repetition, or the value that is validated */
	OP_INDEX, /* _index */
	OP_ROOT,
	OP_PARENT,
	OP_IO,
	OP_IS_LE,
	OP_DEVICE,      /* in -fairlead: what the login frame said */
	OP_REPLY,       /* in a reply: what the backend answered */
	OP_STATUS,      /* in a reply: how the message ended, as a word */
	OP_TAKEN,       /* in a reply: how many of the frame's messages were delivered */
	OP_SESSION,     /* in -fairlead: a variable of the session, by number */
	OP_ASSEMBLED,   /* in -fairlead: the message that this frame's part made whole */
	OP_REQUEST,     /* in what is said of answers: the request that this frame answers */
	OP_TRANSACTION, /* in what requests are made of: the session's running number */
	OP_MEMBER,      /* first.name: a member of a structure, or a method */
	OP_ITEM,        /* first[second] */
	OP_CAST,        /* first.as<type> */
	OP_SIZEOF,      /* of `type` or of what `first` is: an OP_INTEGER when all is loaded */
	OP_JOIN,        /* f"…": the parts as text, one after the other */
	OP_NEGATE,
	OP_NOT,
	OP_INVERT,
	OP_CHOOSE, /* first ? second : third */
	OP_OR,
	OP_AND,
	OP_EQUAL,
	OP_DIFFERENT,
	OP_LESS,
	OP_LESS_EQUAL,
	OP_GREATER,
	OP_GREATER_EQUAL,
	OP_BIT_OR,
	OP_BIT_XOR,
	OP_BIT_AND,
	OP_SHIFT_LEFT,
	OP_SHIFT_RIGHT,
	OP_ADD,
	OP_SUBTRACT,
	OP_MULTIPLY,
	OP_DIVIDE,
	OP_MODULO
};

enum method_name {
	CALL_NONE,
	CALL_TO_I,
	CALL_TO_S,
	CALL_LENGTH, /* also "size" */
	CALL_FIRST,
	CALL_LAST,
	CALL_MIN,
	CALL_MAX,
	CALL_REVERSE,
	CALL_SUBSTRING,
	CALL_LN, /* these two are ours */
	CALL_POW,
	CALL_EOF,
	CALL_POS,
	CALL_IO,
	CALL_PARENT,
	CALL_ROOT
};

struct expression {
	enum operation op;
	bool natural; /* OP_INTEGER, OP_ENUM: `integer` holds a uint64_t above INT64_MAX */
	enum method_name method; /* OP_MEMBER: what the name means where it is no member */
	unsigned member;         /* OP_OWN, OP_SESSION; OP_MEMBER: in a structure of `type` */
	int64_t integer; /* OP_INTEGER, OP_BOOLEAN, OP_ENUM; OP_MEMBER: the encoding of to_s(…) */
	double real;
	slice text; /* OP_TEXT, OP_BYTES; OP_MEMBER: the interned name */
	const struct enumeration *enumeration;
	/* OP_CAST: the structure; NULL: bytes, or another plain type. OP_MEMBER: the structure that `first` is, as far as
	 * that can be seen beforehand. */
	const struct type *type;
	bool to_bytes; /* OP_CAST */
	bool in_bits;  /* OP_SIZEOF */
	bool of_reply; /* OP_MEMBER, OP_ITEM, OP_SELF: of what the backend answered, where any name may be and any may be missing */
	const struct expression *first, *second, *third;
	const struct expression *const *items; /* OP_ARRAY, OP_JOIN, arguments of a method */
	unsigned nitems;
};

/* ---- types ---- */

struct enum_value {
	int64_t number;
	bool natural;
	slice name;
};

struct enumeration {
	slice name;
	struct enum_value *values;
	unsigned nvalues;
	const struct enumeration *next; /* of the same type */
};

enum encoding {
	ENCODING_NONE,
	ENCODING_ASCII,
	ENCODING_UTF8,
	ENCODING_UTF16LE,
	ENCODING_UTF16BE,
	ENCODING_UTF32LE,
	ENCODING_UTF32BE,
	ENCODING_LATIN1,
	ENCODING_OTHER /* and above: the schema's charset of that number */
};
enum { CHARSETS_MAX = 16 };

enum base {
	BASE_NONE, /* a switch without a case for the value: nothing is read */
	BASE_UNSIGNED,
	BASE_SIGNED,
	BASE_FLOAT,
	BASE_BITS,
	BASE_BYTES,
	BASE_TEXT,
	BASE_STRUCT
};

enum endian { ENDIAN_UNKNOWN, ENDIAN_LITTLE, ENDIAN_BIG, ENDIAN_SWITCHED };

/* A type as a field names it. */
struct type_use {
	enum base base;
	unsigned width;     /* bytes of a number; bits of a bit field */
	enum endian endian; /* of numbers and of bits */
	slice zero;         /* strz: what it ends with */
	enum encoding encoding;
	const struct type *type;
	const struct expression *const *arguments;
	unsigned narguments;
};

struct type_case {
	const struct expression *when; /* NULL: "_", everything else */
	struct type_use use;
};

enum repeat { REPEAT_NONE, REPEAT_TO_END, REPEAT_TIMES, REPEAT_UNTIL };

enum { VALID_MAX = 16 };
struct valid {
	bool in_enum;
	const struct expression *equal, *min, *max, *holds;
	const struct expression **any_of;
	unsigned nany_of;
};

struct process_kind;

struct field {
	slice name; /* interned; "_unnamed3" for one without an id */
	bool anonymous;
	bool omitted;  /* `-fairlead-omit: true`: not in the value */
	bool optional; /* `-fairlead-optional: true`: absent where it cannot be computed */
	slice label;   /* `-fairlead-name`: what messages call it; empty: as the description does */
	const struct scaling *scaling; /* NULL: the number on the wire is the one in messages */
	bool bare;                     /* a number of a fixed order, and nothing else to look at */
	unsigned line;
	const struct expression *condition;
	enum repeat repeat;
	const struct expression *repeat_by; /* how often, or until what */

	struct type_use use; /* unless it is switched */
	const struct expression *switch_on;
	struct type_case *cases;
	unsigned ncases;

	const struct expression *size;
	bool to_end; /* size-eos */
	slice terminator;
	bool has_terminator, include, keep_terminator, lenient_end;
	int pad; /* -1: none */
	bool has_contents;
	slice contents;
	const struct enumeration *enumeration;
	const struct valid *valid;          /* NULL: any value will do */
	const struct process_kind *process; /* run/process.h */
	const struct expression *const *process_arguments;
	unsigned nprocess_arguments;
	const struct expression *parent; /* `parent:` */
	bool orphan;                     /* `parent: false` */

	/* Instances. */
	const struct expression *value, *pos, *io;

	const struct expression
	        *write; /* `-fairlead-write`: what is written where no value is given */
};

enum member_kind { MEMBER_PARAMETER, MEMBER_FIELD, MEMBER_INSTANCE };

struct member {
	slice name;
	enum member_kind kind;
	struct field field;
};

struct type {
	slice name;
	const struct type *outer, *top; /* top: of its file, where it may be itself */
	struct type *inner, *next;      /* nested types: the first, and the next beside it */
	const struct enumeration *enumerations;
	struct member *members; /* parameters, then fields, then instances */
	const char *
	        *names; /* their interned names, close together: what is looked for at run time */
	unsigned nmembers;
	enum endian endian, bit_endian;
	enum encoding encoding;
	const struct expression *endian_on; /* ENDIAN_SWITCHED, where it is switched */
	struct type_case *endian_cases;     /* `use.endian` is the answer */
	unsigned nendian_cases;
	const struct emit
	        *emit; /* `-fairlead-emit`: what it is in messages; NULL: a map of its members */
	bool labelled; /* some member has a label, so that two may have one name */
};

enum { NAME_BUCKETS = 256 };
struct interned {
	slice name;
	bool is_member; /* some type has a member of this name */
	struct interned *next;
};

struct frame_schema {
	struct arena arena;
	struct type *root;
	struct interned *names[NAME_BUCKETS];
	struct extension *extension;            /* meaning/extension.h */
	struct charset *charsets[CHARSETS_MAX]; /* run/charset.c */
	unsigned ncharsets;
	const struct frame_parameter *given; /* frame_schema_give() */
	unsigned ngiven;
	uint64_t stamp; /* of the files that it was read from */
};

/* ---- loading ---- */

struct node;
struct source;
struct question;

struct loader {
	struct frame_schema *schema;
	struct arena *arena;
	struct error *error;
	/* load/source.h. While an expression is compiled outside of loading there are none. */
	struct arena *scratch;
	const struct frame_files *files;
	struct source *sources;     /* the description itself, then what it imports */
	struct source *source;      /* that is being worked on */
	struct question *questions; /* load/size.h */
	const struct type *self;    /* whose member is being compiled */
	bool in_extension;          /* `device` is known */
	bool has_login;
	bool has_assembled;   /* `assembled` is known */
	bool has_variables;   /* `session` is known */
	bool makes_senml;     /* some message is a SenML pack */
	unsigned nemits;      /* parts of messages so far */
	bool in_reply;        /* `_reply`, `_status` and `_taken` are known */
	bool saw_reply;       /* `_reply` was used */
	bool it_is_of_reply;  /* `_` is an element of what the backend answered */
	bool has_request;     /* `_request` is known */
	bool has_transaction; /* `_transaction` is known */
};

/* The one slice of this name; { NULL, 0 }: out of memory. */
slice loader_intern(struct loader *, slice name, bool is_member);
/* As the language writes names: small letters, digits and _. */
bool loader_is_name(slice);
bool loader_is_member_name(const struct loader *, slice name);
/* Finds "a::b" from the inside out. NULL: there is none. */
const struct type *loader_find_type(const struct loader *, slice path);
const struct enumeration *loader_find_enum(const struct loader *, slice path);
/* A type's name as `type:` and `as<>` have it. BASE_NONE with true: not a plain type. */
bool loader_plain_type(const struct type *self, slice name, struct type_use *);
/* The member's number, or -1. */
static inline int type_member(const struct type *type, slice interned_name)
{
	for (unsigned i = 0; type && i < type->nmembers; i++) {
		if (type->names[i] == interned_name.p)
			return (int)i;
	}
	return -1;
}

/* Parses and resolves an expression. NULL: the error is set, with `line` and a column. */
const struct expression *expression_compile(
        struct loader *, slice text, unsigned line, unsigned column);
const struct expression *expression_of(struct loader *, const struct node *);
/* Of a key that may be missing: then *into stays as it is. false: the error is set. */
bool expression_optional(
        struct loader *, const struct node *map, const char *key, const struct expression **into);
/* The same of what must be true or false; what can be neither is refused. */
const struct expression *condition_of(struct loader *, const struct node *);
bool condition_optional(
        struct loader *, const struct node *map, const char *key, const struct expression **into);

bool field_compile(struct loader *, const struct node *, enum member_kind, struct field *);
bool extension_compile(struct loader *, const struct node *);
bool node_integer(struct loader *, const struct node *, int64_t low, int64_t high, int64_t *);
bool node_switch(struct loader *, const struct node *, bool *);
/* A text's bytes, or a list of numbers and texts. */
bool node_bytes(struct loader *, const struct node *, slice *);
/* false: there is none of this name. */
bool loader_encoding(struct loader *, slice name, enum encoding *);
/* Bytes of its smallest part: 1, 2 or 4. */
unsigned encoding_unit(const struct frame_schema *, enum encoding);
void charsets_close(struct frame_schema *);

/* ---- running ---- */

enum cell_kind {
	CELL_UNREAD, /* not there yet; all-zero memory */
	CELL_BUSY,   /* an instance that is being computed */
	CELL_ABSENT, /* its `if` was false, or no case applied */
	CELL_INTEGER,
	CELL_REAL,
	CELL_BOOLEAN,
	CELL_TEXT,
	CELL_BYTES,
	CELL_ENUM,
	CELL_STRUCT,
	CELL_ARRAY,
	CELL_IO,
	CELL_VALUE /* a list or map of what the backend answered */
};

struct cell {
	enum cell_kind kind;
	bool natural; /* CELL_INTEGER, CELL_ENUM: `integer` holds a uint64_t above INT64_MAX */
	bool single;  /* CELL_REAL: read from 4 bytes */
	union {
		int64_t integer; /* CELL_BOOLEAN too */
		double real;
		slice text;
		struct object *object;
		struct array *array;
		struct input *input;
		const struct value *value;
	} as;
	const struct enumeration *enumeration;
	const struct scaling *scaling; /* of the field that the cell is, untouched since; or NULL */
};

struct array {
	struct cell *items;
	unsigned n, size;
};

/* Bytes being read, and where. */
struct input {
	slice bytes;
	size_t at;
	uint8_t bits;       /* what is left of the byte before `at` */
	unsigned bits_left; /* 0..7 */
	bool bits_little;
	bool open;     /* being written: how many bytes it will have is not known yet */
	size_t origin; /* of bytes.p[0] in the frame; ORIGIN_NONE: unpacked bytes, in no frame */
	/* Of unpacked bytes: which of them bytes.p[0] is, and where in the frame the packed ones begin; ORIGIN_NONE: nowhere,
	 * they were assembled. */
	size_t base, packed;
	bool goes_on; /* more bytes may follow, so nothing is the end */
	size_t wanted; /* goes_on: how many bytes a read that failed would have needed; 0: none failed */
};
#define ORIGIN_NONE SIZE_MAX

struct object {
	const struct type *type;
	struct object *parent, *root;
	struct object *holder; /* in whose field it stands: for paths, whatever `parent:` says */
	const struct field *field;
	int64_t index;
	bool little; /* for ENDIAN_SWITCHED */
	struct input *input;
	struct draft *draft; /* write/encode.h; NULL: it was read */
	struct cell cells[]; /* one a member */
};

struct message_rule;

struct frame {
	const struct frame_schema *schema;
	struct arena *arena;
	struct frame_fault *fault;
	struct frame_trace *trace;
	struct object *root;
	slice bytes;
	slice device;                  /* the session's, while templates are filled */
	struct frame_session *session; /* NULL: none */
	struct cell *variables; /* the session's, as they are from this frame on; NULL: none */
	const struct message_rule *rule; /* once frame_messages() has chosen it; NULL: none fits */
	const struct value *reply;       /* while its answer is made; or NULL */
	enum status status;
	unsigned taken;
	struct cell assembled; /* CELL_UNREAD: nothing became whole with this frame */
	struct cell request;   /* CELL_UNREAD: it answers none */
	uint64_t transaction;  /* of the request that is being made */
	uint64_t steps_left;
	unsigned depth;
	unsigned optional;       /* how many optional instances are being computed */
	struct encoder *encoder; /* write/encode.h; NULL: the frame is read */
};

/* What an expression sees. */
struct scope {
	struct object *self;
	const struct cell *it;
	int64_t index;
};

/* Records the first fault with its place. Always false. */
bool frame_fail(struct frame *, enum frame_fault_kind, const struct scope *, const char *format,
        ...) __attribute__((format(printf, 4, 5)));
/* The same for one field: its name ends the path. `offset` SIZE_MAX: where reading stands. */
bool frame_fail_field(struct frame *, const struct scope *, const struct field *,
        enum frame_fault_kind, size_t offset, const char *text);
bool frame_no_memory(struct frame *, const struct scope *);
bool frame_out_of_steps(struct frame *, const struct scope *);
/* An entry for the field that is about to be read; NULL: over budget. */
struct frame_trace_entry *frame_trace_add(
        struct frame *, const struct scope *, const struct field *, const struct input *);
void frame_trace_end(
        struct frame *, struct frame_trace_entry *, const struct input *, const struct cell *);
/* What the root's `params` are, one cell for each of its members. NULL: one is not what its type wants, or over budget;
 * the fault is set. */
const struct cell *parameters_make(const struct frame_schema *, struct arena *,
        const struct frame_parameter *, unsigned n, struct frame_fault *);
/* One step of work; false: the frame costs more than any honest one. */
static inline bool frame_step(struct frame *frame, const struct scope *scope)
{
	if (!frame->steps_left)
		return frame_out_of_steps(frame, scope);
	frame->steps_left--;
	return true;
}

/* Of work that goes through n bytes or items: each item of a frame may ask for the length of a text as long as the frame. */
static inline bool frame_steps_for(struct frame *frame, const struct scope *scope, size_t n)
{
	enum { BYTES_PER_STEP = 64 };
	if (frame->steps_left < n / BYTES_PER_STEP)
		return frame_out_of_steps(frame, scope);
	frame->steps_left -= n / BYTES_PER_STEP;
	return true;
}

bool evaluate(struct frame *, const struct scope *, const struct expression *, struct cell *);
bool evaluate_boolean(struct frame *, const struct scope *, const struct expression *, bool *);
/* A text, or what is one as text: a number, a boolean, an enum. */
bool evaluate_text(struct frame *, const struct scope *, const struct expression *, slice *);
/* A whole number from 0 to SIZE_MAX. */
bool evaluate_size(struct frame *, const struct scope *, const struct expression *,
        const char *what, size_t *);
bool cells_equal(const struct cell *, const struct cell *);
/* -1, 0, 1 in *order; false: not comparable. */
bool cells_compare(const struct cell *, const struct cell *, int *order);
/* A number, text, boolean or enum as text. false: over budget, or none of them. */
bool cell_text(struct arena *, const struct cell *, slice *);
/* Does messages' map of a structure have this member, and under which name? */
bool member_is_shown(const struct member *);
slice member_label(const struct member *);
/* As a value tree, structures and lists included; null for what is absent. */
struct value *cell_value(struct frame *, const struct cell *, unsigned depth);
const struct enum_value *enum_find(const struct enumeration *, int64_t number, bool natural);

/* Decodes bytes that stand in no frame as an object of a type without parameters, into a CELL_STRUCT: its root is the
 * frame's, it has no parent, and its name in faults is the field's. `bytes` must live as long as the frame's arena. */
bool frame_read_apart(
        struct frame *, const struct type *, slice bytes, const struct field *named, struct cell *);
/* The number of a session variable, or -1. */
int extension_variable(const struct extension *, slice name);
/* A session variable as this frame has it; CELL_ABSENT where it is not set. */
bool frame_variable(struct frame *, const struct scope *, unsigned number, struct cell *);

/* Where a structure ends that is read from the front of the bytes. */
struct frame_end {
	size_t size;   /* of what was read */
	size_t needed; /* it failed for lack of bytes: so many are needed at least; 0: it did not */
	uint64_t steps; /* that it took */
};
/* Reads the fields of a type. `goes_on`: more bytes may follow, so nothing may depend on where they end; `max`: the largest
 * frame, by which work is bounded. false: they are not there (end->needed), or are none. */
bool frame_decode_end(const struct frame_schema *, const struct type *, struct arena *, slice bytes,
        bool goes_on, size_t max, struct frame_end *);

/* The member of an object, computed if it is an instance. */
bool object_member(struct frame *, struct object *, unsigned member, struct cell *);
slice object_path(struct arena *, const struct object *);

/* A number of `width` bytes. */
uint64_t load_unsigned(const char *bytes, unsigned width, bool little);
bool input_unsigned(struct input *, unsigned width, bool little, uint64_t *);
bool input_bits(struct input *, unsigned width, bool little, uint64_t *);
void input_align(struct input *);
bool input_eof(const struct input *);
bool input_bytes(struct input *, size_t n, slice *);

/* ---- one field: field_bytes.c, decode.c ---- */

enum { FRAME_DEPTH_MAX = 64 };

/* The bytes that its size, terminator and process give it. *origin: where they stand in the frame. */
bool field_read_bytes(struct frame *, const struct scope *, const struct field *,
        const struct type_use *, struct input *, slice *bytes, size_t *origin);
/* One item, without repetition. */
bool field_read_item(
        struct frame *, const struct scope *, const struct field *, struct input *, struct cell *);
bool field_read_repeated(
        struct frame *, const struct scope *, const struct field *, struct input *, struct cell *);
bool field_check_valid(struct frame *, const struct scope *, const struct field *,
        const struct cell *, size_t offset);

/* ---- what reading and writing share ---- */

/* Room for one more item, which may be anything. false: over budget. */
bool array_make_room(struct frame *, const struct scope *, struct array *);
/* All members unread; NULL: over budget. */
struct object *object_make(struct frame *, const struct type *, struct input *);
bool object_choose_parent(
        struct frame *, const struct scope *, const struct field *, struct object *);
bool object_switch_endian(struct frame *, struct object *);
bool object_is_little(const struct object *, enum endian);
/* Which type applies; BASE_NONE: no case does. */
bool field_choose_use(
        struct frame *, const struct scope *, const struct field *, const struct type_use **);
void field_apply_enum(const struct field *, struct cell *);
/* { NULL, 0 }: none. */
slice field_terminator(const struct field *, const struct type_use *);
/* SIZE_MAX: it is not there. */
size_t terminator_find(slice bytes, slice terminator);
/* frame_decode() of one type, whose parameters are given (as many as it has). */
struct frame *frame_decode_type(const struct frame_schema *, const struct type *,
        const struct cell *parameters, struct arena *, slice bytes, struct frame_trace *,
        struct frame_fault *);

/* To UTF-8. false: malformed or over budget; *why says which. */
bool encoding_decode(const struct frame_schema *, struct arena *, enum encoding, slice bytes,
        slice *text, const char **why);
/* From UTF-8. false: a character that the encoding has not, or over budget; *why says which. */
bool encoding_encode(const struct frame_schema *, struct arena *, enum encoding, slice text,
        slice *bytes, const char **why);
/* The same into an ENCODING_OTHER. false: it has not all these characters. { NULL, 0 }: over budget. */
bool charset_encode(
        const struct frame_schema *, struct arena *, enum encoding, slice text, slice *bytes);

#endif
