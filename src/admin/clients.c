/* What is called about clients. */
#include "admin/admin.h"

/* ---- Making and changing */

static bool make(struct admin_call *call, slice client, enum key_kind kind, struct value *issued)
{
	const struct key_wish wish = { .client = client, .kind = kind };
	const struct client_key *key;
	slice secret = { NULL, 0 };
	if (!clients_make_key(&call->change, &wish, call->arena, &secret, &key))
		return false;
	if (value_append(issued, admin_show_made(call->arena, key, secret)))
		return true;
	call->change.outcome = (struct clients_outcome){ STATUS_TOO_LARGE,
		"no memory left for the answer; ask for less at a time" };
	return false;
}

bool admin_put_client(struct admin_call *call, const struct admin_client *client,
        enum clients_put how, struct value *issued)
{
	struct clients_change *change = &call->change;
	slice id = client->client.id;
	bool put = clients_put(change, &client->client, how) &&
	           (!client->psk.p || clients_set_psk(change, id, client->psk)) &&
	           (!client->password_hash.p ||
	                   clients_set_password(change, id, client->password_hash));
	for (unsigned i = 0; put && i < client->ncertificates; i++)
		put = clients_add_certificate(change, id, client->certificates[i]);
	return put && (!client->token || make(call, id, KEY_TOKEN, issued)) &&
	       (!client->api_key || make(call, id, KEY_API_KEY, issued));
}

/* As it is from now on, with what was made for it. */
static struct value *show(struct admin_call *call, slice id, struct value *issued)
{
	bool of_file;
	const struct client *client = clients_find(call->core, id, &of_file);
	struct value *map = client ? admin_show_client(call->arena, client, of_file) : NULL;
	bool shown =
	        map && (!issued || !issued->count || value_set_new(map, SLICE("issued"), issued));
	return shown ? map : NULL;
}

static const struct field *location(struct admin_call *call, slice id)
{
	struct field *field = ARENA_NEW(call->arena, struct field);
	if (field)
		*field = (struct field){ SLICE("location"),
			arena_printf(call->arena, "/admin/v1/clients/%.*s", SLICE_ARG(id)) };
	return field && field->value.p ? field : NULL;
}

static void put(struct admin_call *call, const struct admin_client *client, enum clients_put how)
{
	struct value *issued = value_list(call->arena);
	bool fresh = !clients_find(call->core, client->client.id, NULL);
	if (!issued) {
		admin_no_memory(call);
		return;
	}
	if (!admin_put_client(call, client, how, issued)) {
		admin_refuse_step(call);
		return;
	}
	struct value *answer = show(call, client->client.id, issued);
	call->location = fresh ? location(call, client->client.id) : NULL;
	if (!answer)
		admin_no_memory(call);
	else
		admin_commit(call, fresh ? STATUS_CREATED : STATUS_CHANGED, answer);
}

/* The body, over what the client is so far. false: refused. */
static bool read(struct admin_call *call, const struct client *from, struct admin_client *client)
{
	const struct value *map = admin_body(call);
	slice why = { NULL, 0 };
	if (!map)
		return false;
	if (admin_read_client(call->arena, map, from, client, &why))
		return true;
	admin_refuse(call, STATUS_INVALID, "%.*s", SLICE_ARG(why));
	return false;
}

void admin_add_client(struct admin_call *call)
{
	static const struct client nobody = { .id = SLICE_INIT("") };
	struct admin_client client;
	if (read(call, &nobody, &client))
		put(call, &client, CLIENTS_ADD);
}

/* The id is the path's; one in the body must be the same. */
static void put_named(struct admin_call *call, const struct client *from, enum clients_put how)
{
	struct admin_client client;
	slice id = from->id;
	if (!read(call, from, &client))
		return;
	if (slice_equal(client.client.id, id))
		put(call, &client, how);
	else
		admin_refuse(call, STATUS_INVALID,
		        "the id is another than the path's; a client cannot be renamed");
}

void admin_put_one(struct admin_call *call)
{
	const struct client from = { .id = admin_variable(call, "id") };
	put_named(call, &from, CLIENTS_PUT);
}

static const struct client *named(struct admin_call *call, bool *of_file)
{
	const struct client *client = clients_find(call->core, admin_variable(call, "id"), of_file);
	if (!client)
		admin_refuse(call, STATUS_NOT_FOUND, "there is no such client");
	return client;
}

/* RFC 7396: what is named changes, null takes it away. */
void admin_patch_client(struct admin_call *call)
{
	const struct client *client = named(call, NULL);
	if (client)
		put_named(call, client, CLIENTS_REPLACE);
}

void admin_delete_client(struct admin_call *call)
{
	if (clients_remove(&call->change, admin_variable(call, "id")))
		admin_commit(call, STATUS_DELETED, NULL);
	else
		admin_refuse_step(call);
}

static void set_disabled(struct admin_call *call, bool disabled)
{
	slice id = admin_variable(call, "id");
	if (!admin_body(call))
		return;
	if (!clients_set_disabled(&call->change, id, disabled)) {
		admin_refuse_step(call);
		return;
	}
	struct value *answer = show(call, id, NULL);
	if (answer)
		admin_commit(call, STATUS_CHANGED, answer);
	else
		admin_no_memory(call);
}

void admin_disable_client(struct admin_call *call)
{
	set_disabled(call, true);
}

void admin_enable_client(struct admin_call *call)
{
	set_disabled(call, false);
}

/* ---- Looking */

void admin_get_client(struct admin_call *call)
{
	bool of_file;
	const struct client *client = named(call, &of_file);
	if (!client)
		return;
	struct value *map = admin_show_client(call->arena, client, of_file);
	if (map && admin_show_keys(call, map, client->id))
		admin_answer(call, STATUS_OK, map);
	else
		admin_no_memory(call);
}

/* What is asked for: ?prefix=, ?role=, ?disabled= */
static bool read_filter(struct admin_call *call, struct clients_filter *filter)
{
	slice disabled = admin_parameter(call, "disabled");
	*filter = (struct clients_filter){
		.prefix = admin_parameter(call, "prefix"),
		.role = admin_parameter(call, "role"),
		.disabled = slice_is(disabled, "true"),
		.enabled = slice_is(disabled, "false"),
	};
	if (!disabled.p || filter->disabled || filter->enabled)
		return true;
	admin_refuse(call, STATUS_INVALID, "disabled is true or false");
	return false;
}

static struct value *show_page(
        struct admin_call *call, const struct client *const *page, unsigned n)
{
	struct value *list = value_list(call->arena);
	for (unsigned i = 0; list && i < n; i++) {
		bool of_file;
		(void)clients_find(call->core, page[i]->id, &of_file);
		if (!value_append(list, admin_show_client(call->arena, page[i], of_file)))
			return NULL;
	}
	return list;
}

void admin_list_clients(struct admin_call *call)
{
	unsigned limit;
	struct clients_filter filter;
	if (!admin_limit(call, &limit) || !read_filter(call, &filter))
		return;
	const struct client **page = arena_alloc(call->arena, (limit + 1) * sizeof *page);
	struct value *map = value_map(call->arena);
	if (!page || !map) {
		admin_no_memory(call);
		return;
	}
	/* One more than is shown tells whether there is a next page. */
	unsigned n =
	        clients_page(call->core, admin_parameter(call, "after"), &filter, page, limit + 1);
	bool more = n > limit;
	struct value *list = show_page(call, page, more ? limit : n);
	slice last = more ? arena_copy_slice(call->arena, page[limit - 1]->id) : SLICE("");
	if (list && value_set_new(map, SLICE("clients"), list) &&
	        (!more || value_set_new(map, SLICE("next"), value_text(call->arena, last))))
		admin_answer(call, STATUS_OK, map);
	else
		admin_no_memory(call);
}

void admin_status(struct admin_call *call)
{
	struct clients_count count = clients_count(call->core);
	struct value *map = value_map(call->arena), *clients = value_map(call->arena);
	struct arena *arena = call->arena;
	bool shown =
	        map && clients &&
	        value_set_new(map, SLICE("version"), value_text(arena, SLICE(FAIRLEAD_VERSION))) &&
	        value_set_new(clients, SLICE("file"), value_uint(arena, count.listed)) &&
	        value_set_new(clients, SLICE("runtime"), value_uint(arena, count.clients)) &&
	        value_set_new(
	                clients, SLICE("room"), value_uint(arena, clients_room(call->core))) &&
	        value_set_new(clients, SLICE("keys"), value_uint(arena, count.keys)) &&
	        value_set_new(clients, SLICE("key_room"),
	                value_uint(arena, clients_key_room(call->core))) &&
	        value_set_new(map, SLICE("clients"), clients);
	if (shown)
		admin_answer(call, STATUS_OK, map);
	else
		admin_no_memory(call);
}
