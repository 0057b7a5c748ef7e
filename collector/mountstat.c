/* mountstat.c -- see mountstat.h
 *
 * THREADS. A worker's job is under its lock. Workers that hang are in a list of the asking thread's, which looks at the
 * list before each question: one that has come back is idle, and ended. A worker of which nobody knows any more
 * (orphan) frees itself.
 *
 * A request that a FUSE server has taken and does not answer cannot be interrupted, not even by SIGKILL: the thread
 * outlives the program. It must not keep the store's lock then: a worker has a table of files of its own, with nothing
 * in it but the root.
 */
#include "collector/mountstat.h"

#include "collector/thread.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <sys/stat.h>
#include <time.h>

enum { STACK = 64 << 10 };

struct worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t posted, finished;
	bool busy, quit, orphan;

	/* The job. */
	int rootfd; /* of its own, in the program's table and in the thread's; the asking thread closes the program's */
	uint64_t id;
	char *path; /* below the root */
	int r;
	struct statvfs st;

	struct worker *next; /* of those that hang */
};

struct mountstat {
	int rootfd;
	struct worker *worker; /* idle; NULL: none at present */
	struct worker *hung;
	unsigned n_hung;
};

/* --- the thread --- */

/* Whether the mount at fd has that id. Kernels before 5.8 do not tell. */
static bool is_mount(int fd, uint64_t id)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &stx) < 0 || !(stx.stx_mask & STATX_MNT_ID))
		return true;
	return stx.stx_mnt_id == id;
}

static int ask(const struct worker *w, struct statvfs *ret)
{
	/* With O_PATH nothing is opened, a device or pipe least of all, and no automounter awakes. */
	_cleanup_(cleanup_close) int fd = openat(w->rootfd, w->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (!is_mount(fd, w->id))
		return -ESTALE;
	return fstatvfs(fd, ret) < 0 ? -errno : 0;
}

static void worker_free(struct worker *w)
{
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->posted);
	pthread_cond_destroy(&w->finished);
	free(w->path);
	free(w);
}

/* Closes all of the program's files but one, for this thread alone. What a kernel before 5.9 cannot close stays open.
 */
static void keep_only(int fd)
{
	if (unshare(CLONE_FILES) < 0)
		return;
	if (fd > 0)
		(void)close_range(0, (unsigned)fd - 1, 0);
	(void)close_range((unsigned)fd + 1, UINT_MAX, 0);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	bool orphan;

	keep_only(w->rootfd);
	pthread_mutex_lock(&w->lock);
	while (!w->quit) {
		struct statvfs st;
		int r;

		if (!w->busy) {
			pthread_cond_wait(&w->posted, &w->lock);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		r = ask(w, &st);
		pthread_mutex_lock(&w->lock);
		w->r = r;
		if (r == 0)
			w->st = st;
		w->busy = false;
		pthread_cond_signal(&w->finished);
	}
	orphan = w->orphan;
	pthread_mutex_unlock(&w->lock);
	if (orphan)
		worker_free(w);
	return NULL;
}

static int worker_new(int rootfd, struct worker **ret)
{
	struct worker *w = calloc(1, sizeof *w);
	pthread_condattr_t attr;
	int r;

	if (!w)
		return -ENOMEM;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->posted, &attr);
	pthread_cond_init(&w->finished, &attr);
	pthread_condattr_destroy(&attr);
	w->rootfd = fcntl(rootfd, F_DUPFD_CLOEXEC, 0);
	r = w->rootfd < 0 ? -errno : thread_start(&w->thread, STACK, worker_main, w);
	if (r < 0) {
		if (w->rootfd >= 0)
			close(w->rootfd);
		worker_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

/* Ends a worker, or leaves it behind for good while it hangs. */
static void worker_end(struct worker *w)
{
	int rootfd = w->rootfd;
	bool hangs;

	pthread_mutex_lock(&w->lock);
	w->quit = true;
	w->orphan = hangs = w->busy;
	if (hangs)
		pthread_detach(w->thread);
	pthread_cond_signal(&w->posted);
	pthread_mutex_unlock(&w->lock);
	if (!hangs) {
		pthread_join(w->thread, NULL);
		worker_free(w);
	}
	close(rootfd);
}

/* --- callers --- */

int mountstat_new(const struct procfs *fs, struct mountstat **ret)
{
	struct mountstat *m = calloc(1, sizeof *m);

	if (!m)
		return -ENOMEM;
	m->rootfd = fcntl(procfs_rootfd(fs), F_DUPFD_CLOEXEC, 0);
	if (m->rootfd < 0) {
		int r = -errno;

		free(m);
		return r;
	}
	*ret = m;
	return 0;
}

void mountstat_free(struct mountstat *m)
{
	if (m->worker)
		worker_end(m->worker);
	while (m->hung) {
		struct worker *w = m->hung;

		m->hung = w->next;
		worker_end(w);
	}
	close(m->rootfd);
	free(m);
}

unsigned mountstat_hung(const struct mountstat *m)
{
	return m->n_hung;
}

/* Ends those that have come back. */
static void reap(struct mountstat *m)
{
	for (struct worker **p = &m->hung; *p;) {
		struct worker *w = *p;
		bool busy;

		pthread_mutex_lock(&w->lock);
		busy = w->busy;
		pthread_mutex_unlock(&w->lock);
		if (busy) {
			p = &w->next;
			continue;
		}
		*p = w->next;
		m->n_hung--;
		worker_end(w);
	}
}

/* A worker's path and id do not change while it is busy. */
static bool hangs(const struct mountstat *m, uint64_t id, const char *path)
{
	for (const struct worker *w = m->hung; w; w = w->next)
		if (w->id == id && strcmp(w->path, path) == 0)
			return true;
	return false;
}

/* Waits until the worker is done, its lock held. False: time is up. */
static bool wait_finished(struct worker *w, unsigned wait_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += wait_ms % 1000 * 1000000L;
	until.tv_sec += wait_ms / 1000 + until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	while (w->busy)
		if (pthread_cond_timedwait(&w->finished, &w->lock, &until) == ETIMEDOUT)
			break;
	return !w->busy;
}

static int put_question(struct worker *w, uint64_t id, const char *path, unsigned wait_ms, struct statvfs *ret)
{
	char *copy = strdup(path);
	int r = -ETIMEDOUT;

	if (!copy)
		return -ENOMEM;
	pthread_mutex_lock(&w->lock);
	free(w->path);
	w->path = copy;
	w->id = id;
	w->busy = true;
	pthread_cond_signal(&w->posted);
	if (wait_finished(w, wait_ms)) {
		r = w->r;
		*ret = w->st;
	}
	pthread_mutex_unlock(&w->lock);
	return r;
}

int mountstat_ask(struct mountstat *m, uint64_t id, const char *mount_point, unsigned wait_ms, struct statvfs *ret)
{
	const char *path = mount_point + strspn(mount_point, "/");
	struct statvfs st;
	int r;

	if (*path == '\0')
		path = ".";
	reap(m);
	if (hangs(m, id, path))
		return -ETIMEDOUT;
	if (m->n_hung >= MOUNTSTAT_HUNG_MAX)
		return -EAGAIN;
	if (!m->worker) {
		r = worker_new(m->rootfd, &m->worker);
		if (r < 0)
			return r;
	}
	r = put_question(m->worker, id, path, wait_ms, &st);
	if (r == -ETIMEDOUT) {
		m->worker->next = m->hung;
		m->hung = m->worker;
		m->worker = NULL;
		m->n_hung++;
	}
	if (r == 0)
		*ret = st;
	return r;
}
