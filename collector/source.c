/* source.c -- see source.h */
#include "collector/source.h"

#include <assert.h>
#include <stdarg.h>

enum { SOURCES_MAX = 256, NAME_MAX_LEN = 64 };

/* The linker sets these around the descriptors that SOURCE places in the section; weak, as a program may have none. */
extern const struct source_desc *const __start_histfs_sources[] __attribute__((weak));
extern const struct source_desc *const __stop_histfs_sources[] __attribute__((weak));

static int by_id(const void *a, const void *b)
{
	const struct source_desc *const *x = a, *const *y = b;

	return (*x)->id - (*y)->id;
}

const struct source_desc *const *source_all(size_t *ret_n)
{
	static const struct source_desc *sorted[SOURCES_MAX];
	static size_t n;

	if (n == 0) {
		n = (size_t)(__stop_histfs_sources - __start_histfs_sources);
		assert(n <= SOURCES_MAX);
		if (n > 0)
			memcpy(sorted, __start_histfs_sources, n * sizeof *sorted);
		qsort(sorted, n, sizeof *sorted, by_id);
		/* Two tables with one id would be one table in every store written: no such program may run. */
		for (size_t i = 1; i < n; i++)
			assert(sorted[i - 1]->id != sorted[i]->id);
	}
	*ret_n = n;
	return sorted;
}

void source_note(const struct source_env *env, const char *fmt, ...)
{
	va_list ap;

	if (!env->note)
		return;
	va_start(ap, fmt);
	vsnprintf(env->note, sizeof((struct source_report *)NULL)->note, fmt, ap);
	va_end(ap);
}

int source_column(struct table *t, const char *name, const struct column *c)
{
	_cleanup_(cleanup_table_schema) struct table_schema *extended = NULL;
	struct column named = *c;
	int i, r;

	i = table_schema_find(t->schema, name);
	if (i >= 0)
		return i;
	if (t->n_rows > 0)
		return -EBUSY;
	r = table_schema_copy(t->schema, &extended);
	if (r < 0)
		return r;
	named.name = name;
	r = table_schema_add(extended, &named);
	if (r < 0)
		return r;
	i = (int)extended->n_columns - 1;
	r = table_set_schema(t, extended);
	return r < 0 ? r : i;
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void source_name(char ret[65], const char *word, size_t len)
{
	size_t n = 0;

	/* A name begins with a letter or digit. */
	while (len > 0 && !is_alnum(*word)) {
		word++;
		len--;
	}
	for (; n < len && n < NAME_MAX_LEN; n++) {
		char c = word[n];

		ret[n] = is_alnum(c) || (c != '\0' && strchr("_.()-", c)) ? c : '_';
	}
	if (n == 0)
		ret[n++] = 'x';
	ret[n] = '\0';
}

int source_table_new(const struct source_desc *desc, struct table **ret)
{
	_cleanup_(cleanup_table_schema) struct table_schema *schema = NULL;
	_cleanup_(cleanup_strpool) struct strpool *pool = NULL;
	int r = table_schema_new(desc->id, desc->name, &schema);

	for (uint32_t i = 0; i < desc->n_columns && r >= 0; i++)
		r = table_schema_add(schema, &desc->columns[i]);
	if (r >= 0)
		r = strpool_new(&pool);
	if (r >= 0)
		r = table_new(schema, pool, ret);
	if (r >= 0)
		(void)TAKE(pool);
	return r < 0 ? r : 0;
}

void source_table_free(struct table *t)
{
	if (!t)
		return;
	strpool_free(t->pool);
	table_free(t);
}

int source_table_append(const struct table *from, struct table *to)
{
	for (uint32_t i = 0; i < from->n_rows; i++) {
		uint32_t row;
		int r = table_add_row(to, &row);

		for (uint32_t c = 0; c < from->schema->n_columns && r == 0; c++) {
			struct str s;

			if (table_is_null(from, c, i))
				continue;
			if (from->schema->columns[c].type != COL_STR) {
				table_set(to, row, c, table_get(from, c, i));
				continue;
			}
			s = table_str(from, c, i);
			r = table_set_str(to, row, c, s.p, s.len);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

void source_report_add(struct source_report *report, const char *who, const char *text)
{
	size_t len = strlen(report->note);

	if (text[0] != '\0')
		snprintf(report->note + len, sizeof report->note - len, "%s%s: %s", len ? "; " : "", who, text);
}

const struct source_desc *source_find(const char *name)
{
	size_t n;
	const struct source_desc *const *all = source_all(&n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}
