/* tree.c -- the tree over real stores: names, attributes, bytes, inode numbers, what sealing and damage change */
#include "store/recorder.h"
#include "store/text.h"
#include "tests/tap.h"
#include "tests/unit/attr.h"
#include "view/node.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HOUR = 498651, /* 2026-11-20T03 */
	HOUR_MS = 3600 * 1000,
	STEP_MS = 60 * 1000,
	PER_HOUR = HOUR_MS / STEP_MS,
	N_ROWS = 5,
	MACHINE = 7, /* table ids */
	TASKS = 9,
	RARE = 11, /* in every seventh snapshot */
	N_NODES_MAX = 100000,
};

/* --- stores --- */

struct machine {
	struct recorder *recorder;
	struct table *tables[3];
	uint64_t tick;
};

static struct table *new_table(struct machine *m, uint16_t id, const char *name, const struct column *c, size_t n)
{
	struct table_schema *s;
	struct table *t;

	ok_r(table_schema_new(id, name, &s));
	for (size_t i = 0; i < n; i++)
		ok_r(table_schema_add(s, &c[i]));
	if (!ok_r(table_new(s, recorder_pool(m->recorder), &t)))
		exit(1);
	table_schema_put(s);
	return t;
}

static void machine_open(struct machine *m, const char *dir, uint64_t tick)
{
	static const struct column machine[] = {
	    {"load1", "", COL_DEC, KIND_GAUGE, 0, 2}, {"ctxt", "", COL_U64, KIND_COUNTER, 0, 0}};
	static const struct column tasks[] = {{"pid", "", COL_U64, KIND_LABEL, COL_KEY, 0},
	    {"utime_us", "us", COL_U64, KIND_COUNTER, 0, 0}, {"comm", "", COL_STR, KIND_LABEL, 0, 0}};
	struct recorder_options o = {.sync = SYNC_NONE, .host = "unit", .group_n = 10};

	if (!ok_r(recorder_open(dir, &o, &m->recorder)))
		exit(1);
	m->tables[0] = new_table(m, MACHINE, "machine", machine, N_ELEMENTS(machine));
	m->tables[1] = new_table(m, TASKS, "tasks", tasks, N_ELEMENTS(tasks));
	m->tables[2] = new_table(m, RARE, "rare", machine, N_ELEMENTS(machine));
	m->tick = tick;
}

static void machine_close(struct machine *m)
{
	for (unsigned i = 0; i < N_ELEMENTS(m->tables); i++)
		table_free(m->tables[i]);
	recorder_close(m->recorder);
}

static void fill(struct machine *m)
{
	char comm[32];
	uint32_t row;

	for (unsigned i = 0; i < N_ELEMENTS(m->tables); i++)
		table_clear(m->tables[i]);
	for (unsigned i = 0; i < 3; i += 2) {
		ok_r(table_add_row(m->tables[i], &row));
		table_set(m->tables[i], row, 0, m->tick * 7 % 1000);
		table_set(m->tables[i], row, 1, m->tick * 1000);
	}
	m->tables[2]->absent = m->tick % 7 != 0;
	for (unsigned i = 0; i < N_ROWS; i++) {
		ok_r(table_add_row(m->tables[1], &row));
		table_set(m->tables[1], row, 0, m->tick / 5 + i);
		table_set(m->tables[1], row, 1, m->tick * (i + 1) * 1000);
		snprintf(comm, sizeof(comm), "task\t%u of %" PRIu64, i, m->tick / 3);
		ok_r(table_set_str(m->tables[1], row, 2, comm, strlen(comm)));
	}
}

static void record(struct machine *m, unsigned n)
{
	for (unsigned k = 0; k < n; k++, m->tick++) {
		_cleanup_(cleanup_encoded) struct encoded *e = NULL;
		struct snapshot s = {
		    .time_ms = (int64_t)HOUR * HOUR_MS + (int64_t)m->tick * STEP_MS,
		    .boot_us = m->tick * STEP_MS * 1000,
		    .boot = 1,
		    .n_tables = N_ELEMENTS(m->tables),
		    .tables = m->tables,
		};

		recorder_begin(m->recorder);
		fill(m);
		ok_r(recorder_encode(m->recorder, &s, &e));
		ok_r(recorder_append(m->recorder, e));
	}
}

static void seal(struct machine *m)
{
	while (recorder_seal(m->recorder) == 0)
		;
}

struct opened {
	struct store *store;
	struct tree *tree;
};

static struct opened open_tree(const char *dir)
{
	struct opened o;

	if (!ok_r(store_open(dir, NULL, &o.store)) || !ok_r(tree_new(o.store, &o.tree)))
		exit(1);
	return o;
}

static void close_tree(struct opened o)
{
	tree_free(o.tree);
	store_close(o.store);
}

/* Two sealed hours and a live one of five snapshots. */
static const char *three_hours(void)
{
	const char *dir = tap_tmpdir();
	struct machine m;

	machine_open(&m, dir, 0);
	record(&m, 2 * PER_HOUR + 5);
	seal(&m);
	machine_close(&m);
	return dir;
}

static int walk(struct tree *t, const char *path)
{
	struct tree_attr a;

	return tree_walk(t, path, &a);
}

static uint64_t ino_of(struct tree *t, const char *path)
{
	struct tree_attr a;

	return tree_walk(t, path, &a) < 0 ? 0 : a.ino;
}

/* A file's bytes, read in pieces; to be freed, ends in a NUL. NULL: not readable. */
static char *contents(struct tree *t, uint64_t ino, size_t piece, size_t *ret_len)
{
	struct buf out = {0};
	struct span part;
	size_t n;

	do {
		if (tree_read(t, ino, out.len, piece, &part) < 0) {
			buf_done(&out);
			return NULL;
		}
		n = span_left(&part);
		buf_put(&out, part.p, n);
	} while (n > 0);
	*ret_len = out.len;
	buf_put_u8(&out, 0);
	return (char *)out.p;
}

static char *file(struct tree *t, const char *path)
{
	uint64_t ino = ino_of(t, path);
	size_t len;

	return ino ? contents(t, ino, 1 << 20, &len) : NULL;
}

/* --- looking at everything --- */

struct seen {
	struct tree *t;
	struct tree_attr *attrs;
	uint64_t *hashes; /* of contents */
	char (*names)[32];
	uint32_t *parents;
	uint32_t n;
};

static struct seen seen_new(void)
{
	struct seen s = {.attrs = calloc(N_NODES_MAX, sizeof(struct tree_attr)),
	    .hashes = calloc(N_NODES_MAX, sizeof(uint64_t)),
	    .names = calloc(N_NODES_MAX, 32),
	    .parents = calloc(N_NODES_MAX, sizeof(uint32_t))};

	if (!s.attrs || !s.hashes || !s.names || !s.parents)
		exit(1);
	return s;
}

static void seen_done(struct seen *s)
{
	free(s->attrs);
	free(s->hashes);
	free(s->names);
	free(s->parents);
}

struct gathered {
	struct seen *s;
	uint32_t parent;
};

static int gather(const struct tree_entry *e, void *arg)
{
	struct gathered *g = arg;
	struct seen *s = g->s;

	if (!ok(e->attr))
		printf("# %s has no attributes\n", e->name);
	if (!ok(s->n < N_NODES_MAX) || !e->attr)
		return -ENOMEM;
	ok(e->attr->ino == e->ino && (e->attr->mode & S_IFMT) == e->type);
	s->attrs[s->n] = *e->attr;
	s->parents[s->n] = g->parent;
	snprintf(s->names[s->n++], 32, "%s", e->name);
	return 0;
}

static uint64_t hash(const char *p, size_t len)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)p[i]) * 1099511628211;
	return h;
}

static void see_file(struct seen *s, uint32_t i)
{
	size_t len;
	char *p = contents(s->t, s->attrs[i].ino, 777, &len);

	if (ok(p)) {
		eq(len, s->attrs[i].size);
		s->hashes[i] = hash(p, len);
	}
	free(p);
}

/* Everything there is, breadth first. */
static void see_all(struct tree *t, struct seen *s)
{
	s->t = t;
	s->n = 1;
	ok_r(tree_attr(t, TREE_ROOT, &s->attrs[0]));
	for (uint32_t i = 0; i < s->n; i++) {
		struct gathered g = {s, i};

		if (S_ISDIR(s->attrs[i].mode)) {
			uint32_t first = s->n, n_dirs = 0;

			ok_r(tree_list(t, s->attrs[i].ino, 0, true, gather, &g));
			for (uint32_t k = first; k < s->n; k++)
				n_dirs += S_ISDIR(s->attrs[k].mode);
			ok(s->attrs[i].nlink == n_dirs + 2 || s->attrs[i].nlink == 1); /* 1: not counted */
		} else if (S_ISREG(s->attrs[i].mode)) {
			see_file(s, i);
		}
	}
}

static int by_ino(const void *a, const void *b)
{
	const struct tree_attr *x = a, *y = b;

	return x->ino < y->ino ? -1 : x->ino > y->ino;
}

/* --- tests --- */

static void sizes_are_the_bytes_that_reading_gives(void)
{
	struct opened o = open_tree(three_hours());
	struct seen s = seen_new();

	see_all(o.tree, &s);
	ok(s.n > 3 * (2 * PER_HOUR + 5) * 3);
	seen_done(&s);
	close_tree(o);
}

static void inode_numbers_are_unique(void)
{
	struct opened o = open_tree(three_hours());
	struct seen s = seen_new();

	see_all(o.tree, &s);
	qsort(s.attrs, s.n, sizeof(s.attrs[0]), by_ino);
	for (uint32_t i = 1; i < s.n; i++)
		ok(s.attrs[i].ino != s.attrs[i - 1].ino);
	eq(s.attrs[0].ino, TREE_ROOT);
	seen_done(&s);
	close_tree(o);
}

static void names_and_inodes_lead_to_what_the_listing_says(void)
{
	struct opened o = open_tree(three_hours());
	struct seen s = seen_new();

	see_all(o.tree, &s);
	for (uint32_t i = 1; i < s.n; i++) {
		const struct tree_attr *a = &s.attrs[i];
		struct tree_attr b;

		ok_r(tree_lookup(o.tree, s.attrs[s.parents[i]].ino, s.names[i], &b));
		ok(same_attr(a, &b));
		ok_r(tree_attr(o.tree, a->ino, &b));
		ok(same_attr(a, &b));
		eq(tree_parent(o.tree, a->ino), s.attrs[s.parents[i]].ino);
		if (S_ISDIR(a->mode)) {
			ok_r(tree_lookup(o.tree, a->ino, "..", &b));
			eq(b.ino, s.attrs[s.parents[i]].ino);
			ok_r(tree_lookup(o.tree, a->ino, ".", &b));
			eq(b.ino, a->ino);
		}
	}
	seen_done(&s);
	close_tree(o);
}

static void sealing_an_hour_changes_nothing(void)
{
	const char *dir = tap_tmpdir();
	struct seen before = seen_new(), after = seen_new();
	struct machine m;
	struct opened o;

	machine_open(&m, dir, 0);
	record(&m, PER_HOUR + 1);
	o = open_tree(dir);
	see_all(o.tree, &before);
	seal(&m);
	close_tree(o);
	o = open_tree(dir);
	see_all(o.tree, &after);
	eq(before.n, after.n);
	for (uint32_t i = 0; i < before.n && i < after.n; i++) {
		struct tree_attr a = before.attrs[i], b = after.attrs[i];

		str_eq(before.names[i], after.names[i]);
		/* status counts files; what the kernel may believe differs. */
		if (strcmp(after.names[i], "status") == 0)
			continue;
		a.attr_ms = a.name_ms = b.attr_ms = b.name_ms = 0;
		ok(same_attr(&a, &b));
		ok(before.hashes[i] == after.hashes[i]);
	}
	seen_done(&before);
	seen_done(&after);
	close_tree(o);
	machine_close(&m);
}

static void a_new_snapshot_shows_up(void)
{
	enum { TRIES = 1000 };
	const char *dir = tap_tmpdir();
	struct tree_attr hour, table, more;
	struct machine m;
	struct opened o;

	machine_open(&m, dir, 0);
	record(&m, 3);
	o = open_tree(dir);
	ok_r(walk(o.tree, "/hour/2026-11-20T03/snapshot-2"));
	eq(walk(o.tree, "/hour/2026-11-20T03/snapshot-3"), -ENOENT);
	ok_r(tree_walk(o.tree, "/hour/2026-11-20T03", &hour));
	ok_r(tree_walk(o.tree, "/table/2026-11-20T03/tasks", &table));
	ok(hour.attr_ms <= 1000 && hour.name_ms <= 1000 && table.attr_ms <= 1000);
	record(&m, 1);
	for (int i = 0; i < TRIES && walk(o.tree, "/hour/2026-11-20T03/snapshot-3") < 0; i++)
		usleep(TREE_REFRESH_MS * 1000 / 4);
	ok_r(walk(o.tree, "/hour/2026-11-20T03/snapshot-3"));
	eq(ino_of(o.tree, "/now/tasks"), ino_of(o.tree, "/hour/2026-11-20T03/snapshot-3/tasks"));
	ok_r(tree_walk(o.tree, "/hour/2026-11-20T03", &more));
	ok(more.mtime_ms > hour.mtime_ms && more.nlink == hour.nlink + 1);
	ok_r(tree_walk(o.tree, "/table/2026-11-20T03/tasks", &more));
	ok(more.mtime_ms > table.mtime_ms && more.size > table.size);
	close_tree(o);
	machine_close(&m);
}

struct one {
	uint64_t cookie;
	char name[32];
};

static int take_one(const struct tree_entry *e, void *arg)
{
	struct one *one = arg;

	one->cookie = e->cookie;
	snprintf(one->name, sizeof(one->name), "%s", e->name);
	return 1;
}

static int count_entry(const struct tree_entry *e, void *arg)
{
	(void)e;
	++*(uint32_t *)arg;
	return 0;
}

static void a_listing_goes_on_where_it_was(void)
{
	static const char *const dirs[] = {"/", "/hour", "/hour/2026-11-20T03", "/hour/2026-11-20T03/snapshot-7",
	    "/table/2026-11-20T04", "/at", "/json/2026-11-20T05"};
	struct opened o = open_tree(three_hours());

	for (size_t i = 0; i < N_ELEMENTS(dirs); i++) {
		uint64_t dir = ino_of(o.tree, dirs[i]);
		uint32_t n = 0, n_single = 0;
		struct one one = {0};
		int r;

		ok_r(tree_list(o.tree, dir, 0, false, count_entry, &n));
		while ((r = tree_list(o.tree, dir, one.cookie, false, take_one, &one)) == 1) {
			struct tree_attr a;

			ok_r(tree_lookup(o.tree, dir, one.name, &a));
			if (!ok(++n_single <= n))
				break;
		}
		eq(r, 0);
		eq(n_single, n);
	}
	close_tree(o);
}

static void numbers_and_times_lead_to_the_snapshots(void)
{
	struct opened o = open_tree(three_hours());
	uint64_t seven = ino_of(o.tree, "/hour/2026-11-20T03/snapshot-0007/tasks");
	struct tree_attr a;
	struct span target;

	ok(seven != 0);
	eq(ino_of(o.tree, "hour/2026-11-20T03//snapshot-7/tasks/"), seven);
	eq(ino_of(o.tree, "/at/2026-11-20T03:07:00/tasks"), seven);
	eq(ino_of(o.tree, "/at/2026-11-20T03:07:59.999Z/tasks"), seven);
	eq(ino_of(o.tree, "/at/2026-11-20T04-07-30+01:00/tasks"), seven);
	eq(walk(o.tree, "/at/2026-11-20T02:59:59"), -ENOENT);
	eq(walk(o.tree, "/at/nonsense"), -ENOENT);
	tree_set_now(o.tree, (int64_t)HOUR * HOUR_MS + 12 * STEP_MS);
	eq(ino_of(o.tree, "/at/-5m/tasks"), seven);
	eq(ino_of(o.tree, "/at/03:07/tasks"), seven);
	eq(ino_of(o.tree, "/at/now/tasks"), ino_of(o.tree, "/hour/2026-11-20T03/snapshot-12/tasks"));
	eq(ino_of(o.tree, "/now/tasks"), ino_of(o.tree, "/hour/2026-11-20T05/snapshot-4/tasks"));

	ok_r(tree_lookup(o.tree, ino_of(o.tree, "/at"), "2026-11-20T03:07", &a));
	ok(S_ISLNK(a.mode));
	ok_r(tree_readlink(o.tree, a.ino, &target));
	eq(span_left(&target), a.size);
	ok(memcmp(target.p, "../hour/2026-11-20T03/snapshot-0007", a.size) == 0);
	ok_r(tree_lookup(o.tree, ino_of(o.tree, "/at"), "-5m", &a));
	eq(a.name_ms, 0);
	close_tree(o);
}

static void files_say_the_time_of_what_they_hold(void)
{
	struct opened o = open_tree(three_hours());
	const int64_t begin = (int64_t)HOUR * HOUR_MS;
	struct tree_attr a;

	ok_r(tree_walk(o.tree, "/hour/2026-11-20T03/snapshot-7/tasks", &a));
	eq(a.mtime_ms, begin + 7 * STEP_MS);
	ok_r(tree_walk(o.tree, "/rate/2026-11-20T03/snapshot-7", &a));
	eq(a.mtime_ms, begin + 7 * STEP_MS);
	ok_r(tree_walk(o.tree, "/hour/2026-11-20T03", &a));
	eq(a.mtime_ms, begin + (PER_HOUR - 1) * STEP_MS);
	ok_r(tree_walk(o.tree, "/table/2026-11-20T03/tasks", &a));
	eq(a.mtime_ms, begin + (PER_HOUR - 1) * STEP_MS);
	ok_r(tree_walk(o.tree, "/", &a));
	eq(a.mtime_ms, begin + (2 * PER_HOUR + 4) * STEP_MS);
	ok_r(tree_walk(o.tree, "/status", &a));
	eq(a.mtime_ms, begin + (2 * PER_HOUR + 4) * STEP_MS);
	close_tree(o);
}

static void wrong_paths_give_the_kernels_errors(void)
{
	struct opened o = open_tree(three_hours());

	eq(walk(o.tree, "/nothing"), -ENOENT);
	eq(walk(o.tree, "/hour/2026-11-20T02"), -ENOENT);
	eq(walk(o.tree, "/hour/2026-11-20T3"), -ENOENT);
	eq(walk(o.tree, "/hour/2026-11-20T03/snapshot-60"), -ENOENT);
	eq(walk(o.tree, "/hour/2026-11-20T03/tasks"), -ENOENT);
	eq(walk(o.tree, "/hour/2026-11-20T03/snapshot-1/rare"), -ENOENT);
	ok_r(walk(o.tree, "/hour/2026-11-20T03/snapshot-7/rare"));
	eq(walk(o.tree, "/json/2026-11-20T03/heatmap"), -ENOENT);
	eq(walk(o.tree, "/rate/2026-11-20T03/snapshot-1/summary"), -ENOENT);
	eq(walk(o.tree, "/table/2026-11-20T03/snapshot-1"), -ENOENT);
	eq(walk(o.tree, "/README/x"), -ENOTDIR);
	eq(walk(o.tree, "/hour/2026-11-20T03/snapshot-1/tasks/x"), -ENOTDIR);
	close_tree(o);
}

static void any_number_may_be_taken_for_an_inode(void)
{
	struct opened o = open_tree(three_hours());
	static const uint32_t leaves[] = {0, MACHINE, TASKS, RARE, LEAF_SUMMARY, LEAF_HEATMAP};
	uint32_t n_found = 0;

	srandom(1);
	for (int i = 0; i < 200000; i++) {
		struct node n = {
		    .view = (uint32_t)random() % 18,
		    .hour = random() % 4 ? HOUR - 1 + (int32_t)(random() % 5) : (int32_t)(random() % NODE_HOUR_MAX) - 1,
		    .seq = (int32_t)(random() % 70) - 1,
		    .leaf = random() % 3 ? leaves[random() % 6] : (uint32_t)random() % (NODE_LEAF_MAX + 1),
		};
		uint64_t ino = random() % 8 ? node_ino(n) : (uint64_t)random() << 33 ^ (uint64_t)random();
		struct tree_attr a = {0};
		struct span p;
		int r = tree_attr(o.tree, ino, &a), list, read, link;
		uint32_t n_entries = 0;

		list = tree_list(o.tree, ino, 0, false, count_entry, &n_entries);
		read = tree_read(o.tree, ino, 0, 16, &p);
		link = tree_readlink(o.tree, ino, &p);
		if (r == 0) {
			n_found++;
			eq(a.ino, ino);
			ok((list == 0) == S_ISDIR(a.mode));
			ok((read == 0) == S_ISREG(a.mode));
			ok((link == 0) == S_ISLNK(a.mode));
		} else {
			eq(r, -ENOENT);
			if (!ok(list < 0 && read < 0 && link < 0))
				printf("# view %u hour %d seq %d leaf %u: %d %d %d\n", n.view, n.hour, n.seq, n.leaf,
				    list, read, link);
		}
	}
	ok(n_found > 1000);
	close_tree(o);
}

static void an_empty_store_has_a_tree(void)
{
	const char *dir = tap_tmpdir();
	struct machine m;
	struct opened o;
	uint32_t n = 0;
	char *status;

	machine_open(&m, dir, 0);
	machine_close(&m);
	o = open_tree(dir);
	eq(walk(o.tree, "/now"), -ENOENT);
	eq(walk(o.tree, "/at/now"), -ENOENT);
	ok_r(tree_list(o.tree, ino_of(o.tree, "/hour"), 0, true, count_entry, &n));
	eq(n, 0);
	ok_r(tree_list(o.tree, TREE_ROOT, 0, true, count_entry, &n));
	eq(n, 13);
	status = file(o.tree, "/status");
	ok(status && strstr(status, "hours\t0\n"));
	free(status);
	close_tree(o);
}

/* Spoils a byte in the middle of the oldest chunk. */
static void spoil(const char *dir)
{
	char path[256];
	struct stat st;
	uint8_t b;
	int fd;

	snprintf(path, sizeof(path), "%s/snapshots/2026-11-20T03.chunk", dir);
	fd = open(path, O_RDWR);
	if (!ok(fd >= 0 && fstat(fd, &st) == 0))
		exit(1);
	ok(pread(fd, &b, 1, st.st_size / 2) == 1);
	b ^= 0x40;
	ok(pwrite(fd, &b, 1, st.st_size / 2) == 1);
	close(fd);
}

static void damage_is_an_error_there_and_nowhere_else(void)
{
	const char *dir = three_hours();
	struct seen whole = seen_new();
	uint32_t n_bad = 0;
	struct opened o = open_tree(dir);
	char *status;

	see_all(o.tree, &whole);
	close_tree(o);
	spoil(dir);
	o = open_tree(dir);
	for (uint32_t i = 0; i < whole.n; i++) {
		const struct tree_attr *a = &whole.attrs[i];
		bool is_recorded =
		    S_ISREG(a->mode) && node_of(a->ino).seq >= 0 && strcmp(whole.names[i], "summary") != 0;
		size_t len;
		char *p;

		if (!is_recorded || node_of(whole.attrs[i].ino).view != 2)
			continue;
		p = contents(o.tree, a->ino, 1 << 16, &len);
		n_bad += !p;
		ok(!p || (len == a->size && hash(p, len) == whole.hashes[i]));
		if (node_of(a->ino).hour != HOUR)
			ok(p);
		free(p);
	}
	/* One group of ten, two or three tables a snapshot. */
	ok(n_bad >= 20 && n_bad <= 30);
	status = file(o.tree, "/status");
	ok(status && strstr(status, "damaged\t") && strstr(status, "2026-11-20T03.chunk"));
	free(status);
	seen_done(&whole);
	close_tree(o);
}

static void the_summary_is_one_screen(void)
{
	struct opened o = open_tree(three_hours());
	char *p = file(o.tree, "/now/summary");

	if (ok(p)) {
		size_t len = strlen(p), col = 0;

		for (size_t i = 0; i < len; i++, col++) {
			if (p[i] == '\n') {
				eq(col, 80);
				col = SIZE_MAX;
			}
		}
		ok(strstr(p, "2026-11-20T05:04:00.000Z  hour/2026-11-20T05/snapshot-0004  over 1m00s  unit "));
	}
	free(p);
	close_tree(o);
}

static void the_heatmap_has_a_line_for_each_snapshot(void)
{
	struct opened o = open_tree(three_hours());
	char *p = file(o.tree, "/hour/2026-11-20T03/heatmap"), *save = NULL;
	uint32_t n = 0;

	for (char *line = p ? strtok_r(p, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save), n++) {
		char time[TEXT_TIME_LEN + 1], want[64];

		text_time(time, (int64_t)HOUR * HOUR_MS + (int64_t)(n - 1) * STEP_MS);
		snprintf(want, sizeof(want), "%s\t%u\t", time, n - 1);
		if (n > 0)
			ok(strncmp(line, want, strlen(want)) == 0);
	}
	eq(n, PER_HOUR + 1);
	free(p);
	close_tree(o);
}

int main(void)
{
	RUN(sizes_are_the_bytes_that_reading_gives);
	RUN(inode_numbers_are_unique);
	RUN(names_and_inodes_lead_to_what_the_listing_says);
	RUN(sealing_an_hour_changes_nothing);
	RUN(a_new_snapshot_shows_up);
	RUN(a_listing_goes_on_where_it_was);
	RUN(numbers_and_times_lead_to_the_snapshots);
	RUN(files_say_the_time_of_what_they_hold);
	RUN(wrong_paths_give_the_kernels_errors);
	RUN(any_number_may_be_taken_for_an_inode);
	RUN(an_empty_store_has_a_tree);
	RUN(damage_is_an_error_there_and_nowhere_else);
	RUN(the_summary_is_one_screen);
	RUN(the_heatmap_has_a_line_for_each_snapshot);
	return tap_done();
}
