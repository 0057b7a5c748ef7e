/* config_value.c -- see config_value.h */
#include "collector/config_value.h"

#include "collector/address.h"
#include "collector/config_series.h"
#include "collector/pg_conn.h"
#include "collector/priority.h"
#include "collector/redact.h"
#include "store/format.h"
#include "store/log.h"

#include <grp.h>
#include <pwd.h>
#include <stdarg.h>

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

bool config_value_time(const char *text, uint64_t *ret_ms)
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

bool config_value_size(const char *text, uint64_t *ret_bytes)
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

int config_value_list_add(struct string_list *l, const char *s, size_t len)
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

bool config_value_list_has(const struct string_list *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return true;
	return false;
}

void config_value_list_done(struct string_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

const struct source_desc *config_value_table(const char *name, size_t len)
{
	size_t n;
	const struct source_desc *const *all = source_all(&n);

	for (size_t i = 0; i < n; i++)
		if (strlen(all[i]->name) == len && memcmp(all[i]->name, name, len) == 0)
			return all[i];
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
		if (!config_value_table(value, len))
			return -EINVAL;
		r = config_value_list_add(l, value, len);
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
		if (names[i] && strcmp(value, names[i]) == 0)
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

	return r < 0 ? r : config_value_list_add(to, value, strlen(value));
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

static int set_number(const struct config_key *k, uint64_t *to, const char *value)
{
	uint64_t v;
	bool ok;

	if (k->type == CONFIG_COUNT && strcmp(value, "all") == 0) {
		*to = UINT32_MAX;
		return 0;
	}
	if (k->type == CONFIG_TIME)
		ok = config_value_time(value, &v);
	else if (k->type == CONFIG_SIZE)
		ok = config_value_size(value, &v);
	else
		ok = parse_plain(value, &v);
	if (!ok || v < k->min || v > k->max)
		return -EINVAL;
	*to = v;
	return 0;
}

/* Permission bits as chmod(1) has them. */
static int set_mode(uint64_t *to, const char *value)
{
	char *end;
	unsigned long v = strtoul(value, &end, 8);

	if (*value < '0' || *value > '7' || *end != '\0' || v > 0777)
		return -EINVAL;
	*to = v;
	return 0;
}

/* The number of a user or a group: that of the name, if there is one, or as it stands there. */
static int set_id(int64_t *to, const uint32_t *named, const char *value)
{
	uint64_t id;

	if (!named && (!parse_plain(value, &id) || id >= UINT32_MAX))
		return -EINVAL;
	*to = named ? *named : (int64_t)id;
	return 0;
}

static int set_user(int64_t *to, const char *value)
{
	const struct passwd *user = getpwnam(value);

	return set_id(to, user ? &user->pw_uid : NULL, value);
}

static int set_group(int64_t *to, const char *value)
{
	const struct group *group = getgrnam(value);

	return set_id(to, group ? &group->gr_gid : NULL, value);
}

static int set_compression(uint64_t *to, const char *value)
{
	static const char *const names[] = {[BATCH_STORED] = "none",
	    [BATCH_ZSTD] = "zstd",
	    [BATCH_LZ4] = "lz4",
	    [BATCH_GZIP] = "gzip",
	    [BATCH_SNAPPY] = "snappy"};
	int i = find_name(names, N_ELEMENTS(names), value);

	if (i >= 0)
		*to = (uint64_t)i;
	return i < 0 ? i : 0;
}

static int set_form(uint64_t *to, const char *value)
{
	static const char *const names[] = {
	    [LISTEN_INFLUX] = "influx", [LISTEN_GRAPHITE] = "graphite", [LISTEN_STATSD] = "statsd"};
	int i = find_name(names, N_ELEMENTS(names), value);

	if (i >= 0)
		*to = (uint64_t)i;
	return i < 0 ? i : 0;
}

static int set_unit(uint64_t *to, const char *value)
{
	static const char *const names[] = {"ns", "us", "ms", "s"};
	static const uint64_t units[] = {1, 1000, 1000000, 1000000000};
	int i = find_name(names, N_ELEMENTS(names), value);

	if (i >= 0)
		*to = units[i];
	return i < 0 ? i : 0;
}

static int set_address(char **to, const char *value)
{
	struct address a;

	return address_parse(value, &a) ? set_string(to, value) : -EINVAL;
}

static int set_url(char **to, const char *value)
{
	if (strncmp(value, "http://", 7) != 0 && strncmp(value, "https://", 8) != 0)
		return -EINVAL;
	return set_string(to, value);
}

bool config_value_repeats(const struct config_key *k)
{
	return k->type == CONFIG_PATTERN || k->type == CONFIG_TABLES || k->type == CONFIG_FILES;
}

int config_value_set(void *base, const struct config_key *k, const char *value)
{
	void *to = (char *)base + k->off;

	switch (k->type) {
	case CONFIG_PATH:
		return set_string(to, value);
	case CONFIG_SYNC:
		return set_sync(to, value);
	case CONFIG_SWITCH:
		if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
			return -EINVAL;
		*(bool *)to = *value == '1';
		return 0;
	case CONFIG_PATTERN:
		return set_pattern(to, value);
	case CONFIG_TABLES:
		return set_tables(to, value);
	case CONFIG_PRIORITY:
		return set_priority(to, value);
	case CONFIG_SCORE:
		return set_score(to, value, k->max);
	case CONFIG_CONNINFO:
		return set_conninfo(to, value);
	case CONFIG_LOG:
		return set_log(to, value);
	case CONFIG_QUOTED:
		return set_quoted(to, value);
	case CONFIG_MODE:
		return set_mode(to, value);
	case CONFIG_USER:
		return set_user(to, value);
	case CONFIG_GROUP:
		return set_group(to, value);
	case CONFIG_COMPRESSION:
		return set_compression(to, value);
	case CONFIG_FORM:
		return set_form(to, value);
	case CONFIG_UNIT:
		return set_unit(to, value);
	case CONFIG_ADDRESS:
		return set_address(to, value);
	case CONFIG_URL:
		return set_url(to, value);
	case CONFIG_ROOTED:
		return *value == '/' ? set_string(to, value) : -EINVAL;
	case CONFIG_FILES:
		return *value == '/' ? config_value_list_add(to, value, strlen(value)) : -EINVAL;
	default:
		return set_number(k, to, value);
	}
}

int config_value_refuse(char why[CONFIG_WHY_MAX], int r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, CONFIG_WHY_MAX, fmt, ap);
	va_end(ap);
	return r;
}

int config_value_take(const struct config_key *keys, size_t n, const char *section, const char *name, const char *value,
    void *base, uint64_t *given, char why[CONFIG_WHY_MAX])
{
	for (size_t i = 0; i < n; i++) {
		const struct config_key *k = &keys[i];
		int r;

		if (strcmp(k->section, section) != 0 || strcmp(k->name, name) != 0)
			continue;
		if (*given & UINT64_C(1) << i && !config_value_repeats(k))
			return config_value_refuse(why, -EINVAL, "%s is given twice", name);
		/* Also under its other name. */
		for (size_t j = 0; j < n; j++)
			if (keys[j].off == k->off)
				*given |= UINT64_C(1) << j;
		r = config_value_set(base, k, value);
		if (r == -EINVAL)
			return config_value_refuse(why, r, "%s: expected %s, not '%s'", name, k->expected, value);
		return r < 0 ? config_value_refuse(why, r, "%s", strerror(-r)) : 1;
	}
	return 0;
}
