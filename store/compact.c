/* compact.c -- see compact.h
 *
 * A PASS first goes through what came since the last one, and notes the newest offset of each key. Then every segment
 * from the oldest on is looked through for messages whose key has a newer one; a segment that has such is written anew
 * without them, and takes the old one's place, durably, before the next is begun.
 *
 * TOMBSTONES are dropped when they are old enough. Whatever they delete lies in front of them, and is gone from the
 * disk before they are. Where something in front of them cannot be read, it cannot be told, and they stay.
 *
 * DAMAGE stays where it is, and so does all of a segment that has some.
 */
#include "store/compact.h"

#include "store/batch_encoder.h"
#include "store/io.h"
#include "store/keymap.h"
#include "store/segment_scan.h"

enum { BATCH_BYTES = 64 << 10 }; /* of the batches that are written, about */

struct pass {
	const struct compact_job *job;
	struct keymap *keys;
	uint64_t end;         /* messages from here on are kept */
	bool keep_tombstones; /* of segments behind */
	struct batch_builder batch;
	struct batch_encoder encoder;
	bool append_time; /* of the messages in batch */
};

static int stopped(const struct pass *p)
{
	return p->job->stop && *p->job->stop ? -ECANCELED : 0;
}

/* --- what is newest --- */

static int note_keys(struct pass *p, uint64_t base)
{
	_cleanup_(segment_scan_done) struct segment_scan s;
	struct message m;
	int r = segment_scan_open(&s, p->job->dirfd, base);

	while (r == 0) {
		r = stopped(p);
		if (r == 0)
			r = segment_scan_next(&s, &m);
		if (r < 0 || !m.key.p || m.offset < p->job->from)
			continue;
		r = keymap_put(p->keys, m.key, m.offset);
		if (r == -ENOBUFS)
			p->end = m.offset;
	}
	return r == -ENODATA || r == -EBADMSG ? 0 : r;
}

/* --- what is kept --- */

static bool keep(const struct pass *p, const struct message *m)
{
	uint64_t newest;

	if (m->offset >= p->end)
		return true;
	if (!m->key.p)
		return false;
	if (keymap_get(p->keys, m->key, &newest) && newest > m->offset)
		return false;
	return m->value.p || p->keep_tombstones ||
	       !message_is_older(m->time_ms, p->job->now_ms, p->job->options->tombstone_ms);
}

/* How many messages of a segment are kept, and dropped; whether all of it can be read. */
struct tally {
	uint64_t n_kept, n_dropped;
	bool damaged;
};

static int count(struct pass *p, uint64_t base, struct tally *ret)
{
	_cleanup_(segment_scan_done) struct segment_scan s;
	struct message m;
	int r = segment_scan_open(&s, p->job->dirfd, base);

	*ret = (struct tally){0};
	if (r == -EBADMSG || r == -ENODATA) {
		ret->damaged = true;
		return 0;
	}
	while (r == 0) {
		r = stopped(p);
		if (r == 0)
			r = segment_scan_next(&s, &m);
		if (r < 0)
			break;
		if (keep(p, &m))
			ret->n_kept++;
		else
			ret->n_dropped++;
	}
	ret->damaged = s.damaged || r == -EBADMSG;
	return r == -ENODATA || r == -EBADMSG ? 0 : r;
}

/* --- what is written --- */

static int flush(struct pass *p, struct segment *to)
{
	const struct topic_options *o = p->job->options;
	struct batch_how how = {
	    .first_offset = p->batch.first_offset,
	    .codec = o->compression,
	    .level = o->compression_level,
	    .boot = p->job->boot,
	};
	struct batch_head h;
	struct span body;
	int r;

	if (p->batch.n == 0)
		return 0;
	how.flags =
	    (uint8_t)((p->append_time ? BATCH_APPEND_TIME : 0) | (p->batch.last_offset < p->end ? BATCH_COMPACTED : 0));
	r = batch_encoder_encode(&p->encoder, &p->batch, &how, &h, &body);
	if (r == 0)
		r = segment_append(to, p->job->dirfd, &h, p->encoder.dir.p, body);
	batch_clear(&p->batch);
	return r;
}

static int put(struct pass *p, struct segment *to, const struct message *m)
{
	bool full = p->batch.body.len + p->batch.dir.len >= BATCH_BYTES || p->append_time != m->append_time ||
	            (p->batch.n > 0 && p->batch.last_offset < p->end && m->offset >= p->end);
	int r = full ? flush(p, to) : 0;

	p->append_time = m->append_time;
	if (r == 0)
		r = batch_add(&p->batch, m);
	if (r == -EMSGSIZE && p->batch.n > 0) {
		r = flush(p, to);
		if (r == 0)
			r = batch_add(&p->batch, m);
	}
	return r;
}

static int copy_kept(struct pass *p, uint64_t base, struct segment *to)
{
	_cleanup_(segment_scan_done) struct segment_scan s;
	struct message m;
	int r = segment_scan_open(&s, p->job->dirfd, base);

	batch_clear(&p->batch);
	while (r == 0) {
		r = stopped(p);
		if (r == 0)
			r = segment_scan_next(&s, &m);
		if (r == 0 && keep(p, &m))
			r = put(p, to, &m);
	}
	if (r == -ENODATA)
		r = s.damaged ? -EBADMSG : flush(p, to); /* it was whole when it was gone through before */
	return r;
}

static int unlink_segment(int dirfd, uint64_t base)
{
	char name[SEGMENT_NAME_SIZE];
	int r;

	segment_name_put(name, base, SEGMENT_LOG);
	r = io_unlink(dirfd, name);
	if (r == 0)
		r = segment_index_remove(dirfd, base);
	return r < 0 ? r : io_sync_dir(dirfd);
}

static int write_anew(struct pass *p, uint64_t base, struct segment **ret)
{
	const struct compact_job *j = p->job;
	_cleanup_(cleanup_segment) struct segment *s = NULL;
	char tmp[SEGMENT_NAME_SIZE];
	int r;

	segment_name_put(tmp, base, SEGMENT_TMP);
	r = io_unlink(j->dirfd, tmp);
	if (r == 0 || r == -ENOENT)
		r = segment_create(
		    j->dirfd, &j->owner, base, SEGMENT_TMP, SYNC_FDATASYNC, j->options->index_interval, &s);
	if (r == 0)
		r = copy_kept(p, base, s);
	if (r == 0)
		r = segment_replace(s, j->dirfd);
	if (r < 0) {
		(void)io_unlink(j->dirfd, tmp);
		return r;
	}
	*ret = TAKE(s);
	return 0;
}

static int compact_segment(struct pass *p, size_t i, const struct compact_calls *calls)
{
	_cleanup_(cleanup_segment) struct segment *s = NULL;
	uint64_t base = p->job->bases[i];
	struct tally t;
	int r = count(p, base, &t);

	if (r < 0)
		return r;
	p->keep_tombstones = p->keep_tombstones || t.damaged;
	if (t.damaged || t.n_dropped == 0)
		return 0;
	r = t.n_kept > 0 ? write_anew(p, base, &s) : unlink_segment(p->job->dirfd, base);
	if (r < 0)
		return r;
	calls->changed(calls->arg, i, s ? segment_len(s) : 0, s ? segment_sums(s)->max_ms : INT64_MIN);
	return 0;
}

int compact_run(const struct compact_job *job, const struct compact_calls *calls, uint64_t *ret_to)
{
	_cleanup_(cleanup_keymap) struct keymap *keys = NULL;
	struct pass p = {.job = job, .end = job->end};
	int r = keymap_new(job->memory, &keys);

	p.keys = keys;
	for (size_t i = 0; r == 0 && i < job->n; i++)
		if (i + 1 == job->n || job->bases[i + 1] > job->from)
			r = note_keys(&p, job->bases[i]);
	if (r == -ENOBUFS)
		r = 0;
	for (size_t i = 0; r == 0 && i < job->n && job->bases[i] < p.end; i++)
		r = compact_segment(&p, i, calls);
	batch_done(&p.batch);
	batch_encoder_done(&p.encoder);
	if (r < 0)
		return r;
	*ret_to = p.end;
	return 0;
}
