/* pg_texts.c -- see pg_texts.h */
#include "collector/pg_texts.h"

#include <libpq-fe.h>

/* More texts than this are asked for all together. */
enum { SINGLE_MAX = 200 };

static int compare(const struct table *t, uint32_t column, uint64_t a, uint64_t b)
{
	if (t->schema->columns[column].type == COL_I64)
		return ((int64_t)a > (int64_t)b) - ((int64_t)a < (int64_t)b);
	return (a > b) - (a < b);
}

/* What a version does not have is the same in all rows. */
static int compare_keys(const struct pg_texts *of, const struct table *a, uint32_t i, const struct table *b, uint32_t j)
{
	int c = 0;

	for (uint32_t k = 1; k <= of->n_keys && c == 0; k++)
		if (!table_is_null(a, k, i) && !table_is_null(b, k, j))
			c = compare(a, k, table_get(a, k, i), table_get(b, k, j));
	return c;
}

/* Takes over texts of rows that were there before. Returns how many are new, or an error. */
static int take_over(const struct pg_texts *of, const struct table *last, struct table *t, uint32_t first)
{
	int n_new = 0;

	for (uint32_t i = first, k = 0; i < t->n_rows; i++) {
		struct str s;
		int r;

		while (last && k < last->n_rows && compare_keys(of, last, k, t, i) < 0)
			k++;
		if (!last || k == last->n_rows || compare_keys(of, last, k, t, i) != 0 ||
		    table_is_null(last, of->text, k)) {
			n_new++;
			continue;
		}
		s = table_str(last, of->text, k);
		r = table_set_str(t, i, of->text, s.p, s.len);
		if (r < 0)
			return r;
	}
	return n_new;
}

static void put_keys(const struct pg_texts *of, const struct table *t, const char *before, struct buf *out)
{
	for (uint32_t k = 1; k <= of->n_asked; k++) {
		buf_puts(out, k == 1 ? before : ", ");
		buf_puts(out, t->schema->columns[k].name);
	}
}

/* The question for the texts that are missing. */
static int write_question(
    const struct pg_texts *of, const char *schema, const struct table *t, uint32_t first, int n_new, struct buf *out)
{
	const char *separator = "";

	put_keys(of, t, "SELECT ", out);
	buf_printf(out, ", %s FROM %s.%s", t->schema->columns[of->text].name, schema, of->from);
	/* An array, so that to the server this is one statement, however many are asked for. */
	if (n_new <= SINGLE_MAX) {
		buf_printf(out, " AND %s = ANY ('{", t->schema->columns[of->wanted].name);
		for (uint32_t i = first; i < t->n_rows; i++) {
			if (!table_is_null(t, of->text, i))
				continue;
			buf_printf(out, "%s%lld", separator, (long long)(int64_t)table_get(t, of->wanted, i));
			separator = ",";
		}
		buf_puts(out, "}'::int8[])");
	}
	put_keys(of, t, " ORDER BY ", out);
	buf_put_u8(out, '\0');
	return out->err;
}

static int compare_answer(const struct pg_texts *of, const PGresult *answer, int k, const struct table *t, uint32_t row)
{
	int c = 0;

	for (uint32_t i = 0; i < of->n_asked && c == 0; i++) {
		const char *p = PQgetvalue(answer, k, (int)i);
		int64_t v = 0;
		uint64_t u = 0;

		if (parse_i64(&p, &v))
			u = (uint64_t)v;
		c = compare(t, i + 1, u, table_get(t, i + 1, row));
	}
	return c;
}

int pg_texts_fill(const struct pg_texts *of, struct pg_session *s, struct table *t, uint32_t first)
{
	_cleanup_(cleanup_pg_result) PGresult *answer = NULL;
	_cleanup_(buf_done) struct buf sql = {0};
	int k = 0, n_new = take_over(of, s->last, t, first), r = n_new;

	if (n_new <= 0)
		return n_new;
	r = write_question(of, s->schema, t, first, n_new, &sql);
	if (r == 0)
		r = pg_conn_query(s->conn, (const char *)sql.p, of->n_asked + 1, &answer);
	for (uint32_t i = first; i < t->n_rows && r == 0; i++) {
		int field = (int)of->n_asked;

		if (!table_is_null(t, of->text, i))
			continue;
		while (k < PQntuples(answer) && compare_answer(of, answer, k, t, i) < 0)
			k++;
		if (k == PQntuples(answer))
			break;
		if (compare_answer(of, answer, k, t, i) == 0 && !PQgetisnull(answer, k, field))
			r = pg_query_set_text(t, i, of->text, s->redact, s->text_max, PQgetvalue(answer, k, field));
	}
	return r;
}
