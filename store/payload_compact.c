/* payload_compact.c -- see payload_compact.h
 *
 * WHAT STAYS. The newest record of each key; of those before it the newest ones, and the young ones, as the policy
 * says. So what is left of a key is always the end of its history, and a record before which the next older one is
 * gone has nothing older. A tombstone goes last of its key: else what it deleted could come back.
 */
#include "store/payload_compact.h"

#include "store/io.h"
#include "store/segment_name.h"

enum { WRITE_BYTES = 1 << 20, KEEP_ALL = UINT32_MAX };

struct move {
	uint32_t slot;
	uint64_t from, to; /* offsets */
};

/* Segments that became one. */
struct run {
	uint32_t first, last;
	struct payload_segment *now; /* NULL: it is a view's */
	uint64_t base;
	const struct payload_segment *segment; /* the same, for as long as this is of use */
	struct move *v;                        /* ascending */
	size_t n, cap;
};

struct payload_moves {
	struct run *runs;
	uint32_t n;
};

/* --- what stays --- */

struct judging {
	const struct payload_view *v;
	const struct payload_policy *policy;
	struct buf room;
	int64_t again_ms;
};

static bool is_young(struct judging *j, int64_t time_ms, int64_t age_ms)
{
	if (j->policy->now_ms - time_ms >= age_ms)
		return false;
	if (time_ms + age_ms < j->again_ms)
		j->again_ms = time_ms + age_ms;
	return true;
}

/* Whether nothing is there any more of what a tombstone deleted. */
static int stands_alone(struct judging *j, const struct payload_head *tombstone)
{
	struct payload_record rec;
	uint64_t position;
	int r = -ENOENT;

	if (tombstone->before != 0)
		r = payload_view_number(j->v, tombstone->before, tombstone->number, &j->room, &rec, &position);
	return r == -ENOENT ? 1 : r == -EBADMSG ? 0 : r < 0 ? r : 0;
}

/* Whether a record at a position stays. */
static int stays(struct judging *j, const struct payload_record *rec, uint64_t position)
{
	const struct payload_policy *policy = j->policy;
	struct payload_record newest;
	uint64_t newest_at;
	bool goes;
	int r;

	r = payload_view_find(j->v, &rec->key, payload_record_key_hash(&rec->key), &j->room, &newest, &newest_at);
	if (r < 0)
		return r == -ENOENT || r == -EBADMSG ? 1 : r;
	/* The key, and all that was of it, is to go in time. */
	goes = newest.head.deletes && policy->keep_versions != KEEP_ALL &&
	       !is_young(j, newest.head.time_ms, policy->tombstone_ms);
	if (newest.head.number == rec->head.number) {
		if (newest_at != position)
			return 0;
		r = goes ? stands_alone(j, &newest.head) : 0;
		return r < 0 ? r : !r;
	}
	if (rec->head.number > newest.head.number)
		return 1;
	if (!goes &&
	    (policy->keep_versions == KEEP_ALL || newest.head.version - rec->head.version <= policy->keep_versions))
		return 1;
	return policy->keep_ms > 0 && is_young(j, rec->head.time_ms, policy->keep_ms);
}

/* Calls each for the records that stay (or, goes, that do not). -EBADMSG: something is damaged. */
static int go_through(struct judging *j, uint32_t slot, const atomic_bool *stop,
    int (*each)(const struct payload_record *rec, uint32_t slot, uint64_t off, bool stays, void *arg), void *arg)
{
	const struct payload_segment *s = j->v->segments[slot];
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	char name[SEGMENT_NAME_SIZE];
	struct log_recovery found;
	struct payload_record rec;
	struct span payload;
	uint64_t off;
	uint8_t type;
	int r;

	segment_name_put(name, s->base, SEGMENT_LOG);
	r = log_reader_open(s->dirfd, name, KIND_PAYLOADS, &lr);
	if (r == 0 && log_reader_id(lr)->id != s->file_id)
		r = -ESTALE;
	while (r == 0 && (r = log_reader_next(lr, &type, &off, &payload)) == 0) {
		if (stop && *stop)
			return -ECANCELED;
		if (type != FRAME_PUT && type != FRAME_DELETE)
			continue;
		r = payload_record_get(type, payload, &rec);
		if (r < 0)
			return r;
		r = stays(j, &rec, position_of(slot, off, rec.head.deletes));
		if (r >= 0)
			r = each(&rec, slot, off, r, arg);
	}
	if (r != -ENODATA)
		return r;
	log_reader_damage(lr, &found);
	return found.n_damaged > 0 ? -EBADMSG : 0;
}

static size_t frame_len(const struct payload_record *rec)
{
	struct payload_put put = {.key = rec->key, .value = rec->value};

	return payload_record_frame_len(&put);
}

static int count_one(const struct payload_record *rec, uint32_t slot, uint64_t off, bool stays_, void *arg)
{
	uint64_t *bytes = arg;

	(void)slot;
	(void)off;
	if (!stays_)
		*bytes += frame_len(rec);
	return 0;
}

int payload_compact_look(const struct payload_view *v, uint32_t slot, const struct payload_policy *policy,
    const atomic_bool *stop, uint64_t *ret_bytes, int64_t *ret_again_ms)
{
	struct judging j = {.v = v, .policy = policy, .again_ms = INT64_MAX};
	uint64_t bytes = 0;
	int r = go_through(&j, slot, stop, count_one, &bytes);

	buf_done(&j.room);
	if (r < 0)
		return r;
	*ret_bytes = bytes;
	*ret_again_ms = j.again_ms;
	return 0;
}

/* --- moves --- */

int payload_compact_moves_new(struct payload_moves **ret)
{
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

static void run_done(struct run *run)
{
	payload_segment_free(run->now);
	free(run->v);
}

void payload_compact_moves_free(struct payload_moves *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < m->n; i++)
		run_done(&m->runs[i]);
	free(m->runs);
	free(m);
}

static const struct run *run_of(const struct payload_moves *m, uint32_t slot)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (slot >= m->runs[i].first && slot <= m->runs[i].last)
			return &m->runs[i];
	return NULL;
}

static int in_order(const void *a, const void *b)
{
	const struct move *x = a, *y = b;

	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	return (x->from > y->from) - (x->from < y->from);
}

bool payload_compact_moves_apply(const struct payload_moves *m, uint64_t *position)
{
	struct move key = {.slot = position_slot(*position), .from = position_off(*position)};
	const struct run *run = run_of(m, key.slot);
	const struct move *found;

	if (!run)
		return true;
	found = run->n ? bsearch(&key, run->v, run->n, sizeof key, in_order) : NULL;
	if (found)
		*position = position_of(run->first, found->to, position_deleted(*position));
	return found;
}

const struct payload_segment *payload_compact_moves_segment(
    const struct payload_moves *m, uint32_t slot, const struct payload_segment *s)
{
	const struct run *run = run_of(m, slot);

	return !run ? s : slot == run->first ? run->segment : NULL;
}

bool payload_compact_moves_any(const struct payload_moves *m)
{
	return m->n > 0;
}

void payload_compact_moves_into(
    struct payload_moves *m, struct payload_view *v, struct payload_segment **ret_old, uint32_t *n)
{
	*n = 0;
	for (uint32_t i = 0; i < m->n; i++) {
		struct run *run = &m->runs[i];

		for (uint32_t slot = run->first; slot <= run->last; slot++)
			if (v->segments[slot]) {
				ret_old[(*n)++] = v->segments[slot];
				v->segments[slot] = NULL;
			}
		v->segments[run->first] = TAKE(run->now);
	}
}

/* --- writing --- */

struct writing {
	struct log *out;
	struct buf frames;
	struct run *run;
	uint64_t last_number;
};

static int flush(struct writing *w)
{
	int r = w->frames.err;

	if (r == 0 && w->frames.len > 0)
		r = log_append_frames(w->out, span_of(w->frames.p, w->frames.len));
	buf_clear(&w->frames);
	return r;
}

static int note_move(struct run *run, uint32_t slot, uint64_t from, uint64_t to)
{
	if (run->n == run->cap) {
		size_t cap = run->cap ? 2 * run->cap : 1024;
		struct move *v = realloc(run->v, cap * sizeof *v);

		if (!v)
			return -ENOMEM;
		run->v = v;
		run->cap = cap;
	}
	run->v[run->n++] = (struct move){slot, from, to};
	return 0;
}

static int copy_one(const struct payload_record *rec, uint32_t slot, uint64_t off, bool stays_, void *arg)
{
	struct payload_put put = {.key = rec->key, .value = rec->value};
	struct payload_head h = rec->head;
	struct writing *w = arg;
	uint64_t to;
	int r;

	/* What is there twice counts once. */
	if (!stays_ || h.number <= w->last_number)
		return 0;
	w->last_number = h.number;
	h.left = 0;
	h.unsynced = 0;
	to = log_len(w->out) + w->frames.len;
	r = note_move(w->run, slot, off, to);
	if (r < 0)
		return r;
	payload_record_frame_put(&w->frames, &h, &put, log_id(w->out)->id, to);
	return w->frames.len >= WRITE_BYTES ? flush(w) : w->frames.err;
}

/* Nothing reads the old files any more by their names. */
static int hold_old(const struct payload_view *v, const struct run *run)
{
	int r = 0;

	for (uint32_t slot = run->first; r == 0 && slot <= run->last; slot++)
		if (v->segments[slot])
			r = payload_segment_hold(v->segments[slot]);
	return r;
}

static int replace_files(int dirfd, const struct payload_view *v, const struct run *run)
{
	char from[SEGMENT_NAME_SIZE], to[SEGMENT_NAME_SIZE];
	int r;

	segment_name_put(from, run->base, SEGMENT_TMP);
	segment_name_put(to, run->base, SEGMENT_LOG);
	r = io_rename(dirfd, from, to);
	if (r == 0)
		r = io_sync_dir(dirfd);
	if (r < 0)
		return r;
	/* What stays is there twice, and is removed at the next start. */
	for (uint32_t slot = run->first + 1; slot <= run->last; slot++)
		if (v->segments[slot]) {
			segment_name_put(to, v->segments[slot]->base, SEGMENT_LOG);
			(void)io_unlink(dirfd, to);
		}
	return 0;
}

static int write_run(struct writing *w, int dirfd, uint64_t map_len, const struct payload_view *v, struct judging *j,
    const atomic_bool *stop)
{
	struct run *run = w->run;
	uint64_t len;
	int r = 0;

	for (uint32_t slot = run->first; r == 0 && slot <= run->last; slot++)
		if (v->segments[slot])
			r = go_through(j, slot, stop, copy_one, w);
	if (r == 0)
		r = flush(w);
	if (r == 0)
		r = log_sync(w->out);
	if (r == 0)
		r = hold_old(v, run);
	if (r < 0)
		return r;
	len = log_len(w->out);
	r = payload_segment_new(dirfd, run->base, log_id(w->out)->id, len > map_len ? len : map_len, &run->now);
	if (r < 0)
		return r;
	payload_segment_grown(run->now, len);
	run->segment = run->now;
	return replace_files(dirfd, v, run);
}

static int compact(int dirfd, uint64_t store_id, uint64_t map_len, const struct payload_view *v, struct run *run,
    const struct payload_policy *policy, const atomic_bool *stop)
{
	struct file_id id = {.kind = KIND_PAYLOADS, .store_id = store_id, .first_seq = run->base};
	struct judging j = {.v = v, .policy = policy, .again_ms = INT64_MAX};
	struct writing w = {.run = run};
	char tmp[SEGMENT_NAME_SIZE];
	int r;

	segment_name_put(tmp, run->base, SEGMENT_TMP);
	r = io_unlink(dirfd, tmp);
	if (r == 0 || r == -ENOENT)
		r = log_create(dirfd, tmp, &id, SYNC_FDATASYNC, &w.out);
	if (r < 0)
		return r;
	r = write_run(&w, dirfd, map_len, v, &j, stop);
	if (r < 0)
		(void)io_unlink(dirfd, tmp);
	log_close(w.out);
	buf_done(&w.frames);
	buf_done(&j.room);
	return r;
}

int payload_compact_write(int dirfd, uint64_t store_id, uint64_t map_len, const struct payload_view *v, uint32_t first,
    uint32_t last, const struct payload_policy *policy, const atomic_bool *stop, struct payload_moves *moves)
{
	struct run run = {.first = first, .last = last, .base = v->segments[first]->base};
	struct run *more = realloc(moves->runs, (moves->n + 1) * sizeof *more);
	int r;

	if (!more)
		return -ENOMEM;
	moves->runs = more;
	r = compact(dirfd, store_id, map_len, v, &run, policy, stop);
	if (r < 0) {
		run_done(&run);
		return r;
	}
	moves->runs[moves->n++] = run;
	return 0;
}
