/* cgroups.c -- see cgroups.h */
#include "collector/cgroups.h"

#include "collector/pressure.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum {
	DENTS = 32768,
	CHILDREN_MAX = 65536, /* of a folder, that are looked at */
};

/* A cgroup on the walk. */
struct found {
	char *path;
	uint16_t depth;
	uint16_t mounts; /* bits: those that it was seen on */
	uint64_t ino[CGROUP_MOUNTS_MAX];
};

struct cgroups {
	struct procfs *fs;
	struct cgroup_mounts mounts;
	struct cgroup_files *files; /* NULL: there are no mounts */

	size_t n;
	struct cgroup **list; /* in order of path */
	bool stale;           /* one of them is gone */

	bool tried, walked;
	uint64_t tried_ms, walked_ms; /* when mounts were looked for, and the tree was walked last */
	uint64_t count;               /* the kernel's, just before the walk */
	uint64_t n_left_out;
	struct procfile stat, v1; /* of these counts */
	struct procfile pressure; /* of the machine, */
	uint64_t stalled_us;      /* and what it said */

	struct found *found;
	size_t n_found, cap_found;
	char *dents;
};

int cgroups_new(struct procfs *fs, struct cgroups **ret)
{
	struct cgroups *c = calloc(1, sizeof *c);

	if (!c)
		return -ENOMEM;
	c->fs = fs;
	c->stat = c->v1 = c->pressure = PROCFILE_CLOSED;
	c->dents = malloc(DENTS);
	if (!c->dents) {
		free(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

static void free_found(struct cgroups *c)
{
	for (size_t i = 0; i < c->n_found; i++)
		free(c->found[i].path);
	c->n_found = 0;
}

void cgroups_free(struct cgroups *c)
{
	for (size_t i = 0; i < c->n; i++)
		cgroup_free(c->files, c->list[i]);
	if (c->files)
		cgroup_files_free(c->files);
	cgroupmounts_done(&c->mounts);
	procfile_done(&c->stat);
	procfile_done(&c->v1);
	procfile_done(&c->pressure);
	free_found(c);
	free(c->found);
	free(c->list);
	free(c->dents);
	free(c);
}

uint64_t cgroups_left_out(const struct cgroups *c)
{
	return c->n_left_out;
}

/* --- the walk --- */

/* Adds a cgroup; takes path, also on an error. */
static int push(struct cgroups *c, char *path, unsigned depth, unsigned mounts)
{
	if (path && c->n_found == c->cap_found) {
		size_t cap = c->cap_found ? 2 * c->cap_found : 256;
		struct found *found = realloc(c->found, cap * sizeof *found);

		if (!found) {
			free(path);
			return -ENOMEM;
		}
		c->found = found;
		c->cap_found = cap;
	}
	if (!path)
		return -ENOMEM;
	c->found[c->n_found++] = (struct found){.path = path, .depth = (uint16_t)depth, .mounts = (uint16_t)mounts};
	return 0;
}

static char *join(const char *parent, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, name) < 0 ? NULL : path;
}

static bool is_folder(int fd, const struct dirent64 *d)
{
	struct stat st;

	if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
		return false;
	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_DIR;
	return fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* Adds the folders in cgroup i's on a mount. */
static int list_folder(struct cgroups *c, size_t i, size_t m)
{
	const struct cgroup_mount *mount = &c->mounts.m[m];
	_cleanup_(cleanup_close) int fd =
	    openat(mount->fd, cgroupmounts_relative(mount, c->found[i].path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t before = c->n_found;
	int r = 0;

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : 0;
	while (r == 0 && c->n_found - before < CHILDREN_MAX) {
		long len = syscall(SYS_getdents64, fd, c->dents, (size_t)DENTS);

		/* An error: it was removed meanwhile. */
		if (len <= 0)
			break;
		for (long at = 0; at < len && r == 0;) {
			const struct dirent64 *d = (const void *)(c->dents + at);

			at += d->d_reclen;
			if (is_folder(fd, d))
				r = push(c, join(c->found[i].path, d->d_name), c->found[i].depth + 1U, 1U << m);
		}
	}
	return r;
}

static int by_path(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* Puts those from `from` on in order of path, each once. */
static void make_unique(struct cgroups *c, size_t from)
{
	struct found *f = c->found;
	size_t n = from;

	qsort(f + from, c->n_found - from, sizeof *f, by_path);
	for (size_t i = from; i < c->n_found; i++) {
		if (n == from || strcmp(f[n - 1].path, f[i].path) != 0) {
			f[n++] = f[i];
			continue;
		}
		f[n - 1].mounts |= f[i].mounts;
		for (size_t m = 0; m < CGROUP_MOUNTS_MAX; m++)
			if (f[i].ino[m])
				f[n - 1].ino[m] = f[i].ino[m];
		free(f[i].path);
	}
	c->n_found = n;
}

/* Looks at cgroup i, and adds those below it. */
static int visit(struct cgroups *c, size_t i)
{
	size_t before = c->n_found;
	uint64_t below = 0;
	int r = 0;

	for (size_t m = 0; m < c->mounts.n && r == 0; m++) {
		const struct cgroup_mount *mount = &c->mounts.m[m];
		struct stat st;

		if (!(c->found[i].mounts & 1U << m) ||
		    fstatat(mount->fd, cgroupmounts_relative(mount, c->found[i].path), &st, 0) < 0)
			continue;
		c->found[i].ino[m] = st.st_ino;
		if (st.st_nlink == 2)
			continue;
		if (c->found[i].depth < CGROUPS_DEPTH_MAX)
			r = list_folder(c, i, m);
		else if (st.st_nlink > 2 && st.st_nlink - 2 > below)
			below = st.st_nlink - 2;
	}
	c->n_left_out += below;
	make_unique(c, before);
	for (; c->n_found > CGROUPS_MAX; c->n_left_out++)
		free(c->found[--c->n_found].path);
	return r;
}

static int find_all(struct cgroups *c)
{
	int r = 0;

	free_found(c);
	c->n_left_out = 0;
	for (size_t m = 0; m < c->mounts.n && r == 0; m++) {
		const char *top = c->mounts.m[m].top;

		r = push(c, strdup(*top ? top : "/"), 0, 1U << m);
	}
	make_unique(c, 0);
	for (size_t i = 0; i < c->n_found && r == 0; i++)
		r = visit(c, i);
	make_unique(c, 0);
	return r;
}

/* The cgroup as it was known before, or a new one. Others that come before it in the list are gone. */
static int take_over(struct cgroups *c, size_t *b, struct found *f, struct cgroup **ret)
{
	while (*b < c->n && strcmp(c->list[*b]->path, f->path) < 0)
		cgroup_free(c->files, c->list[(*b)++]);
	if (*b < c->n && strcmp(c->list[*b]->path, f->path) == 0 &&
	    memcmp(c->list[*b]->ino, f->ino, sizeof f->ino) == 0) {
		*ret = c->list[(*b)++];
		(*ret)->gone = false;
		return 0;
	}
	return cgroup_new(TAKE(f->path), f->ino, ret);
}

static bool is_there(const struct found *f)
{
	for (size_t m = 0; m < CGROUP_MOUNTS_MAX; m++)
		if (f->ino[m])
			return true;
	return false;
}

static int walk(struct cgroups *c)
{
	_cleanup_(cleanup_free) struct cgroup **list = NULL;
	size_t b = 0, n = 0;
	int r = find_all(c);

	if (r < 0)
		return r;
	list = malloc((c->n_found + 1) * sizeof(struct cgroup *));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_found && r == 0; i++) {
		if (!is_there(&c->found[i]))
			continue;
		r = take_over(c, &b, &c->found[i], &list[n]);
		n += r == 0;
	}
	while (b < c->n)
		cgroup_free(c->files, c->list[b++]);
	free(c->list);
	c->list = TAKE(list);
	c->n = n;
	c->stale = r < 0;
	return r;
}

/* --- when --- */

/* The number behind a word at the beginning of a line. */
static uint64_t number_of(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = text; *p != '\0'; parse_next_line(&p)) {
		uint64_t v;

		if (strncmp(p, word, len) != 0)
			continue;
		p += len;
		return parse_u64(&p, &v) ? v : 0;
	}
	return 0;
}

/* All hierarchies' cgroups of version 1: the third column of /proc/cgroups. */
static uint64_t count_v1(const char *text)
{
	uint64_t sum = 0;

	for (const char *p = text; *p != '\0'; parse_next_line(&p)) {
		uint64_t hierarchy, n;
		size_t len;

		if (*p == '#')
			continue;
		parse_word(&p, &len);
		if (parse_u64(&p, &hierarchy) && parse_u64(&p, &n))
			sum += n;
	}
	return sum;
}

/* How many cgroups the kernel says that there are; 0: it does not say. *ret_v2: of these, those of version 2. */
static uint64_t count(struct cgroups *c, uint64_t *ret_v2)
{
	const struct cgroup_mount *m = c->mounts.m;
	const char *text;
	char path[512];
	size_t len;
	uint64_t v1 = 0;

	*ret_v2 = 0;
	if ((m->controllers & CGROUP_V2) &&
	    snprintf(path, sizeof path, "%s/cgroup.stat", m->folder) < (int)sizeof path &&
	    procfile_read(c->fs, &c->stat, path, &text, &len) == 0)
		*ret_v2 = 1 + number_of(text, "nr_descendants ");
	if ((c->mounts.n > 1 || !(m->controllers & CGROUP_V2)) &&
	    procfile_read(c->fs, &c->v1, "proc/cgroups", &text, &len) == 0)
		v1 = count_v1(text);
	return *ret_v2 + v1;
}

/* Looks for mounts, now and then while there are none. */
static int find_mounts(struct cgroups *c, uint64_t now_ms)
{
	int r;

	if (c->files)
		return 0;
	if (c->tried && now_ms - c->tried_ms < CGROUPS_UNCOUNTED_MS)
		return -ENOENT;
	c->tried = true;
	c->tried_ms = now_ms;
	cgroupmounts_done(&c->mounts);
	r = cgroupmounts_find(c->fs, &c->mounts);
	if (r == 0 && c->mounts.n == 0)
		r = -ENOENT;
	return r < 0 ? r : cgroup_files_new(&c->mounts, &c->files);
}

/* Brings the list up to date, if it is time to. */
static int update(struct cgroups *c, uint64_t now_ms)
{
	uint64_t n, v2, age = now_ms - c->walked_ms;
	int r = find_mounts(c, now_ms);

	if (r < 0)
		return r;
	if (c->walked && age < c->n)
		return 0;
	n = count(c, &v2);
	if (c->walked && age < (n > 0 ? CGROUPS_WALK_MS : CGROUPS_UNCOUNTED_MS) && !c->stale && n == c->count)
		return 0;
	r = walk(c);
	if (r < 0)
		return r;
	if (v2 > c->n + c->n_left_out)
		c->n_left_out = v2 - c->n;
	c->count = n;
	c->walked = true;
	c->walked_ms = now_ms;
	return 0;
}

/* --- rows --- */

/* Whether an error is about us and not about one cgroup. */
static bool is_our_error(int r)
{
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE;
}

/* Whether anything may have waited for I/O since this was asked last. */
static bool has_stalled(struct cgroups *c)
{
	uint64_t before = c->stalled_us, v[PRESSURE_N];
	const char *text;
	size_t len;
	bool full;

	if (procfile_read(c->fs, &c->pressure, "proc/pressure/io", &text, &len) < 0 || !pressure_line(text, &full, v))
		return true;
	c->stalled_us = v[PRESSURE_TOTAL];
	return before != v[PRESSURE_TOTAL];
}

int cgroups_sample(struct cgroups *c, struct table *t, uint64_t now_ms)
{
	const struct cgroup_tick tick = {.now_ms = now_ms, .stalled = has_stalled(c)};
	int r = update(c, now_ms);

	/* Columns can only be added while there is no row: all is read before. */
	for (size_t i = 0; i < c->n && r == 0; i++) {
		struct cgroup *g = c->list[i];

		if (g->gone)
			continue;
		r = cgroup_read(c->files, g, t, &tick);
		if (r < 0 && !is_our_error(r)) {
			g->gone = true;
			c->stale = true;
			r = 0;
		}
	}
	for (size_t i = 0; i < c->n && r == 0; i++) {
		uint32_t row;

		if (c->list[i]->gone)
			continue;
		r = table_add_row(t, &row);
		if (r == 0)
			r = cgroup_put(c->list[i], t, row);
	}
	return r < 0 ? r : t->n_rows > 0 ? 0 : -ENOENT;
}
