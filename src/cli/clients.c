/* fairlead client, fairlead token: who is known to the gateway, and by what. */
#include "cli/clients.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/codec.h"
#include "base/file.h"
#include "base/uri.h"
#include "codec/json.h"
#include "crypto/digest.h"

enum { BUDGET_BYTES = 1 << 30, FILE_MAX_BYTES = 64 << 20, SECRET_MAX_BYTES = 4096 };

static const char client_help[] =
        "Usage: fairlead client add|set|list|show|disable|enable|remove|import …\n"
        "\n"
        "Clients that are added while the gateway runs, and those of its file.\n"
        "  add ID           adds one\n"
        "  set ID           changes what is said of it, and nothing else\n"
        "  list             shows them: --prefix TEXT, --role ROLE, --disabled, --enabled\n"
        "  show ID          shows one, with its keys\n"
        "  disable ID …     lets them in no more, from now on and on open connections too\n"
        "  enable ID …      lets them in again\n"
        "  remove ID …      with all their keys\n"
        "  import FILE      many, from a table (.csv) or a JSON list; - is standard input\n"
        "\n"
        "add and set:\n"
        "  --role ROLE            may be repeated, as the next ones\n"
        "  --allow RULE, --deny RULE, --acts-for NAME\n"
        "  --plan PLAN\n"
        "  --psk SECRET           its pre-shared key, as text or 0x and hexadecimal\n"
        "  --password SECRET      its password; a hash of it is kept\n"
        "  --certificate WHICH    a PEM file, or a SHA-256 fingerprint in hexadecimal\n"
        "  --token, --api-key     makes one, and prints it on standard output, this once\n"
        "  --disabled, --enabled\n"
        "import:\n"
        "  --dry-run              only says what would be wrong\n"
        "  --partial              takes what is right, a few hundred at a time, with progress\n"
        "  --replace              replaces clients that are there\n"
        "  --csv                  a table, whatever the file is called\n"
        "\n"
        "  -c FILE                the configuration (default: fairlead.yaml)\n"
        "  --json                 answers in JSON\n"
        "SECRET is env:NAME, file:PATH, or - for a line of standard input. The gateway may run or\n"
        "not. Exit code: 0 done, 1 refused or failed, 2 wrong usage.\n";

static const char token_help[] =
        "Usage: fairlead token issue|list|revoke …\n"
        "\n"
        "Tokens and API keys by which clients prove who they are.\n"
        "  issue CLIENT     makes one, and prints it on standard output, this once\n"
        "                   --scope SCOPE (may be repeated; default: all that the client may),\n"
        "                   --expires 90d, --bound-to WHICH (the certificate that must come with\n"
        "                   it: a PEM file or a SHA-256 fingerprint), --api-key\n"
        "  list             shows those that were made at run time: --client ID\n"
        "  revoke HANDLE …  from now on, and on open connections too; --secret SECRET for one\n"
        "                   that was found: env:NAME, file:PATH or -\n"
        "\n"
        "  -c FILE          the configuration (default: fairlead.yaml)\n"
        "  --json           answers in JSON\n"
        "The gateway may run or not. Exit code: 0 done, 1 refused or failed, 2 wrong usage.\n";

enum {
	ADD = 1,
	SET = 2,
	LIST = 4,
	SHOW = 8,
	DISABLE = 16,
	ENABLE = 32,
	REMOVE = 64,
	IMPORT = 128,
	ISSUE = 256,
	TOKENS = 512,
	REVOKE = 1024,
	ALL = 2047
};

static const struct {
	const char *group, *name;
	unsigned bit, least_words, most_words;
	int (*call)(struct cli_clients *);
} commands[] = {
	{ "client", "add", ADD, 1, 1, cli_client_add },
	{ "client", "set", SET, 1, 1, cli_client_set },
	{ "client", "list", LIST, 0, 0, cli_client_list },
	{ "client", "show", SHOW, 1, 1, cli_client_show },
	{ "client", "disable", DISABLE, 1, CLIENTS_TEXTS_MAX, cli_client_disable },
	{ "client", "enable", ENABLE, 1, CLIENTS_TEXTS_MAX, cli_client_enable },
	{ "client", "remove", REMOVE, 1, CLIENTS_TEXTS_MAX, cli_client_remove },
	{ "client", "import", IMPORT, 1, 1, cli_client_import },
	{ "token", "issue", ISSUE, 1, 1, cli_token_issue },
	{ "token", "list", TOKENS, 0, 0, cli_token_list },
	{ "token", "revoke", REVOKE, 0, CLIENTS_TEXTS_MAX, cli_token_revoke },
};

enum option_kind { FLAG, TEXT, TEXTS };

#define AT(member) offsetof(struct cli_clients, member)

static const struct {
	const char *name;
	enum option_kind kind;
	unsigned of; /* the sub-commands that have it */
	size_t at;   /* in struct cli_clients */
} options[] = {
	{ "-c", TEXT, ALL, AT(file) },
	{ "--config", TEXT, ALL, AT(file) },
	{ "--json", FLAG, ALL, AT(json) },
	{ "--help", FLAG, ALL, AT(help) },
	{ "-h", FLAG, ALL, AT(help) },
	{ "--role", TEXTS, ADD | SET, AT(roles) },
	{ "--allow", TEXTS, ADD | SET, AT(allow) },
	{ "--deny", TEXTS, ADD | SET, AT(deny) },
	{ "--acts-for", TEXTS, ADD | SET, AT(acts_for) },
	{ "--certificate", TEXTS, ADD | SET, AT(certificates) },
	{ "--plan", TEXT, ADD | SET, AT(plan) },
	{ "--psk", TEXT, ADD | SET, AT(psk) },
	{ "--password", TEXT, ADD | SET, AT(password) },
	{ "--token", FLAG, ADD | SET, AT(token) },
	{ "--api-key", FLAG, ADD | SET | ISSUE, AT(api_key) },
	{ "--disabled", FLAG, ADD | SET | LIST, AT(disabled) },
	{ "--enabled", FLAG, ADD | SET | LIST, AT(enabled) },
	{ "--prefix", TEXT, LIST, AT(prefix) },
	{ "--role", TEXT, LIST, AT(role) },
	{ "--dry-run", FLAG, IMPORT, AT(dry_run) },
	{ "--partial", FLAG, IMPORT, AT(partial) },
	{ "--replace", FLAG, IMPORT, AT(replace) },
	{ "--csv", FLAG, IMPORT, AT(csv) },
	{ "--scope", TEXTS, ISSUE, AT(scopes) },
	{ "--expires", TEXT, ISSUE, AT(expires) },
	{ "--bound-to", TEXT, ISSUE, AT(bound_to) },
	{ "--client", TEXT, TOKENS, AT(client) },
	{ "--secret", TEXT, REVOKE, AT(secret) },
};
enum { OPTIONS = sizeof options / sizeof *options };

int cli_clients_fail(const struct cli_clients *said, int code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)fprintf(stderr, "fairlead %s: ", said->command);
	(void)vfprintf(stderr, format, arguments);
	(void)fputc('\n', stderr);
	va_end(arguments);
	return code;
}

/* ---- What was said */

static bool take_text(struct cli_clients *said, size_t option, const char *text)
{
	void *at = (char *)said + options[option].at;
	struct cli_texts *texts = at;
	const char **one = at;
	if (options[option].kind == TEXTS) {
		if (texts->n == CLIENTS_TEXTS_MAX)
			return cli_clients_fail(said, false, "%s may be said %d times",
			        options[option].name, CLIENTS_TEXTS_MAX);
		texts->at[texts->n++] = text;
		return true;
	}
	if (*one)
		return cli_clients_fail(said, false, "%s is said twice", options[option].name);
	*one = text;
	return true;
}

/* --name VALUE and --name=VALUE. */
static bool take_option(struct cli_clients *said, unsigned command, int argc, char **argv, int *i)
{
	const char *word = argv[*i], *equals = strchr(word, '=');
	slice name = { word, equals ? (size_t)(equals - word) : strlen(word) };
	size_t option = 0;
	while (option < OPTIONS &&
	        !(slice_is(name, options[option].name) && (options[option].of & command)))
		option++;
	if (option == OPTIONS)
		return cli_clients_fail(
		        said, false, "there is no option %.*s; --help shows them", SLICE_ARG(name));
	if (options[option].kind == FLAG) {
		if (equals)
			return cli_clients_fail(
			        said, false, "%s takes no value", options[option].name);
		*(bool *)(void *)((char *)said + options[option].at) = true;
		return true;
	}
	if (!equals && *i + 1 == argc)
		return cli_clients_fail(said, false, "a value must follow %s", word);
	return take_text(said, option, equals ? equals + 1 : argv[++*i]);
}

static bool take_all(struct cli_clients *said, unsigned which, int argc, char **argv)
{
	for (int i = 1; i < argc && !said->help; i++) {
		if (argv[i][0] == '-' && argv[i][1]) {
			if (!take_option(said, commands[which].bit, argc, argv, &i))
				return false;
			continue;
		}
		if (said->words.n == commands[which].most_words)
			return cli_clients_fail(said, false, "%s is one word too many", argv[i]);
		said->words.at[said->words.n++] = argv[i];
	}
	if (said->help)
		return true;
	if (said->words.n < commands[which].least_words)
		return cli_clients_fail(said, false, "say %s; --help says more",
		        commands[which].bit == IMPORT  ? "a file"
		        : commands[which].bit == ISSUE ? "a client"
		                                       : "an id");
	return !(said->disabled && said->enabled) ||
	       cli_clients_fail(said, false, "--disabled or --enabled, not both");
}

static bool keep(struct cli_clients *said, slice secret)
{
	if (said->nwiped < sizeof said->wiped / sizeof *said->wiped)
		said->wiped[said->nwiped++] = secret;
	return true;
}

static bool read_stream(struct cli_clients *said, FILE *file, size_t most, slice *content)
{
	char *buffer = arena_alloc_raw(&said->arena, most + 1);
	size_t n = buffer ? fread(buffer, 1, most + 1, file) : 0;
	*content = (slice){ buffer, n };
	return buffer && n <= most && !ferror(file);
}

static bool read_file(struct cli_clients *said, const char *path, size_t most, slice *content)
{
	if (strcmp(path, "-") == 0)
		return read_stream(said, stdin, most, content) ||
		       cli_clients_fail(said, false,
		               "standard input cannot be read, or is larger than %zu bytes", most);
	int code = file_read(&said->arena, path, most, content);
	if (code == EFBIG)
		return cli_clients_fail(said, false, "%s is larger than %zu bytes", path, most);
	return !code || cli_clients_fail(said, false, "%s: %s", path, strerror(code));
}

bool cli_clients_read(struct cli_clients *said, const char *path, slice *content)
{
	return read_file(said, path, FILE_MAX_BYTES, content);
}

bool cli_clients_secret(
        struct cli_clients *said, const char *option, const char *reference, slice *secret)
{
	slice text = slice_of(reference);
	if (slice_starts(text, SLICE("env:"))) {
		*secret = slice_of(getenv(reference + 4));
		return secret->p ||
		       cli_clients_fail(said, false, "%s: the environment variable %s is not set",
		               option, reference + 4);
	}
	bool of_file = slice_starts(text, SLICE("file:"));
	if (!of_file && !slice_is(text, "-"))
		return cli_clients_fail(said, false,
		        "%s: a secret does not stand in a command, where others see it: say "
		        "env:NAME, file:PATH, or - for standard input",
		        option);
	if (!read_file(said, of_file ? reference + 5 : "-", SECRET_MAX_BYTES, secret))
		return false;
	(void)keep(said, *secret);
	/* An editor ends a line with a line feed, or with two characters. */
	if (secret->n && secret->p[secret->n - 1] == '\n')
		secret->n--;
	if (secret->n && secret->p[secret->n - 1] == '\r')
		secret->n--;
	return true;
}

bool cli_clients_certificate(struct cli_clients *said, const char *which, slice *text)
{
	static const slice prefix = SLICE_INIT("sha256:");
	struct digest fingerprint;
	*text = slice_of(which);
	slice digits = slice_starts(*text, prefix) ? slice_from(*text, prefix.n) : *text;
	return digest_parse(digits, &fingerprint) || read_file(said, which, 1 << 20, text);
}

/* ---- Calls */

slice cli_clients_path(struct cli_clients *said, const char *id, const char *rest)
{
	struct text path;
	text_init(&path, &said->arena, 128);
	text_literal(&path, "/admin/v1/clients");
	uri_segment_add(&path, slice_of(id));
	text_slice_add(&path, slice_of(rest));
	slice made = text_slice(&path);
	if (!uri_segment_allowed(slice_of(id)) || !*id) {
		(void)cli_clients_fail(said, 0, "%s cannot be an id", *id ? "this" : "nothing");
		return (slice){ NULL, 0 };
	}
	return made;
}

int cli_clients_send(struct cli_clients *said, const char *method, slice path, const char *media,
        slice body, struct control_answer *answer)
{
	const struct control_options how = { said->command, said->file };
	int code = CLI_FAILED;
	if (!said->control)
		said->control = control_open(&how, &code);
	if (!said->control)
		return code;
	return control_call(said->control, &said->arena, method, path, media, body, answer)
	               ? CLI_OK
	               : CLI_FAILED;
}

int cli_clients_call(struct cli_clients *said, const char *method, slice path,
        const struct value *body, const struct value **answer)
{
	const struct codec *json = codec_for(SLICE("application/json"));
	struct control_answer given = { 0 };
	struct error error = { .text = "" };
	slice text = { NULL, 0 };
	*answer = NULL;
	if (!path.p)
		return CLI_WRONG;
	if (body)
		text = json->encode(&said->arena, body, &error);
	if (body && !text.p)
		return cli_clients_fail(said, CLI_WRONG, "%s", error.text);
	int code = cli_clients_send(said, method, path, "application/json", text, &given);
	(void)keep(said, text);
	if (code != CLI_OK)
		return code;
	if (!given.done)
		return cli_clients_fail(said, CLI_FAILED, "%.*s", SLICE_ARG(given.why));
	if (given.body.n)
		*answer = json_decode_unique(&said->arena, given.body, &error);
	return CLI_OK;
}

int cli_clients_print(struct cli_clients *said, const struct value *value)
{
	struct error error = { .text = "out of memory" };
	const struct codec *json = codec_for(SLICE("application/json"));
	slice text = value ? json->encode(&said->arena, value, &error) : (slice){ NULL, 0 };
	if (!text.p)
		return cli_clients_fail(
		        said, CLI_FAILED, "the answer cannot be shown: %s", error.text);
	(void)printf("%.*s\n", SLICE_ARG(text));
	return CLI_OK;
}

slice cli_clients_text(struct cli_clients *said, const struct value *map, const char *key)
{
	const struct value *member = value_get(map, slice_of(key));
	struct text joined;
	if (!member)
		return SLICE("");
	if (member->kind != VALUE_LIST)
		return value_to_text(&said->arena, member);
	text_init(&joined, &said->arena, 64);
	for (const struct value *at = member->as.members.first; at; at = at->next) {
		if (joined.n)
			text_char(&joined, ',');
		text_slice_add(&joined, value_to_text(&said->arena, at));
	}
	return text_slice(&joined);
}

void cli_clients_issued(struct cli_clients *said, const struct value *list)
{
	const struct value *made = list && list->kind == VALUE_LIST ? list->as.members.first : NULL;
	for (; made; made = made->next) {
		slice kind = cli_clients_text(said, made, "kind");
		slice handle = cli_clients_text(said, made, "handle");
		slice secret = cli_clients_text(said, made, "secret");
		(void)fprintf(stderr, "%.*s %.*s, shown this once:\n", SLICE_ARG(kind),
		        SLICE_ARG(handle));
		(void)fflush(stderr);
		(void)printf("%.*s\n", SLICE_ARG(secret));
	}
}

/* ---- The commands */

static int run(struct cli_clients *said, unsigned which, int argc, char **argv)
{
	arena_init(&said->arena, BUDGET_BYTES);
	int code = CLI_WRONG;
	if (take_all(said, which, argc, argv))
		code = commands[which].call(said);
	control_close(said->control);
	for (unsigned i = 0; i < said->nwiped; i++) {
		if (said->wiped[i].p)
			explicit_bzero((char *)(uintptr_t)said->wiped[i].p, said->wiped[i].n);
	}
	arena_finish(&said->arena);
	return code;
}

static int find(const char *group, const char *help, int argc, char **argv)
{
	bool helped = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
	for (int i = 2; i < argc && !helped; i++)
		helped = strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
	if (helped) {
		(void)fputs(help, stdout);
		return CLI_OK;
	}
	for (unsigned i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++) {
		char command[32];
		if (strcmp(commands[i].group, group) != 0 || strcmp(commands[i].name, argv[1]) != 0)
			continue;
		(void)snprintf(command, sizeof command, "%s %s", group, argv[1]);
		struct cli_clients said = { .command = command };
		return run(&said, i, argc - 1, argv + 1);
	}
	if (argc > 1)
		(void)fprintf(stderr, "fairlead %s: there is no %s\n\n", group, argv[1]);
	(void)fputs(help, stderr);
	return CLI_WRONG;
}

int cli_client(int argc, char **argv)
{
	return find("client", client_help, argc, argv);
}

int cli_token(int argc, char **argv)
{
	return find("token", token_help, argc, argv);
}
