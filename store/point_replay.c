/* point_replay.c -- see point_replay.h */
#include "store/point_replay.h"

#include "store/segment_name.h"

enum { KEY_LEN_MIN = 3 };

void point_replay_done(struct point_replay *rp)
{
	free(rp->room);
	rp->room = NULL;
	rp->room_n = 0;
}

void point_replayed_done(struct point_replayed *log)
{
	free(log->keys);
	*log = (struct point_replayed){0};
}

static void note(struct point_replay *rp, uint64_t base, uint64_t off, const char *what)
{
	char name[SEGMENT_NAME_SIZE];

	segment_name_put(name, base, SEGMENT_LOG);
	problems_note(rp->problems, name, off, what);
}

void point_replay_damage(struct point_replay *rp, struct point_replayed *log, const struct log_recovery *found)
{
	if (found->n_damaged == 0)
		return;
	log->damaged = true;
	note(rp, log->base, found->damaged_off, "damaged bytes were passed over");
}

/* --- keys --- */

static int room_for_keys(struct point_replayed *log, uint64_t n)
{
	size_t cap = log->cap_keys ? log->cap_keys : 64;
	uint32_t *v;

	if (n <= log->cap_keys)
		return 0;
	while (cap < n)
		cap *= 2;
	v = realloc(log->keys, cap * sizeof *v);
	if (!v)
		return -ENOMEM;
	log->keys = v;
	log->cap_keys = cap;
	return 0;
}

/* Keys that are missing before those of a batch were in frames that are damaged, and took room there. */
static int take_keys(struct point_replay *rp, struct point_replayed *log, uint64_t off, struct point_log_batch *b)
{
	struct span key;
	int r;

	if (b->first_key < log->n_keys || b->first_key > off / KEY_LEN_MIN)
		return -EBADMSG;
	r = room_for_keys(log, b->first_key + b->n_keys);
	if (r < 0)
		return r;
	while (log->n_keys < b->first_key)
		log->keys[log->n_keys++] = POINT_LOG_UNKNOWN;
	while (point_log_key(b, &key)) {
		struct point_series *s;

		r = point_table_intern(point_buffer_table(rp->buffer), key, &s);
		if (r < 0)
			return r;
		s->used = rp->used;
		log->keys[log->n_keys++] = s->id;
		log->keys_len += span_left(&key);
	}
	return 0;
}

/* --- batches --- */

static int room_for(struct point_replay *rp, size_t n)
{
	struct point *v;

	if (n <= rp->room_n)
		return 0;
	v = realloc(rp->room, n * sizeof *v);
	if (!v)
		return -ENOMEM;
	rp->room = v;
	rp->room_n = n;
	return 0;
}

size_t point_replay_leave(const struct point_dir *dir, uint64_t number, struct point *v, size_t n)
{
	int64_t first = INT64_MAX, last = INT64_MIN;
	bool covered = false;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (v[i].ns < first || v[i].ns > last) {
			int32_t hour = point_hour(v[i].ns);

			first = point_hour_first(hour);
			last = point_hour_last(hour);
			covered = point_dir_covered(dir, hour) >= number;
		}
		if (!covered)
			v[kept++] = v[i];
	}
	return kept;
}

static int take_batch(struct point_replay *rp, struct point_replayed *log, uint64_t off, struct point_log_batch *b)
{
	size_t n;
	int r = take_keys(rp, log, off, b);

	if (r == 0)
		r = room_for(rp, b->n);
	if (r == 0)
		r = point_log_get_points(b, log->keys, log->n_keys, rp->room);
	if (r < 0)
		return r;
	n = point_replay_leave(rp->dir, b->number, rp->room, b->n);
	return point_buffer_put(rp->buffer, rp->room, n, b->number, rp->since_ms, rp->used);
}

/* Keys of a frame that is damaged have their numbers all the same; one that there was no memory for comes again, with
 * its keys. */
static int try_batch(struct point_replay *rp, struct point_replayed *log, uint64_t off, struct point_log_batch *b)
{
	size_t n_keys = log->n_keys;
	uint64_t keys_len = log->keys_len;
	int r = take_batch(rp, log, off, b);

	if (r < 0 && r != -EBADMSG) {
		log->n_keys = n_keys;
		log->keys_len = keys_len;
	}
	return r;
}

/* --- drops --- */

static bool matches(const struct point_series *s, void *arg)
{
	return point_drop_matches(arg, point_series_key(s));
}

static int take_drop(struct point_replay *rp, const struct point_log_drop *drop)
{
	char error[POINT_SELECT_ERROR_MAX];
	const struct point_drop *d = NULL;
	int r = point_drops_add(rp->drops, drop, error, &d);

	/* One that the file of drops has already is of what is in the buffer all the same. */
	for (size_t i = 0; r == 0 && i < rp->drops->n; i++)
		if (rp->drops->v[i]->number == drop->number)
			d = rp->drops->v[i];
	if (r < 0)
		return r == -EINVAL ? -EBADMSG : r;
	point_buffer_drop(rp->buffer, d->number, matches, (void *)(uintptr_t)d, d->first_ns, d->last_ns);
	return 0;
}

static int take(struct point_replay *rp, struct point_replayed *log, uint8_t type, uint64_t off, struct span payload,
    uint64_t *number)
{
	struct point_log_batch b;
	struct point_log_drop drop;
	int r;

	r = type == FRAME_POINTS ? point_log_get(payload, &b) : point_log_get_drop(payload, &drop);
	if (r < 0)
		return r;
	*number = type == FRAME_POINTS ? b.number : drop.number;
	if (*number <= rp->number || *number < log->base)
		return -EBADMSG;
	return type == FRAME_POINTS ? try_batch(rp, log, off, &b) : take_drop(rp, &drop);
}

int point_replay_frame(
    struct point_replay *rp, struct point_replayed *log, uint8_t type, uint64_t off, struct span payload)
{
	uint64_t number = 0;
	int r;

	if (type != FRAME_POINTS && type != FRAME_DROP)
		return 0;
	r = take(rp, log, type, off, payload, &number);
	if (r < 0 && r != -EBADMSG)
		return r;
	if (number > rp->number)
		rp->number = number;
	if (number > log->last)
		log->last = number;
	if (r == -EBADMSG) {
		log->damaged = true;
		note(rp, log->base, off, "a frame that cannot be read");
		return 0;
	}
	return 1;
}
