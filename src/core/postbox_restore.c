/* At the start: what waits on disk comes back into its boxes. */
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/uri.h"

#include "core/letter.h"
#include "core/postbox_box.h"

enum { KEY_MAX_BYTES = 256 * 1024, LETTER_MAX_FACTOR = 64 };

/* "valves/valve-3/000000000000002a": false: it is no key of ours. */
static bool key_read(
        struct arena *arena, slice key, slice *backend, slice *device, uint64_t *number)
{
	*backend = uri_decode(arena, slice_cut(&key, '/'));
	*device = uri_decode(arena, slice_cut(&key, '/'));
	*number = 0;
	if (!backend->n || !device->n || key.n != 16)
		return false;
	for (size_t i = 0; i < key.n; i++) {
		int digit = hex_digit(key.p[i]);
		if (digit < 0)
			return false;
		*number = *number << 4 | (unsigned)digit;
	}
	return true;
}

static bool is_letter(slice head)
{
	struct arena arena;
	arena_init(&arena, KEY_MAX_BYTES + head.n * LETTER_MAX_FACTOR);
	struct letter letter;
	bool right = letter_read(&arena, head, &letter);
	arena_finish(&arena);
	return right;
}

/* By the wall clock, but no longer than it was to wait altogether. */
static uint64_t left_ms(const struct store_record *record)
{
	uint64_t now_ns = clock_wall_ns();
	if (record->expires_ns <= now_ns || record->expires_ns <= record->time_ns)
		return 0;
	uint64_t left = record->expires_ns - now_ns, all = record->expires_ns - record->time_ns;
	return (left < all ? left : all) / POSTBOX_NS_PER_MS;
}

static bool take_back(
        struct postbox *postbox, struct arena *arena, const struct store_record *record)
{
	slice backend, device;
	uint64_t number;
	bool named = key_read(arena, record->key, &backend, &device, &number);
	if (named && number >= postbox->next_number)
		postbox->next_number = number + 1;
	if (!named || !is_letter(record->head)) {
		log_error("mailbox", "%.*s on disk is no command: it is left there",
		        SLICE_ARG(record->key));
		return true;
	}
	struct office *office = office_of(postbox, backend);
	struct box *box = office ? box_of(office, device) : NULL;
	struct mail *mail = box ? mail_create(office, record) : NULL;
	if (!mail)
		return false;
	mail->state = MAIL_WAITING;
	mail->expires_ms = loop_now_ms(postbox->core->loop) + left_ms(record);
	mail_into_box(mail, box);
	box_rest(box);
	return true;
}

struct reading {
	struct postbox *postbox;
	bool out_of_memory;
};

static bool each_record(void *arg, const struct store_record *record)
{
	struct reading *reading = arg;
	struct arena arena;
	arena_init(&arena, KEY_MAX_BYTES);
	reading->out_of_memory = !take_back(reading->postbox, &arena, record);
	arena_finish(&arena);
	return !reading->out_of_memory;
}

bool postbox_open(struct postbox *postbox, struct error *error)
{
	struct reading reading = { .postbox = postbox };
	if (!store_each(
	            adapter_store(&postbox->adapter), STORE_MAILBOX, each_record, &reading, error))
		return false;
	if (reading.out_of_memory)
		return error_set(error, "no memory for the commands that wait on disk");
	return true;
}
