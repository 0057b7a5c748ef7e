/* sources.c -- table sources: what is recorded, what is not, and why */
#include "collector/source.h"

enum { TABLE, STATE, INTERVAL, TOOK, NOTE, N_COLUMNS };

/* Part of the format: columns are only ever added, at the end. */
static const struct column columns[N_COLUMNS] = {
    [TABLE] = {"table", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    [STATE] = {"state", "", COL_STR, KIND_LABEL, 0, 0},
    [INTERVAL] = {"interval_ms", "ms", COL_U64, KIND_LABEL, 0, 0}, /* 0: every tick */
    [TOOK] = {"took_ms", "ms", COL_U64, KIND_GAUGE, 0, 0},         /* to read, when that was done last */
    [NOTE] = {"note", "", COL_STR, KIND_LABEL, 0, 0},
};

static const char *state_of(int r)
{
	return r == 0 ? "ok" : r == -ENOENT ? "not here" : r == -EAGAIN ? "not yet" : strerror(-r);
}

static int set_text(struct table *t, uint32_t row, uint32_t column, const char *text)
{
	return table_set_str(t, row, column, text, strlen(text));
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	(void)state;
	if (!env->reports)
		return -ENOENT;
	for (size_t i = 0; i < env->n_reports; i++) {
		const struct source_report *report = &env->reports[i];
		uint32_t row;
		int r = table_add_row(t, &row);

		if (r == 0)
			r = set_text(t, row, TABLE, report->table);
		if (r == 0)
			r = set_text(t, row, STATE, state_of(report->r));
		if (r == 0 && report->note[0] != '\0')
			r = set_text(t, row, NOTE, report->note);
		if (r < 0)
			return r;
		table_set(t, row, INTERVAL, report->interval_ms);
		if (report->r != -EAGAIN)
			table_set(t, row, TOOK, report->took_ms);
	}
	return 0;
}

SOURCE(sources) = {
    .name = "sources",
    .id = 16,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample,
};
