/* batch_head.c -- see batch_head.h */
#include "store/batch_head.h"

#include <xxhash.h>

static uint64_t check(const struct disk_batch *d, uint32_t dir_len, uint64_t file_id, uint64_t off)
{
	return XXH3_64bits_withSeed(&d->first_offset, sizeof *d - sizeof d->check + dir_len, file_id - off);
}

void batch_head_put(const struct batch_head *h, uint64_t file_id, uint64_t off, struct disk_batch *d)
{
	*d = (struct disk_batch){
	    .first_offset = put_le64(h->first_offset),
	    .first_ms = put_le64((uint64_t)h->first_ms),
	    .max_ms = put_le64((uint64_t)h->max_ms),
	    .n = put_le32(h->n),
	    .last_delta = put_le32((uint32_t)(h->last_offset - h->first_offset)),
	    .dir_len = put_le32(h->dir_len),
	    .raw_len = put_le32(h->raw_len),
	    .text_len = put_le32(h->text_len),
	    .codec = h->codec,
	    .flags = h->flags,
	    .boot = put_le32(h->boot),
	};
	d->check = put_le64(check(d, h->dir_len, file_id, off));
}

int batch_head_get(const struct disk_batch *d, uint32_t frame_len, struct batch_head *ret)
{
	struct batch_head h = {
	    .first_offset = get_le64(d->first_offset),
	    .first_ms = (int64_t)get_le64(d->first_ms),
	    .max_ms = (int64_t)get_le64(d->max_ms),
	    .n = get_le32(d->n),
	    .dir_len = get_le32(d->dir_len),
	    .raw_len = get_le32(d->raw_len),
	    .text_len = get_le32(d->text_len),
	    .codec = d->codec,
	    .flags = d->flags,
	    .boot = get_le32(d->boot),
	};

	if (h.first_offset >= OFFSET_MAX || h.n == 0 || h.n > BATCH_N_MAX || h.raw_len > FRAME_LEN_MAX)
		return -EBADMSG;
	if (get_le32(d->last_delta) < h.n - 1 || get_le16(d->zero) != 0 || get_le32(d->zero2) != 0)
		return -EBADMSG;
	h.last_offset = h.first_offset + get_le32(d->last_delta);
	if (h.last_offset >= OFFSET_MAX || frame_len < sizeof *d || h.dir_len > frame_len - sizeof *d)
		return -EBADMSG;
	if (h.codec == BATCH_STORED && h.raw_len != frame_len - sizeof *d - h.dir_len)
		return -EBADMSG;
	*ret = h;
	return 0;
}

bool batch_head_valid(const struct disk_batch *d, uint64_t file_id, uint64_t off)
{
	return get_le64(d->check) == check(d, get_le32(d->dir_len), file_id, off);
}
