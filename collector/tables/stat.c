/* stat.c -- table stat: the lines of /proc/stat that are of the machine as a whole
 *
 * Of the lines intr and softirq only the total: the single ones are the tables interrupts and softirqs.
 */
#include "collector/kvfile.h"
#include "collector/procstat.h"

static const struct column columns[] = {
    {"ctxt", "", COL_U64, KIND_COUNTER, 0, 0},
    {"intr", "", COL_U64, KIND_COUNTER, 0, 0},
    {"processes", "", COL_U64, KIND_COUNTER, 0, 0}, /* processes and threads created */
    {"procs_running", "", COL_U64, KIND_GAUGE, 0, 0},
    {"procs_blocked", "", COL_U64, KIND_GAUGE, 0, 0},
    {"btime", "s", COL_U64, KIND_LABEL, 0, 0}, /* time of boot, since 1970 */
    {"softirq", "", COL_U64, KIND_COUNTER, 0, 0},
};

/* Of lines that are not among the columns. */
static bool describe(
    const char *name, size_t len, const char *unit, size_t unit_len, char ret_name[65], struct column *ret)
{
	(void)unit;
	(void)unit_len;
	source_name(ret_name, name, len);
	*ret = (struct column){.unit = "", .type = COL_U64, .kind = KIND_COUNTER};
	if (strncmp(ret_name, "procs_", strlen("procs_")) == 0)
		ret->kind = KIND_GAUGE;
	return true;
}

static const struct kvfile_format format = {.rest = true, .skip = "cpu", .describe = describe};

struct stat_state {
	struct procstat_user *file;
	struct kvfile *kv;
};

static void close_(void *state)
{
	struct stat_state *s = state;

	if (s->file)
		procstat_free(s->file);
	if (s->kv)
		kvfile_free(s->kv);
	free(s);
}

static int open_(const struct source_env *env, void **ret_state)
{
	struct stat_state *s = calloc(1, sizeof *s);
	int r;

	if (!s)
		return -ENOMEM;
	r = procstat_new(env, &s->file);
	if (r == 0)
		r = kvfile_new(&format, &s->kv);
	if (r < 0) {
		close_(s);
		return r;
	}
	*ret_state = s;
	return 0;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	struct stat_state *s = state;
	const char *text;
	int r = procstat_read(s->file, &text);

	(void)env;
	return r < 0 ? r : kvfile_row(s->kv, text, t);
}

SOURCE(stat) = {
    .name = "stat",
    .id = 3,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = open_,
    .close = close_,
    .sample = sample,
};
