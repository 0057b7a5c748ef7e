/* psi.c -- table psi: how long tasks waited for cpu, io, memory, irq, out of /proc/pressure
 *
 * Not every kernel has both lines of all four, nor does one that was booted with psi=0 answer at all.
 */
#include "collector/pressure.h"
#include "collector/procfiles.h"
#include "collector/source.h"

enum { RESOURCE, SOME, FULL = SOME + PRESSURE_N };

#define LINE(n)                                                                                                        \
	{n "_avg10", "%", COL_DEC, KIND_GAUGE, 0, 2}, {n "_avg60", "%", COL_DEC, KIND_GAUGE, 0, 2},                    \
	    {n "_avg300", "%", COL_DEC, KIND_GAUGE, 0, 2},                                                             \
	{                                                                                                              \
		n "_total_us", "us", COL_U64, KIND_COUNTER, 0, 0                                                       \
	}

static const struct column columns[] = {
    {"resource", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    LINE("some"),
    LINE("full"),
};

static const char *const resources[] = {"cpu", "io", "memory", "irq"};
static const char *const paths[] = {
    "proc/pressure/cpu", "proc/pressure/io", "proc/pressure/memory", "proc/pressure/irq"};

static int open_(const struct source_env *env, void **ret_state)
{
	(void)env;
	return procfiles_open(N_ELEMENTS(paths), ret_state);
}

static int sample_resource(struct table *t, const char *resource, const char *text)
{
	uint32_t row;
	int r = table_add_row(t, &row);
	bool any = false;

	for (const char *p = text; r == 0 && *p != '\0'; parse_next_line(&p)) {
		uint64_t v[PRESSURE_N];
		bool full;

		if (!pressure_line(p, &full, v))
			continue;
		for (uint32_t i = 0; i < PRESSURE_N; i++)
			table_set(t, row, (full ? FULL : SOME) + i, v[i]);
		any = true;
	}
	if (r == 0 && !any) {
		table_drop_row(t);
		return 0;
	}
	return r < 0 ? r : table_set_str(t, row, RESOURCE, resource, strlen(resource));
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	for (size_t i = 0; i < N_ELEMENTS(paths); i++) {
		const char *text;
		int r = procfiles_read(state, i, env->fs, paths[i], &text);

		if (r == -ENOENT || r == -EOPNOTSUPP)
			continue;
		if (r == 0)
			r = sample_resource(t, resources[i], text);
		if (r < 0)
			return r;
	}
	return t->n_rows > 0 ? 0 : -ENOENT;
}

SOURCE(psi) = {
    .name = "psi",
    .id = 7,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = open_,
    .close = procfiles_close,
    .sample = sample,
};
