/* Events on their way to the audit log: what the pipeline refuses and whom it recognises, and what happens to the gateway
 * itself. Others note theirs where they happen. */
#include "api/audit.h"

#include <stdio.h>
#include <unistd.h>

#include "core/internal.h"

void core_use_audit(struct core *core, struct audit_sink *sink)
{
	core->audit = sink;
	if (sink && core->current)
		sink->set(sink, &core->current->audit);
}

void audit_note(struct core *core, const struct audit_event *event)
{
	if (core->audit)
		core->audit->note(core->audit, event);
}

/* Who was recognised; or whom a caller claims to be, if that is anybody: what else stands where names stand may be a
 * password or a token that went astray. */
static slice who_of(const struct request *request)
{
	if (request->who && request->who->id.n)
		return request->who->id;
	for (const struct credential *at = request->credentials; at; at = at->next) {
		bool claims = at->kind != CREDENTIAL_ADDRESS && at->name.n;
		if (claims && request->configuration &&
		        directory_knows(request->configuration->directory, at->name))
			return at->name;
	}
	return (slice){ NULL, 0 };
}

void audit_request(
        const struct request *request, enum audit_kind kind, const char *action, slice object)
{
	const struct audit_event event = { .kind = kind,
		.action = action,
		.who = who_of(request),
		.object = object,
		.peer = request->peer,
		.protocol = request->protocol,
		.listener = request->adapter->label,
		.request = request->id,
		.status = request->status,
		.detail = request->why };
	audit_note(request->adapter->core, &event);
}

/* Somebody was recognised; `detail` is the way that believed them. */
static void note_login(struct core *core, const struct request *request)
{
	bool session = request->in.method == METHOD_CONNECT && status_is_success(request->status);
	const struct audit_event event = { .kind = session ? AUDIT_LOGIN : AUDIT_SEEN,
		.action = session ? "session.open" : "client.seen",
		.who = request->who->id,
		.object = request->who->key,
		.peer = request->peer,
		.protocol = request->protocol,
		.listener = request->adapter->label,
		.request = request->id,
		.detail = slice_of(request->recognised_by->label) };
	audit_note(core, &event);
}

void audit_answer(struct core *core, const struct request *request)
{
	/* What comes out of a mailbox was let in before. A backend's own refusal is the backend's to audit. */
	if (!core->audit || request->skipped || request->may_be_refused)
		return;
	bool refused =
	        request->status == STATUS_UNAUTHENTICATED || request->status == STATUS_FORBIDDEN;
	if (refused && !request->backend)
		audit_request(request, AUDIT_REFUSAL, "refused", request->in.path);
	else if (request->who && request->who->id.n && request->recognised_by)
		note_login(core, request);
}

void audit_gateway(struct core *core, const char *action, enum status status, slice detail)
{
	const struct audit_event event = { .kind = AUDIT_ADMIN,
		.action = action,
		.object = slice_of(core->path),
		.status = status,
		.detail = detail };
	audit_note(core, &event);
}

void audit_start(struct core *core)
{
	char text[256];
	const struct configuration *configuration = core->current;
	int n = snprintf(text, sizeof text, "%.*s, version %s, pid %ld, sha256 %s",
	        SLICE_ARG(configuration->gateway_name), FAIRLEAD_VERSION, (long)getpid(),
	        configuration->digest);
	audit_gateway(core, "gateway.start", STATUS_OK,
	        (slice){ text, n < (int)sizeof text ? (size_t)n : sizeof text - 1 });
}

void audit_reload(struct core *core, const struct mistakes *mistakes, bool taken)
{
	char text[512];
	const char *digest =
	        mistakes->digest[0] ? mistakes->digest : "of a file that cannot be read";
	int n = snprintf(text, sizeof text, "sha256 %s", digest);
	if (!taken && mistakes->count)
		n = snprintf(text, sizeof text, "sha256 %s, %u mistakes; line %u: %.*s", digest,
		        mistakes->count, mistakes->at[0].line, SLICE_ARG(mistakes->at[0].text));
	audit_gateway(core, taken ? "configuration.reload" : "configuration.refused",
	        taken ? STATUS_OK : STATUS_INVALID,
	        (slice){ text, n < (int)sizeof text ? (size_t)n : sizeof text - 1 });
}
