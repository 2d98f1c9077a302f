/* The table of last values: by path, in the order of versions, and who gives way. */
#include "support.h"

#include <stdio.h>

#include "core/values.h"

static struct values *values;

static int setup(void **state)
{
	(void)state;
	values = values_create();
	return values ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	values_destroy(values);
	return 0;
}

static uint64_t put(const char *path, const char *body)
{
	struct kept_value value = { .path = slice_of(path),
		.media = SLICE("text/plain"),
		.client = SLICE("c"),
		.body = slice_of(body),
		.version = values_new_version(values) };
	assert_true(values_put(values, &value));
	return value.version;
}

static void the_last_one_is_found(void **state)
{
	(void)state;
	assert_null(values_find(values, SLICE("/a")));
	put("/a", "1");
	put("/b", "2");
	put("/a", "a longer one");
	const struct kept_value *a = values_find(values, SLICE("/a"));
	assert_slice(a->path, "/a");
	assert_slice(a->media, "text/plain");
	assert_slice(a->client, "c");
	assert_slice(a->body, "a longer one");
	assert_int_equal(values_count(values).values, 2);
	assert_true(values_remove(values, SLICE("/a")));
	assert_false(values_remove(values, SLICE("/a")));
	assert_null(values_find(values, SLICE("/a")));
	assert_true(values_remove(values, SLICE("/b")));
	assert_int_equal(values_count(values).values, 0);
	assert_int_equal(values_count(values).bytes, 0);
}

static void versions_grow(void **state)
{
	(void)state;
	uint64_t last = 0;
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t version = values_new_version(values);
		assert_true(version > last);
		last = version;
	}
	/* What was kept before by a gateway whose clock was ahead. */
	struct kept_value value = { .path = SLICE("/a"), .version = UINT64_MAX - 10 };
	assert_true(values_put(values, &value));
	assert_true(values_new_version(values) == UINT64_MAX - 9);
	assert_true(values_newest(values) == UINT64_MAX - 10);
}

/* Walking by versions meets each value once, at its latest place, while others are replaced. */
static void what_is_newer_is_found_in_order(void **state)
{
	(void)state;
	char path[16];
	for (unsigned i = 0; i < 1000; i++) {
		(void)snprintf(path, sizeof path, "/%u", i % 100);
		put(path, "x");
	}
	assert_int_equal(values_count(values).values, 100);
	uint64_t heard = 0;
	unsigned n = 0;
	for (;;) {
		const struct kept_value *value = values_after(values, heard);
		if (!value)
			break;
		assert_true(value->version > heard);
		heard = value->version;
		n++;
	}
	assert_int_equal(n, 100);
	assert_true(heard == values_newest(values));

	/* Most of them go; what is left is still in order. */
	for (unsigned i = 0; i < 99; i++) {
		(void)snprintf(path, sizeof path, "/%u", i);
		assert_true(values_remove(values, slice_of(path)));
	}
	assert_slice(values_after(values, 0)->path, "/99");
	uint64_t first = put("/new", "x");
	for (unsigned i = 0; i < 500; i++)
		put("/99", "y");
	assert_slice(values_after(values, 0)->path, "/new");
	assert_slice(values_after(values, first)->path, "/99");
	assert_null(values_after(values, values_newest(values)));
}

static void who_was_not_touched_gives_way_first(void **state)
{
	(void)state;
	assert_null(values_stalest(values));
	put("/a", "1");
	put("/b", "1");
	put("/c", "1");
	assert_slice(values_stalest(values)->path, "/a");
	values_touch(values, SLICE("/a"));
	values_touch(values, SLICE("/nowhere"));
	assert_slice(values_stalest(values)->path, "/b");
	put("/b", "2");
	assert_slice(values_stalest(values)->path, "/c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_last_one_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(versions_grow, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_newer_is_found_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        who_was_not_touched_gives_way_first, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
