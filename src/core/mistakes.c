#include "core/mistakes.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void add(struct mistakes *mistakes, const struct config_file *file, unsigned line,
        unsigned column, slice text)
{
	if (mistakes->count < MISTAKES_MAX) {
		bool other = file && !slice_equal(file->path, mistakes->path);
		mistakes->at[mistakes->count] = (struct mistake){ line, column, text,
			other ? file->path : (slice){ NULL, 0 } };
	}
	mistakes->count++;
}

void mistakes_take(struct mistakes *mistakes, const struct mistakes *other)
{
	for (unsigned i = 0; i < mistakes_kept(other); i++) {
		const struct mistake *at = &other->at[i];
		const struct config_file file = { .path = arena_copy_slice(mistakes->arena,
			                                  mistake_path(other, at)) };
		add(mistakes, &file, at->line, at->column,
		        arena_copy_slice(mistakes->arena, at->text));
	}
	mistakes->count += other->count - mistakes_kept(other);
}

slice mistake_path(const struct mistakes *mistakes, const struct mistake *mistake)
{
	return mistake->path.p ? mistake->path : mistakes->path;
}

/* "endpoints[2].call.path"; recursion is bounded by the nesting that the reader allows. */
static void put_key_path(struct text *to, const struct config *node)
{
	const struct config *parent = node->parent;
	if (!parent)
		return;
	put_key_path(to, parent);
	if (parent->kind == CONFIG_LIST) {
		unsigned index = 0;
		for (const struct config *at = parent->first; at != node; at = at->next)
			index++;
		text_printf(to, "[%u]", index);
	} else {
		if (to->n)
			text_char(to, '.');
		text_slice_add(to, node->key);
	}
}

static slice compose(struct mistakes *mistakes, const struct config *node, const char *what)
{
	struct text text;
	text_init(&text, mistakes->arena, 128);
	put_key_path(&text, node);
	if (text.n)
		text_literal(&text, ": ");
	text_slice_add(&text, slice_of(what));
	return text_slice(&text);
}

bool mistake_add(struct mistakes *mistakes, const struct config *node, const char *format, ...)
{
	char what[512];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	add(mistakes, node->file, node->line, node->column, compose(mistakes, node, what));
	return false;
}

bool mistake_add_choice(struct mistakes *mistakes, const struct config *node, const char *what,
        const char *(*name)(const void *arg, unsigned i), const void *arg)
{
	struct text known;
	text_init(&known, mistakes->arena, 64);
	for (unsigned i = 0; name(arg, i); i++)
		text_printf(&known, "%s%s", i ? ", " : "", name(arg, i));
	return mistake_add(mistakes, node, "%s \"%s\"; there are %.*s", what, node->text.p,
	        SLICE_ARG(text_slice(&known)));
}

bool mistake_add_key(struct mistakes *mistakes, const struct config *node, const char *format, ...)
{
	char what[512];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	add(mistakes, node->file, node->key_line, node->key_column, compose(mistakes, node, what));
	return false;
}

bool mistake_add_error(
        struct mistakes *mistakes, const struct config *node, const struct error *error)
{
	add(mistakes, node->file, error->line ? error->line : node->line,
	        error->line ? error->column : node->column, compose(mistakes, node, error->text));
	return false;
}

bool mistake_add_at(
        struct mistakes *mistakes, unsigned line, unsigned column, const char *format, ...)
{
	char what[512];
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(what, sizeof what, format, arguments);
	va_end(arguments);
	add(mistakes, NULL, line, column, arena_copy_slice(mistakes->arena, slice_of(what)));
	return false;
}

static int by_place(const void *a, const void *b)
{
	const struct mistake *x = a, *y = b;
	if (!x->path.p != !y->path.p)
		return x->path.p ? -1 : 1;
	if (x->path.p && !slice_equal(x->path, y->path))
		return strcmp(x->path.p, y->path.p);
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

unsigned mistakes_kept(const struct mistakes *mistakes)
{
	return mistakes->count < MISTAKES_MAX ? mistakes->count : MISTAKES_MAX;
}

void mistakes_sort(struct mistakes *mistakes)
{
	qsort(mistakes->at, mistakes_kept(mistakes), sizeof *mistakes->at, by_place);
}
