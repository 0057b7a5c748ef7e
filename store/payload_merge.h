/* payload_merge.h -- a new index snapshot from the one before and the frozen index (docs/format.md, section 12)
 *
 * Page by page, in bounded memory. Any thread, while the view is kept.
 */
#ifndef STORE_PAYLOAD_MERGE_H
#define STORE_PAYLOAD_MERGE_H

#include "store/payload_compact.h"
#include "store/payload_view.h"

struct payload_merge {
	int dirfd;
	uint64_t store_id;
	const struct payload_view *view; /* as the new snapshot will know it; fresh is not looked at */
	uint64_t newest_len;             /* of the last segment: what the snapshot covers */
	uint64_t newest_number;
	int64_t newest_ms;
	const struct payload_moves *moves; /* records that are elsewhere, or nowhere, now; NULL: none */
	const atomic_bool *stop;           /* NULL: never */
};

/* Writes it. -ECANCELED: stop. -EBADMSG: the old one is damaged. */
int payload_merge_write(const struct payload_merge *m);

#endif
