/* fairlead pki revoke, fairlead pki crl */
#include "cli/pki.h"

#include <inttypes.h>
#include <stdio.h>

#include "pki/date.h"

/* The list as it is now, at the end of both commands' answers. */
static int say_list(struct cli_pki *said, const struct pki *pki, struct value *revoked)
{
	struct pki_description about;
	char until[PKI_DATE_BYTES];
	uint64_t number = pki_contents(pki)->crl_number;
	pki_describe(pki, &about);
	if (!said->json) {
		pki_date_text(about.crl_until, until);
		(void)printf("%s/ca.crl is list number %" PRIu64
		             ", valid until %s. Bring it to the gateways.\n",
		        said->folder, number, until);
		return CLI_OK;
	}
	struct value *map = value_map(&said->arena);
	slice path = arena_printf(&said->arena, "%s/ca.crl", said->folder);
	cli_pki_put_text(said, map, "crl", path);
	if (map && !value_set_new(map, SLICE("number"), value_uint(&said->arena, number)))
		map = NULL;
	cli_pki_put_date(said, map, "until", about.crl_until);
	if (map && revoked && !value_set_new(map, SLICE("revoked"), revoked))
		map = NULL;
	return cli_pki_print(said, map);
}

static int say_revoked(struct cli_pki *said, const struct pki *pki, unsigned count)
{
	const struct pki_index *index = pki_contents(pki);
	struct value *list = value_list(&said->arena);
	char serial[PKI_SERIAL_TEXT_BYTES];
	int64_t now = pki_date_now();
	for (size_t i = 0; i < index->count && list; i++) {
		const struct pki_entry *entry = &index->entries[i];
		if (!entry->fresh)
			continue;
		pki_serial_text(&entry->serial, serial);
		if (said->json && !value_append(list, cli_pki_entry(said, entry, now, 0)))
			list = NULL;
		else if (!said->json)
			(void)printf("%.*s: certificate %s is revoked (%s).\n",
			        SLICE_ARG(entry->name), serial, pki_reason_text(entry->reason));
	}
	if (!list)
		return cli_pki_fail(
		        said, CLI_FAILED, "it is revoked, but there is no memory to show it");
	if (!said->json && !count)
		(void)printf("There was nothing left to revoke: what there is has been revoked "
		             "before or "
		             "has expired.\n");
	return say_list(said, pki, list);
}

static bool read_reason(const struct cli_pki *said, enum pki_reason *reason)
{
	*reason = PKI_UNSPECIFIED;
	if (!said->reason || pki_reason_parse(slice_of(said->reason), reason))
		return true;
	(void)fprintf(stderr, "fairlead pki revoke: \"%s\" is no reason; there are", said->reason);
	for (unsigned i = 0; pki_reason_word(i); i++)
		(void)fprintf(stderr, "%s %s", i ? "," : "", pki_reason_word(i));
	(void)fputc('\n', stderr);
	return false;
}

int cli_pki_revoke(struct cli_pki *said)
{
	struct pki_serial serial;
	enum pki_reason reason;
	struct error error;
	unsigned days, count;
	int code;
	if (!said->word == !said->serial)
		return cli_pki_fail(said, CLI_WRONG, "say which: a name or --serial HEX");
	if (said->serial && !pki_serial_parse(slice_of(said->serial), &serial))
		return cli_pki_fail(said, CLI_WRONG,
		        "--serial is a number of at most 32 hexadecimal digits, as list shows it");
	if (!read_reason(said, &reason) || !cli_pki_days(said, "--days", said->days, 0, &days))
		return CLI_WRONG;
	struct pki *pki = cli_pki_open(said, &code);
	if (!pki)
		return code;
	if (pki_revoke(pki, slice_of(said->word), said->serial ? &serial : NULL, reason, days,
	            &count, &error)) {
		cli_pki_warn(said, pki);
		code = say_revoked(said, pki, count);
	} else {
		code = cli_pki_fail(said, CLI_FAILED, "%s", error.text);
	}
	pki_close(pki);
	return code;
}

int cli_pki_crl(struct cli_pki *said)
{
	struct error error;
	unsigned days;
	int code;
	if (!cli_pki_days(said, "--days", said->days, 0, &days))
		return CLI_WRONG;
	struct pki *pki = cli_pki_open(said, &code);
	if (!pki)
		return code;
	if (pki_renew_crl(pki, days, &error)) {
		cli_pki_warn(said, pki);
		code = say_list(said, pki, NULL);
	} else {
		code = cli_pki_fail(said, CLI_FAILED, "%s", error.text);
	}
	pki_close(pki);
	return code;
}
