/* pg_catalog.c -- the questions to PostgreSQL, held against what servers of each version have
 *
 * tests/fixtures/pg-catalog has the views, columns and functions of each version; catalog.sql there says how it was
 * made. A question is taken apart into words. Each must be a word of SQL, a name that the question gives itself, or
 * something that the version has: so a column that is not there is found without a server. And each column that a
 * version has must be asked for, or be left out on purpose.
 */
#include "collector/pg_query.h"
#include "tests/source_rig.h"
#include "tests/tap.h"

#include <ctype.h>

enum { FIRST_VERSION = 10, LAST_VERSION = 18, WORDS_MAX = 2000 };

/* What is not asked for: a column, or with `.` at its end all of a view. docs/columns.md says why. */
static const char *const left_out[] = {
    /* Catalogues, of which a table takes what it wants. */
    "pg_class.",
    "pg_database.",
    "pg_namespace.",
    "pg_tablespace.",
    /* Views that no table is about. */
    "pg_prepared_xacts.",
    "pg_stat_gssapi.",
    "pg_stat_recovery_prefetch.",
    "pg_stat_ssl.",
    "pg_stat_subscription.",
    "pg_stat_subscription_stats.",
    "pg_stat_user_functions.",
    "pg_statio_user_sequences.",
    "pg_store_plans_info.",
    /* Said by the view that it is read with. */
    "pg_stat_database_conflicts.datname",
    "pg_statio_user_indexes.indexrelname",
    "pg_statio_user_indexes.relid",
    "pg_statio_user_indexes.relname",
    "pg_statio_user_indexes.schemaname",
    "pg_statio_user_tables.relname",
    "pg_statio_user_tables.schemaname",
    /* Asked for in a question of their own, or a quotient. */
    "pg_stat_statements.mean_exec_time",
    "pg_stat_statements.mean_plan_time",
    "pg_stat_statements.mean_time",
    "pg_stat_statements.query",
    "pg_store_plans.mean_plan_time",
    "pg_store_plans.mean_time",
    "pg_store_plans.plan",
    /* Columns. */
    "pg_locks.fastpath",
    "pg_locks.virtualtransaction",
    "pg_replication_slots.datoid",
    "pg_settings.boot_val",
    "pg_settings.category",
    "pg_settings.enumvals",
    "pg_settings.extra_desc",
    "pg_settings.max_val",
    "pg_settings.min_val",
    "pg_settings.reset_val",
    "pg_settings.short_desc",
    "pg_settings.sourcefile",
    "pg_settings.sourceline",
    "pg_settings.vartype",
    "pg_stat_replication.usesysid",
    "pg_stat_wal_receiver.conninfo",
};

/* What was met in any version: keys of JSON objects, those of them that are columns, and what was left out. */
static char keys[4096], keys_there[4096], met[4096];

/* --- a catalogue --- */

struct relation {
	char name[64];
	char columns[2048]; /* with a blank before and behind each */
	bool asked;
	char asked_for[2048];
};

struct catalog {
	struct relation relations[80];
	size_t n_relations;
	char functions[2048];
};

static bool has_word(const char *list, const char *word)
{
	char quoted[82];

	snprintf(quoted, sizeof quoted, " %s ", word);
	return strstr(list, quoted) != NULL;
}

static void add_word(char *list, size_t size, const char *word)
{
	size_t len = strlen(list);

	if (!has_word(list, word))
		ok((size_t)snprintf(list + len, size - len, "%s%s ", len ? "" : " ", word) < size - len);
}

static bool catalog_read(struct catalog *c, const char *name)
{
	char path[128], line[4096];
	FILE *in;

	snprintf(path, sizeof path, "tests/fixtures/pg-catalog/%s", name);
	in = fopen(path, "re");
	if (!ok(in != NULL))
		return false;
	while (fgets(line, sizeof line, in)) {
		size_t len = strcspn(line, " ");
		struct relation *v = &c->relations[c->n_relations];

		ok(line[strlen(line) - 1] == '\n');
		line[strlen(line) - 1] = '\0';
		if (strncmp(line, "functions ", 10) == 0) {
			snprintf(c->functions, sizeof c->functions, "%.2000s ", line + len);
			continue;
		}
		if (!ok(c->n_relations < N_ELEMENTS(c->relations) && strlen(line + len) + 2 < sizeof v->columns))
			break;
		*v = (struct relation){0};
		snprintf(v->name, sizeof v->name, "%.*s", (int)len, line);
		snprintf(v->columns, sizeof v->columns, "%.2000s ", line + len);
		c->n_relations++;
	}
	fclose(in);
	return ok(c->n_relations > 0);
}

static struct relation *catalog_find(struct catalog *c, const char *name)
{
	for (size_t i = 0; i < c->n_relations; i++)
		if (strcmp(c->relations[i].name, name) == 0)
			return &c->relations[i];
	return NULL;
}

/* --- a question, taken apart --- */

struct word {
	char kind; /* 'a': a name, 'j': key of a JSON object, or the sign itself */
	char text[80];
};

struct question {
	struct word words[WORDS_MAX];
	size_t n;
	char names[2048]; /* that it gives itself */
};

static void question_split(struct question *q, const char *p)
{
	memset(q, 0, sizeof *q);
	while (*p && ok(q->n + 3 < WORDS_MAX)) {
		struct word *w = &q->words[q->n];
		size_t len = 1;

		if (isspace((unsigned char)*p) || isdigit((unsigned char)*p)) {
			p++;
			continue;
		}
		if (islower((unsigned char)*p) || isupper((unsigned char)*p) || *p == '_') {
			w->kind = 'a';
			len = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
			snprintf(w->text, sizeof w->text, "%.*s", (int)len, p);
			q->n++;
		} else if (*p == '\'' || *p == '"') {
			len = strcspn(p + 1, *p == '"' ? "\"" : "'") + 2;
			if (q->n > 0 && q->words[q->n - 1].kind == '>') {
				w->kind = 'j';
				snprintf(w->text, sizeof w->text, "%.*s", (int)len - 2, p + 1);
				q->n++;
			}
		} else {
			w->kind = *p;
			q->n++;
		}
		p += len;
	}
}

static bool is_sql(const char *word)
{
	static const char words[] =
	    " SELECT FROM WHERE WITH AS AND OR NOT IN IS NULL DISTINCT ON ANY CASE WHEN THEN ELSE END UNION ALL LEFT "
	    "JOIN "
	    "ORDER BY COLLATE float8 true false extract epoch coalesce nullif to_jsonb text int bigint oid regclass "
	    "pg_lsn ";

	return has_word(words, word);
}

static const struct word *at(const struct question *q, size_t i)
{
	static const struct word none = {0};

	return i < q->n ? &q->words[i] : &none;
}

static bool is_word(const struct question *q, size_t i, const char *text)
{
	return at(q, i)->kind == 'a' && strcmp(at(q, i)->text, text) == 0;
}

/* Place behind the bracket that closes the one at i. */
static size_t behind_brackets(const struct question *q, size_t i)
{
	int depth = 0;

	for (; i < q->n; i++) {
		depth += at(q, i)->kind == '(';
		depth -= at(q, i)->kind == ')';
		if (depth == 0)
			return i + 1;
	}
	return i;
}

/* A name for what stands before i. */
static void name_here(struct question *q, size_t i)
{
	if (at(q, i)->kind == 'a' && !is_sql(at(q, i)->text))
		add_word(q->names, sizeof q->names, at(q, i)->text);
}

/* Names that the question gives: AS name, name AS (...), FROM x name, FROM (...) name, and so behind JOIN and commas.
 */
static void question_find_names(struct question *q, struct catalog *c)
{
	for (size_t i = 0; i < q->n; i++) {
		struct relation *v = at(q, i)->kind == 'a' ? catalog_find(c, at(q, i)->text) : NULL;

		if (is_word(q, i, "AS")) {
			name_here(q, i + 1);
			if (at(q, i + 1)->kind == '(')
				name_here(q, i - 1);
		}
		if (v)
			name_here(q, at(q, i + 1)->kind == '(' ? behind_brackets(q, i + 1) : i + 1);
		if (is_word(q, i, "FROM") && at(q, i + 1)->kind == '(')
			name_here(q, behind_brackets(q, i + 1));
		if (at(q, i)->kind == ',' && at(q, i + 1)->kind == '(')
			name_here(q, behind_brackets(q, i + 1));
		if ((is_word(q, i, "FROM") || is_word(q, i, "JOIN")) && has_word(q->names, at(q, i + 1)->text))
			name_here(q, i + 2);
		if (v)
			v->asked = true;
	}
}

/* The view that a name stands for, if it is for one. */
static struct relation *relation_of(const struct question *q, struct catalog *c, const char *alias)
{
	for (size_t i = 0; i + 1 < q->n; i++) {
		struct relation *v = at(q, i)->kind == 'a' ? catalog_find(c, at(q, i)->text) : NULL;
		size_t next = at(q, i + 1)->kind == '(' ? behind_brackets(q, i + 1) : i + 1;

		if (v && is_word(q, next, alias))
			return v;
	}
	return NULL;
}

/* Whether a view that is asked has the column; `only`: that one. */
static bool find_column(struct catalog *c, const struct question *q, struct relation *only, const char *column)
{
	bool any = false;

	for (size_t i = 0; i < c->n_relations; i++) {
		struct relation *v = &c->relations[i];
		bool here = false;

		for (size_t k = 0; k < q->n && !here; k++)
			here = is_word(q, k, v->name);
		if (!here || (only && v != only) || !has_word(v->columns, column))
			continue;
		add_word(v->asked_for, sizeof v->asked_for, column);
		any = true;
	}
	return any;
}

static bool is_known(struct catalog *c, const struct question *q, size_t i)
{
	const char *text = at(q, i)->text;

	if (at(q, i)->kind == 'j')
		return true;
	if (i >= 2 && at(q, i - 1)->kind == '.' && strcmp(at(q, i - 2)->text, "x") != 0) {
		struct relation *only = relation_of(q, c, at(q, i - 2)->text);

		return find_column(c, q, only, text) || (!only && has_word(q->names, text));
	}
	if (at(q, i + 1)->kind == '.')
		return has_word(q->names, text) || strcmp(text, "x") == 0;
	/* oid is a type, and a column. */
	if (is_sql(text) && !(strcmp(text, "oid") == 0 && at(q, i - 1)->kind != ':'))
		return true;
	if (catalog_find(c, text))
		return true;
	if (at(q, i + 1)->kind == '(')
		return has_word(c->functions, text);
	return find_column(c, q, NULL, text) || has_word(q->names, text);
}

/* --- the tests --- */

static void check(const struct source_desc *desc, uint32_t version, struct catalog *c, const char *of)
{
	static struct question q;
	_cleanup_(buf_done) struct buf sql = {0};
	int r = pg_query_write(desc->postgres, version, desc->postgres->extension ? "x" : NULL, &sql);

	if (r == -ENOENT)
		return;
	if (!ok_r(r))
		return;
	question_split(&q, (const char *)sql.p);
	question_find_names(&q, c);
	for (size_t i = 0; i < q.n; i++) {
		if (at(&q, i)->kind == 'j') {
			add_word(keys, sizeof keys, at(&q, i)->text);
			if (find_column(c, &q, NULL, at(&q, i)->text))
				add_word(keys_there, sizeof keys_there, at(&q, i)->text);
		}
		/* A name has none before version 12. */
		if (is_word(&q, i, "COLLATE"))
			ok(is_word(&q, i - 1, "text"));
		if ((at(&q, i)->kind != 'a' && at(&q, i)->kind != 'j') || is_known(c, &q, i))
			continue;
		printf("# %s, version %s has no %s\n", desc->name, of, at(&q, i)->text);
		ok(!"asked for what is not there");
	}
}

static bool is_left_out(const char *relation, const char *column)
{
	char name[160];

	for (size_t i = 0; i < N_ELEMENTS(left_out); i++) {
		size_t len = strlen(left_out[i]);

		snprintf(name, sizeof name, "%s.%s", relation, left_out[i][len - 1] == '.' ? "" : column);
		if (strcmp(name, left_out[i]) != 0)
			continue;
		add_word(met, sizeof met, name);
		return true;
	}
	return false;
}

static void check_complete(const struct catalog *c, const char *of)
{
	for (size_t i = 0; i < c->n_relations; i++) {
		const struct relation *v = &c->relations[i];
		char column[80];
		const char *p = v->columns + 1;

		for (size_t len; (len = strcspn(p, " ")) > 0; p += len + 1) {
			snprintf(column, sizeof column, "%.*s", (int)len, p);
			if (has_word(v->asked_for, column) || is_left_out(v->name, column))
				continue;
			printf("# version %s: %s.%s\n", of, v->name, column);
			ok(!"neither asked for nor left out on purpose");
		}
	}
}

/* All questions to a server, or to an extension. */
static bool ask_all(struct catalog *c, const char *extension, uint32_t version, const char *of)
{
	size_t n, n_asked = 0;
	const struct source_desc *const *all = source_all(&n);

	for (size_t i = 0; i < n; i++) {
		const struct pg_table *t = all[i]->postgres;

		if (!t || (t->extension == NULL) != (extension == NULL))
			continue;
		if (extension && strcmp(t->extension, extension) != 0)
			continue;
		check(all[i], version, c, of);
		n_asked++;
	}
	return ok(n_asked > 0);
}

static void servers_have_what_they_are_asked_for_and_are_asked_for_all_that_they_have(void)
{
	for (unsigned v = FIRST_VERSION; v <= LAST_VERSION; v++) {
		static struct catalog c;
		char name[32];

		c = (struct catalog){0};
		snprintf(name, sizeof name, "%u", v);
		if (catalog_read(&c, name) && ask_all(&c, NULL, v * 10000, name))
			check_complete(&c, name);
	}
}

static void check_extension(const char *extension, const char *name, uint32_t version)
{
	static struct catalog server, c;

	server = c = (struct catalog){0};
	if (!catalog_read(&c, name) || !catalog_read(&server, "18"))
		return;
	/* Names of databases and roles are the server's. */
	c.relations[c.n_relations++] = *catalog_find(&server, "pg_database");
	memcpy(c.functions, server.functions, sizeof c.functions);
	if (ask_all(&c, extension, version, name)) {
		c.n_relations--;
		check_complete(&c, name);
	}
}

static void so_has_each_version_of_pg_stat_statements(void)
{
	for (uint32_t v = 4; v <= 12; v++) {
		char name[64];

		snprintf(name, sizeof name, "pg_stat_statements-1.%u", v);
		check_extension("pg_stat_statements", name, 100 + v);
	}
}

static void so_has_each_version_of_the_two_extensions_pg_store_plans(void)
{
	static const struct {
		const char *name;
		uint32_t version;
	} both[] = {{"vadv-1.6", 106}, {"vadv-1.7", 107}, {"vadv-1.8", 108}, {"vadv-1.9", 109}, {"vadv-2.0", 200},
	    {"ossc-1.3", PG_TEXTS_ALWAYS + 103}, {"ossc-1.4", PG_TEXTS_ALWAYS + 104},
	    {"ossc-1.5", PG_TEXTS_ALWAYS + 105}, {"ossc-1.6", PG_TEXTS_ALWAYS + 106},
	    {"ossc-1.7", PG_TEXTS_ALWAYS + 107}, {"ossc-1.8", PG_TEXTS_ALWAYS + 108},
	    {"ossc-1.9", PG_TEXTS_ALWAYS + 109}};

	for (size_t i = 0; i < N_ELEMENTS(both); i++) {
		char name[64];

		snprintf(name, sizeof name, "pg_store_plans-%s", both[i].name);
		check_extension("pg_store_plans", name, both[i].version);
	}
}

static void what_is_left_out_is_there_and_so_are_the_keys(void)
{
	for (size_t i = 0; i < N_ELEMENTS(left_out); i++)
		if (!ok(has_word(met, left_out[i])))
			printf("# no version has %s, or it is asked for\n", left_out[i]);
	ok(keys[0]);
	for (const char *p = keys; *p; p += strcspn(p + 1, " ") + 1) {
		char key[80];

		snprintf(key, sizeof key, "%.*s", (int)strcspn(p + 1, " "), p + 1);
		if (key[0] && !ok(has_word(keys_there, key)))
			printf("# no version has the key %s\n", key);
	}
}

int main(void)
{
	RUN(servers_have_what_they_are_asked_for_and_are_asked_for_all_that_they_have);
	RUN(so_has_each_version_of_pg_stat_statements);
	RUN(so_has_each_version_of_the_two_extensions_pg_store_plans);
	RUN(what_is_left_out_is_there_and_so_are_the_keys);
	return tap_done();
}
