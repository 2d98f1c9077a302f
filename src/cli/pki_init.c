/* fairlead pki init */
#include "cli/pki.h"

#include <stdio.h>

#include "pki/date.h"
#include "pki/key.h"

#define DEFAULT_NAME "Fairlead device CA"

static int say_json(struct cli_pki *said, const struct pki_description *about)
{
	struct value *map = value_map(&said->arena);
	cli_pki_put_text(said, map, "name", about->name);
	cli_pki_put_text(said, map, "folder", slice_of(said->folder));
	cli_pki_put_date(said, map, "until", about->until);
	cli_pki_put_text(said, map, "sha256", slice_of(about->fingerprint));
	return cli_pki_print(said, map);
}

static int say(struct cli_pki *said, const struct pki *pki)
{
	struct pki_description about;
	char until[PKI_DATE_BYTES];
	pki_describe(pki, &about);
	if (said->json)
		return say_json(said, &about);
	pki_date_text(about.until, until);
	(void)printf(
	        "The CA \"%.*s\" is made, valid until %s.\n"
	        "  %s/ca.crt  what devices and listeners believe (tls: { client_ca: … })\n"
	        "             SHA-256 %s\n"
	        "  %s/ca.crl  what it takes back, empty yet (tls: { crl: … })\n"
	        "  %s/ca.key  its key: whoever has it is the CA. Keep a copy where nobody comes\n"
	        "  %s/index   what it signs. Keep a copy as well\n",
	        SLICE_ARG(about.name), until, said->folder, about.fingerprint, said->folder,
	        said->folder, said->folder);
	return CLI_OK;
}

int cli_pki_init(struct cli_pki *said)
{
	struct pki_founding founding = { .folder = said->folder,
		.name = said->name ? slice_of(said->name) : SLICE(DEFAULT_NAME) };
	struct error error;
	if (!pki_name_check_authority(founding.name, &error))
		return cli_pki_fail(said, CLI_WRONG, "--name: %s", error.text);
	if (!cli_pki_days(said, "--days", said->days, PKI_CA_DAYS, &founding.days) ||
	        !cli_pki_secret(said, "--passphrase", said->passphrase, &founding.passphrase))
		return CLI_WRONG;
	if (founding.passphrase.n && founding.passphrase.n < PKI_PASSPHRASE_SOUND_BYTES)
		(void)cli_pki_fail(said, 0,
		        "warning: a passphrase of fewer than %d bytes can be guessed",
		        PKI_PASSPHRASE_SOUND_BYTES);
	if (!pki_found(&founding, &error))
		return cli_pki_fail(said, CLI_FAILED, "%s", error.text);
	struct pki *pki = pki_open(said->folder, PKI_LOOK, (slice){ NULL, 0 }, &error);
	if (!pki)
		return cli_pki_fail(said, CLI_FAILED, "%s", error.text);
	int code = say(said, pki);
	pki_close(pki);
	return code;
}
