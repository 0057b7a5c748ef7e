/* segment_heads.c -- see segment_heads.h
 *
 * A head is read with the few kilobytes behind it: the directory, and of small batches the ones that follow.
 */
#include "store/segment_heads.h"

#include "store/cleanup.h"
#include "store/io.h"
#include "store/scan.h"

enum { AHEAD = 4096 };

void segment_heads_init(struct segment_heads *w, int fd, uint64_t file_id, uint64_t pos, uint64_t end)
{
	*w = (struct segment_heads){.fd = fd, .file_id = file_id, .pos = pos, .end = end};
}

void segment_heads_done(struct segment_heads *w)
{
	free(w->win);
	*w = (struct segment_heads){0};
}

/* Points *ret at the bytes at off, of which there are len. -EBADMSG: the file is shorter. */
static int window_at(struct segment_heads *w, uint64_t off, size_t len, const uint8_t **ret)
{
	size_t want = len > AHEAD ? len : AHEAD;
	ssize_t n;

	if (off < w->win_off || off + len > w->win_off + w->win_len) {
		if (len > w->end - off)
			return -EBADMSG;
		if (want > w->end - off)
			want = (size_t)(w->end - off);
		if (want > w->win_cap) {
			uint8_t *p = realloc(w->win, want);

			if (!p)
				return -ENOMEM;
			w->win = p;
			w->win_cap = want;
		}
		w->win_len = 0;
		n = io_pread(w->fd, w->win, want, off);
		if (n < 0)
			return (int)n;
		w->win_off = off;
		w->win_len = (size_t)n;
		if ((size_t)n < len)
			return -EBADMSG;
	}
	*ret = w->win + (off - w->win_off);
	return 0;
}

/* The length of a frame is checked with its body, which may be damaged or not have been read: that of a batch whose
 * head does not confirm it is believed if another frame begins behind it. */
static int confirm_len(struct segment_heads *w, struct segment_batch *b)
{
	struct segment_heads behind = *w;
	struct disk_frame f;
	ssize_t n;
	int r;

	if (b->whole || (!w->whole && b->head.codec == BATCH_STORED))
		return 0;
	if (!w->whole && b->pos + b->len == w->end)
		return 0;
	if (!w->whole) {
		n = io_pread(w->fd, &f, sizeof f, b->pos + b->len);
		if (n < 0)
			return (int)n;
		if ((size_t)n == sizeof f && frame_head_valid(&f))
			return 0;
	}
	r = segment_heads_search(&behind);
	if (r < 0 && r != -ENODATA)
		return r;
	b->len = behind.pos - b->pos;
	return 0;
}

static int read_batch(struct segment_heads *w, const struct disk_frame *f, struct segment_batch *ret)
{
	uint32_t payload_len = get_le32(f->len);
	size_t fixed = sizeof *f + sizeof(struct disk_batch);
	const struct disk_batch *d;
	struct batch_head h;
	const uint8_t *p;
	int r = window_at(w, w->pos, fixed, &p);

	if (r == 0)
		r = batch_head_get((const struct disk_batch *)(p + sizeof *f), payload_len, &h);
	if (r == 0)
		r = window_at(w, w->pos, w->whole ? sizeof *f + payload_len : fixed + h.dir_len, &p);
	if (r < 0)
		return r;
	d = (const struct disk_batch *)(p + sizeof *f);
	if (!batch_head_valid(d, w->file_id, w->pos))
		return -EBADMSG;
	*ret = (struct segment_batch){
	    .head = h, .pos = w->pos, .len = sizeof *f + payload_len, .dir = span_of(d + 1, h.dir_len)};
	if (w->whole) {
		ret->whole = frame_check_valid((const struct disk_frame *)p, w->file_id, w->pos);
		ret->body = span_of(ret->dir.end, payload_len - sizeof *d - h.dir_len);
	}
	return confirm_len(w, ret);
}

int segment_heads_next(struct segment_heads *w, struct segment_batch *ret)
{
	struct disk_frame f;
	const uint8_t *p;
	int r;

	for (;;) {
		if (w->pos >= w->end)
			return -ENODATA;
		r = window_at(w, w->pos, sizeof f, &p);
		if (r < 0)
			return r;
		memcpy(&f, p, sizeof f);
		if (!frame_head_valid(&f) || get_le32(f.len) > w->end - w->pos - sizeof f)
			return -EBADMSG;
		if (f.type == FRAME_BATCH)
			break;
		w->pos += sizeof f + get_le32(f.len);
	}
	r = read_batch(w, &f, ret);
	if (r == 0)
		w->pos += ret->len;
	return r;
}

int segment_heads_search(struct segment_heads *w)
{
	_cleanup_(scan_done) struct scan s;
	struct scan_frame f;
	int r;

	scan_init(&s, w->fd, w->file_id, w->end);
	scan_seek(&s, w->pos + 1);
	r = scan_next(&s, &f);
	if (r == 0)
		w->pos = f.off;
	else if (r == -ENODATA || r == -EBADMSG)
		w->pos = w->end;
	return r == -EBADMSG ? -ENODATA : r;
}
