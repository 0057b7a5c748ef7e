/* batch_encoder.c -- see batch_encoder.h */
#include "store/batch_encoder.h"

#include "store/batch_codec.h"

void batch_encoder_done(struct batch_encoder *e)
{
	buf_done(&e->dir);
	buf_done(&e->packed);
}

uint64_t batch_encoder_frame_len(const struct batch_encoder *e, struct span body)
{
	return sizeof(struct disk_frame) + e->dir.len + span_left(&body);
}

static int put_dir(struct batch_encoder *e, const struct batch_builder *b, bool flat)
{
	struct buf *dir = &e->dir;

	buf_clear(dir);
	if (buf_reserve(dir, sizeof(struct disk_batch)) < 0)
		return -ENOMEM;
	dir->len = sizeof(struct disk_batch);
	if (flat)
		batch_flat_dir(b, dir);
	else
		buf_put(dir, b->dir.p, b->dir.len);
	return dir->err;
}

int batch_encoder_encode(struct batch_encoder *e, const struct batch_builder *b, const struct batch_how *how,
    struct batch_head *ret_head, struct span *ret_body)
{
	uint64_t delta = b->last_offset - b->first_offset, text_len = batch_text_len(b, how->first_offset);
	struct span raw = span_of(b->body.p, b->body.len);
	struct batch_head h = {
	    .first_offset = how->first_offset,
	    .last_offset = how->first_offset + delta,
	    .first_ms = how->stamp ? how->stamp_ms : b->first_ms,
	    .max_ms = how->stamp ? how->stamp_ms : b->max_ms,
	    .n = b->n,
	    .raw_len = (uint32_t)b->body.len,
	    .text_len = (uint32_t)text_len,
	    .flags = how->flags,
	    .boot = how->boot,
	};
	int r;

	if (b->n == 0 || delta >= UINT32_MAX)
		return -EINVAL;
	if (text_len > UINT32_MAX)
		return -EMSGSIZE;
	if (how->first_offset >= OFFSET_MAX || delta >= OFFSET_MAX - how->first_offset)
		return -EOVERFLOW;
	r = put_dir(e, b, how->stamp);
	if (r == 0)
		r = batch_codec_pack(how->codec, how->level, raw, &h.codec, &e->packed);
	if (r < 0)
		return r;
	if (h.codec != BATCH_STORED)
		raw = span_of(e->packed.p, e->packed.len);
	if (e->dir.len + span_left(&raw) > FRAME_LEN_MAX)
		return -EMSGSIZE;
	h.dir_len = (uint32_t)(e->dir.len - sizeof(struct disk_batch));
	*ret_head = h;
	*ret_body = raw;
	return 0;
}
