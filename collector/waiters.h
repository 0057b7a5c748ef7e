/* waiters.h -- answers of a round that hold only when its commit went well, and how many are to be expected
 *
 * For the server's thread. Who waited in one of the two rounds before is a producer that will be back soon.
 */
#ifndef COLLECTOR_WAITERS_H
#define COLLECTOR_WAITERS_H

#include "collector/conn.h"

struct waiting {
	struct conn *conn;
	const int *result;
	size_t place; /* of the answer in conn->out */
};

struct waiters {
	struct waiting *v;
	size_t n, max;

	uint64_t round;
	size_t n_waited[3]; /* connections, in this round and in the two before */
};

void waiters_init(struct waiters *w);
void waiters_done(struct waiters *w);

/* Room for one more: who has done something cannot be told that there is none. */
int waiters_prepare(struct waiters *w);
/* The answer at that place holds only if *result is 0 behind the commit. There is room for it. */
void waiters_add(struct waiters *w, struct conn *c, const int *result, size_t place);
/* A connection that goes. Between rounds. */
void waiters_drop(struct waiters *w, const struct conn *c);

/* How many are likely to come yet. */
size_t waiters_expected(const struct waiters *w);

/* Behind the commit: makes errors of the answers that it proves wrong, and begins the next round if any waited. */
void waiters_end_round(struct waiters *w);

#endif
