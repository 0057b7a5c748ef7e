/* load.c -- table load: /proc/loadavg */
#include "collector/line.h"
#include "collector/procfiles.h"
#include "collector/source.h"

enum { LOAD1, LOAD5, LOAD15, RUNNING, THREADS, LAST_PID };

static const struct column columns[] = {
    [LOAD1] = {"load1", "", COL_DEC, KIND_GAUGE, 0, 2},
    [LOAD5] = {"load5", "", COL_DEC, KIND_GAUGE, 0, 2},
    [LOAD15] = {"load15", "", COL_DEC, KIND_GAUGE, 0, 2},
    [RUNNING] = {"running", "", COL_U64, KIND_GAUGE, 0, 0},
    [THREADS] = {"threads", "", COL_U64, KIND_GAUGE, 0, 0},
    [LAST_PID] = {"last_pid", "", COL_U64, KIND_LABEL, 0, 0}, /* given last */
};

static int open_(const struct source_env *env, void **ret_state)
{
	(void)env;
	return procfiles_open(1, ret_state);
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	const char *p;
	int64_t load[3];
	uint64_t running, threads, last_pid;
	uint32_t row;
	int r = procfiles_read(state, 0, env->fs, "proc/loadavg", &p);

	if (r < 0)
		return r;
	for (int i = 0; i < 3; i++)
		if (!parse_dec(&p, 2, &load[i]) || *p != ' ')
			return -ENODATA;
	if (!parse_u64(&p, &running) || *p++ != '/' || !line_u64(&p, &threads) || !line_u64(&p, &last_pid))
		return -ENODATA;
	r = table_add_row(t, &row);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < 3; i++)
		table_set(t, row, LOAD1 + i, (uint64_t)load[i]);
	table_set(t, row, RUNNING, running);
	table_set(t, row, THREADS, threads);
	table_set(t, row, LAST_PID, last_pid);
	return 0;
}

SOURCE(load) = {
    .name = "load",
    .id = 4,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = open_,
    .close = procfiles_close,
    .sample = sample,
};
