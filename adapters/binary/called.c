/* Which session a command is for.
 *
 * A session takes commands for the identity that it has proved, by its login, its certificate, its pre-shared key, its
 * line or its address, and for no other: what it says in its frames is not looked at. It is found out once the session
 * opens (or logs in): the credentials take the way of a session that opens (METHOD_CONNECT) through the core.
 *
 * Whoever was known may be somebody else when clients change, or nobody when its token ends. That is looked at when the
 * next command comes for it, which waits meanwhile: nothing has to be asked for the thousands that nobody calls. */
#include "adapters/binary/call.h"

#include "api/identity.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/table.h"

#include <stdlib.h>

static const slice cannot_know = SLICE_INIT("whether the device is there cannot be found out now");

struct binary_called {
	UT_hash_handle hh;
	struct list sessions; /* the one that came last is last */
	size_t n;
	char identity[]; /* n bytes, of any kind: an issuer's word */
};

static slice identity_of(const struct binary_called *called)
{
	return (slice){ called->identity, called->n };
}

slice called_identity(const struct calls *calls)
{
	return calls->called ? identity_of(calls->called) : (slice){ NULL, 0 };
}

static struct binary_called *find(const struct binary_listener *listener, slice identity)
{
	struct binary_called *called = NULL;
	HASH_FIND(hh, listener->called, identity.p, identity.n, called);
	return called;
}

struct calls *called_find(struct binary_listener *listener, slice device)
{
	struct binary_called *called = device.n ? find(listener, device) : NULL;
	if (!called)
		return NULL;
	return LIST_OWNER(called->sessions.previous, struct calls, namesakes);
}

static struct binary_called *add(struct binary_listener *listener, slice identity)
{
	struct binary_called *called = calloc(1, sizeof *called + identity.n);
	if (!called)
		return NULL;
	called->n = identity.n;
	memcpy(called->identity, identity.p, identity.n);
	list_init(&called->sessions);
	HASH_ADD_KEYPTR(hh, listener->called, called->identity, (unsigned)identity.n, called);
	if (find(listener, identity) == called)
		return called;
	free(called);
	return NULL;
}

void called_forget(struct calls *calls)
{
	struct binary_listener *listener = calls->session->listener;
	struct binary_called *called = calls->called;
	if (!called)
		return;
	list_remove(&calls->namesakes);
	calls->called = NULL;
	if (!list_empty(&called->sessions))
		return;
	HASH_DEL(listener->called, called);
	free(called);
}

/* false: out of memory. */
static bool join(struct calls *calls, slice identity)
{
	struct binary_listener *listener = calls->session->listener;
	struct binary_called *called = find(listener, identity);
	if (!called)
		called = add(listener, identity);
	if (!called)
		return false;
	calls->called = called;
	list_append(&called->sessions, &calls->namesakes);
	return true;
}

static bool has_ended(const struct calls *calls)
{
	return calls->valid_until_ms && calls->valid_until_ms <= clock_wall_ns() / 1000000;
}

bool called_certain(const struct calls *calls)
{
	return calls->called && !calls->doubted && !calls->asking && !has_ended(calls);
}

void called_ask(struct calls *calls)
{
	if (calls->asking || called_certain(calls))
		return;
	calls->asking = delivery_ask_who(calls->session);
	calls->doubted = !calls->asking;
	if (calls->doubted)
		calls_refuse_waiting(calls, STATUS_UNAVAILABLE, false, cannot_know);
}

/* Whoever was there is not any more. */
static void leave(struct calls *calls)
{
	called_forget(calls);
	calls_refuse_waiting(calls, STATUS_UNAVAILABLE, true, SLICE("the device is not connected"));
}

static void nobody(struct calls *calls, enum status status)
{
	const struct session *session = calls->session;
	if (adapter_may_log(&session->listener->base))
		log_info("binary",
		        "nobody known is there: it takes no commands listener=%s peer=%s "
		        "why=\"%s\"",
		        session->listener->base.label, session->peer,
		        status_is_success(status) ? "nothing shows who that is"
		                                  : status_name(status));
	leave(calls);
}

void called_known(struct calls *calls, const struct request *request)
{
	const struct binary_listener *listener = calls->session->listener;
	slice who = request->who ? request->who->id : (slice){ NULL, 0 };
	calls->asking = false;
	if (!calls->session->wire || calls->session->ending || listener->stopping)
		return;
	if (!polls_begin(calls))
		session_end(calls->session);
	if (status_is_passing(request->status)) {
		calls->doubted = true;
		calls_refuse_waiting(calls, STATUS_UNAVAILABLE, false, cannot_know);
		return;
	}
	if (!status_is_success(request->status) || !who.n) {
		nobody(calls, request->status);
		return;
	}
	bool same = slice_equal(who, called_identity(calls));
	if (calls->called && !same)
		leave(calls);
	if (!same && !join(calls, who)) {
		calls_refuse_waiting(calls, STATUS_UNAVAILABLE, false, cannot_know);
		return;
	}
	calls->valid_until_ms = request->who->valid_until_ms;
	calls_go_on(calls);
	if (!same)
		command_device_returned(&calls->session->listener->base, who);
}

void called_review(struct adapter *adapter, slice client)
{
	struct binary_listener *listener = (struct binary_listener *)adapter;
	struct binary_called *called, *following;
	HASH_ITER(hh, listener->called, called, following)
	{
		if (client.p && !slice_equal(client, identity_of(called)))
			continue;
		LIST_EACH (&called->sessions, at, next)
			LIST_OWNER(at, struct calls, namesakes)->doubted = true;
	}
	/* Somebody may have become a client. */
	LIST_EACH (&listener->sessions, at, next) {
		const struct session *session = LIST_OWNER(at, struct session, link);
		bool awaits_login = frame_schema_has_login(listener->schema) && !session->device;
		if (session->calls && !session->calls->called && !awaits_login)
			called_ask(session->calls);
	}
}
