/* sink: the REST backend of the benchmarks: answers every HTTP/1.1 request with a small 200, on one thread.
 *
 *   sink HOST PORT */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER_MAX = 65536 };

struct peer {
	int fd;
	size_t n;
	char in[BUFFER_MAX];
};

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
                             "11\r\n\r\n{\"ok\":true}";

/* Length of the first whole request; 0: more is needed. */
static size_t request_length(const char *in, size_t n)
{
	const char *end = memmem(in, n, "\r\n\r\n", 4);
	if (!end)
		return 0;
	size_t head = (size_t)(end - in) + 4, body = 0;
	for (const char *line = in; line < end; line++) {
		if (strncasecmp(line, "\r\ncontent-length:", 17) == 0)
			body = strtoul(line + 17, NULL, 10);
	}
	return n >= head + body ? head + body : 0;
}

static int serve(struct peer *peer)
{
	ssize_t got = read(peer->fd, peer->in + peer->n, BUFFER_MAX - 1 - peer->n);
	if (got <= 0)
		return 0;
	peer->n += (size_t)got;
	peer->in[peer->n] = '\0';
	size_t used = request_length(peer->in, peer->n);
	while (used) {
		if (write(peer->fd, answer, sizeof answer - 1) < 0)
			return 0;
		peer->n -= used;
		memmove(peer->in, peer->in + used, peer->n);
		used = request_length(peer->in, peer->n);
	}
	return peer->n < BUFFER_MAX - 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in where = { .sin_family = AF_INET };
	if (argc != 3 || inet_pton(AF_INET, argv[1], &where.sin_addr) != 1)
		return 2;
	where.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
	(void)signal(SIGPIPE, SIG_IGN);
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1, epoll = epoll_create1(0);
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(listener, (struct sockaddr *)&where, sizeof where) != 0 ||
	        listen(listener, 1024) != 0) {
		perror("sink");
		return 1;
	}
	struct epoll_event event = { .events = EPOLLIN };
	(void)epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	for (;;) {
		struct epoll_event events[256];
		int ready = epoll_wait(epoll, events, 256, -1);
		for (int i = 0; i < ready; i++) {
			struct peer *peer = events[i].data.ptr;
			if (!peer) {
				peer = calloc(1, sizeof *peer);
				if (!peer)
					return 1;
				peer->fd = accept(listener, NULL, NULL);
				(void)setsockopt(
				        peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
				event = (struct epoll_event){ .events = EPOLLIN, .data.ptr = peer };
				(void)epoll_ctl(epoll, EPOLL_CTL_ADD, peer->fd, &event);
			} else if (!serve(peer)) {
				(void)close(peer->fd);
				free(peer);
			}
		}
	}
}
