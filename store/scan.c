/* scan.c -- see scan.h
 *
 * READING. The file is read in windows of 256 KiB, or of a frame's length if that is more. A frame is yielded from the
 * window, uncopied.
 *
 * DAMAGE. Where no valid frame begins, the mark is searched and each place that has it is checked, until a frame is
 * valid. The work is bounded: a hostile file may hold a mark every 20 bytes, each with a length of megabytes to be
 * hashed, so there is a limit on the bytes hashed in vain.
 *
 * A WRITER AT WORK. Frames become visible in the order in which they were appended, so whatever a frame found behind
 * bad bytes proves about them, it proves only to a look that begins after the frame was seen: the search is made twice,
 * and the second one counts. Bytes read ahead may have been half written; nothing is called damaged that was not read
 * again.
 */
#include "store/scan.h"
#include "store/io.h"

#include <stdlib.h>

enum { WINDOW = 256 << 10 };
#define WASTE_MAX ((uint64_t)4 << 30)

void scan_init(struct scan *s, int fd, uint64_t file_id, uint64_t end)
{
	uint64_t off = sizeof(struct disk_header);

	*s = (struct scan){.fd = fd, .file_id = file_id, .off = off, .end = end, .counted = off};
}

void scan_done(struct scan *s)
{
	free(s->win);
	s->win = NULL;
}

void scan_seek(struct scan *s, uint64_t off)
{
	s->off = off;
}

static int look_at_len(struct scan *s)
{
	struct io_stat st;
	int r = io_fstat(s->fd, &st);

	if (r == 0)
		s->file_len = st.len < s->end ? st.len : s->end;
	return r;
}

/* Makes room for len bytes from off, and keeps what the window has of them, as its first *ret_kept. */
static int window_move(struct scan *s, uint64_t off, size_t len, size_t *ret_kept)
{
	size_t kept = 0;

	if (off >= s->win_off && off - s->win_off < s->win_len) {
		kept = s->win_len - (size_t)(off - s->win_off);
		memmove(s->win, s->win + (off - s->win_off), kept);
	}
	s->win_off = off;
	s->win_len = kept;
	if (s->win_cap < len) {
		uint8_t *p = realloc(s->win, len);

		if (!p)
			return -ENOMEM;
		s->win = p;
		s->win_cap = len;
	}
	*ret_kept = kept;
	return 0;
}

/* Points *ret at the file's bytes from off on. Returns how many are there: at least want, or fewer if the file ends. */
static ssize_t window_at(struct scan *s, uint64_t off, size_t want, const uint8_t **ret)
{
	size_t len = want > WINDOW ? want : WINDOW, kept;
	ssize_t n;
	int r;

	if (off >= s->win_off && off - s->win_off <= s->win_len && s->win_len - (size_t)(off - s->win_off) >= want) {
		*ret = s->win + (off - s->win_off);
		return (ssize_t)(s->win_len - (size_t)(off - s->win_off));
	}
	if (off >= s->end)
		return 0;
	if (len > s->end - off)
		len = (size_t)(s->end - off);
	r = window_move(s, off, len, &kept);
	if (r < 0)
		return r;
	n = kept < len ? io_pread(s->fd, s->win + kept, len - kept, off + kept) : 0;
	if (n < 0)
		return n;
	s->win_len = kept + (size_t)n;
	*ret = s->win;
	return (ssize_t)s->win_len;
}

/* 0; -ENODATA: the file ends at off; -EBADMSG: no valid frame. */
static int frame_at(struct scan *s, uint64_t off, struct scan_frame *ret)
{
	const struct disk_frame *h;
	const uint8_t *p;
	size_t len;
	ssize_t n;
	int r;

	n = window_at(s, off, sizeof *h, &p);
	if (n <= 0)
		return n < 0 ? (int)n : -ENODATA;
	h = (const struct disk_frame *)p;
	if ((size_t)n < sizeof *h || !frame_head_valid(h))
		return -EBADMSG;
	len = sizeof *h + get_le32(h->len);
	if (len > (size_t)n) {
		/* A length is believed, and memory taken for it, only if the file has as much. */
		r = look_at_len(s);
		if (r < 0)
			return r;
		if (off > s->file_len || len > s->file_len - off)
			return -EBADMSG;
		n = window_at(s, off, len, &p);
		if (n < 0)
			return (int)n;
		if ((size_t)n < len)
			return -EBADMSG;
		h = (const struct disk_frame *)p;
	}
	if (!frame_check_valid(h, s->file_id, off)) {
		s->wasted += len;
		return -EBADMSG;
	}
	*ret = (struct scan_frame){.off = off, .type = h->type, .payload = span_of(h + 1, len - sizeof *h)};
	return 0;
}

/* Finds the first valid frame at or behind s->off, reading everything anew. */
static int search(struct scan *s, struct scan_frame *ret)
{
	uint64_t off = s->off;

	s->win_len = 0;
	for (;;) {
		const uint8_t *p, *hit;
		ssize_t n = window_at(s, off, sizeof(struct disk_frame), &p);
		int r;

		if (n < 0)
			return (int)n;
		if ((size_t)n < sizeof(struct disk_frame))
			return -ENODATA;
		hit = memmem(p, (size_t)n, FRAME_MARK, sizeof((struct disk_frame *)0)->mark);
		if (!hit) {
			off += (uint64_t)n - (sizeof((struct disk_frame *)0)->mark - 1);
			continue;
		}
		off += (uint64_t)(hit - p);
		r = frame_at(s, off, ret);
		if (r != -EBADMSG)
			return r;
		if (s->wasted > WASTE_MAX)
			return -EBADMSG;
		off++;
	}
}

/* Nothing valid at s->off or behind it. */
static int at_end(struct scan *s, uint64_t wasted)
{
	int r = look_at_len(s);

	if (r < 0)
		return r;
	/* The next call looks at the same bytes again, which are not more of them for that; and not at stale ones. */
	s->wasted = wasted;
	s->win_len = 0;
	/* The writer took back what it could not write whole: the next frame will begin where the file ends now. */
	if (s->file_len < s->off)
		s->off = s->file_len;
	if (s->off < sizeof(struct disk_header))
		s->off = sizeof(struct disk_header);
	return -ENODATA;
}

static void count(struct scan *s, const struct scan_frame *f)
{
	if (f->off < s->counted)
		return;
	s->n_frames++;
	s->counted = s->off;
}

static void count_damage(struct scan *s, uint64_t off, uint64_t len)
{
	if (off < s->counted)
		return;
	if (s->n_damaged++ == 0)
		s->damaged_off = off;
	s->damaged_len += len;
}

int scan_next(struct scan *s, struct scan_frame *ret)
{
	uint64_t wasted = s->wasted;
	struct scan_frame f;
	int r;

	r = frame_at(s, s->off, &f);
	if (r == -EBADMSG)
		r = s->wasted > WASTE_MAX ? r : search(s, &f);
	if (r == 0 && f.off > s->off)
		r = search(s, &f);
	if (r == -ENODATA)
		return at_end(s, wasted);
	if (r < 0)
		return r;
	if (f.off > s->off)
		count_damage(s, s->off, f.off - s->off);
	s->off = f.off + sizeof(struct disk_frame) + span_left(&f.payload);
	if (s->file_len < s->off)
		s->file_len = s->off;
	count(s, &f);
	*ret = f;
	return 0;
}
