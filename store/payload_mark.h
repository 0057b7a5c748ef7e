/* payload_mark.h -- up to where the payload log is known to have been durable (docs/format.md, section 12)
 *
 * Written after each sync of the log, and never synced itself: so it may be behind, and is never ahead. By it what was
 * torn when the machine stopped is told from what was durable and has been damaged since.
 */
#ifndef STORE_PAYLOAD_MARK_H
#define STORE_PAYLOAD_MARK_H

#include "store/bookmark.h"

struct payload_mark {
	uint64_t file_id; /* of the segment that was the newest */
	uint64_t len;     /* of what was durable of it */
	uint64_t number;  /* the newest that was durable */
};

/* All 0: nothing is known. Beside a writer, too. */
int payload_mark_read(int dirfd, struct payload_mark *ret);

/* For the one who writes the log. */
int payload_mark_open(int dirfd, struct bookmark **ret);
int payload_mark_set(struct bookmark *b, const struct payload_mark *m);

#endif
