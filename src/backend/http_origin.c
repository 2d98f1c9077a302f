/* TLS TOWARDS TARGETS is that of every stream (net/tls.h). A backend has one set of trust for all its targets, read once and shared by
 * their pools. What is believed: a certificate that `ca` has signed (or somebody whom the system trusts, where there is no
 * `ca`), that is in force, and that is for the target's host or `server_name`. There is no way to leave that out: who does not
 * mind whom readings go to says http://. */
#include "backend/http_origin.h"

#include "base/uri.h"
#include "net/tls.h"

#include <limits.h>
#include <stdlib.h>

enum { CONNECTIONS_MAX = 10000, PATHS_BYTES = 16384 };

const struct setting http_tls_settings[] = {
	{ .key = "ca",
	        .type = SETTING_FILE,
	        .help = "PEM: who may sign the targets' certificates; default: whom the system "
	                "trusts" },
	{ .key = "certificate",
	        .type = SETTING_FILE,
	        .help = "PEM: the gateway's certificate towards the targets" },
	{ .key = "key", .type = SETTING_FILE, .help = "PEM: its private key" },
	{ .key = "server_name",
	        .type = SETTING_TEXT,
	        .help = "the name the targets' certificates must have, when it is not the URL's "
	                "host" },
	{ .key = NULL },
};

/* ---- URLs */

bool http_origin_parse(slice url, struct http_origin *origin, struct error *error)
{
	struct uri uri;
	if (!uri_parse(url, &uri) || !uri.host.n)
		return error_set(
		        error, "%.*s is no URL of the form http://host:port/path", SLICE_ARG(url));
	bool secure = slice_equal_nocase(uri.scheme, SLICE("https"));
	if (!secure && !slice_equal_nocase(uri.scheme, SLICE("http")))
		return error_set(error, "%.*s: the scheme must be http or https", SLICE_ARG(url));
	for (size_t i = 0; i < url.n; i++) {
		unsigned char c = (unsigned char)url.p[i];
		if (c <= ' ' || c >= 0x7f || c == '@' || c == '?' || c == '#')
			return error_set(error,
			        "%.*s: a target has no user, query, fragment or blanks",
			        SLICE_ARG(url));
	}
	slice rest = slice_from(url, uri.scheme.n + 3);
	*origin = (struct http_origin){ .secure = secure,
		.host = uri.host,
		.port = uri.port,
		.authority = { rest.p, slice_find(rest, '/') },
		.prefix = uri.path };
	if (!origin->port)
		origin->port = secure ? 443 : 80;
	while (origin->prefix.n && origin->prefix.p[origin->prefix.n - 1] == '/')
		origin->prefix.n--;
	return true;
}

/* ---- What all have in common */

static bool read_pool(
        const struct config *config, struct http_pool_settings *settings, struct error *error)
{
	uint64_t connections = config_number(config, "connections");
	uint64_t waiting = config_number(config, "waiting");
	*settings = (struct http_pool_settings){
		.connections_max = (unsigned)connections,
		.waiting_max = waiting > UINT_MAX ? UINT_MAX : (unsigned)waiting,
		.idle_ms = config_duration_ms(config, "idle"),
		.connect_timeout_ms = config_duration_ms(config, "connect_timeout"),
		.answer_max_bytes = config_size(config, "answer"),
	};
	return (connections > 0 && connections <= CONNECTIONS_MAX) ||
	       config_error(config_get(config, "connections"), error, "connections: from 1 to %d",
	               CONNECTIONS_MAX);
}

static const struct config *blamed(const struct config *config, enum tls_file file)
{
	static const char *const keys[] = { [TLS_FILE_NONE] = "",
		[TLS_FILE_CERTIFICATE] = "certificate",
		[TLS_FILE_KEY] = "key",
		[TLS_FILE_AUTHORITIES] = "ca" };
	const struct config *tls = config_get(config, "tls");
	const struct config *file_config = config_get(tls, keys[file]);
	if (file_config)
		return file_config;
	return tls ? tls : config;
}

static bool open_tls(struct http_client *client, const struct config *config, struct error *error)
{
	static const char *protocols[] = { "http/1.1", NULL };
	const struct config *tls = config_get(config, "tls");
	struct arena paths;
	struct tls_fault fault;
	arena_init(&paths, PATHS_BYTES);
	const char *ca = config_file_path(&paths, tls, "ca").p;
	const struct tls_options options = {
		.transport = TLS_STREAM,
		.authorities = ca ? ca : TLS_SYSTEM_AUTHORITIES,
		.skip_unreadable_authorities = !ca,
		.certificate = config_file_path(&paths, tls, "certificate").p,
		.key = config_file_path(&paths, tls, "key").p,
		.protocols = protocols,
	};
	bool paired = !options.certificate == !options.key;
	if (paired)
		client->tls = tls_client_open(&options, &fault);
	arena_finish(&paths);
	if (!paired)
		return config_error(tls, error, "certificate and key go together");
	return client->tls || config_error(blamed(config, fault.file), error, "%s", fault.text);
}

bool http_client_open(struct http_client *client, const struct config *config,
        const struct target *targets, unsigned ntargets, struct error *error)
{
	const struct config *tls = config_get(config, "tls");
	slice name = config_text(tls, "server_name");
	bool secure = false;
	*client = (struct http_client){ .tls = NULL };
	if (!read_pool(config, &client->plain, error))
		return false;
	for (unsigned i = 0; i < ntargets; i++) {
		struct http_origin origin;
		if (!http_origin_parse(targets[i].url, &origin, error))
			return false;
		secure = secure || origin.secure;
	}
	if (tls && !secure)
		return config_error(tls, error, "tls: no target begins with https://");
	if (secure && !open_tls(client, config, error))
		return false;
	if (name.n) {
		client->server_name = strndup(name.p, name.n);
		if (!client->server_name)
			return error_set(error, "out of memory");
	}
	client->secure = client->plain;
	client->secure.tls = client->tls;
	client->secure.server_name = client->server_name;
	return true;
}

void http_client_close(struct http_client *client)
{
	tls_close(client->tls);
	free(client->server_name);
	*client = (struct http_client){ .tls = NULL };
}

struct http_pool *http_client_pool(struct http_client *client, struct loop *loop,
        const struct http_origin *origin, struct counters *counters, struct error *error)
{
	const struct http_pool_counts counts = {
		.connections = &counters->at[COUNTER_CONNECTIONS],
		.calls = &counters->at[COUNTER_MESSAGES],
		.malformed = &counters->at[COUNTER_MALFORMED],
		.bytes_in = &counters->at[COUNTER_BYTES_IN],
		.bytes_out = &counters->at[COUNTER_BYTES_OUT],
	};
	struct http_pool *pool = http_pool_open(loop, origin->host, origin->port,
	        origin->secure ? &client->secure : &client->plain, &counts);
	if (!pool)
		(void)error_set(error, "out of memory, or a host name without end");
	return pool;
}
