/* rate.c -- counters as rates, where numbers are large */
#include "store/rate.h"
#include "tests/tap.h"

static struct table *one_cell(struct strpool *pool, const struct column *c, uint64_t v)
{
	struct table_schema *s;
	struct table *t;
	uint32_t row;

	if (!ok_r(table_schema_new(1, "t", &s)))
		exit(1);
	ok_r(table_schema_add(s, c));
	if (!ok_r(table_new(s, pool, &t)))
		exit(1);
	table_schema_put(s);
	ok_r(table_add_row(t, &row));
	table_set(t, row, 0, v);
	return t;
}

/* The rate of a counter of that scale, in thousandths a second; UINT64_MAX: NULL. */
static uint64_t rate_of(uint8_t scale, uint64_t before, uint64_t now, uint64_t us)
{
	const struct column c = {.name = "c", .type = scale ? COL_DEC : COL_U64, .kind = KIND_COUNTER, .scale = scale};
	_cleanup_(cleanup_table_schema) struct table_schema *schema = NULL;
	_cleanup_(cleanup_strpool) struct strpool *pool = NULL;
	_cleanup_(cleanup_table) struct table *a = NULL, *b = NULL, *out = NULL;

	ok_r(strpool_new(&pool));
	a = one_cell(pool, &c, before);
	b = one_cell(pool, &c, now);
	ok_r(rate_schema(b->schema, &schema));
	ok_r(table_new(schema, pool, &out));
	ok_r(rate_table(b, a, us, out));
	return table_is_null(out, 0, 0) ? UINT64_MAX : table_get(out, 0, 0);
}

static void a_rate_has_three_digits(void)
{
	eq(rate_of(0, 10, 25, 2000000), 7500);
	eq(rate_of(2, 0, 150, 1000000), 1500);
	eq(rate_of(0, 0, 1, 3000000), 333);
	eq(rate_of(0, 5, 4, 1000000), -1);
}

static void many_digits_and_long_times_do_not_overflow(void)
{
	const uint64_t second = 1000000, unit = 1000000000000000000; /* 1 at scale 18 */

	eq(rate_of(18, 0, unit, second), 1000);
	eq(rate_of(18, unit, 3 * unit, 4 * second), 500);
	/* 2^46 us: 10^18 times as much is a multiple of 2^64. */
	eq(rate_of(18, 0, unit, (uint64_t)1 << 46), 0);
	eq(rate_of(0, 0, UINT64_MAX, 1), -1);
	eq(rate_of(0, 0, (uint64_t)1 << 40, UINT64_MAX), 60);
}

static void a_name_that_is_taken_is_not_given_again(void)
{
	static const struct column columns[] = {{.name = "x", .type = COL_U64, .kind = KIND_COUNTER},
	    {.name = "x_per_s", .type = COL_U64, .kind = KIND_GAUGE}};
	_cleanup_(cleanup_table_schema) struct table_schema *from = NULL, *schema = NULL;

	ok_r(table_schema_new(1, "t", &from));
	for (unsigned i = 0; i < N_ELEMENTS(columns); i++)
		ok_r(table_schema_add(from, &columns[i]));
	if (ok_r(rate_schema(from, &schema)))
		str_eq(schema->columns[0].name, "x");
}

/* The rate of a counter beside a time of reset; "when" negative: NULL. */
static bool has_rate(int64_t when_before, int64_t when_now, uint64_t before, uint64_t now)
{
	static const struct column columns[] = {{.name = "n", .type = COL_U64, .kind = KIND_COUNTER},
	    {.name = "when", .type = COL_DEC, .scale = 3, .flags = COL_RESET}};
	_cleanup_(cleanup_table_schema) struct table_schema *schema = NULL, *rates = NULL;
	_cleanup_(cleanup_strpool) struct strpool *pool = NULL, *kept_pool = NULL;
	_cleanup_(cleanup_table) struct table *t = NULL, *kept = NULL, *out = NULL;
	uint32_t row;

	ok_r(strpool_new(&pool));
	ok_r(strpool_new(&kept_pool));
	ok_r(table_schema_new(1, "t", &schema));
	for (unsigned i = 0; i < N_ELEMENTS(columns); i++)
		ok_r(table_schema_add(schema, &columns[i]));
	ok_r(table_new(schema, pool, &t));
	ok_r(table_new(schema, kept_pool, &kept));
	ok_r(rate_schema(schema, &rates));
	ok_r(table_new(rates, pool, &out));
	ok_r(table_add_row(t, &row));
	table_set(t, row, 0, before);
	if (when_before >= 0)
		table_set(t, row, 1, (uint64_t)when_before);
	ok_r(rate_keep(t, kept_pool, kept));
	table_clear(t);
	ok_r(table_add_row(t, &row));
	table_set(t, row, 0, now);
	if (when_now >= 0)
		table_set(t, row, 1, (uint64_t)when_now);
	ok_r(rate_table(t, kept, 1000000, out));
	return !table_is_null(out, 0, 0);
}

static void there_is_no_rate_over_a_reset(void)
{
	ok(has_rate(5, 5, 10, 20));
	ok(has_rate(-1, -1, 10, 20)); /* never reset */
	ok(!has_rate(5, 6, 10, 20));  /* more again already than before */
	ok(!has_rate(-1, 6, 10, 20));
	ok(!has_rate(5, -1, 10, 20));
}

static void a_time_of_reset_is_no_string(void)
{
	static const struct column c = {.name = "when", .type = COL_STR, .flags = COL_RESET};
	_cleanup_(cleanup_table_schema) struct table_schema *schema = NULL;

	ok_r(table_schema_new(1, "t", &schema));
	eq(table_schema_add(schema, &c), -EINVAL);
}

int main(void)
{
	RUN(a_name_that_is_taken_is_not_given_again);
	RUN(a_rate_has_three_digits);
	RUN(many_digits_and_long_times_do_not_overflow);
	RUN(there_is_no_rate_over_a_reset);
	RUN(a_time_of_reset_is_no_string);
	return tap_done();
}
