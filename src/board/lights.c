/* An LED in sysfs is a folder: `brightness` is written a number, 0 for out and up to `max_brightness`, and `trigger` names what of the
 * kernel's switches it otherwise (a disk, a heartbeat, the power); while that is anything but "none" it would undo what is
 * written here.
 *
 * THE TRIGGER IS NOT PUT BACK at the end: "default-on" would then light the light that says that the gateway runs. Nor is it used to
 * have the kernel put a light out after a crash, for which it has no means; the light stays as it was until the
 * supervisor has started the gateway again, which begins by putting it out.
 *
 * The file of an LED is held open, so that what may be done is known at the start, and a change is one write(). One that fails later (an
 * LED on a USB box that was pulled) is said once, and tried again with the next change. */
#include "board/lights.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

enum { NUMBER_BYTES = 24, WORD_BYTES = 512, NAME_BYTES = 96, LINE_BYTES = 512, BRIGHT = 255 };

struct light {
	int brightness; /* the file; -1: it cannot be had */
	char name[NAME_BYTES];
	char bright[NUMBER_BYTES]; /* what is written for: it shines */
	bool inverted, on, failing;
};

struct lights {
	struct light at[BOARD_ROLES];
};

/* ---- Files of sysfs. */

static int open_file(const char *folder, const char *file, int flags)
{
	char path[BOARD_PATH_BYTES + 32];
	(void)snprintf(path, sizeof path, "%s/%s", folder, file);
	/* Not blocking: a test's folder may hold anything. */
	return open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* false: errno. */
static bool write_word(int fd, const char *word)
{
	size_t n = strlen(word);
	ssize_t written;
	do {
		written = pwrite(fd, word, n, 0);
	} while (written < 0 && errno == EINTR);
	return written == (ssize_t)n;
}

/* As much of the file as there is room for; empty: it cannot be read. */
static void read_word(const char *folder, const char *file, char *word, size_t size)
{
	int fd = open_file(folder, file, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, word, size - 1);
	word[n < 0 ? 0 : n] = '\0';
	if (fd >= 0)
		(void)close(fd);
}

/* The kernel takes what is above the maximum for the maximum. */
static void read_maximum(const char *folder, char bright[NUMBER_BYTES])
{
	char text[NUMBER_BYTES];
	read_word(folder, "max_brightness", text, sizeof text);
	unsigned long maximum = strtoul(text, NULL, 10);
	(void)snprintf(bright, NUMBER_BYTES, "%lu\n",
	        maximum > 0 && maximum <= INT32_MAX ? maximum : (unsigned long)BRIGHT);
}

/* false: errno. Kernels without triggers have no such file. */
static bool take_from_trigger(const char *folder)
{
	char words[WORD_BYTES];
	read_word(folder, "trigger", words, sizeof words);
	if (strstr(words, "[none]"))
		return true;
	int fd = open_file(folder, "trigger", O_WRONLY);
	if (fd < 0)
		return errno == ENOENT;
	bool taken = write_word(fd, "none\n");
	int reason = errno;
	(void)close(fd);
	errno = reason;
	return taken;
}

/* ---- Lights. */

static bool show(struct light *light)
{
	return write_word(light->brightness, light->on != light->inverted ? light->bright : "0\n");
}

/* What is wrong with it, for people; NULL: nothing. */
static const char *open_light(const struct board *board, enum board_role role, struct light *light)
{
	char folder[BOARD_PATH_BYTES];
	if (!board_led(board, role, folder))
		return "not there";
	const char *slash = strrchr(folder, '/');
	(void)snprintf(light->name, sizeof light->name, "%.*s", NAME_BYTES - 1,
	        slash ? slash + 1 : folder);
	light->inverted = board->lights[role].inverted;
	read_maximum(folder, light->bright);
	light->brightness = open_file(folder, "brightness", O_WRONLY);
	if (light->brightness >= 0 && take_from_trigger(folder) && show(light))
		return NULL;
	int reason = errno;
	if (light->brightness >= 0)
		(void)close(light->brightness);
	light->brightness = -1;
	return reason == EACCES || reason == EPERM || reason == EROFS
	               ? "not permitted (see fairlead board --udev)"
	               : strerror(reason);
}

struct lights *lights_open(const struct board *board)
{
	char line[LINE_BYTES] = "";
	size_t n = 0;
	bool bad = false;
	struct lights *lights = board ? calloc(1, sizeof *lights) : NULL;
	if (!lights)
		return NULL;
	for (unsigned role = 0; role < BOARD_ROLES; role++) {
		struct light *light = &lights->at[role];
		light->brightness = -1;
		if (!board->lights[role].leds.n)
			continue;
		const char *why = open_light(board, role, light);
		slice first = board->lights[role].leds.at[0];
		bad = bad || why;
		int more = snprintf(line + n, sizeof line - n, " %s=%s%s%s%s",
		        board_role_name(role), light->name[0] ? light->name : first.p,
		        why ? " (" : "", why ? why : "", why ? ")" : "");
		n += more > 0 && (size_t)more < sizeof line - n ? (size_t)more : 0;
		line[n] = '\0';
	}
	if (!n) {
		free(lights);
		return NULL;
	}
	log_write(bad ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "board", "lights:%s", line);
	return lights;
}

void lights_set(struct lights *lights, enum board_role role, bool on)
{
	struct light *light = lights ? &lights->at[role] : NULL;
	if (!light || light->brightness < 0 || (light->on == on && !light->failing))
		return;
	light->on = on;
	bool shown = show(light);
	if (!shown && !light->failing)
		log_warning("board", "light %s (%s) cannot be set: %s", board_role_name(role),
		        light->name, strerror(errno));
	light->failing = !shown;
}

void lights_close(struct lights *lights)
{
	for (unsigned role = 0; lights && role < BOARD_ROLES; role++) {
		if (lights->at[role].brightness >= 0)
			(void)close(lights->at[role].brightness);
	}
	free(lights);
}
