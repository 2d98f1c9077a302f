#include "api/config.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

static const struct {
	const char *unit;
	uint64_t factor;
} size_units[] = { { "B", 1 }, { "KiB", 1 << 10 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 },
	{ "kB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 } },
  duration_units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
	  { "d", 86400000 } };

/* Leading digits; the rest stays in *text. false: none, or above 10^15 (so that no unit overflows it). */
static bool take_digits(slice *text, uint64_t *number)
{
	size_t i = 0;
	*number = 0;
	for (; i < text->n && text->p[i] >= '0' && text->p[i] <= '9'; i++) {
		*number = *number * 10 + (uint64_t)(text->p[i] - '0');
		if (*number > UINT64_C(1000000000000000))
			return false;
	}
	*text = (slice){ text->p + i, text->n - i };
	return i > 0;
}

bool config_parse_number(slice text, uint64_t *number)
{
	return take_digits(&text, number) && text.n == 0;
}

bool config_parse_size(slice text, uint64_t *bytes)
{
	uint64_t number;
	if (!take_digits(&text, &number))
		return false;
	text = slice_trim(text);
	if (!text.n) {
		*bytes = number;
		return true;
	}
	for (size_t i = 0; i < sizeof size_units / sizeof *size_units; i++) {
		if (slice_is(text, size_units[i].unit) &&
		        number <= UINT64_MAX / size_units[i].factor) {
			*bytes = number * size_units[i].factor;
			return true;
		}
	}
	return false;
}

/* A hundred years: added to the time of now it is still a time. */
#define DURATION_MAX_MS (UINT64_C(36500) * 86400000)

bool config_parse_duration(slice text, uint64_t *ms)
{
	uint64_t number;
	if (!take_digits(&text, &number))
		return false;
	for (size_t i = 0; i < sizeof duration_units / sizeof *duration_units; i++) {
		if (slice_is(text, duration_units[i].unit) &&
		        number <= DURATION_MAX_MS / duration_units[i].factor) {
			*ms = number * duration_units[i].factor;
			return true;
		}
	}
	return false;
}

bool config_parse_switch(slice text, bool *on)
{
	*on = slice_is(text, "true");
	return *on || slice_is(text, "false");
}

const struct config *config_get(const struct config *map, const char *key)
{
	if (!map || map->kind != CONFIG_MAP)
		return NULL;
	slice wanted = slice_of(key);
	CONFIG_EACH (map, member) {
		if (slice_equal(member->key, wanted))
			return member;
	}
	return NULL;
}

const struct setting *setting_find(const struct setting *table, slice key)
{
	for (; table && table->key; table++) {
		if (slice_is(key, table->key))
			return table;
	}
	return NULL;
}

slice config_text(const struct config *map, const char *key)
{
	const struct config *member = config_get(map, key);
	if (member)
		return member->text;
	if (!map)
		return (slice){ NULL, 0 };
	const struct setting *setting = setting_find(map->own, slice_of(key));
	if (!setting)
		setting = setting_find(map->common, slice_of(key));
	return setting ? slice_of(setting->fallback) : (slice){ NULL, 0 };
}

uint64_t config_number(const struct config *map, const char *key)
{
	uint64_t number = 0;
	return config_parse_number(config_text(map, key), &number) ? number : 0;
}

size_t config_size(const struct config *map, const char *key)
{
	uint64_t bytes = 0;
	if (!config_parse_size(config_text(map, key), &bytes))
		return 0;
	return bytes > SIZE_MAX ? SIZE_MAX : (size_t)bytes;
}

uint64_t config_duration_ms(const struct config *map, const char *key)
{
	uint64_t ms = 0;
	return config_parse_duration(config_text(map, key), &ms) ? ms : 0;
}

bool config_switch(const struct config *map, const char *key)
{
	bool on = false;
	return config_parse_switch(config_text(map, key), &on) && on;
}

static slice resolve(struct arena *arena, const struct config_file *file, slice path)
{
	if (!path.n || path.p[0] == '/' || !file || !file->folder.n)
		return arena_copy_slice(arena, path);
	return arena_printf(arena, "%.*s/%.*s", SLICE_ARG(file->folder), SLICE_ARG(path));
}

slice config_file_path(struct arena *arena, const struct config *map, const char *key)
{
	slice path = config_text(map, key);
	return path.n ? resolve(arena, map->file, path) : (slice){ NULL, 0 };
}

slice config_path(struct arena *arena, const struct config *config, slice path)
{
	return path.n ? resolve(arena, config->file, path) : (slice){ NULL, 0 };
}

/* The file's content without the line ending that editors put at its end. p NULL: errno says why not. */
static slice read_secret_file(struct arena *arena, const char *path)
{
	enum { SECRET_MAX = 64 * 1024 };
	slice secret;
	errno = file_read(arena, path, SECRET_MAX, &secret);
	while (secret.n && (secret.p[secret.n - 1] == '\n' || secret.p[secret.n - 1] == '\r'))
		secret.n--;
	return secret;
}

bool config_secret(struct arena *arena, const struct config *map, const char *key, slice *secret,
        struct error *error)
{
	const struct config *node = config_get(map, key);
	*secret = (slice){ NULL, 0 };
	if (!node)
		return true;
	if (slice_starts(node->text, SLICE("env:"))) {
		const char *value = getenv(node->text.p + 4);
		if (!value || !*value)
			return config_error(node, error, "the environment variable %s is not set",
			        node->text.p + 4);
		*secret = arena_copy_slice(arena, slice_of(value));
	} else if (slice_starts(node->text, SLICE("file:"))) {
		slice path = resolve(arena, map->file, slice_from(node->text, 5));
		*secret = path.p ? read_secret_file(arena, path.p) : path;
		if (!secret->p)
			return config_error(node, error, "%s cannot be read: %s", node->text.p,
			        strerror(errno));
	} else {
		return config_error(node, error,
		        "a secret does not stand in this file: say env:NAME or file:PATH");
	}
	if (!secret->n)
		return config_error(node, error, "%s is empty", node->text.p);
	return true;
}

bool config_equal(const struct config *a, const struct config *b)
{
	if (a->kind != b->kind || a->count != b->count || !slice_equal(a->text, b->text) ||
	        !slice_equal(a->key, b->key))
		return false;
	const struct config *x = a->first, *y = b->first;
	for (; x && y; x = x->next, y = y->next) {
		if (!config_equal(x, y))
			return false;
	}
	return !x && !y;
}

bool config_error(const struct config *node, struct error *error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	error->line = node ? node->line : 0;
	error->column = node ? node->column : 0;
	return false;
}
