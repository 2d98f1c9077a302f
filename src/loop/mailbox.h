/* mailbox: the one place where threads meet. A list under a mutex; who sends wakes the receiver only when the list
 * was empty, so a busy one costs a lock and an unlock a letter, and no system call.
 *
 * A letter is a `struct list` inside what is sent. Posting it hands all of that over: the sender does not look at it
 * again. Letters of one sender arrive in the order it posted them.
 *
 * Two kinds of receiver: the core thread, which is called from the loop (mailbox_create with a loop), and a thread
 * of a plug's own, which waits (mailbox_create without one, mailbox_wait). A plug with a thread has one of each:
 * orders to its thread, and what comes of them. */
#ifndef LOOP_MAILBOX_H
#define LOOP_MAILBOX_H

#include "base/list.h"

struct loop;
struct mailbox;

/* `deliver` gets the letters, taken out of the box, in a list of their own that lives for the time of the call; it
 * runs on the core thread, once a turn at most, and may destroy the mailbox. `loop` NULL: a thread will wait, and
 * `deliver` is not used. Core thread. NULL: out of memory or descriptors. */
struct mailbox *mailbox_create(
        struct loop *, void (*deliver)(void *arg, struct list *letters), void *arg);
/* Core thread, when no other thread can post or wait any more. `left`: gets the letters that nobody took (an
 * initialised list; NULL: there can be none). A NULL mailbox is fine. */
void mailbox_destroy(struct mailbox *, struct list *left);

/* Any thread. Never waits for the receiver. */
void mailbox_post(struct mailbox *, struct list *letter);
/* A receiver: moves what there is to the end of `letters`, without waiting. false: there was nothing. */
bool mailbox_take(struct mailbox *, struct list *letters);
enum { MAILBOX_WAIT_FOREVER = -1 };
/* A thread of its own that receives: the same, after waiting until there is something, or for so long. */
bool mailbox_wait(struct mailbox *, struct list *letters, int wait_ms);

#endif
