/* influx.c -- tests of collector/influx.c */
#include "collector/influx.h"
#include "tests/point_trap.h"
#include "tests/tap.h"

static void gives(const char *text, const char *want)
{
	struct point_trap t;

	point_trap_init(&t);
	eq(influx_parse(span_of(text, strlen(text)), true, 7, 1, &t.sink), strlen(text));
	str_eq(point_trap_text(&t), want);
	point_trap_done(&t);
}

static void a_field_is_a_series_and_tags_are_its_labels(void)
{
	gives("cpu,host=a,core=0 usage=1.5 100\n", "cpu_usage{core=0,host=a} 1.5 100; ");
	gives("cpu value=3", "cpu 3 7; ");
	gives("m a=1,b=-2e3,c=3i,d=4u,e=t,f=F,value=.5 -9\n",
	    "m_a 1 -9; m_b -2000 -9; m_c 3 -9; m_d 4 -9; m_e 1 -9; m_f 0 -9; m 0.5 -9; ");
	gives("m a=1 9223372036854775807", "m_a 1 9223372036854775807; ");
	gives("m a=-9223372036854775808i,b=18446744073709551615u 1",
	    "m_a -9.2233720368547758e+18 1; m_b 1.8446744073709552e+19 1; ");
}

static void blanks_and_comments_are_no_lines(void)
{
	gives("", "");
	gives("\n  \n# m a=1 1\r\n \r\n", "");
	gives("  # m a=\"no text\nm a=1 5\nm b=\"\" 6\n", "m_a 1 5; !3 a field that is text, which is not kept; ");
	gives("  m   a=1   5  \r\nm b=2 6", "m_a 1 5; m_b 2 6; ");
}

static void backslashes_stand_before_what_would_end_a_name(void)
{
	gives("a\\ b\\,c=d,t\\ \\,\\=1=v\\=\\ \\,2 f\\ \\,\\=3=1 5", "a b,c=d_f ,=3{t ,=1=v= ,2} 1 5; ");
	gives("a\\b,t\\x=y\\z f=1 5", "a\\b_f{t\\x=y\\z} 1 5; ");
	gives("m,t=a\\\\,b=c f=1 5", "!1 a tag without a name, or without a value; ");
}

static void texts_are_refused_and_nothing_in_them_is_read(void)
{
	gives("m a=\"x\",b=2 5\n", "!1 a field that is text, which is not kept; m_b 2 5; ");
	gives("m a=\"x y=1,\\\"z\",b=2 5", "!1 a field that is text, which is not kept; m_b 2 5; ");
	gives("log msg=\"one\ncpu usage=5 1000\n\" 3\nm a=1 4\nx\n",
	    "!1 a field that is text, which is not kept; m_a 1 4; !5 no fields; ");
	gives("log msg=\"one\ncpu usage=5 1000\nm a=1 4\n", "!1 a text in quotes that does not end; ");
	gives("m a=\"\\\\\",b=2 5", "!1 a field that is text, which is not kept; m_b 2 5; ");
	gives("m a=\"x\"y,b=2 5", "!1 a text in quotes that does not end; ");
	gives("m,t=\"q f=1 5\nm,t=\"q\" f=1 6\n", "m_f{t=\"q} 1 5; m_f{t=\"q\"} 1 6; ");
}

static void a_line_that_is_wrong_is_refused_as_a_whole_and_the_others_are_not(void)
{
	gives("m a=1,b=x 5\nm c=1 6\n", "!1 a value that is no number; m_c 1 6; ");
	gives("m\n", "!1 no fields; ");
	gives("m a\n", "!1 a field without a value; ");
	gives("m a= 5\n", "!1 a value that is no number; ");
	gives("m =1 5\n", "!1 a field without a name, or without a value; ");
	gives("m a=1, 5\n", "!1 a field without a value; ");
	gives("m a=1,,b=1 5\n", "!1 a field without a name, or without a value; ");
	gives(",t=v a=1 5\n", "!1 no measurement; ");
	gives("m,t a=1 5\n", "!1 a tag without a name, or without a value; ");
	gives("m,t= a=1 5\n", "!1 a tag without a name, or without a value; ");
	gives("m,=v a=1 5\n", "!1 a tag without a name, or without a value; ");
	gives("m, a=1 5\n", "!1 a tag without a name, or without a value; ");
	gives("m,t=v, a=1 5\n", "!1 a tag without a name, or without a value; ");
	gives("m,t=v=w a=1 5\n", "!1 a tag without a name, or without a value; ");
	gives("m,t=v,t=w a=1 5\n", "!1 no key; ");
	gives("m a=1 5x\n", "!1 something behind the time; ");
	gives("m a=1 5 6\n", "!1 something behind the time; ");
	gives("m a=1 5.5\n", "!1 something behind the time; ");
	gives("m a=1 x\n", "!1 a time that is none, or beyond 64 bits of nanoseconds; ");
	gives("m a=1 9223372036854775808\n", "!1 a time that is none, or beyond 64 bits of nanoseconds; ");
}

static void what_is_no_number_is_not_guessed_at(void)
{
	static const char *const bad[] = {"nan", "inf", "-", "+", ".", "1e", "1e+", "1..2", "0x10", "1_000", "1,5", "i",
	    "-i", "-1u", "1.5i", "1ii", "tru", "TRuE", "--1", "1-"};

	for (size_t i = 0; i < N_ELEMENTS(bad); i++) {
		char line[64], want[64];

		snprintf(line, sizeof line, "m a=%s 5", bad[i]);
		snprintf(want, sizeof want, "!1 %s; ",
		    strcmp(bad[i], "1,5") == 0 ? "a field without a value" : "a value that is no number");
		gives(line, want);
	}
	gives("m a=1e999 5", "!1 a number that is too large; ");
	gives("m a=9223372036854775808i 5", "!1 an integer beyond 64 bits; ");
	gives("m a=18446744073709551616u 5", "!1 an integer beyond 64 bits; ");
}

static void numbers_are_the_nearest_doubles(void)
{
	gives("m a=0.1,b=123456789.123456789,c=1e22,d=1e23,e=5e-324,f=2.4703282292062327e-324,g=-0 1",
	    "m_a 0.10000000000000001 1; m_b 123456789.12345679 1; m_c 1e+22 1; m_d 9.9999999999999992e+22 1; "
	    "m_e 4.9406564584124654e-324 1; m_f 0 1; m_g -0 1; ");
	gives("m a=9007199254740993,b=9007199254740993.00000000000000000000000000000000001,c=00000000000000000000001 1",
	    "m_a 9007199254740992 1; m_b 9007199254740994 1; m_c 1 1; ");
	gives("m a=179769313486231570000000000000000000000e270 1", "m_a 1.7976931348623157e+308 1; ");
}

static void a_unit_is_what_times_are_in(void)
{
	struct point_trap t;
	const char *text = "m a=1 1700000000\nm a=2\nm a=3 9223372037\n";

	point_trap_init(&t);
	influx_parse(span_of(text, strlen(text)), true, 7, 1000000000, &t.sink);
	str_eq(point_trap_text(&t), "m_a 1 1700000000000000000; m_a 2 7; "
	                            "!3 a time that is none, or beyond 64 bits of nanoseconds; ");
	point_trap_done(&t);
}

static void a_half_line_waits_for_the_rest_of_it(void)
{
	const char *text = "m a=1 5\nm s=\"x\ny\",b=2 6\nm c=3 7\n";
	struct point_trap t;

	point_trap_init(&t);
	for (size_t n = 0; n <= strlen(text); n++) {
		size_t took = influx_parse(span_of(text, n), false, 0, 1, &t.sink), want = n < 8    ? 0
		                                                                           : n < 24 ? 8
		                                                                           : n < 32 ? 24
		                                                                                    : 32;

		eq(took, want);
	}
	point_trap_done(&t);
}

static void what_is_too_much_is_refused(void)
{
	_cleanup_(buf_done) struct buf b = {0};
	struct point_trap t;

	point_trap_init(&t);
	buf_puts(&b, "m ");
	for (int i = 0; i < 1025; i++)
		buf_printf(&b, "%sf%d=%d", i ? "," : "", i, i);
	influx_parse(span_of(b.p, b.len), true, 7, 1, &t.sink);
	str_eq(point_trap_text(&t), "!1 more than 1024 fields; ");
	buf_clear(&b);
	buf_puts(&b, "m");
	for (int i = 0; i < 65; i++)
		buf_printf(&b, ",t%d=%d", i, i);
	buf_puts(&b, " f=1");
	influx_parse(span_of(b.p, b.len), true, 7, 1, &t.sink);
	str_eq(point_trap_text(&t), "!1 more than 64 tags; ");
	buf_clear(&b);
	for (int i = 0; i < 8193; i++)
		buf_put_u8(&b, 'x');
	buf_puts(&b, " f=1");
	influx_parse(span_of(b.p, b.len), true, 7, 1, &t.sink);
	str_eq(point_trap_text(&t), "!1 the measurement and its tags are too long; ");
	point_trap_done(&t);
}

int main(void)
{
	RUN(a_field_is_a_series_and_tags_are_its_labels);
	RUN(blanks_and_comments_are_no_lines);
	RUN(backslashes_stand_before_what_would_end_a_name);
	RUN(texts_are_refused_and_nothing_in_them_is_read);
	RUN(a_line_that_is_wrong_is_refused_as_a_whole_and_the_others_are_not);
	RUN(what_is_no_number_is_not_guessed_at);
	RUN(numbers_are_the_nearest_doubles);
	RUN(a_unit_is_what_times_are_in);
	RUN(a_half_line_waits_for_the_rest_of_it);
	RUN(what_is_too_much_is_refused);
	return tap_done();
}
