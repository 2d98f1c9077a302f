/* A table of clients: rows come to an end, lines are counted, and no field leaves the text. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/csv.h"

enum { BUDGET_BYTES = 1 << 22 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct csv csv;
	size_t lines = 1;
	arena_init(&arena, BUDGET_BYTES);
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	csv_init(&csv, (slice){ (const char *)data, size });
	size_t left = csv.rest.n;
	for (;;) {
		const char *why = NULL;
		unsigned before = csv.next;
		enum csv_answer answer = csv_next(&csv, &arena, &why);
		assert(csv.n <= CSV_FIELDS_MAX && csv.next >= before && csv.line <= lines + 1);
		if (answer == CSV_END || answer == CSV_NO_MEMORY)
			break;
		assert(answer != CSV_WRONG || why);
		assert(csv.rest.n < left);
		left = csv.rest.n;
		size_t bytes = 0;
		for (unsigned i = 0; answer == CSV_ROW && i < csv.n; i++)
			bytes += csv.fields[i].n;
		assert(bytes <= size);
	}
	arena_finish(&arena);
	return 0;
}
