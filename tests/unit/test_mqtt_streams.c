/* Captured MQTT sessions, what the client sent, replayed in one piece, byte by byte and in random pieces. */
#include "support.h"

#include "mqtt_world.h"

/* All that the client sent in one record of the JSON lines: the second texts of ["c2s","HEX"] pairs. */
static slice client_bytes(struct arena *arena, slice line)
{
	static const char mark[] = "\"c2s\"";
	struct text hex;
	text_init(&hex, arena, line.n);
	const char *at = line.p, *end = line.p + line.n;
	for (;;) {
		at = memmem(at, (size_t)(end - at), mark, sizeof mark - 1);
		if (!at)
			break;
		at += sizeof mark - 1;
		const char *open = memchr(at, '"', (size_t)(end - at));
		const char *close = open ? memchr(open + 1, '"', (size_t)(end - open - 1)) : NULL;
		assert_non_null(close);
		text_bytes(&hex, open + 1, (size_t)(close - open - 1));
		at = close + 1;
	}
	text_char(&hex, '\0');
	slice all = text_slice(&hex);
	assert_non_null(all.p);
	return from_hex(arena, all.p);
}

static void test_streams(void **state)
{
	(void)state;
	struct arena file;
	arena_init(&file, 64 << 20);
	slice rest = read_whole_file(&file, vectors_path("streams/mqtt.tcp.jsonl"));
	unsigned sessions = 0, accepted = 0, published = 0;
	while (rest.n) {
		slice line = slice_cut(&rest, '\n');
		struct arena arena;
		arena_init(&arena, 256 << 20);
		slice bytes = line.n ? client_bytes(&arena, line) : line;
		if (bytes.n) {
			slice log = world_replay_all(&arena, bytes);
			sessions++;
			accepted += slice_starts(log, SLICE("CONNECT / none"));
			published += memmem(log.p, log.n, "\nPOST /", 7) != NULL;
		}
		arena_finish(&arena);
	}
	print_message("%u sessions, %u let in, %u published\n", sessions, accepted, published);
	assert_true(accepted > 0 && published > 0);
	arena_finish(&file);
}

int main(void)
{
	if (!vectors_path("streams/mqtt.tcp.jsonl"))
		return vectors_absent("streams/mqtt.tcp.jsonl");
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_streams) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
