/* mtls: who a client's certificate says it is.
 *
 * The listener's TLS library has verified the chain against the listener's client_ca, and every adapter hands on the
 * certificate as DER. Here, for all protocols alike, the names in it lead to a client by the rules of the configuration
 * (rules.c). It is read by OpenSSL whatever the listener's library is: Mbed TLS 2.28 hands out other kinds of names, and
 * decodes them otherwise, than 3.6 does, and who somebody is must not depend on that. Dates and purposes are looked at
 * once more, because a connection may outlive its certificate and a ticket brings one back; a header of a request that
 * claims to be a certificate is never looked at.
 *
 * Reading a certificate costs more than the rest of a request, so WHAT WAS READ IS REMEMBERED by the certificate's bytes,
 * also that it is nobody's. Only what can change by itself is asked each time: the time, and whose a fingerprint is. The
 * memory is bounded in number and bytes, and the one not used for longest gives way, so who has many certificates takes
 * no more from the others than the time to read theirs again. */
#include "api/authenticator.h"

#include <stdio.h>
#include <stdlib.h>

#include "auth/mtls/rules.h"
#include "base/clock.h"
#include "base/list.h"
#include "base/table.h"

enum {
	REMEMBERED_MAX = 4096,
	REMEMBERED_MAX_BYTES = 8 * 1024 * 1024,
	RULES_MAX_BYTES = 128 * 1024,  /* the texts of the configuration */
	READING_MAX_BYTES = 256 * 1024 /* the names of one certificate */
};

struct entry {
	UT_hash_handle hh;
	struct list used; /* the one not used for longest first */
	int64_t from_ms, until_ms;
	struct digest fingerprint;
	bool by_fingerprint;
	uint64_t roles;
	slice der, id, why; /* into bytes */
	size_t size;
	char bytes[];
};

struct mtls_authenticator {
	struct authenticator base;
	const struct directory *directory;
	struct arena arena; /* of the rules */
	struct mtls_rules rules;
	struct authorities *authorities; /* NULL: all whom the listener believes */
	bool unlisted;
	struct entry *entries;
	struct list used;
	size_t bytes;
};

/* ---- What was read */

static void forget(struct mtls_authenticator *self, struct entry *entry)
{
	HASH_DEL(self->entries, entry);
	list_remove(&entry->used);
	self->bytes -= entry->size;
	free(entry);
}

static struct entry *find(struct mtls_authenticator *self, slice der)
{
	struct entry *entry;
	HASH_FIND(hh, self->entries, der.p, der.n, entry);
	return entry;
}

static struct entry *make_entry(
        slice der, const struct certificate *certificate, const struct mtls_reading *reading)
{
	slice why = slice_of(reading->why);
	size_t size = sizeof(struct entry) + der.n + reading->id.n + why.n;
	struct entry *entry = calloc(1, size);
	if (!entry)
		return NULL;
	char *at = entry->bytes;
	entry->size = size;
	entry->der = slice_put(&at, der);
	entry->id = slice_put(&at, reading->id);
	entry->why = slice_put(&at, why);
	entry->until_ms = INT64_MAX;
	if (!certificate)
		return entry;
	entry->by_fingerprint = reading->by_fingerprint;
	entry->roles = reading->roles;
	entry->from_ms = certificate->from_ms;
	entry->until_ms = certificate->until_ms;
	entry->fingerprint = certificate->fingerprint;
	return entry;
}

/* NULL: no memory. */
static struct entry *read_certificate(const struct mtls_authenticator *self, slice der)
{
	struct arena arena;
	struct mtls_reading reading = { .by_fingerprint = false };
	const char *why;
	arena_init(&arena, READING_MAX_BYTES);
	struct certificate *certificate = certificate_read(&arena, der, &why);
	if (certificate && self->authorities && !authorities_have_signed(self->authorities, der)) {
		certificate = NULL;
		why = "it is of no authority that is believed for this";
	}
	if (certificate)
		mtls_rules_read(&self->rules, certificate, &reading);
	else if (why)
		(void)snprintf(reading.why, sizeof reading.why,
		        "the certificate is not accepted: %s", why);
	struct entry *entry = certificate || why ? make_entry(der, certificate, &reading) : NULL;
	arena_finish(&arena);
	return entry;
}

static void make_room(struct mtls_authenticator *self, size_t bytes)
{
	while (!list_empty(&self->used) && (HASH_COUNT(self->entries) >= REMEMBERED_MAX ||
	                                           self->bytes + bytes > REMEMBERED_MAX_BYTES))
		forget(self, LIST_OWNER(self->used.next, struct entry, used));
}

/* NULL: no memory. */
static const struct entry *look_up(struct mtls_authenticator *self, slice der)
{
	struct entry *entry = find(self, der);
	if (entry) {
		list_remove(&entry->used);
		list_append(&self->used, &entry->used);
		return entry;
	}
	entry = read_certificate(self, der);
	if (!entry)
		return NULL;
	make_room(self, entry->size);
	HASH_ADD_KEYPTR(hh, self->entries, entry->der.p, entry->der.n, entry);
	if (find(self, der) != entry) {
		free(entry);
		return NULL;
	}
	list_append(&self->used, &entry->used);
	self->bytes += entry->size;
	return entry;
}

/* ---- What it means for a request */

static enum verdict refuse(struct request *request, const char *why)
{
	request_refuse(request, STATUS_UNAUTHENTICATED, "%s", why);
	return REPLY;
}

/* Those that the certificate's names stand for, in the place of the client's; none of them: the client's. */
static void set_roles(const struct mtls_rules *rules, const struct entry *entry,
        slice to[MTLS_ROLES_MAX], struct grant *grant)
{
	unsigned n = 0;
	for (unsigned i = 0; i < rules->nroles; i++) {
		if (entry->roles >> i & 1)
			to[n++] = rules->roles[i].role;
	}
	if (!n)
		return;
	grant->roles = to;
	grant->nroles = n;
}

static enum verdict grant_by(const struct mtls_authenticator *self, struct request *request,
        const struct entry *entry, struct grant *grant)
{
	slice roles[MTLS_ROLES_MAX];
	uint64_t until_ms = (uint64_t)entry->until_ms;
	set_roles(&self->rules, entry, roles, grant);
	if (!grant->valid_until_ms || grant->valid_until_ms > until_ms)
		grant->valid_until_ms = until_ms;
	return auth_grant(request, grant);
}

static enum verdict mtls_check(
        struct authenticator *base, struct request *request, const struct credential *credential)
{
	struct mtls_authenticator *self = (struct mtls_authenticator *)base;
	const struct entry *entry = look_up(self, credential->secret);
	int64_t now_ms = (int64_t)(clock_wall_ns() / 1000000);
	if (!entry) {
		request_refuse(request, STATUS_UNAVAILABLE, "out of memory");
		return REPLY;
	}
	if (entry->until_ms <= now_ms)
		return refuse(request, "the certificate has expired");
	if (entry->from_ms > now_ms)
		return refuse(request, "the certificate is not valid yet");
	struct grant grant = { .client = entry->id, .unlisted = self->unlisted };
	const struct client_key *key = NULL;
	if (entry->by_fingerprint)
		key = directory_find_key(
		        self->directory, KEY_CERTIFICATE, digest_slice(&entry->fingerprint));
	if (key && !auth_key_grant(request, key, &grant))
		return REPLY;
	if (!grant.client.n) {
		request_refuse(request, STATUS_UNAUTHENTICATED, "%.*s", SLICE_ARG(entry->why));
		return REPLY;
	}
	return grant_by(self, request, entry, &grant);
}

static bool mtls_offers(const struct authenticator *base, const struct credential *credential)
{
	(void)base;
	return credential->kind == CREDENTIAL_CERTIFICATE;
}

/* ---- Its life */

static void mtls_close(struct authenticator *base)
{
	struct mtls_authenticator *self = (struct mtls_authenticator *)base;
	if (!self)
		return;
	while (!list_empty(&self->used))
		forget(self, LIST_OWNER(self->used.next, struct entry, used));
	authorities_destroy(self->authorities);
	arena_finish(&self->arena);
	free(self);
}

static bool load_authorities(
        struct mtls_authenticator *self, const struct config *config, struct error *error)
{
	const char *why;
	if (!config_get(config, "authority"))
		return true;
	slice path = config_file_path(&self->arena, config, "authority");
	if (!path.p)
		return error_set(error, "out of memory");
	self->authorities = authorities_open(path.p, &why);
	return self->authorities ||
	       config_error(config_get(config, "authority"), error, "%s: %s", path.p, why);
}

static struct authenticator *mtls_open(struct loop *loop, const struct config *config,
        const struct directory *directory, struct error *error)
{
	(void)loop;
	struct mtls_authenticator *self = calloc(1, sizeof *self);
	if (!self) {
		error_set(error, "out of memory");
		return NULL;
	}
	list_init(&self->used);
	arena_init(&self->arena, RULES_MAX_BYTES);
	self->directory = directory;
	self->unlisted = slice_is(config_text(config, "clients"), "optional");
	if (!mtls_rules_load(&self->rules, &self->arena, config, error) ||
	        !load_authorities(self, config, error)) {
		mtls_close(&self->base);
		return NULL;
	}
	if (!mtls_rules_by_fingerprint(&self->rules))
		self->base.blind = 1u << KEY_CERTIFICATE;
	return &self->base;
}

static const char *const listing[] = { "required", "optional", NULL };

static const struct setting settings[] = {
	{ .key = "identity",
	        .type = SETTING_RULES,
	        .fallback = "subject.cn",
	        .choices = mtls_identity_sources,
	        .inner = mtls_identity_settings,
	        .help = "what in the certificate says which client it is; a list is tried in "
	                "order" },
	{ .key = "authority",
	        .type = SETTING_FILE,
	        .help = "only certificates that one of these has signed; default: all that the "
	                "listener believes" },
	{ .key = "roles",
	        .type = SETTING_TREE,
	        .inner = mtls_roles_settings,
	        .help = "names of the certificate that stand for roles, in place of the client's" },
	{ .key = "clients",
	        .type = SETTING_TEXT,
	        .fallback = "required",
	        .choices = listing,
	        .help = "must the id be one of clients" },
	{ .key = NULL },
};

const struct authenticator_ops authenticator_mtls = {
	.name = "mtls",
	.settings = settings,
	.keys = 1u << KEY_CERTIFICATE,
	.only = CREDENTIAL_CERTIFICATE,
	.open = mtls_open,
	.offers = mtls_offers,
	.check = mtls_check,
	.close = mtls_close,
};
