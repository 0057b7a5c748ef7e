/* points_join.c -- several files of an hour become one
 *
 * WHEN. While an hour is recorded, of every so many files of about one size one is made, as fast as can be. When it is
 * over, all of it becomes one, as small as can be: that file's `since` is 0. What comes later has files of its own, and
 * is joined when it is much, or has lain for long; so is an hour that something was dropped of, once nothing of it is
 * in memory.
 *
 * NUMBERS. The new file has the number of the newest that it is made of, or, if nothing of the hour is in memory, one
 * that is above all: drops before it are done with then. What is newest in it stays what it was, drops included, by
 * which readers tell that it is the same.
 *
 * It may take long. If the buffer is full meanwhile, its files are written in between.
 */
#include "store/io.h"
#include "store/names.h"
#include "store/point_merge.h"
#include "store/points_inner.h"

enum {
	FAST_N = 8,                 /* files are joined while their hour is recorded, */
	FAST_RATIO = 4,             /* of which the largest has so many times the bytes of the smallest */
	LATE_PART = 10,             /* what came late is joined when it is more than one part in so many, */
	LATE_MS = 3600 * 1000,      /* or so old */
	SETTLED_MS = 5 * 60 * 1000, /* after its end an hour is over */
	AGAIN_MS = 60 * 1000,
	LOOK_EVERY = 1 << 18, /* points, and then it is seen whether the buffer is full */
};

/* Files of an hour that are to be joined: the names of n of them, behind each other in the list. */
struct joint {
	int32_t hour;
	size_t n;
	uint64_t *numbers;
	struct point_file **files;
	struct point_part *parts;
	bool all; /* of the hour: cold, then */
};

static void free_joint(struct joint *j)
{
	for (size_t i = 0; j->files && i < j->n; i++)
		point_file_close(j->files[i]);
	free(j->files);
	free(j->numbers);
	free(j->parts);
}

static int open_joint(struct points *p, const struct point_dir_file *v, size_t n, bool all, struct joint *j)
{
	*j = (struct joint){.hour = v->hour, .n = n, .all = all};
	j->numbers = calloc(n, sizeof *j->numbers);
	j->files = calloc(n, sizeof(*j->files));
	j->parts = calloc(n, sizeof *j->parts);
	if (!j->numbers || !j->files || !j->parts)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		char name[POINT_FILE_NAME_SIZE];
		int r;

		j->numbers[i] = v[i].number;
		point_file_name(name, v[i].hour, v[i].number);
		r = point_file_open(p->dirfd, name, &j->files[i]);
		if (r < 0)
			return r;
		point_part_of_file(j->files[i], &j->parts[i]);
	}
	return 0;
}

/* What is being written. */
struct joining {
	struct points *p;
	struct point_file_writer *out;
	uint64_t n_points, looked;
	const atomic_bool *stop;
};

static void make_room(struct points *p, const atomic_bool *stop)
{
	bool full;

	pthread_mutex_lock(&p->lock);
	full = point_buffer_memory(p->buffer) >= p->o.buffer_max;
	pthread_mutex_unlock(&p->lock);
	/* If it cannot be done now, it will be tried again after this. */
	if (full)
		(void)points_flush(p, false, INT64_MAX, stop);
}

static int add(struct span key, const int64_t *ns, const uint64_t *bits, size_t n, void *arg)
{
	struct joining *j = arg;

	/* What is damaged stays where it is, for a person. */
	if (n == 0)
		return -EBADMSG;
	j->n_points += n;
	if (j->n_points - j->looked >= LOOK_EVERY) {
		j->looked = j->n_points;
		make_room(j->p, j->stop);
	}
	return point_file_writer_add(j->out, key, ns, bits, n);
}

/* Ret: 1: there is nothing in it, and no file. */
static int write_joint(struct points *p, const struct joint *j, struct point_file_head *head,
    const struct point_drops *drops, const atomic_bool *stop)
{
	_cleanup_(cleanup_point_file_writer) struct point_file_writer *w = NULL;
	const struct point_merge_how how = {
	    .parts = j->parts,
	    .n_parts = j->n,
	    .drops = drops->v,
	    .n_drops = drops->n,
	    .from = INT64_MIN,
	    .to = INT64_MAX,
	    .stop = stop,
	};
	struct joining joining = {.p = p, .stop = stop};
	int r = point_file_writer_new(
	    p->dirfd, p->store_id, head, j->all ? POINT_FILE_COLD : POINT_FILE_FAST, &joining.out);

	if (r < 0)
		return r;
	w = joining.out;
	r = point_merge_scan(&how, add, &joining);
	if (r < 0)
		return r;
	return joining.n_points == 0 ? 1 : point_file_writer_finish(TAKE(w), head);
}

/* With the lock. */
static bool is_in_memory(const struct points *p, int32_t hour)
{
	size_t at = point_buffer_find(p->buffer, hour);

	return at < point_buffer_n(p->buffer) && point_buffer_head(p->buffer, at)->hour == hour;
}

/* Of files that are joined, with the drops that their number has done with. */
static uint64_t newest_of(const struct points *p, const struct joint *j, uint64_t number)
{
	uint64_t newest = 0;

	for (size_t i = 0; i < j->n; i++)
		if (point_file_head(j->files[i])->newest > newest)
			newest = point_file_head(j->files[i])->newest;
	for (size_t i = 0; i < p->drops.n && p->drops.v[i]->number <= number; i++)
		if (point_drop_is_of(p->drops.v[i], j->hour, newest))
			newest = p->drops.v[i]->number;
	return newest;
}

/* The number of what they are joined into, and the drops that there are. */
static int number_joint(struct points *p, const struct joint *j, struct point_file_head *ret, struct point_drops *drops)
{
	uint64_t newest = j->numbers[j->n - 1];
	bool last;

	*ret = (struct point_file_head){.hour = j->hour, .number = newest, .since = j->all ? 0 : newest};
	for (size_t i = 0; !j->all && i < j->n; i++)
		if (point_file_head(j->files[i])->since < ret->since)
			ret->since = point_file_head(j->files[i])->since;
	if (ret->since == 0 && !j->all)
		ret->since = 1;
	pthread_mutex_lock(&p->lock);
	last = point_dir_covered(&p->dir, j->hour) == newest;
	if (last && !is_in_memory(p, j->hour) && p->number + 1 < POINT_NUMBER_MAX)
		ret->number = ++p->number;
	ret->newest = newest_of(p, j, ret->number);
	drops->v = calloc(p->drops.n + 1, sizeof(*drops->v));
	for (size_t i = 0; drops->v && i < p->drops.n; i++)
		drops->v[drops->n++] = p->drops.v[i];
	pthread_mutex_unlock(&p->lock);
	return drops->v ? 0 : -ENOMEM;
}

static void forget(struct points *p, int32_t hour, uint64_t number)
{
	for (size_t i = point_dir_find(&p->dir, hour); i < p->dir.n && p->dir.files[i].hour == hour; i++)
		if (p->dir.files[i].number == number) {
			point_dir_remove(&p->dir, i);
			return;
		}
}

/* The new one is known from here on. */
static int take_in(struct points *p, const struct point_file_head *head)
{
	struct point_dir_file f = {.hour = head->hour, .number = head->number, .since = head->since};
	char name[POINT_FILE_NAME_SIZE];
	int r;

	point_file_name(name, head->hour, head->number);
	r = points_flush_len(p, name, &f.len);
	if (r < 0)
		return r;
	pthread_mutex_lock(&p->lock);
	r = point_dir_add(&p->dir, &f);
	pthread_mutex_unlock(&p->lock);
	return r;
}

/* The old ones go. One that cannot be removed stays known, and with it what was dropped of it. */
static int remove_old(struct points *p, const struct joint *j, uint64_t kept)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < j->n; i++) {
		char name[POINT_FILE_NAME_SIZE];

		if (j->numbers[i] == kept)
			continue;
		point_file_name(name, j->hour, j->numbers[i]);
		r = io_unlink(p->dirfd, name);
		if (r < 0 && r != -ENOENT)
			break;
		r = 0;
		p->unsynced = true;
		pthread_mutex_lock(&p->lock);
		forget(p, j->hour, j->numbers[i]);
		pthread_mutex_unlock(&p->lock);
	}
	pthread_mutex_lock(&p->lock);
	if (r == 0)
		p->state.files_joined += j->n;
	points_publish_state(p);
	pthread_mutex_unlock(&p->lock);
	return r < 0 ? r : points_sync_dir(p);
}

/* A file that could not be finished, and may be there all the same: nobody would know of it. One that has the name of
 * one that was joined has all that this one had. */
static void remove_new(struct points *p, const struct joint *j, const struct point_file_head *head)
{
	char name[POINT_FILE_NAME_SIZE];

	if (head->number == j->numbers[j->n - 1])
		return;
	point_file_name(name, j->hour, head->number);
	(void)io_unlink(p->dirfd, name);
}

static int join_opened(struct points *p, struct joint *j, const atomic_bool *stop)
{
	struct point_drops drops = {0};
	struct point_file_head head;
	bool empty;
	int r = number_joint(p, j, &head, &drops);

	if (r == 0)
		r = write_joint(p, j, &head, &drops, stop);
	free(drops.v); /* but not what it points to */
	empty = r == 1;
	if (r == 0)
		r = take_in(p, &head);
	if (r < 0) {
		remove_new(p, j, &head);
		return r;
	}
	return remove_old(p, j, empty ? 0 : head.number);
}

/* Joins n files from the ith on. */
static int join(struct points *p, size_t i, size_t n, bool all, const atomic_bool *stop)
{
	int32_t hour = p->dir.files[i].hour;
	uint64_t number = p->dir.files[i].number;
	struct joint j;
	int r = open_joint(p, &p->dir.files[i], n, all, &j);

	if (r == 0)
		r = join_opened(p, &j, stop);
	free_joint(&j);
	if (r != -EBADMSG && r != -EPROTONOSUPPORT && r != -ENOENT)
		return r;
	for (i = point_dir_find(&p->dir, hour); i < p->dir.n && p->dir.files[i].hour == hour; i++)
		if (p->dir.files[i].number >= number) {
			char name[POINT_FILE_NAME_SIZE];

			point_file_name(name, hour, p->dir.files[i].number);
			p->dir.files[i].stuck = true;
			pthread_mutex_lock(&p->lock);
			problems_note(&p->problems, name, 0,
			    "it, or another one of its hour, cannot be read; they are not joined");
			pthread_mutex_unlock(&p->lock);
			break;
		}
	return 0;
}

/* --- which --- */

static int know_since(struct points *p, struct point_dir_file *f)
{
	_cleanup_(cleanup_point_file) struct point_file *file = NULL;
	char name[POINT_FILE_NAME_SIZE];
	int r;

	if (f->since != UINT64_MAX)
		return 0;
	point_file_name(name, f->hour, f->number);
	r = point_file_open(p->dirfd, name, &file);
	if (r == -EBADMSG || r == -EPROTONOSUPPORT) {
		f->stuck = true;
		pthread_mutex_lock(&p->lock);
		problems_note(&p->problems, name, 0, "a file of points that cannot be opened");
		pthread_mutex_unlock(&p->lock);
		f->since = 0;
		return 0;
	}
	if (r == 0)
		f->since = point_file_head(file)->since;
	return r;
}

/* Whether something was dropped of them that they can be rid of: not as long as more of the hour is to come. */
static bool has_drops(struct points *p, const struct point_dir_file *v, size_t n)
{
	bool any = false;

	pthread_mutex_lock(&p->lock);
	if (is_in_memory(p, v->hour))
		n = 0;
	for (size_t i = 0; i < n && !any; i++)
		for (size_t k = 0; k < p->drops.n && !any; k++)
			any = point_drop_is_of(p->drops.v[k], v[i].hour, v[i].number);
	pthread_mutex_unlock(&p->lock);
	return any;
}

/* Whether an hour that is over, of n files, is to become one. */
static bool wants_cold(struct points *p, const struct point_dir_file *v, size_t n)
{
	uint64_t late = 0;

	if (v->since != 0 || has_drops(p, v, n))
		return true;
	for (size_t i = 1; i < n; i++) {
		late += v[i].len;
		if (p->now_ms - v[i].seen_ms >= LATE_MS)
			return true;
	}
	return late > v->len / LATE_PART;
}

/* The newest files of about one size: index of the first of FAST_N of them. */
static bool find_fast(const struct point_dir_file *v, size_t n, size_t *ret)
{
	for (size_t i = n; i >= FAST_N; i--) {
		uint64_t min = UINT64_MAX, max = 0;

		for (size_t k = i - FAST_N; k < i; k++) {
			min = v[k].len < min ? v[k].len : min;
			max = v[k].len > max ? v[k].len : max;
		}
		if (max / FAST_RATIO <= min) {
			*ret = i - FAST_N;
			return true;
		}
	}
	return false;
}

/* An hour's n files. Ret: 1: they were joined. */
static int look_at(struct points *p, size_t first, size_t n, const atomic_bool *stop)
{
	struct point_dir_file *v = &p->dir.files[first];
	/* In units of a millisecond an hour of any point has its end. */
	bool over = p->now_ms - SETTLED_MS > hour_begin_ms(v->hour) + 3600 * 1000;
	size_t at;
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		if (v[i].stuck)
			return 0;
		if (v[i].seen_ms == 0)
			v[i].seen_ms = p->now_ms;
	}
	if (over) {
		r = know_since(p, v);
		if (r < 0 || v->stuck)
			return r;
		if (wants_cold(p, v, n)) {
			r = join(p, first, n, true, stop);
			return r < 0 ? r : 1;
		}
	}
	if (!find_fast(v, n, &at))
		return 0;
	r = join(p, first + at, FAST_N, false, stop);
	return r < 0 ? r : 1;
}

static int join_some(struct points *p, int64_t until_ms, const atomic_bool *stop)
{
	size_t i = 0;

	while (i < p->dir.n) {
		int32_t hour = p->dir.files[i].hour;
		size_t n = 1;
		int r;

		while (i + n < p->dir.n && p->dir.files[i + n].hour == hour)
			n++;
		r = look_at(p, i, n, stop);
		if (r < 0)
			return r;
		if (r > 0 && (points_flush_clock_ms() >= until_ms || (stop && *stop)))
			return 1;
		i = point_dir_find(&p->dir, hour) + (r > 0 ? 0 : n);
		/* Nothing of an hour is joined twice in a row: what is left of it waits. */
		while (r > 0 && i < p->dir.n && p->dir.files[i].hour == hour)
			i++;
	}
	return 0;
}

int points_join(struct points *p, int64_t until_ms, const atomic_bool *stop)
{
	int r;

	if (p->join_again_ms != INT64_MIN && p->now_ms < p->join_again_ms && p->join_again_ms - p->now_ms <= AGAIN_MS)
		return 0;
	r = join_some(p, until_ms, stop);
	p->join_again_ms = r < 0 && r != -ECANCELED ? p->now_ms + AGAIN_MS : INT64_MIN;
	return r;
}
