/* pglog_place.h -- where a PostgreSQL server writes its log
 *
 * The server says what its settings are; what it says is looked for on this machine only if it is the machine that the
 * server is on.
 */
#ifndef COLLECTOR_PGLOG_PLACE_H
#define COLLECTOR_PGLOG_PLACE_H

#include "collector/pg_conn.h"
#include "collector/pglog_tail.h"

enum { PGLOG_PREFIX_MAX = 512, PGLOG_WHY_MAX = 120 };

struct pglog_place {
	enum pglog_format format;  /* PGLOG_NO_FORMAT: it cannot be read, and why says so */
	char glob[PGLOG_PATH_MAX]; /* of the files */
	char prefix[PGLOG_PREFIX_MAX];
	struct pglog_clock clock;
	int64_t slow_us; /* log_min_duration_statement; negative: off */
	char why[PGLOG_WHY_MAX];
};

/* What a server says of its log. */
struct pglog_answer {
	struct pg_result *settings; /* NULL: it refuses, and why says so */
	bool local;                 /* it is on this machine */
	char why[PGLOG_WHY_MAX];
};
void pglog_place_done(struct pglog_answer *a);

/* Asks a server. 0, whatever the answer; else what pg_conn_query says. */
int pglog_place_ask(struct pg_conn *conn, struct pglog_answer *ret);

/* Looks for what the answer names, below root; that may hang as long as the file system does. */
void pglog_place_find(const struct pglog_answer *a, const char *root, struct pglog_place *ret);

/* The files that a person named: the format is that of their names. -EMSGSIZE. */
int pglog_place_named(const char *glob, struct pglog_place *ret);

/* The pattern of names that log_filename makes, with what the server puts in the place of ".log" (NULL: nothing).
 * -EMSGSIZE. */
int pglog_place_glob(const char *dir, const char *filename, const char *suffix, char ret[PGLOG_PATH_MAX]);

#endif
