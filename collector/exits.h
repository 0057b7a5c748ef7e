/* exits.h -- processes that ended: threads summed up, and a queue from who hears of them to who records them
 *
 * Memory is bounded: so many rows wait, and so many processes of which some threads ended, but not all. What there is
 * no room for is counted. One thread adds, another one takes; taking waits for nothing.
 */
#ifndef COLLECTOR_EXITS_H
#define COLLECTOR_EXITS_H

#include "store/bytes.h"
#include "store/cleanup.h"

enum { EXITS_ROWS_MAX = 32768, EXITS_GROUPS_MAX = 8192, EXITS_COMM_LEN = 32 };

/* Columns of the table exited, in order. */
enum exit_column {
	EXIT_PID,
	EXIT_START,
	EXIT_PPID,
	EXIT_UID,
	EXIT_GID,
	EXIT_CODE,
	EXIT_SIGNAL,
	EXIT_CORE,
	EXIT_END,
	EXIT_LIVED,
	EXIT_THREADS,
	EXIT_UTIME,
	EXIT_STIME,
	EXIT_RUN,
	EXIT_RUN_DELAY,
	EXIT_TIMESLICES,
	EXIT_MINFLT,
	EXIT_MAJFLT,
	EXIT_PEAK_RSS,
	EXIT_PEAK_VSIZE,
	EXIT_RCHAR,
	EXIT_WCHAR,
	EXIT_SYSCR,
	EXIT_SYSCW,
	EXIT_READ_BYTES,
	EXIT_WRITE_BYTES,
	EXIT_CANCELLED,
	EXIT_BLOCK_DELAY,
	EXIT_SWAPIN_DELAY,
	EXIT_FREEPAGES_DELAY,
	EXIT_THRASHING_DELAY,
	EXIT_COMPACT_DELAY,
	EXIT_WPCOPY_DELAY,
	EXIT_IRQ_DELAY,
	EXIT_VOLUNTARY,
	EXIT_INVOLUNTARY,
	EXIT_NICE,
	EXIT_POLICY,
	EXIT_COMM,
	N_EXIT_COLUMNS
};

/* A process that ended, or one thread of it. */
struct exit_row {
	uint64_t known;                 /* bit c: cells[c] is set */
	uint64_t cells[N_EXIT_COLUMNS]; /* but EXIT_START, EXIT_END and EXIT_COMM */
	char comm[EXITS_COMM_LEN];      /* "": not known */
	bool delayed;                   /* some delay was counted */
	int64_t begun_us;               /* CLOCK_MONOTONIC, not before it began; INT64_MIN: not known */
	int64_t ended_us;               /* CLOCK_MONOTONIC, when it was heard of */
};

/* What is heard when a thread ends. */
struct exit_message {
	uint32_t tid;
	uint32_t tgid;   /* of its process; 0: not known, and the thread counts as a process */
	bool last;       /* nothing is left of the process */
	bool whole_age;  /* row.begun_us is the process's; else, but for the first thread, only the thread's */
	uint32_t status; /* as wait(2) gives it; of some threads 0 */
	struct exit_row row;
};

static inline void exits_set(struct exit_row *row, enum exit_column c, uint64_t v)
{
	row->cells[c] = v;
	row->known |= UINT64_C(1) << c;
}

static inline bool exits_knows(const struct exit_row *row, enum exit_column c)
{
	return row->known >> c & 1;
}

struct exits;

int exits_new(struct exits **ret);
void exits_free(struct exits *x);
DEFINE_CLEANUP(exits, exits_free)

/* The thread is put with the others of its process. When the last is there, the process becomes a row. */
void exits_add(struct exits *x, const struct exit_message *m);

/* The rows since the last call, in the order in which processes ended; valid until the next. Now and then, when a row
 * is being added just now, there are none, and the next call has them. */
size_t exits_take(struct exits *x, const struct exit_row **ret);

/* How many messages and rows there was no room for. From any thread. */
uint64_t exits_lost(struct exits *x);

#endif
