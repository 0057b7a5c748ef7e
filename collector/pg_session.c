/* pg_session.c -- see pg_session.h */
#include "collector/pg_session.h"

#include "collector/pg_server.h"

/* Where a table keeps what names a relation. */
static const struct named {
	const char *table, *oid, *name;
} named[] = {{"pg_stat_user_tables", "relid", "relname"}, {"pg_stat_user_indexes", "indexrelid", "indexrelname"}};

static bool find_in(const struct table *t, const struct named *n, uint64_t datid, uint64_t relid, struct buf *out)
{
	int database = table_schema_find(t->schema, "datid"), oid = table_schema_find(t->schema, n->oid);
	int schema = table_schema_find(t->schema, "schemaname"), name = table_schema_find(t->schema, n->name);

	if (database < 0 || oid < 0 || schema < 0 || name < 0)
		return false;
	for (uint32_t i = 0; i < t->n_rows; i++) {
		struct str s;

		if (table_get(t, (uint32_t)oid, i) != relid || table_get(t, (uint32_t)database, i) != datid)
			continue;
		s = table_str(t, (uint32_t)schema, i);
		buf_put(out, s.p, s.len);
		buf_put_u8(out, '.');
		s = table_str(t, (uint32_t)name, i);
		buf_put(out, s.p, s.len);
		return true;
	}
	return false;
}

bool pg_session_relation(const struct pg_session *s, uint64_t datid, uint64_t relid, struct buf *out)
{
	for (unsigned i = 0; i < N_ELEMENTS(named); i++) {
		const struct table *t = pg_server_rows(s->server, named[i].table);

		if (t && find_in(t, &named[i], datid, relid, out))
			return true;
	}
	return false;
}

int pg_session_name(struct pg_session *s, struct table *t, uint32_t first)
{
	int datid = table_schema_find(t->schema, "datid"), relid = table_schema_find(t->schema, "relid");
	int relation = table_schema_find(t->schema, "relation"), r = 0;

	if (datid < 0 || relid < 0 || relation < 0)
		return -EINVAL;
	for (uint32_t i = first; i < t->n_rows && r == 0; i++) {
		_cleanup_(buf_done) struct buf name = {0};

		if (!table_is_null(t, (uint32_t)relation, i) || table_is_null(t, (uint32_t)datid, i) ||
		    table_is_null(t, (uint32_t)relid, i))
			continue;
		if (pg_session_relation(s, table_get(t, (uint32_t)datid, i), table_get(t, (uint32_t)relid, i), &name))
			r = name.err < 0 ? name.err : table_set_str(t, i, (uint32_t)relation, name.p, name.len);
	}
	return r;
}
