/* encoder.c -- snapshots into the frames of a log
 *
 * A keyframe comes every so many snapshots, at a new hour (another log), at a new boot or schema, and when somebody
 * wants one. Strings are swept with the regular ones only: they must have been interned anew for it.
 */
#include "store/encoder.h"

#include "store/group_writer.h"
#include "store/names.h"
#include "store/pack.h"
#include "store/text.h"

#include <stdatomic.h>

enum { KEYFRAME_EVERY = 30, LEVEL = 1 };

struct encoder {
	struct strpool *pool;
	struct group_writer *groups;
	struct packer *packer;
	struct heat_state *heat;
	struct buf raw;
	uint32_t keyframe_every, since_keyframe;
	int32_t hour;
	uint64_t boot, ordinal;
	bool epoch;  /* the present snapshot's strings are all of the present epoch */
	bool broken; /* nothing can be based on the state */
	atomic_bool want_keyframe;
};

void encoded_free(struct encoded *e)
{
	buf_done(&e->schema);
	buf_done(&e->frame);
	free(e);
}

int encoder_new(uint32_t keyframe_every, struct encoder **ret)
{
	_cleanup_(cleanup_encoder) struct encoder *e = calloc(1, sizeof *e);
	int r;

	if (!e)
		return -ENOMEM;
	e->keyframe_every = keyframe_every ? keyframe_every : KEYFRAME_EVERY;
	e->broken = true;
	r = strpool_new(&e->pool);
	if (r == 0)
		r = group_writer_new(e->pool, &e->groups);
	if (r == 0)
		r = packer_new(LEVEL, span_of(NULL, 0), &e->packer);
	if (r == 0)
		r = heat_state_new(&e->heat);
	if (r < 0)
		return r;
	group_writer_keep_sizes(e->groups);
	*ret = TAKE(e);
	return 0;
}

void encoder_free(struct encoder *e)
{
	if (e->heat)
		heat_state_free(e->heat);
	if (e->packer)
		packer_free(e->packer);
	if (e->groups)
		group_writer_free(e->groups);
	if (e->pool)
		strpool_free(e->pool);
	buf_done(&e->raw);
	free(e);
}

struct strpool *encoder_pool(struct encoder *e)
{
	return e->pool;
}

struct heat_state *encoder_heat(struct encoder *e)
{
	return e->heat;
}

void encoder_want_keyframe(struct encoder *e)
{
	e->want_keyframe = true;
}

void encoder_begin(struct encoder *e)
{
	e->epoch = e->broken || e->want_keyframe || e->since_keyframe >= e->keyframe_every;
	if (e->epoch)
		strpool_epoch(e->pool);
}

static void put_sizes(const struct encoder *e, struct buf *out)
{
	const struct schema *s = group_writer_schema(e->groups);
	uint64_t rows, len;
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n_tables; i++)
		n += group_writer_sizes(e->groups, i, &rows, &len);
	buf_put_varint(out, TEXT_VERSION);
	buf_put_varint(out, n);
	for (uint32_t i = 0; i < s->n_tables; i++)
		if (group_writer_sizes(e->groups, i, &rows, &len)) {
			buf_put_varint(out, s->tables[i]->id);
			buf_put_varint(out, rows);
			buf_put_varint(out, len);
		}
}

/* The snapshot in a group of its own; a based one that cannot be becomes a keyframe. */
static int add(struct encoder *e, const struct snapshot *s, bool *keyframe)
{
	int r;

	group_writer_begin(e->groups, !*keyframe);
	r = group_writer_add(e->groups, s);
	if (r < 0 && r != -ENOMEM && !*keyframe) {
		*keyframe = true;
		group_writer_begin(e->groups, false);
		r = group_writer_add(e->groups, s);
	}
	return r;
}

static int put_frame(struct encoder *e, const struct disk_heat *heat, struct buf *out)
{
	struct disk_group h;
	size_t start;
	int r;

	buf_clear(&e->raw);
	r = group_writer_finish(e->groups, &h, &e->raw);
	if (r < 0)
		return r;
	buf_put(out, &h, sizeof h);
	buf_put(out, heat, sizeof *heat);
	put_sizes(e, out);
	start = out->len;
	r = packer_pack(e->packer, span_of(e->raw.p, e->raw.len), &h.codec, out);
	if (r < 0 || out->err < 0)
		return r < 0 ? r : out->err;
	h.body_len = put_le32((uint32_t)(out->len - start));
	memcpy(out->p, &h, sizeof h);
	return 0;
}

int encoder_encode(struct encoder *e, const struct snapshot *s, struct encoded **ret)
{
	_cleanup_(cleanup_encoded) struct encoded *out = calloc(1, sizeof *out);
	bool wanted = atomic_exchange(&e->want_keyframe, false);
	bool keyframe = wanted || e->broken || e->epoch || hour_of(s->time_ms) != e->hour || s->boot != e->boot ||
	                !group_writer_fits(e->groups, s);
	struct disk_heat heat;
	int r;

	if (!out)
		return -ENOMEM;
	e->broken = true; /* until this one is done */
	r = heat_entry(e->heat, s, &heat);
	if (r == 0)
		r = add(e, s, &keyframe);
	if (r == 0)
		r = put_frame(e, &heat, &out->frame);
	if (r == 0 && keyframe)
		r = schema_pack(group_writer_schema(e->groups), &out->schema);
	if (r < 0)
		return r;
	if (keyframe && e->epoch)
		strpool_sweep(e->pool);
	e->broken = false;
	e->since_keyframe = keyframe ? 1 : e->since_keyframe + 1;
	e->hour = hour_of(s->time_ms);
	e->boot = s->boot;
	out->hour = e->hour;
	out->keyframe = keyframe;
	out->ordinal = ++e->ordinal;
	*ret = TAKE(out);
	return 0;
}
