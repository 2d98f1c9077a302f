/* supervision: the gateway as something that a service manager starts, watches, reloads and stops. Core thread.
 *
 * The sockets that listen are the manager's to keep while the gateway starts again (net/listening.h).
 *
 * Whether it is ready, reloads or stops, and one line for people, go to the manager (loop/notify.h); so do signs of
 * life, for which the loop, the store's thread and the audit log's must all have come round. The same signs feed the board's
 * hardware watchdog where that is wanted, and its lights show how the gateway is (panel.h). What loading a configuration has left
 * free goes back to the machine a moment later. */
#ifndef CLI_SUPERVISION_H
#define CLI_SUPERVISION_H

#include "cli/cli.h"
#include "cli/panel.h"
#include "loop/loop.h"
#include "loop/notify.h"
#include "net/listening.h"

struct supervision {
	struct cli_gateway *gateway;
	struct notify *notify;
	struct listening *sockets;
	struct panel panel;
	struct timer watchdog, draining, settling;
};

/* Before supervision_ready() nothing is said. Both are borrowed: the gateway, and the sockets that its listeners use. */
void supervision_init(struct supervision *, struct cli_gateway *, struct listening *);
/* After the loop has ended, before the gateway is finished. */
void supervision_finish(struct supervision *);

/* The configuration is loaded: there are lights. */
void supervision_loaded(struct supervision *);
/* It could not start. */
void supervision_failed(struct supervision *);
/* Every listener listens. */
void supervision_ready(struct supervision *);
/* Reads the configuration again, and says before and after that it does. */
void supervision_reload(struct supervision *);
/* Begins to stop in order; called again: at once. */
void supervision_stop(struct supervision *, uint64_t grace_ms);
/* The loop has ended, and what is left is to write to the disk what is pending. */
void supervision_ending(struct supervision *);

#endif
