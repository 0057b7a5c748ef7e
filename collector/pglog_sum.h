/* pglog_sum.h -- the messages of a PostgreSQL server's log summed up: errors by what they say, counts, events
 *
 * Memory is bounded: so many errors that differ, the rest together; so many events until they are taken, the rest
 * counted. One thread.
 */
#ifndef COLLECTOR_PGLOG_SUM_H
#define COLLECTOR_PGLOG_SUM_H

#include "collector/pglog_record.h"
#include "collector/redact.h"
#include "store/table.h"

enum { PGLOG_ERRORS_MAX = 512, PGLOG_EVENTS_MAX = 1000 };

/* Columns of pg_log_errors behind the server's name. Part of the format: only ever added, at the end. */
#define PGLOG_ERROR_COLUMNS(C)                                                                                         \
	C(KEY_STR, "sqlstate", SQLSTATE)                                                                               \
	C(KEY_STR, "message", MESSAGE)                                                                                 \
	C(STR, "severity", SEVERITY)                                                                                   \
	C(STR, "category", CATEGORY)                                                                                   \
	C(COUNT, "count", COUNT)                                                                                       \
	C(RESET, "first_s", FIRST)                                                                                     \
	C(TIME, "last_s", LAST)                                                                                        \
	C(STR, "datname", DATNAME)                                                                                     \
	C(STR, "usename", USENAME)                                                                                     \
	C(TEXT, "sample", SAMPLE)                                                                                      \
	C(TEXT, "statement", STATEMENT)

/* The same of pg_log_events. */
#define PGLOG_COUNT_COLUMNS(C)                                                                                         \
	C(RESET, "since_s", SINCE)                                                                                     \
	C(STR, "format", FORMAT)                                                                                       \
	C(COUNT, "log_lines", LINES)                                                                                   \
	C(COUNT, "unparsed_lines", UNPARSED)                                                                           \
	C(POSITION, "read_bytes", READ)                                                                                \
	C(POSITION, "skipped_bytes", SKIPPED)                                                                          \
	C(COUNT, "events_lost", EVENTS_LOST)                                                                           \
	C(COUNT, "warnings", WARNINGS)                                                                                 \
	C(COUNT, "errors", ERRORS)                                                                                     \
	C(COUNT, "fatals", FATALS)                                                                                     \
	C(COUNT, "panics", PANICS)                                                                                     \
	C(COUNT, "errors_critical", CRITICAL)                                                                          \
	C(COUNT, "errors_warning", MATTERS)                                                                            \
	C(COUNT, "errors_info", MINOR)                                                                                 \
	C(COUNT, "checkpoints", CHECKPOINTS)                                                                           \
	C(COUNT, "restartpoints", RESTARTPOINTS)                                                                       \
	C(COUNT, "autovacuums", AUTOVACUUMS)                                                                           \
	C(COUNT, "autoanalyzes", AUTOANALYZES)                                                                         \
	C(COUNT, "slow_queries", SLOW_QUERIES)                                                                         \
	C(COUNT, "temp_files", TEMP_FILES)                                                                             \
	C(POSITION, "temp_bytes", TEMP_BYTES)                                                                          \
	C(COUNT, "lock_waits", LOCK_WAITS)                                                                             \
	C(COUNT, "deadlocks", DEADLOCKS)                                                                               \
	C(COUNT, "crashes", CRASHES)                                                                                   \
	C(COUNT, "connections", CONNECTIONS)                                                                           \
	C(COUNT, "disconnections", DISCONNECTIONS)                                                                     \
	C(STR, "file", FILE)

#define PGLOG_ERROR_ENUMERATOR(kind, name, ident) PGLOG_ERR_##ident,
#define PGLOG_COUNT_ENUMERATOR(kind, name, ident) PGLOG_N_##ident,
enum pglog_error_column { PGLOG_ERR_SERVER, PGLOG_ERROR_COLUMNS(PGLOG_ERROR_ENUMERATOR) PGLOG_ERR_COLUMNS };
enum pglog_count_column { PGLOG_N_SERVER, PGLOG_COUNT_COLUMNS(PGLOG_COUNT_ENUMERATOR) PGLOG_N_COLUMNS };

struct pglog_sum;

/* text_max: bytes of a text that are kept. redact: NULL: nothing is blanked. */
int pglog_sum_new(const char *server, const struct redact *redact, size_t text_max, struct pglog_sum **ret);
void pglog_sum_free(struct pglog_sum *s);
DEFINE_CLEANUP(pglog_sum, pglog_sum_free)

/* What the server's log_min_duration_statement is, in µs; negative: off, or not known. */
void pglog_sum_set_slow(struct pglog_sum *s, int64_t us);

/* The number of the next event. */
uint64_t pglog_sum_sequence(const struct pglog_sum *s);
void pglog_sum_set_sequence(struct pglog_sum *s, uint64_t next);

/* Adds a message; now_ns: of a clock that does not jump. Events become rows of that table. */
int pglog_sum_add(struct pglog_sum *s, const struct pglog_record *rec, int64_t now_ns, struct table *events);

/* Adds to one of the counters. */
void pglog_sum_count(struct pglog_sum *s, enum pglog_count_column c, uint64_t n);

/* Forgets errors that did not occur for an hour. */
void pglog_sum_forget(struct pglog_sum *s, int64_t now_ns);

/* Changes when the errors do. */
uint64_t pglog_sum_version(const struct pglog_sum *s);

/* Append what there is now. */
int pglog_sum_put_errors(const struct pglog_sum *s, struct table *t);
int pglog_sum_put_counts(const struct pglog_sum *s, const char *format, const char *file, struct table *t);

#endif
