/* hour.h -- the snapshots of an hour, over all its files
 *
 * Readers get an hour from store_hour. Part after part, a chunk or a log each; a log grows while it is recorded. One
 * thread.
 */
#ifndef STORE_HOUR_H
#define STORE_HOUR_H

#include "store/chunk.h"
#include "store/group_cache.h"
#include "store/wal.h"

struct hour;

int32_t hour_number(const struct hour *h);
/* True while a log of this hour exists (more may be recorded). */
bool hour_live(const struct hour *h);
/* Smallest and largest time of its snapshots; of the snapshot recorded last. */
int64_t hour_first_ms(const struct hour *h);
int64_t hour_last_ms(const struct hour *h);

/* Number of snapshots. Index i below counts 0…n-1 in order of recording; seq is the number in the name. */
uint32_t hour_n(const struct hour *h);
/* Reads the listing if it has not been read yet. */
int hour_snapshot(struct hour *h, uint32_t i, uint32_t *ret_seq, int64_t *ret_time_ms);
/* Index of a sequence number. */
int hour_find(struct hour *h, uint32_t seq, uint32_t *ret_i);

/* Tables that occur in the hour, ascending by id: the schema each had last. Borrowed as the hour. */
void hour_tables(const struct hour *h, struct table_schema *const **ret, uint32_t *ret_n);

/* Rows and length of the text of a table in a snapshot, without decoding. -ENOENT: not in this snapshot. */
int hour_size(struct hour *h, uint32_t i, uint16_t table, uint64_t *ret_rows, uint64_t *ret_len);

/* --- for the store itself --- */

/* Told of what is found damaged. */
struct hour_report {
	void (*problem)(void *arg, const char *file, uint64_t off, const char *what);
	void *arg;
};

/* Opens all parts of an hour; max_part: parts up to this number may be there although others before are not. Parts that
 * cannot be opened are reported and left out. -ENOENT: no part at all, or none with a snapshot. */
int hour_open(int dirfd, int32_t number, uint32_t max_part, const struct hour_report *report, struct hour **ret);
void hour_close(struct hour *h);
DEFINE_CLEANUP(hour, hour_close)

/* Reads what was appended to its logs. Ret: number of new snapshots; an error only if there are none. */
int hour_update(struct hour *h);

/* Whether its files are no longer what was opened (sealed, another part, removed). */
bool hour_is_stale(const struct hour *h, int dirfd);

/* The decoded group that snapshot i lies in, and its place there. */
int hour_group(
    struct hour *h, uint32_t i, struct group_cache *cache, struct unpacker *u, struct group **ret, uint32_t *ret_s);

/* The table's schema in snapshot i, NULL if it has none. Without decoding. */
const struct table_schema *hour_table_schema(const struct hour *h, uint32_t i, uint16_t table);

/* The rows of a table in a file of the hour that stores them: the one whose first snapshot is i; *ret_n: how many it
 * has. -ENOENT: no file begins there, or it has nothing stored. The caller's, to be freed. */
int hour_roster(struct hour *h, uint32_t i, uint16_t table, struct roster **ret, uint32_t *ret_n);

/* Snapshots, rows and text bytes of a table over the hour, from the index alone. False if that is not known so (a log,
 * a damaged index) or if the table had more than one schema. */
bool hour_total(const struct hour *h, uint16_t table, struct chunk_total *ret);

/* Heat entries from sidecars and logs. -ENOENT, -EBADMSG: a part's sidecar is not to be had. Borrowed. */
int hour_heat(struct hour *h, int dirfd, const struct disk_heat **ret, uint32_t *ret_n);

/* The newest snapshot not after time_ms, among equal times the one recorded last. -ENOENT. */
int hour_at(struct hour *h, int64_t time_ms, uint32_t *ret_i);

/* Gives memory back that can be read again. */
void hour_shrink(struct hour *h);

#endif
