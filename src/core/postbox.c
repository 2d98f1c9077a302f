/* The boxes: what waits for whom, on disk and in memory.
 *
 * A command goes through four states: STORING until its record is on disk, when its caller is answered; WAITING;
 * SENDING, which one of each box is at a time; REMOVING until the store has forgotten it. The next one of a box is sent
 * only when the removal of the one before it is on disk: so a restart repeats the last command that was delivered at
 * worst, and never puts an older one behind a newer one.
 *
 * Nothing is delivered from inside a call: box_call() puts a box on the list of those whose turn it is, and one task
 * works that off. Expiry counts on the monotonic clock, so that a wall clock that is set (a box without a battery
 * starts in 1970) makes nothing expire; after a restart the wall clock has to do. */
#include "core/postbox.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "base/uri.h"

#include "core/letter.h"
#include "core/postbox_box.h"

enum {
	PAUSE_FIRST_MS = 5000,
	STORE_PAUSE_MS = 1000,
};

static uint64_t now_ms(const struct postbox *postbox)
{
	return loop_now_ms(postbox->core->loop);
}

static struct store *store_of(const struct postbox *postbox)
{
	return adapter_store(&postbox->adapter);
}

/* ---- Offices and boxes. */

static struct office *office_find(const struct postbox *postbox, slice backend)
{
	LIST_EACH (&postbox->offices, at, following) {
		struct office *office = LIST_OWNER(at, struct office, link);
		if (slice_is(backend, office->backend))
			return office;
	}
	return NULL;
}

struct office *office_of(struct postbox *postbox, slice backend)
{
	struct office *office = office_find(postbox, backend);
	if (office)
		return office;
	office = calloc(1, sizeof *office);
	if (office)
		office->backend = strndup(backend.p, backend.n);
	if (!office || !office->backend) {
		free(office);
		return NULL;
	}
	office->postbox = postbox;
	list_append(&postbox->offices, &office->link);
	return office;
}

static struct box *box_find(const struct office *office, slice device)
{
	struct box *box;
	HASH_FIND(hh, office->boxes, device.p, device.n, box);
	return box;
}

static void timer_fired(struct timer *timer)
{
	box_call(LIST_OWNER(timer, struct box, timer), false);
}

struct box *box_of(struct office *office, slice device)
{
	struct box *box = box_find(office, device);
	if (box)
		return box;
	struct postbox *postbox = office->postbox;
	box = calloc(1, sizeof *box + device.n);
	if (!box)
		return NULL;
	char *name = (char *)(box + 1);
	memcpy(name, device.p, device.n);
	box->device = (slice){ name, device.n };
	HASH_ADD_KEYPTR(hh, office->boxes, box->device.p, box->device.n, box);
	if (box_find(office, device) != box) {
		free(box);
		return NULL;
	}
	box->office = office;
	box->pause_ms = PAUSE_FIRST_MS;
	box->next_ms = now_ms(postbox) + PAUSE_FIRST_MS;
	list_init(&box->mails);
	list_init(&box->due);
	timer_init(&box->timer, postbox->core->loop, timer_fired);
	postbox->nboxes++;
	return box;
}

static void box_free(struct box *box)
{
	HASH_DEL(box->office->boxes, box);
	box->office->postbox->nboxes--;
	list_remove(&box->due);
	timer_stop(&box->timer);
	free(box);
}

void box_call(struct box *box, bool knocked)
{
	struct postbox *postbox = box->office->postbox;
	if (knocked)
		box->knocked = true;
	if (list_empty(&box->due))
		list_append(&postbox->due, &box->due);
	loop_defer(postbox->core->loop, &postbox->task);
}

void box_rest(struct box *box)
{
	if (box->busy)
		return;
	if (list_empty(&box->mails)) {
		box_free(box);
		return;
	}
	uint64_t at_ms = box->next_ms;
	LIST_EACH (&box->mails, at, following) {
		const struct mail *mail = LIST_OWNER(at, struct mail, link);
		if (mail->state == MAIL_WAITING && mail->expires_ms < at_ms)
			at_ms = mail->expires_ms;
	}
	timer_set(&box->timer, at_ms);
}

static void log_end(const struct mail *mail, const char *why)
{
	log_warning("mailbox", "a command is gone undelivered: key=%.*s why=\"%s\"",
	        SLICE_ARG(mail->key), why);
}

static void drop_expired(struct box *box)
{
	uint64_t now = now_ms(box->office->postbox);
	LIST_EACH (&box->mails, at, following) {
		struct mail *mail = LIST_OWNER(at, struct mail, link);
		if (mail->state == MAIL_WAITING && mail->expires_ms <= now) {
			log_end(mail, "the device did not return in time");
			mail_remove(mail, OFFICE_EXPIRED);
		}
	}
}

static void box_turn(struct box *box)
{
	if (!box->busy)
		drop_expired(box);
	if (box->busy || list_empty(&box->mails)) {
		box_rest(box);
		return;
	}
	const struct mail *first = LIST_OWNER(box->mails.next, struct mail, link);
	if (first->state == MAIL_STORING)
		return; /* its receipt calls again */
	if (!box->knocked && now_ms(box->office->postbox) < box->next_ms) {
		box_rest(box);
		return;
	}
	box->knocked = false;
	postbox_send(box);
}

static void work(struct task *task)
{
	struct postbox *postbox = LIST_OWNER(task, struct postbox, task);
	LIST_EACH (&postbox->due, at, following) {
		list_remove(at);
		box_turn(LIST_OWNER(at, struct box, due));
	}
}

/* ---- Mails. */

static void receipt_done(struct store_receipt *);

struct mail *mail_create(struct office *office, const struct store_record *record)
{
	size_t n = sizeof(struct mail) + record->key.n + record->head.n + record->media.n +
	           record->body.n;
	struct mail *mail = malloc(n);
	if (!mail)
		return NULL;
	char *at = (char *)(mail + 1);
	*mail = (struct mail){ .office = office, .bytes = n };
	mail->key = slice_put(&at, record->key);
	mail->head = slice_put(&at, record->head);
	mail->media = slice_put(&at, record->media);
	mail->body = slice_put(&at, record->body);
	mail->receipt.done = receipt_done;
	list_init(&mail->receipt.link);
	list_init(&mail->link);
	office->bytes += n;
	return mail;
}

static void mail_free(struct mail *mail)
{
	list_remove(&mail->link);
	mail->office->bytes -= mail->bytes;
	free(mail);
}

void mail_into_box(struct mail *mail, struct box *box)
{
	mail->box = box;
	list_append(&box->mails, &mail->link);
	box->nmails++;
	box->office->nmails++;
}

static void out_of_box(struct mail *mail)
{
	list_remove(&mail->link);
	mail->box->nmails--;
	mail->office->nmails--;
}

/* The store has forgotten it, or could not: then it is left to try again by itself. */
static void removed(struct mail *mail)
{
	struct box *box = mail->box;
	if (mail->receipt.status != STATUS_OK) {
		(void)store_remove(store_of(mail->office->postbox), STORE_MAILBOX, mail->key, NULL);
		log_error("mailbox",
		        "%.*s is done with and could not be removed from the disk: it "
		        "may come again after a restart",
		        SLICE_ARG(mail->key));
	}
	mail_free(mail);
	if (!box)
		return;
	box->busy = false;
	box->pause_ms = PAUSE_FIRST_MS;
	box_call(box, true);
}

static void tell_store(struct mail *mail)
{
	struct postbox *postbox = mail->office->postbox;
	struct store *store = store_of(postbox);
	mail->written = store && store_remove(store, STORE_MAILBOX, mail->key, &mail->receipt);
	if (!mail->written)
		timer_set(&postbox->again, now_ms(postbox) + STORE_PAUSE_MS);
}

static void tell_store_again(struct timer *timer)
{
	struct postbox *postbox = LIST_OWNER(timer, struct postbox, again);
	LIST_EACH (&postbox->removing, at, following) {
		struct mail *mail = LIST_OWNER(at, struct mail, link);
		if (!mail->written)
			tell_store(mail);
	}
}

void mail_remove(struct mail *mail, enum office_counter counter)
{
	mail->office->counters[counter]++;
	out_of_box(mail);
	if (mail->state != MAIL_SENDING)
		mail->box = NULL;
	mail->state = MAIL_REMOVING;
	list_append(&mail->office->postbox->removing, &mail->link);
	tell_store(mail);
}

static void refuse_unstored(struct request *request, enum status status)
{
	request_refuse(request, status, "the command cannot wait for %.*s: %s",
	        SLICE_ARG(request->device),
	        status == STATUS_STORE_FULL ? "the disk is full" : "the disk cannot be written");
}

static void stored(struct mail *mail)
{
	struct box *box = mail->box;
	struct request *taker = mail->taker;
	mail->taker = NULL;
	if (mail->receipt.status == STATUS_OK) {
		mail->state = MAIL_WAITING;
		mail->office->counters[OFFICE_TAKEN]++;
		taker->status = STATUS_ACCEPTED;
		taker->why = (slice){ NULL, 0 };
	} else {
		refuse_unstored(taker, mail->receipt.status);
		out_of_box(mail);
		mail_free(mail);
	}
	pipeline_resume(taker, NEXT);
	box_call(box, false);
}

static void receipt_done(struct store_receipt *receipt)
{
	struct mail *mail = LIST_OWNER(receipt, struct mail, receipt);
	switch (mail->state) {
	case MAIL_STORING:
		stored(mail);
		break;
	case MAIL_REMOVING:
		removed(mail);
		break;
	case MAIL_WAITING:
	case MAIL_SENDING:
		break;
	}
}

/* ---- Taking. */

/* Whom it waits for: a backend that has one device only has no name for it. */
static slice device_of(const struct request *request)
{
	return request->device.n ? request->device
	                         : slice_of(endpoint_setup(request->endpoint)->to->name);
}

static bool has_effect(enum method method)
{
	return method == METHOD_POST || method == METHOD_PUT || method == METHOD_PATCH ||
	       method == METHOD_DELETE;
}

bool postbox_sent(const struct postbox *postbox, const struct request *request)
{
	return request->adapter == &postbox->adapter;
}

bool postbox_takes(struct postbox *postbox, const struct request *request)
{
	return endpoint_setup(request->endpoint)->to->mailbox.messages &&
	       has_effect(request->in.method) && has_effect(request->call.method) &&
	       !postbox_sent(postbox, request) && store_of(postbox);
}

bool postbox_has_line(const struct postbox *postbox, const struct request *request)
{
	if (!postbox->nboxes)
		return false;
	const struct office *office =
	        office_find(postbox, slice_of(endpoint_setup(request->endpoint)->to->name));
	return office && box_find(office, device_of(request));
}

static slice key_of(struct arena *arena, slice backend, slice device, uint64_t number)
{
	struct text key;
	text_init(&key, arena, backend.n + device.n + 32);
	uri_segment_add(&key, backend);
	uri_segment_add(&key, device);
	text_char(&key, '/');
	text_hex64(&key, number);
	return slice_from(text_slice(&key), 1);
}

static bool has_room(const struct box *box, const struct postbox_limits *limits,
        const struct store_record *record)
{
	size_t more = sizeof(struct mail) + record->key.n + record->head.n + record->media.n +
	              record->body.n;
	size_t held = box->office->bytes;
	return box->nmails < limits->messages && held <= limits->memory_bytes &&
	       more <= limits->memory_bytes - held;
}

static bool refuse_full(struct request *request, struct box *box)
{
	box->office->counters[OFFICE_FULL]++;
	request_refuse(request, STATUS_STORE_FULL,
	        "%.*s is not there, and %u commands wait for it: no room for more",
	        SLICE_ARG(box->device), box->nmails);
	return false;
}

static bool put(struct box *box, struct request *request, const struct store_record *record)
{
	struct postbox *postbox = box->office->postbox;
	const struct postbox_limits *limits = &endpoint_setup(request->endpoint)->to->mailbox;
	if (!has_room(box, limits, record))
		return refuse_full(request, box);
	struct mail *mail = mail_create(box->office, record);
	if (!mail) {
		request_refuse(request, STATUS_UNAVAILABLE, "no memory left in the gateway");
		return false;
	}
	if (!store_put(store_of(postbox), STORE_MAILBOX, record, &mail->receipt)) {
		request_refuse(
		        request, STATUS_UNAVAILABLE, "too much is waiting to be written to disk");
		mail_free(mail);
		return false;
	}
	mail->expires_ms = now_ms(postbox) + limits->expire_ms;
	mail->state = MAIL_STORING;
	mail->taker = request;
	mail_into_box(mail, box);
	return true;
}

bool postbox_put(struct postbox *postbox, struct request *request)
{
	const struct backend_setup *to = endpoint_setup(request->endpoint)->to;
	struct arena *arena = &request->arena;
	slice device = device_of(request), backend = slice_of(to->name);
	uint64_t now_ns = clock_wall_ns();
	struct store_record record = {
		.key = key_of(arena, backend, device, postbox->next_number),
		.owner = device,
		.time_ns = now_ns,
		.expires_ns = now_ns + to->mailbox.expire_ms * POSTBOX_NS_PER_MS,
		.media = request->call.media,
		.head = letter_write(arena, request),
		.body = request->call.body,
	};
	struct office *office = office_of(postbox, backend);
	struct box *box = record.key.p && record.head.p && office ? box_of(office, device) : NULL;
	if (!box) {
		request_refuse(request, STATUS_TOO_LARGE, "no memory left for this request");
		return false;
	}
	postbox->next_number++;
	bool waits = put(box, request, &record);
	box_rest(box);
	return waits;
}

/* ---- Coming back. */

void postbox_heard(struct postbox *postbox, slice device)
{
	if (!postbox->nboxes || !device.n)
		return;
	LIST_EACH (&postbox->offices, at, following) {
		struct box *box = box_find(LIST_OWNER(at, struct office, link), device);
		if (box && now_ms(postbox) - box->tried_ms >= PAUSE_FIRST_MS)
			box_call(box, true);
	}
}

/* The device's, or (empty) all. */
static void call_boxes(struct office *office, slice device)
{
	struct box *box = device.n ? box_find(office, device) : NULL, *following;
	if (box)
		box_call(box, true);
	if (device.n)
		return;
	HASH_ITER(hh, office->boxes, box, following)
	{
		box_call(box, true);
	}
}

void command_device_returned(struct adapter *adapter, slice device)
{
	struct core *core = adapter->core;
	if (!core->postbox->nboxes)
		return;
	LIST_EACH (&core->postbox->offices, at, following) {
		struct office *office = LIST_OWNER(at, struct office, link);
		const struct backend_setup *setup =
		        configuration_backend(core->current, slice_of(office->backend));
		if (setup && slice_is(setup->listener, adapter->label))
			call_boxes(office, device);
	}
}

/* ---- As a whole. */

struct postbox *postbox_create(struct core *core)
{
	struct postbox *postbox = calloc(1, sizeof *postbox);
	if (!postbox)
		return NULL;
	postbox->core = core;
	postbox->adapter.ops = &postbox_ops;
	postbox->adapter.label = postbox_ops.name;
	postbox->adapter.core = core;
	postbox->next_number = 1;
	list_init(&postbox->offices);
	list_init(&postbox->removing);
	list_init(&postbox->due);
	task_init(&postbox->task, work);
	timer_init(&postbox->again, core->loop, tell_store_again);
	return postbox;
}

static void free_mails(struct list *mails)
{
	LIST_EACH (mails, at, following)
		mail_free(LIST_OWNER(at, struct mail, link));
}

void postbox_destroy(struct postbox *postbox)
{
	if (!postbox)
		return;
	task_cancel(&postbox->task);
	timer_stop(&postbox->again);
	free_mails(&postbox->removing);
	LIST_EACH (&postbox->offices, at, following) {
		struct office *office = LIST_OWNER(at, struct office, link);
		struct box *box, *next;
		HASH_ITER(hh, office->boxes, box, next)
		{
			free_mails(&box->mails);
			box_free(box);
		}
		free(office->backend);
		free(office);
	}
	free(postbox);
}

void postbox_log_counters(const struct postbox *postbox)
{
	LIST_EACH (&postbox->offices, at, following) {
		const struct office *office = LIST_OWNER(at, struct office, link);
		const uint64_t *counters = office->counters;
		log_info("counters",
		        "mailbox=%s waiting=%u bytes=%zu taken=%" PRIu64 " delivered=%" PRIu64
		        " refused=%" PRIu64 " expired=%" PRIu64 " dropped=%" PRIu64
		        " full=%" PRIu64,
		        office->backend, office->nmails, office->bytes, counters[OFFICE_TAKEN],
		        counters[OFFICE_DELIVERED], counters[OFFICE_REFUSED],
		        counters[OFFICE_EXPIRED], counters[OFFICE_DROPPED], counters[OFFICE_FULL]);
	}
}
