/* payload_batch.h -- the records that a batch of puts becomes
 *
 * Three steps: what each put means for its key, the frames, and the index. One thread.
 */
#ifndef STORE_PAYLOAD_BATCH_H
#define STORE_PAYLOAD_BATCH_H

#include "store/payload_view.h"

struct payload_batch;

int payload_batch_new(struct payload_batch **ret);
void payload_batch_free(struct payload_batch *b);
DEFINE_CLEANUP(payload_batch, payload_batch_free)

/* Whether each may be put. -EINVAL, -EMSGSIZE, with *ret_error. */
int payload_batch_check(const struct payload_put *puts, size_t n, uint64_t value_max, struct payload_error *ret_error);

/* Finds the records before them, and numbers those that are written from first_number on. The puts are borrowed until
 * the batch is done with. unsynced: records before first_number that are not durable. */
int payload_batch_plan(struct payload_batch *b, const struct payload_view *v, const struct payload_put *puts, size_t n,
    uint64_t first_number, uint32_t unsynced, int64_t now_ms);

uint32_t payload_batch_n(const struct payload_batch *b);   /* that are written */
uint64_t payload_batch_len(const struct payload_batch *b); /* of their frames */
int64_t payload_batch_ms(const struct payload_batch *b);   /* the largest time */
int64_t payload_batch_live(const struct payload_batch *b); /* how many keys more have a value */

/* The frames, as they will lie from off on in the segment with that id and slot. -ENOMEM. */
int payload_batch_frames(struct payload_batch *b, uint64_t file_id, uint32_t slot, uint64_t off, struct span *ret);

/* Makes sure that the index takes them; puts them in. */
int payload_batch_reserve(struct payload_batch *b, struct payload_index *index);
void payload_batch_apply(struct payload_batch *b, const struct payload_view *v);

#endif
