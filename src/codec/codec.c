#include "api/codec.h"

#include "base/media.h"

static bool names(const struct codec *codec, slice media)
{
	if (media_same(slice_of(codec->media), media))
		return true;
	for (const char *const *also = codec->also; also && *also; also++) {
		if (slice_equal_nocase(slice_of(*also), media))
			return true;
	}
	return false;
}

static bool names_suffix(const struct codec *codec, slice suffix)
{
	for (const char *const *also = codec->also; also && *also; also++) {
		if (**also == '+' && slice_equal_nocase(slice_of(*also), suffix))
			return true;
	}
	return false;
}

/* Where the structured syntax suffix starts: the last "+". */
static slice suffix_of(slice media)
{
	size_t at = media.n;
	while (at && media.p[at - 1] != '+')
		at--;
	return at > 1 ? slice_from(media, at - 1) : (slice){ NULL, 0 };
}

const struct codec *codec_for(slice media)
{
	bool utf8 = media_is_utf8(media);
	media = media_type(media);
	if (!media.n || media.p[0] == '+')
		return NULL;
	/* A codec of its own for "application/senml+json" goes before the one for any "+json". */
	for (const struct codec *const *codec = codec_all; *codec; codec++) {
		if (names(*codec, media))
			return utf8 || !(*codec)->utf8_only ? *codec : NULL;
	}
	slice suffix = suffix_of(media);
	for (const struct codec *const *codec = codec_all; suffix.n && *codec; codec++) {
		if (names_suffix(*codec, suffix))
			return *codec;
	}
	return NULL;
}
