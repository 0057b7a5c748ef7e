/* gather.c -- tests of collector/gather.c with sources of the test's own */
#include "collector/gather.h"
#include "collector/source.h"
#include "tests/tap.h"

#include <fcntl.h>

static int answer; /* of the source that fails */
static int n_open;

static const struct column columns[] = {{"v", "", COL_U64, KIND_GAUGE, 0, 0}};

static int open_state(const struct source_env *env, void **ret_state)
{
	(void)env;
	n_open++;
	*ret_state = &n_open;
	return 0;
}

static void close_state(void *state)
{
	ok(state == &n_open);
	n_open--;
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	uint32_t row;

	ok(env->fs && env->ticks_per_s > 0 && env->page_size > 0 && state == &n_open);
	ok_r(table_add_row(t, &row));
	table_set(t, row, 0, 42);
	return answer;
}

SOURCE(fails) = {"test_fails", 4001, columns, N_ELEMENTS(columns), open_state, close_state, sample};

static int sample_plain(const struct source_env *env, void *state, struct table *t)
{
	uint32_t row;

	(void)env;
	ok(!state);
	return table_add_row(t, &row);
}

SOURCE(plain) = {"test_plain", 4000, columns, N_ELEMENTS(columns), NULL, NULL, sample_plain};

struct rig {
	struct config *config;
	struct strpool *pool;
	struct gather *gather;
	int said; /* what is written to standard error goes there */
	int stderr_fd;
};

static bool up(struct rig *g, const char *text)
{
	char path[512], error[CONFIG_ERROR_MAX];
	const char *dir = tap_tmpdir();
	FILE *f;

	*g = (struct rig){.said = -1, .stderr_fd = -1};
	snprintf(path, sizeof path, "%s/said", dir);
	g->stderr_fd = dup(STDERR_FILENO);
	g->said = open(path, O_RDWR | O_CREAT | O_APPEND, 0600);
	dup2(g->said, STDERR_FILENO);
	snprintf(path, sizeof path, "%s/conf", dir);
	f = fopen(path, "w");
	if (!ok(f))
		return false;
	fprintf(f, "[record]\n%s\n", text);
	fclose(f);
	answer = 0;
	return ok_r(config_load(path, &g->config, error)) && ok_r(strpool_new(&g->pool)) &&
	       ok_r(gather_new(g->config, g->pool, NULL, NULL, &g->gather));
}

static void down(struct rig *g)
{
	if (g->gather)
		gather_free(g->gather);
	if (g->pool)
		strpool_free(g->pool);
	if (g->config)
		config_put(g->config);
	dup2(g->stderr_fd, STDERR_FILENO);
	close(g->stderr_fd);
	close(g->said);
	eq(n_open, 0);
}

/* Lines that were said so far. */
static int n_said(const struct rig *g)
{
	char text[4096];
	ssize_t len = pread(g->said, text, sizeof text, 0);
	int n = 0;

	for (ssize_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

static void the_wanted_tables_are_taken_in_order_of_id(void)
{
	const struct snapshot *s;
	struct rig g;

	if (up(&g, "tables = test_fails, test_plain")) {
		s = gather_take(g.gather);
		eq(s->n_tables, 2);
		str_eq(s->tables[0]->schema->name, "test_plain");
		str_eq(s->tables[1]->schema->name, "test_fails");
		eq(s->tables[1]->n_rows, 1);
		eq(table_get(s->tables[1], 0, 0), 42);
		ok(s->time_ms > 0 && s->boot_us > 0);
	}
	down(&g);
}

static void every_table_but_the_skipped_ones_is_taken(void)
{
	const struct snapshot *s;
	struct rig g;
	size_t n;

	source_all(&n);
	if (up(&g, "skip = test_fails\nroot = tests/fixtures/proc-debian12")) {
		s = gather_take(g.gather);
		eq(s->n_tables, n - 1);
		for (uint32_t i = 0; i < s->n_tables; i++)
			ok(i == 0 || s->tables[i - 1]->schema->id < s->tables[i]->schema->id);
		str_eq(s->tables[0]->schema->name, "processes");
		ok(s->tables[0]->n_rows > 0);
	}
	down(&g);
}

static void a_source_that_fails_is_absent_and_said_once(void)
{
	const struct snapshot *s;
	struct rig g;

	if (up(&g, "tables = test_fails test_plain")) {
		answer = -EIO;
		for (int i = 0; i < 3; i++) {
			s = gather_take(g.gather);
			eq(s->n_tables, 2);
			ok(s->tables[1]->absent);
			eq(s->tables[1]->n_rows, 0); /* nothing half filled */
			ok(!s->tables[0]->absent);
			eq(s->tables[0]->n_rows, 1);
		}
		eq(n_said(&g), 1);
		answer = 0;
		s = gather_take(g.gather);
		ok(!s->tables[1]->absent);
		eq(s->tables[1]->n_rows, 1);
		eq(n_said(&g), 2); /* that it is back */
	}
	down(&g);
}

static void what_a_machine_does_not_have_is_absent_in_silence(void)
{
	struct rig g;

	if (up(&g, "tables = test_fails")) {
		answer = -ENOENT;
		ok(gather_take(g.gather)->tables[0]->absent);
		answer = 0;
		ok(!gather_take(g.gather)->tables[0]->absent);
		eq(n_said(&g), 0);
	}
	down(&g);
}

static void a_root_that_is_not_there_is_an_error(void)
{
	struct gather *gather;
	struct strpool *pool;
	struct config c = {.root = (char[]){"/nonexistent"}};

	ok_r(strpool_new(&pool));
	eq(gather_new(&c, pool, NULL, NULL, &gather), -ENOENT);
	strpool_free(pool);
}

static void columns_that_were_recorded_before_keep_their_order(void)
{
	static const struct column late = {"late", "", COL_U64, KIND_GAUGE, 0, 0},
	                           other = {"v", "", COL_I64, KIND_GAUGE, 0, 0};
	struct table_schema *before = NULL, *foreign = NULL;
	struct gather *gather = NULL;
	struct schema *known = NULL;
	struct rig g;

	if (up(&g, "tables = test_plain test_fails") && ok_r(schema_new(0, &known)) &&
	    ok_r(table_schema_new(4000, "test_plain", &before)) && ok_r(table_schema_add(before, &columns[0])) &&
	    ok_r(table_schema_add(before, &late)) && ok_r(table_schema_new(4001, "test_fails", &foreign)) &&
	    ok_r(table_schema_add(foreign, &other)) && ok_r(schema_set(known, before)) &&
	    ok_r(schema_set(known, foreign)) && ok_r(gather_new(g.config, g.pool, known, NULL, &gather))) {
		const struct snapshot *s = gather_take(gather);

		eq(s->tables[0]->schema->n_columns, 2);
		eq(table_schema_find(s->tables[0]->schema, "late"), 1);
		/* A column that the source counts on is of another type there: it begins anew. */
		eq(s->tables[1]->schema->columns[0].type, COL_U64);
	}
	if (gather)
		gather_free(gather);
	if (known)
		schema_free(known);
	table_schema_put(before);
	table_schema_put(foreign);
	down(&g);
}

int main(void)
{
	RUN(columns_that_were_recorded_before_keep_their_order);
	RUN(the_wanted_tables_are_taken_in_order_of_id);
	RUN(every_table_but_the_skipped_ones_is_taken);
	RUN(a_source_that_fails_is_absent_and_said_once);
	RUN(what_a_machine_does_not_have_is_absent_in_silence);
	RUN(a_root_that_is_not_there_is_an_error);
	return tap_done();
}
