/* payload_load.h -- taking in what the payload log holds: at the start, and what was appended since
 *
 * For whoever changes the view: one thread.
 */
#ifndef STORE_PAYLOAD_LOAD_H
#define STORE_PAYLOAD_LOAD_H

#include "store/payload_mark.h"
#include "store/payload_view.h"

enum {
	PAYLOADS_UNSYNCED_MAX = 1 << 20, /* records, unless sync is none */
	PAYLOADS_SEGMENT_DEFAULT = 64 << 20,
};

struct payload_load_how {
	int dirfd;
	uint64_t store_id; /* 0: any */
	struct epoch *epoch;
	uint64_t map_len; /* a segment's usual length */
	bool writes;      /* recovers */
	bool no_snapshot;
	enum sync_mode sync;
	uint32_t boot;
	void (*say)(void *arg, const char *line);
	void *arg;
};

/* What was taken in. */
struct payload_loaded {
	struct payload_view *view; /* and all that it refers to */
	struct log *log;           /* a writer's newest segment, the view's last; NULL: the next one is to be made */
	uint64_t next_number;
	uint64_t n_keys; /* with a value */
	int64_t newest_ms;
	uint64_t behind; /* bytes of the log that the snapshot does not know */
	uint64_t n_damaged;
	char damaged_file[48]; /* the first of these; "" */
	uint64_t damaged_off;
	struct payload_mark mark;
	uint64_t scanned; /* of the newest segment: what is behind is to be looked at again */
	uint64_t dir_mtime_ns;
	uint64_t snapshot_ino;
};

int payload_load(const struct payload_load_how *how, struct payload_loaded *ret);
void payload_load_done(struct payload_loaded *l);

/* A reader's: takes in what was appended to the view's newest segment. Ret: 1: something; 0: nothing. -ESTALE: that is
 * not the file any more. */
int payload_load_more(const struct payload_load_how *how, struct payload_loaded *l);

#endif
