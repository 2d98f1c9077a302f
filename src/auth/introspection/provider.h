/* provider: whom a token's meaning is asked of (RFC 7662 section 2.1), and how the gateway proves to it that it may ask.
 * Core thread. */
#ifndef AUTH_INTROSPECTION_PROVIDER_H
#define AUTH_INTROSPECTION_PROVIDER_H

#include "api/config.h"
#include "net/fetch.h"

struct provider;

enum { PROVIDER_TOKEN_MAX_BYTES = 4096 };

/* The settings that provider_open() reads. */
/* clang-format off */
#define PROVIDER_SETTINGS                                                                          \
	{ .key = "url", .type = SETTING_TEXT, .required = true,                                    \
	  .help = "the provider's introspection endpoint (RFC 7662); http:// only to this machine" }, \
	{ .key = "client_id", .type = SETTING_TEXT,                                                \
	  .help = "who asks: with client_secret by HTTP Basic, else as a parameter" },             \
	{ .key = "client_secret", .type = SETTING_SECRET, .help = "proves who asks" },             \
	{ .key = "bearer", .type = SETTING_SECRET, .help = "a token that proves who asks, instead" }, \
	{ .key = "certificate", .type = SETTING_FILE,                                              \
	  .help = "PEM: the gateway's certificate towards the provider" },                         \
	{ .key = "key", .type = SETTING_FILE, .help = "PEM: its private key" },                    \
	{ .key = "ca", .type = SETTING_FILE,                                                       \
	  .help = "PEM: who may sign the provider's certificate; default: whom the system trusts" }, \
	{ .key = "server_name", .type = SETTING_TEXT,                                              \
	  .help = "the name that certificate must have, when it is not the URL's host" },          \
	{ .key = "timeout", .type = SETTING_DURATION, .fallback = "3s",                            \
	  .help = "the longest wait for its answer" },                                             \
	{ .key = "connections", .type = SETTING_NUMBER, .fallback = "8",                           \
	  .help = "how many questions it gets at the same time" },                                 \
	{ .key = "questions", .type = SETTING_NUMBER, .fallback = "256",                           \
	  .help = "how many are under way or wait; beyond it callers are told to come later" }
/* clang-format on */

/* Reads files. NULL: error says why. */
struct provider *provider_open(struct loop *, const struct config *, struct error *);
/* What is under way ends without done(). NULL is fine. */
void provider_close(struct provider *);

/* Asks what the token means; the rest as fetch_start(). */
struct fetch *provider_ask(struct provider *, slice token,
        void (*done)(void *arg, const struct fetch_answer *), void *arg);

#endif
