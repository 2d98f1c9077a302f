/* The store with its thread, a real loop and a real file. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/log.h"
#include "loop/loop.h"
#include "store/store.h"

static struct loop *loop;
static struct store *store;
static char folder[64];

static struct store *open_store(struct error *error)
{
	return store_open(loop, folder, error);
}

static int setup(void **state)
{
	(void)state;
	log_set_level((enum log_level) - 1);
	char above[] = "/tmp/fairlead-store-XXXXXX";
	assert_non_null(mkdtemp(above));
	(void)snprintf(folder, sizeof folder, "%s/state", above);
	loop = loop_create();
	struct error error = { 0 };
	store = open_store(&error);
	if (!store)
		fail_msg("%s", error.text);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	char command[128];
	store_close(store);
	store = NULL;
	loop_destroy(loop);
	*strrchr(folder, '/') = '\0';
	(void)snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static void reopen(void)
{
	struct error error = { 0 };
	store_close(store);
	store = open_store(&error);
	if (!store)
		fail_msg("%s", error.text);
}

/* ---- Receipts: the loop runs until all that were asked for are there. */
static unsigned wanted, came;
static enum status last_status;

static void done(struct store_receipt *receipt)
{
	last_status = receipt->status;
	if (++came == wanted)
		loop_stop(loop);
}

static void wait_for(unsigned n)
{
	wanted = n;
	if (came < wanted)
		loop_run(loop);
	came = 0;
}

static struct store_record record(const char *key, const char *body)
{
	return (struct store_record){ .key = slice_of(key),
		.owner = SLICE("engine-7"),
		.time_ns = 1764057600123456789,
		.media = SLICE("application/json"),
		.body = slice_of(body) };
}

static void put(const char *key, const char *body, struct store_receipt *receipt)
{
	struct store_record one = record(key, body);
	if (receipt)
		receipt->done = done;
	assert_true(store_put(store, STORE_LAST_VALUES, &one, receipt));
}

/* ---- What is there, as "key=body key=body". */
static char listing[4096];

static bool list_one(void *arg, const struct store_record *one)
{
	(void)arg;
	size_t n = strlen(listing);
	(void)snprintf(listing + n, sizeof listing - n, "%s%.*s=%.*s", n ? " " : "",
	        SLICE_ARG(one->key), SLICE_ARG(one->body));
	return true;
}

static const char *list_all(enum store_table table)
{
	struct error error = { 0 };
	listing[0] = '\0';
	if (!store_each(store, table, list_one, NULL, &error))
		fail_msg("%s", error.text);
	return listing;
}

static bool compare_all(void *arg, const struct store_record *one)
{
	const struct store_record *wanted_record = arg;
	assert_true(slice_equal(one->key, wanted_record->key));
	assert_true(slice_equal(one->owner, wanted_record->owner));
	assert_true(one->time_ns == wanted_record->time_ns);
	assert_true(one->expires_ns == wanted_record->expires_ns);
	assert_true(slice_equal(one->media, wanted_record->media));
	assert_true(slice_equal(one->head, wanted_record->head));
	assert_true(slice_equal(one->body, wanted_record->body));
	return true;
}

static void every_field_comes_back(void **state)
{
	(void)state;
	for (unsigned i = 0; i < STORE_TABLES; i++) {
		struct store_record one = record("ключ", "b\0dy");
		one.body = (slice){ "b\0dy", 4 };
		one.head = (slice){ "\xff\0", 2 };
		one.expires_ns = INT64_MAX;
		struct store_receipt receipt = { .done = done };
		assert_true(store_put(store, (enum store_table)i, &one, &receipt));
		wait_for(1);
		assert_int_equal(last_status, STATUS_OK);
		reopen();
		struct error error;
		assert_true(store_each(store, (enum store_table)i, compare_all, &one, &error));
	}
}

static void the_last_write_of_a_key_stands(void **state)
{
	(void)state;
	struct store_receipt receipts[3];
	put("a", "1", NULL);
	put("a", "2", &receipts[0]);
	put("b", "1", NULL);
	put("a", "3", NULL);
	receipts[1].done = done;
	assert_true(store_remove(store, STORE_LAST_VALUES, SLICE("b"), &receipts[1]));
	put("c", "1", &receipts[2]);
	wait_for(3);
	assert_string_equal(list_all(STORE_LAST_VALUES), "a=3 c=1");
	assert_string_equal(list_all(STORE_MAILBOX), "");
	assert_int_equal(store_count(store).pending, 0);
	assert_int_equal(store_count(store).pending_bytes, 0);
	assert_true(store_remove(store, STORE_LAST_VALUES, SLICE("a"), NULL));
	put("a", "4", NULL);
	assert_string_equal(list_all(STORE_LAST_VALUES), "a=4 c=1");
}

static void many_go_in_few_transactions(void **state)
{
	(void)state;
	enum { MANY = 2000 };
	static struct store_receipt receipts[MANY];
	char key[16];
	for (unsigned i = 0; i < MANY; i++) {
		(void)snprintf(key, sizeof key, "/%u", i);
		put(key, "1", &receipts[i]);
	}
	wait_for(MANY);
	assert_int_equal(store_count(store).written, MANY);
	assert_in_range(store_count(store).commits, 1, 20);
}

static void nobody_needs_to_wait(void **state)
{
	(void)state;
	put("a", "1", NULL);
	/* Closing writes the rest; so does time. */
	reopen();
	assert_string_equal(list_all(STORE_LAST_VALUES), "a=1");
	put("a", "2", NULL);
	while (store_count(store).pending) {
		struct store_receipt receipt;
		put("tick", "1", &receipt);
		wait_for(1);
	}
	reopen();
	assert_string_equal(list_all(STORE_LAST_VALUES), "a=2 tick=1");
}

static void look_again(struct timer *timer)
{
	if (store_count(store).pending)
		timer_set(timer, loop_now_ms(loop) + 1);
	else
		loop_stop(loop);
}

static void what_nobody_waits_for_leaves_after_the_delay(void **state)
{
	(void)state;
	struct timer timer;
	timer_init(&timer, loop, look_again);
	store_set_delay(store, STORE_LAST_VALUES, 1);
	put("a", "1", NULL);
	timer_set(&timer, loop_now_ms(loop) + 1);
	loop_run(loop);
	assert_int_equal(store_count(store).written, 1);
	/* One that has hours is written with whatever somebody waits for. */
	struct store_receipt receipt;
	store_set_delay(store, STORE_LAST_VALUES, 3600000);
	put("a", "2", NULL);
	put("b", "1", &receipt);
	wait_for(1);
	assert_int_equal(store_count(store).pending, 0);
	assert_int_equal(store_count(store).commits, 2);
}

static void what_is_pending_is_bounded(void **state)
{
	(void)state;
	static char large[1 << 20];
	memset(large, 'x', sizeof large - 1);
	char key[16];
	unsigned taken = 0;
	for (unsigned i = 0; i < 20; i++) {
		(void)snprintf(key, sizeof key, "/%u", i);
		struct store_record one = record(key, large);
		taken += store_put(store, STORE_LAST_VALUES, &one, NULL);
	}
	assert_in_range(taken, 6, 8);
	assert_int_equal(store_count(store).refused, 20 - taken);
	struct store_receipt receipt;
	put("small", "1", &receipt);
	wait_for(1);
	assert_int_equal(store_count(store).pending, 0);
}

static void two_gateways_never_share_a_folder(void **state)
{
	(void)state;
	struct error error = { 0 };
	assert_null(open_store(&error));
	assert_non_null(strstr(error.text, "in use by another gateway"));
	char pid[16];
	(void)snprintf(pid, sizeof pid, "%d", (int)getpid());
	assert_non_null(strstr(error.text, pid));
}

static void the_folder_is_its_owners(void **state)
{
	(void)state;
	char path[96];
	struct stat about;
	assert_int_equal(stat(folder, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0700);
	(void)snprintf(path, sizeof path, "%s/fairlead.db", folder);
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);
	(void)snprintf(path, sizeof path, "%s/fairlead.db-wal", folder);
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_mode & 0777, 0600);
}

static void a_folder_that_cannot_be_is_refused(void **state)
{
	(void)state;
	struct error error = { 0 };
	assert_null(store_open(loop, "/nowhere/at/all", &error));
	assert_non_null(strstr(error.text, "/nowhere/at/all"));
	assert_null(store_open(loop, "/etc/passwd", &error));
	assert_non_null(strstr(error.text, "no folder"));
}

static void overwrite(const char *text)
{
	char path[96];
	(void)snprintf(path, sizeof path, "%s/fairlead.db", folder);
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	(void)fputs(text, file);
	(void)fclose(file);
}

static void a_damaged_file_is_put_aside(void **state)
{
	(void)state;
	put("a", "1", NULL);
	store_close(store);
	overwrite(
	        "this is no database, and longer than the hundred bytes that a header of one has; "
	        "so SQLite looks at it and sees what it is not");
	struct error error = { 0 };
	store = open_store(&error);
	assert_non_null(store);
	assert_string_equal(list_all(STORE_LAST_VALUES), "");
	put("a", "2", NULL);
	assert_string_equal(list_all(STORE_LAST_VALUES), "a=2");
	char command[128];
	(void)snprintf(command, sizeof command, "ls %s | grep -q 'fairlead.db.damaged-'", folder);
	assert_int_equal(system(command), 0);
}

static void what_an_earlier_version_wrote_goes_on(void **state)
{
	(void)state;
	put("a", "1", NULL);
	store_close(store);
	char path[96];
	(void)snprintf(path, sizeof path, "%s/fairlead.db", folder);
	sqlite3 *handle;
	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	assert_int_equal(
	        sqlite3_exec(handle, "DROP TABLE clients; DROP TABLE keys; PRAGMA user_version = 1",
	                NULL, NULL, NULL),
	        SQLITE_OK);
	sqlite3_close(handle);
	struct error error = { 0 };
	store = open_store(&error);
	assert_non_null(store);
	assert_string_equal(list_all(STORE_LAST_VALUES), "a=1");
	assert_string_equal(list_all(STORE_CLIENTS), "");
	assert_string_equal(list_all(STORE_KEYS), "");
}

static void what_a_later_version_wrote_is_left_alone(void **state)
{
	(void)state;
	put("a", "1", NULL);
	store_close(store);
	char path[96];
	(void)snprintf(path, sizeof path, "%s/fairlead.db", folder);
	sqlite3 *handle;
	assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
	assert_int_equal(
	        sqlite3_exec(handle, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(handle);
	struct error error = { 0 };
	store = open_store(&error);
	assert_null(store);
	assert_non_null(strstr(error.text, "later version"));
}

/* A disk that takes nothing, and then does again: one that holds the database's lock stands in for it. */
static void a_disk_that_fails_is_tried_again(void **state)
{
	(void)state;
	char path[96];
	(void)snprintf(path, sizeof path, "%s/fairlead.db", folder);
	sqlite3 *other;
	struct store_receipt receipt;
	assert_int_equal(sqlite3_open(path, &other), SQLITE_OK);
	/* Nobody else may write meanwhile; the store waits five seconds for it and gives up. */
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	put("held", "1", NULL);
	put("a", "1", &receipt);
	wait_for(1);
	assert_int_equal(last_status, STATUS_INTERNAL);
	assert_int_equal(store_count(store).failures, 1);
	assert_int_equal(store_count(store).pending, 1);
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(other);
	put("b", "1", &receipt);
	wait_for(1);
	assert_int_equal(last_status, STATUS_OK);
	assert_string_equal(list_all(STORE_LAST_VALUES), "b=1 held=1");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_field_comes_back),
		TEST(the_last_write_of_a_key_stands),
		TEST(many_go_in_few_transactions),
		TEST(nobody_needs_to_wait),
		TEST(what_nobody_waits_for_leaves_after_the_delay),
		TEST(what_is_pending_is_bounded),
		TEST(two_gateways_never_share_a_folder),
		TEST(the_folder_is_its_owners),
		TEST(a_folder_that_cannot_be_is_refused),
		TEST(a_damaged_file_is_put_aside),
		TEST(what_an_earlier_version_wrote_goes_on),
		TEST(what_a_later_version_wrote_is_left_alone),
		TEST(a_disk_that_fails_is_tried_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
