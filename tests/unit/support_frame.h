/* Descriptions of frames in unit tests. Include after support.h. */
#ifndef UNIT_SUPPORT_FRAME_H
#define UNIT_SUPPORT_FRAME_H

#include "codec/frame/frame.h"

/* Loads, or fails the test with the mistake that the loader found. */
struct frame_schema *frame_loaded(const char *description);
/* Decodes the bytes and evaluates an expression over the frame; its result, or the fault's text, is `result`. */
void frame_expect(
        const char *description, const char *hex, const char *expression, const char *result);
/* What these bytes mean is written as these bytes again. */
void frame_expect_again(const char *description, const char *hex);
/* Decodes within a budget of memory; what kind of fault that gives, which *fault says in full. */
enum frame_fault_kind frame_fault_of_bytes(
        const char *description, const char *hex, size_t budget, struct frame_fault *fault);
/* A part of a description that is no good, and some of the words that are said of it. */
struct frame_refusal {
	const char *part, *said;
};
/* Each of them, between `before` and `after`, is refused in this line of the whole. */
void frame_refuses(const char *before, const char *after, unsigned line,
        const struct frame_refusal *, size_t n);
/* The description is refused at this place, with these words among others. */
void frame_refused(const char *description, const char *said, unsigned line, unsigned column);

#endif
