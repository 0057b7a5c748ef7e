/* dumpseries.c -- every column of every row over each hour, as the tree has it, in the form of tests/decoder/decode.py
 * series
 *
 *   dumpseries STORE     exit status 1: something could not be read, or is not as long as it says (told on stderr)
 */
#include "view/tree.h"

#include <stdio.h>

enum { LEVELS = 4, READ_LEN = 10000 /* so that texts are read in several pieces */ };

struct entry {
	uint64_t ino;
	bool is_dir;
	char name[256];
};

struct entries {
	struct entry *list;
	size_t n;
};

struct dump {
	struct tree *tree;
	const char *names[LEVELS]; /* hour, table, row, column */
	unsigned n_failed;
};

static int gather(const struct tree_entry *e, void *arg)
{
	struct entries *all = arg;
	struct entry *p = realloc(all->list, (all->n + 1) * sizeof *p);

	if (!p)
		return -ENOMEM;
	all->list = p;
	p += all->n++;
	p->ino = e->ino;
	p->is_dir = e->type == S_IFDIR;
	snprintf(p->name, sizeof p->name, "%s", e->name);
	return 0;
}

static void failed(struct dump *d, unsigned level, const char *what, int r)
{
	for (unsigned i = 0; i < level; i++)
		fprintf(stderr, "%s/", d->names[i]);
	fprintf(stderr, ": %s: %s\n", what, strerror(-r));
	d->n_failed++;
}

static void put_file(struct dump *d, uint64_t ino, unsigned level)
{
	struct tree_attr a;
	struct span part;
	uint64_t off = 0;
	int r = tree_attr(d->tree, ino, &a);

	/* A table without a key has no level of rows. */
	printf(
	    "series %s %s %s %s\n", d->names[0], d->names[1], level == LEVELS ? d->names[2] : "%", d->names[level - 1]);
	while (r == 0 && (off == 0 || span_left(&part) > 0)) {
		r = tree_read(d->tree, ino, off, READ_LEN, &part);
		if (r == 0 && span_left(&part) == 0)
			break;
		if (r == 0)
			off += fwrite(part.p, 1, span_left(&part), stdout);
	}
	if (r == 0 && off != a.size)
		r = -EBADMSG;
	if (r < 0)
		failed(d, level, "cannot be read", r);
}

static void put_dir(struct dump *d, uint64_t ino, unsigned level)
{
	struct entries all = {0};
	int r = tree_list(d->tree, ino, 0, false, gather, &all);

	if (r < 0)
		failed(d, level, "cannot be listed", r);
	for (size_t i = 0; i < all.n && level < LEVELS; i++) {
		d->names[level] = all.list[i].name;
		if (all.list[i].is_dir)
			put_dir(d, all.list[i].ino, level + 1);
		else
			put_file(d, all.list[i].ino, level + 1);
	}
	free(all.list);
}

int main(int argc, char **argv)
{
	struct dump d = {0};
	struct store *store;
	struct tree_attr a;
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: dumpseries STORE\n");
		return 2;
	}
	r = store_open(argv[1], NULL, &store);
	if (r == 0)
		r = tree_new(store, &d.tree);
	if (r == 0)
		r = tree_walk(d.tree, "/series", &a);
	if (r < 0) {
		fprintf(stderr, "dumpseries: %s: %s\n", argv[1], strerror(-r));
		return 1;
	}
	put_dir(&d, a.ino, 0);
	tree_free(d.tree);
	store_close(store);
	return d.n_failed > 0;
}
