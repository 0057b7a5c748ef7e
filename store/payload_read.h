/* payload_read.h -- the questions of payloads.h, asked of a view (within an epoch)
 *
 * end_number: numbers of records are below it. -ESTALE: a file is gone that the view has; ask a newer one.
 */
#ifndef STORE_PAYLOAD_READ_H
#define STORE_PAYLOAD_READ_H

#include "store/payload_view.h"

int payload_read_newest(
    const struct payload_view *v, const struct payload_key *key, struct buf *room, struct payload *ret);
/* Also a tombstone. */
int payload_read_at(const struct payload_view *v, uint64_t end_number, const struct payload_key *key, int64_t time_ms,
    struct buf *room, struct payload *ret);
int payload_read_number(
    const struct payload_view *v, uint64_t end_number, uint64_t number, struct buf *room, struct payload *ret);
int payload_read_id(const struct payload_view *v, uint64_t id, struct buf *room, struct payload *ret);
int payload_read_hash(const struct payload_view *v, uint64_t low, uint64_t high, struct buf *room, struct payload *ret);
/* deleted: also keys whose newest record is a tombstone. -EBADMSG: as payloads_next. */
int payload_read_next(const struct payload_view *v, uint64_t after, bool deleted, struct buf *room, struct payload *ret,
    uint64_t *ret_cookie);

#endif
