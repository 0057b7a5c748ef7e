/* topics.h -- writing topics: partitions of segments (docs/format.md, section 11)
 *
 * For the store's one writer, which holds its lock. One thread at a time for all of it, but for topics_tidy, which may
 * run in another thread beside the rest. Readers are other processes, or topic_reader.h in this one.
 *
 * Durable: what was appended before a partition_sync that returned 0. A reader sees what was appended at once.
 */
#ifndef STORE_TOPICS_H
#define STORE_TOPICS_H

#include "store/batch.h"
#include "store/cleanup.h"
#include "store/log.h"

#include <stdatomic.h>

struct topics;
struct topic;
struct partition;

/* How a topic is kept. 0: the default that is named. */
struct topic_options {
	enum sync_mode sync;
	uint64_t segment_size;    /* bytes; 256 MiB. From 64 KiB to 2 GiB */
	int64_t segment_age_ms;   /* a segment that is older gets no more messages; 7 d */
	uint64_t index_interval;  /* bytes; 4096 */
	uint64_t retention_bytes; /* of a partition; UINT64_MAX: without end. 0: that */
	int64_t retention_ms;     /* by the newest message of a segment; 0: without end */
	uint8_t compression;      /* BATCH_* */
	int compression_level;    /* of zstd and gzip; 0: theirs */
	bool compact;             /* keep the newest message of each key (those without a key are dropped) */
	int64_t tombstone_ms;     /* how long compaction keeps tombstones; 24 h */
	bool append_time;         /* times are those of appending */
};

struct topics_options {
	uint32_t boot; /* low half of recorder_boot */
	/* One line for a person, without '\n'. NULL: silence. From the calling thread. */
	void (*say)(void *arg, const char *line);
	void *arg;
};

/* Opens the topics of the store in that directory, whose lock the caller holds and whose id is given. Partitions are
 * recovered when they are first asked for. */
int topics_open(int store_fd, uint64_t store_id, const struct topics_options *o, struct topics **ret);
/* Closes all partitions, durable in any sync mode, so that the next writer has nothing to recover. An error: the first
 * that a partition met. */
int topics_close(struct topics *t);

/* Whether a topic may have that name. */
bool topic_name_valid(const char *name, size_t len);

/* -ENOENT. Borrowed, for the topics' life. */
int topics_find(struct topics *t, const char *name, struct topic **ret);
/* Makes a topic with so many partitions, or gives one that is there more of them. Durable when it returns. -EINVAL: the
 * name; -EMSGSIZE: so many partitions; -ENOSPC: no partition numbers are left, or the disk is full. */
int topics_create(struct topics *t, const char *name, uint32_t n_partitions, struct topic **ret);
void topics_each(struct topics *t, int (*each)(struct topic *topic, void *arg), void *arg);

const char *topic_name(const struct topic *t);
uint32_t topic_n_partitions(const struct topic *t);
/* From now on. o is copied. */
void topic_configure(struct topic *t, const struct topic_options *o);

/* A partition, recovered and open to append. -ENOENT: the topic has no such partition. Borrowed until topics_close:
 * open files are closed and opened again as needed, so that 100 000 partitions need no more than a hundred. */
int topic_partition(struct topic *t, uint32_t partition, struct partition **ret);

/* Appends the messages of a builder as one batch; the first gets *ret_offset, the others those behind. On an error (a
 * full disk) nothing is appended. Times are replaced by now_ms where the topic says so. */
int partition_append(struct partition *p, const struct batch_builder *b, int64_t now_ms, uint64_t *ret_offset);

/* Makes durable what was appended. After a failed sync nothing is known of what was appended since the last good one:
 * its offsets are not given again, and appending goes on in a new segment. */
int partition_sync(struct partition *p);

struct partition_state {
	uint64_t first_offset; /* oldest that is kept */
	uint64_t next_offset;
	uint64_t synced_offset; /* below it all is durable */
	int64_t max_ms;         /* INT64_MIN: none */
	uint64_t bytes;
	uint32_t n_segments;
	uint64_t n_damaged; /* frames or runs of damage that recovery met */
};
void partition_state(const struct partition *p, struct partition_state *ret);

/* Removes old segments, ends segments that are too old, compacts, makes missing indexes anew: of all partitions in
 * turn, at most about work_ms of it. Ret: 1 if there is more to do now; an error: the first that a partition met, after
 * the others had their turn. stop: looked at between pieces of work. */
int topics_tidy(struct topics *t, int64_t now_ms, int64_t work_ms, const atomic_bool *stop);

/* Since topics_open, for health. */
struct topics_counts {
	uint64_t n_messages, n_batches, bytes_written, n_syncs;
	uint64_t segments_created, segments_removed, segments_compacted, index_rebuilds;
};
void topics_counts(struct topics *t, struct topics_counts *ret);

#endif
