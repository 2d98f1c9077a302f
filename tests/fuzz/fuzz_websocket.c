/* A WebSocket client's bytes: a head, then frames, which must mean the same however they are cut. The first byte of the
 * input says where the cuts are. */
#include "net/websocket.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

struct sum {
	uint64_t hash;
	size_t data, others;
	unsigned code;
};

static void add(struct sum *sum, const struct websocket_piece *piece)
{
	for (size_t i = 0; i < piece->n; i++)
		sum->hash = (sum->hash ^ (unsigned char)piece->bytes[i]) * 0x100000001b3;
	sum->data += piece->n;
	sum->others += piece->kind != WEBSOCKET_DATA;
	sum->code = piece->code;
}

static struct sum read_all(const char *from, size_t n, size_t cut)
{
	struct sum sum = { 0 };
	char *bytes = malloc(n ? n : 1);
	if (!bytes)
		abort();
	memcpy(bytes, from, n);
	struct websocket_reader reader = { 0 };
	for (size_t at = 0; at < n;) {
		size_t end = cut < n - at ? at + cut : n;
		struct websocket_piece piece;
		do {
			size_t used = websocket_read(&reader, bytes + at, end - at, &piece);
			if (used > end - at)
				abort();
			at += used;
			if (piece.kind != WEBSOCKET_MORE)
				add(&sum, &piece);
			if (piece.kind == WEBSOCKET_FAULT || piece.kind == WEBSOCKET_CLOSE)
				at = end = n;
		} while (piece.kind != WEBSOCKET_MORE && at < end);
	}
	free(bytes);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char *const protocols[] = { "mqtt", NULL };
	static const struct websocket_accept accept = { "/mqtt", protocols, true };
	if (!n)
		return 0;
	size_t cut = 1U + bytes[0];
	slice all = { (const char *)bytes + 1, n - 1 };
	size_t end = all.n ? websocket_head_end(all) : 0;
	if (end == SIZE_MAX)
		end = 0;
	char answer[WEBSOCKET_ANSWER_MAX_BYTES];
	size_t answer_n;
	(void)websocket_answer(&accept, (slice){ all.p, end }, answer, &answer_n);
	if (answer_n > sizeof answer)
		abort();
	struct sum whole = read_all(all.p + end, all.n - end, SIZE_MAX);
	struct sum parts = read_all(all.p + end, all.n - end, cut);
	if (whole.hash != parts.hash || whole.data != parts.data || whole.code != parts.code)
		abort();
	return 0;
}
