#include "base/media.h"

slice media_type(slice media)
{
	return slice_trim(slice_cut(&media, ';'));
}

slice media_parameter(slice media, const char *name)
{
	(void)slice_cut(&media, ';');
	while (media.n) {
		slice value = slice_trim(slice_cut(&media, ';'));
		slice parameter = slice_cut(&value, '=');
		if (!value.p || !slice_equal_nocase(slice_trim(parameter), slice_of(name)))
			continue;
		value = slice_trim(value);
		bool quoted = value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"';
		return quoted ? (slice){ value.p + 1, value.n - 2 } : value;
	}
	return (slice){ NULL, 0 };
}

bool media_is_utf8(slice media)
{
	slice charset = media_parameter(media, "charset");
	return !charset.p || slice_equal_nocase(charset, SLICE("utf-8")) ||
	       slice_equal_nocase(charset, SLICE("us-ascii"));
}

bool media_same(slice a, slice b)
{
	return slice_equal_nocase(media_type(a), media_type(b));
}

static bool takes_all(slice pattern)
{
	return slice_is(pattern, "*/*");
}

static bool takes_family(slice pattern, slice media)
{
	size_t slash = slice_find(pattern, '/');
	if (pattern.n - slash != 2 || pattern.p[slash + 1] != '*')
		return false;
	return slice_find(media, '/') == slash &&
	       slice_equal_nocase((slice){ pattern.p, slash }, (slice){ media.p, slash });
}

bool media_matches(slice pattern, slice media)
{
	pattern = media_type(pattern);
	media = media_type(media);
	return takes_all(pattern) || takes_family(pattern, media) ||
	       slice_equal_nocase(pattern, media);
}

/* "q=0.85" among parameters, in thousandths; 1000 when there is none. */
static unsigned quality(slice parameters)
{
	while (parameters.n) {
		slice parameter = slice_trim(slice_cut(&parameters, ';'));
		if (parameter.n < 3 || (parameter.p[0] | 0x20) != 'q' || parameter.p[1] != '=')
			continue;
		unsigned thousandths = 0, unit = 1000;
		for (size_t i = 2; i < parameter.n && unit; i++) {
			char c = parameter.p[i];
			if (c == '.')
				continue;
			if (c < '0' || c > '9')
				return 1000;
			thousandths += (unsigned)(c - '0') * unit;
			unit /= 10;
		}
		return thousandths > 1000 ? 1000 : thousandths;
	}
	return 1000;
}

unsigned media_quality(slice accept, slice media)
{
	if (!slice_trim(accept).n)
		return 1000;
	media = media_type(media);
	unsigned best = 0, best_rank = 0;
	while (accept.n) {
		slice parameters = slice_cut(&accept, ',');
		slice range = slice_trim(slice_cut(&parameters, ';'));
		unsigned rank = slice_equal_nocase(range, media) ? 3
		                : takes_family(range, media)     ? 2
		                : takes_all(range)               ? 1
		                                                 : 0;
		if (rank > best_rank) {
			best_rank = rank;
			best = quality(parameters);
		}
	}
	return best;
}
