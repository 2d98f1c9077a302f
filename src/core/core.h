/* The gateway: listeners, the configuration in force, the pipeline. A struct without globals, so that several
 * workers, one a core, stay possible. Core thread. */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "core/condition.h"
#include "core/configuration.h"

struct audit_sink;
struct core;

/* NULL: out of memory. */
struct core *core_create(struct loop *, const struct plugs *);
/* Loads the file and opens the listeners; touches no network. false: see `mistakes`. */
bool core_load(struct core *, const char *path, struct mistakes *);
/* After core_load(), for a process that only asks its services something: no listener starts, no backend does anything
 * unasked, commands that wait for devices stay where they are. */
void core_be_idle(struct core *);
/* Between core_load() and core_start(): where that is kept which outlives the process. It stays the caller's, and is
 * closed after core_destroy(). false: it cannot be read, error says why. */
bool core_use_store(struct core *, struct store *, struct error *);
/* Before core_use_store(): the keys that what it keeps of clients is hashed and sealed with. They are copied. Without
 * it nothing that was kept can be read, nor what is kept now at the next start. false: out of memory. */
enum { CORE_KEY_BYTES = 32 };
bool core_use_keys(struct core *, const unsigned char digest_key[CORE_KEY_BYTES],
        const unsigned char seal_key[CORE_KEY_BYTES]);
/* Where audit events go from now on; borrowed until core_destroy(). NULL: nowhere. */
void core_use_audit(struct core *, struct audit_sink *);
/* Starts every listener. false: error says which could not and why; none is left running. */
bool core_start(struct core *, struct error *);
/* Reads the file again. Listeners whose part did not change keep their connections; a broken file leaves all
 * as it was, with the mistakes in the log, and false is returned. */
bool core_reload(struct core *);
/* Ends in order: no new connections, requests under way get `grace_ms` to come home, then they are cancelled;
 * stops the loop when all are home. Called again: cancels at once. */
void core_stop(struct core *, uint64_t grace_ms);
/* After the loop has ended, or without it having run. NULL is fine. */
void core_destroy(struct core *);

/* Writes one log line a listener and one a backend with all counters. */
void core_log_counters(const struct core *);
/* How many of the file's listeners listen, and how many requests are under way. */
unsigned core_listening(const struct core *);
unsigned core_under_way(const struct core *);
/* The one in force; NULL before core_load(). */
const struct configuration *core_configuration(const struct core *);

#endif
