/* topicnodes.c -- topics in the tree: inode numbers and listings */
#include "tests/unit/attr.h"
#include "tests/unit/topicstore.h"

enum { N_NODES_MAX = 20000 };

struct seen {
	struct tree_attr *attrs;
	uint64_t *parents;
	char (*names)[32];
	uint32_t n;
	uint64_t parent;
};

static int see(const struct tree_entry *e, void *arg)
{
	struct seen *s = arg;

	if (!ok(e->attr && e->attr->ino == e->ino && (e->attr->mode & S_IFMT) == e->type && s->n < N_NODES_MAX))
		return -EIO;
	s->attrs[s->n] = *e->attr;
	s->parents[s->n] = s->parent;
	snprintf(s->names[s->n++], 32, "%s", e->name);
	return 0;
}

static void see_all(struct tree *t, struct seen *s)
{
	static const char *const roots[] = {"/topics", "/log", "/hour"};

	s->n = 0;
	for (unsigned i = 0; i < N_ELEMENTS(roots); i++) {
		struct tree_attr a = {0};
		uint32_t k = s->n;

		ok_r(tree_walk(t, roots[i], &a));
		s->parent = a.ino;
		ok_r(tree_list(t, a.ino, 0, true, see, s));
		for (; k < s->n; k++) {
			s->parent = s->attrs[k].ino;
			if (S_ISDIR(s->attrs[k].mode))
				ok_r(tree_list(t, s->parent, 0, true, see, s));
		}
	}
}

static int compare_inos(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static struct seen seen_new(void)
{
	struct seen s = {.attrs = calloc(N_NODES_MAX, sizeof(*s.attrs)),
	    .parents = calloc(N_NODES_MAX, sizeof(*s.parents)),
	    .names = calloc(N_NODES_MAX, sizeof(*s.names))};

	if (!s.attrs || !s.parents || !s.names)
		exit(1);
	return s;
}

static void seen_done(struct seen *s)
{
	free(s->attrs);
	free(s->parents);
	free(s->names);
}

static void inode_numbers_are_unique_lead_back_and_stay_from_mount_to_mount(void)
{
	struct seen first = seen_new(), second = seen_new();
	const char *dir = make();
	struct opened o = open_tree(dir), again;
	uint64_t *inos;

	see_all(o.t, &first);
	ok(first.n > N + 100);
	inos = calloc(first.n, sizeof(*inos));
	for (uint32_t i = 0; i < first.n; i++) {
		struct tree_attr a;

		inos[i] = first.attrs[i].ino;
		ok_r(tree_attr(o.t, inos[i], &a));
		ok(same_attr(&a, &first.attrs[i]));
		ok_r(tree_lookup(o.t, first.parents[i], first.names[i], &a));
		ok(same_attr(&a, &first.attrs[i]));
		ok(tree_parent(o.t, inos[i]) == first.parents[i]);
	}
	qsort(inos, first.n, sizeof(*inos), compare_inos);
	for (uint32_t i = 1; i < first.n; i++)
		ok(inos[i - 1] != inos[i]);
	again = open_tree(dir);
	see_all(again.t, &second);
	eq(second.n, first.n);
	for (uint32_t i = 0; i < first.n && i < second.n; i++)
		ok(same_attr(&first.attrs[i], &second.attrs[i]));
	free(inos);
	seen_done(&first);
	seen_done(&second);
	close_tree(again);
	close_tree(o);
}

static int count(const struct tree_entry *e, void *arg)
{
	(void)e;
	++*(uint32_t *)arg;
	return 0;
}

static void any_number_may_be_taken_for_an_inode(void)
{
	struct opened o = open_tree(make());
	uint32_t n_found = 0, n = 0;

	srandom(1);
	for (int i = 0; i < 50000; i++) {
		enum node_kind kind = (enum node_kind)(random() % 8 + 1);
		uint64_t offset = random() % 3   ? (uint64_t)random() % 2100
		                  : random() % 2 ? 0
		                                 : (uint64_t)random() << 20;
		struct node hourly = {.view = VIEW_HOUR_LOG, .hour = HOUR - 1 + (int32_t)(random() % 5)};
		struct tree_attr a = {0};
		struct span p;
		uint64_t ino = node_ino(node_of_kind(kind, (uint32_t)random() % 5, offset & NODE_OFFSET_MAX));
		int r, list, got;

		hourly.seq = (int32_t)(random() % 6) - 1;
		hourly.leaf = (uint32_t)random() % 3;
		if (random() % 3 == 0)
			ino = node_ino(hourly);
		r = tree_attr(o.t, ino, &a);
		list = tree_list(o.t, ino, 1900, false, count, &n);
		got = tree_read(o.t, ino, 0, 16, &p);
		n_found += r == 0;
		if (!ok(r == 0 ? a.ino == ino && (list == 0) == S_ISDIR(a.mode) && (got == 0) == S_ISREG(a.mode)
		               : r == -ENOENT && list < 0 && got < 0))
			printf("# %" PRIx64 ": %d %d %d\n", ino, r, list, got);
		ok(tree_parent(o.t, ino) != 0);
	}
	ok(n_found > 1000);
	close_tree(o);
}

/* Stops after one entry. */
static int take_one(const struct tree_entry *e, void *arg)
{
	*(uint64_t *)arg = e->cookie;
	return 1;
}

static void a_listing_goes_on_anywhere(void)
{
	struct opened o = open_tree(make());
	struct tree_attr a = {0};
	uint64_t cookie = 0;
	unsigned n = 0;

	ok_r(tree_walk(o.t, "/topics/orders/0", &a));
	while (tree_list(o.t, a.ino, cookie, n % 3 == 0, take_one, &cookie) == 1)
		n++;
	eq(n, N);
	close_tree(o);
}

int main(void)
{
	RUN(inode_numbers_are_unique_lead_back_and_stay_from_mount_to_mount);
	RUN(any_number_may_be_taken_for_an_inode);
	RUN(a_listing_goes_on_anywhere);
	return tap_done();
}
