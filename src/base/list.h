/* An intrusive doubly linked list: the links live in the members. A list is a head that links to itself
 * when empty. A member that is on no list is initialised with list_init() and links to itself too, so that
 * list_remove() may be called on it at any time. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *previous;
};

static inline void list_init(struct list *list)
{
	list->next = list->previous = list;
}

static inline bool list_empty(const struct list *list)
{
	return list->next == list;
}

/* Puts `member` before `list`: at the end of the list that `list` heads. */
static inline void list_append(struct list *list, struct list *member)
{
	member->next = list;
	member->previous = list->previous;
	list->previous->next = member;
	list->previous = member;
}

static inline void list_remove(struct list *member)
{
	member->next->previous = member->previous;
	member->previous->next = member->next;
	list_init(member);
}

/* The struct that holds `member` under the name `field`. */
#define LIST_OWNER(member, type, field) ((type *)(void *)((char *)(member)-offsetof(type, field)))

/* `at` runs over the members; the current one may be removed. `following` is a second cursor. */
#define LIST_EACH(head, at, following)                                                             \
	for (struct list *at = (head)->next, *following = at->next; at != (head);                  \
	        at = following, following = at->next)

#endif
