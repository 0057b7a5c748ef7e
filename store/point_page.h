/* point_page.h -- pages of a file of points: what is compressed at once (docs/format.md, section 14)
 *
 * Part of point_file. One thread.
 */
#ifndef STORE_POINT_PAGE_H
#define STORE_POINT_PAGE_H

#include "store/pack.h"
#include "store/sealed.h"

enum { POINT_PAGE_RAW_MAX = 1 << 24 };

/* --- writing --- */

struct point_page_writer {
	struct sealed_writer *out;
	struct packer *packer; /* NULL: pages are stored */
	struct buf packed, frame;
};

/* Puts a page that begins with number `first` of whatever it holds. candidate: another form of the same, which is
 * stored if it is no longer than what raw is compressed to; empty: none. */
int point_page_write(struct point_page_writer *w, enum frame_type type, uint64_t first, struct span raw,
    struct span candidate, bool *ret_candidate, uint64_t *ret_off);
void point_page_writer_done(struct point_page_writer *w);

/* --- which pages there are --- */

struct point_page_place {
	uint64_t off, first;
};

/* A list that grows; zeroed: empty. Offsets ascend strictly, as first does. */
struct point_pages {
	struct point_page_place *v;
	size_t n, cap;
};

int point_pages_add(struct point_pages *l, uint64_t off, uint64_t first);
void point_pages_done(struct point_pages *l);

/* As docs/format.md has it. Taking: -EBADMSG; the list is empty before. */
void point_pages_put_one(struct buf *out, const struct point_pages *l, size_t i);
int point_pages_get_one(struct span *in, struct point_pages *l);
void point_pages_put(struct buf *out, const struct point_pages *l);
int point_pages_get(struct span *in, struct point_pages *l);

/* The page that has number i of what they hold, which the first has, or one before it. n > 0. */
size_t point_pages_find(const struct point_pages *l, uint64_t i);

/* --- reading --- */

struct point_page_reader {
	const struct sealed *file;
	struct unpacker *unpacker;
	struct buf frame;
};

/* Reads a page into raw. -EBADMSG also if it does not begin with number `first`. */
int point_page_read(struct point_page_reader *r, enum frame_type type, uint64_t off, uint64_t first, struct buf *raw);
/* Likewise of a page of which only the offset is known. */
int point_page_look(
    struct point_page_reader *r, enum frame_type type, uint64_t off, uint64_t *ret_first, struct buf *raw);

#endif
