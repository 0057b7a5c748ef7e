/* gather.c -- tests of collector/gather.c with sources of the test's own, and a clock that stands still until it is
 * told to go on
 */
#include "collector/gather.h"
#include "collector/source.h"
#include "tests/tap.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static atomic_int passed_ms; /* on the clocks that stand still, since 2026-11-20T03:12:05 */

int __real_clock_gettime(clockid_t id, struct timespec *ret);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret);

/* The monotonic clock, by which others are waited for, goes. */
int __wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
	int ms = atomic_load(&passed_ms);

	if (id == CLOCK_MONOTONIC)
		return __real_clock_gettime(id, ret);
	*ret = (struct timespec){.tv_sec = (id == CLOCK_REALTIME ? 1795144325 : 5000) + ms / 1000};
	ret->tv_nsec = ms % 1000 * 1000000L;
	return 0;
}

static void pass_ms(int ms)
{
	atomic_fetch_add(&passed_ms, ms);
}

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

SOURCE(fails) = {.name = "test_fails",
    .id = 4001,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .open = open_state,
    .close = close_state,
    .sample = sample};

static int sample_plain(const struct source_env *env, void *state, struct table *t)
{
	uint32_t row;

	(void)env;
	ok(!state);
	return table_add_row(t, &row);
}

SOURCE(plain) = {
    .name = "test_plain", .id = 4000, .columns = columns, .n_columns = N_ELEMENTS(columns), .sample = sample_plain};

/* Each sample of these has one row more. */
static int n_slow;

static int sample_slow(const struct source_env *env, void *state, struct table *t)
{
	(void)state;
	source_note(env, "sample %d", ++n_slow);
	for (int i = 0; i < n_slow; i++) {
		uint32_t row;
		int r = table_add_row(t, &row);

		if (r < 0)
			return r;
		table_set(t, row, 0, (uint64_t)i);
	}
	return answer;
}

SOURCE(slow) = {.name = "test_slow",
    .id = 4002,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample_slow,
    .slow = true,
    .every_ms = 3600000};

SOURCE(quick) = {.name = "test_quick",
    .id = 4003,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample_slow,
    .slow = true,
    .off = true};

/* One that hangs until it is let go. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_int n_apart, n_entered;

static int sample_apart(const struct source_env *env, void *state, struct table *t)
{
	uint32_t row;
	int r;

	(void)state;
	atomic_fetch_add(&n_entered, 1);
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	ok(env->fs && !env->redact && !env->health && !env->reports);
	source_note(env, "apart");
	r = table_add_row(t, &row);
	if (r == 0)
		table_set(t, row, 0, (uint64_t)atomic_fetch_add(&n_apart, 1));
	return r;
}

SOURCE(apart) = {.name = "test_apart",
    .id = 4004,
    .columns = columns,
    .n_columns = N_ELEMENTS(columns),
    .sample = sample_apart,
    .slow = true,
    .apart = true,
    .off = true};

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
	n_slow = 0;
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
	size_t n, n_off = 0;
	const struct source_desc *const *all = source_all(&n);

	for (size_t i = 0; i < n; i++)
		n_off += all[i]->off || all[i]->take; /* no server is named */
	if (up(&g, "skip = test_fails\nroot = tests/fixtures/proc-debian12")) {
		s = gather_take(g.gather);
		eq(s->n_tables, n - 1 - n_off);
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

/* Whether the first row's time is that of a moment, 2026-11-20T03:12:05.123Z. */
static bool has_time(const struct table *t)
{
	struct str time = table_str(t, 1, 0);

	str_eq(t->schema->columns[1].name, "taken");
	return time.len == 24 && time.p[10] == 'T' && time.p[23] == 'Z';
}

static void a_table_that_is_not_due_shows_its_last_rows_again(void)
{
	const struct snapshot *s;
	struct rig g;

	if (up(&g, "tables = test_slow test_plain")) {
		s = gather_take(g.gather);
		eq(s->tables[1]->n_rows, 1);
		ok(!s->tables[1]->repeated && has_time(s->tables[1]));
		pass_ms(30);
		for (int i = 0; i < 3; i++) {
			s = gather_take(g.gather);
			eq(s->tables[1]->n_rows, 1);
			ok(s->tables[1]->repeated && has_time(s->tables[1]));
			eq(s->tables[1]->taken_ms, -30);
			ok(!s->tables[0]->repeated);
		}
		eq(n_slow, 1);
	}
	down(&g);
}

static void a_table_whose_interval_has_passed_is_taken_anew(void)
{
	const struct snapshot *s;
	struct rig g;

	if (up(&g, "tables = test_slow\n[interval]\ntest_slow = 60ms")) {
		gather_take(g.gather);
		pass_ms(70);
		s = gather_take(g.gather);
		eq(s->tables[0]->n_rows, 2);
		ok(!s->tables[0]->repeated && has_time(s->tables[0]));
	}
	down(&g);
}

static void a_slow_table_without_an_interval_is_taken_at_every_tick(void)
{
	const struct snapshot *s;
	struct rig g;

	if (up(&g, "tables = test_quick")) {
		for (uint32_t i = 1; i <= 3; i++) {
			s = gather_take(g.gather);
			eq(s->tables[0]->n_rows, i);
			ok(!s->tables[0]->repeated && table_is_null(s->tables[0], 1, 0));
		}
	}
	down(&g);
}

static void a_slow_table_that_fails_is_absent_until_it_is_due_again(void)
{
	const struct snapshot *s;
	struct rig g;

	if (up(&g, "tables = test_slow\n[interval]\ntest_slow = 60ms")) {
		gather_take(g.gather);
		answer = -EIO;
		pass_ms(70);
		ok(gather_take(g.gather)->tables[0]->absent);
		answer = 0;
		ok(gather_take(g.gather)->tables[0]->absent);
		eq(n_slow, 2);
		pass_ms(70);
		s = gather_take(g.gather);
		ok(!s->tables[0]->absent && !s->tables[0]->repeated);
	}
	down(&g);
}

/* Takes snapshots until the table is there. */
static const struct table *wait_for(struct rig *g, uint32_t i)
{
	for (int n = 0; n < 20000; n++) {
		const struct snapshot *s = gather_take(g->gather);

		if (!s->tables[i]->absent && !s->tables[i]->repeated)
			return s->tables[i];
		usleep(5000);
	}
	return NULL;
}

static void a_source_that_hangs_holds_up_nothing(void)
{
	const struct snapshot *s;
	const struct table *t;
	struct rig g;

	if (up(&g, "tables = test_plain test_apart")) {
		pthread_mutex_lock(&gate);
		atomic_store(&n_apart, 0);
		for (int i = 0; i < 3; i++) {
			s = gather_take(g.gather);
			ok(s->tables[1]->absent);
			eq(s->tables[0]->n_rows, 1);
		}
		pthread_mutex_unlock(&gate);
		t = wait_for(&g, 1);
		if (ok(t)) {
			eq(table_get(t, 0, 0), 0);
			ok(t->taken_ms <= 0 && has_time(t));
		}
		pthread_mutex_lock(&gate);
		gather_take(g.gather);
		s = gather_take(g.gather);
		/* The second sample, if it was not through before: its rows, or the first ones again. */
		ok(!s->tables[1]->absent);
		usleep(1000);
		pthread_mutex_unlock(&gate);
	}
	down(&g);
}

static void a_source_apart_is_asked_again_when_its_rows_are_taken(void)
{
	struct rig g;

	pthread_mutex_lock(&gate);
	atomic_store(&n_entered, 0);
	if (up(&g, "tables = test_apart")) {
		gather_take(g.gather);
		pthread_mutex_unlock(&gate);
		ok(wait_for(&g, 0));
		for (int n = 0; n < 20000 && atomic_load(&n_entered) < 2; n++)
			usleep(5000);
		ok(atomic_load(&n_entered) >= 2);
	} else {
		pthread_mutex_unlock(&gate);
	}
	down(&g);
}

static void a_source_that_hangs_is_left_behind_at_the_end(void)
{
	struct rig g;

	pthread_mutex_lock(&gate);
	atomic_store(&n_entered, 0);
	atomic_store(&n_apart, 0);
	if (up(&g, "tables = test_apart"))
		ok(gather_take(g.gather)->tables[0]->absent);
	while (atomic_load(&n_entered) == 0)
		usleep(1000);
	down(&g);
	pthread_mutex_unlock(&gate);
	while (atomic_load(&n_apart) == 0)
		usleep(1000);
}

static struct str report(const struct table *t, uint32_t row, const char *column)
{
	return table_str(t, (uint32_t)table_schema_find(t->schema, column), row);
}

static bool str_is(struct str s, const char *text)
{
	return s.len == strlen(text) && memcmp(s.p, text, s.len) == 0;
}

static void the_table_of_sources_says_how_each_fared(void)
{
	const struct snapshot *s;
	struct rig g;

	if (up(&g, "tables = sources test_plain test_fails test_slow")) {
		answer = -EACCES;
		gather_take(g.gather);
		s = gather_take(g.gather);
		str_eq(s->tables[0]->schema->name, "sources");
		if (eq(s->tables[0]->n_rows, 4)) {
			ok(str_is(report(s->tables[0], 0, "table"), "sources"));
			ok(str_is(report(s->tables[0], 1, "state"), "ok"));
			ok(str_is(report(s->tables[0], 2, "state"), strerror(EACCES)));
			ok(str_is(report(s->tables[0], 3, "note"), "sample 1"));
			eq(table_get(s->tables[0], 2, 3), 3600000);
		}
	}
	down(&g);
}

int main(void)
{
	RUN(a_table_that_is_not_due_shows_its_last_rows_again);
	RUN(a_table_whose_interval_has_passed_is_taken_anew);
	RUN(a_slow_table_without_an_interval_is_taken_at_every_tick);
	RUN(a_slow_table_that_fails_is_absent_until_it_is_due_again);
	RUN(a_source_that_hangs_holds_up_nothing);
	RUN(a_source_apart_is_asked_again_when_its_rows_are_taken);
	RUN(a_source_that_hangs_is_left_behind_at_the_end);
	RUN(the_table_of_sources_says_how_each_fared);
	RUN(columns_that_were_recorded_before_keep_their_order);
	RUN(the_wanted_tables_are_taken_in_order_of_id);
	RUN(every_table_but_the_skipped_ones_is_taken);
	RUN(a_source_that_fails_is_absent_and_said_once);
	RUN(what_a_machine_does_not_have_is_absent_in_silence);
	RUN(a_root_that_is_not_there_is_an_error);
	return tap_done();
}
