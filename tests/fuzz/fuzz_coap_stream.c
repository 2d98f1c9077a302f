/* A stream cut into messages by wire_parse_stream(), as it comes from a TCP connection. However few bytes are there, the
 * verdict about a message is either "not whole yet" or the one about all of them; what was parsed and written again
 * parses to the same. */
#include "codec/coap_wire.h"

#include <stdint.h>
#include <stdlib.h>

enum { MESSAGE_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void write_again(const struct wire_message *message)
{
	static char buffer[2 * MESSAGE_MAX];
	struct wire_message again;
	struct wire_writer writer;
	const char *why;
	size_t used;
	wire_begin_stream(&writer, buffer, sizeof buffer, message->token);
	for (unsigned i = 0; i < message->noptions; i++)
		wire_option(&writer, message->options[i].number, message->options[i].value);
	wire_payload(&writer, message->payload);
	slice written = wire_end_stream(&writer, message->code, message->token);
	must(written.p != NULL);
	must(wire_parse_stream(written, written.n, &again, &used, &why) == WIRE_OK);
	must(used == written.n && again.code == message->code);
	must(slice_equal(again.token, message->token));
	must(again.noptions == message->noptions && slice_equal(again.payload, message->payload));
	for (unsigned i = 0; i < again.noptions; i++)
		must(again.options[i].number == message->options[i].number &&
		        slice_equal(again.options[i].value, message->options[i].value));
}

/* What is said of the first message once enough of it is there; the bytes that it took. */
static enum wire_verdict parse_in_pieces(slice rest, struct wire_message *message, size_t *used)
{
	const char *why = NULL;
	for (size_t n = 0; n < rest.n; n++) {
		char *piece = malloc(n ? n : 1);
		must(piece != NULL);
		if (n)
			memcpy(piece, rest.p, n);
		enum wire_verdict verdict =
		        wire_parse_stream((slice){ piece, n }, MESSAGE_MAX, message, used, &why);
		free(piece);
		if (verdict != WIRE_PART)
			return verdict;
	}
	return wire_parse_stream(rest, MESSAGE_MAX, message, used, &why);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	slice rest = { (const char *)bytes, n };
	while (rest.n) {
		struct wire_message message;
		const char *why;
		size_t used = 0, used_in_pieces = 0;
		enum wire_verdict in_pieces = parse_in_pieces(rest, &message, &used_in_pieces);
		enum wire_verdict verdict =
		        wire_parse_stream(rest, MESSAGE_MAX, &message, &used, &why);
		must(verdict == in_pieces);
		if (verdict != WIRE_OK)
			break;
		must(used == used_in_pieces && used <= rest.n && used >= 2);
		write_again(&message);
		rest = slice_from(rest, used);
	}
	return 0;
}
