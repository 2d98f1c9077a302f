/* WebSocket: heads and frames. Streams over it are tested end to end (mqtt_websocket). */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "net/websocket.h"

static const char *const protocols[] = { "mqtt", "mqttv3.1", NULL };
static struct websocket_accept here = { "/mqtt", protocols, false };

/* ---- Heads */

#define HOST    "Host: box\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
#define KEY     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define MQTT    "Sec-WebSocket-Protocol: chat, mqtt\r\n"

static void answers(const char *head, const char *status, const char *part)
{
	char answer[WEBSOCKET_ANSWER_MAX_BYTES + 1];
	size_t n;
	bool accepted = websocket_answer(&here, slice_of(head), answer, &n);
	assert_true(n < sizeof answer);
	answer[n] = '\0';
	assert_int_equal(accepted, strncmp(status, "101", 3) == 0);
	assert_memory_equal(answer, "HTTP/1.1 ", 9);
	if (strncmp(answer + 9, status, strlen(status)) != 0 || !strstr(answer, part))
		fail_msg("%s\ngave\n%s", head, answer);
}

static void right_handshakes_are_accepted(void **state)
{
	(void)state;
	/* The example of RFC 6455 section 1.3. */
	answers("GET /mqtt HTTP/1.1\r\n" HOST UPGRADE KEY VERSION MQTT "\r\n", "101 ",
	        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
	answers("GET /mqtt?x=1 HTTP/1.1\r\n" HOST UPGRADE KEY VERSION MQTT "\r\n", "101 ",
	        "Sec-WebSocket-Protocol: mqtt\r\n");
	answers("GET /mqtt HTTP/1.1\r\nhost:box\r\nUPGRADE:h2c, "
	        "WebSocket\r\nconnection:upgrade\r\n" KEY
	        "sec-websocket-version:13\r\nSec-WebSocket-Protocol: mqttv3.1\r\n\r\n",
	        "101 ", "Sec-WebSocket-Protocol: mqttv3.1\r\n");
}

static void wrong_handshakes_are_answered(void **state)
{
	(void)state;
	static const struct {
		const char *head, *status;
	} cases[] = {
		{ "", "400" },
		{ "GET /mqtt HTTP/1.0\r\n" HOST UPGRADE KEY VERSION MQTT "\r\n", "400" },
		{ "POST /mqtt HTTP/1.1\r\n" HOST UPGRADE KEY VERSION MQTT "\r\n", "400" },
		{ "GET /mqtt HTTP/1.1 \r\n" HOST UPGRADE KEY VERSION MQTT "\r\n", "400" },
		{ "GET /mqtt HTTP/1.1\n" HOST UPGRADE KEY VERSION MQTT "\r\n", "400" },
		{ "GET /mqtt HTTP/1.1\r\n" UPGRADE KEY VERSION MQTT "\r\n", "400" },
		{ "GET /mqtt HTTP/1.1\r\n" HOST HOST UPGRADE KEY VERSION MQTT "\r\n", "400" },
		{ "GET /mqtt HTTP/1.1\r\n" HOST UPGRADE KEY KEY VERSION MQTT "\r\n", "400" },
		{ "GET /mqtt HTTP/1.1\r\n" HOST " folded\r\n" UPGRADE KEY VERSION MQTT "\r\n",
		        "400" },
		{ "GET /mqtt HTTP/1.1\r\n" HOST "No colon\r\n" UPGRADE KEY VERSION MQTT "\r\n",
		        "400" },
		{ "GET /mqtt HTTP/1.1\r\n" HOST "Space : x\r\n" UPGRADE KEY VERSION MQTT "\r\n",
		        "400" },
		{ "GET /mqtt HTTP/1.1\r\n" HOST "Content-Length: 2\r\n" UPGRADE KEY VERSION MQTT
		  "\r\n",
		        "400" },
		{ "GET / HTTP/1.1\r\n" HOST UPGRADE KEY VERSION MQTT "\r\n", "404" },
		{ "GET /mqtt/ HTTP/1.1\r\n" HOST UPGRADE KEY VERSION MQTT "\r\n", "404" },
		{ "GET /mqtt HTTP/1.1\r\n" HOST KEY VERSION MQTT "\r\n", "426" },
		{ "GET /mqtt HTTP/1.1\r\n" HOST "Upgrade: websocket\r\n" KEY VERSION MQTT "\r\n",
		        "426" },
		{ "GET /mqtt HTTP/1.1\r\n" HOST UPGRADE KEY "Sec-WebSocket-Version: 8\r\n" MQTT
		  "\r\n",
		        "426" },
		{ "GET /mqtt HTTP/1.1\r\n" HOST UPGRADE KEY VERSION "\r\n", "400" },
		{ "GET /mqtt HTTP/1.1\r\n" HOST UPGRADE KEY VERSION
		  "Sec-WebSocket-Protocol: amqp\r\n\r\n",
		        "400" },
		{ "GET /mqtt HTTP/1.1\r\n" HOST UPGRADE VERSION MQTT "\r\n", "400" },
		{ "GET /mqtt HTTP/1.1\r\n" HOST UPGRADE
		  "Sec-WebSocket-Key: c2hvcnQ=\r\n" VERSION MQTT "\r\n",
		        "400" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		answers(cases[i].head, cases[i].status, "Connection: close\r\n");
}

static void pages_of_other_origins_may_be_turned_away(void **state)
{
	(void)state;
#define FROM(origin)                                                                               \
	"GET /mqtt HTTP/1.1\r\n" HOST UPGRADE KEY VERSION MQTT "Origin: " origin "\r\n\r\n"
	answers(FROM("https://elsewhere"), "101 ", "");
	here.same_origin = true;
	answers("GET /mqtt HTTP/1.1\r\n" HOST UPGRADE KEY VERSION MQTT "\r\n", "101 ", "");
	answers(FROM("https://BOX"), "101 ", "");
	answers(FROM("https://elsewhere"), "403 ", "");
	answers(FROM("https://box:8443"), "403 ", "");
	answers(FROM("https://box.elsewhere"), "403 ", "");
	answers(FROM("null"), "403 ", "");
	answers(FROM(""), "403 ", "");
	here.same_origin = false;
}

static void heads_end_or_are_none(void **state)
{
	(void)state;
	assert_int_equal(websocket_head_end(SLICE("GET ")), 0);
	assert_int_equal(websocket_head_end(SLICE("GET /x HTTP/1.1\r\n")), 0);
	assert_int_equal(websocket_head_end(SLICE("GET /x HTTP/1.1\r\n\r\nmore")), 19);
	assert_true(websocket_head_end(SLICE("\x10")) == SIZE_MAX);
	assert_true(websocket_head_end(SLICE("POST")) == SIZE_MAX);
	static char large[WEBSOCKET_HEAD_MAX_BYTES];
	memset(large, 'x', sizeof large);
	memcpy(large, "GET /", 5);
	assert_int_equal(websocket_head_end((slice){ large, sizeof large - 1 }), 0);
	assert_true(websocket_head_end((slice){ large, sizeof large }) == SIZE_MAX);
}

/* ---- Frames */

/* What came out, as text: bytes of data as they are, <ping:…>, <close:CODE>, <fault:CODE>. */
static const char *show(slice frames, size_t cut)
{
	static char text[512];
	size_t n = 0;
	char *bytes = malloc(frames.n ? frames.n : 1);
	memcpy(bytes, frames.p, frames.n);
	struct websocket_reader reader = { 0 };
	bool over = false;
	for (size_t at = 0; at < frames.n && !over;) {
		size_t end = at + cut < frames.n ? at + cut : frames.n;
		struct websocket_piece piece;
		do {
			at += websocket_read(&reader, bytes + at, end - at, &piece);
			char *to = text + n;
			size_t room = sizeof text - n;
			int added = 0;
			if (piece.kind == WEBSOCKET_DATA)
				added = snprintf(to, room, "%.*s", (int)piece.n, piece.bytes);
			else if (piece.kind == WEBSOCKET_PING)
				added = snprintf(
				        to, room, "<ping:%.*s>", (int)piece.n, piece.bytes);
			else if (piece.kind != WEBSOCKET_MORE)
				added = snprintf(to, room, "<%s:%u>",
				        piece.kind == WEBSOCKET_CLOSE ? "close" : "fault",
				        piece.code);
			n += (size_t)added;
			over = piece.kind == WEBSOCKET_CLOSE || piece.kind == WEBSOCKET_FAULT;
		} while (piece.kind != WEBSOCKET_MORE && !over);
	}
	free(bytes);
	text[n] = '\0';
	return text;
}

static void reads_as(const char *hex, const char *expected)
{
	struct arena arena;
	arena_init(&arena, 1 << 20);
	slice frames = from_hex(&arena, hex);
	for (size_t cut = 1; cut <= frames.n; cut++)
		assert_string_equal(show(frames, cut), expected);
	arena_finish(&arena);
}

static void frames_are_read_however_they_are_cut(void **state)
{
	(void)state;
	/* The mask 00000000 keeps it readable; 01020304 is used as well. */
	reads_as("82 83 00000000 616263", "abc");
	reads_as("82 83 01020304 606060", "abc");
	reads_as("82 80 00000000 82 81 00000000 61", "a");
	/* Fragments, with control frames between them. */
	reads_as("02 81 00000000 61 89 82 00000000 7879 00 81 00000000 62 8a 80 00000000 "
	         "80 81 00000000 63",
	        "a<ping:xy>bc");
	reads_as("89 80 00000000 8a 81 01020304 61 82 81 00000000 61", "<ping:>a");
	reads_as("02 80 00000000 80 80 00000000 82 81 00000000 7a", "z");
}

static void closes_are_read(void **state)
{
	(void)state;
	reads_as("88 80 00000000", "<close:0>");
	reads_as("88 82 00000000 03e8", "<close:1000>");
	reads_as("88 83 00000000 0bb861", "<close:3000>");
	reads_as("88 84 00000000 0f a0 c3a4", "<close:4000>");
	reads_as("88 81 00000000 03", "<fault:1002>");
	reads_as("88 82 00000000 03ec", "<fault:1002>");
	reads_as("88 82 00000000 03ed", "<fault:1002>");
	reads_as("88 82 00000000 03ee", "<fault:1002>");
	reads_as("88 82 00000000 03f7", "<fault:1002>");
	reads_as("88 82 00000000 0bb7", "<fault:1002>");
	reads_as("88 82 00000000 1388", "<fault:1002>");
	reads_as("88 82 00000000 0000", "<fault:1002>");
	reads_as("88 84 00000000 03e8 c328", "<fault:1007>");
}

static void faults_have_their_codes(void **state)
{
	(void)state;
	reads_as("81 81 00000000 61", "<fault:1003>");
	reads_as("82 01 61", "<fault:1002>");          /* not masked */
	reads_as("c2 81 00000000 61", "<fault:1002>"); /* reserved bits */
	reads_as("a2 81 00000000 61", "<fault:1002>");
	reads_as("92 81 00000000 61", "<fault:1002>");
	reads_as("83 81 00000000 61", "<fault:1002>"); /* reserved opcodes */
	reads_as("87 80 00000000", "<fault:1002>");
	reads_as("8b 80 00000000", "<fault:1002>");
	reads_as("8f 80 00000000", "<fault:1002>");
	reads_as("80 81 00000000 61", "<fault:1002>"); /* a continuation of nothing */
	reads_as("00 81 00000000 61", "<fault:1002>");
	reads_as("02 81 00000000 61 82 81 00000000 62", "a<fault:1002>");
	reads_as("82 81 00000000 61 80 81 00000000 62", "a<fault:1002>");
	reads_as("09 80 00000000", "<fault:1002>");      /* a control frame in fragments */
	reads_as("89 fe 007e 00000000", "<fault:1002>"); /* and one that is too long */
	reads_as("82 fe 007d 00000000", "<fault:1002>"); /* lengths in too many bytes */
	reads_as("82 ff 000000000000ffff 00000000", "<fault:1002>");
	reads_as("82 ff 8000000000000000 00000000", "<fault:1002>");
}

static void long_frames_are_read_and_written(void **state)
{
	(void)state;
	static const size_t sizes[] = { 125, 126, 127, 65535, 65536, 300000 };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t n = sizes[i];
		char *frame = malloc(WEBSOCKET_FRAME_HEAD_MAX_BYTES + 4 + n);
		size_t head = websocket_frame_head(WEBSOCKET_OPCODE_BINARY, n, frame);
		frame[1] = (char)(frame[1] | 0x80);
		memcpy(frame + head, "\1\2\3\4", 4);
		for (size_t k = 0; k < n; k++)
			frame[head + 4 + k] = (char)(120U ^ (1 + (k & 3)));
		struct websocket_reader reader = { 0 };
		struct websocket_piece piece;
		size_t used = websocket_read(&reader, frame, head + 4 + n, &piece);
		assert_int_equal(used, head + 4 + n);
		assert_int_equal(piece.kind, WEBSOCKET_DATA);
		assert_int_equal(piece.n, n);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(piece.bytes[k], 'x');
		free(frame);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_handshakes_are_accepted),
		cmocka_unit_test(wrong_handshakes_are_answered),
		cmocka_unit_test(pages_of_other_origins_may_be_turned_away),
		cmocka_unit_test(heads_end_or_are_none),
		cmocka_unit_test(frames_are_read_however_they_are_cut),
		cmocka_unit_test(closes_are_read),
		cmocka_unit_test(faults_have_their_codes),
		cmocka_unit_test(long_frames_are_read_and_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
