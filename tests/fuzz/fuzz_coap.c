/* A datagram through wire_parse(), inbound_read() and answer_write(). What was parsed and written again must parse to
 * the same; a path that came through is normalised; no refusal is more than three times as long as its cause. */
#include "adapters/coap/answer.h"
#include "adapters/coap/inbound.h"
#include "base/uri.h"
#include "codec/coap_wire.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void write_again(const struct wire_message *message, size_t n)
{
	struct wire_message again;
	struct wire_writer writer;
	const char *why;
	char *buffer = malloc(n);
	if (!buffer)
		return;
	wire_begin(&writer, buffer, n, message->type, message->code, message->id, message->token);
	for (unsigned i = 0; i < message->noptions; i++)
		wire_option(&writer, message->options[i].number, message->options[i].value);
	wire_payload(&writer, message->payload);
	must(!writer.failed && writer.n <= n);
	must(wire_parse((slice){ buffer, writer.n }, &again, &why) == WIRE_OK);
	must(again.noptions == message->noptions && slice_equal(again.payload, message->payload));
	for (unsigned i = 0; i < again.noptions; i++)
		must(again.options[i].number == message->options[i].number &&
		        slice_equal(again.options[i].value, message->options[i].value));
	free(buffer);
}

static void serve(const struct wire_message *message, size_t n)
{
	static const struct inbound_rules rules = { .token_in_query = true };
	struct request request = { .id = 1 };
	struct answer answer;
	struct answer_parts parts = { .block1 = NULL };
	struct wire_writer writer;
	char buffer[2048];
	arena_init(&request.arena, 1 << 20);
	unsigned char code = inbound_read(&request, message, message->payload, &rules);
	if (request.status == STATUS_NONE) {
		slice normal;
		must(uri_path_normalise(&request.arena, request.in.path, &normal) == URI_OK);
		must(slice_equal(normal, request.in.path));
		request_refuse(&request, STATUS_NOT_FOUND, "nothing is here");
		request.out.body = request.in.body;
		request.out.media = request.in.media;
	}
	answer_from_request(&answer, &request, 1000);
	if (code)
		answer.code = code;
	wire_begin(
	        &writer, buffer, sizeof buffer, WIRE_ACK, answer.code, message->id, message->token);
	answer_write(&writer, &answer, &parts, 3 * n);
	must(!writer.failed && writer.n <= 3 * n);
	arena_finish(&request.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct wire_message message;
	struct wire_block block;
	const char *why;
	if (wire_parse((slice){ (const char *)bytes, n }, &message, &why) != WIRE_OK)
		return 0;
	for (unsigned i = 0; i < message.noptions; i++)
		(void)wire_block_parse(message.options[i].value, &block);
	write_again(&message, n);
	if (wire_is_request(&message))
		serve(&message, n);
	return 0;
}
