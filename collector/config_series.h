/* config_series.h -- what the configuration says of custom time series, and of where their points come from
 *
 *   [series]
 *   sync = fdatasync           fsync | fdatasync | none
 *   buffer = 64M               of points in memory, from which on they are written as files, 1M to 64G
 *   buffer_age = 10min         or when they have been there so long, 1s to 1d
 *   segment_size = 16M         of the log, 1M to 1G
 *   max_series = 2000000       live at once, 1 to 100000000
 *   retention_age = 0          hours older than that are removed; 0: never
 *   retention_bytes = 0        oldest hours are removed above that; 0: never
 *
 *   [listen.NAME]              a port; as many sections as there are ports
 *   address =                  udp:IP:PORT | tcp:IP:PORT | unix:PATH | unixgram:PATH; an IPv6 address in [ ]
 *   form =                     influx | graphite | statsd
 *   unit = ns                  ns | us | ms | s: of times in Influx's lines
 *   max_clients = 100          at once, 1 to 10000
 *   idle = 0                   who sent no whole line for so long is disconnected, up to 7d; 0: never
 *   mode = 0660                who may: of the socket's file, if it is one
 *
 *   [statsd]
 *   interval = 10s             what came in it becomes points, 100ms to 10min
 *   idle = 1h                  names that nothing came for are forgotten then, 1s to 7d
 *   max_names = 100000         at once, 1 to 10000000
 *
 *   [scrape.NAME]              a page in Prometheus' or OpenMetrics' form, as many sections as there are pages
 *   url =                      http://… or https://…
 *   interval = 15s             1s to 1d
 *   timeout = 10s              for all of it, 100ms to 1h; never longer than the interval
 *   max_bytes = 64M            of a page, unpacked, 1K to 1G
 *   label.NAME = VALUE         of all its series; job and instance are given anyway
 *
 *   [textfile.NAME]            files in that form
 *   path =                     a pattern as for the shell, as /var/lib/node_exporter/[a-z]*.prom
 *   interval = 15s             1s to 1d
 *   max_bytes = 16M            of a file, 1K to 1G
 *   label.NAME = VALUE         of all its series
 */
#ifndef COLLECTOR_CONFIG_SERIES_H
#define COLLECTOR_CONFIG_SERIES_H

#include "collector/config_value.h"
#include "store/log.h"
#include "store/point_key.h"

enum listen_form { LISTEN_NOTHING, LISTEN_INFLUX, LISTEN_GRAPHITE, LISTEN_STATSD };

struct config_labels {
	struct string_list names, values; /* as many of each */
};

struct config_listen {
	char *name;
	char *address;
	uint64_t form; /* LISTEN_* */
	uint64_t unit; /* ns */
	uint64_t max_clients, idle_ms, mode;
	uint64_t given;
};

struct config_scrape {
	char *name;
	char *url;
	uint64_t interval_ms, timeout_ms, max_bytes;
	struct config_labels labels;
	uint64_t given;
};

struct config_textfile {
	char *name;
	char *path;
	uint64_t interval_ms, max_bytes;
	struct config_labels labels;
	uint64_t given;
};

struct config_series {
	enum sync_mode sync;
	uint64_t buffer, buffer_age_ms, segment_size, max_series;
	uint64_t retention_age_ms, retention_bytes;

	struct {
		uint64_t interval_ms, idle_ms, max_names;
	} statsd;

	struct config_listen *listens;
	size_t n_listens;
	struct config_scrape *scrapes;
	size_t n_scrapes;
	struct config_textfile *textfiles;
	size_t n_textfiles;

	/* The section being read: the last one of its kind. */
	enum { SERIES_OTHER, SERIES_PLAIN, SERIES_LISTEN, SERIES_SCRAPE, SERIES_TEXTFILE } at;
	uint64_t given; /* keys of [series] and [statsd], a bit each */
};

/* --- for config.c: as in config_topics.h --- */

void config_series_init(struct config_series *s);
void config_series_done(struct config_series *s);
int config_series_begin(struct config_series *s, const char *name, size_t len);
int config_series_take(
    struct config_series *s, const char *section, const char *name, const char *value, char why[CONFIG_WHY_MAX]);
int config_series_finish(struct config_series *s, char why[CONFIG_WHY_MAX]);

#endif
