/* calls.h -- what other threads have the server's thread do for them */
#ifndef COLLECTOR_CALLS_H
#define COLLECTOR_CALLS_H

#include "collector/subscriptions.h"

#include <pthread.h>

/* What is to be done behind a call. */
struct server_task {
	struct lane *appended; /* there are new messages */
	struct lane *sync;     /* is to be synced, before the call is over */
};

struct calls {
	pthread_mutex_t lock;
	pthread_cond_t done;
	struct call *made;  /* with the lock; newest first */
	struct call *taken; /* the server's: done, and not answered */
};

void calls_init(struct calls *q);
void calls_done(struct calls *q);

/* From another thread: wakes the server, waits, and returns what fn did, or the error of syncing. */
int calls_make(
    struct calls *q, int (*fn)(struct ingest *g, void *arg, struct server_task *task), void *arg, int wakefd);

/* From the server's thread: does what others want; answers them, behind the commit. */
void calls_take(struct calls *q, struct ingest *g, struct subscriptions *s);
void calls_answer(struct calls *q);

#endif
