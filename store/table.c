/* table.c -- the rows of one table at one moment */
#include "store/table.h"

#include "store/format.h"

int table_new(struct table_schema *schema, struct strpool *pool, struct table **ret)
{
	struct table *t = calloc(1, sizeof *t);

	if (!t)
		return -ENOMEM;
	t->schema = table_schema_get(schema);
	t->pool = pool;
	*ret = t;
	return 0;
}

void table_free(struct table *t)
{
	table_schema_put(t->schema);
	free(t->cells);
	free(t->nulls);
	free(t);
}

void table_clear(struct table *t)
{
	t->n_rows = 0;
	t->absent = false;
	t->repeated = false;
	t->taken_ms = 0;
}

int table_set_schema(struct table *t, struct table_schema *schema)
{
	table_schema_get(schema);
	table_schema_put(t->schema);
	t->schema = schema;
	/* The cells' shape is another one; the next row allocates it. */
	t->cap_rows = 0;
	t->n_rows = 0;
	return 0;
}

/* Another shape: columns move apart, so both arrays are made anew. */
static int reshape(struct table *t, uint32_t cap)
{
	size_t n = (size_t)cap * t->schema->n_columns;
	uint64_t *cells = malloc(n * sizeof *cells + 1);
	uint8_t *nulls = malloc(n + 1);

	if (!cells || !nulls) {
		free(cells);
		free(nulls);
		return -ENOMEM;
	}
	for (uint32_t c = 0; c < t->schema->n_columns && t->n_rows > 0; c++) {
		memcpy(cells + (size_t)c * cap, t->cells + (size_t)c * t->cap_rows, t->n_rows * sizeof *cells);
		memcpy(nulls + (size_t)c * cap, t->nulls + (size_t)c * t->cap_rows, t->n_rows);
	}
	free(t->cells);
	free(t->nulls);
	t->cells = cells;
	t->nulls = nulls;
	t->cap_rows = cap;
	return 0;
}

int table_add_row(struct table *t, uint32_t *ret_row)
{
	if (t->n_rows == t->cap_rows) {
		int r;

		if (t->n_rows >= ROWS_MAX)
			return -EMSGSIZE;
		r = reshape(t, t->cap_rows ? 2 * t->cap_rows : 4);
		if (r < 0)
			return r;
	}
	for (uint32_t c = 0; c < t->schema->n_columns; c++) {
		size_t i = (size_t)c * t->cap_rows + t->n_rows;

		t->cells[i] = 0;
		t->nulls[i] = 1;
	}
	*ret_row = t->n_rows++;
	return 0;
}

int table_set_rows(struct table *t, uint32_t n)
{
	t->n_rows = 0;
	if (n > ROWS_MAX)
		return -EMSGSIZE;
	if (n > t->cap_rows) {
		int r = reshape(t, n + n / 4);

		if (r < 0)
			return r;
	}
	for (uint32_t c = 0; c < t->schema->n_columns && n > 0; c++) {
		memset(t->cells + (size_t)c * t->cap_rows, 0, n * sizeof *t->cells);
		memset(t->nulls + (size_t)c * t->cap_rows, 1, n);
	}
	t->n_rows = n;
	return 0;
}

void table_drop_row(struct table *t)
{
	assert(t->n_rows > 0);
	t->n_rows--;
}

size_t utf8_cut(const char *s, size_t len, size_t max)
{
	size_t cut = max;

	if (len <= max)
		return len;
	for (int i = 0; i < 3 && cut > 0 && ((uint8_t)s[cut] & 0xc0) == 0x80; i++)
		cut--;
	/* Not UTF-8 at all: any place is as good. */
	return ((uint8_t)s[cut] & 0xc0) == 0x80 ? max : cut;
}

int table_set_str(struct table *t, uint32_t row, uint32_t column, const void *s, size_t len)
{
	uint32_t id;
	int r = strpool_intern(t->pool, s, utf8_cut(s, len, STRING_LEN_MAX), &id);

	if (r == 0)
		table_set(t, row, column, id);
	return r;
}

struct str table_str(const struct table *t, uint32_t column, uint32_t row)
{
	const struct str *s = NULL;

	if (!table_is_null(t, column, row))
		s = strpool_get(t->pool, (uint32_t)table_get(t, column, row));
	return s ? *s : (struct str){"", 0, 0};
}

static bool same_cell(
    const struct table *a, uint32_t ca, uint32_t row_a, const struct table *b, uint32_t cb, uint32_t row_b)
{
	bool null = table_is_null(a, ca, row_a);

	if (null != table_is_null(b, cb, row_b))
		return false;
	if (null)
		return true;
	if (a->schema->columns[ca].type == COL_STR && a->pool != b->pool) {
		struct str x = table_str(a, ca, row_a), y = table_str(b, cb, row_b);

		return x.len == y.len && memcmp(x.p, y.p, x.len) == 0;
	}
	return table_get(a, ca, row_a) == table_get(b, cb, row_b);
}

bool table_same_key(const struct table *a, uint32_t row_a, const struct table *b, uint32_t row_b)
{
	uint32_t cb = 0;

	for (uint32_t ca = 0; ca < a->schema->n_columns; ca++) {
		if (!(a->schema->columns[ca].flags & COL_KEY))
			continue;
		while (cb < b->schema->n_columns && !(b->schema->columns[cb].flags & COL_KEY))
			cb++;
		if (cb == b->schema->n_columns || !same_cell(a, ca, row_a, b, cb, row_b))
			return false;
		cb++;
	}
	return true;
}
