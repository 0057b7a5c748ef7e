/* pglog_place.c -- see pglog_place.h
 *
 * The logging collector writes where settings say. Without it a server writes to its standard error, which may be a
 * file, too: Debian starts servers so. Which one is seen in /proc of the process that postmaster.pid names.
 */
#include "collector/pglog_place.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <limits.h>
#include <stdarg.h>
#include <sys/stat.h>

enum { START_TOLERANCE_S = 30 };

static const char default_prefix[] = "%m [%p] ";

/* Settings that the role may not see are not there. The names that the log's zone has behind times within a year are
 * told of the session's zone only, which for this statement is that of the log; where one stands for two offsets, as it
 * is at present. */
static const char question[] =
    "WITH log AS (SELECT set_config('timezone', current_setting('log_timezone'), true) AS zone) SELECT name, setting "
    "FROM pg_settings WHERE name IN ('data_directory', 'log_destination', 'logging_collector', "
    "'log_directory', 'log_filename', 'log_line_prefix', 'log_min_duration_statement') "
    "UNION ALL SELECT 'zones', string_agg(name || '=' || ahead_s, ' ') FROM (SELECT DISTINCT ON (name) name, ahead_s "
    "FROM (SELECT CASE WHEN zone <> '' THEN to_char(moment, 'TZ') END AS name, "
    "extract(epoch FROM (moment AT TIME ZONE zone) - (moment AT TIME ZONE 'UTC'))::int AS ahead_s, distance "
    "FROM (SELECT zone, now() + days * interval '1 day' AS moment, abs(days) AS distance "
    "FROM log, generate_series(-400, 400, 5) AS days) moments) offsets ORDER BY name, distance) zones "
    "UNION ALL SELECT 'started', extract(epoch FROM pg_postmaster_start_time())::bigint::text";

static const char *setting(const PGresult *answer, const char *name)
{
	for (int i = 0; i < PQntuples(answer); i++)
		if (strcmp(PQgetvalue(answer, i, 0), name) == 0)
			return PQgetvalue(answer, i, 1);
	return NULL;
}

static void set_why(struct pglog_place *place, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void set_why(struct pglog_place *place, const char *fmt, ...)
{
	va_list ap;

	place->format = PGLOG_NO_FORMAT;
	va_start(ap, fmt);
	vsnprintf(place->why, sizeof place->why, fmt, ap);
	va_end(ap);
}

/* --- names --- */

static void put_literal(struct buf *out, char c)
{
	if (strchr("*?[\\", c))
		buf_put_u8(out, '\\');
	buf_put_u8(out, (uint8_t)c);
}

/* Hands out a path that was put together. */
static int finish(struct buf *out, char ret[PGLOG_PATH_MAX])
{
	buf_put_u8(out, '\0');
	if (out->err < 0)
		return out->err;
	if (out->len > PGLOG_PATH_MAX)
		return -EMSGSIZE;
	memcpy(ret, out->p, out->len);
	return 0;
}

int pglog_place_glob(const char *dir, const char *filename, const char *suffix, char ret[PGLOG_PATH_MAX])
{
	_cleanup_(buf_done) struct buf out = {0};
	size_t len = strlen(filename);

	/* The directory is opened as it is. */
	buf_printf(&out, "%s/", dir);
	if (suffix && len > 4 && strcmp(filename + len - 4, ".log") == 0)
		len -= 4;
	for (size_t i = 0; i < len; i++) {
		if (filename[i] != '%' || i + 1 == len) {
			put_literal(&out, filename[i]);
			continue;
		}
		/* Of strftime. */
		i++;
		if (filename[i] == '%')
			put_literal(&out, '%');
		else
			buf_put_u8(&out, '*');
		if (strchr("EO", filename[i]) && i + 1 < len)
			i++;
	}
	buf_puts(&out, suffix ? suffix : "");
	return finish(&out, ret);
}

/* One file, whatever is in its path. */
static int one_file(const char *root, const char *path, char ret[PGLOG_PATH_MAX])
{
	_cleanup_(buf_done) struct buf out = {0};
	const char *name = strrchr(path, '/') + 1;

	buf_puts(&out, strcmp(root, "/") == 0 ? "" : root);
	buf_put(&out, path, (size_t)(name - path));
	for (; *name; name++)
		put_literal(&out, *name);
	return finish(&out, ret);
}

int pglog_place_named(const char *glob, struct pglog_place *ret)
{
	const char *dot = strrchr(glob, '.');

	*ret = (struct pglog_place){.format = PGLOG_STDERR, .slow_us = -1};
	if (dot && strcmp(dot, ".csv") == 0)
		ret->format = PGLOG_CSV;
	else if (dot && strcmp(dot, ".json") == 0)
		ret->format = PGLOG_JSON;
	memcpy(ret->prefix, default_prefix, sizeof default_prefix);
	return snprintf(ret->glob, sizeof ret->glob, "%s", glob) < (int)sizeof ret->glob ? 0 : -EMSGSIZE;
}

/* --- the server's process --- */

/* The process that postmaster.pid names, and when it began, in seconds since 1970. An error where the file cannot be
 * read: its owner's alone as a rule. */
static int read_pid_file(const char *data, uint64_t *ret_pid, uint64_t *ret_started)
{
	char path[PATH_MAX], text[4096];
	_cleanup_(cleanup_close) int fd = -1;
	struct pgtext left, line;
	ssize_t n;

	if (snprintf(path, sizeof path, "%s/postmaster.pid", data) >= (int)sizeof path)
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof text);
	if (n < 0)
		return -errno;
	left = (struct pgtext){text, (size_t)n};
	if (!pgtext_take_u64(&left, ret_pid) || !pgtext_skip_behind(&left, "\n") || !pgtext_take_line(&left, &line) ||
	    !pgtext_take_u64(&left, ret_started))
		return -EBADMSG;
	return 0;
}

/* Where a link in /proc of the process leads. */
static int read_link(const char *root, uint64_t pid, const char *name, char ret[PATH_MAX])
{
	char path[PATH_MAX];
	ssize_t n;

	if (snprintf(path, sizeof path, "%s/proc/%llu/%s", root, (unsigned long long)pid, name) >= (int)sizeof path)
		return -ENAMETOOLONG;
	n = readlink(path, ret, PATH_MAX - 1);
	if (n < 0)
		return -errno;
	ret[n] = '\0';
	return 0;
}

/* Whether the path is that of something else than a file: of /dev/null, for one. */
static bool is_special(const char *root, const char *path)
{
	char full[PATH_MAX];
	struct stat st;

	return snprintf(full, sizeof full, "%s%s", strcmp(root, "/") == 0 ? "" : root, path) < (int)sizeof full &&
	       stat(full, &st) == 0 && !S_ISREG(st.st_mode);
}

/* The file that the server's standard error is. */
static void find_stderr(const char *root, const char *data, struct pglog_place *place)
{
	static const char deleted[] = " (deleted)";
	char cwd[PATH_MAX], own[PATH_MAX], file[PATH_MAX];
	uint64_t pid, started;
	size_t len;
	int r = read_pid_file(data, &pid, &started);

	if (r == 0)
		r = read_link(root, pid, "cwd", cwd);
	if (r == 0)
		r = realpath(data, own) ? 0 : -errno;
	/* The number may be that of another namespace's process. */
	if (r == 0 && strcmp(own + (strcmp(root, "/") == 0 ? 0 : strlen(root)), cwd) != 0)
		r = -ESRCH;
	if (r == 0)
		r = read_link(root, pid, "fd/2", file);
	if (r < 0) {
		set_why(place, "where the server's standard error goes cannot be seen (%s)", strerror(-r));
		return;
	}
	len = strlen(file);
	if (len >= sizeof deleted && strcmp(file + len - strlen(deleted), deleted) == 0)
		file[len - strlen(deleted)] = '\0';
	if (file[0] != '/' || is_special(root, file)) {
		set_why(place, "the server's standard error is no file, and logging_collector is off");
		return;
	}
	place->format = PGLOG_STDERR;
	if (one_file(root, file, place->glob) < 0)
		set_why(place, "the path of its log is too long");
}

/* --- settings --- */

/* Whether that destination is among those of log_destination. */
static bool has_destination(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = list; (p = strstr(p, name)); p += len)
		if ((p == list || strchr(", \"", p[-1])) && (p[len] == '\0' || strchr(", \"", p[len])))
			return true;
	return false;
}

static void find_collected(const PGresult *answer, const char *root, const char *data, struct pglog_place *place)
{
	static const struct {
		const char *destination, *suffix;
		enum pglog_format format;
	} formats[] = {{"jsonlog", ".json", PGLOG_JSON}, {"csvlog", ".csv", PGLOG_CSV}, {"stderr", NULL, PGLOG_STDERR}};
	const char *list = setting(answer, "log_destination"), *dir = setting(answer, "log_directory");
	const char *name = setting(answer, "log_filename"), *top = strcmp(root, "/") == 0 ? "" : root;
	char path[PATH_MAX];

	if (!dir || !name) {
		set_why(place, "log_directory is not told: the role pg_monitor is needed");
		return;
	}
	if (snprintf(path, sizeof path, "%s%s%s", *dir == '/' ? top : data, *dir == '/' ? "" : "/", dir) >=
	    (int)sizeof path) {
		set_why(place, "the path of its log is too long");
		return;
	}
	for (unsigned i = 0; i < N_ELEMENTS(formats); i++) {
		if (!has_destination(list, formats[i].destination))
			continue;
		place->format = formats[i].format;
		if (pglog_place_glob(path, name, formats[i].suffix, place->glob) < 0)
			set_why(place, "the path of its log is too long");
		return;
	}
	set_why(place, "log_destination is %s", list);
}

static void find_files(const PGresult *answer, const char *root, struct pglog_place *place)
{
	const char *data = setting(answer, "data_directory"), *list = setting(answer, "log_destination");
	const char *collector = setting(answer, "logging_collector"), *started = setting(answer, "started");
	char path[PATH_MAX];
	uint64_t pid, file_started, server_started = started ? strtoull(started, NULL, 10) : 0;

	if (!data || !list || !collector) {
		set_why(place, "data_directory is not told: the role pg_monitor is needed");
		return;
	}
	if (snprintf(path, sizeof path, "%s%s", strcmp(root, "/") == 0 ? "" : root, data) >= (int)sizeof path) {
		set_why(place, "the path of its log is too long");
		return;
	}
	if (read_pid_file(path, &pid, &file_started) == 0 &&
	    (file_started > server_started + START_TOLERANCE_S || server_started > file_started + START_TOLERANCE_S)) {
		set_why(place, "%s is another server's here", data);
		return;
	}
	if (strcmp(collector, "on") == 0)
		find_collected(answer, root, path, place);
	else if (has_destination(list, "stderr"))
		find_stderr(root, path, place);
	else
		set_why(place, "log_destination is %s", list);
}

void pglog_place_done(struct pglog_answer *a)
{
	if (a->settings)
		pg_conn_clear(TAKE(a->settings));
}

int pglog_place_ask(struct pg_conn *conn, struct pglog_answer *ret)
{
	int r;

	*ret = (struct pglog_answer){.local = pg_conn_is_local(conn)};
	r = pg_conn_query(conn, question, 2, &ret->settings);
	if (r != -EREMOTEIO && r != -EBADMSG)
		return r;
	snprintf(ret->why, sizeof ret->why, "%s", pg_conn_error(conn));
	return 0;
}

void pglog_place_find(const struct pglog_answer *a, const char *root, struct pglog_place *ret)
{
	const char *zones, *slow, *prefix;

	*ret = (struct pglog_place){.slow_us = -1};
	if (!a->settings) {
		set_why(ret, "%s", a->why);
		return;
	}
	zones = setting(a->settings, "zones");
	slow = setting(a->settings, "log_min_duration_statement");
	prefix = setting(a->settings, "log_line_prefix");
	if (zones && strlen(zones) < sizeof ret->clock.zones)
		memcpy(ret->clock.zones, zones, strlen(zones));
	if (slow)
		ret->slow_us = strtoll(slow, NULL, 10) * 1000;
	snprintf(ret->prefix, sizeof ret->prefix, "%s", prefix ? prefix : default_prefix);
	if (a->local)
		find_files(a->settings, root, ret);
	else
		set_why(ret, "the server is on another machine");
}
