/* pidfiles.c -- see pidfiles.h */
#include "collector/pidfiles.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

enum {
	FDS_REST = 80,      /* of PIDFILES_RESERVED, for the rest of the program */
	TEXT_FIRST = 16384, /* holds any status file but one with thousands of groups */
	TEXT_MAX = 16 << 20,
	DENTS = 32768,
};

enum { FD_CLOSED = -1, FD_REFUSED = -2 };

static const char *const names[PIDFILE_N] = {
    [PIDFILE_STAT] = "stat",
    [PIDFILE_STATUS] = "status",
    [PIDFILE_IO] = "io",
    [PIDFILE_SCHEDSTAT] = "schedstat",
    [PIDFILE_STATM] = "statm",
    [PIDFILE_CMDLINE] = "cmdline",
    [PIDFILE_CGROUP] = "cgroup",
    [PIDFILE_WCHAN] = "wchan",
    [PIDFILE_OOM_SCORE] = "oom_score",
    [PIDFILE_OOM_SCORE_ADJ] = "oom_score_adj",
    [PIDFILE_SMAPS_ROLLUP] = "smaps_rollup",
};

struct pidfiles {
	struct procfs *fs;
	int procfd;
	bool size_is_count; /* of a process's fd folder: its size says how many there are */
	unsigned n_kept;    /* descriptors in sets */
	unsigned max_kept, batch;
	char *p;
	size_t cap;
	char *dents;
	int *pids;
	size_t cap_pids;
};

/* Since Linux 6.2, the size of the folder of descriptors is their number; it was 0 before. */
static bool size_is_count(struct procfs *fs)
{
	_cleanup_(cleanup_close) int fd = openat(procfs_rootfd(fs), "proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs sfs;
	struct stat st;

	return fd >= 0 && fstatfs(fd, &sfs) == 0 && sfs.f_type == PROC_SUPER_MAGIC && fstat(fd, &st) == 0 &&
	       st.st_size > 0;
}

int pidfiles_new(struct procfs *fs, struct pidfiles **ret)
{
	_cleanup_(cleanup_pidfiles) struct pidfiles *pf = calloc(1, sizeof *pf);
	struct rlimit lim;

	if (!pf)
		return -ENOMEM;
	pf->fs = fs;
	pf->procfd = -1;
	pf->size_is_count = size_is_count(fs);
	pf->p = malloc(TEXT_FIRST);
	pf->dents = malloc(DENTS);
	if (!pf->p || !pf->dents)
		return -ENOMEM;
	pf->cap = TEXT_FIRST;
	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		return -errno;
	if (lim.rlim_cur >= PIDFILES_KEPT_MAX + PIDFILES_RESERVED)
		pf->max_kept = PIDFILES_KEPT_MAX;
	else if (lim.rlim_cur > PIDFILES_RESERVED)
		pf->max_kept = (unsigned)lim.rlim_cur - PIDFILES_RESERVED;
	pf->batch = (PIDFILES_RESERVED - FDS_REST) / (PIDFILE_N + 1);
	if (lim.rlim_cur < PIDFILES_RESERVED)
		pf->batch = lim.rlim_cur > FDS_REST ? (unsigned)(lim.rlim_cur - FDS_REST) / (PIDFILE_N + 1) : 0;
	if (pf->batch == 0)
		pf->batch = 1;
	*ret = TAKE(pf);
	return 0;
}

void pidfiles_free(struct pidfiles *pf)
{
	if (pf->procfd >= 0)
		close(pf->procfd);
	free(pf->p);
	free(pf->dents);
	free(pf->pids);
	free(pf);
}

/* The process number that a name in /proc is; 0 if it is none. */
static int pid_of_name(const char *name)
{
	uint64_t v;

	if (*name < '1' || *name > '9' || !parse_u64(&name, &v) || *name != '\0' || v > INT_MAX)
		return 0;
	return (int)v;
}

static int push_pid(struct pidfiles *pf, size_t n, int pid)
{
	if (n == pf->cap_pids) {
		size_t cap = pf->cap_pids ? 2 * pf->cap_pids : 512;
		int *pids = realloc(pf->pids, cap * sizeof *pids);

		if (!pids)
			return -ENOMEM;
		pf->pids = pids;
		pf->cap_pids = cap;
	}
	pf->pids[n] = pid;
	return 0;
}

static int compare_pids(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int pidfiles_list(struct pidfiles *pf, const int **ret_pids, size_t *ret_n)
{
	bool ascending = true;
	size_t n = 0;

	if (pf->procfd < 0) {
		pf->procfd = openat(procfs_rootfd(pf->fs), "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (pf->procfd < 0)
			return -errno;
	}
	if (lseek(pf->procfd, 0, SEEK_SET) < 0)
		return -errno;
	for (;;) {
		long len = syscall(SYS_getdents64, pf->procfd, pf->dents, (size_t)DENTS);

		if (len < 0)
			return -errno;
		if (len == 0)
			break;
		for (long at = 0; at < len;) {
			const struct dirent64 *d = (const void *)(pf->dents + at);
			int pid = pid_of_name(d->d_name);

			at += d->d_reclen;
			if (pid == 0)
				continue;
			if (n > 0 && pf->pids[n - 1] >= pid)
				ascending = false;
			if (push_pid(pf, n, pid) < 0)
				return -ENOMEM;
			n++;
		}
	}
	/* The kernel lists them in order; a captured tree does not. */
	if (!ascending)
		qsort(pf->pids, n, sizeof *pf->pids, compare_pids);
	*ret_pids = pf->pids;
	*ret_n = n;
	return 0;
}

unsigned pidfiles_batch(const struct pidfiles *pf)
{
	return pf->batch;
}

void pidset_init(struct pidset *s, int pid)
{
	s->pid = pid;
	s->dirfd = -1;
	for (int i = 0; i < PIDFILE_N; i++)
		s->fd[i] = FD_CLOSED;
}

static void close_dir(struct pidset *s)
{
	if (s->dirfd >= 0)
		close(s->dirfd);
	s->dirfd = -1;
}

static void close_file(struct pidfiles *pf, struct pidset *s, enum pidfile which)
{
	if (s->fd[which] < 0)
		return;
	close(s->fd[which]);
	s->fd[which] = FD_CLOSED;
	pf->n_kept--;
}

static void close_files(struct pidfiles *pf, struct pidset *s)
{
	for (unsigned i = 0; i < PIDFILE_N; i++)
		close_file(pf, s, i);
}

void pidset_done(struct pidfiles *pf, struct pidset *s)
{
	close_dir(s);
	close_files(pf, s);
}

void pidset_settle(struct pidfiles *pf, struct pidset *s)
{
	close_dir(s);
	if (pf->n_kept > pf->max_kept)
		close_files(pf, s);
}

static int open_dir(struct pidfiles *pf, struct pidset *s)
{
	char name[16], *c = name + sizeof name;
	int pid = s->pid;

	*--c = '\0';
	for (; pid > 0; pid /= 10)
		*--c = (char)('0' + pid % 10);
	s->dirfd = openat(pf->procfd, c, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->dirfd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return 0;
}

int pidset_fd(struct pidfiles *pf, struct pidset *s, enum pidfile which)
{
	int fd = s->fd[which], r;

	if (fd >= 0)
		return fd;
	if (fd == FD_REFUSED)
		return -EACCES;
	if (s->dirfd < 0) {
		r = open_dir(pf, s);
		if (r < 0)
			return r;
	}
	fd = openat(s->dirfd, names[which], O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		r = -errno;
		if (r == -ENOENT || r == -EACCES || r == -EPERM)
			s->fd[which] = FD_REFUSED;
		return r;
	}
	s->fd[which] = fd;
	pf->n_kept++;
	return fd;
}

static int read_text(struct pidfiles *pf, int fd, size_t *ret_len)
{
	size_t len = 0;

	for (;;) {
		size_t room = pf->cap - len - 1;
		ssize_t n = pread(fd, pf->p + len, room, (off_t)len);
		char *p;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len += (size_t)n;
		/* The kernel makes these files in one piece: only a full buffer leaves something behind. */
		if ((size_t)n < room)
			break;
		if (pf->cap >= TEXT_MAX)
			return -EFBIG;
		p = realloc(pf->p, 2 * pf->cap);
		if (!p)
			return -ENOMEM;
		pf->p = p;
		pf->cap *= 2;
	}
	pf->p[len] = '\0';
	*ret_len = len;
	return 0;
}

int pidset_read(struct pidfiles *pf, struct pidset *s, enum pidfile which, const char **ret, size_t *ret_len)
{
	int fd = pidset_fd(pf, s, which), r;

	if (fd < 0)
		return fd;
	r = read_text(pf, fd, ret_len);
	if (which >= PIDFILE_N_KEPT)
		close_file(pf, s, which);
	if (r == 0)
		*ret = pf->p;
	return r;
}

/* Counts what is in a folder but for "." and "..". */
static int count_entries(struct pidfiles *pf, int fd, uint64_t *ret)
{
	uint64_t n = 0;

	for (;;) {
		long len = syscall(SYS_getdents64, fd, pf->dents, (size_t)DENTS);

		if (len < 0)
			return -errno;
		if (len == 0)
			break;
		for (long at = 0; at < len;) {
			const struct dirent64 *d = (const void *)(pf->dents + at);

			n += d->d_name[0] != '.';
			at += d->d_reclen;
		}
		if (n > PIDFILES_FDS_MAX)
			return -E2BIG;
	}
	*ret = n;
	return 0;
}

int pidset_count_fds(struct pidfiles *pf, struct pidset *s, uint64_t *ret)
{
	_cleanup_(cleanup_close) int fd = -1;
	struct stat st;
	int r = s->dirfd < 0 ? open_dir(pf, s) : 0;

	if (r < 0)
		return r;
	if (pf->size_is_count) {
		if (fstatat(s->dirfd, "fd", &st, 0) < 0)
			return -errno;
		*ret = (uint64_t)st.st_size;
		return 0;
	}
	fd = openat(s->dirfd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : count_entries(pf, fd, ret);
}
