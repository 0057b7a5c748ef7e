/* point_drops.c -- see point_drops.h */
#include "store/point_drops.h"

#include "store/io.h"
#include "store/point_buffer.h"
#include "store/sealed.h"

static void free_drop(struct point_drop *d)
{
	if (!d)
		return;
	if (d->select)
		point_select_free(d->select);
	free(d);
}

void point_drops_done(struct point_drops *d)
{
	for (size_t i = 0; i < d->n; i++)
		free_drop(d->v[i]);
	free(d->v);
	*d = (struct point_drops){0};
}

int point_drops_add(struct point_drops *d, const struct point_log_drop *drop, char error[POINT_SELECT_ERROR_MAX],
    const struct point_drop **ret)
{
	struct point_drop *x;
	size_t i = d->n;
	int r;

	while (i > 0 && d->v[i - 1]->number > drop->number)
		i--;
	if (i > 0 && d->v[i - 1]->number == drop->number)
		return 0;
	if (d->n == d->cap) {
		size_t cap = d->cap ? 2 * d->cap : 8;
		struct point_drop **v = realloc(d->v, cap * sizeof(*v));

		if (!v)
			return -ENOMEM;
		d->v = v;
		d->cap = cap;
	}
	x = calloc(1, sizeof *x);
	if (!x)
		return -ENOMEM;
	*x = (struct point_drop){.number = drop->number, .first_ns = drop->first_ns, .last_ns = drop->last_ns};
	r = point_select_new((const char *)drop->selector.p, span_left(&drop->selector), error, &x->select);
	if (r < 0) {
		free_drop(x);
		return r;
	}
	memmove(d->v + i + 1, d->v + i, (d->n - i) * sizeof(*d->v));
	d->v[i] = x;
	d->n++;
	*ret = x;
	return 1;
}

void point_drops_remove(struct point_drops *d, size_t i)
{
	free_drop(d->v[i]);
	memmove(d->v + i, d->v + i + 1, (d->n - i - 1) * sizeof(*d->v));
	d->n--;
}

bool point_drop_is_of(const struct point_drop *d, int32_t hour, uint64_t number)
{
	return d->number > number && point_hour_last(hour) >= d->first_ns && point_hour_first(hour) <= d->last_ns;
}

bool point_drop_matches(const struct point_drop *d, struct span key)
{
	return point_select_matches(d->select, key);
}

void point_drops_apply(struct point_drop *const *v, size_t n, uint64_t number, struct span key, size_t at,
    struct buf *ns, struct buf *bits)
{
	int64_t *times = (int64_t *)(void *)(ns->p + at);
	uint64_t *values = (uint64_t *)(void *)(bits->p + at);
	size_t n_points = (ns->len - at) / sizeof *times;

	for (size_t i = 0; i < n && n_points > 0; i++) {
		const struct point_drop *d = v[i];
		size_t kept = 0;

		if (d->number <= number || d->last_ns < times[0] || d->first_ns > times[n_points - 1] ||
		    !point_drop_matches(d, key))
			continue;
		for (size_t k = 0; k < n_points; k++)
			if (times[k] < d->first_ns || times[k] > d->last_ns) {
				times[kept] = times[k];
				values[kept++] = values[k];
			}
		n_points = kept;
	}
	ns->len = at + n_points * sizeof *times;
	bits->len = at + n_points * sizeof *values;
}

bool point_drops_all(
    struct point_drop *const *v, size_t n, uint64_t number, struct span key, int64_t first, int64_t last)
{
	for (size_t i = 0; i < n; i++)
		if (v[i]->number > number && v[i]->first_ns <= first && v[i]->last_ns >= last &&
		    point_drop_matches(v[i], key))
			return true;
	return false;
}

/* --- the file --- */

static int write_all(struct sealed_writer *w, const struct point_drops *d)
{
	_cleanup_(buf_done) struct buf payload = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < d->n; i++) {
		const char *text = point_select_text(d->v[i]->select);
		const struct point_log_drop drop = {
		    .number = d->v[i]->number,
		    .first_ns = d->v[i]->first_ns,
		    .last_ns = d->v[i]->last_ns,
		    .selector = span_of(text, strlen(text)),
		};

		buf_clear(&payload);
		point_log_put_drop(&payload, &drop);
		r = payload.err;
		if (r == 0)
			r = sealed_writer_add(w, FRAME_DROPS, payload.p, payload.len, true, NULL);
	}
	return r;
}

int point_drops_write(int dirfd, uint64_t store_id, const struct point_drops *d)
{
	_cleanup_(cleanup_sealed_writer) struct sealed_writer *w = NULL;
	struct file_id id = {.kind = KIND_DROPS, .store_id = store_id};
	int r;

	if (d->n == 0) {
		r = io_unlink(dirfd, POINT_DROPS_FILE);
		if (r == -ENOENT)
			return 0;
		return r < 0 ? r : io_sync_dir(dirfd);
	}
	r = sealed_writer_new(dirfd, POINT_DROPS_FILE, &id, &w);
	if (r == 0)
		r = write_all(w, d);
	return r < 0 ? r : sealed_writer_finish(TAKE(w));
}

int point_drops_read(int dirfd, struct point_drops *d)
{
	_cleanup_(cleanup_sealed) struct sealed *s = NULL;
	_cleanup_(buf_done) struct buf payload = {0};
	bool damaged = false;
	uint64_t off;
	size_t at = 0;
	int r = sealed_open(dirfd, POINT_DROPS_FILE, KIND_DROPS, &s);

	if (r == -EBADMSG) {
		damaged = true;
		r = sealed_salvage(dirfd, POINT_DROPS_FILE, KIND_DROPS, &s);
	}
	if (r < 0)
		return r;
	while (sealed_next(s, FRAME_DROPS, &at, &off) == 0) {
		char error[POINT_SELECT_ERROR_MAX];
		const struct point_drop *added;
		struct point_log_drop drop;

		r = sealed_read(s, off, FRAME_DROPS, &payload);
		if (r == 0)
			r = point_log_get_drop(span_of(payload.p, payload.len), &drop);
		if (r == 0)
			r = point_drops_add(d, &drop, error, &added);
		if (r == -EBADMSG || r == -EINVAL)
			damaged = true;
		else if (r < 0)
			return r;
	}
	return damaged ? -EBADMSG : 0;
}
