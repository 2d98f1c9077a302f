/* The listeners of the administration: HTTP as everybody's, but what they lead to is the gateway's own service and
 * nothing else, so no SOAP and no stream of events.
 *
 * `admin` stands in the file, with who may come. Without TLS it listens at a loopback address only: what crosses it are
 * keys and passwords. `control` is the socket in the state folder that the command line uses; who comes there is root or
 * the gateway's own user, which the kernel says (SO_PEERCRED). */
#include "adapters/http/http.h"
#include "net/stream.h"

#include <arpa/inet.h>

static const struct setting admin_settings[] = {
	ADAPTER_BIND_SETTING,
	{ .key = "tls",
	        .type = SETTING_TREE,
	        .inner = tls_settings,
	        .help = "HTTPS: the certificate, and who may come with one; without it bind is a "
	                "loopback address" },
	{ .key = "auth", .type = SETTING_TEXTS, .required = true, .help = "ways to authenticate" },
	{ .key = "roles",
	        .type = SETTING_TEXTS,
	        .required = true,
	        .help = "the roles that may come, as far as they allow, such as * /admin/v1/*" },
	HTTP_DEADLINE_SETTINGS,
	{ .key = NULL },
};

static const struct setting control_settings[] = {
	HTTP_DEADLINE_SETTINGS,
	{ .key = NULL },
};

static bool is_loopback(slice bind)
{
	struct sockaddr_storage address;
	const void *at = &address;
	if (!net_parse_address(bind, &address))
		return true; /* another mistake */
	if (address.ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)at)->sin6_addr);
	const struct sockaddr_in *in = at;
	return (ntohl(in->sin_addr.s_addr) & 0xff000000) == 0x7f000000;
}

static struct adapter *admin_open(struct loop *loop, const struct adapter_limits *limits,
        const struct config *config, struct error *error)
{
	if (!config_get(config, "tls") && !is_loopback(config_text(config, "bind"))) {
		(void)config_error(config_get(config, "bind"), error,
		        "without tls: an admin listener has a loopback address, such as "
		        "127.0.0.1:9090");
		return NULL;
	}
	struct adapter *adapter = http_open(loop, limits, config, error);
	if (adapter)
		((struct http *)adapter)->plain = true;
	return adapter;
}

static struct adapter *control_open(struct loop *loop, const struct adapter_limits *limits,
        const struct config *config, struct error *error)
{
	struct adapter *adapter = http_open_local(loop, limits, config, error);
	if (adapter)
		((struct http *)adapter)->plain = true;
	return adapter;
}

const struct adapter_ops adapter_admin = {
	.name = "admin",
	.serves = "admin",
	.live_files = "tls",
	.settings = admin_settings,
	.open = admin_open,
	.start = http_start,
	.renew = http_renew,
	.reply = http_reply,
	.words = http_response_words,
	.stop = http_stop,
	.close = http_close,
};

const struct adapter_ops adapter_control = {
	.name = "control",
	.serves = "admin",
	.built_in = true,
	.settings = control_settings,
	.open = control_open,
	.start = http_start,
	.reply = http_reply,
	.words = http_response_words,
	.stop = http_stop,
	.close = http_close,
};
