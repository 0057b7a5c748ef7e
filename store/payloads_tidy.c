/* payloads_tidy.c -- what payloads need done beside the putting: index snapshots and compaction
 *
 * FREEZING. An index snapshot speaks only of what is durable, so the fresh index is frozen, and an empty one put in its
 * place, when all that it has is: at once, or by the next sync. From then on nothing but tidying looks for the frozen
 * one's successor, and puts go on.
 *
 * A ROUND. Segments that have enough to lose are written anew; then the snapshot is merged from the one before and
 * the frozen index, with the records' new places; then all of it takes the place of the old in the view. If the process
 * ends in between, the snapshot before does not know the new files, and these are read when the log is opened.
 */
#include "store/io.h"
#include "store/payload_merge.h"
#include "store/payloads_inner.h"

#include <time.h>

enum {
	SNAPSHOT_EVERY = 64 << 20,
	WORTH = 4,    /* a segment is written anew when it can lose one part in so many */
	RUNS_MAX = 4, /* in a round */
};

static struct payload_policy policy_of(struct payloads *p, int64_t now_ms)
{
	struct payload_policy policy;

	pthread_mutex_lock(&p->lock);
	policy = p->policy;
	pthread_mutex_unlock(&p->lock);
	policy.now_ms = now_ms;
	return policy;
}

/* What tidying looks at: the view without what is put meanwhile. What was found out by another policy is forgotten. */
static int settled(struct payloads *p, struct payload_view **ret)
{
	int r;

	pthread_mutex_lock(&p->lock);
	r = payload_view_new(p->l.view, p->l.view->n_segments, ret);
	if (r == 0)
		(*ret)->fresh = NULL;
	if (r == 0 && p->l.view->frozen)
		(*ret)->n_segments = p->frozen.n_segments;
	for (uint32_t i = 0; r == 0 && p->other_policy && i < (*ret)->n_segments; i++)
		if ((*ret)->segments[i])
			(*ret)->segments[i]->looked = false;
	p->other_policy = p->other_policy && r < 0;
	pthread_mutex_unlock(&p->lock);
	return r;
}

/* --- freezing --- */

void payloads_tidy_freeze(struct payloads *p)
{
	struct payload_view *old = p->l.view, *v;
	bool durable = p->o.sync == SYNC_NONE || atomic_load(&p->synced_number) + 1 == p->l.next_number;

	if (!p->spare || old->frozen || !durable || payload_view_new(old, old->n_segments, &v) < 0)
		return;
	v->frozen = v->fresh;
	v->fresh = TAKE(p->spare);
	p->frozen = (struct payloads_frozen){
	    .n_segments = v->n_segments,
	    .newest_len = v->n_segments ? atomic_load(&v->segments[v->n_segments - 1]->len) : 0,
	    .newest_number = p->l.next_number - 1,
	    .newest_ms = p->l.newest_ms,
	};
	p->l.behind = 0;
	p->l.view = v;
	atomic_store(&p->view, v);
	epoch_wait(&p->epoch);
	free(old);
}

/* Ret: 1: there is a frozen index; 0: there will be, after the next sync. */
static int freeze(struct payloads *p)
{
	int r = 0;

	pthread_mutex_lock(&p->lock);
	if (!p->l.view->frozen && !p->spare)
		r = payload_index_new(&p->epoch, &p->spare);
	if (r == 0) {
		payloads_tidy_freeze(p);
		r = p->l.view->frozen != NULL;
	}
	pthread_mutex_unlock(&p->lock);
	return r;
}

/* --- compaction --- */

/* What a segment can lose; that is found out when there may be something new to it. */
static int look_at(
    struct payloads *p, const struct payload_view *v, uint32_t slot, int64_t now_ms, const atomic_bool *stop)
{
	struct payload_segment *s = v->segments[slot];
	uint64_t len = atomic_load(&s->len), superseded = atomic_load(&s->superseded);
	struct payload_policy policy = policy_of(p, now_ms);
	int r;

	if (s->looked && superseded < len / WORTH && now_ms < s->look_again_ms)
		return 0;
	r = payload_compact_look(v, slot, &policy, stop, &s->losable, &s->look_again_ms);
	/* What is damaged stays as it is. */
	if (r == -EBADMSG) {
		s->losable = 0;
		s->look_again_ms = INT64_MAX;
		r = 0;
	}
	if (r < 0)
		return r;
	s->looked = true;
	atomic_fetch_sub(&s->superseded, superseded);
	return 1;
}

/* The newest one that the snapshot will be of may get more. */
static bool is_settled(const struct payload_view *v, uint32_t slot)
{
	return slot + 1 < v->n_segments && v->segments[slot];
}

static bool worth_it(const struct payload_view *v, uint32_t slot)
{
	const struct payload_segment *s = v->segments[slot];

	return is_settled(v, slot) && s->looked && s->losable > 0 && s->losable >= atomic_load(&s->len) / WORTH;
}

static bool anything_worth_it(const struct payload_view *v)
{
	for (uint32_t i = 0; i < v->n_segments; i++)
		if (worth_it(v, i))
			return true;
	return false;
}

static int64_t ms_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Looks at segments in turn. Ret: 1: time is up. */
static int look_around(
    struct payloads *p, const struct payload_view *v, int64_t now_ms, int64_t work_ms, const atomic_bool *stop)
{
	int64_t until = ms_now() + work_ms;

	for (uint32_t i = 0; i < v->n_segments; i++) {
		uint32_t slot = p->look_at < v->n_segments ? p->look_at : 0;
		int r = is_settled(v, slot) ? look_at(p, v, slot, now_ms, stop) : 0;

		if (r < 0)
			return r;
		p->look_at = slot + 1;
		if (r > 0 && ms_now() >= until)
			return 1;
	}
	return 0;
}

/* The last slot of the run that begins there and fits into one segment. */
static uint32_t run_from(const struct payloads *p, const struct payload_view *v, uint32_t first)
{
	uint64_t len = 0;
	uint32_t last = first;

	for (uint32_t slot = first; is_settled(v, slot) || (slot + 1 < v->n_segments && !v->segments[slot]); slot++) {
		const struct payload_segment *s = v->segments[slot];

		if (!s)
			continue;
		if (slot > first && !worth_it(v, slot))
			break;
		len += atomic_load(&s->len) - s->losable;
		if (len > p->o.segment_size && slot > first)
			break;
		last = slot;
	}
	return last;
}

static int compact(struct payloads *p, const struct payload_view *v, int64_t now_ms, const atomic_bool *stop)
{
	struct payload_policy policy = policy_of(p, now_ms);
	unsigned n = 0;
	int r = payload_compact_moves_new(&p->moves);

	for (uint32_t slot = 0; r == 0 && n < RUNS_MAX && slot < v->n_segments; slot++) {
		uint32_t last;

		if (!worth_it(v, slot))
			continue;
		last = run_from(p, v, slot);
		r = payload_compact_write(
		    p->dirfd, p->how.store_id, p->o.segment_size, v, slot, last, &policy, stop, p->moves);
		if (r == -EBADMSG) {
			v->segments[slot]->losable = 0;
			r = 0;
		}
		slot = last;
		n++;
	}
	/* What was replaced already, the snapshot must follow. */
	return p->moves && payload_compact_moves_any(p->moves) && r != -ECANCELED ? 0 : r;
}

/* --- the round --- */

/* The new snapshot, tied to the slots that its segments have. */
static int open_snapshot(struct payloads *p, const struct payload_view *v, struct payload_snapshot **ret)
{
	const struct payload_snapshot_head *h;
	uint32_t place = 0;
	int r = payload_snapshot_open(p->dirfd, p->how.store_id, ret);

	if (r < 0)
		return r;
	h = payload_snapshot_head(*ret);
	for (uint32_t slot = 0; slot < v->n_segments && place < h->n_segments; slot++)
		if (v->segments[slot] && v->segments[slot]->base == h->segments[place].base)
			payload_snapshot_bind(*ret, place++, slot);
	return 0;
}

/* Shows the snapshot in the place of what it was made of. */
static int publish(struct payloads *p)
{
	_cleanup_(cleanup_free) struct payload_segment **gone = NULL;
	_cleanup_(cleanup_payload_snapshot) struct payload_snapshot *snapshot = NULL;
	struct payload_view *old, *v;
	uint32_t n_gone = 0;
	int r;

	pthread_mutex_lock(&p->lock);
	old = p->l.view;
	gone = calloc(old->n_segments + 1, sizeof *gone);
	r = gone ? payload_view_new(old, old->n_segments, &v) : -ENOMEM;
	if (r == 0) {
		r = open_snapshot(p, v, &snapshot);
		if (r < 0)
			free(v);
	}
	if (r < 0) {
		pthread_mutex_unlock(&p->lock);
		return r;
	}
	if (p->moves)
		payload_compact_moves_into(p->moves, v, gone, &n_gone);
	v->frozen = NULL;
	v->snapshot = TAKE(snapshot);
	p->l.view = v;
	atomic_store(&p->view, v);
	pthread_mutex_unlock(&p->lock);

	epoch_wait(&p->epoch);
	payload_index_free(old->frozen);
	payload_snapshot_free(old->snapshot);
	for (uint32_t i = 0; i < n_gone; i++)
		payload_segment_free(gone[i]);
	free(old);
	payload_compact_moves_free(TAKE(p->moves));
	return 0;
}

static int write_snapshot(struct payloads *p, const struct payload_view *v, const atomic_bool *stop)
{
	struct payload_merge merge = {
	    .dirfd = p->dirfd,
	    .store_id = p->how.store_id,
	    .view = v,
	    .newest_len = p->frozen.newest_len,
	    .newest_number = p->frozen.newest_number,
	    .newest_ms = p->frozen.newest_ms,
	    .moves = p->moves,
	    .stop = stop,
	};
	int r = payload_merge_write(&merge);

	return r < 0 ? r : publish(p);
}

static int round_(struct payloads *p, int64_t now_ms, const atomic_bool *stop)
{
	_cleanup_(cleanup_free) struct payload_view *v = NULL;
	int r = settled(p, &v);

	if (r == 0 && !p->moves)
		r = compact(p, v, now_ms, stop);
	return r < 0 ? r : write_snapshot(p, v, stop);
}

static bool is_due(struct payloads *p)
{
	uint64_t every = p->o.snapshot_every;
	bool due;

	pthread_mutex_lock(&p->lock);
	if (every == 0) {
		every = p->l.view->snapshot ? payload_snapshot_len(p->l.view->snapshot) : 0;
		if (every < SNAPSHOT_EVERY)
			every = SNAPSHOT_EVERY;
	}
	due = p->l.view->frozen || p->l.behind >= every;
	pthread_mutex_unlock(&p->lock);
	return due;
}

/* A snapshot with a damaged page is of no more use. */
static int mend(struct payloads *p)
{
	int r = 0;

	pthread_mutex_lock(&p->lock);
	if (p->l.view->snapshot && payload_snapshot_damaged(p->l.view->snapshot))
		r = payloads_reload(p, true);
	pthread_mutex_unlock(&p->lock);
	return r;
}

static int tidy(struct payloads *p, int64_t now_ms, int64_t work_ms, const atomic_bool *stop)
{
	_cleanup_(cleanup_free) struct payload_view *v = NULL;
	int more = 0, r = mend(p);

	if (r < 0)
		return r;
	if (!is_due(p)) {
		r = settled(p, &v);
		/* Without a snapshot of them, nothing is known of any but what is fresh. */
		if (r < 0 || !v->snapshot)
			return r;
		more = look_around(p, v, now_ms, work_ms, stop);
		if (more < 0 || !anything_worth_it(v))
			return more;
	}
	r = freeze(p);
	if (r <= 0)
		return r < 0 ? r : 1;
	r = round_(p, now_ms, stop);
	return r < 0 ? r : more;
}

int payloads_tidy(struct payloads *p, int64_t now_ms, int64_t work_ms, const atomic_bool *stop)
{
	int r;

	pthread_mutex_lock(&p->tidying);
	r = tidy(p, now_ms, work_ms, stop);
	pthread_mutex_unlock(&p->tidying);
	return r == -ECANCELED ? 1 : r;
}
