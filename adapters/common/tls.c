#include "adapters/common/tls.h"

#include <stdlib.h>

enum { PATHS_MAX = 16384 };

static const char *const client_certificate_choices[] = { "none", "optional", "required", NULL };

static const char *const crl_expired_choices[] = { "accept", "refuse", NULL };

static const struct setting named_settings[] = {
	{ .key = "names",
	        .type = SETTING_TEXTS,
	        .required = true,
	        .help = "what the gateway is called by; *.example.org: any one label before that" },
	{ .key = "certificate",
	        .type = SETTING_FILE,
	        .required = true,
	        .help = "the certificate for those names and its chain, PEM" },
	{ .key = "key",
	        .type = SETTING_FILE,
	        .required = true,
	        .help = "the certificate's private key, PEM" },
	{ .key = NULL },
};

const struct setting tls_settings[] = {
	{ .key = "certificate",
	        .type = SETTING_FILE,
	        .help = "the gateway's certificate and its chain, PEM" },
	{ .key = "key", .type = SETTING_FILE, .help = "the certificate's private key, PEM" },
	{ .key = "certificates",
	        .type = SETTING_TREES,
	        .inner = named_settings,
	        .help = "further ones, for who calls the gateway by other names (SNI)" },
	{ .key = "client_ca",
	        .type = SETTING_FILE,
	        .help = "the authorities whose client certificates are believed, PEM" },
	{ .key = "client_certificate",
	        .type = SETTING_TEXT,
	        .fallback = "none",
	        .choices = client_certificate_choices,
	        .help = "whether a client is asked for a certificate, and must have one" },
	{ .key = "crl",
	        .type = SETTING_FILE,
	        .help = "the revocation lists of those authorities, PEM" },
	{ .key = "crl_expired",
	        .type = SETTING_TEXT,
	        .fallback = "accept",
	        .choices = crl_expired_choices,
	        .help = "whether a certificate is believed whose authority's list is out of date "
	                "and does not name it" },
	{ .key = "psk",
	        .type = SETTING_SWITCH,
	        .fallback = "false",
	        .help = "clients may prove themselves by their pre-shared keys (not over HTTP)" },
	{ .key = NULL },
};

/* The value's place where there is one, else the map's. */
static const struct config *place(const struct config *tls, const char *key)
{
	const struct config *at = config_get(tls, key);
	return at ? at : tls;
}

static bool read_names(const struct config *node, struct arena *arena, struct tls_named *named,
        struct error *error)
{
	const struct config *list = config_get(node, "names");
	slice *names = arena_alloc(arena, list->count * sizeof *names);
	CONFIG_EACH (list, at) {
		slice rest =
		        slice_starts(at->text, SLICE("*.")) ? slice_from(at->text, 2) : at->text;
		if (!rest.n || slice_find(rest, '*') < rest.n || slice_find(rest, ':') < rest.n ||
		        slice_find(rest, '/') < rest.n)
			return config_error(at, error,
			        "a host's name, such as box.example.org or *.example.org");
		if (names)
			names[named->nnames++] = at->text;
	}
	named->names = names;
	if (!list->count)
		return config_error(list, error, "no name: say what the gateway is called by");
	return names || config_error(node, error, "out of memory");
}

static bool read_named(
        const struct config *tls, struct arena *arena, struct tls_files *files, struct error *error)
{
	const struct config *list = config_get(tls, "certificates");
	if (!list)
		return true;
	if (!files->certificate)
		return config_error(
		        list, error, "certificate and key are missing, for who says no name");
	struct tls_named *named = arena_alloc(arena, list->count * sizeof *named);
	files->named = named;
	CONFIG_EACH (list, at) {
		if (!named)
			return config_error(list, error, "out of memory");
		if (!read_names(at, arena, &named[files->nnamed], error))
			return false;
		named[files->nnamed].certificate = config_file_path(arena, at, "certificate").p;
		named[files->nnamed++].key = config_file_path(arena, at, "key").p;
	}
	return true;
}

bool tls_settings_read(
        const struct config *tls, struct arena *arena, struct tls_files *files, struct error *error)
{
	*files = (struct tls_files){ .certificate = config_file_path(arena, tls, "certificate").p,
		.key = config_file_path(arena, tls, "key").p,
		.client_ca = config_file_path(arena, tls, "client_ca").p,
		.crl = config_file_path(arena, tls, "crl").p,
		.strict_crl = slice_is(config_text(tls, "crl_expired"), "refuse"),
		.psk = config_switch(tls, "psk") };
	slice client = config_text(tls, "client_certificate");
	if (slice_is(client, "required"))
		files->ask = TLS_ASK_REQUIRED;
	else if (slice_is(client, "optional"))
		files->ask = TLS_ASK_OPTIONAL;
	if (!files->certificate != !files->key)
		return config_error(tls, error, "certificate and key belong together");
	if (!files->certificate && !files->psk)
		return config_error(tls, error, "certificate and key are missing");
	if (files->ask != TLS_ASK_NONE && !files->certificate)
		return config_error(place(tls, "client_certificate"), error,
		        "who asks for a certificate must have one: certificate and key are "
		        "missing");
	if (files->ask != TLS_ASK_NONE && !files->client_ca)
		return config_error(place(tls, "client_certificate"), error,
		        "client_ca is missing: which authorities are believed?");
	if (files->crl && files->ask == TLS_ASK_NONE)
		return config_error(place(tls, "crl"), error,
		        "nobody is asked for a certificate that could be on it: client_certificate "
		        "is none");
	return read_named(tls, arena, files, error);
}

static bool find_key(void *arg, slice identity, slice *key)
{
	return adapter_psk(arg, identity, key);
}

static const char *const file_keys[] = { [TLS_FILE_CERTIFICATE] = "certificate",
	[TLS_FILE_KEY] = "key",
	[TLS_FILE_AUTHORITIES] = "client_ca",
	[TLS_FILE_LISTS] = "crl" };

static struct tls *open_files(struct adapter *adapter, const struct config *tls,
        const struct tls_files *files, enum tls_transport transport, struct error *error)
{
	const struct tls_options options = { .transport = transport,
		.certificate = files->certificate,
		.key = files->key,
		.named = files->named,
		.nnamed = files->nnamed,
		.authorities = files->ask == TLS_ASK_NONE ? NULL : files->client_ca,
		.ask = files->ask,
		.lists = files->crl,
		.strict_lists = files->strict_crl,
		.psk = files->psk ? find_key : NULL,
		.arg = adapter };
	struct tls_fault fault;
	struct tls *opened = tls_server_open(&options, &fault);
	if (opened)
		return opened;
	if (fault.file == TLS_FILE_NONE)
		(void)config_error(tls, error, "%s", fault.text);
	else
		(void)config_error(place(tls, file_keys[fault.file]), error, "%s: %s",
		        file_keys[fault.file], fault.text);
	return NULL;
}

struct tls *tls_settings_open(struct adapter *adapter, const struct config *tls,
        enum tls_transport transport, struct error *error)
{
	struct arena arena;
	arena_init(&arena, PATHS_MAX);
	struct tls_files files;
	struct tls *opened = NULL;
	if (tls_settings_read(tls, &arena, &files, error))
		opened = open_files(adapter, tls, &files, transport, error);
	arena_finish(&arena);
	return opened;
}

bool tls_settings_renew(struct tls *tls, struct error *error)
{
	struct tls_fault fault;
	if (!tls || tls_renew(tls, &fault))
		return true;
	const char *key = fault.file == TLS_FILE_NONE ? "tls" : file_keys[fault.file];
	return error_set(error, "%s: %s", key, fault.text);
}

bool tls_shown_copy(const struct stream *stream, struct tls_shown *shown)
{
	return tls_shown_keep(stream_peer_certificate(stream), stream_psk_identity(stream),
	        stream_psk_mark(stream), shown);
}

bool tls_shown_keep(slice certificate, slice identity, slice mark, struct tls_shown *shown)
{
	*shown = (struct tls_shown){ .memory = NULL };
	if (!certificate.n && !identity.n)
		return true;
	char *at = malloc(certificate.n + identity.n + mark.n);
	if (!at)
		return false;
	shown->memory = at;
	memcpy(at, certificate.p ? certificate.p : "", certificate.n);
	memcpy(at + certificate.n, identity.p ? identity.p : "", identity.n);
	memcpy(at + certificate.n + identity.n, mark.p ? mark.p : "", mark.n);
	shown->certificate = (slice){ at, certificate.n };
	shown->psk_identity = (slice){ at + certificate.n, identity.n };
	shown->psk_mark = (slice){ at + certificate.n + identity.n, mark.n };
	return true;
}
