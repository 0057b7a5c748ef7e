/* partition.h -- one partition of a topic, written: its segments, and the offsets that are given
 *
 * The parts of topics.h that are about one partition are here, too. All of it is called with the topics' lock held.
 */
#ifndef STORE_PARTITION_H
#define STORE_PARTITION_H

#include "store/batch_encoder.h"
#include "store/segment.h"
#include "store/topics.h"

#include <pthread.h>

enum { PARTITIONS_OPEN_MAX = 24 }; /* with four descriptors each */

/* What all partitions share. */
struct partition_shared {
	int dirfd; /* of topics/ */
	uint64_t store_id;
	struct topics_options options;
	struct topics_counts counts;
	pthread_mutex_t lock;
	struct partition *open[PARTITIONS_OPEN_MAX]; /* that have descriptors; NULL: free */
	uint64_t clock;                              /* of uses */
	struct batch_encoder encoder;
};

/* A segment that gets no more messages. */
struct partition_old {
	uint64_t base;
	uint64_t len;
	int64_t max_ms; /* INT64_MIN: not known yet, or none */
	bool looked;    /* its index was seen to be whole, and max_ms is known */
};

struct partition {
	struct partition_shared *shared;
	const char *topic; /* its name */
	const struct topic_options *options;
	struct segment_owner owner;

	struct partition_old *old; /* ascending */
	uint32_t n_old, cap_old;
	struct segment *newest; /* NULL: there is none to append to */
	int64_t created_ms;     /* of it: its first message's; INT64_MIN: not known */
	bool roll;              /* the next append begins a segment */

	uint64_t next_offset;
	uint64_t synced_offset;
	uint64_t n_unsynced; /* messages of newest */
	int sync_error;      /* of a sync that nobody was told of */
	int64_t max_ms;
	uint64_t n_damaged;

	int dirfd; /* -1: parked, or not there yet */
	uint64_t used;

	/* Tidying's own. */
	uint64_t compacted; /* offsets below it were compacted */
	bool compacted_known;
};

/* Recovers a partition. Without a directory there is an empty one, which is made when something is appended. */
int partition_open(struct partition_shared *shared, const char *topic, const struct topic_options *options,
    const struct segment_owner *owner, struct partition **ret);

/* Closes it: synced, and marked so, if it was written to. */
int partition_close(struct partition *p);

/* The topic's options are others now. */
void partition_configured(struct partition *p);

/* Makes its directory's descriptor be there. create: the directory too; -ENOENT otherwise. */
int partition_wake(struct partition *p, bool create);

/* A descriptor of the directory for the caller's own. May be called without the lock. */
int partition_open_dir(const struct partition *p, bool create);

/* Whether the newest segment is so old that it gets no more messages. */
bool partition_is_due(const struct partition *p, int64_t now_ms);

/* Ends the newest segment, if there is one with messages in it; the next append begins another. */
int partition_roll(struct partition *p);

/* What is said to a person about one of its files. */
void partition_say(const struct partition *p, const char *file, const char *what);

#endif
