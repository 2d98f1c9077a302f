/* Moments of certificates: whole seconds since 1970-01-01T00:00:00Z, as 64 bits also where time_t has 32: a CA outlives
 * January 2038. Pure, but for pki_date_now(); any thread. */
#ifndef PKI_DATE_H
#define PKI_DATE_H

#include <stdint.h>
#include <time.h>

#include "base/slice.h"

enum { PKI_DATE_BYTES = 21, PKI_DAY_SECONDS = 86400 };

int64_t pki_date_now(void);
/* "2026-01-31T23:59:59Z" (RFC 3339), with its NUL. A moment before 1970 or after 9999 becomes the nearest that is not. */
void pki_date_text(int64_t seconds, char text[PKI_DATE_BYTES]);
/* Takes that form and no other, and only moments that exist (no leap seconds, which certificates do not have). */
bool pki_date_parse(slice, int64_t *seconds);
/* Of a broken-down time in UTC; what gmtime() would need 64 bits for. */
int64_t pki_date_of(const struct tm *);

#endif
