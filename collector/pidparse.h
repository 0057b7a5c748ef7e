/* pidparse.h -- the files of a process as cells of the table processes
 *
 * Each function takes one file's text (NUL behind its length) and sets what it has in a row. What an older kernel does
 * not print stays NULL.
 */
#ifndef COLLECTOR_PIDPARSE_H
#define COLLECTOR_PIDPARSE_H

#include "collector/source.h"

/* Columns of the table, in order. */
enum process_column {
	PID,
	START,
	PPID,
	THREADS,
	STATE,
	UID,
	EUID,
	GID,
	EGID,
	UTIME,
	STIME,
	RSS,
	VSIZE,
	MINFLT,
	MAJFLT,
	READ_BYTES,
	WRITE_BYTES,
	RUN,
	RUN_DELAY,
	TIMESLICES,
	BLOCK_DELAY,
	VOLUNTARY,
	INVOLUNTARY,
	NICE,
	PRIO,
	RTPRIO,
	POLICY,
	CPU,
	PEAK_RSS,
	RSS_ANON,
	RSS_FILE,
	RSS_SHMEM,
	DATA,
	STACK,
	EXE,
	LIB,
	SWAP,
	LOCKED,
	PTE,
	RCHAR,
	WCHAR,
	SYSCR,
	SYSCW,
	CANCELLED,
	CUTIME,
	CSTIME,
	CMINFLT,
	CMAJFLT,
	EXIT_SIGNAL,
	TTY,
	COMM,
	CMDLINE,
	SUID,
	FSUID,
	SGID,
	FSGID,
	PINNED,
	HUGETLB,
	CGROUP,
	WCHAN,
	OOM_SCORE,
	OOM_SCORE_ADJ,
	FDS,
	N_PROCESS_COLUMNS
};

struct pidstat {
	uint64_t start; /* clock ticks since boot */
	bool kernel_thread;
};

/* -EBADMSG: this is no stat file. */
int pidparse_stat(
    const struct source_env *env, struct table *t, uint32_t row, const char *text, size_t len, struct pidstat *ret);
/* When the process began, in microseconds since boot. -EBADMSG likewise. */
int pidparse_start(const struct source_env *env, const char *text, size_t len, uint64_t *ret_us);
void pidparse_status(struct table *t, uint32_t row, const char *text, size_t len);
void pidparse_io(struct table *t, uint32_t row, const char *text, size_t len);
void pidparse_schedstat(struct table *t, uint32_t row, const char *text);

/* The cgroup that a process is in, a piece of the text; false if there is none. Where hierarchies differ it is the
 * first that is not just "/": that of version 2, that of the service manager, others in their order. */
bool pidparse_cgroup(const char *text, const char **ret, size_t *ret_len);

#endif
