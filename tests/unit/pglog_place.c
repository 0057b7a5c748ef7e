/* pglog_place.c -- the files of a PostgreSQL server's log, by its settings and by what a person names */
#include "collector/pglog_place.h"
#include "tests/tap.h"

#include <errno.h>
#include <fnmatch.h>
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
	ok(!place.clock.zones[0] && place.slow_us < 0);
	memset(name, '/', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	eq(pglog_place_named(name, &place), -EMSGSIZE);
}

/* --- by what a server answers --- */

/* Settings in pairs, up to a NULL. */
static struct pg_result *answer_of(const char *const *settings)
{
	static char name[] = "name", value[] = "setting";
	PGresAttDesc fields[2] = {{.name = name}, {.name = value}};
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);

	ok(result && PQsetResultAttrs(result, 2, fields));
	for (int row = 0; result && settings[2 * row]; row++)
		for (int i = 0; i < 2; i++) {
			char *text = strdup(settings[2 * row + i]);

			ok(text && PQsetvalue(result, row, i, text, (int)strlen(text)));
			free(text);
		}
	return result;
}

static void find(const char *const *settings, bool local, const char *root, struct pglog_place *ret)
{
	struct pglog_answer a = {.settings = answer_of(settings), .local = local};

	pglog_place_find(&a, root, ret);
	pglog_place_done(&a);
	ok(!a.settings);
}

static void put_file(const char *root, const char *path, const char *text)
{
	char name[256];
	FILE *f;

	snprintf(name, sizeof name, "%s/%s", root, path);
	f = fopen(name, "w");
	if (ok(f != NULL)) {
		fputs(text, f);
		fclose(f);
	}
}

static void put_folder(const char *root, const char *path)
{
	char name[256];

	snprintf(name, sizeof name, "%s/%s", root, path);
	ok_r(mkdir(name, 0700));
}

static void put_link(const char *root, const char *path, const char *to)
{
	char name[256];

	snprintf(name, sizeof name, "%s/%s", root, path);
	unlink(name);
	ok_r(symlink(to, name));
}

static void the_files_are_found_that_the_settings_name(void)
{
	static const char *const collected[] = {"data_directory", "/data", "log_destination", "stderr,jsonlog",
	    "logging_collector", "on", "log_directory", "log", "log_filename", "a-%d.log", "log_line_prefix", "%t ",
	    "log_min_duration_statement", "250", "zones", "CEST=7200 CET=3600", "started", "1000000", NULL};
	static const char *const absolute[] = {"data_directory", "/data", "log_destination", "csvlog",
	    "logging_collector", "on", "log_directory", "/var/l", "log_filename", "a.log", NULL};
	static const char *const hidden[] = {"log_destination", "stderr", "logging_collector", "on", NULL};
	static const char *const elsewhere[] = {"data_directory", "/data", "log_destination", "syslog",
	    "logging_collector", "on", "log_directory", "log", "log_filename", "a.log", NULL};
	struct pglog_answer refused = {.why = "not now"};
	struct pglog_place place;

	find(collected, true, "/nowhere", &place);
	eq(place.format, PGLOG_JSON);
	str_eq(place.glob, "/nowhere/data/log/a-*.json");
	str_eq(place.prefix, "%t ");
	eq(place.slow_us, 250000);
	str_eq(place.clock.zones, "CEST=7200 CET=3600");
	find(absolute, true, "/", &place);
	eq(place.format, PGLOG_CSV);
	str_eq(place.glob, "/var/l/a.csv");
	ok(place.slow_us < 0);
	find(hidden, true, "/", &place);
	eq(place.format, PGLOG_NO_FORMAT);
	ok(strstr(place.why, "pg_monitor"));
	find(elsewhere, true, "/", &place);
	str_eq(place.why, "log_destination is syslog");
	find(collected, false, "/", &place);
	str_eq(place.why, "the server is on another machine");
	pglog_place_find(&refused, "/", &place);
	eq(place.format, PGLOG_NO_FORMAT);
	str_eq(place.why, "not now");
	pglog_place_done(&refused);
}

static void standard_error_is_where_its_process_has_it(void)
{
	static const char *const settings[] = {"data_directory", "/data", "log_destination", "stderr",
	    "logging_collector", "off", "started", "1000000", NULL};
	char root[] = "/tmp/histfs-test-XXXXXX", command[64];
	struct pglog_place place;

	if (!ok(mkdtemp(root) != NULL))
		return;
	put_folder(root, "data");
	put_folder(root, "proc");
	put_folder(root, "proc/77");
	put_folder(root, "proc/77/fd");
	put_file(root, "server[1].log", "");
	put_file(root, "data/postmaster.pid", "77\n/data\n1000003\n5432\n");
	put_link(root, "proc/77/cwd", "/data");
	put_link(root, "proc/77/fd/2", "/server[1].log");
	find(settings, true, root, &place);
	eq(place.format, PGLOG_STDERR);
	ok(strcmp(place.glob + strlen(root), "/server\\[1].log") == 0);

	put_link(root, "proc/77/fd/2", "pipe:[123]");
	find(settings, true, root, &place);
	eq(place.format, PGLOG_NO_FORMAT);
	ok(strstr(place.why, "is no file"));

	/* The number may be that of another process. */
	put_link(root, "proc/77/fd/2", "/server[1].log");
	put_link(root, "proc/77/cwd", "/elsewhere");
	find(settings, true, root, &place);
	eq(place.format, PGLOG_NO_FORMAT);

	/* And the folder that of another server. */
	put_link(root, "proc/77/cwd", "/data");
	put_file(root, "data/postmaster.pid", "77\n/data\n999\n");
	find(settings, true, root, &place);
	str_eq(place.why, "/data is another server's here");
	put_file(root, "data/postmaster.pid", "garbage");
	find(settings, true, root, &place);
	eq(place.format, PGLOG_NO_FORMAT);
	snprintf(command, sizeof command, "rm -r %s", root);
	eq(system(command), 0);
}

int main(void)
{
	RUN(names_with_times_in_them_become_patterns);
	RUN(the_format_of_named_files_is_that_of_their_names);
	RUN(the_files_are_found_that_the_settings_name);
	RUN(standard_error_is_where_its_process_has_it);
	return tap_done();
}
