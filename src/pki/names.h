/* What may stand in a certificate as a name: checked before anything is signed, wherever it comes from (the command
 * line or a request). Pure; any thread.
 *
 * A certificate is read by programs in many languages, shown in terminals and written to logs, and its names are
 * somebody's identity: so nothing that ends a string early, moves a cursor, turns the direction of the text round, or
 * stands for more than one name passes. */
#ifndef PKI_NAMES_H
#define PKI_NAMES_H

#include "api/plugin.h"
#include "base/slice.h"

enum pki_profile { PKI_GATEWAY, PKI_DEVICE };
enum { PKI_PROFILES = PKI_DEVICE + 1 };

/* "gateway", "device" */
const char *pki_profile_text(enum pki_profile);
bool pki_profile_parse(slice, enum pki_profile *);

/* RFC 5280 appendix A.1 (ub-common-name) gives 64 characters; here they are bytes. */
enum { PKI_NAME_MAX_BYTES = 64 };
/* A common name: 1 to 64 bytes of UTF-8, no control characters or such as change the direction of text, no space at
 * its ends, no "-" at its begin; "*" for a gateway only, as the whole first label of a DNS name. false: error says
 * which of these it is. */
bool pki_name_check(slice, enum pki_profile, struct error *);
/* The same rules, but for the wildcard: the name of a CA. */
bool pki_name_check_authority(slice, struct error *);
/* Letters, digits, "-", "_" and "." (not first): may be a file's name as it is. */
bool pki_name_is_plain(slice);

enum pki_alt_kind { PKI_ALT_DNS, PKI_ALT_IP, PKI_ALT_URI, PKI_ALT_EMAIL };

struct pki_alt_name {
	enum pki_alt_kind kind;
	slice text; /* borrowed from what was parsed; of an address its text form */
	unsigned char address[16];
	unsigned address_bytes; /* PKI_ALT_IP: 4 or 16 */
};

enum { PKI_ALT_NAMES_MAX = 32 };
/* RFC 5280 section 4.2.1.6. */
struct pki_alt_names {
	unsigned count;
	struct pki_alt_name at[PKI_ALT_NAMES_MAX];
};

/* One more, checked. A name that is there already is taken once. */
bool pki_alt_names_add(
        struct pki_alt_names *, enum pki_alt_kind, slice text, enum pki_profile, struct error *);
/* A list "dns:a.example,ip:10.0.0.1,uri:urn:a:b,email:a@b.example": each added. A comma in a URI is %2C. */
bool pki_alt_names_parse(struct pki_alt_names *, slice list, enum pki_profile, struct error *);
/* The common name as the only one, where it is a DNS name or an address; false, without an error, where it is not. */
bool pki_alt_names_from_name(struct pki_alt_names *, slice name, enum pki_profile);

#endif
