/* Published datagrams that crashed CoAP stacks, and captured sessions: whatever comes, the listener lives, answers
 * with a reset, a refusal or silence where the message is wrong, and goes on. */
#include "support.h"

#include "coap_world.h"

enum { GET_CODE = WIRE_CODE(0, 1), URI_PATH_OPTION = 11, DATAGRAM_ROOM = 65536 };

static unsigned replayed;

/* The hexadecimal text in the next pair of quotes after `at`; NULL at the end. *after: where it ends. */
static const char *quoted_hex(const char *at, char *hex, size_t size)
{
	const char *open = strchr(at, '"');
	const char *end = open ? strchr(open + 1, '"') : NULL;
	if (!end || (size_t)(end - open) > size)
		return NULL;
	memcpy(hex, open + 1, (size_t)(end - open - 1));
	hex[end - open - 1] = '\0';
	return end + 1;
}

static void answer_all(void)
{
	for (struct request *request = taken(); request; request = taken())
		reply_with(request, STATUS_NOT_FOUND, NULL, (slice){ NULL, 0 });
}

static void is_alive(void)
{
	char buffer[32];
	struct wire_writer writer;
	struct wire_message message;
	world.nread = world.nsent = 0;
	wire_begin(&writer, buffer, sizeof buffer, WIRE_CON, GET_CODE, (uint16_t)replayed,
	        SLICE("alive"));
	wire_option(&writer, URI_PATH_OPTION, SLICE("alive"));
	arrives_from(9999, (slice){ buffer, writer.n });
	struct request *request = taken();
	assert_non_null(request);
	assert_slice(request->in.path, "/alive");
	reply_with(request, STATUS_OK, NULL, (slice){ NULL, 0 });
	assert_true(answered(&message));
	assert_int_equal(message.code, WIRE_CODE(2, 5));
	world.nsubmitted = world.ntaken = 0;
}

/* Replays the text after each `mark` in the file. */
static void replay(const char *path, const char *mark)
{
	open_listener(NULL);
	slice file = read_whole_file(&world.arena, path);
	char *hex = arena_alloc(&world.arena, 2 * DATAGRAM_ROOM + 1);
	const char *at = file.n ? strstr(file.p, mark) : NULL;
	while (at) {
		at = quoted_hex(at + strlen(mark), hex, 2 * DATAGRAM_ROOM);
		if (!at)
			break;
		arrives_from(4000, from_hex(&world.arena, hex));
		answer_all();
		struct wire_message message;
		while (answered(&message)) {
			assert_true(message.type == WIRE_RST || message.code >> 5 >= 4);
		}
		replayed++;
		is_alive();
		at = strstr(at, mark);
	}
	close_listener();
}

static void packets_that_crashed_others(void **state)
{
	(void)state;
	replayed = 0;
	replay(vectors_path("coap-crashers/crashers.json"), "\"hex\":");
	assert_true(replayed > 0);
}

static void captured_sessions(void **state)
{
	(void)state;
	const char *path = vectors_path("streams/coap.udp.jsonl");
	replayed = 0;
	if (path)
		replay(path, "\"c2s\",");
	print_message("%u captured datagrams\n", replayed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_that_crashed_others),
		cmocka_unit_test(captured_sessions),
	};
	if (!vectors_path("coap-crashers"))
		return vectors_absent("coap-crashers");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
