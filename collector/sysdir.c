/* sysdir.c -- see sysdir.h */
#include "collector/sysdir.h"

#include "collector/line.h"

#include <dirent.h>
#include <fcntl.h>

static int by_number(const void *a, const void *b)
{
	return strverscmp(a, b);
}

static bool is_wanted(const char *name, const char *prefix)
{
	return name[0] != '.' && strlen(name) <= SYSDIR_NAME_LEN_MAX && strncmp(name, prefix, strlen(prefix)) == 0;
}

static int add_name(struct sysdir *d, size_t *cap, const char *name)
{
	if (d->n == *cap) {
		size_t more = *cap ? 2 * *cap : 16;
		void *p = realloc(d->names, more * sizeof *d->names);

		if (!p)
			return -ENOMEM;
		d->names = p;
		*cap = more;
	}
	strcpy(d->names[d->n++], name);
	return 0;
}

static int read_names(DIR *dir, const char *prefix, struct sysdir *d)
{
	size_t cap = 0;
	int r = 0;

	while (r == 0) {
		const struct dirent *e;

		errno = 0;
		e = readdir(dir);
		if (!e)
			return -errno;
		if (is_wanted(e->d_name, prefix))
			r = add_name(d, &cap, e->d_name);
	}
	return r;
}

int sysdir_list(struct procfs *fs, const char *path, const char *prefix, struct sysdir *ret)
{
	struct sysdir d = {.n = 0};
	int fd = openat(procfs_rootfd(fs), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r;
	DIR *dir;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		close(fd);
		return r;
	}
	r = read_names(dir, prefix, &d);
	closedir(dir);
	if (r < 0) {
		sysdir_done(&d);
		return r;
	}
	if (d.n > 0)
		qsort(d.names, d.n, sizeof *d.names, by_number);
	*ret = d;
	return 0;
}

void sysdir_done(struct sysdir *d)
{
	free(d->names);
	*d = (struct sysdir){.n = 0};
}

/* Takes the number that the line begins with. */
static bool take_number(const char *p, uint8_t type, uint64_t *ret)
{
	int64_t v;

	if (type == COL_U64 && strncmp(p, "0x", 2) == 0) {
		p += 2;
		return parse_hex(&p, ret) && *ret != UINT64_MAX;
	}
	if (type == COL_U64)
		return parse_u64(&p, ret);
	if (!parse_i64(&p, &v))
		return false;
	*ret = (uint64_t)v;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int set_line(struct table *t, uint32_t row, uint32_t column, const char *p)
{
	const char *end = strchrnul(p, '\n');

	while (is_blank(*p))
		p++;
	while (end > p && is_blank(end[-1]))
		end--;
	return end == p ? 0 : table_set_str(t, row, column, p, (size_t)(end - p));
}

int sysdir_cell(struct procfs *fs, const char *path, struct table *t, uint32_t row, uint32_t column)
{
	uint8_t type = t->schema->columns[column].type;
	const char *p;
	uint64_t v;
	size_t len;

	/* A line without its end is part of one. */
	if (procfs_read(fs, path, &p, &len) < 0 || !line_whole(p))
		return 0;
	if (type == COL_STR)
		return set_line(t, row, column, p);
	if (take_number(p, type, &v))
		table_set(t, row, column, v);
	return 0;
}

static int add_row(
    struct procfs *fs, const char *dir, const char *name, const char *const *files, uint32_t n, struct table *t)
{
	bool any = false;
	uint32_t row;
	int r = table_add_row(t, &row);

	if (r == 0)
		r = table_set_str(t, row, 0, name, strlen(name));
	for (uint32_t i = 1; i < n && r == 0; i++) {
		char path[SYSDIR_PATH_LEN_MAX + 1];

		if (!files[i] || snprintf(path, sizeof path, "%s/%s/%s", dir, name, files[i]) >= (int)sizeof path)
			continue;
		r = sysdir_cell(fs, path, t, row, i);
		any |= !table_is_null(t, i, row);
	}
	if (r == 0 && !any)
		table_drop_row(t);
	return r;
}

int sysdir_rows(
    struct procfs *fs, const char *dir, const char *prefix, const char *const *files, uint32_t n, struct table *t)
{
	struct sysdir d;
	int r = sysdir_list(fs, dir, prefix, &d);

	if (r < 0)
		return r;
	for (size_t i = 0; i < d.n && r == 0; i++)
		r = add_row(fs, dir, d.names[i], files, n, t);
	sysdir_done(&d);
	return r;
}
