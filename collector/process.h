/* process.h -- one process from tick to tick: its files, and what was seen of it last
 *
 * SPARING. Most processes sleep, and what a file of /proc costs is the making of its text. schedstat is cheap and tells
 * whether a process was given a CPU. One of a single thread that was given none has not changed what it counts; if
 * statm shows its memory as it was and its parent is still there, its row is the one before. What remains is what
 * others can do to a sleeping process without any of this showing, its priority and policy: they are read again every
 * PROCESS_FULL_MS, and where ticks are further apart than that, every process is read in full at every tick.
 *
 * What changes seldom is read when a process is new, when it is read in full for the first time after that (a service
 * is put into its cgroup after it was forked), and every PROCESS_SELDOM_MS: its cgroup, the OOM killer's opinion, how
 * many descriptors it has. That is 40 us a process. Of kernel threads it is read only when they are new. What a process
 * waits in costs 10 us, and is read of those that cannot be woken (state D), when they begin to wait.
 */
#ifndef COLLECTOR_PROCESS_H
#define COLLECTOR_PROCESS_H

#include "collector/pidfiles.h"
#include "collector/pidparse.h"

enum { PROCESS_FULL_MS = 10000, PROCESS_SELDOM_MS = 30000 };

/* What is the same for all processes of a tick. */
struct process_tick {
	uint64_t now_ms; /* of a clock that only goes forward */
	const int *pids; /* of all there are, ascending */
	size_t n;
};

struct process {
	struct pidset files;
	bool known; /* it was sampled: what follows is set */
	bool kernel_thread;
	bool repeatable;    /* the strings below are whole */
	uint64_t full_ms;   /* when it was read in full last */
	uint64_t seldom_ms; /* when what changes seldom was read last, */
	bool again;         /* which was for the first time */
	bool has_statm;
	uint64_t statm[2]; /* size and resident, pages, when it was read in full */
	char state;
	uint8_t comm_len, tty_len;
	char comm[64], tty[16];
	uint8_t wchan_len;
	char wchan[64]; /* what it waits in; empty: nothing, or that is not known */
	char *cgroup;   /* NULL: not known */
	size_t cgroup_len;
	uint64_t start;                    /* ticks */
	uint64_t activity;                 /* sum of counters that grow when it runs */
	uint64_t cells[N_PROCESS_COLUMNS]; /* numbers of the last row */
	uint8_t nulls[N_PROCESS_COLUMNS];

	bool want_cmdline; /* it is new, or ran, so that it may have another one */
	bool stuck;        /* it could not be had in time */
	char *cmdline;     /* as stored, redacted; NULL: none */
	size_t cmdline_len;
};

int process_new(int pid, struct process **ret);
void process_free(struct pidfiles *pf, struct process *p);

/* Fills a row of NULLs, but for the command line. -ESRCH or another error:
 * there is no row to be had. A number that was given again makes p the new process. */
int process_sample(const struct source_env *env, struct pidfiles *pf, struct process *p,
    const struct process_tick *tick, struct table *t, uint32_t row);

/* Keeps what the kernel gave as command line, made fit for a table; scratch is for that. 0 or -ENOMEM. */
int process_keep_cmdline(
    const struct source_env *env, struct process *p, const char *raw, size_t len, struct buf *scratch);

#endif
