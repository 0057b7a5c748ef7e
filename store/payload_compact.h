/* payload_compact.h -- segments without the records that nobody is to see any more (docs/format.md, section 12)
 *
 * For the thread that tidies, while the view is kept: what the view's frozen index and snapshot do not know of is not
 * in the segments that are compacted.
 */
#ifndef STORE_PAYLOAD_COMPACT_H
#define STORE_PAYLOAD_COMPACT_H

#include "store/payload_view.h"

struct payload_policy {
	uint32_t keep_versions;
	int64_t keep_ms;
	int64_t tombstone_ms;
	int64_t now_ms;
};

/* How many bytes of a segment would go, and when to look again for what is only too young to go (INT64_MAX: there is
 * nothing of that). */
int payload_compact_look(const struct payload_view *v, uint32_t slot, const struct payload_policy *policy,
    const atomic_bool *stop, uint64_t *ret_bytes, int64_t *ret_again_ms);

/* Records that are in another place than before. */
struct payload_moves;

int payload_compact_moves_new(struct payload_moves **ret);
void payload_compact_moves_free(struct payload_moves *m);
DEFINE_CLEANUP(payload_moves, payload_compact_moves_free)

/* Writes the segments in the slots from first to last, without what is to go, into one, which takes the place of the
 * first; the others are removed. Not yet in the view. What is in them that is damaged is not copied: -EBADMSG, and
 * nothing is done. */
int payload_compact_write(int dirfd, uint64_t store_id, uint64_t map_len, const struct payload_view *v, uint32_t first,
    uint32_t last, const struct payload_policy *policy, const atomic_bool *stop, struct payload_moves *moves);

/* Where the record at *position is now. Ret: whether it is anywhere. */
bool payload_compact_moves_apply(const struct payload_moves *m, uint64_t *position);
/* The segment in a slot that had s. NULL: none any more. */
const struct payload_segment *payload_compact_moves_segment(
    const struct payload_moves *m, uint32_t slot, const struct payload_segment *s);
/* Puts them into a view, which has them from then on; what was there is in *ret_old, an array of n that the caller
 * frees. */
void payload_compact_moves_into(
    struct payload_moves *m, struct payload_view *v, struct payload_segment **ret_old, uint32_t *n);
bool payload_compact_moves_any(const struct payload_moves *m);

#endif
