/* hashing: a thread that verifies passwords, since one costs as much as thousands of requests. Core thread. */
#ifndef AUTH_PASSWORD_HASHING_H
#define AUTH_PASSWORD_HASHING_H

#include "base/list.h"
#include "crypto/password.h"

struct hashing;
struct loop;

struct hashing_job {
	struct list link;
	struct password_hash hash;
	char password[PASSWORD_MAX_BYTES];
	size_t n;
	void (*done)(struct hashing_job *); /* core thread, later; exactly once */
	bool right, failed;                 /* failed: there was no memory for it */
};

/* NULL: out of memory. Its thread begins with the first job. */
struct hashing *hashing_create(struct loop *);
/* No job may be under way. NULL is fine. */
void hashing_destroy(struct hashing *);
/* The job is the thread's until done(). `can_wait`: it may as well be tried again later, and leaves room for those that
 * cannot. false: too many wait, or no thread can be had; done() will not come. */
bool hashing_start(struct hashing *, struct hashing_job *, bool can_wait);

#endif
