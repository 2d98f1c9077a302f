/* fairlead frame decode: what a frame means, field by field. */
#include "cli/frame.h"

#include <stdio.h>
#include <string.h>

#include "api/codec.h"
#include "base/hex.h"
#include "codec/frame/frame.h"

enum { BUDGET_BYTES = 64 << 20, GIVEN_MAX = 16 };

static const char help[] =
        "Usage: fairlead frame decode SCHEMA.ksy [HEX|-] [--raw] "
        "[--json|--messages|--payload]\n"
        "                             [--with NAME=VALUE …]\n"
        "\n"
        "Decodes the bytes by the description and shows each field with its offset, length and "
        "value,\n"
        "and for a wrong frame the byte where it stops making sense. HEX is hexadecimal digits; - "
        "or\n"
        "nothing reads them from standard input, with --raw the bytes themselves.\n"
        "  --json      one line of JSON a frame instead of the table\n"
        "  --messages  what the gateway would send: a line a message, its path and its JSON\n"
        "  --payload   the same where the bytes are the body of a message and not a stream: its "
        "JSON\n"
        "  --with      what the description's params are, such as f_port=2\n"
        "Exit code: 0 all frames are right, 1 not, 2 wrong usage or a wrong description.\n";

struct options {
	const char *schema, *hex;
	bool json, messages, payload, raw, help;
	struct frame_parameter given[GIVEN_MAX];
	struct value texts[GIVEN_MAX]; /* what they are */
	unsigned ngiven;
};

/* "NAME=VALUE" */
static bool take_given(struct options *options, const char *word)
{
	slice value = slice_of(word ? word : "");
	slice name = slice_cut(&value, '=');
	if (options->ngiven == GIVEN_MAX || !name.n || !value.p)
		return false;
	struct value *text = &options->texts[options->ngiven];
	*text = (struct value){ .kind = VALUE_TEXT, .as.text = value };
	options->given[options->ngiven++] = (struct frame_parameter){ name, text };
	return true;
}

static bool parse_options(int argc, char **argv, struct options *options)
{
	*options = (struct options){ .schema = NULL };
	const char *words[2] = { NULL, NULL };
	unsigned n = 0;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--json") == 0)
			options->json = true;
		else if (strcmp(argv[i], "--messages") == 0)
			options->messages = true;
		else if (strcmp(argv[i], "--payload") == 0)
			options->payload = true;
		else if (strcmp(argv[i], "--with") == 0 && take_given(options, argv[i + 1]))
			i++;
		else if (strcmp(argv[i], "--raw") == 0)
			options->raw = true;
		else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			options->help = true;
		else if (n == 0 && argv[i][0] != '-')
			words[n++] = argv[i];
		else if (n == 1 && (argv[i][0] != '-' || !argv[i][1]))
			words[n++] = argv[i];
		else
			return false;
	}
	options->schema = words[0];
	options->hex = words[1];
	return options->help || options->schema;
}

static bool from_hex(struct arena *arena, slice text, slice *bytes)
{
	char *out = arena_alloc_raw(arena, text.n / 2 + 1);
	size_t n = 0;
	int high = 0;
	bool half = false;
	for (size_t i = 0; i < text.n && out; i++) {
		if (strchr(" \t\r\n:", text.p[i]) && text.p[i])
			continue;
		int digit = hex_digit(text.p[i]);
		if (digit < 0)
			return false;
		if (half)
			out[n++] = (char)(high << 4 | digit);
		high = digit;
		half = !half;
	}
	*bytes = (slice){ out, n };
	return out && !half;
}

static bool read_bytes(struct arena *arena, const struct options *options, slice *bytes)
{
	slice text;
	bool from_input = !options->hex || strcmp(options->hex, "-") == 0;
	if (!cli_frame_input(arena, options->hex, &text))
		return false;
	*bytes = text;
	if (options->raw && from_input)
		return true;
	if (from_hex(arena, text, bytes))
		return true;
	(void)fputs("fairlead frame: these are no hexadecimal digits in pairs\n", stderr);
	return false;
}

static bool print_fault(const struct frame_fault *fault)
{
	if (fault->text[0])
		(void)fprintf(stderr, "byte %zu, in %s: %s\n", fault->offset,
		        fault->path[0] ? fault->path : "the frame", fault->text);
	return false;
}

/* `path`: of its message; or empty. */
static bool print_value(struct arena *arena, slice path, const struct value *value)
{
	struct error error = { .text = "" };
	slice text = codec_for(SLICE("application/json"))->encode(arena, value, &error);
	if (!text.p) {
		(void)fprintf(stderr, "%s\n", error.text);
		return false;
	}
	(void)printf("%.*s%s%.*s\n", SLICE_ARG(path), path.n ? " " : "", SLICE_ARG(text));
	return true;
}

/* Without a gateway: what lasts from frame to frame, and who the login said it is. */
struct connection {
	const struct frame_schema *schema;
	struct frame_session *session;
	struct arena *arena;
	slice device;
	bool messages, payload;
};

static bool print_each(struct connection *connection, struct arena *arena, struct frame *frame)
{
	unsigned n;
	if (!frame_messages(frame, &n))
		return false;
	for (unsigned i = 0; i < n; i++) {
		const struct value *value;
		slice path;
		if (!frame_message(frame, i, connection->device, &path, &value))
			return false;
		if (!value)
			(void)printf("%.*s\n", SLICE_ARG(path));
		else if (!print_value(arena, path, value))
			return false;
	}
	return true;
}

static bool print_messages(struct connection *connection, struct arena *arena, struct frame *frame)
{
	enum frame_role role;
	enum frame_part part;
	slice device, secret;
	const char *why = "";
	if (!frame_join(frame, connection->session) || !frame_role(frame, &role))
		return false;
	if (role == FRAME_ROLE_HEARTBEAT)
		return true;
	if (role == FRAME_ROLE_LOGIN || frame_schema_has_device(connection->schema)) {
		if (!frame_login(frame, &device, &secret))
			return false;
		connection->device = arena_copy_slice(connection->arena, device);
		bool only_login = role == FRAME_ROLE_LOGIN &&
		                  !frame_schema_login_is_message(connection->schema);
		if (!connection->device.p || only_login)
			return connection->device.p != NULL;
	}
	if (!frame_assemble(frame, 0, &part, &why))
		return false;
	if (part == FRAME_PART_STRAY)
		(void)fprintf(stderr, "%s\n", why);
	return part == FRAME_PART_HELD || part == FRAME_PART_STRAY ||
	       print_each(connection, arena, frame);
}

static bool print_in(struct connection *connection, struct arena *arena, slice bytes)
{
	struct frame_fault fault;
	struct frame *frame = frame_decode(connection->schema, arena, bytes, NULL, &fault);
	if (!frame)
		return print_fault(&fault);
	if (connection->messages)
		return print_messages(connection, arena, frame) || print_fault(&fault);
	struct value *value = connection->payload ? frame_payload(frame) : frame_value(frame);
	return value ? print_value(arena, (slice){ NULL, 0 }, value) : print_fault(&fault);
}

/* Each frame in an arena of its own: a stream may have any number of them. */
static bool print_frame(struct connection *connection, slice bytes)
{
	struct arena arena;
	arena_init(&arena, BUDGET_BYTES);
	bool good = print_in(connection, &arena, bytes);
	arena_finish(&arena);
	return good;
}

static bool print_stream(struct connection *connection, slice bytes)
{
	bool good = true;
	if (!frame_schema_has_framing(connection->schema))
		return print_frame(connection, bytes);
	struct arena scratch;
	arena_init(&scratch, frame_schema_scratch_bytes(connection->schema));
	for (size_t at = 0; at < bytes.n;) {
		struct frame_piece piece;
		arena_finish(&scratch);
		enum frame_cut cut = frame_split(
		        connection->schema, slice_from(bytes, at), true, &scratch, &piece);
		if (cut == FRAME_WHOLE) {
			good &= print_frame(connection, piece.bytes);
		} else if (cut != FRAME_BETWEEN) {
			(void)fprintf(stderr, "byte %zu: %s\n", at,
			        cut == FRAME_MORE ? "a frame that is not whole" : piece.why);
			good = false;
		}
		at = cut == FRAME_MORE ? bytes.n : at + piece.used;
	}
	arena_finish(&scratch);
	return good;
}

static bool print_lines(const struct frame_schema *schema, struct arena *arena, slice bytes,
        const struct options *options)
{
	struct connection connection = { .schema = schema,
		.session = frame_session_create(schema),
		.arena = arena,
		.device = SLICE("DEVICE"),
		.messages = options->messages,
		.payload = options->payload };
	bool good = connection.session && print_stream(&connection, bytes);
	frame_session_free(connection.session);
	return good;
}

static bool print_table(const struct frame_schema *schema, struct arena *arena, slice bytes)
{
	bool good;
	slice table = frame_decode_text(schema, arena, bytes, &good);
	if (!table.p)
		(void)fputs("fairlead frame: too large to show\n", stderr);
	else
		(void)fwrite(table.p, 1, table.n, stdout);
	return table.p && good;
}

static int decode(struct arena *arena, const struct options *options)
{
	slice bytes;
	struct error error = { .text = "" };
	struct frame_schema *schema = frame_schema_open(options->schema, &error);
	if (!schema) {
		(void)fprintf(stderr, "%s\n", error.text);
		return CLI_WRONG;
	}
	int code = CLI_WRONG;
	frame_schema_give(schema, options->given, options->ngiven);
	if (read_bytes(arena, options, &bytes)) {
		bool good = options->json || options->messages || options->payload
		                    ? print_lines(schema, arena, bytes, options)
		                    : print_table(schema, arena, bytes);
		code = good ? CLI_OK : CLI_FAILED;
	}
	frame_schema_free(schema);
	return code;
}

int cli_frame_decode(int argc, char **argv)
{
	struct options options;
	if (!parse_options(argc, argv, &options)) {
		(void)fputs(help, stderr);
		return CLI_WRONG;
	}
	if (options.help) {
		(void)fputs(help, stdout);
		return CLI_OK;
	}
	struct arena arena;
	arena_init(&arena, BUDGET_BYTES);
	int code = decode(&arena, &options);
	arena_finish(&arena);
	return code;
}
