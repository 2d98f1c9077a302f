/* How a stream is cut into frames, loaded (docs/reference/framing.md). Inside codec/frame only.
 *
 *     framing_load.c   `framing:` of the `-fairlead:` key
 *     framing_parts.c  its `length-field`, `escape` and `checksum`
 *     split.c          which framing applies, what the description sees, where to go on after what is no frame
 *     extent.c         where one frame ends
 *     length.c         what a length field says
 *     escape.c         byte stuffing, both ways
 *     checksum.c       sums by name, and whether a frame carries its own */
#ifndef FRAME_FRAMING_H
#define FRAME_FRAMING_H

#include "codec/frame/program.h"

enum { FRAMING_MAX = 8, MARK_MAX = 16, ESCAPE_MAP_MAX = 16 };

/* ---- byte stuffing ---- */

enum escape_kind { ESCAPE_NONE, ESCAPE_XOR, ESCAPE_MAP, ESCAPE_DOUBLE };

struct escape {
	enum escape_kind kind;
	unsigned char byte; /* what stands before an escaped byte */
	unsigned char
	        flip; /* ESCAPE_XOR: the escaped byte is the one that is meant, with these bits turned */
	unsigned char on_line[ESCAPE_MAP_MAX], meant[ESCAPE_MAP_MAX]; /* ESCAPE_MAP */
	unsigned nmap;
	uint8_t needed[256 / 8]; /* ESCAPE_XOR: which bytes are escaped when a frame is written */
};

enum escape_unit {
	ESCAPE_UNIT_BYTE,
	ESCAPE_UNIT_MORE, /* the second byte of a pair is not there yet */
	ESCAPE_UNIT_MARK, /* ESCAPE_DOUBLE: one that stands alone, so a mark begins here */
	ESCAPE_UNIT_WRONG /* a pair that means nothing */
};

/* What stands at the front of the bytes, of which there is at least one: *byte is meant by *used bytes. */
enum escape_unit escape_unit(const struct escape *, slice raw, unsigned char *byte, size_t *used);
/* Up to `max` bytes that are meant, into `clean`. *used: by so many bytes. Anything but ESCAPE_UNIT_BYTE: what stands
 * after those, or ESCAPE_UNIT_MORE where all were read. */
enum escape_unit escape_read(
        const struct escape *, slice raw, size_t max, char *clean, size_t *n, size_t *used);
/* The inverse: the bytes as they go on the line. The marks of a frame are not to be among them. { NULL, 0 }: over
 * budget, or bytes that the map has no words for. */
slice escape_write(const struct escape *, struct arena *, slice clean);

/* ---- checksums ---- */

#define CHECKSUM_TO_END INT64_MAX
enum number_text { NUMBER_BINARY, NUMBER_DECIMAL, NUMBER_HEX, NUMBER_BCD, NUMBER_VARINT };
struct checksum {
	const struct checksum_kind *kind; /* NULL: none */
	int64_t from, to, at;             /* negative: counted from the frame's end */
	enum endian endian;
	enum number_text as; /* binary, decimal or hexadecimal digits */
	unsigned width;      /* of the stored sum, in bytes; at least the kind's own */
	bool raw;            /* over the bytes as they were on the line, escapes and all */
	bool optional;       /* nmea: a sentence without one is taken */
};
/* A place in a frame of n bytes: from its beginning, from its end, or CHECKSUM_TO_END. false: outside of it. */
bool checksum_place(int64_t offset, size_t n, size_t *at);
/* `frame`: as the description sees it; `raw`: as it was on the line. */
bool checksum_holds(const struct checksum *, slice frame, slice raw);

/* A number of fixed width. false: it is none. NUMBER_VARINT has no fixed width. */
bool number_read(slice, enum number_text, bool little, uint64_t *);
/* The inverse. false: it is too large for its width. */
bool number_write(char *at, size_t width, enum number_text, bool little, uint64_t);

/* ---- framings ---- */

enum framing_kind {
	FRAMING_LENGTH,
	FRAMING_DELIMITER, /* also one that ends where the next begins */
	FRAMING_FIXED,
	FRAMING_TYPE,
	FRAMING_BALANCED,
	FRAMING_QUIET /* nothing ends it but a pause of the line */
};

struct mark {
	slice bytes;
	slice fits; /* one for each byte: 0 where any byte fits. p == NULL: none does */
};

enum length_counts { LENGTH_REST, LENGTH_FRAME, LENGTH_FROM };

struct length_field {
	unsigned offset, width; /* at most so many bytes, where it is a text that ends by itself */
	enum endian endian;
	enum number_text as;
	slice until;   /* what ends a text; empty: its width does */
	uint64_t mask; /* 0: all of it */
	unsigned shift;
	enum length_counts counts;
	unsigned from; /* LENGTH_FROM: counts the bytes after so many */
	int64_t adjust, unit, multiple;
	bool twice; /* the field stands a second time */
	unsigned again;
};

struct framing {
	enum framing_kind kind;
	struct mark starts[MARK_MAX]; /* the frame begins with one of these; none: with anything */
	unsigned nstarts;
	bool strip_start; /* the description does not see it */
	unsigned skip;    /* nor so many bytes after it */
	struct length_field length;
	slice delimiters[MARK_MAX];
	unsigned ndelimiters;
	bool include;
	unsigned trailer;           /* so many bytes after the delimiter belong to the frame */
	slice not_before[MARK_MAX]; /* a delimiter before one of these is none */
	unsigned nnot_before;
	bool next_start;      /* the next start mark ends it as well */
	int quote;            /* what stands between two of these has no delimiters; -1: none */
	int quote_escape;     /* within quotes: the byte after this one means nothing; -1: none */
	slice ends[MARK_MAX]; /* FRAMING_LENGTH and the like: one of these must stand at the end */
	unsigned nends;
	size_t fixed_bytes;
	const struct type *type;
	unsigned char open, close; /* FRAMING_BALANCED */
	uint64_t gap_us;           /* 0: a pause of the line means nothing */
	bool discard;              /* bytes that are nobody's frame */
	struct escape escape;
	struct checksum checksum;
};

/* ---- where a frame ends ---- */

/* For so much work on what is no frame one byte is passed over. */
enum { WORK_PER_BYTE = 256 };

/* A look at the start of the unread bytes. */
struct cutter {
	const struct frame_schema *schema;
	const struct framing *framing;
	slice unread;
	size_t mark; /* the start mark's size */
	bool quiet;
	struct arena *scratch;
};

enum extent_verdict { EXTENT_WHOLE, EXTENT_MORE, EXTENT_BAD };

struct extent {
	size_t from, to; /* what lies between the marks */
	size_t used;     /* with the marks and whatever else belongs to it */
	size_t tail;     /* so many of the bytes from `to` on are seen by the description */
	slice clean;   /* the same without escapes, where it is known already; p == NULL: not yet */
	size_t needed; /* EXTENT_MORE: fewer bytes than these tell nothing new */
	size_t work;   /* EXTENT_BAD: what finding out has cost, as of bytes that are looked at */
	size_t skip;   /* EXTENT_BAD: no frame of this kind begins before */
	const char *why;
};

enum extent_verdict extent_find(const struct cutter *, size_t max, struct extent *);
/* Decodes a type from bytes whose end is not known. EXTENT_WHOLE: *size is how many it takes. */
enum extent_verdict extent_of_type(
        const struct cutter *, slice bytes, size_t max, size_t *size, struct extent *);
bool mark_fits(const struct mark *, slice bytes);

enum length_verdict { LENGTH_KNOWN, LENGTH_MORE, LENGTH_WRONG };
/* The whole frame's size, which is `max` at most. LENGTH_MORE: *size bytes are needed to tell. */
enum length_verdict length_read(const struct length_field *, slice bytes, size_t max, size_t *size);
/* Whether its place and width are known before it is written. */
bool length_is_fixed(const struct length_field *);
/* Writes it into a frame of so many bytes, of which the first `hidden` are not there. false: it cannot say that. */
bool length_write(const struct length_field *, char *bytes, size_t n, size_t hidden);

/* ---- loading: false after an error that is set ---- */

bool length_compile(struct loader *, const struct node *, struct length_field *);
bool checksum_compile(struct loader *, const struct node *, struct checksum *);
/* After the marks of the framing, which must not stand within. */
bool escape_compile(struct loader *, const struct node *, struct framing *);

#endif
