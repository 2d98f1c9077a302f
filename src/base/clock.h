/* Time: monotonic milliseconds for waiting, wall-clock nanoseconds for people and records. Any thread. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds since some moment in the past; never steps back. */
uint64_t clock_monotonic_ms(void);
uint64_t clock_monotonic_us(void);
/* Nanoseconds since 1970-01-01T00:00:00Z: what the system's clock says, and never less than CLOCK_BUILT_S, seconds since
 * 1970. A box that has lost its clock starts in 1970, and an expired token would be good again; so until somebody sets it,
 * time begins with the build and goes on from there as the machine runs. */
uint64_t clock_wall_ns(void);
/* The system's clock says a time before this program was built. */
bool clock_is_lost(void);
/* What clock_wall_ns() makes of a clock, of the time that the machine has been running, and of the earliest time that there can be. */
uint64_t clock_floored_ns(uint64_t system_ns, uint64_t running_ns, uint64_t earliest_ns);

enum { CLOCK_TEXT_BYTES = 25 };
/* "2026-01-31T23:59:59.123Z" (RFC 3339), with its NUL. */
void clock_text(uint64_t wall_ns, char text[CLOCK_TEXT_BYTES]);
enum { CLOCK_EXACT_BYTES = 31 };
/* "2026-01-31T23:59:59.123456789Z" */
void clock_exact_text(uint64_t wall_ns, char text[CLOCK_EXACT_BYTES]);
enum { CLOCK_HTTP_BYTES = 30 };
/* "Sat, 31 Jan 2026 23:59:59 GMT" (RFC 9110 section 5.6.7), whatever the locale. */
void clock_http_text(uint64_t wall_ns, char text[CLOCK_HTTP_BYTES]);

#endif
