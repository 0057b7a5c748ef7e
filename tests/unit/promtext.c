/* promtext.c -- tests of collector/promtext.c */
#include "collector/promtext.h"
#include "tests/point_trap.h"
#include "tests/tap.h"

static void gives(enum promtext_form form, const char *text, const char *want)
{
	struct point_trap t;

	point_trap_init(&t);
	eq(promtext_parse(span_of(text, strlen(text)), true, form, 7, &t.sink), strlen(text));
	str_eq(point_trap_text(&t), want);
	point_trap_done(&t);
}

static void plain(const char *text, const char *want)
{
	gives(PROMTEXT_PLAIN, text, want);
}

static void open_metrics(const char *text, const char *want)
{
	gives(PROMTEXT_OPENMETRICS, text, want);
}

/* The example of the format's documentation, in its odd corners. */
static void samples_of_all_types_are_points(void)
{
	plain("# HELP http_requests_total The total.\n# TYPE http_requests_total counter\n"
	      "http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n\n"
	      "msdos_file_access_time_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\",error=\"Cannot find:\\n\\\"F\\\"\"} "
	      "1.458255915e9\nmetric_without_timestamp_and_labels 12.47\nsomething_weird{problem=\"zero\"} +Inf "
	      "-3982045\n"
	      "h_bucket{le=\"+Inf\"} 144320\nr{quantile=\"0.99\"} NaN\nx -Inf\n",
	    "http_requests_total{code=200,method=post} 1027 1395066363000000000; "
	    "msdos_file_access_time_seconds{error=Cannot find:\n\"F\",path=C:\\DIR\\FILE.TXT} 1458255915 7; "
	    "metric_without_timestamp_and_labels 12.470000000000001 7; something_weird{problem=zero} inf "
	    "-3982045000000; h_bucket{le=+Inf} 144320 7; r{quantile=0.99} nan 7; x -inf 7; ");
}

static void blanks_are_where_they_may_be(void)
{
	plain("  a { x = \"1\" , y=\"2\" , }  3   4  \r\na{} 5\n\ta\t6\t7\na{x=\"}\"} 8",
	    "a{x=1,y=2} 3 4000000; a 5 7; a 6 7000000; a{x=}} 8 7; ");
	plain("a{x=\"\"} 1\n#EOF\n# a 2\n", "a{} 1 7; ");
}

static void times_of_openmetrics_are_seconds_and_exemplars_are_passed_over(void)
{
	open_metrics(
	    "a_total 1 1.5 # {trace_id=\"x\"} 0.5 1.2\na_created 1520430000.123\nb_bucket{le=\"1.0\"} 2 # {} 0.5\n"
	    "c 3 1.7e9\n# EOF\n",
	    "a_total 1 1500000000; a_created 1520430000.1229999 7; b_bucket{le=1.0} 2 7; c 3 1700000000000000000; ");
	open_metrics("a 1\n# EOF\nb 2\n", "a 1 7; !2 something behind # EOF; ");
	plain("a 1 5 # {} 1\na 2 1.5\n",
	    "!1 something behind the time; !2 a time that is none, or beyond 64 bits of nanoseconds; ");
}

static void the_end_of_openmetrics_is_known(void)
{
	static const struct {
		const char *text;
		bool ended;
	} texts[] = {{"a 1\n# EOF\n", true}, {"a 1\n# EOF", true}, {"# EOF\n", true}, {"a 1\n", false}, {"", false},
	    {"\n", false}, {"a 1 # EOF\n", false}, {"# EOF\n\n", false}, {"# EO", false}, {"# EOF\na 1\n# EOF\n", false}};

	for (size_t i = 0; i < N_ELEMENTS(texts); i++)
		eq(promtext_is_ended(span_of(texts[i].text, strlen(texts[i].text))), texts[i].ended);
}

static void what_is_wrong_is_refused_and_the_rest_is_not(void)
{
	static const struct {
		const char *line, *why;
	} bad[] = {
	    {"<html>", "a value that is no number, or too large"},
	    {"a", "a value that is no number, or too large"},
	    {"a x", "a value that is no number, or too large"},
	    {"a 1e999", "a value that is no number, or too large"},
	    {"a 0x1p3", "a value that is no number, or too large"},
	    {"a 1 x", "a time that is none, or beyond 64 bits of nanoseconds"},
	    {"a 1 9223372036855", "a time that is none, or beyond 64 bits of nanoseconds"},
	    {"a 1 2 3", "something behind the time"},
	    {"a{x=\"1\" 1", "labels that do not end"},
	    {"a{x=\"1} 1", "labels that do not end"},
	    {"a{x=\"1\\\"} 1", "labels that do not end"},
	    {"a{x=\"1\"y=\"2\"} 1", "no comma between labels"},
	    {"a{x} 1", "a label's value that is not in quotes"},
	    {"a{x=1} 1", "a label's value that is not in quotes"},
	    {"a{=\"1\"} 1", "a label's name that is none"},
	    {"a{1x=\"1\"} 1", "a label's name that is none"},
	    {"a{x:y=\"1\"} 1", "a label's name that is none"},
	    {"a{,} 1", "a label's name that is none"},
	    {"a{x=\"\\t\"} 1", "a backslash before what needs none"},
	    {"a{x=\"1\",x=\"2\"} 1", "no key"},
	    {"1a 1", "a metric's name that is none"},
	    {"a-b 1", "a metric's name that is none"},
	    {"{x=\"1\"} 1", "a metric's name that is none"},
	    {"a{x=\"1\"}b 1", "a value that is no number, or too large"},
	};

	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		char text[128], want[128];

		snprintf(text, sizeof text, "ok 1\n%s\nok 2\n", bad[i].line);
		snprintf(want, sizeof want, "ok 1 7; !2 %s; ok 2 7; ", bad[i].why);
		plain(text, want);
	}
}

static void a_label_bomb_is_refused(void)
{
	_cleanup_(buf_done) struct buf b = {0};
	struct point_trap t;

	point_trap_init(&t);
	buf_puts(&b, "a{");
	for (int i = 0; i < 65; i++)
		buf_printf(&b, "x%d=\"1\",", i);
	buf_puts(&b, "} 1\nb{x=\"");
	for (int i = 0; i < 9000; i++)
		buf_put_u8(&b, 'x');
	buf_puts(&b, "\"} 1\nb{x=\"");
	for (int i = 0; i < 5000; i++)
		buf_put_u8(&b, 'x');
	buf_puts(&b, "\"} 1\n");
	promtext_parse(span_of(b.p, b.len), true, PROMTEXT_PLAIN, 7, &t.sink);
	str_eq(point_trap_text(&t), "!1 more than 64 labels; !2 the name and its labels are too long; !3 no key; ");
	point_trap_done(&t);
}

int main(void)
{
	RUN(samples_of_all_types_are_points);
	RUN(blanks_are_where_they_may_be);
	RUN(times_of_openmetrics_are_seconds_and_exemplars_are_passed_over);
	RUN(the_end_of_openmetrics_is_known);
	RUN(what_is_wrong_is_refused_and_the_rest_is_not);
	RUN(a_label_bomb_is_refused);
	return tap_done();
}
