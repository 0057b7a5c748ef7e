/* straggler.h -- a thread that may hang, on a mount whose server is gone, and is left behind then
 *
 * What is not the thread's own it uses only while it is busy; for that it is always waited. Left behind it never is
 * busy again, and when it does come back it frees what it has.
 */
#ifndef COLLECTOR_STRAGGLER_H
#define COLLECTOR_STRAGGLER_H

#include "collector/server.h"

#include <pthread.h>
#include <stdbool.h>

struct straggler {
	pthread_t thread;
	pthread_mutex_t lock; /* also the caller's, for little */
	pthread_cond_t changed;
	bool stop, busy, left, ended; /* with the lock */
	struct config *next;          /* likewise: to go over to; NULL: none */
};

void straggler_init(struct straggler *s);
void straggler_done(struct straggler *s);

/* --- in the thread --- */

/* -ECANCELED: it was left behind. Else straggler_idle is to follow. */
int straggler_busy(struct straggler *s);
void straggler_idle(struct straggler *s);

/* Has the server's thread call fn (server_call), busy meanwhile. */
int straggler_call(struct straggler *s, struct server *server,
    int (*fn)(struct ingest *g, void *arg, struct server_task *task), void *arg);

/* Goes over to the configuration that was given last, if there is a new one: puts *c, and sets it. */
bool straggler_take_config(struct straggler *s, struct config **c);

/* Whether it is to end. */
bool straggler_is_to_stop(struct straggler *s);

/* It ends. Ret: whether it was left behind, and has to free everything; nothing of it may be used otherwise. */
bool straggler_end(struct straggler *s);

/* --- its owner --- */

/* What straggler_take_config gives. wake(arg) is called behind it. */
void straggler_configure(struct straggler *s, struct config *c, void (*wake)(void *arg), void *arg);

/* Tells it to end, once wake(arg) has been called. True: it has. False: it hangs, and is left behind; nothing of it may
 * be used. */
bool straggler_stop(struct straggler *s, void (*wake)(void *arg), void *arg);

#endif
