/* WHAT THE LIGHTS MEAN
 *
 *     running   ready: every listener listens; out when the gateway stops
 *     link      the services behind could be reached when they were called last
 *     fault     somebody has to see to something, which the log says
 *
 * They follow what the core tells (core/condition.h), and nothing wakes the gateway up for them. A start that fails leaves the fault
 * light on: there is nobody any more who could put it out. A crash leaves them as they were, until the next start.
 *
 * THE WATCHDOG is opened when the gateway is ready, so that a start that fails resets no box, and fed by supervision.c by the same proof of
 * life as a service manager. It is kept over a reload: closing and opening it would leave a moment without. */
#include "cli/panel.h"

#include <string.h>

#include "audit/audit.h"
#include "base/log.h"
#include "board/board.h"
#include "store/store.h"

static const struct board *board_of(const struct panel *panel)
{
	return core_configuration(panel->gateway->core)->board;
}

static void say_faults(struct panel *panel, unsigned faults)
{
	char text[CONDITION_TEXT_BYTES];
	if (faults == panel->faults)
		return;
	panel->faults = faults;
	condition_faults_text(faults, text);
	if (faults)
		log_warning("board", "the fault light is on: %s", text);
	else
		log_info("board", "the fault light is out");
}

static void show(void *arg, const struct condition *condition)
{
	struct panel *panel = arg;
	lights_set(panel->lights, BOARD_RUNNING, condition->running);
	lights_set(panel->lights, BOARD_LINK, condition->linked);
	lights_set(panel->lights, BOARD_FAULT, condition->faults != 0);
	say_faults(panel, condition->faults);
}

static void state_changed(void *arg, bool fails)
{
	const struct panel *panel = arg;
	core_set_fault(panel->gateway->core, FAULT_STATE, fails);
}

static void audit_changed(void *arg, bool fails)
{
	const struct panel *panel = arg;
	core_set_fault(panel->gateway->core, FAULT_AUDIT, fails);
}

void panel_init(struct panel *panel, struct cli_gateway *gateway)
{
	*panel = (struct panel){ .gateway = gateway };
}

void panel_take_lights(struct panel *panel)
{
	lights_close(panel->lights);
	panel->lights = lights_open(board_of(panel));
}

void panel_failed(struct panel *panel)
{
	lights_set(panel->lights, BOARD_FAULT, true);
}

/* ---- The watchdog. */

static bool find_device(struct panel *panel, const struct board *board, const char **why)
{
	if (!board || !board->watchdog.devices.n)
		*why = board ? "the board has none"
		             : "no board is in force (gateway.board), and with it no watchdog";
	else if (!board_device(board, &board->watchdog.devices, panel->device))
		*why = "its device is not there: is its driver loaded?";
	return !*why;
}

static void start_watchdog(struct panel *panel)
{
	const struct board *board = board_of(panel);
	const char *why = NULL;
	char failure[WATCHDOG_WHY_BYTES];
	if (find_device(panel, board, &why)) {
		panel->watchdog = watchdog_open(
		        &watchdog_machine, panel->device, board->watchdog.timeout_ms, failure);
		why = failure;
	}
	if (!panel->watchdog)
		log_error("board", "gateway.watchdog: %s%s%s", panel->device,
		        *panel->device ? ": " : "", why);
}

static void follow_watchdog(struct panel *panel)
{
	bool wanted = core_configuration(panel->gateway->core)->watchdog;
	if (wanted && !panel->watchdog) {
		start_watchdog(panel);
	} else if (!wanted && panel->watchdog) {
		watchdog_close(panel->watchdog);
		panel->watchdog = NULL;
		log_info("board", "the watchdog is not fed any more, and stops");
	}
	core_set_fault(panel->gateway->core, FAULT_WATCHDOG, wanted && !panel->watchdog);
}

uint64_t panel_watchdog_ms(const struct panel *panel)
{
	return panel->watchdog ? watchdog_timeout_ms(panel->watchdog) : 0;
}

void panel_feed(struct panel *panel)
{
	if (panel->watchdog)
		(void)watchdog_feed(panel->watchdog);
}

/* ---- Its life. */

void panel_follow(struct panel *panel)
{
	struct cli_gateway *gateway = panel->gateway;
	if (panel->lights)
		core_watch_condition(gateway->core, show, panel);
	else
		core_watch_condition(gateway->core, NULL, NULL);
	if (gateway->store)
		store_watch(gateway->store, state_changed, panel);
	if (gateway->audit)
		audit_watch(gateway->audit, audit_changed, panel);
	follow_watchdog(panel);
}

void panel_close(struct panel *panel)
{
	struct cli_gateway *gateway = panel->gateway;
	if (gateway->core)
		core_watch_condition(gateway->core, NULL, NULL);
	if (gateway->store)
		store_watch(gateway->store, NULL, NULL);
	if (gateway->audit)
		audit_watch(gateway->audit, NULL, NULL);
	watchdog_close(panel->watchdog);
	lights_close(panel->lights);
	*panel = (struct panel){ .gateway = gateway };
}
