/* store.h -- reading a store: hours, snapshots, tables, texts
 *
 * For readers in any process, also while a recorder writes. Opening costs one directory listing; an hour costs its
 * index; a table one group, from a cache with a byte budget. One thread at a time. Pointers that are returned as
 * borrowed stay valid until the next call on the same store unless said otherwise.
 *
 * Errors: -ENOENT nothing recorded there; -EBADMSG the bytes on disk that this needs are damaged (also told by
 * store_problems); -EPROTONOSUPPORT written by a newer version; others as the kernel says.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "store/format.h"
#include "store/hour.h"
#include "store/payloads.h"
#include "store/points_read.h"
#include "store/series.h"
#include "store/sidecar.h"
#include "store/table.h"
#include "store/topic_reader.h"

struct store;

struct store_options {
	size_t cache_bytes; /* decoded groups and texts; 0: 64 MiB. Topics have a quarter as much again */
};

int store_open(const char *dir, const struct store_options *o, struct store **ret);
void store_close(struct store *s);
DEFINE_CLEANUP(store, store_close)

struct store_info {
	uint64_t id;
	int64_t created_ms;
	const char *host; /* borrowed, for the store's life */
};
void store_info(const struct store *s, struct store_info *ret);

/* Looks for hours, parts and snapshots that came or went since the last look. Costs a stat and, if something
 * is being recorded, an fstat. Ret: 1 if anything is different, 0 if not; an error only if nothing is. */
int store_refresh(struct store *s);

/* Hours that have snapshots, ascending, as hours since 1970. Borrowed until the next store_refresh. */
void store_hours(struct store *s, const int32_t **ret, size_t *ret_n);

/* An hour, from a bounded set of open ones: borrowed until the next store_refresh, or until four others have been asked
 * for. Calls that are given it keep it open. Opens by name: independent of the history's length. */
int store_hour(struct store *s, int32_t hour, struct hour **ret);

/* The newest snapshot not after time_ms: by the snapshots' times, whatever order they were recorded in (among equal
 * times the one recorded last). */
int store_at(struct store *s, int64_t time_ms, int32_t *ret_hour, uint32_t *ret_seq);
/* The snapshot recorded last. */
int store_latest(struct store *s, int32_t *ret_hour, uint32_t *ret_seq);

/* --- contents --- */

/* A table at a moment. Borrowed. */
int store_table(struct store *s, struct hour *h, uint32_t i, uint16_t table, const struct table **ret);

/* The same with counters as rates since the snapshot recorded before it (its last appearance of the table, also in the
 * hour before, not across a boot): columns NAME_per_s, decimals with 3 digits. NULL where a counter went down, where
 * the row was not there before, where a counter holds reaped children's share, for all if there is no snapshot before.
 * -ENOENT as store_table. Borrowed. */
int store_rate(struct store *s, struct hour *h, uint32_t i, uint16_t table, const struct table **ret);

enum text_form { FORM_TEXT, FORM_JSON, FORM_RATE, FORM_RATE_JSON };

/* The whole text of a table in a snapshot. Borrowed. */
int store_text(struct store *s, struct hour *h, uint32_t i, uint16_t table, enum text_form form, struct span *ret);
/* Its length: for FORM_TEXT as hour_size, for the others from the group (then cached). */
int store_text_len(struct store *s, struct hour *h, uint32_t i, uint16_t table, enum text_form form, uint64_t *ret_len);

/* The text of a table over the whole hour: the header line with `time` first, then each snapshot's rows with its time
 * in the first column. Where a table's columns grew, the header line is repeated. Length, and any byte range (shorter
 * at the end) appended to out. Appending only: as long as the hour is live the text grows at its end. */
int store_hour_text_len(struct store *s, struct hour *h, uint16_t table, uint64_t *ret_len);
int store_hour_text(struct store *s, struct hour *h, uint16_t table, uint64_t off, size_t len, struct buf *out);

/* The rows of a table over the hour, by number: a row keeps its number as long as the hour is there, as it grows and
 * when it is sealed. Snapshots in it are indices of the hour. From what the chunk has stored; for a log, and where that
 * is not stored, from the tables themselves (-EBADMSG if some are damaged). Borrowed. */
int store_roster(struct store *s, struct hour *h, uint16_t table, const struct roster **ret);

/* The text of one column of the row of that number over the hour: for each snapshot that the row is in, its time, a tab
 * and the value as in the table's text; NULL where the table did not have the column yet. Length, and any byte range
 * (shorter at the end) appended to out. Appending only, as store_hour_text. -ENOENT: no such row or column. */
int store_series_len(
    struct store *s, struct hour *h, uint16_t table, uint32_t number, uint32_t column, uint64_t *ret_len);
int store_series_text(struct store *s, struct hour *h, uint16_t table, uint32_t number, uint32_t column, uint64_t off,
    size_t len, struct buf *out);

/* The same as points (struct series_point), appended to out: a table that was not due gives none. */
int store_series_points(
    struct store *s, struct hour *h, uint16_t table, uint32_t number, uint32_t column, struct buf *out);

/* The heat entries of an hour, in order of recording. Borrowed. From the sidecar, or the log while live. If the sidecar
 * is missing or damaged: computed from the chunk (slow), remembered while the hour is open. */
int store_heat(struct store *s, struct hour *h, const struct disk_heat **ret, uint32_t *ret_n);

/* The same by the hour's number: from its sidecars without looking at the chunks, if it is sealed. The entries (struct
 * disk_heat) are appended to out. -ENOENT: there is no such hour. */
int store_heat_entries(struct store *s, int32_t hour, struct buf *out);
/* The sum of these entries, without reading them if the hour is sealed; kept until the store's files change. */
int store_heat_sum(struct store *s, int32_t hour, struct heat_sum *ret);

/* --- topics --- */

/* The store's topics: the store's own, as long as it is open; the caller is the only one to refresh it. An error: they
 * cannot be read, which the rest of the store does not depend on. */
int store_topics(struct store *s, struct topic_store **ret);

/* Every file of the topics: its name within the store, and its length. Takes a system call for each. */
int store_topic_files(struct store *s, int (*each)(const char *name, uint64_t len, void *arg), void *arg);

/* --- payloads --- */

/* The store's payloads, likewise. */
int store_payloads(struct store *s, struct payloads **ret);

/* --- points --- */

/* The store's points, likewise; opened when they are first asked for. */
int store_points(struct store *s, struct points_reader **ret);

/* Every file of the points, as store_topic_files. */
int store_point_files(struct store *s, int (*each)(const char *name, uint64_t len, void *arg), void *arg);

/* --- health --- */

struct store_problem {
	const char *file; /* name within the store */
	uint64_t off;
	const char *what;
};
/* What reading has found damaged or unreadable so far, oldest first, then in topics, payloads and points; each place
 * once. */
void store_problems(const struct store *s, void (*each)(const struct store_problem *p, void *arg), void *arg);

/* Every file of the snapshots: name, length. */
struct store_file {
	const char *name;
	int32_t hour;
	uint32_t part;
	uint64_t len;
};
int store_files(struct store *s, int (*each)(const struct store_file *f, void *arg), void *arg);

#endif
