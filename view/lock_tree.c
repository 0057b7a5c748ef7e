/* lock_tree.c -- see lock_tree.h
 *
 * Rows come from a file, so nothing in them is believed: a session is put below another one only where their depths
 * follow each other, which leaves no circle.
 */
#include "view/lock_tree.h"

#include "view/figures.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { NONE = UINT32_MAX };

struct node {
	struct lock_session s;
	uint64_t above; /* the session that it waits for */
	uint64_t root;
	double since_s;       /* when it began to wait */
	uint32_t child, next; /* places of the first below it and of the one beside it, or NONE */
	bool placed;          /* below another one */
};

static int compare_pid(const void *a, const void *b)
{
	uint64_t x = ((const struct node *)a)->s.pid, y = ((const struct node *)b)->s.pid;

	return (x > y) - (x < y);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = ((const struct node *)a)->s.row, y = ((const struct node *)b)->s.row;
	int r = compare_pid(a, b);

	return r ? r : (x > y) - (x < y);
}

static uint64_t number(const struct table *t, const char *column, uint32_t row)
{
	double v = figures_named(t, column, row);

	return v >= 0 && v < UINT32_MAX ? (uint64_t)v : 0;
}

static uint32_t gather(const struct table *t, struct str server, struct node *nodes)
{
	uint32_t n = 0;

	for (uint32_t row = 0; row < t->n_rows; row++) {
		double depth = figures_named(t, "depth", row);
		struct str name = figures_string(t, "server", row);

		if (name.len != server.len || memcmp(name.p, server.p, name.len) != 0)
			continue;
		nodes[n++] = (struct node){
		    .s = {.row = row,
		        .pid = number(t, "pid", row),
		        .depth = depth >= 0 && depth < t->n_rows ? (uint32_t)depth : LOCK_NO_ROOT},
		    .above = number(t, "waits_for_pid", row),
		    .root = number(t, "root_pid", row),
		    .since_s = figures_named(t, "wait_start_s", row),
		    .child = NONE,
		    .next = NONE,
		};
	}
	qsort(nodes, n, sizeof *nodes, compare);
	return n;
}

static struct node *find(struct node *nodes, uint32_t n, uint64_t pid)
{
	struct node key = {.s.pid = pid};

	return bsearch(&key, nodes, n, sizeof *nodes, compare_pid);
}

/* As long as they have waited; what is not known is last. */
static int compare_since(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a, *y = *(const struct node *const *)b;

	if (isnan(x->since_s) != isnan(y->since_s))
		return isnan(x->since_s) ? 1 : -1;
	if (x->since_s != y->since_s && !isnan(x->since_s))
		return x->since_s > y->since_s ? 1 : -1;
	return compare(x, y);
}

/* places: room for n. */
static void link_nodes(struct node *nodes, uint32_t n, struct node **places)
{
	for (uint32_t i = 0; i < n; i++)
		places[i] = &nodes[i];
	qsort(places, n, sizeof(struct node *), compare_since);
	/* From behind, since each is put in front of those that are there. */
	for (uint32_t i = n; i-- > 0;) {
		struct node *x = places[i], *above, *root;

		if (x->s.depth == 0 || x->s.depth == LOCK_NO_ROOT)
			continue;
		above = find(nodes, n, x->above);
		root = find(nodes, n, x->root);
		if (root && root->s.depth == 0)
			root->s.behind++;
		if (!above || above->s.depth == LOCK_NO_ROOT || above->s.depth + 1 != x->s.depth)
			continue;
		x->next = above->child;
		above->child = (uint32_t)(x - nodes);
		x->placed = true;
	}
}

/* Of those that are below no other: how early. */
static int compare_tops(const void *a, const void *b)
{
	const struct lock_session *x = &(*(const struct node *const *)a)->s, *y = &(*(const struct node *const *)b)->s;
	bool no_x = x->depth > 0, no_y = y->depth > 0;

	if (no_x != no_y)
		return no_x - no_y;
	if (x->behind != y->behind)
		return x->behind < y->behind ? 1 : -1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Appends one and all below it. The way back is kept in what was the way down. */
static void append(struct node *nodes, uint32_t at, struct lock_tree *l)
{
	uint32_t above = NONE;

	for (;;) {
		struct node *x = &nodes[at];
		uint32_t down = x->child;

		l->sessions[l->n++] = x->s;
		if (down != NONE) {
			x->child = above;
			above = at;
			at = down;
			continue;
		}
		while (nodes[at].next == NONE && above != NONE) {
			at = above;
			above = nodes[at].child;
		}
		if (nodes[at].next == NONE)
			return;
		at = nodes[at].next;
	}
}

static void order(struct node *nodes, uint32_t n, struct node **tops, struct lock_tree *l)
{
	uint32_t n_tops = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (nodes[i].s.depth == 0)
			l->n_roots++;
		else
			l->n_waiting++;
		if (!nodes[i].placed)
			tops[n_tops++] = &nodes[i];
	}
	qsort(tops, n_tops, sizeof(struct node *), compare_tops);
	for (uint32_t i = 0; i < n_tops; i++)
		append(nodes, (uint32_t)(tops[i] - nodes), l);
}

int lock_tree_build(const struct table *t, struct str server, struct lock_tree *ret)
{
	_cleanup_(cleanup_free) struct node *nodes = NULL, **places = NULL;
	uint32_t n;

	*ret = (struct lock_tree){0};
	if (!t || t->n_rows == 0)
		return 0;
	nodes = malloc((size_t)t->n_rows * sizeof *nodes);
	ret->sessions = malloc((size_t)t->n_rows * sizeof *ret->sessions);
	places = malloc((size_t)t->n_rows * sizeof(struct node *));
	if (!nodes || !places || !ret->sessions)
		return -ENOMEM;
	n = gather(t, server, nodes);
	link_nodes(nodes, n, places);
	order(nodes, n, places, ret);
	return 0;
}

void lock_tree_done(struct lock_tree *l)
{
	free(l->sessions);
	*l = (struct lock_tree){0};
}
