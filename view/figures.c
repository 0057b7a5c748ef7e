/* figures.c -- see figures.h */
#include "view/figures.h"

#include <math.h>

static int table_id(const struct moment *m, const char *name)
{
	struct table_schema *const *tables;
	uint32_t n;

	hour_tables(m->hour, &tables, &n);
	for (uint32_t k = 0; k < n; k++)
		if (strcmp(tables[k]->name, name) == 0)
			return tables[k]->id;
	return -ENOENT;
}

int figures_table(const struct moment *m, const char *name, const struct table **ret)
{
	int id = table_id(m, name), r;

	*ret = NULL;
	r = id < 0 ? id : store_table(m->store, m->hour, m->i, (uint16_t)id, ret);
	return r == -ENOENT ? 0 : r;
}

int figures_rates(const struct moment *m, const char *name, const struct table **ret)
{
	int id = table_id(m, name), r;

	*ret = NULL;
	r = id < 0 ? id : store_rate(m->store, m->hour, m->i, (uint16_t)id, ret);
	return r == -ENOENT ? 0 : r;
}

int figures_column(const struct table *t, const char *name)
{
	return t ? table_schema_find(t->schema, name) : -ENOENT;
}

double figures_number(const struct table *t, int column, uint32_t row)
{
	const struct column *col;
	uint64_t bits;
	double v;

	if (!t || column < 0 || row >= t->n_rows || table_is_null(t, (uint32_t)column, row))
		return NAN;
	col = &t->schema->columns[column];
	bits = table_get(t, (uint32_t)column, row);
	switch (col->type) {
	case COL_U64:
		return (double)bits;
	case COL_I64:
		return (double)(int64_t)bits;
	case COL_DEC:
		v = (double)(int64_t)bits;
		for (unsigned k = 0; k < col->scale; k++)
			v /= 10;
		return v;
	case COL_F64:
		memcpy(&v, &bits, sizeof(v));
		return v;
	default:
		return NAN;
	}
}

double figures_named(const struct table *t, const char *name, uint32_t row)
{
	return figures_number(t, figures_column(t, name), row);
}

struct str figures_string(const struct table *t, const char *name, uint32_t row)
{
	int c = figures_column(t, name);

	if (c < 0 || row >= t->n_rows || t->schema->columns[c].type != COL_STR)
		return (struct str){"", 0, 0};
	return table_str(t, (uint32_t)c, row);
}

void figures_copy(char *ret, size_t room, struct str s)
{
	size_t len = utf8_cut(s.p, s.len, room - 1);

	memcpy(ret, s.p, len);
	ret[len] = '\0';
}

uint32_t figures_row(const struct table *t, const char *column, const char *value)
{
	uint32_t row = 0;

	while (t && row < t->n_rows && !figures_is(figures_string(t, column, row), value))
		row++;
	return row;
}

double figures_sum(const struct table *t, const int *columns, unsigned n, uint32_t row)
{
	double sum = NAN;

	for (unsigned k = 0; k < n; k++) {
		double v = figures_number(t, columns[k], row);

		if (!isnan(v))
			sum = isnan(sum) ? v : sum + v;
	}
	return sum;
}

uint32_t figures_top_of(
    uint32_t n_rows, double (*value)(const void *arg, uint32_t row), const void *arg, uint32_t max, uint32_t ret[])
{
	double best[FIGURES_TOP_MAX];
	uint32_t n = 0;

	if (max > FIGURES_TOP_MAX)
		max = FIGURES_TOP_MAX;
	for (uint32_t row = 0; max > 0 && row < n_rows; row++) {
		double v = value(arg, row);
		uint32_t k;

		if (!(v > 0) || (n == max && v <= best[n - 1]))
			continue;
		for (k = n < max ? n++ : n - 1; k > 0 && best[k - 1] < v; k--) {
			best[k] = best[k - 1];
			ret[k] = ret[k - 1];
		}
		best[k] = v;
		ret[k] = row;
	}
	return n;
}

struct sums {
	const struct table *t;
	const int *columns;
	unsigned n;
};

static double sum_of(const void *arg, uint32_t row)
{
	const struct sums *s = arg;

	return figures_sum(s->t, s->columns, s->n, row);
}

uint32_t figures_top(const struct table *t, const int *columns, unsigned n, uint32_t max, uint32_t ret[])
{
	struct sums sums = {t, columns, n};

	return figures_top_of(t ? t->n_rows : 0, sum_of, &sums, max, ret);
}
