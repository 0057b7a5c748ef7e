/* points_flush.c -- what is in the buffer becomes files
 *
 * A head is frozen under the lock, and written without it. Until its file is there it stays in the buffer, and its
 * points in the log: if the disk is full, that is tried again.
 */
#include "store/io.h"
#include "store/point_merge.h"
#include "store/points_inner.h"

#include <time.h>

int64_t points_flush_clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int points_flush_len(const struct points *p, const char *name, uint64_t *ret)
{
	struct io_stat st;
	int r = io_stat(p->dirfd, name, &st);

	if (r == 0)
		*ret = st.len;
	return r;
}

/* The head that is to become a file next: one that was to before, the oldest hour's, or one that is old. */
static struct point_head *pick(struct points *p, bool all)
{
	bool full = all || point_buffer_memory(p->buffer) >= p->o.buffer_max;
	size_t n = point_buffer_n(p->buffer);

	for (size_t i = 0; i < n; i++)
		if (point_buffer_head(p->buffer, i)->frozen)
			return point_buffer_head(p->buffer, i);
	for (size_t i = 0; i < n; i++) {
		struct point_head *h = point_buffer_head(p->buffer, i);

		if (full || (h->since_ms != INT64_MIN && p->now_ms - h->since_ms >= p->o.buffer_age_ms))
			return h;
	}
	return NULL;
}

static void remove_head(struct points *p, const struct point_head *h)
{
	size_t i = point_buffer_find(p->buffer, h->hour);

	while (point_buffer_head(p->buffer, i) != h)
		i++;
	point_buffer_remove(p->buffer, i);
	pthread_cond_broadcast(&p->tidied);
}

/* What a file has is durable in the log, too: a batch is never there in part. */
static int freeze(struct points *p, struct point_head *h)
{
	if (!h->frozen) {
		h->frozen = true;
		h->number = p->number;
	}
	return p->o.sync == SYNC_NONE || p->synced_number >= h->number ? 0 : points_sync_log(p);
}

static int add(struct span key, const int64_t *ns, const uint64_t *bits, size_t n, void *arg)
{
	return point_file_writer_add(arg, key, ns, bits, n);
}

static int write_part(struct points *p, const struct point_part *part, const struct point_file_head *head,
    const atomic_bool *stop, struct point_file_head *ret)
{
	_cleanup_(cleanup_point_file_writer) struct point_file_writer *w = NULL;
	const struct point_merge_how how = {
	    .parts = part,
	    .n_parts = 1,
	    .from = INT64_MIN,
	    .to = INT64_MAX,
	    .stop = stop,
	};
	int r = point_file_writer_new(p->dirfd, p->store_id, head, POINT_FILE_FAST, &w);

	if (r == 0)
		r = point_merge_scan(&how, add, w);
	return r < 0 ? r : point_file_writer_finish(TAKE(w), ret);
}

static int write_head(struct points *p, const struct point_head *h, const atomic_bool *stop)
{
	struct point_file_head head = {
	    .hour = h->hour,
	    .number = h->number,
	    .since = h->number,
	    /* Of a batch that could not be put the head may have a number that is still to come. */
	    .newest = h->newest < h->number ? h->newest : h->number,
	};
	struct point_dir_file f = {.hour = h->hour, .number = h->number, .since = h->number};
	char name[POINT_FILE_NAME_SIZE];
	struct point_part part;
	int r = point_part_of_head(h, &part);

	if (r < 0)
		return r;
	r = write_part(p, &part, &head, stop, &head);
	point_part_done(&part);
	point_file_name(name, h->hour, h->number);
	if (r == 0)
		r = points_flush_len(p, name, &f.len);
	if (r < 0)
		return r;
	pthread_mutex_lock(&p->lock);
	r = point_dir_add(&p->dir, &f);
	if (r == 0) {
		p->state.files_written++;
		remove_head(p, h);
		points_publish_state(p);
	}
	pthread_mutex_unlock(&p->lock);
	return r;
}

/* Ret: 1: one was written, or was empty; 0: none is due. */
static int flush_one(struct points *p, bool all, const atomic_bool *stop)
{
	struct point_head *h;
	int r = 0;

	pthread_mutex_lock(&p->lock);
	h = pick(p, all);
	if (h && h->n_points == 0) {
		remove_head(p, h);
		pthread_mutex_unlock(&p->lock);
		return 1;
	}
	if (h)
		r = freeze(p, h);
	pthread_mutex_unlock(&p->lock);
	if (!h || r < 0)
		return r;
	r = write_head(p, h, stop);
	return r < 0 ? r : 1;
}

int points_flush(struct points *p, bool all, int64_t until_ms, const atomic_bool *stop)
{
	int r;

	while ((r = flush_one(p, all, stop)) > 0) {
		if (stop && *stop)
			return 1;
		if (points_flush_clock_ms() >= until_ms)
			return 1;
	}
	return r;
}
