#include "pki/names.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/utf8.h"

enum {
	DNS_MAX_BYTES = 253,  /* RFC 1035 section 2.3.4, as text */
	LABEL_MAX_BYTES = 63, /* the same */
	URI_MAX_BYTES = 1024,
	EMAIL_MAX_BYTES = 254 /* RFC 5321 section 4.5.3.1.3, without its brackets */
};

static const char *const profiles[PKI_PROFILES] = {
	[PKI_GATEWAY] = "gateway",
	[PKI_DEVICE] = "device",
};

static const struct {
	const char *prefix, *what;
} kinds[] = {
	[PKI_ALT_DNS] = { "dns:", "DNS name" },
	[PKI_ALT_IP] = { "ip:", "IP address" },
	[PKI_ALT_URI] = { "uri:", "URI" },
	[PKI_ALT_EMAIL] = { "email:", "mail address" },
};

const char *pki_profile_text(enum pki_profile profile)
{
	return profiles[profile];
}

bool pki_profile_parse(slice text, enum pki_profile *profile)
{
	for (unsigned i = 0; i < PKI_PROFILES; i++) {
		if (slice_is(text, profiles[i])) {
			*profile = (enum pki_profile)i;
			return true;
		}
	}
	return false;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

static bool check_characters(slice name, struct error *error)
{
	if (!name.n || name.n > PKI_NAME_MAX_BYTES)
		return error_set(error, "a name has 1 to %d bytes, this one %zu",
		        PKI_NAME_MAX_BYTES, name.n);
	if (!utf8_valid(name))
		return error_set(error, "the name is not UTF-8");
	size_t bytes;
	for (size_t at = 0; at < name.n; at += bytes) {
		uint32_t point = utf8_get(name, at, &bytes);
		if (utf8_is_hidden(point))
			return error_set(error,
			        "the name has a control character or an invisible one (U+%04X), at "
			        "byte "
			        "%zu",
			        (unsigned)point, at + 1);
	}
	if (name.p[0] == ' ' || name.p[name.n - 1] == ' ')
		return error_set(error, "the name begins or ends with a space");
	if (name.p[0] == '-')
		return error_set(error, "the name begins with \"-\", as an option does");
	return true;
}

bool pki_name_check_authority(slice name, struct error *error)
{
	return check_characters(name, error);
}

static bool check_label(slice label)
{
	if (!label.n || label.n > LABEL_MAX_BYTES || label.p[0] == '-' ||
	        label.p[label.n - 1] == '-')
		return false;
	for (size_t i = 0; i < label.n; i++) {
		if (!is_alnum(label.p[i]) && label.p[i] != '-' && label.p[i] != '_')
			return false;
	}
	return true;
}

/* A wildcard stands for one label of a domain that has two at least (RFC 6125 section 6.4.3). */
static bool check_dns(slice name, bool wildcard)
{
	unsigned labels = 0, least = 1;
	if (!name.n || name.n > DNS_MAX_BYTES)
		return false;
	if (wildcard && slice_starts(name, SLICE("*."))) {
		name = slice_from(name, 2);
		least = 2;
	}
	slice rest = name, last = name;
	while (rest.p) {
		last = slice_cut(&rest, '.');
		labels++;
		if (!check_label(last))
			return false;
	}
	/* Names that end in a number are addresses, or nothing (RFC 3696 section 2). */
	bool numeric = true;
	for (size_t i = 0; i < last.n; i++)
		numeric &= last.p[i] >= '0' && last.p[i] <= '9';
	return labels >= least && !numeric;
}

bool pki_name_check(slice name, enum pki_profile profile, struct error *error)
{
	if (!check_characters(name, error))
		return false;
	if (slice_find(name, '*') == name.n)
		return true;
	if (profile != PKI_GATEWAY)
		return error_set(error, "a device is one device: its name has no wildcard (\"*\")");
	return check_dns(name, true) ||
	       error_set(error, "a wildcard is the whole first label, as in *.fleet.example");
}

bool pki_name_is_plain(slice name)
{
	if (!name.n || name.p[0] == '.')
		return false;
	for (size_t i = 0; i < name.n; i++) {
		if (!is_alnum(name.p[i]) && !(name.p[i] && strchr("-_.", name.p[i])))
			return false;
	}
	return true;
}

static bool parse_address(slice text, struct pki_alt_name *name)
{
	char copy[INET6_ADDRSTRLEN];
	if (!text.n || text.n >= sizeof copy || slice_find(text, '\0') != text.n)
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	name->address_bytes = 4;
	if (inet_pton(AF_INET, copy, name->address) == 1)
		return true;
	name->address_bytes = 16;
	return inet_pton(AF_INET6, copy, name->address) == 1;
}

static bool is_visible(slice text, const char *but)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] <= ' ' || text.p[i] > '~' || strchr(but, text.p[i]))
			return false;
	}
	return true;
}

/* An absolute one (RFC 3986 section 4.3): a scheme, a colon, and something. */
static bool check_uri(slice text)
{
	size_t colon = slice_find(text, ':');
	if (text.n > URI_MAX_BYTES || !colon || colon + 1 >= text.n ||
	        !is_visible(text, "\"<>\\^`{|},"))
		return false;
	for (size_t i = 0; i < colon; i++) {
		if (!is_alnum(text.p[i]) && !strchr("+-.", text.p[i]))
			return false;
	}
	return ascii_lower(text.p[0]) >= 'a' && ascii_lower(text.p[0]) <= 'z';
}

/* The local part without quotes (RFC 5280 section 4.2.1.6 has ASCII only). */
static bool check_email(slice text)
{
	slice domain = text;
	if (text.n > EMAIL_MAX_BYTES || !is_visible(text, "\"(),:;<>[\\]"))
		return false;
	slice local = slice_cut(&domain, '@');
	return local.n && slice_find(local, '*') == local.n && check_dns(domain, false);
}

static bool check_alt(struct pki_alt_name *name, enum pki_profile profile)
{
	switch (name->kind) {
	case PKI_ALT_DNS:
		return check_dns(name->text, profile == PKI_GATEWAY);
	case PKI_ALT_IP:
		return parse_address(name->text, name);
	case PKI_ALT_URI:
		return check_uri(name->text);
	case PKI_ALT_EMAIL:
		return check_email(name->text);
	}
	return false;
}

/* What a person gets to see of a name that is refused: its visible ASCII. */
static const char *shown(slice text, char to[PKI_NAME_MAX_BYTES + 1])
{
	size_t n = text.n < PKI_NAME_MAX_BYTES ? text.n : PKI_NAME_MAX_BYTES;
	for (size_t i = 0; i < n; i++)
		to[i] = (char)(text.p[i] > ' ' && text.p[i] <= '~' ? text.p[i] : '?');
	to[n] = '\0';
	return to;
}

bool pki_alt_names_add(struct pki_alt_names *names, enum pki_alt_kind kind, slice text,
        enum pki_profile profile, struct error *error)
{
	struct pki_alt_name name = { .kind = kind, .text = text };
	char copy[PKI_NAME_MAX_BYTES + 1];
	if (!check_alt(&name, profile))
		return error_set(error, "%s%s is no %s that %s may have", kinds[kind].prefix,
		        shown(text, copy), kinds[kind].what,
		        profile == PKI_GATEWAY ? "a certificate" : "a device");
	for (unsigned i = 0; i < names->count; i++) {
		if (names->at[i].kind == kind && slice_equal(names->at[i].text, text))
			return true;
	}
	if (names->count == PKI_ALT_NAMES_MAX)
		return error_set(
		        error, "a certificate has at most %d alternative names", PKI_ALT_NAMES_MAX);
	names->at[names->count++] = name;
	return true;
}

bool pki_alt_names_parse(
        struct pki_alt_names *names, slice list, enum pki_profile profile, struct error *error)
{
	char copy[PKI_NAME_MAX_BYTES + 1];
	while (list.p) {
		slice one = slice_cut(&list, ',');
		unsigned kind = 0;
		while (kind < sizeof kinds / sizeof *kinds &&
		        !slice_starts(one, slice_of(kinds[kind].prefix)))
			kind++;
		if (kind == sizeof kinds / sizeof *kinds)
			return error_set(error,
			        "\"%s\" is no alternative name: say dns:…, ip:…, uri:… or email:…, "
			        "with commas between",
			        shown(one, copy));
		slice text = slice_from(one, strlen(kinds[kind].prefix));
		if (!pki_alt_names_add(names, (enum pki_alt_kind)kind, text, profile, error))
			return false;
	}
	return true;
}

bool pki_alt_names_from_name(struct pki_alt_names *names, slice name, enum pki_profile profile)
{
	struct error ignored;
	return pki_alt_names_add(names, PKI_ALT_IP, name, profile, &ignored) ||
	       pki_alt_names_add(names, PKI_ALT_DNS, name, profile, &ignored);
}
