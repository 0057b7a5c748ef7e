/* retain.c -- removing the oldest hours
 *
 * An hour is removed whole: all parts, sidecars, and what was put aside as damaged. Every file counts. The order is
 * that of the hours' names, never that of the directory.
 */
#include "store/retain.h"

#include "store/cleanup.h"
#include "store/io.h"
#include "store/names.h"

struct entry {
	int32_t hour;
	uint64_t len;
	char name[FILE_NAME_SIZE];
};

struct entries {
	int dirfd;
	struct entry *v;
	size_t n, cap;
	uint64_t total;
};

static int add(const char *name, void *arg)
{
	struct entries *e = arg;
	struct io_stat st;
	enum file_type type;
	uint32_t part;
	int32_t hour;

	if (!file_name_parse(name, &type, &hour, &part) || type == FILE_TMP || strlen(name) >= FILE_NAME_SIZE)
		return 0;
	if (io_stat(e->dirfd, name, &st) < 0)
		return 0;
	if (e->n == e->cap) {
		size_t cap = e->cap ? 2 * e->cap : 64;
		struct entry *p = realloc(e->v, cap * sizeof *p);

		if (!p)
			return -ENOMEM;
		e->v = p;
		e->cap = cap;
	}
	e->v[e->n] = (struct entry){.hour = hour, .len = st.len};
	strcpy(e->v[e->n++].name, name);
	e->total += st.len;
	return 0;
}

static int by_hour(const void *a, const void *b)
{
	int32_t x = ((const struct entry *)a)->hour, y = ((const struct entry *)b)->hour;

	return x < y ? -1 : x > y;
}

int retain_hours(
    int dirfd, uint64_t max_bytes, int64_t max_age_ms, const atomic_int *recording, int32_t present, uint32_t *ret_n)
{
	struct entries e = {.dirfd = dirfd};
	int r = io_list(dirfd, add, &e), first_error = 0;
	/* Only now: a log that was begun while the list was made is known to be one. */
	int32_t keep = *recording, newest = INT32_MIN;
	uint32_t n_removed = 0;

	if (e.n > 0) {
		qsort(e.v, e.n, sizeof *e.v, by_hour);
		newest = e.v[e.n - 1].hour;
	}
	for (size_t i = 0; r == 0 && i < e.n; i++) {
		const struct entry *f = &e.v[i];
		/* Old is an hour all of which lies before the limit. */
		bool old = max_age_ms > 0 && present != INT32_MAX &&
		           hour_begin_ms(f->hour + 1) <= hour_begin_ms(present) - max_age_ms;
		bool begun = i > 0 && e.v[i - 1].hour == f->hour && n_removed > 0;
		bool over = max_bytes > 0 && e.total > max_bytes;
		int u;

		if (f->hour == newest || f->hour == keep)
			continue;
		if (!old && !over && !begun)
			break;
		u = io_unlink(dirfd, f->name);
		if (u < 0 && u != -ENOENT) {
			first_error = first_error ? first_error : u;
			continue;
		}
		e.total -= f->len;
		n_removed++;
	}
	free(e.v);
	if (n_removed > 0 && r == 0)
		r = io_sync_dir(dirfd);
	if (ret_n)
		*ret_n = n_removed;
	return r < 0 ? r : first_error;
}
