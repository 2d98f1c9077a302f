/* The first byte chooses: a message type whose message the rest is, or (0) a descriptor set to load. What decodes is
 * encoded again; what that gives must decode. */
#include "codec/protobuf/protobuf.h"
#include "codec/value.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const names[] = { "Scalars", "Lists", "Maps", "Tree", "Choice", "Known", "Names",
	"Old" };
enum { NAME_COUNT = sizeof names / sizeof *names, BUDGET = 4 << 20 };

static struct protobuf_schema *load(const char *path)
{
	static char set[1 << 20];
	struct error error;
	FILE *file = fopen(path, "rb");
	size_t n = file ? fread(set, 1, sizeof set, file) : 0;
	if (file)
		(void)fclose(file);
	struct protobuf_schema *schema = protobuf_schema_load((slice){ set, n }, &error);
	if (!n || !schema)
		abort();
	return schema;
}

static void decode(const struct protobuf_schema *schema, const char *name, slice bytes)
{
	struct arena arena;
	struct error error;
	char full[64];
	(void)snprintf(full, sizeof full, "test.v1.%s", name);
	const struct protobuf_message *type =
	        protobuf_schema_message(schema, slice_of(full), &error);
	arena_init(&arena, BUDGET);
	const struct value *value = protobuf_decode(&arena, type, bytes, &error);
	slice again = value ? protobuf_encode(&arena, type, value, &error) : (slice){ NULL, 0 };
	if (again.p) {
		struct arena second;
		arena_init(&second, BUDGET);
		if (!protobuf_decode(&second, type, again, &error) &&
		        !strstr(error.text, "more memory"))
			abort();
		arena_finish(&second);
	}
	arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct protobuf_schema *schema;
	struct error error;
	if (!schema)
		schema = load(FAIRLEAD_DESCRIPTORS "/everything.pb");
	if (!n)
		return 0;
	slice rest = { (const char *)bytes + 1, n - 1 };
	if (bytes[0] % (NAME_COUNT + 1) == 0)
		protobuf_schema_free(protobuf_schema_load(rest, &error));
	else
		decode(schema, names[bytes[0] % (NAME_COUNT + 1) - 1], rest);
	return 0;
}
