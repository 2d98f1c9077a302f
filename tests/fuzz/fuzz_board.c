/* What a board is made of, from outside: its file ('y'), and what firmware and kernel say: the device tree's lists ('d'), serial
 * numbers ('i'), mounts ('m'), control groups ('g'), memory ('t'). The first byte says which. */
#include <stdlib.h>

#include "board/identity.h"
#include "board/memory.h"
#include "board/storage.h"
#include "core/boards.h"
#include "core/config_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void try_file(struct arena *arena, slice text)
{
	static const char list[] = "raspberrypi,4-model-b\0brcm,bcm2711";
	struct machine machine = { .root = SLICE("/nonexistent"),
		.compatible = { list, sizeof list },
		.vendor = SLICE("A vendor"),
		.product = SLICE("A product") };
	struct mistakes mistakes = { .arena = arena };
	struct config *tree = config_text_read(text, "fuzz.yaml", &mistakes);
	check(tree || mistakes.count);
	if (!tree || !boards_check(tree, &mistakes))
		return;
	struct board board;
	struct error error = { .line = 0 };
	slice by;
	char below[BOARD_PATH_BYTES];
	if (!board_take(arena, SLICE("fuzz"), tree, &machine, &board, &error)) {
		check(error.text[0] && error.line);
		return;
	}
	board_look(arena, &board);
	unsigned fit = board_fits(arena, tree, &machine, &by);
	check(!fit == !by.n);
	for (unsigned i = 0; i < board.nserial; i++) {
		check(board.serial[i].devices.n > 0);
		check(board_serial_find(&board, board.serial[i].name) == &board.serial[i]);
		check(!board_device(&board, &board.serial[i].devices, below));
	}
	for (unsigned i = 0; i < BOARD_ROLES; i++)
		check(!board_led(&board, (enum board_role)i, below));
}

static void try_list(struct arena *arena, slice bytes)
{
	struct machine machine = { .compatible = bytes };
	slice list = bytes, text;
	while (machine_next(&list, &text)) {
		check(text.n && !memchr(text.p, '\0', text.n));
		check(machine_fits_compatible(&machine, text) > 0);
	}
	slice tidy = machine_tidy(arena, bytes);
	for (size_t i = 0; i < tidy.n; i++)
		check(tidy.p[i] >= ' ' && tidy.p[i] <= '~');
}

static void try_identity(struct arena *arena, slice bytes)
{
	slice name = identity_take(arena, bytes);
	check(name.n <= IDENTITY_MAX_BYTES);
	/* What is one stays the same. */
	check(!name.p || slice_equal(identity_take(arena, name), name));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct arena arena;
	slice type, source;
	arena_init(&arena, 4 << 20);
	slice rest = n ? (slice){ (const char *)bytes + 1, n - 1 } : (slice){ NULL, 0 };
	switch (n ? bytes[0] : 0) {
	case 'y':
		try_file(&arena, rest);
		break;
	case 'd':
		try_list(&arena, rest);
		break;
	case 'i':
		try_identity(&arena, rest);
		break;
	case 'm':
		if (storage_mount(rest, 179, 2, &type, &source))
			check(type.n > 0);
		break;
	case 'g':
		check(memory_group(rest, "memory").n <= n && memory_group(rest, "").n <= n);
		break;
	default:
		(void)memory_total(rest);
		break;
	}
	arena_finish(&arena);
	return 0;
}
