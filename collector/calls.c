/* calls.c -- see calls.h */
#include "collector/calls.h"

#include "collector/wake.h"

struct call {
	struct call *next;
	int (*fn)(struct ingest *g, void *arg, struct server_task *task);
	void *arg;
	struct server_task task;
	int r;
	bool done;
};

void calls_init(struct calls *q)
{
	*q = (struct calls){0};
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->done, NULL);
}

void calls_done(struct calls *q)
{
	pthread_mutex_destroy(&q->lock);
	pthread_cond_destroy(&q->done);
}

int calls_make(struct calls *q, int (*fn)(struct ingest *g, void *arg, struct server_task *task), void *arg, int wakefd)
{
	struct call call = {.fn = fn, .arg = arg};

	pthread_mutex_lock(&q->lock);
	call.next = q->made;
	q->made = &call;
	wake_up(wakefd);
	while (!call.done)
		pthread_cond_wait(&q->done, &q->lock);
	pthread_mutex_unlock(&q->lock);
	return call.r;
}

void calls_take(struct calls *q, struct ingest *g, struct subscriptions *s)
{
	struct call *call, *next;

	pthread_mutex_lock(&q->lock);
	next = TAKE(q->made);
	pthread_mutex_unlock(&q->lock);
	while ((call = next)) {
		next = call->next;
		call->r = call->fn(g, call->arg, &call->task);
		if (call->task.sync)
			ingest_want(g, call->task.sync);
		if (call->task.appended)
			subscriptions_appended(s, call->task.appended);
		call->next = q->taken;
		q->taken = call;
	}
}

void calls_answer(struct calls *q)
{
	struct call *call;

	if (!q->taken)
		return;
	pthread_mutex_lock(&q->lock);
	while ((call = q->taken)) {
		q->taken = call->next;
		if (call->r == 0 && call->task.sync)
			call->r = call->task.sync->commit_r;
		call->done = true;
	}
	pthread_cond_broadcast(&q->done);
	pthread_mutex_unlock(&q->lock);
}
