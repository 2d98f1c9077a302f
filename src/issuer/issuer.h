/* issuer: the OAuth 2.0 token service (RFC 6749, 7009, 7523, 7662, 8414, 8705, 9068) as a backend: endpoints lead to it
 * like to any other. See issuer.c for how its parts work together.
 *
 *     issuer.c     the backend: settings, which service a path names, metadata
 *     parameters.c what a call brings: a form, or a JSON object
 *     call.c       one call: who asks, its answer
 *     token.c      the grants
 *     access.c     access tokens: opaque or signed
 *     answer.c     what is answered, and the errors
 *     manage.c     revocation, introspection
 *     ring.c       the keys that sign, and their succession */
#ifndef ISSUER_ISSUER_H
#define ISSUER_ISSUER_H

#include "api/adapter.h"
#include "api/audit.h"
#include "api/backend.h"
#include "api/clients.h"
#include "api/identity.h"
#include "auth/jose/jws.h"
#include "codec/value.h"
#include "issuer/parameters.h"
#include "issuer/ring.h"
#include "loop/loop.h"

struct names {
	slice *at;
	unsigned n;
};

struct issuer {
	struct backend base;
	struct loop *loop;
	struct arena arena; /* of all below */
	slice url, audience;
	slice prefix; /* of the paths of its services; p NULL: none leads here yet */
	struct names clients, users, assertions; /* names of ways to authenticate */
	bool signed_tokens, bound_to_certificates;
	uint64_t lifetime_ms, refresh_ms;
	unsigned per_client; /* so many access tokens are kept, and so many refresh tokens */
	struct ring *ring;   /* NULL: tokens are opaque */
	struct adapter
	        asker; /* who asks the core to recognise somebody; its requests come home to it */
};

enum issuer_error {
	ISSUER_INVALID_REQUEST,
	ISSUER_INVALID_CLIENT,
	ISSUER_INVALID_GRANT,
	ISSUER_UNAUTHORIZED_CLIENT,
	ISSUER_UNSUPPORTED_GRANT_TYPE,
	ISSUER_INVALID_SCOPE,
	ISSUER_UNAVAILABLE,
	ISSUER_FAILED
};

/* One call of a service, in the arena of the request that brought it. */
struct issuer_call {
	struct issuer *issuer;
	struct exchange *exchange;
	struct arena *arena;
	struct parameters parameters;
	uint64_t asking; /* the request that is to recognise somebody; 0: none */
	void (*recognised)(struct issuer_call *, const struct request *);
	void (*written)(struct issuer_call *);
	struct clients_change change;
	slice client; /* who has been recognised as the caller; empty: nobody */
	struct token_wish *wish;
	slice body; /* the answer, once the change is written */
};

/* What is to be issued. */
struct token_wish {
	slice subject;      /* the client that it is for */
	const slice *roles; /* their names, for a signed token */
	unsigned nroles;
	const slice *scopes;
	unsigned nscopes;
	bool scoped;
	bool refreshable;
	slice family, spends; /* of the refresh token that it is got by; or empty */
	slice fingerprint;    /* of the certificate that it is bound to; or empty */
};

/* ---- call.c */

/* Recognises somebody by these ways and no others, with this credential (NULL: with those that came with the call), and
 * calls `then` with how it ended. Answers the call itself when there is no memory for it. */
void call_recognise(struct issuer_call *, const struct names *ways, const struct credential *,
        void (*then)(struct issuer_call *, const struct request *));
/* Recognises the client that calls, then goes on with `then`; a call of nobody known is answered. */
void call_identify(
        struct issuer_call *, void (*then)(struct issuer_call *, const struct request *));
/* clients_begin() in this client's name; once it is written, `then`. */
void call_begin_change(struct issuer_call *, slice who, void (*then)(struct issuer_call *));
/* Requests that recognise somebody come home. */
extern const struct adapter_ops call_asker_ops;

/* ---- answer.c: each ends the call. */

void answer_json(struct issuer_call *, enum status, const struct value *);
void answer_body(struct issuer_call *, slice json);
void answer_error(struct issuer_call *, enum issuer_error, const char *why);
/* As the request that was to recognise somebody ended. */
void answer_unrecognised(struct issuer_call *, enum issuer_error, const struct request *);
/* As a step of a change, or the change, ended. */
void answer_outcome(struct issuer_call *);
/* The notation of a value. { NULL, 0 }: no memory. */
slice answer_encode(struct issuer_call *, const struct value *);

/* ---- the services */

void token_serve(struct issuer_call *);
void revoke_serve(struct issuer_call *);
void introspect_serve(struct issuer_call *);

/* ---- access.c */

/* Makes the tokens and answers when they are on disk. */
void access_issue(struct issuer_call *, const struct token_wish *);
/* "a b": the scopes in one text. */
slice access_scope_text(struct arena *, const slice *scopes, unsigned n);

#endif
