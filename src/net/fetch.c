/* A fetcher is a pool of connections to the one origin that its URL names (net/http_pool.h does all the work), the
 * trust that goes with it, and the list of what is under way.
 *
 * A fetch is one call of the pool with an arena of its own for the answer. The pool may end a call from inside the function
 * that starts it; so the end is only noted there, and a task tells the owner later in the turn.
 *
 * WHAT IS SENT HOLDS SECRETS (a client's secret, a token), so the copy of head and body is one block that is wiped as soon
 * as the call is over. */
#include "net/fetch.h"

#include "base/arena.h"
#include "base/list.h"
#include "base/uri.h"
#include "loop/loop.h"
#include "net/http_pool.h"
#include "net/tls.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	IDLE_MS = 30000,
	HEAD_ROOM_BYTES = 64 * 1024,
	HEAD_MAX_BYTES = 64 * 1024,
	LOCATION_SHOWN_BYTES = 200,
	FRESH_MAX_S = 365 * 24 * 3600
};

struct fetcher {
	struct loop *loop;
	struct http_pool *pool;
	struct tls *tls;
	struct list fetches;
	uint64_t timeout_ms;
	size_t answer_max_bytes;
	char *url, *server_name; /* copies; server_name: or NULL */
	slice authority, target; /* of the URL: for Host, and for the request line (empty: "/") */
};

struct fetch {
	struct fetcher *fetcher;
	struct list link;
	struct http_call call;
	struct arena arena;
	struct task over;
	enum http_end end;
	void (*done)(void *arg, const struct fetch_answer *);
	void *arg;
	char *sent; /* head and body */
	size_t sent_n;
};

/* ---- Opening and closing */

static bool fault_set(struct fetch_fault *fault, const char *setting, const char *text)
{
	fault->setting = setting;
	(void)snprintf(fault->text, sizeof fault->text, "%s", text);
	return false;
}

static bool url_is_clean(slice url)
{
	size_t authority_end = slice_find(slice_from(url, slice_find(url, ':') + 3), '/');
	slice authority = { url.p, slice_find(url, ':') + 3 + authority_end };
	for (size_t i = 0; i < url.n; i++) {
		unsigned char c = (unsigned char)url.p[i];
		if (c <= ' ' || c >= 0x7f || c == '#')
			return false;
	}
	return slice_find(authority, '?') == authority.n &&
	       slice_find(authority, '@') == authority.n;
}

static bool take_url(
        struct fetcher *fetcher, const char *text, struct uri *uri, struct fetch_fault *fault)
{
	slice url = slice_of(text);
	if (!uri_parse(url, uri) || !url_is_clean(url))
		return fault_set(fault, "url",
		        "it must be of the form https://host:port/path, without a user, a fragment "
		        "or blanks");
	bool secure = slice_equal_nocase(uri->scheme, SLICE("https"));
	if (!secure && !slice_equal_nocase(uri->scheme, SLICE("http")))
		return fault_set(fault, "url", "the scheme must be https or http");
	if (!uri->port)
		uri->port = secure ? 443 : 80;
	slice rest = slice_from(url, uri->scheme.n + 3);
	fetcher->authority = (slice){ rest.p, slice_find(rest, '/') };
	fetcher->target = uri->path;
	return true;
}

static const char *setting_of(enum tls_file file)
{
	switch (file) {
	case TLS_FILE_CERTIFICATE:
		return "certificate";
	case TLS_FILE_KEY:
		return "key";
	case TLS_FILE_AUTHORITIES:
		return "ca";
	case TLS_FILE_LISTS:
	case TLS_FILE_NONE:
		break;
	}
	return NULL;
}

static bool open_tls(
        struct fetcher *fetcher, const struct fetcher_settings *settings, struct fetch_fault *fault)
{
	static const char *protocols[] = { "http/1.1", NULL };
	const struct tls_options options = {
		.transport = TLS_STREAM,
		.authorities = settings->ca ? settings->ca : TLS_SYSTEM_AUTHORITIES,
		.skip_unreadable_authorities = !settings->ca,
		.certificate = settings->certificate,
		.key = settings->key,
		.protocols = protocols,
	};
	struct tls_fault why;
	if (!settings->certificate != !settings->key)
		return fault_set(fault, settings->key ? "key" : "certificate",
		        "certificate and key go together");
	fetcher->tls = tls_client_open(&options, &why);
	return fetcher->tls || fault_set(fault, setting_of(why.file), why.text);
}

static bool set_up(
        struct fetcher *fetcher, const struct fetcher_settings *settings, struct fetch_fault *fault)
{
	struct uri uri;
	fetcher->url = strndup(settings->url.p ? settings->url.p : "", settings->url.n);
	if (settings->server_name)
		fetcher->server_name = strdup(settings->server_name);
	if (!fetcher->url || (settings->server_name && !fetcher->server_name))
		return fault_set(fault, NULL, "out of memory");
	if (!take_url(fetcher, fetcher->url, &uri, fault))
		return false;
	bool secure = slice_equal_nocase(uri.scheme, SLICE("https"));
	if (!secure && (settings->ca || settings->certificate || settings->key))
		return fault_set(fault, "url", "certificates need a URL that begins with https://");
	if (secure && !open_tls(fetcher, settings, fault))
		return false;
	const struct http_pool_settings pool = {
		.connections_max = settings->connections_max,
		.waiting_max = settings->waiting_max,
		.idle_ms = IDLE_MS,
		.connect_timeout_ms = settings->timeout_ms,
		.answer_max_bytes = settings->answer_max_bytes,
		.tls = fetcher->tls,
		.server_name = fetcher->server_name,
	};
	const struct http_pool_counts none = { .calls = NULL };
	fetcher->pool = http_pool_open(fetcher->loop, uri.host, uri.port, &pool, &none);
	return fetcher->pool || fault_set(fault, "url", "a host name without end");
}

struct fetcher *fetcher_open(
        struct loop *loop, const struct fetcher_settings *settings, struct fetch_fault *fault)
{
	struct fetcher *fetcher = calloc(1, sizeof *fetcher);
	*fault = (struct fetch_fault){ .text = "out of memory" };
	if (!fetcher)
		return NULL;
	fetcher->loop = loop;
	fetcher->timeout_ms = settings->timeout_ms;
	fetcher->answer_max_bytes = settings->answer_max_bytes;
	list_init(&fetcher->fetches);
	if (set_up(fetcher, settings, fault))
		return fetcher;
	fetcher_close(fetcher);
	return NULL;
}

void fetcher_close(struct fetcher *fetcher)
{
	if (!fetcher)
		return;
	while (!list_empty(&fetcher->fetches))
		fetch_cancel(LIST_OWNER(fetcher->fetches.next, struct fetch, link));
	http_pool_close(fetcher->pool);
	tls_close(fetcher->tls);
	free(fetcher->server_name);
	free(fetcher->url);
	free(fetcher);
}

/* ---- What is sent */

static void forget_sent(struct fetch *fetch)
{
	if (fetch->sent)
		explicit_bzero(fetch->sent, fetch->sent_n);
	free(fetch->sent);
	fetch->sent = NULL;
}

static size_t put(char *to, size_t at, slice bytes)
{
	if (to && bytes.n)
		memcpy(to + at, bytes.p, bytes.n);
	return at + bytes.n;
}

/* Writes the head, or only counts its bytes (`to` NULL). */
static size_t write_head(
        const struct fetcher *fetcher, const struct fetch_request *request, char *to)
{
	static const slice verbs[] = {
		[FETCH_GET] = SLICE_INIT("GET "), [FETCH_POST] = SLICE_INIT("POST ")
	};
	char length[48];
	size_t at = put(to, 0, verbs[request->method]);
	at = put(to, at, fetcher->target.n ? fetcher->target : SLICE("/"));
	at = put(to, at, SLICE(" HTTP/1.1\r\nHost: "));
	at = put(to, at, fetcher->authority);
	at = put(to, at, SLICE("\r\n"));
	if (request->method == FETCH_POST) {
		(void)snprintf(length, sizeof length, "Content-Length: %zu\r\n", request->body.n);
		at = put(to, at, slice_of(length));
	}
	for (unsigned i = 0; i < request->nfields; i++) {
		at = put(to, at, request->fields[i].name);
		at = put(to, at, SLICE(": "));
		at = put(to, at, request->fields[i].value);
		at = put(to, at, SLICE("\r\n"));
	}
	return put(to, at, SLICE("\r\n"));
}

static bool write_request(struct fetch *fetch, const struct fetch_request *request)
{
	for (unsigned i = 0; i < request->nfields; i++) {
		if (!field_name_valid(request->fields[i].name) ||
		        !field_value_valid(request->fields[i].value))
			return false;
	}
	size_t head_n = write_head(fetch->fetcher, request, NULL);
	if (head_n > HEAD_MAX_BYTES)
		return false;
	fetch->sent_n = head_n + request->body.n;
	fetch->sent = malloc(fetch->sent_n);
	if (!fetch->sent)
		return false;
	(void)write_head(fetch->fetcher, request, fetch->sent);
	(void)put(fetch->sent, head_n, request->body);
	fetch->call.head = (slice){ fetch->sent, head_n };
	fetch->call.body = (slice){ fetch->sent + head_n, request->body.n };
	return true;
}

/* ---- What comes back */

static bool is_redirect(unsigned code)
{
	return code >= 300 && code < 400 && code != 304;
}

/* Who is redirected to where may be read in a log: printable, and not all of it. */
static slice redirect_text(struct arena *arena, const struct fetch_answer *answer)
{
	slice location = fetch_field(answer, "location");
	char shown[LOCATION_SHOWN_BYTES + 1];
	size_t n = location.n < LOCATION_SHOWN_BYTES ? location.n : LOCATION_SHOWN_BYTES;
	for (size_t i = 0; i < n; i++)
		shown[i] = location.p[i] > ' ' && location.p[i] < 0x7f ? location.p[i] : '?';
	shown[n] = '\0';
	slice text = arena_printf(arena, "it redirects (%u)%s%s, which is not followed",
	        answer->code, n ? " to " : "", shown);
	return text.p ? text : SLICE("it redirects, which is not followed");
}

static void tell_end(struct fetch_answer *answer, enum http_end end, const char *why)
{
	static const struct {
		enum fetch_end end;
		const char *why;
	} ends[] = {
		[HTTP_END_ANSWER] = { FETCH_ANSWERED, NULL },
		[HTTP_END_REFUSED] = { FETCH_UNREACHABLE, "it cannot be reached" },
		[HTTP_END_UNTRUSTED] = { FETCH_UNTRUSTED, "the TLS handshake failed" },
		[HTTP_END_BROKEN] = { FETCH_BROKEN, "it broke the connection off" },
		[HTTP_END_MALFORMED] = { FETCH_MALFORMED, "its answer is not HTTP" },
		[HTTP_END_TOO_LARGE] = { FETCH_TOO_LARGE, "its answer is too large" },
		[HTTP_END_DEADLINE] = { FETCH_TIMEOUT, "it did not answer in time" },
		[HTTP_END_BUSY] = { FETCH_BUSY, "too many questions to it are under way" },
		[HTTP_END_ABORTED] = { FETCH_BROKEN, "the question was given up" },
	};
	answer->end = ends[end].end;
	answer->why = slice_of(end == HTTP_END_UNTRUSTED && why ? why : ends[end].why);
}

static void destroy(struct fetch *fetch)
{
	list_remove(&fetch->link);
	forget_sent(fetch);
	arena_finish(&fetch->arena);
	free(fetch);
}

static void tell(struct task *task)
{
	struct fetch *fetch = LIST_OWNER(task, struct fetch, over);
	const struct http_call *call = &fetch->call;
	struct fetch_answer answer = { .why = { NULL, 0 } };
	tell_end(&answer, fetch->end, call->why);
	if (fetch->end == HTTP_END_ANSWER) {
		answer.code = call->code;
		answer.fields = call->fields;
		answer.nfields = call->nfields;
		answer.media = call->media;
		answer.body = call->answer;
		if (is_redirect(call->code)) {
			answer.end = FETCH_REDIRECTED;
			answer.why = redirect_text(&fetch->arena, &answer);
		}
	}
	/* From here on it is out of fetcher_close()'s reach. */
	list_remove(&fetch->link);
	fetch->done(fetch->arg, &answer);
	destroy(fetch);
}

static void call_done(struct http_call *call, enum http_end end)
{
	struct fetch *fetch = call->owner;
	fetch->end = end;
	forget_sent(fetch);
	loop_defer(fetch->fetcher->loop, &fetch->over);
	/* No call any more: see fetch_cancel(). */
	call->owner = NULL;
}

struct fetch *fetch_start(struct fetcher *fetcher, const struct fetch_request *request,
        void (*done)(void *arg, const struct fetch_answer *), void *arg)
{
	struct fetch *fetch = calloc(1, sizeof *fetch);
	if (!fetch)
		return NULL;
	fetch->fetcher = fetcher;
	fetch->done = done;
	fetch->arg = arg;
	list_init(&fetch->link);
	task_init(&fetch->over, tell);
	/* A body that grows piece by piece leaves smaller ones behind. */
	arena_init(&fetch->arena, HEAD_ROOM_BYTES + 4 * fetcher->answer_max_bytes);
	if (!write_request(fetch, request)) {
		destroy(fetch);
		return NULL;
	}
	list_append(&fetcher->fetches, &fetch->link);
	fetch->call.repeatable = request->method == FETCH_GET || request->repeatable;
	fetch->call.arena = &fetch->arena;
	fetch->call.deadline_ms = loop_now_ms(fetcher->loop) + fetcher->timeout_ms;
	fetch->call.done = call_done;
	fetch->call.owner = fetch;
	http_pool_send(fetcher->pool, &fetch->call);
	return fetch;
}

void fetch_cancel(struct fetch *fetch)
{
	if (!fetch)
		return;
	if (fetch->call.owner)
		http_call_abort(&fetch->call);
	task_cancel(&fetch->over);
	destroy(fetch);
}

/* ---- What an answer says of itself */

slice fetch_field(const struct fetch_answer *answer, const char *name)
{
	for (unsigned i = 0; i < answer->nfields; i++) {
		if (slice_is(answer->fields[i].name, name))
			return answer->fields[i].value;
	}
	return (slice){ NULL, 0 };
}

/* A delta-seconds (RFC 9111 section 1.2.2), in quotes or not. false: it is none. */
static bool read_seconds(slice text, uint64_t *seconds)
{
	if (text.n >= 2 && text.p[0] == '"' && text.p[text.n - 1] == '"')
		text = (slice){ text.p + 1, text.n - 2 };
	*seconds = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		*seconds = *seconds * 10 + (uint64_t)(text.p[i] - '0');
		if (*seconds > FRESH_MAX_S)
			*seconds = FRESH_MAX_S;
	}
	return text.n > 0;
}

/* A directive that is there twice or makes no sense is the shortest time that it may mean (section 4.2.1). */
static void read_directive(slice directive, bool *said, uint64_t *seconds)
{
	slice value = directive;
	slice name = slice_trim(slice_cut(&value, '='));
	uint64_t age;
	if (slice_equal_nocase(name, SLICE("no-store")) ||
	        slice_equal_nocase(name, SLICE("no-cache"))) {
		*said = true;
		*seconds = 0;
	} else if (slice_equal_nocase(name, SLICE("max-age"))) {
		if (!read_seconds(slice_trim(value), &age))
			age = 0;
		*seconds = *said && *seconds < age ? *seconds : age;
		*said = true;
	}
}

bool fetch_fresh_ms(const struct fetch_answer *answer, uint64_t *ms)
{
	bool said = false;
	uint64_t seconds = 0, age = 0;
	for (unsigned i = 0; i < answer->nfields; i++) {
		slice rest = answer->fields[i].value;
		if (!slice_is(answer->fields[i].name, "cache-control"))
			continue;
		while (rest.p)
			read_directive(slice_trim(slice_cut(&rest, ',')), &said, &seconds);
	}
	if (!read_seconds(slice_trim(fetch_field(answer, "age")), &age))
		age = 0;
	*ms = seconds > age ? (seconds - age) * 1000 : 0;
	return said;
}
