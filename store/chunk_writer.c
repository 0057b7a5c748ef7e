/* chunk_writer.c -- writing a sealed hour
 *
 * The first group's body becomes the dictionary of all groups, the first included: what idles looks the same in every
 * keyframe, and costs next to nothing after the first.
 */
#include "store/chunk.h"
#include "store/group_writer.h"
#include "store/rosters.h"
#include "store/text.h"

enum { LEVEL = 15, GROUP_N = 60, DICT_LEVEL = 19 };

struct chunk_writer {
	struct sealed_writer *file;
	struct strpool *pool;
	struct group_writer *groups;
	struct chunk_options options;
	struct packer *packer;
	struct listing listing;
	struct rosters *rosters;
	struct buf index;
	uint32_t n_groups;
	struct buf schemas; /* frames' payloads: length (4) and bytes each */
	uint16_t schema_number;
	bool any_schema;
	struct buf raw, frame, dict;
	/* The group being filled. */
	uint32_t first_seq, n;
	int64_t first_ms, min_ms, max_ms;
	uint64_t boot;
};

int chunk_writer_new(
    int dirfd, const char *name, struct file_id *id, const struct chunk_options *o, struct chunk_writer **ret)
{
	_cleanup_(cleanup_chunk_writer) struct chunk_writer *w = calloc(1, sizeof *w);
	int r;

	if (!w)
		return -ENOMEM;
	w->options = *o;
	if (w->options.level == 0)
		w->options.level = LEVEL;
	if (w->options.group_n == 0)
		w->options.group_n = GROUP_N;
	if (w->options.group_n > GROUP_N_MAX)
		w->options.group_n = GROUP_N_MAX;
	r = strpool_new(&w->pool);
	if (r == 0)
		r = group_writer_new(w->pool, &w->groups);
	if (r == 0)
		r = rosters_new(&w->rosters);
	if (r == 0)
		r = sealed_writer_new(dirfd, name, id, &w->file);
	if (r == 0)
		*ret = TAKE(w);
	return r;
}

void chunk_writer_abort(struct chunk_writer *w)
{
	if (w->file)
		sealed_writer_abort(w->file);
	if (w->groups)
		group_writer_free(w->groups);
	if (w->pool)
		strpool_free(w->pool);
	if (w->packer)
		packer_free(w->packer);
	listing_done(&w->listing);
	if (w->rosters)
		rosters_free(w->rosters);
	buf_done(&w->index);
	buf_done(&w->schemas);
	buf_done(&w->raw);
	buf_done(&w->frame);
	buf_done(&w->dict);
	free(w);
}

/* --- schemas --- */

static int put_schema(struct chunk_writer *w)
{
	_cleanup_(buf_done) struct buf b = {0};
	const struct schema *s = group_writer_schema(w->groups);
	le32 len;
	int r;

	if (w->any_schema && s->number == w->schema_number)
		return 0;
	r = schema_pack(s, &b);
	if (r < 0)
		return r;
	r = sealed_writer_add(w->file, FRAME_SCHEMA, b.p, b.len, true, NULL);
	if (r < 0)
		return r;
	len = put_le32((uint32_t)b.len);
	buf_put(&w->schemas, &len, sizeof len);
	buf_put(&w->schemas, b.p, b.len);
	w->schema_number = s->number;
	w->any_schema = true;
	return w->schemas.err;
}

static int put_schemas_again(struct chunk_writer *w)
{
	struct span in = span_of(w->schemas.p, w->schemas.len);
	int r = 0;

	while (r == 0 && span_left(&in) > 0) {
		const le32 *len = span_take(&in, sizeof *len);
		const void *p = span_take(&in, get_le32(*len));

		r = sealed_writer_add(w->file, FRAME_SCHEMA, p, get_le32(*len), true, NULL);
	}
	return r;
}

/* --- groups --- */

static int begin_dictionary(struct chunk_writer *w)
{
	struct span raw = span_of(w->raw.p, w->raw.len);
	int r = pack_section(raw, DICT_LEVEL, &w->dict);

	if (r == 0)
		r = sealed_writer_add(w->file, FRAME_DICT, w->dict.p, w->dict.len, true, NULL);
	return r < 0 ? r : packer_new(w->options.level, raw, &w->packer);
}

/* Takes the rows out of the group as a reader will find them. Its body is used up. */
static int take_rosters(struct chunk_writer *w, const struct disk_group *h)
{
	_cleanup_(cleanup_group) struct group *g = NULL;
	int r = group_new(group_writer_schema(w->groups), &g);

	if (r == 0)
		r = group_append(g, h, &w->raw);
	return r < 0 ? r : rosters_take(w->rosters, g, w->listing.n - w->n);
}

static int finish_group(struct chunk_writer *w)
{
	struct disk_group h;
	struct disk_index_entry e;
	uint64_t off;
	int r;

	if (w->n == 0)
		return 0;
	buf_clear(&w->raw);
	r = group_writer_finish(w->groups, &h, &w->raw);
	if (r == 0)
		r = put_schema(w);
	if (r == 0 && !w->packer)
		r = begin_dictionary(w);
	if (r < 0)
		return r;
	buf_clear(&w->frame);
	buf_put(&w->frame, &h, sizeof h);
	r = packer_pack(w->packer, span_of(w->raw.p, w->raw.len), &h.codec, &w->frame);
	if (r < 0 || w->frame.err < 0)
		return r < 0 ? r : w->frame.err;
	h.first_seq = put_le64(w->first_seq);
	h.body_len = put_le32((uint32_t)(w->frame.len - sizeof h));
	memcpy(w->frame.p, &h, sizeof h);
	r = sealed_writer_add(w->file, FRAME_GROUP, w->frame.p, w->frame.len, false, &off);
	if (r < 0)
		return r;
	e = (struct disk_index_entry){
	    .off = put_le64(off),
	    .len = put_le32((uint32_t)w->frame.len),
	    .n = put_le16((uint16_t)w->n),
	    .schema = h.schema,
	    .first_seq = put_le64(w->first_seq),
	    .first_ms = put_le64((uint64_t)w->first_ms),
	    .min_ms = put_le64((uint64_t)w->min_ms),
	    .max_ms = put_le64((uint64_t)w->max_ms),
	};
	buf_put(&w->index, &e, sizeof e);
	r = take_rosters(w, &h);
	w->n_groups++;
	w->n = 0;
	strpool_sweep(w->pool);
	return r < 0 ? r : w->index.err;
}

static int add_sizes(
    struct chunk_writer *w, uint32_t seq, const struct snapshot *s, const struct listing *sizes, uint32_t i)
{
	int r = listing_add(&w->listing, seq, s->time_ms);

	for (uint32_t k = 0; k < s->n_tables && r == 0; k++) {
		const struct table *t = s->tables[k];
		const struct listing_table *lt = sizes ? listing_table(sizes, t->schema->id) : NULL;

		if (t->absent)
			continue;
		r = listing_set(
		    &w->listing, t->schema->id, t->n_rows, lt && lt->len[i] > 0 ? lt->len[i] : text_table_len(t));
	}
	return r;
}

int chunk_writer_expect(struct chunk_writer *w, const struct schema *s)
{
	return group_writer_expect(w->groups, s);
}

int chunk_writer_add(
    struct chunk_writer *w, uint32_t seq, const struct snapshot *s, const struct listing *sizes, uint32_t i)
{
	bool anew = w->n == w->options.group_n || group_writer_size(w->groups) > GROUP_RAW_MAX / 8 ||
	            (w->n > 0 && (seq != w->first_seq + w->n || s->boot != w->boot ||
	                             !group_writer_fits(w->groups, s) || !group_writer_has_room(w->groups, s)));
	int r = anew ? finish_group(w) : 0;

	if (r < 0)
		return r;
	if (w->n == 0) {
		strpool_epoch(w->pool);
		group_writer_begin(w->groups, false);
	}
	r = group_writer_add(w->groups, s);
	if (r < 0)
		return r;
	if (w->n++ == 0) {
		w->first_seq = seq;
		w->boot = s->boot;
		w->first_ms = w->min_ms = w->max_ms = s->time_ms;
	}
	if (s->time_ms < w->min_ms)
		w->min_ms = s->time_ms;
	if (s->time_ms > w->max_ms)
		w->max_ms = s->time_ms;
	return add_sizes(w, seq, s, sizes, i);
}

/* --- the end --- */

static int put_index(struct chunk_writer *w)
{
	const struct listing *l = &w->listing;
	_cleanup_(buf_done) struct buf b = {0};

	buf_put_varint(&b, w->n_groups);
	buf_put(&b, w->index.p, w->index.len);
	buf_put_varint(&b, l->n_tables);
	for (uint32_t i = 0; i < l->n_tables; i++) {
		const struct listing_table *t = &l->tables[i];
		uint64_t n = 0, rows = 0, len = 0;

		for (uint32_t k = 0; k < l->n; k++)
			if (t->len[k] > 0) {
				n++;
				rows += t->rows[k];
				len += t->len[k];
			}
		buf_put_varint(&b, t->id);
		buf_put_varint(&b, n);
		buf_put_varint(&b, rows);
		buf_put_varint(&b, len);
	}
	return b.err < 0 ? b.err : sealed_writer_add(w->file, FRAME_INDEX, b.p, b.len, true, NULL);
}

static int put_listing(struct chunk_writer *w)
{
	_cleanup_(buf_done) struct buf raw = {0}, packed = {0};
	int r;

	listing_encode(&w->listing, &raw);
	if (raw.err < 0)
		return raw.err;
	r = pack_section(span_of(raw.p, raw.len), w->options.level, &packed);
	return r < 0 ? r : sealed_writer_add(w->file, FRAME_LISTING, packed.p, packed.len, true, NULL);
}

static int put_rosters(struct chunk_writer *w)
{
	_cleanup_(buf_done) struct buf b = {0};
	int r = rosters_encode(w->rosters, w->listing.n, w->options.level, &b);

	return r < 0 ? r : sealed_writer_add(w->file, FRAME_ROSTERS, b.p, b.len, true, NULL);
}

static int put_meta(struct chunk_writer *w, uint64_t wal_id, uint64_t wal_len, uint32_t n_lost)
{
	const struct listing *l = &w->listing;
	struct disk_meta m = {
	    .wal_id = put_le64(wal_id),
	    .wal_len = put_le64(wal_len),
	    .n = put_le64(l->n),
	    .n_lost = put_le64(n_lost),
	    .first_seq = put_le64(l->seq[0]),
	    .last_seq = put_le64(l->seq[l->n - 1]),
	    .first_ms = put_le64((uint64_t)l->time_ms[0]),
	    .last_ms = put_le64((uint64_t)l->time_ms[l->n - 1]),
	    .text_version = put_le32(TEXT_VERSION),
	};

	return sealed_writer_add(w->file, FRAME_META, &m, sizeof m, true, NULL);
}

int chunk_writer_finish(struct chunk_writer *writer, uint64_t wal_id, uint64_t wal_len, uint32_t n_lost)
{
	_cleanup_(cleanup_chunk_writer) struct chunk_writer *w = writer;
	int r = finish_group(w);

	assert(w->listing.n > 0);
	if (r == 0)
		r = put_index(w);
	if (r == 0)
		r = put_listing(w);
	if (r == 0)
		r = put_rosters(w);
	if (r == 0)
		r = put_schemas_again(w);
	if (r == 0)
		r = sealed_writer_add(w->file, FRAME_DICT, w->dict.p, w->dict.len, true, NULL);
	if (r == 0)
		r = put_meta(w, wal_id, wal_len, n_lost);
	return r < 0 ? r : sealed_writer_finish(TAKE(w->file));
}
