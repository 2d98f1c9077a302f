/* store: the core thread's side, and the thread that writes.
 *
 * The core thread gathers orders by key, so that a record that changes ten times before it is written is written
 * once. A batch of them is one letter to the writing thread, one transaction there, and one letter back. While a batch is
 * being written the next one gathers: so the more there is to write, the more goes into one fdatasync, and nothing
 * has to be tuned. A batch leaves at the end of the turn when somebody waits for a record in it, else after
 * a delay that spares the disk (store_set_delay).
 *
 * WHEN THE DISK DOES NOT TAKE IT, those who wait are told and their records are dropped: they know, and decide. What
 * nobody waits for is held and tried again each second, unless replaced meanwhile; what comes with somebody waiting is
 * tried at once, without it.
 *
 * Threads meet in mailboxes only. Reading (store_each) is rare: the core thread asks the writing thread to finish what it
 * has and stands still until it says so, then reads by itself. */
#include "store/store.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "store/database.h"
#include "store/folder.h"
#include "store/order.h"

enum { PENDING_MAX_BYTES = 8 << 20, RETRY_MS = 1000, BUSY_MS = 100, DELAY_MS = 100 };

enum letter_kind { LETTER_BATCH, LETTER_SYNC, LETTER_PING, LETTER_STOP };

struct letter {
	struct list link;
	enum letter_kind kind;
};

struct batch {
	struct letter letter; /* first */
	struct list orders;
	/* How it went. */
	enum status status;
	char why[DATABASE_WHY_BYTES];
};

struct store {
	struct loop *loop;
	struct database *database;
	int lock_fd;
	pthread_t thread;
	struct mailbox *to_thread, *to_core;
	struct mailbox *answers; /* of the thread to a core thread that stands still */

	struct order *by_name; /* those in `gathered` */
	struct list gathered;
	unsigned in_flight; /* batches */
	bool urgent;        /* somebody waits for a record that is gathered */
	bool failing;       /* the last batch was not taken */
	void (*changed)(void *arg, bool fails);
	void *changed_arg;
	uint64_t delay_ms[STORE_TABLES];
	struct task post;
	struct timer later;
	bool asked; /* a ping is with the thread */
	struct store_count count;
};

/* ---- The writing thread. */

static void *serve(void *arg)
{
	struct store *store = arg;
	for (;;) {
		struct list letters;
		list_init(&letters);
		(void)mailbox_wait(store->to_thread, &letters, MAILBOX_WAIT_FOREVER);
		while (!list_empty(&letters)) {
			struct letter *letter = LIST_OWNER(letters.next, struct letter, link);
			list_remove(&letter->link);
			if (letter->kind == LETTER_STOP)
				return NULL;
			if (letter->kind == LETTER_SYNC) {
				mailbox_post(store->answers, &letter->link);
				continue;
			}
			if (letter->kind == LETTER_PING) {
				mailbox_post(store->to_core, &letter->link);
				continue;
			}
			struct batch *batch = (struct batch *)(void *)letter;
			batch->status = database_write(store->database, &batch->orders, batch->why);
			mailbox_post(store->to_core, &letter->link);
		}
	}
}

/* ---- Orders. */

static size_t record_bytes(const struct store_record *record)
{
	return record->owner.n + record->media.n + record->head.n + record->body.n;
}

static void set_content(struct order *order, char *content, const struct store_record *record)
{
	free(order->content);
	order->content = content;
	slice key = { order->name + 1, order->nname - 1 };
	order->record = (struct store_record){ .key = key,
		.time_ns = record->time_ns,
		.expires_ns = record->expires_ns,
		.owner = slice_put(&content, record->owner),
		.media = slice_put(&content, record->media),
		.head = slice_put(&content, record->head),
		.body = slice_put(&content, record->body) };
}

static struct order *find_order(struct store *store, const char *name, size_t n)
{
	struct order *order;
	HASH_FIND(hh, store->by_name, name, n, order);
	return order;
}

static void order_free(struct order *order)
{
	free(order->content);
	free(order);
}

static void forget_name(struct store *store, struct order *order)
{
	HASH_DEL(store->by_name, order);
}

static bool gather(struct store *store, struct order *order)
{
	HASH_ADD_KEYPTR(hh, store->by_name, order->name, order->nname, order);
	if (find_order(store, order->name, order->nname) != order)
		return false;
	list_append(&store->gathered, &order->link);
	return true;
}

/* The order of this name that is gathered, or a new one; NULL: out of memory. */
static struct order *order_for(struct store *store, enum store_table table, slice key)
{
	struct order *fresh = calloc(1, sizeof *fresh + 1 + key.n);
	if (!fresh)
		return NULL;
	fresh->table = table;
	fresh->nname = 1 + key.n;
	fresh->name[0] = (char)table;
	if (key.n)
		memcpy(fresh->name + 1, key.p, key.n);
	list_init(&fresh->receipts);
	list_init(&fresh->link);
	struct order *there = find_order(store, fresh->name, fresh->nname);
	if (!there && gather(store, fresh)) {
		store->count.pending++;
		return fresh;
	}
	free(fresh);
	return there;
}

static void post_within(struct store *store, uint64_t ms)
{
	uint64_t at_ms = loop_now_ms(store->loop) + ms;
	if (!store->later.at_ms || at_ms < store->later.at_ms)
		timer_set(&store->later, at_ms);
}

static bool has_room(const struct store *store, size_t bytes)
{
	return !store->count.pending_bytes ||
	       (bytes <= PENDING_MAX_BYTES &&
	               store->count.pending_bytes <= PENDING_MAX_BYTES - bytes);
}

bool store_has_room(const struct store *store, unsigned records, size_t bytes)
{
	size_t heads = records <= PENDING_MAX_BYTES / sizeof(struct order)
	                       ? records * sizeof(struct order)
	                       : PENDING_MAX_BYTES;
	return records < 2
	               ? has_room(store, heads + bytes)
	               : bytes <= PENDING_MAX_BYTES && heads + bytes <= PENDING_MAX_BYTES &&
	                         store->count.pending_bytes <= PENDING_MAX_BYTES - heads - bytes;
}

static bool take(struct store *store, enum store_table table, const struct store_record *record,
        bool removes, struct store_receipt *receipt)
{
	size_t bytes = sizeof(struct order) + record->key.n + record_bytes(record);
	bool room = has_room(store, bytes);
	char *content = room ? malloc(record_bytes(record) + 1) : NULL;
	struct order *order = content ? order_for(store, table, record->key) : NULL;
	if (!order) {
		free(content);
		store->count.refused++;
		return false;
	}
	store->count.pending_bytes += bytes - order->bytes;
	order->bytes = bytes;
	order->removes = removes;
	set_content(order, content, record);
	if (receipt) {
		receipt->status = STATUS_NONE;
		list_append(&order->receipts, &receipt->link);
	}
	if (receipt) {
		store->urgent = true;
		loop_defer(store->loop, &store->post);
	} else {
		post_within(store, store->failing ? RETRY_MS : store->delay_ms[table]);
	}
	return true;
}

bool store_put(struct store *store, enum store_table table, const struct store_record *record,
        struct store_receipt *receipt)
{
	return take(store, table, record, false, receipt);
}

bool store_remove(
        struct store *store, enum store_table table, slice key, struct store_receipt *receipt)
{
	const struct store_record record = { .key = key };
	return take(store, table, &record, true, receipt);
}

void store_set_delay(struct store *store, enum store_table table, uint64_t ms)
{
	store->delay_ms[table] = ms;
}

struct store_count store_count(const struct store *store)
{
	return store->count;
}

/* ---- Batches. */

static bool send_batch(struct store *store, bool all)
{
	struct batch *batch = calloc(1, sizeof *batch);
	if (!batch)
		return false;
	batch->letter.kind = LETTER_BATCH;
	list_init(&batch->orders);
	LIST_EACH (&store->gathered, at, following) {
		struct order *order = LIST_OWNER(at, struct order, link);
		if (!all && list_empty(&order->receipts))
			continue;
		forget_name(store, order);
		list_remove(at);
		list_append(&batch->orders, at);
	}
	store->urgent = false;
	if (all)
		timer_stop(&store->later);
	if (list_empty(&batch->orders)) {
		free(batch);
		return true;
	}
	store->in_flight++;
	list_init(&batch->letter.link);
	mailbox_post(store->to_thread, &batch->letter.link);
	return true;
}

/* One at a time: what comes meanwhile is the next one. What the disk did not take stays behind until it is due. */
static void post_now(struct task *task)
{
	struct store *store = LIST_OWNER(task, struct store, post);
	if (store->in_flight || !store->urgent)
		return;
	if (!send_batch(store, !store->failing))
		timer_set(&store->later, loop_now_ms(store->loop) + RETRY_MS);
}

static void post_late(struct timer *timer)
{
	struct store *store = LIST_OWNER(timer, struct store, later);
	if (store->in_flight || !send_batch(store, true))
		timer_set(timer, loop_now_ms(store->loop) + BUSY_MS);
}

static void tell(struct list *receipts, enum status status)
{
	while (!list_empty(receipts)) {
		struct store_receipt *receipt =
		        LIST_OWNER(receipts->next, struct store_receipt, link);
		list_remove(&receipt->link);
		receipt->status = status;
		receipt->done(receipt);
	}
}

/* Once when it begins and once when it is over. */
static void note_state(struct store *store, const struct batch *batch)
{
	bool fails = batch->status != STATUS_OK;
	if (fails && !store->failing)
		log_error("store", "the disk takes nothing: %s; trying again", batch->why);
	else if (!fails && store->failing)
		log_info("store", "the disk takes records again");
	bool news = fails != store->failing;
	store->failing = fails;
	if (fails)
		store->count.failures++;
	else
		store->count.commits++;
	if (news && store->changed)
		store->changed(store->changed_arg, fails);
}

void store_watch(struct store *store, void (*changed)(void *arg, bool fails), void *arg)
{
	store->changed = changed;
	store->changed_arg = arg;
}

static void settle(struct store *store, struct order *order, enum status status)
{
	bool awaited = !list_empty(&order->receipts);
	bool again =
	        status != STATUS_OK && !awaited && !find_order(store, order->name, order->nname);
	if (again && gather(store, order))
		return;
	struct list receipts;
	list_init(&receipts);
	LIST_EACH (&order->receipts, at, following) {
		list_remove(at);
		list_append(&receipts, at);
	}
	store->count.pending--;
	store->count.pending_bytes -= order->bytes;
	store->count.written += status == STATUS_OK;
	order_free(order);
	tell(&receipts, status);
}

static void letters_are_back(void *arg, struct list *letters)
{
	struct store *store = arg;
	while (!list_empty(letters)) {
		struct letter *letter = LIST_OWNER(letters->next, struct letter, link);
		list_remove(&letter->link);
		if (letter->kind == LETTER_PING) {
			store->asked = false;
			free(letter);
			continue;
		}
		struct batch *batch = (struct batch *)(void *)letter;
		store->in_flight--;
		note_state(store, batch);
		while (!list_empty(&batch->orders)) {
			struct order *order = LIST_OWNER(batch->orders.next, struct order, link);
			list_remove(&order->link);
			settle(store, order, batch->status);
		}
		free(batch);
	}
	if (store->urgent)
		loop_defer(store->loop, &store->post);
	if (!list_empty(&store->gathered) && !store->later.at_ms)
		post_within(store, RETRY_MS);
}

bool store_comes_round(struct store *store)
{
	if (store->asked)
		return false;
	struct letter *ping = calloc(1, sizeof *ping);
	if (!ping)
		return true; /* asked the next time */
	ping->kind = LETTER_PING;
	list_init(&ping->link);
	store->asked = true;
	mailbox_post(store->to_thread, &ping->link);
	return true;
}

/* Until the thread has written all that it was given, and waits. */
static bool stand_still(struct store *store)
{
	if (!list_empty(&store->gathered) && !send_batch(store, true))
		return false;
	struct letter sync = { .kind = LETTER_SYNC };
	struct list answers;
	list_init(&answers);
	list_init(&sync.link);
	mailbox_post(store->to_thread, &sync.link);
	(void)mailbox_wait(store->answers, &answers, MAILBOX_WAIT_FOREVER);
	return true;
}

bool store_each(struct store *store, enum store_table table,
        bool (*each)(void *arg, const struct store_record *), void *arg, struct error *error)
{
	if (!stand_still(store))
		return error_set(error, "out of memory");
	return database_each(store->database, table, each, arg, error);
}

/* ---- Opening and closing. */

static bool start_thread(struct store *store, struct error *error)
{
	/* Signals are the core thread's. */
	sigset_t all, before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int code = pthread_create(&store->thread, NULL, serve, store);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code == 0 || error_set(error, "no thread for the store: %s", strerror(code));
}

static void discard(struct store *store)
{
	mailbox_destroy(store->to_thread, NULL);
	mailbox_destroy(store->to_core, NULL);
	mailbox_destroy(store->answers, NULL);
	database_close(store->database);
	if (store->lock_fd >= 0)
		(void)close(store->lock_fd);
	free(store);
}

struct store *store_open(struct loop *loop, const char *folder, struct error *error)
{
	struct store *store = calloc(1, sizeof *store);
	if (!store) {
		error_set(error, "out of memory");
		return NULL;
	}
	store->loop = loop;
	for (unsigned i = 0; i < STORE_TABLES; i++)
		store->delay_ms[i] = DELAY_MS;
	list_init(&store->gathered);
	task_init(&store->post, post_now);
	timer_init(&store->later, loop, post_late);
	store->lock_fd = folder_claim(folder, error);
	store->database = store->lock_fd >= 0 ? database_open(folder, error) : NULL;
	if (!store->database) {
		discard(store);
		return NULL;
	}
	store->to_thread = mailbox_create(NULL, NULL, NULL);
	store->to_core = mailbox_create(loop, letters_are_back, store);
	store->answers = mailbox_create(NULL, NULL, NULL);
	bool made = store->to_thread && store->to_core && store->answers;
	if (!made)
		error_set(error, "out of memory or descriptors");
	if (made && start_thread(store, error))
		return store;
	discard(store);
	return NULL;
}

static void free_orders(struct list *orders)
{
	LIST_EACH (orders, at, following)
		order_free(LIST_OWNER(at, struct order, link));
}

static bool write_rest(struct store *store)
{
	return list_empty(&store->gathered) || send_batch(store, true);
}

void store_close(struct store *store)
{
	if (!store)
		return;
	task_cancel(&store->post);
	bool sent = write_rest(store);
	struct letter stop = { .kind = LETTER_STOP };
	list_init(&stop.link);
	mailbox_post(store->to_thread, &stop.link);
	(void)pthread_join(store->thread, NULL);
	timer_stop(&store->later);
	struct list letters;
	list_init(&letters);
	(void)mailbox_take(store->to_core, &letters);
	LIST_EACH (&letters, at, following) {
		struct letter *letter = LIST_OWNER(at, struct letter, link);
		if (letter->kind == LETTER_PING) {
			free(letter);
			continue;
		}
		struct batch *batch = (struct batch *)(void *)letter;
		if (batch->status != STATUS_OK)
			log_error("store", "records were lost at the end: %s", batch->why);
		free_orders(&batch->orders);
		free(batch);
	}
	if (!sent)
		log_error("store", "records were lost at the end: out of memory");
	HASH_CLEAR(hh, store->by_name);
	free_orders(&store->gathered);
	discard(store);
}
