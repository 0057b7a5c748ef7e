/* tidy.c -- see tidy.h */
#include "store/tidy.h"

#include "store/compact.h"
#include "store/io.h"
#include "store/segment_name.h"

struct tidying {
	struct partition *p;
	struct topic_options options; /* as they were when it began */
	int64_t now_ms;
	const atomic_bool *stop;
	int dirfd;
};

static void lock(struct tidying *t)
{
	pthread_mutex_lock(&t->p->shared->lock);
}

static void unlock(struct tidying *t)
{
	pthread_mutex_unlock(&t->p->shared->lock);
}

static int stopped(const struct tidying *t)
{
	return t->stop && *t->stop ? -ECANCELED : 0;
}

/* Whether there is but one segment, to which messages may still come. */
static bool is_at_rest(struct tidying *t)
{
	bool rest;

	lock(t);
	rest = t->p->n_old == 0 && !partition_is_due(t->p, t->now_ms);
	unlock(t);
	return rest;
}

/* --- what segments are --- */

/* The largest time of a segment whose own files do not tell. */
static int64_t time_of_file(int dirfd, uint64_t base)
{
	char name[SEGMENT_NAME_SIZE];
	struct io_stat st;

	segment_name_put(name, base, SEGMENT_LOG);
	return io_stat(dirfd, name, &st) < 0 ? INT64_MIN : st.mtime_ns / 1000000;
}

/* The largest time in a segment, from its index; that is made anew if it has to be. */
static int look_at(struct tidying *t, uint64_t base, int64_t *ret_max_ms, bool *ret_rebuilt)
{
	_cleanup_(cleanup_segment) struct segment *s = NULL;
	struct segment_found found;
	int r = segment_open(t->dirfd, &t->p->owner, base, SYNC_FDATASYNC, t->options.index_interval, &found, &s);

	if (r == -EBADMSG || r == -ENODATA || r == -ERANGE || r == -EPROTONOSUPPORT) {
		*ret_max_ms = time_of_file(t->dirfd, base);
		return 0;
	}
	if (r < 0)
		return r;
	*ret_max_ms = segment_sums(s)->max_ms;
	*ret_rebuilt = found.rebuilt;
	return segment_finish(s, t->dirfd);
}

static int look_at_segments(struct tidying *t)
{
	struct partition *p = t->p;
	int r = 0;

	for (uint32_t i = 0; r == 0; i++) {
		int64_t max_ms = INT64_MIN;
		bool rebuilt = false, looked = false;
		uint64_t base = UINT64_MAX;

		lock(t);
		if (i < p->n_old) {
			base = p->old[i].base;
			looked = p->old[i].looked;
		}
		unlock(t);
		if (base == UINT64_MAX)
			break;
		if (looked)
			continue;
		r = stopped(t);
		if (r == 0)
			r = look_at(t, base, &max_ms, &rebuilt);
		if (r < 0)
			break;
		lock(t);
		p->old[i].max_ms = max_ms;
		p->old[i].looked = true;
		p->shared->counts.index_rebuilds += rebuilt;
		unlock(t);
	}
	return r;
}

/* --- retention --- */

static bool too_old(const struct tidying *t, const struct partition_old *o)
{
	/* One without messages is as old as can be. */
	return t->options.retention_ms > 0 && o->looked && o->max_ms < t->now_ms - t->options.retention_ms;
}

static bool too_many(const struct tidying *t)
{
	const struct partition *p = t->p;
	uint64_t total = p->newest ? segment_len(p->newest) : 0;

	for (uint32_t i = 0; i < p->n_old; i++)
		total += p->old[i].len;
	return total > t->options.retention_bytes;
}

static int remove_files(struct tidying *t, uint64_t base)
{
	char name[SEGMENT_NAME_SIZE];
	int r;

	segment_name_put(name, base, SEGMENT_LOG);
	r = io_unlink(t->dirfd, name);
	return r < 0 && r != -ENOENT ? r : segment_index_remove(t->dirfd, base);
}

static void forget(struct partition *p, uint32_t i)
{
	p->n_old--;
	memmove(p->old + i, p->old + i + 1, (p->n_old - i) * sizeof *p->old);
}

/* The oldest segments go first, whole, and never the newest of all, whose name says where offsets go on. */
static int retain(struct tidying *t)
{
	struct partition *p = t->p;
	bool any = false;
	int r = 0;

	for (;;) {
		uint64_t base = 0;
		bool go;

		lock(t);
		go = p->n_old > (p->newest ? 0 : 1) && (too_old(t, &p->old[0]) || too_many(t));
		if (go)
			base = p->old[0].base;
		unlock(t);
		r = go ? stopped(t) : 0;
		if (!go || r < 0)
			break;
		r = remove_files(t, base);
		if (r < 0)
			break;
		any = true;
		lock(t);
		forget(p, 0);
		p->shared->counts.segments_removed++;
		unlock(t);
	}
	if (any && r == 0)
		r = io_sync_dir(t->dirfd);
	return r;
}

/* --- compaction --- */

struct compacting {
	struct tidying *t;
	const uint64_t *bases;
};

static void changed(void *arg, size_t i, uint64_t len, int64_t max_ms)
{
	struct compacting *c = arg;
	struct partition *p = c->t->p;
	uint32_t k = 0;

	lock(c->t);
	while (k < p->n_old && p->old[k].base != c->bases[i])
		k++;
	if (k < p->n_old && len > 0) {
		p->old[k].len = len;
		p->old[k].max_ms = max_ms;
		p->old[k].looked = false; /* its index may not have been written */
	} else if (k < p->n_old) {
		forget(p, k);
	}
	p->shared->counts.segments_compacted++;
	unlock(c->t);
}

/* Whether the first batch of a segment was written by compaction. */
static bool begins_compacted(struct tidying *t, uint64_t base)
{
	_cleanup_(cleanup_log_reader) struct log_reader *lr = NULL;
	char name[SEGMENT_NAME_SIZE];
	struct {
		struct disk_frame frame;
		struct disk_batch batch;
	} first;

	segment_name_put(name, base, SEGMENT_LOG);
	if (log_reader_open(t->dirfd, name, KIND_SEGMENT, &lr) < 0)
		return false;
	return io_pread(log_reader_fd(lr), &first, sizeof first, sizeof(struct disk_header)) == sizeof first &&
	       first.frame.type == FRAME_BATCH && (first.batch.flags & BATCH_COMPACTED);
}

/* Up to where an earlier writer compacted: segments are taken in order, so what is in front of one that was is done. */
static uint64_t compacted_before(struct tidying *t, const uint64_t *bases, uint32_t n)
{
	for (uint32_t i = n; i > 0; i--)
		if (begins_compacted(t, bases[i - 1]))
			return bases[i - 1];
	return 0;
}

/* Worth it when as much came since as there is from before. */
static bool worth_it(const struct partition *p, uint32_t n)
{
	uint64_t clean = 0, dirty = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (i + 1 < n && p->old[i + 1].base <= p->compacted)
			clean += p->old[i].len;
		else
			dirty += p->old[i].len;
	}
	return n > 0 && dirty >= clean && p->old[n - 1].base >= p->compacted;
}

static int compact(struct tidying *t)
{
	struct partition *p = t->p;
	struct compact_job job = {
	    .dirfd = t->dirfd,
	    .owner = p->owner,
	    .options = &t->options,
	    .boot = p->shared->options.boot,
	    .memory = COMPACT_MEMORY,
	    .now_ms = t->now_ms,
	    .stop = t->stop,
	};
	_cleanup_(cleanup_free) uint64_t *bases = NULL;
	struct compacting c = {.t = t};
	const struct compact_calls calls = {changed, &c};
	uint64_t to;
	uint32_t n;
	bool worth;
	int r;

	lock(t);
	/* Without a newest segment the last of the old ones has its part: its name is where offsets go on. */
	n = p->newest ? p->n_old : 0;
	job.end = p->newest ? segment_base(p->newest) : 0;
	bases = malloc((n + 1) * sizeof *bases);
	for (uint32_t i = 0; bases && i < n; i++)
		bases[i] = p->old[i].base;
	unlock(t);
	if (!bases)
		return -ENOMEM;
	if (!p->compacted_known)
		p->compacted = compacted_before(t, bases, n);
	p->compacted_known = true;

	lock(t);
	worth = worth_it(p, n);
	unlock(t);
	if (!worth)
		return 0;
	c.bases = bases;
	job.bases = bases;
	job.n = n;
	job.from = p->compacted;
	r = compact_run(&job, &calls, &to);
	if (r == 0)
		p->compacted = to;
	return r;
}

int tidy_partition(struct partition *p, int64_t now_ms, const atomic_bool *stop)
{
	_cleanup_(cleanup_io_close) int dirfd = -1;
	struct tidying t = {.p = p, .now_ms = now_ms, .stop = stop};
	int r;

	/* Most of very many partitions are like this, and it has to cost next to nothing. */
	if (is_at_rest(&t))
		return 0;
	dirfd = t.dirfd = partition_open_dir(p, false);
	if (dirfd < 0)
		return dirfd == -ENOENT ? 0 : dirfd;
	lock(&t);
	r = partition_is_due(p, now_ms) ? partition_roll(p) : 0;
	t.options = *p->options;
	unlock(&t);
	if (r == 0)
		r = look_at_segments(&t);
	if (r == 0)
		r = retain(&t);
	if (r == 0 && t.options.compact)
		r = compact(&t);
	return r;
}
