/* rpcstat.c -- see rpcstat.h
 *
 * Columns can only be added while the table has no row: the text is gone through twice.
 */
#include "collector/rpcstat.h"

#include "collector/line.h"

enum { NUMBERS_MAX = 256, NO_COLUMN = -1 };

const char *const rpcstat_nfs2[RPCSTAT_NFS2_N] = {"null", "getattr", "setattr", "root", "lookup", "readlink", "read",
    "wrcache", "write", "create", "remove", "rename", "link", "symlink", "mkdir", "rmdir", "readdir", "statfs"};

const char *const rpcstat_nfs3[RPCSTAT_NFS3_N] = {"null", "getattr", "setattr", "lookup", "access", "readlink", "read",
    "write", "create", "mkdir", "symlink", "mknod", "remove", "rmdir", "rename", "link", "readdir", "readdirplus",
    "fsstat", "fsinfo", "pathconf", "commit"};

static const struct rpcstat_line *find(const struct rpcstat_line *lines, size_t n_lines, const char *word, size_t len)
{
	for (size_t i = 0; i < n_lines; i++)
		if (strlen(lines[i].word) == len && memcmp(lines[i].word, word, len) == 0)
			return &lines[i];
	return NULL;
}

/* Number of the column of number i of the line, added if it is new and the table has no row. */
static int column_of(const struct rpcstat_line *line, unsigned i, struct table *t)
{
	const struct column c = {.unit = "", .type = COL_U64, .kind = line->kind};
	char name[65];

	if (i < line->n_names && !line->names[i])
		return NO_COLUMN;
	if (i < line->n_names)
		snprintf(name, sizeof name, "%s_%s", line->word, line->names[i]);
	else if (line->counted)
		snprintf(name, sizeof name, "%s_%u", line->word, i);
	else
		return NO_COLUMN;
	return t->n_rows == 0 ? source_column(t, name, &c) : table_schema_find(t->schema, name);
}

/* Adds the line's columns, or, in a table that has its row, fills them in. 0 or more: numbers taken. */
static int take_line(const char *p, const struct rpcstat_line *lines, size_t n_lines, struct table *t)
{
	const struct rpcstat_line *line;
	const char *word;
	uint64_t v, left = NUMBERS_MAX;
	unsigned n = 0;
	size_t len;

	if (!line_whole(p) || !line_word(&p, &word, &len))
		return 0;
	line = find(lines, n_lines, word, len);
	if (!line || (line->counted && !line_u64(&p, &left)))
		return 0;
	for (; n < left && n < NUMBERS_MAX && line_u64(&p, &v); n++) {
		int c = column_of(line, n, t);

		if (c == -ENOMEM)
			return c;
		if (c >= 0 && t->n_rows > 0)
			table_set(t, 0, (uint32_t)c, v);
	}
	return (int)n;
}

static int take_lines(const char *text, const struct rpcstat_line *lines, size_t n_lines, struct table *t)
{
	int n = 0, r = 0;

	for (const char *p = text; r >= 0 && *p != '\0'; parse_next_line(&p)) {
		r = take_line(p, lines, n_lines, t);
		n += r > 0;
	}
	return r < 0 ? r : n;
}

int rpcstat_row(const char *text, const struct rpcstat_line *lines, size_t n_lines, struct table *t)
{
	uint32_t row;
	int r = take_lines(text, lines, n_lines, t);

	if (r == 0)
		return -ENODATA;
	if (r > 0)
		r = table_add_row(t, &row);
	if (r == 0)
		r = take_lines(text, lines, n_lines, t);
	return r < 0 ? r : 0;
}
