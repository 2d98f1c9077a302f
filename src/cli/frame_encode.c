/* fairlead frame encode: the bytes of a frame that means this. */
#include "cli/frame.h"

#include <stdio.h>
#include <string.h>

#include "api/codec.h"
#include "base/hex.h"
#include "codec/frame/frame.h"

enum { BUDGET_BYTES = 64 << 20 };

static const char help[] =
        "Usage: fairlead frame encode SCHEMA.ksy [JSON|-] [--type NAME] [--bare] [--raw]\n"
        "\n"
        "Writes the frame that has these fields by the description, with its lengths and checksum "
        "and what the\n"
        "stream wants around it, as hexadecimal digits. JSON is a map of the fields; - or nothing "
        "reads it from\n"
        "standard input, where each line may be a frame.\n"
        "  --type NAME  the structure of this type instead of the whole\n"
        "  --bare       the structure alone, without what its framing adds\n"
        "  --raw        the bytes themselves\n"
        "Exit code: 0 written, 1 the value does not fit, 2 wrong usage or a wrong description.\n";

struct options {
	const char *schema, *json, *type;
	bool bare, raw, help;
};

static bool parse_options(int argc, char **argv, struct options *options)
{
	*options = (struct options){ .schema = NULL };
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--type") == 0 && i + 1 < argc)
			options->type = argv[++i];
		else if (strcmp(argv[i], "--bare") == 0)
			options->bare = true;
		else if (strcmp(argv[i], "--raw") == 0)
			options->raw = true;
		else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			options->help = true;
		else if (!options->schema && argv[i][0] != '-')
			options->schema = argv[i];
		else if (options->schema && !options->json && (argv[i][0] != '-' || !argv[i][1]))
			options->json = argv[i];
		else
			return false;
	}
	return options->help || options->schema;
}

static bool print_bytes(struct arena *arena, slice bytes, bool raw)
{
	char *digits = arena_alloc(arena, 2 * bytes.n + 1);
	if (!digits)
		return false;
	hex_encode(bytes, digits);
	if (raw)
		(void)fwrite(bytes.p, 1, bytes.n, stdout);
	else
		(void)printf("%s\n", digits);
	return true;
}

static int encode_one(struct arena *arena, const struct frame_schema *schema,
        const struct options *options, slice json)
{
	struct error error = { .text = "" };
	struct frame_fault fault;
	const struct value *value =
	        codec_for(SLICE("application/json"))->decode(arena, json, &error);
	if (!value) {
		(void)fprintf(stderr, "fairlead frame: this is no JSON: %s\n", error.text);
		return CLI_WRONG;
	}
	slice type = slice_of(options->type);
	slice bytes = options->bare ? frame_encode(schema, arena, type, value, &fault)
	                            : frame_write(schema, arena, type, value, &fault);
	if (!bytes.p) {
		(void)fprintf(
		        stderr, "%s: %s\n", fault.path[0] ? fault.path : "the frame", fault.text);
		return CLI_FAILED;
	}
	return print_bytes(arena, bytes, options->raw) ? CLI_OK : CLI_FAILED;
}

/* One value, over as many lines as it likes, or one a line. */
static int encode_all(struct arena *arena, const struct frame_schema *schema,
        const struct options *options, slice text)
{
	struct error ignored = { .text = "" };
	slice rest = slice_trim(text), first = rest;
	first.n = slice_find(rest, '\n');
	bool lines = first.n < rest.n &&
	             codec_for(SLICE("application/json"))->decode(arena, first, &ignored);
	int code = CLI_OK;
	if (!lines)
		return encode_one(arena, schema, options, rest);
	while (rest.n && code == CLI_OK) {
		struct arena own;
		slice line = slice_trim(slice_cut(&rest, '\n'));
		arena_init(&own, BUDGET_BYTES);
		code = line.n ? encode_one(&own, schema, options, line) : CLI_OK;
		arena_finish(&own);
	}
	return code;
}

static int encode(struct arena *arena, const struct options *options)
{
	slice text;
	struct error error = { .text = "" };
	struct frame_schema *schema = frame_schema_open(options->schema, &error);
	if (!schema) {
		(void)fprintf(stderr, "%s\n", error.text);
		return CLI_WRONG;
	}
	int code = cli_frame_input(arena, options->json, &text)
	                   ? encode_all(arena, schema, options, text)
	                   : CLI_WRONG;
	frame_schema_free(schema);
	return code;
}

int cli_frame_encode(int argc, char **argv)
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
	int code = encode(&arena, &options);
	arena_finish(&arena);
	return code;
}
