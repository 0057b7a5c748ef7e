/* exits.c -- see exits.h */
#include "collector/exits.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

enum {
	N_BUCKETS = 1024,
	ROWS_KEPT = 1024, /* memory for more is given back */
	STALE_US = 1000000
};

_Static_assert(N_EXIT_COLUMNS <= 64, "a bit a column");

/* A process that some threads of ended. */
struct group {
	struct group *next;
	uint32_t tgid;
	uint32_t leader_status; /* 0 until the leader ended */
	struct exit_row row;
};

struct rows {
	struct exit_row *p;
	size_t n, cap;
};

struct exits {
	pthread_mutex_t lock;
	struct rows waiting; /* under the lock */
	struct rows taken;   /* the taker's */
	atomic_uint_fast64_t lost;

	/* The adder's. */
	struct group *buckets[N_BUCKETS];
	size_t n_groups;
};

int exits_new(struct exits **ret)
{
	struct exits *x = calloc(1, sizeof *x);

	if (!x)
		return -ENOMEM;
	pthread_mutex_init(&x->lock, NULL);
	*ret = x;
	return 0;
}

void exits_free(struct exits *x)
{
	for (size_t i = 0; i < N_BUCKETS; i++) {
		struct group *next;

		for (struct group *g = x->buckets[i]; g; g = next) {
			next = g->next;
			free(g);
		}
	}
	pthread_mutex_destroy(&x->lock);
	free(x->waiting.p);
	free(x->taken.p);
	free(x);
}

/* --- the queue --- */

static struct exit_row *rows_add(struct rows *rows)
{
	if (rows->n == EXITS_ROWS_MAX)
		return NULL;
	if (rows->n == rows->cap) {
		size_t cap = rows->cap ? rows->cap * 2 : 16;
		struct exit_row *p = realloc(rows->p, cap * sizeof *p);

		if (!p)
			return NULL;
		rows->p = p;
		rows->cap = cap;
	}
	return &rows->p[rows->n++];
}

static void push(struct exits *x, const struct exit_row *row)
{
	struct exit_row *to;

	pthread_mutex_lock(&x->lock);
	to = rows_add(&x->waiting);
	if (to)
		*to = *row;
	else
		atomic_fetch_add(&x->lost, 1);
	pthread_mutex_unlock(&x->lock);
}

size_t exits_take(struct exits *x, const struct exit_row **ret)
{
	struct rows rows = x->taken;

	if (rows.cap > ROWS_KEPT) {
		free(rows.p);
		rows = (struct rows){0};
	}
	rows.n = 0;
	/* Whoever holds the lock may be kept from running for long, on the machine that this is made for. */
	if (pthread_mutex_trylock(&x->lock) == 0) {
		x->taken = x->waiting;
		x->waiting = rows;
		pthread_mutex_unlock(&x->lock);
	} else {
		x->taken = rows;
	}
	*ret = x->taken.p;
	return x->taken.n;
}

uint64_t exits_lost(struct exits *x)
{
	return atomic_load(&x->lost);
}

/* --- threads --- */

/* How the values of threads make their process's. */
enum rule { SUM, LARGEST, LEADER };
static const uint8_t rules[N_EXIT_COLUMNS] = {
    [EXIT_PPID] = LEADER,
    [EXIT_UID] = LEADER,
    [EXIT_GID] = LEADER,
    [EXIT_LIVED] = LARGEST,
    [EXIT_PEAK_RSS] = LARGEST,
    [EXIT_PEAK_VSIZE] = LARGEST,
    [EXIT_NICE] = LEADER,
    [EXIT_POLICY] = LEADER,
};

static void merge_cell(struct exit_row *to, const struct exit_row *from, enum exit_column c, bool leader)
{
	uint64_t v = from->cells[c];

	if (!exits_knows(from, c))
		return;
	if (exits_knows(to, c)) {
		if (rules[c] == SUM)
			v += to->cells[c];
		else if (rules[c] == LARGEST ? v < to->cells[c] : !leader)
			v = to->cells[c];
	}
	exits_set(to, c, v);
}

static void merge(struct exit_row *to, const struct exit_row *from, bool leader)
{
	for (enum exit_column c = 0; c < N_EXIT_COLUMNS; c++)
		merge_cell(to, from, c, leader);
	if (leader || to->comm[0] == '\0')
		memcpy(to->comm, from->comm, sizeof to->comm);
	to->delayed |= from->delayed;
	if (from->begun_us < to->begun_us)
		to->begun_us = from->begun_us;
	to->ended_us = from->ended_us;
}

static void set_status(struct exit_row *row, uint32_t status)
{
	int signal = WTERMSIG((int)status);

	exits_set(row, EXIT_SIGNAL, (uint64_t)signal);
	exits_set(row, EXIT_CORE, WCOREDUMP((int)status) != 0);
	if (signal == 0)
		exits_set(row, EXIT_CODE, (uint64_t)WEXITSTATUS((int)status));
}

static struct group **find(struct exits *x, uint32_t tgid)
{
	struct group **g = &x->buckets[tgid % N_BUCKETS];

	while (*g && (*g)->tgid != tgid)
		g = &(*g)->next;
	return g;
}

static void drop(struct exits *x, struct group **g)
{
	struct group *gone = *g;

	*g = gone->next;
	free(gone);
	x->n_groups--;
}

/* A process whose last message never came makes room: the one that nothing was heard of for longest. */
static void drop_oldest(struct exits *x)
{
	struct group **oldest = NULL;

	for (size_t i = 0; i < N_BUCKETS; i++)
		for (struct group **g = &x->buckets[i]; *g; g = &(*g)->next)
			if (!oldest || (*g)->row.ended_us < (*oldest)->row.ended_us)
				oldest = g;
	drop(x, oldest);
	atomic_fetch_add(&x->lost, 1);
}

static struct group *begin_group(struct exits *x, const struct exit_message *m)
{
	struct group *g, **bucket;

	if (x->n_groups == EXITS_GROUPS_MAX)
		drop_oldest(x);
	g = calloc(1, sizeof *g);
	if (!g)
		return NULL;
	bucket = &x->buckets[m->tgid % N_BUCKETS];
	g->tgid = m->tgid;
	g->next = *bucket;
	*bucket = g;
	x->n_groups++;
	g->row.begun_us = INT64_MAX;
	return g;
}

/* Adds the thread to what is known of its process. */
static void add_to_group(struct exits *x, struct group *g, const struct exit_message *m)
{
	bool leader = m->tid == m->tgid;

	merge(&g->row, &m->row, leader);
	if (leader)
		g->leader_status = m->status;
	if (!m->last)
		return;
	/* All that are there when a process is told to end have its status. Who left it before has 0, if it was not the
	 * only one left; and some kernels give the leader's only. */
	set_status(&g->row, m->status ? m->status : g->leader_status);
	exits_set(&g->row, EXIT_PID, m->tgid);
	push(x, &g->row);
}

void exits_add(struct exits *x, const struct exit_message *m)
{
	struct group **found = find(x, m->tgid), *g = *found;

	/* Its end was not heard of, and the number was given again. A thread may well begin after others ended. */
	if (g && m->tgid != 0 && (m->whole_age || m->tid == m->tgid) && m->row.begun_us > g->row.ended_us + STALE_US) {
		drop(x, found);
		atomic_fetch_add(&x->lost, 1);
		g = NULL;
	}
	if (m->tgid == 0 || (!g && m->last)) {
		struct exit_row row = m->row;

		set_status(&row, m->status);
		exits_set(&row, EXIT_PID, m->tgid ? m->tgid : m->tid);
		push(x, &row);
		return;
	}
	if (!g)
		g = begin_group(x, m);
	if (!g) {
		atomic_fetch_add(&x->lost, 1);
		return;
	}
	add_to_group(x, g, m);
	if (m->last)
		drop(x, find(x, m->tgid));
}
