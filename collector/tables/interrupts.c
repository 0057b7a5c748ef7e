/* interrupts.c -- table interrupts: every line of /proc/interrupts
 *
 * Some lines (ERR, MIS) have a single count with nothing behind it: that of the machine. Counts of single CPUs are of
 * 32 bits in the kernel and begin again at 0; total is their sum.
 */
#include "collector/cpucolumns.h"
#include "collector/line.h"

enum { IRQ, TOTAL, NAME, IRQ_LEN_MAX = 32, NAME_LEN_MAX = 256 };

static const struct column columns[] = {
    [IRQ] = {"irq", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    [TOTAL] = {"total", "", COL_U64, KIND_COUNTER, 0, 0},
    [NAME] = {"name", "", COL_STR, KIND_LABEL, 0, 0}, /* controller, line, devices; or what it is for */
};

/* The rest of the line, each run of blanks as one; cut at NAME_LEN_MAX. */
static size_t take_name(const char *p, char ret[NAME_LEN_MAX + 1])
{
	const char *word;
	size_t len, n = 0;

	while (n < NAME_LEN_MAX && line_word(&p, &word, &len)) {
		if (n > 0)
			ret[n++] = ' ';
		if (len > NAME_LEN_MAX - n)
			len = utf8_cut(word, len, NAME_LEN_MAX - n);
		memcpy(ret + n, word, len);
		n += len;
	}
	return n;
}

static bool sample_counts(const struct cpucolumns *cpus, const char **p, struct table *t, uint32_t row)
{
	const char *c = *p;
	uint64_t total;

	if (line_u64(&c, &total) && line_ends(c))
		*p = c;
	else if (!cpucolumns_counts(cpus, p, t, row, &total))
		return false;
	table_set(t, row, TOTAL, total);
	return true;
}

static int add_line(const struct cpucolumns *cpus, struct table *t, const char *p)
{
	char name[NAME_LEN_MAX + 1];
	const char *irq;
	size_t len;
	uint32_t row;
	int r;

	if (!line_whole(p) || !line_before_colon(&p, false, &irq, &len) || len > IRQ_LEN_MAX)
		return 0;
	r = table_add_row(t, &row);
	if (r < 0)
		return r;
	if (!sample_counts(cpus, &p, t, row)) {
		table_drop_row(t);
		return 0;
	}
	r = table_set_str(t, row, IRQ, irq, len);
	len = take_name(p, name);
	if (r == 0 && len > 0)
		r = table_set_str(t, row, NAME, name, len);
	return r;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	return cpucolumns_sample(env, state, "proc/interrupts", t, add_line);
}

SOURCE(interrupts) = {
    .name = "interrupts",
    .id = 13,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = cpucolumns_open,
    .close = cpucolumns_close,
    .sample = sample,
};
