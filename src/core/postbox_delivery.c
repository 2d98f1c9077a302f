/* The delivery: the mailbox as an adapter. Its requests were let in and translated when they came; they enter the
 * pipeline at keep, by the endpoint of the same name in the configuration that is in force by now. One whose endpoint is
 * gone or leads elsewhere, whose mailbox is no more, or whose caller is a client no more, is dropped: whoever changed
 * the configuration wanted that.
 *
 * AT LEAST ONCE: a command goes from the store when the device has acknowledged it. What was sent and not acknowledged
 * is sent again; the "idempotency-key" that goes with it is the same each time. */
#include <inttypes.h>

#include "api/identity.h"
#include "base/log.h"

#include "core/letter.h"
#include "core/postbox_box.h"

enum { PAUSE_FIRST_MS = 5000, PAUSE_LONGEST_MS = 300000 };

enum fate { FATE_DELIVERED, FATE_REFUSED, FATE_AGAIN };

/* A refusal by the device is final; what lies between us and it is not. A device that has the command and answers
 * nonsense or nothing would answer the same next time. */
static enum fate fate_of(const struct request *request)
{
	switch (request->status) {
	case STATUS_OK:
	case STATUS_CREATED:
	case STATUS_CHANGED:
	case STATUS_DELETED:
	case STATUS_ACCEPTED:
	case STATUS_NOT_MODIFIED:
		return FATE_DELIVERED;
	case STATUS_MALFORMED:
	case STATUS_UNAUTHENTICATED:
	case STATUS_FORBIDDEN:
	case STATUS_NOT_FOUND:
	case STATUS_METHOD_NOT_ALLOWED:
	case STATUS_NOT_ACCEPTABLE:
	case STATUS_CONFLICT:
	case STATUS_UNSUPPORTED_MEDIA:
	case STATUS_INVALID:
		return FATE_REFUSED;
	case STATUS_TOO_LARGE: /* or the gateway was short of memory */
		return request->sent ? FATE_REFUSED : FATE_AGAIN;
	case STATUS_TIMEOUT:
	case STATUS_BAD_BACKEND:
		return request->acknowledged ? FATE_DELIVERED : FATE_AGAIN;
	case STATUS_NONE:
	case STATUS_TOO_MANY:
	case STATUS_INTERNAL:
	case STATUS_UNAVAILABLE:
	case STATUS_STORE_FULL:
	case STATUS_CANCELLED:
	case STATUS_COUNT:
		break;
	}
	return FATE_AGAIN;
}

static uint64_t now_ms(const struct box *box)
{
	return loop_now_ms(box->office->postbox->core->loop);
}

/* Later, and later each time. */
static void put_off(struct box *box, uint64_t at_least_ms)
{
	uint64_t pause_ms = box->pause_ms > at_least_ms ? box->pause_ms : at_least_ms;
	box->next_ms = now_ms(box) + pause_ms;
	box->pause_ms = box->pause_ms < PAUSE_LONGEST_MS / 2 ? box->pause_ms * 2 : PAUSE_LONGEST_MS;
	box->busy = false;
	box_call(box, false);
}

static void reply(struct adapter *adapter, struct request *request)
{
	(void)adapter;
	struct mail *mail = request->ticket;
	struct box *box = mail->box;
	switch (fate_of(request)) {
	case FATE_DELIVERED:
		log_info("mailbox", "delivered key=%.*s status=%s", SLICE_ARG(mail->key),
		        status_name(request->status));
		mail_remove(mail, OFFICE_DELIVERED);
		break;
	case FATE_REFUSED:
		log_warning("mailbox", "refused by the device key=%.*s status=%s",
		        SLICE_ARG(mail->key), status_name(request->status));
		mail_remove(mail, OFFICE_REFUSED);
		break;
	case FATE_AGAIN:
		mail->state = MAIL_WAITING;
		put_off(box, request->retry_after_ms);
		break;
	}
	request_free(request);
}

/* NULL: it can be delivered. */
static const char *address(
        struct request *request, const struct mail *mail, const struct letter *letter)
{
	const struct configuration *configuration = mail->office->postbox->core->current;
	const struct endpoint_setup *setup =
	        configuration_endpoint(configuration, letter->endpoint);
	if (!setup)
		return "its endpoint is there no more";
	if (!setup->to || strcmp(setup->to->name, mail->office->backend) != 0)
		return "its endpoint leads elsewhere by now";
	if (!setup->to->mailbox.messages)
		return "its backend has no mailbox any more"; /* newer ones go past it */
	request->endpoint = &setup->endpoint;
	const struct grant grant = { .client = letter->client, .unlisted = letter->unlisted };
	const char *why;
	request->who = letter->client.n
	                       ? grant_identity(configuration, &grant, &request->arena, &why)
	                       : identity_anonymous();
	return request->who ? NULL : "who sent it is a client no more";
}

static void fill(struct request *request, const struct mail *mail, const struct letter *letter)
{
	request->ticket = (void *)(uintptr_t)mail;
	request->call = letter->call;
	request->call.media = mail->media;
	request->call.body = mail->body;
	request->in = request->call;
	request->in.path = request->resource = letter->resource;
	request->nvariables = letter->nvariables;
	memcpy(request->variables, letter->variables, sizeof letter->variables);
	if (request->endpoint->device.n)
		request->device = mail->box->device;
}

void postbox_send(struct box *box)
{
	struct mail *mail = LIST_OWNER(box->mails.next, struct mail, link);
	struct request *request = request_new(&box->office->postbox->adapter);
	struct letter letter;
	if (!request || !letter_read(&request->arena, mail->head, &letter)) {
		/* No memory: what is no letter was not taken. */
		request_free(request);
		put_off(box, 0);
		return;
	}
	const char *why = address(request, mail, &letter);
	if (why) {
		log_warning("mailbox", "dropped key=%.*s id=%.*s why=\"%s\"", SLICE_ARG(mail->key),
		        SLICE_ARG(letter.id), why);
		request_free(request);
		mail_remove(mail, OFFICE_DROPPED);
		box_call(box, true);
		return;
	}
	fill(request, mail, &letter);
	mail->state = MAIL_SENDING;
	box->busy = true;
	box->tried_ms = now_ms(box);
	timer_stop(&box->timer);
	log_debug(
	        "mailbox", "sending key=%.*s id=%.*s", SLICE_ARG(mail->key), SLICE_ARG(letter.id));
	request_submit_again(request);
}

const struct adapter_ops postbox_ops = { .name = "mailbox", .reply = reply };
