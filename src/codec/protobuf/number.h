/* Numbers of a value tree as the protobuf JSON mapping takes them for a number field: numbers, and numbers that are
 * written as text. Pure. */
#ifndef CODEC_PROTOBUF_NUMBER_H
#define CODEC_PROTOBUF_NUMBER_H

#include "codec/value.h"

enum number_verdict {
	NUMBER_OK,
	NUMBER_NONE,     /* neither a number nor the text of one */
	NUMBER_FRACTION, /* not whole */
	NUMBER_RANGE,
	NUMBER_INEXACT /* an integer that a double cannot hold: it would arrive as another one */
};

enum number_verdict protobuf_signed(const struct value *, int64_t min, int64_t max, int64_t *);
enum number_verdict protobuf_unsigned(const struct value *, uint64_t max, uint64_t *);
/* Also "NaN", "Infinity", "-Infinity". */
enum number_verdict protobuf_double(const struct value *, double *);
enum number_verdict protobuf_float(const struct value *, float *);

#endif
