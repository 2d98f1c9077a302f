/* lights: the board's LEDs, by which somebody who stands before the box sees how it is. Through sysfs
 * (Documentation/leds/leds-class.rst of the kernel).
 *
 * Any one thread. A write is a few microseconds of the kernel's: drivers whose hardware is slow (behind I2C, SPI or USB) put the rest
 * off. Nothing here fails for the caller. */
#ifndef BOARD_LIGHTS_H
#define BOARD_LIGHTS_H

#include "board/board.h"

struct lights;

/* Takes the board's LEDs: whatever made them blink before (their trigger) does not any more, and they are out. What is there and
 * what is not is said in one line of the log; a board that has none says nothing. Copies what it needs. NULL: the board is NULL or has
 * none of them, or out of memory. */
struct lights *lights_open(const struct board *);
/* Writes only what is new. `lights` NULL is fine. */
void lights_set(struct lights *, enum board_role, bool on);
/* Leaves them as they are. NULL is fine. */
void lights_close(struct lights *);

#endif
