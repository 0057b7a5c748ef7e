/* plot.c -- line charts: rates of counters, breaks of the line, and numbers of any size */
#include "view/plot.h"
#include "tests/unit/pictures.h"

#include <math.h>

enum { N = 3600, HOUR_MS = 3600 * 1000 };

#define FROM_MS (INT64_C(498651) * HOUR_MS) /* 2026-11-20T03 */

struct made {
	struct column column;
	const char *title;
	uint32_t n;
	struct series_point points[N];
};

static struct made *begin(enum column_type type, enum column_kind kind)
{
	struct made *m = calloc(1, sizeof(*m));

	if (!m)
		exit(1);
	m->column = (struct column){"c", "ticks", type, kind, 0, 0};
	m->title = "cpu all c";
	return m;
}

static void add(struct made *m, int64_t s, uint64_t v)
{
	m->points[m->n].ms = FROM_MS + s * 1000;
	m->points[m->n].boot = 1;
	m->points[m->n].boot_us = (uint64_t)(s + HOUR_MS) * 1000000;
	m->points[m->n++].value = v;
}

static int try_draw(const struct made *m, struct buf *b)
{
	struct plot p = {.title = m->title,
	    .title_len = strlen(m->title),
	    .column = &m->column,
	    .from_ms = FROM_MS,
	    .to_ms = FROM_MS + HOUR_MS,
	    .points = m->points,
	    .n = m->n};

	return plot_draw(&p, b);
}

/* The picture, to be freed; m is freed. */
static char *draw(struct made *m)
{
	struct buf b = {0};

	ok_r(try_draw(m, &b));
	buf_put_u8(&b, '\0');
	free(m);
	ok(b.p && picture_is_well_formed((char *)b.p));
	return (char *)b.p;
}

static bool has(const char *picture, const char *what)
{
	return strstr(picture, what) != NULL;
}

/* The pieces that the line is in. */
static unsigned pieces(const char *picture)
{
	const char *p = strstr(picture, "<path class=\"l\" d=\"");
	unsigned n = 0;

	for (p = p ? p + strlen("<path class=\"l\" d=\"") : ""; *p && *p != '"'; p++)
		n += *p == 'M';
	return n;
}

static void gauges_are_drawn_as_they_are(void)
{
	struct made *m = begin(COL_U64, KIND_GAUGE);
	char *p;

	for (unsigned s = 0; s < N; s++)
		add(m, s, s == 725 ? 2000 : s == 900 ? 10 : 1000);
	p = draw(m);
	ok(has(p, ">cpu all c</text>"));
	ok(has(p, ">ticks; min 10 at 03:15:00, mean 1k, max 2k at 03:12:05</text>"));
	ok(has(p, "<title>min 10 at 03:15:00</title>") && has(p, "<title>max 2k at 03:12:05</title>"));
	ok(has(p, ">03:00</text>") && has(p, ">03:30</text>") && has(p, ">04:00</text>"));
	ok(has(p, ">0</text>") && has(p, ">500</text>") && has(p, ">2k</text>"));
	ok(has(p, "<title>from 03:12:00\nmin 1k\nmean 1.017k\nmax 2k</title>"));
	eq(pieces(p), 1);
	free(p);
}

static void counters_are_drawn_as_rates(void)
{
	struct made *m = begin(COL_U64, KIND_COUNTER);
	uint64_t v = UINT64_MAX - 500000;
	char *p;

	/* Every 10 s; the difference counts, however large the number is. */
	for (unsigned s = 0; s < N; s += 10)
		add(m, s, v += s == 1000 ? 500 : 30);
	p = draw(m);
	ok(has(p, ">ticks per second; min 3 at 03:00:10, mean 3.131, max 50 at 03:16:40</text>"));
	eq(pieces(p), 1);
	free(p);
	/* A decimal, which goes down once. */
	m = begin(COL_DEC, KIND_COUNTER);
	m->column.scale = 2;
	for (unsigned s = 0; s < 100; s++)
		add(m, s, s < 50 ? 700 * s : 100 * s);
	p = draw(m);
	ok(has(p, "min 1 at 03:00:51, mean 4, max 7 at 03:00:01"));
	eq(pieces(p), 2);
	free(p);
}

static void a_stepped_clock_makes_no_rate_wrong(void)
{
	struct made *m = begin(COL_U64, KIND_COUNTER);
	char *p;

	/* Ahead by half a second, and back by as much. */
	for (unsigned s = 0; s < 1000; s++) {
		add(m, s, 10 * s);
		m->points[s].ms += s >= 300 && s < 600 ? 500 : 0;
	}
	p = draw(m);
	ok(has(p, "min 10 at 03:00:01, mean 10, max 10 at 03:00:01"));
	free(p);
}

static void a_machine_that_is_started_anew_has_no_rate_over_that(void)
{
	struct made *m = begin(COL_U64, KIND_COUNTER);
	char *p;

	/* The second boot counts more in its first seconds than the first one did in all. */
	for (unsigned s = 0; s < 200; s++) {
		add(m, s, s < 100 ? 2 * s : 5000 + 2 * s);
		m->points[s].boot = s < 100 ? 1 : 2;
	}
	p = draw(m);
	ok(has(p, "min 2 at 03:00:01, mean 2, max 2 at 03:00:01"));
	eq(pieces(p), 2);
	free(p);
}

static void the_line_breaks_where_nothing_is_known(void)
{
	struct made *m = begin(COL_I64, KIND_GAUGE);
	char *p;

	for (unsigned s = 0; s < 1000; s++) {
		if (s == 100 || (s >= 400 && s < 500)) /* missing */
			continue;
		m->points[m->n].null = s >= 700 && s < 710;
		add(m, s, (uint64_t)(int64_t)-5);
	}
	p = draw(m);
	eq(pieces(p), 4);
	ok(has(p, "min -5 at"));
	free(p);
	/* A clock that steps back. */
	m = begin(COL_I64, KIND_GAUGE);
	for (unsigned s = 500; s < 600; s++)
		add(m, s, 1);
	for (unsigned s = 550; s < 650; s++)
		add(m, s, 1);
	p = draw(m);
	eq(pieces(p), 2);
	free(p);
}

static void what_was_not_due_is_one_point(void)
{
	struct made *m = begin(COL_U64, KIND_COUNTER);
	char *p;

	/* Each tenth snapshot is of a new time. */
	for (unsigned s = 0; s < 1000; s++)
		add(m, s - s % 10, s / 10 * 20);
	p = draw(m);
	ok(has(p, "min 2 at 03:00:10, mean 2, max 2 at"));
	eq(pieces(p), 1);
	free(p);
}

static void the_point_before_the_hour_gives_the_first_rate(void)
{
	struct made *m = begin(COL_U64, KIND_COUNTER);
	char *p;

	add(m, -1, 0);
	add(m, 0, 7);
	add(m, 1, 8);
	p = draw(m);
	ok(has(p, "max 7 at 03:00:00"));
	free(p);
}

static void strings_cannot_be_drawn(void)
{
	struct made *m = begin(COL_STR, KIND_LABEL);
	struct buf b = {0};

	add(m, 0, 0);
	eq(try_draw(m, &b), -ENOENT);
	eq(b.len, 0);
	buf_done(&b);
	free(m);
}

static void nothing_recorded_is_an_empty_chart(void)
{
	char *p = draw(begin(COL_U64, KIND_COUNTER));
	struct made *m = begin(COL_U64, KIND_COUNTER);

	ok(has(p, "ticks per second; nothing recorded"));
	free(p);
	add(m, 0, 5); /* no rate yet */
	p = draw(m);
	ok(has(p, "nothing recorded"));
	free(p);
}

static void a_point_that_is_alone_is_a_dot(void)
{
	struct made *m = begin(COL_U64, KIND_GAUGE);
	char *p;

	add(m, 1800, 5);
	p = draw(m);
	ok(has(p, "d=\"M525.0 ") && has(p, "h0\"/>"));
	free(p);
}

static uint64_t bits(double d)
{
	uint64_t v;

	memcpy(&v, &d, sizeof(v));
	return v;
}

static void numbers_of_any_size_can_be_drawn(void)
{
	static const double values[] = {0, -0.0, 1, -1, 1e-310, 1e-300, 1e-5, 999.9996, 1e15 + 1, 1e21, 1e299, -1e299,
	    1e308, -1e308, INFINITY, -INFINITY, NAN, 1e15};

	for (unsigned a = 0; a < N_ELEMENTS(values); a++)
		for (unsigned b = 0; b < N_ELEMENTS(values); b++)
			for (unsigned kind = KIND_GAUGE; kind <= KIND_COUNTER; kind++) {
				struct made *m = begin(COL_F64, kind);
				char *p;

				for (unsigned s = 0; s < 4; s++)
					add(m, s, bits(values[s % 2 ? b : a]));
				p = draw(m);
				if (!ok(!has(p, "nan") && !has(p, "inf")))
					printf("# %g and %g\n", values[a], values[b]);
				free(p);
			}
}

static void a_title_may_be_anything(void)
{
	struct made *m = begin(COL_U64, KIND_GAUGE);
	char *p;

	m->title = "a<b>&\"c\" \x01\x1b[1m \xff\xc3\xa9 \xc0\x80 \xed\xa0\x80 \xe2\x82";
	p = draw(m);
	ok(has(p, ">a&lt;b&gt;&amp;\"c\" \xef\xbf\xbd\xef\xbf\xbd[1m \xef\xbf\xbd\xc3\xa9 "));
	ok(!strpbrk(p, "\x01\x1b\xc0\xed\xff"));
	free(p);
}

int main(void)
{
	RUN(gauges_are_drawn_as_they_are);
	RUN(counters_are_drawn_as_rates);
	RUN(a_stepped_clock_makes_no_rate_wrong);
	RUN(a_machine_that_is_started_anew_has_no_rate_over_that);
	RUN(the_line_breaks_where_nothing_is_known);
	RUN(what_was_not_due_is_one_point);
	RUN(the_point_before_the_hour_gives_the_first_rate);
	RUN(strings_cannot_be_drawn);
	RUN(nothing_recorded_is_an_empty_chart);
	RUN(a_point_that_is_alone_is_a_dot);
	RUN(numbers_of_any_size_can_be_drawn);
	RUN(a_title_may_be_anything);
	return tap_done();
}
