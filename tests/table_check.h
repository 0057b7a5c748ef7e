/* table_check.h -- making files of /proc, and looking at the tables made of them */
#ifndef TESTS_TABLE_CHECK_H
#define TESTS_TABLE_CHECK_H

#include "tests/source_rig.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <sys/stat.h>

/* False, with the test failed, if the rig does not come up. */
static inline bool rig_up(struct source_rig *g, const char *table, const char *root)
{
	const struct source_desc *desc = source_rig_find(table);

	*g = (struct source_rig){.desc = desc};
	return ok(desc) && ok_r(source_rig_up(g, desc, root));
}

/* Number of the column, or -ENOENT. */
static inline int column(const struct source_rig *g, const char *name)
{
	return table_schema_find(g->t->schema, name);
}

/* The cell as a reader sees it; "-" if there is no such row or column. Good until it was called four times more. */
static inline const char *cell(const struct source_rig *g, uint32_t row, const char *name)
{
	static char texts[4][512];
	static unsigned n;
	char *text = texts[n++ % 4];
	int c = column(g, name);

	if (c < 0 || row >= g->t->n_rows)
		return "-";
	if (table_is_null(g->t, (uint32_t)c, row))
		return "NULL";
	switch (g->t->schema->columns[c].type) {
	case COL_STR: {
		struct str s = table_str(g->t, (uint32_t)c, row);

		snprintf(text, sizeof texts[0], "%.*s", (int)s.len, s.p);
		break;
	}
	case COL_U64:
		snprintf(text, sizeof texts[0], "%llu", (unsigned long long)table_get(g->t, (uint32_t)c, row));
		break;
	default:
		snprintf(text, sizeof texts[0], "%lld", (long long)table_get(g->t, (uint32_t)c, row));
	}
	return text;
}

static inline enum column_kind kind(const struct source_rig *g, const char *name)
{
	int c = column(g, name);

	ok_r(c);
	return c < 0 ? KIND_LABEL : g->t->schema->columns[c].kind;
}

/* A new empty directory. */
static inline const char *new_root(void)
{
	static const char *all;
	static char roots[512][160];
	static unsigned n;
	char *root = roots[n % N_ELEMENTS(roots)];

	if (!all)
		all = tap_tmpdir();
	snprintf(root, sizeof roots[0], "%s/%u", all, n++);
	ok(mkdir(root, 0777) == 0);
	return root;
}

/* Writes a file below root, and the directories that lead to it. */
static inline void write_bytes(const char *root, const char *path, const void *p, size_t len)
{
	char full[512];
	int fd;

	snprintf(full, sizeof full, "%s/%s", root, path);
	for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0777);
		*slash = '/';
	}
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	ok(fd >= 0 && write(fd, p, len) == (ssize_t)len);
	close(fd);
}

static inline void write_text(const char *root, const char *path, const char *text)
{
	write_bytes(root, path, text, strlen(text));
}

/* A rig on a file of our own. */
static inline bool rig_on(
    struct source_rig *g, const char *table, const char *path, const char *text, const char **ret_root)
{
	*ret_root = new_root();
	write_text(*ret_root, path, text);
	return rig_up(g, table, *ret_root);
}

#endif
