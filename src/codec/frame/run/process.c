/* `process:`, what happens to a field's bytes before they are read: the language's own and, under `fairlead.`, those
 * that protocols of devices need.
 *
 * One table: a name, how many arguments it takes, and a function from bytes to bytes. What it makes lies in the
 * frame's arena, within its budget. To add one is to add a line and its function. */
#include "codec/frame/run/process.h"

#include "base/base64.h"
#include "base/hex.h"
#include "codec/frame/run/cell.h"

static bool fail_at(const struct processing *at, size_t byte, const char *text)
{
	size_t offset = at->origin == ORIGIN_NONE ? SIZE_MAX : at->origin + byte;
	return frame_fail_field(at->frame, at->scope, at->field, FRAME_FAULT_TEXT, offset, text);
}

static bool argument_fault(const struct processing *at, const char *text)
{
	return frame_fail_field(
	        at->frame, at->scope, at->field, FRAME_FAULT_EXPRESSION, SIZE_MAX, text);
}

static char *room(const struct processing *at, size_t n)
{
	char *made = arena_alloc_raw(at->frame->arena, n + 1);
	if (!made)
		(void)frame_no_memory(at->frame, at->scope);
	return made;
}

/* ---- the language's own ---- */

static bool process_xor(const struct processing *at, slice in, slice *out)
{
	const struct cell *key = &at->arguments[0];
	char one;
	slice by = key->as.text;
	if (key->kind == CELL_INTEGER) {
		one = (char)(unsigned char)(key->as.integer & 255);
		by = (slice){ &one, 1 };
	} else if (key->kind != CELL_BYTES || !by.n) {
		return argument_fault(at, "the key of xor is neither a number nor bytes");
	}
	char *made = room(at, in.n);
	for (size_t i = 0, k = 0; made && i < in.n; i++, k = k + 1 == by.n ? 0 : k + 1)
		made[i] = (char)((unsigned char)in.p[i] ^ (unsigned char)by.p[k]);
	*out = (slice){ made, in.n };
	return made != NULL;
}

static bool rotate(const struct processing *at, slice in, bool left, slice *out)
{
	const struct cell *key = &at->arguments[0];
	if (key->kind != CELL_INTEGER)
		return argument_fault(at, "rol and ror take a number of bits");
	unsigned by = (unsigned)key->as.integer & 7;
	if (!left)
		by = (8 - by) & 7;
	char *made = room(at, in.n);
	for (size_t i = 0; made && i < in.n; i++) {
		unsigned byte = (unsigned char)in.p[i];
		made[i] = (char)(unsigned char)(byte << by | byte >> (8 - by));
	}
	*out = (slice){ made, in.n };
	return made != NULL;
}

static bool process_rol(const struct processing *at, slice in, slice *out)
{
	return rotate(at, in, true, out);
}

static bool process_ror(const struct processing *at, slice in, slice *out)
{
	return rotate(at, in, false, out);
}

/* ---- AIS (ITU-R M.1371, as NMEA 0183 carries it) ---- */

/* The six bits of an armoured character; -1: it is none. */
static int armoured(char c)
{
	if (c >= '0' && c <= 'W')
		return c - '0';
	return c >= '`' && c <= 'w' ? c - '`' + 40 : -1;
}

/* Six bits a character, highest first, without the last `fill` bits; the last byte is filled up with zeros. */
static bool process_unarmour(const struct processing *at, slice in, slice *out)
{
	const struct cell *fill = &at->arguments[0];
	if (fill->kind != CELL_INTEGER || fill->natural || fill->as.integer < 0 ||
	        fill->as.integer > 5)
		return argument_fault(at, "fill bits are a number from 0 to 5");
	unsigned drop = in.n ? (unsigned)fill->as.integer : 0, held = 0, bits = 0;
	size_t n = 0;
	char *made = room(at, in.n);
	if (!made)
		return false;
	for (size_t i = 0; i < in.n; i++) {
		int six = armoured(in.p[i]);
		if (six < 0)
			return fail_at(at, i, "a character that carries no six bits");
		unsigned take = i + 1 == in.n ? 6 - drop : 6;
		held = held << take | (unsigned)six >> (6 - take);
		bits += take;
		if (bits >= 8) {
			bits -= 8;
			made[n++] = (char)(unsigned char)(held >> bits & 255);
		}
	}
	if (bits)
		made[n++] = (char)(unsigned char)(held << (8 - bits) & 255);
	*out = (slice){ made, n };
	return true;
}

/* Text of six-bit characters that begins at any bit: up to "@" or the end, without the spaces behind it. */
static bool process_sixbit_text(const struct processing *at, slice in, slice *out)
{
	static const char alphabet[] =
	        "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_ !\"#$%&'()*+,-./0123456789:;<=>?";
	const struct cell *from = &at->arguments[0], *most = &at->arguments[1];
	if (from->kind != CELL_INTEGER || most->kind != CELL_INTEGER || from->natural ||
	        most->natural || from->as.integer < 0 || most->as.integer < 0)
		return argument_fault(
		        at, "sixbit_text takes the first bit and how many characters");
	struct input bits = { .bytes = in };
	uint64_t skip = (uint64_t)from->as.integer, six, n = 0;
	uint64_t longest = in.n * 8 / 6, wanted = (uint64_t)most->as.integer;
	char *made = room(at, longest < wanted ? (size_t)longest : (size_t)wanted);
	if (!made)
		return false;
	bits.at = skip / 8 < in.n ? (size_t)(skip / 8) : in.n;
	bool more = input_bits(&bits, (unsigned)(skip % 8), false, &six);
	while (more && n < wanted && input_bits(&bits, 6, false, &six) && six)
		made[n++] = alphabet[six];
	while (n && made[n - 1] == ' ')
		n--;
	*out = (slice){ made, (size_t)n };
	return true;
}

/* As many characters as the bits and the fill bits give; what the last byte has more are its own fill bits. */
static bool undo_unarmour(const struct processing *at, slice in, slice *out)
{
	const struct cell *fill = &at->arguments[0];
	struct input bits = { .bytes = in };
	uint64_t six;
	if (fill->kind != CELL_INTEGER || fill->natural || fill->as.integer < 0 ||
	        fill->as.integer > 5)
		return argument_fault(at, "fill bits are a number from 0 to 5");
	size_t n = (in.n * 8 + (size_t)fill->as.integer) / 6;
	char *made = room(at, n);
	for (size_t i = 0; made && i < n; i++) {
		bool last = i + 1 == n;
		unsigned width = last ? 6 - (unsigned)fill->as.integer : 6;
		(void)input_bits(&bits, width, false, &six);
		six <<= 6 - width;
		made[i] = (char)(six < 40 ? '0' + six : '`' + (six - 40));
	}
	*out = (slice){ made, n };
	return made != NULL;
}

/* ---- bytes that were written as text ---- */

static bool process_hex(const struct processing *at, slice in, slice *out)
{
	char *made = room(at, in.n / 2);
	if (!made)
		return false;
	if (in.n % 2)
		return fail_at(at, in.n, "an odd number of hexadecimal digits");
	for (size_t i = 0; i < in.n; i++) {
		if (hex_digit(in.p[i]) < 0)
			return fail_at(at, i, "a character that is no hexadecimal digit");
	}
	*out = (slice){ made, in.n / 2 };
	return hex_decode(in, made);
}

static bool process_base64(const struct processing *at, slice in, slice *out)
{
	return base64_decode(at->frame->arena, in, out) ||
	       fail_at(at, 0, "these bytes are no base64");
}

static bool undo_hex(const struct processing *at, slice in, slice *out)
{
	char *made = room(at, 2 * in.n);
	if (made)
		hex_encode(in, made);
	*out = (slice){ made, 2 * in.n };
	return made != NULL;
}

static bool undo_base64(const struct processing *at, slice in, slice *out)
{
	*out = base64_encode(at->frame->arena, in);
	return out->p || frame_no_memory(at->frame, at->scope);
}

/* ---- checksums ---- */

/* The checksum of the bytes, its highest byte first: for protocols that lay something over it. */
static bool process_checksum(const struct processing *at, slice in, slice *out)
{
	const struct cell *name = &at->arguments[0];
	const struct checksum_kind *kind =
	        name->kind == CELL_TEXT ? checksum_find(name->as.text) : NULL;
	if (!kind || !kind->sum)
		return argument_fault(at, "fairlead.checksum takes the name of a checksum");
	uint32_t sum = kind->sum(kind, in);
	char *made = room(at, kind->width);
	for (unsigned i = 0; made && i < kind->width; i++)
		made[i] = (char)(unsigned char)(sum >> 8 * (kind->width - 1 - i) & 255);
	*out = (slice){ made, kind->width };
	return made != NULL;
}

/* ---- the table ---- */

static const struct process_kind kinds[] = {
	{ "xor", 1, 1, process_xor, process_xor },
	{ "rol", 1, 1, process_rol, process_ror },
	{ "ror", 1, 1, process_ror, process_rol },
	{ "zlib", 0, 0, process_zlib, undo_zlib },
	{ "fairlead.unarmour", 1, 1, process_unarmour, undo_unarmour },
	{ "fairlead.sixbit_text", 2, 2, process_sixbit_text, NULL },
	{ "fairlead.hex", 0, 0, process_hex, undo_hex },
	{ "fairlead.base64", 0, 0, process_base64, undo_base64 },
	{ "fairlead.checksum", 1, 1, process_checksum, NULL },
};

const struct process_kind *process_find(slice name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (slice_is(name, kinds[i].name))
			return &kinds[i];
	}
	return NULL;
}

static bool evaluate_arguments(struct processing *at, struct cell *arguments)
{
	for (unsigned i = 0; i < at->field->nprocess_arguments; i++) {
		if (!evaluate(at->frame, at->scope, at->field->process_arguments[i], &arguments[i]))
			return false;
	}
	at->arguments = arguments;
	return true;
}

bool process_run(struct frame *frame, const struct scope *scope, const struct field *field,
        size_t origin, slice *bytes)
{
	struct cell arguments[PROCESS_ARGUMENTS_MAX];
	struct processing at = { .frame = frame, .scope = scope, .field = field, .origin = origin };
	return evaluate_arguments(&at, arguments) && field->process->run(&at, *bytes, bytes);
}

bool process_undo(
        struct frame *frame, const struct scope *scope, const struct field *field, slice *bytes)
{
	struct cell arguments[PROCESS_ARGUMENTS_MAX];
	struct processing at = {
		.frame = frame, .scope = scope, .field = field, .origin = ORIGIN_NONE
	};
	if (!field->process->undo)
		return frame_fail(frame, FRAME_FAULT_VALUE, scope,
		        "the process \"%s\" has no inverse to write with", field->process->name);
	return evaluate_arguments(&at, arguments) && field->process->undo(&at, *bytes, bytes);
}
