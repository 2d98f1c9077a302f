/* Datagrams of anybody, to a DTLS server. The input is a row of them: one byte says which of four peers sent it, two say
 * how long it is. */
#include "loop/loop.h"
#include "net/dtls.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static struct loop *loop;
static struct datagram_socket *sock;
static struct tls *tls;

static void *opened(void *arg, struct dtls_session *session)
{
	(void)arg;
	(void)session;
	abort(); /* nobody has the key */
}

static void heard(void *owner, struct dtls_session *session, slice plaintext)
{
	(void)owner;
	(void)session;
	(void)plaintext;
	abort();
}

static void closed(void *owner, struct dtls_session *session, enum dtls_end end)
{
	(void)owner;
	(void)session;
	(void)end;
	abort();
}

static bool psk_of(void *arg, slice identity, slice *key)
{
	(void)arg;
	(void)identity;
	*key = SLICE("0123456789abcdef");
	return true;
}

static void arrived(void *arg, const struct datagram_peer *peer, slice datagram, bool cut)
{
	(void)arg;
	(void)peer;
	(void)datagram;
	(void)cut;
}

static void begin(void)
{
	static const struct datagram_events events = { .received = arrived };
	const struct tls_options options = { .transport = TLS_DATAGRAM, .psk = psk_of };
	struct tls_fault fault;
	char text[128];
	loop = loop_create();
	tls = tls_server_open(&options, &fault);
	sock = loop ? datagram_open(
	                      loop, SLICE("127.0.0.1:0"), 4096, &events, NULL, text, sizeof text)
	            : NULL;
	if (!sock || !tls)
		abort();
}

static void end_turn(struct task *task)
{
	(void)task;
	loop_stop(loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const struct dtls_events events = { opened, heard, closed, NULL };
	static const struct dtls_limits limits = { 2, 1000, 1000 };
	if (!loop)
		begin();
	struct dtls *dtls = dtls_open(loop, sock, tls, &limits, &events, NULL);
	if (!dtls)
		abort();
	while (n > 3) {
		/* Port 9 of nobody: what is answered goes nowhere. */
		struct datagram_peer peer = { 0 };
		peer.address.v4.sin_family = AF_INET;
		peer.address.v4.sin_port = htons(9);
		peer.address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (bytes[0] & 3));
		size_t size = (size_t)bytes[1] << 8 | bytes[2];
		if (size > n - 3)
			size = n - 3;
		dtls_feed(dtls, &peer, (slice){ (const char *)bytes + 3, size });
		bytes += 3 + size;
		n -= 3 + size;
	}
	struct task stop;
	task_init(&stop, end_turn);
	loop_defer(loop, &stop);
	loop_run(loop);
	dtls_close(dtls);
	return 0;
}
