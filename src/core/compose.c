/* A template is the tree that stands in the file. A text in it may hold placeholders:
 *
 *     {name}       a variable of the endpoint's path
 *     {?name}      a parameter of the query;  {?name=7}  with what it is when it is not there
 *     {#/a/b}      of the body, by a JSON pointer (RFC 6901; in a URI it stands behind a "#", section 6);  {#}  all of it
 *     {name - 1}   a whole number less (or plus) a constant: those who count from one call those who count from nought
 *     {name:text}  a text, even where it looks like a number
 *
 * One that stands alone keeps its kind: what the body has is what it is there, and what a path or a query brings is a
 * number if it is written as JSON writes one. Among other characters it is text.
 *
 * WHAT IS NOT THERE IS LEFT OUT, with the member that would hold it: whoever gets the value knows best what it cannot do
 * without. */
#include "core/compose.h"

#include "base/text.h"
#include "base/uri.h"

#include "api/codec.h"
#include "codec/value.h"
#include "core/pointer.h"

enum { PIECES_MAX = 16 };

enum source { SOURCE_TEXT, SOURCE_VARIABLE, SOURCE_QUERY, SOURCE_BODY };

struct piece {
	enum source source;
	slice text;      /* as it stands there; the name; the pointer */
	slice otherwise; /* p: instead of what is not there */
	int64_t add;
	bool adds, as_text;
};

/* One node: a constant, pieces, or a map or list of nodes. */
struct composition {
	slice key; /* in a map */
	const struct value *constant;
	struct piece *pieces;
	unsigned npieces;
	bool is_map;
	struct composition *first, *next;
};

/* ---- loading */

struct loading_composition {
	struct arena *arena;
	void (*variable)(void *arg, slice name);
	void *arg;
	struct error *error;
};

/* A number in JSON's grammar, or NULL. */
static struct value *number_of(struct arena *arena, slice text)
{
	struct error error;
	const struct codec *json = codec_for(SLICE("application/json"));
	bool may_be = text.n && (text.p[0] == '-' || (text.p[0] >= '0' && text.p[0] <= '9'));
	return may_be && json ? json->decode(arena, text, &error) : NULL;
}

/* Cuts " + 12" or " - 12" off the end. */
static void cut_sum(slice *text, struct piece *piece)
{
	enum { DIGITS_MAX = 18 };
	size_t digits = 0;
	int64_t number = 0;
	while (digits < text->n && text->p[text->n - 1 - digits] >= '0' &&
	        text->p[text->n - 1 - digits] <= '9')
		digits++;
	if (!digits || digits > DIGITS_MAX || text->n < digits + 3)
		return;
	const char *sign = text->p + text->n - digits - 3;
	if (sign[0] != ' ' || sign[2] != ' ' || (sign[1] != '+' && sign[1] != '-'))
		return;
	for (size_t i = text->n - digits; i < text->n; i++)
		number = number * 10 + (text->p[i] - '0');
	piece->adds = true;
	piece->add = sign[1] == '-' ? -number : number;
	text->n -= digits + 3;
}

static bool load_placeholder(struct loading_composition *loading, const struct config *node,
        slice inside, struct piece *piece)
{
	static const slice as_text = SLICE_INIT(":text");
	cut_sum(&inside, piece);
	if (!piece->adds && inside.n > as_text.n &&
	        slice_equal(slice_from(inside, inside.n - as_text.n), as_text)) {
		piece->as_text = true;
		inside.n -= as_text.n;
	}
	piece->source = SOURCE_VARIABLE;
	if (inside.n && inside.p[0] == '?') {
		piece->source = SOURCE_QUERY;
		piece->otherwise = slice_from(inside, 1);
		inside = slice_cut(&piece->otherwise, '=');
	} else if (inside.n && inside.p[0] == '#') {
		piece->source = SOURCE_BODY;
		inside = slice_from(inside, 1);
		if (inside.n && inside.p[0] != '/')
			return config_error(node, loading->error,
			        "behind the # of a placeholder stands a JSON pointer, such as "
			        "{#/value}");
	}
	piece->text = arena_copy_slice(loading->arena, inside);
	if (piece->otherwise.p)
		piece->otherwise = arena_copy_slice(loading->arena, piece->otherwise);
	if (piece->source != SOURCE_BODY && !inside.n)
		return config_error(node, loading->error, "a placeholder without a name");
	if (piece->source == SOURCE_VARIABLE)
		loading->variable(loading->arg, piece->text);
	return true;
}

static bool load_text(
        struct loading_composition *loading, const struct config *node, struct composition *made)
{
	slice rest = node->text;
	made->pieces = arena_alloc(loading->arena, PIECES_MAX * sizeof *made->pieces);
	while (made->pieces && rest.n) {
		if (made->npieces == PIECES_MAX)
			return config_error(node, loading->error, "too many placeholders");
		struct piece *piece = &made->pieces[made->npieces++];
		size_t open = slice_find(rest, '{');
		if (open) {
			piece->text = arena_copy(loading->arena, rest.p, open);
			rest = slice_from(rest, open);
			continue;
		}
		size_t close = slice_find(rest, '}');
		if (close == rest.n)
			return config_error(node, loading->error, "\"}\" is missing");
		slice inside = { rest.p + 1, close - 1 };
		rest = slice_from(rest, close + 1);
		if (!load_placeholder(loading, node, inside, piece))
			return false;
	}
	return made->pieces || config_error(node, loading->error, "out of memory");
}

static bool load_scalar(
        struct loading_composition *loading, const struct config *node, struct composition *made)
{
	if (slice_find(node->text, '{') < node->text.n)
		return load_text(loading, node, made);
	made->constant = value_of_config(loading->arena, node);
	return made->constant || config_error(node, loading->error, "out of memory");
}

static struct composition *load_node(
        struct loading_composition *loading, const struct config *node, unsigned depth)
{
	struct composition *made = ARENA_NEW(loading->arena, struct composition), **end;
	if (!made || depth == VALUE_DEPTH_MAX) {
		(void)config_error(node, loading->error, "nested too deeply");
		return NULL;
	}
	made->key = arena_copy_slice(loading->arena, node->key);
	made->is_map = node->kind == CONFIG_MAP;
	if (node->kind == CONFIG_NULL)
		made->constant = value_null(loading->arena);
	if (node->kind == CONFIG_SCALAR && !load_scalar(loading, node, made))
		return NULL;
	end = &made->first;
	CONFIG_EACH (node, member) {
		*end = load_node(loading, member, depth + 1);
		if (!*end)
			return NULL;
		end = &(*end)->next;
	}
	return made;
}

const struct composition *composition_load(struct arena *arena, const struct config *node,
        void (*variable)(void *arg, slice name), void *arg, struct error *error)
{
	struct loading_composition loading = { arena, variable, arg, error };
	if (node->kind != CONFIG_MAP) {
		(void)config_error(node, error, "with is a map: the members of the value");
		return NULL;
	}
	return load_node(&loading, node, 0);
}

bool composition_reads_body(const struct composition *composition)
{
	for (unsigned i = 0; i < composition->npieces; i++) {
		if (composition->pieces[i].source == SOURCE_BODY)
			return true;
	}
	for (const struct composition *at = composition->first; at; at = at->next) {
		if (composition_reads_body(at))
			return true;
	}
	return false;
}

/* ---- filling in */

struct filling {
	struct request *request;
	const struct value *body;
	bool refused;
};

/* What was made; without memory the request ends here, rather than with a member less. */
static struct value *kept(struct filling *filling, struct value *made)
{
	if (!made && !filling->refused)
		request_refuse(
		        filling->request, STATUS_TOO_LARGE, "no memory left for this request");
	filling->refused |= !made;
	return made;
}

static slice variable(const struct filling *filling, slice name)
{
	struct request *request = filling->request;
	for (unsigned i = 0; i < request->nvariables; i++) {
		if (slice_equal(request->variables[i].name, name))
			return uri_decode(&request->arena, request->variables[i].value);
	}
	return (slice){ NULL, 0 };
}

static slice parameter(const struct filling *filling, slice name)
{
	struct arena *arena = &filling->request->arena;
	slice query = filling->request->in.query;
	while (query.n) {
		slice value = slice_cut(&query, '&');
		slice key = slice_cut(&value, '=');
		if (slice_equal(uri_decode_form(arena, key), name))
			return value.p ? uri_decode_form(arena, value) : SLICE("");
	}
	return (slice){ NULL, 0 };
}

/* A node stands in one chain: what is in another's already is copied, and shares its members. */
static struct value *copy(struct filling *filling, const struct value *of)
{
	struct value *made = kept(filling, ARENA_NEW(&filling->request->arena, struct value));
	if (made) {
		*made = *of;
		made->next = NULL;
	}
	return made;
}

static struct value *sum(struct filling *filling, const struct piece *piece, const struct value *of)
{
	struct arena *arena = &filling->request->arena;
	int64_t total;
	if (!piece->adds)
		return copy(filling, of);
	if (of->kind == VALUE_INT && !__builtin_add_overflow(of->as.integer, piece->add, &total))
		return kept(filling, value_int(arena, total));
	request_refuse(filling->request, STATUS_INVALID, "%.*s: a whole number is needed here",
	        SLICE_ARG(piece->text));
	filling->refused = true;
	return NULL;
}

/* NULL: it is not there, or filling->refused. */
static struct value *piece_value(struct filling *filling, const struct piece *piece)
{
	struct arena *arena = &filling->request->arena;
	if (piece->source == SOURCE_BODY) {
		const struct value *found =
		        pointer_get(&filling->request->arena, filling->body, piece->text);
		return found ? sum(filling, piece, found) : NULL;
	}
	slice text = piece->source == SOURCE_TEXT    ? piece->text
	             : piece->source == SOURCE_QUERY ? parameter(filling, piece->text)
	                                             : variable(filling, piece->text);
	if (!text.p)
		text = piece->otherwise;
	if (!text.p)
		return NULL;
	bool keep = piece->source == SOURCE_TEXT || piece->as_text;
	struct value *number = keep ? NULL : number_of(arena, text);
	struct value *made = kept(filling, number ? number : value_text(arena, text));
	return made ? sum(filling, piece, made) : NULL;
}

static struct value *fill_pieces(struct filling *filling, const struct composition *from)
{
	struct arena *arena = &filling->request->arena;
	if (from->npieces == 1)
		return piece_value(filling, &from->pieces[0]);
	struct text text;
	text_init(&text, arena, 32);
	for (unsigned i = 0; i < from->npieces; i++) {
		const struct value *part = piece_value(filling, &from->pieces[i]);
		slice plain = part ? value_to_text(arena, part) : (slice){ NULL, 0 };
		if (!plain.p)
			return NULL;
		text_slice_add(&text, plain);
	}
	slice whole = text_slice(&text);
	return kept(filling, whole.p ? value_text(arena, whole) : NULL);
}

static struct value *fill(struct filling *filling, const struct composition *from)
{
	struct arena *arena = &filling->request->arena;
	if (from->npieces)
		return fill_pieces(filling, from);
	if (from->constant)
		return copy(filling, from->constant);
	struct value *made = kept(filling, from->is_map ? value_map(arena) : value_list(arena));
	for (const struct composition *at = from->first; made && at; at = at->next) {
		struct value *member = fill(filling, at);
		if (filling->refused)
			return NULL;
		if (!member)
			continue;
		(void)(from->is_map ? value_set(made, at->key, member)
		                    : value_append(made, member));
	}
	return made;
}

const struct value *composition_fill(
        const struct composition *composition, struct request *request, const struct value *body)
{
	struct filling filling = { request, body, false };
	return fill(&filling, composition);
}
