/* rate.c -- a table's counters as rates since an earlier moment */
#include "store/rate.h"

#include <stdio.h>

#define NO_ROW UINT32_MAX

int rate_schema(const struct table_schema *s, struct table_schema **ret)
{
	_cleanup_(cleanup_table_schema) struct table_schema *out = NULL;
	int r = table_schema_new(s->id, s->name, &out);

	for (uint32_t i = 0; i < s->n_columns && r == 0; i++) {
		struct column c = s->columns[i];
		char name[80];

		if (c.kind == KIND_COUNTER) {
			/* Where the name would be too long, or another column's, it keeps its own: the table says what
			 * it is. */
			snprintf(name, sizeof name, "%s_per_s", c.name);
			if (strlen(name) > 64 || table_schema_find(s, name) >= 0)
				snprintf(name, sizeof name, "%s", c.name);
			c = (struct column){
			    .name = name, .unit = c.unit, .type = COL_DEC, .kind = KIND_GAUGE, .scale = RATE_SCALE};
			r = table_schema_add(out, &c);
		} else {
			r = table_schema_add(out, &c);
		}
	}
	if (r == 0)
		*ret = TAKE(out);
	return r;
}

/* --- which row was which --- */

static uint64_t key_hash(const struct table *t, uint32_t row)
{
	uint64_t h = 0;

	for (uint32_t c = 0; c < t->schema->n_columns; c++) {
		const struct column *col = &t->schema->columns[c];

		if (!(col->flags & COL_KEY))
			continue;
		if (table_is_null(t, c, row)) {
			h ^= 1;
		} else if (col->type == COL_STR) {
			struct str s = table_str(t, c, row);

			for (uint32_t i = 0; i < s.len; i++)
				h = (h ^ (uint8_t)s.p[i]) * 0x100000001b3;
		} else {
			h ^= table_get(t, c, row);
		}
		h *= 0x9e3779b97f4a7c15;
		h ^= h >> 31;
	}
	return h;
}

struct row_index {
	uint32_t *slots; /* row + 1 */
	uint32_t mask;
};

static int row_index_build(const struct table *t, struct row_index *ret)
{
	uint32_t n = 16;

	while (n < 2 * t->n_rows)
		n *= 2;
	ret->slots = calloc(n, sizeof *ret->slots);
	if (!ret->slots)
		return -ENOMEM;
	ret->mask = n - 1;
	for (uint32_t i = 0; i < t->n_rows; i++) {
		uint32_t k = (uint32_t)key_hash(t, i) & ret->mask;

		while (ret->slots[k])
			k = (k + 1) & ret->mask;
		ret->slots[k] = i + 1;
	}
	return 0;
}

static uint32_t row_index_find(
    const struct row_index *x, const struct table *before, const struct table *now, uint32_t row)
{
	uint32_t k = (uint32_t)key_hash(now, row) & x->mask;

	for (; x->slots[k]; k = (k + 1) & x->mask)
		if (table_same_key(now, row, before, x->slots[k] - 1))
			return x->slots[k] - 1;
	return NO_ROW;
}

/* Fills from[]: the row of before that each row of now was. */
static int match(const struct table *now, const struct table *before, uint32_t *from)
{
	struct row_index x = {0};
	uint32_t next = 0;
	int r = 0;

	for (uint32_t i = 0; i < now->n_rows && r == 0; i++) {
		/* As a rule they stand in the same order. */
		if (next < before->n_rows && table_same_key(now, i, before, next)) {
			from[i] = next++;
			continue;
		}
		if (!x.slots)
			r = row_index_build(before, &x);
		if (r == 0) {
			from[i] = row_index_find(&x, before, now, i);
			if (from[i] != NO_ROW)
				next = from[i] + 1;
		}
	}
	free(x.slots);
	return r;
}

/* --- rates --- */

/* The columns of before in now's order; NO_ROW where it has none of that name and type. */
static uint32_t *column_map(const struct table *now, const struct table *before)
{
	uint32_t *map = malloc((now->schema->n_columns + 1) * sizeof *map);

	for (uint32_t c = 0; map && c < now->schema->n_columns; c++) {
		const struct column *col = &now->schema->columns[c];
		int k = (int)c;

		if (c >= before->schema->n_columns || strcmp(before->schema->columns[c].name, col->name) != 0)
			k = table_schema_find(before->schema, col->name);
		map[c] = k >= 0 && before->schema->columns[k].type == col->type ? (uint32_t)k : NO_ROW;
	}
	return map;
}

static bool less(uint8_t type, uint64_t a, uint64_t b)
{
	if (type == COL_U64)
		return a < b;
	return (int64_t)a < (int64_t)b;
}

/* The rate of a cell, scaled; false: NULL. */
static bool cell_rate(const struct column *col, uint64_t now, uint64_t before, uint64_t us, uint64_t *ret)
{
	unsigned __int128 v, whole = us;

	if (col->type == COL_F64) {
		double a, b, rate;

		memcpy(&a, &now, sizeof a);
		memcpy(&b, &before, sizeof b);
		rate = (a - b) * 1e9 / (double)us;
		if (!(rate >= 0 && rate < 9e18))
			return false;
		*ret = (uint64_t)(rate + 0.5);
		return true;
	}
	if (less(col->type, now, before))
		return false;
	v = (unsigned __int128)(now - before) * 1000000000u; /* per second, three digits */
	for (unsigned i = 0; i < col->scale; i++)
		whole *= 10;
	v = (v + whole / 2) / whole;
	if (v > INT64_MAX)
		return false;
	*ret = (uint64_t)v;
	return true;
}

/* Which rows' REAPED counters are not their own: their REAPMARK is not what it was. */
static void find_reaped(
    const struct table *now, const struct table *before, const uint32_t *columns, const uint32_t *from, uint8_t *reaped)
{
	memset(reaped, 0, now->n_rows);
	for (uint32_t c = 0; c < now->schema->n_columns; c++) {
		if (!(now->schema->columns[c].flags & COL_REAPMARK) || columns[c] == NO_ROW)
			continue;
		for (uint32_t i = 0; i < now->n_rows; i++)
			if (from[i] != NO_ROW &&
			    (table_is_null(now, c, i) || table_is_null(before, columns[c], from[i]) ||
			        table_get(now, c, i) != table_get(before, columns[c], from[i])))
				reaped[i] = 1;
	}
}

/* Forgets which row was which where its counters began anew since. */
static void part_reset(const struct table *now, const struct table *before, const uint32_t *columns, uint32_t *from)
{
	for (uint32_t c = 0; c < now->schema->n_columns; c++) {
		if (!(now->schema->columns[c].flags & COL_RESET) || columns[c] == NO_ROW)
			continue;
		for (uint32_t i = 0; i < now->n_rows; i++) {
			bool null = table_is_null(now, c, i);

			if (from[i] != NO_ROW &&
			    (null != table_is_null(before, columns[c], from[i]) ||
			        (!null && table_get(now, c, i) != table_get(before, columns[c], from[i]))))
				from[i] = NO_ROW;
		}
	}
}

static void copy_column(const struct table *t, uint32_t c, struct table *out)
{
	uint64_t *cells = out->cells + (size_t)c * out->cap_rows;
	uint8_t *nulls = out->nulls + (size_t)c * out->cap_rows;

	for (uint32_t i = 0; i < t->n_rows; i++) {
		size_t at = table_cell(t, c, i);

		cells[i] = t->cells[at];
		nulls[i] = t->nulls[at];
	}
}

static void rate_column(const struct table *now, uint32_t c, const struct table *before, uint32_t k,
    const uint32_t *from, const uint8_t *reaped, uint64_t us, struct table *out)
{
	const struct column *col = &now->schema->columns[c];

	for (uint32_t i = 0; i < now->n_rows; i++) {
		size_t at = table_cell(now, c, i), was;
		uint64_t v;

		if (from[i] == NO_ROW || now->nulls[at])
			continue;
		was = table_cell(before, k, from[i]);
		if (before->nulls[was] || ((col->flags & COL_REAPED) && reaped[i]))
			continue;
		if (now->cells[at] == before->cells[was])
			table_set(out, i, c, 0);
		else if (cell_rate(col, now->cells[at], before->cells[was], us, &v))
			table_set(out, i, c, v);
	}
}

int rate_table(const struct table *now, const struct table *before, uint64_t us, struct table *out)
{
	_cleanup_(cleanup_free) uint32_t *from = malloc(((size_t)now->n_rows + 1) * sizeof *from);
	_cleanup_(cleanup_free) uint8_t *reaped = malloc((size_t)now->n_rows + 1);
	_cleanup_(cleanup_free) uint32_t *columns = NULL;
	int r;

	if (!from || !reaped)
		return -ENOMEM;
	if (us == 0)
		before = NULL;
	table_clear(out);
	out->pool = now->pool;
	r = table_set_rows(out, now->n_rows);
	if (r == 0 && before) {
		columns = column_map(now, before);
		r = columns ? match(now, before, from) : -ENOMEM;
	}
	if (r < 0)
		return r;
	if (before) {
		part_reset(now, before, columns, from);
		find_reaped(now, before, columns, from, reaped);
	}
	for (uint32_t c = 0; c < now->schema->n_columns; c++) {
		if (now->schema->columns[c].kind != KIND_COUNTER)
			copy_column(now, c, out);
		else if (before && columns[c] != NO_ROW)
			rate_column(now, c, before, columns[c], from, reaped, us, out);
	}
	return 0;
}

int rate_keep(const struct table *t, struct strpool *pool, struct table *ret)
{
	int r = table_schema_equal(t->schema, ret->schema) ? 0 : table_set_schema(ret, t->schema);

	table_clear(ret);
	ret->pool = pool;
	if (r == 0)
		r = table_set_rows(ret, t->n_rows);
	for (uint32_t c = 0; c < t->schema->n_columns && r == 0; c++) {
		const struct column *col = &t->schema->columns[c];

		if (col->type != COL_STR) {
			if (col->kind == KIND_COUNTER || (col->flags & (COL_KEY | COL_REAPMARK | COL_RESET)))
				copy_column(t, c, ret);
			continue;
		}
		for (uint32_t i = 0; (col->flags & COL_KEY) && i < t->n_rows && r == 0; i++)
			if (!table_is_null(t, c, i)) {
				struct str s = table_str(t, c, i);

				r = table_set_str(ret, i, c, s.p, s.len);
			}
	}
	return r;
}
