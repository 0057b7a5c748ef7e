/* cgroup.c -- see cgroup.h */
#include "collector/cgroup.h"

#include "collector/pidfiles.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum {
	KEPT_MAX = 2048, /* files that most ticks read, and as many of the others */
	TEXT_FIRST = 16384,
	TEXT_MAX = 1 << 20,
};

enum { FD_CLOSED = -1, FD_ABSENT = -2 };

/* --- what all cgroups have in common --- */

struct cgroup_files {
	const struct cgroup_mounts *mounts;
	int mount_of[CGROUP_N_FILES]; /* negative: none has it */
	struct cgroupparse *parse;
	struct table_schema *schema;  /* that the columns' numbers are of */
	unsigned generation;          /* of that */
	unsigned n_kept[2], max_kept; /* files that most ticks read; others */
	char *p;
	size_t cap;
};

/* What may be kept of each kind beside the files of processes. */
static unsigned room_for_files(void)
{
	rlim_t others = PIDFILES_KEPT_MAX + PIDFILES_RESERVED;
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0 || lim.rlim_cur < others)
		return 0;
	return lim.rlim_cur - others < 2 * KEPT_MAX ? (unsigned)(lim.rlim_cur - others) / 2 : KEPT_MAX;
}

int cgroup_files_new(const struct cgroup_mounts *mounts, struct cgroup_files **ret)
{
	_cleanup_(cleanup_cgroup_files) struct cgroup_files *cf = calloc(1, sizeof *cf);

	if (!cf)
		return -ENOMEM;
	cf->mounts = mounts;
	cf->max_kept = room_for_files();
	cf->p = malloc(TEXT_FIRST);
	if (!cf->p || cgroupparse_new(&cf->parse) < 0)
		return -ENOMEM;
	cf->cap = TEXT_FIRST;
	for (size_t i = 0; i < CGROUP_N_FILES; i++) {
		cf->mount_of[i] = -1;
		for (size_t m = 0; m < mounts->n; m++)
			if (mounts->m[m].controllers & cgroupparse_files[i].of)
				cf->mount_of[i] = (int)m;
	}
	*ret = TAKE(cf);
	return 0;
}

void cgroup_files_free(struct cgroup_files *cf)
{
	if (cf->parse)
		cgroupparse_free(cf->parse);
	table_schema_put(cf->schema);
	free(cf->p);
	free(cf);
}

/* --- one cgroup --- */

int cgroup_new(char *path, const uint64_t ino[CGROUP_MOUNTS_MAX], struct cgroup **ret)
{
	struct cgroup *g = calloc(1, sizeof *g);

	if (!g) {
		free(path);
		return -ENOMEM;
	}
	g->path = path;
	memcpy(g->ino, ino, sizeof g->ino);
	for (size_t m = CGROUP_MOUNTS_MAX; m-- > 0;)
		if (ino[m])
			g->id = ino[m];
	for (size_t i = 0; i < CGROUP_N_FILES; i++)
		g->fd[i] = FD_CLOSED;
	*ret = g;
	return 0;
}

/* Which of n_kept a file is counted in. */
static bool is_other(size_t i)
{
	return cgroupparse_files[i].when >= CGROUP_ACTIVE;
}

static void close_file(struct cgroup_files *cf, struct cgroup *g, size_t i)
{
	if (g->fd[i] < 0)
		return;
	close(g->fd[i]);
	g->fd[i] = FD_CLOSED;
	cf->n_kept[is_other(i)]--;
}

static void close_all(struct cgroup_files *cf, struct cgroup *g)
{
	for (size_t i = 0; i < CGROUP_N_FILES; i++)
		close_file(cf, g, i);
}

void cgroup_free(struct cgroup_files *cf, struct cgroup *g)
{
	close_all(cf, g);
	free(g->path);
	cgroup_cells_done(&g->cells);
	free(g);
}

/* --- reading --- */

/* A reading of a cgroup's files. All of them are opened through its folders, so that they are not those of another
 * cgroup that was given the same name. */
struct reading {
	struct cgroup_files *cf;
	struct cgroup *g;
	struct table *t;
	int dirfd[CGROUP_MOUNTS_MAX];
	bool missed; /* a file was not there */
};

/* -ENOENT: the cgroup is gone. */
static int open_folder(struct reading *rd, size_t m)
{
	const struct cgroup_mount *mount = &rd->cf->mounts->m[m];
	struct stat st;

	rd->dirfd[m] = openat(mount->fd, cgroupmounts_relative(mount, rd->g->path), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rd->dirfd[m] < 0 || fstat(rd->dirfd[m], &st) < 0)
		return errno == ENODEV || errno == ENOTDIR ? -ENOENT : -errno;
	return st.st_ino == rd->g->ino[m] ? 0 : -ENOENT;
}

/* Whether folders that files were missed in are still there: else it is the cgroup that is gone. */
static bool still_there(const struct reading *rd)
{
	for (size_t m = 0; m < rd->cf->mounts->n; m++) {
		const struct cgroup_mount *mount = &rd->cf->mounts->m[m];
		struct stat st;

		if (rd->dirfd[m] >= 0 && (fstatat(mount->fd, cgroupmounts_relative(mount, rd->g->path), &st, 0) < 0 ||
		                             st.st_ino != rd->g->ino[m]))
			return false;
	}
	return true;
}

/* -ENODATA: there is no such file. */
static int open_file(struct reading *rd, size_t i)
{
	struct cgroup *g = rd->g;
	int m = rd->cf->mount_of[i], fd, r;

	if (g->fd[i] >= 0)
		return g->fd[i];
	if (g->fd[i] == FD_ABSENT || m < 0 || g->ino[m] == 0)
		return -ENODATA;
	if (rd->dirfd[m] < 0) {
		r = open_folder(rd, (size_t)m);
		if (r < 0)
			return r;
	}
	fd = openat(rd->dirfd[m], cgroupparse_files[i].name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM))
		return -errno;
	if (fd < 0) {
		g->fd[i] = FD_ABSENT;
		rd->missed = true;
		return -ENODATA;
	}
	g->fd[i] = fd;
	rd->cf->n_kept[is_other(i)]++;
	return fd;
}

/* The text, ended by a NUL, until the next one is read. */
static int read_text(struct reading *rd, size_t i, const char **ret)
{
	struct cgroup_files *cf = rd->cf;
	int fd = open_file(rd, i);
	size_t len = 0;

	if (fd < 0)
		return fd;
	for (;;) {
		size_t room = cf->cap - len - 1;
		ssize_t n = pread(fd, cf->p + len, room, (off_t)len);
		char *p;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == ENODEV ? -ENOENT : errno == ENOMEM ? -ENOMEM : -ENODATA;
		len += (size_t)n;
		/* The kernel makes these files in one piece. */
		if ((size_t)n < room)
			break;
		if (cf->cap >= TEXT_MAX)
			return -ENODATA;
		p = realloc(cf->p, 2 * cf->cap);
		if (!p)
			return -ENOMEM;
		cf->p = p;
		cf->cap *= 2;
	}
	cf->p[len] = '\0';
	*ret = cf->p;
	return 0;
}

/* Reads file i into cells that are NULL. What cannot be read leaves them so. */
static int read_file(struct reading *rd, size_t i)
{
	const struct cgroup_file *f = &cgroupparse_files[i];
	const char *text;
	int r;

	/* An earlier file has said it. */
	if (f->column && rd->g->cells.has[f->column])
		return 0;
	r = read_text(rd, i, &text);
	if (rd->cf->n_kept[is_other(i)] > rd->cf->max_kept)
		close_file(rd->cf, rd->g, i);
	if (r < 0)
		return r == -ENODATA ? 0 : r;
	return cgroupparse_file(rd->cf->parse, i, text, rd->t, &rd->g->cells);
}

/* --- sparing --- */

enum { N_SIGNS = 4 };

/* What changes when a cgroup does something. */
struct signs {
	uint64_t v[N_SIGNS];
	uint8_t has[N_SIGNS];
};

static struct signs signs_of(const struct cgroup *g)
{
	static const uint8_t columns[N_SIGNS] = {CG_CPU_USAGE, CG_MEMORY, CG_PIDS, CG_PSI_IO + 1};
	struct signs s;

	for (size_t i = 0; i < N_SIGNS; i++) {
		s.has[i] = g->cells.has[columns[i]];
		s.v[i] = g->cells.v[columns[i]];
	}
	return s;
}

static bool same_signs(const struct signs *a, const struct signs *b)
{
	return memcmp(a->has, b->has, sizeof a->has) == 0 && memcmp(a->v, b->v, sizeof a->v) == 0;
}

/* Whether a period ended since it was read in full. The periods of cgroups end at different times. */
static bool is_due(const struct cgroup *g, uint64_t now_ms)
{
	uint64_t shift = g->id * 997 % CGROUP_FULL_MS;

	return (now_ms + shift) / CGROUP_FULL_MS != (g->full_ms + shift) / CGROUP_FULL_MS;
}

/* Reads the files of a kind into cells that are NULL before. */
static int read_kind(struct reading *rd, enum cgroup_when when)
{
	struct cgroup_cells *c = &rd->g->cells;
	int r = 0;

	for (uint32_t i = 0; i < c->cap; i++)
		if (c->has[i] == 1 + when)
			c->has[i] = 0;
	for (size_t i = 0; i < CGROUP_N_FILES && r == 0; i++)
		if (cgroupparse_files[i].when == when)
			r = read_file(rd, i);
	return r;
}

static int read_files(struct reading *rd, const struct cgroup_tick *tick)
{
	struct cgroup *g = rd->g;
	struct signs before = signs_of(g), now;
	bool all = !g->known || is_due(g, tick->now_ms), active;
	int r;

	/* Files that were not there may have come: a controller was enabled. */
	for (size_t i = 0; i < CGROUP_N_FILES && all; i++)
		if (g->fd[i] == FD_ABSENT)
			g->fd[i] = FD_CLOSED;
	r = read_kind(rd, CGROUP_SIGN);
	now = signs_of(g);
	active = all || !same_signs(&before, &now);
	if (r == 0 && (active || tick->stalled)) {
		r = read_kind(rd, CGROUP_STALL);
		now = signs_of(g);
		active = active || !same_signs(&before, &now);
	}
	if (r == 0 && active)
		r = read_kind(rd, CGROUP_ACTIVE);
	if (r == 0 && all) {
		r = read_kind(rd, CGROUP_SETTING);
		g->full_ms = tick->now_ms;
	}
	return r == 0 && rd->missed && !still_there(rd) ? -ENOENT : r;
}

/* With another schema, nothing is known of the lines' columns. */
static void adopt_schema(struct cgroup_files *cf, struct table_schema *schema)
{
	if (cf->schema == schema)
		return;
	table_schema_get(schema);
	table_schema_put(cf->schema);
	cf->schema = schema;
}

int cgroup_read(struct cgroup_files *cf, struct cgroup *g, struct table *t, const struct cgroup_tick *tick)
{
	struct reading rd = {.cf = cf, .g = g, .t = t};
	int r = cgroup_cells_reserve(&g->cells, N_CGROUP_COLUMNS);

	if (r < 0)
		return r;
	if (cf->schema != t->schema) {
		cf->generation++;
		cgroupparse_forget(cf->parse);
	}
	if (g->generation != cf->generation) {
		g->generation = cf->generation;
		g->known = false;
		memset(g->cells.has, 0, g->cells.cap);
	}
	for (size_t m = 0; m < CGROUP_MOUNTS_MAX; m++)
		rd.dirfd[m] = -1;
	r = read_files(&rd, tick);
	g->known = r == 0;
	for (size_t m = 0; m < CGROUP_MOUNTS_MAX; m++)
		if (rd.dirfd[m] >= 0)
			close(rd.dirfd[m]);
	if (r < 0)
		close_all(cf, g);
	adopt_schema(cf, t->schema);
	return r;
}

int cgroup_put(const struct cgroup *g, struct table *t, uint32_t row)
{
	for (uint32_t c = CG_ID + 1; c < g->cells.cap && c < t->schema->n_columns; c++)
		if (g->cells.has[c])
			table_set(t, row, c, g->cells.v[c]);
	table_set(t, row, CG_ID, g->id);
	return table_set_str(t, row, CG_PATH, g->path, strlen(g->path));
}
