/* frame: what a binary frame costs from its bytes to the message, by itself: it
 * is cut from the stream, its checksum checked, decoded, and asked for its role,
 * its paths and its messages, in an arena of its own, as the listener does with
 * each. Printed as JSON, one object a line. CPU time of this process; the best
 * of several rounds, since nothing but the machine's other business makes one
 * slower.
 *
 *     frame SECONDS FOLDER-OF-DESCRIPTIONS */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/hex.h"
#include "codec/frame/frame.h"

enum { ROUNDS = 7, BATCH = 100, BUDGET = 1 << 20 };

static const struct {
	const char *name, *description, *hex;
	unsigned messages;
} cases[] = {
	{ "reading", "reading.ksy",
	        "fa0200200b74656d7065726174757265405459999999999a0343656c187b310a7aafcd15f63f", 1 },
	{ "teltonika, a position", "teltonika.ksy",
	        "000000000000002108010000016b40d8ea30010aac7628235cf88c000c005a09002a00000000000001"
	        "0000185e",
	        1 },
	{ "teltonika, a position and five values", "teltonika.ksy",
	        "000000000000003608010000016b40d8ea300100000000000000000000000000000001050215030101"
	        "01"
	        "425e0f01f10000601a014e0000000000000000010000c7cf",
	        1 },
};

_Noreturn static void fail(const char *name, const char *what)
{
	(void)fprintf(stderr, "frame: %s: %s\n", name, what);
	exit(1);
}

static double cpu_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* One frame, from the stream to its messages; how many these are. */
static unsigned one(const char *name, const struct frame_schema *schema,
        struct frame_session *session, slice stream)
{
	struct arena arena;
	struct frame_piece piece;
	struct frame_fault fault;
	enum frame_role role;
	enum frame_part part;
	const char *why;
	unsigned n;
	arena_init(&arena, BUDGET);
	if (frame_split(schema, stream, false, &arena, &piece) != FRAME_WHOLE)
		fail(name, "this is no frame");
	struct frame *frame = frame_decode(schema, &arena, piece.bytes, NULL, &fault);
	if (!frame || !frame_join(frame, session) || !frame_role(frame, &role) ||
	        !frame_assemble(frame, 0, &part, &why) || !frame_messages(frame, &n))
		fail(name, fault.text);
	for (unsigned i = 0; i < n; i++) {
		slice path;
		const struct value *value;
		if (!frame_message(frame, i, SLICE("engine-7"), &path, &value))
			fail(name, fault.text);
	}
	arena_finish(&arena);
	return n;
}

static void measure(const char *folder, unsigned number, double seconds)
{
	char path[1024], bytes[256];
	struct error error;
	const char *name = cases[number].name;
	slice digits = slice_of(cases[number].hex);
	(void)snprintf(path, sizeof path, "%s/%s", folder, cases[number].description);
	struct frame_schema *schema = frame_schema_open(path, &error);
	if (!schema)
		fail(name, error.text);
	struct frame_session *session = frame_session_create(schema);
	if (!session || digits.n / 2 > sizeof bytes || !hex_decode(digits, bytes))
		fail(name, "no bytes");
	slice stream = { bytes, digits.n / 2 };
	if (one(name, schema, session, stream) != cases[number].messages)
		fail(name, "another number of messages");
	double best = 1e18;
	for (unsigned round = 0; round < ROUNDS; round++) {
		double begin = cpu_ns(), end = begin;
		size_t frames = 0;
		for (; end - begin < seconds * 1e9 / ROUNDS; frames += BATCH, end = cpu_ns()) {
			for (unsigned i = 0; i < BATCH; i++)
				(void)one(name, schema, session, stream);
		}
		double each = (end - begin) / (double)frames;
		best = each < best ? each : best;
	}
	(void)printf("{\"name\": \"%s\", \"cpu_us\": %.3f, \"bytes\": %zu}\n", name, best / 1000,
	        stream.n);
	frame_session_free(session);
	frame_schema_free(schema);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		fail("usage", "frame SECONDS FOLDER");
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
		measure(argv[2], i, strtod(argv[1], NULL));
	return 0;
}
