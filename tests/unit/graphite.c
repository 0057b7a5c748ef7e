/* graphite.c -- tests of collector/graphite.c */
#include "collector/graphite.h"
#include "tests/point_trap.h"
#include "tests/tap.h"

static void gives(const char *text, const char *want)
{
	struct point_trap t;

	point_trap_init(&t);
	eq(graphite_parse(span_of(text, strlen(text)), true, 7, &t.sink), strlen(text));
	str_eq(point_trap_text(&t), want);
	point_trap_done(&t);
}

static void a_line_is_a_point(void)
{
	gives("a.b.c 1.5 100\n", "a.b.c 1.5 100000000000; ");
	gives("a.b;t=v;s=w=x 1.5 100.123456789123\r\n  a\t2  -1\n", "a.b{s=w=x,t=v} 1.5 100123456789; a 2 7; ");
	gives("a 1e3 1.7e9\na -.5 -2\n", "a 1000 1700000000000000000; a -0.5 -2000000000; ");
	gives("a 1 -0.5\na 1 9223372036", "a 1 -500000000; a 1 9223372036000000000; ");
	gives("\n \n", "");
}

static void what_is_wrong_is_refused_and_the_rest_is_not(void)
{
	gives("a 1\nb 2 2\n", "!1 a line has a path, a value and a time; b 2 2000000000; ");
	gives("a\n", "!1 a line has a path, a value and a time; ");
	gives("a 1 2 3\n", "!1 something behind the time; ");
	gives("a x 2\na nan 2\na 1e999 2\na 1x 2\n",
	    "!1 a value that is no number, or too large; !2 a value that is no number, or too large; "
	    "!3 a value that is no number, or too large; !4 a value that is no number, or too large; ");
	gives("a 1 x\na 1 9223372037\na 1 1.5.5\na 1 12h\n",
	    "!1 a time that is none, or beyond 64 bits of nanoseconds; !2 a time that is none, or beyond 64 bits of "
	    "nanoseconds; !3 a time that is none, or beyond 64 bits of nanoseconds; !4 a time that is none, or beyond "
	    "64 bits of nanoseconds; ");
	gives(";t=v 1 2\n", "!1 no path; ");
	gives("a; 1 2\na;t 1 2\na;t= 1 2\na;=v 1 2\na;t=v; 1 2\n",
	    "!1 a tag without a name, or without a value; !2 a tag without a name, or without a value; "
	    "!3 a tag without a name, or without a value; !4 a tag without a name, or without a value; "
	    "!5 a tag without a name, or without a value; ");
	gives("a;t=v;t=w 1 2\n", "!1 no key; ");
}

static void a_half_line_waits_for_the_rest_of_it(void)
{
	const char *text = "a 1 5\nb 2 6\n";
	struct point_trap t;

	point_trap_init(&t);
	for (size_t n = 0; n <= strlen(text); n++)
		eq(graphite_parse(span_of(text, n), false, 0, &t.sink), n - n % 6);
	point_trap_done(&t);
}

int main(void)
{
	RUN(a_line_is_a_point);
	RUN(what_is_wrong_is_refused_and_the_rest_is_not);
	RUN(a_half_line_waits_for_the_rest_of_it);
	return tap_done();
}
