/* points_parts.c -- the files and heads that an hour is in */
#include "store/points_read_inner.h"

void points_parts_done(struct points_parts *p)
{
	for (size_t i = 0; i < p->n; i++) {
		point_file_close(p->v[i].file);
		point_part_done(&p->v[i]);
	}
	free(p->v);
	*p = (struct points_parts){0};
}

static int open_file(struct points_reader *pr, const struct point_dir_file *f, struct points_parts *p)
{
	char name[POINT_FILE_NAME_SIZE];
	struct point_file *file;
	uint64_t newest;
	int r;

	point_file_name(name, f->hour, f->number);
	r = point_file_open(pr->dirfd, name, &file);
	if (r == -EBADMSG || r == -EPROTONOSUPPORT) {
		points_reader_note(pr, name,
		    r == -EBADMSG ? "damaged: it cannot be opened" : "a newer version wrote it; it is left out");
		p->damaged = true;
		p->newest = f->number > p->newest ? f->number : p->newest;
		return 0;
	}
	if (r < 0)
		return r == -ENOENT ? -ESTALE : r;
	newest = point_file_head(file)->newest;
	p->newest = newest > p->newest ? newest : p->newest;
	point_part_of_file(file, &p->v[p->n++]);
	return 0;
}

/* Files that were joined into one behind them are left over. */
static void leave_joined_out(struct points_parts *p)
{
	uint64_t since = UINT64_MAX;
	size_t kept = p->n;

	for (size_t i = p->n; i > 0; i--) {
		const struct point_file_head *h = point_file_head(p->v[i - 1].file);

		if (h->number >= since) {
			point_file_close(p->v[i - 1].file);
			continue;
		}
		since = h->since < since ? h->since : since;
		p->v[--kept] = p->v[i - 1];
	}
	p->n -= kept;
	memmove(p->v, p->v + kept, p->n * sizeof *p->v);
}

static int open_parts(struct points_reader *pr, int32_t hour, struct points_parts *p)
{
	size_t first = point_dir_find(&pr->dir, hour), at = point_buffer_find(pr->buffer, hour);
	size_t n_files = 0, n_heads = 0;

	while (first + n_files < pr->dir.n && pr->dir.files[first + n_files].hour == hour)
		n_files++;
	while (at + n_heads < point_buffer_n(pr->buffer) && point_buffer_head(pr->buffer, at + n_heads)->hour == hour)
		n_heads++;
	p->v = calloc(n_files + n_heads + 1, sizeof *p->v);
	if (!p->v)
		return -ENOMEM;
	for (size_t i = 0; i < n_files; i++) {
		int r = open_file(pr, &pr->dir.files[first + i], p);

		if (r < 0)
			return r;
	}
	leave_joined_out(p);
	for (size_t i = 0; i < n_heads; i++) {
		const struct point_head *h = point_buffer_head(pr->buffer, at + i);
		int r;

		/* All that is in it is in a file, which may have newer points, too. */
		if (h->last <= point_dir_covered(&pr->dir, hour))
			continue;
		r = point_part_of_head(h, &p->v[p->n]);
		if (r < 0)
			return r;
		p->n++;
	}
	return 0;
}

int points_parts_open(struct points_reader *pr, int32_t hour, struct points_parts *ret)
{
	struct points_parts p = {0};
	int r = open_parts(pr, hour, &p);

	if (r < 0)
		points_parts_done(&p);
	else
		*ret = p;
	return r;
}

bool points_parts_dropped(const struct points_reader *pr, const struct points_parts *p)
{
	for (size_t i = 0; i < p->n; i++)
		for (size_t k = 0; p->v[i].file && k < pr->drops.n; k++)
			if (point_drop_is_of(pr->drops.v[k], point_file_head(p->v[i].file)->hour,
			        point_file_head(p->v[i].file)->number))
				return true;
	return false;
}
