#include "net/place.h"

#include <stdio.h>
#include <string.h>

#include "net/stream.h"

static const struct serial_settings serial_defaults = {
	.baud = 9600, .bits = 8, .stop = 1, .parity = SERIAL_PARITY_NONE
};

static bool wrong(char why[PLACE_WHY_BYTES], const char *text)
{
	(void)snprintf(why, PLACE_WHY_BYTES, "%s", text);
	return false;
}

/* "name is ...", of one parameter. */
static bool wrong_value(char why[PLACE_WHY_BYTES], slice name, slice value, const char *right)
{
	(void)snprintf(why, PLACE_WHY_BYTES, "%.*s=%.*s: %s", (int)name.n, name.p,
	        value.n > 40 ? 40 : (int)value.n, value.n ? value.p : "", right);
	return false;
}

static bool number(slice text, unsigned base, unsigned long most, unsigned *result)
{
	unsigned long value = 0;
	for (size_t i = 0; i < text.n; i++) {
		unsigned digit = (unsigned)(text.p[i] - '0');
		if (text.p[i] < '0' || digit >= base)
			return false;
		value = value * base + digit;
		if (value > most)
			return false;
	}
	*result = (unsigned)value;
	return text.n > 0;
}

/* ---- Parameters */

struct parameter {
	const char *name;
	bool (*set)(struct place *, slice value);
	const char *right;
};

static bool set_baud(struct place *place, slice value)
{
	return number(value, 10, SERIAL_BAUD_MAX, &place->serial.baud) &&
	       place->serial.baud >= SERIAL_BAUD_MIN;
}

static bool set_bits(struct place *place, slice value)
{
	return number(value, 10, 8, &place->serial.bits) && place->serial.bits >= 7;
}

static bool set_stop(struct place *place, slice value)
{
	return number(value, 10, 2, &place->serial.stop) && place->serial.stop >= 1;
}

static bool set_parity(struct place *place, slice value)
{
	static const char *const words[] = { [SERIAL_PARITY_NONE] = "none",
		[SERIAL_PARITY_EVEN] = "even",
		[SERIAL_PARITY_ODD] = "odd" };
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
		if (!slice_is(value, words[i]))
			continue;
		place->serial.parity = (enum serial_parity)i;
		return true;
	}
	return false;
}

static bool set_rs485(struct place *place, slice value)
{
	place->serial.rs485 = slice_is(value, "on");
	return place->serial.rs485 || slice_is(value, "off");
}

static bool set_rts_before(struct place *place, slice value)
{
	return number(value, 10, SERIAL_RTS_DELAY_MAX_MS, &place->serial.rts_before_ms);
}

static bool set_rts_after(struct place *place, slice value)
{
	return number(value, 10, SERIAL_RTS_DELAY_MAX_MS, &place->serial.rts_after_ms);
}

static bool set_mode(struct place *place, slice value)
{
	return number(value, 8, 0777, &place->mode) && place->mode >= 0600;
}

static const struct parameter serial_parameters[] = {
	{ "baud", set_baud, "a rate is from 50 to 4000000 bits a second" },
	{ "bits", set_bits, "a byte has 7 or 8 bits" },
	{ "parity", set_parity, "parity is none, even or odd" },
	{ "stop", set_stop, "there are 1 or 2 stop bits" },
	{ "rs485", set_rs485, "rs485 is on or off" },
	{ "rts-before", set_rts_before, "the delay is from 0 to 100 milliseconds" },
	{ "rts-after", set_rts_after, "the delay is from 0 to 100 milliseconds" },
	{ NULL, NULL, NULL },
};

static const struct parameter local_parameters[] = {
	{ "mode", set_mode, "a mode is octal, from 600 to 777" },
	{ NULL, NULL, NULL },
};

static bool parse_parameters(
        const struct parameter *known, slice text, struct place *place, char why[PLACE_WHY_BYTES])
{
	unsigned given = 0;
	while (text.n) {
		slice value = slice_cut(&text, '&');
		slice name = slice_cut(&value, '=');
		const struct parameter *at = known;
		while (at->name && !slice_is(name, at->name))
			at++;
		if (!at->name)
			return wrong_value(why, name, value, "there is no such parameter here");
		if (given & 1u << (at - known))
			return wrong_value(why, name, value, "it is said twice");
		if (!at->set(place, value))
			return wrong_value(why, name, value, at->right);
		given |= 1u << (at - known);
	}
	if ((place->serial.rts_before_ms || place->serial.rts_after_ms) && !place->serial.rs485)
		return wrong(why, "rts-before and rts-after go with rs485=on");
	return true;
}

/* ---- Places */

static bool parse_path(const struct parameter *known, size_t most, slice text, struct place *place,
        char why[PLACE_WHY_BYTES])
{
	slice path = slice_cut(&text, '?');
	if (!path.n || path.p[0] != '/' || path.n == 1)
		return wrong(
		        why, place->kind == PLACE_SERIAL
		                     ? "the path is missing: say serial:///dev/ttyS1?baud=9600"
		                     : "the path is missing: say unix:///run/fairlead/ais.sock");
	if (path.n > most || memchr(path.p, '\0', path.n))
		return wrong(why, "the path is too long");
	memcpy(place->path, path.p, path.n);
	return parse_parameters(known, text, place, why);
}

static bool parse_host(slice text, struct place *place, char why[PLACE_WHY_BYTES])
{
	static const char right[] =
	        "an address is HOST:PORT, such as 10.0.0.5:502 or [fd00::5]:502";
	size_t colon = text.n;
	while (colon && text.p[colon - 1] != ':')
		colon--;
	slice host = { text.p, colon ? colon - 1 : 0 };
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = (slice){ host.p + 1, host.n - 2 };
	else if (slice_find(host, ':') < host.n)
		return wrong(why, right);
	if (!host.n || host.n >= sizeof place->host || text.n >= sizeof place->address ||
	        !number(slice_from(text, colon), 10, 65535, &place->port))
		return wrong(why, right);
	for (size_t i = 0; i < host.n; i++) {
		unsigned char c = (unsigned char)host.p[i];
		if (c <= ' ' || c >= 0x7f || strchr("/?#@[]", c))
			return wrong(why, right);
	}
	memcpy(place->host, host.p, host.n);
	memcpy(place->address, text.p, text.n);
	return true;
}

static const struct {
	const char *scheme;
	enum place_kind kind;
} schemes[] = { { "tcp", PLACE_TCP }, { "tls", PLACE_TLS }, { "udp", PLACE_UDP },
	{ "dtls", PLACE_DTLS }, { "unix", PLACE_LOCAL }, { "serial", PLACE_SERIAL } };

/* What follows "scheme://". false: there is another scheme. */
static bool cut_scheme(slice *text, enum place_kind *kind)
{
	size_t colon = slice_find(*text, ':');
	slice scheme = { text->p, colon };
	if (!slice_starts(slice_from(*text, colon), SLICE("://"))) {
		*kind = PLACE_TCP;
		return true;
	}
	for (unsigned i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		if (!slice_is(scheme, schemes[i].scheme))
			continue;
		*kind = schemes[i].kind;
		*text = slice_from(*text, colon + 3);
		return true;
	}
	return false;
}

bool place_parse(slice text, struct place *place, char why[PLACE_WHY_BYTES])
{
	*place = (struct place){ .serial = serial_defaults };
	if (!cut_scheme(&text, &place->kind))
		return wrong(why,
		        "a transport is tcp://, tls://, udp://, dtls://, unix:// or serial://");
	switch (place->kind) {
	case PLACE_TCP:
	case PLACE_TLS:
	case PLACE_UDP:
	case PLACE_DTLS:
		return parse_host(text, place, why);
	case PLACE_LOCAL:
		return parse_path(local_parameters, STREAM_PATH_MAX_BYTES, text, place, why);
	case PLACE_SERIAL:
		return parse_path(serial_parameters, PLACE_PATH_BYTES - 1, text, place, why);
	}
	return false;
}
