/* `process: zlib` (RFC 1950): what was deflated, as it was; and the other way, for frames that are written.
 *
 * The output grows as it comes, never by what the bytes claim, up to INFLATED_MAX_BYTES; zlib's own memory (about
 * 40 KiB) comes from the frame's arena as well, so that its budget holds all of it. */
#include "codec/frame/run/process.h"

#include <zlib.h>

enum { INFLATED_MAX_BYTES = 4 << 20, FIRST_BYTES = 512 };

static void *take(void *arena, unsigned items, unsigned size)
{
	return arena_alloc_raw(arena, (size_t)items * size);
}

/* What is in an arena goes when it goes. */
static void leave(void *arena, void *memory)
{
	(void)arena;
	(void)memory;
}

static bool fail(const struct processing *at, const z_stream *stream, const char *text)
{
	size_t offset = at->origin == ORIGIN_NONE ? SIZE_MAX : at->origin + stream->total_in;
	return frame_fail_field(
	        at->frame, at->scope, at->field, FRAME_FAULT_CONTENTS, offset, text);
}

static bool no_room(const struct processing *at)
{
	return frame_fail_field(at->frame, at->scope, at->field, FRAME_FAULT_LIMIT, SIZE_MAX,
	        "unpacking takes more memory than there is for a frame");
}

/* Up to the stream's end; what stands behind it in the field is not looked at. */
static bool inflate_all(const struct processing *at, z_stream *stream, slice *out)
{
	struct arena *arena = at->frame->arena;
	size_t room =
	        stream->avail_in < FIRST_BYTES / 4 ? FIRST_BYTES : (size_t)stream->avail_in * 4;
	size_t n = 0, had = 0;
	char *made = NULL;
	for (;;) {
		room = room > INFLATED_MAX_BYTES ? INFLATED_MAX_BYTES : room;
		char *more = room > had ? arena_grow(arena, made, had, room) : NULL;
		if (!more)
			return no_room(at);
		made = more;
		had = room;
		stream->next_out = (unsigned char *)made + n;
		stream->avail_out = (unsigned)(room - n);
		int code = inflate(stream, Z_NO_FLUSH);
		n = room - stream->avail_out;
		*out = (slice){ made, n };
		if (code == Z_STREAM_END)
			return true;
		if (code == Z_MEM_ERROR)
			return no_room(at);
		if (code == Z_NEED_DICT)
			return fail(at, stream, "packed with a dictionary, which is not supported");
		if (code != Z_OK && code != Z_BUF_ERROR)
			return fail(at, stream, "these bytes are not zlib's");
		if (stream->avail_out)
			return fail(at, stream, "the packed bytes end too early");
		room *= 2;
	}
}

bool process_zlib(const struct processing *at, slice in, slice *out)
{
	z_stream stream = { .zalloc = take,
		.zfree = leave,
		.opaque = at->frame->arena,
		.next_in = (unsigned char *)in.p,
		.avail_in = in.n > UINT32_MAX ? UINT32_MAX : (unsigned)in.n };
	if (inflateInit(&stream) != Z_OK)
		return no_room(at);
	bool good = inflate_all(at, &stream, out);
	(void)inflateEnd(&stream);
	return good;
}

/* Small frames need neither zlib's largest window nor its largest tables. */
bool undo_zlib(const struct processing *at, slice in, slice *out)
{
	enum { WINDOW_BITS = 12, MEMORY_LEVEL = 4 };
	z_stream stream = { .zalloc = take,
		.zfree = leave,
		.opaque = at->frame->arena,
		.next_in = (unsigned char *)in.p,
		.avail_in = (unsigned)in.n };
	if (in.n > INFLATED_MAX_BYTES ||
	        deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL,
	                Z_DEFAULT_STRATEGY) != Z_OK)
		return no_room(at);
	size_t room = deflateBound(&stream, (unsigned long)in.n);
	char *made = arena_alloc_raw(at->frame->arena, room);
	stream.next_out = (unsigned char *)made;
	stream.avail_out = (unsigned)room;
	bool good = made && deflate(&stream, Z_FINISH) == Z_STREAM_END;
	*out = (slice){ made, stream.total_out };
	(void)deflateEnd(&stream);
	return good || no_room(at);
}
