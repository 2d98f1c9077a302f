/* Steps on clients. */
#include "core/internal.h"

#include <stdlib.h>

#include "base/utf8.h"

enum { NAME_MAX_BYTES = 256, ROLES_MAX = 256, RULE_MAX_BYTES = 1024, SHOWN_MAX_BYTES = 64 };

/* What stands for itself in a path, a topic, a header and a log line: the unreserved characters of RFC 3986, and what
 * mail addresses and hardware addresses have. */
static bool id_char(char c)
{
	return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') ||
	       (c && strchr("-._~@:", c));
}

bool registry_id_valid(slice id)
{
	if (!id.n || id.n > CLIENT_ID_MAX_BYTES || slice_is(id, ".") || slice_is(id, ".."))
		return false;
	for (size_t i = 0; i < id.n; i++) {
		if (!id_char(id.p[i]))
			return false;
	}
	return true;
}

struct client *registry_duplicate(const struct client *from)
{
	unsigned ntexts = from->nroles + from->nallow + from->ndeny + from->nacts_for;
	struct client *client = malloc(
	        sizeof *from + from->id.n + from->plan.n + slice_room(from->roles, from->nroles) +
	        slice_room(from->allow, from->nallow) + slice_room(from->deny, from->ndeny) +
	        slice_room(from->acts_for, from->nacts_for));
	if (!client)
		return NULL;
	slice *texts = (slice *)(void *)(client + 1);
	char *at = (char *)(texts + ntexts);
	*client = *from;
	client->roles = slice_put_all(&texts, &at, from->roles, from->nroles);
	client->allow = slice_put_all(&texts, &at, from->allow, from->nallow);
	client->deny = slice_put_all(&texts, &at, from->deny, from->ndeny);
	client->acts_for = slice_put_all(&texts, &at, from->acts_for, from->nacts_for);
	client->id = slice_put(&at, from->id);
	client->plan = slice_put(&at, from->plan);
	return client;
}

/* ---- Would it be taken? */

static int shown(slice text)
{
	return text.n > SHOWN_MAX_BYTES ? SHOWN_MAX_BYTES : (int)text.n;
}

static bool short_enough(const slice *texts, unsigned n, struct clients_outcome *outcome)
{
	for (unsigned i = 0; i < n; i++) {
		if (texts[i].n > RULE_MAX_BYTES || !utf8_valid(texts[i]))
			return registry_refuse(outcome, STATUS_INVALID,
			        "a rule or a name is UTF-8, %d bytes at most", RULE_MAX_BYTES);
	}
	return true;
}

static bool check_content(
        const struct core *core, const struct client *client, struct clients_outcome *outcome)
{
	if (!registry_id_valid(client->id))
		return registry_refuse(outcome, STATUS_INVALID,
		        "an id has 1 to %d of the characters A-Z a-z 0-9 - . _ ~ @ :",
		        CLIENT_ID_MAX_BYTES);
	if (client->plan.n > NAME_MAX_BYTES || !utf8_valid(client->plan))
		return registry_refuse(outcome, STATUS_INVALID,
		        "a plan's name is UTF-8, %d bytes at most", NAME_MAX_BYTES);
	if (client->nroles > ROLES_MAX)
		return registry_refuse(
		        outcome, STATUS_INVALID, "a client has %d roles at most", ROLES_MAX);
	for (unsigned i = 0; i < client->nroles; i++) {
		slice role = client->roles[i];
		if (!configuration_role(core->current, role))
			return registry_refuse(outcome, STATUS_INVALID,
			        "there is no role %.*s under roles: of the configuration",
			        shown(role), role.p ? role.p : "");
	}
	slice which;
	const char *why;
	if (!client_rules_valid(client, &which, &why))
		return registry_refuse(outcome, STATUS_INVALID, "%.*s: %s", shown(which),
		        which.p ? which.p : "", why);
	return short_enough(client->allow, client->nallow, outcome) &&
	       short_enough(client->deny, client->ndeny, outcome) &&
	       short_enough(client->acts_for, client->nacts_for, outcome);
}

bool clients_check(const struct core *core, const struct client *client, enum clients_put how,
        struct clients_outcome *outcome)
{
	bool of_file;
	if (!check_content(core, client, outcome))
		return false;
	const struct client *there = clients_find(core, client->id, &of_file);
	if (there && of_file)
		return registry_refuse(outcome, STATUS_CONFLICT,
		        "%.*s is in the configuration file, and is changed there",
		        SLICE_ARG(client->id));
	if (there && how == CLIENTS_ADD)
		return registry_refuse(outcome, STATUS_CONFLICT, "there is a client %.*s already",
		        SLICE_ARG(client->id));
	if (!there && how == CLIENTS_REPLACE)
		return registry_refuse(outcome, STATUS_NOT_FOUND, "there is no client %.*s",
		        SLICE_ARG(client->id));
	return true;
}

/* ---- Steps */

/* The client of this id, that may be changed. NULL: refused. */
static const struct client *changeable(struct clients_change *change, slice id)
{
	struct core *core = change->core;
	bool of_file;
	const struct client *there = clients_find(core, id, &of_file);
	/* One that the file has taken the place of is still here, and can be removed. */
	const struct client *ours = roster_find(core->registry.roster, id);
	if (there && of_file && !ours)
		(void)registry_refuse(&change->outcome, STATUS_CONFLICT,
		        "%.*s is in the configuration file, and is changed there", SLICE_ARG(id));
	else if (!ours)
		(void)registry_refuse(
		        &change->outcome, STATUS_NOT_FOUND, "there is no such client");
	return ours;
}

/* What the client is from now on; `next` without a change's time. */
static bool put(
        struct clients_change *change, const struct client *next, const char *action, bool stays)
{
	struct registry *registry = &change->core->registry;
	const struct client *there = roster_find(registry->roster, next->id);
	struct registry_step *step =
	        registry_step(change, STORE_CLIENTS, next->id, next->id, action);
	if (!step)
		return false;
	struct client now = *next;
	now.changed_ns = registry_now_ns(registry);
	step->stays = stays;
	step->touches = true;
	step->changed_ns = now.changed_ns;
	step->old_client = there ? registry_duplicate(there) : NULL;
	if ((!there || step->old_client) && roster_put(registry->roster, &now))
		return true;
	registry_step_free(step);
	return registry_refuse(&change->outcome, STATUS_INTERNAL, "out of memory");
}

/* Keys that were made for a client of this id when the file had it are not the new one's. */
static bool drop_leftovers(struct clients_change *change, slice id)
{
	const struct roster *roster = change->core->registry.roster;
	const struct client_key *key;
	while ((key = roster_key_any_of(roster, id, NULL)) != NULL) {
		if (!registry_drop_key(change, key, "key.revoke"))
			return false;
	}
	return true;
}

bool clients_put(struct clients_change *change, const struct client *client, enum clients_put how)
{
	if (!registry_is_open(change) ||
	        !clients_check(change->core, client, how, &change->outcome))
		return false;
	const struct roster *roster = change->core->registry.roster;
	bool fresh = !roster_find(roster, client->id);
	if (fresh && !clients_room(change->core))
		return registry_refuse(&change->outcome, STATUS_TOO_MANY,
		        "there are as many clients as gateway.limits.clients allows");
	if (fresh && !drop_leftovers(change, client->id))
		return false;
	return put(change, client, fresh ? "client.add" : "client.replace", false);
}

bool clients_set_disabled(struct clients_change *change, slice id, bool disabled)
{
	const struct client *there = registry_is_open(change) ? changeable(change, id) : NULL;
	if (!there)
		return false;
	struct client next = *there;
	next.disabled = disabled;
	/* A copy: putting it frees what the texts point into. */
	struct client *copied = registry_duplicate(&next);
	if (!copied)
		return registry_refuse(&change->outcome, STATUS_INTERNAL, "out of memory");
	bool done = put(change, copied, disabled ? "client.disable" : "client.enable", disabled);
	free(copied);
	return done;
}

bool clients_remove(struct clients_change *change, slice id)
{
	struct registry *registry = &change->core->registry;
	const struct client *there = registry_is_open(change) ? changeable(change, id) : NULL;
	if (!there)
		return false;
	struct registry_step *step = registry_step(change, STORE_CLIENTS, id, id, "client.remove");
	if (!step)
		return false;
	step->stays = true;
	step->touches = true;
	step->old_client = registry_duplicate(there);
	if (!step->old_client) {
		registry_step_free(step);
		return registry_refuse(&change->outcome, STATUS_INTERNAL, "out of memory");
	}
	/* `id` may be the roster's own text. */
	slice name = step->name;
	if (!drop_leftovers(change, name))
		return false;
	(void)roster_remove(registry->roster, name);
	return true;
}
