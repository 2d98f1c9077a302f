/* Any bytes as the stream of a device under each description that comes along: the first byte chooses which. */
#include "codec/frame/frame.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const char *const names[] = { "nmea0183", "ais", "teltonika", "teltonika_udp", "mbus",
	"adsb_beast", "candump", "cayenne_lpp", "reading", "tlv" };
enum { SCHEMAS = sizeof names / sizeof *names, BUDGET = 4 << 20, STREAM_MAX = 4096 };

static const struct frame_schema *shipped(unsigned number)
{
	static struct frame_schema *loaded[SCHEMAS];
	char path[512];
	struct error error = { .text = "" };
	(void)snprintf(
	        path, sizeof path, "%s/schemas/frames/%s.ksy", FAIRLEAD_SOURCE, names[number]);
	if (!loaded[number])
		loaded[number] = frame_schema_open(path, &error);
	if (!loaded[number]) {
		(void)fprintf(stderr, "%s\n", error.text);
		abort();
	}
	return loaded[number];
}

static void one(const struct frame_schema *schema, struct frame_session *session, slice bytes)
{
	struct arena arena;
	struct frame_fault fault;
	enum frame_role role;
	enum frame_part part;
	const char *why;
	unsigned n = 0;
	slice path, device = SLICE("d"), secret;
	const struct value *value;
	arena_init(&arena, BUDGET);
	struct frame *frame = frame_decode(schema, &arena, bytes, NULL, &fault);
	if (frame && frame_join(frame, session) && frame_role(frame, &role)) {
		(void)frame_value(frame);
		if (role == FRAME_ROLE_LOGIN || frame_schema_has_device(schema))
			(void)frame_login(frame, &device, &secret);
		if (role == FRAME_ROLE_MESSAGE && frame_assemble(frame, 0, &part, &why) &&
		        frame_messages(frame, &n)) {
			for (unsigned i = 0; i < n; i++)
				(void)frame_message(frame, i, device, &path, &value);
			(void)frame_answer(schema, frame, &arena, FRAME_ANSWER_ACK);
			(void)frame_answer(schema, frame, &arena, FRAME_ANSWER_NAK);
		}
	}
	arena_finish(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	if (!n || n > STREAM_MAX)
		return 0;
	const struct frame_schema *schema = shipped(bytes[0] % SCHEMAS);
	struct frame_session *session = frame_session_create(schema);
	slice stream = { (const char *)bytes + 1, n - 1 };
	struct arena scratch;
	bool good;
	if (!session)
		return 0;
	arena_init(&scratch, BUDGET);
	(void)frame_decode_text(schema, &scratch, stream, &good);
	arena_finish(&scratch);
	if (!frame_schema_has_framing(schema))
		one(schema, session, stream);
	while (frame_schema_has_framing(schema) && stream.n) {
		struct frame_piece piece;
		arena_init(&scratch, frame_schema_scratch_bytes(schema));
		enum frame_cut cut = frame_split(schema, stream, true, &scratch, &piece);
		if (cut == FRAME_WHOLE)
			one(schema, session, piece.bytes);
		stream = cut == FRAME_MORE ? (slice){ NULL, 0 } : slice_from(stream, piece.used);
		arena_finish(&scratch);
	}
	frame_session_free(session);
	return 0;
}
