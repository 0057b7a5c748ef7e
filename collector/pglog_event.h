/* pglog_event.h -- what a message of a PostgreSQL server tells of: a checkpoint, a vacuum, a slow query
 *
 * By its text in English, as versions 10 to 18 write it. All functions are thread-safe.
 */
#ifndef COLLECTOR_PGLOG_EVENT_H
#define COLLECTOR_PGLOG_EVENT_H

#include "collector/pglog_record.h"

/* Columns of pg_log_detailed_events behind the server's name. Part of the format: only ever added, at the end. */
#define PGLOG_EVENT_COLUMNS(C)                                                                                         \
	C(KEY_ID, "sequence", SEQUENCE)                                                                                \
	C(TIME, "time_s", TIME)                                                                                        \
	C(STR, "kind", KIND)                                                                                           \
	C(STR, "reason", REASON)                                                                                       \
	C(ID, "pid", PID)                                                                                              \
	C(STR, "datname", DATNAME)                                                                                     \
	C(STR, "usename", USENAME)                                                                                     \
	C(STR, "application_name", APPLICATION)                                                                        \
	C(STR, "relation", RELATION)                                                                                   \
	C(SPAN, "duration_us", DURATION)                                                                               \
	C(NUM, "buffers_written", BUFFERS)                                                                             \
	C(NUM, "slru_buffers_written", SLRU_BUFFERS)                                                                   \
	C(NUM, "wal_files_added", WAL_ADDED)                                                                           \
	C(NUM, "wal_files_removed", WAL_REMOVED)                                                                       \
	C(NUM, "wal_files_recycled", WAL_RECYCLED)                                                                     \
	C(SPAN, "write_us", WRITE)                                                                                     \
	C(SPAN, "sync_us", SYNC)                                                                                       \
	C(NUM, "sync_files", SYNC_FILES)                                                                               \
	C(SPAN, "sync_longest_us", SYNC_LONGEST)                                                                       \
	C(SPAN, "sync_average_us", SYNC_AVERAGE)                                                                       \
	C(BYTES, "distance_bytes", DISTANCE)                                                                           \
	C(BYTES, "estimate_bytes", ESTIMATE)                                                                           \
	C(NUM, "index_scans", INDEX_SCANS)                                                                             \
	C(NUM, "pages_removed", PAGES_REMOVED)                                                                         \
	C(NUM, "pages_remain", PAGES_REMAIN)                                                                           \
	C(NUM, "pages_scanned", PAGES_SCANNED)                                                                         \
	C(NUM, "pages_skipped_pins", PAGES_SKIPPED_PINS)                                                               \
	C(NUM, "pages_skipped_frozen", PAGES_SKIPPED_FROZEN)                                                           \
	C(NUM, "tuples_removed", TUPLES_REMOVED)                                                                       \
	C(NUM, "tuples_remain", TUPLES_REMAIN)                                                                         \
	C(NUM, "tuples_dead", TUPLES_DEAD)                                                                             \
	C(NUM, "buffer_hits", BUFFER_HITS)                                                                             \
	C(NUM, "buffer_misses", BUFFER_MISSES)                                                                         \
	C(NUM, "buffer_dirtied", BUFFER_DIRTIED)                                                                       \
	C(BYTES, "read_bytes_per_s", READ_RATE)                                                                        \
	C(BYTES, "write_bytes_per_s", WRITE_RATE)                                                                      \
	C(SPAN, "io_read_us", IO_READ)                                                                                 \
	C(SPAN, "io_write_us", IO_WRITE)                                                                               \
	C(SPAN, "delay_us", DELAY)                                                                                     \
	C(SPAN, "cpu_user_us", CPU_USER)                                                                               \
	C(SPAN, "cpu_system_us", CPU_SYSTEM)                                                                           \
	C(NUM, "wal_records", WAL_RECORDS)                                                                             \
	C(NUM, "wal_fpi", WAL_FPI)                                                                                     \
	C(BYTES, "wal_bytes", WAL_BYTES)                                                                               \
	C(BYTES, "size_bytes", SIZE)                                                                                   \
	C(STR, "lock_mode", LOCK_MODE)                                                                                 \
	C(STR, "lock_object", LOCK_OBJECT)                                                                             \
	C(STR, "blocked_by", BLOCKED_BY)                                                                               \
	C(TEXT, "detail", DETAIL)                                                                                      \
	C(TEXT, "query", QUERY)

enum pglog_event_column {
#define PGLOG_EVENT_ENUMERATOR(kind, name, ident) PGLOG_EV_##ident,
	PGLOG_EV_SERVER,
	PGLOG_EVENT_COLUMNS(PGLOG_EVENT_ENUMERATOR) PGLOG_EV_COLUMNS
#undef PGLOG_EVENT_ENUMERATOR
};

enum pglog_kind {
	PGLOG_NO_EVENT,

	/* Those that become rows. */
	PGLOG_CHECKPOINT,
	PGLOG_RESTARTPOINT,
	PGLOG_AUTOVACUUM,
	PGLOG_AUTOANALYZE,
	PGLOG_SLOW_QUERY,
	PGLOG_LOCK_WAIT,
	PGLOG_TEMP_FILE,
	PGLOG_DEADLOCK,
	PGLOG_CRASH,
	PGLOG_START,
	PGLOG_STOP,
	PGLOG_ROW_KINDS,

	PGLOG_DURATION = PGLOG_ROW_KINDS, /* of a statement that was logged, if at all, before it began */
	PGLOG_STATEMENT_BEGUN,            /* that one */
	PGLOG_CHECKPOINT_BEGUN,
	PGLOG_RESTARTPOINT_BEGUN,
	PGLOG_CONNECTION,
	PGLOG_DISCONNECTION,
};

struct pglog_event {
	enum pglog_kind kind;
	uint64_t known; /* bit c: cells[c] is set */
	uint64_t cells[PGLOG_EV_COLUMNS];
	struct pgtext texts[PGLOG_EV_COLUMNS]; /* of the record; those that are empty are not known */
};

static inline void pglog_event_set(struct pglog_event *e, enum pglog_event_column c, uint64_t v)
{
	e->cells[c] = v;
	e->known |= UINT64_C(1) << c;
}

/* What the message tells of. The column QUERY is SQL as it was written. */
enum pglog_kind pglog_event_of(const struct pglog_record *rec, struct pglog_event *ret);

/* As the column `kind` has it. */
const char *pglog_event_name(enum pglog_kind kind);

#endif
