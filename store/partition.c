/* partition.c -- see partition.h
 *
 * OFFSETS are given by one counter. A segment's name is the offset that its first message gets, and the newest one is
 * never removed: so the counter goes on where it was, whatever retention took away. Where messages may have been seen
 * that a power cut took, it goes on 2^20 behind, in a segment of its own, which is durable before anything is given.
 *
 * DESCRIPTORS. A partition in use has its directory, its newest segment and the two indexes open. At most
 * PARTITIONS_OPEN_MAX have: the one that was used longest ago, preferably with nothing to sync, is parked for another.
 */
#include "store/partition.h"

#include "store/io.h"
#include "store/segment_name.h"
#include "store/topic_names.h"

#include <inttypes.h>

enum { ENTRY_MIN = 5 }; /* bytes that a message takes at least, in a directory, which is not compressed */

void partition_say(const struct partition *p, const char *file, const char *what)
{
	const struct topics_options *o = &p->shared->options;
	_cleanup_(buf_done) struct buf line = {0};

	if (!o->say)
		return;
	buf_printf(&line, "%s/%s/%" PRIu32 "/%s: %s", TOPICS_DIR, p->topic, p->owner.partition, file, what);
	buf_put_u8(&line, 0);
	if (line.err == 0)
		o->say(o->arg, (const char *)line.p);
}

/* --- descriptors --- */

static void park(struct partition *p)
{
	if (p->newest)
		segment_park(p->newest);
	if (p->dirfd >= 0)
		io_close(take_fd(&p->dirfd));
	for (unsigned i = 0; i < PARTITIONS_OPEN_MAX; i++)
		if (p->shared->open[i] == p)
			p->shared->open[i] = NULL;
}

/* After a failed sync nothing is known of what was appended since the last good one. The offsets are gone, and so is
 * the segment as one to append to; who appended it is told at the next partition_sync. */
static int sync_failed(struct partition *p, int r)
{
	p->roll = true;
	p->n_unsynced = 0;
	p->sync_error = r;
	return r;
}

static int sync_now(struct partition *p)
{
	int r;

	if (p->n_unsynced == 0)
		return 0;
	r = segment_sync(p->newest, p->dirfd);
	if (r < 0)
		return sync_failed(p, r);
	p->n_unsynced = 0;
	p->synced_offset = p->next_offset;
	p->shared->counts.n_syncs++;
	return 0;
}

/* Which one is parked first: what must be synced for it comes last. */
static bool sooner(const struct partition *a, const struct partition *b)
{
	if ((a->n_unsynced > 0) != (b->n_unsynced > 0))
		return b->n_unsynced > 0;
	return a->used < b->used;
}

static unsigned find_place(struct partition_shared *s)
{
	unsigned best = 0;

	for (unsigned i = 0; i < PARTITIONS_OPEN_MAX; i++) {
		if (!s->open[i])
			return i;
		if (sooner(s->open[i], s->open[best]))
			best = i;
	}
	/* A descriptor that is closed could take with it the news that writing has failed. */
	(void)sync_now(s->open[best]);
	park(s->open[best]);
	return best;
}

int partition_open_dir(const struct partition *p, bool create)
{
	_cleanup_(cleanup_io_close) int topic = io_opendir(p->shared->dirfd, p->topic, create);
	char name[16];

	if (topic < 0)
		return topic;
	snprintf(name, sizeof name, "%" PRIu32, p->owner.partition);
	return io_opendir(topic, name, create);
}

int partition_wake(struct partition *p, bool create)
{
	unsigned place;
	int r;

	p->used = ++p->shared->clock;
	if (p->dirfd >= 0)
		return 0;
	place = find_place(p->shared);
	r = partition_open_dir(p, create);
	if (r < 0)
		return r;
	p->dirfd = r;
	p->shared->open[place] = p;
	r = p->newest ? segment_unpark(p->newest, p->dirfd) : 0;
	if (r < 0)
		park(p);
	return r;
}

/* --- segments --- */

static int add_old(struct partition *p, uint64_t base, uint64_t len, int64_t max_ms, bool looked)
{
	if (p->n_old == p->cap_old) {
		uint32_t cap = p->cap_old ? 2 * p->cap_old : 4;
		struct partition_old *v = realloc(p->old, cap * sizeof *v);

		if (!v)
			return -ENOMEM;
		p->old = v;
		p->cap_old = cap;
	}
	p->old[p->n_old++] = (struct partition_old){.base = base, .len = len, .max_ms = max_ms, .looked = looked};
	return 0;
}

/* Puts the newest segment to the old ones; it is complete. */
static int retire(struct partition *p, bool finished)
{
	struct segment *s = p->newest;
	int r = add_old(p, segment_base(s), segment_len(s), segment_sums(s)->max_ms, finished);

	if (r < 0)
		return r;
	segment_close(TAKE(p->newest));
	return 0;
}

/* Begins a segment at the next offset; what it is the end of was retired. */
static int begin(struct partition *p)
{
	int r = segment_create(
	    p->dirfd, &p->owner, p->next_offset, SEGMENT_LOG, p->options->sync, p->options->index_interval, &p->newest);

	if (r < 0)
		return r;
	p->roll = false;
	p->created_ms = INT64_MIN;
	p->shared->counts.segments_created++;
	return 0;
}

/* Makes all of the newest segment durable, and says that it is complete. */
static int finish(struct partition *p)
{
	int r = segment_finish(p->newest, p->dirfd);

	if (!segment_synced(p->newest))
		return sync_failed(p, r);
	p->synced_offset = p->next_offset;
	p->n_unsynced = 0;
	return r;
}

int partition_roll(struct partition *p)
{
	int r;

	if (!p->newest || segment_empty(p->newest))
		return 0;
	r = partition_wake(p, false);
	if (r < 0)
		return r;
	/* Who wants no syncs does not wait for one here; tidying ends the segment later. */
	if (p->options->sync == SYNC_NONE) {
		(void)sync_now(p); /* nothing of it waits for a sync any more */
		segment_write_index(p->newest, p->dirfd);
	} else if (!p->roll) {
		r = finish(p);
	}
	return r < 0 ? r : retire(p, p->options->sync != SYNC_NONE);
}

bool partition_is_due(const struct partition *p, int64_t now_ms)
{
	return p->newest && p->created_ms != INT64_MIN &&
	       message_is_older(p->created_ms, now_ms, p->options->segment_age_ms - 1);
}

static bool must_roll(const struct partition *p, uint64_t len, uint64_t span, int64_t now_ms)
{
	const struct topic_options *o = p->options;

	if (segment_empty(p->newest))
		return false;
	return segment_len(p->newest) + len > o->segment_size ||
	       p->next_offset + span - 1 - segment_base(p->newest) > UINT32_MAX || partition_is_due(p, now_ms);
}

/* --- appending --- */

/* A segment that len more bytes may be appended to. */
static int make_ready(struct partition *p, uint64_t len, uint64_t span, int64_t now_ms)
{
	int r = partition_wake(p, true);

	if (r == 0 && p->newest && (p->roll || must_roll(p, len, span, now_ms)))
		r = p->roll ? retire(p, false) : partition_roll(p);
	if (r == 0 && !p->newest)
		r = begin(p);
	return r;
}

/* No more messages are unsynced than recovery allows for. */
static int bound_unsynced(struct partition *p, uint32_t n)
{
	int r;

	if (p->options->sync == SYNC_NONE || p->n_unsynced + n <= UNSYNCED_MAX)
		return 0;
	r = partition_wake(p, false);
	return r < 0 ? r : sync_now(p);
}

static int append(struct partition *p, const struct batch_builder *b, int64_t now_ms, uint64_t *ret_offset)
{
	const struct topic_options *o = p->options;
	struct batch_encoder *e = &p->shared->encoder;
	struct batch_how how = {
	    .first_offset = p->next_offset,
	    .codec = o->compression,
	    .level = o->compression_level,
	    .flags = o->append_time ? BATCH_APPEND_TIME : 0,
	    .stamp = o->append_time,
	    .stamp_ms = now_ms,
	    .boot = p->shared->options.boot,
	};
	uint64_t span = b->last_offset - b->first_offset + 1, len = 0;
	struct batch_head h;
	struct span body;
	int r = bound_unsynced(p, b->n);

	if (r == 0)
		r = batch_encoder_encode(e, b, &how, &h, &body);
	if (r == 0) {
		len = batch_encoder_frame_len(e, body);
		r = make_ready(p, len, span, now_ms);
	}
	if (r < 0)
		return r;
	r = segment_append(p->newest, p->dirfd, &h, e->dir.p, body);
	if (r < 0) {
		/* One that is closed and cannot be opened again durably stays closed; the next append begins another.
		 */
		p->roll = p->roll || segment_finished(p->newest);
		return r;
	}

	*ret_offset = p->next_offset;
	p->next_offset += span;
	p->n_unsynced += b->n;
	if (p->created_ms == INT64_MIN)
		p->created_ms = now_ms;
	if (h.max_ms > p->max_ms)
		p->max_ms = h.max_ms;
	p->shared->counts.n_messages += b->n;
	p->shared->counts.n_batches++;
	p->shared->counts.bytes_written += len;
	return 0;
}

int partition_append(struct partition *p, const struct batch_builder *b, int64_t now_ms, uint64_t *ret_offset)
{
	int r;

	pthread_mutex_lock(&p->shared->lock);
	r = append(p, b, now_ms, ret_offset);
	pthread_mutex_unlock(&p->shared->lock);
	return r;
}

int partition_sync(struct partition *p)
{
	int r;

	pthread_mutex_lock(&p->shared->lock);
	r = p->n_unsynced > 0 ? partition_wake(p, false) : 0;
	if (r == 0)
		r = sync_now(p);
	if (p->sync_error < 0)
		r = p->sync_error;
	p->sync_error = 0;
	pthread_mutex_unlock(&p->shared->lock);
	return r;
}

void partition_state(const struct partition *p, struct partition_state *ret)
{
	struct partition_state s = {0};

	pthread_mutex_lock(&p->shared->lock);
	s.next_offset = p->next_offset;
	s.synced_offset = p->synced_offset;
	s.max_ms = p->max_ms;
	s.n_damaged = p->n_damaged;
	s.n_segments = p->n_old + (p->newest != NULL);
	s.first_offset = p->n_old > 0 ? p->old[0].base : p->newest ? segment_base(p->newest) : p->next_offset;
	for (uint32_t i = 0; i < p->n_old; i++)
		s.bytes += p->old[i].len;
	if (p->newest)
		s.bytes += segment_len(p->newest);
	pthread_mutex_unlock(&p->shared->lock);
	*ret = s;
}

void partition_configured(struct partition *p)
{
	if (p->newest)
		segment_set_mode(p->newest, p->options->sync, p->options->index_interval);
}

/* --- opening --- */

struct listed {
	uint64_t base;
	enum segment_file type;
};

struct listing {
	struct listed *v;
	size_t n, cap;
};

static int note_name(const char *name, void *arg)
{
	struct listing *l = arg;
	struct listed f;

	if (!segment_name_parse(name, &f.base, &f.type))
		return 0;
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 16;
		struct listed *v = realloc(l->v, cap * sizeof *v);

		if (!v)
			return -ENOMEM;
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = f;
	return 0;
}

/* By base; the log first. */
static int in_order(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	return x->base != y->base ? (x->base < y->base ? -1 : 1) : (int)x->type - (int)y->type;
}

static void next_at_least(struct partition *p, uint64_t offset)
{
	if (p->next_offset < offset)
		p->next_offset = offset;
}

/* A segment whose header is damaged: more messages than this it did not have. */
static int step_over_damaged(struct partition *p, uint64_t base)
{
	char name[SEGMENT_NAME_SIZE];
	struct io_stat st;
	int r;

	segment_name_put(name, base, SEGMENT_DAMAGED);
	r = io_stat(p->dirfd, name, &st);
	if (r < 0)
		return r;
	next_at_least(p, base + st.len / ENTRY_MIN + UNSYNCED_MAX);
	p->n_damaged++;
	return 0;
}

static int take_file(struct partition *p, const struct listed *f, bool has_log)
{
	char name[SEGMENT_NAME_SIZE];
	struct io_stat st;
	int r;

	segment_name_put(name, f->base, f->type);
	switch (f->type) {
	case SEGMENT_LOG:
		r = io_stat(p->dirfd, name, &st);
		return r < 0 ? r : add_old(p, f->base, st.len, INT64_MIN, false);
	case SEGMENT_DAMAGED:
		return step_over_damaged(p, f->base);
	case SEGMENT_TMP:
		r = io_unlink(p->dirfd, name);
		return r == -ENOENT ? 0 : r;
	case SEGMENT_TORN: /* that is none of a topic's */
		return 0;
	default:
		r = has_log ? 0 : io_unlink(p->dirfd, name);
		return r == -ENOENT ? 0 : r;
	}
}

/* All segments become old ones; the newest of them is opened afterwards. */
static int list_files(struct partition *p)
{
	struct listing l = {0};
	int r = io_list(p->dirfd, note_name, &l);

	if (r == 0 && l.n > 0)
		qsort(l.v, l.n, sizeof *l.v, in_order);
	for (size_t i = 0; r == 0 && i < l.n; i++)
		r = take_file(p, &l.v[i], p->n_old > 0 && p->old[p->n_old - 1].base == l.v[i].base);
	free(l.v);
	return r;
}

/* What recovery found of the newest segment. */
static void take_found(struct partition *p, const struct segment_found *f)
{
	bool same_boot = f->any && f->boot == p->shared->options.boot;

	next_at_least(p, f->next_offset);
	/* Power may have failed when messages had been seen that were not synced. */
	if (!f->closed && !same_boot)
		p->next_offset += UNSYNCED_MAX;
	p->n_damaged += f->n_damaged;
	p->created_ms = f->first_ms;
	p->shared->counts.index_rebuilds += f->rebuilt;
}

/* The newest segment has a header that is damaged: it is put aside. */
static int put_aside(struct partition *p, uint64_t base)
{
	char from[SEGMENT_NAME_SIZE], to[SEGMENT_NAME_SIZE];
	int r;

	segment_name_put(from, base, SEGMENT_LOG);
	segment_name_put(to, base, SEGMENT_DAMAGED);
	partition_say(p, from, "the header is damaged; the file is put aside");
	r = io_rename(p->dirfd, from, to);
	if (r == 0)
		r = segment_index_remove(p->dirfd, base);
	return r < 0 ? r : step_over_damaged(p, base);
}

/* A segment whose creation did not finish had no messages. */
static int remove_unfinished(struct partition *p, uint64_t base)
{
	char name[SEGMENT_NAME_SIZE];
	int r;

	segment_name_put(name, base, SEGMENT_LOG);
	r = io_unlink(p->dirfd, name);
	next_at_least(p, base);
	return r;
}

/* Opens the last of the old segments as the newest. Ret: 1, or 0: that one is not, try again. */
static int open_newest(struct partition *p)
{
	struct partition_old *last = &p->old[p->n_old - 1];
	struct segment_found found;
	char name[SEGMENT_NAME_SIZE];
	int r = segment_open(
	    p->dirfd, &p->owner, last->base, p->options->sync, p->options->index_interval, &found, &p->newest);

	segment_name_put(name, last->base, SEGMENT_LOG);
	switch (r) {
	case -ENODATA:
		p->n_old--;
		return remove_unfinished(p, last->base);
	case -EBADMSG:
		p->n_old--;
		return put_aside(p, last->base);
	case -ERANGE:
		partition_say(p, name, "its end is damaged; going on in another");
		take_found(p, &found);
		p->n_damaged++;
		p->roll = true;
		return 1;
	case 0:
		break;
	default:
		return r;
	}
	if (found.n_torn > 0)
		partition_say(p, name, "a torn end was cut off");
	if (found.n_damaged > 0)
		partition_say(p, name, "damaged in the middle");
	take_found(p, &found);
	p->max_ms = segment_sums(p->newest)->max_ms;
	p->n_old--;
	return 1;
}

/* Where the offsets do not go on behind the newest segment's, they go on in another, which is made now: what was found
 * out here may not be found out again. */
static int go_on(struct partition *p)
{
	uint64_t empty = UINT64_MAX;
	int r;

	if (p->newest && p->next_offset == segment_sums(p->newest)->next_offset)
		return 0;
	if (!p->newest && p->n_old == 0 && p->next_offset == 0)
		return 0; /* nothing was ever here */
	if (p->newest && segment_empty(p->newest)) {
		empty = segment_base(p->newest);
		segment_close(TAKE(p->newest));
	} else if (p->newest) {
		r = retire(p, false);
		if (r < 0)
			return r;
	}
	r = begin(p);
	if (r < 0 || empty == UINT64_MAX)
		return r;
	r = segment_index_remove(p->dirfd, empty);
	return r < 0 ? r : remove_unfinished(p, empty);
}

static int recover(struct partition *p)
{
	int r = list_files(p);

	while (r == 0 && p->n_old > 0)
		r = open_newest(p);
	if (r >= 0)
		r = go_on(p);
	p->synced_offset = p->next_offset;
	return r;
}

static void partition_free(struct partition *p)
{
	park(p);
	segment_close(p->newest);
	free(p->old);
	free(p);
}
DEFINE_CLEANUP(partition, partition_free)

int partition_open(struct partition_shared *shared, const char *topic, const struct topic_options *options,
    const struct segment_owner *owner, struct partition **ret)
{
	_cleanup_(cleanup_partition) struct partition *p = calloc(1, sizeof *p);
	int r;

	if (!p)
		return -ENOMEM;
	*p = (struct partition){
	    .shared = shared,
	    .topic = topic,
	    .options = options,
	    .owner = *owner,
	    .created_ms = INT64_MIN,
	    .max_ms = INT64_MIN,
	    .dirfd = -1,
	};
	r = partition_wake(p, false);
	if (r != -ENOENT) {
		if (r == 0)
			r = recover(p);
		if (r < 0)
			return r;
	}
	*ret = TAKE(p);
	return 0;
}

int partition_close(struct partition *p)
{
	int r = 0;

	if (p->newest && !p->roll && !segment_finished(p->newest)) {
		r = partition_wake(p, false);
		if (r == 0)
			r = finish(p);
	}
	partition_free(p);
	return r;
}
