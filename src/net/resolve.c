#include "net/resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "loop/loop.h"

struct resolution {
	uv_getaddrinfo_t request;
	void (*done)(
	        void *arg, const struct sockaddr_storage *addresses, unsigned n, const char *error);
	void *arg;
	bool cancelled;
};

static void resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
	struct resolution *resolution = LIST_OWNER(request, struct resolution, request);
	struct sockaddr_storage addresses[RESOLVE_MAX] = { 0 };
	unsigned n = 0;
	for (struct addrinfo *at = found; at && n < RESOLVE_MAX; at = at->ai_next) {
		if (at->ai_addrlen <= sizeof addresses[n])
			memcpy(&addresses[n++], at->ai_addr, at->ai_addrlen);
	}
	uv_freeaddrinfo(found);
	if (!resolution->cancelled)
		resolution->done(resolution->arg, addresses, n,
		        n ? NULL : uv_strerror(status ? status : UV_EAI_NONAME));
	free(resolution);
}

struct resolution *resolve_start(struct loop *loop, const char *host, unsigned port,
        void (*done)(
                void *arg, const struct sockaddr_storage *addresses, unsigned n, const char *error),
        void *arg)
{
	struct resolution *resolution = calloc(1, sizeof *resolution);
	if (!resolution)
		return NULL;
	resolution->done = done;
	resolution->arg = arg;
	char service[8];
	(void)snprintf(service, sizeof service, "%u", port & 0xffff);
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	if (uv_getaddrinfo(loop_uv(loop), &resolution->request, resolved, host, service, &hints) !=
	        0) {
		free(resolution);
		return NULL;
	}
	return resolution;
}

void resolve_cancel(struct resolution *resolution)
{
	if (!resolution)
		return;
	resolution->cancelled = true;
	(void)uv_cancel((uv_req_t *)&resolution->request);
}
