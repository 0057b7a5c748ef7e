/* config.h -- what histd is told by its file
 *
 *   [store]
 *   path = /var/lib/histfs     directory of the store
 *   sync = fdatasync           fsync | fdatasync | none
 *   sync_every = 10            snapshots; as many can be lost when the power fails
 *   retention_bytes = 1G       oldest hours are removed above that (K M G T); 0: never
 *   retention_age = 7d         and when they are older than that (s m h d w); 0: never
 *   seal_level = 0             of zstd, 1 to 22, for finished hours; 0: the store's default
 *
 *   [record]
 *   interval = 1s              from tick to tick, 100ms to 10min
 *   root = /                   below which /proc and /sys are
 *   cmdline_max = 4096         bytes kept of a command line, 16 to 1000000
 *   redact = 1                 1: blank what looks like a secret in command lines; 0: do not
 *   redact_pattern = …         one more regular expression to blank (may be repeated)
 *   tables = cpu mem …         record these only (may be repeated)
 *   skip = …                   record all but these (may be repeated)
 *   priority = realtime        of sampling and writing: realtime | high | normal (see priority.h)
 *   lock_memory = 1            1: the program and what it allocates stay in memory; 0: they do not
 *   oom_score_adj = -900       how unwilling the kernel is to end histd when memory runs out, -1000 to 1000
 *
 *   [interval]
 *   TABLE = 60s                of a table that may have one of its own, 0 to 1d; 0: every tick. Tables that are off
 *                              unless asked for are recorded if they are named here or in tables
 *
 *   [postgres.NAME]            a PostgreSQL server; as many sections as there are servers
 *   conninfo =                 how libpq is to connect; empty: its defaults and environment
 *   interval = 0               of sessions, locks and counters, 100ms to 1h; 0: [record]'s, but a second at least
 *   slow = 30s                 of statements, tables, indexes and replication, 1s to 1d
 *   slowest = 5min             of settings, sizes and ages, 1s to 1d
 *   log =                      files of its log, whose last part may have wildcards, or off; empty: as the server says
 *   log_line_prefix =          of these files; empty: the server's
 *
 *   [payloads]
 *   sync = fdatasync           fsync | fdatasync | none
 *   segment_size = 64M         of the log, 1M to 1G
 *   max_value = 16M            of one value, 1K to 16M
 *   keep_versions = all        besides a key's newest: all, or a number. Older ones go when they are
 *   keep_age = 0               older than that, too; 0: their age does not keep them
 *   tombstones = 7d            how long it is kept that a key was deleted
 *
 *   [socket] [topics] [topic.NAME]   see config_topics.h
 *   [series] [statsd] [listen.NAME] [scrape.NAME] [textfile.NAME]   see config_series.h
 *
 * The values above are the defaults. A section or key that is not known, a key that is given twice and a value that is
 * not understood are errors. A config is immutable and shared by counting, from any thread.
 */
#ifndef COLLECTOR_CONFIG_H
#define COLLECTOR_CONFIG_H

#include "collector/config_series.h"
#include "collector/config_topics.h"
#include "collector/config_value.h"
#include "collector/priority.h"
#include "collector/redact.h"
#include "store/log.h"

#include <stdatomic.h>

struct table_interval {
	const char *table; /* its source's */
	uint64_t ms;
};

struct config_postgres {
	char *name;
	char *conninfo;
	uint64_t interval_ms; /* 0: as that of all */
	uint64_t slow_ms;
	uint64_t slowest_ms;
	char *log;             /* files, or "off"; NULL: as the server says */
	char *log_line_prefix; /* NULL: the server's */
	unsigned given;        /* keys, a bit each */
};

struct config_payloads {
	enum sync_mode sync;
	uint64_t segment_size, max_value;
	uint64_t keep_versions; /* UINT32_MAX: all */
	uint64_t keep_age_ms, tombstone_ms;
};

struct config {
	atomic_uint refs;

	char *store;
	enum sync_mode sync;
	uint64_t sync_every;
	uint64_t retention_bytes;
	uint64_t retention_age_ms;
	uint64_t seal_level;

	uint64_t interval_ms;
	char *root;
	uint64_t cmdline_max;
	bool redact_on;
	struct string_list patterns;
	struct string_list tables;
	struct string_list skip;
	struct redact *redact; /* NULL: off */
	enum priority priority;
	bool lock_memory;
	int oom_score_adj;
	struct table_interval *intervals;
	size_t n_intervals;
	struct config_postgres *postgres;
	size_t n_postgres;

	struct config_payloads payloads;
	struct config_topics topics;
	struct config_series series;
};

enum { CONFIG_ERROR_MAX = 512 };

/* Reads a file; path NULL: the defaults. On an error, error is one line for a person, with file and line. -EINVAL: the
 * file is not right; otherwise what reading it said. */
int config_load(const char *path, struct config **ret, char error[CONFIG_ERROR_MAX]);

struct config *config_get(struct config *c);
void config_put(struct config *c);
DEFINE_CLEANUP(config, config_put)

/* Whether the table of that name is to be recorded; off: only if it was asked for. */
bool config_wants(const struct config *c, const char *table, bool off);
/* The interval that was given for a table, in ms, or else preset. */
uint64_t config_interval(const struct config *c, const char *table, uint64_t preset);

#endif
