/* segment_scan.c -- see segment_scan.h */
#include "store/segment_scan.h"

#include "store/batch_codec.h"
#include "store/segment_name.h"

int segment_scan_open(struct segment_scan *s, int dirfd, uint64_t base)
{
	char name[SEGMENT_NAME_SIZE];

	*s = (struct segment_scan){.base = base, .next_offset = base};
	segment_name_put(name, base, SEGMENT_LOG);
	return log_reader_open(dirfd, name, KIND_SEGMENT, &s->reader);
}

void segment_scan_done(struct segment_scan *s)
{
	log_reader_close(s->reader);
	buf_done(&s->raw);
}

/* Begins the batch of a frame. -EBADMSG: it is none, or not in order. */
static int begin_batch(struct segment_scan *s, uint64_t off, struct span payload)
{
	const struct disk_batch *d = (const struct disk_batch *)payload.p;
	size_t len = span_left(&payload);
	struct span dir, body;
	int r;

	if (len < sizeof *d || batch_head_get(d, (uint32_t)len, &s->head) < 0 ||
	    !batch_head_valid(d, log_reader_id(s->reader)->id, off) || s->head.first_offset < s->next_offset ||
	    s->head.last_offset - s->base > UINT32_MAX)
		return -EBADMSG;
	s->next_offset = s->head.last_offset + 1;
	dir = span_of(d + 1, s->head.dir_len);
	body = (struct span){dir.end, payload.end};
	r = batch_codec_unpack(s->head.codec, body, s->head.raw_len, &s->raw);
	if (r < 0)
		return r;
	batch_cursor_init(&s->cursor, s->head.n, s->head.first_offset, s->head.first_ms,
	    s->head.flags & BATCH_APPEND_TIME, dir, span_of(s->raw.p, s->raw.len));
	return 0;
}

int segment_scan_next(struct segment_scan *s, struct message *ret)
{
	struct log_recovery found;
	struct span payload;
	uint64_t off;
	uint8_t type;
	int r;

	for (;;) {
		r = batch_next(&s->cursor, ret);
		if (r == 0 && ret->offset > s->head.last_offset)
			r = -EBADMSG;
		if (r == 0)
			return 0;
		if (r != -ENODATA) {
			s->damaged = true;
			s->cursor.left = 0;
		}
		r = log_reader_next(s->reader, &type, &off, &payload);
		log_reader_damage(s->reader, &found);
		s->damaged = s->damaged || found.n_damaged > 0 || (r == -ENODATA && found.n_torn > 0);
		if (r < 0)
			return r;
		if (type != FRAME_BATCH)
			continue;
		r = begin_batch(s, off, payload);
		if (r == -EBADMSG)
			s->damaged = true;
		else if (r < 0)
			return r;
	}
}
