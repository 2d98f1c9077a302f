#include "pki/index.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/text.h"
#include "pki/date.h"

enum { LINE_BYTES = 160, ENTRIES_FIRST = 64 };

#define REMARK                                                                                     \
	"# What this CA has signed; fairlead pki writes it. serial, profile, from, until, "        \
	"revoked, reason, name\n"
#define FORMAT "fairlead-pki 1"
#define NONE   "-"

static const struct {
	enum pki_reason reason;
	const char *word;
} reasons[] = {
	{ PKI_UNSPECIFIED, "unspecified" },
	{ PKI_KEY_COMPROMISE, "keyCompromise" },
	{ PKI_AFFILIATION_CHANGED, "affiliationChanged" },
	{ PKI_SUPERSEDED, "superseded" },
	{ PKI_CESSATION_OF_OPERATION, "cessationOfOperation" },
	{ PKI_PRIVILEGE_WITHDRAWN, "privilegeWithdrawn" },
};
enum { REASONS = sizeof reasons / sizeof *reasons };

const char *pki_reason_word(unsigned i)
{
	return i < REASONS ? reasons[i].word : NULL;
}

const char *pki_reason_text(enum pki_reason reason)
{
	unsigned i = 0;
	while (i < REASONS - 1 && reasons[i].reason != reason)
		i++;
	return reasons[i].word;
}

bool pki_reason_parse(slice text, enum pki_reason *reason)
{
	for (unsigned i = 0; i < REASONS; i++) {
		if (slice_equal_nocase(text, slice_of(reasons[i].word))) {
			*reason = reasons[i].reason;
			return true;
		}
	}
	return false;
}

void pki_serial_text(const struct pki_serial *serial, char text[PKI_SERIAL_TEXT_BYTES])
{
	hex_encode((slice){ (const char *)serial->bytes, PKI_SERIAL_BYTES }, text);
	text[PKI_SERIAL_TEXT_BYTES - 1] = '\0';
}

bool pki_serial_parse(slice text, struct pki_serial *serial)
{
	*serial = (struct pki_serial){ { 0 } };
	unsigned digits = 0;
	/* From the last digit to the first: those that are not there are zeros. */
	for (size_t i = text.n; i-- > 0;) {
		char c = ascii_lower(text.p[i]);
		unsigned value;
		if (c == ':' && i > 0 && i + 1 < text.n)
			continue;
		if (c >= '0' && c <= '9')
			value = (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = (unsigned)(c - 'a') + 10;
		else
			return false;
		if (digits == 2 * PKI_SERIAL_BYTES)
			return false;
		serial->bytes[PKI_SERIAL_BYTES - 1 - digits / 2] |=
		        (unsigned char)(value << digits % 2 * 4);
		digits++;
	}
	return digits > 0;
}

enum pki_state pki_entry_state(const struct pki_entry *entry, int64_t now, int64_t soon)
{
	if (entry->revoked)
		return PKI_REVOKED;
	if (entry->until < now)
		return PKI_EXPIRED;
	return entry->until - now < soon ? PKI_EXPIRES_SOON : PKI_VALID;
}

struct pki_entry *pki_index_find(const struct pki_index *index, const struct pki_serial *serial)
{
	for (size_t i = 0; i < index->count; i++) {
		if (memcmp(&index->entries[i].serial, serial, sizeof *serial) == 0)
			return &index->entries[i];
	}
	return NULL;
}

bool pki_index_add(struct pki_index *index, const struct pki_entry *entry)
{
	if (index->count == index->room) {
		size_t room = index->room ? 2 * index->room : ENTRIES_FIRST;
		struct pki_entry *grown = arena_grow(index->arena, index->entries,
		        index->room * sizeof *grown, room * sizeof *grown);
		if (!grown)
			return false;
		index->entries = grown;
		index->room = room;
	}
	index->entries[index->count++] = *entry;
	return true;
}

static bool parse_number(slice text, uint64_t max, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		unsigned digit = (unsigned)(text.p[i] - '0');
		if (*value > (max - digit) / 10)
			return false;
		*value = *value * 10 + digit;
	}
	return text.n > 0 && (text.p[0] != '0' || text.n == 1);
}

static bool parse_crl(slice line, struct pki_index *index, struct error *error)
{
	uint64_t number, days;
	slice word = slice_cut(&line, ' ');
	if (!slice_is(word, "crl") || !parse_number(slice_cut(&line, ' '), INT64_MAX, &number) ||
	        !parse_number(line, PKI_DAYS_MAX, &days) || !number || !days)
		return error_set(error, "\"crl NUMBER DAYS\" is expected here");
	index->crl_number = number;
	index->crl_days = (unsigned)days;
	return true;
}

static bool parse_revocation(slice date, slice reason, struct pki_entry *entry)
{
	if (slice_is(date, NONE))
		return slice_is(reason, NONE);
	return pki_date_parse(date, &entry->revoked) && entry->revoked > 0 &&
	       pki_reason_parse(reason, &entry->reason);
}

static bool parse_entry(slice line, struct pki_entry *entry, struct error *error)
{
	*entry = (struct pki_entry){ .from = 0 };
	slice serial = slice_cut(&line, '\t');
	if (serial.n != PKI_SERIAL_TEXT_BYTES - 1 || !pki_serial_parse(serial, &entry->serial))
		return error_set(error, "a serial number of 32 hexadecimal digits is expected");
	if (!pki_profile_parse(slice_cut(&line, '\t'), &entry->profile))
		return error_set(error, "the profile is neither gateway nor device");
	if (!pki_date_parse(slice_cut(&line, '\t'), &entry->from) ||
	        !pki_date_parse(slice_cut(&line, '\t'), &entry->until) ||
	        entry->until < entry->from)
		return error_set(error, "the validity is not two dates in their order");
	slice date = slice_cut(&line, '\t'), reason = slice_cut(&line, '\t');
	if (!parse_revocation(date, reason, entry))
		return error_set(error, "date and reason of a revocation are expected, or - and -");
	entry->name = line;
	return pki_name_check(line, entry->profile, error);
}

static int compare_serials(const void *a, const void *b)
{
	return memcmp(a, b, PKI_SERIAL_BYTES);
}

/* Sorted, those that are equal stand side by side. */
static bool check_serials(const struct pki_index *index, struct error *error)
{
	struct pki_serial *all =
	        arena_alloc_raw(index->arena, (index->count ? index->count : 1) * sizeof *all);
	if (!all)
		return error_set(error, "there is no memory for so many certificates");
	for (size_t i = 0; i < index->count; i++)
		all[i] = index->entries[i].serial;
	qsort(all, index->count, sizeof *all, compare_serials);
	for (size_t i = 1; i < index->count; i++) {
		if (compare_serials(&all[i - 1], &all[i]) == 0) {
			char text[PKI_SERIAL_TEXT_BYTES];
			pki_serial_text(&all[i], text);
			return error_set(error, "the serial number %s stands there twice", text);
		}
	}
	return true;
}

bool pki_index_parse(struct pki_index *index, struct arena *arena, slice text, struct error *error)
{
	*index = (struct pki_index){ .arena = arena };
	*error = (struct error){ .text = "" };
	bool begun = false;
	if (!text.n || text.p[text.n - 1] != '\n')
		return error_set(error, "it does not end with the end of a line: it was cut off");
	for (unsigned number = 1; text.n; number++) {
		slice line = slice_cut(&text, '\n');
		error->line = number;
		if (line.n && line.p[0] == '#')
			continue;
		if (!begun) {
			if (!slice_is(line, FORMAT))
				return error_set(error, "\"" FORMAT "\" is expected here");
			begun = true;
			continue;
		}
		if (!index->crl_number) {
			if (!parse_crl(line, index, error))
				return false;
			continue;
		}
		struct pki_entry entry;
		if (!parse_entry(line, &entry, error))
			return false;
		if (!pki_index_add(index, &entry))
			return error_set(error, "there is no memory for so many certificates");
	}
	if (!index->crl_number)
		return error_set(error, "it ends before it has begun");
	error->line = 0;
	return check_serials(index, error);
}

static void write_entry(struct text *text, const struct pki_entry *entry)
{
	char serial[PKI_SERIAL_TEXT_BYTES], from[PKI_DATE_BYTES], until[PKI_DATE_BYTES];
	char revoked[PKI_DATE_BYTES] = NONE;
	pki_serial_text(&entry->serial, serial);
	pki_date_text(entry->from, from);
	pki_date_text(entry->until, until);
	if (entry->revoked)
		pki_date_text(entry->revoked, revoked);
	text_printf(text, "%s\t%s\t%s\t%s\t%s\t%s\t", serial, pki_profile_text(entry->profile),
	        from, until, revoked, entry->revoked ? pki_reason_text(entry->reason) : NONE);
	text_slice_add(text, entry->name);
	text_char(text, '\n');
}

slice pki_index_text(const struct pki_index *index, struct arena *arena)
{
	struct text text;
	text_init(&text, arena, LINE_BYTES * (index->count + 2));
	text_literal(&text, REMARK FORMAT "\n");
	text_printf(&text, "crl %" PRIu64 " %u\n", index->crl_number, index->crl_days);
	for (size_t i = 0; i < index->count; i++)
		write_entry(&text, &index->entries[i]);
	return text_slice(&text);
}
