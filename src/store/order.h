/* One thing to be written, on its way from the core thread to the disk. */
#ifndef STORE_ORDER_H
#define STORE_ORDER_H

#include "api/store.h"

#include "base/table.h"

struct order {
	struct list link;
	enum store_table table;
	bool removes;
	struct store_record record; /* points into `content` */
	size_t bytes;
	struct list receipts; /* the core thread's */
	UT_hash_handle hh;    /* while it may still be replaced */
	char *content;
	size_t nname;
	char name[]; /* the table's number and the key: what it is found by */
};

#endif
