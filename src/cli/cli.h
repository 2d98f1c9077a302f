/* The commands: one file each. Exit codes: 0 done, 1 failed, 2 wrong usage or a configuration with mistakes. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "core/core.h"

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_WRONG = 2 };

/* The configuration where none is named. */
#define CLI_DEFAULT_FILE "fairlead.yaml"

/* argv[0] is the command's own name. */
int cli_run(int argc, char **argv);
int cli_check(int argc, char **argv);
int cli_frame(int argc, char **argv);
int cli_pki(int argc, char **argv);
int cli_audit(int argc, char **argv);
int cli_board(int argc, char **argv);
int cli_password(int argc, char **argv);
int cli_client(int argc, char **argv);
int cli_token(int argc, char **argv);
int cli_version(int argc, char **argv);

/* What the build found; the one place where the layers meet. */
const struct plugs *cli_plugs(void);
/* common.c: may this process leave a core dump, be looked into by a debugger of the same user, and have its memory read in
 * /proc? From main()'s first line on it may not: passphrases and keys are in it, and a crash would put them on a disk.
 * `run` lets it where the configuration says so. */
void cli_allow_core_dumps(bool);
/* The -c FILE of `run` and `check`, or its default. NULL: wrong usage, already said on stderr. `help`: the text
 * for --help; *helped is set when it was asked for. */
const char *cli_configuration_path(int argc, char **argv, const char *help, bool *helped);
/* Where the gateway of this file keeps what outlives it: gateway.state, of which nothing else in the file is needed (no
 * secret, no certificate). In the arena; p NULL: already said on stderr. */
slice cli_state_folder(const char *command, const char *path, struct arena *);
/* audit_tail.c: `fairlead audit tail`; argv[0] is "tail". */
int cli_audit_tail(int argc, char **argv);
/* audit.c: opens the folder of the audit log that `-c FILE` or `--dir DIR` (NULL: not said) name; -1: said on stderr. */
int cli_audit_folder(const char *file, const char *folder);
/* explain.c: `check --as`. Why a client may or may not do something under this configuration; the exit code. */
struct question {
	const char *client, *method, *path;
	const char *protocol; /* NULL: http */
	const char *scopes[16];
	unsigned nscopes;
	bool scoped; /* only with these scopes */
	bool json;
};
int cli_explain(const struct core *, const struct question *);
/* schema.c: the JSON Schema of the configuration, to stdout. */
int cli_print_schema(void);
/* gateway.c: all that a gateway consists of, whether it serves (`run`) or only does one thing (`client`). */
struct cli_gateway {
	struct loop *loop;
	struct core *core;
	struct store *store; /* NULL: the configuration has no gateway.state */
	struct audit *audit; /* NULL: nor that, or the audit log is off */
};
/* false: out of memory or descriptors. Afterwards cli_gateway_finish(), in any case. */
bool cli_gateway_init(struct cli_gateway *);
/* The state folder of the configuration, which is loaded: its lock, its database, its keys, its audit log. false: error
 * says why. */
bool cli_gateway_open_state(struct cli_gateway *, struct error *);
void cli_gateway_finish(struct cli_gateway *);
/* "file:line:column: key path: what is wrong" for each, on stderr. */
void cli_print_mistakes(const struct mistakes *);

#endif
