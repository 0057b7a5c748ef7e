/* psi.c -- table psi: how long tasks waited for cpu, io, memory, irq, out of /proc/pressure
 *
 * Not every kernel has both lines of all four, nor does one that was booted with psi=0 answer at all.
 */
#include "collector/line.h"
#include "collector/procfiles.h"
#include "collector/source.h"

enum { RESOURCE, SOME, FULL = SOME + 4 };

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
	struct procfiles *f;
	int r = procfiles_new(N_ELEMENTS(paths), &f);

	(void)env;
	if (r == 0)
		*ret_state = f;
	return r;
}

static void close_(void *state)
{
	procfiles_free(state);
}

/* Takes "avg10=" and the like. */
static bool take_label(const char **p, const char *label)
{
	const char *c = *p + strspn(*p, " ");
	size_t len = strlen(label);

	if (strncmp(c, label, len) != 0)
		return false;
	*p = c + len;
	return true;
}

/* "some avg10=0.12 avg60=0.34 avg300=0.56 total=78", behind its first word. */
static bool take_values(const char *p, uint64_t ret[4])
{
	static const char *const labels[] = {"avg10=", "avg60=", "avg300="};
	int64_t avg;

	for (size_t i = 0; i < N_ELEMENTS(labels); i++) {
		if (!take_label(&p, labels[i]) || !parse_dec(&p, 2, &avg) || *p != ' ')
			return false;
		ret[i] = (uint64_t)avg;
	}
	return take_label(&p, "total=") && line_u64(&p, &ret[3]) && line_ends(p);
}

static int sample_resource(struct table *t, const char *resource, const char *text)
{
	uint32_t row;
	int r = table_add_row(t, &row);
	bool any = false;

	for (const char *p = text; r == 0 && *p != '\0'; parse_next_line(&p)) {
		bool some = strncmp(p, "some ", 5) == 0;
		uint64_t v[4];

		if ((!some && strncmp(p, "full ", 5) != 0) || !take_values(p + 5, v))
			continue;
		for (uint32_t i = 0; i < 4; i++)
			table_set(t, row, (some ? SOME : FULL) + i, v[i]);
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
    .close = close_,
    .sample = sample,
};
