/* recall: what was found out at a price, such as that a password is somebody's, remembered for a while
 * (auth_recall(), api/authenticator.h). The core's; outlives configurations. Core thread. */
#ifndef CORE_RECALL_H
#define CORE_RECALL_H

struct recall;

/* NULL: out of memory. */
struct recall *recall_create(void);
void recall_destroy(struct recall *); /* NULL is fine */

#endif
