#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "loop/mailbox.h"

enum { SENDERS = 4, EACH = 20000 };

struct letter {
	struct list link;
	unsigned sender, number;
};

static struct loop *loop;
static struct mailbox *to_core, *to_thread;
static unsigned received[SENDERS], batches;

static int setup(void **state)
{
	(void)state;
	memset(received, 0, sizeof received);
	batches = 0;
	loop = loop_create();
	to_core = to_thread = NULL;
	return loop ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	mailbox_destroy(to_core, NULL);
	mailbox_destroy(to_thread, NULL);
	loop_destroy(loop);
	return 0;
}

static struct letter *letter_new(unsigned sender, unsigned number)
{
	struct letter *letter = malloc(sizeof *letter);
	assert_non_null(letter);
	letter->sender = sender;
	letter->number = number;
	return letter;
}

static unsigned total(void)
{
	unsigned n = 0;
	for (unsigned i = 0; i < SENDERS; i++)
		n += received[i];
	return n;
}

/* Each sender's letters come in its order, and none is missing. */
static void take_in(struct list *letters)
{
	LIST_EACH (letters, at, following) {
		struct letter *letter = LIST_OWNER(at, struct letter, link);
		assert_int_equal(letter->number, received[letter->sender]);
		received[letter->sender]++;
		free(letter);
	}
}

static void deliver(void *arg, struct list *letters)
{
	batches++;
	assert_ptr_equal(arg, &batches);
	take_in(letters);
	if (total() == SENDERS * EACH)
		loop_stop(loop);
}

static void *send_many(void *arg)
{
	unsigned sender = *(unsigned *)arg;
	for (unsigned i = 0; i < EACH; i++)
		mailbox_post(to_core, &letter_new(sender, i)->link);
	return NULL;
}

static void every_letter_reaches_the_core_in_order(void **state)
{
	(void)state;
	to_core = mailbox_create(loop, deliver, &batches);
	assert_non_null(to_core);
	pthread_t threads[SENDERS];
	unsigned numbers[SENDERS];
	for (unsigned i = 0; i < SENDERS; i++) {
		numbers[i] = i;
		assert_int_equal(pthread_create(&threads[i], NULL, send_many, &numbers[i]), 0);
	}
	loop_run(loop);
	for (unsigned i = 0; i < SENDERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(total(), SENDERS * EACH);
	assert_true(batches <= SENDERS * EACH);
}

/* A thread that sends every letter back. */
static void *send_back(void *arg)
{
	(void)arg;
	for (unsigned n = 0; n < EACH;) {
		struct list letters;
		list_init(&letters);
		assert_true(mailbox_wait(to_thread, &letters, MAILBOX_WAIT_FOREVER));
		LIST_EACH (&letters, at, following) {
			list_remove(at);
			mailbox_post(to_core, at);
			n++;
		}
	}
	return NULL;
}

static void deliver_one_sender(void *arg, struct list *letters)
{
	(void)arg;
	take_in(letters);
	if (total() == EACH)
		loop_stop(loop);
}

static void a_thread_is_sent_orders_and_answers(void **state)
{
	(void)state;
	to_core = mailbox_create(loop, deliver_one_sender, NULL);
	to_thread = mailbox_create(NULL, NULL, NULL);
	assert_non_null(to_core);
	assert_non_null(to_thread);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, send_back, NULL), 0);
	for (unsigned i = 0; i < EACH; i++)
		mailbox_post(to_thread, &letter_new(0, i)->link);
	loop_run(loop);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(received[0], EACH);
}

static void a_wait_ends_in_time(void **state)
{
	(void)state;
	to_thread = mailbox_create(NULL, NULL, NULL);
	struct list letters;
	list_init(&letters);
	assert_false(mailbox_take(to_thread, &letters));
	uint64_t began_ms = clock_monotonic_ms();
	assert_false(mailbox_wait(to_thread, &letters, 20));
	assert_true(clock_monotonic_ms() - began_ms >= 20);
	mailbox_post(to_thread, &letter_new(0, 0)->link);
	assert_true(mailbox_wait(to_thread, &letters, 0));
	take_in(&letters);
	assert_int_equal(received[0], 1);
}

static void what_was_not_taken_comes_back_at_the_end(void **state)
{
	(void)state;
	struct mailbox *box = mailbox_create(loop, deliver, NULL);
	struct list left;
	list_init(&left);
	mailbox_post(box, &letter_new(0, 1)->link);
	struct letter *first = letter_new(0, 0);
	list_append(&left, &first->link); /* behind what the list has already */
	mailbox_destroy(box, &left);
	take_in(&left);
	assert_int_equal(received[0], 2);
	assert_int_equal(batches, 0);
	mailbox_destroy(NULL, NULL);
}

static struct mailbox *short_lived;

static void deliver_and_destroy(void *arg, struct list *letters)
{
	(void)arg;
	mailbox_destroy(short_lived, NULL);
	take_in(letters);
	loop_stop(loop);
}

static void the_receiver_may_destroy_the_mailbox(void **state)
{
	(void)state;
	short_lived = mailbox_create(loop, deliver_and_destroy, NULL);
	mailbox_post(short_lived, &letter_new(0, 0)->link);
	loop_run(loop);
	assert_int_equal(received[0], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		        every_letter_reaches_the_core_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        a_thread_is_sent_orders_and_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(a_wait_ends_in_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        what_was_not_taken_comes_back_at_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(
		        the_receiver_may_destroy_the_mailbox, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
