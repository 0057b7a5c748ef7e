/* thermal.c -- table thermal: temperatures that the kernel watches, and what it cools with, out of /sys/class/thermal
 *
 * A zone has a temperature, a cooling device a state between 0 (off) and its largest. Reading a temperature may mean
 * talking to a slow bus or to firmware.
 */
#include "collector/sysdir.h"

static const struct column columns[] = {
    {"device", "", COL_STR, KIND_LABEL, COL_KEY, 0}, /* thermal_zone0, cooling_device0, … */
    {"type", "", COL_STR, KIND_LABEL, 0, 0},
    {"temp_celsius", "celsius", COL_DEC, KIND_GAUGE, 0, 3},
    {"cooling_state", "", COL_U64, KIND_GAUGE, 0, 0},
    {"cooling_state_max", "", COL_U64, KIND_LABEL, 0, 0},
};

static const char *const files[N_ELEMENTS(columns)] = {NULL, "type", "temp", "cur_state", "max_state"};

static int sample(const struct source_env *env, void *state, struct table *t)
{
	int r = sysdir_rows(env->fs, "sys/class/thermal", "", files, N_ELEMENTS(files), t);

	(void)state;
	return r == 0 && t->n_rows == 0 ? -ENOENT : r;
}

SOURCE(thermal) = {
    .name = "thermal",
    .id = 22,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample,
    .slow = true,
    .every_ms = 10000,
    .apart = true,
};
