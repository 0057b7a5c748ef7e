/* statsd.c -- tests of collector/statsd_line.c and collector/statsd.c */
#include "collector/statsd.h"
#include "tests/point_trap.h"
#include "tests/tap.h"

struct trap {
	struct statsd_sink sink; /* first */
	struct statsd *statsd;
	struct buf refused;
	int64_t now_ms;
};

static void refuse(struct statsd_sink *s, const char *why)
{
	struct trap *t = (struct trap *)s;

	buf_printf(&t->refused, "!%" PRIu64 " %s; ", s->line, why);
}

static void sample(struct statsd_sink *s, const struct statsd_sample *v)
{
	struct trap *t = (struct trap *)s;
	const char *why = statsd_add(t->statsd, v, t->now_ms);

	if (why)
		refuse(s, why);
}

static void begin(struct trap *t, uint64_t max_names)
{
	*t = (struct trap){{.sample = sample, .refuse = refuse}, .now_ms = 1000};
	if (!ok_r(statsd_new(max_names, 5000, &t->statsd)))
		exit(1);
}

static void end(struct trap *t)
{
	statsd_free(t->statsd);
	buf_done(&t->refused);
}

static void take(struct trap *t, const char *text)
{
	eq(statsd_line_parse(span_of(text, strlen(text)), true, &t->sink), strlen(text));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The points, in order of their names: that of names is that of hashes. */
static void flushed(struct trap *t, const char *want)
{
	_cleanup_(buf_done) struct buf sorted = {0};
	struct point_trap points;
	char *v[1000], *text, *save;
	size_t n = 0;

	point_trap_init(&points);
	statsd_flush(t->statsd, t->now_ms, 9, &points.sink);
	point_trap_text(&points);
	text = (char *)points.text.p;
	for (char *p = strtok_r(text, ";", &save); p && n < N_ELEMENTS(v); p = strtok_r(NULL, ";", &save))
		if (p[strspn(p, " ")] != '\0')
			v[n++] = p + strspn(p, " ");
	qsort(v, n, sizeof v[0], by_name);
	for (size_t i = 0; i < n; i++)
		buf_printf(&sorted, "%s; ", v[i]);
	buf_put_u8(&sorted, 0);
	str_eq((char *)sorted.p, want);
	point_trap_done(&points);
}

static void refused(struct trap *t, const char *want)
{
	buf_put_u8(&t->refused, 0);
	str_eq((char *)t->refused.p, want);
	t->refused.len = 0;
	t->sink.line = 0;
}

static void counters_go_on_and_count_what_a_sample_stands_for(void)
{
	struct trap t;

	begin(&t, 100);
	take(&t, "a.b:3|c\na.b:1|c|@0.1\na.b:2|c|#host:x,dry\n");
	flushed(&t, "a.b.total 13 9; a.b.total{dry=true,host=x} 2 9; ");
	take(&t, "a.b:-1|c");
	flushed(&t, "a.b.total 12 9; a.b.total{dry=true,host=x} 2 9; ");
	refused(&t, "");
	end(&t);
}

static void gauges_stay_and_move(void)
{
	struct trap t;

	begin(&t, 100);
	take(&t, "g:5|g\ng:+2|g\ng:-1.5|g\nh:-4|g\n");
	flushed(&t, "g 5.5 9; h -4 9; ");
	take(&t, "g:1|g\n");
	flushed(&t, "g 1 9; h -4 9; ");
	end(&t);
}

static void timers_are_summed_up(void)
{
	struct trap t;

	begin(&t, 100);
	for (int i = 100; i > 0; i--) {
		char line[32];

		snprintf(line, sizeof line, "t:%d|ms\n", i);
		take(&t, line);
	}
	take(&t, "u:1:3|h|@0.5\n");
	flushed(&t, "t.count 100 9; t.max 100 9; t.mean 50.5 9; t.min 1 9; t.p50 50 9; t.p90 90 9; t.p99 99 9; "
	            "t.sum 5050 9; u.count 4 9; u.max 3 9; u.mean 2 9; u.min 1 9; u.p50 1 9; u.p90 3 9; u.p99 3 9; "
	            "u.sum 8 9; ");
	flushed(&t, "");
	end(&t);
}

static void of_very_many_samples_all_count_and_some_are_ranked(void)
{
	struct point_trap points;
	struct trap t;
	double p50;
	char *at;

	begin(&t, 100);
	for (int i = 0; i < 100000; i++) {
		char line[32];

		snprintf(line, sizeof line, "t:%d|d", i % 1000);
		take(&t, line);
	}
	point_trap_init(&points);
	statsd_flush(t.statsd, t.now_ms, 9, &points.sink);
	point_trap_text(&points);
	ok(strstr((char *)points.text.p, "t.count 100000 9; "));
	ok(strstr((char *)points.text.p, "t.sum 49950000 9; "));
	at = strstr((char *)points.text.p, "t.p50 ");
	p50 = at ? strtod(at + 6, NULL) : 0;
	ok(p50 > 450 && p50 < 550);
	point_trap_done(&points);
	end(&t);
}

static void sets_count_what_is_different(void)
{
	struct trap t;

	begin(&t, 100);
	for (int i = 0; i < 5000; i++) {
		char line[32];

		snprintf(line, sizeof line, "s:user:%d|s", i % 1234);
		take(&t, line);
	}
	flushed(&t, "s.unique 1234 9; ");
	flushed(&t, "");
	end(&t);
}

static void names_are_forgotten_when_nothing_comes_for_them(void)
{
	struct trap t;

	begin(&t, 2);
	take(&t, "a:1|c\nb:1|c\nc:1|c\n");
	refused(&t, "!3 it would be one name too many (max_names); ");
	t.now_ms += 4000;
	take(&t, "b:1|c\n");
	t.now_ms += 4000;
	flushed(&t, "a.total 1 9; b.total 2 9; ");
	flushed(&t, "b.total 2 9; ");
	take(&t, "c:1|c\n");
	flushed(&t, "b.total 2 9; c.total 1 9; ");
	end(&t);
}

static void many_names_are_each_their_own(void)
{
	struct point_trap points;
	struct trap t;
	size_t n = 0;

	begin(&t, 5000);
	for (int i = 0; i < 5000; i++) {
		char line[32];

		snprintf(line, sizeof line, "n%d:%d|c", i, i);
		take(&t, line);
	}
	refused(&t, "");
	point_trap_init(&points);
	statsd_flush(t.statsd, t.now_ms, 9, &points.sink);
	point_trap_text(&points);
	for (const char *p = (const char *)points.text.p; (p = strstr(p, "; ")); p += 2)
		n++;
	eq(n, 5000);
	ok(strstr((char *)points.text.p, "n4711.total 4711 9; "));
	point_trap_done(&points);
	end(&t);
}

static void what_is_wrong_is_refused_and_the_rest_is_not(void)
{
	static const struct {
		const char *line, *why;
	} bad[] = {
	    {"a", "no type"},
	    {"a:1", "no type"},
	    {"a|c", "a value that is no number, or too large"},
	    {"a:|c", "a value that is no number, or too large"},
	    {"a:x|c", "a value that is no number, or too large"},
	    {"a:1:x|c", "a value that is no number, or too large"},
	    {"a:1:|c", "a value that is empty"},
	    {"a:1e999|c", "a value that is no number, or too large"},
	    {"a:nan|g", "a value that is no number, or too large"},
	    {"a:1|q", "a type that is none of c, g, ms, h, d and s"},
	    {"a:1|", "a type that is none of c, g, ms, h, d and s"},
	    {":1|c", "no name"},
	    {"a:1|c|@0", "a rate that is not above 0 and up to 1"},
	    {"a:1|c|@2", "a rate that is not above 0 and up to 1"},
	    {"a:1|c|@x", "a rate that is not above 0 and up to 1"},
	    {"a:1|c|@nan", "a rate that is not above 0 and up to 1"},
	    {"a:1|c|T1700000000", "a time of its own, which is not kept"},
	    {"a:1|c|zzz", "a section that is not known"},
	    {"a:1|c|#x:1|#y:1", "tags twice"},
	    {"a:1|c|#:1", "a tag without a name"},
	    {"a:1|c|#x:1,x:2", "a name is empty, a tag is there twice, or there is a zero byte"},
	    {"a:|s", "a set's value that is empty"},
	    {"_e{2,2}:ab|cd", "an event or a service check, which is not kept"},
	    {"_sc|x|0", "an event or a service check, which is not kept"},
	};
	struct trap t;

	begin(&t, 100);
	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		char text[128], want[128];

		snprintf(text, sizeof text, "%s\nok:1|c|c:container\n", bad[i].line);
		snprintf(want, sizeof want, "!1 %s; ", bad[i].why);
		take(&t, text);
		refused(&t, want);
	}
	flushed(&t, "ok.total 24 9; ");
	end(&t);
}

int main(void)
{
	RUN(counters_go_on_and_count_what_a_sample_stands_for);
	RUN(gauges_stay_and_move);
	RUN(timers_are_summed_up);
	RUN(of_very_many_samples_all_count_and_some_are_ranked);
	RUN(sets_count_what_is_different);
	RUN(names_are_forgotten_when_nothing_comes_for_them);
	RUN(many_names_are_each_their_own);
	RUN(what_is_wrong_is_refused_and_the_rest_is_not);
	return tap_done();
}
