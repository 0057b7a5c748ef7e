/* payloads_inner.h -- what payloads.h is made of, for payloads.c and payloads_tidy.c */
#ifndef STORE_PAYLOADS_INNER_H
#define STORE_PAYLOADS_INNER_H

#include "store/payload_batch.h"
#include "store/payload_compact.h"
#include "store/payload_load.h"
#include "store/payloads.h"

#define PAYLOADS_DIR "payloads"

/* What the frozen index is of. */
struct payloads_frozen {
	uint32_t n_segments;
	uint64_t newest_len; /* of the last of them */
	uint64_t newest_number;
	int64_t newest_ms;
};

struct payloads {
	int store_fd; /* of a reader; -1 */
	int dirfd;    /* -1: there are no payloads, to a reader */
	bool writes;
	struct payloads_options o;
	struct payload_policy policy; /* but for the time; under the lock */
	bool other_policy;            /* than when segments were looked at; likewise */
	_Atomic uint64_t value_max;
	struct payload_load_how how;
	struct epoch epoch;

	pthread_mutex_t tidying;
	pthread_mutex_t lock;
	struct payload_loaded l; /* l.view is the one that is published */
	_Atomic(struct payload_view *) view;
	_Atomic uint64_t next_number;
	uint64_t first_file; /* id of the segment whose first record is of first_ms */
	int64_t first_ms;

	/* Of the thread that puts. */
	struct payload_batch *batch;
	bool roll;             /* a sync failed: the next put begins a segment */
	bool untold;           /* and whoever syncs next does not know */
	struct bookmark *mark; /* NULL: it could not be had */
	uint64_t n_unsynced;
	_Atomic uint64_t synced_number;

	/* Of the thread that tidies; spare and frozen, and that there is a frozen index, under the lock. */
	struct payload_index
	    *spare; /* takes the place of the fresh one when all of that is durable; NULL: not wanted */
	struct payloads_frozen frozen;
	struct payload_moves *moves; /* files that were replaced already, and a snapshot is to follow; NULL */
	uint32_t look_at;            /* slot of the segment that is looked at next */
};

/* All anew: what is on disk now. Under the lock. */
int payloads_reload(struct payloads *p, bool no_snapshot);

/* Freezes the fresh index, if that is wanted and all of it is durable. Under the lock. */
void payloads_tidy_freeze(struct payloads *p);

#endif
