/* apart.c -- see apart.h
 *
 * Two tables, each with a pool of its own: the source fills one while the other is shown. All but the tables' contents
 * is under the lock; table[filled] is the source's from apart_ask until it is done, and the caller's from apart_take
 * on.
 */
#include "collector/apart.h"

#include "collector/priority.h"
#include "collector/thread.h"
#include "store/lock.h"

#include <time.h>

enum { STACK = 256 << 10 };

struct apart {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool asked;  /* the source is, or will be, at work */
	bool done;   /* r, begun_ns, took_ms and note are there for the caller */
	bool quit;   /* nobody calls any more: the thread is to end */
	bool behind; /* and to free everything */

	const struct source_desc *desc;
	struct source_env env;
	void *state;
	struct table *table[2];
	unsigned filled; /* which of them the source fills, or has filled, last */
	char note[sizeof((struct source_report *)NULL)->note];
	int r;
	int64_t begun_ns;
	uint32_t took_ms;
};

static int64_t boottime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void free_all(struct apart *a)
{
	for (unsigned i = 0; i < N_ELEMENTS(a->table); i++) {
		if (!a->table[i])
			continue;
		strpool_free(a->table[i]->pool);
		table_free(a->table[i]);
	}
	if (a->env.fs)
		procfs_close(a->env.fs);
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->wake);
	free(a);
}

/* --- the thread --- */

static int sample(struct apart *a, bool *opened)
{
	struct table *t = a->table[a->filled], *shown = a->table[!a->filled];
	int r = 0;

	/* Columns that turned up go on in the order in which they did. */
	if (shown->schema->n_columns > t->schema->n_columns)
		r = table_set_schema(t, shown->schema);
	if (r < 0)
		return r;
	if (!*opened && a->desc->open)
		r = a->desc->open(&a->env, &a->state);
	if (r < 0)
		return r;
	*opened = true;
	strpool_epoch(t->pool);
	table_clear(t);
	r = a->desc->sample(&a->env, a->state, t);
	strpool_sweep(t->pool);
	return r;
}

static void *apart_main(void *arg)
{
	struct apart *a = arg;
	bool opened = false, behind;

	priority_apart();
	pthread_mutex_lock(&a->lock);
	while (!a->quit) {
		int64_t begun;
		int r;

		if (!a->asked) {
			pthread_cond_wait(&a->wake, &a->lock);
			continue;
		}
		pthread_mutex_unlock(&a->lock);
		begun = boottime_ns();
		a->note[0] = '\0';
		r = sample(a, &opened);
		pthread_mutex_lock(&a->lock);
		a->r = r;
		a->begun_ns = begun;
		a->took_ms = (uint32_t)((boottime_ns() - begun) / 1000000);
		a->asked = false;
		a->done = true;
	}
	behind = a->behind;
	pthread_mutex_unlock(&a->lock);
	if (opened && a->desc->close)
		a->desc->close(a->state);
	if (behind)
		free_all(a);
	return NULL;
}

/* --- callers --- */

/* With a schema and a pool that no other thread has. */
static int new_table(const struct table_schema *schema, struct table **ret)
{
	_cleanup_(cleanup_table_schema) struct table_schema *copy = NULL;
	_cleanup_(cleanup_strpool) struct strpool *pool = NULL;
	int r = table_schema_copy(schema, &copy);

	if (r == 0)
		r = strpool_new(&pool);
	if (r == 0)
		r = table_new(copy, pool, ret);
	if (r == 0)
		(void)TAKE(pool);
	return r;
}

int apart_new(const struct source_desc *desc, const struct source_env *env, const char *root,
    const struct table_schema *schema, struct apart **ret)
{
	struct apart *a = calloc(1, sizeof *a);
	int r = 0;

	if (!a)
		return -ENOMEM;
	lock_init(&a->lock);
	pthread_cond_init(&a->wake, NULL);
	a->desc = desc;
	a->env = *env;
	a->env.fs = NULL;
	a->env.redact = NULL;
	a->env.health = NULL;
	a->env.reports = NULL;
	a->env.n_reports = 0;
	a->env.seen = NULL;
	a->env.note = a->note;
	for (unsigned i = 0; i < N_ELEMENTS(a->table) && r == 0; i++)
		r = new_table(schema, &a->table[i]);
	if (r == 0)
		r = procfs_open(root, &a->env.fs);
	if (r == 0)
		r = thread_start(&a->thread, STACK, apart_main, a);
	if (r < 0) {
		free_all(a);
		return r;
	}
	*ret = a;
	return 0;
}

void apart_free(struct apart *a)
{
	bool behind;

	pthread_mutex_lock(&a->lock);
	a->quit = true;
	a->behind = behind = a->asked;
	pthread_cond_signal(&a->wake);
	if (behind)
		pthread_detach(a->thread);
	pthread_mutex_unlock(&a->lock);
	if (behind)
		return;
	pthread_join(a->thread, NULL);
	free_all(a);
}

void apart_ask(struct apart *a)
{
	pthread_mutex_lock(&a->lock);
	if (!a->asked && !a->done) {
		a->asked = true;
		pthread_cond_signal(&a->wake);
	}
	pthread_mutex_unlock(&a->lock);
}

int apart_take(struct apart *a, struct table **ret, int64_t *ret_ns, struct source_report *report)
{
	int r = -EAGAIN;

	pthread_mutex_lock(&a->lock);
	if (a->done) {
		a->done = false;
		r = a->r;
		memcpy(report->note, a->note, sizeof report->note);
		report->took_ms = a->took_ms;
		*ret_ns = a->begun_ns;
		if (r == 0) {
			*ret = a->table[a->filled];
			a->filled = !a->filled;
		}
	}
	pthread_mutex_unlock(&a->lock);
	return r;
}
