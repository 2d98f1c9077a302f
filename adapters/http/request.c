/* What a head says, put into the words that all protocols share.
 *
 * Every field goes into `in.fields`, names in lower case, except those that concern this connection only
 * (RFC 9110, 7.6.1) or the length of the message, and those that carry a secret: these become credentials and
 * appear nowhere else, so that nothing logs or forwards them. So do parameters of the query that carry one. */
#include "adapters/http/request.h"

#include "api/adapter.h"

#include "base/base64.h"
#include "base/media.h"
#include "base/uri.h"

/* Names that stay here. In lower case. */
static const slice kept_back[] = {
	SLICE_INIT("authorization"),
	SLICE_INIT("connection"),
	SLICE_INIT("content-length"),
	SLICE_INIT("expect"),
	SLICE_INIT("http2-settings"),
	SLICE_INIT("keep-alive"),
	SLICE_INIT("proxy-authorization"),
	SLICE_INIT("proxy-connection"),
	SLICE_INIT("te"),
	SLICE_INIT("trailer"),
	SLICE_INIT("transfer-encoding"),
	SLICE_INIT("upgrade"),
	SLICE_INIT("x-api-key"),
};

static bool refuse(struct request *request, const char *why)
{
	request_refuse(request, STATUS_MALFORMED, "%s", why);
	return false;
}

static bool no_memory(struct request *request)
{
	request_refuse(
	        request, STATUS_TOO_LARGE, "the header does not fit into the request's memory");
	return false;
}

static bool fill_method(struct request *request, slice name, unsigned *code)
{
	enum method method;
	if (method_parse(name, &method) && method <= METHOD_OPTIONS) {
		request->in.method = method;
		return true;
	}
	*code = 501;
	request_refuse(request, STATUS_METHOD_NOT_ALLOWED, "the method %.*s is not known here",
	        SLICE_ARG(name));
	return false;
}

/* "http://authority/path" to "/path". false: no authority, or one with a user in it (RFC 9110, 4.2.4). */
static bool strip_authority(slice *target)
{
	size_t scheme = 0;
	if (target->n >= 7 && slice_equal_nocase((slice){ target->p, 7 }, SLICE("http://")))
		scheme = 7;
	else if (target->n >= 8 && slice_equal_nocase((slice){ target->p, 8 }, SLICE("https://")))
		scheme = 8;
	slice rest = slice_from(*target, scheme);
	size_t n = 0;
	while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?') {
		if (rest.p[n] == '@')
			return false;
		n++;
	}
	if (!scheme || !n)
		return false;
	*target = (slice){ rest.p + n, rest.n - n };
	return true;
}

static bool add_credential(
        struct request *request, enum credential_kind kind, slice name, slice secret)
{
	struct credential *credential = ARENA_NEW(&request->arena, struct credential);
	if (!credential)
		return no_memory(request);
	*credential = (struct credential){
		.kind = kind, .name = name, .secret = secret, .next = request->credentials
	};
	request->credentials = credential;
	return true;
}

/* "?name" in a credential. false: no memory. */
static bool add_query_key(struct request *request, slice name, slice value)
{
	slice marked = arena_printf(&request->arena, "?%.*s", SLICE_ARG(name));
	slice key = uri_decode(&request->arena, value);
	if (!marked.p || (value.n && !key.p))
		return false;
	return add_credential(request, CREDENTIAL_API_KEY, marked, key);
}

/* Moves what is a secret from the query to the credentials. The rest stays as it is, byte by byte. */
static bool take_query_keys(struct request *request)
{
	slice rest = request->in.query, kept = { NULL, 0 };
	bool taken = false;
	struct text others;
	text_init(&others, &request->arena, 0);
	while (rest.p) {
		slice part = slice_cut(&rest, '&');
		slice value = part;
		slice name = slice_cut(&value, '=');
		if (slice_find(name, '%') < name.n)
			name = uri_decode(&request->arena, name);
		if (name.n && adapter_carries_secret(request->adapter, CARRIER_QUERY, name)) {
			taken = true;
			if (!add_query_key(request, name, value))
				return refuse(request, "the query cannot be read");
			continue;
		}
		if (others.n)
			text_char(&others, '&');
		text_slice_add(&others, part);
	}
	if (!taken)
		return true;
	if (others.n)
		kept = text_slice(&others);
	request->in.query = kept;
	return !others.failed || no_memory(request);
}

static bool fill_target(struct request *request, slice target)
{
	if (slice_is(target, "*") && request->in.method == METHOD_OPTIONS) {
		/* Asks about the server as a whole; answered here. */
		request->in.path = target;
		request->status = STATUS_OK;
		return true;
	}
	if (slice_find(target, '#') != target.n)
		return refuse(request, "a request target has no fragment");
	if (target.p[0] != '/' && !strip_authority(&target))
		return refuse(request, "the request target is neither a path nor an http URL");
	size_t path = slice_find(target, '?');
	request->in.query = slice_from(target, path + 1);
	if (request->in.query.n && !take_query_keys(request))
		return false;
	slice raw = path ? (slice){ target.p, path } : SLICE("/");
	switch (uri_path_normalise(&request->arena, raw, &request->in.path)) {
	case URI_OK:
		return true;
	case URI_MALFORMED:
		return refuse(request, "the path is malformed");
	case URI_NO_MEMORY:
		break;
	}
	return no_memory(request);
}

static bool authorization(struct request *request, slice value)
{
	slice rest = value;
	slice scheme = slice_cut(&rest, ' ');
	rest = slice_trim(rest);
	if (slice_equal_nocase(scheme, SLICE("bearer")))
		return add_credential(request, CREDENTIAL_BEARER, (slice){ NULL, 0 }, rest);
	if (!slice_equal_nocase(scheme, SLICE("basic")))
		return true;
	slice pair;
	if (!rest.n || !base64_decode(&request->arena, rest, &pair))
		return refuse(request, "the Basic credentials are not base64");
	size_t colon = slice_find(pair, ':');
	if (colon == pair.n)
		return refuse(request, "the Basic credentials have no colon");
	slice user = { pair.p, colon }, password = { pair.p + colon + 1, pair.n - colon - 1 };
	return add_credential(request, CREDENTIAL_BASIC, user, password);
}

static bool is_kept_back(slice name)
{
	for (size_t i = 0; i < sizeof kept_back / sizeof *kept_back; i++) {
		if (slice_equal(name, kept_back[i]))
			return true;
	}
	return false;
}

/* Does some Connection field name this one as its own? */
static bool is_nominated(const struct http_head *head, const char *bytes, slice name)
{
	for (unsigned i = 0; i < head->nfields; i++) {
		if (slice_equal_nocase(
		            http_part_slice(bytes, head->fields[i].name), SLICE("connection")) &&
		        http_list_has(http_part_slice(bytes, head->fields[i].value), name))
			return true;
	}
	return false;
}

/* The type in small letters; its parameters, a charset among them, as they are. */
static bool fill_media(struct request *request, slice value)
{
	char *copy = arena_alloc_raw(&request->arena, value.n);
	if (!copy)
		return no_memory(request);
	size_t type = slice_find(value, ';');
	for (size_t i = 0; i < value.n; i++)
		copy[i] = i < type ? ascii_lower(value.p[i]) : value.p[i];
	request->in.media = (slice){ copy, value.n };
	return true;
}

/* Several Accept fields are one list. */
static bool fill_accept(struct request *request, slice value)
{
	if (!request->accept.n)
		request->accept = value;
	else
		request->accept = arena_printf(&request->arena, "%.*s, %.*s",
		        SLICE_ARG(request->accept), SLICE_ARG(value));
	return request->accept.p || no_memory(request);
}

struct seen {
	bool authorization, media, connection;
};

/* false: refused. *kept: it does not go into the message's fields. */
static bool fill_field(
        struct request *request, slice name, slice value, struct seen *seen, bool *kept)
{
	*kept = is_kept_back(name);
	if (slice_is(name, "x-api-key") ||
	        (!*kept && adapter_carries_secret(request->adapter, CARRIER_FIELD, name))) {
		*kept = true;
		return add_credential(request, CREDENTIAL_API_KEY, name, value);
	}
	if (slice_is(name, "authorization")) {
		if (seen->authorization)
			return refuse(request, "a second Authorization");
		seen->authorization = true;
		return authorization(request, value);
	}
	if (slice_is(name, "content-type")) {
		if (seen->media)
			return refuse(request, "a second Content-Type");
		seen->media = true;
		return fill_media(request, value);
	}
	if (slice_is(name, "accept"))
		return fill_accept(request, value);
	if (slice_is(name, "connection"))
		seen->connection = true;
	return true;
}

static bool fill_fields(struct request *request, const struct http_head *head, char *bytes)
{
	struct field *fields = arena_alloc_raw(&request->arena, head->nfields * sizeof *fields);
	if (!fields)
		return no_memory(request);
	request->in.fields = fields;
	struct seen seen = { false, false, false };
	for (unsigned i = 0; i < head->nfields; i++) {
		struct http_part part = head->fields[i].name;
		for (uint32_t at = part.at; at < part.at + part.n; at++)
			bytes[at] = ascii_lower(bytes[at]);
		slice name = http_part_slice(bytes, part);
		slice value = http_part_slice(bytes, head->fields[i].value);
		bool kept;
		if (!fill_field(request, name, value, &seen, &kept))
			return false;
		if (!kept)
			fields[request->in.nfields++] = (struct field){ name, value };
	}
	if (!seen.connection)
		return true;
	unsigned kept = 0;
	for (unsigned i = 0; i < request->in.nfields; i++) {
		if (!is_nominated(head, bytes, fields[i].name))
			fields[kept++] = fields[i];
	}
	request->in.nfields = kept;
	return true;
}

bool http_request_fill(struct request *request, const struct http_head *head, char *bytes,
        slice certificate, unsigned *code)
{
	if (!fill_method(request, http_part_slice(bytes, head->method), code))
		return false;
	if (head->nhosts > 1 || (head->nhosts == 0 && head->minor == 1))
		return refuse(request, "HTTP/1.1 wants exactly one Host");
	/* The weakest first: each is put before those that are there. */
	slice none = { NULL, 0 };
	if (!add_credential(request, CREDENTIAL_ADDRESS, request_peer_address(request), none))
		return false;
	if (certificate.n && !add_credential(request, CREDENTIAL_CERTIFICATE, none, certificate))
		return false;
	return fill_target(request, http_part_slice(bytes, head->target)) &&
	       fill_fields(request, head, bytes);
}
