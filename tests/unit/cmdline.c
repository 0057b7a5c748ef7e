/* cmdline.c -- tests of collector/cmdline.c, with a pread that hangs on some descriptors */
#include "collector/cmdline.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/syscall.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int hanging[8]; /* descriptors whose reading hangs; -1: none */
static unsigned n_hanging;

static bool hangs(int fd)
{
	for (unsigned i = 0; i < n_hanging; i++)
		if (hanging[i] == fd)
			return true;
	return false;
}

/* In the place of the library's. */
ssize_t pread(int fd, void *p, size_t len, off_t off)
{
	pthread_mutex_lock(&lock);
	while (hangs(fd))
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	return syscall(SYS_pread64, fd, p, len, off);
}

static void hang(int fd)
{
	pthread_mutex_lock(&lock);
	hanging[n_hanging++] = fd;
	pthread_mutex_unlock(&lock);
}

static void let_go(void)
{
	pthread_mutex_lock(&lock);
	n_hanging = 0;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static int file_with(const char *text)
{
	char path[512];
	static int n;
	int fd;

	snprintf(path, sizeof path, "%s/f%d", tap_tmpdir(), n++);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	ok(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	return fd;
}

static bool is_text(const struct cmdline_want *w, const char *text)
{
	return w->r == (int)strlen(text) && memcmp(w->raw, text, strlen(text)) == 0;
}

static void a_batch_is_read_whole(void)
{
	_cleanup_(cleanup_cmdlines) struct cmdlines *c = NULL;
	struct cmdline_want w[] = {
	    {.fd = file_with("one")}, {.fd = -1}, {.fd = file_with("")}, {.fd = file_with("longer than eight")}};

	if (!ok_r(cmdlines_new(8, 20000, &c)))
		return;
	for (int again = 0; again < 3; again++) {
		ok_r(cmdlines_run(c, w, N_ELEMENTS(w)));
		ok(is_text(&w[0], "one"));
		eq(w[1].r, -EBADF);
		eq(w[2].r, 0);
		ok(is_text(&w[3], "longer t"));
	}
	ok_r(cmdlines_run(c, NULL, 0));
	eq(cmdlines_stuck(c), 0);
	for (size_t i = 0; i < N_ELEMENTS(w); i++)
		if (w[i].fd >= 0)
			close(w[i].fd);
}

static void one_that_hangs_costs_what_stands_behind_it_one_batch(void)
{
	_cleanup_(cleanup_cmdlines) struct cmdlines *c = NULL;
	struct cmdline_want w[] = {
	    {.fd = file_with("before")}, {.fd = file_with("stuck")}, {.fd = file_with("behind")}};
	struct cmdline_want rest[1];

	if (!ok_r(cmdlines_new(100, 5000, &c)))
		return;
	hang(w[1].fd);
	ok_r(cmdlines_run(c, w, N_ELEMENTS(w)));
	ok(is_text(&w[0], "before"));
	eq(w[1].r, -ETIMEDOUT);
	eq(w[2].r, -EAGAIN);
	eq(cmdlines_stuck(c), 1);
	rest[0].fd = w[2].fd;
	ok_r(cmdlines_run(c, rest, 1)); /* by another thread */
	ok(is_text(&rest[0], "behind"));
	let_go();
	while (cmdlines_stuck(c) > 0)
		usleep(1000);
	ok_r(cmdlines_run(c, w, N_ELEMENTS(w)));
	ok(is_text(&w[1], "stuck"));
	for (size_t i = 0; i < N_ELEMENTS(w); i++)
		close(w[i].fd);
}

static void no_more_threads_than_allowed_are_left_behind(void)
{
	struct cmdlines *c = NULL;
	struct cmdline_want w = {.fd = file_with("x")};

	if (!ok_r(cmdlines_new(100, 100, &c)))
		return;
	hang(w.fd);
	for (unsigned i = 1; i <= CMDLINES_STUCK_MAX; i++) {
		ok_r(cmdlines_run(c, &w, 1));
		eq(w.r, -ETIMEDOUT);
		eq(cmdlines_stuck(c), i);
	}
	eq(cmdlines_run(c, &w, 1), -EAGAIN);
	eq(w.r, -EAGAIN);
	/* It may be freed while they still hang. */
	cmdlines_free(c);
	let_go();
	usleep(10000); /* so that a leak checker finds them gone; nothing depends on it */
	close(w.fd);
}

int main(void)
{
	RUN(a_batch_is_read_whole);
	RUN(one_that_hangs_costs_what_stands_behind_it_one_batch);
	RUN(no_more_threads_than_allowed_are_left_behind);
	return tap_done();
}
