/* The text forms of google.protobuf.Timestamp and Duration in the protobuf JSON mapping. Pure. */
#ifndef CODEC_PROTOBUF_TIME_H
#define CODEC_PROTOBUF_TIME_H

#include "base/arena.h"

/* RFC 3339 ("2026-01-31T23:59:59.123+01:00"), years 0001 to 9999, at most 9 digits of a second. false: not of this
 * form, or no such day. */
bool protobuf_timestamp_parse(slice text, int64_t *seconds, int32_t *nanos);
/* In UTC, with 0, 3, 6 or 9 digits of a second. { NULL, 0 }: out of range, or over budget. */
slice protobuf_timestamp_text(struct arena *, int64_t seconds, int32_t nanos);

/* "-1.5s", up to 10,000 years. */
bool protobuf_duration_parse(slice text, int64_t *seconds, int32_t *nanos);
slice protobuf_duration_text(struct arena *, int64_t seconds, int32_t nanos);

#endif
