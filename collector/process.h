/* process.h -- one process from tick to tick: its files, and what was seen of it last
 *
 * SPARING. Most processes sleep, and making its text is what a file of /proc costs. schedstat is cheap and tells
 * whether a process was given a CPU. One thread that was given none since the last tick has not changed what it counts:
 * its status and io are taken as they were, unless stat shows another size of its memory, and a thread of the kernel's
 * is taken whole. So that what others do to a sleeping process (its pages taken away, its priority changed) is seen
 * too, each is read in full every PROCESS_FULL_MS, and where ticks are further apart than that, at every tick.
 */
#ifndef COLLECTOR_PROCESS_H
#define COLLECTOR_PROCESS_H

#include "collector/pidfiles.h"
#include "collector/pidparse.h"

enum { PROCESS_FULL_MS = 10000 };

struct process {
	struct pidset files;
	bool known; /* it was sampled: what follows is set */
	bool kernel_thread;
	uint64_t full_ms; /* when it was read in full last */
	char state;
	uint8_t comm_len;
	char comm[64];                     /* of a kernel thread */
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

/* Fills a row of NULLs, but for the command line. now_ms: of a clock that only goes forward. -ESRCH or another error:
 * there is no row to be had. A number that was given again makes p the new process. */
int process_sample(const struct source_env *env, struct pidfiles *pf, struct process *p, uint64_t now_ms,
    struct table *t, uint32_t row);

/* Keeps what the kernel gave as command line, made fit for a table; scratch is for that. 0 or -ENOMEM. */
int process_keep_cmdline(
    const struct source_env *env, struct process *p, const char *raw, size_t len, struct buf *scratch);

#endif
