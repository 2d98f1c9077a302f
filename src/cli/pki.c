/* fairlead pki: a small CA for devices, from the command line. One table says all options and which sub-command has
 * them; each sub-command is a file of its own. */
#include "cli/pki.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/codec.h"
#include "base/utf8.h"
#include "pki/date.h"
#include "pki/key.h"

enum { BUDGET_BYTES = 512 << 20, SECRET_FILE_MAX_BYTES = 4096, SOON_DAYS = 30 };

static const char overview[] =
        "Usage: fairlead pki init|issue|revoke|crl|list [--dir DIR] …\n"
        "\n"
        "A small CA for the devices of a fleet, as a folder of files.\n"
        "  init     makes the CA: key, certificate, an empty revocation list\n"
        "  issue    signs a certificate for a device or a gateway\n"
        "  revoke   takes certificates back, and writes the list\n"
        "  crl      writes the list anew, before the old one ends\n"
        "  list     shows what was signed\n"
        "\n"
        "fairlead pki COMMAND --help says more. DIR is `pki` in this folder, with -c FILE beside\n"
        "that configuration. Exit code: 0 done, 1 failed, 2 wrong usage.\n";

static const char help_init[] =
        "Usage: fairlead pki init [--dir DIR] [--name NAME] [--days N] [--passphrase SECRET]\n"
        "\n"
        "Makes a CA: an ECDSA P-256 key, its certificate and an empty revocation list. One that "
        "is\n"
        "there already is never touched.\n"
        "  --dir DIR            its folder (default: pki; with -c FILE: beside that file)\n"
        "  --name NAME          its common name (default: Fairlead device CA)\n"
        "  --days N             its validity (default: 3650); nothing that it signs lives longer\n"
        "  --passphrase SECRET  encrypts its key; env:NAME or file:PATH\n"
        "  --json               answers in JSON\n";

static const char help_issue[] =
        "Usage: fairlead pki issue NAME --profile device|gateway [--san LIST] [--days N]\n"
        "                               [--csr FILE] [--out PATH] [--p12 FILE --passphrase "
        "SECRET]\n"
        "\n"
        "Signs a certificate, whose common name is NAME, for a key that is made here. The profile\n"
        "`device` is for TLS clients, `gateway` for a server that is also a client.\n"
        "  --san LIST             alternative names: dns:…,ip:…,uri:…,email:… (may be repeated);\n"
        "                         a gateway's default is its name\n"
        "  --days N               its validity (default: 365)\n"
        "  --csr FILE             signs the key of this request (PKCS#10) instead of making one;\n"
        "                         nothing else is taken from it\n"
        "  --csr-names            but its alternative names\n"
        "  --out PATH             writes PATH.crt and PATH.key (default: DIR/NAME, unless --p12)\n"
        "  --p12 FILE             writes key, certificate and the CA's as PKCS#12 …\n"
        "  --passphrase SECRET    … encrypted by this; env:NAME or file:PATH\n"
        "  --replace              files of these names may be there\n"
        "  --ca-passphrase SECRET opens the CA's key; env:NAME or file:PATH\n"
        "  --dir DIR, -c FILE     the CA's folder\n"
        "  --json                 answers in JSON\n"
        "A name may have several certificates at a time, so that one is renewed before it ends.\n";

static const char help_revoke[] =
        "Usage: fairlead pki revoke NAME|--serial HEX [--reason REASON] [--days N]\n"
        "\n"
        "Takes back all valid certificates of this name, or the one with this serial number, and\n"
        "writes the revocation list. There is no way back; issue a new one.\n"
        "  --reason REASON        unspecified, keyCompromise, affiliationChanged, superseded,\n"
        "                         cessationOfOperation or privilegeWithdrawn\n"
        "  --days N               how long a list is valid, from now on (at first: 30)\n"
        "  --ca-passphrase SECRET opens the CA's key; env:NAME or file:PATH\n"
        "  --dir DIR, -c FILE     the CA's folder\n"
        "  --json                 answers in JSON\n";

static const char help_crl[] =
        "Usage: fairlead pki crl [--days N]\n"
        "\n"
        "Writes the revocation list anew, with the next number, before the old one ends: whoever\n"
        "checks a list that has ended may believe nobody.\n"
        "  --days N               how long a list is valid, from now on (at first: 30)\n"
        "  --ca-passphrase SECRET opens the CA's key; env:NAME or file:PATH\n"
        "  --dir DIR, -c FILE     the CA's folder\n"
        "  --json                 answers in JSON\n";

static const char help_list[] =
        "Usage: fairlead pki list [NAME] [--soon DAYS] [--json]\n"
        "\n"
        "Shows each certificate: serial number, profile, validity, state and name, the newest "
        "last.\n"
        "  --soon DAYS            \"expires soon\" begins so long before the end (default: 30)\n"
        "  --dir DIR, -c FILE     the CA's folder\n"
        "  --json                 one line of JSON each\n";

enum { INIT = 1, ISSUE = 2, REVOKE = 4, CRL = 8, LIST = 16, ALL = 31 };

static const struct {
	const char *name;
	unsigned bit;
	bool takes_word;
	int (*call)(struct cli_pki *);
	const char *help;
} commands[] = {
	{ "init", INIT, false, cli_pki_init, help_init },
	{ "issue", ISSUE, true, cli_pki_issue, help_issue },
	{ "revoke", REVOKE, true, cli_pki_revoke, help_revoke },
	{ "crl", CRL, false, cli_pki_crl, help_crl },
	{ "list", LIST, true, cli_pki_list, help_list },
};

static const struct {
	const char *name;
	bool flag;
	unsigned of; /* the sub-commands that have it */
	size_t at;   /* in struct cli_pki: a bool for a flag, a text for others */
} options[] = {
	{ "--dir", false, ALL, offsetof(struct cli_pki, dir) },
	{ "-c", false, ALL, offsetof(struct cli_pki, config) },
	{ "--config", false, ALL, offsetof(struct cli_pki, config) },
	{ "--json", true, ALL, offsetof(struct cli_pki, json) },
	{ "--help", true, ALL, offsetof(struct cli_pki, help) },
	{ "-h", true, ALL, offsetof(struct cli_pki, help) },
	{ "--name", false, INIT, offsetof(struct cli_pki, name) },
	{ "--days", false, INIT | ISSUE | REVOKE | CRL, offsetof(struct cli_pki, days) },
	{ "--passphrase", false, INIT | ISSUE, offsetof(struct cli_pki, passphrase) },
	{ "--ca-passphrase", false, ISSUE | REVOKE | CRL, offsetof(struct cli_pki, ca_passphrase) },
	{ "--profile", false, ISSUE, offsetof(struct cli_pki, profile) },
	{ "--san", false, ISSUE, offsetof(struct cli_pki, san) },
	{ "--csr", false, ISSUE, offsetof(struct cli_pki, csr) },
	{ "--csr-names", true, ISSUE, offsetof(struct cli_pki, csr_names) },
	{ "--out", false, ISSUE, offsetof(struct cli_pki, out) },
	{ "--p12", false, ISSUE, offsetof(struct cli_pki, p12) },
	{ "--replace", true, ISSUE, offsetof(struct cli_pki, replace) },
	{ "--serial", false, REVOKE, offsetof(struct cli_pki, serial) },
	{ "--reason", false, REVOKE, offsetof(struct cli_pki, reason) },
	{ "--soon", false, LIST, offsetof(struct cli_pki, soon) },
};

int cli_pki_fail(const struct cli_pki *said, int code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)fprintf(stderr, "fairlead pki %s: ", said->command);
	(void)vfprintf(stderr, format, arguments);
	(void)fputc('\n', stderr);
	va_end(arguments);
	return code;
}

static bool take_text(struct cli_pki *said, size_t option, const char *text)
{
	const char **to = (const char **)(void *)((char *)said + options[option].at);
	if (to == said->san) {
		if (said->sans == CLI_PKI_SANS_MAX)
			return cli_pki_fail(
			        said, false, "--san may be said %d times", CLI_PKI_SANS_MAX);
		said->san[said->sans++] = text;
		return true;
	}
	if (*to)
		return cli_pki_fail(said, false, "%s is said twice", options[option].name);
	*to = text;
	return true;
}

/* --name VALUE and --name=VALUE. */
static bool take_option(struct cli_pki *said, unsigned command, int argc, char **argv, int *i)
{
	const char *word = argv[*i], *equals = strchr(word, '=');
	slice name = { word, equals ? (size_t)(equals - word) : strlen(word) };
	size_t option = 0;
	while (option < sizeof options / sizeof *options &&
	        !(slice_is(name, options[option].name) && (options[option].of & command)))
		option++;
	if (option == sizeof options / sizeof *options)
		return cli_pki_fail(said, false, "there is no option %s; --help shows them", word);
	if (options[option].flag) {
		if (equals)
			return cli_pki_fail(said, false, "%s takes no value", options[option].name);
		*(bool *)(void *)((char *)said + options[option].at) = true;
		return true;
	}
	if (!equals && *i + 1 == argc)
		return cli_pki_fail(said, false, "a value must follow %s", word);
	return take_text(said, option, equals ? equals + 1 : argv[++*i]);
}

static bool take_all(struct cli_pki *said, unsigned command, bool takes_word, int argc, char **argv)
{
	for (int i = 1; i < argc && !said->help; i++) {
		if (argv[i][0] == '-' && argv[i][1]) {
			if (!take_option(said, command, argc, argv, &i))
				return false;
			continue;
		}
		if (!takes_word || said->word)
			return cli_pki_fail(said, false, "%s is one word too many", argv[i]);
		said->word = argv[i];
	}
	return true;
}

static bool choose_folder(struct cli_pki *said)
{
	const char *slash = said->config ? strrchr(said->config, '/') : NULL;
	said->folder = said->dir ? said->dir : "pki";
	if (!said->dir && slash)
		said->folder = arena_printf(
		        &said->arena, "%.*s/pki", (int)(slash - said->config), said->config)
		                       .p;
	return (said->folder && *said->folder) ||
	       cli_pki_fail(said, false, "--dir is the name of a folder");
}

bool cli_pki_days(const struct cli_pki *said, const char *option, const char *text,
        unsigned fallback, unsigned *days)
{
	unsigned long value = fallback;
	if (text) {
		char *end;
		value = strtoul(text, &end, 10);
		if (text[0] < '0' || text[0] > '9' || *end || !value || value > PKI_DAYS_MAX)
			return cli_pki_fail(said, false,
			        "%s is a whole number of days, from 1 to %d", option, PKI_DAYS_MAX);
	}
	*days = (unsigned)value;
	return true;
}

static bool read_secret_file(struct cli_pki *said, const char *path, slice *secret)
{
	struct error error;
	if (!pki_read_file(&said->arena, path, SECRET_FILE_MAX_BYTES, secret, &error))
		return cli_pki_fail(said, false, "%s", error.text);
	said->secret[said->secrets++] = *secret;
	/* An editor ends a line with a line feed, or with two characters. */
	if (secret->n && secret->p[secret->n - 1] == '\n')
		secret->n--;
	if (secret->n && secret->p[secret->n - 1] == '\r')
		secret->n--;
	return true;
}

bool cli_pki_secret(struct cli_pki *said, const char *option, const char *reference, slice *secret)
{
	*secret = (slice){ NULL, 0 };
	slice text = slice_of(reference);
	if (!reference)
		return true;
	if (slice_starts(text, SLICE("env:"))) {
		const char *value = getenv(reference + 4);
		if (!value)
			return cli_pki_fail(said, false,
			        "%s: the environment variable %s is not set", option,
			        reference + 4);
		*secret = slice_of(value);
	} else if (slice_starts(text, SLICE("file:"))) {
		if (!read_secret_file(said, reference + 5, secret))
			return false;
	} else {
		return cli_pki_fail(said, false,
		        "%s: a secret does not stand in a command, where others see it: say "
		        "env:NAME "
		        "or file:PATH",
		        option);
	}
	if (!secret->n || secret->n > PKI_PASSPHRASE_MAX_BYTES ||
	        slice_find(*secret, '\0') != secret->n)
		return cli_pki_fail(said, false, "%s: a passphrase has 1 to %d bytes, and no NUL",
		        option, PKI_PASSPHRASE_MAX_BYTES);
	return true;
}

struct pki *cli_pki_open(struct cli_pki *said, int *code)
{
	slice passphrase;
	struct error error;
	*code = CLI_WRONG;
	if (!cli_pki_secret(said, "--ca-passphrase", said->ca_passphrase, &passphrase))
		return NULL;
	struct pki *pki = pki_open(said->folder, PKI_SIGN, passphrase, &error);
	if (!pki)
		*code = cli_pki_fail(said, CLI_FAILED, "%s", error.text);
	return pki;
}

void cli_pki_warn(const struct cli_pki *said, const struct pki *pki)
{
	struct pki_description about;
	char date[PKI_DATE_BYTES];
	int64_t now = pki_date_now();
	pki_describe(pki, &about);
	if (about.key_exposed)
		(void)cli_pki_fail(said, 0,
		        "warning: others may read %s/ca.key; say chmod 600 %s/ca.key", said->folder,
		        said->folder);
	pki_date_text(about.crl_until, date);
	if (about.crl_behind)
		(void)cli_pki_fail(said, 0,
		        "warning: the revocation list is not that of the index: say fairlead pki "
		        "crl");
	else if (about.crl_until <= now)
		(void)cli_pki_fail(said, 0,
		        "warning: the revocation list has ended at %s: say fairlead pki crl", date);
	else if (about.crl_until - now < 7 * PKI_DAY_SECONDS && about.crl_until < about.until)
		(void)cli_pki_fail(said, 0,
		        "warning: the revocation list ends at %s: say fairlead pki crl", date);
	pki_date_text(about.until, date);
	if (about.until - now < SOON_DAYS * (int64_t)PKI_DAY_SECONDS)
		(void)cli_pki_fail(said, 0,
		        "warning: the CA itself ends at %s, with all that it has signed", date);
}

int cli_pki_print(struct cli_pki *said, const struct value *value)
{
	struct error error = { .text = "out of memory" };
	const struct codec *json = codec_for(SLICE("application/json"));
	slice text = value ? json->encode(&said->arena, value, &error) : (slice){ NULL, 0 };
	if (!text.p)
		return cli_pki_fail(said, CLI_FAILED, "the answer cannot be shown: %s", error.text);
	(void)printf("%.*s\n", SLICE_ARG(text));
	return CLI_OK;
}

void cli_pki_put_text(struct cli_pki *said, struct value *map, const char *key, slice text)
{
	if (!map)
		return;
	(void)value_set_new(map, slice_of(key),
	        utf8_valid(text) ? value_text(&said->arena, text) : value_null(&said->arena));
}

void cli_pki_put_date(struct cli_pki *said, struct value *map, const char *key, int64_t date)
{
	char text[PKI_DATE_BYTES];
	pki_date_text(date, text);
	cli_pki_put_text(said, map, key, arena_copy(&said->arena, text, PKI_DATE_BYTES - 1));
}

const char *cli_pki_state_text(enum pki_state state)
{
	static const char *const texts[] = {
		[PKI_VALID] = "valid",
		[PKI_EXPIRES_SOON] = "expires soon",
		[PKI_EXPIRED] = "expired",
		[PKI_REVOKED] = "revoked",
	};
	return texts[state];
}

struct value *cli_pki_entry(
        struct cli_pki *said, const struct pki_entry *entry, int64_t now, int64_t soon)
{
	struct value *map = value_map(&said->arena);
	char serial[PKI_SERIAL_TEXT_BYTES];
	pki_serial_text(&entry->serial, serial);
	cli_pki_put_text(said, map, "name", entry->name);
	cli_pki_put_text(
	        said, map, "serial", arena_copy(&said->arena, serial, PKI_SERIAL_TEXT_BYTES - 1));
	cli_pki_put_text(said, map, "profile", slice_of(pki_profile_text(entry->profile)));
	cli_pki_put_date(said, map, "from", entry->from);
	cli_pki_put_date(said, map, "until", entry->until);
	cli_pki_put_text(said, map, "state",
	        slice_of(cli_pki_state_text(pki_entry_state(entry, now, soon))));
	if (entry->revoked) {
		cli_pki_put_date(said, map, "revoked", entry->revoked);
		cli_pki_put_text(said, map, "reason", slice_of(pki_reason_text(entry->reason)));
	}
	return map;
}

static int call(unsigned i, int argc, char **argv)
{
	struct cli_pki said = { .command = commands[i].name };
	int code = CLI_WRONG;
	arena_init(&said.arena, BUDGET_BYTES);
	if (!take_all(&said, commands[i].bit, commands[i].takes_word, argc, argv)) {
		code = CLI_WRONG;
	} else if (said.help) {
		(void)fputs(commands[i].help, stdout);
		code = CLI_OK;
	} else if (choose_folder(&said)) {
		code = commands[i].call(&said);
	}
	for (unsigned n = 0; n < said.secrets; n++)
		explicit_bzero((char *)(uintptr_t)said.secret[n].p, said.secret[n].n);
	arena_finish(&said.arena);
	if (fflush(stdout) != 0 && code == CLI_OK)
		code = cli_pki_fail(&said, CLI_FAILED, "the answer could not be written");
	return code;
}

int cli_pki(int argc, char **argv)
{
	for (unsigned i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return call(i, argc - 1, argv + 1);
	}
	bool help = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
	if (argc > 1 && !help)
		(void)fprintf(stderr, "fairlead pki: there is no command %s\n\n", argv[1]);
	(void)fputs(overview, help ? stdout : stderr);
	return help ? CLI_OK : CLI_WRONG;
}
