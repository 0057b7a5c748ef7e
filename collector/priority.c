/* priority.c -- see priority.h
 *
 * A thread that ran for RUN_US without once waiting is given back to the others by the kernel's signal for that: no
 * mistake in this program, and no machine with more processes than can be read, takes a CPU away for good.
 */
#include "collector/priority.h"

#include "collector/say.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	NICE_HIGH = -15,
	NICE_SEALING = 10,
	RR_WRITING = 1,
	RR_SAMPLING = 2,
	RUN_US = 1000000,
	/* Levels of the best-effort class: it needs no privilege, and the lowest is not starved as the idle class is.
	 */
	IO_WRITING = 0,
	IO_SEALING = 7,
};

static void set_io(int level)
{
	/* Only a hint: a kernel or a scheduler without it is no worse. glibc has no name for this call. */
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, level));
}

/* Runs in the thread that ran too long, unless it blocks signals: those that do are not real-time. */
static void on_xcpu(int sig)
{
	int saved = errno;

	(void)sig;
	priority_yield();
	errno = saved;
}

static int limit_run(void)
{
	struct sigaction sa = {.sa_handler = on_xcpu, .sa_flags = SA_RESTART};
	struct rlimit lim;

	if (sigaction(SIGXCPU, &sa, NULL) < 0 || getrlimit(RLIMIT_RTTIME, &lim) < 0)
		return -errno;
	if (lim.rlim_cur > RUN_US)
		lim.rlim_cur = RUN_US;
	return setrlimit(RLIMIT_RTTIME, &lim) < 0 ? -errno : 0;
}

/* On Linux these are of a thread alone. */
static int set_nice(int nice)
{
	return setpriority(PRIO_PROCESS, 0, nice) < 0 ? -errno : 0;
}

static int set_realtime(int level)
{
	const struct sched_param param = {.sched_priority = level};
	int r = limit_run();

	if (r == 0 && sched_setscheduler(0, SCHED_RR, &param) < 0)
		r = -errno;
	return r;
}

/* What was asked for, or the next weaker. The errors of either are told. */
static void raise_thread(enum priority p, int level, int *ret_nice, int *ret_realtime)
{
	*ret_nice = p >= PRIORITY_HIGH ? set_nice(NICE_HIGH) : 0;
	*ret_realtime = p == PRIORITY_REALTIME ? set_realtime(level) : 0;
}

void priority_sampling(enum priority p)
{
	int nice, realtime;

	raise_thread(p, RR_SAMPLING, &nice, &realtime);
	if (realtime < 0)
		say("priority = realtime: %s; %s", strerror(-realtime),
		    nice == 0 ? "sampling goes on with nice -15" : "snapshots may be late when the machine is busy");
	else if (nice < 0 && p == PRIORITY_HIGH)
		say("priority = high: %s; snapshots may be late when the machine is busy", strerror(-nice));
}

void priority_writing(enum priority p)
{
	int nice, realtime;

	raise_thread(p, RR_WRITING, &nice, &realtime);
	set_io(IO_WRITING);
}

void priority_sealing(void)
{
	const struct sched_param none = {0};

	set_nice(NICE_SEALING);
	/* Never preempts whom it wakes up beside. */
	sched_setscheduler(0, SCHED_BATCH, &none);
	set_io(IO_SEALING);
}

void priority_apart(void)
{
	priority_yield();
	/* The main thread's is what the program was started with. */
	set_nice(getpriority(PRIO_PROCESS, (id_t)getpid()));
}

bool priority_is_realtime(void)
{
	return sched_getscheduler(0) == SCHED_RR;
}

void priority_yield(void)
{
	const struct sched_param none = {0};

	sched_setscheduler(0, SCHED_OTHER, &none);
}
