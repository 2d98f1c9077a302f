/* Descriptions of several files: `imports` and opaque types.
 *
 * "name" and "folder/name" are looked up from the folder of the importing file, "/name" from the folder of the first
 * description and then from `ks_path` in it, the place for a library of descriptions. A path may go up by ".." as long as
 * it stays below that folder: a description never reads what lies outside of it. Files may import each other in circles,
 * for each is read once. What is imported is known by its `meta/id`, from every file of the whole. */
#include "codec/frame/load/source.h"

#include "base/text.h"

enum { SOURCES_MAX = 64, PATH_MAX_BYTES = 512 };

static const slice suffix = { ".ksy", 4 };

static struct source *find_source(const struct loader *loader, slice path)
{
	struct source *at = loader->sources;
	while (at && !slice_equal(at->path, path))
		at = at->next;
	return at;
}

struct source *source_add(struct loader *loader, slice path, slice text)
{
	struct source **last = &loader->sources;
	unsigned n = 0;
	for (; *last; n++)
		last = &(*last)->next;
	struct source *made = ARENA_NEW(loader->scratch, struct source);
	slice copy = arena_copy_slice(loader->scratch, path);
	if (n == SOURCES_MAX || !made || !copy.p) {
		(void)error_set(loader->error, "more than %d descriptions", SOURCES_MAX);
		return NULL;
	}
	made->path = copy;
	made->text = text;
	made->importer = loader->source;
	*last = made;
	return made;
}

static slice folder_of(slice path)
{
	while (path.n && path.p[path.n - 1] != '/')
		path.n--;
	return path;
}

slice source_name(const struct source *source)
{
	slice name = slice_from(source->path, folder_of(source->path).n);
	if (name.n > suffix.n && slice_is(slice_from(name, name.n - suffix.n), suffix.p))
		name.n -= suffix.n;
	return name;
}

/* ---- paths ---- */

/* Folder and path joined, without "." and "..". { NULL, 0 }: it leaves the root, or is no path. */
static slice join_path(struct arena *arena, slice folder, slice path)
{
	char *joined = arena_alloc_raw(arena, folder.n + path.n + 1);
	size_t n = folder.n;
	if (!joined || folder.n + path.n > PATH_MAX_BYTES || !path.n)
		return (slice){ NULL, 0 };
	if (folder.n)
		memcpy(joined, folder.p, folder.n);
	while (path.n) {
		size_t end = slice_find(path, '/');
		slice part = { path.p, end };
		bool last = end == path.n;
		path = last ? (slice){ NULL, 0 } : slice_from(path, end + 1);
		if (slice_is(part, ".") && !last)
			continue;
		if (slice_is(part, "..") && !last && n) {
			n = folder_of((slice){ joined, n - 1 }).n;
			continue;
		}
		if (!part.n || part.p[0] == '.' || memchr(part.p, '\0', part.n) ||
		        memchr(part.p, '\\', part.n))
			return (slice){ NULL, 0 };
		memcpy(joined + n, part.p, part.n);
		n += part.n;
		if (!last)
			joined[n++] = '/';
	}
	return n && joined[n - 1] != '/' ? (slice){ joined, n } : (slice){ NULL, 0 };
}

static slice path_of_import(struct loader *loader, slice name)
{
	bool absolute = name.n && name.p[0] == '/';
	slice folder = absolute ? SLICE("") : folder_of(loader->source->path);
	slice path = join_path(loader->scratch, folder, slice_from(name, absolute));
	return path.p ? arena_printf(loader->scratch, "%.*s.ksy", SLICE_ARG(path)) : path;
}

/* ---- reading ---- */

/* The source of this path, read if it is a new one. NULL: *why says why there is none. */
static struct source *take(struct loader *loader, slice path, struct error *why)
{
	slice text;
	struct source *known = find_source(loader, path);
	if (known)
		return known;
	if (!loader->files->read(loader->files->arg, path.p, loader->scratch, &text, why))
		return NULL;
	struct source *made = source_add(loader, path, text);
	if (!made)
		(void)error_set(why, "%s", loader->error->text);
	return made;
}

static struct source *import(struct loader *loader, const struct node *node, slice name)
{
	struct error why = { .text = "" }, second = { .text = "" };
	slice path = path_of_import(loader, name);
	if (!loader->files || !path.p) {
		(void)node_error(node, loader->error, "\"%.*s\" %s", SLICE_ARG(name),
		        loader->files ? "is no path below the description's folder"
		                      : "cannot be imported by a description without a file");
		return NULL;
	}
	struct source *source = take(loader, path, &why);
	if (!source && name.p[0] == '/')
		source = take(loader,
		        arena_printf(loader->scratch, "ks_path/%.*s", SLICE_ARG(path)), &second);
	if (!source)
		(void)node_error(node, loader->error, "%.*s: %s", SLICE_ARG(path), why.text);
	else if (!source->named)
		source->named = node;
	return source;
}

bool source_open(struct loader *loader, struct source *source)
{
	loader->source = source;
	source->tree = tree_parse(loader->scratch, source->text, loader->error);
	return source->tree && source_declare(loader, source);
}

bool source_imports(struct loader *loader, const struct node *list)
{
	if (list->kind != NODE_LIST)
		return node_error(list, loader->error, "imports is a list of names");
	NODE_EACH (list, at) {
		if (at->kind != NODE_SCALAR)
			return node_error(
			        at, loader->error, "the name of a description is expected here");
		if (!import(loader, at, slice_trim(at->text)))
			return false;
	}
	return true;
}

const struct type *source_opaque(struct loader *loader, const struct node *node, slice name)
{
	const struct type *self = loader->self;
	struct source *source = loader->source;
	slice outer = { name.p, slice_find(name, ':') };
	struct source *found = import(loader, node, outer);
	/* And what that one imports in turn. */
	for (; found; found = found->next) {
		if (!found->tree && !source_open(loader, found))
			return NULL;
	}
	if (loader->error->text[0])
		return NULL;
	loader->source = source;
	loader->self = self;
	return loader_find_type(loader, name);
}

void source_name_mistake(struct loader *loader)
{
	struct source *at = loader->source;
	struct error inside = *loader->error;
	if (!at || !at->importer)
		return;
	struct source *outermost = at;
	while (outermost->importer->importer)
		outermost = outermost->importer;
	loader->error->line = outermost->named->line;
	loader->error->column = outermost->named->column;
	(void)error_set(loader->error, "%.*s:%u:%u: %s", SLICE_ARG(at->path), inside.line,
	        inside.column, inside.text);
}
