/* files.c -- table files: open files, inodes and directory entries in memory, out of /proc/sys/fs; pseudoterminals */
#include "collector/columns.h"
#include "collector/line.h"
#include "collector/procfiles.h"
#include "collector/source.h"

static const struct column columns[] = {
    /* file-nr */
    GAUGE("files", ""),
    GAUGE("files_free", ""),
    GAUGE("files_max", ""),
    /* inode-state; further numbers there are always 0 */
    GAUGE("inodes", ""),
    GAUGE("inodes_free", ""),
    GAUGE("inodes_preshrink", ""),
    /* dentry-state */
    GAUGE("dentries", ""),
    GAUGE("dentries_unused", ""),
    {"dentries_age_limit_s", "s", COL_U64, KIND_GAUGE, 0, 0},
    GAUGE("dentries_want_pages", ""),
    GAUGE("dentries_negative", ""), /* always 0 before 5.0 */
    /* pty/nr, pty/max */
    GAUGE("ptys", ""),
    GAUGE("ptys_max", ""),
};

enum { FIELDS_MAX = 8 };

static const struct part {
	const char *path;
	uint32_t column;
	int n;
} parts[] = {
    {"proc/sys/fs/file-nr", 0, 3},
    {"proc/sys/fs/inode-state", 3, 3},
    {"proc/sys/fs/dentry-state", 6, 5},
    {"proc/sys/kernel/pty/nr", 11, 1},
    {"proc/sys/kernel/pty/max", 12, 1},
};

static int open_(const struct source_env *env, void **ret_state)
{
	(void)env;
	return procfiles_open(N_ELEMENTS(parts), ret_state);
}

/* 0 or more: numbers set. */
static int sample_part(const struct source_env *env, void *state, size_t i, struct table *t, uint32_t row)
{
	uint64_t v[FIELDS_MAX];
	const char *p;
	int n, r;

	r = procfiles_read(state, i, env->fs, parts[i].path, &p);
	if (r < 0)
		return r;
	n = line_numbers(&p, v, FIELDS_MAX);
	if (n > parts[i].n)
		n = parts[i].n;
	for (int k = 0; k < n; k++)
		table_set(t, row, parts[i].column + (uint32_t)k, v[k]);
	return n < 0 ? -ENODATA : n;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	uint32_t row;
	int n = 0, error = -ENOENT, r;

	r = table_add_row(t, &row);
	if (r < 0)
		return r;
	for (size_t i = 0; i < N_ELEMENTS(parts); i++) {
		r = sample_part(env, state, i, t, row);
		if (r >= 0)
			n += r;
		else if (r != -ENOENT)
			error = r;
	}
	if (n > 0)
		return 0;
	table_drop_row(t);
	return error;
}

SOURCE(files) = {
    .name = "files",
    .id = 12,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = open_,
    .close = procfiles_close,
    .sample = sample,
};
