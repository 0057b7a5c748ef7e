/* point_page.c -- see point_page.h */
#include "store/point_page.h"

/* --- writing --- */

static uint8_t pack(struct point_page_writer *w, struct span raw)
{
	uint8_t codec = CODEC_STORED;

	buf_clear(&w->packed);
	if (!w->packer)
		buf_put(&w->packed, raw.p, span_left(&raw));
	else if (packer_pack(w->packer, raw, &codec, &w->packed) < 0)
		w->packed.err = -ENOMEM;
	return codec;
}

int point_page_write(struct point_page_writer *w, enum frame_type type, uint64_t first, struct span raw,
    struct span candidate, bool *ret_candidate, uint64_t *ret_off)
{
	uint8_t codec = pack(w, raw);
	struct span body = span_of(w->packed.p, w->packed.len);

	if (w->packed.err)
		return w->packed.err;
	*ret_candidate = span_left(&candidate) > 0 && span_left(&candidate) <= span_left(&body);
	if (*ret_candidate) {
		codec = CODEC_STORED;
		raw = body = candidate;
	}
	if (span_left(&raw) > POINT_PAGE_RAW_MAX)
		return -EMSGSIZE;
	buf_clear(&w->frame);
	buf_put_varint(&w->frame, first);
	buf_put_u8(&w->frame, codec);
	buf_put_varint(&w->frame, span_left(&raw));
	buf_put(&w->frame, body.p, span_left(&body));
	if (w->frame.err)
		return w->frame.err;
	return sealed_writer_add(w->out, type, w->frame.p, w->frame.len, false, ret_off);
}

void point_page_writer_done(struct point_page_writer *w)
{
	if (w->packer)
		packer_free(w->packer);
	buf_done(&w->packed);
	buf_done(&w->frame);
}

/* --- which pages there are --- */

int point_pages_add(struct point_pages *l, uint64_t off, uint64_t first)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 16;
		struct point_page_place *v = realloc(l->v, cap * sizeof *v);

		if (!v)
			return -ENOMEM;
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = (struct point_page_place){off, first};
	return 0;
}

void point_pages_done(struct point_pages *l)
{
	free(l->v);
}

void point_pages_put_one(struct buf *out, const struct point_pages *l, size_t i)
{
	const struct point_page_place zero = {0, 0}, *before = i > 0 ? &l->v[i - 1] : &zero;

	buf_put_varint(out, l->v[i].off - before->off);
	buf_put_varint(out, l->v[i].first - before->first);
}

int point_pages_get_one(struct span *in, struct point_pages *l)
{
	const struct point_page_place zero = {0, 0}, *before = l->n > 0 ? &l->v[l->n - 1] : &zero;
	uint64_t off, first;

	if (span_varint_max(in, INT64_MAX - before->off, &off) < 0 || off == 0 ||
	    span_varint_max(in, INT64_MAX - before->first, &first) < 0 || (first == 0) != (l->n == 0))
		return -EBADMSG;
	return point_pages_add(l, before->off + off, before->first + first);
}

void point_pages_put(struct buf *out, const struct point_pages *l)
{
	buf_put_varint(out, l->n);
	for (size_t i = 0; i < l->n; i++)
		point_pages_put_one(out, l, i);
}

int point_pages_get(struct span *in, struct point_pages *l)
{
	uint64_t n;
	int r = span_varint_max(in, span_left(in) / 2, &n);

	for (; r == 0 && n > 0; n--)
		r = point_pages_get_one(in, l);
	return r;
}

size_t point_pages_find(const struct point_pages *l, uint64_t i)
{
	size_t low = 0, high = l->n;

	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;

		if (l->v[mid].first <= i)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/* --- reading --- */

int point_page_look(
    struct point_page_reader *r, enum frame_type type, uint64_t off, uint64_t *ret_first, struct buf *raw)
{
	uint64_t raw_len;
	const uint8_t *codec;
	struct span in;
	int rc = sealed_read(r->file, off, type, &r->frame);

	if (rc < 0)
		return rc;
	in = span_of(r->frame.p, r->frame.len);
	if (span_varint(&in, ret_first) < 0 || !(codec = span_take(&in, 1)) || *codec > CODEC_ZSTD ||
	    span_varint_max(&in, POINT_PAGE_RAW_MAX, &raw_len) < 0)
		return -EBADMSG;
	return unpacker_unpack(r->unpacker, *codec, in, span_of(NULL, 0), raw_len, raw);
}

int point_page_read(struct point_page_reader *r, enum frame_type type, uint64_t off, uint64_t first, struct buf *raw)
{
	uint64_t found;
	int rc = point_page_look(r, type, off, &found, raw);

	return rc < 0 ? rc : found == first ? 0 : -EBADMSG;
}
