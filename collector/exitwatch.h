/* exitwatch.h -- the thread that hears of processes that end
 *
 * One a program, whoever asks for it: when the configuration is read anew the next user is there before the last one
 * goes, and nothing that ends in between is missed.
 */
#ifndef COLLECTOR_EXITWATCH_H
#define COLLECTOR_EXITWATCH_H

#include "collector/exits.h"

enum exitwatch_source {
	EXITWATCH_TASKSTATS,
	EXITWATCH_PROCEVENTS, /* taskstats is not to be had */
	EXITWATCH_NONE        /* nor is this */
};

struct exitwatch;

/* With one it goes on; otherwise the best source there is is listened to from now on. 0, also if there is none. */
int exitwatch_get(struct exitwatch **ret);
void exitwatch_put(struct exitwatch *w);

/* What is listened to, and why it is nothing better: 0, or the negative errno of each. With taskstats, one for the proc
 * connector means that it is needed too, and that without it each thread counts as a process. */
enum exitwatch_source exitwatch_source(const struct exitwatch *w, int *ret_taskstats, int *ret_procevents);

/* See exits_take. One thread. */
size_t exitwatch_take(struct exitwatch *w, const struct exit_row **ret);

/* How many messages were lost so far: the kernel had no room for them, or we had not. False: nobody listens. From any
 * thread. */
bool exitwatch_lost(uint64_t *ret);

#endif
