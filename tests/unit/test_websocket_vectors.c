/* Recorded WebSocket connections: what the client sent after its head means the same however it is cut. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "net/websocket.h"

struct meaning {
	uint64_t hash;
	size_t data, pings;
	unsigned code;
	bool closed;
};

static struct meaning read_all(slice frames, size_t cut)
{
	struct meaning meaning = { 0 };
	char *bytes = malloc(frames.n + 1);
	assert_non_null(bytes);
	if (frames.n)
		memcpy(bytes, frames.p, frames.n);
	struct websocket_reader reader = { 0 };
	for (size_t at = 0; at < frames.n && !meaning.closed;) {
		size_t end = cut < frames.n - at ? at + cut : frames.n;
		struct websocket_piece piece;
		do {
			at += websocket_read(&reader, bytes + at, end - at, &piece);
			for (size_t i = 0; i < piece.n; i++)
				meaning.hash = meaning.hash * 31 + (unsigned char)piece.bytes[i];
			meaning.data += piece.kind == WEBSOCKET_DATA ? piece.n : 0;
			meaning.pings += piece.kind == WEBSOCKET_PING;
			meaning.code = piece.code;
			meaning.closed =
			        piece.kind == WEBSOCKET_CLOSE || piece.kind == WEBSOCKET_FAULT;
		} while (piece.kind != WEBSOCKET_MORE && !meaning.closed);
	}
	free(bytes);
	return meaning;
}

/* All that the client sent in one recording: the hexadecimal texts behind "c2s". */
static slice client_bytes(struct arena *arena, const char *line)
{
	static const char mark[] = "[\"c2s\", \"";
	struct text hex;
	text_init(&hex, arena, 4096);
	for (const char *at = strstr(line, mark); at; at = strstr(at, mark)) {
		at += sizeof mark - 1;
		text_bytes(&hex, at, strcspn(at, "\""));
	}
	return from_hex(arena, text_slice(&hex).p);
}

static unsigned nrecordings, nheads;

static void try(slice line)
{
	struct arena arena;
	arena_init(&arena, 64 << 20);
	slice sent = client_bytes(&arena, line.p);
	size_t end = sent.n ? websocket_head_end(sent) : 0;
	if (end && end != SIZE_MAX) {
		nheads++;
		sent = slice_from(sent, end);
	}
	struct meaning whole = read_all(sent, SIZE_MAX);
	for (size_t cut = 1; cut < 40; cut++) {
		struct meaning parts = read_all(sent, cut);
		assert_true(whole.hash == parts.hash && whole.data == parts.data &&
		            whole.pings == parts.pings && whole.code == parts.code &&
		            whole.closed == parts.closed);
	}
	nrecordings++;
	arena_finish(&arena);
}

static void recordings_mean_the_same_however_they_are_cut(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 256 << 20);
	slice all = read_whole_file(&arena, vectors_path("streams/websocket.tcp.jsonl"));
	while (all.n) {
		slice line = slice_cut(&all, '\n');
		if (line.n)
			try(arena_copy_slice(&arena, line));
	}
	assert_true(nrecordings > 0 && nheads > 0);
	printf("%u recordings, %u with a head\n", nrecordings, nheads);
	arena_finish(&arena);
}

int main(void)
{
	if (!vectors_path("streams/websocket.tcp.jsonl"))
		return vectors_absent("streams/websocket.tcp.jsonl");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recordings_mean_the_same_however_they_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
