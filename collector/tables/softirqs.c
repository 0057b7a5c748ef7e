/* softirqs.c -- table softirqs: every line of /proc/softirqs, of all CPUs that the machine could have */
#include "collector/cpucolumns.h"
#include "collector/line.h"

enum { NAME, TOTAL, NAME_LEN_MAX = 32 };

static const struct column columns[] = {
    [NAME] = {"name", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    [TOTAL] = {"total", "", COL_U64, KIND_COUNTER, 0, 0},
};

static int add_line(const struct cpucolumns *cpus, struct table *t, const char *p)
{
	const char *name;
	size_t len;
	uint64_t total;
	uint32_t row;
	int r;

	if (!line_before_colon(&p, false, &name, &len) || len > NAME_LEN_MAX)
		return 0;
	r = table_add_row(t, &row);
	if (r < 0)
		return r;
	if (!cpucolumns_counts(cpus, &p, t, row, &total) || !line_ends(p)) {
		table_drop_row(t);
		return 0;
	}
	table_set(t, row, TOTAL, total);
	return table_set_str(t, row, NAME, name, len);
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	return cpucolumns_sample(env, state, "proc/softirqs", t, add_line);
}

SOURCE(softirqs) = {
    .name = "softirqs",
    .id = 14,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = cpucolumns_open,
    .close = cpucolumns_close,
    .sample = sample,
};
