/* pglog_class.h -- what kind of error a message of a PostgreSQL server is
 *
 * By SQLSTATE; where the log does not have it, by the message in English. All functions are thread-safe.
 */
#ifndef COLLECTOR_PGLOG_CLASS_H
#define COLLECTOR_PGLOG_CLASS_H

#include "collector/pglog_record.h"

enum pglog_category {
	PGLOG_OF_OTHER,
	PGLOG_OF_LOCK,
	PGLOG_OF_CONSTRAINT,
	PGLOG_OF_SERIALIZATION,
	PGLOG_OF_TIMEOUT,
	PGLOG_OF_CONNECTION,
	PGLOG_OF_AUTH,
	PGLOG_OF_SYNTAX,
	PGLOG_OF_RESOURCE,
	PGLOG_OF_CORRUPTION,
	PGLOG_OF_SYSTEM,
	PGLOG_CATEGORIES
};

/* How much it matters to who runs the server. */
enum pglog_weight { PGLOG_CRITICAL, PGLOG_MATTERS, PGLOG_MINOR };

enum pglog_category pglog_class_of(const struct pglog_record *rec);
const char *pglog_class_name(enum pglog_category c);

/* Of a warning or an error. Critical: PANIC, and what is wrong with memory, disks, files or the server itself. Minor:
 * warnings, and what is wrong with a statement or its data. All else matters. */
enum pglog_weight pglog_class_weight(enum pglog_severity severity, enum pglog_category c);

#endif
