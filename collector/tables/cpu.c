/* cpu.c -- table cpu: where the time of each CPU and of all together went, out of /proc/stat
 *
 * user includes guest, nice includes guest_nice. Older kernels print fewer fields; those are NULL then. A CPU that is
 * offline has no row.
 */
#include "collector/line.h"
#include "collector/procstat.h"

enum { CPU, USER, FIELDS_MIN = 4, FIELDS = 10 };

#define TICKS(n)                                                                                                       \
	{                                                                                                              \
		n, "ticks", COL_U64, KIND_COUNTER, 0, 0                                                                \
	}

static const struct column columns[] = {
    [CPU] = {"cpu", "", COL_STR, KIND_LABEL, COL_KEY, 0}, /* "all", "cpu0", … */
    [USER] = TICKS("user_ticks"),
    TICKS("nice_ticks"),
    TICKS("system_ticks"),
    TICKS("idle_ticks"),
    TICKS("iowait_ticks"),
    TICKS("irq_ticks"),
    TICKS("softirq_ticks"),
    TICKS("steal_ticks"),
    TICKS("guest_ticks"),
    TICKS("guest_nice_ticks"),
};

static int open_(const struct source_env *env, void **ret_state)
{
	struct procstat_user *u;
	int r = procstat_new(env, &u);

	if (r == 0)
		*ret_state = u;
	return r;
}

static void close_(void *state)
{
	procstat_free(state);
}

static int sample_line(struct table *t, const char *p)
{
	const char *name;
	uint64_t v[FIELDS];
	uint32_t row;
	size_t len;
	int n, r;

	if (!line_word(&p, &name, &len))
		return 0;
	n = line_numbers(&p, v, FIELDS);
	if (n < FIELDS_MIN)
		return 0;
	if (len == strlen("cpu")) {
		name = "all";
		len = strlen("all");
	}
	r = table_add_row(t, &row);
	if (r < 0)
		return r;
	for (int i = 0; i < n; i++)
		table_set(t, row, USER + (uint32_t)i, v[i]);
	return table_set_str(t, row, CPU, name, len);
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	const char *p;
	int r = procstat_read(state, &p);

	(void)env;
	/* The lines of CPUs stand first. */
	for (; r == 0 && strncmp(p, "cpu", 3) == 0; parse_next_line(&p))
		r = sample_line(t, p);
	if (r == 0 && t->n_rows == 0)
		return -ENODATA;
	return r;
}

SOURCE(cpu) = {
    .name = "cpu",
    .id = 2,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = open_,
    .close = close_,
    .sample = sample,
};
