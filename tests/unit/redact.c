/* redact.c -- tests of collector/redact.c */
#include "collector/redact.h"
#include "tests/tap.h"

/* The text with its NULs written as '|', redacted. */
static void check(const struct redact *rd, const char *in, const char *want)
{
	struct buf out = {0};
	char text[256], got[512];
	size_t len = strlen(in);

	for (size_t i = 0; i < len; i++)
		text[i] = in[i] == '|' ? '\0' : in[i];
	redact_put(rd, text, len, &out);
	ok(out.err == 0 && out.len < sizeof got);
	for (size_t i = 0; i < out.len; i++)
		got[i] = out.p[i] ? (char)out.p[i] : '|';
	got[out.len] = '\0';
	str_eq(got, want);
	buf_done(&out);
}

static struct redact *plain(void)
{
	struct redact *rd = NULL;

	ok_r(redact_new(NULL, 0, NULL, &rd));
	return rd;
}

static void values_of_secret_words_are_blanked(void)
{
	_cleanup_(cleanup_redact) struct redact *rd = plain();

	if (!rd)
		return;
	check(rd, "psql|host=db password=hunter2 dbname=x", "psql|host=db password=*** dbname=x");
	check(rd, "env|PGPASSWORD=a;b&c|psql", "env|PGPASSWORD=***|psql");
	check(rd, "sh|-c|PGPASSWORD=abc psql -h db", "sh|-c|PGPASSWORD=*** psql -h db");
	check(rd, "x|client_secret=1|TOKEN=2|passwd=3", "x|client_secret=***|TOKEN=***|passwd=***");
	check(rd, "curl|-d|{\"password\": \"a b\", \"n\": 1}", "curl|-d|{\"password\": \"***\", \"n\": 1}");
	check(rd, "x|password='it''s' y", "x|password='***' y");
	check(rd, "x|--api-key=k|--access_key|k2|z", "x|--api-key=***|--access_key|***|z");
}

static void the_argument_after_the_option_is_blanked(void)
{
	_cleanup_(cleanup_redact) struct redact *rd = plain();

	if (!rd)
		return;
	check(rd, "mysql|--password|two words|db", "mysql|--password|***|db");
	check(rd, "mysql|--password=two words|db", "mysql|--password=***|db");
	check(rd, "mysql --password hunter2 db", "mysql --password *** db");
	check(rd, "psql|--password|-d|x", "psql|--password|-d|x");
	check(rd, "mysql|--password", "mysql|--password");
	check(rd, "mysql|--password|", "mysql|--password|");
}

static void passwords_in_sql_and_urls_are_blanked(void)
{
	_cleanup_(cleanup_redact) struct redact *rd = plain();

	if (!rd)
		return;
	check(rd, "psql|-c|ALTER ROLE bob PASSWORD 'x y'; SELECT 1", "psql|-c|ALTER ROLE bob PASSWORD '***'; SELECT 1");
	check(rd, "create role a password E'b\\'c' login", "create role a password E'***' login");
	check(rd, "alter role a password e'b\\'c'", "alter role a password e'***'");
	check(rd, "alter role a password'b c'", "alter role a password'***'");
	check(rd, "alter role a password U&'b c' uescape '!'", "alter role a password U&'***' uescape '!'");
	check(rd, "alter role a password u&'b c'; select 1", "alter role a password u&'***'; select 1");
	check(rd, "alter role a password $$b 'c$$; select 1", "alter role a password $$***$$; select 1");
	check(rd, "alter role a password $x$b $$ c$x$; select 1", "alter role a password $x$***$x$; select 1");
	check(rd, "alter role a password $x$b c", "alter role a password $x$***");
	check(rd, "alter role a password /* x */ 'b c' login", "alter role a password /* x */ '***' login");
	check(rd, "alter role a password -- 'x'\n 'b c' login", "alter role a password -- 'x'\n '***' login");
	check(rd, "alter role a password 'b c", "alter role a password '***");
	check(rd, "update u set password = e'b\\'c' where a = 1", "update u set password = e'***' where a = 1");
	check(rd, "update u set password = 'b c', x = 1", "update u set password = '***', x = 1");
	check(rd, "update u set password=$$b c$$, x = 1", "update u set password=***$$, x = 1");
	check(rd, "update u set password=e'b c', x = 1", "update u set password=e'***', x = 1");
	check(rd, "select * from t where a = 'the password' or b = 'c'",
	    "select * from t where a = 'the password' or b = 'c'");
	check(rd, "app password=$ab$cd x", "app password=***");
	check(rd, "update u set password = $$b c$$, x = 1", "update u set password = $$***$$, x = 1");
	check(rd, "app|postgresql://bob:p@ss@db:5432/x", "app|postgresql://bob:***@db:5432/x");
	check(rd, "app|http://host:80/a@b", "app|http://host:80/a@b");
}

static void what_is_no_secret_stays(void)
{
	_cleanup_(cleanup_redact) struct redact *rd = plain();

	if (!rd)
		return;
	check(rd, "", "");
	check(rd, "vault|--token-file=/run/t|--password-file|/x", "vault|--token-file=/run/t|--password-file|/x");
	check(rd, "passwd|bob", "passwd|bob");
	check(rd, "ls|secrets|tokens", "ls|secrets|tokens");
	check(rd, "x|password=", "x|password=");
	check(rd, "password", "password");
	check(rd, "x password", "x password");
	check(rd, "alter role a password null", "alter role a password null");
	check(rd, "alter role a password $1", "alter role a password $1");
	check(rd, "select 'password', 'b'", "select 'password', 'b'");
	check(rd, "select \"password\" from u", "select \"password\" from u");
	check(rd, "a password /* x", "a password /* x");
}

static void patterns_of_ones_own_are_applied(void)
{
	static const char *const patterns[] = {"-p([^ ]+)", "[0-9]{4}", "z*"};
	_cleanup_(cleanup_redact) struct redact *rd = NULL;

	if (!ok_r(redact_new(patterns, N_ELEMENTS(patterns), NULL, &rd)))
		return;
	check(rd, "mysql -pSecret -Pother 1234 x", "mysql -p*** -P*** *** x");
}

static void a_pattern_that_is_none_is_named(void)
{
	static const char *const patterns[] = {"fine", "(", "fine"};
	struct redact *rd;
	size_t bad = 99;

	eq(redact_new(patterns, 3, &bad, &rd), -EINVAL);
	eq(bad, 1);
}

int main(void)
{
	RUN(values_of_secret_words_are_blanked);
	RUN(the_argument_after_the_option_is_blanked);
	RUN(passwords_in_sql_and_urls_are_blanked);
	RUN(what_is_no_secret_stays);
	RUN(patterns_of_ones_own_are_applied);
	RUN(a_pattern_that_is_none_is_named);
	return tap_done();
}
