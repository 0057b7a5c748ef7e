/* config.c -- see config.h */
#include "collector/config.h"

#include "collector/pg_conn.h"
#include "collector/source.h"

#include <ctype.h>
#include <ini.h>
#include <stdarg.h>

enum { INTERVAL_MAX_MS = 86400 * 1000, SERVER_NAME_MAX = 32 };

enum value_type { PATH, SYNC, NUMBER, SIZE, TIME, SWITCH, PATTERN, TABLES, PRIORITY, SCORE, CONNINFO, LOG, QUOTED };

static const struct key {
	const char *section, *name;
	enum value_type type;
	size_t off; /* in struct config, or in struct config_postgres */
	uint64_t min, max;
	const char *expected;
} keys[] = {
#define KEY(section, name, type, field, min, max, expected)                                                            \
	{                                                                                                              \
		section, name, type, offsetof(struct config, field), min, max, expected                                \
	}
    KEY("store", "path", PATH, store, 0, 0, "a directory"),
    KEY("store", "sync", SYNC, sync, 0, 0, "fsync, fdatasync or none"),
    KEY("store", "sync_every", NUMBER, sync_every, 1, 1000000, "a number of snapshots from 1 to 1000000"),
    KEY("store", "retention_bytes", SIZE, retention_bytes, 0, UINT64_MAX, "a size (K M G T), or 0 for no limit"),
    KEY("store", "retention_age", TIME, retention_age_ms, 0, INT64_MAX, "a time (s m h d w), or 0 for no limit"),
    KEY("store", "seal_level", NUMBER, seal_level, 0, 22, "a level from 1 to 22, or 0 for the default"),
    KEY("record", "interval", TIME, interval_ms, 100, 600000, "a time from 100ms to 10min"),
    KEY("record", "root", PATH, root, 0, 0, "a directory"),
    KEY("record", "cmdline_max", NUMBER, cmdline_max, 16, 1000000, "a number of bytes from 16 to 1000000"),
    KEY("record", "redact", SWITCH, redact_on, 0, 0, "0 or 1"),
    KEY("record", "redact_pattern", PATTERN, patterns, 0, 0, "an extended regular expression"),
    KEY("record", "tables", TABLES, tables, 0, 0, "names of tables"),
    KEY("record", "skip", TABLES, skip, 0, 0, "names of tables"),
    KEY("record", "priority", PRIORITY, priority, 0, 0, "realtime, high or normal"),
    KEY("record", "lock_memory", SWITCH, lock_memory, 0, 0, "0 or 1"),
    KEY("record", "oom_score_adj", SCORE, oom_score_adj, 0, 1000, "a number from -1000 to 1000"),
#undef KEY
};

/* Of a section whose name begins so; what follows is the server's. */
static const char postgres_prefix[] = "postgres.";

static const struct key postgres_keys[] = {
#define KEY(name, type, field, min, max, expected)                                                                     \
	{                                                                                                              \
		postgres_prefix, name, type, offsetof(struct config_postgres, field), min, max, expected               \
	}
    KEY("conninfo", CONNINFO, conninfo, 0, 0, "what libpq can connect with"),
    KEY("interval", TIME, interval_ms, 100, 3600000, "a time from 100ms to 1h"),
    KEY("slow", TIME, slow_ms, 1000, INTERVAL_MAX_MS, "a time from 1s to 1d"),
    KEY("slowest", TIME, slowest_ms, 1000, INTERVAL_MAX_MS, "a time from 1s to 1d"),
    KEY("log", LOG, log, 0, 0, "a path that begins with /, or off"),
    KEY("log_line_prefix", QUOTED, log_line_prefix, 0, 0, "a text, in quotes if it ends with a blank"),
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

/* --- values --- */

/* Reads a number and the suffix behind it. */
static bool parse_suffixed(const char *text, uint64_t *ret, const char **ret_suffix)
{
	if (!parse_u64(&text, ret))
		return false;
	while (*text == ' ')
		text++;
	*ret_suffix = text;
	return true;
}

bool config_parse_time(const char *text, uint64_t *ret_ms)
{
	static const struct {
		const char *suffix;
		uint64_t ms;
	} units[] = {
	    {"ms", 1}, {"s", 1000}, {"m", 60000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}, {"w", 604800000}};
	const char *suffix;
	uint64_t v;

	if (!parse_suffixed(text, &v, &suffix))
		return false;
	for (size_t i = 0; i < N_ELEMENTS(units); i++)
		if (strcmp(suffix, units[i].suffix) == 0)
			return !__builtin_mul_overflow(v, units[i].ms, ret_ms);
	*ret_ms = 0;
	return v == 0 && *suffix == '\0';
}

bool config_parse_size(const char *text, uint64_t *ret_bytes)
{
	static const char units[] = "KMGT";
	const char *suffix, *unit;
	uint64_t v;

	if (!parse_suffixed(text, &v, &suffix))
		return false;
	if (*suffix == '\0') {
		*ret_bytes = v;
		return true;
	}
	unit = strchr(units, *suffix);
	if (!unit || suffix[1] != '\0')
		return false;
	return !__builtin_mul_overflow(v, UINT64_C(1024) << (10 * (unit - units)), ret_bytes);
}

static bool parse_plain(const char *text, uint64_t *ret)
{
	return parse_u64(&text, ret) && *text == '\0';
}

static int list_add(struct string_list *l, const char *s, size_t len)
{
	char **v = realloc(l->v, (l->n + 1) * sizeof *v);

	if (!v)
		return -ENOMEM;
	l->v = v;
	v[l->n] = strndup(s, len);
	if (!v[l->n])
		return -ENOMEM;
	l->n++;
	return 0;
}

static bool list_has(const struct string_list *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return true;
	return false;
}

static void list_done(struct string_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

static const struct source_desc *find_table(const char *name, size_t len)
{
	size_t n;
	const struct source_desc *const *all = source_all(&n);

	for (size_t i = 0; i < n; i++)
		if (strlen(all[i]->name) == len && memcmp(all[i]->name, name, len) == 0)
			return all[i];
	return NULL;
}

static const struct table_interval *find_interval(const struct config *c, const char *table)
{
	for (size_t i = 0; i < c->n_intervals; i++)
		if (strcmp(c->intervals[i].table, table) == 0)
			return &c->intervals[i];
	return NULL;
}

/* Adds names that blanks or commas separate. */
static int set_tables(struct string_list *l, const char *value)
{
	static const char separators[] = " \t,";

	for (;;) {
		size_t len;
		int r;

		value += strspn(value, separators);
		len = strcspn(value, separators);
		if (len == 0)
			return 0;
		if (!find_table(value, len))
			return -EINVAL;
		r = list_add(l, value, len);
		if (r < 0)
			return r;
		value += len;
	}
}

static int set_string(char **to, const char *value)
{
	char *copy;

	if (*value == '\0')
		return -EINVAL;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*to);
	*to = copy;
	return 0;
}

/* Which of the names the value is. */
static int find_name(const char *const *names, int n, const char *value)
{
	for (int i = 0; i < n; i++)
		if (strcmp(value, names[i]) == 0)
			return i;
	return -EINVAL;
}

static int set_sync(enum sync_mode *to, const char *value)
{
	static const char *const names[] = {
	    [SYNC_FSYNC] = "fsync", [SYNC_FDATASYNC] = "fdatasync", [SYNC_NONE] = "none"};
	int i = find_name(names, N_ELEMENTS(names), value);

	if (i >= 0)
		*to = (enum sync_mode)i;
	return i < 0 ? i : 0;
}

static int set_priority(enum priority *to, const char *value)
{
	static const char *const names[] = {
	    [PRIORITY_NORMAL] = "normal", [PRIORITY_HIGH] = "high", [PRIORITY_REALTIME] = "realtime"};
	int i = find_name(names, N_ELEMENTS(names), value);

	if (i >= 0)
		*to = (enum priority)i;
	return i < 0 ? i : 0;
}

/* A whole number as far from 0 as max. */
static int set_score(int *to, const char *value, uint64_t max)
{
	bool negative = *value == '-';
	uint64_t v;

	if (!parse_plain(value + negative, &v) || v > max)
		return -EINVAL;
	*to = negative ? -(int)v : (int)v;
	return 0;
}

static int set_pattern(struct string_list *to, const char *value)
{
	_cleanup_(cleanup_redact) struct redact *tried = NULL;
	int r = redact_new(&value, 1, NULL, &tried);

	return r < 0 ? r : list_add(to, value, strlen(value));
}

static int set_conninfo(char **to, const char *value)
{
	char *copy;

	if (!pg_conn_check(value))
		return -EINVAL;
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*to);
	*to = copy;
	return 0;
}

static int set_log(char **to, const char *value)
{
	if (*value != '/' && strcmp(value, "off") != 0)
		return -EINVAL;
	return set_string(to, value);
}

/* Blanks at its ends are lost unless it is in quotes. */
static int set_quoted(char **to, const char *value)
{
	_cleanup_(cleanup_free) char *inner = NULL;
	size_t len = strlen(value);

	if (len < 2 || (*value != '\'' && *value != '"') || value[len - 1] != *value)
		return set_string(to, value);
	inner = strndup(value + 1, len - 2);
	return inner ? set_string(to, inner) : -ENOMEM;
}

static int set_number(const struct key *k, uint64_t *to, const char *value)
{
	uint64_t v;
	bool ok;

	if (k->type == TIME)
		ok = config_parse_time(value, &v);
	else if (k->type == SIZE)
		ok = config_parse_size(value, &v);
	else
		ok = parse_plain(value, &v);
	if (!ok || v < k->min || v > k->max)
		return -EINVAL;
	*to = v;
	return 0;
}

/* -EINVAL: the value is not what is expected. */
static int set_value(void *base, const struct key *k, const char *value)
{
	void *to = (char *)base + k->off;

	switch (k->type) {
	case PATH:
		return set_string(to, value);
	case SYNC:
		return set_sync(to, value);
	case SWITCH:
		if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
			return -EINVAL;
		*(bool *)to = *value == '1';
		return 0;
	case PATTERN:
		return set_pattern(to, value);
	case TABLES:
		return set_tables(to, value);
	case PRIORITY:
		return set_priority(to, value);
	case SCORE:
		return set_score(to, value, k->max);
	case CONNINFO:
		return set_conninfo(to, value);
	case LOG:
		return set_log(to, value);
	case QUOTED:
		return set_quoted(to, value);
	default:
		return set_number(k, to, value);
	}
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

static bool may_repeat(const struct key *k)
{
	return k->type == PATTERN || k->type == TABLES;
}

/* A line of [interval]. */
static int take_interval(struct reading *rd, const char *name, const char *value)
{
	struct config *c = rd->config;
	const struct source_desc *table = find_table(name, strlen(name));
	struct table_interval *p;
	uint64_t ms;

	if (!table || !table->slow || table->take)
		return refuse(rd, -EINVAL, "unknown key %s in [interval]: %s", name,
		    !table        ? "there is no such table"
		    : table->take ? "intervals of PostgreSQL's tables are given in [postgres.NAME]"
		                  : "this table is recorded at every tick");
	if (find_interval(c, name))
		return refuse(rd, -EINVAL, "%s is given twice", name);
	if (!config_parse_time(value, &ms) || ms > INTERVAL_MAX_MS)
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
		const struct key *k = &postgres_keys[i];
		int r;

		if (strcmp(name, k->name) != 0)
			continue;
		if (p->given & 1u << i)
			return refuse(rd, -EINVAL, "%s is given twice", name);
		p->given |= 1u << i;
		r = set_value(p, k, value);
		/* It may hold a password, and is not repeated. */
		if (r == -EINVAL && k->type == CONNINFO)
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

	if (strcmp(section, "interval") == 0)
		return take_interval(rd, name, value);
	if (strncmp(section, postgres_prefix, strlen(postgres_prefix)) == 0)
		return take_server_key(rd, section + strlen(postgres_prefix), name, value);
	for (size_t i = 0; i < N_ELEMENTS(keys); i++) {
		const struct key *k = &keys[i];
		int r;

		if (strcmp(section, k->section) != 0)
			continue;
		if (strcmp(name, k->name) != 0)
			continue;
		if (rd->given[i] && !may_repeat(k))
			return refuse(rd, -EINVAL, "%s is given twice", name);
		rd->given[i] = true;
		r = set_value(rd->config, k, value);
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

	if (*name != '[' || name[len] != ']' || section_exists(name + 1, len - 1))
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
	c->store = strdup("/var/lib/histfs");
	c->root = strdup("/");
	return c->store && c->root ? 0 : -ENOMEM;
}

int config_load(const char *path, struct config **ret, char error[CONFIG_ERROR_MAX])
{
	_cleanup_(cleanup_config) struct config *c = calloc(1, sizeof *c);
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
	free(c->store);
	free(c->root);
	list_done(&c->patterns);
	list_done(&c->tables);
	list_done(&c->skip);
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
	bool asked = list_has(&c->tables, table);

	if (off)
		asked = asked || find_interval(c, table);
	else
		asked = asked || c->tables.n == 0;
	return asked && !list_has(&c->skip, table);
}

uint64_t config_interval(const struct config *c, const char *table, uint64_t preset)
{
	const struct table_interval *i = find_interval(c, table);

	return i ? i->ms : preset;
}
