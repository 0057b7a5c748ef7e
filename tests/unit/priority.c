/* priority.c -- tests of collector/priority.c and collector/memory.c, as far as this user is permitted */
#include "collector/memory.h"
#include "collector/priority.h"
#include "store/lock.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SPIN_S = 60 };

static char yes[] = "yes"; /* what a thread returns for true */

/* Runs fn in a thread of its own; what it returns. */
static bool in_thread(void *(*fn)(void *))
{
	pthread_t thread;
	void *r = NULL;

	return ok(pthread_create(&thread, NULL, fn, NULL) == 0) && ok(pthread_join(thread, &r) == 0) && r;
}

static bool may_realtime(void)
{
	const struct sched_param rr = {.sched_priority = 2}, none = {0};
	bool may = sched_setscheduler(0, SCHED_RR, &rr) == 0;

	sched_setscheduler(0, SCHED_OTHER, &none);
	return may;
}

static void *sample_normal(void *arg)
{
	(void)arg;
	priority_sampling(PRIORITY_NORMAL);
	return !priority_is_realtime() && getpriority(PRIO_PROCESS, 0) == getpriority(PRIO_PROCESS, (id_t)getpid())
	           ? yes
	           : NULL;
}

static void normal_changes_nothing(void)
{
	ok(in_thread(sample_normal));
}

static void *sample_realtime(void *arg)
{
	(void)arg;
	priority_sampling(PRIORITY_REALTIME);
	return priority_is_realtime() ? yes : NULL;
}

static void realtime_is_of_the_thread_alone(void)
{
	ok(in_thread(sample_realtime));
	ok(!priority_is_realtime());
	eq(getpriority(PRIO_PROCESS, 0), getpriority(PRIO_PROCESS, (id_t)getpid()));
}

static void *start_apart(void *arg)
{
	(void)arg;
	priority_apart();
	return !priority_is_realtime() && getpriority(PRIO_PROCESS, 0) == getpriority(PRIO_PROCESS, (id_t)getpid())
	           ? yes
	           : NULL;
}

static void *sample_and_start(void *arg)
{
	pthread_t thread;
	void *r = NULL;

	(void)arg;
	priority_sampling(PRIORITY_REALTIME);
	if (pthread_create(&thread, NULL, start_apart, NULL) != 0)
		return NULL;
	pthread_join(thread, &r);
	return r;
}

static void a_source_of_its_own_does_not_inherit_it(void)
{
	ok(in_thread(sample_and_start));
}

/* It would run for SPIN_S. */
static void *spin(void *arg)
{
	struct timespec begin, now;

	(void)arg;
	priority_sampling(PRIORITY_REALTIME);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while (priority_is_realtime() && now.tv_sec - begin.tv_sec < SPIN_S);
	return priority_is_realtime() ? NULL : yes;
}

static void a_thread_that_never_waits_is_given_back_to_the_others(void)
{
	ok(in_thread(spin));
}

static void *seal(void *arg)
{
	(void)arg;
	priority_sealing();
	return sched_getscheduler(0) == SCHED_BATCH && getpriority(PRIO_PROCESS, 0) >= 10 ? yes : NULL;
}

static void sealing_comes_last(void)
{
	ok(in_thread(seal));
}

/* Of /proc/self/status, in KiB; 0 if there is no such line. */
static unsigned long status_kib(const char *key)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long v = 0;
	char line[256];

	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, key, strlen(key)) == 0)
			v = strtoul(line + strlen(key), NULL, 10);
	if (f)
		fclose(f);
	return v;
}

/* In a process of its own: 0 if all is well there. */
static int lock_and_allocate(rlim_t limit)
{
	const struct rlimit lim = {limit, limit};
	enum { SIZE = 64 << 20 };
	char *p;

	if (setrlimit(RLIMIT_MEMLOCK, &lim) < 0)
		return 2;
	memory_lock();
	memory_ahead();
	p = malloc(SIZE); /* untouched, it costs nothing */
	if (!p)
		return 3;
	p[0] = 1;
	if (status_kib("VmRSS:") > SIZE >> 10)
		return 4;
	free(p);
	return 0;
}

static int in_process(rlim_t limit, uid_t uid)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(uid > 0 && setuid(uid) < 0 ? 5 : lock_and_allocate(limit));
	ok(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void allocating_goes_on_whatever_may_be_locked(void)
{
	uid_t uid = getuid() == 0 ? 65534 : 0;
	struct rlimit lim;

	eq(in_process(0, uid), 0);
	if (getrlimit(RLIMIT_MEMLOCK, &lim) == 0 && lim.rlim_max >= 8 << 20)
		eq(in_process(8 << 20, uid), 0);
	if (uid > 0)
		eq(in_process(8 << 20, 0), 0);
}

static void protection_is_never_lowered(void)
{
	char text[16] = "";
	int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);

	if (!ok_r(fd))
		return;
	ok(write(fd, "500", 3) == 3);
	memory_protect(700);
	ok(pread(fd, text, sizeof text - 1, 0) > 0);
	eq(atoi(text), 500);
	memory_protect(500);
	memory_protect(-900); /* permitted or not */
	ok(pread(fd, text, sizeof text - 1, 0) > 0);
	ok(atoi(text) == 500 || atoi(text) == -900);
	close(fd);
}

static pthread_mutex_t lock;
static atomic_bool held, waiting;

static void *wait_for_lock(void *arg)
{
	(void)arg;
	while (!held)
		;
	priority_sampling(PRIORITY_REALTIME);
	waiting = true;
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* The 18th field is the priority that the kernel goes by: negative for real-time. */
static int effective_priority(void)
{
	FILE *f = fopen("/proc/thread-self/stat", "r");
	char line[1024] = "", *p;
	int v = 0;

	if (f && fgets(line, sizeof line, f) && (p = strrchr(line, ')')))
		sscanf(p, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %d", &v);
	if (f)
		fclose(f);
	return v;
}

static void who_holds_a_lock_that_sampling_waits_for_becomes_as_urgent(void)
{
	struct timespec begin, now;
	pthread_t thread;

	lock_init(&lock);
	pthread_mutex_lock(&lock);
	if (!ok(pthread_create(&thread, NULL, wait_for_lock, NULL) == 0))
		return;
	ok(effective_priority() >= 0);
	held = true;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while (effective_priority() >= 0 && now.tv_sec - begin.tv_sec < SPIN_S);
	ok(waiting && effective_priority() < 0);
	pthread_mutex_unlock(&lock);
	ok(effective_priority() >= 0);
	pthread_join(thread, NULL);
	pthread_mutex_destroy(&lock);
}

int main(void)
{
	RUN(normal_changes_nothing);
	if (may_realtime()) {
		RUN(realtime_is_of_the_thread_alone);
		RUN(a_source_of_its_own_does_not_inherit_it);
		RUN(a_thread_that_never_waits_is_given_back_to_the_others);
		RUN(who_holds_a_lock_that_sampling_waits_for_becomes_as_urgent);
	} else {
		SKIP(realtime_is_of_the_thread_alone, "real-time is not permitted");
		SKIP(a_source_of_its_own_does_not_inherit_it, "real-time is not permitted");
		SKIP(a_thread_that_never_waits_is_given_back_to_the_others, "real-time is not permitted");
		SKIP(who_holds_a_lock_that_sampling_waits_for_becomes_as_urgent, "real-time is not permitted");
	}
	RUN(sealing_comes_last);
	RUN(allocating_goes_on_whatever_may_be_locked);
	RUN(protection_is_never_lowered);
	return tap_done();
}
