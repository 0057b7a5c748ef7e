/* pg_query.c -- see pg_query.h */
#include "collector/pg_query.h"

#include "collector/redact.h"

#include <libpq-fe.h>
#include <math.h>

static const char *sql_of(const struct pg_expr *e, uint32_t version)
{
	return e->since > 0 && version >= e->since ? e->changed : e->sql;
}

static const char *from_of(const struct pg_table *of, uint32_t version)
{
	const char *sql = NULL;

	for (unsigned i = 0; i < N_ELEMENTS(of->from) && of->from[i].sql; i++)
		if (version >= of->from[i].since)
			sql = of->from[i].sql;
	return sql;
}

unsigned pg_query_n_fields(const struct pg_table *of, uint32_t version)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < of->n_exprs; i++)
		n += sql_of(&of->exprs[i], version) != NULL;
	return n;
}

static void put_expr(struct buf *out, const struct pg_expr *e, const char *sql)
{
	switch (e->value) {
	case PG_TIME:
	case PG_RESET:
	case PG_KEY_TIME:
		buf_printf(out, "extract(epoch FROM %s)", sql);
		break;
	case PG_POSITION:
		buf_printf(out, "%s - '0/0'::pg_lsn", sql);
		break;
	default:
		buf_puts(out, sql);
	}
}

int pg_query_write(const struct pg_table *of, uint32_t version, const char *schema, struct buf *out)
{
	const char *from = from_of(of, version), *separator = "SELECT ";

	if (!from)
		return -ENOENT;
	for (uint32_t i = 0; i < of->n_exprs; i++) {
		const char *sql = sql_of(&of->exprs[i], version);

		if (!sql)
			continue;
		buf_puts(out, separator);
		put_expr(out, &of->exprs[i], sql);
		separator = ", ";
	}
	buf_printf(out, " FROM %s%s%s", schema ? schema : "", schema ? "." : "", from);
	buf_put_u8(out, '\0');
	return out->err;
}

/* A number with decimals, times 1000, as the nearest whole one. */
static bool parse_thousandfold(const char *text, int64_t *ret)
{
	char *end;
	double v = strtod(text, &end) * 1000;

	if (end == text || *end != '\0' || !(fabs(v) < 9e18))
		return false;
	*ret = llround(v);
	return true;
}

int pg_query_set_text(
    struct table *t, uint32_t row, uint32_t column, const struct redact *redact, size_t max, const char *text)
{
	return pg_query_set_bytes(t, row, column, redact, max, text, strlen(text));
}

int pg_query_set_bytes(struct table *t, uint32_t row, uint32_t column, const struct redact *redact, size_t max,
    const char *text, size_t len)
{
	_cleanup_(buf_done) struct buf clean = {0};

	len = utf8_cut(text, len, max);
	if (!redact)
		return table_set_str(t, row, column, text, len);
	redact_put(redact, text, len, &clean);
	if (clean.err < 0)
		return clean.err;
	return table_set_str(t, row, column, clean.len ? (const char *)clean.p : "", clean.len);
}

/* A number that is none stays NULL. */
static void set_number(struct table *t, uint32_t row, uint32_t column, enum pg_value value, const char *p)
{
	uint64_t u;
	int64_t i;

	switch (value) {
	case PG_TIME:
	case PG_RESET:
	case PG_KEY_TIME:
	case PG_US:
	case PG_SPAN:
		if (parse_thousandfold(p, &i))
			table_set(t, row, column, (uint64_t)i);
		break;
	case PG_FLAG:
		table_set(t, row, column, *p == 't');
		break;
	case PG_INT:
	case PG_BYTES:
	case PG_HASH:
	case PG_KEY_HASH:
		if (parse_i64(&p, &i) && *p == '\0')
			table_set(t, row, column, (uint64_t)i);
		break;
	default:
		if (parse_u64(&p, &u) && *p == '\0')
			table_set(t, row, column, u);
	}
}

int pg_query_read(const struct pg_table *of, uint32_t version, const char *server, const struct redact *redact,
    size_t text_max, const PGresult *answer, struct table *t)
{
	for (int k = 0; k < PQntuples(answer); k++) {
		uint32_t row;
		int field = 0, r = table_add_row(t, &row);

		if (r == 0)
			r = table_set_str(t, row, 0, server, strlen(server));
		for (uint32_t i = 0; i < of->n_exprs && r == 0; i++) {
			enum pg_value value = of->exprs[i].value;
			const char *p = NULL;

			if (sql_of(&of->exprs[i], version)) {
				p = PQgetisnull(answer, k, field) ? NULL : PQgetvalue(answer, k, field);
				field++;
			}
			if (!p)
				continue;
			if (value == PG_TEXT)
				r = pg_query_set_text(t, row, i + 1, redact, text_max, p);
			else if (value == PG_STR || value == PG_KEY_STR)
				r = table_set_str(t, row, i + 1, p, strlen(p));
			else
				set_number(t, row, i + 1, value, p);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

uint32_t pg_query_extension_version(const char *text)
{
	uint64_t major, minor, patch;

	if (!parse_u64(&text, &major) || *text++ != '.' || !parse_u64(&text, &minor))
		return 0;
	if (*text != '\0' && (*text++ != '.' || !parse_u64(&text, &patch) || *text != '\0'))
		return 0;
	return major < 10 && minor < 100 ? (uint32_t)(major * 100 + minor) : 0;
}
