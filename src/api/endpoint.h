/* One entry of `endpoints:` as the other parts see it. Belongs to a configuration; const once it is loaded. */
#ifndef API_ENDPOINT_H
#define API_ENDPOINT_H

#include "api/message.h"

#include <stdbool.h>

struct composition;
struct packing;

/* What the backend is to be called with; `call:` in the file. */
struct call_template {
	bool has_method;
	enum method method;
	slice path;  /* "/v1/readings/{device}"; empty: the request's own */
	slice media; /* `as`: "application/json"; empty: as it came */
	/* `with`: what the value is made of (core/compose.h); NULL: the request's own. */
	const struct composition *with;
	const struct packing
	        *pack;        /* `encode` (core/pack.h); NULL: written in the notation of `as` */
	slice rpc;            /* "fleet.v1.Positions/Report"; empty: none */
	slice message, reply; /* protobuf type names for calls without an rpc; empty: none */
};

struct endpoint {
	slice name;
	slice path;                   /* the pattern, as in the file */
	unsigned methods;             /* 1u << METHOD_…; never 0 */
	slice resource_type;          /* what it is, in words of the user's (RFC 6690, rt) */
	slice operation;              /* for protocols whose messages name one; or empty */
	const char *const *protocols; /* NULL-terminated; NULL: every one */
	slice media; /* what a body is when the message does not say: "application/json" */
	size_t body_max_bytes;
	bool keep_last; /* `keep: last`: the last value of each resource answers GET and can be followed */
	/* Which device the call is for, a template ("{device}") that gives its plain name; empty: the backend calls
	 * none, or only one. */
	slice device;
	bool observe; /* the backend is to follow call.path at the device, and hands on what it hears */
	struct call_template call;
};

enum { VARIABLE_MAX = 8 };

/* A path variable's value: percent-encoded, as it stands in the path. */
struct variable {
	slice name, value;
};

#endif
