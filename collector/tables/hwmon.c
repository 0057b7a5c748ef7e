/* hwmon.c -- table hwmon: every sensor of /sys/class/hwmon, a row each, the value in the column of its unit
 *
 * A sensor is a file KINDn_input ("temp1_input"); beside it may lie a label and limits. Drivers give thousandths, and
 * millionths of watts and joules. Reading one may mean talking to a slow bus.
 */
#include "collector/sysdir.h"

enum { CHIP, SENSOR, NAME, LABEL, FIRST, MIN = FIRST + 7, MAX, CRITICAL };

#define VALUE(name, unit, scale)                                                                                       \
	{                                                                                                              \
		name, unit, COL_DEC, KIND_GAUGE, 0, scale                                                              \
	}

static const struct column columns[] = {
    [CHIP] = {"chip", "", COL_STR, KIND_LABEL, COL_KEY, 0}, /* hwmon0, … */
    [SENSOR] = {"sensor", "", COL_STR, KIND_LABEL, COL_KEY, 0},
    [NAME] = {"name", "", COL_STR, KIND_LABEL, 0, 0}, /* the chip's */
    [LABEL] = {"label", "", COL_STR, KIND_LABEL, 0, 0},
    [FIRST] = VALUE("temp_celsius", "celsius", 3),
    {"fan_rpm", "rpm", COL_U64, KIND_GAUGE, 0, 0},
    VALUE("in_volts", "V", 3),
    VALUE("curr_amperes", "A", 3),
    VALUE("power_watts", "W", 6),
    {"energy_joules", "J", COL_DEC, KIND_COUNTER, 0, 6},
    VALUE("humidity_percent", "%", 3),
    /* Limits, in the unit of the row's value. */
    [MIN] = VALUE("min", "", 6),
    [MAX] = VALUE("max", "", 6),
    [CRITICAL] = VALUE("critical", "", 6),
};

/* In the order of their columns. */
static const char *const kinds[] = {"temp", "fan", "in", "curr", "power", "energy", "humidity"};

static const struct {
	const char *file;
	uint32_t column;
} limits[] = {{"min", MIN}, {"max", MAX}, {"crit", CRITICAL}};

static const char input[] = "_input";

/* Number of the sensor's kind, of a file KINDn_input; -1: it is none. */
static int kind_of(const char *file, size_t *ret_sensor_len)
{
	size_t len = strlen(file);

	if (len <= strlen(input) || strcmp(file + len - strlen(input), input) != 0)
		return -1;
	*ret_sensor_len = len - strlen(input);
	for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
		size_t kind_len = strlen(kinds[i]);

		if (strncmp(file, kinds[i], kind_len) == 0 && *ret_sensor_len > kind_len &&
		    strspn(file + kind_len, "0123456789") + kind_len == *ret_sensor_len)
			return (int)i;
	}
	return -1;
}

/* Sets a cell out of the chip's file SENSOR_what. */
static int set(const struct source_env *env, const char *dir, const char *sensor, const char *what, struct table *t,
    uint32_t row, uint32_t column)
{
	char path[SYSDIR_PATH_LEN_MAX + 1];

	if (snprintf(path, sizeof path, "%s/%s_%s", dir, sensor, what) >= (int)sizeof path)
		return 0;
	return sysdir_cell(env->fs, path, t, row, column);
}

/* Limits are read as the sensor's files have them and then given the scale of their columns. */
static void scale_limit(struct table *t, uint32_t row, uint32_t column, uint32_t value_column)
{
	int64_t v;

	if (table_is_null(t, column, row))
		return;
	v = (int64_t)table_get(t, column, row);
	for (unsigned scale = columns[value_column].scale; scale < columns[column].scale; scale++)
		if (__builtin_mul_overflow(v, 10, &v)) {
			table_set_null(t, row, column);
			return;
		}
	table_set(t, row, column, (uint64_t)v);
}

static int sample_sensor(
    const struct source_env *env, const char *dir, const char *chip, const char *sensor, int kind, struct table *t)
{
	char path[SYSDIR_PATH_LEN_MAX + 1];
	uint32_t value = FIRST + (uint32_t)kind, row;
	int r = table_add_row(t, &row);

	snprintf(path, sizeof path, "%s/name", dir);
	if (r == 0)
		r = table_set_str(t, row, CHIP, chip, strlen(chip));
	if (r == 0)
		r = table_set_str(t, row, SENSOR, sensor, strlen(sensor));
	if (r == 0)
		r = sysdir_cell(env->fs, path, t, row, NAME);
	if (r == 0)
		r = set(env, dir, sensor, "label", t, row, LABEL);
	if (r == 0)
		r = set(env, dir, sensor, "input", t, row, value);
	for (size_t i = 0; i < N_ELEMENTS(limits) && r == 0; i++) {
		r = set(env, dir, sensor, limits[i].file, t, row, limits[i].column);
		scale_limit(t, row, limits[i].column, value);
	}
	return r;
}

/* The sensors of a directory. */
static int sample_dir(
    const struct source_env *env, const char *dir, const char *chip, struct table *t, uint32_t *n_sensors)
{
	struct sysdir d;
	int r = sysdir_list(env->fs, dir, "", &d);

	if (r < 0)
		return r == -ENOMEM ? r : 0; /* gone meanwhile */
	for (size_t i = 0; i < d.n && r == 0; i++) {
		size_t len;
		int kind = kind_of(d.names[i], &len);

		if (kind < 0)
			continue;
		d.names[i][len] = '\0';
		r = sample_sensor(env, dir, chip, d.names[i], kind, t);
		++*n_sensors;
	}
	sysdir_done(&d);
	return r;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	static const char class[] = "sys/class/hwmon";
	struct sysdir chips;
	int r = sysdir_list(env->fs, class, "hwmon", &chips);

	(void)state;
	if (r < 0)
		return r;
	for (size_t i = 0; i < chips.n && r == 0; i++) {
		char dir[sizeof class + 1 + SYSDIR_NAME_LEN_MAX + sizeof "/device"];
		uint32_t n_sensors = 0;

		snprintf(dir, sizeof dir, "%s/%s", class, chips.names[i]);
		r = sample_dir(env, dir, chips.names[i], t, &n_sensors);
		/* Old drivers have theirs in the device. */
		snprintf(dir, sizeof dir, "%s/%s/device", class, chips.names[i]);
		if (r == 0 && n_sensors == 0)
			r = sample_dir(env, dir, chips.names[i], t, &n_sensors);
	}
	sysdir_done(&chips);
	return r == 0 && t->n_rows == 0 ? -ENOENT : r;
}

SOURCE(hwmon) = {
    .name = "hwmon",
    .id = 23,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample,
    .slow = true,
    .every_ms = 10000,
    .apart = true,
};
