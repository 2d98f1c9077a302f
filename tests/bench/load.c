/* load: a load generator for one protocol, as cheap as it can be, so that it is never the bottleneck.
 *
 *   load PROTOCOL HOST PORT CONNECTIONS[/ACTIVE] SECONDS [TOKEN [LOGIN MESSAGE]]
 *
 * ACTIVE connections (all, if not given) have one message in flight; each answer lets the connection that is ACTIVE
 * further on send its next, so that all take turns. PROTOCOL is http (MESSAGE: a file with a whole request instead of
 * the usual one), mqtt, coap, or bytes (LOGIN and MESSAGE are files whose content is sent; any answer counts as one).
 * Opens the connections, prints "ready", and begins when something comes on its standard input. Prints one JSON line:
 * messages, seconds, p50 and p99 in microseconds, errors. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE_MAX = 2048, BUFFER_MAX = 8192, HISTOGRAM_US = 1000000 };

#define READING                                                                                    \
	"{\"sensor\":\"temperature\",\"value\":81.4,\"unit\":\"Cel\",\"time\":"                    \
	"1764057600123456789,"                                                                     \
	"\"position\":{\"lat\":59.4370,\"lon\":24.7536},\"quality\":\"good\",\"sequence\":184467," \
	"\"site\":\"engine room, aft\",\"calibrated\":true}"

struct connection {
	int fd;
	bool greeted; /* the opening exchange is over */
	bool active;  /* it begins; the others wait for their turn */
	uint16_t id;
	uint64_t sent_ns;
	size_t n;
	unsigned char in[BUFFER_MAX];
};

struct protocol {
	const char *name;
	int socket_type;
	/* The bytes that open a session; 0: none. */
	size_t (*greeting)(unsigned char *to, const char *token, unsigned index);
	size_t (*message)(unsigned char *to, const char *token, struct connection *);
	/* How many bytes the first whole answer has; 0: more are needed; -1: wrong. */
	long (*answer)(const unsigned char *in, size_t n, bool greeting);
};

static struct {
	unsigned char login[MESSAGE_MAX], message[MESSAGE_MAX];
	size_t login_n, message_n;
} files;

static uint64_t now_ns(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- HTTP */
static size_t http_message(unsigned char *to, const char *token, struct connection *connection)
{
	(void)connection;
	if (files.message_n) {
		memcpy(to, files.message, files.message_n);
		return files.message_n;
	}
	return (size_t)snprintf((char *)to, MESSAGE_MAX,
	        "POST /ships/sensors/engine-7 HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer "
	        "%s\r\n"
	        "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
	        token, sizeof READING - 1, READING);
}

static long http_answer(const unsigned char *in, size_t n, bool greeting)
{
	(void)greeting;
	const unsigned char *end = memmem(in, n, "\r\n\r\n", 4);
	if (!end)
		return 0;
	size_t head = (size_t)(end - in) + 4, body = 0;
	if (n < 12 || in[9] != '2')
		return -1;
	static const char *const names[] = { "Content-Length:", "content-length:" };
	for (unsigned i = 0; i < 2; i++) {
		const unsigned char *field = memmem(in, head, names[i], strlen(names[i]));
		if (field)
			body = strtoul((const char *)field + strlen(names[i]), NULL, 10);
	}
	return n >= head + body ? (long)(head + body) : 0;
}

/* ---- MQTT 3.1.1 */
static size_t put_text(unsigned char *to, const char *text)
{
	size_t n = strlen(text);
	to[0] = (unsigned char)(n >> 8);
	to[1] = (unsigned char)n;
	memcpy(to + 2, text, n);
	return n + 2;
}

static size_t put_length(unsigned char *to, size_t length)
{
	size_t n = 0;
	do {
		to[n] = (unsigned char)(length % 128);
		length /= 128;
		if (length)
			to[n] |= 0x80;
		n++;
	} while (length);
	return n;
}

static size_t mqtt_greeting(unsigned char *to, const char *token, unsigned index)
{
	unsigned char body[512], *at = body;
	at += put_text(at, "MQTT");
	*at++ = 4;
	*at++ = 0xc2;
	*at++ = 0;
	*at++ = 60;
	char client[32];
	(void)snprintf(client, sizeof client, "bench-%u", index);
	at += put_text(at, client);
	at += put_text(at, "engine-7");
	at += put_text(at, token);
	size_t n = 0;
	to[n++] = 0x10;
	n += put_length(to + n, (size_t)(at - body));
	memcpy(to + n, body, (size_t)(at - body));
	return n + (size_t)(at - body);
}

static size_t mqtt_message(unsigned char *to, const char *token, struct connection *connection)
{
	(void)token;
	unsigned char body[MESSAGE_MAX / 2], *at = body;
	at += put_text(at, "ships/sensors/engine-7");
	connection->id = connection->id == 65535 ? 1 : (uint16_t)(connection->id + 1);
	*at++ = (unsigned char)(connection->id >> 8);
	*at++ = (unsigned char)connection->id;
	memcpy(at, READING, sizeof READING - 1);
	at += sizeof READING - 1;
	size_t n = 0;
	to[n++] = 0x32;
	n += put_length(to + n, (size_t)(at - body));
	memcpy(to + n, body, (size_t)(at - body));
	return n + (size_t)(at - body);
}

static long mqtt_answer(const unsigned char *in, size_t n, bool greeting)
{
	if (n < 4)
		return 0;
	bool right = greeting ? in[0] == 0x20 && in[3] == 0 : in[0] == 0x40;
	return right ? 4 : -1;
}

/* ---- CoAP: CON POST, JSON */
static size_t coap_option(unsigned char *to, unsigned delta, const char *value)
{
	size_t n = strlen(value), used = 1;
	to[0] = (unsigned char)(delta << 4 | (n < 13 ? n : 13));
	if (n >= 13)
		to[used++] = (unsigned char)(n - 13);
	memcpy(to + used, value, n);
	return used + n;
}

static size_t coap_message(unsigned char *to, const char *token, struct connection *connection)
{
	connection->id++;
	unsigned char *at = to;
	*at++ = 0x42;
	*at++ = 0x02;
	*at++ = (unsigned char)(connection->id >> 8);
	*at++ = (unsigned char)connection->id;
	*at++ = (unsigned char)(connection->id >> 8);
	*at++ = (unsigned char)connection->id;
	at += coap_option(at, 11, "ships");
	at += coap_option(at, 0, "sensors");
	at += coap_option(at, 0, "engine-7");
	*at++ = 0x11;
	*at++ = 50;
	char query[256];
	(void)snprintf(query, sizeof query, "access_token=%s", token);
	at += coap_option(at, 3, query);
	*at++ = 0xff;
	memcpy(at, READING, sizeof READING - 1);
	return (size_t)(at - to) + sizeof READING - 1;
}

static long coap_answer(const unsigned char *in, size_t n, bool greeting)
{
	(void)greeting;
	/* A datagram is whole; an empty ACK says that the answer follows. */
	if (n < 4)
		return -1;
	if (in[1] == 0)
		return 0;
	return in[1] >> 5 == 2 ? (long)n : -1;
}

/* ---- Bytes from files */
static size_t bytes_greeting(unsigned char *to, const char *token, unsigned index)
{
	(void)token;
	(void)index;
	memcpy(to, files.login, files.login_n);
	return files.login_n;
}

static size_t bytes_message(unsigned char *to, const char *token, struct connection *connection)
{
	(void)token;
	(void)connection;
	memcpy(to, files.message, files.message_n);
	return files.message_n;
}

static long bytes_answer(const unsigned char *in, size_t n, bool greeting)
{
	(void)in;
	(void)greeting;
	return (long)n;
}

static const struct protocol protocols[] = {
	{ "http", SOCK_STREAM, NULL, http_message, http_answer },
	{ "mqtt", SOCK_STREAM, mqtt_greeting, mqtt_message, mqtt_answer },
	{ "coap", SOCK_DGRAM, NULL, coap_message, coap_answer },
	{ "bytes", SOCK_STREAM, bytes_greeting, bytes_message, bytes_answer },
};

/* ---- The run */
static unsigned *histogram;
static uint64_t answered, errors;

static void send_bytes(const struct connection *connection, const unsigned char *bytes, size_t n)
{
	if (write(connection->fd, bytes, n) != (ssize_t)n)
		errors++;
}

static void send_message(
        const struct protocol *protocol, struct connection *connection, const char *token)
{
	unsigned char bytes[MESSAGE_MAX];
	size_t n = protocol->message(bytes, token, connection);
	connection->sent_ns = now_ns();
	send_bytes(connection, bytes, n);
}

static bool open_connection(const struct protocol *protocol, struct connection *connection,
        const struct sockaddr_in *where)
{
	connection->fd = socket(AF_INET, protocol->socket_type, 0);
	if (connect(connection->fd, (const struct sockaddr *)where, sizeof *where) != 0) {
		perror("connect");
		return false;
	}
	int on = 1;
	if (protocol->socket_type == SOCK_STREAM)
		(void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)fcntl(connection->fd, F_SETFL, O_NONBLOCK);
	return true;
}

static void greet(const struct protocol *protocol, struct connection *connection, const char *token,
        unsigned index, bool active)
{
	unsigned char bytes[MESSAGE_MAX];
	size_t n = protocol->greeting ? protocol->greeting(bytes, token, index) : 0;
	connection->greeted = n == 0;
	connection->active = active;
	/* Else a later run's messages from the same port would be taken for repeated ones of this. */
	(void)getentropy(&connection->id, sizeof connection->id);
	if (n)
		send_bytes(connection, bytes, n);
	else if (active)
		send_message(protocol, connection, token);
}

/* Takes an answer; `next` is whose turn it is then. */
static bool receive(const struct protocol *protocol, struct connection *connection,
        struct connection *next, const char *token)
{
	ssize_t got =
	        read(connection->fd, connection->in + connection->n, BUFFER_MAX - connection->n);
	if (got <= 0)
		return got < 0 && errno == EAGAIN;
	connection->n += (size_t)got;
	long used = protocol->answer(connection->in, connection->n, !connection->greeted);
	if (used == 0) {
		if (protocol->socket_type == SOCK_DGRAM)
			connection->n = 0;
		return true;
	}
	connection->n = 0;
	if (used < 0)
		errors++;
	if (!connection->greeted) {
		connection->greeted = true;
		if (connection->active)
			send_message(protocol, connection, token);
		return true;
	}
	if (used > 0) {
		uint64_t us = (now_ns() - connection->sent_ns) / 1000;
		histogram[us < HISTOGRAM_US ? us : HISTOGRAM_US - 1]++;
		answered++;
	}
	send_message(protocol, next, token);
	return true;
}

static unsigned percentile(double share)
{
	uint64_t wanted = (uint64_t)((double)answered * share), seen = 0;
	for (unsigned us = 0; us < HISTOGRAM_US; us++) {
		seen += histogram[us];
		if (seen > wanted)
			return us;
	}
	return HISTOGRAM_US;
}

static size_t read_file(const char *path, unsigned char *to)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		exit(2);
	}
	size_t n = fread(to, 1, MESSAGE_MAX, file);
	(void)fclose(file);
	return n;
}

static void run(const struct protocol *protocol, struct connection *connections, unsigned n,
        unsigned active, double seconds, const struct sockaddr_in *where, const char *token)
{
	int epoll = epoll_create1(0);
	for (unsigned i = 0; i < n; i++) {
		if (!open_connection(protocol, &connections[i], where))
			exit(1);
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &connections[i] };
		(void)epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i].fd, &event);
	}
	(void)puts("ready");
	(void)fflush(stdout);
	(void)getchar();
	for (unsigned i = 0; i < n; i++)
		greet(protocol, &connections[i], token, i, i < active);
	uint64_t began = now_ns(), end = began + (uint64_t)(seconds * 1e9);
	while (now_ns() < end) {
		struct epoll_event events[256];
		int ready = epoll_wait(epoll, events, 256, 100);
		for (int i = 0; i < ready; i++) {
			struct connection *connection = events[i].data.ptr;
			size_t next = ((size_t)(connection - connections) + active) % n;
			if (!receive(protocol, connection, &connections[next], token)) {
				errors++;
				(void)epoll_ctl(epoll, EPOLL_CTL_DEL, connection->fd, NULL);
			}
		}
	}
	double took = (double)(now_ns() - began) / 1e9;
	(void)printf("{\"messages\":%llu,\"seconds\":%.3f,\"p50_us\":%u,\"p99_us\":%u,\"errors\":%"
	             "llu}\n",
	        (unsigned long long)answered, took, percentile(0.5), percentile(0.99),
	        (unsigned long long)errors);
	(void)close(epoll);
}

int main(int argc, char **argv)
{
	const struct protocol *protocol = NULL;
	for (size_t i = 0; argc >= 6 && i < sizeof protocols / sizeof *protocols; i++) {
		if (strcmp(argv[1], protocols[i].name) == 0)
			protocol = &protocols[i];
	}
	if (!protocol) {
		(void)fputs("load PROTOCOL HOST PORT CONNECTIONS[/ACTIVE] SECONDS [TOKEN [LOGIN "
		            "MESSAGE]]\n",
		        stderr);
		return 2;
	}
	struct sockaddr_in where = { .sin_family = AF_INET };
	where.sin_port = htons((uint16_t)strtoul(argv[3], NULL, 10));
	if (inet_pton(AF_INET, argv[2], &where.sin_addr) != 1)
		return 2;
	if (argc > 8) {
		files.login_n = read_file(argv[7], files.login);
		files.message_n = read_file(argv[8], files.message);
	}
	char *slash;
	unsigned n = (unsigned)strtoul(argv[4], &slash, 10);
	unsigned active = *slash == '/' ? (unsigned)strtoul(slash + 1, NULL, 10) : n;
	if (!n || !active || n % active)
		return 2;
	struct connection *connections = calloc(n, sizeof *connections);
	histogram = calloc(HISTOGRAM_US, sizeof *histogram);
	if (!connections || !histogram)
		return 1;
	run(protocol, connections, n, active, strtod(argv[5], NULL), &where,
	        argc > 6 ? argv[6] : "");
	free(connections);
	free(histogram);
	return 0;
}
