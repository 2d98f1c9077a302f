/* index: what a CA has signed and what it has taken back, as a text that a person can read, grep and put under version
 * control. Pure: texts in an arena; any thread.
 *
 *	# What this CA has signed; fairlead pki writes it. serial, profile, from, until, revoked, reason, name
 *	fairlead-pki 1
 *	crl 3 30
 *	0b5c…	device	2026-11-26T12:00:00Z	2027-11-26T12:00:00Z	-	-	engine-7
 *
 * Lines end in a line feed, the last one as well: a file that was cut off is seen. The fields of a certificate's line
 * are separated by tabs, its name comes last. `crl` says the number of the newest revocation list and for how many days
 * one is valid. */
#ifndef PKI_INDEX_H
#define PKI_INDEX_H

#include "base/arena.h"
#include "pki/names.h"

enum { PKI_SERIAL_BYTES = 16, PKI_SERIAL_TEXT_BYTES = 2 * PKI_SERIAL_BYTES + 1 };

struct pki_serial {
	unsigned char bytes[PKI_SERIAL_BYTES];
};

/* RFC 5280 section 5.3.1, without those that our certificates cannot have. Their numbers are those of its table. */
enum pki_reason {
	PKI_UNSPECIFIED = 0,
	PKI_KEY_COMPROMISE = 1,
	PKI_AFFILIATION_CHANGED = 3,
	PKI_SUPERSEDED = 4,
	PKI_CESSATION_OF_OPERATION = 5,
	PKI_PRIVILEGE_WITHDRAWN = 9
};

struct pki_entry {
	struct pki_serial serial;
	enum pki_profile profile;
	int64_t from, until; /* its validity, as pki/date.h counts */
	int64_t revoked;     /* since when; 0: it is not */
	enum pki_reason reason;
	slice name;
	bool fresh; /* written or changed by this process; not in the text */
};

struct pki_index {
	struct arena *arena;
	struct pki_entry *entries;
	size_t count, room;
	uint64_t crl_number;
	unsigned crl_days;
};

enum { PKI_DAYS_MAX = 36500 };

/* What is not this format, or contradicts itself (a serial twice, an end before the begin), is refused, with its
 * line in `error`. Names are borrowed from the text. */
bool pki_index_parse(struct pki_index *, struct arena *, slice text, struct error *);
/* Borrows the name. false: over the arena's budget. */
bool pki_index_add(struct pki_index *, const struct pki_entry *);
/* The whole text. { NULL, 0 }: over the arena's budget. */
slice pki_index_text(const struct pki_index *, struct arena *);
/* NULL: none. */
struct pki_entry *pki_index_find(const struct pki_index *, const struct pki_serial *);

enum pki_state { PKI_VALID, PKI_EXPIRES_SOON, PKI_EXPIRED, PKI_REVOKED };
/* `soon` is in seconds. Revoked comes before expired. */
enum pki_state pki_entry_state(const struct pki_entry *, int64_t now, int64_t soon);

/* Lower-case hexadecimal digits, always 32. */
void pki_serial_text(const struct pki_serial *, char text[PKI_SERIAL_TEXT_BYTES]);
/* As any tool writes it: digits of either case, colons between, zeros at the front left out. */
bool pki_serial_parse(slice, struct pki_serial *);

/* "keyCompromise" …, RFC 5280's words; read without regard to case. The i-th of all, NULL after the last. */
const char *pki_reason_text(enum pki_reason);
bool pki_reason_parse(slice, enum pki_reason *);
const char *pki_reason_word(unsigned i);

#endif
