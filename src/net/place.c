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
	place->serial.rs485_off = slice_is(value, "off");
	return place->serial.rs485 || place->serial.rs485_off;
}

static bool set_rts(struct place *place, slice value)
{
	place->serial.rts_low = slice_is(value, "low");
	return place->serial.rts_low || slice_is(value, "high");
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

/* Those that a board knows of come first. */
enum { PARAMETER_RS485, PARAMETER_RTS, PARAMETER_RTS_BEFORE, PARAMETER_RTS_AFTER };

static const struct parameter serial_parameters[] = {
	[PARAMETER_RS485] = { "rs485", set_rs485, "rs485 is on or off" },
	[PARAMETER_RTS] = { "rts", set_rts, "while it sends RTS is high or low" },
	[PARAMETER_RTS_BEFORE] = { "rts-before", set_rts_before,
	        "the delay is from 0 to 100 milliseconds" },
	[PARAMETER_RTS_AFTER] = { "rts-after", set_rts_after,
	        "the delay is from 0 to 100 milliseconds" },
	{ "baud", set_baud, "a rate is from 50 to 4000000 bits a second" },
	{ "bits", set_bits, "a byte has 7 or 8 bits" },
	{ "parity", set_parity, "parity is none, even or odd" },
	{ "stop", set_stop, "there are 1 or 2 stop bits" },
	{ NULL, NULL, NULL },
};

static const struct parameter local_parameters[] = {
	{ "mode", set_mode, "a mode is octal, from 600 to 777" },
	{ NULL, NULL, NULL },
};

static bool parse_parameters(
        const struct parameter *known, slice text, struct place *place, char why[PLACE_WHY_BYTES])
{
	while (text.n) {
		slice value = slice_cut(&text, '&');
		slice name = slice_cut(&value, '=');
		const struct parameter *at = known;
		while (at->name && !slice_is(name, at->name))
			at++;
		if (!at->name)
			return wrong_value(why, name, value, "there is no such parameter here");
		if (place->said & 1u << (at - known))
			return wrong_value(why, name, value, "it is said twice");
		if (!at->set(place, value))
			return wrong_value(why, name, value, at->right);
		place->said |= 1u << (at - known);
	}
	return true;
}

static bool check_direction(const struct place *place, char why[PLACE_WHY_BYTES])
{
	const struct serial_settings *serial = &place->serial;
	bool switched = serial->rts_before_ms || serial->rts_after_ms || serial->rts_low;
	return serial->rs485 || !switched ||
	       wrong(why, "rts, rts-before and rts-after go with rs485=on");
}

/* ---- Places */

static bool parse_path(size_t most, slice path, struct place *place, char why[PLACE_WHY_BYTES])
{
	if (path.n > most || memchr(path.p, '\0', path.n))
		return wrong(why, "the path is too long");
	memcpy(place->path, path.p, path.n);
	return true;
}

static bool parse_local(slice text, struct place *place, char why[PLACE_WHY_BYTES])
{
	slice path = slice_cut(&text, '?');
	if (path.n < 2 || path.p[0] != '/')
		return wrong(why, "the path is missing: say unix:///run/fairlead/ais.sock");
	return parse_path(STREAM_PATH_MAX_BYTES, path, place, why) &&
	       parse_parameters(local_parameters, text, place, why);
}

/* As a board names it. */
static bool parse_name(slice name, struct place *place, char why[PLACE_WHY_BYTES])
{
	bool good = name.n && name.n < sizeof place->name;
	for (size_t i = 0; good && i < name.n; i++) {
		char c = name.p[i];
		good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
		       c == '.';
	}
	if (!good)
		return wrong(why, "the path is missing: say serial:///dev/ttyS1?baud=9600, or the "
		                  "board's name for the port, as in serial://rs485-1");
	memcpy(place->name, name.p, name.n);
	return true;
}

static bool parse_serial(slice text, struct place *place, char why[PLACE_WHY_BYTES])
{
	slice port = slice_cut(&text, '?');
	bool is_path = port.n > 1 && port.p[0] == '/';
	if (is_path ? !parse_path(PLACE_PATH_BYTES - 1, port, place, why)
	            : !parse_name(port, place, why))
		return false;
	return parse_parameters(serial_parameters, text, place, why) &&
	       (!is_path || check_direction(place, why));
}

bool place_take_port(
        struct place *place, const struct serial_settings *board, char why[PLACE_WHY_BYTES])
{
	struct serial_settings *serial = &place->serial;
	if (!(place->said & 1u << PARAMETER_RS485))
		serial->rs485 = board->rs485;
	if (!(place->said & 1u << PARAMETER_RTS))
		serial->rts_low = serial->rs485 && board->rts_low;
	if (!(place->said & 1u << PARAMETER_RTS_BEFORE))
		serial->rts_before_ms = serial->rs485 ? board->rts_before_ms : 0;
	if (!(place->said & 1u << PARAMETER_RTS_AFTER))
		serial->rts_after_ms = serial->rs485 ? board->rts_after_ms : 0;
	return check_direction(place, why);
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
		return parse_local(text, place, why);
	case PLACE_SERIAL:
		return parse_serial(text, place, why);
	}
	return false;
}
