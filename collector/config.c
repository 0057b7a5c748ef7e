/* config.c -- see config.h */
#include "collector/config.h"

#include "collector/pg_conn.h"
#include "collector/source.h"
#include "store/payloads.h"

#include <ctype.h>
#include <ini.h>
#include <stdarg.h>

enum { INTERVAL_MAX_MS = 86400 * 1000, SERVER_NAME_MAX = 32 };

static const struct config_key keys[] = {
#define KEY(section, name, type, field, min, max, expected)                                                            \
	{                                                                                                              \
		section, name, type, offsetof(struct config, field), min, max, expected                                \
	}
    KEY("store", "path", CONFIG_PATH, store, 0, 0, "a directory"),
    KEY("store", "sync", CONFIG_SYNC, sync, 0, 0, "fsync, fdatasync or none"),
    KEY("store", "sync_every", CONFIG_NUMBER, sync_every, 1, 1000000, "a number of snapshots from 1 to 1000000"),
    KEY("store", "retention_bytes", CONFIG_SIZE, retention_bytes, 0, UINT64_MAX, "a size (K M G T), or 0 for no limit"),
    KEY("store", "retention_age", CONFIG_TIME, retention_age_ms, 0, INT64_MAX, "a time (s m h d w), or 0 for no limit"),
    KEY("store", "seal_level", CONFIG_NUMBER, seal_level, 0, 22, "a level from 1 to 22, or 0 for the default"),
    KEY("record", "interval", CONFIG_TIME, interval_ms, 100, 600000, "a time from 100ms to 10min"),
    KEY("record", "root", CONFIG_PATH, root, 0, 0, "a directory"),
    KEY("record", "cmdline_max", CONFIG_NUMBER, cmdline_max, 16, 1000000, "a number of bytes from 16 to 1000000"),
    KEY("record", "redact", CONFIG_SWITCH, redact_on, 0, 0, "0 or 1"),
    KEY("record", "redact_pattern", CONFIG_PATTERN, patterns, 0, 0, "an extended regular expression"),
    KEY("record", "tables", CONFIG_TABLES, tables, 0, 0, "names of tables"),
    KEY("record", "skip", CONFIG_TABLES, skip, 0, 0, "names of tables"),
    KEY("record", "priority", CONFIG_PRIORITY, priority, 0, 0, "realtime, high or normal"),
    KEY("record", "lock_memory", CONFIG_SWITCH, lock_memory, 0, 0, "0 or 1"),
    KEY("payloads", "sync", CONFIG_SYNC, payloads.sync, 0, 0, "fsync, fdatasync or none"),
    KEY("payloads", "segment_size", CONFIG_SIZE, payloads.segment_size, 1 << 20, 1 << 30, "a size from 1M to 1G"),
    KEY("payloads", "max_value", CONFIG_SIZE, payloads.max_value, 1 << 10, PAYLOAD_VALUE_MAX, "a size from 1K to 16M"),
    KEY("payloads", "keep_versions", CONFIG_COUNT, payloads.keep_versions, 0, 1000000000,
        "a number of versions up to 1000000000, or all"),
    KEY("payloads", "keep_age", CONFIG_TIME, payloads.keep_age_ms, 0, INT64_MAX, "a time (s m h d w), or 0"),
    KEY("payloads", "tombstones", CONFIG_TIME, payloads.tombstone_ms, 1, INT64_MAX, "a time (s m h d w)"),
    KEY("record", "oom_score_adj", CONFIG_SCORE, oom_score_adj, 0, 1000, "a number from -1000 to 1000"),
#undef KEY
};

/* Of a section whose name begins so; what follows is the server's. */
static const char postgres_prefix[] = "postgres.";

static const struct config_key postgres_keys[] = {
#define KEY(name, type, field, min, max, expected)                                                                     \
	{                                                                                                              \
		postgres_prefix, name, type, offsetof(struct config_postgres, field), min, max, expected               \
	}
    KEY("conninfo", CONFIG_CONNINFO, conninfo, 0, 0, "what libpq can connect with"),
    KEY("interval", CONFIG_TIME, interval_ms, 100, 3600000, "a time from 100ms to 1h"),
    KEY("slow", CONFIG_TIME, slow_ms, 1000, INTERVAL_MAX_MS, "a time from 1s to 1d"),
    KEY("slowest", CONFIG_TIME, slowest_ms, 1000, INTERVAL_MAX_MS, "a time from 1s to 1d"),
    KEY("log", CONFIG_LOG, log, 0, 0, "a path that begins with /, or off"),
    KEY("log_line_prefix", CONFIG_QUOTED, log_line_prefix, 0, 0, "a text, in quotes if it ends with a blank"),
#undef KEY
};

/* A file being read. */
struct reading {
	const char *path;
	FILE *f;
	unsigned line;
	struct config *config;
	bool given[N_ELEMENTS(keys)];
	char *error;
	int r;
};

static const struct table_interval *find_interval(const struct config *c, const char *table)
{
	for (size_t i = 0; i < c->n_intervals; i++)
		if (strcmp(c->intervals[i].table, table) == 0)
			return &c->intervals[i];
	return NULL;
}

/* --- the file --- */

/* Remembers the first error. Returns 0, which tells inih of it. */
static int refuse(struct reading *rd, int r, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int refuse(struct reading *rd, int r, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (rd->r < 0)
		return 0;
	rd->r = r;
	n = snprintf(rd->error, CONFIG_ERROR_MAX, "%s:%u: ", rd->path, rd->line);
	if (n < 0 || n >= CONFIG_ERROR_MAX)
		return 0;
	va_start(ap, fmt);
	vsnprintf(rd->error + n, CONFIG_ERROR_MAX - (size_t)n, fmt, ap);
	va_end(ap);
	return 0;
}

/* A line of [interval]. */
static int take_interval(struct reading *rd, const char *name, const char *value)
{
	struct config *c = rd->config;
	const struct source_desc *table = config_value_table(name, strlen(name));
	struct table_interval *p;
	uint64_t ms;

	if (!table || !table->slow || table->take)
		return refuse(rd, -EINVAL, "unknown key %s in [interval]: %s", name,
		    !table        ? "there is no such table"
		    : table->take ? "intervals of PostgreSQL's tables are given in [postgres.NAME]"
		                  : "this table is recorded at every tick");
	if (find_interval(c, name))
		return refuse(rd, -EINVAL, "%s is given twice", name);
	if (!config_value_time(value, &ms) || ms > INTERVAL_MAX_MS)
		return refuse(rd, -EINVAL, "%s: expected a time up to 1d, or 0 for every tick, not '%s'", name, value);
	p = realloc(c->intervals, (c->n_intervals + 1) * sizeof *p);
	if (!p)
		return refuse(rd, -ENOMEM, "%s", strerror(ENOMEM));
	c->intervals = p;
	p[c->n_intervals++] = (struct table_interval){table->name, ms};
	return 1;
}

/* --- [postgres.NAME] --- */

static bool is_server_name(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_')
			return false;
	return len > 0 && len <= SERVER_NAME_MAX;
}

static struct config_postgres *find_server(const struct config *c, const char *name, size_t len)
{
	for (size_t i = 0; i < c->n_postgres; i++)
		if (strlen(c->postgres[i].name) == len && memcmp(c->postgres[i].name, name, len) == 0)
			return &c->postgres[i];
	return NULL;
}

static int add_server(struct config *c, const char *name, size_t len)
{
	struct config_postgres *p = realloc(c->postgres, (c->n_postgres + 1) * sizeof *p);

	if (!p)
		return -ENOMEM;
	c->postgres = p;
	p += c->n_postgres;
	*p = (struct config_postgres){
	    .name = strndup(name, len), .conninfo = strdup(""), .slow_ms = 30000, .slowest_ms = 300000};
	if (!p->name || !p->conninfo) {
		free(p->name);
		free(p->conninfo);
		return -ENOMEM;
	}
	c->n_postgres++;
	return 0;
}

static int take_server_key(struct reading *rd, const char *server, const char *name, const char *value)
{
	struct config_postgres *p = find_server(rd->config, server, strlen(server));

	for (size_t i = 0; p && i < N_ELEMENTS(postgres_keys); i++) {
		const struct config_key *k = &postgres_keys[i];
		int r;

		if (strcmp(name, k->name) != 0)
			continue;
		if (p->given & 1u << i)
			return refuse(rd, -EINVAL, "%s is given twice", name);
		p->given |= 1u << i;
		r = config_value_set(p, k, value);
		/* It may hold a password, and is not repeated. */
		if (r == -EINVAL && k->type == CONFIG_CONNINFO)
			return refuse(rd, r, "%s: expected %s", name, k->expected);
		if (r == -EINVAL)
			return refuse(rd, r, "%s: expected %s, not '%s'", name, k->expected, value);
		return r < 0 ? refuse(rd, r, "%s", strerror(-r)) : 1;
	}
	return refuse(rd, -EINVAL, "unknown key %s in [%s%s]", name, postgres_prefix, server);
}

static int take_key(void *arg, const char *section, const char *name, const char *value)
{
	struct reading *rd = arg;
	char why[CONFIG_ERROR_MAX];
	int taken = config_topics_take(&rd->config->topics, section, name, value, why);

	if (taken == 0)
		taken = config_series_take(&rd->config->series, section, name, value, why);
	if (taken != 0)
		return taken < 0 ? refuse(rd, taken, "%s", why) : 1;
	if (strcmp(section, "interval") == 0)
		return take_interval(rd, name, value);
	if (strncmp(section, postgres_prefix, strlen(postgres_prefix)) == 0)
		return take_server_key(rd, section + strlen(postgres_prefix), name, value);
	for (size_t i = 0; i < N_ELEMENTS(keys); i++) {
		const struct config_key *k = &keys[i];
		int r;

		if (strcmp(section, k->section) != 0)
			continue;
		if (strcmp(name, k->name) != 0)
			continue;
		if (rd->given[i] && !config_value_repeats(k))
			return refuse(rd, -EINVAL, "%s is given twice", name);
		rd->given[i] = true;
		r = config_value_set(rd->config, k, value);
		if (r == -EINVAL)
			return refuse(rd, r, "%s: expected %s, not '%s'", name, k->expected, value);
		if (r < 0)
			return refuse(rd, r, "%s", strerror(-r));
		return 1;
	}
	if (*section == '\0')
		return refuse(rd, -EINVAL, "%s stands before any [section]", name);
	return refuse(rd, -EINVAL, "unknown key %s in [%s]", name, section);
}

static bool section_exists(const char *name, size_t len)
{
	static const char interval[] = "interval";

	for (size_t i = 0; i < N_ELEMENTS(keys); i++)
		if (strlen(keys[i].section) == len && memcmp(keys[i].section, name, len) == 0)
			return true;
	return len == strlen(interval) && memcmp(name, interval, len) == 0;
}

/* A section of a server's begins: it counts though no key may follow. False: the name is not one of those. */
static bool begin_server(struct reading *rd, const char *name, size_t len)
{
	size_t prefix = strlen(postgres_prefix);
	int r;

	if (len <= prefix || memcmp(name, postgres_prefix, prefix) != 0 || !is_server_name(name + prefix, len - prefix))
		return false;
	if (find_server(rd->config, name + prefix, len - prefix)) {
		refuse(rd, -EINVAL, "[%.*s] is given twice", (int)len, name);
		return true;
	}
	r = add_server(rd->config, name + prefix, len - prefix);
	if (r < 0)
		refuse(rd, r, "%s", strerror(-r));
	return true;
}

/* inih tells of a section only with its first key. */
static bool is_unknown_section(struct reading *rd, const char *line)
{
	const char *name = line + strspn(line, " \t");
	size_t len = strcspn(name, "]");
	int r, series;

	if (*name != '[' || name[len] != ']')
		return false;
	r = config_topics_begin(&rd->config->topics, name + 1, len - 1);
	series = config_series_begin(&rd->config->series, name + 1, len - 1);
	if (r == 0)
		r = series;
	if (r < 0)
		refuse(
		    rd, r, r == -EEXIST ? "[%.*s] is given twice" : "[%.*s]: out of memory", (int)(len - 1), name + 1);
	if (r != 0)
		return r < 0;
	if (section_exists(name + 1, len - 1))
		return false;
	if (begin_server(rd, name + 1, len - 1))
		return rd->r < 0;
	refuse(rd, -EINVAL, "unknown section [%.*s]", (int)(len - 1), name + 1);
	return true;
}

/* Gives inih the next line. Its own buffer is of a fixed size, and what is longer would become a line of its own. */
static char *next_line(char *line, int size, void *arg)
{
	struct reading *rd = arg;
	size_t len;

	if (!fgets(line, size, rd->f))
		return NULL;
	rd->line++;
	len = strlen(line);
	if (len + 1 == (size_t)size && line[len - 1] != '\n') {
		refuse(rd, -EINVAL, "the line is too long");
		return NULL;
	}
	if (is_unknown_section(rd, line))
		return NULL;
	return line;
}

static int read_file(const char *path, struct config *c, char *error)
{
	_cleanup_(cleanup_fclose) FILE *f = fopen(path, "re");
	struct reading rd = {.path = path, .f = f, .config = c, .error = error};
	int line, r;

	if (!f) {
		r = -errno;
		snprintf(error, CONFIG_ERROR_MAX, "%s: %s", path, strerror(-r));
		return r;
	}
	line = ini_parse_stream(next_line, &rd, take_key, &rd);
	if (ferror(f)) {
		snprintf(error, CONFIG_ERROR_MAX, "%s: cannot be read", path);
		return -EIO;
	}
	if (rd.r == 0 && line != 0) {
		rd.line = line > 0 ? (unsigned)line : rd.line;
		refuse(&rd, line > 0 ? -EINVAL : -ENOMEM, line > 0 ? "this is not KEY = VALUE" : "out of memory");
	}
	return rd.r;
}

static int set_defaults(struct config *c)
{
	c->sync = SYNC_FDATASYNC;
	c->sync_every = 10;
	c->retention_bytes = 1 << 30;
	c->retention_age_ms = UINT64_C(7) * 86400 * 1000;
	c->interval_ms = 1000;
	c->cmdline_max = 4096;
	c->redact_on = true;
	c->priority = PRIORITY_REALTIME;
	c->lock_memory = true;
	c->oom_score_adj = -900;
	c->payloads = (struct config_payloads){
	    .sync = SYNC_FDATASYNC,
	    .segment_size = 64 << 20,
	    .max_value = PAYLOAD_VALUE_MAX,
	    .keep_versions = UINT32_MAX,
	    .tombstone_ms = UINT64_C(7) * 86400 * 1000,
	};
	config_series_init(&c->series);
	c->store = strdup("/var/lib/histfs");
	c->root = strdup("/");
	return c->store && c->root ? config_topics_init(&c->topics) : -ENOMEM;
}

int config_load(const char *path, struct config **ret, char error[CONFIG_ERROR_MAX])
{
	_cleanup_(cleanup_config) struct config *c = calloc(1, sizeof *c);
	char why[CONFIG_WHY_MAX];
	int r = -ENOMEM;

	if (c) {
		atomic_init(&c->refs, 1);
		r = set_defaults(c);
	}
	snprintf(error, CONFIG_ERROR_MAX, "out of memory");
	if (r < 0)
		return r;
	if (path) {
		r = read_file(path, c, error);
		if (r < 0)
			return r;
	}
	r = config_topics_finish(&c->topics, why);
	if (r == 0)
		r = config_series_finish(&c->series, why);
	if (r < 0) {
		snprintf(error, CONFIG_ERROR_MAX, "%.200s: %.300s", path, why);
		return r;
	}
	if (c->redact_on) {
		r = redact_new((const char *const *)c->patterns.v, c->patterns.n, NULL, &c->redact);
		if (r < 0) {
			snprintf(error, CONFIG_ERROR_MAX, "%s", strerror(-r));
			return r;
		}
	}
	*ret = TAKE(c);
	return 0;
}

struct config *config_get(struct config *c)
{
	atomic_fetch_add(&c->refs, 1);
	return c;
}

void config_put(struct config *c)
{
	if (atomic_fetch_sub(&c->refs, 1) > 1)
		return;
	config_topics_done(&c->topics);
	config_series_done(&c->series);
	free(c->store);
	free(c->root);
	config_value_list_done(&c->patterns);
	config_value_list_done(&c->tables);
	config_value_list_done(&c->skip);
	free(c->intervals);
	for (size_t i = 0; i < c->n_postgres; i++) {
		free(c->postgres[i].name);
		free(c->postgres[i].conninfo);
		free(c->postgres[i].log);
		free(c->postgres[i].log_line_prefix);
	}
	free(c->postgres);
	if (c->redact)
		redact_free(c->redact);
	free(c);
}

bool config_wants(const struct config *c, const char *table, bool off)
{
	bool asked = config_value_list_has(&c->tables, table);

	if (off)
		asked = asked || find_interval(c, table);
	else
		asked = asked || c->tables.n == 0;
	return asked && !config_value_list_has(&c->skip, table);
}

uint64_t config_interval(const struct config *c, const char *table, uint64_t preset)
{
	const struct table_interval *i = find_interval(c, table);

	return i ? i->ms : preset;
}
