/* What goes back to the machine, and that nothing else does. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/code_pages.h"
#include "base/heap.h"

/* "RssAnon:	 1234 kB" of /proc/self/status. */
static long resident_kib(const char *kind)
{
	char line[256];
	long kib = -1;
	FILE *status = fopen("/proc/self/status", "re");
	assert_non_null(status);
	while (fgets(line, sizeof line, status)) {
		if (strncmp(line, kind, strlen(kind)) == 0)
			kib = strtol(line + strlen(kind) + 1, NULL, 10);
	}
	(void)fclose(status);
	assert_true(kib >= 0);
	return kib;
}

enum { TABLE_BYTES = 8 << 20, PLACES = 5 };
static const size_t places[PLACES] = { 0, 1, 123457, 4 << 20, TABLE_BYTES - 1 };

static void a_table_of_zeros_is_given_back_and_what_stands_in_it_is_not(void **state)
{
	(void)state;
	/* From an odd address: the pages at its ends are others' too. */
	char *block = malloc(TABLE_BYTES + 2), *table = block + 1;
	assert_non_null(block);
	memset(block, 0, TABLE_BYTES + 2);
	block[0] = block[TABLE_BYTES + 1] = 'x';
	for (unsigned i = 0; i < PLACES; i++)
		table[places[i]] = (char)('a' + i);
	long before_kib = resident_kib("RssAnon");
	heap_drop_zeros(table, TABLE_BYTES);
	long after_kib = resident_kib("RssAnon");
	assert_true(before_kib - after_kib > TABLE_BYTES / 1024 / 2);
	size_t others = 0;
	for (size_t i = 0; i < TABLE_BYTES; i++)
		others += table[i] != 0;
	assert_int_equal(others, PLACES);
	for (unsigned i = 0; i < PLACES; i++)
		assert_int_equal(table[places[i]], 'a' + i);
	assert_int_equal(block[0], 'x');
	assert_int_equal(block[TABLE_BYTES + 1], 'x');
	free(block);
	heap_drop_zeros(NULL, 0);
}

static void blocks_smaller_than_a_page_stay(void **state)
{
	(void)state;
	for (size_t n = 0; n < 70; n++) {
		char *block = calloc(1, n + 1);
		assert_non_null(block);
		block[n] = 'x';
		heap_drop_zeros(block, n);
		assert_int_equal(block[n], 'x');
		free(block);
	}
}

static void settling_loses_nothing(void **state)
{
	(void)state;
	struct arena arena;
	arena_init(&arena, 1 << 20);
	for (unsigned i = 0; i < 100; i++)
		assert_non_null(arena_alloc(&arena, 4000));
	char *kept = arena_alloc(&arena, 100);
	assert_non_null(kept);
	memset(kept, 'k', 100);
	heap_settle();
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(kept[i], 'k');
	arena_finish(&arena);
	heap_settle();
}

/* Constants of several pages, of which some are written to behind the linker's back, as a debugger does. */
enum { PAGES = 8, PAGE_MOST = 65536 };
static const unsigned char constants[PAGES * PAGE_MOST] = { [PAGE_MOST] = 1, [5 * PAGE_MOST] = 2 };

static void code_and_constants_come_back(void **state)
{
	(void)state;
	const volatile unsigned char *read = constants;
	unsigned sum = 0;
	for (size_t i = 0; i < sizeof constants; i += 4096)
		sum += read[i];
	assert_int_equal(sum, 3);
	long before_kib = resident_kib("RssFile");
	size_t released = code_pages_release();
	long after_kib = resident_kib("RssFile");
	/* An emulator shows its own mappings, and nothing may be done then. */
	if (released)
		assert_true(after_kib < before_kib);
	sum = 0;
	for (size_t i = 0; i < sizeof constants; i += 4096)
		sum += read[i];
	assert_int_equal(sum, 3);
}

static void what_was_written_to_stays(void **state)
{
	(void)state;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t inside = (uintptr_t)(constants + 2 * PAGE_MOST);
	volatile unsigned char *patched = (unsigned char *)(inside / page * page);
	assert_int_equal(mprotect((void *)(uintptr_t)patched, page, PROT_READ | PROT_WRITE), 0);
	*patched = 0xcc;
	assert_int_equal(mprotect((void *)(uintptr_t)patched, page, PROT_READ), 0);
	(void)code_pages_release();
	assert_int_equal(*patched, 0xcc);
	assert_int_equal(constants[5 * PAGE_MOST], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_of_zeros_is_given_back_and_what_stands_in_it_is_not),
		cmocka_unit_test(blocks_smaller_than_a_page_stay),
		cmocka_unit_test(settling_loses_nothing),
		cmocka_unit_test(code_and_constants_come_back),
		cmocka_unit_test(what_was_written_to_stays),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
