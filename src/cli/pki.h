/* What the sub-commands of `fairlead pki` share: one table of options, secrets, and how they answer. */
#ifndef CLI_PKI_H
#define CLI_PKI_H

#include "cli/cli.h"
#include "codec/value.h"
#include "pki/authority.h"

enum { CLI_PKI_SANS_MAX = 16 };

/* What was said; NULL: not. */
struct cli_pki {
	const char *command; /* "issue" */
	const char *word;    /* what stands there without an option: a name */
	const char *dir, *config, *name, *days, *profile, *csr, *out, *p12, *passphrase,
	        *ca_passphrase, *serial, *reason, *soon;
	const char *san[CLI_PKI_SANS_MAX];
	unsigned sans;
	bool json, csr_names, replace, help;
	const char *folder; /* of the CA: --dir, or `pki` beside the configuration */
	slice secret[2];    /* what cli_pki_secret() read, to be wiped */
	unsigned secrets;
	struct arena arena;
};

/* Each takes the options parsed and the folder chosen, and gives the exit code. */
int cli_pki_init(struct cli_pki *);
int cli_pki_issue(struct cli_pki *);
int cli_pki_revoke(struct cli_pki *);
int cli_pki_crl(struct cli_pki *);
int cli_pki_list(struct cli_pki *);

/* "fairlead pki COMMAND: …" on stderr; gives the code. */
int cli_pki_fail(const struct cli_pki *, int code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* A whole number of days, or `fallback` when it was not said; false: said on stderr what is wrong. */
bool cli_pki_days(const struct cli_pki *, const char *option, const char *text, unsigned fallback,
        unsigned *days);
/* env:NAME or file:PATH, for `option`; the empty slice when it was not said. false: said on stderr. */
bool cli_pki_secret(struct cli_pki *, const char *option, const char *reference, slice *secret);
/* Opens the CA to sign, with --ca-passphrase. NULL: said on stderr, and *code is set. */
struct pki *cli_pki_open(struct cli_pki *, int *code);
/* Warns on stderr of what is not as it should be: a list that ends, a key that others may read. */
void cli_pki_warn(const struct cli_pki *, const struct pki *);

/* One value as a line of JSON on stdout; NULL or over budget: said on stderr. Gives the exit code. */
int cli_pki_print(struct cli_pki *, const struct value *);
/* Members of a map; nothing happens to a NULL map, so that cli_pki_print() sees at the end what failed. A text that
 * is no UTF-8 (a path may be) becomes null. */
void cli_pki_put_text(struct cli_pki *, struct value *map, const char *key, slice text);
void cli_pki_put_date(struct cli_pki *, struct value *map, const char *key, int64_t date);
/* What the index says of a certificate. `soon` in seconds. */
struct value *cli_pki_entry(struct cli_pki *, const struct pki_entry *, int64_t now, int64_t soon);
const char *cli_pki_state_text(enum pki_state);

#endif
