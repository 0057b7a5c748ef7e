/* pglog_record.h -- a message of a PostgreSQL server's log, whatever format it was written in
 *
 * Texts may be any bytes: they are in the encoding of the session that they are about. What the log does not say is
 * empty, or INT64_MIN for the time. All functions are thread-safe.
 */
#ifndef COLLECTOR_PGLOG_RECORD_H
#define COLLECTOR_PGLOG_RECORD_H

#include "collector/pgtext.h"

/* In order of how bad they are. */
enum pglog_severity {
	PGLOG_UNKNOWN, /* of a language that is not known */
	PGLOG_DEBUG,
	PGLOG_INFO,
	PGLOG_NOTICE,
	PGLOG_LOG,
	PGLOG_WARNING,
	PGLOG_ERROR,
	PGLOG_FATAL,
	PGLOG_PANIC,
	PGLOG_SEVERITIES
};

/* What comes with a message. */
enum pglog_part { PGLOG_MESSAGE, PGLOG_DETAIL, PGLOG_CONTEXT, PGLOG_STATEMENT, PGLOG_OTHER, PGLOG_PARTS };

struct pglog_record {
	int64_t time_ms; /* since 1970 */
	enum pglog_severity severity;
	char sqlstate[6];
	uint64_t pid; /* 0: not known */
	struct pgtext part[PGLOG_PARTS];
	struct pgtext user, database, application;
};

/* What times in the log mean: the names that the log's time zone has behind its times, and how many seconds it is ahead
 * of UTC then: "CEST=7200 CET=3600". */
enum { PGLOG_ZONES_MAX = 192 };
struct pglog_clock {
	char zones[PGLOG_ZONES_MAX];
};

void pglog_record_clear(struct pglog_record *rec);

/* The severity's own name. */
const char *pglog_record_severity(enum pglog_severity s);

/* What a word stands for, in any language that is known. */
enum pglog_severity pglog_record_find_severity(struct pgtext word);

/* Takes the word of a part off its front ("DETAIL:  " and what it is in other languages). PGLOG_MESSAGE: there is none.
 */
enum pglog_part pglog_record_take_part(struct pgtext *t);

/* Sets it if it is one, and what follows from it where the severity's word is not known. */
void pglog_record_set_sqlstate(struct pglog_record *rec, struct pgtext s);

/* Takes "2026-11-20 03:12:05.123 CET", with or without what is behind the seconds. *ret: INT64_MIN if how far the zone
 * is from UTC is not known. False: it is no time. */
bool pglog_record_take_time(struct pgtext *t, const struct pglog_clock *clock, int64_t *ret);

#endif
