/* What the sub-commands of `fairlead client` and `fairlead token` share: one table of options, secrets, calls to the
 * administration and how its answers are shown. */
#ifndef CLI_CLIENTS_H
#define CLI_CLIENTS_H

#include "cli/cli.h"
#include "cli/control.h"
#include "codec/value.h"

enum { CLIENTS_TEXTS_MAX = 64 };

struct cli_texts {
	const char *at[CLIENTS_TEXTS_MAX];
	unsigned n;
};

/* What was said; NULL: not. */
struct cli_clients {
	const char *command;    /* "client add" */
	struct cli_texts words; /* what stands there without an option: ids, a file */
	const char *file, *plan, *psk, *password, *prefix, *role, *client, *expires, *bound_to,
	        *secret;
	struct cli_texts roles, allow, deny, acts_for, certificates, scopes;
	bool json, help, disabled, enabled, token, api_key, partial, dry_run, replace, csv;
	struct arena arena;
	struct control *control;
	slice wiped[8]; /* secrets that were read, to be wiped */
	unsigned nwiped;
};

/* Each gives the exit code. */
int cli_client_add(struct cli_clients *);
int cli_client_set(struct cli_clients *);
int cli_client_list(struct cli_clients *);
int cli_client_show(struct cli_clients *);
int cli_client_disable(struct cli_clients *);
int cli_client_enable(struct cli_clients *);
int cli_client_remove(struct cli_clients *);
int cli_client_import(struct cli_clients *);
int cli_token_issue(struct cli_clients *);
int cli_token_list(struct cli_clients *);
int cli_token_revoke(struct cli_clients *);

/* "fairlead client add: …" on stderr; gives the code. */
int cli_clients_fail(const struct cli_clients *, int code, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
/* env:NAME, file:PATH, or - for a line of standard input. false: said on stderr. */
bool cli_clients_secret(
        struct cli_clients *, const char *option, const char *reference, slice *secret);
/* A file, or - for standard input, whole. false: said on stderr. */
bool cli_clients_read(struct cli_clients *, const char *path, slice *content);
/* A certificate as the administration takes it: a fingerprint as it is, or the PEM of the file of this name. */
bool cli_clients_certificate(struct cli_clients *, const char *said, slice *text);
/* "/admin/v1/clients/ID" and what follows it. p NULL: over budget, said on stderr. */
slice cli_clients_path(struct cli_clients *, const char *id, const char *rest);
/* Calls the administration, `body` NULL: with none. The first call finds the gateway. NULL in *answer: there is none.
 * CLI_OK, or another exit code when it was refused, which is said on stderr. */
int cli_clients_call(struct cli_clients *, const char *method, slice path, const struct value *body,
        const struct value **answer);
/* The same with bytes, and what it is refused with left to the caller. */
int cli_clients_send(struct cli_clients *, const char *method, slice path, const char *media,
        slice body, struct control_answer *);
/* A line of JSON on stdout. */
int cli_clients_print(struct cli_clients *, const struct value *);
/* A member of an object as text; "" where it is not there. Lists are joined by commas. */
slice cli_clients_text(struct cli_clients *, const struct value *map, const char *key);
/* The secrets that were made, each on a line of stdout by itself, and what they are on stderr. */
void cli_clients_issued(struct cli_clients *, const struct value *list);

#endif
