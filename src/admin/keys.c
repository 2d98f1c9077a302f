/* What is called about keys: tokens, API keys, pre-shared keys, passwords, certificates. */
#include "admin/admin.h"

static bool is_client(struct admin_call *call, slice id)
{
	if (clients_find(call->core, id, NULL))
		return true;
	admin_refuse(call, STATUS_NOT_FOUND, "there is no such client");
	return false;
}

/* ---- Making */

static void make_key(struct admin_call *call, enum key_kind kind)
{
	const struct value *map = admin_body(call);
	struct key_wish wish = { .client = admin_variable(call, "id"), .kind = kind };
	const struct client_key *key;
	slice why = { NULL, 0 }, secret = { NULL, 0 };
	if (!map)
		return;
	if (!admin_read_wish(call->arena, map, &wish, &why)) {
		admin_refuse(call, STATUS_INVALID, "%.*s", SLICE_ARG(why));
		return;
	}
	if (!clients_make_key(&call->change, &wish, call->arena, &secret, &key)) {
		admin_refuse_step(call);
		return;
	}
	struct value *answer = admin_show_made(call->arena, key, secret);
	if (answer)
		admin_commit(call, STATUS_CREATED, answer);
	else
		admin_no_memory(call);
}

void admin_make_token(struct admin_call *call)
{
	make_key(call, KEY_TOKEN);
}

void admin_make_api_key(struct admin_call *call)
{
	make_key(call, KEY_API_KEY);
}

/* The body's one member, a text. p NULL: refused. */
static slice only_text(struct admin_call *call, const char *name)
{
	const char *const names[] = { name, NULL };
	const struct value *map = admin_body(call);
	slice why = { NULL, 0 };
	if (!map)
		return why;
	const struct value *member = value_get(map, slice_of(name));
	if (!admin_members(call->arena, map, names, &why))
		admin_refuse(call, STATUS_INVALID, "%.*s", SLICE_ARG(why));
	else if (!member || member->kind != VALUE_TEXT)
		admin_refuse(call, STATUS_INVALID, "this wants a text: { \"%s\": … }", name);
	else
		return member->as.text;
	return (slice){ NULL, 0 };
}

static void end_step(struct admin_call *call, bool taken, enum status success)
{
	if (taken)
		admin_commit(call, success, NULL);
	else
		admin_refuse_step(call);
}

void admin_set_psk(struct admin_call *call)
{
	slice text = only_text(call, "psk");
	slice psk = admin_read_psk(call->arena, text);
	if (text.p && !psk.p)
		admin_refuse(call, STATUS_INVALID,
		        "a pre-shared key has 1 to 32 bytes; after 0x they are in hexadecimal");
	else if (text.p)
		end_step(call, clients_set_psk(&call->change, admin_variable(call, "id"), psk),
		        STATUS_CHANGED);
}

void admin_set_password(struct admin_call *call)
{
	slice hash = only_text(call, "hash");
	if (hash.p)
		end_step(call,
		        clients_set_password(&call->change, admin_variable(call, "id"), hash),
		        STATUS_CHANGED);
}

void admin_add_certificate(struct admin_call *call)
{
	slice text = only_text(call, "certificate");
	slice print = admin_read_fingerprint(call->arena, text);
	if (text.p && !print.p)
		admin_refuse(call, STATUS_INVALID,
		        "a certificate is its SHA-256 fingerprint in hexadecimal, or PEM");
	else if (text.p)
		end_step(call,
		        clients_add_certificate(&call->change, admin_variable(call, "id"), print),
		        STATUS_CHANGED);
}

/* ---- Looking */

enum { EVERY_KIND = KEY_KINDS };

static bool show_page(struct admin_call *call, struct value *list, slice client, unsigned kind,
        slice after, unsigned limit, slice *next)
{
	const struct client_key **page = arena_alloc(call->arena, (limit + 1) * sizeof *page);
	if (!page || !list)
		return false;
	unsigned n = clients_key_page(call->core, client, after, page, limit + 1);
	for (unsigned i = 0; i < n && i < limit; i++) {
		bool wanted = kind == EVERY_KIND || page[i]->kind == (enum key_kind)kind;
		if (wanted && !value_append(list, admin_show_key(call->arena, page[i])))
			return false;
	}
	*next = n > limit ? arena_copy_slice(call->arena, page[limit - 1]->handle)
	                  : (slice){ NULL, 0 };
	return true;
}

/* A page of those of a client (p NULL: of all). */
static void list_keys(struct admin_call *call, slice client, unsigned kind)
{
	unsigned limit;
	slice after = admin_parameter(call, "after"), next;
	if (!admin_limit(call, &limit))
		return;
	struct value *map = value_map(call->arena), *list = value_list(call->arena);
	if (map && show_page(call, list, client, kind, after, limit, &next) &&
	        value_set_new(map, SLICE("keys"), list) &&
	        (!next.p || value_set_new(map, SLICE("next"), value_text(call->arena, next))))
		admin_answer(call, STATUS_OK, map);
	else
		admin_no_memory(call);
}

void admin_list_keys(struct admin_call *call)
{
	list_keys(call, admin_parameter(call, "client"), EVERY_KIND);
}

static void list_kind(struct admin_call *call, enum key_kind kind)
{
	slice client = admin_variable(call, "id");
	if (is_client(call, client))
		list_keys(call, client, kind);
}

void admin_list_tokens(struct admin_call *call)
{
	list_kind(call, KEY_TOKEN);
}

void admin_list_api_keys(struct admin_call *call)
{
	list_kind(call, KEY_API_KEY);
}

void admin_list_certificates(struct admin_call *call)
{
	list_kind(call, KEY_CERTIFICATE);
}

void admin_get_key(struct admin_call *call)
{
	const struct client_key *key =
	        clients_key_named(call->core, admin_variable(call, "handle"));
	struct value *shown = key ? admin_show_key(call->arena, key) : NULL;
	if (shown)
		admin_answer(call, STATUS_OK, shown);
	else if (key)
		admin_no_memory(call);
	else
		admin_refuse(call, STATUS_NOT_FOUND, "there is no such key");
}

/* ---- Revoking */

void admin_delete_key(struct admin_call *call)
{
	end_step(call, clients_revoke_key(&call->change, admin_variable(call, "handle")),
	        STATUS_DELETED);
}

/* By the secret itself, of whichever kind it is. */
void admin_revoke_secret(struct admin_call *call)
{
	struct clients_change *change = &call->change;
	slice secret = only_text(call, "secret");
	if (secret.p)
		end_step(call,
		        clients_revoke_secret(change, KEY_TOKEN, secret) ||
		                clients_revoke_secret(change, KEY_API_KEY, secret) ||
		                clients_revoke_secret(change, KEY_REFRESH, secret),
		        STATUS_DELETED);
}

static void revoke_kind(struct admin_call *call, enum key_kind kind)
{
	slice client = admin_variable(call, "id");
	if (is_client(call, client))
		end_step(call, clients_revoke_kind(&call->change, client, kind), STATUS_DELETED);
}

void admin_revoke_tokens(struct admin_call *call)
{
	revoke_kind(call, KEY_TOKEN);
}

void admin_revoke_api_keys(struct admin_call *call)
{
	revoke_kind(call, KEY_API_KEY);
}

void admin_remove_psk(struct admin_call *call)
{
	revoke_kind(call, KEY_PSK);
}

void admin_remove_password(struct admin_call *call)
{
	revoke_kind(call, KEY_PASSWORD);
}

void admin_remove_certificates(struct admin_call *call)
{
	revoke_kind(call, KEY_CERTIFICATE);
}
