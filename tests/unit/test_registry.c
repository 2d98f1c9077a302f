/* Clients and keys at run time: what is on disk when, what comes back at the next start, what a disk that fails
 * undoes, and what it does not. */
#include "support.h"

#include <stdio.h>
#include <unistd.h>

#include "api/audit.h"
#include "api/clients.h"
#include "crypto/digest.h"
#include "tests/fakes/hand_loop.h"
#include "tests/fakes/hand_store.h"
#include "tests/unit/loopback.h"

static const char configuration[] =
        "gateway: { state: state, limits: { clients: 4, keys: 6 } }\n"
        "roles: { sensor: { allow: ['POST /x'] }, admin: { allow: ['* /x'] } }\n"
        "clients: [ { id: listed, roles: [sensor] } ]\n"
        "backends: { b: { protocol: test } }\n"
        "endpoints: [ { name: e, path: /x, methods: [POST], auth: [none], to: b } ]\n";

static const unsigned char digest_key[CORE_KEY_BYTES] = "digest", seal_key[CORE_KEY_BYTES] = "seal";

static const struct backend_ops backend = {
	.name = "test", .open = loopback_backend_open, .close = loopback_backend_close
};
static const struct backend_ops *const backends[] = { &backend, NULL };
static const struct adapter_ops *const adapters[] = { NULL };
static const struct authenticator_ops *const authenticators[] = { NULL };
static const char *const dialects[] = { NULL };
static const struct plugs plugs = { adapters, authenticators, backends, dialects };

static char path[64];
static struct arena arena;
static struct core *core;
static struct clients_change change;
static unsigned ended;

struct noted {
	struct audit_sink sink;
	unsigned n;
	char last[64];
	enum status status;
};
static struct noted noted;

static void note(struct audit_sink *sink, const struct audit_event *event)
{
	(void)sink;
	noted.n++;
	noted.status = event->status;
	(void)snprintf(noted.last, sizeof noted.last, "%.*s %s %.*s", SLICE_ARG(event->who),
	        event->action, SLICE_ARG(event->object));
}

static void set(struct audit_sink *sink, const struct audit_settings *settings)
{
	(void)sink;
	(void)settings;
}

static void run(struct store *store, const unsigned char *seal)
{
	struct mistakes mistakes = { .arena = &arena };
	struct error error = { 0 };
	core = core_create(hand_loop(), &plugs);
	if (!core_load(core, path, &mistakes))
		fail_msg("%.*s", SLICE_ARG(mistakes.at[0].text));
	assert_true(core_use_keys(core, digest_key, seal));
	if (store && !core_use_store(core, store, &error))
		fail_msg("%s", error.text);
	noted = (struct noted){ .sink = { note, set } };
	core_use_audit(core, &noted.sink);
	assert_true(core_start(core, &error));
	noted.n = 0;
}

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(path, sizeof path, "/tmp/test_registry.%ld.yaml", (long)getpid());
	write_file(path, configuration);
	arena_init(&arena, 1 << 20);
	hand_loop_reset();
	run(hand_store(), seal_key);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	core_destroy(core);
	hand_store_reset();
	hand_loop_reset();
	arena_finish(&arena);
	(void)unlink(path);
	return 0;
}

/* The process ends here and another one begins. */
static void restart(const unsigned char *seal)
{
	core_destroy(core);
	hand_store_crash();
	run(hand_store(), seal);
}

static void done(struct clients_change *which)
{
	assert_ptr_equal(which, &change);
	ended++;
}

static void begin(void)
{
	clients_begin(core, &change);
	change.done = done;
	change.who = SLICE("console");
	ended = 0;
}

static enum status finish(enum status disk)
{
	clients_commit(&change);
	assert_int_equal(ended, 0);
	(void)hand_store_commit(disk);
	hand_loop_turn();
	assert_int_equal(ended, 1);
	return change.outcome.status;
}

static bool add(const char *id)
{
	static const slice roles[] = { SLICE_INIT("sensor"), SLICE_INIT("admin") };
	static const slice allow[] = { SLICE_INIT("GET /x") }, deny[] = { SLICE_INIT("* /y/*") };
	static const slice names[] = { SLICE_INIT("sub-*"), SLICE_INIT("s") };
	const struct client client = { .id = slice_of(id),
		.roles = roles,
		.nroles = 2,
		.allow = allow,
		.nallow = 1,
		.deny = deny,
		.ndeny = 1,
		.acts_for = names,
		.nacts_for = 2,
		.plan = SLICE("gold") };
	return clients_put(&change, &client, CLIENTS_ADD);
}

static void add_one(const char *id)
{
	begin();
	assert_true(add(id));
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
}

static slice handle;

static slice make_key(const char *client, enum key_kind kind, slice family, slice spends)
{
	const struct key_wish wish = {
		.client = slice_of(client), .kind = kind, .family = family, .spends = spends
	};
	const struct client_key *key;
	slice secret = { NULL, 0 };
	if (!clients_make_key(&change, &wish, &arena, &secret, &key))
		return (slice){ NULL, 0 };
	handle = arena_copy_slice(&arena, key->handle);
	return secret;
}

static slice make_one(const char *client, enum key_kind kind)
{
	begin();
	slice secret = make_key(client, kind, (slice){ NULL, 0 }, (slice){ NULL, 0 });
	assert_non_null(secret.p);
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
	return secret;
}

static const struct client *found(const char *id)
{
	return clients_find(core, slice_of(id), NULL);
}

static const struct client_key *key_of(enum key_kind kind, slice secret)
{
	return directory_find_key(clients_directory(core), kind, secret);
}

static void a_client_is_there_at_once_and_on_disk_when_it_is_said(void **state)
{
	(void)state;
	begin();
	assert_true(add("engine-7"));
	assert_non_null(found("engine-7"));
	clients_commit(&change);
	hand_loop_turn();
	assert_int_equal(ended, 0);
	assert_int_equal(hand_store_count(STORE_CLIENTS), 0);
	(void)hand_store_commit(STATUS_OK);
	assert_int_equal(ended, 1);
	assert_int_equal(change.outcome.status, STATUS_OK);
	assert_string_equal(noted.last, "console client.add engine-7");
	assert_int_equal(noted.n, 1);

	restart(seal_key);
	const struct client *client = found("engine-7");
	assert_non_null(client);
	assert_int_equal(client->nroles, 2);
	assert_slice(client->roles[1], "admin");
	assert_int_equal(client->nallow, 1);
	assert_slice(client->allow[0], "GET /x");
	assert_int_equal(client->ndeny, 1);
	assert_slice(client->deny[0], "* /y/*");
	assert_int_equal(client->nacts_for, 2);
	assert_slice(client->acts_for[0], "sub-*");
	assert_slice(client->plan, "gold");
	assert_false(client->disabled);
}

static void a_crash_before_the_word_costs_the_client(void **state)
{
	(void)state;
	begin();
	assert_true(add("engine-7"));
	clients_commit(&change);
	hand_store_crash();
	clients_abandon(&change);
	restart(seal_key);
	assert_null(found("engine-7"));
}

static void what_cannot_be_a_client_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = { "", ".", "..", "a/b", "a b", "a\r\nb", "a+", "#", "{x}",
		"\xc3\xa4", "$sys", "a,b", "a\"b", "a;b" };
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
		begin();
		assert_false(add(bad[i]));
		assert_int_equal(change.outcome.status, STATUS_INVALID);
		clients_abandon(&change);
	}
	begin();
	struct client client = { .id = { "a\0b", 3 } };
	assert_false(clients_put(&change, &client, CLIENTS_ADD));
	char longest[CLIENT_ID_MAX_BYTES + 2] = { 0 };
	memset(longest, 'x', CLIENT_ID_MAX_BYTES + 1);
	assert_false(add(longest));
	longest[CLIENT_ID_MAX_BYTES] = 0;
	assert_true(add(longest));
	static const slice roles[] = { SLICE_INIT("captain") };
	client = (struct client){ .id = SLICE("a"), .roles = roles, .nroles = 1 };
	assert_false(clients_put(&change, &client, CLIENTS_ADD));
	assert_non_null(strstr(change.outcome.why, "no role captain"));
	static const slice rules[] = { SLICE_INIT("FETCH /x") };
	client = (struct client){ .id = SLICE("a"), .deny = rules, .ndeny = 1 };
	assert_false(clients_put(&change, &client, CLIENTS_ADD));
	assert_non_null(strstr(change.outcome.why, "FETCH /x"));
	clients_abandon(&change);
	assert_null(found(longest));
}

static void ids_are_taken_once(void **state)
{
	(void)state;
	add_one("a");
	begin();
	assert_false(add("a"));
	assert_int_equal(change.outcome.status, STATUS_CONFLICT);
	assert_false(add("listed"));
	assert_int_equal(change.outcome.status, STATUS_CONFLICT);
	assert_non_null(strstr(change.outcome.why, "configuration file"));
	assert_false(clients_remove(&change, SLICE("listed")));
	assert_int_equal(change.outcome.status, STATUS_CONFLICT);
	assert_false(clients_remove(&change, SLICE("nobody")));
	assert_int_equal(change.outcome.status, STATUS_NOT_FOUND);
	struct client client = { .id = SLICE("nobody") };
	assert_false(clients_put(&change, &client, CLIENTS_REPLACE));
	assert_int_equal(change.outcome.status, STATUS_NOT_FOUND);
	assert_true(add("b") && add("c") && add("d"));
	assert_false(add("e"));
	assert_int_equal(change.outcome.status, STATUS_TOO_MANY);
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
	assert_int_equal(clients_room(core), 0);
	assert_int_equal(hand_store_count(STORE_CLIENTS), 4);
}

static void without_a_place_on_disk_nothing_is_changed(void **state)
{
	(void)state;
	core_destroy(core);
	run(NULL, seal_key);
	begin();
	assert_false(add("a"));
	assert_int_equal(change.outcome.status, STATUS_UNAVAILABLE);
	assert_non_null(strstr(change.outcome.why, "gateway.state"));
	clients_abandon(&change);
}

static void a_token_is_known_and_stands_nowhere(void **state)
{
	(void)state;
	add_one("a");
	slice secret = make_one("a", KEY_TOKEN);
	assert_true(slice_starts(secret, SLICE("flt_")));
	assert_int_equal(secret.n, 4 + 43);
	assert_slice(key_of(KEY_TOKEN, secret)->client, "a");
	assert_null(key_of(KEY_REFRESH, secret));
	const struct store_record *record = hand_store_find(STORE_KEYS, handle);
	assert_slice(record->owner, "a");
	assert_null(memmem(record->head.p, record->head.n, secret.p, secret.n));
	assert_null(memmem(record->body.p, record->body.n, secret.p, secret.n));

	restart(seal_key);
	assert_slice(key_of(KEY_TOKEN, secret)->handle, handle.p);
	begin();
	assert_true(clients_revoke_key(&change, handle));
	assert_null(key_of(KEY_TOKEN, secret));
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
	assert_int_equal(hand_store_count(STORE_KEYS), 0);
	slice other = make_one("a", KEY_API_KEY);
	assert_true(slice_starts(other, SLICE("flk_")));
	begin();
	assert_false(clients_revoke_secret(&change, KEY_TOKEN, other));
	assert_true(clients_revoke_secret(&change, KEY_API_KEY, other));
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
	assert_null(key_of(KEY_API_KEY, other));
}

static void scopes_and_bounds_come_back(void **state)
{
	(void)state;
	static const slice scopes[] = { SLICE_INIT("sensor"), SLICE_INIT("x:y") };
	char print[DIGEST_BYTES + 1] = "0123456789abcdef0123456789abcdef";
	const struct key_wish wish = { .client = SLICE("listed"),
		.kind = KEY_TOKEN,
		.scopes = scopes,
		.nscopes = 2,
		.scoped = true,
		.bound_to = { print, DIGEST_BYTES },
		.family = SLICE("f"),
		.expires_ms = UINT64_C(4102444800000) };
	const struct client_key *key;
	slice secret;
	begin();
	assert_true(clients_make_key(&change, &wish, &arena, &secret, &key));
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
	restart(seal_key);
	key = key_of(KEY_TOKEN, secret);
	assert_non_null(key);
	assert_slice(key->client, "listed");
	assert_true(key->scoped && key->nscopes == 2);
	assert_slice(key->scopes[1], "x:y");
	assert_slice(key->bound_to, print);
	assert_slice(key->family, "f");
	assert_int_equal(key->expires_ms, wish.expires_ms);
	assert_true(key->made_ms > 0);
}

static void what_the_disk_does_not_take_has_not_happened(void **state)
{
	(void)state;
	add_one("a");
	begin();
	assert_true(add("b"));
	slice secret = make_key("a", KEY_TOKEN, (slice){ NULL, 0 }, (slice){ NULL, 0 });
	struct client client = { .id = SLICE("a"), .plan = SLICE("tin") };
	assert_true(clients_put(&change, &client, CLIENTS_REPLACE));
	assert_slice(found("a")->plan, "tin");
	assert_int_equal(finish(STATUS_STORE_FULL), STATUS_STORE_FULL);
	assert_non_null(strstr(change.outcome.why, "disk is full"));
	assert_null(found("b"));
	assert_slice(found("a")->plan, "gold");
	assert_int_equal(found("a")->nroles, 2);
	assert_null(key_of(KEY_TOKEN, secret));
	assert_int_equal(noted.status, STATUS_STORE_FULL);
	(void)hand_store_commit(STATUS_OK);
	assert_int_equal(hand_store_count(STORE_CLIENTS), 1);
	assert_int_equal(hand_store_count(STORE_KEYS), 0);
	restart(seal_key);
	assert_slice(found("a")->plan, "gold");
}

static void what_is_taken_away_stays_away(void **state)
{
	(void)state;
	add_one("a");
	add_one("b");
	slice secret = make_one("a", KEY_TOKEN), of_b = make_one("b", KEY_TOKEN);
	begin();
	assert_true(clients_revoke_secret(&change, KEY_TOKEN, secret));
	assert_true(clients_remove(&change, SLICE("b")));
	assert_true(clients_set_disabled(&change, SLICE("a"), true));
	assert_int_equal(finish(STATUS_INTERNAL), STATUS_INTERNAL);
	assert_non_null(strstr(change.outcome.why, "restart"));
	assert_null(key_of(KEY_TOKEN, secret));
	assert_null(key_of(KEY_TOKEN, of_b));
	assert_null(found("b"));
	assert_true(found("a")->disabled);
	/* The disk is asked again. */
	(void)hand_store_commit(STATUS_OK);
	restart(seal_key);
	assert_null(found("b"));
	assert_true(found("a")->disabled);
	assert_null(key_of(KEY_TOKEN, secret));
	begin();
	assert_true(clients_set_disabled(&change, SLICE("a"), false));
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
	assert_false(found("a")->disabled);
}

/* And when the store does not even take the record. */
static void a_store_that_is_full_is_asked_again(void **state)
{
	(void)state;
	add_one("a");
	begin();
	assert_true(clients_remove(&change, SLICE("a")));
	hand_store_refuse(true);
	clients_commit(&change);
	assert_int_equal(ended, 0);
	hand_loop_turn();
	assert_int_equal(ended, 1);
	assert_int_equal(change.outcome.status, STATUS_UNAVAILABLE);
	assert_null(found("a"));
	hand_loop_pass(1000);
	hand_store_refuse(false);
	hand_loop_pass(1000);
	(void)hand_store_commit(STATUS_OK);
	assert_int_equal(hand_store_count(STORE_CLIENTS), 0);
	begin();
	hand_store_refuse(true);
	assert_true(add("b"));
	clients_commit(&change);
	hand_loop_turn();
	assert_int_equal(change.outcome.status, STATUS_UNAVAILABLE);
	assert_null(found("b"));
	hand_store_refuse(false);
	hand_loop_pass(1000);
	assert_int_equal(hand_store_commit(STATUS_OK), 0);
}

static void a_later_change_is_not_undone_by_an_earlier_one(void **state)
{
	(void)state;
	static struct clients_change second;
	add_one("a");
	begin();
	assert_true(clients_set_disabled(&change, SLICE("a"), true));
	assert_true(clients_set_disabled(&change, SLICE("a"), false));
	clients_begin(core, &second);
	second.done = change.done;
	struct client client = { .id = SLICE("a"), .plan = SLICE("tin") };
	assert_true(clients_put(&second, &client, CLIENTS_PUT));
	clients_commit(&change);
	(void)hand_store_commit(STATUS_INTERNAL);
	assert_slice(found("a")->plan, "tin");
	assert_int_equal(found("a")->nroles, 0);
	clients_abandon(&second);
	assert_slice(found("a")->plan, "gold");
}

static void a_psk_is_replaced_sealed_and_comes_back(void **state)
{
	(void)state;
	static const char psk[] = "0123456789abcdef";
	const struct directory *directory = clients_directory(core);
	add_one("a");
	begin();
	assert_true(clients_set_psk(&change, SLICE("a"), slice_of(psk)));
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
	slice first = directory_key_of(directory, SLICE("a"), KEY_PSK, NULL)->handle;
	const struct store_record *record = hand_store_find(STORE_KEYS, first);
	assert_null(memmem(record->head.p, record->head.n, psk, sizeof psk - 1));
	begin();
	assert_true(clients_set_psk(&change, SLICE("a"), SLICE("another")));
	assert_slice(directory_key_of(directory, SLICE("a"), KEY_PSK, NULL)->secret, "another");
	assert_int_equal(finish(STATUS_INTERNAL), STATUS_INTERNAL);
	assert_slice(directory_key_of(directory, SLICE("a"), KEY_PSK, NULL)->secret, psk);
	assert_int_equal(hand_store_commit(STATUS_OK), 2);
	assert_int_equal(hand_store_count(STORE_KEYS), 1);
	restart(seal_key);
	assert_slice(
	        directory_key_of(clients_directory(core), SLICE("a"), KEY_PSK, NULL)->secret, psk);
	begin();
	char longest[33];
	memset(longest, 'x', sizeof longest);
	assert_true(clients_set_psk(&change, SLICE("a"), (slice){ longest, 32 }));
	assert_false(clients_set_psk(&change, SLICE("a"), (slice){ longest, 33 }));
	assert_false(clients_set_psk(&change, SLICE("a"), (slice){ NULL, 0 }));
	assert_false(clients_set_psk(&change, SLICE("listed"), SLICE("x")));
	assert_int_equal(change.outcome.status, STATUS_CONFLICT);
	assert_false(clients_set_password(&change, SLICE("a"), SLICE("no hash")));
	assert_int_equal(change.outcome.status, STATUS_INVALID);
	clients_abandon(&change);
	assert_slice(
	        directory_key_of(clients_directory(core), SLICE("a"), KEY_PSK, NULL)->secret, psk);
}

static void a_certificate_is_one_clients(void **state)
{
	(void)state;
	static const char print[DIGEST_BYTES + 1] = "0123456789abcdef0123456789abcdef";
	add_one("a");
	add_one("b");
	begin();
	assert_true(clients_add_certificate(&change, SLICE("a"), slice_of(print)));
	assert_false(clients_add_certificate(&change, SLICE("b"), slice_of(print)));
	assert_int_equal(change.outcome.status, STATUS_CONFLICT);
	assert_non_null(strstr(change.outcome.why, "a's already"));
	assert_false(clients_add_certificate(&change, SLICE("b"), SLICE("short")));
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
	restart(seal_key);
	assert_slice(key_of(KEY_CERTIFICATE, slice_of(print))->client, "a");
	begin();
	assert_true(clients_revoke_kind(&change, SLICE("a"), KEY_CERTIFICATE));
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
	assert_null(key_of(KEY_CERTIFICATE, slice_of(print)));
}

static void a_refresh_token_is_spent_once_and_a_family_goes_together(void **state)
{
	(void)state;
	static const slice family = SLICE_INIT("f-1");
	const slice none = { NULL, 0 };
	add_one("a");
	begin();
	slice first = make_key("a", KEY_REFRESH, family, none), first_handle = handle;
	slice access = make_key("a", KEY_TOKEN, family, none);
	slice other = make_key("a", KEY_TOKEN, SLICE("f-2"), none);
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
	begin();
	slice second = make_key("a", KEY_REFRESH, family, first_handle);
	assert_non_null(second.p);
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
	restart(seal_key);
	assert_true(key_of(KEY_REFRESH, first)->spent);
	assert_false(key_of(KEY_REFRESH, second)->spent);
	begin();
	assert_null(make_key("a", KEY_REFRESH, family, first_handle).p);
	assert_int_equal(change.outcome.status, STATUS_CONFLICT);
	assert_true(clients_revoke_family(&change, SLICE("a"), family));
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
	assert_null(key_of(KEY_REFRESH, first));
	assert_null(key_of(KEY_REFRESH, second));
	assert_null(key_of(KEY_TOKEN, access));
	assert_non_null(key_of(KEY_TOKEN, other));
	assert_int_equal(hand_store_count(STORE_KEYS), 1);
}

static void a_refresh_that_was_not_written_can_be_spent_again(void **state)
{
	(void)state;
	const slice none = { NULL, 0 };
	slice first = make_one("listed", KEY_REFRESH), first_handle = handle;
	begin();
	slice second = make_key("listed", KEY_REFRESH, none, first_handle);
	assert_true(key_of(KEY_REFRESH, first)->spent);
	assert_int_equal(finish(STATUS_INTERNAL), STATUS_INTERNAL);
	assert_false(key_of(KEY_REFRESH, first)->spent);
	assert_null(key_of(KEY_REFRESH, second));
	begin();
	assert_non_null(make_key("listed", KEY_REFRESH, none, first_handle).p);
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
}

static void keys_are_bounded(void **state)
{
	(void)state;
	begin();
	for (unsigned i = 0; i < 6; i++)
		assert_non_null(
		        make_key("listed", KEY_TOKEN, (slice){ NULL, 0 }, (slice){ NULL, 0 }).p);
	assert_null(make_key("listed", KEY_TOKEN, (slice){ NULL, 0 }, (slice){ NULL, 0 }).p);
	assert_int_equal(change.outcome.status, STATUS_TOO_MANY);
	assert_null(make_key("nobody", KEY_TOKEN, (slice){ NULL, 0 }, (slice){ NULL, 0 }).p);
	assert_int_equal(change.outcome.status, STATUS_NOT_FOUND);
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
	assert_int_equal(clients_key_room(core), 0);
}

static void the_file_wins(void **state)
{
	(void)state;
	add_one("later");
	slice secret = make_one("later", KEY_TOKEN);
	slice of_listed = make_one("listed", KEY_TOKEN);
	char *text = strdup(configuration), *at = strstr(text, "listed, roles");
	memcpy(at, "later ", 6);
	write_file(path, text);
	free(text);
	core_reload(core);
	bool of_file;
	assert_int_equal(clients_find(core, SLICE("later"), &of_file)->nroles, 1);
	assert_true(of_file);
	/* What was made for the one that is out of force is out of force; nothing is made for it. */
	assert_null(key_of(KEY_TOKEN, secret));
	begin();
	assert_null(make_key("later", KEY_TOKEN, (slice){ NULL, 0 }, (slice){ NULL, 0 }).p);
	assert_int_equal(change.outcome.status, STATUS_CONFLICT);
	/* A key of somebody whom the file has no more proves nothing, and is not the next one's of this name. */
	assert_null(found("listed"));
	assert_true(add("listed"));
	assert_null(key_of(KEY_TOKEN, of_listed));
	assert_true(clients_remove(&change, SLICE("later")));
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
	assert_non_null(make_one("later", KEY_TOKEN).p);
	assert_int_equal(hand_store_count(STORE_KEYS), 1);
}

static void what_was_tampered_with_is_left_out(void **state)
{
	(void)state;
	add_one("a");
	add_one("b");
	slice of_a = make_one("a", KEY_TOKEN), handle_of_a = handle;
	slice of_b = make_one("b", KEY_TOKEN);
	/* The disk gives a's key to b. */
	struct store_record record = *hand_store_find(STORE_KEYS, handle_of_a);
	record.owner = SLICE("b");
	assert_true(store_put(hand_store(), STORE_KEYS, &record, NULL));
	(void)hand_store_commit(STATUS_OK);
	/* And a client that makes no sense. */
	struct store_record torn = { .key = SLICE("c"), .body = SLICE("\xa1") };
	assert_true(store_put(hand_store(), STORE_CLIENTS, &torn, NULL));
	torn.key = SLICE("../d");
	assert_true(store_put(hand_store(), STORE_CLIENTS, &torn, NULL));
	(void)hand_store_commit(STATUS_OK);
	restart(seal_key);
	assert_null(key_of(KEY_TOKEN, of_a));
	assert_non_null(key_of(KEY_TOKEN, of_b));
	assert_null(found("c"));
	/* Under another sealing key none can be read, and the gateway starts all the same. */
	restart(digest_key);
	assert_null(key_of(KEY_TOKEN, of_b));
	assert_non_null(found("b"));
}

static void what_has_expired_is_swept(void **state)
{
	(void)state;
	const struct key_wish wish = {
		.client = SLICE("listed"), .kind = KEY_TOKEN, .expires_ms = 1000
	};
	const struct client_key *key;
	slice secret, kept = make_one("listed", KEY_TOKEN);
	begin();
	assert_true(clients_make_key(&change, &wish, &arena, &secret, &key));
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
	assert_non_null(key_of(KEY_TOKEN, secret));
	hand_loop_pass(60000);
	assert_null(key_of(KEY_TOKEN, secret));
	(void)hand_store_commit(STATUS_OK);
	hand_loop_turn();
	assert_int_equal(hand_store_count(STORE_KEYS), 1);
	assert_non_null(key_of(KEY_TOKEN, kept));
	hand_loop_pass(60000);
	hand_loop_turn();
	assert_non_null(key_of(KEY_TOKEN, kept));
}

static void allow_keys(unsigned n)
{
	char text[1024];
	const char *limit = strstr(configuration, "keys: 6") + strlen("keys: ");
	(void)snprintf(text, sizeof text, "%.*s%u%s", (int)(limit - configuration), configuration,
	        n, limit + 1);
	write_file(path, text);
	core_reload(core);
	hand_loop_turn();
}

/* Tokens that are issued faster than a sweep a minute takes them away would fill the table for good. */
static void the_sweep_keeps_up_with_many(void **state)
{
	(void)state;
	enum { MANY = 1500 };
	const struct key_wish wish = { SLICE("listed"), KEY_TOKEN, .expires_ms = 1000 };
	const struct client_key *key;
	slice secret;
	allow_keys(MANY);
	begin();
	for (unsigned i = 0; i < MANY; i++)
		assert_true(clients_make_key(&change, &wish, &arena, &secret, &key));
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
	assert_int_equal(clients_key_room(core), 0);
	hand_loop_pass(60000);
	assert_in_range(clients_key_room(core), 1, MANY - 1);
	(void)hand_store_commit(STATUS_OK);
	hand_loop_turn();
	hand_loop_pass(1000);
	assert_int_equal(clients_key_room(core), MANY);
	(void)hand_store_commit(STATUS_OK);
}

static slice issue(const char *family, unsigned most)
{
	begin();
	slice secret = make_key("listed", KEY_TOKEN, slice_of(family), (slice){ NULL, 0 });
	assert_non_null(secret.p);
	assert_true(clients_keep_newest(&change, SLICE("listed"), KEY_TOKEN, most));
	return secret;
}

static void the_oldest_that_was_issued_makes_room(void **state)
{
	(void)state;
	slice made = make_one("listed", KEY_TOKEN), issued[4];
	for (unsigned i = 0; i < 2; i++) {
		issued[i] = issue(i ? "f1" : "f0", 2);
		assert_int_equal(finish(STATUS_OK), STATUS_OK);
		(void)usleep(2000); /* told apart by the millisecond in which they were made */
	}
	/* What the disk does not take makes no room. */
	issued[2] = issue("f2", 2);
	assert_null(key_of(KEY_TOKEN, issued[0]));
	assert_int_equal(finish(STATUS_STORE_FULL), STATUS_STORE_FULL);
	assert_non_null(key_of(KEY_TOKEN, issued[0]));
	assert_null(key_of(KEY_TOKEN, issued[2]));
	issued[3] = issue("f3", 2);
	assert_int_equal(finish(STATUS_OK), STATUS_OK);
	assert_null(key_of(KEY_TOKEN, issued[0]));
	assert_non_null(key_of(KEY_TOKEN, issued[1]));
	assert_non_null(key_of(KEY_TOKEN, issued[3]));
	assert_non_null(key_of(KEY_TOKEN, made)); /* by an administrator: it stays */
}

static void pages_are_in_order_and_whole(void **state)
{
	(void)state;
	const struct client *page[3];
	add_one("m");
	add_one("b");
	add_one("ba");
	add_one("z");
	const slice none = { NULL, 0 };
	struct clients_filter filter = { 0 };
	assert_int_equal(clients_page(core, none, &filter, page, 3), 3);
	assert_slice(page[0]->id, "b");
	assert_slice(page[1]->id, "ba");
	assert_slice(page[2]->id, "listed");
	assert_int_equal(clients_page(core, SLICE("listed"), &filter, page, 3), 2);
	assert_slice(page[0]->id, "m");
	assert_slice(page[1]->id, "z");
	assert_int_equal(clients_page(core, SLICE("z"), &filter, page, 3), 0);
	filter.prefix = SLICE("b");
	assert_int_equal(clients_page(core, none, &filter, page, 1), 1);
	assert_slice(page[0]->id, "b");
	assert_int_equal(clients_page(core, SLICE("b"), &filter, page, 3), 1);
	filter = (struct clients_filter){ .role = SLICE("admin"), .enabled = true };
	assert_int_equal(clients_page(core, SLICE("b"), &filter, page, 3), 3);
	assert_slice(page[1]->id, "m");
	filter.disabled = true;
	assert_int_equal(clients_page(core, none, &filter, page, 3), 0);
	const struct client_key *keys[3];
	(void)make_one("m", KEY_TOKEN);
	(void)make_one("m", KEY_TOKEN);
	(void)make_one("b", KEY_TOKEN);
	assert_int_equal(clients_key_page(core, SLICE("m"), none, keys, 3), 2);
	assert_true(memcmp(keys[0]->handle.p, keys[1]->handle.p, keys[0]->handle.n) < 0);
	assert_int_equal(clients_key_page(core, none, none, keys, 3), 3);
	struct clients_count count = clients_count(core);
	assert_int_equal(count.listed, 1);
	assert_int_equal(count.clients, 4);
	assert_int_equal(count.keys, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_client_is_there_at_once_and_on_disk_when_it_is_said),
		TEST(a_crash_before_the_word_costs_the_client),
		TEST(what_cannot_be_a_client_is_refused),
		TEST(ids_are_taken_once),
		TEST(without_a_place_on_disk_nothing_is_changed),
		TEST(a_token_is_known_and_stands_nowhere),
		TEST(scopes_and_bounds_come_back),
		TEST(what_the_disk_does_not_take_has_not_happened),
		TEST(what_is_taken_away_stays_away),
		TEST(a_store_that_is_full_is_asked_again),
		TEST(a_later_change_is_not_undone_by_an_earlier_one),
		TEST(a_psk_is_replaced_sealed_and_comes_back),
		TEST(a_certificate_is_one_clients),
		TEST(a_refresh_token_is_spent_once_and_a_family_goes_together),
		TEST(a_refresh_that_was_not_written_can_be_spent_again),
		TEST(keys_are_bounded),
		TEST(the_file_wins),
		TEST(what_was_tampered_with_is_left_out),
		TEST(what_has_expired_is_swept),
		TEST(the_sweep_keeps_up_with_many),
		TEST(the_oldest_that_was_issued_makes_room),
		TEST(pages_are_in_order_and_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
