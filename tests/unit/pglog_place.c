/* pglog_place.c -- the files of a PostgreSQL server's log, by its settings and by what a person names */
#include "collector/pglog_place.h"
#include "tests/tap.h"

#include <errno.h>
#include <fnmatch.h>
#include <string.h>

static void names_with_times_in_them_become_patterns(void)
{
	static const struct {
		const char *filename, *suffix, *glob;
	} cases[] = {
	    {"postgresql-%Y-%m-%d_%H%M%S.log", NULL, "/d/postgresql-*-*-*_***.log"},
	    {"postgresql-%a.log", ".csv", "/d/postgresql-*.csv"},
	    {"postgresql.log", ".json", "/d/postgresql.json"},
	    {"server", ".json", "/d/server.json"},
	    {"100%%-%Ey%Od.log", NULL, "/d/100%-**.log"},
	    {"a[1]*?\\.log", NULL, "/d/a\\[1]\\*\\?\\\\.log"},
	    {"%", NULL, "/d/%"},
	};
	char glob[PGLOG_PATH_MAX], name[PGLOG_PATH_MAX + 1];

	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ok_r(pglog_place_glob("/d", cases[i].filename, cases[i].suffix, glob));
		str_eq(glob, cases[i].glob);
	}
	ok_r(pglog_place_glob("/d", "a[1]*?\\.log", NULL, glob));
	eq(fnmatch(glob + 3, "a[1]*?\\.log", FNM_PERIOD), 0);
	ok(fnmatch(glob + 3, "a1xy.log", FNM_PERIOD) != 0);
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	eq(pglog_place_glob("/d", name, NULL, glob), -EMSGSIZE);
}

static void the_format_of_named_files_is_that_of_their_names(void)
{
	struct pglog_place place;
	char name[PGLOG_PATH_MAX + 1];

	ok_r(pglog_place_named("/var/log/p.x/a*.csv", &place));
	eq(place.format, PGLOG_CSV);
	str_eq(place.glob, "/var/log/p.x/a*.csv");
	ok_r(pglog_place_named("/var/log/a.json", &place));
	eq(place.format, PGLOG_JSON);
	ok_r(pglog_place_named("/var/log/a", &place));
	eq(place.format, PGLOG_STDERR);
	ok(!place.clock.known && place.slow_us < 0);
	memset(name, '/', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	eq(pglog_place_named(name, &place), -EMSGSIZE);
}

int main(void)
{
	RUN(names_with_times_in_them_become_patterns);
	RUN(the_format_of_named_files_is_that_of_their_names);
	return tap_done();
}
