/* softnet.c -- table softnet: how each CPU gets on with received packets, out of /proc/net/softnet_stat
 *
 * A line has hexadecimal numbers of 32 bits. Kernels since 5.10 say at the end of which CPU it is; before that lines
 * are of the CPUs that are online, and are given here the numbers of those in /proc/stat, in their order.
 */
#include "collector/columns.h"
#include "collector/line.h"
#include "collector/procfiles.h"
#include "collector/source.h"

enum { CPU, FIRST, NUMBERS_MAX = 16, BACKLOG_AT = 11, CPU_AT = 12, CPUS_MAX = 8192 };

static const struct column columns[] = {
    [CPU] = {"cpu", "", COL_STR, KIND_LABEL, COL_KEY, 0}, /* as in table cpu */
    [FIRST] = COUNTER("processed", ""),
    COUNTER("dropped", ""), /* the CPU's queue was full */
    COUNTER("time_squeezed", ""),
    COUNTER("received_rps", ""), /* woken for packets by another CPU */
    COUNTER("flow_limited", ""),
    {"backlog_len", "", COL_U64, KIND_GAUGE, 0, 0}, /* since 5.10 */
};

/* Places of the columns' numbers in a line. */
static const uint8_t places[] = {0, 1, 2, 9, 10, BACKLOG_AT};

enum { SOFTNET_FILE, STAT_FILE, N_FILES };

static int open_(const struct source_env *env, void **ret_state)
{
	(void)env;
	return procfiles_open(N_FILES, ret_state);
}

/* Takes the numbers of a whole line; how many there are. */
static unsigned take_numbers(const char *p, uint64_t v[NUMBERS_MAX])
{
	unsigned n = 0;

	if (!line_whole(p))
		return 0;
	while (n < NUMBERS_MAX && parse_hex(&p, &v[n]))
		n++;
	return line_ends(p) || n == NUMBERS_MAX ? n : 0;
}

/* The next line of /proc/stat that is of a CPU: its number. */
static bool next_online(const char **p, uint64_t *ret)
{
	for (; **p != '\0'; parse_next_line(p)) {
		const char *c = *p + strlen("cpu");

		if (strncmp(*p, "cpu", strlen("cpu")) == 0 && *c != ' ' && parse_u64(&c, ret)) {
			parse_next_line(p);
			return true;
		}
	}
	return false;
}

static int add_row(struct table *t, uint64_t cpu, const uint64_t *v, unsigned n)
{
	char name[32];
	uint32_t row;
	int len = snprintf(name, sizeof name, "cpu%llu", (unsigned long long)cpu);
	int r = table_add_row(t, &row);

	if (r == 0)
		r = table_set_str(t, row, CPU, name, (size_t)len);
	for (uint32_t i = 0; i < N_ELEMENTS(places) && r == 0; i++)
		if (places[i] < n)
			table_set(t, row, FIRST + i, v[places[i]]);
	return r;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	const char *p, *stat;
	int r = procfiles_read(state, SOFTNET_FILE, env->fs, "proc/net/softnet_stat", &p);

	if (r == 0 && procfiles_read(state, STAT_FILE, env->fs, "proc/stat", &stat) < 0)
		stat = "";
	for (; r == 0 && *p != '\0' && t->n_rows < CPUS_MAX; parse_next_line(&p)) {
		uint64_t v[NUMBERS_MAX], cpu;
		unsigned n = take_numbers(p, v);

		if (n > CPU_AT)
			r = add_row(t, v[CPU_AT], v, n);
		else if (next_online(&stat, &cpu) && n > 0)
			r = add_row(t, cpu, v, n);
	}
	return r;
}

SOURCE(softnet) = {
    .name = "softnet",
    .id = 28,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = open_,
    .close = procfiles_close,
    .sample = sample,
};
