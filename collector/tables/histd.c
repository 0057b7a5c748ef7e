/* histd.c -- table histd: the recorder's own health, one row */
#include "collector/exitwatch.h"
#include "collector/health.h"
#include "collector/source.h"

#include <sys/resource.h>

enum { TICKS, MISSED, LATE, SAMPLE, CPU, RSS, QUEUE, LOST, LOG, UNSEALED, SEALS, SEAL_ERRORS, EXITED_LOST, N_COLUMNS };

/* Part of the format: columns are only ever added, at the end. */
static const struct column columns[N_COLUMNS] = {
    [TICKS] = {"ticks", "", COL_U64, KIND_COUNTER, 0, 0},
    [MISSED] = {"missed_ticks", "", COL_U64, KIND_COUNTER, 0, 0},
    [LATE] = {"late_us", "us", COL_U64, KIND_GAUGE, 0, 0},
    [SAMPLE] = {"sample_us", "us", COL_U64, KIND_GAUGE, 0, 0},
    [CPU] = {"cpu_us", "us", COL_U64, KIND_COUNTER, 0, 0},
    [RSS] = {"rss_bytes", "bytes", COL_U64, KIND_GAUGE, 0, 0},
    [QUEUE] = {"queue_bytes", "bytes", COL_U64, KIND_GAUGE, 0, 0},
    [LOST] = {"lost_snapshots", "", COL_U64, KIND_COUNTER, 0, 0},
    [LOG] = {"wal_bytes", "bytes", COL_U64, KIND_GAUGE, 0, 0},
    [UNSEALED] = {"unsealed_hours", "", COL_U64, KIND_GAUGE, 0, 0},
    [SEALS] = {"seals", "", COL_U64, KIND_COUNTER, 0, 0},
    [SEAL_ERRORS] = {"seal_errors", "", COL_U64, KIND_COUNTER, 0, 0},
    [EXITED_LOST] = {"exited_lost", "", COL_U64, KIND_COUNTER, 0, 0}, /* that the table exited lacks */
};

/* The process that records is that of the machine it runs on, whatever root it reads. */
struct self {
	struct procfs *fs;
	struct procfile statm;
};

static uint64_t timeval_us(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * 1000000 + (uint64_t)tv->tv_usec;
}

static void set_use(const struct source_env *env, struct self *self, struct table *t, uint32_t row)
{
	struct rusage ru;
	const char *p;
	uint64_t size, rss;
	size_t len;

	if (getrusage(RUSAGE_SELF, &ru) == 0)
		table_set(t, row, CPU, timeval_us(&ru.ru_utime) + timeval_us(&ru.ru_stime));
	if (procfile_read(self->fs, &self->statm, "proc/self/statm", &p, &len) == 0 && parse_u64(&p, &size) &&
	    parse_u64(&p, &rss))
		table_set(t, row, RSS, rss * env->page_size);
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	const struct health *h = env->health;
	uint64_t lost;
	uint32_t row;
	int r;

	if (!h)
		return -ENOENT;
	r = table_add_row(t, &row);
	if (r < 0)
		return r;
	table_set(t, row, TICKS, h->ticks);
	table_set(t, row, MISSED, h->missed);
	table_set(t, row, LATE, h->late_us);
	table_set(t, row, SAMPLE, h->sample_us);
	table_set(t, row, QUEUE, h->queue_bytes);
	table_set(t, row, LOST, h->lost);
	table_set(t, row, LOG, h->log_bytes);
	table_set(t, row, UNSEALED, h->unsealed);
	table_set(t, row, SEALS, h->seals);
	table_set(t, row, SEAL_ERRORS, h->seal_errors);
	if (exitwatch_lost(&lost))
		table_set(t, row, EXITED_LOST, lost);
	set_use(env, state, t, row);
	return 0;
}

static void close_state(void *state)
{
	struct self *self = state;

	procfile_done(&self->statm);
	procfs_close(self->fs);
	free(self);
}

static int open_state(const struct source_env *env, void **ret_state)
{
	struct self *self = calloc(1, sizeof *self);
	int r;

	(void)env;
	if (!self)
		return -ENOMEM;
	self->statm = PROCFILE_CLOSED;
	r = procfs_open("/", &self->fs);
	if (r < 0) {
		free(self);
		return r;
	}
	*ret_state = self;
	return 0;
}

SOURCE(histd) = {
    .name = "histd",
    .id = 15,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = open_state,
    .close = close_state,
    .sample = sample,
};
