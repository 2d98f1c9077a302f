/* account: counts every answer by listener and status, and logs every refusal with its request id; who was let in and
 * who was not goes to the audit log. Outermost, so that nothing is refused unseen. */
#include "core/internal.h"

#include "api/audit.h"
#include "base/clock.h"
#include "base/log.h"

/* A listener under attack must not fill the disk with its refusals. */
enum { LOG_LINES_A_SECOND = 50, PATH_SHOWN = 200, WHY_SHOWN = 256 };

static enum verdict enter(struct core *core, struct request *request)
{
	(void)core;
	/* The adapter could make no sense of it: there is nothing to match. */
	return request->status == STATUS_NONE ? NEXT : REPLY;
}

bool adapter_may_log(struct adapter *adapter)
{
	uint64_t now_ms = loop_now_ms(adapter->core->loop);
	if (now_ms - adapter->log_window_ms >= 1000) {
		if (adapter->log_lines > LOG_LINES_A_SECOND)
			log_warning("core", "listener=%s %u more refusals in the last second",
			        adapter->label, adapter->log_lines - LOG_LINES_A_SECOND);
		adapter->log_window_ms = now_ms;
		adapter->log_lines = 0;
	}
	return ++adapter->log_lines <= LOG_LINES_A_SECOND;
}

/* The reason may quote a peer: nothing in it ends the quotation that it stands in. */
static slice unquoted(slice why, char *text, size_t size)
{
	size_t n = why.n < size ? why.n : size;
	for (size_t i = 0; i < n; i++)
		text[i] = (char)(why.p[i] == '"' ? '\'' : why.p[i]);
	return (slice){ text, n };
}

static void log_answer(enum log_level level, const struct request *request)
{
	char id[REQUEST_ID_BYTES], text[WHY_SHOWN];
	request_id_text(request->id, id);
	slice why = unquoted(request->why, text, sizeof text);
	slice client = request->who ? request->who->id : (slice){ NULL, 0 };
	slice endpoint = request->endpoint ? request->endpoint->name : (slice){ NULL, 0 };
	slice behalf = request->on_behalf_of;
	slice path = request->in.path;
	if (path.n > PATH_SHOWN)
		path.n = PATH_SHOWN;
	log_write(level, "request",
	        "%s id=%s listener=%s protocol=%s peer=%.*s client=%.*s%s%.*s method=%s path=%.*s "
	        "endpoint=%.*s backend=%s us=%llu why=\"%.*s\"",
	        status_name(request->status), id, request->adapter->label, request->protocol,
	        SLICE_ARG(request->peer), SLICE_ARG(client), behalf.n ? " on_behalf_of=" : "",
	        SLICE_ARG(behalf), method_name(request->in.method), SLICE_ARG(path),
	        SLICE_ARG(endpoint), request->backend ? request->backend : "",
	        (unsigned long long)(clock_monotonic_us() - request->started_us), SLICE_ARG(why));
}

static void leave(struct core *core, struct request *request)
{
	struct adapter *adapter = request->adapter;
	if (request->status == STATUS_NONE)
		request_refuse(request, STATUS_INTERNAL, "no stage has answered");
	adapter->replies[request->status]++;
	audit_answer(core, request);
	/* A device that is still away is no news each time. */
	bool expected =
	        request->may_be_refused || (request->away && postbox_sent(core->postbox, request));
	if (status_is_success(request->status) || expected) {
		if (log_enabled(LOG_LEVEL_DEBUG))
			log_answer(LOG_LEVEL_DEBUG, request);
	} else if (adapter_may_log(adapter)) {
		log_answer(LOG_LEVEL_WARNING, request);
	}
}

static void note(
        const struct adapter *adapter, const char *action, const char *peer, const char *why)
{
	const struct audit_event event = { .kind = AUDIT_REFUSAL,
		.action = action,
		.peer = slice_of(peer),
		.protocol = adapter->ops->name,
		.listener = adapter->label,
		.status = STATUS_UNAUTHENTICATED,
		.detail = slice_of(why) };
	audit_note(adapter->core, &event);
}

void adapter_disconnected(struct adapter *adapter, const char *peer, const char *why)
{
	note(adapter, "connection.ended", peer, why);
	log_warning("core", "connection ended listener=%s peer=%s why=\"%s\"", adapter->label, peer,
	        why);
}

void adapter_refused(struct adapter *adapter, const char *peer, const char *why)
{
	char text[WHY_SHOWN];
	adapter->counters.at[COUNTER_REFUSED]++;
	note(adapter, "connection.refused", peer, why);
	if (!adapter_may_log(adapter))
		return;
	slice shown = unquoted(slice_of(why), text, sizeof text);
	log_warning("core", "connection refused listener=%s peer=%s why=\"%.*s\"", adapter->label,
	        peer, SLICE_ARG(shown));
}

const struct stage stage_account = { .name = "account", .enter = enter, .leave = leave };
