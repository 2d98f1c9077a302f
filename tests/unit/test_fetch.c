/* What the gateway asks of web services itself, against a scripted server on the same loop, over real sockets. */
#include "support.h"

#include "loop/loop.h"
#include "net/fetch.h"
#include "net/stream.h"
#include "net/tls.h"
#include "pki.h"

enum { GUARD_MS = 60000, ANSWER_MAX = 64, SEEN_BYTES = 8192 };

/* What the server does with one whole request. */
typedef void script(struct stream *);

/* Of one answer, what outlives done(). */
struct ending {
	unsigned times;
	enum fetch_end end;
	unsigned code;
	char why[300], body[2 * ANSWER_MAX], media[64];
	uint64_t fresh_ms;
	bool fresh;
};

static struct loop *loop;
static struct stream_listener *listener;
static struct tls *server_tls;
static struct fetcher *fetcher;
static struct fetcher_settings settings;
static script *play;
static char url[128], seen[SEEN_BYTES];
static unsigned accepted, requests, ndone, stop_after;
static bool showed_certificate;
static struct timer guard, drip;
static struct stream *dripping;

/* ---- The server */

static void *server_accepted(void *arg, struct stream *stream)
{
	(void)arg;
	accepted++;
	showed_certificate = stream_peer_certificate(stream).n > 0;
	return &accepted;
}

static size_t server_received(void *owner, struct stream *stream, slice bytes)
{
	(void)owner;
	const char *end = memmem(bytes.p, bytes.n, "\r\n\r\n", 4);
	if (!end)
		return 0;
	size_t n = (size_t)(end - bytes.p) + 4;
	const char *length = memmem(bytes.p, n, "Content-Length: ", 16);
	if (length)
		n += strtoul(length + 16, NULL, 10);
	if (bytes.n < n)
		return 0;
	assert_true(n < sizeof seen);
	memcpy(seen, bytes.p, n);
	seen[n] = '\0';
	requests++;
	play(stream);
	return n;
}

static void server_closed(void *owner, struct stream *stream, enum stream_end end, int errno_value)
{
	(void)owner;
	(void)end;
	(void)errno_value;
	if (dripping == stream)
		dripping = NULL;
}

static const struct stream_events server_events = { .received = server_received,
	.closed = server_closed };

static void serve(script *what, struct tls *tls)
{
	const struct stream_accept accept = { .accepted = server_accepted,
		.events = &server_events,
		.limits = { SEEN_BYTES, 1 << 20 },
		.connections_max = 100,
		.tls = tls,
		.handshake_ms = GUARD_MS };
	char text[128];
	play = what;
	listener = stream_listen(loop, SLICE("127.0.0.1:0"), &accept, text, sizeof text);
	assert_non_null(listener);
}

static void serve_tls(script *what, const char *name, enum tls_ask ask)
{
	struct tls_fault fault;
	char certificate[64], key[64];
	(void)snprintf(certificate, sizeof certificate, "%s.crt", name);
	(void)snprintf(key, sizeof key, "%s.key", name);
	const struct tls_options options = { .certificate = pki_path(certificate),
		.key = pki_path(key),
		.authorities = pki_path("ca.crt"),
		.ask = ask };
	server_tls = tls_server_open(&options, &fault);
	if (!server_tls)
		fail_msg("%s", fault.text);
	serve(what, server_tls);
}

static void say(struct stream *stream, const char *text)
{
	stream_write(stream, slice_of(text));
}

/* ---- The fetcher */

static void use(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void use(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(url, sizeof url, format, arguments);
	va_end(arguments);
	struct fetch_fault fault;
	settings.url = slice_of(url);
	fetcher = fetcher_open(loop, &settings, &fault);
	if (!fetcher)
		fail_msg("%s: %s", fault.setting ? fault.setting : "", fault.text);
}

static unsigned port(void)
{
	return stream_listener_port(listener);
}

static void copy(char *to, size_t size, slice from)
{
	assert_true(from.n < size);
	memcpy(to, from.p ? from.p : "", from.n);
	to[from.n] = '\0';
}

static void done(void *arg, const struct fetch_answer *answer)
{
	struct ending *ending = arg;
	ending->times++;
	ending->end = answer->end;
	ending->code = answer->code;
	copy(ending->why, sizeof ending->why, answer->why);
	copy(ending->body, sizeof ending->body, answer->body);
	copy(ending->media, sizeof ending->media, answer->media);
	ending->fresh = fetch_fresh_ms(answer, &ending->fresh_ms);
	if (++ndone >= stop_after)
		loop_stop(loop);
}

static void start(const struct fetch_request *request, struct ending *ending)
{
	*ending = (struct ending){ 0 };
	assert_non_null(fetch_start(fetcher, request, done, ending));
	assert_int_equal(ending->times, 0);
}

static void run_until(unsigned n)
{
	stop_after = ndone + n;
	loop_run(loop);
	assert_true(ndone >= stop_after);
}

/* One GET, whole. */
static struct ending *get(void)
{
	static struct ending ending;
	const struct fetch_request request = { .method = FETCH_GET };
	start(&request, &ending);
	run_until(1);
	assert_int_equal(ending.times, 1);
	return &ending;
}

static void expect(const struct ending *ending, enum fetch_end end, const char *why)
{
	if (ending->end != end || strcmp(ending->why, why) != 0)
		fail_msg("%d, \"%s\" instead of %d, \"%s\"", (int)ending->end, ending->why,
		        (int)end, why);
}

static void guard_rang(struct timer *timer)
{
	(void)timer;
	fail_msg("the loop ran into its guard");
}

static int set_up(void **state)
{
	(void)state;
	loop = loop_create();
	assert_non_null(loop);
	settings = (struct fetcher_settings){ .timeout_ms = GUARD_MS,
		.answer_max_bytes = ANSWER_MAX,
		.connections_max = 2,
		.waiting_max = 2 };
	accepted = requests = ndone = 0;
	timer_init(&guard, loop, guard_rang);
	timer_set(&guard, loop_now_ms(loop) + GUARD_MS);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fetcher_close(fetcher);
	fetcher = NULL;
	stream_listener_close(listener);
	listener = NULL;
	tls_close(server_tls);
	server_tls = NULL;
	timer_stop(&guard);
	if (drip.loop)
		timer_stop(&drip);
	loop_destroy(loop);
	return 0;
}

/* ---- Answers */

static void say_keys(struct stream *stream)
{
	say(stream, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	            "Cache-Control: public, max-age=300\r\nAge: 60\r\nContent-Length: 11\r\n\r\n"
	            "{\"keys\":[]}");
}

static void plain(void **state)
{
	(void)state;
	serve(say_keys, NULL);
	use("http://127.0.0.1:%u/jwks.json?a=b", port());
	for (unsigned i = 0; i < 3; i++) {
		const struct ending *ending = get();
		expect(ending, FETCH_ANSWERED, "");
		assert_int_equal(ending->code, 200);
		assert_string_equal(ending->body, "{\"keys\":[]}");
		assert_string_equal(ending->media, "application/json");
		assert_true(ending->fresh);
		assert_int_equal(ending->fresh_ms, 240000);
	}
	char head[128];
	(void)snprintf(head, sizeof head,
	        "GET /jwks.json?a=b HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", port());
	assert_string_equal(seen, head);
	assert_int_equal(requests, 3);
	assert_int_equal(accepted, 1);
}

static void posted(void **state)
{
	(void)state;
	serve(say_keys, NULL);
	use("http://localhost:%u", port());
	const struct field fields[] = { { SLICE("Accept"), SLICE("application/json") },
		{ SLICE("Authorization"), SLICE("Basic Zm9v") } };
	const struct fetch_request request = {
		.method = FETCH_POST, .fields = fields, .nfields = 2, .body = SLICE("token=abc")
	};
	struct ending ending;
	start(&request, &ending);
	run_until(1);
	expect(&ending, FETCH_ANSWERED, "");
	char whole[256];
	(void)snprintf(whole, sizeof whole,
	        "POST / HTTP/1.1\r\nHost: localhost:%u\r\nContent-Length: 9\r\n"
	        "Accept: application/json\r\nAuthorization: Basic Zm9v\r\n\r\ntoken=abc",
	        port());
	assert_string_equal(seen, whole);
}

static void bad_fields(void **state)
{
	(void)state;
	serve(say_keys, NULL);
	use("http://127.0.0.1:%u", port());
	const struct field fields[] = { { SLICE("Authorization"), SLICE("a\r\nHost: b") },
		{ SLICE("A b"), SLICE("c") } };
	struct ending ending = { 0 };
	for (unsigned i = 0; i < 2; i++) {
		const struct fetch_request request = { .fields = &fields[i], .nfields = 1 };
		assert_null(fetch_start(fetcher, &request, done, &ending));
	}
	assert_int_equal(ending.times, 0);
}

static void say_chunked(struct stream *stream)
{
	say(stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	            "2\r\n{\"\r\n9;x=y\r\nkeys\":[]}\r\n0\r\nLate: yes\r\n\r\n");
}

static void chunked(void **state)
{
	(void)state;
	serve(say_chunked, NULL);
	use("http://127.0.0.1:%u", port());
	assert_string_equal(get()->body, "{\"keys\":[]}");
	const struct ending *ending = get();
	assert_false(ending->fresh);
	assert_int_equal(accepted, 1);
}

static void say_half(struct stream *stream)
{
	say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"keys\"");
	stream_close(stream);
}

static void truncated(void **state)
{
	(void)state;
	serve(say_half, NULL);
	use("http://127.0.0.1:%u", port());
	expect(get(), FETCH_BROKEN, "it broke the connection off");
	assert_int_equal(requests, 1);
}

static void say_gigabyte(struct stream *stream)
{
	say(stream, "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n{");
}

static void say_endless(struct stream *stream)
{
	say(stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	            "20\r\n0123456789abcdef0123456789abcdef\r\n"
	            "20\r\n0123456789abcdef0123456789abcdef\r\n1\r\nx\r\n");
}

static void say_just_enough(struct stream *stream)
{
	say(stream, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	            "20\r\n0123456789abcdef0123456789abcdef\r\n"
	            "20\r\n0123456789abcdef0123456789abcdef\r\n0\r\n\r\n");
}

static void too_large(void **state)
{
	(void)state;
	serve(say_gigabyte, NULL);
	use("http://127.0.0.1:%u", port());
	expect(get(), FETCH_TOO_LARGE, "its answer is too large");
	play = say_endless;
	expect(get(), FETCH_TOO_LARGE, "its answer is too large");
	play = say_just_enough;
	assert_int_equal(strlen(get()->body), ANSWER_MAX);
}

static void fall(struct timer *timer)
{
	if (!dripping)
		return;
	say(dripping, "a");
	timer_set(timer, loop_now_ms(loop) + 1);
}

/* Each byte comes in time, and the last one never. */
static void say_drop_by_drop(struct stream *stream)
{
	say(stream, "HTTP/1.1 200 OK\r\nX-Long: ");
	dripping = stream;
	timer_init(&drip, loop, fall);
	fall(&drip);
}

static void say_nothing(struct stream *stream)
{
	(void)stream;
}

static void slow(void **state)
{
	(void)state;
	settings.timeout_ms = 60;
	serve(say_drop_by_drop, NULL);
	use("http://127.0.0.1:%u", port());
	expect(get(), FETCH_TIMEOUT, "it did not answer in time");
	play = say_nothing;
	expect(get(), FETCH_TIMEOUT, "it did not answer in time");
}

static void say_garbage(struct stream *stream)
{
	say(stream, "SSH-2.0-OpenSSH_9.2p1 Debian\r\n");
}

static void garbage(void **state)
{
	(void)state;
	serve(say_garbage, NULL);
	use("http://127.0.0.1:%u", port());
	expect(get(), FETCH_MALFORMED, "its answer is not HTTP");
}

static void say_elsewhere(struct stream *stream)
{
	say(stream, "HTTP/1.1 302 Found\r\nLocation: https://evil.example/\x01\r\n"
	            "Content-Length: 0\r\n\r\n");
}

static void say_elsewhere_soberly(struct stream *stream)
{
	say(stream, "HTTP/1.1 307 Temporary Redirect\r\nLocation: https://evil.example/x y\r\n"
	            "Content-Length: 0\r\n\r\n");
}

static void say_not_modified(struct stream *stream)
{
	say(stream, "HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=\"20\"\r\n"
	            "Content-Length: 500\r\n\r\n");
}

static void redirected(void **state)
{
	(void)state;
	serve(say_elsewhere_soberly, NULL);
	use("http://127.0.0.1:%u", port());
	const struct ending *ending = get();
	expect(ending, FETCH_REDIRECTED,
	        "it redirects (307) to https://evil.example/x?y, which is not followed");
	assert_int_equal(ending->code, 307);
	play = say_elsewhere;
	expect(get(), FETCH_MALFORMED, "its answer is not HTTP");
	/* No redirect, though of their family. */
	play = say_not_modified;
	ending = get();
	expect(ending, FETCH_ANSWERED, "");
	assert_int_equal(ending->code, 304);
	assert_int_equal(ending->fresh_ms, 20000);
}

static void unreachable(void **state)
{
	(void)state;
	serve(say_keys, NULL);
	use("http://127.0.0.1:%u", port());
	stream_listener_close(listener);
	listener = NULL;
	expect(get(), FETCH_UNREACHABLE, "it cannot be reached");
}

/* ---- Many at once, and none any more */

static void busy(void **state)
{
	(void)state;
	serve(say_keys, NULL);
	use("http://127.0.0.1:%u", port());
	const struct fetch_request request = { .method = FETCH_GET };
	struct ending endings[5];
	for (unsigned i = 0; i < 5; i++)
		start(&request, &endings[i]);
	run_until(5);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(endings[i].end, i < 4 ? FETCH_ANSWERED : FETCH_BUSY);
	assert_int_equal(accepted, 2);
}

static void cancelled(void **state)
{
	(void)state;
	serve(say_keys, NULL);
	use("http://127.0.0.1:%u", port());
	const struct fetch_request request = { .method = FETCH_GET };
	struct ending endings[6] = { { 0 } };
	struct fetch *fetches[6];
	for (unsigned i = 0; i < 6; i++)
		fetches[i] = fetch_start(fetcher, &request, done, &endings[i]);
	fetch_cancel(fetches[0]); /* connecting */
	fetch_cancel(fetches[3]); /* waiting */
	fetch_cancel(fetches[4]); /* over, and not told yet */
	fetch_cancel(NULL);
	run_until(3);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(endings[i].times, i == 0 || i == 3 || i == 4 ? 0 : 1);
}

static void close_within(void *arg, const struct fetch_answer *answer)
{
	done(arg, answer);
	fetcher_close(fetcher);
	fetcher = NULL;
}

/* What is under way with it hears nothing any more. */
static void closed_from_within(void **state)
{
	(void)state;
	serve(say_keys, NULL);
	use("http://127.0.0.1:%u", port());
	const struct fetch_request request = { .method = FETCH_GET };
	struct ending endings[3] = { { 0 } };
	for (unsigned i = 0; i < 3; i++)
		assert_non_null(fetch_start(fetcher, &request, close_within, &endings[i]));
	run_until(1);
	assert_int_equal(endings[0].times + endings[1].times + endings[2].times, 1);
}

/* ---- TLS */

static void secure(void **state)
{
	(void)state;
	serve_tls(say_keys, "server", TLS_ASK_NONE);
	settings.ca = pki_path("ca.crt");
	use("https://localhost:%u/keys", port());
	for (unsigned i = 0; i < 2; i++)
		expect(get(), FETCH_ANSWERED, "");
	assert_int_equal(accepted, 1);
	assert_non_null(strstr(seen, "GET /keys HTTP/1.1\r\nHost: localhost:"));
}

static void another_name(void **state)
{
	(void)state;
	serve_tls(say_keys, "server", TLS_ASK_NONE);
	settings.ca = pki_path("ca.crt");
	use("https://127.0.0.1:%u", port());
	expect(get(), FETCH_UNTRUSTED, "its certificate is for another name");
	assert_int_equal(requests, 0);
	fetcher_close(fetcher);
	settings.server_name = "localhost";
	use("https://127.0.0.1:%u", port());
	expect(get(), FETCH_ANSWERED, "");
}

static void signed_by_a_stranger(void **state)
{
	(void)state;
	serve_tls(say_keys, "impostor", TLS_ASK_NONE);
	settings.ca = pki_path("ca.crt");
	use("https://localhost:%u", port());
	expect(get(), FETCH_UNTRUSTED, "its certificate is signed by nobody who is trusted here");
	assert_int_equal(requests, 0);
}

static void signed_by_nobody_the_system_trusts(void **state)
{
	(void)state;
	serve_tls(say_keys, "server", TLS_ASK_NONE);
	if (access("/etc/ssl/certs/ca-certificates.crt", R_OK) != 0)
		skip();
	use("https://localhost:%u", port());
	expect(get(), FETCH_UNTRUSTED, "its certificate is signed by nobody who is trusted here");
}

static void expired(void **state)
{
	(void)state;
	/* By ca(1): x509(1) of OpenSSL 3.5 makes none that ends before it begins. */
	pki_run("touch old.db && printf '[ca]\\ndefault_ca=me\\n[me]\\ndatabase=old.db\\n"
	        "new_certs_dir=.\\nrand_serial=yes\\ndefault_md=sha256\\npolicy=any\\n"
	        "copy_extensions=copy\\n[any]\\ncommonName=supplied\\n' >old.cnf");
	pki_run("openssl ca -config old.cnf -batch -notext -cert ca.crt -keyfile ca.key "
	        "-in server.csr -startdate 20200101000000Z -enddate 20200102000000Z -out old.crt "
	        "&& cp server.key old.key");
	serve_tls(say_keys, "old", TLS_ASK_NONE);
	settings.ca = pki_path("ca.crt");
	use("https://localhost:%u", port());
	expect(get(), FETCH_UNTRUSTED, "its certificate has expired");
	assert_int_equal(requests, 0);
}

static void with_a_certificate_of_its_own(void **state)
{
	(void)state;
	serve_tls(say_keys, "server", TLS_ASK_REQUIRED);
	settings.ca = pki_path("ca.crt");
	use("https://localhost:%u", port());
	expect(get(), FETCH_UNTRUSTED, "it refused the TLS handshake");
	fetcher_close(fetcher);
	settings.certificate = pki_path("engine-7.crt");
	settings.key = pki_path("engine-7.key");
	use("https://localhost:%u", port());
	expect(get(), FETCH_ANSWERED, "");
	assert_true(showed_certificate);
}

/* What is not TLS is not believed to be. */
static void a_server_without_tls(void **state)
{
	(void)state;
	serve(say_keys, NULL);
	settings.ca = pki_path("ca.crt");
	settings.timeout_ms = 60;
	use("https://localhost:%u", port());
	assert_int_not_equal(get()->end, FETCH_ANSWERED);
	assert_int_equal(requests, 0);
}

/* The end of the bytes is the end of the answer only where the server has said so. */
static void say_until_close(struct stream *stream)
{
	say(stream, "HTTP/1.0 200 OK\r\n\r\nall that comes");
	stream_close(stream);
}

static void say_until_cut(struct stream *stream)
{
	say(stream, "HTTP/1.0 200 OK\r\n\r\nall that co");
	dripping = stream;
}

static void cut(struct timer *timer)
{
	if (dripping)
		stream_abort(dripping);
	else
		timer_set(timer, loop_now_ms(loop) + 1);
}

static void cut_off_under_tls(void **state)
{
	(void)state;
	serve_tls(say_until_close, "server", TLS_ASK_NONE);
	settings.ca = pki_path("ca.crt");
	use("https://localhost:%u", port());
	assert_string_equal(get()->body, "all that comes");
	play = say_until_cut;
	timer_init(&drip, loop, cut);
	timer_set(&drip, loop_now_ms(loop) + 1);
	expect(get(), FETCH_BROKEN, "it broke the connection off");
}

static void say_keys_and_close(struct stream *stream)
{
	say_keys(stream);
	stream_close(stream);
}

/* A server that closes with its answer, and did not announce it: the next question goes to a fresh connection, though a POST
 * may not be sent twice. */
static void closed_with_the_answer(void **state)
{
	(void)state;
	serve_tls(say_keys_and_close, "server", TLS_ASK_NONE);
	settings.ca = pki_path("ca.crt");
	use("https://localhost:%u", port());
	const struct fetch_request request = { .method = FETCH_POST };
	for (unsigned i = 1; i <= 5; i++) {
		struct ending ending;
		start(&request, &ending);
		run_until(1);
		expect(&ending, FETCH_ANSWERED, "");
		assert_int_equal(accepted, i);
	}
}

/* ---- Settings */

static void mistakes(void **state)
{
	(void)state;
	static const struct {
		const char *url, *ca, *certificate, *key, *setting;
	} cases[] = {
		{ "", NULL, NULL, NULL, "url" },
		{ "id.example/introspect", NULL, NULL, NULL, "url" },
		{ "ftp://id.example/", NULL, NULL, NULL, "url" },
		{ "http://", NULL, NULL, NULL, "url" },
		{ "http://user@id.example/", NULL, NULL, NULL, "url" },
		{ "http://id.example?x", NULL, NULL, NULL, "url" },
		{ "http://id.example/#x", NULL, NULL, NULL, "url" },
		{ "http://id.example/a b", NULL, NULL, NULL, "url" },
		{ "http://id.example/\r\nHost: x", NULL, NULL, NULL, "url" },
		{ "http://id.example:70000/", NULL, NULL, NULL, "url" },
		{ "http://id.example/", "ca.crt", NULL, NULL, "url" },
		{ "https://id.example/", "none.crt", NULL, NULL, "ca" },
		{ "https://id.example/", "server.key", NULL, NULL, "ca" },
		{ "https://id.example/", "ca.crt", "server.crt", NULL, "certificate" },
		{ "https://id.example/", "ca.crt", NULL, "server.key", "key" },
		{ "https://id.example/", "ca.crt", "none.crt", "server.key", "certificate" },
		{ "https://id.example/", "ca.crt", "server.crt", "ca.key", "key" },
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fetch_fault fault;
		settings.url = slice_of(cases[i].url);
		settings.ca = cases[i].ca ? pki_path(cases[i].ca) : NULL;
		settings.certificate = cases[i].certificate ? pki_path(cases[i].certificate) : NULL;
		settings.key = cases[i].key ? pki_path(cases[i].key) : NULL;
		struct fetcher *opened = fetcher_open(loop, &settings, &fault);
		if (opened || !fault.setting || strcmp(fault.setting, cases[i].setting) != 0)
			fail_msg("case %u: %s", i, opened ? "taken" : fault.text);
		assert_true(fault.text[0] != '\0');
	}
}

static void freshness(void **state)
{
	(void)state;
	static const struct {
		const char *control, *age;
		bool said;
		uint64_t ms;
	} cases[] = {
		{ NULL, NULL, false, 0 },
		{ "public", NULL, false, 0 },
		{ "max-age=60", NULL, true, 60000 },
		{ "Public, MAX-AGE=60 , must-revalidate", "10", true, 50000 },
		{ "max-age=60", "61", true, 0 },
		{ "max-age=60", "ten", true, 60000 },
		{ "max-age=\"60\"", NULL, true, 60000 },
		{ "max-age=60, max-age=5", NULL, true, 5000 },
		{ "max-age=60, no-store", NULL, true, 0 },
		{ "no-cache, max-age=60", NULL, true, 0 },
		{ "max-age=", NULL, true, 0 },
		{ "max-age", NULL, true, 0 },
		{ "max-age=-1", NULL, true, 0 },
		{ "max-age=6x", NULL, true, 0 },
		{ "max-age=99999999999999999999999", NULL, true, UINT64_C(31536000000) },
		{ "s-maxage=5", NULL, false, 0 },
	};
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct field fields[] = { { SLICE("age"), slice_of(cases[i].age) },
			{ SLICE("cache-control"), slice_of(cases[i].control) } };
		const struct fetch_answer answer = { .fields = fields, .nfields = 2 };
		uint64_t ms;
		bool said = fetch_fresh_ms(&answer, &ms);
		if (said != cases[i].said || ms != cases[i].ms)
			fail_msg("%s: %d, %llu", cases[i].control, said, (unsigned long long)ms);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(plain),
		CASE(posted),
		CASE(bad_fields),
		CASE(chunked),
		CASE(truncated),
		CASE(too_large),
		CASE(slow),
		CASE(garbage),
		CASE(redirected),
		CASE(unreachable),
		CASE(busy),
		CASE(cancelled),
		CASE(closed_from_within),
		CASE(secure),
		CASE(another_name),
		CASE(signed_by_a_stranger),
		CASE(signed_by_nobody_the_system_trusts),
		CASE(expired),
		CASE(with_a_certificate_of_its_own),
		CASE(a_server_without_tls),
		CASE(cut_off_under_tls),
		CASE(closed_with_the_answer),
		CASE(mistakes),
		CASE(freshness),
	};
	return cmocka_run_group_tests(tests, pki_make, pki_remove);
}
