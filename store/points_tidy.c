/* points_tidy.c -- what points need done beside the putting
 *
 * LOGS go from the oldest on, when no head has points of them; drops that are still needed are in their own file then.
 *
 * RETENTION removes whole hours: their files, and what is of them in memory and in logs, which a drop says: a log may
 * be there for longer than the file of what it has.
 */
#include "store/io.h"
#include "store/points_inner.h"
#include "store/segment_name.h"

enum { RETAIN_EVERY_MS = 60 * 1000 };

/* Which there must always be a way to say. */
#define EVERYTHING "{__name__!=\"\"}"

/* --- drops and logs --- */

static bool is_needed(const struct points *p, const struct point_drop *d)
{
	for (size_t i = 0; i < p->dir.n; i++)
		if (point_drop_is_of(d, p->dir.files[i].hour, p->dir.files[i].number))
			return true;
	for (size_t i = 0; i < point_buffer_n(p->buffer); i++) {
		const struct point_head *h = point_buffer_head(p->buffer, i);

		if (h->frozen && point_drop_is_of(d, h->hour, h->number))
			return true;
	}
	return false;
}

/* Forgets drops of points that nobody has any more. Ret: whether the file has one of them. */
static bool forget_drops(struct points *p)
{
	bool written = false;

	for (size_t i = p->drops.n; i > 0; i--)
		if (!is_needed(p, p->drops.v[i - 1])) {
			written |= p->drops.v[i - 1]->number <= p->drops_written;
			point_drops_remove(&p->drops, i - 1);
		}
	return written;
}

/* Logs from the oldest on that nothing in memory is of; the newest stays. */
static size_t count_done(const struct points *p)
{
	uint64_t first = UINT64_MAX;
	size_t n = 0;

	for (size_t i = 0; i < point_buffer_n(p->buffer); i++) {
		const struct point_head *h = point_buffer_head(p->buffer, i);

		if (h->n_points > 0 && h->first < first)
			first = h->first;
	}
	while (n + 1 < p->n_logs && p->logs[n].last < first)
		n++;
	return n;
}

static int write_drops(struct points *p, const struct point_drops *d)
{
	int r = point_drops_write(p->dirfd, p->store_id, d);

	if (r == 0)
		p->drops_written = d->n > 0 ? d->v[d->n - 1]->number : 0;
	return r;
}

static int remove_logs(struct points *p)
{
	_cleanup_(cleanup_free) uint64_t *bases = NULL;
	struct point_drops drops = {0};
	bool outdated;
	uint64_t last = 0;
	size_t n;
	int r = p->unsynced ? points_sync_dir(p) : 0;

	if (r < 0)
		return r;
	pthread_mutex_lock(&p->lock);
	outdated = forget_drops(p);
	n = count_done(p);
	bases = calloc(n + 1, sizeof *bases);
	drops.v = calloc(p->drops.n + 1, sizeof(*drops.v));
	if (!bases || !drops.v)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < n; i++) {
		bases[i] = p->logs[i].base;
		last = p->logs[i].last > last ? p->logs[i].last : last;
	}
	for (size_t i = 0; r == 0 && i < p->drops.n; i++)
		drops.v[drops.n++] = p->drops.v[i];
	pthread_mutex_unlock(&p->lock);

	for (size_t i = 0; i < drops.n; i++)
		outdated |= drops.v[i]->number > p->drops_written && drops.v[i]->number <= last;
	if (r == 0 && outdated)
		r = write_drops(p, &drops);
	free(drops.v); /* but not what it points to */
	for (size_t i = 0; r == 0 && i < n; i++) {
		char name[SEGMENT_NAME_SIZE];

		segment_name_put(name, bases[i], SEGMENT_LOG);
		r = io_unlink(p->dirfd, name);
		if (r == -ENOENT)
			r = 0;
		if (r < 0)
			return r;
		pthread_mutex_lock(&p->lock);
		memmove(p->logs, p->logs + 1, (p->n_logs - 1) * sizeof *p->logs);
		p->n_logs--;
		pthread_mutex_unlock(&p->lock);
		/* One after the other, and durable so: none may come back without those behind it. */
		r = points_sync_dir(p);
	}
	return r;
}

/* --- retention --- */

/* Hours below this one are to go. */
static int32_t hours_to_go(struct points *p)
{
	int32_t below = INT32_MIN;
	uint64_t total;

	points_count_files(p);
	total = p->state.files_bytes + p->state.log_bytes;
	if (p->o.retention_ms > 0)
		below = hour_of(p->now_ms - p->o.retention_ms);
	if (p->o.retention_bytes == 0)
		return below;
	/* The newest hour stays. */
	for (size_t i = 0; i < p->dir.n && total > p->o.retention_bytes; i++) {
		int32_t hour = p->dir.files[i].hour;

		if (hour == p->dir.files[p->dir.n - 1].hour)
			break;
		total -= p->dir.files[i].len;
		if (hour >= below)
			below = hour + 1;
	}
	return below;
}

static bool any_below(struct points *p, int32_t below)
{
	for (size_t i = 0; i < point_buffer_n(p->buffer) && point_buffer_head(p->buffer, i)->hour < below; i++)
		if (point_buffer_head(p->buffer, i)->n_points > 0)
			return true;
	return p->dir.n > 0 && p->dir.files[0].hour < below;
}

static int drop_hours(struct points *p, int32_t below)
{
	char error[POINT_SELECT_ERROR_MAX];
	const struct point_log_drop d = {
	    .first_ns = INT64_MIN,
	    .last_ns = point_hour_last(below - 1),
	    .selector = span_of(EVERYTHING, sizeof EVERYTHING - 1),
	};

	return points_log_drop(p, &d, error);
}

static int remove_files(struct points *p, int32_t below)
{
	bool any = false;
	int r = 0;

	while (r == 0 && p->dir.n > 0 && p->dir.files[0].hour < below) {
		char name[POINT_FILE_NAME_SIZE];

		point_file_name(name, p->dir.files[0].hour, p->dir.files[0].number);
		r = io_unlink(p->dirfd, name);
		if (r < 0 && r != -ENOENT)
			return r;
		r = 0;
		any = p->unsynced = true;
		pthread_mutex_lock(&p->lock);
		point_dir_remove(&p->dir, 0);
		p->state.files_removed++;
		pthread_mutex_unlock(&p->lock);
	}
	return any ? points_sync_dir(p) : 0;
}

static int retain(struct points *p, bool now)
{
	int32_t below;
	int r = 0;

	if (!now && p->retained_ms != INT64_MIN && p->now_ms >= p->retained_ms &&
	    p->now_ms - p->retained_ms < RETAIN_EVERY_MS)
		return 0;
	p->retained_ms = p->now_ms;
	pthread_mutex_lock(&p->lock);
	below = hours_to_go(p);
	if (!any_below(p, below))
		below = INT32_MIN;
	else
		r = drop_hours(p, below);
	pthread_mutex_unlock(&p->lock);
	return r < 0 || below == INT32_MIN ? r : remove_files(p, below);
}

/* --- the round --- */

/* Heads that began before anybody had said what time it is, or when the clock stood later than now, begin now. */
static void set_time(struct points *p, int64_t now_ms)
{
	pthread_mutex_lock(&p->lock);
	p->now_ms = now_ms;
	for (size_t i = 0; i < point_buffer_n(p->buffer); i++) {
		struct point_head *h = point_buffer_head(p->buffer, i);

		if (h->since_ms == INT64_MIN || h->since_ms > now_ms)
			h->since_ms = now_ms;
	}
	pthread_mutex_unlock(&p->lock);
}

static int tidy(struct points *p, int64_t until_ms, bool all, const atomic_bool *stop)
{
	int more = points_flush(p, all, until_ms, stop), r;

	/* On a full disk, what can be removed is. */
	r = retain(p, all);
	if (r == 0)
		r = remove_logs(p);
	if (more < 0)
		return more;
	if (r == 0 && more == 0)
		r = points_join(p, until_ms, stop);
	return r < 0 ? r : r | more;
}

int points_tidy(struct points *p, int64_t now_ms, int64_t work_ms, bool all, const atomic_bool *stop)
{
	int r;

	pthread_mutex_lock(&p->tidying);
	set_time(p, now_ms);
	r = tidy(p, points_flush_clock_ms() + work_ms, all, stop);
	pthread_mutex_unlock(&p->tidying);
	pthread_mutex_lock(&p->lock);
	points_count_files(p);
	points_publish_state(p);
	pthread_cond_broadcast(&p->tidied);
	pthread_mutex_unlock(&p->lock);
	return r == -ECANCELED ? 1 : r;
}
