/* cbor: how an item begins (RFC 8949 section 3), for its reader and its writer. */
#ifndef CODEC_CBOR_H
#define CODEC_CBOR_H

enum major {
	MAJOR_UNSIGNED,
	MAJOR_NEGATIVE,
	MAJOR_BYTES,
	MAJOR_TEXT,
	MAJOR_LIST,
	MAJOR_MAP,
	MAJOR_TAG,
	MAJOR_SIMPLE
};
enum { INFO_INDEFINITE = 31, BREAK = 0xff };
enum {
	SIMPLE_FALSE = 20,
	SIMPLE_TRUE,
	SIMPLE_NULL,
	SIMPLE_UNDEFINED,
	SIMPLE_BYTE,
	HALF,
	SINGLE,
	DOUBLE
};
enum { TAG_POSITIVE = 2, TAG_NEGATIVE = 3, TAG_DECIMAL = 4 };

#define CBOR_OVER_BUDGET "CBOR: the value takes more memory than a request may"

#endif
