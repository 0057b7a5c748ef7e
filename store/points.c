/* points.c -- see points.h
 *
 * A PUT goes to the buffer first, which can be undone, then to the log, then it counts. Its number is spent whether it
 * could be written or not.
 *
 * NUMBERS. A head of the buffer that is frozen gets the number of the newest batch: all points of its hour of batches
 * up to it are in it, or in files. So nobody need know which points of a log are in a file: they are told by their
 * batch's number, and their hour.
 *
 * LOCKS. The lock is held for as long as it takes to put a batch, or to freeze a head; who tidies writes files without
 * it, of heads that are frozen.
 */
#include "store/points.h"

#include "store/io.h"
#include "store/points_inner.h"
#include "store/segment_name.h"

enum {
	BUFFER_DEFAULT = 64 << 20,
	SEGMENT_DEFAULT = 16 << 20,
	SEGMENT_MIN = 64 << 10,
	LOG_MAX = 1 << 30, /* bytes, however many of them are keys */
	SERIES_DEFAULT = 2000000,
	SERIES_MAX = 1 << 28,
	BUFFER_AGE_MS = 10 * 60 * 1000,
	HOUR_MS = 3600 * 1000,
	UNUSED_HOURS = 3, /* then a series is forgotten */
};

void points_say(struct points *p, const char *file, const char *what)
{
	char line[160];

	if (!p->o.say)
		return;
	snprintf(line, sizeof line, POINTS_DIR "/%s: %s", file, what);
	p->o.say(p->o.arg, line);
}

/* --- opening --- */

static void set_options(struct points *p, const struct points_options *o)
{
	p->o = *o;
	if (p->o.buffer_max == 0)
		p->o.buffer_max = BUFFER_DEFAULT;
	if (p->o.buffer_age_ms == 0)
		p->o.buffer_age_ms = BUFFER_AGE_MS;
	if (p->o.segment_size == 0)
		p->o.segment_size = SEGMENT_DEFAULT;
	if (p->o.segment_size < SEGMENT_MIN)
		p->o.segment_size = SEGMENT_MIN;
	if (p->o.max_series == 0)
		p->o.max_series = SERIES_DEFAULT;
	if (p->o.max_series > SERIES_MAX)
		p->o.max_series = SERIES_MAX;
}

static void free_points(struct points *p)
{
	log_close(p->log);
	point_buffer_free(p->buffer);
	point_drops_done(&p->drops);
	point_dir_done(&p->dir);
	problems_done(&p->problems);
	buf_done(&p->head);
	buf_done(&p->keys);
	buf_done(&p->columns);
	free(p->numbers);
	free(p->fresh);
	free(p->logs);
	pthread_mutex_destroy(&p->lock);
	pthread_mutex_destroy(&p->tidying);
	pthread_mutex_destroy(&p->state_lock);
	pthread_cond_destroy(&p->tidied);
	if (p->dirfd >= 0)
		io_close(p->dirfd);
	free(p);
}

static void cleanup_free_points(struct points **p)
{
	if (*p)
		free_points(*p);
}

int points_open(int store_fd, uint64_t store_id, const struct points_options *o, struct points **ret)
{
	_cleanup_(cleanup_free_points) struct points *p = calloc(1, sizeof *p);
	int r;

	if (!p)
		return -ENOMEM;
	p->dirfd = -1;
	p->store_id = store_id;
	p->now_ms = p->retained_ms = p->join_again_ms = INT64_MIN;
	pthread_mutex_init(&p->lock, NULL);
	pthread_mutex_init(&p->tidying, NULL);
	pthread_mutex_init(&p->state_lock, NULL);
	pthread_cond_init(&p->tidied, NULL);
	set_options(p, o);
	/* What is on disk is taken in, however much it is. */
	r = point_buffer_new(SERIES_MAX, 0, &p->buffer);
	if (r < 0)
		return r;
	p->dirfd = io_opendir(store_fd, POINTS_DIR, true);
	if (p->dirfd < 0)
		return p->dirfd;
	r = points_load(p);
	if (r < 0)
		return r;
	point_table_set_max(point_buffer_table(p->buffer), p->o.max_series);
	points_count_files(p);
	points_publish_state(p);
	*ret = TAKE(p);
	return 0;
}

int points_close(struct points *p)
{
	int r;

	if (!p)
		return 0;
	r = points_sync(p);
	free_points(p);
	return r;
}

void points_configure(struct points *p, const struct points_options *o)
{
	pthread_mutex_lock(&p->lock);
	set_options(p, o);
	point_table_set_max(point_buffer_table(p->buffer), p->o.max_series);
	if (p->log)
		log_set_mode(p->log, p->o.sync);
	pthread_mutex_unlock(&p->lock);
}

/* --- series --- */

int points_series(struct points *p, struct span key, uint32_t *ret)
{
	struct point_series *s;
	int r;

	pthread_mutex_lock(&p->lock);
	r = point_table_intern(point_buffer_table(p->buffer), key, &s);
	if (r == 0) {
		s->used = p->swept;
		*ret = s->id;
	}
	pthread_mutex_unlock(&p->lock);
	return r;
}

uint64_t points_epoch(const struct points *p)
{
	return atomic_load_explicit(&p->epoch, memory_order_relaxed);
}

/* Once an hour, those that were not used for hours are forgotten. */
static void sweep(struct points *p)
{
	uint32_t hour = p->now_ms < 0 ? 0 : (uint32_t)(p->now_ms / HOUR_MS);

	if (hour <= p->swept)
		return;
	if (hour > UNUSED_HOURS && point_table_sweep(point_buffer_table(p->buffer), hour - UNUSED_HOURS) > 0)
		atomic_fetch_add(&p->epoch, 1);
	p->swept = hour;
}

/* --- the log --- */

static struct points_log *newest_log(struct points *p)
{
	return &p->logs[p->n_logs - 1];
}

/* Logs before the newest, of a time when nothing was synced. */
static int sync_older_logs(struct points *p)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i + 1 < p->n_logs; i++) {
		_cleanup_(cleanup_io_close) int fd = -1;
		char name[SEGMENT_NAME_SIZE];

		segment_name_put(name, p->logs[i].base, SEGMENT_LOG);
		fd = io_open_write(p->dirfd, name);
		r = fd < 0 ? fd : io_sync(fd, false);
		if (r == -ENOENT) /* it is being removed: nothing is left of it */
			r = 0;
	}
	p->older_unsynced = r < 0;
	return r;
}

int points_sync_log(struct points *p)
{
	int r;

	if (!p->log || p->roll)
		return 0;
	r = p->older_unsynced && p->o.sync != SYNC_NONE ? sync_older_logs(p) : 0;
	if (r == 0)
		r = log_sync(p->log);
	if (r < 0) {
		p->roll = p->untold = true;
		return r;
	}
	p->synced_number = p->number;
	p->state.n_syncs++;
	return 0;
}

int points_sync_dir(struct points *p)
{
	int r = io_sync_dir(p->dirfd);

	p->unsynced = r < 0;
	return r;
}

static int room_for_log(struct points *p)
{
	size_t cap = p->cap_logs ? 2 * p->cap_logs : 16;
	struct points_log *v;

	if (p->n_logs < p->cap_logs)
		return 0;
	v = realloc(p->logs, cap * sizeof *v);
	if (!v)
		return -ENOMEM;
	p->logs = v;
	p->cap_logs = cap;
	return 0;
}

int points_add_log(struct points *p, const struct points_log *log)
{
	int r = room_for_log(p);

	if (r == 0)
		p->logs[p->n_logs++] = *log;
	return r;
}

static int begin_log(struct points *p)
{
	struct file_id id = {.kind = KIND_POINT_LOG, .store_id = p->store_id, .first_seq = p->number + 1};
	_cleanup_(cleanup_log) struct log *log = NULL;
	char name[SEGMENT_NAME_SIZE];
	int r;

	r = room_for_log(p);
	if (r < 0)
		return r;
	if (p->log && !p->roll) {
		r = points_sync_log(p);
		if (r < 0)
			return r;
	}
	segment_name_put(name, p->number + 1, SEGMENT_LOG);
	r = log_create(p->dirfd, name, &id, p->o.sync, &log);
	if (r < 0)
		return r;
	p->older_unsynced |= p->log && !p->roll && !log_synced(p->log);
	log_close(p->log);
	p->log = TAKE(log);
	p->log_id++;
	p->n_keys = 0;
	p->keys_len = 0;
	p->roll = false;
	p->logs[p->n_logs++] = (struct points_log){.base = p->number + 1, .len = log_len(p->log)};
	return 0;
}

/* A log with many keys may be longer: each one begins with them. */
static bool log_is_full(const struct points *p)
{
	uint64_t len = log_len(p->log), points = len > p->keys_len ? len - p->keys_len : 0;

	return points >= p->o.segment_size && (points >= p->keys_len || len >= LOG_MAX);
}

static int want_log(struct points *p)
{
	if (p->number + 1 >= POINT_NUMBER_MAX)
		return -EOVERFLOW;
	if (p->log && !p->roll && !log_is_full(p))
		return 0;
	return begin_log(p);
}

static int append(struct points *p, enum frame_type type, const struct span *pieces, unsigned n)
{
	uint64_t number = ++p->number;
	int r = log_append(p->log, type, pieces, n, NULL);

	if (r < 0)
		return r;
	newest_log(p)->last = number;
	newest_log(p)->len = log_len(p->log);
	return 0;
}

/* --- putting --- */

static int room_for(struct points *p, size_t n)
{
	uint32_t *numbers;

	if (n <= p->n_numbers)
		return 0;
	numbers = realloc(p->numbers, n * sizeof *numbers);
	if (!numbers)
		return -ENOMEM;
	p->numbers = numbers;
	p->n_numbers = n;
	return 0;
}

/* The log is to learn of a series. */
static int name_series(struct points *p, struct point_series *s)
{
	if (p->n_fresh == p->cap_fresh) {
		size_t cap = p->cap_fresh ? 2 * p->cap_fresh : 64;
		struct point_series **v = realloc(p->fresh, cap * sizeof(*v));

		if (!v)
			return -ENOMEM;
		p->fresh = v;
		p->cap_fresh = cap;
	}
	buf_put_varint(&p->keys, s->len);
	buf_put(&p->keys, s->key, s->len);
	p->fresh[p->n_fresh] = s;
	s->log = p->log_id;
	s->log_key = p->n_keys + (uint32_t)p->n_fresh++;
	return p->keys.err;
}

static int log_batch(struct points *p, const struct point *v, size_t n)
{
	const struct point_table *table = point_buffer_table(p->buffer);
	int r;

	for (size_t i = 0; i < n; i++) {
		struct point_series *s = point_table_get(table, v[i].series);

		if (s->log != p->log_id) {
			r = name_series(p, s);
			if (r < 0)
				return r;
		}
		p->numbers[i] = s->log_key;
	}
	point_log_put_head(&p->head, p->number + 1, p->n_keys, p->n_fresh);
	point_log_put_columns(&p->columns, p->numbers, v, n);
	if (p->head.err < 0 || p->columns.err < 0)
		return -ENOMEM;
	return append(p, FRAME_POINTS,
	    (const struct span[]){
	        span_of(p->head.p, p->head.len),
	        span_of(p->keys.p, p->keys.len),
	        span_of(p->columns.p, p->columns.len),
	    },
	    3);
}

static int put(struct points *p, const struct point *v, size_t n)
{
	int r = want_log(p);

	if (r == 0)
		r = room_for(p, n);
	if (r == 0)
		r = point_buffer_put(p->buffer, v, n, p->number + 1, p->now_ms, p->swept);
	if (r < 0)
		return r;
	buf_clear(&p->head);
	buf_clear(&p->keys);
	buf_clear(&p->columns);
	p->n_fresh = 0;
	r = log_batch(p, v, n);
	if (r < 0) {
		point_buffer_undo(p->buffer, v, n);
		for (size_t i = 0; i < p->n_fresh; i++)
			p->fresh[i]->log = 0;
		return r;
	}
	p->n_keys += (uint32_t)p->n_fresh;
	p->keys_len += p->keys.len;
	p->state.n_put += n;
	p->state.n_batches++;
	return 0;
}

/* Waits for files to be written, or, if nobody does that, writes them itself. Under the lock, which it may give up. */
static int wait_for_room(struct points *p)
{
	int r = 0;

	while (r >= 0 && point_buffer_memory(p->buffer) >= 2 * p->o.buffer_max) {
		if (pthread_mutex_trylock(&p->tidying) != 0) {
			pthread_cond_wait(&p->tidied, &p->lock);
			continue;
		}
		pthread_mutex_unlock(&p->lock);
		r = points_flush(p, false, INT64_MAX, NULL);
		pthread_mutex_unlock(&p->tidying);
		pthread_mutex_lock(&p->lock);
	}
	return r < 0 ? r : 0;
}

int points_put(struct points *p, const struct point *v, size_t n, uint64_t *ret_number)
{
	int r;

	if (n > POINTS_BATCH_MAX)
		return -EMSGSIZE;
	pthread_mutex_lock(&p->lock);
	r = wait_for_room(p);
	if (r == 0 && n > 0)
		r = put(p, v, n);
	if (r == 0 && ret_number)
		*ret_number = p->number;
	points_publish_state(p);
	pthread_mutex_unlock(&p->lock);
	return r;
}

int points_sync(struct points *p)
{
	int r;

	pthread_mutex_lock(&p->lock);
	r = points_sync_log(p);
	if (p->untold)
		r = r < 0 ? r : -EIO;
	p->untold = false;
	sweep(p);
	points_publish_state(p);
	pthread_mutex_unlock(&p->lock);
	return r;
}

/* --- drops --- */

static bool matches(const struct point_series *s, void *arg)
{
	return point_drop_matches(arg, point_series_key(s));
}

/* The number of a drop is the next one. */
int points_log_drop(struct points *p, const struct point_log_drop *drop, char error[POINT_SELECT_ERROR_MAX])
{
	struct point_log_drop d = *drop;
	const struct point_drop *added;
	int r = want_log(p);

	d.number = p->number + 1;
	if (r == 0)
		r = point_drops_add(&p->drops, &d, error, &added);
	if (r < 0)
		return r;
	buf_clear(&p->head);
	point_log_put_drop(&p->head, &d);
	r = p->head.err;
	if (r == 0)
		r = append(p, FRAME_DROP, (const struct span[]){span_of(p->head.p, p->head.len)}, 1);
	if (r < 0) {
		point_drops_remove(&p->drops, p->drops.n - 1);
		return r;
	}
	point_buffer_drop(p->buffer, d.number, matches, (void *)(uintptr_t)added, d.first_ns, d.last_ns);
	p->state.n_dropped++;
	return points_sync_log(p);
}

int points_drop(struct points *p, const char *selector, int64_t first_ns, int64_t last_ns, char error[256])
{
	const struct point_log_drop d = {
	    .first_ns = first_ns,
	    .last_ns = last_ns,
	    .selector = span_of(selector, strlen(selector)),
	};
	int r;

	if (span_left(&d.selector) > POINT_SELECTOR_MAX || first_ns > last_ns) {
		snprintf(error, POINT_SELECT_ERROR_MAX, "%s",
		    first_ns > last_ns ? "the first time is behind the last" : "the selector is too long");
		return -EINVAL;
	}
	pthread_mutex_lock(&p->lock);
	r = points_log_drop(p, &d, error);
	points_publish_state(p);
	pthread_mutex_unlock(&p->lock);
	return r;
}

/* --- telling --- */

void points_count_files(struct points *p)
{
	p->state.files_bytes = 0;
	for (size_t i = 0; i < p->dir.n; i++)
		p->state.files_bytes += p->dir.files[i].len;
}

void points_publish_state(struct points *p)
{
	struct points_state *s = &p->state;

	s->number = p->number;
	s->synced_number = p->synced_number;
	s->n_series = point_table_n(point_buffer_table(p->buffer));
	s->n_points = point_buffer_points(p->buffer);
	s->memory = sizeof *p + point_buffer_memory(p->buffer) + point_table_memory(point_buffer_table(p->buffer));
	s->n_files = p->dir.n;
	s->n_damaged = p->problems.n;
	s->log_bytes = 0;
	for (size_t i = 0; i < p->n_logs; i++)
		s->log_bytes += p->logs[i].len;
	pthread_mutex_lock(&p->state_lock);
	p->shown = *s;
	pthread_mutex_unlock(&p->state_lock);
}

void points_state(struct points *p, struct points_state *ret)
{
	pthread_mutex_lock(&p->state_lock);
	*ret = p->shown;
	pthread_mutex_unlock(&p->state_lock);
}

void points_problems(
    struct points *p, void (*each)(const char *file, uint64_t off, const char *what, void *arg), void *arg)
{
	char file[FILE_NAME_SIZE + sizeof POINTS_DIR];

	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < p->problems.n; i++) {
		snprintf(file, sizeof file, POINTS_DIR "/%s", p->problems.v[i].file);
		each(file, p->problems.v[i].off, p->problems.v[i].what, arg);
	}
	pthread_mutex_unlock(&p->lock);
}
