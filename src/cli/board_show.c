#include "cli/board.h"

#include <inttypes.h>
#include <stdio.h>

static slice text(const struct value *map, const char *key)
{
	const struct value *member = value_get(map, slice_of(key));
	return member && member->kind == VALUE_TEXT ? member->as.text : (slice){ NULL, 0 };
}

static bool is_on(const struct value *map, const char *key)
{
	const struct value *member = value_get(map, slice_of(key));
	return member && member->kind == VALUE_BOOL && member->as.boolean;
}

static int64_t number(const struct value *map, const char *key)
{
	const struct value *member = value_get(map, slice_of(key));
	return member && member->kind == VALUE_INT ? member->as.integer : 0;
}

/* "label  value", where there is one. */
static void show(const char *label, slice value, slice more)
{
	if (!value.n)
		(void)printf("%-9s -\n", label);
	else if (more.n)
		(void)printf("%-9s %.*s (%.*s)\n", label, SLICE_ARG(value), SLICE_ARG(more));
	else
		(void)printf("%-9s %.*s\n", label, SLICE_ARG(value));
}

static void show_board(const struct value *told)
{
	const struct value *board = value_get(told, SLICE("board"));
	slice matched = text(board, "matched");
	(void)printf("%.*s (%.*s), %s%.*s\n", SLICE_ARG(text(board, "title")),
	        SLICE_ARG(text(board, "name")), matched.n ? "by " : "not recognised by anything",
	        SLICE_ARG(matched));
	show("model", text(told, "model"), (slice){ NULL, 0 });
	show("identity", text(told, "identity"), text(told, "identity_way"));
	(void)printf("%-9s %" PRId64 " MiB\n", "memory", number(told, "memory_bytes") >> 20);
}

static void show_state(const struct value *told)
{
	const struct value *state = value_get(told, SLICE("state"));
	slice device = text(state, "device"), file_system = text(state, "file_system");
	if (!text(state, "folder").n)
		return;
	(void)printf("%-9s %.*s: %.*s%s%.*s%s%.*s\n", "state", SLICE_ARG(text(state, "folder")),
	        SLICE_ARG(text(state, "kind")), device.n ? ", " : "", SLICE_ARG(device),
	        file_system.n ? ", " : "", SLICE_ARG(file_system));
}

static void show_there(const struct value *one, const char *key)
{
	if (is_on(one, "there"))
		(void)printf(" %.*s", SLICE_ARG(text(one, key)));
	else
		(void)printf(" not there (%.*s)", SLICE_ARG(text(one, key)));
}

static void show_serial(const struct value *told)
{
	const char *label = "serial";
	const struct value *list = value_get(told, SLICE("serial"));
	for (const struct value *one = list ? list->as.members.first : NULL; one; one = one->next) {
		(void)printf("%-9s %-8.*s", label, SLICE_ARG(text(one, "name")));
		show_there(one, "device");
		if (is_on(one, "rs485"))
			(void)printf(", RS-485, RTS %.*s while sending, %" PRId64
			             " ms before and %" PRId64 " ms after",
			        SLICE_ARG(text(one, "rts")), number(one, "rts_before_ms"),
			        number(one, "rts_after_ms"));
		slice note = text(one, "note");
		(void)printf("%s%.*s\n", note.n ? "; " : "", SLICE_ARG(note));
		label = "";
	}
}

static void show_leds(const struct value *told)
{
	const char *label = "leds";
	const struct value *list = value_get(told, SLICE("leds"));
	for (const struct value *one = list ? list->as.members.first : NULL; one; one = one->next) {
		(void)printf("%-9s %-8.*s", label, SLICE_ARG(text(one, "role")));
		show_there(one, "led");
		(void)printf("%s\n", is_on(one, "inverted") ? ", inverted" : "");
		label = "";
	}
}

static void show_watchdog(const struct value *told)
{
	const struct value *watchdog = value_get(told, SLICE("watchdog"));
	if (!watchdog || watchdog->kind != VALUE_MAP)
		return;
	(void)printf("%-9s", "watchdog");
	show_there(watchdog, "device");
	(void)printf(", %" PRId64 " s\n", number(watchdog, "timeout_ms") / 1000);
}

static void show_settings(const struct value *told)
{
	const struct value *list = value_get(told, SLICE("settings"));
	for (const struct value *one = list ? list->as.members.first : NULL; one; one = one->next) {
		slice at = text(one, "at"), from = text(one, "from");
		(void)printf("%-30.*s %-18.*s %.*s%s%.*s\n", SLICE_ARG(text(one, "key")),
		        SLICE_ARG(text(one, "value")), SLICE_ARG(from), at.n ? ", " : "",
		        SLICE_ARG(at));
	}
}

void cli_board_show(const struct value *told)
{
	const struct value *board = value_get(told, SLICE("board"));
	if (board && board->kind == VALUE_MAP) {
		show_board(told);
		show_state(told);
		show_serial(told);
		show_leds(told);
		show_watchdog(told);
	} else {
		(void)puts("no board: gateway.board is none");
	}
	(void)putchar('\n');
	show_settings(told);
}
