/* codec: one media type. Pure: no state, no I/O, any thread, so each codec is one fuzz target.
 *
 * Each file in src/codec/ that ends in a `const struct codec codec_NAME` is in the table codec_all[],
 * which the build makes from the folder. */
#ifndef API_CODEC_H
#define API_CODEC_H

#include "api/plugin.h"
#include "base/arena.h"
#include "base/slice.h"

struct value;

struct codec {
	const char *name;  /* "json" */
	const char *media; /* "application/json": what it writes; may have parameters */
	/* Further media types that it reads alike, NULL-terminated, or NULL. A "+json" entry stands for the
	 * structured syntax suffix (RFC 6838 section 4.2.8). */
	const char *const *also;
	bool utf8_only; /* a `charset` other than UTF-8 or US-ASCII makes it another's media type */
	/* Written only for a caller who takes nothing else, whatever it likes better: a browser names XML before
	 * "anything", and is shown JSON all the same. */
	bool reluctant;
	/* Well-formed? Without building anything: for a body that is only forwarded. false: error->text says
	 * what is wrong and where (line/column count from 1; or a byte offset in the text). */
	bool (*check)(slice body, struct error *);
	/* The value, in the arena; texts may point into `body`, which lives as long as the arena. NULL:
	 * malformed or over budget; error->text says which. */
	struct value *(*decode)(struct arena *, slice body, struct error *);
	/* The notation of the value. { NULL, 0 }: over budget or not expressible; error->text says which. */
	slice (*encode)(struct arena *, const struct value *, struct error *);
};

/* NULL-terminated; made by the build. */
extern const struct codec *const codec_all[];

/* The codec that reads this media type (letters folded; of the parameters only a charset counts, for utf8_only), or
 * NULL. */
const struct codec *codec_for(slice media);

#endif
