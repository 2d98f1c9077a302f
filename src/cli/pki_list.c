/* fairlead pki list */
#include "cli/pki.h"

#include <stdio.h>

#include "pki/date.h"

enum { SOON_DAYS = 30, DATE_ONLY_BYTES = 10, LINE_MAX_BYTES = 64 * 1024 };

static void print_row(const struct pki_entry *entry, int64_t now, int64_t soon)
{
	char serial[PKI_SERIAL_TEXT_BYTES], from[PKI_DATE_BYTES], until[PKI_DATE_BYTES];
	pki_serial_text(&entry->serial, serial);
	pki_date_text(entry->from, from);
	pki_date_text(entry->until, until);
	(void)printf("%s  %-7s  %.*s  %.*s  %-12s  %.*s\n", serial,
	        pki_profile_text(entry->profile), DATE_ONLY_BYTES, from, DATE_ONLY_BYTES, until,
	        cli_pki_state_text(pki_entry_state(entry, now, soon)), SLICE_ARG(entry->name));
}

/* In an arena of its own: a list may be long. */
static int print_line(
        const struct cli_pki *said, const struct pki_entry *entry, int64_t now, int64_t soon)
{
	struct cli_pki line = *said;
	arena_init(&line.arena, LINE_MAX_BYTES);
	int code = cli_pki_print(&line, cli_pki_entry(&line, entry, now, soon));
	arena_finish(&line.arena);
	return code;
}

static int print_all(const struct cli_pki *said, const struct pki *pki, int64_t soon)
{
	const struct pki_index *index = pki_contents(pki);
	int64_t now = pki_date_now();
	int code = CLI_OK;
	if (!said->json)
		(void)printf("%-32s  %-7s  %-10s  %-10s  %-12s  %s\n", "serial", "profile", "from",
		        "until", "state", "name");
	for (size_t i = 0; i < index->count && code == CLI_OK; i++) {
		const struct pki_entry *entry = &index->entries[i];
		if (said->word && !slice_is(entry->name, said->word))
			continue;
		if (said->json)
			code = print_line(said, entry, now, soon);
		else
			print_row(entry, now, soon);
	}
	return code;
}

int cli_pki_list(struct cli_pki *said)
{
	struct error error;
	unsigned soon_days;
	if (!cli_pki_days(said, "--soon", said->soon, SOON_DAYS, &soon_days))
		return CLI_WRONG;
	struct pki *pki = pki_open(said->folder, PKI_LOOK, (slice){ NULL, 0 }, &error);
	if (!pki)
		return cli_pki_fail(said, CLI_FAILED, "%s", error.text);
	cli_pki_warn(said, pki);
	int code = print_all(said, pki, (int64_t)soon_days * PKI_DAY_SECONDS);
	pki_close(pki);
	return code;
}
