/* Events on their way to the audit log. */
#include "api/audit.h"

#include "core/internal.h"

void core_use_audit(struct core *core, struct audit_sink *sink)
{
	core->audit = sink;
}

void audit_note(struct core *core, const struct audit_event *event)
{
	if (core->audit)
		core->audit->note(core->audit, event);
}

void audit_request(
        const struct request *request, enum audit_kind kind, const char *action, slice object)
{
	const struct audit_event event = { .kind = kind,
		.action = action,
		.who = request->who ? request->who->id : (slice){ NULL, 0 },
		.object = object,
		.peer = request->peer,
		.protocol = request->protocol,
		.listener = request->adapter->label,
		.request = request->id,
		.status = request->status,
		.detail = request->why };
	audit_note(request->adapter->core, &event);
}
