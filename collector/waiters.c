/* waiters.c -- see waiters.h */
#include "collector/waiters.h"

enum {
	FIRST_ROUND = 3, /* those before it are no connection's */
	FIRST_MAX = 64,
};

void waiters_init(struct waiters *w)
{
	*w = (struct waiters){.round = FIRST_ROUND};
}

void waiters_done(struct waiters *w)
{
	free(w->v);
}

int waiters_prepare(struct waiters *w)
{
	size_t max = w->max ? 2 * w->max : FIRST_MAX;
	struct waiting *v;

	if (w->n < w->max)
		return 0;
	v = realloc(w->v, max * sizeof *v);
	if (!v)
		return -ENOMEM;
	w->v = v;
	w->max = max;
	return 0;
}

/* Whether it waited in this round or in the two before. */
static bool waited_lately(const struct waiters *w, const struct conn *c)
{
	return c->sync_round > 0 && c->sync_round + 2 >= w->round;
}

void waiters_add(struct waiters *w, struct conn *c, const int *result, size_t place)
{
	w->v[w->n++] = (struct waiting){c, result, place};
	c->waits = true;
	if (c->sync_round == w->round)
		return;
	waiters_drop(w, c);
	c->sync_round = w->round;
	w->n_waited[w->round % 3]++;
}

void waiters_drop(struct waiters *w, const struct conn *c)
{
	if (waited_lately(w, c))
		w->n_waited[c->sync_round % 3]--;
}

size_t waiters_expected(const struct waiters *w)
{
	return w->n_waited[(w->round - 1) % 3] + w->n_waited[(w->round - 2) % 3];
}

/* From the last to the first, so that those before keep their places. */
static void take_back(struct waiters *w)
{
	for (size_t i = w->n; i-- > 0;) {
		const struct waiting *v = &w->v[i];

		if (*v->result < 0)
			conn_fail(v->conn, v->place, *v->result, "what was sent is not synced");
	}
}

void waiters_end_round(struct waiters *w)
{
	take_back(w);
	if (w->n > 0) {
		w->round++;
		w->n_waited[w->round % 3] = 0;
	}
	w->n = 0;
}
