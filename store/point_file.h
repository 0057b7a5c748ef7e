/* point_file.h -- a sealed file of the points of one hour (docs/format.md, section 14)
 *
 * Series in order of their keys, points in order of time, no time twice. A reader may be used by one thread at a time.
 */
#ifndef STORE_POINT_FILE_H
#define STORE_POINT_FILE_H

#include "store/cleanup.h"
#include "store/point_key.h"
#include "store/sealed.h"

/* What a file says of itself. number: of the last batch that it may hold points of; since: see format.md; for a file
 * that replaces none it is number. newest: of the newest batch or drop that made it what it is; not above number. */
struct point_file_head {
	int32_t hour;
	uint64_t number, since, newest;
	uint64_t n_series, n_points; /* set by the writer; series are fewer than 2^32 */
	int64_t first_ns, last_ns;   /* likewise */
};

/* "2026-11-20T03.00000000000000000077.points", and back (false: another name). */
enum { POINT_FILE_NAME_SIZE = 48 };
void point_file_name(char ret[POINT_FILE_NAME_SIZE], int32_t hour, uint64_t number);
bool point_file_name_parse(const char *name, int32_t *ret_hour, uint64_t *ret_number);

/* --- writing --- */

enum point_file_level {
	POINT_FILE_FAST, /* written while points come: read as it lies */
	POINT_FILE_COLD, /* of an hour that is over: as small as can be */
};

struct point_file_writer;

enum { POINT_FILE_VERSION = 2, POINT_FILE_SERIES_MAX = 1 << 30 };

/* Points of a series that are read at once: of what repeats a few bytes in a file say how many there are, and 16 are
 * needed for each of them. */
enum { POINT_FILE_READ_MAX = 1 << 26 };

/* dirfd: of series/. */
int point_file_writer_new(int dirfd, uint64_t store_id, const struct point_file_head *head, enum point_file_level level,
    struct point_file_writer **ret);
/* The next series, whose key is above the one before: n points, times strictly ascending within the hour; n may be
 * anything from 1 to POINT_FILE_SERIES_MAX (-EMSGSIZE). -EINVAL: it is not so. */
int point_file_writer_add(
    struct point_file_writer *w, struct span key, const int64_t *ns, const uint64_t *bits, size_t n);
/* Durable under its name, replacing one of that name, or not there. Frees the writer either way. */
int point_file_writer_finish(struct point_file_writer *w, struct point_file_head *ret);
void point_file_writer_abort(struct point_file_writer *w);
DEFINE_CLEANUP(point_file_writer, point_file_writer_abort)

/* --- reading --- */

struct point_file;

int point_file_open(int dirfd, const char *name, struct point_file **ret);
void point_file_close(struct point_file *f);
DEFINE_CLEANUP(point_file, point_file_close)
const struct point_file_head *point_file_head(const struct point_file *f);
uint64_t point_file_len(const struct point_file *f);
/* Whether its indexes were damaged, so that pages were looked for; since is number then, and what is lost of keys at
 * the end is not counted. */
bool point_file_salvaged(const struct point_file *f);

/* Whether the file may have that key, or a series whose label has that value ("__name__": the metric): false is
 * certain. From the Bloom filter alone. */
bool point_file_may_have_key(struct point_file *f, struct span key);
bool point_file_may_have_label(struct point_file *f, struct span label, struct span value);

/* Series are numbered from 0 in order of their keys. -ENOENT, -EBADMSG. */
int point_file_find(struct point_file *f, struct span key, uint64_t *ret_number);
/* The key of a series; borrowed until the next call. */
int point_file_key(struct point_file *f, uint64_t number, struct span *ret);

/* Behind a series that is damaged: the next one, or, if its whole page is, the first of the next page. */
uint64_t point_file_next(const struct point_file *f, uint64_t number);

/* What is known of a series without decoding its points. Text: as store/point_text.h writes it. */
struct point_stat {
	uint64_t n;
	int64_t first_ns, last_ns;
	uint64_t values_len; /* of all values as text */
	uint64_t n_fine;     /* points whose time is no whole millisecond */
};
int point_file_stat(struct point_file *f, uint64_t number, struct point_stat *ret);

/* Points of one series and of times from `from` to `to`, both included: times and values of equal length are appended
 * (int64_t, uint64_t). -EBADMSG: what holds them is damaged; -EFBIG: there are more than POINT_FILE_READ_MAX; nothing
 * is appended then. */
int point_file_read(
    struct point_file *f, uint64_t number, int64_t from, int64_t to, struct buf *ret_ns, struct buf *ret_bits);

/* Goes through series from `number` on, in order, fastest where all are wanted: each(number, ns, bits, n, arg) for each
 * series, with all its points, or with n 0 and ns NULL where they are damaged, or more than POINT_FILE_READ_MAX: once
 * for a page of keys that is damaged. What is
 * passed is valid during the call. Stops when each returns anything but 0, and returns that. */
int point_file_scan(struct point_file *f, uint64_t number,
    int (*each)(uint64_t number, const int64_t *ns, const uint64_t *bits, size_t n, void *arg), void *arg);

/* Reads and checks all of it; each damaged place is told. Returns how many there are, or a negative errno. */
int point_file_verify(struct point_file *f, void (*each)(uint64_t off, const char *what, void *arg), void *arg);

#endif
