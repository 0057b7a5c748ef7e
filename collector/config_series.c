/* config_series.c -- see config_series.h */
#include "collector/config_series.h"

#include <ctype.h>

enum { NAME_MAX_LEN = 64, LABELS_MAX = 32 };

static const char listen_prefix[] = "listen.", scrape_prefix[] = "scrape.", textfile_prefix[] = "textfile.";
static const char label_prefix[] = "label.";

#define KEY(section, type, name, value_type, field, min, max, expected)                                                \
	{                                                                                                              \
		section, name, value_type, offsetof(struct type, field), min, max, expected                            \
	}

static const struct config_key keys[] = {
    KEY("series", config_series, "sync", CONFIG_SYNC, sync, 0, 0, "fsync, fdatasync or none"),
    KEY("series", config_series, "buffer", CONFIG_SIZE, buffer, 1 << 20, UINT64_C(64) << 30, "a size from 1M to 64G"),
    KEY("series", config_series, "buffer_age", CONFIG_TIME, buffer_age_ms, 1000, 86400000, "a time from 1s to 1d"),
    KEY("series", config_series, "segment_size", CONFIG_SIZE, segment_size, 1 << 20, 1 << 30, "a size from 1M to 1G"),
    KEY("series", config_series, "max_series", CONFIG_NUMBER, max_series, 1, 100000000, "a number up to 100000000"),
    KEY("series", config_series, "retention_age", CONFIG_TIME, retention_age_ms, 0, INT64_MAX,
        "a time (s m h d w), or 0 for no limit"),
    KEY("series", config_series, "retention_bytes", CONFIG_SIZE, retention_bytes, 0, UINT64_MAX,
        "a size (K M G T), or 0 for no limit"),
    KEY("statsd", config_series, "interval", CONFIG_TIME, statsd.interval_ms, 100, 600000,
        "a time from 100ms to 10min"),
    KEY("statsd", config_series, "idle", CONFIG_TIME, statsd.idle_ms, 1000, 604800000, "a time from 1s to 7d"),
    KEY("statsd", config_series, "max_names", CONFIG_NUMBER, statsd.max_names, 1, 10000000, "a number up to 10000000"),
};

static const struct config_key listen_keys[] = {
    KEY(listen_prefix, config_listen, "address", CONFIG_ADDRESS, address, 0, 0,
        "udp:IP:PORT, tcp:IP:PORT, unix:PATH or unixgram:PATH"),
    KEY(listen_prefix, config_listen, "form", CONFIG_FORM, form, 0, 0, "influx, graphite or statsd"),
    KEY(listen_prefix, config_listen, "unit", CONFIG_UNIT, unit, 0, 0, "ns, us, ms or s"),
    KEY(listen_prefix, config_listen, "max_clients", CONFIG_NUMBER, max_clients, 1, 10000, "a number from 1 to 10000"),
    KEY(listen_prefix, config_listen, "idle", CONFIG_TIME, idle_ms, 0, 604800000, "a time up to 7d, or 0 for no limit"),
    KEY(listen_prefix, config_listen, "mode", CONFIG_MODE, mode, 0, 0, "permissions from 000 to 777"),
};

static const struct config_key scrape_keys[] = {
    KEY(scrape_prefix, config_scrape, "url", CONFIG_URL, url, 0, 0, "http://… or https://…"),
    KEY(scrape_prefix, config_scrape, "interval", CONFIG_TIME, interval_ms, 1000, 86400000, "a time from 1s to 1d"),
    KEY(scrape_prefix, config_scrape, "timeout", CONFIG_TIME, timeout_ms, 100, 3600000, "a time from 100ms to 1h"),
    KEY(scrape_prefix, config_scrape, "max_bytes", CONFIG_SIZE, max_bytes, 1 << 10, 1 << 30, "a size from 1K to 1G"),
};

static const struct config_key textfile_keys[] = {
    KEY(textfile_prefix, config_textfile, "path", CONFIG_ROOTED, path, 0, 0, "an absolute path, or a pattern"),
    KEY(textfile_prefix, config_textfile, "interval", CONFIG_TIME, interval_ms, 1000, 86400000, "a time from 1s to 1d"),
    KEY(textfile_prefix, config_textfile, "max_bytes", CONFIG_SIZE, max_bytes, 1 << 10, 1 << 30,
        "a size from 1K to 1G"),
};
#undef KEY

void config_series_init(struct config_series *s)
{
	*s = (struct config_series){
	    .sync = SYNC_FDATASYNC,
	    .buffer = 64 << 20,
	    .buffer_age_ms = 600000,
	    .segment_size = 16 << 20,
	    .max_series = 2000000,
	    .statsd = {.interval_ms = 10000, .idle_ms = 3600000, .max_names = 100000},
	};
}

static void labels_done(struct config_labels *l)
{
	config_value_list_done(&l->names);
	config_value_list_done(&l->values);
}

void config_series_done(struct config_series *s)
{
	for (size_t i = 0; i < s->n_listens; i++) {
		free(s->listens[i].name);
		free(s->listens[i].address);
	}
	for (size_t i = 0; i < s->n_scrapes; i++) {
		free(s->scrapes[i].name);
		free(s->scrapes[i].url);
		labels_done(&s->scrapes[i].labels);
	}
	for (size_t i = 0; i < s->n_textfiles; i++) {
		free(s->textfiles[i].name);
		free(s->textfiles[i].path);
		labels_done(&s->textfiles[i].labels);
	}
	free(s->listens);
	free(s->scrapes);
	free(s->textfiles);
}

/* --- sections --- */

/* The name behind a prefix; NULL: it is another section. */
static const char *name_behind(const char *prefix, const char *section, size_t *len)
{
	size_t n = strlen(prefix);

	if (*len <= n || memcmp(section, prefix, n) != 0)
		return NULL;
	*len -= n;
	return section + n;
}

static bool is_name(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr("-_.", name[i]))
			return false;
	return len <= NAME_MAX_LEN;
}

static bool is(const char *had, const char *name, size_t len)
{
	return strlen(had) == len && memcmp(had, name, len) == 0;
}

static int add_listen(struct config_series *s, const char *name, size_t len)
{
	struct config_listen *v;

	for (size_t i = 0; i < s->n_listens; i++)
		if (is(s->listens[i].name, name, len))
			return -EEXIST;
	v = realloc(s->listens, (s->n_listens + 1) * sizeof *v);
	if (!v)
		return -ENOMEM;
	s->listens = v;
	v += s->n_listens;
	*v = (struct config_listen){.name = strndup(name, len), .unit = 1, .max_clients = 100, .mode = 0660};
	if (!v->name)
		return -ENOMEM;
	s->n_listens++;
	s->at = SERIES_LISTEN;
	return 1;
}

static int add_scrape(struct config_series *s, const char *name, size_t len)
{
	struct config_scrape *v;

	for (size_t i = 0; i < s->n_scrapes; i++)
		if (is(s->scrapes[i].name, name, len))
			return -EEXIST;
	v = realloc(s->scrapes, (s->n_scrapes + 1) * sizeof *v);
	if (!v)
		return -ENOMEM;
	s->scrapes = v;
	v += s->n_scrapes;
	*v = (struct config_scrape){
	    .name = strndup(name, len), .interval_ms = 15000, .timeout_ms = 10000, .max_bytes = 64 << 20};
	if (!v->name)
		return -ENOMEM;
	s->n_scrapes++;
	s->at = SERIES_SCRAPE;
	return 1;
}

static int add_textfile(struct config_series *s, const char *name, size_t len)
{
	struct config_textfile *v;

	for (size_t i = 0; i < s->n_textfiles; i++)
		if (is(s->textfiles[i].name, name, len))
			return -EEXIST;
	v = realloc(s->textfiles, (s->n_textfiles + 1) * sizeof *v);
	if (!v)
		return -ENOMEM;
	s->textfiles = v;
	v += s->n_textfiles;
	*v = (struct config_textfile){.name = strndup(name, len), .interval_ms = 15000, .max_bytes = 16 << 20};
	if (!v->name)
		return -ENOMEM;
	s->n_textfiles++;
	s->at = SERIES_TEXTFILE;
	return 1;
}

int config_series_begin(struct config_series *s, const char *section, size_t len)
{
	static const struct {
		const char *prefix;
		int (*add)(struct config_series *s, const char *name, size_t len);
	} kinds[] = {{listen_prefix, add_listen}, {scrape_prefix, add_scrape}, {textfile_prefix, add_textfile}};

	s->at = SERIES_OTHER;
	if (is("series", section, len) || is("statsd", section, len)) {
		s->at = SERIES_PLAIN;
		return 1;
	}
	for (size_t i = 0; i < N_ELEMENTS(kinds); i++) {
		size_t name_len = len;
		const char *name = name_behind(kinds[i].prefix, section, &name_len);

		if (name && is_name(name, name_len))
			return kinds[i].add(s, name, name_len);
	}
	return 0;
}

/* --- keys --- */

static bool is_label_name(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	while (isalnum((unsigned char)*name) || *name == '_')
		name++;
	return *name == '\0';
}

/* A line label.NAME = VALUE. 0: it is none. */
static int take_label(struct config_labels *l, const char *key, const char *value, char *why)
{
	const size_t prefix = strlen(label_prefix);
	int r;

	if (strncmp(key, label_prefix, prefix) != 0)
		return 0;
	key += prefix;
	if (!is_label_name(key) || strcmp(key, "job") == 0 || strcmp(key, "instance") == 0)
		return config_value_refuse(why, -EINVAL, "%s cannot be a label's name here", key);
	if (*value == '\0' || strlen(value) > POINT_KEY_MAX / 4)
		return config_value_refuse(why, -EINVAL, "label %s: expected a value of 1 to 1024 bytes", key);
	if (config_value_list_has(&l->names, key))
		return config_value_refuse(why, -EINVAL, "label %s is given twice", key);
	if (l->names.n == LABELS_MAX)
		return config_value_refuse(why, -EINVAL, "more than %d labels", LABELS_MAX);
	r = config_value_list_add(&l->values, value, strlen(value));
	if (r == 0)
		r = config_value_list_add(&l->names, key, strlen(key));
	return r < 0 ? config_value_refuse(why, r, "%s", strerror(-r)) : 1;
}

int config_series_take(
    struct config_series *s, const char *section, const char *name, const char *value, char why[CONFIG_WHY_MAX])
{
	struct config_labels *labels = NULL;
	const struct config_key *of = keys;
	size_t n = N_ELEMENTS(keys);
	uint64_t *given = &s->given;
	const char *which = "";
	void *base = s;
	int r;

	if (s->at == SERIES_OTHER)
		return 0;
	if (s->at == SERIES_LISTEN) {
		struct config_listen *l = &s->listens[s->n_listens - 1];

		base = l, given = &l->given, of = listen_keys, n = N_ELEMENTS(listen_keys), section = listen_prefix,
		which = l->name;
	} else if (s->at == SERIES_SCRAPE) {
		struct config_scrape *c = &s->scrapes[s->n_scrapes - 1];

		base = c, given = &c->given, of = scrape_keys, n = N_ELEMENTS(scrape_keys), section = scrape_prefix,
		which = c->name;
		labels = &c->labels;
	} else if (s->at == SERIES_TEXTFILE) {
		struct config_textfile *t = &s->textfiles[s->n_textfiles - 1];

		base = t, given = &t->given, of = textfile_keys, n = N_ELEMENTS(textfile_keys);
		section = textfile_prefix, which = t->name, labels = &t->labels;
	}
	r = labels ? take_label(labels, name, value, why) : 0;
	if (r == 0)
		r = config_value_take(of, n, section, name, value, base, given, why);
	return r != 0 ? r : config_value_refuse(why, -EINVAL, "unknown key %s in [%s%s]", name, section, which);
}

/* What has to be said, and what does not go together. */
int config_series_finish(struct config_series *s, char why[CONFIG_WHY_MAX])
{
	for (size_t i = 0; i < s->n_listens; i++)
		if (!s->listens[i].address || s->listens[i].form == LISTEN_NOTHING)
			return config_value_refuse(
			    why, -EINVAL, "[%s%s] needs an address and a form", listen_prefix, s->listens[i].name);
	for (size_t i = 0; i < s->n_scrapes; i++) {
		struct config_scrape *c = &s->scrapes[i];

		if (!c->url)
			return config_value_refuse(why, -EINVAL, "[%s%s] needs a url", scrape_prefix, c->name);
		if (c->timeout_ms > c->interval_ms)
			c->timeout_ms = c->interval_ms;
	}
	for (size_t i = 0; i < s->n_textfiles; i++)
		if (!s->textfiles[i].path)
			return config_value_refuse(
			    why, -EINVAL, "[%s%s] needs a path", textfile_prefix, s->textfiles[i].name);
	return 0;
}
