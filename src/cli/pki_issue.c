/* fairlead pki issue */
#include "cli/pki.h"

#include <stdio.h>

#include "pki/date.h"
#include "pki/request.h"

static bool read_names(const struct cli_pki *said, struct pki_wish *wish)
{
	struct error error;
	for (unsigned i = 0; i < said->sans; i++) {
		if (!pki_alt_names_parse(
		            &wish->names, slice_of(said->san[i]), wish->profile, &error))
			return cli_pki_fail(said, false, "--san: %s", error.text);
	}
	return true;
}

/* What can be said to be wrong before anything is opened. */
static bool read_wish(struct cli_pki *said, struct pki_wish *wish)
{
	struct error error;
	if (!said->word)
		return cli_pki_fail(said, false, "whose? Say a name; --help shows how");
	if (!said->profile || !pki_profile_parse(slice_of(said->profile), &wish->profile))
		return cli_pki_fail(said, false, "say --profile device or --profile gateway");
	wish->name = slice_of(said->word);
	if (!pki_name_check(wish->name, wish->profile, &error))
		return cli_pki_fail(said, false, "%s", error.text);
	if (!read_names(said, wish) ||
	        !cli_pki_days(said, "--days", said->days, PKI_ISSUE_DAYS, &wish->days))
		return false;
	if (said->csr_names && !said->csr)
		return cli_pki_fail(said, false, "--csr-names goes with --csr");
	if (said->csr && said->p12)
		return cli_pki_fail(
		        said, false, "--p12 needs the private key, which a --csr keeps back");
	if (!said->p12 != !said->passphrase)
		return cli_pki_fail(said, false,
		        "--p12 and --passphrase go together (the CA's key is opened by "
		        "--ca-passphrase)");
	if ((said->out && !*said->out) || (said->p12 && !*said->p12))
		return cli_pki_fail(said, false, "--out and --p12 are names of files");
	wish->out = said->out;
	wish->bundle = said->p12;
	wish->request_names = said->csr_names;
	wish->replace = said->replace;
	return cli_pki_secret(said, "--passphrase", said->passphrase, &wish->bundle_passphrase);
}

static bool read_request(struct cli_pki *said, struct pki_wish *wish)
{
	struct error error;
	if (!said->csr)
		return true;
	if (!pki_read_file(&said->arena, said->csr, PKI_REQUEST_MAX_BYTES, &wish->request, &error))
		return cli_pki_fail(said, false, "%s", error.text);
	return wish->request.n || cli_pki_fail(said, false, "%s is empty", said->csr);
}

/* Others of this name that are still good: NULL after the last. */
static const struct pki_entry *next_other(
        const struct pki_index *index, const struct pki_entry *own, int64_t now, size_t *at)
{
	while (*at < index->count) {
		const struct pki_entry *entry = &index->entries[(*at)++];
		if (entry != own && slice_equal(entry->name, own->name) && !entry->revoked &&
		        entry->until > now)
			return entry;
	}
	return NULL;
}

static int say_json(struct cli_pki *said, const struct pki *pki, const struct pki_issued *issued)
{
	int64_t now = pki_date_now();
	struct value *map = cli_pki_entry(said, issued->entry, now, 0);
	struct value *others = value_list(&said->arena);
	size_t at = 0;
	if (issued->certificate[0])
		cli_pki_put_text(said, map, "certificate", slice_of(issued->certificate));
	if (issued->key[0])
		cli_pki_put_text(said, map, "key", slice_of(issued->key));
	if (said->p12)
		cli_pki_put_text(said, map, "p12", slice_of(said->p12));
	for (const struct pki_entry *other;;) {
		other = next_other(pki_contents(pki), issued->entry, now, &at);
		if (!other || !others)
			break;
		(void)value_append(others, cli_pki_entry(said, other, now, 0));
	}
	if (!map || !others ||
	        !value_set_new(
	                map, SLICE("shortened"), value_bool(&said->arena, issued->shortened)) ||
	        !value_set_new(map, SLICE("also_valid"), others))
		map = NULL;
	return cli_pki_print(said, map);
}

static void say_others(const struct pki *pki, const struct pki_entry *own)
{
	int64_t now = pki_date_now();
	char serial[PKI_SERIAL_TEXT_BYTES], until[PKI_DATE_BYTES];
	size_t at = 0;
	for (const struct pki_entry *other;;) {
		other = next_other(pki_contents(pki), own, now, &at);
		if (!other)
			return;
		pki_serial_text(&other->serial, serial);
		pki_date_text(other->until, until);
		(void)printf(
		        "This is a renewal: another one of this name is valid until %s. When the "
		        "new one is in use:\n  fairlead pki revoke --serial %s --reason "
		        "superseded\n",
		        until, serial);
	}
}

static int say(struct cli_pki *said, const struct pki *pki, const struct pki_issued *issued)
{
	const struct pki_entry *entry = issued->entry;
	char serial[PKI_SERIAL_TEXT_BYTES], until[PKI_DATE_BYTES];
	if (said->json)
		return say_json(said, pki, issued);
	pki_serial_text(&entry->serial, serial);
	pki_date_text(entry->until, until);
	(void)printf("%.*s: a certificate for a %s, number %s, valid until %s%s.\n",
	        SLICE_ARG(entry->name), pki_profile_text(entry->profile), serial, until,
	        issued->shortened ? ", when the CA ends" : "");
	if (issued->certificate[0])
		(void)printf("  %s\n", issued->certificate);
	if (issued->key[0])
		(void)printf("  %s  its key, for its owner only\n", issued->key);
	if (said->p12)
		(void)printf("  %s  both, and the CA's, encrypted\n", said->p12);
	if (issued->replaced)
		(void)printf("Files that were there are replaced.\n");
	say_others(pki, entry);
	return CLI_OK;
}

int cli_pki_issue(struct cli_pki *said)
{
	/* Large, for the names and paths that it holds; there is one. */
	struct pki_wish wish = { .out = NULL };
	struct pki_issued issued;
	struct error error;
	int code;
	if (!read_wish(said, &wish))
		return CLI_WRONG;
	if (!read_request(said, &wish))
		return CLI_FAILED;
	struct pki *pki = cli_pki_open(said, &code);
	if (!pki)
		return code;
	if (pki_issue(pki, &wish, &issued, &error)) {
		cli_pki_warn(said, pki);
		code = say(said, pki, &issued);
	} else {
		code = cli_pki_fail(said, CLI_FAILED, "%s", error.text);
	}
	pki_close(pki);
	return code;
}
