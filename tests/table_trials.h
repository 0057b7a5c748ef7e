/* table_trials.h -- what every table is put through: captured files, whole, cut at any byte and with a byte changed */
#ifndef TESTS_TABLE_TRIALS_H
#define TESTS_TABLE_TRIALS_H

#include "store/text.h"
#include "tests/table_check.h"

/* A table, and the files that it is made of. */
struct subject {
	const char *table;
	uint16_t id;
	const char *files[5];
};

/* Row of t, looked for from there on, whose key is that of a row of other; -1: none. */
static inline int same_row(const struct table *t, uint32_t from, const struct table *other, uint32_t row)
{
	for (uint32_t i = from; i < t->n_rows; i++)
		if (table_same_key(t, i, other, row))
			return (int)i;
	return -1;
}

static inline bool same_cell(
    const struct table *a, uint32_t ca, uint32_t ra, const struct table *b, uint32_t cb, uint32_t rb)
{
	if (table_is_null(b, cb, rb))
		return false;
	if (a->schema->columns[ca].type == COL_STR) {
		struct str x = table_str(a, ca, ra), y = table_str(b, cb, rb);

		return x.len == y.len && memcmp(x.p, y.p, x.len) == 0;
	}
	return table_get(a, ca, ra) == table_get(b, cb, rb);
}

/* Whether all that part says is also said by whole, in the same order. */
static inline bool is_part_of(const struct table *part, const struct table *whole)
{
	int w = -1;

	for (uint32_t r = 0; r < part->n_rows; r++) {
		w = same_row(whole, (uint32_t)(w + 1), part, r);
		if (w < 0)
			return false;

		for (uint32_t c = 0; c < part->schema->n_columns; c++) {
			int cw = table_schema_find(whole->schema, part->schema->columns[c].name);

			if (table_is_null(part, c, r))
				continue;
			if (cw < 0 || !same_cell(part, c, r, whole, (uint32_t)cw, (uint32_t)w))
				return false;
		}
	}
	return true;
}

/* --- making files --- */

/* The file's bytes into p; its length, 0 if it is not there. */
static inline size_t read_bytes(const char *root, const char *path, char *p, size_t cap)
{
	char full[512];
	ssize_t n;
	int fd;

	snprintf(full, sizeof full, "%s/%s", root, path);
	fd = open(full, O_RDONLY);
	if (fd < 0)
		return 0;
	n = read(fd, p, cap);
	ok(n >= 0 && (size_t)n < cap);
	close(fd);
	return n < 0 ? 0 : (size_t)n;
}

/* A copy of what the subject is made of; its path. */
static inline const char *copy_of(const char *root, const struct subject *s)
{
	static char text[1 << 16];
	const char *copy = new_root();

	for (size_t i = 0; i < N_ELEMENTS(s->files) && s->files[i]; i++) {
		size_t len = read_bytes(root, s->files[i], text, sizeof text);

		if (len > 0)
			write_bytes(copy, s->files[i], text, len);
	}
	return copy;
}

static inline void is_text_of(const struct source_rig *g, const char *root, const char *table)
{
	static char expected[1 << 18];
	char path[64];
	struct buf b = {0};
	size_t len;

	snprintf(path, sizeof path, "%s.txt", table);
	len = read_bytes(root, path, expected, sizeof expected);
	expected[len] = '\0';
	text_put_table(&b, g->t);
	buf_put_u8(&b, 0);
	ok_r(b.err);
	str_eq((const char *)b.p, expected);
	buf_done(&b);
}

/* Cuts a file shorter and shorter; what is left in the table must be what the whole file says. */
static inline void cut(const struct subject *s, const char *root, const char *file, const struct table *whole)
{
	const char *copy = copy_of(root, s);
	struct source_rig g;
	char path[512];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", copy, file);
	if (stat(path, &st) < 0)
		return;
	if (rig_up(&g, s->table, copy)) {
		bool right = true;

		for (off_t len = st.st_size; len >= 0 && right; len--) {
			int r;

			right = truncate(path, len) == 0;
			r = source_rig_sample(&g);
			right = right && (r < 0 || is_part_of(g.t, whole));
			if (!right)
				printf("# %s cut at %lld\n", path, (long long)len);
		}
		ok(right);
	}
	source_rig_down(&g);
}

/* Puts another byte in the place of each; only that nothing breaks can be said of the outcome. */
static inline void flip(const struct subject *s, const char *root, const char *file)
{
	static const char others[] = {' ', '\n', '9', ':', '\0', '\xff', '-', 'x'};
	static char text[1 << 16];
	size_t len = read_bytes(root, file, text, sizeof text);
	const char *copy = copy_of(root, s);
	char path[512];
	int fd;

	snprintf(path, sizeof path, "%s/%s", copy, file);
	fd = open(path, O_WRONLY);
	/* A rig for so many bytes, as every name that is not known makes a column. */
	for (size_t at = 0; fd >= 0 && at < len; at += 256) {
		struct source_rig g;

		if (rig_up(&g, s->table, copy))
			for (size_t i = at; i < at + 256 && i < len; i++) {
				char other = others[i % sizeof others];
				int r;

				ok(pwrite(fd, &other, 1, (off_t)i) == 1);
				r = source_rig_sample(&g);
				ok(r == 0 || r == -ENODATA || r == -ENOENT);
				for (uint32_t row = 0; r == 0 && row < g.t->n_rows; row++)
					for (uint32_t c = 0; c < g.t->schema->n_columns; c++)
						if (g.t->schema->columns[c].flags & COL_KEY)
							ok(!table_is_null(g.t, c, row));
				ok(pwrite(fd, text + i, 1, (off_t)i) == 1);
			}
		source_rig_down(&g);
	}
	if (fd >= 0)
		close(fd);
}

#endif
