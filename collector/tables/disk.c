/* disk.c -- table disk: every line of /proc/diskstats
 *
 * Sectors are of 512 bytes whatever the device's are. Kernels before 4.18 have no discards, before 5.5 no flushes:
 * NULL. Devices that never did anything are recorded too, as they cost nothing.
 */
#include "collector/columns.h"
#include "collector/line.h"
#include "collector/procfiles.h"
#include "collector/source.h"

enum { DEVICE, NAME, FIRST, FIELDS_MIN = 11, FIELDS = 17, DEVICE_LEN_MAX = 42 };

static const struct column columns[] = {
    [DEVICE] = {"device", "", COL_STR, KIND_LABEL, COL_KEY, 0}, /* major:minor */
    [NAME] = {"name", "", COL_STR, KIND_LABEL, 0, 0},
    [FIRST] = COUNTER("reads", ""),
    COUNTER("reads_merged", ""),
    COUNTER("read_sectors", "sectors"),
    COUNTER("read_ms", "ms"),
    COUNTER("writes", ""),
    COUNTER("writes_merged", ""),
    COUNTER("write_sectors", "sectors"),
    COUNTER("write_ms", "ms"),
    {"in_flight", "", COL_U64, KIND_GAUGE, 0, 0},
    COUNTER("io_ms", "ms"),       /* time in which something was in flight */
    COUNTER("weighted_ms", "ms"), /* the same times the number in flight */
    COUNTER("discards", ""),
    COUNTER("discards_merged", ""),
    COUNTER("discard_sectors", "sectors"),
    COUNTER("discard_ms", "ms"),
    COUNTER("flushes", ""),
    COUNTER("flush_ms", "ms"),
};

static int open_(const struct source_env *env, void **ret_state)
{
	(void)env;
	return procfiles_open(1, ret_state);
}

/* Takes the two numbers of a device as "major:minor". */
static bool take_device(const char **p, char ret[DEVICE_LEN_MAX], size_t *ret_len)
{
	const char *c = *p, *major, *minor;
	size_t major_len, minor_len;
	uint64_t v;

	if (!line_u64(p, &v) || !line_u64(p, &v))
		return false;
	if (!line_word(&c, &major, &major_len) || !line_word(&c, &minor, &minor_len) ||
	    major_len + 1 + minor_len > DEVICE_LEN_MAX)
		return false;
	memcpy(ret, major, major_len);
	ret[major_len] = ':';
	memcpy(ret + major_len + 1, minor, minor_len);
	*ret_len = major_len + 1 + minor_len;
	return true;
}

static int sample_line(struct table *t, const char *p)
{
	const char *name;
	char device[DEVICE_LEN_MAX];
	size_t name_len, device_len;
	uint64_t v[FIELDS];
	uint32_t row;
	int n, r;

	if (!take_device(&p, device, &device_len) || !line_word(&p, &name, &name_len))
		return 0;
	n = line_numbers(&p, v, FIELDS);
	if (n < FIELDS_MIN)
		return 0;
	r = table_add_row(t, &row);
	if (r == 0)
		r = table_set_str(t, row, DEVICE, device, device_len);
	if (r == 0)
		r = table_set_str(t, row, NAME, name, name_len);
	for (int i = 0; r == 0 && i < n; i++)
		table_set(t, row, FIRST + (uint32_t)i, v[i]);
	return r;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	const char *p;
	int r = procfiles_read(state, 0, env->fs, "proc/diskstats", &p);

	for (; r == 0 && *p != '\0'; parse_next_line(&p))
		r = sample_line(t, p);
	return r;
}

SOURCE(disk) = {
    .name = "disk",
    .id = 11,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = open_,
    .close = procfiles_close,
    .sample = sample,
};
