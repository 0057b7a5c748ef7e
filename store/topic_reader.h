/* topic_reader.h -- reading topics, in any process, also while they are written (docs/format.md, section 11)
 *
 * Opening costs the registry; a partition costs a directory listing and its newest index, whatever it holds; memory is
 * bounded by a budget, not by what is looked at. One thread at a time. What is returned as borrowed is valid until the
 * next call on the same object.
 *
 * Every batch is verified when it is first read. -EBADMSG is damage; what of it can be said is the range of offsets.
 */
#ifndef STORE_TOPIC_READER_H
#define STORE_TOPIC_READER_H

#include "store/cleanup.h"
#include "store/message.h"

struct topic_store;
struct topic_reader;

/* dir: of the store. A store without topics is one with none. */
int topic_store_open(const char *dir, size_t cache_bytes, struct topic_store **ret);
void topic_store_close(struct topic_store *s);
DEFINE_CLEANUP(topic_store, topic_store_close)

/* Looks for topics and messages that came or went. Ret: 1 if anything of what is open is different, 0 if not. Costs a
 * stat, and one or two for each of the partitions in use. */
int topic_store_refresh(struct topic_store *s);

struct topic_info {
	const char *name; /* borrowed */
	uint32_t number;  /* of its partition 0 */
	uint32_t n_partitions;
};
/* Topics in order of number from `from` on; -ENOENT: no more, none of that name or number. */
int topic_store_next(struct topic_store *s, uint32_t from, struct topic_info *ret);
int topic_store_find(struct topic_store *s, const char *name, struct topic_info *ret);
/* The topic that has the partition of that number, and which it is. */
int topic_store_partition(struct topic_store *s, uint32_t number, struct topic_info *ret, uint32_t *ret_partition);
uint64_t topic_store_count(struct topic_store *s);

/* A partition, from a bounded set of open ones: borrowed until topic_store_refresh, or until eight others have been
 * asked for. One that has no messages yet is empty. -ENOENT: there is no such partition. */
int topic_store_reader(struct topic_store *s, uint32_t number, struct topic_reader **ret);

struct topic_range {
	uint64_t first_offset; /* oldest that is kept; = next_offset: empty */
	uint64_t next_offset;
	int64_t max_ms;     /* largest time; INT64_MIN: none */
	int64_t changed_ms; /* moves whenever anything here does */
	uint64_t bytes;     /* on disk */
	uint32_t n_segments;
};
void topic_reader_range(struct topic_reader *r, struct topic_range *ret);

/* The message at that offset. -ENOENT: there is none (compacted, not given, removed); -EBADMSG: it lies in damage.
 * Borrowed. */
int topic_reader_get(struct topic_reader *r, uint64_t offset, struct message *ret);
/* What a directory says, without reading its body: time and value's length (0 for NULL). */
struct topic_stat {
	uint64_t offset;
	int64_t time_ms;
	uint64_t value_len;
};
int topic_reader_stat(struct topic_reader *r, uint64_t offset, struct topic_stat *ret);
/* The first at or behind that offset. Results and *ret_behind as those of topic_reader_next. Consecutive calls walk on
 * without looking up. */
int topic_reader_next_stat(struct topic_reader *r, uint64_t offset, struct topic_stat *ret, uint64_t *ret_behind);

/* The first message at or behind that offset. -ENODATA: none yet. -EBADMSG: damage begins there; *ret_behind is then
 * the offset to go on from (a reader that wants to know of holes is told, and one that goes on passes over them). For
 * other results *ret_behind is the offset behind the message. Walking on costs no look-up; batches are read ahead. */
int topic_reader_next(struct topic_reader *r, uint64_t offset, struct message *ret, uint64_t *ret_behind);

/* First offset whose largest time so far is at least time_ms; next_offset if there is none. */
int topic_reader_at(struct topic_reader *r, int64_t time_ms, uint64_t *ret);
/* Position in the index only: what a look-up costs (bench). The batch's first offset. */
int topic_reader_look(struct topic_reader *r, uint64_t offset, uint64_t *ret);

/* --- as text --- */

/* Segments, ascending by base offset. Ret: bytes and time as for a file. */
struct topic_segment {
	uint64_t base;
	uint64_t next;     /* offset behind its last message */
	uint64_t text_len; /* of its lines, without the line of names */
	int64_t max_ms;    /* INT64_MIN: none */
	uint64_t bytes;
	bool newest;
};
/* The first whose base is at or behind `from`. -ENOENT. */
int topic_reader_segment(struct topic_reader *r, uint64_t from, struct topic_segment *ret);

/* The lines of all messages from offset `from` up to, not including, offset `to`, in one text without line of names:
 * its length, from the indexes and one or two batches; and any byte range (shorter at the end) appended to out, without
 * reading what is before it. A batch that is damaged fails what needs it, and lines behind it keep their places. */
int topic_reader_text_len(struct topic_reader *r, uint64_t from, uint64_t to, uint64_t *ret);
int topic_reader_text(struct topic_reader *r, uint64_t from, uint64_t to, uint64_t off, size_t len, struct buf *out);

/* What reading found damaged so far: file within the store, offset in it. */
void topic_store_problems(
    const struct topic_store *s, void (*each)(const char *file, uint64_t off, const char *what, void *arg), void *arg);

#endif
