/* pglog_parse.c -- lines of a PostgreSQL server's log, in each format, as versions 10 to 18 write them */
#include "collector/pglog_parse.h"
#include "collector/pglog_format.h"
#include "tests/tap.h"

#include <stdio.h>

/* 2026-11-20 03:12:05.123 UTC */
#define AT INT64_C(1795144325123)

static const struct pglog_clock no_clock, kolkata = {"IST=19800"}, berlin = {"CEST=7200 CET=3600"},
                                          st_johns = {"NDT=-9000 NST=-12600"}, odd = {"CEST=7200 CET"},
                                          far = {"CET=99999999999"};

/* Room for what str_eq compares, which wants an end. */
static const char *c_str(struct pgtext t)
{
	static char rooms[8][512];
	static unsigned n;
	char *room = rooms[n++ % 8];

	snprintf(room, sizeof rooms[0], "%.*s", (int)t.len, t.len ? t.p : "");
	return room;
}

static struct pglog_parser *parser_of(enum pglog_format format, const char *prefix)
{
	struct pglog_parser *x = NULL;

	ok_r(pglog_parse_new(format, prefix, &x));
	return x;
}

/* Takes one message of a text that has that and nothing else. */
static void take_one(
    struct pglog_parser *x, const char *text, const struct pglog_clock *clock, struct pglog_record *ret)
{
	struct pgtext t = pgtext_of(text);

	eq(pglog_parse_next(x, &t, PGLOG_QUIET, clock, ret), 0);
	eq(t.len, 0);
}

static void lines_with_a_prefix_are_taken_apart(void)
{
	_cleanup_(cleanup_pglog_parser) struct pglog_parser *x = parser_of(PGLOG_STDERR, "%m [%p] %q%u@%d/%a ");
	struct pglog_record rec;

	take_one(x,
	    "2026-11-20 03:12:05.123 UTC [4711] bob@shop/psql: x ERROR:  relation \"t\" does not exist at character "
	    "15\n"
	    "2026-11-20 03:12:05.123 UTC [4711] bob@shop/psql: x DETAIL:  There is none.\n"
	    "2026-11-20 03:12:05.123 UTC [4711] bob@shop/psql: x HINT:  Make it.\n"
	    "2026-11-20 03:12:05.123 UTC [4711] bob@shop/psql: x STATEMENT:  select *\n\tfrom t\n\t\n\twhere 1\n",
	    &no_clock, &rec);
	eq(rec.time_ms, AT);
	eq(rec.severity, PGLOG_ERROR);
	eq(rec.pid, 4711);
	str_eq(rec.sqlstate, "");
	str_eq(c_str(rec.user), "bob");
	str_eq(c_str(rec.database), "shop");
	str_eq(c_str(rec.application), "psql: x");
	str_eq(c_str(rec.part[PGLOG_MESSAGE]), "relation \"t\" does not exist");
	str_eq(c_str(rec.part[PGLOG_DETAIL]), "There is none.");
}

static void continued_lines_belong_to_their_message(void)
{
	_cleanup_(cleanup_pglog_parser) struct pglog_parser *x = parser_of(PGLOG_STDERR, "%m [%p] ");
	struct pglog_record rec;

	take_one(x,
	    "2026-11-20 03:12:05.123 UTC [1] ERROR:  first\n\tsecond\n\t\n\t\tfourth\n"
	    "2026-11-20 03:12:05.123 UTC [1] STATEMENT:  select\n\t1\n",
	    &no_clock, &rec);
	str_eq(c_str(rec.part[PGLOG_MESSAGE]), "first\nsecond\n\n\tfourth");
	str_eq(c_str(rec.part[PGLOG_STATEMENT]), "select\n1");
}

static void prefixes_of_every_kind_are_understood(void)
{
	static const struct {
		const char *prefix, *line;
		unsigned pid;
	} cases[] = {
	    {"", "LOG:  x\n", 0},
	    {"%t:%r:%u@%d:[%p]: ", "2026-11-20 03:12:05 UTC:10.0.0.1(4711):bob@shop:[5]: LOG:  x\n", 5},
	    {"%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
	        "2026-11-20 03:12:05 UTC [5]: [3-1] user=,db=,app=,client= LOG:  x\n", 5},
	    {"%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
	        "2026-11-20 03:12:05 UTC [5]: [3-1] user=[unknown],db=[unknown],app=[unknown],client=[local] LOG:  x\n",
	        5},
	    {"< %m >", "< 2026-11-20 03:12:05.123 UTC >LOG:  x\n", 0},
	    {"%n %p %e ", "1795144325.123 5 00000 LOG:  x\n", 5},
	    {"%%%m %6p %-6p|%c %s %v %x ",
	        "%2026-11-20 03:12:05.123 UTC      5 5     |6560a0b1.5 2026-11-20 03:00:00 UTC "
	        "3/17 0 LOG:  x\n",
	        5},
	    {"%p %10u|%-10d|%b %Q %P %i ", "5        bob|shop      |client backend -77 6 SELECT LOG:  x\n", 5},
	    {"%m [%p] %q%u ", "2026-11-20 03:12:05.123 UTC [5] LOG:  x\n", 5},
	    {"%p %L ", "5 ::1 LOG:  x\n", 5}, /* from 18 on */
	    {"[%p] %u@%d ", "[5] a@b@c@d LOG:  x\n", 5},
	};

	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		_cleanup_(cleanup_pglog_parser) struct pglog_parser *x = parser_of(PGLOG_STDERR, cases[i].prefix);
		struct pglog_record rec;

		take_one(x, cases[i].line, &no_clock, &rec);
		str_eq(c_str(rec.part[PGLOG_MESSAGE]), "x");
		eq(rec.severity, PGLOG_LOG);
		eq(rec.pid, cases[i].pid);
	}
}

static void a_line_that_does_not_fit_its_prefix_is_none(void)
{
	_cleanup_(cleanup_pglog_parser) struct pglog_parser *x = parser_of(PGLOG_STDERR, "%m [%p] ");
	struct pgtext t = pgtext_of("\xff\xfe no log\n\tnor this\n2026-11-20 03:12:05.123 UTC [1] LOG:  x\n");
	struct pglog_record rec;

	eq(pglog_parse_next(x, &t, PGLOG_QUIET, &no_clock, &rec), -EBADMSG);
	eq(pglog_parse_next(x, &t, PGLOG_QUIET, &no_clock, &rec), -EBADMSG);
	eq(pglog_parse_next(x, &t, PGLOG_QUIET, &no_clock, &rec), 0);
	str_eq(c_str(rec.part[PGLOG_MESSAGE]), "x");
	eq(pglog_parse_next(x, &t, PGLOG_QUIET, &no_clock, &rec), -ENODATA);
}

static void names_that_fit_in_too_many_ways_take_no_time(void)
{
	_cleanup_(cleanup_pglog_parser) struct pglog_parser *x = parser_of(PGLOG_STDERR, "%u%d%a%h%r%i%b%u%d%a%h%r ");
	char line[4096];
	struct pgtext t = {line, sizeof line};
	struct pglog_record rec;

	memset(line, 'a', sizeof line);
	line[sizeof line - 1] = '\n';
	eq(pglog_parse_next(x, &t, PGLOG_QUIET, &no_clock, &rec), -EBADMSG);
}

static void a_message_waits_until_no_line_can_belong_to_it(void)
{
	_cleanup_(cleanup_pglog_parser) struct pglog_parser *x = parser_of(PGLOG_STDERR, "%p ");
	static const char text[] = "1 ERROR:  x\n1 STATEMENT:  select 1\n2 LOG:  y\n";
	struct pglog_record rec;

	/* However much of it is there: nothing is taken that is not all there. */
	for (size_t len = 1; len < sizeof text - 1; len++) {
		struct pgtext t = {text, len};

		eq(pglog_parse_next(x, &t, PGLOG_MORE, &no_clock, &rec), -EAGAIN);
		eq(t.len, len);
	}
	for (size_t len = 1; len < sizeof text; len++) {
		struct pgtext t = {text, len};
		int r = pglog_parse_next(x, &t, PGLOG_QUIET, &no_clock, &rec);

		eq(r, text[len - 1] == '\n' ? 0 : -EAGAIN);
		if (r == 0 && len > 12)
			str_eq(c_str(rec.part[PGLOG_STATEMENT]), "select 1");
	}
}

static void a_verbose_server_tells_sqlstate_in_its_lines(void)
{
	_cleanup_(cleanup_pglog_parser) struct pglog_parser *x = parser_of(PGLOG_STDERR, "");
	struct pglog_record rec;

	take_one(x, "ERROR:  42P01: relation \"t\" does not exist\nLOCATION:  parserOpenTable, parse_relation.c:1392\n",
	    &no_clock, &rec);
	str_eq(rec.sqlstate, "42P01");
	str_eq(c_str(rec.part[PGLOG_MESSAGE]), "relation \"t\" does not exist");
}

static void other_languages_have_their_severities(void)
{
	static const struct {
		const char *line;
		enum pglog_severity severity;
	} cases[] = {
	    {"FEHLER:  Division durch Null\nANWEISUNG:  select 1/0;\n", PGLOG_ERROR},
	    {"ERREUR:  division par z\xc3\xa9ro\nINSTRUCTION :  select 1/0;\n", PGLOG_ERROR},
	    {"ОШИБКА:  деление на ноль\nОПЕРАТОР:  select 1/0;\n", PGLOG_ERROR},
	    {"错误:  除以零\n语句:  select 1/0;\n", PGLOG_ERROR},
	    {"WARNUNG:  x\nANWEISUNG:  select 1/0;\n", PGLOG_WARNING},
	    {"ВАЖНО:  x\nОПЕРАТОР:  select 1/0;\n", PGLOG_FATAL},
	    {"PANIK:  x\nANWEISUNG:  select 1/0;\n", PGLOG_PANIC},
	};
	_cleanup_(cleanup_pglog_parser) struct pglog_parser *x = parser_of(PGLOG_STDERR, "");
	_cleanup_(cleanup_pglog_parser) struct pglog_parser *coded = parser_of(PGLOG_STDERR, "%e ");
	struct pglog_record rec;

	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		take_one(x, cases[i].line, &no_clock, &rec);
		eq(rec.severity, cases[i].severity);
		str_eq(c_str(rec.part[PGLOG_STATEMENT]), "select 1/0;");
	}
	/* Where the word is not known, SQLSTATE tells. */
	take_one(coded, "22012 FOUTMELDING:  deling door nul\n", &no_clock, &rec);
	eq(rec.severity, PGLOG_ERROR);
	take_one(coded, "01000 OPGELET:  x\n", &no_clock, &rec);
	eq(rec.severity, PGLOG_WARNING);
}

static void csv_has_23_24_or_26_fields(void)
{
	static const char *const ends[] = {"", ",\"client backend\"", ",\"client backend\",77,-123"};
	_cleanup_(cleanup_pglog_parser) struct pglog_parser *x = parser_of(PGLOG_CSV, NULL);

	for (unsigned i = 0; i < 3; i++) {
		struct pglog_record rec;
		char line[1024];

		snprintf(line, sizeof line,
		    "2026-11-20 03:12:05.123 UTC,\"bob\",\"shop\",4711,\"[local]\",656.1,2,\"SELECT\",2026-11-20 "
		    "03:00:00 "
		    "UTC,3/4,0,ERROR,42P01,\"relation \"\"t\"\", \nsecond\",\"a detail\",\"a hint\",,,\"a "
		    "context\",\"select\n"
		    "1\",15,,\"psql\"%s\n",
		    ends[i]);
		take_one(x, line, &no_clock, &rec);
		eq(rec.time_ms, AT);
		eq(rec.pid, 4711);
		eq(rec.severity, PGLOG_ERROR);
		str_eq(rec.sqlstate, "42P01");
		str_eq(c_str(rec.user), "bob");
		str_eq(c_str(rec.database), "shop");
		str_eq(c_str(rec.application), "psql");
		str_eq(c_str(rec.part[PGLOG_MESSAGE]), "relation \"t\", \nsecond");
		str_eq(c_str(rec.part[PGLOG_DETAIL]), "a detail");
		str_eq(c_str(rec.part[PGLOG_CONTEXT]), "a context");
		str_eq(c_str(rec.part[PGLOG_STATEMENT]), "select\n1");
	}
}

#define CSV_LINE                                                                                                       \
	"2026-11-20 03:12:05.123 UTC,\"bob\",\"shop\",1,,6.1,2,\"\",2026-11-20 03:00:00 "                              \
	"UTC,,0,LOG,00000,\"m\",,,,,,,,,\"\"\n"

static void a_torn_csv_record_costs_nothing_behind_it(void)
{
	static const char whole[] = CSV_LINE;
	_cleanup_(cleanup_pglog_parser) struct pglog_parser *x = parser_of(PGLOG_CSV, NULL);

	for (size_t len = 1; len < sizeof whole - 1; len++) {
		struct pgtext t = {whole, len};
		struct pglog_record rec;
		char text[1024];
		unsigned good = 0;
		int r;

		eq(pglog_parse_next(x, &t, PGLOG_QUIET, &no_clock, &rec), -EAGAIN);
		eq(t.len, len);
		/* The server was killed there, and another one goes on behind it; the line after is good again. */
		snprintf(text, sizeof text, "%.*s%s%s%s", (int)len, whole, whole, whole, whole);
		t = pgtext_of(text);
		while ((r = pglog_parse_next(x, &t, PGLOG_QUIET, &no_clock, &rec)) != -ENODATA && r != -EAGAIN)
			good += r == 0;
		eq(r, -ENODATA);
		ok(good >= 2 && good <= 3);
	}
}

static void json_has_its_escapes(void)
{
	_cleanup_(cleanup_pglog_parser) struct pglog_parser *x = parser_of(PGLOG_JSON, NULL);
	struct pglog_record rec;

	take_one(x,
	    "{\"timestamp\":\"2026-11-20 03:12:05.123 UTC\",\"user\":\"bob\",\"dbname\":\"shop\",\"pid\":4711,"
	    "\"remote_host\":\"[local]\",\"session_id\":\"6.1\",\"line_num\":2,\"ps\":\"SELECT\",\"txid\":0,"
	    "\"error_severity\":\"ERROR\",\"state_code\":\"42P01\",\"message\":\"a "
	    "\\\"b\\\"\\n\\u00e4\\ud83d\\ude00\\u0001\\\\\\/\","
	    "\"statement\":\"select "
	    "1\",\"cursor_position\":15,\"application_name\":\"psql\",\"query_id\":-77,\"new\":\"\"}\n",
	    &no_clock, &rec);
	eq(rec.time_ms, AT);
	eq(rec.pid, 4711);
	eq(rec.severity, PGLOG_ERROR);
	str_eq(rec.sqlstate, "42P01");
	str_eq(c_str(rec.part[PGLOG_MESSAGE]), "a \"b\"\n\xc3\xa4\xf0\x9f\x98\x80\x01\\/");
	str_eq(c_str(rec.part[PGLOG_STATEMENT]), "select 1");
	str_eq(c_str(rec.database), "shop");
}

static void a_torn_json_line_waits_and_a_bad_one_is_passed_over(void)
{
	static const char whole[] = "{\"timestamp\":\"2026-11-20 03:12:05.123 UTC\",\"message\":\"x\\u00e4\"}\n";
	_cleanup_(cleanup_pglog_parser) struct pglog_parser *x = parser_of(PGLOG_JSON, NULL);
	struct pglog_record rec;

	for (size_t len = 1; len < sizeof whole - 1; len++) {
		struct pgtext t = {whole, len};
		char text[256];

		eq(pglog_parse_next(x, &t, PGLOG_QUIET, &no_clock, &rec), -EAGAIN);
		eq(t.len, len);
		if (len == sizeof whole - 2)
			continue;
		snprintf(text, sizeof text, "%.*s\n%s", (int)len, whole, whole);
		t = pgtext_of(text);
		eq(pglog_parse_next(x, &t, PGLOG_QUIET, &no_clock, &rec), -EBADMSG);
		eq(pglog_parse_next(x, &t, PGLOG_QUIET, &no_clock, &rec), 0);
		eq(t.len, 0);
	}
}

static void times_are_utc_whatever_the_logs_zone(void)
{
	static const struct {
		const char *text;
		const struct pglog_clock *clock;
		int64_t ms;
	} cases[] = {
	    {"2026-11-20 03:12:05.123 UTC", &kolkata, AT},
	    {"2026-11-20 08:42:05.123 IST", &kolkata, AT},
	    {"2026-11-20 08:42:05.123 +0530", &no_clock, AT},
	    {"2026-11-20 08:42:05.123 +05:30", &no_clock, AT},
	    {"2026-11-20 00:12:05.123 -03", &no_clock, AT},
	    {"2026-11-20 08:42:05.123 IST", &no_clock, INT64_MIN},
	    {"2026-11-20 08:42:05.123 ist", &kolkata, AT},
	    {"2026-11-20 08:42:05.123 IS", &kolkata, INT64_MIN},
	    {"2026-11-20 08:42:05.123 ISTX", &kolkata, INT64_MIN},
	    {"2026-11-20 08:42:05.123 ", &kolkata, INT64_MIN},
	    /* Both nights when clocks are changed, whenever that is read. */
	    {"2026-03-29 01:59:59.999 CET", &berlin, INT64_C(1774745999999)},
	    {"2026-03-29 03:00:00.000 CEST", &berlin, INT64_C(1774746000000)},
	    {"2026-10-25 02:00:00 CEST", &berlin, INT64_C(1792886400000)},
	    {"2026-10-25 02:59:59.999 CEST", &berlin, INT64_C(1792889999999)},
	    {"2026-10-25 02:00:00 CET", &berlin, INT64_C(1792890000000)},
	    {"2026-11-01 01:59:59.999 NDT", &st_johns, INT64_C(1793507399999)},
	    {"2026-11-01 01:00:00 NST", &st_johns, INT64_C(1793507400000)},
	    /* A zone that the server does not have. */
	    {"2026-10-25 02:00:00 EST", &berlin, INT64_MIN},
	    {"2026-10-25 02:00:00 CET", &odd, INT64_MIN},
	    {"2026-10-25 02:00:00 CET", &far, INT64_MIN},
	    {"2024-02-29 00:00:00 GMT", &no_clock, INT64_C(1709164800000)},
	    {"1970-01-01 00:00:00 UTC", &no_clock, 0},
	    {"2000-03-01 00:00:00 UTC", &no_clock, INT64_C(951868800000)},
	};
	static const char *const bad[] = {"", "2026", "2026-13-01 00:00:00 UTC", "2026-11-20T03:12:05 UTC", "99999999"};

	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pgtext t = pgtext_of(cases[i].text);
		int64_t ms;

		ok(pglog_record_take_time(&t, cases[i].clock, &ms));
		eq(ms, cases[i].ms);
	}
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct pgtext t = pgtext_of(bad[i]);
		int64_t ms;

		ok(!pglog_record_take_time(&t, &no_clock, &ms));
		eq(t.len, strlen(bad[i]));
	}
}

int main(void)
{
	RUN(lines_with_a_prefix_are_taken_apart);
	RUN(continued_lines_belong_to_their_message);
	RUN(prefixes_of_every_kind_are_understood);
	RUN(a_line_that_does_not_fit_its_prefix_is_none);
	RUN(names_that_fit_in_too_many_ways_take_no_time);
	RUN(a_message_waits_until_no_line_can_belong_to_it);
	RUN(a_verbose_server_tells_sqlstate_in_its_lines);
	RUN(other_languages_have_their_severities);
	RUN(csv_has_23_24_or_26_fields);
	RUN(a_torn_csv_record_costs_nothing_behind_it);
	RUN(json_has_its_escapes);
	RUN(a_torn_json_line_waits_and_a_bad_one_is_passed_over);
	RUN(times_are_utc_whatever_the_logs_zone);
	return tap_done();
}
