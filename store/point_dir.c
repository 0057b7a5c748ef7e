/* point_dir.c -- see point_dir.h */
#include "store/point_dir.h"

#include "store/format.h"
#include "store/io.h"
#include "store/segment_name.h"

enum { BATCH_LEN_MIN = sizeof(struct disk_frame) + 14 };

void point_dir_done(struct point_dir *d)
{
	free(d->files);
	free(d->logs);
	problems_done(&d->aside);
	buf_done(&d->unfinished);
	*d = (struct point_dir){0};
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len >= n && strcmp(name + len - n, end) == 0;
}

static void number_at_least(struct point_dir *d, uint64_t number)
{
	if (d->number < number)
		d->number = number;
}

struct listing {
	struct point_dir *d;
	int dirfd;
	size_t cap, cap_logs;
};

static int note_file(struct listing *l, int32_t hour, uint64_t number)
{
	struct point_dir *d = l->d;

	if (d->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 64;
		struct point_dir_file *v = realloc(d->files, cap * sizeof *v);

		if (!v)
			return -ENOMEM;
		d->files = v;
		l->cap = cap;
	}
	d->files[d->n++] = (struct point_dir_file){.hour = hour, .number = number, .since = UINT64_MAX};
	number_at_least(d, number);
	return 0;
}

static int note_log(struct listing *l, uint64_t base)
{
	struct point_dir *d = l->d;

	if (d->n_logs == l->cap_logs) {
		size_t cap = l->cap_logs ? 2 * l->cap_logs : 16;
		uint64_t *v = realloc(d->logs, cap * sizeof *v);

		if (!v)
			return -ENOMEM;
		d->logs = v;
		l->cap_logs = cap;
	}
	d->logs[d->n_logs++] = base;
	number_at_least(d, base - 1);
	return 0;
}

/* What is damaged may have had as many batches as fit into it. */
static int note_aside(struct listing *l, const char *name, uint64_t base)
{
	struct io_stat st;
	int r = io_stat(l->dirfd, name, &st);

	if (r == 0)
		number_at_least(l->d, base + st.len / BATCH_LEN_MIN);
	problems_note(&l->d->aside, name, 0, "kept aside because of damage in it; nothing reads it");
	return r == -ENOENT ? 0 : r;
}

static int note(const char *name, void *arg)
{
	struct listing *l = arg;
	enum segment_file type;
	uint64_t number;
	int32_t hour;

	if (segment_name_parse(name, &number, &type) && number > 0) {
		if (type == SEGMENT_LOG)
			return number < POINT_NUMBER_MAX ? note_log(l, number) : 0;
		if (type == SEGMENT_DAMAGED)
			return note_aside(l, name, number);
		return 0;
	}
	if (point_file_name_parse(name, &hour, &number))
		return number < POINT_NUMBER_MAX ? note_file(l, hour, number) : 0;
	if (ends_with(name, ".points.damaged"))
		problems_note(&l->d->aside, name, 0, "kept aside because of damage in it; nothing reads it");
	if (ends_with(name, ".tmp"))
		buf_put(&l->d->unfinished, name, strlen(name) + 1);
	return l->d->unfinished.err;
}

static int compare(const struct point_dir_file *x, int32_t hour, uint64_t number)
{
	if (x->hour != hour)
		return x->hour < hour ? -1 : 1;
	return x->number < number ? -1 : x->number > number;
}

static int by_hour(const void *a, const void *b)
{
	const struct point_dir_file *y = b;

	return compare(a, y->hour, y->number);
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int list(int dirfd, struct point_dir *ret)
{
	struct listing l = {.d = ret, .dirfd = dirfd};
	int r = io_list(dirfd, note, &l);

	if (ret->n > 0)
		qsort(ret->files, ret->n, sizeof *ret->files, by_hour);
	if (ret->n_logs > 0)
		qsort(ret->logs, ret->n_logs, sizeof *ret->logs, ascending);
	return r;
}

static bool same(const struct point_dir *a, const struct point_dir *b)
{
	if (a->n != b->n || a->n_logs != b->n_logs)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (by_hour(&a->files[i], &b->files[i]) != 0)
			return false;
	return a->n_logs == 0 || memcmp(a->logs, b->logs, a->n_logs * sizeof *a->logs) == 0;
}

int point_dir_list(int dirfd, struct point_dir *ret)
{
	struct point_dir before = {0}, now = {0};
	int r = list(dirfd, &before);

	/* A listing is made while files come and go: a log may be gone already, and the file that took its place not
	 * be in it. What is twice the same has all that was there in between. */
	while (r == 0) {
		r = list(dirfd, &now);
		if (r < 0 || same(&before, &now))
			break;
		point_dir_done(&before);
		before = now;
		now = (struct point_dir){0};
	}
	point_dir_done(&before);
	if (r < 0) {
		point_dir_done(&now);
		return r;
	}
	*ret = now;
	return 0;
}

size_t point_dir_find(const struct point_dir *d, int32_t hour)
{
	size_t lo = 0, hi = d->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (d->files[mid].hour < hour)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

uint64_t point_dir_covered(const struct point_dir *d, int32_t hour)
{
	size_t end = hour == INT32_MAX ? d->n : point_dir_find(d, hour + 1);

	return end > 0 && d->files[end - 1].hour == hour ? d->files[end - 1].number : 0;
}

int point_dir_add(struct point_dir *d, const struct point_dir_file *f)
{
	size_t i = point_dir_find(d, f->hour);
	struct point_dir_file *v;

	while (i < d->n && compare(&d->files[i], f->hour, f->number) < 0)
		i++;
	if (i < d->n && compare(&d->files[i], f->hour, f->number) == 0) {
		d->files[i] = *f;
		return 0;
	}
	v = realloc(d->files, (d->n + 1) * sizeof *v);
	if (!v)
		return -ENOMEM;
	d->files = v;
	memmove(v + i + 1, v + i, (d->n - i) * sizeof *v);
	v[i] = *f;
	d->n++;
	return 0;
}

void point_dir_remove(struct point_dir *d, size_t i)
{
	memmove(d->files + i, d->files + i + 1, (d->n - i - 1) * sizeof *d->files);
	d->n--;
}
