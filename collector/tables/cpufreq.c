/* cpufreq.c -- table cpufreq: how fast each CPU runs, out of /sys/devices/system/cpu and /proc/cpuinfo
 *
 * cur_khz and the limits are there where a cpufreq driver is; mhz is what /proc/cpuinfo says, in virtual machines too.
 * Of time_in_state the table has two sums, so that the mean frequency between two moments is the change of khz_ticks
 * divided by the change of state_ticks. On some machines every frequency that is asked for interrupts a CPU.
 */
#include "collector/line.h"
#include "collector/sysdir.h"

#include <unistd.h>

enum { CPU, MHZ, CUR, MIN, MAX, HARDWARE_MAX, GOVERNOR, DRIVER, KHZ_TICKS, STATE_TICKS, NAME_LEN_MAX = 24 };

static const struct column columns[] = {
    [CPU] = {"cpu", "", COL_STR, KIND_LABEL, COL_KEY, 0}, /* as in table cpu */
    [MHZ] = {"mhz", "MHz", COL_DEC, KIND_GAUGE, 0, 3},
    [CUR] = {"cur_khz", "kHz", COL_U64, KIND_GAUGE, 0, 0},
    [MIN] = {"min_khz", "kHz", COL_U64, KIND_GAUGE, 0, 0}, /* allowed at present */
    [MAX] = {"max_khz", "kHz", COL_U64, KIND_GAUGE, 0, 0},
    [HARDWARE_MAX] = {"hardware_max_khz", "kHz", COL_U64, KIND_GAUGE, 0, 0},
    [GOVERNOR] = {"governor", "", COL_STR, KIND_LABEL, 0, 0},
    [DRIVER] = {"driver", "", COL_STR, KIND_LABEL, 0, 0},
    [KHZ_TICKS] = {"khz_ticks", "", COL_U64, KIND_COUNTER, 0, 0}, /* ticks of 10 ms */
    [STATE_TICKS] = {"state_ticks", "ticks", COL_U64, KIND_COUNTER, 0, 0},
};

static const char *const files[N_ELEMENTS(columns)] = {
    [CUR] = "scaling_cur_freq",
    [MIN] = "scaling_min_freq",
    [MAX] = "scaling_max_freq",
    [HARDWARE_MAX] = "cpuinfo_max_freq",
    [GOVERNOR] = "scaling_governor",
    [DRIVER] = "scaling_driver",
};

/* Row of that CPU, made if there is none. */
static int row_of(struct table *t, const char *cpu, uint32_t *ret)
{
	for (uint32_t row = 0; row < t->n_rows; row++) {
		struct str s = table_str(t, CPU, row);

		if (s.len == strlen(cpu) && memcmp(s.p, cpu, s.len) == 0) {
			*ret = row;
			return 0;
		}
	}
	return table_add_row(t, ret) < 0 ? -ENOMEM : table_set_str(t, *ret, CPU, cpu, strlen(cpu));
}

/* Takes what stands behind a line's colon, of a line whose name is that. */
static bool take_value(const char *p, const char *name, const char **ret)
{
	size_t len = strlen(name);

	if (strncmp(p, name, len) != 0 || !line_whole(p))
		return false;
	p += len;
	while (*p == ' ' || *p == '\t')
		p++;
	if (*p != ':')
		return false;
	*ret = p + 1;
	return true;
}

/* The rows of all CPUs that /proc/cpuinfo knows the frequency of. */
static int sample_cpuinfo(const struct source_env *env, struct table *t)
{
	char cpu[NAME_LEN_MAX] = "";
	const char *p, *value;
	uint64_t number;
	int64_t mhz;
	uint32_t row;
	size_t len;
	int r = procfs_read(env->fs, "proc/cpuinfo", &p, &len);

	for (; r == 0 && *p != '\0'; parse_next_line(&p)) {
		if (take_value(p, "processor", &value) && parse_u64(&value, &number))
			snprintf(cpu, sizeof cpu, "cpu%llu", (unsigned long long)number);
		if (cpu[0] == '\0' || !take_value(p, "cpu MHz", &value) || !parse_dec(&value, 3, &mhz))
			continue;
		r = row_of(t, cpu, &row);
		if (r == 0)
			table_set(t, row, MHZ, (uint64_t)mhz);
	}
	return r;
}

/* Lines "frequency ticks". */
static void sum_states(const struct source_env *env, const char *dir, struct table *t, uint32_t row)
{
	char path[SYSDIR_PATH_LEN_MAX + 1];
	uint64_t v[2], khz_ticks = 0, ticks = 0, product;
	const char *p;
	size_t len;

	snprintf(path, sizeof path, "%s/stats/time_in_state", dir);
	if (procfs_read(env->fs, path, &p, &len) < 0)
		return;
	for (; *p != '\0'; parse_next_line(&p)) {
		const char *c = p;

		/* A sum without one of its lines would be another. */
		if (line_numbers(&c, v, 2) != 2 || __builtin_mul_overflow(v[0], v[1], &product) ||
		    __builtin_add_overflow(khz_ticks, product, &khz_ticks) ||
		    __builtin_add_overflow(ticks, v[1], &ticks))
			return;
	}
	if (len == 0)
		return;
	table_set(t, row, KHZ_TICKS, khz_ticks);
	table_set(t, row, STATE_TICKS, ticks);
}

static int sample_cpu(const struct source_env *env, const char *dir, const char *cpu, struct table *t)
{
	uint32_t row;
	int r = row_of(t, cpu, &row);

	for (uint32_t i = 0; i < N_ELEMENTS(files) && r == 0; i++) {
		char path[SYSDIR_PATH_LEN_MAX + 1];

		if (files[i] && snprintf(path, sizeof path, "%s/%s", dir, files[i]) < (int)sizeof path)
			r = sysdir_cell(env->fs, path, t, row, i);
	}
	if (r == 0)
		sum_states(env, dir, t, row);
	return r;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	static const char cpus[] = "sys/devices/system/cpu";
	struct sysdir d;
	int r = sample_cpuinfo(env, t);

	(void)state;
	if (r == 0 || r == -ENOENT)
		r = sysdir_list(env->fs, cpus, "cpu", &d);
	if (r < 0)
		return r == -ENOENT && t->n_rows > 0 ? 0 : r;
	for (size_t i = 0; i < d.n && r == 0; i++) {
		char dir[sizeof cpus + 1 + SYSDIR_NAME_LEN_MAX + sizeof "/cpufreq"];

		/* cpufreq and cpuidle lie there too. */
		if (strspn(d.names[i] + strlen("cpu"), "0123456789") + strlen("cpu") != strlen(d.names[i]))
			continue;
		snprintf(dir, sizeof dir, "%s/%s/cpufreq", cpus, d.names[i]);
		if (faccessat(procfs_rootfd(env->fs), dir, F_OK, 0) == 0)
			r = sample_cpu(env, dir, d.names[i], t);
	}
	sysdir_done(&d);
	return r == 0 && t->n_rows == 0 ? -ENOENT : r;
}

SOURCE(cpufreq) = {
    .name = "cpufreq",
    .id = 25,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample,
    .slow = true,
    .every_ms = 10000,
    .apart = true,
};
