/* compact.h -- keeping the newest message of each key (docs/format.md, section 11)
 *
 * Works on the segments of a partition that get no more messages, and needs no lock: nobody else changes these. Memory
 * is bounded: where keys are too many for one pass, it ends at the message that did not fit.
 */
#ifndef STORE_COMPACT_H
#define STORE_COMPACT_H

#include "store/segment.h"
#include "store/topics.h"

enum { COMPACT_MEMORY = 64 << 20 };

struct compact_job {
	int dirfd; /* of the partition */
	struct segment_owner owner;
	const struct topic_options *options; /* not changed while this goes on */
	uint32_t boot;
	size_t memory;
	int64_t now_ms;
	const atomic_bool *stop;

	const uint64_t *bases; /* of the segments, ascending */
	size_t n;
	uint64_t end;  /* offset behind the last one */
	uint64_t from; /* offsets below it were compacted before */
};

/* What became of segment i: len 0: it is removed, since nothing of it was left. With the lock not held. */
struct compact_calls {
	void (*changed)(void *arg, size_t i, uint64_t len, int64_t max_ms);
	void *arg;
};

/* One pass, from the oldest segment on. *ret_to: the offset up to which it is compacted now. -ECANCELED: stopped; what
 * was changed until then is whole. */
int compact_run(const struct compact_job *job, const struct compact_calls *calls, uint64_t *ret_to);

#endif
